"""WeChat customer service (微信客服): accounts, links, servicers, sessions, messages."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from sandbox import kf
from sandbox.api import Call, Endpoint
from sandbox.errors import Refused
from sandbox.inbox import Content
from sandbox.media import media
from sandbox.store import dumps
from sandbox.wecom.directory import OK, departments, members
from sandbox.world import token_text

NAME, SCENE, PAGE, SERVICERS, PARTIES, TEXT, PART, CLICKS, ITEMS = 16, 32, 100, 100, 20, 2_048, 1_024, 10, 50
KEPT_MS, PER_WINDOW, WELCOME_MS = 3 * 86_400_000, 5, 20_000
LONG = ("pool", "taken")
MOVES = {0: (1, 2, 3), 1: (2, 3), 2: (3,), 3: (3, 4), 4: ()}
WITHOUT_TOKEN = 10
"""Fetches a minute without the callback's token; the platform only says that it is strict."""


def _account(call: Call) -> tuple[str, dict[str, object]]:
    open_kfid = call.text("open_kfid", 95004)
    found = kf.account(call.world, open_kfid)
    if found is None or found[0] != call.account:
        raise Refused(95000)
    return open_kfid, found[1]


def _name(call: Call, old: str = "") -> str:
    name = call.body.get("name", old)
    if not isinstance(name, str) or not name:
        raise Refused(40058, "name")
    if len(name) > NAME:
        raise Refused(40035, "name")
    if not old or "media_id" in call.body:
        media(call.world, call.account, call.body.get("media_id"), ("image",), call.at)
    return name


def add(call: Call) -> Mapping[str, object]:
    """An account."""
    name = _name(call)
    open_kfid = "wk" + token_text("kf", call.account, call.world.counter("kf_account"), size=30)
    call.world.db.run(
        "insert into kf_account (open_kfid, corpid, data) values (?, ?, ?)",
        open_kfid, call.account, dumps({"name": name, "servicers": [], "parties": []}),
    )  # fmt: skip
    return OK | {"open_kfid": open_kfid}


def _save(call: Call, open_kfid: str, data: Mapping[str, object]) -> None:
    call.world.db.run("update kf_account set data = ? where open_kfid = ?", dumps(dict(data)), open_kfid)


def update(call: Call) -> Mapping[str, object]:
    """Renames an account."""
    open_kfid, data = _account(call)
    _save(call, open_kfid, data | {"name": _name(call, str(data["name"]))})
    return OK


def delete(call: Call) -> Mapping[str, object]:
    """Removes an account."""
    call.world.db.run("delete from kf_account where open_kfid = ?", _account(call)[0])
    return OK


def listed(call: Call) -> Mapping[str, object]:
    """The accounts of the corp."""
    offset, limit = call.number("offset", 0, 0, 1 << 30), call.number("limit", PAGE, 1, PAGE)
    rows = call.world.db.all(
        "select open_kfid, data from kf_account where corpid = ? order by rowid limit ? offset ?",
        call.account, limit, offset,
    )  # fmt: skip
    shown = [
        {"open_kfid": r["open_kfid"], "name": json.loads(r["data"])["name"], "avatar": "", "manage_privilege": True}
        for r in rows
    ]
    return OK | {"account_list": shown}


def contact_way(call: Call) -> Mapping[str, object]:
    """A link into the account; its scene comes back when somebody enters."""
    open_kfid, scene = _account(call)[0], call.body.get("scene", "")
    if not isinstance(scene, str) or not re.fullmatch(r"[0-9a-zA-Z_-]{0,32}", scene):
        raise Refused(40035, "scene")
    return OK | {"url": f"{call.world.url}/kf/{open_kfid}?scene={scene}"}


def _servicers(call: Call) -> tuple[str, dict[str, object], list[str], list[int]]:
    open_kfid, data = _account(call)
    users = call.ids("userid_list", SERVICERS, 40031) if call.body.get("userid_list") else []
    parties = call.body.get("department_id_list") or []
    if not isinstance(parties, list) or len(parties) > PARTIES:
        raise Refused(40035, "department_id_list")
    if not users and not parties:
        raise Refused(40058)
    return open_kfid, data, users, [int(str(p)) for p in parties]


