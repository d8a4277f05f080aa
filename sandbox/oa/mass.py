"""Mass sends: accepted at once, delivered a little later, reported by MASSSENDJOBFINISH."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping

from sandbox.api import Call, Endpoint
from sandbox.callbacks import raise_oa
from sandbox.clock import day, month
from sandbox.engine import Engine, Work
from sandbox.errors import Refused
from sandbox.inbox import Content, hand_over
from sandbox.oa.content import mass_content
from sandbox.oa.custom import follower
from sandbox.store import dumps
from sandbox.world import World

DELIVER_MS, FINISH_MS = 10_000, 60_000
A_MINUTE, A_MONTH, A_DAY, PREVIEWS_A_DAY = 60, 4, 100, 100


def _accept(call: Call, to_all: bool, target: Mapping[str, object]) -> Mapping[str, object]:
    world, db = call.world, call.world.db
    content = mass_content(call)
    client = call.body.get("clientmsgid") or ""
    if not isinstance(client, str) or len(client.encode()) > 64:
        raise Refused(45067)
    if client:
        old = db.one("select msg_id from mass where appid = ? and clientmsgid = ?", call.account, client)
        if old is not None:
            raise Refused(45065, extra={"msg_id": old["msg_id"], "msg_data_id": old["msg_id"] + 10**9})
    _minute(call)
    today = day(call.at)
    rows = db.all("select at, to_all from mass where appid = ? and at > ?", call.account, call.at - 86_400_000)
    same_day = [row for row in rows if day(row["at"]) == today]
    if (to_all and any(row["to_all"] for row in same_day)) or (
        world.oa[call.account].get("kind") == "sub" and same_day
    ):
        raise Refused(45028)
    msg_id = 1_000_000_000 + world.counter("mass")
    db.run(
        "insert into mass (msg_id, appid, clientmsgid, to_all, at, status, content, target) values (?, ?, ?, ?, "
        "?, 'SENDING', ?, ?)",
        msg_id, call.account, client, int(to_all), call.at, dumps(dataclasses.asdict(content)), dumps(target),
    )  # fmt: skip
    world.schedule(call.at + DELIVER_MS, "mass", msg_id, {"msg_id": msg_id})
    return {"errcode": 0, "errmsg": "send job submission success", "msg_id": msg_id, "msg_data_id": msg_id + 10**9}


def _minute(call: Call) -> None:
    """At most 60 accepted calls in any 60 s of machine time."""
    name, now = f"mass_minute:{call.account}", call.world.clock.short()
    kept = call.world.db.setting(name, [])
    recent = [t for t in kept if now - t < 60_000] if isinstance(kept, list) else []
    if len(recent) >= A_MINUTE:
        raise Refused(45011)
    call.world.db.keep(name, [*recent, now])


def send(call: Call) -> Mapping[str, object]:
    """To 2 to 10,000 openids."""
    openids = call.ids("touser", 10_000, 40032, 2)
    return _accept(call, False, {"openids": list(dict.fromkeys(openids))})


def send_all(call: Call) -> Mapping[str, object]:
    """To all followers or a tag's."""
    chosen = call.part("filter", 40035)
    if chosen.get("is_to_all") is True:
        return _accept(call, True, {"all": True})
    tag = chosen.get("tag_id")
    if isinstance(tag, str) and tag.isdigit():
        tag = int(tag)
    if not isinstance(tag, int) or not call.world.db.one(
        "select 1 from oa_tag where appid = ? and id = ?", call.account, tag
    ):
        raise Refused(45159)
    return _accept(call, False, {"tag": tag})


def preview(call: Call) -> Mapping[str, object]:
    """To one follower at once; 100 a day, outside the follower's monthly four."""
    user = follower(call, call.text("touser", 40003))
    content = mass_content(call)
    msg_id = 1_000_000_000 + call.world.counter("mass")
    hand_over(
        call.world, account=call.account, route="oa_preview", manner="mass", msgid=str(msg_id), content=content,
        to=[(user["person"], user["openid"])], at=call.at, answer=True,
    )  # fmt: skip
    return {"errcode": 0, "errmsg": "preview success", "msg_id": msg_id}


def _known(call: Call) -> dict[str, object]:
    value = call.body.get("msg_id")
    if isinstance(value, str) and value.isdigit():
        value = int(value)
    row = call.world.db.one(
        "select * from mass where appid = ? and msg_id = ?", call.account, value if isinstance(value, int) else -1
    )
    if row is None:
        raise Refused(40059, "msg_id")
    return dict(row)


def status(call: Call) -> Mapping[str, object]:
    """SENDING, SEND_SUCCESS or DELETE."""
    row = _known(call)
    return {"msg_id": row["msg_id"], "msg_status": row["status"]}


