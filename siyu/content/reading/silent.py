"""Silent OAuth: whether to ask WeChat who reads, where to send the browser, and the exchange as phased work."""

import hmac
from dataclasses import dataclass

from siyu.content import queries as library
from siyu.content.reading import people
from siyu.content.reading.visitor import Visitor
from siyu.kernel.clock import machine
from siyu.kernel.ctx import Ctx
from siyu.kernel.errors import NotFound, SiyuError
from siyu.kernel.jobs import Phased, Senders
from siyu.kernel.secrets import sign
from siyu.platforms import queries as platforms
from siyu.platforms.official_account import oauth
from siyu.platforms.types import Account


def account_for(ctx: Ctx, account_id: int | None) -> Account | None:
    """The Official Account that may ask: the link's own, else the first active one; None without any."""
    if account_id is not None:
        try:
            found = platforms.account(ctx, account_id)
        except NotFound:
            return None
        return found if found.kind == "oa" and found.active and found.config.get("oauth_url") else None
    usable = [one for one in platforms.accounts(ctx, "oa") if one.active and one.config.get("oauth_url")]
    return usable[0] if usable else None


def wanted(visitor: Visitor, account: Account) -> bool:
    """Whether this browser must still be asked for this account."""
    return account.account_id not in visitor.openids and visitor.refused.get(account.account_id, 0.0) < machine()


def redirect(account: Account, visitor: Visitor, code: str) -> str:
    """Where to send the browser. The state is bound to its cookie, so that nobody can be logged in as another."""
    back = f"{library.base_url()}/oauth/oa/{account.account_id}/callback"
    return oauth.authorize_url(account, back, _state(account.account_id, visitor, code))


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


@dataclass(slots=True)
class Asked:
    """What the exchange found; ``openid`` None when WeChat did not say."""

    openid: str | None = None
    error: str | None = None


def exchange(account_id: int, code: str, visitor: Visitor, asked: Asked) -> Phased[int, oauth.Visitor | None]:
    """Ask WeChat whose code this is. A code works once, so there is nothing to lease and nothing to repeat.

    ``asked`` takes the answer. A known person is joined with what this browser did before.
    """

    def claim(ctx: Ctx) -> int | None:
        account = account_for(ctx, account_id)
        return account.account_id if account else None

    def act(account: int, senders: Senders) -> oauth.Visitor | None:
        try:
            return oauth.exchange(senders["official_account"], account, code)
        except SiyuError as error:
            asked.error = error.code
            return None

    def record(ctx: Ctx, account: int, found: oauth.Visitor | None) -> None:
        if found is None or found.snapshot:
            return
        asked.openid = found.openid
        people.join(ctx, account, found.openid, visitor)

    return Phased("content.oauth", claim, act, record)
