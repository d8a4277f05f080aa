"""Corp tags (企业客户标签): list, add, edit, delete, mark."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from sandbox import tags
from sandbox.api import Call, Endpoint
from sandbox.errors import Refused
from sandbox.wecom.directory import OK, members
from sandbox.world import Unknown

TAGS, NAME, ORDER, MARKS, CARRIED = 10_000, 30, (1 << 32) - 1, 1_000, 1_000


def _shown(row: sqlite3.Row) -> dict[str, object]:
    return {"id": row["id"], "name": row["name"], "create_time": row["created"], "order": row["ord"]}


def _group(call: Call, row: sqlite3.Row, only: set[str] | None = None) -> dict[str, object]:
    inside = call.world.db.all(
        "select * from corp_tag where corpid = ? and group_id = ? order by ord desc, created, rowid",
        call.account, row["id"],
    )  # fmt: skip
    return {
        "group_id": row["id"], "group_name": row["name"], "create_time": row["created"], "order": row["ord"],
        "tag": [_shown(t) for t in inside if only is None or t["id"] in only],
    }  # fmt: skip


def _ids(call: Call, name: str) -> list[str]:
    value = call.body.get(name) or []
    if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
        raise Refused(40035, name)
    return [str(v) for v in value]


def listed(call: Call) -> Mapping[str, object]:
    """All groups with their tags, or those named: whole groups by group_id, else the tags of tag_id."""
    only, groups = set(_ids(call, "tag_id")), _ids(call, "group_id")
    rows = call.world.db.all(
        "select * from corp_tag_group where corpid = ? and agentid <> ? order by ord desc, created, rowid",
        call.account, tags.RULES,
    )  # fmt: skip
    if groups:
        return OK | {"tag_group": [_group(call, row) for row in rows if row["id"] in groups]}
    found = [_group(call, row, only or None) for row in rows]
    return OK | {"tag_group": [group for group in found if group["tag"]]}


def _name(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise Refused(40058, "name")
    if len(value) > NAME:
        raise Refused(40035, "name")
    return value.strip()


def _order(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= ORDER:
        raise Refused(40035, "order")
    return value


def _row(call: Call, table: str, one: str) -> sqlite3.Row | None:
    return call.world.db.one(f"select * from {table} where corpid = ? and id = ?", call.account, one)  # noqa: S608  # only names of our own in the text


def add(call: Call) -> Mapping[str, object]:
    """Tags of a group; a group_name that exists is added to. Answers with the new tags."""
    wanted = call.body.get("tag")
    if not isinstance(wanted, list) or not wanted or not all(isinstance(t, dict) for t in wanted):
        raise Refused(40058, "tag")
    new = {_name(t.get("name")): _order(t.get("order", 0)) for t in wanted}
    world, corpid = call.world, call.account
    if world.db.value("select count(*) from corp_tag where corpid = ?", corpid) + len(new) > TAGS:
        raise Refused(40126)
    group = str(call.body.get("group_id") or "")
    if group and _row(call, "corp_tag_group", group) is None:
        raise Refused(40068, "group_id")
    if not group:
        named = _name(call.body.get("group_name"))
        group = tags.group_named(world, corpid, named) or tags.make_group(
            world, corpid, named, _order(call.body.get("order", 0)), call.agentid, call.at
        )
    taken = {
        str(r[0]) for r in world.db.all("select name from corp_tag where corpid = ? and group_id = ?", corpid, group)
    }
    if taken & new.keys():
        raise Refused(40071)
    made = {tags.make_tag(world, corpid, group, n, order, call.agentid, call.at) for n, order in new.items()}
    row = _row(call, "corp_tag_group", group)
    assert row is not None
    return OK | {"tag_group": _group(call, row, made)}


def _own(call: Call, table: str, one: str) -> sqlite3.Row:
    """A tag or group that the calling app created. Refuses 40068 unknown, 41058 somebody else's."""
    row = _row(call, table, one)
    if row is None:
        raise Refused(40068)
    if row["agentid"] != call.agentid:
        raise Refused(41058)
    return row


def edit(call: Call) -> Mapping[str, object]:
    """Renames or reorders a tag or group of one's own."""
    one = call.text("id", 40058)
    table = "corp_tag" if _row(call, "corp_tag", one) else "corp_tag_group"
    row, changes = _own(call, table, one), {}
    if "name" in call.body:
        changes["name"] = _name(call.body["name"])
        among = " and group_id = ?" if table == "corp_tag" else ""
        twin = call.world.db.one(
            f"select 1 from {table} where corpid = ? and name = ? and id <> ?{among}",  # noqa: S608  # only names of our own in the text
            call.account, changes["name"], one, *([row["group_id"]] if among else []),
        )  # fmt: skip
        if twin is not None:
            raise Refused(40071)
    if "order" in call.body:
        changes["ord"] = str(_order(call.body["order"]))
    if not changes:
        raise Refused(40058)
    for column, value in changes.items():
        call.world.db.run(f"update {table} set {column} = ? where corpid = ? and id = ?", value, call.account, one)  # noqa: S608  # only names of our own in the text
    return OK


def delete(call: Call) -> Mapping[str, object]:
    """Deletes tags and groups of one's own; the last tag takes its group along."""
    those, groups = _ids(call, "tag_id"), _ids(call, "group_id")
    if not those and not groups:
        raise Refused(40058)
    for one in those:
        _own(call, "corp_tag", one)
    for one in groups:
        _own(call, "corp_tag_group", one)
    tags.drop(call.world, call.account, those, groups)
    return OK


def mark(call: Call) -> Mapping[str, object]:
    """Changes the tags of a pair (member, customer); marking what is there already does nothing."""
    userid, uid = call.text("userid", 40003), call.text("external_userid", 41035)
    add, remove = _ids(call, "add_tag"), _ids(call, "remove_tag")
    if not 1 <= len(add) + len(remove) <= MARKS:
        raise Refused(41111)
    faults = call.world.faults
    if faults.tag_conflict and call.world.chance("tag_conflict", call.world.counter("mark")) < faults.tag_conflict:
        raise Refused(45035)
    if userid not in {m["userid"] for m in members(call.world, call.account)}:
        raise Refused(40003)
    known = tags.known(call.world, call.account)
    if (set(add) | set(remove)) - known.keys():
        raise Refused(40068)
    if any(known[one][2] == tags.RULES for one in (*add, *remove)):
        raise Refused(41058)
    try:
        carried = tags.mark(call.world, call.account, userid, uid, add, remove)
    except Unknown:
        raise Refused(84061) from None
    if carried > CARRIED:
        raise Refused(40144)
    return OK


ENDPOINTS = [
    Endpoint("wecom", "POST", "/cgi-bin/externalcontact/get_corp_tag_list", listed, "callable"),
    Endpoint("wecom", "POST", "/cgi-bin/externalcontact/add_corp_tag", add, "callable"),
    Endpoint("wecom", "POST", "/cgi-bin/externalcontact/edit_corp_tag", edit, "callable"),
    Endpoint("wecom", "POST", "/cgi-bin/externalcontact/del_corp_tag", delete, "callable"),
    Endpoint("wecom", "POST", "/cgi-bin/externalcontact/mark_tag", mark, "callable"),
]
