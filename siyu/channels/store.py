"""Private: channels, their history, costs, counts by day, what each staff member is owed, codes on the platform."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Double,
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
    func,
    insert,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import insert as upsert

from siyu.kernel.ctx import Ctx
from siyu.kernel.db import given, metadata, rows

Time = DateTime(timezone=True)
NOBODY = 0
"""Stands for no staff member in keys."""


class ChannelColumns(TypedColumns):
    channel_id = Column(Integer, Identity(), primary_key=True)
    kind: Named[str] = Column(Text)
    account_id: Named[int | None] = Column(Integer)
    touch: Named[str] = Column(Text)
    state: Named[str] = Column(Text, unique=True)
    version: Named[int] = Column(Integer)
    definition: Named[dict[str, object]] = Column(JSONB)
    created_at: Named[datetime] = Column(Time)
    changed_at: Named[datetime] = Column(Time)
    changed_by: Named[str] = Column(Text)
    archived_at: Named[datetime | None] = Column(Time)


class VersionColumns(TypedColumns):
    channel_id = Column(Integer, primary_key=True, autoincrement=False)
    version = Column(Integer, primary_key=True, autoincrement=False)
    at: Named[datetime] = Column(Time)
    by: Named[str] = Column(Text)
    definition: Named[dict[str, object]] = Column(JSONB)
    archived: Named[bool] = Column(Boolean)


class CostColumns(TypedColumns):
    cost_id = Column(Integer, Identity(), primary_key=True)
    channel_id: Named[int] = Column(Integer)
    since: Named[date] = Column(Date)
    until: Named[date | None] = Column(Date)
    amount: Named[int] = Column(BigInteger)
    per: Named[str] = Column(Text)
    note: Named[str] = Column(Text)
    added_at: Named[datetime] = Column(Time)
    added_by: Named[str] = Column(Text)
    removed_at: Named[datetime | None] = Column(Time)
    removed_by: Named[str | None] = Column(Text)


class DayColumns(TypedColumns):
    channel_id = Column(Integer, primary_key=True, autoincrement=False)
    day = Column(Date, primary_key=True)
    staff_id = Column(Integer, primary_key=True, autoincrement=False)
    arrivals: Named[int] = Column(Integer)


class OwedColumns(TypedColumns):
    channel_id = Column(Integer, primary_key=True, autoincrement=False)
    staff_id = Column(Integer, primary_key=True, autoincrement=False)
    owed: Named[float] = Column(Double)


class CodeColumns(TypedColumns):
    # ``shown``: the body that the platform last took; ``serial`` counts wishes, so that one made during a call is kept.
    channel_id = Column(Integer, primary_key=True, autoincrement=False)
    config_id: Named[str] = Column(Text)
    url: Named[str] = Column(Text)
    image_url: Named[str] = Column(Text)
    staff_id: Named[int | None] = Column(Integer)
    shown: Named[dict[str, object]] = Column(JSONB)
    look_at: Named[datetime | None] = Column(Time, index=True)
    serial: Named[int] = Column(Integer)
    lease_machine: Named[float] = Column(Double)
    adding_since: Named[datetime | None] = Column(Time)
    compared_at: Named[datetime | None] = Column(Time)
    attempts: Named[int] = Column(Integer)
    problem: Named[str] = Column(Text)


ChannelRow = Row[*tuple[Any, ...]]

channel = Table("channel", metadata, ChannelColumns)
version = Table("channel_version", metadata, VersionColumns)
cost = Table("channel_cost", metadata, CostColumns, Index(None, "channel_id"))
day = Table("channel_day", metadata, DayColumns)
owed = Table("channel_owed", metadata, OwedColumns)
code = Table("channel_code", metadata, CodeColumns)

_WHOLE: Select[Any] = select(
    channel,
    code.c.config_id,
    code.c.url,
    code.c.image_url,
    code.c.staff_id,
    code.c.problem,
    code.c.look_at,
    code.c.shown,
).join(code, code.c.channel_id == channel.c.channel_id)


def add(ctx: Ctx, **values: Any) -> int | None:
    """Insert; None when the state is taken."""
    statement = upsert(channel).values(created_at=ctx.now, changed_at=ctx.now, **values)
    found = ctx.tx.execute(statement.on_conflict_do_nothing().returning(channel.c.channel_id)).scalar_one_or_none()
    if found is not None:
        empty = {"config_id": "", "url": "", "image_url": "", "shown": {}, "serial": 0, "lease_machine": 0.0}
        ctx.tx.execute(insert(code).values(channel_id=found, attempts=0, problem="", **empty))
    return found


def lock_row(ctx: Ctx, channel_id: int) -> ChannelRow | None:
    """A channel, locked against other changes."""
    chosen = select(channel).where(channel.c.channel_id == channel_id).with_for_update()
    return ctx.tx.execute(chosen).one_or_none()


def change(ctx: Ctx, channel_id: int, **values: Any) -> None:
    statement = update(channel).where(channel.c.channel_id == channel_id)
    ctx.tx.execute(statement.values(changed_at=ctx.now, changed_by=ctx.actor.label, **values))


def keep_version(ctx: Ctx, channel_id: int, number: int, definition: Mapping[str, object], *, archived: bool) -> None:
    ctx.tx.execute(
        insert(version).values(
            channel_id=channel_id,
            version=number,
            at=ctx.now,
            by=ctx.actor.label,
            definition=definition,
            archived=archived,
        )
    )


def channel_rows(ctx: Ctx, *, archived: bool | None = None) -> Sequence[Row[Any]]:
    """All channels, newest first; ``archived``: only those, or only the others."""
    statement = _WHOLE.order_by(channel.c.channel_id.desc())
    if archived is not None:
        at = channel.c.archived_at
        statement = statement.where(at.is_not(None) if archived else at.is_(None))
    return ctx.tx.execute(statement).all()


_IDS = rows("i", channel_id=Integer())
_CHOSEN = _WHOLE.join(_IDS, _IDS.c.channel_id == channel.c.channel_id).order_by(channel.c.channel_id)
_LOCKED = _CHOSEN.with_for_update(of=channel)


def rows_of(ctx: Ctx, ids: Iterable[int], *, locked: bool = False) -> Sequence[Row[Any]]:
    """Some channels in order of their ids."""
    return ctx.tx.execute(_LOCKED if locked else _CHOSEN, given(_IDS, channel_id=sorted(ids))).all()


_STATES = rows("s", touch=Text(), state=Text())
_BY_STATE = select(channel.c.channel_id, channel.c.touch, channel.c.state).join(
    _STATES, (channel.c.touch == _STATES.c.touch) & (channel.c.state == _STATES.c.state)
)


def by_touches(ctx: Ctx, touches: Iterable[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """(touch kind, code) -> channel_id of those that are channels'."""
    pairs = sorted(touches)
    if not pairs:
        return {}
    found = ctx.tx.execute(_BY_STATE, given(_STATES, touch=[one[0] for one in pairs], state=[one[1] for one in pairs]))
    return {(row.touch, row.state): row.channel_id for row in found}


