"""Customer service from the link to the timeline: over the real sandbox, with callbacks doubled and lost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from siyu.customers import queries as customers
from siyu.customers.types import Identity
from siyu.intake import lookups as reading
from siyu.intake import queries
from siyu.platforms.types import Call, Outcome, Sender
from tests.intake.test_reconciliation import settle
from tests.platforms.sandboxed import CORPID, Platforms, platforms
from tests.support.world import World

PNG = b"\x89PNG\r\n\x1a\n" + b"p" * 40


@pytest.fixture
def both(world: World, tmp_path: Path) -> Iterator[Platforms]:
    with platforms(world, tmp_path) as found:
        found.sandbox.add_people(key="p", seed=1, count=4)
        yield found


def account(both: Platforms) -> tuple[str, str]:
    """(open_kfid, link) of an account of customer service."""
    wecom = both.senders["wecom"]
    picture = {"type": "image", "filename": "a.png", "content_type": "image/png", "content": PNG}
    media = wecom.send(Call(both.wecom, "media_upload", picture)).data["media_id"]
    made = wecom.send(Call(both.wecom, "kf_account_add", {"name": "售前", "media_id": media})).data["open_kfid"]
    way = wecom.send(Call(both.wecom, "kf_contact_way", {"open_kfid": made, "scene": "fair"})).data["url"]
    return str(made), str(way)


def test_who_enters_and_writes_is_a_customer_with_a_source(both: Platforms, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "KF_PAGE", 2)
    open_kfid, url = account(both)
    both.sandbox.set_faults(duplicate=1.0)
    both.sandbox.act(1, "open_url", url=url, account=CORPID)
    for text in ("多少钱", "👋", "TD"):
        both.sandbox.act(1, "kf_text", open_kfid=open_kfid, text=text)
    both.sandbox.set_faults(duplicate=0, lose=1.0)
    both.sandbox.act(2, "kf_text", open_kfid=open_kfid, text="没人听见")
    both.sandbox.set_faults(lose=0)
    both.sandbox.act(3, "kf_text", open_kfid=open_kfid, text="听见了")
    settle(both)
    both.sandbox.member_act("lisi", "kf_reply", corpid=CORPID, open_kfid=open_kfid, person=1, text="三百八")
    both.wait(minutes=1)
    settle(both)
    person = both.sandbox.person(1)
    with both.world.open() as ctx:
        customer_id = customers.find(ctx, Identity("unionid", person["unionid"]))
        assert customer_id is not None
        profile = customers.profile(ctx, customer_id)
        assert profile.first_touch is not None
        assert (profile.first_touch.kind, profile.first_touch.code) == ("kf_scene", "fair")
        assert profile.attributes["name"] == person["profile"]["name"]
        assert profile.opted_out_at is not None
        assert queries.readings_waiting(ctx) == 0
    told = both.world.rows(
        "select type, props->>'text' as text, props->>'scene' as scene, props ? 'welcome_code' as code from event "
        "where type in ('kf_entered', 'message_received', 'staff_message') order by occurred_at, event_id"
    )
    assert [tuple(row) for row in told] == [
        ("kf_entered", None, "fair", True),
        ("message_received", "多少钱", None, False),
        ("message_received", "👋", None, False),
        ("message_received", "TD", None, False),
        ("message_received", "没人听见", None, False),
        ("message_received", "听见了", None, False),
        ("staff_message", "三百八", None, False),
    ]
    assert both.world.value("select count(distinct customer_id) from event where type = 'message_received'") == 3
    assert both.world.value("select props->>'staff' from event where type = 'staff_message'") == "lisi"
    both.sandbox.set_faults(lose=1.0)
    both.sandbox.act(2, "kf_text", open_kfid=open_kfid, text="还没人听见")
    both.wait(minutes=1)
    settle(both)
    heard = "select count(*) from event where type = 'message_received' and props->>'text' = '还没人听见'"
    assert both.world.value(heard) == 0
    both.wait(days=1)
    settle(both)
    assert both.world.value(heard) == 1, "the nightly round reads on where nobody called back"


@dataclass
class Odd:
    """The real platform, whose first answers to a reading of messages are others."""

    real: Sender
    answers: list[Outcome]

    def send(self, call: Call) -> Outcome:
        return self.answers.pop(0) if call.endpoint == "kf_sync" and self.answers else self.real.send(call)


def test_a_reading_that_fails_is_made_again_within_the_welcomes_seconds(both: Platforms) -> None:
    open_kfid, _ = account(both)
    both.sandbox.act(1, "kf_text", open_kfid=open_kfid, text="多少钱")
    busy = Odd(both.senders["wecom"], [Outcome(False, -1, "busy", {}, retryable=True)])
    both.senders["wecom"] = busy
    settle(both)
    assert not both.world.rows("select 1 from event where type = 'message_received'")
    both.wait(seconds=2)
    settle(both)
    assert both.world.value("select count(*) from event where type = 'message_received'") == 1


def test_a_platform_that_goes_nowhere_is_not_asked_for_ever(both: Platforms) -> None:
    open_kfid, _ = account(both)
    both.sandbox.act(1, "kf_text", open_kfid=open_kfid, text="多少钱")
    settle(both)
    stood = both.world.value("select cursor from intake_kf")
    page = {"has_more": 1, "msg_list": [], "next_cursor": stood}
    odd = Odd(both.senders["wecom"], [Outcome(True, 0, "", page)] * 3 + [Outcome(True, 0, "", {"msg_list": []})])
    both.senders["wecom"] = odd
    for left in (3, 2, 1, 0):
        both.sandbox.act(1, "kf_text", open_kfid=open_kfid, text="还在吗")
        settle(both)
        assert len(odd.answers) == left, "each callback asks once"
    assert both.world.value("select cursor from intake_kf") == stood, "an answer without a cursor begins nothing anew"
    both.sandbox.act(1, "kf_text", open_kfid=open_kfid, text="在吗")
    settle(both)
    assert both.world.value("select count(*) from event where type = 'message_received'") == 6
