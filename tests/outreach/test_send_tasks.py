"""Send tasks from request to receipt: rounds, confirmations, results, reminders, expiry, recall."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Integer, literal, select

from siyu.customers import actions as customers
from siyu.customers.types import Follow, Unfollow
from siyu.kernel.db import unnest
from siyu.outreach import actions
from siyu.outreach.merging import recount
from siyu.outreach.store import tally
from siyu.outreach.types import Cap, DayPart, Message, Policy, Route, TaskRules
from siyu.team import actions as team
from tests.outreach.sales import Sales, company
from tests.outreach.test_rules import rule
from tests.outreach.town import ORIGIN, refused
from tests.support.world import ZONE, World


@pytest.fixture
def sales(world: World) -> Sales:
    """Zhang with five customers, Monday 09:00 in Shanghai."""
    return company(world, 5)


def local(at: datetime) -> str:
    return at.astimezone(ZONE).strftime("%d %H:%M")


def test_a_push_waits_for_its_round_then_for_the_salesperson_and_is_received_when_confirmed(sales: Sales) -> None:
    article = sales.article()
    sales.ask(routes=(sales.group(DayPart.NOON),), message=Message(content_id=article))
    sales.work()
    assert sales.tally() == {("planned", "planned"): 5}
    assert sales.assistant.tasks == {}
    sales.until(12, 5)
    (task,) = sales.assistant.open()
    assert (task.sender, task.people) == ("zhang", ["x0", "x1", "x2", "x3", "x4"])
    assert sales.tally() == {("handed", "handed"): 5}
    assert sales.events() == [], "nothing has reached anybody yet"
    at = sales.until(13, 7)
    sales.assistant.confirm(at)
    sales.until(14)
    assert sales.tally() == {("received", "now"): 5}
    events = sales.events()
    assert {(event.type, event.occurred_at, event.props["route"]) for event in events} == {
        ("delivery_received", at, "wecom_group_send")
    }
    (row,) = sales.world.rows("select state, recipients, confirmed_at from outreach_task")
    assert tuple(row) == ("done", 5, at)
    assert sales.world.value("select count(*) from outreach_recipient") == 0
    with sales.world.open() as ctx:
        from siyu.outreach import queries

        told = queries.outcomes().subquery()
        assert {row.at for row in ctx.tx.execute(select(told.c.at))} == {at}


def test_the_owner_sends_else_whom_the_person_added_last_else_nobody(world: World) -> None:
    sales = company(world, 3, ("zhang", "li"))
    with world.open() as ctx:
        later = ctx.now + timedelta(minutes=1)
        customers.follow(ctx, [Follow(one, "wecom", sales.account, later, staff="li") for one in sales.people[:1]])
        customers.unfollow(ctx, [Unfollow(sales.people[2], "wecom", sales.account, later, staff="zhang")])
    sales.ask(routes=(sales.group(),))
    sales.ask([sales.people[1]], routes=(sales.group(sender="zhang"),), key="named")
    sales.until(12)
    assert {task.sender: task.people for task in sales.assistant.tasks.values()} == {"zhang": ["x0"], "li": ["x1"]}
    reasons = [reason for _, state, reason in sales.states() if state == "not_sent"]
    assert reasons == ["not_contact", "not_contact"]
    with world.open() as ctx:
        customers.unfollow(ctx, [Unfollow(sales.people[0], "wecom", sales.account, ctx.now, staff="zhang")])
    sales.ask([sales.people[0]], routes=(sales.group(),), key="next", message=Message(text="明天"))
    sales.until(12, days=1)
    assert [task.people for task in sales.assistant.open("li")] == [["x0"]], "the task of yesterday is over"


def test_a_customer_handed_over_before_the_round_is_sent_to_by_the_new_salesperson(world: World) -> None:
    sales = company(world, 4, ("zhang", "li"))
    sales.ask(routes=(sales.group(DayPart.EVENING),))
    sales.until(18)
    with world.open() as ctx:
        customers.unfollow(ctx, [Unfollow(sales.people[0], "wecom", sales.account, ctx.now, staff="zhang")])
        customers.follow(ctx, [Follow(sales.people[0], "wecom", sales.account, ctx.now, staff="li")])
    sales.until(21)
    assert {(task.sender, *task.people) for task in sales.assistant.open()} == {
        ("zhang", "x2"),
        ("li", "x1", "x3"),
        ("li", "x0"),
    }


def test_results_tell_who_is_no_contact_any_more_and_whose_quota_was_used_up(sales: Sales) -> None:
    sales.assistant.unknown = {"x4"}
    article = sales.article()
    sales.ask(routes=(sales.group(),), message=Message(content_id=article))
    at = sales.until(12, 1)
    (task,) = sales.assistant.open()
    task.fates = {"x1": 2, "x2": 3}
    sales.assistant.confirm(at)
    sales.until(13)
    assert [(state, reason) for _, state, reason in sales.states()] == [
        ("received", "now"),
        ("not_sent", "not_contact"),
        ("not_sent", "quota_broadcast"),
        ("received", "now"),
        ("not_sent", "unreachable"),
    ]
    assert sales.world.value("select count(*) from outreach_seen") == 2
    assert sales.world.value("select sum(sends) from outreach_tally") == 2


def test_who_was_not_confirmed_in_time_takes_the_next_choice_and_the_task_is_withdrawn(sales: Sales) -> None:
    hook = Message(text="你好", url="http://127.0.0.1/hook")
    from siyu.outreach.types import RouteChoice

    sales.ask(routes=(sales.group(), RouteChoice(Route.WEBHOOK, 0)), message=hook)
    sales.until(12, 30, days=1)
    (task,) = sales.assistant.tasks.values()
    assert task.cancelled
    assert sales.tally() == {("sent", "now"): 5}
    assert sales.times("not_confirmed") == 5
    assert sales.world.value("select state from outreach_task") == "expired"
    assert sales.world.value("select sum(capped) from outreach_tally") == 0


def test_by_policy_who_was_not_confirmed_is_dropped(sales: Sales) -> None:
    rule(sales, tasks=TaskRules(unconfirmed="drop", expiry=timedelta(hours=3)))
    sales.ask(routes=(sales.group(), sales.group(DayPart.EVENING)))
    sales.until(16)
    assert sales.tally() == {("not_sent", "not_confirmed"): 5}


def test_reminders_come_after_two_hours_and_end_at_their_number(sales: Sales) -> None:
    sales.ask(routes=(sales.group(),))
    sales.until(13, 55)
    (task,) = sales.assistant.tasks.values()
    assert task.reminders == 0
    sales.until(14, 5)
    assert task.reminders == 1
    sales.until(23, 50)
    assert task.reminders == 2
    assert sales.world.value("select reminders from outreach_task") == 2


def test_nobody_is_reminded_in_quiet_hours(sales: Sales) -> None:
    sales.ask(routes=(sales.group(DayPart.EVENING),))
    sales.until(6, 59, days=1)
    (task,) = sales.assistant.tasks.values()
    assert task.reminders == 0
    sales.until(7, 1)
    assert task.reminders == 1


def test_who_is_switched_off_sends_nothing_any_more(world: World) -> None:
    sales = company(world, 3, ("zhang", "li"))
    with world.open() as ctx:
        customers.follow(ctx, [Follow(sales.people[0], "wecom", sales.account, ctx.now, staff="li")])
    sales.ask(routes=(sales.group(DayPart.NOON),))
    sales.work()
    assert sales.tally() == {("planned", "planned"): 3}
    with world.open() as ctx:
        team.change_staff(ctx, sales.staff["zhang"], active=False)
    sales.until(12, 5)
    assert {task.sender for task in sales.assistant.tasks.values()} == {"li"}
    assert sorted(one for task in sales.assistant.tasks.values() for one in task.people) == ["x0", "x1"]
    assert sales.states()[2] == (2, "not_sent", "sender_left")


def test_what_was_not_confirmed_yesterday_takes_of_the_twenty_tasks_of_today(world: World) -> None:
    sales = company(world, 4)
    rule(sales, caps=(), tasks=replace(TaskRules(), tasks_day=2))
    for number in (0, 1):
        sales.ask([sales.people[number]], key="k", message=Message(text=f"文{number}"), routes=(sales.group(),))
    morning = sales.until(12, 5) + timedelta(hours=19)
    for number in (2, 3):
        sales.ask(
            [sales.people[number]],
            key="k",
            message=Message(text=f"文{number}"),
            routes=(sales.group(DayPart.MORNING),),
            wanted_at=morning,
        )
    sales.until(9, 5, days=1)
    assert len(sales.assistant.open()) == 2
    assert sales.tally() == {("handed", "handed"): 2, ("planned", "tasks_full"): 2}


def test_senders_who_confirm_late_are_asked_earlier(sales: Sales) -> None:
    sales.ask(routes=(sales.group(),))
    sales.until(12)
    sales.assistant.confirm(sales.until(12, 40))
    sales.until(14)
    assert sales.world.value("select delay_s from outreach_sender where staff = 'zhang'") == 40 * 60
    tomorrow = sales.world.now + timedelta(days=1)
    start = tomorrow.astimezone(ZONE).replace(hour=8, minute=0)
    sales.ask(routes=(sales.group(DayPart.NOON),), key="k2", message=Message(text="再见"), wanted_at=start)
    sales.until(23, days=1)
    times = [local(row.handed_at) for row in sales.world.rows("select handed_at from outreach_task order by task_id")]
    assert times == ["02 12:00", "03 11:20"]


def withdraw(sales: Sales, who: list[int], why: str = "stage") -> int:
    with sales.world.open() as ctx:
        ids = unnest("who", customer_id=(Integer(), who))
        return actions.cancel(ctx, select(ids.c.customer_id, literal("k").label("key")), ORIGIN, why)


def test_planned_people_are_withdrawn_at_once(sales: Sales) -> None:
    sales.ask(routes=(sales.group(),))
    sales.work()
    assert withdraw(sales, sales.people[:4]) == 4
    sales.until(12)
    assert [task.people for task in sales.assistant.open()] == [["x4"]]


def test_a_task_with_many_withdrawn_is_made_anew_once_then_it_cannot_be_recalled(sales: Sales) -> None:
    sales.ask(routes=(sales.group(),))
    sales.until(12, 1)
    withdraw(sales, sales.people[:1])
    sales.until(12, 5)
    first, second = sales.assistant.tasks.values()
    assert (first.cancelled, second.people) == (True, ["x1", "x2", "x3", "x4"])
    assert sales.states()[0] == (0, "not_sent", "cancelled")
    withdraw(sales, sales.people[1:2])
    sales.until(12, 10)
    assert not second.cancelled
    assert sales.states()[1] == (1, "handed", "could_not_recall")
    sales.assistant.confirm(sales.world.now)
    sales.until(13)
    assert [(state, reason) for _, state, reason in sales.states()[1:]] == [
        ("received", "could_not_recall"),
        ("received", "now"),
        ("received", "now"),
        ("received", "now"),
    ]
    assert sales.assistant.reached() == {(f"x{n}", "你好"): 1 for n in range(1, 5)}


def test_a_task_with_few_withdrawn_stays_and_they_are_recorded(world: World) -> None:
    sales = company(world, 20)
    sales.ask(routes=(sales.group(),))
    sales.until(12, 1)
    withdraw(sales, sales.people[:2])
    sales.until(12, 5)
    assert [len(task.people) for task in sales.assistant.open()] == [20]
    assert sales.tally() == {("handed", "handed"): 18, ("handed", "could_not_recall"): 2}
    sales.until(12, 30, days=1)
    assert sales.tally() == {("not_sent", "not_confirmed"): 18, ("not_sent", "cancelled"): 2}


def test_a_confirmation_beats_the_recall(sales: Sales) -> None:
    sales.ask(routes=(sales.group(),))
    at = sales.until(12, 1)
    sales.assistant.confirm(at)
    withdraw(sales, sales.people[:3])
    sales.until(12, 30)
    assert len(sales.assistant.tasks) == 1
    assert sales.tally() == {("received", "could_not_recall"): 3, ("received", "now"): 2}


def test_one_push_a_day_and_the_second_comes_tomorrow(sales: Sales) -> None:
    assert Cap(Route.WECOM_GROUP_SEND, "day", 1) in Policy().caps
    sales.ask(routes=(sales.group(),), priority=5)
    sales.ask(routes=(sales.group(),), key="k2", message=Message(text="第二"))
    sales.until(12)
    assert [task.words for task in sales.assistant.tasks.values()] == ["你好"]
    sales.until(23, days=1)
    assert [task.words for task in sales.assistant.tasks.values()] == ["你好", "第二"]


@pytest.mark.parametrize(("broadcast", "days"), [("daily", 1), ("weekly7", 7), ("monthly_days", 30), ("monthly4", 30)])
def test_the_rule_of_wecom_s_console_is_kept(sales: Sales, broadcast: str, days: int) -> None:
    rule(sales, caps=(), broadcast=broadcast)
    most = {"daily": 1, "weekly7": 7, "monthly_days": 31, "monthly4": 4}[broadcast]
    with sales.world.engine.begin() as connection:
        connection.exec_driver_sql(
            f"""insert into outreach_tally (customer_id, day, route, account_id, sends, capped)
            values ({sales.people[0]}, '2026-03-02', 'wecom_group_send', {sales.account}, {most}, 0)"""
        )
    sales.ask(routes=(sales.group(),))
    sales.until(12)
    assert [task.people for task in sales.assistant.tasks.values()] == [["x1", "x2", "x3", "x4"]]
    (row,) = sales.world.rows(
        "select state, reason, due_at from outreach_request where customer_id = :one", one=sales.people[0]
    )
    if days <= 7:
        assert (row.state, row.reason) == ("waiting", "quota_broadcast")
        assert row.due_at.astimezone(ZONE).day in (3, 9)
    else:
        assert (row.state, row.reason) == ("not_sent", "quota_broadcast")


def test_more_tasks_than_a_day_holds_go_to_the_next_route_or_the_next_day_with_their_reason(world: World) -> None:
    sales = company(world, 6)
    rule(sales, caps=(), tasks=replace(TaskRules(), tasks_day=2))
    for number, person in enumerate(sales.people[:4]):
        sales.ask(
            [person], key=f"k{number}", message=Message(text=f"文{number}"), routes=(sales.group(),), priority=-number
        )
    at = sales.until(23)
    assert [task.words for task in sales.assistant.tasks.values()] == ["文0", "文1"]
    assert sales.tally() == {("handed", "handed"): 2, ("planned", "tasks_full"): 2}
    sales.assistant.confirm(at)
    sales.until(23, days=1)
    assert [task.words for task in sales.assistant.tasks.values()] == ["文0", "文1", "文2", "文3"]


def test_a_busy_platform_is_asked_again_and_a_refusal_ends(world: World) -> None:
    sales = company(world, 2, ("zhang", "li"))
    sales.assistant.answers = {"zhang": refused(-1, retryable=True), "li": refused(41048)}
    sales.ask(routes=(sales.group(),))
    sales.until(12)
    assert sales.states()[1] == (1, "not_sent", "quota_broadcast")
    assert sales.states()[0] == (0, "planned", "platform_busy")
    del sales.assistant.answers["zhang"]
    sales.until(12, 2)
    assert [task.people for task in sales.assistant.tasks.values()] == [["x0"]]
    assert sales.world.value("select count(*) from outreach_task where state = 'failed'") == 2


def test_a_lost_answer_is_uncertain_and_never_repeated(sales: Sales) -> None:
    sales.assistant.lost = 1
    sales.ask(routes=(sales.group(),))
    sales.until(23)
    assert len(sales.assistant.tasks) == 1
    assert sales.tally() == {("failed", "uncertain"): 5}
    assert sales.world.value("select state from outreach_task") == "unknown"


def test_a_push_that_stands_overnight_and_the_next_morning_s_are_not_received_on_one_day(sales: Sales) -> None:
    sales.ask(routes=(sales.group(DayPart.EVENING),))
    tomorrow = sales.until(20, 31) + timedelta(hours=11)
    second = Message(text="早上好")
    sales.ask(key="k2", routes=(sales.group(DayPart.MORNING),), message=second, wanted_at=tomorrow)
    sales.until(9, 5, days=1)
    assert [task.words for task in sales.assistant.tasks.values()] == ["你好"]
    assert sales.tally() == {("handed", "handed"): 5, ("waiting", "push_open"): 5}
    sales.assistant.confirm(sales.until(9, 30))
    sales.until(12)
    assert sales.tally() == {("received", "now"): 5, ("waiting", "cap_route_day"): 5}
    days = "select day, sum(sends) sends, sum(capped) capped from outreach_tally group by 1 having sum(sends) > 0"
    assert [(row.day.day, row.sends, row.capped) for row in sales.world.rows(days)] == [(3, 5, 5)]
    sales.until(9, 5, days=1)
    sales.assistant.confirm(sales.world.now)
    sales.until(10)
    assert sales.tally() == {("received", "now"): 10}
    confirmed = [local(task.confirmed_at)[:2] for task in sales.assistant.tasks.values() if task.confirmed_at]
    assert confirmed == ["03", "04"]
    with sales.world.open() as ctx:
        before = ctx.tx.execute(select(tally)).all()
        recount(ctx, sales.people)
        assert sorted(ctx.tx.execute(select(tally)).all()) == sorted(row for row in before if row.sends)


def test_what_waits_for_an_open_push_goes_as_soon_as_that_is_withdrawn_or_over(sales: Sales) -> None:
    sales.ask(routes=(sales.group(),))
    sales.until(12, 1)
    sales.ask(key="k2", routes=(sales.group(DayPart.AFTER_WORK),), message=Message(text="第二"))
    sales.ask(
        key="k3", routes=(sales.group(),), message=Message(text="过期"), expires_at=sales.world.now + timedelta(hours=1)
    )
    sales.until(12, 30)
    assert sales.tally() == {("handed", "handed"): 5, ("waiting", "push_open"): 10}
    sales.until(13, 2)
    assert sales.tally()["not_sent", "expired"] == 5, "it is waited no longer than the request lives"
    withdraw(sales, sales.people)
    sales.until(13, 5)
    assert sales.tally()["planned", "planned"] == 5
    sales.until(18, 31)
    assert [task.words for task in sales.assistant.open()] == ["第二"]


def test_with_two_pushes_a_day_one_may_stand_open(sales: Sales) -> None:
    rule(sales, caps=(Cap(Route.WECOM_GROUP_SEND, "day", 2),))
    for number, part in enumerate((DayPart.NOON, DayPart.AFTER_WORK, DayPart.EVENING)):
        sales.ask(key=f"k{number}", routes=(sales.group(part),), message=Message(text=f"文{number}"))
    sales.until(21)
    assert sales.tally() == {("handed", "handed"): 10, ("waiting", "push_open"): 5}


def test_wecom_counts_the_day_on_which_a_push_is_received(sales: Sales) -> None:
    rule(sales, caps=(), broadcast="daily")
    sales.ask(routes=(sales.group(DayPart.EVENING),))
    tomorrow = sales.until(20, 31) + timedelta(hours=11)
    sales.ask(key="k2", routes=(sales.group(),), message=Message(text="第二"), wanted_at=tomorrow)
    sales.until(8, 0, days=1)
    assert sales.tally() == {("handed", "handed"): 5, ("waiting", "quota_broadcast"): 5}
