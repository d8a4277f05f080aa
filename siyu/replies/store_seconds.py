"""Private: whom to greet again, and when."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    FromClause,
    Index,
    Integer,
    Named,
    Row,
    Table,
    Text,
    TypedColumns,
    and_,
    delete,
    exists,
    func,
    literal_column,
    select,
    text,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert

from siyu.kernel.ctx import Ctx
from siyu.kernel.db import given, metadata, rows

Time = DateTime(timezone=True)


class SecondColumns(TypedColumns):
    customer_id = Column(Integer, primary_key=True, autoincrement=False)
    event_id = Column(BigInteger, primary_key=True, autoincrement=False)
    origin_id: Named[int] = Column(Integer)
    welcome_id: Named[int] = Column(Integer)
    account_id: Named[int] = Column(Integer)
    staff: Named[str] = Column(Text)
    added_at: Named[datetime] = Column(Time)
    due_at: Named[datetime] = Column(Time)
    outcome: Named[str | None] = Column(Text)


second = Table(
    "second_greeting",
    metadata,
    SecondColumns,
    Index("ix_second_greeting_due", "due_at", postgresql_where=text("outcome is null")),
)

_SECOND = rows(
    "n",
    customer_id=Integer(),
    event_id=BigInteger(),
    origin_id=Integer(),
    welcome_id=Integer(),
    account_id=Integer(),
    staff=Text(),
    added_at=Time,
    due_at=Time,
)


_SUPERSEDE = (
    update(second)
    .where(
        second.c.customer_id == _SECOND.c.customer_id,
        second.c.account_id == _SECOND.c.account_id,
        second.c.staff == _SECOND.c.staff,
        second.c.event_id < _SECOND.c.event_id,
        second.c.outcome.is_(None),
    )
    .values(outcome="added_again")
)
"""Who removes a member and adds them again is greeted again once, counted from the later add."""


def plan(ctx: Ctx, plans: Sequence[tuple[int, int, int, int, int, str, datetime, datetime]]) -> None:
    """Note whom to greet again: the columns of ``second_greeting`` but the last."""
    names = [column.name for column in second.c if column.name != "outcome"]
    chosen = select(*(_SECOND.c[name] for name in names))
    values = dict(zip(names, zip(*plans, strict=True), strict=True))
    ctx.tx.execute(_SUPERSEDE, given(_SECOND, **values))
    ctx.tx.execute(upsert(second).from_select(names, chosen).on_conflict_do_nothing(), given(_SECOND, **values))


waiting = second.c.outcome.is_(None)
next_due = select(func.min(second.c.due_at)).where(waiting)
"""When the next second greeting is due."""


def due(ctx: Ctx, events: FromClause, follows: FromClause, types: Sequence[str], limit: int) -> Sequence[Row[Any]]:
    """Second greetings whose time has come, locked; with ``replied`` (one of ``types`` since the add), ``follows``."""
    chosen = (
        select(second.c.customer_id, second.c.event_id)
        .where(waiting, second.c.due_at <= ctx.now)
        .order_by(second.c.due_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    taken = ctx.tx.execute(chosen).all()
    if not taken:
        return ()
    these = rows("d", customer_id=Integer(), event_id=BigInteger())
    same = and_(second.c.customer_id == these.c.customer_id, second.c.event_id == these.c.event_id)
    kinds = [literal_column(f"'{one}'", Text()) for one in types]
    replied = exists(
        select(true())
        .select_from(events)
        .where(
            events.c.customer_id == second.c.customer_id,
            events.c.occurred_at > second.c.added_at,
            events.c.type.in_(kinds),
        )
        .correlate(second)
    )
    following = exists(
        select(true())
        .select_from(follows)
        .where(
            follows.c.customer_id == second.c.customer_id,
            follows.c.kind == "wecom",
            follows.c.account_id == second.c.account_id,
            follows.c.staff == second.c.staff,
            follows.c.following,
        )
        .correlate(second)
    )
    found = select(second, replied.label("replied"), following.label("follows")).join_from(these, second, same)
    values = given(these, customer_id=[one[0] for one in taken], event_id=[one[1] for one in taken])
    return ctx.tx.execute(found, values).all()


_THESE = rows("t", customer_id=Integer(), event_id=BigInteger())
_THOSE = select(second.c.customer_id, second.c.event_id, second.c.staff).join_from(
    _THESE, second, and_(second.c.customer_id == _THESE.c.customer_id, second.c.event_id == _THESE.c.event_id)
)


def those(ctx: Ctx, ids: Sequence[tuple[int, int]]) -> list[tuple[int, int, str]]:
    """(customer_id, event_id, staff) of second greetings."""
    customer_ids, event_ids = zip(*ids, strict=True)
    found = ctx.tx.execute(_THOSE, given(_THESE, customer_id=customer_ids, event_id=event_ids))
    return [(row.customer_id, row.event_id, row.staff) for row in found]


_ENDED = rows("e", customer_id=Integer(), event_id=BigInteger(), outcome=Text())


def end(ctx: Ctx, ended: Sequence[tuple[int, int, str]]) -> None:
    customer_ids, event_ids, outcomes = zip(*ended, strict=True)
    ctx.tx.execute(
        update(second)
        .where(second.c.customer_id == _ENDED.c.customer_id, second.c.event_id == _ENDED.c.event_id)
        .values(outcome=_ENDED.c.outcome),
        given(_ENDED, customer_id=customer_ids, event_id=event_ids, outcome=outcomes),
    )


def move(ctx: Ctx, steps: Sequence[tuple[int, int, int]]) -> None:
    """Second greetings of an origin leave one customer for another: (origin_id, from_id, to_id)."""
    moving = rows("v", origin_id=Integer(), from_id=Integer(), to_id=Integer())
    origins, left, joined = zip(*steps, strict=True)
    values = given(moving, origin_id=origins, from_id=left, to_id=joined)
    mine = and_(second.c.customer_id == moving.c.from_id, second.c.origin_id == moving.c.origin_id)
    names = [column.name for column in second.c]
    source = select(*(moving.c.to_id if name == "customer_id" else second.c[name] for name in names))
    ctx.tx.execute(upsert(second).from_select(names, source.join_from(moving, second, mine)), values)
    ctx.tx.execute(delete(second).where(mine), values)


_GONE = rows("gone", customer_id=Integer())
_FORGET = delete(second).where(second.c.customer_id.in_(select(_GONE.c.customer_id)))


def forget(ctx: Ctx, customer_ids: Sequence[int]) -> None:
    ctx.tx.execute(_FORGET, given(_GONE, customer_id=customer_ids))
