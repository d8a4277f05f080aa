"""Door: staff tasks as lists, one member's day, relations."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import FromClause, Row, select

from siyu.customers import queries as customers
from siyu.kernel.ctx import Ctx
from siyu.kernel.errors import BadTime
from siyu.kernel.paging import BadCursor, Page, cursor, keys
from siyu.kernel.text import moment
from siyu.tasks import store
from siyu.tasks.types import Counts, Task, TaskState, UnknownTask

EVERYBODY = "tasks.all"
"""The permission to see and change tasks of others."""

tasks_of: FromClause = select(*(column for column in store.task.c)).subquery("staff_tasks")
"""All staff tasks, for rooms that join them."""


def today(ctx: Ctx, staff_id: int, after: str | None = None, limit: int = 50) -> Page[Task]:
    """A member's open tasks that are due by the end of today (company's zone), earliest first, older ones included.

    Raises BadCursor.
    """
    _, until = day(ctx)
    return tasks(ctx, staff_id=staff_id, states=(TaskState.OPEN,), until=until, after=after, limit=limit)


def counts(ctx: Ctx, staff_id: int) -> Counts:
    """How a member's day stands."""
    row = store.counts(ctx, staff_id, *day(ctx))
    return Counts(row.open, row.overdue, row.later, row.done, row.replied, row.handed_back)


def tasks(
    ctx: Ctx,
    *,
    staff_id: int | None = None,
    unassigned: bool = False,
    customer_id: int | None = None,
    states: Sequence[TaskState] = (),
    until: datetime | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page[Task]:
    """Tasks by due time; those of one member, of nobody, of one customer, in some states, due before ``until``.

    ``after`` is the cursor of the page before. Raises BadCursor.
    """
    found = store.listed(
        ctx,
        customers.customer,
        staff_id=staff_id,
        unassigned=unassigned,
        customer_id=customer_id,
        states=states,
        until=until,
        after=_place(after),
        limit=limit + 1,
    )
    items = [_task(row) for row in found[:limit]]
    more = len(found) > limit
    return Page(items, cursor(items[-1].due_at.isoformat(), items[-1].task_id) if more else None)


def task(ctx: Ctx, task_id: int) -> Task:
    """One task, another's only with tasks.all; raises UnknownTask."""
    row = store.by_id(ctx, customers.customer, task_id)
    if row is None or not seen(ctx, row.staff_id):
        raise UnknownTask("there is no such task of yours", field="task_id")
    return _task(row)


def seen(ctx: Ctx, staff_id: int | None) -> bool:
    """Whether the actor may know of a task of this member: one's own, or anybody's with tasks.all."""
    return ctx.actor.may(EVERYBODY) or (ctx.actor.kind == "staff" and ctx.actor.id == staff_id)


def day(ctx: Ctx) -> tuple[datetime, datetime]:
    """The local day of now, [from, to)."""
    start = ctx.now.astimezone(ctx.zone).replace(hour=0, minute=0, second=0, microsecond=0)
    return start, start + timedelta(days=1)


def _place(after: str | None) -> tuple[datetime, int] | None:
    if after is None:
        return None
    at, last = keys(after, 2)
    try:
        if isinstance(at, str) and type(last) is int and abs(last) < 2**63:
            return moment(at, "cursor"), last
    except BadTime:
        pass
    raise BadCursor("the cursor belongs to another list", field="cursor")


def _task(row: Row[Any]) -> Task:
    return Task(
        row.task_id,
        row.customer_id,
        row.customer,
        row.kind,
        row.staff_id,
        row.title,
        row.why,
        row.detail,
        row.say,
        row.origin,
        row.created_at,
        row.due_at,
        row.expires_at,
        TaskState(row.state),
        row.changed_at,
        row.changed_by,
        row.note,
    )