def delete(call: Call) -> Mapping[str, object]:
    """Deletes a sent article or video; people who have it keep the receipt."""
    row = _known(call)
    call.world.db.run("update mass set status = 'DELETE' where msg_id = ?", int(str(row["msg_id"])))
    return {"errcode": 0, "errmsg": "ok"}


def _audience(
    world: World, appid: str, target: Mapping[str, object], span: str
) -> tuple[int, list[tuple[int, str, int, int]]]:
    """(people asked for, followers among them as (person, openid, blocked, received this month as stored))."""
    columns = "u.person, u.openid, u.blocked, u.month, u.month_used"
    if "openids" in target:
        wanted = target["openids"]
        assert isinstance(wanted, list)
        world.db.run("create temp table if not exists wanted (openid text primary key)")
        world.db.run("delete from wanted")
        world.db.many("insert or ignore into wanted (openid) values (?)", [(str(o),) for o in wanted])
        total = len(wanted)
        rows = world.db.all(
            f"select {columns} from wanted w join oa_user u on u.appid = ? and u.openid = w.openid where "  # noqa: S608  # only names of our own in the text
            "u.subscribed = 1",
            appid,
        )
    elif "tag" in target:
        rows = world.db.all(
            f"select {columns} from oa_user_tag t join oa_user u on u.appid = t.appid and u.openid = t.openid "  # noqa: S608  # only names of our own in the text
            "where t.appid = ? and t.tag = ? and u.subscribed = 1", appid, int(str(target["tag"])),
        )  # fmt: skip
        total = len(rows)
    else:
        rows = world.db.all(f"select {columns} from oa_user u where u.appid = ? and u.subscribed = 1", appid)  # noqa: S608  # only names of our own in the text
        total = len(rows)
    return total, [(r["person"], r["openid"], r["blocked"], r["month_used"] if r["month"] == span else 0) for r in rows]


def deliver(engine: Engine, work: Work, at: int) -> None:
    """The due delivery: to followers with less than four this month; the rest is dropped silently. Then the finish
    event.
    """
    world = engine.world
    row = world.db.one("select * from mass where msg_id = ?", int(str(work["msg_id"])))
    if row is None or row["status"] != "SENDING":
        return
    appid, msg_id = row["appid"], row["msg_id"]
    total, audience = _audience(world, appid, json.loads(row["target"]), month(at))
    monthly = world.oa[appid].get("kind", "svc") == "svc"
    kept = [one for one in audience if not monthly or one[3] < A_MONTH]
    to = [(person, openid) for person, openid, blocked, _ in kept if not blocked]
    span = month(at)
    world.db.many(
        "update oa_user set month_used = case when month = ? then month_used + 1 else 1 end, month = ? where "
        "appid = ? and openid = ?",
        [(span, span, appid, openid) for _, openid in to],
    )
    content = Content(**json.loads(row["content"]))
    hand_over(world, account=appid, route="oa_mass", manner="mass", msgid=str(msg_id), content=content, to=to, at=at)
    result = {"TotalCount": total, "FilterCount": len(kept), "SentCount": len(to), "ErrorCount": len(kept) - len(to)}
    world.db.run("update mass set result = ? where msg_id = ?", dumps(result), msg_id)
    world.log("mass", content.title or content.text[:40], at, account=appid, msgid=str(msg_id), data=result)
    world.schedule(row["at"] + FINISH_MS, "mass_done", msg_id, {"msg_id": msg_id})


def finish(engine: Engine, work: Work, at: int) -> None:
    """MASSSENDJOBFINISH with its counts."""
    world = engine.world
    row = world.db.one("select * from mass where msg_id = ?", int(str(work["msg_id"])))
    if row is None:
        return
    world.db.run("update mass set status = 'SEND_SUCCESS' where msg_id = ? and status = 'SENDING'", row["msg_id"])
    fields: list[tuple[str, object]] = [
        ("MsgType", "event"), ("Event", "MASSSENDJOBFINISH"), ("MsgID", row["msg_id"]), ("Status", "send success"),
        *json.loads(row["result"]).items(), ("CopyrightCheckResult", {"Count": 0, "ResultList": "", "CheckState": 2}),
        ("ArticleUrlResult", {"Count": 0, "ResultList": ""}),
    ]  # fmt: skip
    raise_oa(world, row["appid"], "o" + f"system{row['msg_id']}", 0, at, fields)


ENDPOINTS = [
    Endpoint("oa", "POST", "/cgi-bin/message/mass/send", send, "svc", A_DAY),
    Endpoint("oa", "POST", "/cgi-bin/message/mass/sendall", send_all, "verified", A_DAY),
    Endpoint("oa", "POST", "/cgi-bin/message/mass/preview", preview, "verified", PREVIEWS_A_DAY),
    Endpoint("oa", "POST", "/cgi-bin/message/mass/get", status, "verified"),
    Endpoint("oa", "POST", "/cgi-bin/message/mass/delete", delete, "verified", 10),
]