def servicer_add(call: Call) -> Mapping[str, object]:
    """Members and departments who receive; each has its own result."""
    open_kfid, data, users, parties = _servicers(call)
    known = {m["userid"] for m in members(call.world, call.account)}
    places = {d["id"] for d in departments(call.world, call.account)}
    results: list[dict[str, object]] = [{"userid": u} | _result(u in known, 40003) for u in users]
    results += [{"department_id": p} | _result(p in places, 60003) for p in parties]
    kept_users, kept_parties = data["servicers"], data["parties"]
    assert isinstance(kept_users, list)
    assert isinstance(kept_parties, list)
    _save(call, open_kfid, data | {
        "servicers": list(dict.fromkeys([*kept_users, *(u for u in users if u in known)])),
        "parties": list(dict.fromkeys([*kept_parties, *(p for p in parties if p in places)])),
    })  # fmt: skip
    return OK | {"result_list": results}


def _result(good: bool, code: int) -> dict[str, object]:
    return {"errcode": 0, "errmsg": "success"} if good else {"errcode": code, "errmsg": "invalid"}


def servicer_del(call: Call) -> Mapping[str, object]:
    """Takes members and departments off."""
    open_kfid, data, users, parties = _servicers(call)
    kept_users, kept_parties = data["servicers"], data["parties"]
    assert isinstance(kept_users, list)
    assert isinstance(kept_parties, list)
    results: list[dict[str, object]] = [{"userid": u} | _result(u in kept_users, 95014) for u in users]
    results += [{"department_id": p} | _result(p in kept_parties, 60003) for p in parties]
    left = {
        "servicers": [u for u in kept_users if u not in users],
        "parties": [p for p in kept_parties if p not in parties],
    }
    _save(call, open_kfid, data | left)
    return OK | {"result_list": results}


def servicer_list(call: Call) -> Mapping[str, object]:
    """Who receives; everybody here receives all the time."""
    found = kf.account(call.world, call.query.get("open_kfid", ""))
    if found is None or found[0] != call.account:
        raise Refused(95000 if call.query.get("open_kfid") else 95004)
    users, parties = found[1]["servicers"], found[1]["parties"]
    assert isinstance(users, list)
    assert isinstance(parties, list)
    return OK | {"servicer_list": [{"userid": u, "status": 0} for u in users] + [{"department_id": p} for p in parties]}


def _customer(call: Call, name: str = "external_userid") -> str:
    uid = call.text(name, 41035)
    row = call.world.db.one("select person from contact where corpid = ? and external_userid = ?", call.account, uid)
    if row is None:
        raise Refused(40096)
    call.who = (row["person"], uid)
    return uid


def state_get(call: Call) -> Mapping[str, object]:
    """Where a session stands."""
    open_kfid, uid = _account(call)[0], _customer(call)
    here = kf.session(call.world, open_kfid, uid)
    return OK | {"service_state": here["state"], "servicer_userid": here["servicer"]}


def state_trans(call: Call) -> Mapping[str, object]:
    """Moves a session as the status table allows (95016); human hands are those of a servicer (95014)."""
    (open_kfid, data), uid = _account(call), _customer(call)
    target, here = call.number("service_state", -1, 0, 4), kf.session(call.world, open_kfid, uid)
    if target not in MOVES[int(str(here["state"]))]:
        raise Refused(95016)
    servicer = ""
    if target == kf.HUMAN:
        servicer, able = call.text("servicer_userid", 95014), data["servicers"]
        if not isinstance(able, list) or servicer not in able:
            raise Refused(95014)
    kf.save(call.world, open_kfid, uid, here | {"state": target, "servicer": servicer})
    kind = {kf.POOL: "pool", kf.HUMAN: "taken", kf.ENDED: "end"}.get(target)
    return OK | ({"msg_code": kf.code(call.world, open_kfid, uid, kind, target, call.at)} if kind else {})


def sync_msg(call: Call) -> Mapping[str, object]:
    """Messages and events after the cursor, of the last 3 days; with the callback's token as often as needed."""
    open_kfid, limit = _account(call)[0], call.number("limit", 1_000, 1, 1_000)
    token = call.body.get("token")
    if token:
        row = call.world.db.one("select at from kf_token where token = ? and open_kfid = ?", str(token), open_kfid)
        if row is None or call.at - row["at"] > kf.TOKEN_MS:
            raise Refused(95007)
    else:
        _seldom(call, open_kfid)
    cursor = call.body.get("cursor") or "k0"
    if not isinstance(cursor, str) or not re.fullmatch(r"k\d{1,18}", cursor):
        raise Refused(50100)
    after = int(cursor[1:])
    rows = kf.waiting(call.world, open_kfid, after, call.at - KEPT_MS, limit + 1)
    page = rows[:limit]
    last = page[-1][0] if page else after
    return OK | {
        "next_cursor": f"k{last}", "has_more": int(len(rows) > limit),
        "msg_list": [json.loads(text) for _, text in page],
    }  # fmt: skip


