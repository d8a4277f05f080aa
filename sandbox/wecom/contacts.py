"""External contacts (客户联系), reading side and remark."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping

from sandbox.api import Call, Endpoint
from sandbox.errors import Refused
from sandbox.store import dumps
from sandbox.tags import RULES, known
from sandbox.wecom import cursors
from sandbox.wecom.directory import OK, members

FOLLOWERS_A_PAGE = 500


def _follow_users(call: Call) -> list[str]:
    return [str(m["userid"]) for m in members(call.world, call.account) if m.get("follow_user", True)]


def follow_users(call: Call) -> Mapping[str, object]:
    """Members who may use 客户联系."""
    return OK | {"follow_user": _follow_users(call)}


def contact_list(call: Call) -> Mapping[str, object]:
    """A member's customers; 84061 when there are none."""
    userid = call.query.get("userid", "")
    if userid not in _follow_users(call):
        raise Refused(40003 if userid else 40058)
    rows = call.world.db.all(
        "select external_userid from follow where corpid = ? and userid = ? and ended <> 'by_member' order by "
        "external_userid",
        call.account,
        userid,
    )
    if not rows:
        raise Refused(84061)
    return OK | {"external_userid": [r[0] for r in rows]}


def external_contact(call: Call, uid: str, person: int) -> dict[str, object]:
    """The customer part of an answer; unionid only when the corp has bound a developer account."""
    who = call.world.profile(person)
    found: dict[str, object] = {
        "external_userid": uid, "name": who.name, "position": "", "avatar": "", "corp_name": "", "corp_full_name": "",
        "type": 1, "gender": who.gender,
    }  # fmt: skip
    if call.world.corps[call.account].get("unionid_bound"):
        found["unionid"] = call.world.unionid(person)
    return found


def _follow_info(row: sqlite3.Row, named: Mapping[str, tuple[str, str, int]] | None = None) -> dict[str, object]:
    """A relation; with the names of tags as in `get`, without as in a batch."""
    data = json.loads(row["data"])
    ids = [t["tag_id"] for t in data.get("tags", [])]
    info: dict[str, object] = {
        "userid": row["userid"], "remark": data["remark"], "description": data["description"],
        "createtime": row["at"] // 1000,
        "remark_corp_name": data["remark_company"], "remark_mobiles": data["remark_mobiles"],
        "add_way": data["add_way"],
        "oper_userid": row["userid"], "state": data["state"],
    }  # fmt: skip
    if named is None:
        return info | {"tag_id": ids}
    shown: list[dict[str, object]] = [
        {
            "group_name": named[t][0], "tag_name": named[t][1], "tag_id": t, "type": 3 if named[t][2] == RULES else 1,
        }
        for t in ids
        if t in named
    ]  # fmt: skip
    shown += [{"group_name": "", "tag_name": name, "type": 2} for name in data.get("own", [])]
    return info | {"tags": shown}


def contact_get(call: Call) -> Mapping[str, object]:
    """A customer with all members who follow, 500 a page."""
    uid = call.query.get("external_userid", "")
    if not uid:
        raise Refused(41035)
    row = call.world.db.one("select person from contact where corpid = ? and external_userid = ?", call.account, uid)
    if row is None:
        raise Refused(40096)
    start = int(str(cursors.read(call, f"get:{uid}", call.query.get("cursor")) or 0))
    follows = call.world.db.all(
        "select * from follow where corpid = ? and external_userid = ? and ended <> 'by_member' order by at, "
        "userid limit ? offset ?",
        call.account, uid, FOLLOWERS_A_PAGE + 1, start,
    )  # fmt: skip
    if not follows and not start:
        raise Refused(84061)
    named = known(call.world, call.account)
    answer: dict[str, object] = {
        **OK, "external_contact": external_contact(call, uid, row["person"]),
        "follow_user": [_follow_info(f, named) for f in follows[:FOLLOWERS_A_PAGE]],
    }  # fmt: skip
    if len(follows) > FOLLOWERS_A_PAGE:
        answer["next_cursor"] = cursors.issue(call, f"get:{uid}", start + FOLLOWERS_A_PAGE)
    return answer


def batch_by_user(call: Call) -> Mapping[str, object]:
    """Customers of up to 100 members, up to 100 a page."""
    users = call.ids("userid_list", 100, 40031)
    limit = call.number("limit", 50, 1, 100)
    known = set(_follow_users(call))
    if any(u not in known for u in users):
        raise Refused(40003)
    position = cursors.read(call, "batch", call.body.get("cursor"))
    after = position if isinstance(position, list) else ["", ""]
    marks = ",".join("?" * len(users))
    rows = call.world.db.all(
        f"select f.*, c.person from follow f join contact c on c.corpid = f.corpid and c.external_userid = "  # noqa: S608  # only names of our own in the text
        "f.external_userid "
        f"where f.corpid = ? and f.userid in ({marks}) and f.ended <> 'by_member' and (f.userid, "
        "f.external_userid) > (?, ?) "
        "order by f.userid, f.external_userid limit ?", call.account, *users, after[0], after[1], limit + 1,
    )  # fmt: skip
    page = rows[:limit]
    cursor = (
        cursors.issue(call, "batch", [page[-1]["userid"], page[-1]["external_userid"]]) if len(rows) > limit else ""
    )
    return OK | {
        "external_contact_list": [
            {
                "external_contact": external_contact(call, r["external_userid"], r["person"]),
                "follow_info": _follow_info(r),
            }
            for r in page
        ],
        "next_cursor": cursor,
    }


def remark(call: Call) -> Mapping[str, object]:
    """Sets a member's remark, description, company or phones of a customer; raises no callback."""
    userid, uid = call.text("userid", 40003), call.text("external_userid", 41035)
    row = call.world.db.one(
        "select data from follow where corpid = ? and userid = ? and external_userid = ?", call.account, userid, uid
    )
    if row is None:
        raise Refused(84061)
    limits = {"remark": 20, "description": 150, "remark_company": 20}
    data, changed = json.loads(row["data"]), False
    for name, most in limits.items():
        if name in call.body:
            value = call.body[name]
            if not isinstance(value, str) or len(value) > most:
                raise Refused(40035, name)
            data[name], changed = value, True
    if "remark_mobiles" in call.body:
        phones = call.body["remark_mobiles"]
        if not isinstance(phones, list) or not all(isinstance(p, str) for p in phones):
            raise Refused(40035, "remark_mobiles")
        data["remark_mobiles"], changed = [p for p in phones if p], True
    if not changed:
        raise Refused(40058)
    call.world.db.run(
        "update follow set data = ? where corpid = ? and userid = ? and external_userid = ?",
        dumps(data),
        call.account,
        userid,
        uid,
    )
    return OK


ENDPOINTS = [
    Endpoint("wecom", "GET", "/cgi-bin/externalcontact/get_follow_user_list", follow_users, "callable"),
    Endpoint("wecom", "GET", "/cgi-bin/externalcontact/list", contact_list, "callable"),
    Endpoint("wecom", "GET", "/cgi-bin/externalcontact/get", contact_get, "callable"),
    Endpoint("wecom", "POST", "/cgi-bin/externalcontact/batch/get_by_user", batch_by_user, "callable"),
    Endpoint("wecom", "POST", "/cgi-bin/externalcontact/remark", remark, "callable"),
]
