"""What WeCom refuses or does not say of a send task: nobody is sent to twice, and nothing stays open for ever."""

from __future__ import annotations

from datetime import timedelta

import pytest

from siyu.outreach.types import DayPart, Message, TaskRules
from tests.outreach.sales import Sales, company
from tests.outreach.test_rules import rule
from tests.outreach.town import refused
from tests.support.world import World


@pytest.fixture
def sales(world: World) -> Sales:
    """Zhang with two customers; a task may wait for two hours, the evening is the second choice of the noon."""
    sales = company(world, 2)
    rule(sales, tasks=TaskRules(expiry=timedelta(hours=2)))
    return sales


def ask(sales: Sales) -> None:
    message = Message(content_id=sales.article())
    sales.ask(routes=(sales.group(DayPart.NOON), sales.group(DayPart.EVENING)), message=message)


def test_who_confirms_a_moment_before_the_task_is_withdrawn_has_sent_it(sales: Sales) -> None:
    ask(sales)
    sales.assistant.hasty = sales.until(13, 59)
    sales.until(15)
    (task,) = sales.assistant.tasks.values()
    task.fates = {}
    sales.until(20, 31)
    sales.assistant.confirm(sales.world.now)
    sales.until(22)
    assert sales.tally() == {("received", "now"): 2}
    assert set(sales.assistant.reached().values()) == {1}


def test_a_task_that_cannot_be_cancelled_is_waited_for_and_its_people_go_no_other_way(sales: Sales) -> None:
    sales.assistant.refusals["group_send_cancel"] = refused(41063)
    ask(sales)
    sales.until(20, 45)
    assert sales.tally() == {("handed", "handed"): 2}
    sales.assistant.confirm(sales.world.now)
    sales.until(22)
    assert sales.tally() == {("received", "now"): 2}
    sales.ask(key="k2", routes=(sales.group(DayPart.NOON), sales.group(DayPart.EVENING)), message=Message(text="再见"))
    sales.until(15, days=2)
    assert sales.tally() == {("received", "now"): 2, ("not_sent", "not_confirmed"): 2}
    assert sales.world.value("select count(*) from outreach_task where state = 'expired' and look_at is null") == 1


@pytest.mark.parametrize("endpoint", ["group_send_task", "group_send_result"])
def test_a_task_of_which_wecom_says_nothing_for_good_ends_as_uncertain(sales: Sales, endpoint: str) -> None:
    sales.assistant.refusals[endpoint] = refused(41063)
    ask(sales)
    sales.until(13, 50)
    assert sales.tally() == {("handed", "handed"): 2}
    sales.assistant.confirm(sales.world.now)
    sales.until(23, days=5)
    assert sales.tally() == {("failed", "uncertain"): 2}
    assert sales.world.value("select count(*) from outreach_task where state = 'unknown' and look_at is null") == 1
    assert len(sales.assistant.tasks) == 1
