"""Private: the statements that follow merges and splits of customers."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Integer, Table, delete, exists, insert, select, tuple_, update

from siyu.journeys.store import enrolment, goal, step
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import SLOTS, unnest

Moves = Sequence[tuple[int, int, int]]
"""``(origin_id, from_id, to_id)``: what came under ``origin_id`` goes from one customer to another.

One call takes moves of which no two touch the same customer (``merges.generations``).
"""


def _way(moves: Moves) -> Any:
    return unnest(
        "way",
        origin_id=(Integer(), [row[0] for row in moves]),
        from_id=(Integer(), [row[1] for row in moves]),
        to_id=(Integer(), [row[2] for row in moves]),
    )


def end_behind(ctx: Ctx, moves: Moves) -> list[tuple[int, int]]:
    """Of two active enrolments that would meet in one journey, end the one less far on; returns those ended.

    Further on: more steps taken, then entered earlier. Its place stays in the row, so that a split revives it.
    """
    way = _way(moves)
    comes, stays = enrolment.alias("comes"), enrolment.alias("stays")
    ahead = tuple_(comes.c.visit, stays.c.entered_at, stays.c.enrolment_id) > tuple_(
        stays.c.visit, comes.c.entered_at, comes.c.enrolment_id
    )
    pairs = (
        select(comes.c.customer_id, comes.c.enrolment_id, stays.c.customer_id, stays.c.enrolment_id, ahead)
        .join(way, (way.c.from_id == comes.c.customer_id) & (way.c.origin_id == comes.c.origin_id))
        .join(stays, (stays.c.customer_id == way.c.to_id) & (stays.c.journey_id == comes.c.journey_id))
        .where(comes.c.state == "active", stays.c.state == "active")
    )
    behind = [(row[2], row[3]) if row[4] else (row[0], row[1]) for row in ctx.tx.execute(pairs)]
    return end_merged(ctx, behind)


def end_merged(ctx: Ctx, batch: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """End a batch as ``merged``."""
    if not batch:
        return []
    keys = tuple_(enrolment.c.customer_id, enrolment.c.enrolment_id)
    statement = (
        update(enrolment)
        .where(keys.in_(list(set(batch))), enrolment.c.state == "active")
        .values(state="ended", reason="merged", ended_at=ctx.now)
    )
    return [
        (row[0], row[1])
        for row in ctx.tx.execute(statement.returning(enrolment.c.customer_id, enrolment.c.enrolment_id))
    ]


def carry(ctx: Ctx, moves: Moves) -> None:
    """Carry enrolments, steps and goals over: insert, then delete (Citus keeps the distribution column)."""
    way = _way(moves)
    mine = (enrolment.c.customer_id == way.c.from_id) & (enrolment.c.origin_id == way.c.origin_id)
    for table in (step, goal):
        # set-loop: two tables
        of = table.c.enrolment_id == enrolment.c.enrolment_id
        _copy(ctx, table, way, mine & of & (table.c.customer_id == way.c.from_id))
        held = exists().where(mine & of & (table.c.customer_id == way.c.from_id))
        ctx.tx.execute(delete(table).where(held))
    _copy(ctx, enrolment, way, mine)
    ctx.tx.execute(delete(enrolment).where(mine))


def _copy(ctx: Ctx, table: Table, way: Any, where: Any) -> None:
    names = [column.name for column in table.c]
    new = {"customer_id": way.c.to_id, "slot": way.c.to_id.op("&")(SLOTS - 1)}
    rows = select(*(new.get(name, table.c[name]) for name in names)).where(where)
    ctx.tx.execute(insert(table).from_select(names, rows))


def revive(ctx: Ctx, customers: Sequence[int]) -> list[tuple[int, int]]:
    """After a split: take up again what a merge had ended, where no other enrolment of the journey is active."""
    people = unnest("people", customer_id=(Integer(), customers))
    other = enrolment.alias("other")
    busy = exists().where(
        other.c.customer_id == enrolment.c.customer_id,
        other.c.journey_id == enrolment.c.journey_id,
        other.c.enrolment_id != enrolment.c.enrolment_id,
        (other.c.state == "active") | ((other.c.reason == "merged") & (other.c.visit > enrolment.c.visit)),
    )
    statement = (
        update(enrolment)
        .where(enrolment.c.customer_id == people.c.customer_id, enrolment.c.reason == "merged", ~busy)
        .values(state="active", reason=None, ended_at=None)
    )
    return [
        (row[0], row[1])
        for row in ctx.tx.execute(statement.returning(enrolment.c.customer_id, enrolment.c.enrolment_id))
    ]
