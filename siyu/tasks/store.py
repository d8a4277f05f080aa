"""Private: the table of staff tasks and its statements."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    FromClause,
    Identity,
    Index,
    Integer,
    Named,
    Row,
    Select,
    Table,
    Text,
    TypedColumns,
    UniqueConstraint,
    and_,
    bindparam,
    case,
    cast,
    delete,
    exists,
    func,
    literal,
    literal_column,
    or_,
    select,
    text,
    true,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import insert as upsert

from siyu.kernel.ctx import Ctx
from siyu.kernel.db import given, metadata, rows, unnest
from siyu.tasks.types import NewTask, TaskState

Time = DateTime(timezone=True)
Ids = Sequence[tuple[int, int]]
"""(customer_id, task_id) of tasks."""


class TaskColumns(TypedColumns):
    customer_id = Column(Integer, primary_key=True, autoincrement=False)
    task_id = Column(BigInteger, Identity(), primary_key=True)
    key: Named[str] = Column(Text)
    origin_id: Named[int] = Column(Integer)
    kind: Named[str] = Column(Text)
    staff_id: Named[int | None] = Column(Integer)
    title: Named[str] = Column(Text)
    why: Named[str] = Column(Text)
    detail: Named[str] = Column(Text)
    say: Named[str] = Column(Text)
    origin: Named[str] = Column(Text)
    created_at: Named[datetime] = Column(Time)
    due_at: Named[datetime] = Column(Time)
    expires_at: Named[datetime | None] = Column(Time)
    state: Named[str] = Column(Text)
    changed_at: Named[datetime] = Column(Time)
    changed_by: Named[str] = Column(Text)
    note: Named[str] = Column(Text)


task = Table(
    "staff_task",
    metadata,
    TaskColumns,
    UniqueConstraint("customer_id", "key"),
    Index(None, "task_id"),
    Index("ix_staff_task_open", "staff_id", "due_at", "task_id", postgresql_where=text("state = 'open'")),
    Index("ix_staff_task_expiry", "expires_at", postgresql_where=text("state = 'open' and expires_at is not null")),
    Index(None, "staff_id", "state", "changed_at"),
)


def in_state(*states: TaskState) -> Any:
    """Tasks in these states, written as constants so that a generic plan may use the partial indexes."""
    return task.c.state.in_([literal_column(f"'{state.value}'", Text()) for state in states])


def add(ctx: Ctx, who: Select[Any], customer: FromClause, new: NewTask, absent: Sequence[int]) -> list[tuple[int, int]]:
    """Insert one task per row of ``who`` whose (customer_id, key) is new; whose owner has it when none is named, nobody
    when that member is ``absent``."""
    asked = who.subquery("asked")
    member = func.coalesce(asked.c.staff_id, customer.c.owner_id)
    values = {
        "customer_id": asked.c.customer_id,
        "key": asked.c.key,
        "origin_id": asked.c.customer_id,
        "kind": literal(new.kind.value),
        "staff_id": case((member.in_(absent), None), else_=member),
        "title": literal(new.title),
        "why": func.coalesce(asked.c.why, literal(new.why)),
        "detail": func.coalesce(asked.c.detail, literal("")),
        "say": literal(new.say),
        "origin": literal(new.origin),
        "created_at": literal(ctx.now, Time),
        "due_at": func.coalesce(asked.c.due_at, literal(ctx.now, Time)),
        "expires_at": asked.c.expires_at,
        "state": literal(TaskState.OPEN.value),
        "changed_at": literal(ctx.now, Time),
        "changed_by": literal(ctx.actor.label),
        "note": literal(""),
    }
    source = select(*values.values()).join_from(asked, customer, customer.c.customer_id == asked.c.customer_id)
    made = upsert(task).from_select(list(values), source).on_conflict_do_nothing()
    return [
        (row.customer_id, row.task_id) for row in ctx.tx.execute(made.returning(task.c.customer_id, task.c.task_id))
    ]


_THESE = rows("these", task_id=BigInteger())
_LOCKED = (
    select(task.c.customer_id, task.c.task_id, task.c.staff_id, task.c.state)
    .where(task.c.task_id.in_(select(_THESE.c.task_id)))
    .order_by(task.c.task_id)
    .with_for_update()
)


def locked(ctx: Ctx, task_ids: Sequence[int]) -> Sequence[Row[int, int, int | None, str]]:
    """customer_id, task_id, staff_id, state of the tasks, locked."""
    return ctx.tx.execute(_LOCKED, given(_THESE, task_id=task_ids)).all()


_ENDING = rows("ending", customer_id=Integer(), task_id=BigInteger())


def change(ctx: Ctx, ids: Ids, state: TaskState, **values: Any) -> None:
    """Write a state and who made it; further columns by name."""
    ctx.tx.execute(
        update(task)
        .where(task.c.customer_id == _ENDING.c.customer_id, task.c.task_id == _ENDING.c.task_id)
        .values(state=state.value, changed_at=ctx.now, changed_by=ctx.actor.label, **values),
        given(_ENDING, customer_id=[one for one, _ in ids], task_id=[two for _, two in ids]),
    )


def open_of(ctx: Ctx, who: Select[Any], origin: str) -> list[tuple[int, int]]:
    """The open tasks asked for by ``origin`` for ``who`` (customer_id, and key where not all are meant), locked."""
    people = who.subquery("who")
    mine = [task.c.customer_id == people.c.customer_id, task.c.origin == origin, in_state(TaskState.OPEN)]
    if "key" in people.c:
        mine.append(task.c.key == people.c.key)
    found = select(task.c.customer_id, task.c.task_id).join_from(task, people, and_(*mine))
    return [(row[0], row[1]) for row in ctx.tx.execute(found.order_by(task.c.task_id).with_for_update(of=task))]


def open_with(ctx: Ctx, staff_ids: Sequence[int]) -> list[tuple[int, int]]:
    """The open tasks of staff members, locked."""
    found = select(task.c.customer_id, task.c.task_id).where(in_state(TaskState.OPEN), task.c.staff_id.in_(staff_ids))
    return [(row[0], row[1]) for row in ctx.tx.execute(found.order_by(task.c.task_id).with_for_update())]


def expired(ctx: Ctx, limit: int) -> list[tuple[int, int]]:
    """Open tasks whose time is over, locked; those that somebody ends at this moment are left."""
    found = (
        select(task.c.customer_id, task.c.task_id)
        .where(in_state(TaskState.OPEN), task.c.expires_at.is_not(None), task.c.expires_at <= ctx.now)
        .order_by(task.c.expires_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return [(row[0], row[1]) for row in ctx.tx.execute(found)]


next_expiry = select(func.min(task.c.expires_at)).where(in_state(TaskState.OPEN), task.c.expires_at.is_not(None))
"""When the next open task expires."""


def told(ids: Ids, type: str) -> Select[Any]:
    """Events of one type about these tasks as they stand, in the columns that ``customers.record_from`` takes."""
    these = unnest(
        "told", customer_id=(Integer(), [one for one, _ in ids]), task_id=(BigInteger(), [two for _, two in ids])
    )
    at = cast(func.extract("epoch", task.c.changed_at), BigInteger)
    props = func.jsonb_strip_nulls(
        func.jsonb_build_object(
            "task", task.c.task_id, "kind", task.c.kind, "staff_id", task.c.staff_id, "origin", task.c.origin
        ),
        type_=JSONB,
    )
    return select(
        task.c.customer_id,
        literal(type).label("type"),
        task.c.changed_at.label("occurred_at"),
        literal("tasks").label("source"),
        func.concat(type, ":", task.c.task_id, ":", at).label("key"),
        cast(None, Integer).label("content_id"),
        props.label("props"),
        task.c.origin_id,
    ).join_from(task, these, and_(task.c.customer_id == these.c.customer_id, task.c.task_id == these.c.task_id))


def listed(
    ctx: Ctx,
    customer: FromClause,
    *,
    staff_id: int | None,
    unassigned: bool,
    customer_id: int | None,
    states: Sequence[TaskState],
    until: datetime | None,
    after: tuple[datetime, int] | None,
    limit: int,
) -> Sequence[Row[Any]]:
    """Tasks with the customer's name, by due time."""
    found = select(task, customer.c.name.label("customer")).join_from(
        task, customer, customer.c.customer_id == task.c.customer_id
    )
    if unassigned:
        found = found.where(task.c.staff_id.is_(None))
    elif staff_id is not None:
        found = found.where(task.c.staff_id == staff_id)
    if customer_id is not None:
        found = found.where(task.c.customer_id == customer_id)
    if states:
        found = found.where(in_state(*states))
    if until is not None:
        found = found.where(task.c.due_at < until)
    if after is not None:
        found = found.where(tuple_(task.c.due_at, task.c.task_id) > after)
    return ctx.tx.execute(found.order_by(task.c.due_at, task.c.task_id).limit(limit)).all()


