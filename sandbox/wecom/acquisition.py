"""Acquisition links (获客助手): links, their customers, statistics, the balance."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping

from sandbox import acquisition
from sandbox.api import Call, Endpoint
from sandbox.errors import Refused
from sandbox.store import dumps
from sandbox.wecom import cursors
from sandbox.wecom.directory import OK
from sandbox.wecom.ways import people_in
from sandbox.world import token_text

NAME, PEOPLE, LISTED, SPAN_S, BACK_S = 30, 500, 1_000, 30 * 86_400, 180 * 86_400
BASE = "/cgi-bin/externalcontact/customer_acquisition"


def _checked(call: Call, old: Mapping[str, object]) -> dict[str, object]:
    body = call.body
    name = body.get("link_name", old.get("link_name"))
    if not isinstance(name, str) or not name:
        raise Refused(40058, "link_name")
    if len(name) > NAME:
        raise Refused(40035, "link_name")
    reach = body.get("range") or {"user_list": old.get("user_list"), "department_list": old.get("department_list")}
    if not isinstance(reach, dict):
        raise Refused(40035, "range")
    chosen = people_in(call, reach.get("user_list"), reach.get("department_list"), PEOPLE, 40032)
    if not chosen["user"] and not chosen["party"]:
        raise Refused(40058, "range")
    first = body.get("priority_option") or old.get("priority_option") or {}
    if not isinstance(first, dict) or first.get("priority_type", 1) not in (1, 2):
        raise Refused(40035, "priority_option")
    users = first.get("priority_userid_list") or []
    if not isinstance(users, list) or len(users) > LISTED or (first.get("priority_type") == 2 and not users):
        raise Refused(40035, "priority_userid_list")
    for name_of in ("skip_verify", "mark_source"):
        if not isinstance(body.get(name_of, True), bool):
            raise Refused(40035, name_of)
    return {
        "link_name": name, "user_list": chosen["user"], "department_list": chosen["party"], "priority_option": first,
        **{flag: body.get(flag, old.get(flag, True)) for flag in ("skip_verify", "mark_source")},
    }  # fmt: skip


def _row(call: Call, link_id: str) -> sqlite3.Row:
    """A link that the calling app made; others are out of its reach."""
    row = call.world.db.one(
        "select * from acquisition_link where corpid = ? and agentid = ? and link_id = ?",
        call.account, call.agentid, link_id,
    )  # fmt: skip
    if row is None:
        raise Refused(40035, "link_id")
    return row


def _shown(call: Call, row: sqlite3.Row) -> dict[str, object]:
    data = json.loads(row["data"])
    shown = {name: data[name] for name in ("link_name", "skip_verify", "mark_source")}
    return {"link_id": row["link_id"], "url": f"{call.world.url}/ca/{row['link_id']}", **shown} | {
        "create_time": row["created"]
    }


def create(call: Call) -> Mapping[str, object]:
    """A link that adds one of its members."""
    data = _checked(call, {})
    link_id = "caw" + token_text("link", call.account, call.world.counter("acquisition_link"), call.at, size=20)
    call.world.db.run(
        "insert into acquisition_link (link_id, corpid, agentid, created, data) values (?, ?, ?, ?, ?)",
        link_id, call.account, call.agentid, call.at // 1000, dumps(data),
    )  # fmt: skip
    return OK | {"link": _shown(call, _row(call, link_id))}


def get(call: Call) -> Mapping[str, object]:
    """A link with its members."""
    row = _row(call, call.text("link_id", 40058))
    data, link = json.loads(row["data"]), _shown(call, row)
    link.pop("link_id")
    reach = {"user_list": data["user_list"], "department_list": data["department_list"]}
    return OK | {"link": link, "range": reach, "priority_option": data["priority_option"]}


def listed(call: Call) -> Mapping[str, object]:
    """The links of the calling app, 100 a page."""
    limit = call.number("limit", 100, 1, 100)
    after = str(cursors.read(call, "links", call.body.get("cursor")) or "")
    rows = call.world.db.all(
        "select link_id from acquisition_link where corpid = ? and agentid = ? and link_id > ? order by link_id "
        "limit ?", call.account, call.agentid, after, limit + 1,
    )  # fmt: skip
    page = [str(r[0]) for r in rows[:limit]]
    cursor = cursors.issue(call, "links", page[-1]) if len(rows) > limit else ""
    return OK | {"link_id_list": page, "next_cursor": cursor}


def update(call: Call) -> Mapping[str, object]:
    """Changes a link; what the call does not name stays."""
    row = _row(call, call.text("link_id", 40058))
    data = _checked(call, json.loads(row["data"]))
    call.world.db.run("update acquisition_link set data = ? where link_id = ?", dumps(data), row["link_id"])
    return OK


def delete(call: Call) -> Mapping[str, object]:
    """Removes a link; without a callback, as it is done by the API."""
    row = _row(call, call.text("link_id", 40058))
    call.world.db.run("delete from acquisition_link where link_id = ?", row["link_id"])
    return OK


def customers(call: Call) -> Mapping[str, object]:
    """Who came by a link: 0 wrote nothing, 1 wrote to the member."""
    link_id, limit = _row(call, call.text("link_id", 40058))["link_id"], call.number("limit", 100, 1, 1000)
    position = cursors.read(call, f"link:{link_id}", call.body.get("cursor"))
    user, uid = position if isinstance(position, list) else ("", "")
    rows = call.world.db.all(
        "select * from follow where corpid = ? and json_extract(data, '$.link_id') = ? and ended <> 'by_member' and "
        "(userid, external_userid) > (?, ?) order by userid, external_userid limit ?",
        call.account, link_id, str(user), str(uid), limit + 1,
    )  # fmt: skip
    page, shown = rows[:limit], []
    for row in page:
        data = json.loads(row["data"])
        shown.append(
            {"external_userid": row["external_userid"], "userid": row["userid"],
             "chat_status": int(bool(data.get("said"))), "state": data["state"]}
        )  # fmt: skip
    last = [page[-1]["userid"], page[-1]["external_userid"]] if len(rows) > limit else []
    return OK | {"customer_list": shown, "next_cursor": cursors.issue(call, f"link:{link_id}", last) if last else ""}


def statistic(call: Call) -> Mapping[str, object]:
    """How many opened a link and how many were added, in a span of 30 days at most, 180 days back."""
    link_id, now = _row(call, call.text("link_id", 40058))["link_id"], call.at // 1000
    start, end = call.number("start_time", -1, 0, 1 << 40), call.number("end_time", -1, 0, 1 << 40)
    if not start <= end <= start + SPAN_S or start < now - BACK_S:
        raise Refused(40035, "start_time")
    clicks = call.world.db.value(
        "select count(distinct person) from log where kind = 'act' and name = 'open_link' and key = ? and at >= ? and "
        "at < ?", link_id, start * 1000, end * 1000 + 1000,
    )  # fmt: skip
    new = call.world.db.value(
        "select count(*) from follow where corpid = ? and json_extract(data, '$.link_id') = ? and at >= ? and at < ?",
        call.account, link_id, start * 1000, end * 1000 + 1000,
    )  # fmt: skip
    return OK | {"click_link_customer_cnt": clicks, "new_customer_cnt": new}


def quota(call: Call) -> Mapping[str, object]:
    """Adds bought and left."""
    left = acquisition.balance(call.world, call.account)
    expires = call.at // 1000 // 86_400 * 86_400 + 365 * 86_400
    return OK | {
        "total": acquisition.total(call.world, call.account), "balance": left,
        "quota_list": [{"expire_date": expires, "balance": left}],
    }  # fmt: skip


def chat_info(call: Call) -> Mapping[str, object]:
    """Who a chat_key of a callback is about; for 30 minutes."""
    row = call.world.db.one("select at, data from chat_key where key = ?", call.text("chat_key", 41201))
    told = json.loads(row["data"]) if row else {}
    if row is None or told["corpid"] != call.account or call.at - row["at"] > acquisition.KEY_MS:
        raise Refused(41201)
    follow = call.world.db.one(
        "select data from follow where corpid = ? and userid = ? and external_userid = ?",
        call.account, told["userid"], told["uid"],
    )  # fmt: skip
    state = json.loads(follow["data"])["state"] if follow else ""
    info = {"recv_msg_cnt": told["said"], "link_id": told["link_id"], "state": state}
    return OK | {"userid": told["userid"], "external_userid": told["uid"], "chat_info": info}


ENDPOINTS = [
    Endpoint("wecom", "POST", f"{BASE}/create_link", create, "callable"),
    Endpoint("wecom", "POST", f"{BASE}/get", get, "callable"),
    Endpoint("wecom", "POST", f"{BASE}/list_link", listed, "callable"),
    Endpoint("wecom", "POST", f"{BASE}/update_link", update, "callable"),
    Endpoint("wecom", "POST", f"{BASE}/delete_link", delete, "callable"),
    Endpoint("wecom", "POST", f"{BASE}/customer", customers, "callable"),
    Endpoint("wecom", "POST", f"{BASE}/statistic", statistic, "callable"),
    Endpoint("wecom", "POST", f"{BASE}/get_chat_info", chat_info, "callable"),
    Endpoint("wecom", "GET", "/cgi-bin/externalcontact/customer_acquisition_quota", quota, "callable"),
]
