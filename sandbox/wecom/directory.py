"""Token, addresses, departments and members."""

from __future__ import annotations

import json
from collections.abc import Mapping

from sandbox.api import Call, Endpoint, new_token
from sandbox.errors import Refused
from sandbox.wecom import cursors
from sandbox.world import World, token_text

OK: dict[str, object] = {"errcode": 0, "errmsg": "ok"}


def gettoken(call: Call) -> Mapping[str, object]:
    """One token per app secret; the same one within its life."""
    corpid, secret = call.query.get("corpid", ""), call.query.get("corpsecret", "")
    if corpid not in call.world.corps:
        raise Refused(40013)
    call.account = corpid
    agentid = next(
        (a for (corp, a), app in call.world.apps.items() if corp == corpid and secret and app.get("secret") == secret),
        None,
    )
    if agentid is None:
        raise Refused(40001)
    row = call.world.db.one(
        "select token, expires from token where account = ? and agentid = ? and kind = 'app' and revoked = 0 and "
        "expires > ? "
        "order by issued desc limit 1", corpid, agentid, call.at,
    )  # fmt: skip
    if row is not None:
        return OK | {"access_token": row["token"], "expires_in": max((row["expires"] - call.at) // 1000, 1)}
    return OK | {"access_token": new_token(call.world, "wecom", corpid, agentid, "app", call.at), "expires_in": 7200}


def addresses(call: Call) -> Mapping[str, object]:
    """The platform's addresses; here the loopback."""
    return OK | {"ip_list": ["127.0.0.1"]}


def departments(world: World, corpid: str) -> list[dict[str, object]]:
    """All departments."""
    return [
        json.loads(r["data"]) for r in world.db.all("select data from department where corpid = ? order by id", corpid)
    ]


def members(world: World, corpid: str) -> list[dict[str, object]]:
    """All members who have not left."""
    rows = world.db.all("select data from member where corpid = ? order by userid", corpid)
    return [m for m in (json.loads(r["data"]) for r in rows) if m.get("status") != 5]


def _subtree(call: Call) -> list[dict[str, object]]:
    every, root = departments(call.world, call.account), call.query.get("id", "")
    if not root:
        return every
    if not root.isdigit() or all(d["id"] != int(root) for d in every):
        raise Refused(60003)
    inside = {int(root)}
    for _ in every:
        inside |= {int(str(d["id"])) for d in every if d.get("parentid") in inside}
    return [d for d in every if d["id"] in inside]


def department_list(call: Call) -> Mapping[str, object]:
    """A department with everything below it; without id all."""
    return OK | {
        "department": [
            {"id": d["id"], "name": d.get("name", ""), "name_en": "", "department_leader": d.get("leaders", []),
            "parentid": d.get("parentid", 0), "order": d.get("order", 0)}
            for d in _subtree(call)
        ]
    }  # fmt: skip


def department_ids(call: Call) -> Mapping[str, object]:
    """Ids only."""
    rows = [{"id": d["id"], "parentid": d.get("parentid", 0), "order": d.get("order", 0)} for d in _subtree(call)]
    return OK | {"department_id": rows}


def _full(m: Mapping[str, object]) -> dict[str, object]:
    places = m.get("department")
    inside = [int(str(d)) for d in places] if isinstance(places, list) and places else [1]
    return {
        "userid": m["userid"], "name": m.get("name", ""), "department": inside, "order": [0] * len(inside),
        "position": m.get("position", ""),
        "is_leader_in_dept": [0] * len(inside), "direct_leader": [], "alias": m.get("alias", ""), "telephone": "",
        "main_department": inside[0],
        "status": m.get("status", 1), "extattr": {"attrs": []}, "external_position": "",
        "open_userid": "wo" + token_text("open", m["userid"], size=30),
    }  # fmt: skip


def _in_department(call: Call) -> list[dict[str, object]]:
    wanted = call.query.get("department_id", "")
    if not wanted.isdigit() or all(d["id"] != int(wanted) for d in departments(call.world, call.account)):
        raise Refused(60003)
    full = [_full(m) for m in members(call.world, call.account)]
    return [m for m in full if int(wanted) in (m["department"] if isinstance(m["department"], list) else [])]


def user_simplelist(call: Call) -> Mapping[str, object]:
    """Members of one department, briefly; not those below it."""
    keep = ("userid", "name", "department", "open_userid")
    return OK | {"userlist": [{k: m[k] for k in keep} for m in _in_department(call)]}


def user_list(call: Call) -> Mapping[str, object]:
    """Members of one department."""
    return OK | {"userlist": _in_department(call)}


def user_get(call: Call) -> Mapping[str, object]:
    """One member; without phone, mail and picture, as for apps made since 2022. userid is case-insensitive."""
    wanted = call.query.get("userid", "").lower()
    found = next((m for m in members(call.world, call.account) if str(m["userid"]).lower() == wanted), None)
    if not wanted or found is None:
        raise Refused(60111)
    return OK | _full(found)


def user_list_id(call: Call) -> Mapping[str, object]:
    """All (member, department) pairs, paged; only the 通讯录同步 secret."""
    limit = call.number("limit", 10_000, 1, 10_000)
    start = int(str(cursors.read(call, "list_id", call.body.get("cursor")) or 0))
    pairs: list[dict[str, object]] = []
    for m in members(call.world, call.account):
        places = _full(m)["department"]
        pairs += [{"userid": m["userid"], "department": d} for d in (places if isinstance(places, list) else [])]
    after = start + limit
    cursor = cursors.issue(call, "list_id", after) if after < len(pairs) else ""
    return OK | {"next_cursor": cursor, "dept_user": pairs[start:after]}


ENDPOINTS = [
    Endpoint("wecom", "GET", "/cgi-bin/gettoken", gettoken, token=False),
    Endpoint("wecom", "GET", "/cgi-bin/get_api_domain_ip", addresses),
    Endpoint("wecom", "GET", "/cgi-bin/getcallbackip", addresses),
    Endpoint("wecom", "GET", "/cgi-bin/department/list", department_list),
    Endpoint("wecom", "GET", "/cgi-bin/department/simplelist", department_ids),
    Endpoint("wecom", "GET", "/cgi-bin/user/simplelist", user_simplelist),
    Endpoint("wecom", "GET", "/cgi-bin/user/list", user_list),
    Endpoint("wecom", "GET", "/cgi-bin/user/get", user_get),
    Endpoint("wecom", "POST", "/cgi-bin/user/list_id", user_list_id, "directory"),
]
