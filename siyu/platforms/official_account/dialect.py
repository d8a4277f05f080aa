"""How the Official Account hands out tokens and which of its refusals pass (docs/platform.md B.1, B.4)."""

from siyu.platforms.book import Entry
from siyu.platforms.client import Dialect
from siyu.platforms.endpoints import Endpoint
from siyu.platforms.official_account.endpoints import ENDPOINTS
from siyu.platforms.tokens import Refused
from siyu.platforms.transport import Http, Uncertain, encoded, envelope, exchange


def fetch(http: Http, entry: Entry, bad: str) -> tuple[str, float]:
    """The stable token; forced anew only when the platform hands out the one it refuses (20 a day, 30 s apart)."""
    token, lives = _ask(http, entry, force=False)
    if bad and token == bad:
        token, lives = _ask(http, entry, force=True)
    return token, lives


def _ask(http: Http, entry: Entry, *, force: bool) -> tuple[str, float]:
    body = {
        "grant_type": "client_credential",
        "appid": entry.account.appid,
        "secret": entry.secret,
        "force_refresh": force,
    }
    url = entry.account.config["base_url"] + ENDPOINTS["stable_token"].path
    data = envelope(*exchange(http, "POST", url, query={}, content=encoded(body)))
    token, lives, code = data.get("access_token"), data.get("expires_in"), data.get("errcode", 0)
    if isinstance(token, str) and token and isinstance(lives, int | float):
        return token, float(lives)
    if code in BUSY | LATER:
        raise Uncertain(f"{code} {data.get('errmsg', '')}")
    raise Refused(code if isinstance(code, int) else -104, str(data.get("errmsg", "no token in the answer")))


def secret_query(entry: Entry, endpoint: Endpoint) -> dict[str, str]:
    """The query of calls that show the secret instead of a token."""
    return {"appid": entry.account.appid, "secret": entry.secret}


BUSY = frozenset({-1, 45033, 45035})
LATER = frozenset({45011, 45066})

DIALECT = Dialect(
    endpoints=ENDPOINTS,
    refresh=frozenset({40001, 40014, 42001}),
    busy=BUSY,
    later=LATER,
    fetch=fetch,
    secret_query=secret_query,
    quota_day="Asia/Shanghai",
)
