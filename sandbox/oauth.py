"""OAuth of both platforms: the page that sends a person back with a code, and what a code is worth."""

from __future__ import annotations

import html
import secrets
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from sandbox.api import Call, Endpoint, new_token
from sandbox.errors import Refused
from sandbox.world import World

CODE_MS = 300_000


def _page(title: str, body: str, status: int = 200) -> Response:
    frame = f"<!doctype html><html lang=zh-CN><meta charset=utf-8><title>{title}</title><body><h1>{title}</h1>{body}"
    return HTMLResponse(frame, status_code=status)


def _trusted(world: World, appid: str, agentid: int, host: str) -> bool:
    if appid in world.oa:
        allowed = world.oa[appid].get("oauth_domains")
    else:
        allowed = world.apps.get((appid, agentid), {}).get("trusted_domains")
    return isinstance(allowed, list) and host in [str(d).split(":")[0] for d in allowed]


async def authorize(world: World, request: Request) -> Response:
    """Redirects with code and state. The person is told by X-Sandbox-Person; a human without it is asked whom to be."""
    query = dict(request.query_params)
    appid, target, state = query.get("appid", ""), query.get("redirect_uri", ""), query.get("state", "")
    agentid = int(query["agentid"]) if query.get("agentid", "").isdigit() else 0
    parts = urlsplit(target)
    if appid not in world.oa and appid not in world.corps:
        return _page("appid 参数错误", "", 400)
    if appid in world.corps and not agentid:
        agentid = next((a for corp, a in world.apps if corp == appid), 0)
    if query.get("response_type") != "code" or query.get("scope") not in (
        "snsapi_base",
        "snsapi_userinfo",
        "snsapi_privateinfo",
    ):
        return _page("scope 参数错误", "", 400)
    if len(state.encode()) > 128 or parts.scheme not in ("http", "https"):
        return _page("参数错误", "", 400)
    if appid in world.oa and (world.oa[appid].get("kind", "svc") != "svc" or not world.oa[appid].get("verified", True)):
        return _page("该公众号没有网页授权权限 (48001)", "", 400)
    if not _trusted(world, appid, agentid, parts.hostname or ""):
        return _page("redirect_uri 参数错误 (10003 / 50001)", "", 400)
    person, userid = _who(world, request, appid)
    if not person and not userid:
        return _chooser(world, appid, request)
    code, now = secrets.token_urlsafe(24), world.clock.now()
    world.db.run(
        "insert into code (code, account, agentid, person, userid, scope, at) values (?, ?, ?, ?, ?, ?, ?)",
        code, appid, agentid, person, userid, query["scope"], now,
    )  # fmt: skip
    await world.db.commit_soon()
    back = urlunsplit(
        parts._replace(
            query=urlencode([*parse_qsl(parts.query, keep_blank_values=True), ("code", code), ("state", state)])
        )
    )
    return RedirectResponse(back, status_code=302)


def _who(world: World, request: Request, appid: str) -> tuple[int, str]:
    """(person, "") or (0, staff userid) who opens the page."""
    header = request.headers.get("x-sandbox-person", "") or request.query_params.get("sandbox_person", "")
    if header.isdigit() and world.db.one("select 1 from person where id = ?", int(header)):
        return int(header), ""
    member = header or request.query_params.get("sandbox_member", "")
    if (
        appid in world.corps
        and member
        and world.db.one("select 1 from member where corpid = ? and userid = ?", appid, member)
    ):
        return 0, member
    return 0, ""


def _chooser(world: World, appid: str, request: Request) -> Response:
    """For a human in a real browser: whom to be."""
    if appid in world.corps:
        rows = [
            (str(r[0]), str(r[0]))
            for r in world.db.all("select userid from member where corpid = ? order by userid limit 50", appid)
        ]
    else:
        people = world.db.all("select person from oa_user where appid = ? order by person limit 20", appid)
        rows = [(str(r[0]), world.profile(r[0]).name) for r in people]
    base = str(request.url.include_query_params(sandbox_person="")).replace("sandbox_person=", "")
    items = "".join(
        f"<li><a href='{html.escape(base)}sandbox_person={html.escape(v)}'>{html.escape(name)}</a>" for v, name in rows
    )
    return _page("沙箱：以谁的身份继续？", f"<ul>{items}</ul>")


