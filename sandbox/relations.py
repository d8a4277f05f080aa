"""WeCom relations as both sides make them: adding, scanning a contact way, deleting; what staff do in their client."""

from __future__ import annotations

import json
from collections.abc import Mapping

from people import unit
from sandbox import acquisition, archive, broadcasts, kf, moments, tags
from sandbox.callbacks import raise_wecom
from sandbox.engine import Work
from sandbox.inbox import Content, hand_over_pieces
from sandbox.store import dumps
from sandbox.world import Unknown, World, token_text

CUSTOMERS = 20_000
"""Customers that a member may have unless the account says otherwise (docs/platform.md A.10, second hand)."""
ACCEPT_MS = 10 * 60_000
"""Within this time a member accepts a request that a contact way with verification brings."""


def _text(work: Work, name: str) -> str:
    value = work.get(name)
    return value if isinstance(value, str) else ""


def add_member(world: World, work: Work, at: int) -> None:
    """Adds a staff member as WeCom contact: add_external_contact with State and WelcomeCode; a pair already there
    raises nothing, except that one added half (免验证) is added fully.
    """
    corpid, userid, person = _text(work, "corpid"), _text(work, "userid"), int(str(work["person"]))
    member = world.db.one("select data from member where corpid = ? and userid = ?", corpid, userid)
    if member is None:
        raise Unknown(f"member {userid} of {corpid}")
    uid, half = world.external_userid(corpid, person), bool(work.get("half"))
    old = world.db.one(
        "select ended, data from follow where corpid = ? and userid = ? and external_userid = ?", corpid, userid, uid
    )
    before = json.loads(old["data"]) if old is not None and not old["ended"] else {}
    if before and (half or not before.get("half")):
        return
    state = _text(work, "state") or str(before.get("state", ""))
    way = int(str(work.get("add_way") or before.get("add_way") or (1 if state else 2)))
    relate(world, corpid, userid, uid, at, state, way, half=half, before=before)
    told: dict[str, object] = {"state": state}
    told |= {name: work[name] for name in ("config_id", "link_id") if work.get(name)}
    if work.get("link_id"):
        note(world, corpid, userid, uid, {"link_id": work["link_id"]})
        acquisition.acquired(world, corpid, uid, at)
    world.log("act", "add_member", at, account=corpid, person=person, uid=uid, key=userid, data=told)
    fields: list[tuple[str, object]] = [
        ("Event", "change_external_contact"),
        ("ChangeType", "add_half_external_contact" if half else "add_external_contact"),
        ("UserID", userid),
        ("ExternalUserID", uid),
    ]
    if state:
        fields.append(("State", state))
    welcomed = before and world.db.one(
        "select 1 from welcome where corpid = ? and userid = ? and uid = ? and sent_at is not null", corpid, userid, uid
    )
    own = json.loads(member["data"]).get("console_welcome")
    asked = archive.has_seat(world, corpid, userid) and not archive.agreed(world, corpid, userid, uid)
    if not welcomed and not own and not asked:
        fields.append(("WelcomeCode", _welcome_code(world, corpid, userid, uid, at)))
    raise_wecom(world, corpid, uid, at, fields)


def _welcome_code(world: World, corpid: str, userid: str, uid: str, at: int) -> str:
    code = token_text("welcome", corpid, userid, uid, at, size=43)
    world.db.run(
        "insert or replace into welcome (code, corpid, userid, uid, at, machine) values (?, ?, ?, ?, ?, ?)",
        code, corpid, userid, uid, at, world.clock.short(),
    )  # fmt: skip
    return code


def relate(
    world: World, corpid: str, userid: str, uid: str, at: int, state: str, add_way: int, *, half: bool = False,
    before: Mapping[str, object] | None = None,
) -> None:  # fmt: skip
    """Writes the relation member - customer; what was noted in a half one stays. Raises nothing."""
    world.db.run("update contact set customer = 1 where corpid = ? and external_userid = ?", corpid, uid)
    data: dict[str, object] = {
        "remark": "",
        "description": "",
        "state": state,
        "add_way": add_way,
        "remark_mobiles": [],
        "remark_company": "",
        "tags": [],
    }
    data |= {name: (before or {})[name] for name in data.keys() - {"state", "add_way"} if name in (before or {})}
    if half:
        data["half"] = True
    world.db.run(
        "insert or replace into follow (corpid, userid, external_userid, at, data, ended) values (?, ?, ?, ?, ?, '')",
        corpid, userid, uid, at, dumps(data),
    )  # fmt: skip


def way_of(world: World, config_id: str) -> tuple[str, dict[str, object]] | None:
    """(corpid, data) of a contact way."""
    row = world.db.one("select corpid, data from contact_way where config_id = ?", config_id)
    return (str(row["corpid"]), dict(json.loads(row["data"]))) if row else None


