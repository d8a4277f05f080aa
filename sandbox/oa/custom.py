"""Customer-service messages: the reply windows and counts of docs/platform.md B.3."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from sandbox.api import Call, Endpoint
from sandbox.errors import Refused
from sandbox.inbox import ANSWER_MS, hand_over
from sandbox.oa.content import custom_content

OK: Mapping[str, object] = {"errcode": 0, "errmsg": "ok"}
TALK_MS, TALK_COUNT = 48 * 3_600_000, 5
SHORT_MS, SHORT_COUNT = 60_000, 3
TYPING_MS = 30_000


def follower(call: Call, openid: str) -> sqlite3.Row:
    """The user row of a follower who takes messages. Refuses: 40003 unknown, 43004 not following."""
    user = call.world.oa_user(call.account, openid)
    if user is None:
        raise Refused(40003)
    call.who = (user["person"], openid)
    if not user["subscribed"]:
        raise Refused(43004)
    return user


def send(call: Call) -> Mapping[str, object]:
    """Sends now; spends the minute after a follow, scan or menu click first, then the 48 hours after a message."""
    user = follower(call, call.text("touser", 40003))
    content = custom_content(call)
    if user["blocked"]:
        raise Refused(48002)
    short = user["short_machine"] is not None and call.world.clock.short() - user["short_machine"] < SHORT_MS
    talk = user["talk_at"] is not None and call.at - user["talk_at"] < TALK_MS
    if not short and not talk:
        raise Refused(45015)
    if short and user["short_used"] < SHORT_COUNT:
        spent = "short_used"
    elif talk and user["talk_used"] < TALK_COUNT:
        spent = "talk_used"
    else:
        raise Refused(45047)
    count = f"update oa_user set {spent} = {spent} + 1 where appid = ? and openid = ?"  # noqa: S608  # only names of our own in the text
    call.world.db.run(count, call.account, user["openid"])
    answer = user["talk_at"] is not None and call.at - user["talk_at"] <= ANSWER_MS
    msgid = f"c{call.world.counter('custom')}"
    hand_over(
        call.world, account=call.account, route="oa_custom", manner="custom" if talk else "welcome", msgid=msgid,
        content=content,
        to=[(user["person"], user["openid"])], at=call.at, answer=answer,
    )  # fmt: skip
    return OK


def typing(call: Call) -> Mapping[str, object]:
    """Shows or hides "typing"; only within 30 s of an interaction."""
    user = follower(call, call.text("touser", 40003))
    if call.body.get("command") not in ("Typing", "CancelTyping"):
        raise Refused(45072)
    recent = user["talk_at"] is not None and call.at - user["talk_at"] <= TYPING_MS
    if not recent and (user["short_machine"] is None or call.world.clock.short() - user["short_machine"] > TYPING_MS):
        raise Refused(45080)
    return OK


ENDPOINTS = [
    Endpoint("oa", "POST", "/cgi-bin/message/custom/send", send, "verified", 500_000),
    Endpoint("oa", "POST", "/cgi-bin/message/custom/typing", typing, "verified", 500_000),
]
