"""Customer groups as people see them: joining by a join way, leaving; change_external_chat for both."""

from __future__ import annotations

import json

from sandbox import archive
from sandbox.callbacks import raise_wecom
from sandbox.engine import Work
from sandbox.store import dumps
from sandbox.world import Unknown, World, token_text

FULL = 200  # joining by QR code or link stops here (docs/platform.md A.10, second hand)


def chat(world: World, corpid: str, chat_id: str) -> dict[str, object] | None:
    """The group's data: name, owner, create_time, notice, version, dismissed."""
    row = world.db.one("select data from chat where corpid = ? and chat_id = ?", corpid, chat_id)
    return dict(json.loads(row["data"])) if row else None


def save_chat(world: World, corpid: str, chat_id: str, data: dict[str, object]) -> None:
    """Stores the group's data."""
    world.db.run("insert or replace into chat (corpid, chat_id, data) values (?, ?, ?)", corpid, chat_id, dumps(data))


def _size(world: World, corpid: str, chat_id: str) -> int:
    return world.db.value("select count(*) from chat_member where corpid = ? and chat_id = ?", corpid, chat_id)


def _room(world: World, corpid: str, way: dict[str, object], config_id: str, at: int) -> str:
    """The first group of a join way that has room; opens a new one if the way says so, else ""."""
    ids = way.get("chat_id_list")
    for chat_id in ids if isinstance(ids, list) else []:
        data = chat(world, corpid, str(chat_id))
        if data is not None and not data.get("dismissed") and _size(world, corpid, str(chat_id)) < FULL:
            return str(chat_id)
    if not way.get("auto_create_room", 1) or not isinstance(ids, list) or not ids:
        return ""
    first = chat(world, corpid, str(ids[0])) or {}
    number = int(str(way.get("room_base_id") or 1))
    made = "wr" + token_text("chat", corpid, config_id, number, size=30)
    name = f"{way.get('room_base_name') or first.get('name') or '群聊'}{number}"
    create(world, corpid, made, name, str(first.get("owner", "")), at)
    opened = way.get("opened")
    # At most five groups show; people inside an earlier one must still be known as members of this way.
    way |= {"room_base_id": number + 1, "chat_id_list": [*ids[-4:], made]}
    way["opened"] = [*(opened if isinstance(opened, list) else []), *ids[:-4]]
    world.db.run("update join_way set data = ? where config_id = ?", dumps(way), config_id)
    fields: list[tuple[str, object]] = [("Event", "change_external_chat"), ("ChatId", made), ("ChangeType", "create")]
    raise_wecom(world, corpid, made, at, fields)
    return made


def create(world: World, corpid: str, chat_id: str, name: str, owner: str, at: int) -> None:
    """Opens a group with its owner; raises nothing."""
    data: dict[str, object] = {"name": name, "owner": owner, "create_time": at // 1000, "notice": "", "version": 1}
    save_chat(world, corpid, chat_id, data)
    world.db.run(
        "insert or ignore into chat_member (corpid, chat_id, uid, kind, person, at, scene, state) values (?, ?, "
        "?, 1, 0, ?, 1, '')",
        corpid, chat_id, owner, at,
    )  # fmt: skip


def _changed(world: World, corpid: str, chat_id: str, uid: str, at: int, detail: str, scene: tuple[str, int]) -> None:
    data = chat(world, corpid, chat_id) or {}
    version = int(str(data.get("version", 1)))
    save_chat(world, corpid, chat_id, data | {"version": version + 1})
    fields: list[tuple[str, object]] = [
        ("Event", "change_external_chat"), ("ChatId", chat_id), ("ChangeType", "update"), ("UpdateDetail", detail),
        scene,
        ("MemChangeCnt", 1), ("MemChangeList", {"Item": [uid]}), ("LastMemVer", _version(chat_id, version)),
        ("CurMemVer", _version(chat_id, version + 1)),
    ]  # fmt: skip
    raise_wecom(world, corpid, chat_id, at, fields)


def _version(chat_id: str, number: int) -> str:
    return token_text("version", chat_id, number, size=32)


def member_version(chat_id: str, data: dict[str, object]) -> str:
    """The opaque version of a group's member list."""
    return _version(chat_id, int(str(data.get("version", 1))))


def join(world: World, work: Work, at: int) -> None:
    """Joins by a join way (config_id) or directly (corpid, chat_id). A member stays one and raises nothing."""
    person = int(str(work["person"]))
    config_id, corpid, chat_id = (
        str(work.get("config_id") or ""),
        str(work.get("corpid") or ""),
        str(work.get("chat_id") or ""),
    )
    state, scene = "", 0
    if config_id:
        row = world.db.one("select corpid, data from join_way where config_id = ?", config_id)
        if row is None:
            raise Unknown(f"join way {config_id}")
        corpid, way = str(row["corpid"]), json.loads(row["data"])
        uid = world.external_userid(corpid, person)
        ids = [*way["chat_id_list"], *way.get("opened", [])]
        marks = ",".join("?" * len(ids))
        seen = f"select 1 from chat_member where corpid = ? and uid = ? and chat_id in ({marks})"  # noqa: S608  # only names of our own in the text
        inside = world.db.one(seen, corpid, uid, *ids)
        if inside is not None:
            return
        state, scene, chat_id = str(way.get("state") or ""), 3, _room(world, corpid, way, config_id, at)
        if not chat_id:
            world.log("act", "join_refused", at, account=corpid, person=person, uid=uid, key=config_id, result="full")
            return
    elif chat(world, corpid, chat_id) is None:
        raise Unknown(f"group {chat_id} of {corpid}")
    uid = world.external_userid(corpid, person)
    added = world.db.run(
        "insert or ignore into chat_member (corpid, chat_id, uid, kind, person, at, scene, state) values (?, ?, "
        "?, 2, ?, ?, ?, ?)",
        corpid, chat_id, uid, person, at, scene, state,
    )  # fmt: skip
    if added:
        world.log(
            "act",
            "join",
            at,
            account=corpid,
            person=person,
            uid=uid,
            key=chat_id,
            data={"config_id": config_id, "state": state},
        )
        _changed(world, corpid, chat_id, uid, at, "add_member", ("JoinScene", scene))


def leave(world: World, work: Work, at: int) -> None:
    """Leaves a group; one who is not in it raises nothing."""
    person, corpid, chat_id = int(str(work["person"])), str(work.get("corpid") or ""), str(work.get("chat_id") or "")
    uid = world.external_userid(corpid, person)
    if world.db.run("delete from chat_member where corpid = ? and chat_id = ? and uid = ?", corpid, chat_id, uid):
        world.log("act", "leave_group", at, account=corpid, person=person, uid=uid, key=chat_id)
        _changed(world, corpid, chat_id, uid, at, "del_member", ("QuitScene", 0))


def say(world: World, work: Work, at: int) -> None:
    """Writes in a group; one who is not in it cannot."""
    person, corpid, chat_id = int(str(work["person"])), str(work.get("corpid") or ""), str(work.get("chat_id") or "")
    uid, text = world.external_userid(corpid, person), str(work.get("text") or "")
    if world.db.one("select 1 from chat_member where corpid = ? and chat_id = ? and uid = ?", corpid, chat_id, uid):
        world.log("act", "group_text", at, account=corpid, person=person, uid=uid, key=text, data={"chat_id": chat_id})
        archive.keep_room(world, corpid, chat_id, uid, at, text)
