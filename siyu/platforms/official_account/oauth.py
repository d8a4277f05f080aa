"""Web authorisation of the Official Account (docs/platform.md B.3); ``exchange`` calls out: phased work only."""

from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlencode

from siyu.platforms.types import Account, Call, CallFailed, CodeRefused, Sender

Scope = Literal["snsapi_base", "snsapi_userinfo"]


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who opened the page. ``snapshot``: a virtual user of WeChat's snapshot mode, never to be stored."""

    openid: str
    unionid: str | None
    snapshot: bool


def authorize_url(account: Account, redirect_uri: str, state: str, scope: Scope = "snsapi_base") -> str:
    """Where to send the browser; with snsapi_base nobody sees a question. ``state`` has at most 128 bytes."""
    if len(state.encode()) > 128:
        raise ValueError("the state has more than 128 bytes")
    # WeChat insists on this order of the parameters.
    query = urlencode(
        [
            ("appid", account.appid),
            ("redirect_uri", redirect_uri),
            ("response_type", "code"),
            ("scope", scope),
            ("state", state),
        ]
    )
    return f"{account.config['oauth_url']}/connect/oauth2/authorize?{query}#wechat_redirect"


def exchange(sender: Sender, account_id: int, code: str) -> Visitor:
    """The person behind a code (single use, 5 minutes). Raises CodeRefused, CallFailed; never inside a transaction."""
    outcome = sender.send(Call(account_id, "oauth_token", {"code": code, "grant_type": "authorization_code"}))
    if outcome.code in (40029, 40163, 42003):
        raise CodeRefused("WeChat does not accept this code", field="code", detail={"code": outcome.code})
    openid = outcome.data.get("openid")
    if not outcome.ok or not isinstance(openid, str) or not openid:
        raise CallFailed("WeChat did not say who this is", detail={"code": outcome.code, "message": outcome.message})
    unionid = outcome.data.get("unionid")
    return Visitor(
        openid, unionid if isinstance(unionid, str) and unionid else None, outcome.data.get("is_snapshotuser") == 1
    )
