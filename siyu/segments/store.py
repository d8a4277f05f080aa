"""Private: saved segments, their members, who listens to them, and the customers whom time may have changed."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    ForeignKey,
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
    and_,
    cast,
    delete,
    exists,
    func,
    literal,
    or_,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy import (
    Sequence as Counter,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import insert as upsert

from siyu.kernel.ctx import Ctx
from siyu.kernel.db import given, metadata, rows, unnest
from siyu.segments.sampling import hashed

Time = DateTime(timezone=True)
LOCK_CLASS = 7305
LAST = datetime(9999, 12, 30, tzinfo=UTC)
"""Later times are as good as never: people write 9999-12-31 for no end, and a span after it no datetime can hold."""


class SegmentColumns(TypedColumns):
    segment_id = Column(Integer, Identity(), primary_key=True)
    name: Named[str] = Column(Text, unique=True)
    version: Named[int] = Column(Integer)
    condition: Named[dict[str, object]] = Column(JSONB)
    created_at: Named[datetime] = Column(Time)
    changed_at: Named[datetime] = Column(Time)
    changed_by: Named[str] = Column(Text)
    evaluated_at: Named[datetime] = Column(Time)
    due_at: Named[datetime | None] = Column(Time)


class MemberColumns(TypedColumns):
    customer_id = Column(Integer, primary_key=True, autoincrement=False)
    segment_id = Column(Integer, primary_key=True, autoincrement=False)
    entered_at: Named[datetime] = Column(Time)


class ListenerColumns(TypedColumns):
    segment_id = Column(Integer, ForeignKey("segment.segment_id"), primary_key=True, autoincrement=False)
    listener = Column(Text, primary_key=True)


class DueColumns(TypedColumns):
    customer_id = Column(Integer, primary_key=True, autoincrement=False)
    segment_id = Column(Integer, primary_key=True, autoincrement=False)


segment = Table("segment", metadata, SegmentColumns, Index(None, "due_at"))
member = Table("segment_member", metadata, MemberColumns, Index(None, "segment_id", "customer_id"))
listener = Table("segment_listener", metadata, ListenerColumns)
due = Table("segment_due", metadata, DueColumns, Index(None, "segment_id"))
change_ids = Counter("segment_change_seq", metadata=metadata, data_type=BigInteger)


def segment_by(ctx: Ctx, **where: Any) -> Row[Any] | None:
    statement = select(segment)
    for name, value in where.items():
        statement = statement.where(segment.c[name] == value)
    return ctx.tx.execute(statement).one_or_none()


def segments(ctx: Ctx, wanted: int | str | None = None) -> Sequence[Row[Any]]:
    """Saved segments with their ``size``: all, or the one of this id or name."""
    sizes = select(func.count()).where(member.c.segment_id == segment.c.segment_id).scalar_subquery()
    statement = select(segment, sizes.label("size")).order_by(segment.c.segment_id)
    if wanted is not None:
        key = segment.c.name if isinstance(wanted, str) else segment.c.segment_id
        statement = statement.where(key == wanted)
    return ctx.tx.execute(statement).all()


def names_of_segments(ctx: Ctx) -> dict[int, str]:
    return {row[0]: row[1] for row in ctx.tx.execute(select(segment.c.segment_id, segment.c.name))}


def conditions(ctx: Ctx) -> dict[int, dict[str, object]]:
    """The condition of every segment."""
    return {row[0]: row[1] for row in ctx.tx.execute(select(segment.c.segment_id, segment.c.condition))}


def definitions(ctx: Ctx) -> Sequence[Row[int, str, str, bool, datetime, datetime | None]]:
    """What re-evaluating needs of every segment: id, name, condition as text, listened, evaluated_at, due_at."""
    listened = exists().where(listener.c.segment_id == segment.c.segment_id)
    columns = (
        segment.c.segment_id,
        segment.c.name,
        cast(segment.c.condition, Text).label("condition"),
        listened.label("listened"),
        segment.c.evaluated_at,
        segment.c.due_at,
    )
    return ctx.tx.execute(select(*columns).order_by(segment.c.segment_id)).all()


def add(ctx: Ctx, name: str, condition: dict[str, object]) -> int | None:
    """Insert; None when the name is taken."""
    times = {"created_at": ctx.now, "changed_at": ctx.now, "evaluated_at": ctx.now, "due_at": None}
    statement = upsert(segment).values(name=name, version=1, condition=condition, changed_by=ctx.actor.label, **times)
    return ctx.tx.execute(statement.on_conflict_do_nothing().returning(segment.c.segment_id)).scalar_one_or_none()


def hold(ctx: Ctx, segment_id: int) -> None:
    """Let nobody else change the segment's row until the transaction ends."""
    ctx.tx.execute(select(segment.c.segment_id).where(segment.c.segment_id == segment_id).with_for_update())