def leading_to_chats(ctx: Ctx) -> Sequence[ChannelRow]:
    """The group live codes that are not archived, oldest first."""
    chosen = select(channel).where(channel.c.kind == "group_live_code", channel.c.archived_at.is_(None))
    return ctx.tx.execute(chosen.order_by(channel.c.channel_id)).all()


def by_states(ctx: Ctx, states: Sequence[str]) -> dict[str, int]:
    """state -> channel_id."""
    found = ctx.tx.execute(select(channel.c.state, channel.c.channel_id).where(channel.c.state.in_(states)))
    return {row.state: row.channel_id for row in found}


def states_of(ctx: Ctx, ids: Sequence[int]) -> dict[int, str]:
    """channel_id -> state."""
    found = ctx.tx.execute(select(channel.c.channel_id, channel.c.state).where(channel.c.channel_id.in_(ids)))
    return {row.channel_id: row.state for row in found}


def touches(ids: Sequence[int] | None) -> Select[Any, Any]:
    """Relation (touch, state) of these channels, or of all."""
    chosen = select(channel.c.touch, channel.c.state)
    return chosen if ids is None else chosen.where(channel.c.channel_id.in_(ids))


def came_by(ctx: Ctx, customer: FromClause, who: Select[Any]) -> Sequence[Row[Any]]:
    """customer_id, first_channel, source_at, latest_channel, latest_source_at of everybody in ``who``."""
    first, latest = channel.alias("first"), channel.alias("latest")
    asked = who.subquery("who")
    chosen = (
        select(
            customer.c.customer_id,
            first.c.channel_id.label("first_channel"),
            customer.c.source_at,
            latest.c.channel_id.label("latest_channel"),
            customer.c.latest_source_at,
        )
        .select_from(customer)
        .outerjoin(first, (first.c.touch == customer.c.source_kind) & (first.c.state == customer.c.source_code))
        .outerjoin(
            latest,
            (latest.c.touch == customer.c.latest_source_kind) & (latest.c.state == customer.c.latest_source_code),
        )
        .where(customer.c.customer_id.in_(select(asked.c.customer_id)))
    )
    return ctx.tx.execute(chosen).all()


def by_sources(ctx: Ctx, customer: FromClause, touches: Collection[str], ids: Sequence[int]) -> Sequence[Row[Any]]:
    """(customer_id, channel_id) of those of these customers whose latest source is a channel by such touches."""
    new = rows("n", customer_id=Integer())
    chosen = (
        select(customer.c.customer_id, channel.c.channel_id)
        .join_from(customer, new, new.c.customer_id == customer.c.customer_id)
        .join(
            channel,
            (channel.c.touch == customer.c.latest_source_kind) & (channel.c.state == customer.c.latest_source_code),
        )
        .where(customer.c.latest_source_kind.in_(touches))
    )
    return ctx.tx.execute(chosen, given(new, customer_id=ids)).all()