def _seldom(call: Call, open_kfid: str) -> None:
    # Of the last minute by both clocks: in a world that is moved on by hours a machine's minute holds days.
    name, now = f"kf_sync:{open_kfid}", [call.world.clock.short(), call.at]
    kept = call.world.db.setting(name, [])
    recent = [one for one in kept if isinstance(one, list) and _within(one, now)] if isinstance(kept, list) else []
    if len(recent) >= WITHOUT_TOKEN:
        raise Refused(45009)
    call.world.db.keep(name, [*recent, now])


def _within(before: list[int], now: list[int]) -> bool:
    return all(0 <= late - early < 60_000 for early, late in zip(before, now, strict=True))


def _sized(part: dict[str, object], name: str, most: int, required: bool = True) -> str:
    value = part.get(name, "")
    if not isinstance(value, str) or (required and not value):
        raise Refused(40058, name)
    if len(value.encode()) > most:
        raise Refused(45002, name)
    return value


def _content(call: Call, kinds: tuple[str, ...]) -> Content:
    kind = call.text("msgtype", 40008)
    if kind not in kinds:
        raise Refused(40008)
    part = call.part(kind, 40058)
    if kind == "text":
        return Content("", _sized(part, "content", TEXT))
    if kind == "msgmenu":
        return _menu(part)
    if kind == "link":
        media(call.world, call.account, part.get("thumb_media_id"), ("image",), call.at)
        return Content(_sized(part, "title", 128), _sized(part, "desc", 512, False), _sized(part, "url", 2_048))
    if kind == "ca_link":
        return Content("", "[获客链接]", _sized(part, "link_url", 2_048))
    if kind == "miniprogram":
        media(call.world, call.account, part.get("thumb_media_id"), ("image",), call.at)
        return Content(
            _sized(part, "title", 64), f"[小程序] {_sized(part, 'appid', 64)} {_sized(part, 'pagepath', 1_024)}"
        )
    if kind == "location":
        return Content("", f"[位置] {part.get('name', '')} {part.get('address', '')}")
    media(call.world, call.account, part.get("media_id"), (kind,), call.at)
    return Content("", f"[{kind}] {part.get('media_id')}")


def _menu(part: dict[str, object]) -> Content:
    items = part.get("list")
    if not isinstance(items, list) or not items or len(items) > ITEMS or not all(isinstance(i, dict) for i in items):
        raise Refused(95008)
    if sum(i.get("type") in ("click", "view", "miniprogram") for i in items) > CLICKS:
        raise Refused(95008)
    shown = [str((i.get(str(i.get("type"))) or {}).get("content") or "") for i in items]
    links = [str((i.get("view") or {}).get("url") or "") for i in items if i.get("type") == "view"]
    head, tail = (_sized(part, name, PART, False) for name in ("head_content", "tail_content"))
    return Content("", "\n".join(line for line in (head, *shown, tail) if line), links[0] if links else "")


def _msgid(call: Call) -> str:
    given = call.body.get("msgid") or token_text("kf_sent", call.account, call.world.counter("kf_sent"), size=32)
    if not isinstance(given, str) or not re.fullmatch(r"[0-9a-zA-Z_-]{1,32}", given):
        raise Refused(40035, "msgid")
    if call.world.db.one("select 1 from log where kind = 'received' and route = 'kf' and msgid = ?", given):
        raise Refused(95033)
    return given


SENDABLE = ("text", "image", "voice", "video", "file", "link", "miniprogram", "msgmenu", "location", "ca_link")


def send(call: Call) -> Mapping[str, object]:
    """A message to a customer: in states 0 and 1, at most 5 within 48 h of what the customer wrote last."""
    open_kfid, uid = _account(call)[0], _customer(call, "touser")
    content, msgid, here = _content(call, SENDABLE), _msgid(call), kf.session(call.world, open_kfid, uid)
    asked = int(str(here["at"]))
    if not asked:
        raise Refused(95031)
    if call.at - asked >= kf.WINDOW_MS:
        raise Refused(95002)
    if here["state"] == kf.ENDED:
        raise Refused(95013)
    if here["state"] not in (kf.UNTREATED, kf.ROBOT):
        raise Refused(95018)
    if int(str(here["used"])) >= PER_WINDOW:
        raise Refused(95001)
    kf.save(call.world, open_kfid, uid, here | {"used": int(str(here["used"])) + 1})
    _hand_over(call, open_kfid, uid, content, msgid, here)
    return OK | {"msgid": msgid}


