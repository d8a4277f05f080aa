"""Broadcasts (企业群发): tasks for members, reminders, cancelling, results."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping

from sandbox import broadcasts
from sandbox.api import Call, Endpoint
from sandbox.errors import Refused
from sandbox.relations import members_of
from sandbox.store import dumps
from sandbox.tags import names
from sandbox.wecom import cursors
from sandbox.wecom.attachments import pieces
from sandbox.wecom.directory import OK, members
from sandbox.world import token_text

CUSTOMERS, CHATS, TAG_GROUPS, TAGS = 10_000, 2_000, 100, 100
REMINDERS, DAY_MS, MONTH_S = 3, 86_400_000, 31 * 86_400
DISPATCH_MS = 300  # a task asked for sooner is still being dispatched

Targets = dict[str, list[str]]


def add(call: Call) -> Mapping[str, object]:
    """A broadcast: a task for each member concerned; nothing is sent before they confirm."""
    kind = call.body.get("chat_type", "single")
    if kind not in ("single", "group"):
        raise Refused(40035, "chat_type")
    if not isinstance(call.body.get("allow_select", False), bool):
        raise Refused(40035, "allow_select")
    sender = call.body.get("sender") or ""
    if sender and sender not in _active(call):
        raise Refused(40003, "sender")
    contents = pieces(call)
    targets, failed = _chats(call, str(sender)) if kind == "group" else _customers(call, str(sender))
    if not targets:
        raise Refused(41048, extra={"fail_list": failed})
    msgid = "msg" + token_text("broadcast", call.account, call.world.counter("broadcast"), call.at, size=29)
    kept = {
        "text": call.body.get("text") or {}, "attachments": call.body.get("attachments") or [],
        "pieces": [[c.title, c.text, c.url] for c in contents],
    }  # fmt: skip
    db = call.world.db
    db.run(
        "insert into broadcast (msgid, corpid, agentid, chat_type, created, machine, data) "
        "values (?, ?, ?, ?, ?, ?, ?)",
        msgid, call.account, call.agentid, str(kind), call.at, call.world.clock.short(), dumps(kept),
    )  # fmt: skip
    db.many("insert into broadcast_task (msgid, userid) values (?, ?)", [(msgid, userid) for userid in targets])
    db.many(
        "insert into broadcast_target (msgid, userid, target) values (?, ?, ?)",
        [(msgid, userid, target) for userid, those in targets.items() for target in those],
    )
    if len(broadcasts.over_quota(call.world, call.account, msgid, call.at)) == sum(map(len, targets.values())):
        raise Refused(41048, extra={"fail_list": failed})
    broadcasts.appear(call.world, call.account, msgid, sorted(targets), contents, call.at)
    return OK | {"fail_list": failed, "msgid": msgid}


def _active(call: Call) -> list[str]:
    everybody = [str(m["userid"]) for m in members(call.world, call.account)]
    return members_of(call.world, call.account, {"user": everybody, "party": []})


def _chats(call: Call, sender: str) -> tuple[Targets, list[str]]:
    if not sender:
        raise Refused(40058, "sender")
    mine = [
        str(r["chat_id"])
        for r in call.world.db.all("select chat_id, data from chat where corpid = ? order by chat_id", call.account)
        if json.loads(r["data"])["owner"] == sender and not json.loads(r["data"]).get("dismissed")
    ]
    if not call.body.get("chat_id_list"):
        return ({sender: mine} if mine else {}), []
    wanted = list(dict.fromkeys(call.ids("chat_id_list", CHATS)))
    chosen = [c for c in wanted if c in mine]
    return ({sender: chosen} if chosen else {}), [c for c in wanted if c not in mine]


def _customers(call: Call, sender: str) -> tuple[Targets, list[str]]:
    """Each customer's one member: the sender, or who spoke with the customer last. And who cannot be reached."""
    listed, wanted_tags = call.body.get("external_userid"), _tag_filter(call)
    wanted = list(dict.fromkeys(call.ids("external_userid", CUSTOMERS))) if listed else []
    if not sender and not wanted and not wanted_tags:
        raise Refused(40058, "sender, external_userid or tag_filter")
    allowed = {sender} if sender else set(_active(call))
    sql = "select userid, external_userid, at, data from follow where corpid = ? and ended <> 'by_member'"
    if wanted:
        sql += " and external_userid in (select value from json_each(?))"
    if sender:
        sql += " and userid = ?"
    rows = call.world.db.all(sql, call.account, *([dumps(wanted)] if wanted else []), *([sender] if sender else []))
    best: dict[str, tuple[int, str]] = {}
    for row in rows:
        if row["userid"] not in allowed or not (wanted or _tagged(row, wanted_tags)):
            continue
        spoke = max(row["at"], int(str(json.loads(row["data"]).get("talk_at") or 0)))
        best[row["external_userid"]] = max(best.get(row["external_userid"], (-1, "")), (spoke, row["userid"]))
    targets: Targets = {}
    for uid in sorted(best):
        targets.setdefault(best[uid][1], []).append(uid)
    return targets, [uid for uid in wanted if uid not in best]