def _trouble(call: Call, code: str, account: str) -> str:
    """What the fault `oauth` does to the exchange of a code: "busy", "lost", "down" or nothing. By a hash of (seed,
    person, how many codes the person has had), so that it does not depend on who comes first."""
    world = call.world
    if not world.faults.oauth:
        return ""
    person = world.db.value("select person from code where code = ? and account = ?", code, account)
    number = world.db.value("select count(*) from code where person = ? and account = ?", person, account)
    if world.chance("oauth", f"{person}|{number}") >= world.faults.oauth:
        return ""
    return ("busy", "lost", "down")[int(world.chance("oauth kind", f"{person}|{number}") * 3)]


def _spend(call: Call, code: str, account: str, used: int, expired: int) -> tuple[int, str, str]:
    """Takes a code: (person, userid, scope). Single use, 5 minutes. Refuses 40029, `used`, `expired`."""
    row = call.world.db.one("select * from code where code = ? and account = ?", code, account)
    if row is None:
        raise Refused(40029)
    if row["used"]:
        raise Refused(used)
    if call.at - row["at"] > CODE_MS:
        raise Refused(expired)
    call.world.db.run("update code set used = 1 where code = ?", code)
    return row["person"], row["userid"], row["scope"]


def oa_access_token(call: Call) -> Mapping[str, object]:
    """The openid (and, for userinfo, the unionid) behind a code."""
    appid = call.query.get("appid", "")
    owner = call.world.oa.get(appid)
    if owner is None:
        raise Refused(40013)
    call.account = appid
    if call.query.get("secret") != owner.get("secret"):
        raise Refused(40125)
    if call.query.get("grant_type") != "authorization_code":
        raise Refused(40035, "grant_type")
    code = call.query.get("code", "")
    call.trouble = _trouble(call, code, appid)
    if call.trouble == "busy":
        raise Refused(-1)
    person, _, scope = _spend(call, code, appid, 40163, 40029)
    openid = call.world.openid(appid, person)
    call.who = (person, openid)
    answer: dict[str, object] = {
        "access_token": new_token(call.world, "oa", appid, 0, "sns", call.at), "expires_in": 7200,
        "refresh_token": new_token(call.world, "oa", appid, 0, "refresh", call.at, 30 * 86_400_000), "openid": openid,
        "scope": scope,
    }  # fmt: skip
    if scope == "snsapi_userinfo" and owner.get("unionid_bound"):
        answer["unionid"] = call.world.unionid(person)
    return answer


def oa_userinfo(call: Call) -> Mapping[str, object]:
    """Name and unionid of the person who allowed snsapi_userinfo."""
    row = call.world.db.one(
        "select account, expires from token where token = ? and kind = 'sns'", call.query.get("access_token", "")
    )
    if row is None or row["expires"] <= call.at:
        raise Refused(40001 if row is None else 42001)
    user = call.world.oa_user(row["account"], call.query.get("openid", ""))
    if user is None:
        raise Refused(40003)
    name = call.world.profile(user["person"]).name
    info: dict[str, object] = {"openid": user["openid"], "nickname": name, "sex": 0, "headimgurl": "", "privilege": []}
    if call.world.oa[row["account"]].get("unionid_bound"):
        info["unionid"] = call.world.unionid(user["person"])
    return info


def wecom_userinfo(call: Call) -> Mapping[str, object]:
    """userid of a member, else openid and external_userid (of a contact)."""
    person, userid, _ = _spend(call, call.query.get("code", ""), call.account, 42022, 42003)
    if userid:
        return {"errcode": 0, "errmsg": "ok", "userid": userid}
    answer: dict[str, object] = {"errcode": 0, "errmsg": "ok", "openid": call.world.new_openid(call.account, person)}
    row = call.world.db.one("select external_userid from contact where corpid = ? and person = ?", call.account, person)
    return answer | {"external_userid": row[0]} if row else answer


OA_ENDPOINTS = [
    Endpoint("oa", "GET", "/sns/oauth2/access_token", oa_access_token, token=False),
    Endpoint("oa", "GET", "/sns/userinfo", oa_userinfo, token=False),
]
WECOM_ENDPOINTS = [Endpoint("wecom", "GET", "/cgi-bin/auth/getuserinfo", wecom_userinfo)]
