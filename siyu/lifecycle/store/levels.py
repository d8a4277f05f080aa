"""Private: statements about the ladder and where people stand on it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Double,
    FromClause,
    Integer,
    Row,
    Select,
    Text,
    and_,
    bindparam,
    case,
    delete,
    false,
    func,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert

from siyu.kernel.ctx import Ctx
from siyu.kernel.db import given, ids_of, rows, unguessed
from siyu.lifecycle import decay
from siyu.lifecycle.store import Time, change_ids, ladder, standing
from siyu.lifecycle.types import Ladder

ONLY = 1
"""The one row of the ladder."""
_NOW = bindparam("now", type_=Time)


def saved(ctx: Ctx) -> Row[Any] | None:
    return ctx.tx.execute(select(ladder).where(ladder.c.ladder_id == ONLY)).one_or_none()


def save(ctx: Ctx, new: Ladder, sweep_after: int) -> None:
    """Replace the ladder; everybody behind ``sweep_after`` is to be looked at anew."""
    levels = [
        {"key": one.key, "name": one.name, "points": one.points, "segment_id": one.segment_id} for one in new.levels
    ]
    values: dict[str, Any] = {
        "levels": levels,
        "half_life_days": new.half_life_days,
        "margin": new.margin,
        "sweep_after": sweep_after,
        "changed_at": ctx.now,
    }
    statement = upsert(ladder).values(ladder_id=ONLY, **values)
    ctx.tx.execute(statement.on_conflict_do_update(index_elements=[ladder.c.ladder_id], set_=values))


def take_sweep(ctx: Ctx) -> int | None:
    """Behind which customer the sweep goes on; None when none is under way or another worker does it."""
    mine = select(ladder.c.sweep_after).where(ladder.c.sweep_after.is_not(None)).with_for_update(skip_locked=True)
    return ctx.tx.execute(mine).scalar_one_or_none()


def start_sweep(ctx: Ctx) -> None:
    """Everybody is to be looked at anew, from the beginning."""
    ctx.tx.execute(update(ladder).values(sweep_after=0))


def put_sweep(ctx: Ctx, after: int | None) -> None:
    ctx.tx.execute(update(ladder).values(sweep_after=after))


def next_ids(ctx: Ctx, everybody: Select[Any], after: int, limit: int) -> list[int]:
    """The next customers of the sweep, ascending."""
    asked = everybody.subquery("everybody")
    statement = (
        select(asked.c.customer_id).where(asked.c.customer_id > after).order_by(asked.c.customer_id).limit(limit)
    )
    return list(ctx.tx.execute(statement).scalars())


def concerned(ctx: Ctx, ids: Sequence[int], members: Sequence[Select[Any]]) -> list[int]:
    """Those of ``ids`` who have a standing or are a member of a level's segment."""
    asked = ids_of(ids).subquery("asked")
    known = select(standing.c.customer_id).where(standing.c.customer_id == asked.c.customer_id).exists()
    inside = [_inside(one, asked.c.customer_id) for one in members]
    statement = select(asked.c.customer_id).where(or_(known, *inside)).order_by(asked.c.customer_id)
    return list(ctx.tx.execute(statement).scalars())


def _inside(members: Select[Any], customer_id: Any) -> Any:
    one = members.subquery()
    return select(literal(1)).where(one.c.customer_id == customer_id).exists()


_at_now = decay.left_sql(standing.c.value, standing.c.rate, decay.seconds_sql(standing.c.as_of, _NOW))
_IDS = rows("i", customer_id=Integer())


def judge(ctx: Ctx, ids: Sequence[int], rungs: Ladder, members: Mapping[str, Select[Any]]) -> Sequence[Row[Any]]:
    """(customer_id, value now, rate, level, ruled, the level that the rules give now) of these customers.

    A level by points holds from its points on, and for who stands there or higher until the margin is used up.
    """
    score = decay.shown_sql(_at_now)
    whens = []
    for place, level in reversed(list(enumerate(rungs.levels))):
        holds: list[Any] = []
        if level.points is not None:
            there = standing.c.ruled.in_([one.key for one in rungs.levels[place:]])
            kept = literal(level.points * (100 - rungs.margin) / 100, Double)
            holds += [score >= level.points, and_(func.coalesce(there, false()), _at_now >= kept)]
        if level.segment_id is not None:
            holds.append(_inside(members[level.key], standing.c.customer_id))
        if holds:
            whens.append((or_(*holds), literal(level.key, Text)))
    base = literal(rungs.levels[0].key, Text)
    given_by_rules = case(*whens, else_=base) if whens else base
    statement = select(
        standing.c.customer_id,
        _at_now.label("value"),
        standing.c.rate,
        standing.c.level,
        standing.c.ruled,
        given_by_rules.label("now_ruled"),
    ).where(standing.c.customer_id.in_(select(_IDS.c.customer_id)))
    return ctx.tx.execute(statement, given(_IDS, customer_id=ids) | {"now": ctx.now}).all()


