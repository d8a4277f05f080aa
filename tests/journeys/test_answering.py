"""Which messages a running journey answers itself: those that a wait_for will hear, and no others."""

from __future__ import annotations

import pytest

from siyu.journeys import actions as journeys
from siyu.journeys import queries
from siyu.kernel.jobs import PulseEvent
from tests.journeys.town import Town
from tests.support.world import World

SEND = {"kind": "send", "text": "hello", "routes": ["oa_custom"]}
REPLY = {"kind": "wait_for", "event": {"type": "message_received", "where": {"text": {"contains": "电子书"}}}}


@pytest.fixture
def town(world: World) -> Town:
    return Town(world)


def heard(town: Town, who: int, text: str, type: str = "message_received") -> bool:
    """Whether a journey would answer this message now."""
    with town.world.open() as ctx:
        event = PulseEvent(7, who, type, ctx.now, "oa:1", "k", None, {"text": text})
        return queries.answered(ctx, [event]) == {7}


def test_a_journey_answers_from_the_send_on_until_its_wait_is_over(town: Town) -> None:
    (ann,) = town.people(1, "上海")
    (bob,) = town.people(1)
    journey = town.start(
        {"id": "before", "kind": "wait", "for": "1h"},
        {"id": "ask", **SEND},
        {"id": "pause", "kind": "wait", "for": "1h"},
        {"id": "reply", **REPLY, "timeout": "12h", "on_timeout": "silent"},
        {"id": "answer", **SEND, "text": "link", "answers": True},
        {"id": "silent", "kind": "exit", "reason": "silent"},
    )
    assert not heard(town, ann, "电子书"), "nothing was asked yet"
    town.wait(hours=1)
    assert town.where(journey)[ann] == ("ask", "outcome")
    for _ in range(2):
        assert heard(town, ann, "我要电子书")
        assert not heard(town, ann, "你好")
        assert not heard(town, bob, "我要电子书")
        assert not heard(town, ann, "我要电子书", "menu_clicked")
        town.outcome("sent")
    town.wait(hours=1)
    assert town.where(journey)[ann] == ("reply", "event")
    assert heard(town, ann, "我要电子书")
    with town.world.open() as ctx:
        journeys.pause(ctx, journey.journey_id)
    assert not heard(town, ann, "我要电子书"), "a paused journey answers nobody"
    with town.world.open() as ctx:
        journeys.start(ctx, journey.journey_id)
    town.wait(hours=12)
    assert town.where(journey)[ann] == ("silent", "silent")
    assert not heard(town, ann, "我要电子书")


def test_hearing_without_answering_leaves_the_message_to_others(town: Town) -> None:
    (ann,) = town.people(1, "上海")
    journey = town.start(
        {"id": "reply", **REPLY, "timeout": "12h", "on_happened": "later", "on_timeout": "silent"},
        {"id": "later", "kind": "wait", "for": "1d"},
        {"id": "silent", "kind": "exit", "reason": "silent"},
    )
    assert town.where(journey)[ann] == ("reply", "event")
    assert not heard(town, ann, "电子书")