_MINE = task.c.staff_id == bindparam("staff_id", type_=Integer)
_ENDED = task.c.changed_at >= bindparam("start", type_=Time)
_DUE = task.c.due_at < bindparam("until", type_=Time)
_COUNTS = select(
    func.count().filter(in_state(TaskState.OPEN), _DUE).label("open"),
    func.count().filter(in_state(TaskState.OPEN), task.c.due_at < bindparam("start", type_=Time)).label("overdue"),
    func.count().filter(in_state(TaskState.OPEN), ~_DUE).label("later"),
    func.count().filter(in_state(TaskState.DONE), _ENDED).label("done"),
    func.count().filter(in_state(TaskState.REPLIED), _ENDED).label("replied"),
    func.count().filter(in_state(TaskState.HANDED_BACK), _ENDED).label("handed_back"),
).where(_MINE, or_(in_state(TaskState.OPEN), _ENDED))


def counts(ctx: Ctx, staff_id: int, start: datetime, until: datetime) -> Row[int, int, int, int, int, int]:
    """Of one member: open tasks due before ``until``, before ``start``, later; those ended since ``start``."""
    return ctx.tx.execute(_COUNTS, {"staff_id": staff_id, "start": start, "until": until}).one()


def by_id(ctx: Ctx, customer: FromClause, task_id: int) -> Row[Any] | None:
    joined = select(task, customer.c.name.label("customer")).join_from(
        task, customer, customer.c.customer_id == task.c.customer_id
    )
    return ctx.tx.execute(joined.where(task.c.task_id == task_id)).one_or_none()