def _tag_filter(call: Call) -> list[list[str]]:
    given = call.body.get("tag_filter")
    if not given:
        return []
    groups = given.get("group_list") if isinstance(given, dict) else None
    if not isinstance(groups, list) or len(groups) > TAG_GROUPS:
        raise Refused(40035, "tag_filter")
    found: list[list[str]] = []
    for group in groups:
        tags = group.get("tag_list") if isinstance(group, dict) else None
        if not isinstance(tags, list) or not 1 <= len(tags) <= TAGS:
            raise Refused(40035, "tag_filter")
        found.append([str(t) for t in tags])
    if {tag for group in found for tag in group} - names(call.world, call.account).keys():
        raise Refused(40068)
    return found


def _tagged(row: sqlite3.Row, groups: list[list[str]]) -> bool:
    has = {t.get("tag_id") for t in json.loads(row["data"]).get("tags", [])} if groups else set()
    return all(has & set(group) for group in groups)


def _broadcast(call: Call) -> sqlite3.Row:
    msgid = call.text("msgid", 41046)
    row = call.world.db.one("select * from broadcast where msgid = ? and corpid = ?", msgid, call.account)
    if row is None:
        raise Refused(41047)
    return row


def _dispatched(call: Call) -> sqlite3.Row:
    row = _broadcast(call)
    if call.fresh(row, DISPATCH_MS):
        raise Refused(41063)
    return row


def remind(call: Call) -> Mapping[str, object]:
    """Reminds who has not confirmed; at most 3 times in 24 hours."""
    row = _broadcast(call)
    if row["cancelled"]:
        raise Refused(41093)
    past = json.loads(row["reminded"])
    recent = [at for at in past if at > call.at - DAY_MS]
    if len(recent) >= REMINDERS:
        raise Refused(41094)
    call.world.db.run("update broadcast set reminded = ? where msgid = ?", dumps([*recent, call.at]), row["msgid"])
    broadcasts.remind(call.world, call.account, row["msgid"], call.at)
    return OK


def cancel(call: Call) -> Mapping[str, object]:
    """Stops what is not sent yet; what was sent stays sent."""
    row = _broadcast(call)
    if row["cancelled"]:
        raise Refused(41093)
    call.world.db.run("update broadcast set cancelled = 1 where msgid = ?", row["msgid"])
    return OK


