"""Followers, tags, parameter QR codes, menus."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping

from sandbox.api import Call, Endpoint
from sandbox.errors import Refused
from sandbox.store import dumps
from sandbox.world import token_text

OK: Mapping[str, object] = {"errcode": 0, "errmsg": "ok"}
PAGE = 10_000
TAGS, TAGS_A_USER, STAR = 100, 20, 2
QR_PERMANENT, QR_LONGEST_S = 100_000, 2_592_000


def _page(call: Call, rows: list[sqlite3.Row]) -> dict[str, object]:
    openids = [str(row[0]) for row in rows]
    found: dict[str, object] = {"count": len(openids), "next_openid": openids[-1] if openids else ""}
    if openids:
        found["data"] = {"openid": openids}
    return found


def user_get(call: Call) -> Mapping[str, object]:
    """Followers by openid, 10,000 a page."""
    db, after = call.world.db, call.query.get("next_openid", "")
    total = db.value("select count(*) from oa_user where appid = ? and subscribed = 1", call.account)
    rows = db.all(
        "select openid from oa_user where appid = ? and subscribed = 1 and openid > ? order by openid limit ?",
        call.account,
        after,
        PAGE,
    )
    return {"total": total, **_page(call, rows)}


def _infos(call: Call, openids: list[str]) -> list[dict[str, object]]:
    """What the platform tells of these users, in their order. Refuses 40003 when it does not know one."""
    db, bound = call.world.db, bool(call.world.oa[call.account].get("unionid_bound"))
    marks = ",".join("?" * len(openids))
    users = db.all(
        f"select u.*, p.unionid from oa_user u join person p on p.id = u.person "  # noqa: S608  # only names of our own in the text
        f"where u.appid = ? and u.openid in ({marks})",
        call.account, *openids,
    )  # fmt: skip
    tags: dict[str, list[int]] = {}
    for row in db.all(
        f"select openid, tag from oa_user_tag where appid = ? and openid in ({marks}) order by tag",  # noqa: S608  # only names of our own in the text
        call.account, *openids,
    ):  # fmt: skip
        tags.setdefault(row["openid"], []).append(row["tag"])
    known = {user["openid"]: user for user in users}
    if not known.keys() >= set(openids):
        raise Refused(40003)
    return [_info(known[openid], tags.get(openid, []), bound) for openid in openids]


def _info(user: sqlite3.Row, tags: list[int], bound: bool) -> dict[str, object]:
    if not user["subscribed"]:
        return {"subscribe": 0, "openid": user["openid"]}
    scene = user["scene"]
    info: dict[str, object] = {
        "subscribe": 1, "openid": user["openid"], "nickname": "", "sex": 0, "language": "zh_CN", "city": "",
        "province": "", "country": "",
        "headimgurl": "", "subscribe_time": user["subscribe_at"] // 1000, "remark": user["remark"],
        "groupid": tags[0] if tags else 0, "tagid_list": tags, "subscribe_scene": user["scene_kind"],
        "qr_scene": int(scene) if scene.isdigit() and len(scene) < 10 else 0,
        "qr_scene_str": "" if scene.isdigit() else scene,
    }  # fmt: skip
    if bound:
        info["unionid"] = user["unionid"]
    return info


def user_info(call: Call) -> Mapping[str, object]:
    """One user; without names and pictures, as since 2021."""
    return _infos(call, [call.query.get("openid", "")])[0]


def user_batch(call: Call) -> Mapping[str, object]:
    """Up to 100 users."""
    wanted = call.body.get("user_list")
    if not isinstance(wanted, list) or not 1 <= len(wanted) <= 100:
        raise Refused(40032)
    return {"user_info_list": _infos(call, [str(one.get("openid", "")) for one in wanted if isinstance(one, dict)])}


def update_remark(call: Call) -> Mapping[str, object]:
    """Sets the account's own remark of a user, under 30 characters."""
    remark = call.body.get("remark")
    if not isinstance(remark, str) or len(remark) >= 30:
        raise Refused(40035, "remark")
    if not call.world.db.run(
        "update oa_user set remark = ? where appid = ? and openid = ?", remark, call.account, call.text("openid", 40003)
    ):
        raise Refused(40003)
    return OK


def _tag_name(call: Call) -> str:
    name = call.part("tag", 45157).get("name")
    if not isinstance(name, str) or not name.strip():
        raise Refused(45157)
    if len(name) > 30:
        raise Refused(45158)
    if call.world.db.one("select 1 from oa_tag where appid = ? and name = ?", call.account, name):
        raise Refused(45157)
    return name


