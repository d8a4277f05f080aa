"""Staff tasks: there once, ended once, each step on the timeline; they follow their person and expire by themselves."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import DateTime, Integer, Select, Text, cast, literal, select, text

from siyu.customers import actions as customers
from siyu.customers import queries as customer_queries
from siyu.customers.types import Identity, Record
from siyu.kernel.ctx import Actor, Ctx
from siyu.kernel.db import ids_of
from siyu.kernel.jobs import Pulse, PulseEvent
from siyu.kernel.notices import Notice
from siyu.kernel.probes import answer
from siyu.tasks import actions, jobs, queries
from siyu.tasks.types import BadTask, NewTask, TaskClosed, TaskKind, TaskState, TaskWhy, UnknownMember, UnknownTask
from siyu.team import actions as team
from tests.support.statements import Statements
from tests.support.world import START

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
GREET = NewTask(TaskKind.SECOND_GREETING, TaskWhy.REPLY_UNKNOWN, "welcome:1", say="在吗？")


def people(ctx: Ctx, *names: str) -> list[int]:
    return customers.identify(ctx, [Record("test", name, (Identity("unionid", name),), ctx.now) for name in names])


def member(ctx: Ctx, name: str) -> int:
    return team.add_staff(ctx, name=name, roles=["sales"], userid=name)


def as_member(ctx: Ctx, staff_id: int, *may: str) -> Ctx:
    return ctx.acting(Actor("staff", f"staff:{staff_id}", staff_id, frozenset({"tasks.read", "tasks.write", *may})))


def wanted(
    ids: list[int],
    key: str = "k",
    staff_id: int | None = None,
    due_at: datetime | None = None,
    expires_at: datetime | None = None,
) -> Select[Any]:
    chosen = ids_of(ids).subquery("people")
    time = DateTime(timezone=True)
    return select(
        chosen.c.customer_id,
        literal(key).label("key"),
        cast(staff_id, Integer).label("staff_id"),
        cast(due_at, time).label("due_at"),
        cast(expires_at, time).label("expires_at"),
        cast(None, Text).label("why"),
        cast(None, Text).label("detail"),
    )


def told(ctx: Ctx, customer_id: int) -> list[str]:
    types = ("task_added", "task_done", "task_expired", "task_cancelled", "task_handed_back", "task_given")
    found = customer_queries.timeline(ctx, customer_id, types=(*types, "task_replied", "reply_marked")).items
    return [event.type for event in found[::-1]]


def test_a_repeated_task_is_one_and_the_owner_has_it(ctx: Ctx) -> None:
    ann, bob = people(ctx, "ann", "bob")
    wang = member(ctx, "wang")
    customers.set_attribute_rows(ctx, [(ann, "owner_id", wang)], "test")
    assert actions.add(ctx, wanted([ann, bob]), task=GREET) == 2
    assert actions.add(ctx, wanted([ann, bob]), task=GREET) == 0
    assert actions.add(ctx, wanted([ann], "other", due_at=START + HOUR), task=GREET) == 1
    mine = queries.today(ctx, wang).items
    assert [(one.customer_id, one.due_at, one.say) for one in mine] == [
        (ann, START, "在吗？"),
        (ann, START + HOUR, "在吗？"),
    ]
    assert [one.customer_id for one in queries.tasks(ctx, unassigned=True).items] == [bob]
    assert told(ctx, ann) == ["task_added", "task_added"]
    with pytest.raises(BadTask, match="title"):
        actions.add(ctx, wanted([ann], "long"), task=NewTask(TaskKind.QUESTION, "", "x", title="长" * 61))


def test_a_set_costs_as_many_statements_as_one(ctx: Ctx, statements: Statements) -> None:
    actions.add(ctx, wanted(people(ctx, "ann")), task=GREET)
    many = people(ctx, *(f"p{number}" for number in range(60)))
    statements.reset()
    assert actions.add(ctx, wanted(many), task=GREET) == 60
    assert statements.count <= 14


def test_ending_twice_counts_once_and_another_end_is_refused(ctx: Ctx) -> None:
    (ann,) = people(ctx, "ann")
    wang, li = member(ctx, "wang"), member(ctx, "li")
    actions.add(ctx, wanted([ann], staff_id=wang), task=GREET)
    (task,) = queries.today(ctx, wang).items
    mine, others = as_member(ctx, wang), as_member(ctx, li)
    with pytest.raises(UnknownTask):
        actions.done(others, task.task_id)
    with pytest.raises(UnknownTask):
        actions.done(ctx.acting(Actor("api_key", "api_key:1", wang)), task.task_id)
    assert queries.task(ctx, task.task_id).state is TaskState.OPEN
    actions.replied(mine, task.task_id)
    actions.replied(mine, task.task_id)
    with pytest.raises(TaskClosed):
        actions.done(mine, task.task_id)
    assert told(ctx, ann) == ["task_added", "task_replied", "reply_marked"]
    day = queries.counts(ctx, wang)
    assert (day.open, day.replied, day.done) == (0, 1, 0)


def test_what_is_handed_back_waits_for_somebody_else(ctx: Ctx) -> None:
    (ann,) = people(ctx, "ann")
    wang, li = member(ctx, "wang"), member(ctx, "li")
    gone = member(ctx, "gone")
    team.change_staff(ctx, gone, active=False)
    actions.add(ctx, wanted([ann], staff_id=wang), task=GREET)
    (task,) = queries.today(ctx, wang).items
    actions.hand_back(as_member(ctx, wang), task.task_id, note="不认识")
    assert queries.today(ctx, wang).items == []
    with pytest.raises(UnknownMember):
        actions.give(ctx, task.task_id, staff_id=gone)
    actions.give(ctx, task.task_id, staff_id=li)
    (given,) = queries.today(ctx, li).items
    assert (given.task_id, given.state, given.note) == (task.task_id, TaskState.OPEN, "不认识")
    actions.done(as_member(ctx, li), task.task_id, note="已联系")
    with pytest.raises(TaskClosed):
        actions.give(ctx, task.task_id, staff_id=wang)
    assert told(ctx, ann) == ["task_added", "task_handed_back", "task_given", "task_done"]


def test_tasks_expire_at_their_time(ctx: Ctx) -> None:
    ann, bob = people(ctx, "ann", "bob")
    actions.add(ctx, wanted([ann], expires_at=START + HOUR), task=GREET)
    actions.add(ctx, wanted([bob], expires_at=START + 2 * HOUR), task=GREET)
    assert jobs.tick(ctx, 10) == 0
    assert answer(ctx, jobs.DUE) == START + HOUR
    later = _at(ctx, START + HOUR)
    assert jobs.tick(later, 10) == 1
    assert jobs.tick(later, 10) == 0
    assert [one.state for one in queries.tasks(ctx, customer_id=ann).items] == [TaskState.EXPIRED]
    assert told(ctx, ann) == ["task_added", "task_expired"]
    assert answer(later, jobs.DUE) == START + 2 * HOUR


def test_withdrawn_by_who_asked_and_by_nobody_else(ctx: Ctx) -> None:
    ann, bob = people(ctx, "ann", "bob")
    actions.add(ctx, wanted([ann, bob]), task=GREET)
    assert actions.cancel(ctx, ids_of([ann, bob]), origin="welcome:2") == 0
    assert actions.cancel(ctx, wanted([ann], "elsewhere"), origin="welcome:1") == 0
    assert actions.cancel(ctx, wanted([ann]), origin="welcome:1") == 1
    assert actions.cancel(ctx, ids_of([ann, bob]), origin="welcome:1") == 1
    assert told(ctx, ann) == ["task_added", "task_cancelled"]


def test_pages_join_without_gap_or_overlap(ctx: Ctx) -> None:
    wang = member(ctx, "wang")
    ids = people(ctx, *(f"p{number}" for number in range(7)))
    actions.add(ctx, wanted(ids, staff_id=wang), task=GREET)
    actions.add(ctx, wanted(ids[:2], "tomorrow", staff_id=wang, due_at=START + DAY), task=GREET)
    seen: list[int] = []
    cursor = None
    for _ in range(4):
        page = queries.today(ctx, wang, cursor, 3)
        seen += [one.customer_id for one in page.items]
        cursor = page.next
        if cursor is None:
            break
    assert sorted(seen) == sorted(ids)
    day = queries.counts(ctx, wang)
    assert (day.open, day.later, day.overdue) == (7, 2, 0)
    tomorrow = queries.counts(_at(ctx, START + DAY), wang)
    assert (tomorrow.open, tomorrow.later, tomorrow.overdue) == (9, 0, 7)


def test_who_is_switched_off_leaves_their_tasks_to_others(ctx: Ctx) -> None:
    ann, bob, cid = people(ctx, "ann", "bob", "cid")
    wang, li = member(ctx, "王敏"), member(ctx, "李强")
    actions.add(ctx, wanted([ann], "first", wang), task=GREET)
    actions.add(ctx, wanted([bob], staff_id=li), task=GREET)
    ((done),) = queries.tasks(ctx, staff_id=wang).items
    actions.done(ctx, done.task_id)
    actions.add(ctx, wanted([ann], staff_id=wang), task=GREET)
    team.change_staff(ctx, wang, active=False)
    jobs.notice(ctx, [Notice(1, ctx.now, "team.staff_switched", {"staff_id": wang})])
    actions.add(ctx, wanted([cid], staff_id=wang), task=GREET)
    assert [one.customer_id for one in queries.tasks(ctx, unassigned=True).items] == [ann, cid]
    assert [one.state for one in queries.tasks(ctx, staff_id=wang).items] == [TaskState.DONE]
    assert [one.customer_id for one in queries.tasks(ctx, staff_id=li).items] == [bob]


def test_tasks_follow_a_merge_and_its_undoing_and_go_with_an_erasure(ctx: Ctx) -> None:
    ann, bob = people(ctx, "ann", "bob")
    actions.add(ctx, wanted([ann, bob]), task=GREET)
    actions.add(ctx, wanted([ann], "own"), task=GREET)
    step: dict[str, object] = {"origin_id": ann, "from_id": ann, "to_id": bob}
    jobs.pulse(ctx, Pulse([_event(1, bob, "merged", step)]))
    after = {(one.customer_id, one.state) for one in queries.tasks(ctx).items}
    assert after == {(bob, TaskState.OPEN), (bob, TaskState.CANCELLED)}
    assert len(queries.tasks(ctx, customer_id=bob).items) == 3
    jobs.pulse(ctx, Pulse([_event(2, ann, "split", {"origin_id": ann, "from_id": bob, "to_id": ann})]))
    assert len(queries.tasks(ctx, customer_id=ann).items) == 2
    jobs.pulse(ctx, Pulse([_event(3, ann, "erased", {})]))
    assert ctx.tx.execute(text("select count(*) from staff_task where customer_id = :a"), {"a": ann}).scalar() == 0
    assert len(queries.tasks(ctx, customer_id=bob).items) == 1


def _event(event_id: int, customer_id: int, type: str, props: dict[str, object]) -> PulseEvent:
    return PulseEvent(event_id, customer_id, type, START, "customers", f"k{event_id}", None, props)


def _at(ctx: Ctx, now: datetime) -> Ctx:
    return replace(ctx, now=now)
