"""Who is withdrawn from the assistant: by who asked, or because the person wants no more pushes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from siyu.customers import actions as customers
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import ids_of
from siyu.outreach import jobs, recording, sending
from siyu.outreach.sendtasks import handing
from tests.outreach.sales import Sales, company
from tests.outreach.test_send_tasks import withdraw
from tests.outreach.town import refused
from tests.support.world import World


@pytest.fixture
def sales(world: World) -> Sales:
    return company(world, 4)


def pulse(sales: Sales) -> None:
    with sales.world.open() as ctx:
        jobs.pulse(ctx, customers.take_pulse(ctx, 0, 256, 5000))


@pytest.mark.parametrize(
    ("stop", "reason"),
    [
        (lambda ctx, one: customers.opt_out(ctx, ids_of([one]), "退订"), "opted_out"),
        (lambda ctx, one: customers.consent(ctx, ids_of([one]), "contact", False, "form"), "no_consent"),
        (lambda ctx, one: customers.blacklist(ctx, ids_of([one]), True, "tester"), "blacklisted"),
        (customers.erase, "erased"),
    ],
)
def test_who_wants_no_more_pushes_is_withdrawn_from_the_assistant_at_once(
    sales: Sales, stop: Callable[[Ctx, int], object], reason: str
) -> None:
    pulse(sales)
    sales.ask(routes=(sales.group(),))
    sales.until(12, 1)
    with sales.world.open() as ctx:
        stop(ctx, sales.people[0])
        customers.consent(ctx, ids_of(sales.people[1:2]), "profiling", False, "form")
    pulse(sales)
    sales.until(12, 3)
    assert [(task.people, task.cancelled) for task in sales.assistant.tasks.values()] == [
        (["x0", "x1", "x2", "x3"], True),
        (["x1", "x2", "x3"], False),
    ]
    assert sales.tally() == {("not_sent", reason): 1, ("handed", "handed"): 3}


def test_people_withdrawn_one_by_one_count_together_and_the_task_is_made_anew_once(world: World) -> None:
    sales = company(world, 20)
    sales.ask(routes=(sales.group(),))
    sales.until(12, 1)
    for number in range(5):
        withdraw(sales, sales.people[number : number + 1])
        sales.until(12, 2 + number)
    first, second = sales.assistant.tasks.values()
    assert (first.cancelled, second.cancelled, len(second.people)) == (True, False, 17)
    assert sales.tally() == {
        ("not_sent", "cancelled"): 3,
        ("handed", "could_not_recall"): 2,
        ("handed", "handed"): 15,
    }
    assert {event.props["detail"] for event in sales.events("delivery_not_sent")} == {"stage"}


@pytest.mark.parametrize("busy", [False, True])
def test_who_is_withdrawn_while_the_task_is_being_handed_over_is_not_forgotten(sales: Sales, busy: bool) -> None:
    sales.ask(routes=(sales.group(),))
    sales.until(11, 59)
    sales.world.wait(minutes=1)
    with sales.world.open() as ctx:
        work = handing.claim(ctx)
    assert work is not None
    assert withdraw(sales, sales.people[:1]) == 0
    if busy:
        sales.assistant.answers["zhang"] = refused(-1, retryable=True)
    results = sending.act(work, sales.platform.senders)
    sales.assistant.answers.clear()
    with sales.world.open() as ctx:
        recording.record(ctx, work, results)
    sales.until(12, 3)
    assert [task.people for task in sales.assistant.open()] == [["x1", "x2", "x3"]]
    assert sales.tally() == {("not_sent", "cancelled"): 1, ("handed", "handed"): 3}