def listed(call: Call) -> Mapping[str, object]:
    """Broadcasts made in a span of at most a month; all are the corp's (create_type 0) and the API's (no creator)."""
    kind = call.text("chat_type", 40058)
    start, end = call.number("start_time", -1, 0, 1 << 40), call.number("end_time", -1, 0, 1 << 40)
    if kind not in ("single", "group") or not start <= end <= start + MONTH_S:
        raise Refused(40035)
    limit, which = call.number("limit", 50, 1, 100), call.number("filter_type", 2, 0, 2)
    if which == 1 or call.body.get("creator"):
        return OK | {"next_cursor": "", "group_msg_list": []}
    after = int(str(cursors.read(call, "broadcasts", call.body.get("cursor")) or 0))
    rows = call.world.db.all(
        "select rowid, * from broadcast where corpid = ? and chat_type = ? and created between ? and ? and rowid > ? "
        "order by rowid limit ?", call.account, kind, start * 1000, end * 1000 + 999, after, limit + 1,
    )  # fmt: skip
    page = rows[:limit]
    cursor = cursors.issue(call, "broadcasts", page[-1]["rowid"]) if len(rows) > limit else ""
    shown = []
    for row in page:
        data = json.loads(row["data"])
        shown.append(
            {"msgid": row["msgid"], "create_time": row["created"] // 1000, "create_type": 0, "text": data["text"],
             "attachments": data["attachments"]}
        )  # fmt: skip
    return OK | {"next_cursor": cursor, "group_msg_list": shown}


def _timed(row: sqlite3.Row, made: dict[str, object]) -> dict[str, object]:
    return made | ({"send_time": row["sent_at"] // 1000} if row["sent_at"] is not None else {})


def tasks(call: Call) -> Mapping[str, object]:
    """The members' tasks of a broadcast."""
    msgid, limit = _dispatched(call)["msgid"], call.number("limit", 500, 1, 1000)
    after = str(cursors.read(call, f"tasks:{msgid}", call.body.get("cursor")) or "")
    rows = call.world.db.all(
        "select * from broadcast_task where msgid = ? and userid > ? order by userid limit ?", msgid, after, limit + 1
    )
    page = rows[:limit]
    cursor = cursors.issue(call, f"tasks:{msgid}", page[-1]["userid"]) if len(rows) > limit else ""
    shown = [_timed(r, {"userid": r["userid"], "status": r["status"]}) for r in page]
    return OK | {"next_cursor": cursor, "task_list": shown}


def results(call: Call) -> Mapping[str, object]:
    """What became of one member's recipients: 0 not sent, 1 sent, 2 no friend any more, 3 quota used up."""
    row = _dispatched(call)
    msgid, userid, limit = row["msgid"], call.text("userid", 40003), call.number("limit", 500, 1, 1000)
    if call.world.db.one("select 1 from broadcast_task where msgid = ? and userid = ?", msgid, userid) is None:
        raise Refused(40003)
    after = str(cursors.read(call, f"results:{msgid}:{userid}", call.body.get("cursor")) or "")
    rows = call.world.db.all(
        "select * from broadcast_target where msgid = ? and userid = ? and target > ? order by target limit ?",
        msgid, userid, after, limit + 1,
    )  # fmt: skip
    page = rows[:limit]
    cursor = cursors.issue(call, f"results:{msgid}:{userid}", page[-1]["target"]) if len(rows) > limit else ""
    named = "chat_id" if row["chat_type"] == "group" else "external_userid"
    shown = [_timed(r, {named: r["target"], "userid": userid, "status": r["status"]}) for r in page]
    return OK | {"next_cursor": cursor, "send_list": shown}


ENDPOINTS = [
    Endpoint("wecom", "POST", "/cgi-bin/externalcontact/add_msg_template", add, "callable"),
    Endpoint("wecom", "POST", "/cgi-bin/externalcontact/get_groupmsg_list_v2", listed, "callable"),
    Endpoint("wecom", "POST", "/cgi-bin/externalcontact/get_groupmsg_task", tasks, "callable"),
    Endpoint("wecom", "POST", "/cgi-bin/externalcontact/get_groupmsg_send_result", results, "callable"),
    Endpoint("wecom", "POST", "/cgi-bin/externalcontact/remind_groupmsg_send", remind, "callable"),
    Endpoint("wecom", "POST", "/cgi-bin/externalcontact/cancel_groupmsg_send", cancel, "callable"),
]
