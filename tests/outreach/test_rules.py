"""Never twice, never too much: every rule of the decision, with its reason."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest

from siyu.customers import actions as customers
from siyu.kernel.calendar import SHIPPED
from siyu.kernel.db import ids_of
from siyu.outreach import actions, queries
from siyu.outreach.reasons import REASONS
from siyu.outreach.types import (
    BadPolicy,
    BadRequest,
    Cap,
    Message,
    Origin,
    Policy,
    Quotas,
    Route,
    RouteChoice,
    WindowRule,
)
from siyu.workdays import actions as workdays
from siyu.workdays.types import NewDay
from tests.outreach.town import ORIGIN, Town, refused


def rule(town: Town, **changes: object) -> None:
    with town.world.open() as ctx:
        actions.save_policy(ctx, replace(Policy(), **changes))  # type: ignore[arg-type]  # names come from the tests below


def test_the_same_content_never_comes_twice_whatever_asks(town: Town) -> None:
    article = town.article()
    town.ask(town.people[:2], message=Message(content_id=article))
    town.ask(town.people[:2], message=Message(content_id=article), key="k2", routes=(town.template,), exempt=True)
    town.work()
    other = Origin("journey", 2, 1, "x")
    town.ask(town.people[:2], message=Message(content_id=article), key="k3", routes=(town.template,), origin=other)
    town.work()
    assert len(town.platform.received) == 2
    assert town.tally() == {("accepted", "now"): 2, ("not_sent", "already_had_content"): 4}
    assert [event.props["reason"] for event in town.events("delivery_not_sent")] == ["already_had_content"] * 4


def test_opt_out_stops_pushes_at_once_but_not_the_answer_to_an_own_message(town: Town) -> None:
    town.opens(town.people)
    town.ask(routes=(town.custom,))
    with town.world.open() as ctx:
        customers.opt_out(ctx, ids_of(town.people[:2]), "退订")
        customers.consent(ctx, ids_of(town.people[2:3]), "contact", False, "form")
        customers.blacklist(ctx, ids_of(town.people[3:4]), True, "tester")
    town.work()
    assert town.tally() == {
        ("not_sent", "opted_out"): 2,
        ("not_sent", "no_consent"): 1,
        ("not_sent", "blacklisted"): 1,
        ("sent", "now"): 1,
    }
    town.ask(town.people[:4], key="answer", routes=(town.custom,), answers=1)
    town.ask(town.people[:1], key="exempt", routes=(town.custom,), exempt=True)
    town.work()
    assert sorted(town.platform.of("custom_send")) == ["o0", "o1", "o2", "o4"]
    assert town.tally()["not_sent", "blacklisted"] == 2
    assert town.tally()["not_sent", "opted_out"] == 3


def test_quiet_hours_put_off_until_seven_and_answers_go_at_night(town: Town) -> None:
    town.world.wait(hours=13.5)  # 22:30
    town.ask(routes=(town.mass(),))
    town.opens(town.people[:1])
    town.ask(town.people[:1], key="answer", routes=(town.custom,), answers=1)
    town.work()
    assert town.platform.of("custom_send") == ["o0"]
    assert town.platform.of("mass_send") == []
    morning = datetime(2026, 3, 2, 23, 0, tzinfo=UTC)
    assert town.world.value("select distinct due_at from outreach_request where state = 'waiting'") == morning
    town.play(morning + timedelta(minutes=1))
    assert len(town.platform.of("mass_send")) == 5


def test_two_a_day_seven_a_week_and_answers_do_not_count(town: Town) -> None:
    one = town.people[:1]
    for number in range(10):
        town.ask(one, key=f"k{number}", routes=(town.template,), message=Message(content_id=town.article(f"a{number}")))
    for number in range(3):
        town.opens(one)
        town.ask(one, key=f"reply{number}", routes=(town.custom,), answers=number)
    start = town.world.now
    town.play(start + timedelta(days=6, hours=20))
    sent = town.world.rows("select claimed_at from outreach_request where route = 'oa_template' and state = 'accepted'")
    days = [row.claimed_at.astimezone(UTC).date().isoformat() for row in sent]
    assert sorted(days) == ["2026-03-02"] * 2 + ["2026-03-02"] * 2 + ["2026-03-03"] * 2 + ["2026-03-04"]
    assert len(town.platform.of("custom_send")) == 3
    assert town.tally()["waiting", "cap_week"] + town.tally()["not_sent", "cap_week"] == 3
    town.play(start + timedelta(days=9))
    assert town.tally()["not_sent", "cap_day"] == 1, "patience ends on the second Monday, when two of the three went"
    assert len(town.platform.of("template_send")) == 9


def test_a_cap_of_one_route(town: Town) -> None:
    rule(town, caps=(Cap(Route.OA_TEMPLATE, "day", 1),))
    one = town.people[:1]
    for number in range(2):
        town.ask(one, key=f"k{number}", routes=(town.template,), message=Message(content_id=town.article(f"a{number}")))
    town.opens(one)
    town.ask(one, key="c", routes=(town.custom,))
    town.work()
    assert town.tally() == {("accepted", "now"): 1, ("waiting", "cap_route_day"): 1, ("sent", "now"): 1}


def test_four_mass_sends_a_month_then_the_next_route(town: Town) -> None:
    rule(town, caps=())
    for number in range(5):
        message = Message(content_id=town.article(f"a{number}"))
        town.ask(key=f"k{number}", message=message, routes=(town.mass(), town.template))
        town.work()
    assert town.platform.calls["mass_send"] == 4
    assert sorted(town.platform.of("template_send")) == ["o0", "o1", "o2", "o3", "o4"]
    moves = town.world.rows("select distinct reason from outreach_move where state = 'waiting'")
    assert [move.reason for move in moves] == ["quota_month"]
    town.ask(key="k9", message=Message(content_id=town.article("a9")), expires_at=town.world.now + timedelta(days=2))
    town.work()
    assert town.tally()["not_sent", "quota_month"] == 5
    town.ask(key="k10", message=Message(content_id=town.article("a9")), expires_at=town.world.now + timedelta(days=60))
    town.play(datetime(2026, 4, 2, tzinfo=UTC))
    assert town.platform.calls["mass_send"] == 5


def test_the_calls_of_an_account_per_day(town: Town) -> None:
    rule(town, quotas=Quotas(template_day=3))
    message = Message(content_id=town.article())
    town.ask(routes=(town.template,), message=message)
    town.work()
    assert town.tally() == {("accepted", "now"): 3, ("waiting", "quota_day"): 2}
    town.play(town.world.now + timedelta(days=1))
    assert town.tally() == {("accepted", "now"): 5}


def test_a_window_carries_its_messages_and_then_is_full(town: Town) -> None:
    rule(town, caps=(), windows=(WindowRule("message", 3600, 2),))
    town.opens(town.people[:1])
    for number in range(3):
        town.ask(town.people[:1], key=f"k{number}", routes=(town.custom,))
    town.work()
    assert town.tally() == {("sent", "now"): 2, ("not_sent", "window_full"): 1}
    town.world.wait(hours=1)
    town.ask(town.people[:1], key="k9", routes=(town.custom,))
    town.work()
    assert town.tally()["not_sent", "window_closed"] == 1


def test_a_minute_counts_in_machine_time_under_a_virtual_clock(town: Town) -> None:
    town.opens(town.people[:2], "follow", town.world.now - timedelta(hours=5))
    town.ask(town.people[:2], routes=(town.custom,))
    assert town.world.value("select distinct lane from outreach_request") == 0
    town.work()
    assert town.tally() == {("sent", "now"): 2}
    with town.world.engine.begin() as connection:
        connection.exec_driver_sql("update outreach_window set opened_machine = opened_machine - 61")
    town.ask(town.people[:2], key="late", routes=(town.custom,))
    town.work()
    assert town.tally()["not_sent", "window_closed"] == 2


def test_who_left_and_who_refuses(town: Town) -> None:
    town.opens(town.people)
    town.platform.answers = {"o0": refused(48002), "o1": refused(43004), "o2": refused(40003), "o3": refused(45015)}
    town.ask(routes=(town.custom,))
    town.work()
    assert town.states() == [
        (0, "not_sent", "blocked"),
        (1, "not_sent", "not_following"),
        (2, "not_sent", "unreachable"),
        (3, "not_sent", "window_closed"),
        (4, "sent", "now"),
    ]
    town.platform.answers = {}
    town.ask(key="again", routes=(town.custom,))
    town.work()
    assert town.platform.of("custom_send") == ["o4", "o4"]
    town.world.wait(minutes=1)
    town.opens(town.people[:1])
    town.ask(town.people[:1], key="back", routes=(town.custom,))
    town.work()
    assert town.platform.of("custom_send")[-1] == "o0", "who writes again is tried again"


def test_an_account_that_is_gone_and_content_that_cannot_go(town: Town) -> None:
    nowhere = RouteChoice(Route.OA_TEMPLATE, 999_999)
    town.ask(town.people[:1], key="a", routes=(nowhere,), message=Message(content_id=town.article()))
    town.ask(town.people[1:2], key="b", routes=(town.template,), message=Message(content_id=999_999))
    town.work()
    assert town.states() == [(0, "not_sent", "account_missing"), (1, "not_sent", "content_unusable")]


def test_expired_and_cancelled(town: Town) -> None:
    town.ask(town.people[:1], key="a", expires_at=town.world.now)
    town.ask(town.people[1:4], key="b", wanted_at=town.world.now + timedelta(hours=1))
    with town.world.open() as ctx:
        assert actions.cancel(ctx, ids_of(town.people), Origin("journey", 1, 0, "other"), "left") == 0
        assert actions.cancel(ctx, ids_of(town.people[:3]), ORIGIN, "left the stage") == 3
    town.play(town.world.now + timedelta(hours=2))
    assert town.tally() == {("not_sent", "cancelled"): 3, ("not_sent", "gather_too_few"): 1}
    assert {event.props["detail"] for event in town.events("delivery_not_sent") if "detail" in event.props} == {
        "left the stage"
    }
    town.ask(town.people[:1], key="c", expires_at=town.world.now)
    town.work()
    assert town.tally()["not_sent", "expired"] == 1


def test_a_busy_platform_is_tried_again_and_a_refusal_is_not(town: Town) -> None:
    message = Message(content_id=town.article())
    town.platform.answers = {"o0": refused(-1, retryable=True), "o1": refused(47003)}
    town.ask(town.people[:2], routes=(town.template,), message=message)
    town.work()
    assert town.tally() == {("waiting", "platform_busy"): 1, ("failed", "platform_refused"): 1}
    assert town.world.value("select count(*) from outreach_seen") == 0
    town.platform.answers = {}
    town.play(town.world.now + timedelta(minutes=1))
    assert town.tally()["accepted", "now"] == 1


def test_a_platform_that_stays_busy_ends_the_request(town: Town) -> None:
    town.platform.answers = {"*": refused(-1, retryable=True)}
    town.ask(town.people[:1], routes=(town.template,), message=Message(content_id=town.article()))
    town.play(town.world.now + timedelta(hours=2))
    assert town.tally() == {("failed", "platform_busy"): 1}
    assert town.platform.calls["template_send"] == 5
    assert town.world.value("select sum(sends) from outreach_tally") == 0


def test_the_platform_s_word_about_its_quota_counts(town: Town) -> None:
    message = Message(content_id=town.article())
    town.platform.answers = {"*": refused(45028)}
    town.ask(message=message, routes=(town.mass(), town.template))
    town.platform.answers = {"o0": refused(45028)}
    town.work()
    assert sorted(town.platform.of("template_send")) == ["o1", "o2", "o3", "o4"]
    assert town.world.value("select used from outreach_quota where quota = 'mass_day'") == 100


def test_a_higher_priority_takes_the_scarce_place(town: Town) -> None:
    one = town.people[:1]
    for number, priority in enumerate((0, 5, 1)):
        message = Message(content_id=town.article(f"a{number}"))
        town.ask(one, key=f"k{number}", routes=(town.template,), message=message, priority=priority)
    town.work()
    assert [state for _, state, _ in town.states()] == ["waiting", "accepted", "accepted"]


def test_the_ledger_tells_the_whole_story(town: Town) -> None:
    town.world.wait(hours=14)
    town.ask(town.people[:1], routes=(town.custom, town.template), message=Message(content_id=town.article()))
    town.play(town.world.now + timedelta(hours=12))
    with town.world.open() as ctx:
        (entry,) = queries.ledger(ctx, town.people[0]).items
        (step,) = queries.by_step(ctx, ORIGIN)
        assert queries.counts(ctx, ORIGIN) == {(entry.state, "now"): 1}
    assert [(move.reason, move.route) for move in entry.moves] == [
        ("quiet_hours", Route.OA_CUSTOM),
        ("window_closed", Route.OA_CUSTOM),
    ]
    assert (entry.state, entry.route, step.requests, step.node) == ("accepted", Route.OA_TEMPLATE, 1, "push")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"caps": (Cap(None, "day", -1),)}, "caps.0.most"),
        ({"caps": (Cap(None, "day", 1), Cap(None, "day", 2))}, "caps.1"),
        ({"windows": (WindowRule("menu", 0, 3),)}, "windows.0"),
        ({"quotas": Quotas(mass_day=-1)}, "quotas.mass_day"),
        ({"patience": timedelta(0)}, "patience_s"),
    ],
)
def test_a_bad_policy_changes_nothing(town: Town, changes: dict[str, object], field: str) -> None:
    with pytest.raises(BadPolicy) as caught:
        rule(town, **changes)
    assert caught.value.field == field
    with town.world.open() as ctx:
        assert queries.policy(ctx) == Policy()


def test_a_bad_request_is_refused(town: Town) -> None:
    with pytest.raises(BadRequest):
        town.ask(routes=(RouteChoice(Route.WEBHOOK, 0),))
    with pytest.raises(BadRequest):
        town.ask(routes=(town.template,))
    with pytest.raises(BadRequest):
        town.ask(message=Message())
    assert town.states() == []


def test_quiet_days_and_no_quiet_hours(town: Town) -> None:
    day = town.world.now.date()
    rule(town, quiet_from=time(0), quiet_to=time(0), quiet_days=(day,))
    town.ask()
    town.work()
    assert town.tally() == {("waiting", "quiet_hours"): 5}
    town.play(datetime(2026, 3, 2, 16, 0, tzinfo=UTC))
    town.work()
    assert town.tally() == {("accepted", "now"): 5}


def test_holidays_hold_until_the_day_after_and_patience_waits_with_them(town: Town) -> None:
    rule(town, holidays="hold")
    town.world.clock.move_to(datetime(2026, 4, 30, 15, 0, tzinfo=UTC))  # 23:00 on the eve of Labour Day
    town.ask(town.people[:2])
    town.work()
    assert town.tally() == {("waiting", "holiday"): 2}, "the night only leads into the holiday"
    town.play(datetime(2026, 5, 2, 2, 0, tzinfo=UTC))
    town.opens(town.people[:1])
    town.ask(town.people[:1], key="answer", routes=(town.custom,), answers=1)
    town.work()
    assert town.platform.of("custom_send") == ["o0"], "answers go on any day"
    due = datetime(2026, 5, 5, 23, 0, tzinfo=UTC)
    assert town.world.value("select distinct due_at from outreach_request where state = 'waiting'") == due
    town.play(due + timedelta(minutes=1))
    assert town.tally() == {("accepted", "now"): 2, ("sent", "now"): 1}
    town.world.clock.move_to(datetime(2026, 10, 1, 1, 0, tzinfo=UTC))
    rule(town, holidays="hold", patience=timedelta(days=3))
    town.ask(key="national day")
    town.ask(key="later", wanted_at=datetime(2026, 9, 29, 1, 0, tzinfo=UTC) + timedelta(days=366))
    town.play(datetime(2026, 10, 8, 0, 0, tzinfo=UTC))
    assert town.tally()["accepted", "now"] == 7, "seven days off do not use up three days of patience"


def test_holidays_send_unless_the_policy_holds(town: Town) -> None:
    town.world.clock.move_to(datetime(2026, 10, 1, 1, 0, tzinfo=UTC))
    town.ask()
    town.work()
    assert town.tally() == {("accepted", "now"): 5}


def test_a_year_without_its_notice_holds_nothing(town: Town) -> None:
    rule(town, holidays="hold")
    town.world.clock.move_to(datetime(SHIPPED.years[-1] + 2, 10, 1, 1, 0, tzinfo=UTC))
    town.ask()
    town.work()
    assert town.tally() == {("accepted", "now"): 5}


def test_a_day_of_the_companys_own_is_held_like_a_holiday(town: Town, asked_each_time: None) -> None:
    rule(town, holidays="hold")
    with town.world.open() as ctx:
        workdays.enter(ctx, NewDay(date(2026, 3, 2), "off", "公司周年"))
    town.ask()
    town.work()
    assert town.tally() == {("waiting", "holiday"): 5}
    town.play(datetime(2026, 3, 3, 0, 0, tzinfo=UTC))
    assert town.tally() == {("accepted", "now"): 5}


def test_every_reason_is_documented() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "outreach.md").read_text()
    for reason in REASONS.values():
        assert f"| `{reason.code}` | {reason.kind} | {reason.zh} | {reason.en} |" in page, reason.code