def tag_create(call: Call) -> Mapping[str, object]:
    """A new tag; at most 100."""
    name = _tag_name(call)
    if call.world.db.value("select count(*) from oa_tag where appid = ?", call.account) >= TAGS:
        raise Refused(45056)
    made = max(call.world.db.value("select max(id) from oa_tag where appid = ?", call.account), 99) + 1
    call.world.db.run("insert into oa_tag (appid, id, name) values (?, ?, ?)", call.account, made, name)
    return {"tag": {"id": made, "name": name}}


def _tag_id(call: Call, value: object) -> int:
    if isinstance(value, str) and value.isdigit():
        value = int(value)
    if not isinstance(value, int) or not call.world.db.one(
        "select 1 from oa_tag where appid = ? and id = ?", call.account, value
    ):
        raise Refused(45058 if value in (0, 1, 2) else 45159)
    return value


def tag_get(call: Call) -> Mapping[str, object]:
    """All tags with their counts."""
    rows = call.world.db.all(
        "select t.id, t.name, count(u.openid) n from oa_tag t left join oa_user_tag u on u.appid = t.appid and "
        "u.tag = t.id "
        "where t.appid = ? group by t.id, t.name order by t.id", call.account,
    )  # fmt: skip
    star = {"id": STAR, "name": "星标组", "count": 0}
    return {"tags": [star, *({"id": r["id"], "name": r["name"], "count": r["n"]} for r in rows)]}


def tag_update(call: Call) -> Mapping[str, object]:
    """Renames."""
    tag = _tag_id(call, call.part("tag").get("id"))
    call.world.db.run("update oa_tag set name = ? where appid = ? and id = ?", _tag_name(call), call.account, tag)
    return OK


def tag_delete(call: Call) -> Mapping[str, object]:
    """Removes a tag and its assignments; refused above 100,000 fans."""
    tag = _tag_id(call, call.part("tag").get("id"))
    if call.world.db.value("select count(*) from oa_user_tag where appid = ? and tag = ?", call.account, tag) > 100_000:
        raise Refused(45057)
    call.world.db.run("delete from oa_user_tag where appid = ? and tag = ?", call.account, tag)
    call.world.db.run("delete from oa_tag where appid = ? and id = ?", call.account, tag)
    return OK


def tag_users(call: Call) -> Mapping[str, object]:
    """Users of a tag, 10,000 a page."""
    tag, after = _tag_id(call, call.body.get("tagid")), str(call.body.get("next_openid") or "")
    rows = call.world.db.all(
        "select openid from oa_user_tag where appid = ? and tag = ? and openid > ? order by openid limit ?",
        call.account,
        tag,
        after,
        PAGE,
    )
    return _page(call, rows)


def batch_tag(call: Call) -> Mapping[str, object]:
    """Tags up to 50 followers; all or none."""
    tag, db = _tag_id(call, call.body.get("tagid")), call.world.db
    for openid in call.ids("openid_list", 50):
        user = call.world.oa_user(call.account, openid)
        if user is None:
            raise Refused(40003)
        if not user["subscribed"]:
            raise Refused(50005)
        db.run("insert or ignore into oa_user_tag (appid, tag, openid) values (?, ?, ?)", call.account, tag, openid)
        if (
            db.value("select count(*) from oa_user_tag where appid = ? and openid = ?", call.account, openid)
            > TAGS_A_USER
        ):
            raise Refused(45059)
    return OK


def batch_untag(call: Call) -> Mapping[str, object]:
    """Takes a tag off up to 50 followers."""
    tag, db = _tag_id(call, call.body.get("tagid")), call.world.db
    for openid in call.ids("openid_list", 50):
        db.run("delete from oa_user_tag where appid = ? and tag = ? and openid = ?", call.account, tag, openid)
    return OK


def user_tags(call: Call) -> Mapping[str, object]:
    """The tags of a user."""
    openid = call.text("openid", 40003)
    if call.world.oa_user(call.account, openid) is None:
        raise Refused(40003)
    rows = call.world.db.all(
        "select tag from oa_user_tag where appid = ? and openid = ? order by tag", call.account, openid
    )
    return {"tagid_list": [r[0] for r in rows]}


