"""What customers and staff write to each other, from the sandbox's archive to the timeline, each message once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from siyu.customers import queries as customers
from siyu.customers.types import Identity
from siyu.intake import archive as reading
from siyu.intake import queries
from siyu.kernel.probes import answer
from siyu.kernel.settings import know
from siyu.platforms import queries as platform_queries
from tests.intake.test_reconciliation import settle
from tests.platforms.sandboxed import CORPID, Platforms, platforms
from tests.support.world import World


@pytest.fixture
def both(world: World, tmp_path: Path) -> Iterator[Platforms]:
    know(wecom_archive="sandbox")
    with platforms(world, tmp_path) as found:
        found.sandbox.add_people(key="p", seed=1, count=3, model={"reply_rate": 0, "chat_rate": 0})
        member = {"userid": "lisi", "name": "李四", "department": [1], "status": 1, "follow_user": True}
        found.sandbox.set_accounts(wecom=[{"corpid": CORPID, "members": [member | {"archive": True}]}])
        settle(found)
        yield found
    know(wecom_archive="")


def chat(both: Platforms, person: int, words: str) -> None:
    both.sandbox.act(person, "chat", corpid=CORPID, userid="lisi", text=words)


def told(both: Platforms) -> list[tuple[Any, ...]]:
    return [
        tuple(row)
        for row in both.world.rows(
            "select type, props->>'text' as text, props->>'via' as via, props->>'staff' as staff, "
            "props->>'chat_id' as chat_id, customer_id from event where type in "
            "('message_received', 'staff_message', 'group_message') order by event_id"
        )
    ]


def whose(both: Platforms, person: int) -> int:
    contact = both.sandbox.person(person)["contacts"][0]["external_userid"]
    with both.world.open() as ctx:
        found = customers.find(ctx, Identity("external_userid", contact, CORPID))
    assert found is not None
    return found


def test_conversations_stand_on_the_timeline_once(both: Platforms, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "PAGE", 2)
    for person in (1, 2):
        both.sandbox.act(person, "add_member", corpid=CORPID, userid="lisi")
    both.sandbox.act(1, "join_group", corpid=CORPID, chat_id="wrtest1")
    both.sandbox.act(3, "join_group", corpid=CORPID, chat_id="wrtest1")
    settle(both)
    both.sandbox.set_faults(duplicate=1.0)
    chat(both, 1, "多少钱")
    both.sandbox.member_act("lisi", "chat", corpid=CORPID, person=1, text="三百八")
    both.sandbox.act(1, "group_text", corpid=CORPID, chat_id="wrtest1", text="退订")
    both.sandbox.act(3, "group_text", corpid=CORPID, chat_id="wrtest1", text="没人认识我")
    both.sandbox.set_faults(duplicate=0, lose=1.0)
    chat(both, 2, "TD")
    both.wait(minutes=1)
    settle(both)
    one, two = whose(both, 1), whose(both, 2)
    assert told(both) == [
        ("message_received", "多少钱", "archive", "lisi", None, one),
        ("staff_message", "三百八", "archive", "lisi", None, one),
        ("group_message", "退订", "archive", None, "wrtest1", one),
        ("message_received", "TD", "archive", "lisi", None, two),
    ], "who is in a group alone is no customer, and says nothing that is kept"
    with both.world.open() as ctx:
        assert customers.profile(ctx, one).opted_out_at is None, "words in a group are said to the group"
        assert customers.profile(ctx, two).opted_out_at is not None
    chat(both, 2, "还在吗")
    settle(both)
    assert len(told(both)) == 4, "the callback was lost"
    both.wait(hours=1)
    settle(both)
    assert told(both)[4:] == [("message_received", "还在吗", "archive", "lisi", None, two)]


def test_a_page_whose_worker_was_killed_is_read_again_and_counts_once(both: Platforms) -> None:
    both.sandbox.act(1, "add_member", corpid=CORPID, userid="lisi")
    settle(both)
    chat(both, 1, "在吗")
    both.wait(minutes=1)
    both.world.wait(hours=1)
    with both.world.open() as ctx:
        killed = reading.ARCHIVE.claim(ctx)
    assert killed is not None
    with both.world.open() as ctx:
        assert reading.ARCHIVE.claim(ctx) is None, "it is leased"
    with both.world.open() as ctx:
        ctx.tx.execute(text("update intake_archive set lease_machine = 0"))
    settle(both)
    assert [row[1] for row in told(both)] == ["在吗"]
    late = reading.ARCHIVE.act(killed, both.senders)
    with both.world.open() as ctx:
        reading.ARCHIVE.record(ctx, killed, late)
    assert [row[1] for row in told(both)] == ["在吗"], "who was overtaken writes nothing"


def test_an_archive_that_fails_is_tried_again_and_says_so(both: Platforms) -> None:
    know(wecom_archive="tests.intake.nowhere:Native")
    both.world.wait(hours=1)
    assert both.world.run(reading.ARCHIVE, both.senders)
    with both.world.open() as ctx:
        (state,) = queries.archives(ctx)
        assert state.failures == 1
        assert "SIYU_WECOM_ARCHIVE" in state.error
        assert state.next_at > ctx.now
    know(wecom_archive="")
    with both.world.open() as ctx:
        assert not platform_queries.archive_configured(ctx)
    both.wait(hours=2)
    with both.world.open() as ctx:
        assert reading.ARCHIVE.ready is not None
        assert not answer(ctx, reading.ARCHIVE.ready), "nothing is asked where nothing is configured"
