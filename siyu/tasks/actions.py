"""Door: ask for staff tasks, end them, hand them back and on."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select

from siyu.customers import actions as customers
from siyu.customers import queries as customer_queries
from siyu.kernel import audit
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import ring
from siyu.kernel.text import clean
from siyu.tasks import queries, store
from siyu.tasks.types import REPLY_MARKED, BadTask, NewTask, TaskClosed, TaskState, UnknownMember, UnknownTask
from siyu.team import queries as team

LONGEST = {"title": 60, "why": 300, "say": 2_000, "origin": 64}
"""Characters of the texts of a task."""


def add(ctx: Ctx, who: Select[Any], *, task: NewTask) -> int:
    """Ask for a task for each of ``who``; returns how many were new.

    ``who`` has the columns customer_id, key, staff_id, due_at, expires_at, why, detail. (customer_id, key) is unique: a
    repeated task does nothing. Null ``staff_id``: the customer's owner; ``due_at``: now; ``expires_at``: never;
    ``why``: that of the task; ``detail``: nothing. Who is no active customer gets none; the task of a member who is
    switched off is nobody's, for others to take over. Raises BadTask, BadText.
    """
    for name, most in LONGEST.items():
        if len(clean(getattr(task, name), name)) > most:
            raise BadTask(f"{name} has at most {most} characters", field=name)
    absent = [member.staff_id for member in team.staff(ctx) if not member.active]
    made = store.add(ctx, who, customer_queries.customer, task, absent)
    _tell(ctx, made, "task_added")
    if made:
        ring(ctx, "tasks")
    return len(made)


def cancel(ctx: Ctx, who: Select[Any], *, origin: str) -> int:
    """Withdraw the open tasks that ``origin`` asked for; returns how many.

    ``who`` has the column customer_id and, where not all that was asked for them is meant, key.
    """
    ids = store.open_of(ctx, who, origin)
    _end(ctx, ids, TaskState.CANCELLED)
    return len(ids)


def drop(ctx: Ctx, task_id: int) -> None:
    """Withdraw one open task by hand. Raises UnknownTask, TaskClosed."""
    _close(ctx, task_id, TaskState.CANCELLED)


def done(ctx: Ctx, task_id: int, *, note: str = "") -> None:
    """The staff member did it. Again changes nothing. Raises UnknownTask (also another's), TaskClosed."""
    _close(ctx, task_id, TaskState.DONE, note=note)


def replied(ctx: Ctx, task_id: int) -> None:
    """The customer wrote back, as the staff member saw: ends the task and records ``reply_marked``.

    Again changes nothing. Raises UnknownTask, TaskClosed.
    """
    ids = _close(ctx, task_id, TaskState.REPLIED)
    if ids:
        customers.record_from(ctx, store.told(ids, REPLY_MARKED))


def hand_back(ctx: Ctx, task_id: int, *, note: str = "") -> None:
    """The staff member cannot do it; it waits for ``give``. Again changes nothing. Raises UnknownTask, TaskClosed."""
    _close(ctx, task_id, TaskState.HANDED_BACK, note=note)


def give(ctx: Ctx, task_id: int, *, staff_id: int) -> None:
    """Give an open or handed back task to another member. Raises UnknownTask, TaskClosed, UnknownMember."""
    member = team.member(ctx, staff_id)
    if member is None or not member.active:
        raise UnknownMember("there is no such active staff member", field="staff_id")
    (row,) = _own(ctx, [task_id])
    if row.state not in (TaskState.OPEN, TaskState.HANDED_BACK):
        raise TaskClosed("the task is over", field="task_id", detail={"state": row.state})
    store.change(ctx, [(row.customer_id, task_id)], TaskState.OPEN, staff_id=staff_id)
    _tell(ctx, [(row.customer_id, task_id)], "task_given")
    audit.record(ctx, "tasks.give", "task", task_id, staff_id=staff_id)


def leave(ctx: Ctx, staff_ids: Sequence[int]) -> int:
    """The open tasks of members who are switched off become nobody's, for others to take over; returns how many."""
    absent = [one.staff_id for one in team.staff(ctx) if one.staff_id in set(staff_ids) and not one.active]
    ids = store.open_with(ctx, absent) if absent else []
    if ids:
        store.change(ctx, ids, TaskState.OPEN, staff_id=None)
        _tell(ctx, ids, "task_given")
    return len(ids)


def expire(ctx: Ctx, limit: int) -> int:
    """End at most ``limit`` open tasks whose time is over; returns how many."""
    ids = store.expired(ctx, limit)
    _end(ctx, ids, TaskState.EXPIRED)
    return len(ids)


def move(ctx: Ctx, steps: Sequence[tuple[int, int, int]]) -> None:
    """After merges and splits, (origin_id, from_id, to_id): tasks follow their person; of two of one key one stays."""
    _tell(ctx, store.move(ctx, steps), f"task_{TaskState.CANCELLED}")


def erase(ctx: Ctx, customer_ids: Sequence[int]) -> None:
    """Forget the tasks of erased people."""
    store.forget(ctx, customer_ids)


def _own(ctx: Ctx, task_ids: Sequence[int]) -> Sequence[Any]:
    """The rows, locked; raises UnknownTask for those that the actor may not know of."""
    found = store.locked(ctx, task_ids)
    mine = [row for row in found if queries.seen(ctx, row.staff_id)]
    if len(mine) < len(task_ids):
        raise UnknownTask("there is no such task of yours", field="task_id")
    return mine


def _close(ctx: Ctx, task_id: int, state: TaskState, note: str | None = None) -> store.Ids:
    (row,) = _own(ctx, [task_id])
    if row.state == state:
        return []
    if row.state != TaskState.OPEN and not (row.state == TaskState.HANDED_BACK and state is TaskState.CANCELLED):
        raise TaskClosed("the task is over", field="task_id", detail={"state": row.state})
    ids = [(row.customer_id, task_id)]
    _end(ctx, ids, state, **({} if note is None else {"note": note}))
    audit.record(ctx, f"tasks.{state}", "task", task_id)
    return ids


def _end(ctx: Ctx, ids: store.Ids, state: TaskState, **values: str) -> None:
    if ids:
        store.change(ctx, ids, state, **values)
        _tell(ctx, ids, f"task_{state}")


def _tell(ctx: Ctx, ids: store.Ids, type: str) -> None:
    if ids:
        customers.record_from(ctx, store.told(ids, type))
