"""Silent OAuth of both platforms: whether to ask who reads, where to send the browser, and the exchange.

What goes out through an Official Account asks that account, which knows its followers; what goes through a salesperson
asks the WeCom app, which knows the corp's contacts (docs/platform.md A.4, B.3)."""

import hmac
from dataclasses import dataclass

import structlog
from prometheus_client import Counter

from siyu.content import queries as library
from siyu.content.reading.visitor import Visitor
from siyu.kernel.clock import machine
from siyu.kernel.ctx import Ctx
from siyu.kernel.errors import NotFound, SiyuError
from siyu.kernel.jobs import Senders
from siyu.kernel.secrets import sign
from siyu.platforms import queries as platforms
from siyu.platforms.official_account import oauth as official_account
from siyu.platforms.types import LOCAL_CODES, Account
from siyu.platforms.wecom import oauth as wecom

log = structlog.get_logger(__name__)
FAILED = Counter(
    "siyu_oauth_failed", "Exchanges in which WeChat did not say who reads, by its code", ["account", "code"]
)
_REASONS = {
    -1: "WeChat is busy",
    40013: "the appid is unknown to WeChat",
    40029: "the code is unknown or too old",
    40125: "the secret is not the account's",
    40163: "the code was used before",
    40164: "our address is not on the account's list",
    42003: "the code is too old",
    42022: "the code was used before",
    45009: "the day's quota is used up",
    48001: "the account may not ask who reads",
}
_PASSING = frozenset({-1, -100, -101, -102, 40029, 40163, 42003, 42022})
"""Codes of failures that a fresh code may not meet again; the others are the account's settings or its quota."""


KINDS = ("oa", "wecom")
"""Of the accounts that can be asked, the first choice first."""
NOBODYS = "wecom_openid"
"""Kind of an identity that WeCom gives those who are no contacts: it tells a browser from another, and nothing more."""


def _usable(account: Account) -> bool:
    named = account.kind == "oa" or (account.kind == "wecom" and bool(account.config.get("agentid")))
    return named and account.active and bool(account.config.get("oauth_url"))


class Accounts:
    """The accounts that may ask, each read once in a transaction."""

    def __init__(self, ctx: Ctx) -> None:
        self._ctx = ctx
        self._found: dict[int | None, Account | None] = {}

    def account(self, account_id: int | None) -> Account | None:
        """The account that may ask: the link's own, else the first active one; None without any."""
        if account_id not in self._found:
            if account_id is None:
                usable = [one for one in platforms.accounts(self._ctx) if _usable(one)]
                self._found[None] = min(usable, key=lambda one: KINDS.index(one.kind), default=None)
            else:
                self._found[account_id] = self._own(account_id)
        return self._found[account_id]

    def _own(self, account_id: int) -> Account | None:
        try:
            found = platforms.account(self._ctx, account_id)
        except NotFound:
            return None
        return found if _usable(found) else None

    def address(self, visitor: Visitor, account_id: int | None, code: str) -> str | None:
        """Where to send a browser that must still be asked before it sees a link; None when it need not."""
        if account_id in visitor.proven:
            return None
        account = self.account(account_id)
        return redirect(account, visitor, code) if account is not None and _wanted(visitor, account) else None


def _wanted(visitor: Visitor, account: Account) -> bool:
    """Whether this browser must still be asked for this account."""
    return account.account_id not in visitor.proven and visitor.refused.get(account.account_id, 0.0) < machine()


def redirect(account: Account, visitor: Visitor, code: str) -> str:
    """Where to send the browser. The state is bound to its cookie, so that nobody can be logged in as another."""
    back = f"{library.base_url()}/oauth/{account.kind}/{account.account_id}/callback"
    state = _state(account.account_id, visitor, code)
    if account.kind == "wecom":
        return wecom.authorize_url(account, back, state)
    return official_account.authorize_url(account, back, state)


def _proof(account_id: int, visitor: Visitor, code: str) -> str:
    return sign("content.oauth", f"{account_id}:{visitor.anonymous_id}:{code}".encode()).hex()


def _state(account_id: int, visitor: Visitor, code: str) -> str:
    """Letters and digits only, as WeChat demands."""
    return code.encode().hex() + _proof(account_id, visitor, code)


def code_of(account_id: int, visitor: Visitor, state: str) -> str | None:
    """The link code that a state was made for; None when it was not made for this browser and account."""
    try:
        code = bytes.fromhex(state[:-16]).decode("ascii")
    except ValueError:
        return None
    return code if code and hmac.compare_digest(state.encode(), _state(account_id, visitor, code).encode()) else None


@dataclass(frozen=True, slots=True)
class Answered:
    """What the platform said to a code: ``kind`` and value (``name``) of the reader's identity; or nothing, and
    ``again`` when a fresh code may get an answer."""

    kind: str = ""
    name: str = ""
    again: bool = False


def exchange(senders: Senders, kind: str, account_id: int, code: str) -> Answered:
    """Ask the platform whose code this is. It may not say, or name a snapshot reader, or a member of staff: nobody.

    A code works once: after a lost answer it is spent, so a failure is cured by a fresh code, never by repeating.
    """
    try:
        if kind == "wecom":
            outsider = wecom.exchange(senders["wecom"], account_id, code)
            if outsider.external_userid:
                return Answered("external_userid", outsider.external_userid)
            return Answered(NOBODYS, outsider.openid or "")
        found = official_account.exchange(senders["official_account"], account_id, code)
    except SiyuError as error:
        said = error.detail.get("code")
        number = said if isinstance(said, int) else 0
        again = number in _PASSING
        # What WeChat words may name whom it likes; our own words for our own codes name nobody.
        log.warning(
            "oauth_failed", account=account_id, error=error.code, code=number, reason=_reason(number), again=again
        )
        FAILED.labels(str(account_id), str(number)).inc()
        return Answered(again=again)
    if found.snapshot:
        return Answered()
    return Answered("oa_openid", found.openid)


def _reason(code: int) -> str:
    return LOCAL_CODES.get(code) or _REASONS.get(code, "")