_DAYS = rows("d", channel_id=Integer(), day=Date(), staff_id=Integer(), arrivals=Integer())
_day = upsert(day).from_select(["channel_id", "day", "staff_id", "arrivals"], select(*_DAYS.c))
_COUNT = _day.on_conflict_do_update(
    index_elements=[day.c.channel_id, day.c.day, day.c.staff_id],
    set_={"arrivals": day.c.arrivals + _day.excluded.arrivals},
)


def count(ctx: Ctx, counts: Mapping[tuple[int, date, int], int]) -> None:
    """Add up arrivals by (channel_id, local day, staff_id)."""
    keys = sorted(counts)
    parameters = given(
        _DAYS,
        channel_id=[key[0] for key in keys],
        day=[key[1] for key in keys],
        staff_id=[key[2] for key in keys],
        arrivals=[counts[key] for key in keys],
    )
    ctx.tx.execute(_COUNT, parameters)


_OWED = rows("o", channel_id=Integer(), staff_id=Integer(), owed=Double())
_put = upsert(owed).from_select(["channel_id", "staff_id", "owed"], select(*_OWED.c))
_PUT_OWED = _put.on_conflict_do_update(
    index_elements=[owed.c.channel_id, owed.c.staff_id], set_={"owed": _put.excluded.owed}
)


def put_owed(ctx: Ctx, values: Mapping[tuple[int, int], float]) -> None:
    """Write what staff members are owed, by (channel_id, staff_id)."""
    keys = sorted(values)
    parameters = given(
        _OWED,
        channel_id=[key[0] for key in keys],
        staff_id=[key[1] for key in keys],
        owed=[values[key] for key in keys],
    )
    ctx.tx.execute(_PUT_OWED, parameters)


def owed_rows(ctx: Ctx, ids: Sequence[int]) -> Sequence[Row[Any]]:
    return ctx.tx.execute(select(owed).where(owed.c.channel_id.in_(ids))).all()


def day_rows(ctx: Ctx, ids: Sequence[int], since: date, until: date) -> Sequence[Row[Any]]:
    """Counts of these local days, the last one included."""
    chosen = select(day).where(day.c.channel_id.in_(ids), day.c.day >= since, day.c.day <= until)
    return ctx.tx.execute(chosen.order_by(day.c.day, day.c.staff_id)).all()


def arrivals(ctx: Ctx, since: date, until: date) -> dict[int, int]:
    """channel_id -> how many came on these local days, the last one included."""
    chosen = select(day.c.channel_id, func.sum(day.c.arrivals)).where(day.c.day >= since, day.c.day <= until)
    return {row[0]: int(row[1]) for row in ctx.tx.execute(chosen.group_by(day.c.channel_id))}


def people(
    ctx: Ctx, customer: FromClause, leads: Select[Any], since: datetime, until: datetime
) -> dict[int, tuple[int, int]]:
    """channel_id -> customers whose first source it is, between two moments, the latter excluded; how many of them
    are among ``leads`` (customer_id)."""
    lead = leads.subquery("lead")
    came = (
        select(
            customer.c.source_kind,
            customer.c.source_code,
            func.count().label("people"),
            func.count(lead.c.customer_id).label("leads"),
        )
        .select_from(customer)
        .outerjoin(lead, lead.c.customer_id == customer.c.customer_id)
        .where(customer.c.source_at >= since, customer.c.source_at < until)
        .where(tuple_(customer.c.source_kind, customer.c.source_code).in_(touches(None)))
        .group_by(customer.c.source_kind, customer.c.source_code)
        .subquery("came")
    )
    chosen = select(channel.c.channel_id, came.c.people, came.c.leads).join(
        came, (came.c.source_kind == channel.c.touch) & (came.c.source_code == channel.c.state)
    )
    return {row[0]: (row[1], row[2]) for row in ctx.tx.execute(chosen)}


def version_rows(ctx: Ctx, channel_id: int) -> Sequence[Row[Any]]:
    return ctx.tx.execute(
        select(version).where(version.c.channel_id == channel_id).order_by(version.c.version.desc())
    ).all()


def add_cost(ctx: Ctx, **values: Any) -> int:
    statement = insert(cost).values(added_at=ctx.now, added_by=ctx.actor.label, **values)
    return ctx.tx.execute(statement.returning(cost.c.cost_id)).scalar_one()


def remove_cost(ctx: Ctx, channel_id: int, cost_id: int) -> bool:
    chosen = update(cost).where(cost.c.cost_id == cost_id, cost.c.channel_id == channel_id, cost.c.removed_at.is_(None))
    return ctx.tx.execute(chosen.values(removed_at=ctx.now, removed_by=ctx.actor.label)).rowcount == 1


def cost_rows(ctx: Ctx, channel_id: int | None = None) -> Sequence[Row[Any]]:
    """Of one channel, or of all, newest first."""
    statement = select(cost).order_by(cost.c.since.desc(), cost.c.cost_id.desc())
    return ctx.tx.execute(statement if channel_id is None else statement.where(cost.c.channel_id == channel_id)).all()
