"""Web authorisation inside WeCom (docs/platform.md A.4); ``exchange`` calls out: phased work only."""

from dataclasses import dataclass
from urllib.parse import urlencode

from siyu.platforms.types import Account, Call, CallFailed, CodeRefused, Sender


@dataclass(frozen=True, slots=True)
class WecomVisitor:
    """Who opened the page: a member (``userid``) or an outsider (``openid``, and ``external_userid`` if a contact)."""

    userid: str | None
    openid: str | None
    external_userid: str | None


def authorize_url(account: Account, redirect_uri: str, state: str) -> str:
    """Where to send a browser inside WeCom. ``state`` has at most 128 letters and digits."""
    if len(state) > 128 or not state.isalnum():
        raise ValueError("the state has 1 to 128 letters and digits")
    query = urlencode(
        [
            ("appid", account.appid),
            ("redirect_uri", redirect_uri),
            ("response_type", "code"),
            ("scope", "snsapi_base"),
            ("state", state),
            ("agentid", account.config["agentid"]),
        ]
    )
    return f"{account.config['oauth_url']}/connect/oauth2/authorize?{query}#wechat_redirect"


def exchange(sender: Sender, account_id: int, code: str) -> WecomVisitor:
    """The person behind a code (single use, 5 minutes). Raises CodeRefused, CallFailed; never inside a transaction."""
    outcome = sender.send(Call(account_id, "oauth_user", {"code": code}))
    if outcome.code in (40029, 42003, 42022):
        raise CodeRefused("WeCom does not accept this code", field="code", detail={"code": outcome.code})

    def named(*names: str) -> str | None:
        # The older path answered with capitals.
        return next((str(outcome.data[name]) for name in names if outcome.data.get(name)), None)

    found = WecomVisitor(named("userid", "UserId"), named("openid", "OpenId"), named("external_userid"))
    if not outcome.ok or (found.userid is None and found.openid is None):
        raise CallFailed("WeCom did not say who this is", detail={"code": outcome.code, "message": outcome.message})
    return found
