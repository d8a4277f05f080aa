"""When WeCom is asked about send tasks: often at first, rarely later, and at night only for what can have changed."""

from __future__ import annotations

from datetime import date, timedelta

from siyu.outreach.types import DayPart, TaskRules
from tests.outreach.sales import company
from tests.outreach.test_rules import rule
from tests.support.world import World


def test_an_unconfirmed_task_is_not_asked_about_at_night_and_what_was_confirmed_then_counts_from_then(
    world: World,
) -> None:
    sales = company(world, 2)
    sales.ask(routes=(sales.group(DayPart.EVENING),))
    night = sales.until(23)
    asked = sales.assistant.calls["group_send_task"]
    assert asked >= 10, "every ten minutes in the first two hours"
    sales.assistant.confirm(night + timedelta(minutes=30))
    sales.until(6, 59, days=1)
    assert sales.assistant.calls["group_send_task"] == asked
    sales.until(7, 1)
    assert sales.tally() == {("received", "now"): 2}
    assert {event.occurred_at for event in sales.events()} == {night + timedelta(minutes=30)}
    days = "select day from outreach_tally where sends > 0 and route = 'wecom_group_send'"
    assert {row.day.day for row in world.rows(days)} == {2}


def test_a_task_expires_in_time_at_night(world: World) -> None:
    sales = company(world, 2)
    rule(sales, tasks=TaskRules(expiry=timedelta(hours=4)))
    sales.ask(routes=(sales.group(DayPart.EVENING),))
    sales.until(0, 31, days=1)
    assert sales.tally() == {("not_sent", "not_confirmed"): 2}


def test_days_without_pushes_delay_a_look_by_twelve_hours_at_most(world: World) -> None:
    sales = company(world, 2)
    rule(sales, quiet_days=tuple(date(2026, 3, day) for day in (3, 4, 5)))
    sales.ask(routes=(sales.group(DayPart.EVENING),))
    sales.until(23)
    asked = sales.assistant.calls["group_send_task"]
    sales.assistant.confirm(sales.until(23, 30))
    sales.until(12, days=1)
    assert sales.tally() == {("received", "now"): 2}
    assert sales.assistant.calls["group_send_task"] == asked + 1
