"""Contact ways (联系我): what a scan leads to."""

from __future__ import annotations

import json
from collections.abc import Mapping

from sandbox.api import Call, Endpoint
from sandbox.errors import Refused
from sandbox.relations import members_of
from sandbox.store import dumps
from sandbox.wecom import cursors
from sandbox.wecom.directory import OK, departments, members
from sandbox.world import token_text

CONFIGS, MEMBERS, DAY_S = 500_000, 100, 86_400


def people_in(call: Call, users: object, parties: object, most: int, code: int) -> dict[str, object]:
    """Checked members and departments: 40031 no lists, 40003 and 60003 unknown, `code` when they are over `most`."""
    users, parties = users or [], parties or []
    if not isinstance(users, list) or not isinstance(parties, list):
        raise Refused(40031)
    known = {str(m["userid"]): m for m in members(call.world, call.account)}
    if any(u not in known or not known[u].get("follow_user", True) for u in users):
        raise Refused(40003)
    places = {d["id"] for d in departments(call.world, call.account)}
    if any(p not in places for p in parties):
        raise Refused(60003)
    chosen: dict[str, object] = {"user": [str(u) for u in users], "party": parties}
    if len(members_of(call.world, call.account, chosen)) > most:
        raise Refused(code)
    return chosen


def _checked(call: Call, old: Mapping[str, object]) -> dict[str, object]:
    body = call.body
    kind = int(str(old["type"])) if old else call.number("type", 0, 1, 2)
    scene = int(str(old["scene"])) if old else call.number("scene", 0, 1, 2)
    if body.get("is_temp"):
        raise Refused(41200)  # temporary conversations are for medical corps only
    for name in ("remark", "state"):
        if not isinstance(body.get(name, ""), str) or len(str(body.get(name, ""))) > 30:
            raise Refused(40035, name)
    for name in ("skip_verify", "is_exclusive", "mark_source"):
        if not isinstance(body.get(name, True), bool):
            raise Refused(40035, name)
    chosen = people_in(call, body.get("user"), body.get("party"), MEMBERS, 41041)
    users, parties = chosen["user"], chosen["party"]
    assert isinstance(users, list)
    if kind == 1 and (len(users) != 1 or parties):
        raise Refused(40032, "user")
    if not users and not parties:
        raise Refused(40058, "user")
    kept = {name: body.get(name, old.get(name, "")) for name in ("remark", "state")}
    flags = {"skip_verify": True, "is_exclusive": False, "mark_source": True}
    kept |= {name: body.get(name, old.get(name, default)) for name, default in flags.items()}
    if "remark" not in body:
        kept["remark"] = ""  # user, party and remark are overwritten, the rest stays
    return {"type": kind, "scene": scene, "style": call.number("style", 0, 0, 3)} | kept | chosen


def _way(call: Call) -> dict[str, object]:
    row = call.world.db.one(
        "select data from contact_way where corpid = ? and config_id = ?", call.account, call.text("config_id", 41044)
    )
    if row is None:
        raise Refused(41044)
    return dict(json.loads(row["data"]))


def configs(call: Call) -> int:
    """How many configurations the corp has: contact ways and join ways share one limit."""
    count = "select count(*) from {} where corpid = ?"
    return sum(call.world.db.value(count.format(table), call.account) for table in ("contact_way", "join_way"))


def _code(call: Call, config_id: str) -> str:
    return f"{call.world.url}/way/{config_id}/qr"


def add(call: Call) -> Mapping[str, object]:
    """A contact way; scene 2 has a QR code."""
    data = _checked(call, {})
    if configs(call) >= CONFIGS:
        raise Refused(41045)
    config_id = token_text("way", call.account, call.world.counter("contact_way"), call.at, size=32)
    config_id = config_id.replace("-", "x").replace("_", "y")
    call.world.db.run(
        "insert into contact_way (corpid, config_id, agentid, created, data) values (?, ?, ?, ?, ?)",
        call.account, config_id, call.agentid, call.at // 1000, dumps(data),
    )  # fmt: skip
    return OK | {"config_id": config_id} | ({"qr_code": _code(call, config_id)} if data["scene"] == 2 else {})


def get(call: Call) -> Mapping[str, object]:
    """A contact way."""
    data, config_id = _way(call), str(call.body["config_id"])
    shown: dict[str, object] = {"config_id": config_id, **data, "is_temp": False}
    return OK | {"contact_way": shown | ({"qr_code": _code(call, config_id)} if data["scene"] == 2 else {})}


def listed(call: Call) -> Mapping[str, object]:
    """Ids of the contact ways made in a span (default: the last 90 days), up to 1000 a page."""
    now = call.at // 1000
    start, end = call.number("start_time", now - 90 * DAY_S, 0, 1 << 40), call.number("end_time", now, 0, 1 << 40)
    limit = call.number("limit", 100, 1, 1000)
    position = cursors.read(call, "ways", call.body.get("cursor"))
    since, last = position if isinstance(position, list) else (0, "")
    rows = call.world.db.all(
        "select created, config_id from contact_way where corpid = ? and created between ? and ? and (created, "
        "config_id) > (?, ?) order by created, config_id limit ?",
        call.account, start, end, int(since), str(last), limit + 1,
    )  # fmt: skip
    page = rows[:limit]
    cursor = cursors.issue(call, "ways", [page[-1]["created"], page[-1]["config_id"]]) if len(rows) > limit else ""
    return OK | {"contact_way": [{"config_id": r["config_id"]} for r in page], "next_cursor": cursor}


def update(call: Call) -> Mapping[str, object]:
    """Changes a contact way at once; members, departments and remark are overwritten."""
    data = _checked(call, _way(call))
    call.world.db.run("update contact_way set data = ? where config_id = ?", dumps(data), str(call.body["config_id"]))
    return OK


def delete(call: Call) -> Mapping[str, object]:
    """Removes a contact way; its code leads nowhere from then on."""
    _way(call)
    call.world.db.run("delete from contact_way where config_id = ?", str(call.body["config_id"]))
    return OK


ENDPOINTS = [
    Endpoint("wecom", "POST", "/cgi-bin/externalcontact/add_contact_way", add, "callable"),
    Endpoint("wecom", "POST", "/cgi-bin/externalcontact/get_contact_way", get, "callable"),
    Endpoint("wecom", "POST", "/cgi-bin/externalcontact/list_contact_way", listed, "callable"),
    Endpoint("wecom", "POST", "/cgi-bin/externalcontact/update_contact_way", update, "callable"),
    Endpoint("wecom", "POST", "/cgi-bin/externalcontact/del_contact_way", delete, "callable"),
]
