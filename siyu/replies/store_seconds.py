"""Private: whom to greet again, and when. A row is there until it was decided."""

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
    true,
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


second = Table("second_greeting", metadata, SecondColumns, Index("ix_second_greeting_due", "due_at"))

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


_SUPERSEDE = delete(second).where(
    second.c.customer_id == _SECOND.c.customer_id,
    second.c.account_id == _SECOND.c.account_id,
    second.c.staff == _SECOND.c.staff,
    second.c.event_id < _SECOND.c.event_id,
)
"""Who removes a member and adds them again is greeted again once, counted from the later add."""


def plan(ctx: Ctx, plans: Sequence[tuple[int, int, int, int, int, str, datetime, datetime]]) -> None:
    """Note whom to greet again: the columns of ``second_greeting``."""
    names = [column.name for column in second.c]
    chosen = select(*(_SECOND.c[name] for name in names))
    values = dict(zip(names, zip(*plans, strict=True), strict=True))
    ctx.tx.execute(_SUPERSEDE, given(_SECOND, **values))
    ctx.tx.execute(upsert(second).from_select(names, chosen).on_conflict_do_nothing(), given(_SECOND, **values))


next_due = select(func.min(second.c.due_at))
"""When the next second greeting is due."""


def due(ctx: Ctx, events: FromClause, follows: FromClause, types: Sequence[str], limit: int) -> Sequence[Row[Any]]:
    """Second greetings whose time has come, locked; with ``replied`` (one of ``types`` since the add), ``follows``."""
    chosen = (
        select(second.c.customer_id, second.c.event_id)
        .where(second.c.due_at <= ctx.now)
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


def those(ctx: Ctx, events: FromClause, ids: Sequence[tuple[int, int]], since: datetime) -> list[tuple[int, int, str]]:
    """(customer_id, event_id, staff) of adds that were to be greeted again, of the timeline since then."""
    added = and_(events.c.customer_id == _THESE.c.customer_id, events.c.event_id == _THESE.c.event_id)
    found = select(events.c.customer_id, events.c.event_id, events.c.props["staff"].astext.label("staff"))
    found = found.join_from(_THESE, events, added).where(events.c.occurred_at >= since)
    customer_ids, event_ids = zip(*ids, strict=True)
    told = ctx.tx.execute(found, given(_THESE, customer_id=customer_ids, event_id=event_ids))
    return [(row.customer_id, row.event_id, row.staff or "") for row in told]


_CHATS = rows("c", customer_id=Integer(), event_id=BigInteger(), staff=Text())


def watched(
    ctx: Ctx, events: FromClause, people: Sequence[tuple[int, int, str]], since: datetime
) -> set[tuple[int, int]]:
    """Of (customer_id, event_id of the add, staff) those whose chat the archive tells of: it holds what the member said
    since then."""
    said = events.c.props
    held = and_(
        events.c.customer_id == _CHATS.c.customer_id,
        events.c.event_id > _CHATS.c.event_id,
        events.c.occurred_at >= since,
        events.c.type == literal_column("'staff_message'", Text()),
        said["via"].astext == literal_column("'archive'", Text()),
        said["staff"].astext == _CHATS.c.staff,
    )
    found = select(_CHATS.c.customer_id, _CHATS.c.event_id).join_from(_CHATS, events, held).distinct()
    customer_ids, event_ids, staff = zip(*people, strict=True)
    told = ctx.tx.execute(found, given(_CHATS, customer_id=customer_ids, event_id=event_ids, staff=staff))
    return {(row.customer_id, row.event_id) for row in told}


_END = delete(second).where(second.c.customer_id == _THESE.c.customer_id, second.c.event_id == _THESE.c.event_id)


def end(ctx: Ctx, ended: Sequence[tuple[int, int]]) -> None:
    """Forget those that were decided: (customer_id, event_id)."""
    customer_ids, event_ids = zip(*ended, strict=True)
    ctx.tx.execute(_END, given(_THESE, customer_id=customer_ids, event_id=event_ids))


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
