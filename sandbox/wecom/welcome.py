"""Welcome messages (欢迎语): once for an add, within 20 seconds."""

from __future__ import annotations

from collections.abc import Mapping

from sandbox.api import Call, Endpoint
from sandbox.errors import Refused
from sandbox.inbox import hand_over_pieces
from sandbox.wecom.attachments import pieces
from sandbox.wecom.directory import OK

WINDOW_MS, SENDING_MS = 20_000, 1_000


def send(call: Call) -> Mapping[str, object]:
    """Greets whom the code stands for. Within a second another app's attempt hears 41096, later everybody 41051."""
    contents, world = pieces(call), call.world
    row = world.db.one(
        "select * from welcome where code = ? and corpid = ?", call.text("welcome_code", 41049), call.account
    )
    if row is None:
        raise Refused(41050)
    call.who = (world.person(row["uid"]), row["uid"])
    now = world.clock.short()
    if row["sent_at"] is not None:
        raise Refused(41096 if row["sent_by"] != call.agentid and now - row["sent_at"] < SENDING_MS else 41051)
    if now - row["machine"] >= WINDOW_MS:
        raise Refused(41050)
    standing = world.db.one(
        "select 1 from follow where corpid = ? and userid = ? and external_userid = ? and ended = ''",
        call.account, row["userid"], row["uid"],
    )  # fmt: skip
    if standing is None:
        raise Refused(84061)
    world.db.run("update welcome set sent_at = ?, sent_by = ? where code = ?", now, call.agentid, row["code"])
    hand_over_pieces(
        world, account=call.account, userid=row["userid"], route="wecom_welcome", manner="welcome",
        msgid=f"w{world.counter('welcome')}", contents=contents, to=[call.who], at=call.at, greeting=True,
    )  # fmt: skip
    return OK


ENDPOINTS = [Endpoint("wecom", "POST", "/cgi-bin/externalcontact/send_welcome_msg", send, "callable")]