def _hand_over(call: Call, open_kfid: str, uid: str, content: Content, msgid: str, here: Mapping[str, object]) -> None:
    """The call succeeds either way; that the person refuses it is told by an event."""
    if here.get("refuses"):
        kf.fail(call.world, call.account, open_kfid, uid, msgid, kf.REFUSED_BY_USER, call.at)
    else:
        kf.deliver(call.world, call.account, open_kfid, uid, content, msgid, call.at)


def send_on_event(call: Call) -> Mapping[str, object]:
    """The one message of a code: 20 s for welcomes and endings, 48 h for the pool; only while its state lasts."""
    row = call.world.db.one("select * from kf_code where code = ?", call.text("code", 40058))
    found = kf.account(call.world, str(row["open_kfid"])) if row else None
    if row is None or found is None or found[0] != call.account or row["used"]:
        raise Refused(40029)
    open_kfid, uid, kind = str(row["open_kfid"]), str(row["uid"]), row["kind"]
    call.who = (call.world.person(uid), uid)
    content = _content(call, ("text",) if kind in LONG else ("text", "msgmenu"))
    late = (
        call.at - row["at"] >= kf.WINDOW_MS if kind in LONG else call.world.clock.short() - row["machine"] >= WELCOME_MS
    )
    if late:
        raise Refused(42003)
    here, msgid = kf.session(call.world, open_kfid, uid), _msgid(call)
    if kind != "welcome" and here["state"] != row["state"]:
        raise Refused(95018)
    call.world.db.run("update kf_code set used = 1 where code = ?", row["code"])
    if kind == "welcome":
        kf.save(call.world, open_kfid, uid, here | {"greeted": call.at})
    _hand_over(call, open_kfid, uid, content, msgid, here)
    return OK | {"msgid": msgid}


def customers(call: Call) -> Mapping[str, object]:
    """Names of customers active within 48 h."""
    found: list[dict[str, object]] = []
    missing: list[str] = []
    for uid in call.ids("external_userid_list", PAGE, 40032):
        row = call.world.db.one(
            "select c.person, max(json_extract(s.data, '$.at')) said, max(json_extract(s.data, '$.entered')) entered "
            "from contact c join kf_session s on s.uid = c.external_userid where c.corpid = ? and "
            "c.external_userid = ?", call.account, uid,
        )  # fmt: skip
        if row is None or call.at - max(row["said"] or 0, row["entered"] or 0) >= kf.WINDOW_MS:
            missing.append(uid)
            continue
        who = call.world.profile(row["person"])
        one: dict[str, object] = {"external_userid": uid, "nickname": who.name, "avatar": "", "gender": who.gender}
        if call.world.corps[call.account].get("unionid_bound"):
            one["unionid"] = call.world.unionid(row["person"])
        found.append(one)
    return OK | {"customer_list": found, "invalid_external_userid": missing}


ENDPOINTS = [
    Endpoint("wecom", "POST", "/cgi-bin/kf/account/add", add, "callable"),
    Endpoint("wecom", "POST", "/cgi-bin/kf/account/update", update, "callable"),
    Endpoint("wecom", "POST", "/cgi-bin/kf/account/del", delete, "callable"),
    Endpoint("wecom", "POST", "/cgi-bin/kf/account/list", listed, "callable"),
    Endpoint("wecom", "POST", "/cgi-bin/kf/add_contact_way", contact_way, "callable"),
    Endpoint("wecom", "POST", "/cgi-bin/kf/servicer/add", servicer_add, "callable"),
    Endpoint("wecom", "POST", "/cgi-bin/kf/servicer/del", servicer_del, "callable"),
    Endpoint("wecom", "GET", "/cgi-bin/kf/servicer/list", servicer_list, "callable"),
    Endpoint("wecom", "POST", "/cgi-bin/kf/service_state/get", state_get, "callable"),
    Endpoint("wecom", "POST", "/cgi-bin/kf/service_state/trans", state_trans, "callable"),
    Endpoint("wecom", "POST", "/cgi-bin/kf/sync_msg", sync_msg, "callable"),
    Endpoint("wecom", "POST", "/cgi-bin/kf/send_msg", send, "callable"),
    Endpoint("wecom", "POST", "/cgi-bin/kf/send_msg_on_event", send_on_event, "callable"),
    Endpoint("wecom", "POST", "/cgi-bin/kf/customer/batchget", customers, "callable"),
]
