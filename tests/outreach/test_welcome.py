"""The welcome of a contact that was just added: its code, its 20 seconds, the codes of WeCom's refusals."""

from __future__ import annotations

from dataclasses import replace
from datetime import time, timedelta

import pytest

from siyu.customers import actions as customers
from siyu.customers import queries as people
from siyu.customers.types import NewEvent, wecom_source
from siyu.kernel.clock import machine
from siyu.outreach import claims, jobs
from siyu.outreach.types import Cap, Message, Route, RouteChoice
from siyu.platforms import actions as platforms
from tests.outreach.test_rules import rule
from tests.outreach.town import Platform, Town, arrive, refused
from tests.support.world import World


@pytest.fixture
def town(world: World) -> Town:
    """Three people and a WeCom app."""
    with world.open() as ctx:
        account = platforms.save_account(
            ctx, kind="wecom", key="ww1-1", name="企业", config={"corpid": "ww1", "agentid": "1"}, secret="s"
        )
        ids = arrive(ctx, account, 0, 3)
    return Town(world, account, ids, Platform())


def added(town: Town, code: str | None = "CODE", person: int = 0, ago: float = 0) -> int:
    """A person adds a staff member; the event_id."""
    with town.world.open() as ctx:
        at = ctx.now - timedelta(seconds=ago)
        props = {"account": town.account, "staff": "zhang"} | ({"welcome_code": code} if code else {})
        key = f"add:{person}:{code}:{at.timestamp()}"
        event = NewEvent(wecom_source(town.account), key, "contact_added", at, town.people[person], props=props)
        customers.record(ctx, [event])
        found = people.timeline(ctx, town.people[person])
        return next(one.event_id for one in found.items if one.type == "contact_added")


def greet(town: Town, event: int, person: int = 0, key: str = "welcome", text: str = "您好") -> None:
    route = RouteChoice(Route.WECOM_WELCOME, town.account)
    town.ask([town.people[person]], routes=(route,), message=Message(text=text), key=key, answers=event)


def test_a_welcome_goes_by_the_fast_lane_with_the_code_of_the_add_whatever_caps_and_quiet_hours_say(
    town: Town,
) -> None:
    rule(town, caps=(Cap(None, "day", 0),), quiet_from=time(8, 0), quiet_to=time(20, 0))
    greet(town, added(town))
    for phased in jobs.phases():
        assert not town.world.run(phased, town.platform.senders), "the slow lane must not touch it"
    for phased in jobs.fast_phases():
        assert town.world.run(phased, town.platform.senders)
    assert [(name, code) for name, code, _ in town.platform.received] == [("welcome_send", "CODE")]
    assert town.states() == [(0, "sent", "now")]
    (event,) = town.events()
    assert (event.type, event.props["route"]) == ("delivery_sent", "wecom_welcome")
    written = list(town.world.rows("select row_to_json(r) from outreach_request r")) + list(
        town.world.rows("select row_to_json(m) from outreach_move m")
    )
    assert "CODE" not in str(written), "the code stands nowhere but in the event that brought it"


def test_each_staff_member_greets_a_person_who_added_two(town: Town) -> None:
    greet(town, added(town, "A"), key="a")
    greet(town, added(town, "B"), key="b")
    town.work()
    assert town.platform.of("welcome_send") == ["A", "B"]


def test_an_add_without_a_code_and_an_act_that_is_no_add_are_told(town: Town) -> None:
    greet(town, added(town, None))
    greet(town, 10**9, person=1)
    town.work()
    assert town.platform.received == []
    assert town.states() == [(0, "not_sent", "no_welcome_code"), (1, "not_sent", "no_welcome_code")]


def test_twenty_seconds_count_by_the_machine_under_a_virtual_clock(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    greet(town, added(town), key="in")
    town.world.wait(hours=1)
    town.work()
    assert town.platform.of("welcome_send") == ["CODE"]
    greet(town, added(town, "LATE", person=1), person=1)
    at = machine()
    monkeypatch.setattr("siyu.outreach.addresses.machine", lambda: at + 21)
    town.work()
    assert town.states()[1] == (1, "not_sent", "welcome_late")


def test_twenty_seconds_count_from_the_add_under_the_system_clock(town: Town) -> None:
    for person, ago, reason in ((0, 15, "now"), (1, 25, "welcome_late")):
        event = added(town, f"C{person}", person, ago)
        greet(town, event, person)
        with town.world.open() as ctx:
            work = claims.people(replace(ctx, system_time=True), 0)
        assert work is not None
        assert len(work.sends) == (reason == "now")
        assert town.states()[person][2] == reason


@pytest.mark.parametrize(
    ("code", "state", "reason"),
    [
        (41049, "not_sent", "no_welcome_code"),
        (41050, "not_sent", "welcome_late"),
        (41051, "not_sent", "already_greeted"),
        (41053, "not_sent", "archive_pending"),
        (41054, "failed", "platform_refused"),
    ],
)
def test_refusals_end_with_what_they_mean(town: Town, code: int, state: str, reason: str) -> None:
    town.platform.answers["*"] = refused(code)
    greet(town, added(town))
    town.work()
    assert town.states() == [(0, state, reason)]
    assert town.world.value("select detail from outreach_request").startswith(str(code))


def test_a_refusal_leads_to_the_next_choice_unless_somebody_greeted(town: Town) -> None:
    hook = RouteChoice(Route.WEBHOOK, 0)
    welcome = RouteChoice(Route.WECOM_WELCOME, town.account)
    message = Message(text="您好", url="http://127.0.0.1/hook")
    for person, code in ((0, 41050), (1, 41051)):
        town.platform.answers[f"C{person}"] = refused(code)
        event = added(town, f"C{person}", person)
        town.ask([town.people[person]], routes=(welcome, hook), message=message, answers=event)
    town.work()
    assert town.states() == [(0, "sent", "now"), (1, "not_sent", "already_greeted")]


def test_while_another_app_is_sending_it_is_tried_again_each_second(town: Town) -> None:
    town.platform.answers["CODE"] = refused(41096)
    greet(town, added(town))
    start = town.world.now
    town.work()
    assert town.states() == [(0, "waiting", "platform_busy")]
    del town.platform.answers["CODE"]
    town.play(start + timedelta(seconds=1))
    assert town.states() == [(0, "sent", "now")]
    assert town.world.value("select claimed_at from outreach_request") == start + timedelta(seconds=1)


def test_an_answer_that_was_lost_is_asked_for_again_and_nobody_is_greeted_twice(town: Town) -> None:
    town.platform.lost = 1
    greet(town, added(town))
    town.play(town.world.now + timedelta(minutes=5))
    assert town.platform.of("welcome_send") == ["CODE"]
    assert town.platform.calls == {"welcome_send": 2}
    assert town.states() == [(0, "failed", "uncertain")]