def change(ctx: Ctx, segment_id: int, name: str, condition: dict[str, object]) -> None:
    statement = update(segment).where(segment.c.segment_id == segment_id)
    told = {"version": segment.c.version + 1, "changed_at": ctx.now, "changed_by": ctx.actor.label}
    ctx.tx.execute(statement.values(name=name, condition=condition, **told))


def drop(ctx: Ctx, segment_id: int) -> None:
    for table in (due, member, segment):  # set-loop: the three tables of a segment
        ctx.tx.execute(delete(table).where(table.c.segment_id == segment_id))


# What the saved segments mean is one lock, before definitions are read and before any row of a segment is locked:
# pulses, ticks and notices share it, an edit or a deletion holds it alone. So no pulse follows a condition that an edit
# under way replaces, no event falls between the members that a save computes and the pulse that knows the segment,
# and of two edits at once the second sees what the first made (a cycle, a name).
_SHARE = text(f"select pg_advisory_xact_lock_shared({LOCK_CLASS}, 0)")
_ALONE = text(f"select pg_advisory_xact_lock({LOCK_CLASS}, 0)")
# One tick at a time: of two, one would wait for rows that the other takes, and that one for its segments.
_TICK = text(f"select pg_advisory_xact_lock({LOCK_CLASS}, -1)")


def share_definitions(ctx: Ctx) -> None:
    """Let nobody change what a segment means until the transaction ends."""
    ctx.tx.execute(_SHARE)


def hold_definitions(ctx: Ctx) -> None:
    """Wait until nobody works by the saved segments, and let nobody begin until the transaction ends."""
    ctx.tx.execute(_ALONE)


def tick_alone(ctx: Ctx) -> None:
    """Let no other tick begin until the transaction ends; shares the definitions too."""
    ctx.tx.execute(_TICK)
    ctx.tx.execute(_SHARE)


def lock(ctx: Ctx, ids: Sequence[int], *, shared: bool) -> None:
    """Hold the segments until the transaction ends: pulses share them (their customers differ), a tick is alone."""
    function = "pg_advisory_xact_lock_shared" if shared else "pg_advisory_xact_lock"
    ordered = text(f"select {function}({LOCK_CLASS}, id) from (select unnest(cast(:ids as int[])) id order by 1) o")  # noqa: S608 - constants
    ctx.tx.execute(ordered, {"ids": sorted(ids)})


# --- membership ------------------------------------------------------------------------------------------------


def members(segment_id: int) -> Select[Any]:
    return select(member.c.customer_id).where(member.c.segment_id == segment_id)


def count(ctx: Ctx, who: Select[Any]) -> int:
    return ctx.tx.execute(select(func.count()).select_from(who.subquery())).scalar_one()


def member_page(ctx: Ctx, segment_id: int, after: int, limit: int) -> Sequence[Row[int, datetime]]:
    statement = select(member.c.customer_id, member.c.entered_at)
    statement = statement.where(member.c.segment_id == segment_id, member.c.customer_id > after)
    return ctx.tx.execute(statement.order_by(member.c.customer_id).limit(limit)).all()


def rebase(ctx: Ctx, segment_id: int, inside: Select[Any]) -> int:
    """Make the members exactly ``inside``; who stays keeps the time of entering. Returns the size."""
    now_inside = inside.subquery("inside")
    stays = exists().where(now_inside.c.customer_id == member.c.customer_id).correlate(member)
    ctx.tx.execute(delete(member).where(member.c.segment_id == segment_id, ~stays))
    entering = select(now_inside.c.customer_id, literal(segment_id, Integer), literal(ctx.now, Time))
    statement = upsert(member).from_select(["customer_id", "segment_id", "entered_at"], entering)
    ctx.tx.execute(statement.on_conflict_do_nothing())
    return count(ctx, members(segment_id))


def differences(ctx: Ctx, segment_id: int, who: Select[Any], inside: Select[Any]) -> tuple[list[int], list[int]]:
    """Whom of ``who`` the segment gains and loses when its members there are ``inside``."""
    asked, now_inside = who.subquery("asked"), inside.subquery("inside")
    is_in, was_in = now_inside.c.customer_id.is_not(None), member.c.customer_id.is_not(None)
    here = and_(member.c.customer_id == asked.c.customer_id, member.c.segment_id == segment_id)
    joined = asked.outerjoin(now_inside, now_inside.c.customer_id == asked.c.customer_id).outerjoin(member, here)
    statement = select(asked.c.customer_id, is_in.label("inside")).select_from(joined).where(is_in != was_in)
    gained: list[int] = []
    lost: list[int] = []
    for customer_id, entered in ctx.tx.execute(statement.order_by(asked.c.customer_id)):
        (gained if entered else lost).append(customer_id)
    return gained, lost