def move(ctx: Ctx, steps: Sequence[tuple[int, int, int]]) -> list[tuple[int, int]]:
    """Rows of an origin leave one customer for another; returns open ones that the other had already, now cancelled."""
    moving = unnest(
        "moving",
        origin_id=(Integer(), [step[0] for step in steps]),
        from_id=(Integer(), [step[1] for step in steps]),
        to_id=(Integer(), [step[2] for step in steps]),
    )
    mine = and_(task.c.customer_id == moving.c.from_id, task.c.origin_id == moving.c.origin_id)
    other = task.alias("other")
    twice = exists(
        select(true())
        .select_from(other)
        .where(other.c.customer_id == moving.c.to_id, other.c.key == task.c.key)
        .correlate(moving, task)
    )
    doubled = and_(twice, in_state(TaskState.OPEN))
    changed: dict[str, Any] = {
        "customer_id": moving.c.to_id,
        "key": case((twice, func.concat(task.c.key, "~", cast(moving.c.origin_id, Text()))), else_=task.c.key),
        "state": case((doubled, TaskState.CANCELLED.value), else_=task.c.state),
        "changed_at": case((doubled, literal(ctx.now, Time)), else_=task.c.changed_at),
        "changed_by": case((doubled, "merged"), else_=task.c.changed_by),
    }
    names = [column.name for column in task.c]
    source = select(*(changed.get(name, task.c[name]) for name in names)).join_from(moving, task, mine)
    arrived = ctx.tx.execute(
        upsert(task)
        .from_select(names, source)
        .returning(task.c.customer_id, task.c.task_id, task.c.changed_by, task.c.changed_at)
    ).all()
    ctx.tx.execute(delete(task).where(mine))
    return [
        (row.customer_id, row.task_id) for row in arrived if row.changed_by == "merged" and row.changed_at == ctx.now
    ]


_GONE = rows("gone", customer_id=Integer())
_FORGET = delete(task).where(task.c.customer_id.in_(select(_GONE.c.customer_id)))


def forget(ctx: Ctx, customer_ids: Sequence[int]) -> None:
    ctx.tx.execute(_FORGET, given(_GONE, customer_id=customer_ids))
