"""Moments (客户朋友圈): tasks, who published, who sees, likes and comments."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping

from sandbox import moments
from sandbox.api import Call, Endpoint
from sandbox.clock import month
from sandbox.errors import Refused
from sandbox.inbox import Content
from sandbox.media import media
from sandbox.relations import members_of
from sandbox.store import dumps
from sandbox.tags import names
from sandbox.wecom import cursors
from sandbox.wecom.attachments import file_content
from sandbox.wecom.directory import OK, members
from sandbox.wecom.ways import people_in
from sandbox.world import token_text

TEXT, IMAGES, SENDERS, A_MINUTE, A_MONTH = 2_000, 9, 100_000, 10, 100_000
MINUTE_MS, DAY_MS, SPAN_S, RUN_MS = 60_000, 86_400_000, 30 * 86_400, 300


def _contents(call: Call) -> list[Content]:
    text = call.body.get("text")
    words = text.get("content") if isinstance(text, dict) else ""
    if not isinstance(words, str) or len(words) > TEXT:
        raise Refused(45002)
    attached = call.body.get("attachments") or []
    if not isinstance(attached, list) or not all(isinstance(a, dict) for a in attached):
        raise Refused(40035, "attachments")
    kinds = [str(a.get("msgtype")) for a in attached]
    if set(kinds) - {"image", "video", "link"}:
        raise Refused(41065)
    if len(kinds) > IMAGES or (len(kinds) > 1 and set(kinds) != {"image"}):
        raise Refused(41064)
    found = [Content("", words)] if words else []
    found += [_attached(call, kind, one.get(kind)) for kind, one in zip(kinds, attached, strict=True)]
    if not found:
        raise Refused(40063)
    return found


def _attached(call: Call, kind: str, part: object) -> Content:
    if not isinstance(part, dict):
        raise Refused(40058, kind)
    if kind != "link":
        return file_content(kind, media(call.world, call.account, part.get("media_id"), (f"moment_{kind}",), call.at))
    url = part.get("url")
    if not isinstance(url, str) or not url or len(url.encode()) > 2_048:
        raise Refused(40058, "url")
    media(call.world, call.account, part.get("media_id"), ("moment_image",), call.at)
    return Content(str(part.get("title") or ""), "", url)


def _reach(call: Call) -> tuple[list[str], list[str], dict[str, object]]:
    """(members, tags, invalid members) of the visible_range; without senders everybody."""
    reach = call.body.get("visible_range") or {}
    senders = reach.get("sender_list") if isinstance(reach, dict) else None
    wanted = reach.get("external_contact_list") if isinstance(reach, dict) else None
    tags = wanted.get("tag_list") if isinstance(wanted, dict) else []
    if not isinstance(tags, list):
        raise Refused(40035, "tag_list")
    if not isinstance(senders, dict):
        everybody = [str(m["userid"]) for m in members(call.world, call.account)]
        return members_of(call.world, call.account, {"user": everybody, "party": []}), tags, {}
    users = senders.get("user_list") or []
    if not isinstance(users, list):
        raise Refused(40031)
    known = {m["userid"] for m in members(call.world, call.account)}
    chosen = people_in(call, [u for u in users if u in known], senders.get("department_list"), SENDERS, 40032)
    return members_of(call.world, call.account, chosen), tags, {"user_list": [u for u in users if u not in known]}


def add(call: Call) -> Mapping[str, object]:
    """A task for members; the job says later what became of it. 10 a minute, 100,000 a month."""
    contents = _contents(call)
    userids, tags, invalid = _reach(call)
    db = call.world.db
    bad = [t for t in tags if t not in names(call.world, call.account)]
    if not userids:
        raise Refused(81013)
    now = call.world.clock.short()
    minute = "select count(*) from moment where corpid = ? and machine > ? and machine <= ?"
    if db.value(minute, call.account, now - MINUTE_MS, now) >= A_MINUTE:
        raise Refused(45009)
    used = db.value(
        "insert into quota (account, api, day, n) values (?, 'moments', ?, 1) on conflict (account, api, day) "
        "do update set n = n + 1 returning n", call.account, month(call.at),
    )  # fmt: skip
    if used > A_MONTH:
        raise Refused(41210)
    number = call.world.counter("moment")
    moment_id, jobid = (p + token_text(p, call.account, number, call.at, size=28) for p in ("mom", "job"))
    kept = {
        "text": call.body.get("text") or {}, "attachments": call.body.get("attachments") or [],
        "pieces": [[c.title, c.text, c.url] for c in contents], "tags": [t for t in tags if t not in bad],
        "partial": bool(tags), "invalid": invalid, "invalid_tags": bad,
    }  # fmt: skip
    db.run(
        "insert into moment (moment_id, jobid, corpid, created, machine, data) values (?, ?, ?, ?, ?, ?)",
        moment_id, jobid, call.account, call.at, now, dumps(kept),
    )  # fmt: skip
    db.many("insert into moment_task (moment_id, userid) values (?, ?)", [(moment_id, userid) for userid in userids])
    moments.appear(call.world, call.account, moment_id, call.at)
    return OK | {"jobid": jobid}


def result(call: Call) -> Mapping[str, object]:
    """What became of a job, for 24 hours: 2 running for a moment, then 3 with the moment's id."""
    row = call.world.db.one(
        "select * from moment where corpid = ? and jobid = ?", call.account, call.query.get("jobid", "")
    )
    if row is None or call.at - row["created"] > DAY_MS:
        raise Refused(40058, "jobid")
    if call.fresh(row, RUN_MS):
        return OK | {"status": 2, "type": "add_moment_task"}
    data = json.loads(row["data"])
    done: dict[str, object] = {"errcode": 0, "errmsg": "ok", "moment_id": row["moment_id"]}
    done |= {
        "invalid_sender_list": data["invalid"],
        "invalid_external_contact_list": {"tag_list": data["invalid_tags"]} if data["invalid_tags"] else {},
    }
    return OK | {"status": 3, "type": "add_moment_task", "result": done}