def _pairs(pairs: Sequence[tuple[int, int]]) -> Any:
    return unnest(
        "p", segment_id=(Integer(), [pair[0] for pair in pairs]), customer_id=(Integer(), [pair[1] for pair in pairs])
    )


def enter(ctx: Ctx, pairs: Sequence[tuple[int, int]]) -> None:
    """Add members, given as (segment_id, customer_id)."""
    new = _pairs(pairs)
    entering = select(new.c.customer_id, new.c.segment_id, literal(ctx.now, Time))
    statement = upsert(member).from_select(["customer_id", "segment_id", "entered_at"], entering)
    ctx.tx.execute(statement.on_conflict_do_nothing())


def leave(ctx: Ctx, pairs: Sequence[tuple[int, int]]) -> None:
    """Remove members, given as (segment_id, customer_id)."""
    gone = _pairs(pairs)
    key = tuple_(member.c.segment_id, member.c.customer_id)
    ctx.tx.execute(delete(member).where(key.in_(select(gone.c.segment_id, gone.c.customer_id))))


def next_change_id(ctx: Ctx) -> int:
    return ctx.tx.execute(select(change_ids.next_value())).scalar_one()


# --- time ------------------------------------------------------------------------------------------------------


def earliest(ctx: Ctx, times: Sequence[Select[Any]]) -> datetime | None:
    """The earliest of the times that the given Selects (one value each) find, if it lies before ``LAST``."""
    first = select(func.least(*(time.scalar_subquery() for time in times)).label("at")).subquery("first")
    found: datetime | None = ctx.tx.execute(select(first.c.at).where(first.c.at < LAST)).scalar_one_or_none()
    return found


_DUES = rows("d", segment_id=Integer(), at=Time)
_LATER = and_(
    segment.c.segment_id == _DUES.c.segment_id, or_(segment.c.due_at.is_(None), segment.c.due_at > _DUES.c.at)
)
# In order of their ids: two pulses that bring forward the same segments would else wait for each other.
_LOCK_LATER = (
    select(segment.c.segment_id)
    .join(_DUES, _LATER)
    .order_by(segment.c.segment_id)
    .with_for_update(of=segment, key_share=True)
)
_BRING_FORWARD = update(segment).where(_LATER).values(due_at=_DUES.c.at)


def sooner(ctx: Ctx, dues: Sequence[tuple[int, datetime]]) -> None:
    """Bring the due times of segments forward; later ones than stored change nothing."""
    values = given(_DUES, segment_id=[due_[0] for due_ in dues], at=[due_[1] for due_ in dues])
    if ctx.tx.execute(_LOCK_LATER, values).all():
        ctx.tx.execute(_BRING_FORWARD, values)


def evaluated(ctx: Ctx, segment_id: int, due_at: datetime | None) -> None:
    """Time's changes up to now are in hand; the next one comes at ``due_at``."""
    ctx.tx.execute(
        update(segment).where(segment.c.segment_id == segment_id).values(evaluated_at=ctx.now, due_at=due_at)
    )


def put_due(ctx: Ctx, segment_ids: Sequence[int], who: Select[Any]) -> int:
    """Note that the segments must look at these customers again; returns how many pairs are new."""
    asked, for_whom = who.subquery("asked"), unnest("s", segment_id=(Integer(), segment_ids))
    pairs = select(asked.c.customer_id, for_whom.c.segment_id).select_from(asked.join(for_whom, literal(True)))
    # In order: a tick and a notice may note the same pairs at once.
    pairs = pairs.distinct().order_by(asked.c.customer_id, for_whom.c.segment_id)
    statement = upsert(due).from_select(["customer_id", "segment_id"], pairs).on_conflict_do_nothing()
    return ctx.tx.execute(statement).rowcount


def take_due(ctx: Ctx, limit: int) -> list[tuple[int, int]]:
    """Take up to ``limit`` (segment_id, customer_id) that must be looked at again and nobody else is taking."""
    keys = (due.c.customer_id, due.c.segment_id)
    chosen = select(*keys).order_by(due.c.segment_id).limit(limit).with_for_update(skip_locked=True).subquery("chosen")
    statement = delete(due).where(tuple_(*keys).in_(select(*chosen.c))).returning(due.c.segment_id, due.c.customer_id)
    return [(row[0], row[1]) for row in ctx.tx.execute(statement)]


