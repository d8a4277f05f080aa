"""Template messages: delivered at once, reported by TEMPLATESENDJOBFINISH."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache

from sandbox.api import Call, Endpoint
from sandbox.callbacks import raise_oa
from sandbox.engine import Engine, Work
from sandbox.errors import Refused
from sandbox.inbox import Content, hand_over
from sandbox.oa.custom import follower
from sandbox.store import dumps
from sandbox.world import token_text

FINISH_MS, AGAIN_MS, TEMPLATES = 2_000, 600_000, 25
OK: Mapping[str, object] = {"errcode": 0, "errmsg": "ok"}
_SLOT = re.compile(r"\{\{(\w+)\.DATA\}\}")

LIBRARY: dict[str, tuple[str, str]] = {
    "OPENTM407358422": (
        "服务进度提醒",
        "{{first.DATA}}\n服务项目：{{keyword1.DATA}}\n当前进度：{{keyword2.DATA}}\n{{remark.DATA}}",
    ),
    "OPENTM411665252": (
        "资料领取提醒",
        "{{first.DATA}}\n资料名称：{{keyword1.DATA}}\n截止时间：{{keyword2.DATA}}\n{{remark.DATA}}",
    ),
    "OPENTM206854010": (
        "活动开始提醒",
        "{{first.DATA}}\n活动名称：{{keyword1.DATA}}\n活动时间：{{keyword2.DATA}}\n{{remark.DATA}}",
    ),
    "43216": ("资料领取提醒", "资料名称：{{thing1.DATA}}\n领取截止：{{time2.DATA}}\n备注：{{thing3.DATA}}"),
}


def add(call: Call) -> Mapping[str, object]:
    """Takes a template from the library into the account; an unknown short id gets a generic body with the keywords
    named.
    """
    short = call.text("template_id_short", 40035)
    if call.world.db.value("select count(*) from template where appid = ?", call.account) >= TEMPLATES:
        raise Refused(45026)
    names = call.body.get("keyword_name_list")
    labels = [str(n) for n in names] if isinstance(names, list) and names else ["内容", "时间"]
    generic = "\n".join(f"{label}：{{{{thing{i}.DATA}}}}" for i, label in enumerate(labels, 1))
    title, body = LIBRARY.get(short, ("服务通知", generic))
    made = token_text("template", call.account, short, call.world.counter("template"), size=43)
    data = {
        "template_id": made, "title": title, "primary_industry": "IT科技", "deputy_industry": "互联网|电子商务",
        "content": body, "example": _SLOT.sub("示例", body),
    }  # fmt: skip
    call.world.db.run(
        "insert into template (appid, template_id, data) values (?, ?, ?)", call.account, made, dumps(data)
    )
    return {"errcode": 0, "errmsg": "ok", "template_id": made}


def listing(call: Call) -> Mapping[str, object]:
    """The account's templates."""
    rows = call.world.db.all("select data from template where appid = ? order by template_id", call.account)
    return {"template_list": [json.loads(row["data"]) for row in rows]}


def delete(call: Call) -> Mapping[str, object]:
    """Removes a template."""
    if not call.world.db.run(
        "delete from template where appid = ? and template_id = ?", call.account, call.text("template_id", 40037)
    ):
        raise Refused(40037)
    return OK


@lru_cache(64)
def _known(stored: str) -> tuple[str, str, tuple[str, ...]]:
    """(title, content, slots) of a stored template."""
    template = json.loads(stored)
    return template["title"], template["content"], tuple(_SLOT.findall(template["content"]))


def send(call: Call) -> Mapping[str, object]:
    """Sends one; the same client_msg_id to the same openid within 10 minutes answers the first msgid."""
    world, db = call.world, call.world.db
    user = follower(call, call.text("touser", 40003))
    row = db.one(
        "select data from template where appid = ? and template_id = ?", call.account, call.text("template_id", 40037)
    )
    if row is None:
        raise Refused(40037)
    (title, content, slots), data = _known(row["data"]), call.part("data", 47003)
    values = {k: str(v.get("value", "")) if isinstance(v, dict) else "" for k, v in data.items()}
    missing = [slot for slot in slots if slot not in values]
    if missing:
        raise Refused(47003, f"argument invalid! data.{missing[0]}.value is empty")
    client, url = str(call.body.get("client_msg_id") or ""), str(call.body.get("url") or "")
    if len(url.encode()) > 2048:
        raise Refused(45005)
    if client:
        known = db.one(
            "select msgid, at from template_key where appid = ? and openid = ? and client_msg_id = ?",
            call.account,
            user["openid"],
            client,
        )
        if known is not None and call.at - known["at"] < AGAIN_MS:
            return {"errcode": 0, "errmsg": "ok", "msgid": known["msgid"]}
    msgid = 3_000_000_000_000_000_000 + world.counter("template_msg")
    if client:
        db.run(
            "insert or replace into template_key (appid, openid, client_msg_id, msgid, at) values (?, ?, ?, ?, ?)",
            call.account, user["openid"], client, msgid, call.at,
        )  # fmt: skip
    if not user["blocked"]:
        text = _SLOT.sub(lambda slot: values[slot[1]], content)
        hand_over(
            world, account=call.account, route="oa_template", manner="template", msgid=str(msgid),
            content=Content(title, text, url), to=[(user["person"], user["openid"])], at=call.at,
        )  # fmt: skip
    outcome = "failed:user block" if user["blocked"] else "success"
    work = {
        "appid": call.account,
        "openid": user["openid"],
        "person": user["person"],
        "msgid": msgid,
        "status": outcome,
    }
    world.schedule(call.at + FINISH_MS, "template_done", user["person"], work)
    return {"errcode": 0, "errmsg": "ok", "msgid": msgid}


def finish(engine: Engine, work: Work, at: int) -> None:
    """TEMPLATESENDJOBFINISH."""
    fields: list[tuple[str, object]] = [
        ("MsgType", "event"), ("Event", "TEMPLATESENDJOBFINISH"), ("MsgID", work["msgid"]), ("Status", work["status"]),
    ]  # fmt: skip
    raise_oa(engine.world, str(work["appid"]), str(work["openid"]), int(str(work["person"])), at, fields)


ENDPOINTS = [
    Endpoint("oa", "POST", "/cgi-bin/template/api_add_template", add, "svc", 1_000),
    Endpoint("oa", "GET", "/cgi-bin/template/get_all_private_template", listing, "svc", 1_000),
    Endpoint("oa", "POST", "/cgi-bin/template/del_private_template", delete, "svc", 1_000),
    Endpoint("oa", "POST", "/cgi-bin/message/template/send", send, "svc", 100_000),
]
