"""Tokens, callback addresses, quota reset, JS ticket."""

from __future__ import annotations

from collections.abc import Mapping

from sandbox.api import Call, Endpoint, new_token
from sandbox.clock import day, month
from sandbox.errors import Refused
from sandbox.world import token_text

LIFE_MS, OVERLAP_MS = 7_200_000, 300_000
TOKEN_A_DAY, STABLE_A_DAY, FORCED_A_DAY, CLEARS_A_MONTH = 2_000, 500_000, 20, 10


def _account(call: Call, appid: object, secret: object, count: tuple[str, int]) -> str:
    owner = call.world.oa.get(str(appid or ""))
    if owner is None:
        raise Refused(40013)
    call.account = str(appid)
    if not secret or secret != owner.get("secret"):
        raise Refused(40001 if count[0].endswith("/token") else 40125)
    api, limit = count
    used = call.world.db.value(
        "select n from quota where account = ? and api = ? and day = ?", call.account, api, day(call.at)
    )
    if used >= limit * float(str(owner.get("quota_scale") or 1)):
        raise Refused(45009)
    _count(call, api, day(call.at))
    return call.account


def _count(call: Call, api: str, span: str) -> None:
    call.world.db.run(
        "insert into quota (account, api, day, n) values (?, ?, ?, 1) on conflict (account, api, day) do update "
        "set n = n + 1",
        call.account, api, span,
    )  # fmt: skip


def token(call: Call) -> Mapping[str, object]:
    """Each call replaces the token; the old one lives about 5 more minutes."""
    if call.query.get("grant_type") != "client_credential":
        raise Refused(40035, "grant_type")
    appid = _account(call, call.query.get("appid"), call.query.get("secret"), ("/cgi-bin/token", TOKEN_A_DAY))
    call.world.db.run(
        "update token set replaced = ? where account = ? and kind = 'plain' and replaced is null",
        call.at + OVERLAP_MS,
        appid,
    )
    return {"access_token": new_token(call.world, "oa", appid, 0, "plain", call.at), "expires_in": LIFE_MS // 1000}


def stable_token(call: Call) -> Mapping[str, object]:
    """Normal mode: the same token until 5 minutes before its end. force_refresh: a new one, the old one ends at once;
    20 a day, 30 s apart.
    """
    if call.body.get("grant_type") != "client_credential":
        raise Refused(40035, "grant_type")
    appid = _account(call, call.body.get("appid"), call.body.get("secret"), ("/cgi-bin/stable_token", STABLE_A_DAY))
    db = call.world.db
    row = db.one(
        "select * from token where account = ? and kind = 'stable' and revoked = 0 and replaced is null order by "
        "issued desc limit 1",
        appid,
    )
    if call.body.get("force_refresh") is True:
        if (
            db.value("select n from quota where account = ? and api = 'force' and day = ?", appid, day(call.at))
            >= FORCED_A_DAY
        ):
            raise Refused(45009)
        last = int(str(db.setting(f"forced:{appid}", 0)))
        if call.world.clock.short() - last < 30_000:
            raise Refused(45011)
        _count(call, "force", day(call.at))
        db.keep(f"forced:{appid}", call.world.clock.short())
        db.run("update token set revoked = 1 where account = ? and kind = 'stable'", appid)
        row = None
    if row is None or row["expires"] - call.at <= OVERLAP_MS:
        made = new_token(call.world, "oa", appid, 0, "stable", call.at)
        return {"access_token": made, "expires_in": LIFE_MS // 1000}
    return {"access_token": row["token"], "expires_in": (row["expires"] - call.at) // 1000}


def addresses(call: Call) -> Mapping[str, object]:
    """The platform's addresses; here the loopback."""
    return {"ip_list": ["127.0.0.1"]}


def clear_quota(call: Call) -> Mapping[str, object]:
    """Sets the day's counters back; 10 a month, then 48006."""
    if call.body.get("appid") != call.account:
        raise Refused(40013)
    db, span = call.world.db, month(call.at)
    if (
        db.value("select n from quota where account = ? and api = 'clear' and day = ?", call.account, span)
        >= CLEARS_A_MONTH
    ):
        raise Refused(48006)
    db.run("delete from quota where account = ? and day = ? and api not in ('force')", call.account, day(call.at))
    _count(call, "clear", span)
    return {"errcode": 0, "errmsg": "ok"}


def callback_check(call: Call) -> Mapping[str, object]:
    """Says that name and way to the callback address are fine."""
    return {
        "dns": [{"ip": "127.0.0.1", "real_operator": "UNICOM"}],
        "ping": [{"ip": "127.0.0.1", "from_operator": "UNICOM", "package_loss": "0%", "time": "1ms"}],
    }


def ticket(call: Call) -> Mapping[str, object]:
    """The JS ticket, 7200 s; the same one within its life."""
    if call.query.get("type") not in ("jsapi", "wx_card"):
        raise Refused(40035, "type")
    slot = call.at // LIFE_MS
    left = LIFE_MS - call.at % LIFE_MS
    return {
        "errcode": 0,
        "errmsg": "ok",
        "ticket": token_text("ticket", call.account, slot, size=60),
        "expires_in": max(left // 1000, 1),
    }


ENDPOINTS = [
    Endpoint("oa", "GET", "/cgi-bin/token", token, token=False),
    Endpoint("oa", "POST", "/cgi-bin/stable_token", stable_token, token=False),
    Endpoint("oa", "GET", "/cgi-bin/get_api_domain_ip", addresses),
    Endpoint("oa", "GET", "/cgi-bin/getcallbackip", addresses),
    Endpoint("oa", "POST", "/cgi-bin/callback/check", callback_check),
    Endpoint("oa", "POST", "/cgi-bin/clear_quota", clear_quota),
    Endpoint("oa", "GET", "/cgi-bin/ticket/getticket", ticket, need="verified", daily=1_000_000),
]
