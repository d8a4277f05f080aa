"""What the room keeps others from taking away, and for how long it remembers."""

from __future__ import annotations

from datetime import time, timedelta

import pytest

from siyu.content import actions as content
from siyu.content.http import router
from siyu.kernel.probes import answer
from siyu.replies import actions, jobs
from siyu.replies.greetings import actions as greetings
from siyu.replies.greetings.types import Birthday, GreetingWay, NewGreeting
from siyu.replies.types import Match, NewReply, NewWelcome, ReplyKind, Said
from siyu.runtime import uses
from tests.replies.town import Town
from tests.support.http import room_client
from tests.support.world import START, World


@pytest.fixture
def town(world: World) -> Town:
    uses.register()
    return Town(world)


def test_a_content_that_is_sent_is_not_archived(town: Town) -> None:
    api = room_client(town.world, router)
    with town.world.open() as ctx:
        saved = content.save_content(ctx, key="hi", kind="text", title="您好", body={"text": "您好"}, publish=True)
        said = Said(content_id=saved.content_id)
        welcome = actions.save_welcome(ctx, NewWelcome("欢迎", "wecom", "", said))
        reply = actions.save_reply(ctx, NewReply(ReplyKind.KEYWORD, "价格", Match.CONTAINS, ("价格",), said))
        ways = (GreetingWay("oa_custom", town.oa),)
        greeting = greetings.save(ctx, NewGreeting("生日", Birthday(), said, time(9), ways))
    refused = api.delete(f"/api/content/{saved.content_id}")
    assert (refused.status_code, refused.json()["code"], refused.json()["field"]) == (409, "content_used", "content_id")
    assert refused.json()["detail"]["used_by"] == [
        {"kind": "welcome", "id": welcome, "name": "欢迎"},
        {"kind": "reply", "id": reply, "name": "价格"},
        {"kind": "greeting", "id": greeting, "name": "生日"},
    ]
    assert not api.get(f"/api/content/{saved.content_id}").json()["archived"]
    with town.world.open() as ctx:
        actions.save_welcome(ctx, NewWelcome("欢迎", "wecom", "", said, active=False), welcome)
        actions.delete_reply(ctx, reply)
        greetings.delete(ctx, greeting)
    assert api.delete(f"/api/content/{saved.content_id}").status_code == 204


def test_what_became_of_events_is_forgotten_after_thirty_days(town: Town) -> None:
    (ann,) = town.people("ann")
    town.keyword("你好")
    town.say(ann, "你好")
    town.world.wait(days=30)
    town.say(ann, "在吗")
    with town.world.open() as ctx:
        due = answer(ctx, jobs.DUE)
    assert due is not None
    assert timedelta(days=30) < due - START <= timedelta(days=31)
    assert (town.tick(), len(town.outcomes())) == (0, 2)
    town.world.clock.move_to(due)
    assert (town.tick(), len(town.outcomes())) == (1, 1)