def _moment(call: Call) -> sqlite3.Row:
    row = call.world.db.one(
        "select * from moment where corpid = ? and moment_id = ?", call.account, call.text("moment_id", 40058)
    )
    if row is None:
        raise Refused(40058, "moment_id")
    return row


def cancel(call: Call) -> Mapping[str, object]:
    """Stops who has not published yet."""
    call.world.db.run("update moment set cancelled = 1 where moment_id = ?", _moment(call)["moment_id"])
    return OK


def listed(call: Call) -> Mapping[str, object]:
    """Moments made in a span of at most 30 days, up to 20 a page; all are the corp's."""
    start, end = call.number("start_time", -1, 0, 1 << 40), call.number("end_time", -1, 0, 1 << 40)
    if not start <= end <= start + SPAN_S:
        raise Refused(40035, "start_time")
    limit, which = call.number("limit", 20, 1, 20), call.number("filter_type", 2, 0, 2)
    after = int(str(cursors.read(call, "moments", call.body.get("cursor")) or 0))
    rows = call.world.db.all(
        "select rowid, * from moment where corpid = ? and created between ? and ? and rowid > ? and ? <> 1 order by "
        "rowid limit ?", call.account, start * 1000, end * 1000 + 999, after, which, limit + 1,
    )  # fmt: skip
    page, shown = rows[:limit], []
    for row in page:
        data = json.loads(row["data"])
        shown.append(
            {"moment_id": row["moment_id"], "create_time": row["created"] // 1000, "create_type": 0,
             "visible_type": 0 if data["partial"] else 1, "text": data["text"]}
        )  # fmt: skip
    cursor = cursors.issue(call, "moments", page[-1]["rowid"]) if len(rows) > limit else ""
    return OK | {"moment_list": shown, "next_cursor": cursor}


