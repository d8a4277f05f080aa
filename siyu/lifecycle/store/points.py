"""Private: statements about the ledger of points and the values that it adds up to."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    BindParameter,
    Double,
    FromClause,
    Integer,
    Row,
    Text,
    and_,
    bindparam,
    delete,
    func,
    literal,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert

from siyu.kernel.ctx import Ctx
from siyu.kernel.db import given, ids_of, rows, unnest
from siyu.lifecycle import decay
from siyu.lifecycle.store import Time, gain, gain_ids, score_rule, standing

NewGain = tuple[int, int | None, int | None, int, datetime, str]
"""(customer_id, event_id, rule_id, points, at, by)."""

_NOW = bindparam("now", type_=Time)
_RATE: BindParameter[float] = bindparam("rate", type_=Double())

_CAPPED = rows("c", customer_id=Integer(), rule_id=Integer(), day_from=Time, day_to=Time)
_within = and_(gain.c.at >= _CAPPED.c.day_from, gain.c.at < _CAPPED.c.day_to)
_GIVEN = (
    select(
        _CAPPED.c.customer_id,
        _CAPPED.c.rule_id,
        _CAPPED.c.day_from,
        func.coalesce(func.sum(gain.c.points), 0).label("ever"),
        func.coalesce(func.sum(gain.c.points).filter(_within), 0).label("that_day"),
    )
    .join_from(_CAPPED, gain, and_(gain.c.customer_id == _CAPPED.c.customer_id, gain.c.rule_id == _CAPPED.c.rule_id))
    .group_by(_CAPPED.c.customer_id, _CAPPED.c.rule_id, _CAPPED.c.day_from)
)


def given_so_far(ctx: Ctx, wanted: Sequence[tuple[int, int, datetime, datetime]]) -> Sequence[Row[Any]]:
    """(customer_id, rule_id, day_from, ever, that_day): points that rules gave, of (customer_id, rule_id, day)s."""
    parameters = given(
        _CAPPED,
        customer_id=[row[0] for row in wanted],
        rule_id=[row[1] for row in wanted],
        day_from=[row[2] for row in wanted],
        day_to=[row[3] for row in wanted],
    )
    return ctx.tx.execute(_GIVEN, parameters).all()


def add(ctx: Ctx, events: FromClause, gains: Sequence[NewGain]) -> None:
    """Write gains to the ledger; each belongs to the origin of its event, so that a split takes it along."""
    new = unnest(
        "g",
        customer_id=(Integer(), [row[0] for row in gains]),
        event_id=(BigInteger(), [row[1] for row in gains]),
        rule_id=(Integer(), [row[2] for row in gains]),
        points=(Integer(), [row[3] for row in gains]),
        at=(Time, [row[4] for row in gains]),
        by=(Text(), [row[5] for row in gains]),
    )
    same = and_(
        events.c.customer_id == new.c.customer_id,
        events.c.event_id == new.c.event_id,
        events.c.occurred_at == new.c.at,
    )
    chosen = select(
        new.c.customer_id,
        gain_ids.next_value(),
        func.coalesce(events.c.origin_id, new.c.customer_id),
        new.c.rule_id,
        new.c.event_id,
        new.c.points,
        new.c.at,
        new.c.by,
    ).select_from(new.outerjoin(events, same))
    ctx.tx.execute(gain.insert().from_select(_ORDER, chosen))


_ORDER = ["customer_id", "gain_id", "origin_id", "rule_id", "event_id", "points", "at", "by"]


_IDS = rows("i", customer_id=Integer())
_ENSURE = upsert(standing).from_select(
    ["customer_id", "value", "rate", "as_of"],
    select(_IDS.c.customer_id, literal_column("0.0"), _RATE, _NOW).order_by(_IDS.c.customer_id),
)
_HOLD = (
    select(standing.c.customer_id)
    .where(standing.c.customer_id.in_(select(_IDS.c.customer_id)))
    .order_by(standing.c.customer_id)
    .with_for_update()
)


def hold(ctx: Ctx, ids: Sequence[int], rate: float) -> None:
    """Give everybody a standing, and let nobody else change them until the transaction ends. ``ids`` are sorted."""
    parameters = given(_IDS, customer_id=ids)
    ctx.tx.execute(_ENSURE.on_conflict_do_nothing(), parameters | {"now": ctx.now, "rate": rate})
    ctx.tx.execute(_HOLD, parameters).all()


_MORE = rows("m", customer_id=Integer(), points=Integer(), at=Time)
_added = (
    select(
        _MORE.c.customer_id,
        func.sum(decay.left_sql(_MORE.c.points, _RATE, decay.seconds_sql(_MORE.c.at, _NOW))).label("value"),
    )
    .group_by(_MORE.c.customer_id)
    .subquery("added")
)
_value = decay.left_sql(standing.c.value, standing.c.rate, decay.seconds_sql(standing.c.as_of, _NOW)) + _added.c.value
_GAIN = (
    update(standing)
    .where(standing.c.customer_id == _added.c.customer_id)
    .values(value=_value, rate=_RATE, as_of=_NOW, key=decay.key_sql(_value, _RATE, _NOW))
)


def credit(ctx: Ctx, gains: Sequence[NewGain], rate: float) -> None:
    """Add gains of the ledger to the values."""
    parameters = given(
        _MORE,
        customer_id=[row[0] for row in gains],
        points=[row[3] for row in gains],
        at=[row[4] for row in gains],
    )
    ctx.tx.execute(_GAIN, parameters | {"now": ctx.now, "rate": rate})


_worth = decay.left_sql(gain.c.points, _RATE, decay.seconds_sql(gain.c.at, _NOW))
_summed = (
    select(_IDS.c.customer_id, func.coalesce(func.sum(_worth), literal(0.0, Double)).label("value"))
    .join_from(_IDS, gain, gain.c.customer_id == _IDS.c.customer_id, isouter=True)
    .group_by(_IDS.c.customer_id)
    .subquery("summed")
)
_REBUILD = (
    update(standing)
    .where(standing.c.customer_id == _summed.c.customer_id)
    .values(value=_summed.c.value, rate=_RATE, as_of=_NOW, key=decay.key_sql(_summed.c.value, _RATE, _NOW))
)


def rebuild(ctx: Ctx, ids: Sequence[int], rate: float) -> None:
    """Make the values of these customers the sums of their ledgers, under ``rate``."""
    ctx.tx.execute(_REBUILD, given(_IDS, customer_id=ids) | {"now": ctx.now, "rate": rate})


def move(ctx: Ctx, origins: Sequence[int], targets: Sequence[int]) -> None:
    """Carry the gains of each origin to its customer now, by insert and delete: the customer distributes."""
    moves = unnest("moves", origin_id=(Integer(), origins), to_id=(Integer(), targets))
    here = and_(gain.c.origin_id == moves.c.origin_id, gain.c.customer_id != moves.c.to_id)
    moved = select(moves.c.to_id, *(gain.c[name] for name in _ORDER[1:])).where(here)
    ctx.tx.execute(upsert(gain).from_select(_ORDER, moved).on_conflict_do_nothing())
    ctx.tx.execute(delete(gain).where(here))


def forget(ctx: Ctx, ids: Sequence[int]) -> None:
    """Delete the ledger of erased customers."""
    ctx.tx.execute(delete(gain).where(gain.c.customer_id.in_(ids_of(ids))))


def ledger(ctx: Ctx, customer_id: int, rate: float, before: tuple[datetime, int] | None, limit: int) -> Sequence[Any]:
    """Gains of one customer with the name of the rule and what they are worth now, latest first."""
    worth = decay.left_sql(gain.c.points, literal(rate, Double), decay.seconds_sql(gain.c.at, literal(ctx.now, Time)))
    statement = (
        select(gain.c.gain_id, gain.c.at, gain.c.points, worth, score_rule.c.name, gain.c.event_id, gain.c.by)
        .join_from(gain, score_rule, score_rule.c.rule_id == gain.c.rule_id, isouter=True)
        .where(gain.c.customer_id == customer_id)
        .order_by(gain.c.at.desc(), gain.c.gain_id.desc())
        .limit(limit)
    )
    if before is not None:
        earlier = and_(gain.c.at == before[0], gain.c.gain_id < before[1])
        statement = statement.where(or_(gain.c.at < before[0], earlier))
    return ctx.tx.execute(statement).all()
