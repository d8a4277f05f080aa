"""Customer service welcomes in the fast lane, over the real sandbox: once, in its 20 seconds, whatever else waits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from siyu.kernel.clock import VirtualClock, machine
from siyu.outreach.reasons import REASONS
from siyu.platforms.types import Call, Outcome, Sender
from siyu.replies import actions as replies
from siyu.replies.types import BadReply, Match, NewReply, NewWelcome, ReplyKind, Said, Scope
from siyu.runtime import worker
from siyu.runtime.house import House
from tests.intake.test_customer_service import account
from tests.platforms.sandboxed import CORPID, Platforms, platforms
from tests.support.installation import settled
from tests.support.world import ZONE, World


@dataclass
class Front:
    """An account of customer service, its link, and the house that serves it."""

    both: Platforms
    house: House
    open_kfid: str
    url: str

    def welcome(self, words: str, scope: Scope, ref: str = "") -> None:
        with self.house.open() as ctx:
            replies.save_welcome(ctx, NewWelcome(words, scope, ref, Said(words)))

    def enter(self, person: int) -> None:
        self.both.sandbox.act(person, "open_url", url=self.url, account=CORPID)

    def fast(self) -> None:
        """The fast lane alone, until it rests: no pulse, no slow lane."""
        while worker.fast_round(self.house):
            pass

    def read(self, person: int) -> list[str]:
        inbox = self.both.sandbox.person(person)["inbox"]
        return [one["data"]["text"] for one in inbox if one["route"] == "kf"]

    def asked(self) -> list[tuple[str, str, str]]:
        found = self.both.world.rows("select route, state, reason from outreach_request order by request_id")
        return [tuple(row) for row in found]


@pytest.fixture
def front(world: World, engine: Engine, clock: VirtualClock, tmp_path: Path) -> Iterator[Front]:
    with settled(tmp_path), platforms(world, tmp_path) as both:
        both.sandbox.add_people(key="p", seed=1, count=3, model={"reply_rate": 0})
        yield Front(both, House(engine, clock, ZONE, both.senders), *account(both))


def test_who_enters_is_greeted_once_by_the_fast_lane_with_the_narrowest_welcome(front: Front) -> None:
    front.welcome("大家好", "kf")
    front.welcome("企业微信", "wecom")
    front.welcome("账号好", "kf_account", front.open_kfid)
    front.welcome("展会好", "channel", "fair")
    front.both.sandbox.set_faults(duplicate=1.0)
    front.enter(1)
    front.both.sandbox.act(2, "kf_enter", open_kfid=front.open_kfid)
    front.fast()
    assert (front.read(1), front.read(2)) == (["展会好"], ["账号好"])
    assert front.asked() == [("kf_welcome", "sent", "now")] * 2
    code = front.both.world.value("select min(props->>'welcome_code') from event where type = 'kf_entered'")
    written = [*front.both.world.rows("select row_to_json(r) from outreach_request r")]
    assert code
    assert code not in str(written), "the code stands nowhere but in the event that brought it"

    assert worker.pulse_round(front.house)
    front.enter(1)
    front.fast()
    assert front.read(1) == ["展会好"], "who was greeted within 48 hours brings no code"
    front.both.wait(hours=49)
    front.enter(1)
    front.fast()
    assert front.read(1) == ["展会好", "展会好"]


def test_a_question_to_customer_service_is_answered_by_the_fast_lane(front: Front) -> None:
    with front.house.open() as ctx:
        replies.save_reply(ctx, NewReply(ReplyKind.KEYWORD, "k", Match.CONTAINS, ("价格",), Said("三百八")))
    front.both.sandbox.act(1, "kf_text", open_kfid=front.open_kfid, text="价格呢")
    front.fast()
    assert front.read(1) == ["三百八"]


def test_after_twenty_seconds_nobody_is_greeted(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    front.welcome("您好", "kf")
    front.enter(1)
    at = machine()
    monkeypatch.setattr("siyu.outreach.addresses.machine", lambda: at + 21)
    front.fast()
    assert front.read(1) == []
    assert front.asked() == [("kf_welcome", "not_sent", "welcome_late")]


@pytest.mark.parametrize(
    ("code", "state", "reason"),
    [
        (40029, "not_sent", "already_greeted"),
        (42003, "not_sent", "welcome_late"),
        (95018, "not_sent", "session_taken"),
        (95017, "failed", "platform_refused"),
    ],
)
def test_refusals_end_with_what_they_mean(front: Front, code: int, state: str, reason: str) -> None:
    front.welcome("您好", "kf")
    front.enter(1)
    refusing = Twisted(front.both.senders["wecom"], Outcome(False, code, "refused", {}))
    front.house = replace(front.house, senders={**front.both.senders, "wecom": refusing})
    front.fast()
    assert front.asked() == [("kf_welcome", state, reason)]


@dataclass
class Twisted:
    """The real platform, whose answer to a welcome is another one; ``after``: the call was carried out before."""

    real: Sender
    answer: Outcome
    after: bool = False

    def send(self, call: Call) -> Outcome:
        if call.endpoint != "kf_send_on_event":
            return self.real.send(call)
        if self.after:
            self.real.send(call)
        return self.answer


def test_a_lost_answer_greets_nobody_twice(front: Front) -> None:
    front.welcome("您好", "kf")
    front.enter(1)
    lost = Twisted(front.both.senders["wecom"], Outcome(False, -101, "died", {}, uncertain=True), after=True)
    lossy = replace(front.house, senders={**front.both.senders, "wecom": lost})
    while worker.fast_round(lossy):
        pass
    with front.house.open() as ctx:
        ctx.tx.execute(text("update outreach_batch set lease_machine = 0"))
    worker.drain(front.house)
    assert front.read(1) == ["您好"]
    assert front.asked() == [("kf_welcome", "failed", "uncertain")]


def test_what_customer_service_could_not_deliver_is_told_with_a_reason(front: Front) -> None:
    front.welcome("您好", "kf")
    with front.house.open() as ctx:
        replies.save_reply(ctx, NewReply(ReplyKind.KEYWORD, "k", Match.CONTAINS, ("价格",), Said("三百八")))
    refuse: dict[str, Any] = {"open_kfid": front.open_kfid}
    front.both.sandbox.act(1, "kf_refuse", **refuse)
    front.both.sandbox.set_faults(duplicate=1.0)
    front.enter(1)
    front.fast()
    front.both.sandbox.act(1, "kf_text", text="价格", **refuse)
    front.fast()
    front.fast()
    worker.drain(front.house)
    assert front.read(1) == []
    assert front.asked() == [("kf_welcome", "failed", "blocked"), ("kf", "failed", "blocked")]
    assert REASONS["blocked"].zh
    told = front.both.world.rows("select type, props->>'reason' from event where type like 'delivery_%' order by key")
    assert sorted(tuple(row) for row in told) == [("delivery_failed", "blocked")] * 2 + [("delivery_sent", None)] * 2
    assert front.both.world.value("select used from outreach_window where trigger = 'kf'") == 0, "it used nothing up"
    front.both.sandbox.act(1, "kf_refuse", refuse=False, **refuse)
    front.both.sandbox.act(1, "kf_text", text="价格", **refuse)
    front.fast()
    assert front.read(1) == ["三百八"]


def test_nobody_is_greeted_again_in_customer_service(world: World) -> None:
    scopes: list[tuple[Scope, str]] = [("kf", ""), ("kf_account", "wk1")]
    for scope, ref in scopes:
        new = NewWelcome("w", scope, ref, Said("您好"), second_after=timedelta(hours=2))
        with world.open() as ctx, pytest.raises(BadReply) as caught:
            replies.save_welcome(ctx, new)
        assert caught.value.field == "second_after_minutes"
