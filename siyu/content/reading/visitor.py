"""Who sits before a page: the signed visitor cookie, the view token inside the page, bots. Pure."""

import hashlib
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from siyu.content.codes import read_varint, seal, unseal, varint
from siyu.customers.types import Identity

COOKIE = "siyu_v"
COOKIE_SECONDS = 400 * 24 * 3600
RETRY_SECONDS = 600.0
"""After OAuth failed, the page is shown without it for so long (machine time)."""

_BOT = re.compile(
    r"bot\b|spider|crawl|slurp|preview|facebookexternalhit|whatsapp|telegram|headlesschrome|curl/|wget/|python-|go-http|monitor|"
    r"okhttp|java/|libwww|scan",
    re.IGNORECASE,
)


def is_bot(agent: str, purpose: str) -> bool:
    """Whether this is a machine: a link preview, a crawler, a prefetch, or something that names no browser."""
    return not agent or "prefetch" in purpose.lower() or "preview" in purpose.lower() or bool(_BOT.search(agent))


def is_wechat(agent: str) -> bool:
    """Whether the page opens inside WeChat, where OAuth is silent (WeCom's own client is staff's)."""
    return "MicroMessenger" in agent and "wxwork" not in agent.lower()


@dataclass(frozen=True, slots=True)
class Visitor:
    """A browser. ``number``: 8 random bytes; ``proven``: account_id -> who OAuth said sits there; ``refused``:
    account_id -> machine second until which OAuth is not tried again; ``joined``: the origin of a form sent from here,
    or 0; ``again``: the account_id whose exchange failed, so that the browser goes through OAuth once more, or 0."""

    number: bytes
    proven: Mapping[int, Identity] = field(default_factory=dict)
    refused: Mapping[int, float] = field(default_factory=dict)
    joined: int = 0
    again: int = 0

    @property
    def anonymous_id(self) -> str:
        """The value of the anonymous identity."""
        return self.number.hex()

    def reader(self, content_id: int) -> bytes:
        """The number by which views of one content count readers; different for every content."""
        return hashlib.sha256(self.number + content_id.to_bytes(8)).digest()[:8]

    def knowing(self, account_id: int, identity: Identity) -> "Visitor":
        """The same browser after OAuth."""
        return replace(self, proven={**self.proven, account_id: identity}, again=0)

    def failing(self, account_id: int, machine: float, *, again: bool) -> "Visitor":
        """The same browser after OAuth failed: asked once more where that may help (``again``), then left alone."""
        if account_id in self.proven:
            return self
        if again and self.again != account_id:
            return replace(self, again=account_id)
        return replace(self, refused={account_id: machine + RETRY_SECONDS}, again=0)

    def joining(self, origin_id: int) -> "Visitor":
        """The same browser after its person sent a form."""
        return replace(self, joined=origin_id)

    def cookie(self) -> str:
        """The signed value of the cookie."""
        data = {
            "n": self.number.hex(),
            "o": {str(k): [v.kind, v.value, v.scope] for k, v in self.proven.items()},
            "r": {str(k): v for k, v in self.refused.items()},
            "j": self.joined,
            "a": self.again,
        }
        return seal("content.visitor", json.dumps(data, separators=(",", ":")).encode(), 16)


def new_visitor() -> Visitor:
    """A browser never seen before."""
    return Visitor(secrets.token_bytes(8))


def visitor_of(cookie: str | None) -> Visitor | None:
    """The visitor of a cookie; None when it is missing or was not made here."""
    if not cookie:
        return None
    try:
        data = json.loads(unseal("content.visitor", cookie, 16))
        return Visitor(
            bytes.fromhex(data["n"]),
            {int(k): Identity(*map(str, v)) for k, v in data["o"].items()},
            {int(k): float(v) for k, v in data["r"].items()},
            int(data["j"]),
            int(data["a"]),
        )
    except (ValueError, KeyError, TypeError):
        return None


@dataclass(frozen=True, slots=True)
class ViewToken:
    """What the page carries: its view, the person it was opened by (0 nobody), and how sure that is.

    ``assumed``: nothing but the personal link says that it is this person.
    """

    view_id: int
    customer_id: int
    origin_id: int
    certain: bool
    profiling: bool
    personal: bool
    account_id: int
    number: bytes
    assumed: bool = False

    def sealed(self) -> str:
        """The token's text."""
        flags = self.certain | self.profiling << 1 | self.personal << 2 | self.assumed << 3
        numbers = (self.view_id, self.customer_id, self.origin_id, flags, self.account_id)
        return seal("content.view", b"".join(map(varint, numbers)) + self.number)


def view_token(token: str) -> ViewToken:
    """Read a view token; raises ValueError when it was not made here."""
    message = unseal("content.view", token)
    numbers = []
    at = 0
    for _ in range(5):
        number, at = read_varint(message, at)
        numbers.append(number)
    view_id, customer_id, origin_id, flags, account_id = numbers
    certain, profiling, personal, assumed = (bool(flags >> bit & 1) for bit in range(4))
    return ViewToken(view_id, customer_id, origin_id, certain, profiling, personal, account_id, message[at:], assumed)


@dataclass(frozen=True, slots=True)
class Who:
    """Someone known: the customer now and the origin (``customers.types.Person``); ``profiling``: agreed that their
    reading is recorded (N3)."""

    customer_id: int
    origin_id: int
    profiling: bool = False


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads, as far as it is known. ``certain``: proven by OAuth, so own data may be shown. ``forward``: another
    than the ``owner`` of the personal link. ``assumed``: ``who`` is the owner, because nobody could be asked."""

    who: Who | None
    certain: bool
    forward: bool
    owner: Who | None
    assumed: bool = False


def reader(owner: Who | None, proven: Who | None, stranger: bool, recognised: Who | None, *, askable: bool) -> Reader:
    """Who opens a link.

    ``owner``: of a personal link, None for a shared one. ``proven``: the customer of the identity that OAuth
    proved; ``stranger``: OAuth proved one that is no customer. ``recognised``: the customer whose form was sent from
    this browser. ``askable``: WeChat could be asked who reads, so that without an answer it is nobody. Where it could
    not, a personal link's opener is taken for its owner, but is shown nothing of the owner.
    """
    if proven is not None:
        return Reader(proven, True, owner is not None and owner.customer_id != proven.customer_id, owner)
    if stranger:
        return Reader(None, False, owner is not None, owner)
    if recognised is not None:
        return Reader(recognised, False, owner is not None and owner.customer_id != recognised.customer_id, owner)
    if owner is None or askable:
        return Reader(None, False, False, owner)
    return Reader(owner, False, False, owner, assumed=True)