def qr_create(call: Call) -> Mapping[str, object]:
    """A parameter QR code: temporary (30 days at most) or permanent (100,000 in total)."""
    action, info = call.text("action_name"), call.part("action_info").get("scene")
    permanent, text = "LIMIT" in action, action.endswith("STR_SCENE")
    if action not in ("QR_SCENE", "QR_STR_SCENE", "QR_LIMIT_SCENE", "QR_LIMIT_STR_SCENE") or not isinstance(info, dict):
        raise Refused(40035, "action_name")
    value = info.get("scene_str" if text else "scene_id")
    if text:
        good = isinstance(value, str) and 1 <= len(value) <= 64
    else:
        good = isinstance(value, int) and 1 <= value <= (100_000 if permanent else 2**32 - 1)
    if not good:
        raise Refused(40035, "scene")
    seconds = call.number("expire_seconds", 60, 1, QR_LONGEST_S)
    db, scene = call.world.db, str(value)
    if permanent:
        row = db.one("select ticket from qr where appid = ? and scene = ? and permanent = 1", call.account, scene)
        if (
            row is None
            and db.value("select count(*) from qr where appid = ? and permanent = 1", call.account) >= QR_PERMANENT
        ):
            raise Refused(45009)
        ticket = str(row[0]) if row else "gQ" + token_text("qr", call.account, scene, "permanent", size=60)
    else:
        ticket = "gQ" + token_text("qr", call.account, scene, call.at, call.world.counter("qr"), size=60)
    db.run(
        "insert or replace into qr (appid, ticket, scene, permanent, expires) values (?, ?, ?, ?, ?)",
        call.account, ticket, scene, int(permanent), call.at + seconds * 1000,
    )  # fmt: skip
    answer: dict[str, object] = {"ticket": ticket, "url": f"{call.world.url}/q/{ticket}"}
    return answer if permanent else answer | {"expire_seconds": seconds}


def menu_create(call: Call) -> Mapping[str, object]:
    """Replaces the menu: 1 to 3 buttons, each with at most 5 sub-buttons."""
    buttons = call.body.get("button")
    if not isinstance(buttons, list) or not 1 <= len(buttons) <= 3:
        raise Refused(40016)
    for button in buttons:
        subs = button.get("sub_button") or []
        if len(str(button.get("name", "")).encode()) not in range(1, 61) or len(subs) > 5:
            raise Refused(40016)
        for leaf in subs or [button]:
            if not leaf.get("name") or not (leaf.get("key") if leaf.get("type") == "click" else leaf.get("type")):
                raise Refused(40016)
            if len(str(leaf.get("key", "")).encode()) > 128 or len(str(leaf.get("url", "")).encode()) > 1024:
                raise Refused(40016)
    call.world.db.keep(f"menu:{call.account}", {"button": buttons})
    return OK


def menu_get(call: Call) -> Mapping[str, object]:
    """The menu; 46003 when there is none."""
    menu = call.world.db.setting(f"menu:{call.account}")
    if not menu:
        raise Refused(46003)
    return {"menu": json.loads(dumps(menu))}


def menu_delete(call: Call) -> Mapping[str, object]:
    """Removes the menu."""
    call.world.db.run("delete from setting where name = ?", f"menu:{call.account}")
    return OK


ENDPOINTS = [
    Endpoint("oa", "GET", "/cgi-bin/user/get", user_get, "verified", 500),
    Endpoint("oa", "GET", "/cgi-bin/user/info", user_info, "verified", 5_000_000),
    Endpoint("oa", "POST", "/cgi-bin/user/info/batchget", user_batch, "verified", 5_000_000),
    Endpoint("oa", "POST", "/cgi-bin/user/info/updateremark", update_remark, "verified", 10_000),
    Endpoint("oa", "POST", "/cgi-bin/tags/create", tag_create, "verified", 1_000),
    Endpoint("oa", "GET", "/cgi-bin/tags/get", tag_get, "verified", 1_000),
    Endpoint("oa", "POST", "/cgi-bin/tags/update", tag_update, "verified", 1_000),
    Endpoint("oa", "POST", "/cgi-bin/tags/delete", tag_delete, "verified", 1_000),
    Endpoint("oa", "POST", "/cgi-bin/user/tag/get", tag_users, "verified", 1_000),
    Endpoint("oa", "POST", "/cgi-bin/tags/members/batchtagging", batch_tag, "verified", 100_000),
    Endpoint("oa", "POST", "/cgi-bin/tags/members/batchuntagging", batch_untag, "verified", 100_000),
    Endpoint("oa", "POST", "/cgi-bin/tags/getidlist", user_tags, "verified", 100_000),
    Endpoint("oa", "POST", "/cgi-bin/qrcode/create", qr_create, "svc", 100_000),
    Endpoint("oa", "POST", "/cgi-bin/menu/create", menu_create, "verified", 1_000),
    Endpoint("oa", "GET", "/cgi-bin/menu/get", menu_get, "verified", 10_000),
    Endpoint("oa", "GET", "/cgi-bin/menu/delete", menu_delete, "verified", 1_000),
]