def scan_way(world: World, work: Work, at: int) -> None:
    """Scans a contact way (联系我): adds one of its members, at once or, with verification, when the member accepts.

    Members who left, are stopped or full are passed over; nobody left is logged as `scan_refused`.
    """
    person, config_id = int(str(work["person"])), _text(work, "config_id")
    found = way_of(world, config_id)
    if found is None:
        raise Unknown(f"contact way {config_id}")
    corpid, way = found
    uid = world.external_userid(corpid, person)
    userid = picked(world, corpid, uid, way, f"{config_id}|{person}")
    told = {"state": way["state"], "userid": userid}
    act = "scan_way" if userid else "scan_refused"
    world.log("act", act, at, account=corpid, person=person, uid=uid, key=config_id, data=told)
    if not userid:
        return
    added: dict[str, object] = {
        "person": person, "act": "add_member", "corpid": corpid, "userid": userid, "state": way["state"],
        "add_way": 1, "config_id": config_id, "half": bool(work.get("half")),
    }  # fmt: skip
    if way["skip_verify"]:
        add_member(world, added, at)
    else:
        wait = 5_000 + int(unit(world.seed, person, "accept", f"{config_id}|{at}") * ACCEPT_MS)
        world.schedule(world.grained(at + wait), "act", person, added)


def picked(world: World, corpid: str, uid: str, way: dict[str, object], key: str) -> str:
    """The member that a scan leads to, "" when nobody can take the customer. The platform promises no rotation."""
    mine = {
        str(r[0])
        for r in world.db.all(
            "select userid from follow where corpid = ? and external_userid = ? and ended = ''", corpid, uid
        )
    }
    ready = [userid for userid in members_of(world, corpid, way) if userid in mine or _has_room(world, corpid, userid)]
    if way.get("is_exclusive") and mine:
        ready = [userid for userid in ready if userid in mine]
    return ready[int(unit(world.seed, 0, "way", f"{corpid}|{key}") * len(ready))] if ready else ""


def members_of(world: World, corpid: str, way: dict[str, object]) -> list[str]:
    """The active members that a contact way or link names, those of its departments (and below) included, sorted."""
    users, parties = way.get("user"), way.get("party")
    named = {str(u) for u in users} if isinstance(users, list) else set()
    inside = {int(str(p)) for p in parties} if isinstance(parties, list) else set()
    if inside:
        places = [
            json.loads(r[0]) for r in world.db.all("select data from department where corpid = ? order by id", corpid)
        ]
        for _ in places:
            inside |= {int(str(d["id"])) for d in places if d.get("parentid") in inside}
    found: list[str] = []
    for row in world.db.all("select data from member where corpid = ? order by userid", corpid):
        member = json.loads(row[0])
        active = member.get("status", 1) == 1 and member.get("follow_user", True)
        if active and (member["userid"] in named or inside & set(member.get("department") or [1])):
            found.append(str(member["userid"]))
    return found


def _has_room(world: World, corpid: str, userid: str) -> bool:
    row = world.db.one("select data from member where corpid = ? and userid = ?", corpid, userid)
    most = int(str(json.loads(row[0]).get("customer_limit", CUSTOMERS))) if row else 0
    have = "select count(*) from follow where corpid = ? and userid = ? and ended <> 'by_member'"
    return world.db.value(have, corpid, userid) < most


def delete_member(world: World, work: Work, at: int) -> None:
    """The customer deletes the staff member: del_follow_user. Member-side reads go on working."""
    corpid, userid, person = _text(work, "corpid"), _text(work, "userid"), int(str(work["person"]))
    uid = world.external_userid(corpid, person)
    changed = world.db.run(
        "update follow set ended = 'by_customer' where corpid = ? and userid = ? and external_userid = ? and "
        "ended = ''",
        corpid,
        userid,
        uid,
    )
    if changed:
        world.log("act", "delete_member", at, account=corpid, person=person, uid=uid, key=userid)
        fields = [
            ("Event", "change_external_contact"),
            ("ChangeType", "del_follow_user"),
            ("UserID", userid),
            ("ExternalUserID", uid),
        ]
        raise_wecom(world, corpid, uid, at, fields)


def note(world: World, corpid: str, userid: str, uid: str, changes: Mapping[str, object]) -> dict[str, object]:
    """Notes something of a standing relation; returns what is noted of it then, {} when it does not stand."""
    where = "where corpid = ? and userid = ? and external_userid = ? and ended = ''"
    row = world.db.one(f"select data from follow {where}", corpid, userid, uid)  # noqa: S608  # only names of our own in the text
    if row is None:
        return {}
    data: dict[str, object] = json.loads(row["data"]) | dict(changes)
    world.db.run(f"update follow set data = ? {where}", dumps(data), corpid, userid, uid)  # noqa: S608  # only names of our own in the text
    return data