_PLACED = rows("p", customer_id=Integer(), level=Text(), ruled=Text(), since=Time, falls_at=Time)
_PLACE = (
    update(standing)
    .where(standing.c.customer_id == _PLACED.c.customer_id)
    .values(
        level=_PLACED.c.level,
        ruled=_PLACED.c.ruled,
        since=func.coalesce(_PLACED.c.since, standing.c.since),
        falls_at=_PLACED.c.falls_at,
    )
)
Placed = tuple[int, str, str, datetime | None, datetime | None]
"""(customer_id, level, ruled, since when or None for as before, falls_at)."""


def place(ctx: Ctx, placed: Sequence[Placed]) -> None:
    """Write where people stand."""
    parameters = given(
        _PLACED,
        customer_id=[row[0] for row in placed],
        level=[row[1] for row in placed],
        ruled=[row[2] for row in placed],
        since=[row[3] for row in placed],
        falls_at=[row[4] for row in placed],
    )
    ctx.tx.execute(_PLACE, parameters)


def stand(ctx: Ctx, ids: Sequence[int]) -> Sequence[Row[Any]]:
    """(customer_id, level, now_value) of these customers."""
    columns: list[Any] = [standing.c.customer_id, standing.c.level, _at_now.label("now_value")]
    statement = select(*columns).where(standing.c.customer_id.in_(select(_IDS.c.customer_id)))
    return ctx.tx.execute(statement, given(_IDS, customer_id=ids) | {"now": ctx.now}).all()


def put(ctx: Ctx, ids: Sequence[int], key: str) -> None:
    """Put customers on a level whatever the rules say."""
    ctx.tx.execute(update(standing).where(standing.c.customer_id.in_(ids_of(ids))).values(level=key, since=ctx.now))


_DUE = (
    select(standing.c.customer_id)
    .where(standing.c.falls_at <= _NOW)
    .order_by(standing.c.falls_at)
    .limit(bindparam("most", type_=Integer()))
    .with_for_update(skip_locked=True)
)


def take_due(ctx: Ctx, limit: int) -> list[int]:
    """Whose level time alone may have ended, held until the transaction ends."""
    return list(ctx.tx.execute(_DUE, {"now": ctx.now, "most": limit}).scalars())


next_fall = select(func.min(standing.c.falls_at))
sweeping = select(ladder.c.sweep_after).where(ladder.c.sweep_after.is_not(None)).exists()


def forget(ctx: Ctx, ids: Sequence[int], people: FromClause) -> None:
    """Delete the standings of those who are no active customers any more."""
    here = select(people.c.customer_id).where(people.c.customer_id == standing.c.customer_id).exists()
    ctx.tx.execute(delete(standing).where(standing.c.customer_id.in_(ids_of(ids)), unguessed(~here)))


def standing_of(ctx: Ctx, customer_id: int) -> Row[Any] | None:
    statement = select(standing, _at_now.label("now_value")).where(standing.c.customer_id == customer_id)
    return ctx.tx.execute(statement, {"now": ctx.now}).one_or_none()


def sizes(ctx: Ctx) -> dict[str | None, int]:
    """How many standings each level has."""
    rows_ = ctx.tx.execute(select(standing.c.level, func.count()).group_by(standing.c.level))
    return {row[0]: row[1] for row in rows_}


def last_id(ctx: Ctx, everybody: Select[Any]) -> int:
    asked = everybody.subquery("everybody")
    return int(ctx.tx.execute(select(func.coalesce(func.max(asked.c.customer_id), 0))).scalar_one())


def count(ctx: Ctx, everybody: Select[Any]) -> int:
    return ctx.tx.execute(select(func.count()).select_from(everybody.subquery())).scalar_one()


def next_change_id(ctx: Ctx) -> int:
    return ctx.tx.execute(select(change_ids.next_value())).scalar_one()