anything_due = exists(select(due.c.customer_id))
next_due = select(func.min(segment.c.due_at))


# --- listeners -------------------------------------------------------------------------------------------------


def listen(ctx: Ctx, segment_id: int, by: str) -> None:
    ctx.tx.execute(upsert(listener).values(segment_id=segment_id, listener=by).on_conflict_do_nothing())


def unlisten(ctx: Ctx, segment_id: int, by: str) -> None:
    ctx.tx.execute(delete(listener).where(listener.c.segment_id == segment_id, listener.c.listener == by))


def listeners(ctx: Ctx, segment_id: int) -> list[str]:
    statement = select(listener.c.listener).where(listener.c.segment_id == segment_id).order_by(listener.c.listener)
    return list(ctx.tx.execute(statement).scalars())


# --- reads -----------------------------------------------------------------------------------------------------


def ever_followed_by_staff(ctx: Ctx, follows: FromClause, customer_id: int) -> bool:
    """Whether some staff member has or had the customer as a contact."""
    mine = (follows.c.customer_id == customer_id) & (follows.c.staff != "")
    return bool(ctx.tx.execute(select(exists().select_from(follows).where(mine))).scalar_one())


def segments_of(ctx: Ctx, customer_id: int) -> list[tuple[int, str, datetime]]:
    statement = select(segment.c.segment_id, segment.c.name, member.c.entered_at)
    statement = statement.join(member, member.c.segment_id == segment.c.segment_id)
    found = ctx.tx.execute(statement.where(member.c.customer_id == customer_id).order_by(segment.c.segment_id))
    return [(row[0], row[1], row[2]) for row in found]


def first_by_hash(ctx: Ctx, who: Select[Any], limit: int) -> list[int]:
    """The customers of ``who`` with the lowest hashes."""
    asked = who.subquery("asked")
    statement = select(asked.c.customer_id).order_by(hashed(asked.c.customer_id)).limit(limit)
    return list(ctx.tx.execute(statement).scalars())


def names(ctx: Ctx, people: FromClause, ids: Sequence[int]) -> dict[int, str | None]:
    asked = unnest("i", customer_id=(Integer(), ids))
    statement = select(people.c.customer_id, people.c.name).where(people.c.customer_id.in_(select(asked.c.customer_id)))
    return {row[0]: row[1] for row in ctx.tx.execute(statement)}


def highest(ctx: Ctx, people: FromClause) -> int:
    """The highest customer_id of an active customer."""
    found: int = ctx.tx.execute(select(func.coalesce(func.max(people.c.customer_id), 0))).scalar_one()
    return found


def population(ctx: Ctx, people: FromClause) -> int:
    """How many active customers there are."""
    found: int = ctx.tx.execute(select(func.count()).select_from(people)).scalar_one()
    return found


def sources(ctx: Ctx, people: FromClause, who: Select[Any] | None, limit: int) -> Sequence[Row[Any, Any]]:
    """The first touches (via, code) of these people (of ``who``), the most frequent first."""
    first = (people.c.source_kind, people.c.source_code)
    statement = select(*first).where(*(column.is_not(None) for column in first)).group_by(*first)
    if who is not None:
        asked = who.subquery("asked")
        statement = statement.where(people.c.customer_id.in_(select(asked.c.customer_id)))
    return ctx.tx.execute(statement.order_by(func.count().desc(), *first).limit(limit)).all()


_SHOWN = rows("shown", customer_id=Integer())


def shown(ctx: Ctx, people: FromClause, ids: Sequence[int]) -> Sequence[Row[Any]]:
    """What a list shows of these customers besides what ``customers`` lists: source and opting out."""
    columns = (people.c[name] for name in ("customer_id", "source_kind", "source_code", "opted_out_at"))
    statement = select(*columns).where(people.c.customer_id.in_(select(_SHOWN.c.customer_id)))
    return ctx.tx.execute(statement, given(_SHOWN, customer_id=ids)).all()


def follows(ctx: Ctx, relation: FromClause, ids: Sequence[int]) -> Sequence[Row[Any]]:
    """The follows of these customers, each one's present ones first, then the latest."""
    mine = relation.c.customer_id.in_(select(_SHOWN.c.customer_id))
    order = (relation.c.customer_id, relation.c.following.desc(), relation.c.followed_at.desc().nulls_last())
    statement = select(relation).where(mine).order_by(*order, relation.c.account_id, relation.c.staff)
    return ctx.tx.execute(statement, given(_SHOWN, customer_id=ids)).all()