def chat(world: World, work: Work, at: int) -> None:
    """Writes to a staff member. WeCom tells applications nothing of it, except of those who came by a link."""
    corpid, userid, person = _text(work, "corpid"), _text(work, "userid"), int(str(work["person"]))
    uid = world.external_userid(corpid, person)
    noted = note(world, corpid, userid, uid, {"talk_at": at})
    if not noted:
        return
    noted = note(world, corpid, userid, uid, {"said": int(str(noted.get("said") or 0)) + 1})
    world.log(
        "act", "chat", at, account=corpid, person=person, uid=uid, key=_text(work, "text"), data={"userid": userid}
    )
    archive.keep(world, corpid, userid, uid, at, _text(work, "text"), by_member=False)
    acquisition.spoke(world, corpid, userid, uid, noted, at)


def agree(world: World, work: Work, at: int) -> None:
    """The customer agrees to archiving: msg_audit_approved, with the welcome code that the add did not carry."""
    corpid, userid, person = _text(work, "corpid"), _text(work, "userid"), int(str(work["person"]))
    uid = world.external_userid(corpid, person)
    noted = note(world, corpid, userid, uid, {"agreed": True})
    if not noted:
        return
    world.log("act", "agree_archive", at, account=corpid, person=person, uid=uid, key=userid)
    fields: list[tuple[str, object]] = [("Event", "change_external_contact"), ("ChangeType", "msg_audit_approved")]
    fields += [("UserID", userid), ("ExternalUserID", uid)]
    had = "select 1 from welcome where corpid = ? and userid = ? and uid = ?"
    if world.db.one(had, corpid, userid, uid) is None:
        fields.append(("WelcomeCode", _welcome_code(world, corpid, userid, uid, at)))
    raise_wecom(world, corpid, uid, at, fields)


def _write(world: World, corpid: str, userid: str, work: Work, at: int) -> None:
    """A member writes to a customer by hand. Raises Unknown without a relation."""
    person = world.person(str(work["person"]))
    uid = world.external_userid(corpid, person)
    if not note(world, corpid, userid, uid, {"talk_at": at}):
        raise Unknown(f"relation {userid} - {uid}")
    world.log("act", "member_chat", at, account=corpid, uid=userid, key=uid)
    hand_over_pieces(
        world, account=corpid, userid=userid, route="staff_chat", manner="member",
        msgid=f"h{world.counter('staff_chat')}", contents=[Content("", _text(work, "text"))], to=[(person, uid)], at=at,
        greeting=True,
    )  # fmt: skip


def staff(world: World, corpid: str, userid: str, work: Work, at: int) -> None:
    """A staff member's own acts in the WeCom client, as docs/sandbox.md lists them. Raises Unknown."""
    row = world.db.one("select data from member where corpid = ? and userid = ?", corpid, userid)
    if row is None:
        raise Unknown(f"member {userid} of {corpid}")
    act = _text(work, "act")
    if act == "leave":
        data = json.loads(row["data"]) | {"status": 5}
        world.db.run("update member set data = ? where corpid = ? and userid = ?", dumps(data), corpid, userid)
        world.log("act", "member_leave", at, account=corpid, uid=userid)
        fields: list[tuple[str, object]] = [
            ("Event", "change_contact"),
            ("ChangeType", "delete_user"),
            ("UserID", userid),
        ]
        raise_wecom(world, corpid, userid, at, fields, contacts=False)
        return
    if act in tags.ACTS:
        tags.by_hand(world, corpid, userid, work, at)
        return
    deeds = {"confirm": broadcasts.by_hand, "publish": moments.by_hand, "kf_reply": kf.reply, "chat": _write}
    if act in deeds:
        deeds[act](world, corpid, userid, work, at)
        return
    uid = world.external_userid(corpid, world.person(str(work["person"])))
    kept = world.db.one(
        "select data from follow where corpid = ? and userid = ? and external_userid = ?", corpid, userid, uid
    )
    if kept is None or act not in ("remark", "delete_customer"):
        raise Unknown(f"relation {userid} - {uid}" if kept is None else f"act {act}")
    where = (corpid, userid, uid)
    if act == "remark":
        changed = dumps(json.loads(kept["data"]) | {"remark": _text(work, "remark")})
        world.db.run(
            "update follow set data = ? where corpid = ? and userid = ? and external_userid = ?", changed, *where
        )
    else:
        world.db.run(
            "update follow set ended = 'by_member' where corpid = ? and userid = ? and external_userid = ?", *where
        )
    world.log("act", f"member_{act}", at, account=corpid, uid=userid, key=uid)
    change = "edit_external_contact" if act == "remark" else "del_external_contact"
    raise_wecom(
        world, corpid, uid, at,
        [("Event", "change_external_contact"), ("ChangeType", change), ("UserID", userid), ("ExternalUserID", uid)],
    )  # fmt: skip
