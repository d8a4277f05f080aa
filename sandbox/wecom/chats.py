"""Customer groups (客户群): list, get, join ways."""

from __future__ import annotations

import json
from collections.abc import Mapping

from sandbox.api import Call, Endpoint
from sandbox.errors import Refused
from sandbox.groups import chat, member_version
from sandbox.store import dumps
from sandbox.wecom import cursors
from sandbox.wecom.directory import OK, members
from sandbox.wecom.ways import CONFIGS, configs
from sandbox.world import token_text

JOIN_CHATS = 5


def chat_list(call: Call) -> Mapping[str, object]:
    """Groups, up to 1000 a page; without an owner filter only while at most 1000 members are in range."""
    if "limit" not in call.body:
        raise Refused(40058, "limit")
    limit, status = call.number("limit", 0, 1, 1000), call.number("status_filter", 0, 0, 3)
    chosen = call.body.get("owner_filter")
    owners = chosen.get("userid_list") if isinstance(chosen, dict) else None
    if owners is not None and (not isinstance(owners, list) or not 1 <= len(owners) <= 100):
        raise Refused(40031)
    if owners is None and len(members(call.world, call.account)) > 1000:
        raise Refused(81017)
    after = str(cursors.read(call, "chats", call.body.get("cursor")) or "")
    rows = call.world.db.all(
        "select chat_id, data from chat where corpid = ? and chat_id > ? order by chat_id", call.account, after
    )
    gone = {
        str(r[0])
        for r in call.world.db.all(
            "select userid from member where corpid = ? and data like '%\"status\":5%'", call.account
        )
    }
    found: list[dict[str, object]] = []
    for row in rows:
        data = json.loads(row["data"])
        state = 1 if data["owner"] in gone else 0
        if not data.get("dismissed") and (owners is None or data["owner"] in owners) and status in (0, state):
            found.append({"chat_id": row["chat_id"], "status": state})
    page = found[:limit]
    cursor = cursors.issue(call, "chats", page[-1]["chat_id"]) if len(found) > limit else ""
    return OK | {"group_chat_list": page, "next_cursor": cursor}


def chat_get(call: Call) -> Mapping[str, object]:
    """A group with its members; names only when asked."""
    chat_id = call.text("chat_id", 86001)
    data = chat(call.world, call.account, chat_id)
    if data is None:
        raise Refused(86003)
    if data.get("dismissed"):
        raise Refused(49008)
    named, bound = call.number("need_name", 0, 0, 1), call.world.corps[call.account].get("unionid_bound")
    listed: list[dict[str, object]] = []
    for row in call.world.db.all(
        "select * from chat_member where corpid = ? and chat_id = ? order by at, uid", call.account, chat_id
    ):
        one: dict[str, object] = {
            "userid": row["uid"], "type": row["kind"], "join_time": row["at"] // 1000, "join_scene": row["scene"] or 1,
            "group_nickname": "",
        }  # fmt: skip
        if row["kind"] == 2:
            if bound:
                one["unionid"] = call.world.unionid(row["person"])
            if row["state"]:
                one["state"] = row["state"]
            if named:
                one["name"] = call.world.profile(row["person"]).name
        listed.append(one)
    group = {
        "chat_id": chat_id, "name": data["name"], "owner": data["owner"], "create_time": data["create_time"],
        "notice": data.get("notice", ""),
        "member_list": listed, "admin_list": [], "member_version": member_version(chat_id, data),
    }  # fmt: skip
    return OK | {"group_chat": group}


def _checked(call: Call) -> dict[str, object]:
    ids = call.body.get("chat_id_list")
    if not isinstance(ids, list) or not ids:
        raise Refused(40058, "chat_id_list")
    if len(ids) > JOIN_CHATS:
        raise Refused(41091)
    for chat_id in ids:
        data = chat(call.world, call.account, str(chat_id))
        if data is None or data.get("dismissed"):
            raise Refused(86003)
    for name, most in (("remark", 30), ("state", 30), ("room_base_name", 40)):
        if len(str(call.body.get(name, ""))) > most:
            raise Refused(40035, name)
    scene = call.number("scene", 0, 1, 2)
    return {
        "scene": scene, "remark": str(call.body.get("remark", "")), "auto_create_room": call.number("auto_create_room",
        1, 0, 1),
        "room_base_name": str(call.body.get("room_base_name", "")), "room_base_id": call.number("room_base_id", 1, 0,
        10**9),
        "chat_id_list": [str(c) for c in ids], "state": str(call.body.get("state", "")),
        "mark_source": bool(call.body.get("mark_source", True)),
    }  # fmt: skip


def _way(call: Call) -> dict[str, object]:
    row = call.world.db.one(
        "select data from join_way where corpid = ? and config_id = ?", call.account, call.text("config_id", 41044)
    )
    if row is None:
        raise Refused(41044)
    return dict(json.loads(row["data"]))


def add_join_way(call: Call) -> Mapping[str, object]:
    """A QR code or link through which people join groups."""
    data = _checked(call)
    if configs(call) >= CONFIGS:
        raise Refused(41045)
    config_id = (
        token_text("join", call.account, call.world.counter("join_way"), call.at, size=32)
        .replace("-", "x")
        .replace("_", "y")
    )
    call.world.db.run(
        "insert into join_way (corpid, config_id, data) values (?, ?, ?)", call.account, config_id, dumps(data)
    )
    return OK | {"config_id": config_id}


def get_join_way(call: Call) -> Mapping[str, object]:
    """A join way with the address that its QR code holds."""
    data = {name: value for name, value in _way(call).items() if name != "opened"}
    return OK | {
        "join_way": {
            "config_id": call.body["config_id"],
            **data,
            "qr_code": f"{call.world.url}/join/{call.body['config_id']}",
        }
    }


def update_join_way(call: Call) -> Mapping[str, object]:
    """Overwrites a join way."""
    _way(call)
    call.world.db.run(
        "update join_way set data = ? where config_id = ?", dumps(_checked(call)), str(call.body["config_id"])
    )
    return OK


def del_join_way(call: Call) -> Mapping[str, object]:
    """Removes a join way."""
    _way(call)
    call.world.db.run("delete from join_way where config_id = ?", str(call.body["config_id"]))
    return OK


ENDPOINTS = [
    Endpoint("wecom", "POST", "/cgi-bin/externalcontact/groupchat/list", chat_list, "callable"),
    Endpoint("wecom", "POST", "/cgi-bin/externalcontact/groupchat/get", chat_get, "callable"),
    Endpoint("wecom", "POST", "/cgi-bin/externalcontact/groupchat/add_join_way", add_join_way, "callable"),
    Endpoint("wecom", "POST", "/cgi-bin/externalcontact/groupchat/get_join_way", get_join_way, "callable"),
    Endpoint("wecom", "POST", "/cgi-bin/externalcontact/groupchat/update_join_way", update_join_way, "callable"),
    Endpoint("wecom", "POST", "/cgi-bin/externalcontact/groupchat/del_join_way", del_join_way, "callable"),
]