def tasks(call: Call) -> Mapping[str, object]:
    """Who has published."""
    moment_id, limit = _moment(call)["moment_id"], call.number("limit", 500, 1, 1_000)
    after = str(cursors.read(call, f"moment:{moment_id}", call.body.get("cursor")) or "")
    rows = call.world.db.all(
        "select userid, status from moment_task where moment_id = ? and userid > ? order by userid limit ?",
        moment_id, after, limit + 1,
    )  # fmt: skip
    page = rows[:limit]
    cursor = cursors.issue(call, f"moment:{moment_id}", page[-1]["userid"]) if len(rows) > limit else ""
    return OK | {
        "task_list": [{"userid": r["userid"], "publish_status": r["status"]} for r in page], "next_cursor": cursor,
    }  # fmt: skip


def _paged(call: Call, purpose: str, uids: list[str], most: int, default: int) -> tuple[list[str], str]:
    limit = call.number("limit", default, 1, most)
    after = str(cursors.read(call, purpose, call.body.get("cursor")) or "")
    rest = [uid for uid in uids if uid > after]
    page = rest[:limit]
    return page, cursors.issue(call, purpose, page[-1]) if len(rest) > limit else ""


def may_see(call: Call) -> Mapping[str, object]:
    """The customers of a member who may see it."""
    row, userid = _moment(call), call.text("userid", 40003)
    uids = sorted(uid for _, uid in moments.visible(call.world, call.account, userid, json.loads(row["data"])))
    page, cursor = _paged(call, f"may:{row['moment_id']}:{userid}", uids, 1_000, 500)
    return OK | {"customer_list": [{"userid": userid, "external_userid": u} for u in page], "next_cursor": cursor}


def reached(call: Call) -> Mapping[str, object]:
    """The customers in whose feed it is."""
    row, userid = _moment(call), call.text("userid", 40003)
    found = call.world.db.all(
        "select uid from moment_seen where moment_id = ? and userid = ? order by uid", row["moment_id"], userid
    )
    page, cursor = _paged(call, f"seen:{row['moment_id']}:{userid}", [str(r[0]) for r in found], 5_000, 3_000)
    return OK | {"customer_list": [{"external_userid": u} for u in page], "next_cursor": cursor}


def comments(call: Call) -> Mapping[str, object]:
    """Who commented and who liked."""
    row, userid = _moment(call), call.text("userid", 40003)
    found = call.world.db.all(
        "select * from moment_reaction where moment_id = ? and userid = ? order by at, uid", row["moment_id"], userid
    )
    shown: dict[str, list[dict[str, object]]] = {"comment": [], "like": []}
    for one in found:
        shown[one["kind"]].append({"external_userid": one["uid"], "create_time": one["at"] // 1000})
    return OK | {"comment_list": shown["comment"], "like_list": shown["like"]}


ENDPOINTS = [
    Endpoint("wecom", "POST", "/cgi-bin/externalcontact/add_moment_task", add, "callable"),
    Endpoint("wecom", "GET", "/cgi-bin/externalcontact/get_moment_task_result", result, "callable"),
    Endpoint("wecom", "POST", "/cgi-bin/externalcontact/cancel_moment_task", cancel, "callable"),
    Endpoint("wecom", "POST", "/cgi-bin/externalcontact/get_moment_list", listed, "callable"),
    Endpoint("wecom", "POST", "/cgi-bin/externalcontact/get_moment_task", tasks, "callable"),
    Endpoint("wecom", "POST", "/cgi-bin/externalcontact/get_moment_customer_list", may_see, "callable"),
    Endpoint("wecom", "POST", "/cgi-bin/externalcontact/get_moment_send_result", reached, "callable"),
    Endpoint("wecom", "POST", "/cgi-bin/externalcontact/get_moment_comments", comments, "callable"),
]
