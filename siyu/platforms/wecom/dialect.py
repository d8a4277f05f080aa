"""How WeCom hands out tokens and which of its refusals pass (docs/platform.md A.1)."""

from siyu.platforms.book import Entry
from siyu.platforms.client import Dialect
from siyu.platforms.endpoints import Endpoint
from siyu.platforms.tokens import Refused
from siyu.platforms.transport import Http, Uncertain, envelope, exchange
from siyu.platforms.wecom.endpoints import ENDPOINTS


def fetch(http: Http, entry: Entry, bad: str) -> tuple[str, float]:
    """The app's token; inside its life WeCom answers the same one, after a revocation a new one."""
    url = entry.account.config["base_url"] + ENDPOINTS["gettoken"].path
    data = envelope(*exchange(http, "GET", url, query=secret_query(entry, ENDPOINTS["gettoken"])))
    token, lives, code = data.get("access_token"), data.get("expires_in"), data.get("errcode", 0)
    if isinstance(token, str) and token and isinstance(lives, int | float):
        return token, float(lives)
    if code in BUSY | LATER:
        raise Uncertain(f"{code} {data.get('errmsg', '')}")
    raise Refused(code if isinstance(code, int) else -104, str(data.get("errmsg", "no token in the answer")))


def secret_query(entry: Entry, endpoint: Endpoint) -> dict[str, str]:
    """The query of calls that show the secret instead of a token."""
    return {"corpid": entry.account.appid, "corpsecret": entry.secret}


BUSY = frozenset({-1, 6000, 45033, 45035})
LATER = frozenset({41063, 41079})

DIALECT = Dialect(
    endpoints=ENDPOINTS,
    # 40001 too: it is tried once with a new token, and a wrong secret then shows itself at the fetch.
    refresh=frozenset({40001, 40014, 42001}),
    busy=BUSY,
    later=LATER,
    fetch=fetch,
    secret_query=secret_query,
    quota_day=None,
)
