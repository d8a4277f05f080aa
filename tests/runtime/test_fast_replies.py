"""The fast lane: what a callback asks for at once is asked for in the transaction that takes it in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from siyu.kernel.clock import VirtualClock
from siyu.platforms import actions as platforms
from siyu.platforms.types import InboxRow
from siyu.replies import actions as replies
from siyu.replies.types import Match, NewReply, NewWelcome, ReplyKind, Said
from siyu.runtime import worker
from siyu.runtime.house import House
from tests.support.installation import settled
from tests.support.world import START, ZONE, World


@pytest.fixture
def house(engine: Engine, clock: VirtualClock, tmp_path: Path) -> Iterator[House]:
    with settled(tmp_path):
        yield House(engine, clock, ZONE)


def _arrive(house: House, account_id: int, kind: str, lane: int, **body: str) -> None:
    with house.open() as ctx:
        body = {"CreateTime": str(int(START.timestamp())), **body}
        platforms.receive(ctx, [InboxRow(account_id, f"{kind}{body}", lane, kind, body, START)])


def _asked(world: World) -> list[tuple[str, str]]:
    found = world.rows(
        "select c.route, m.text from outreach_request join outreach_message m using (message_id)"
        " join outreach_choice c using (message_id) order by request_id"
    )
    return [(row.route, row.text) for row in found]


def test_a_welcome_and_an_answer_are_asked_for_before_any_pulse_and_only_once(house: House, world: World) -> None:
    with house.open() as ctx:
        oa = platforms.save_account(ctx, kind="oa", key="wxfast", name="号", secret="s", token="t")
        app = platforms.save_account(
            ctx, kind="wecom", key="wwfast-1", name="企业", config={"corpid": "wwfast", "agentid": "1"}, secret="s"
        )
        replies.save_welcome(ctx, NewWelcome("w", "wecom", "", Said("您好")))
        replies.save_reply(ctx, NewReply(ReplyKind.KEYWORD, "k", Match.CONTAINS, ("电子书",), Said("给你")))
    add = {"UserID": "wang", "ExternalUserID": "wm1", "WelcomeCode": "CODE"}
    _arrive(house, app, "change_external_contact.add_external_contact", 0, **add)
    message = {"FromUserName": "o1", "Content": "要电子书", "MsgType": "text", "MsgId": "1"}
    _arrive(house, oa, "message", 0, **message)
    assert worker.inbox_round(house, 0)
    both = [("wecom_welcome", "您好"), ("oa_custom", "给你")]
    assert sorted(_asked(world)) == sorted(both)
    assert worker.pulse_round(house)
    assert sorted(_asked(world)) == sorted(both)
    with house.open() as ctx:
        assert ctx.tx.execute(text("select count(*) from parked_work")).scalar() == 0


def test_what_fails_in_the_fast_lane_is_taken_in_all_the_same(house: House, world: World) -> None:
    with house.open() as ctx:
        oa = platforms.save_account(ctx, kind="oa", key="wxfast", name="号", secret="s", token="t")
        replies.save_reply(ctx, NewReply(ReplyKind.KEYWORD, "k", Match.CONTAINS, ("电子书",), Said("给你")))
        ctx.tx.execute(text("alter table reply_handled rename to reply_handled_away"))
    _arrive(house, oa, "message", 0, FromUserName="o1", Content="要电子书", MsgType="text", MsgId="1")
    try:
        assert worker.inbox_round(house, 0)
        assert world.value("select count(*) from event where type = 'message_received'") == 1
        assert _asked(world) == []
    finally:
        with house.open() as ctx:
            ctx.tx.execute(text("alter table reply_handled_away rename to reply_handled"))
    assert worker.pulse_round(house)
    assert _asked(world) == [("oa_custom", "给你")]
