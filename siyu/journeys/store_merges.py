"""Private: the statements that follow merges and splits of customers."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    Integer,
    Row,
    Table,
    Text,
    and_,
    case,
    delete,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    true,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import JSONPATH

from siyu.journeys import store_enrolments
from siyu.journeys.store import enrolment, goal, step, version
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


def _stage(of: Any) -> Any:
    """The place of somebody's stage among the stages of their version; null in a flow."""
    heads = func.jsonb_path_query_array(version.c.program, literal('$.nodes[*] ? (@.kind == "stage").id', JSONPATH))
    found = func.jsonb_array_elements_text(heads).table_valued("id", with_ordinality="place").render_derived()
    return (
        select(found.c.place)
        .select_from(version.join(found, true()))
        .where(version.c.journey_id == of.c.journey_id, version.c.version == of.c.version, found.c.id == of.c.stage)
        .scalar_subquery()
    )


def _ahead(one: Any, other: Any) -> Any:
    """Whether one enrolment is further on than another: by its stage, then the later entry into it; in a flow by the
    steps taken, then the earlier entry."""
    mine, theirs = _stage(one), _stage(other)
    flow = tuple_(one.c.visit, other.c.entered_at, other.c.enrolment_id) > tuple_(
        other.c.visit, one.c.entered_at, one.c.enrolment_id
    )
    stages = tuple_(mine, one.c.anchor, one.c.enrolment_id) > tuple_(theirs, other.c.anchor, other.c.enrolment_id)
    return case((and_(one.c.stage.is_not(None), other.c.stage.is_not(None)), stages), else_=flow)


def end_behind(ctx: Ctx, moves: Moves) -> Sequence[Row[*tuple[Any, ...]]]:
    """Of two active enrolments that would meet in one journey, end the one less far on; returns those ended.

    Its place stays in the row, so that a split revives it.
    """
    way = _way(moves)
    comes, stays = enrolment.alias("comes"), enrolment.alias("stays")
    ahead = _ahead(comes, stays)
    pairs = (
        select(comes.c.customer_id, comes.c.enrolment_id, stays.c.customer_id, stays.c.enrolment_id, ahead)
        .join(way, (way.c.from_id == comes.c.customer_id) & (way.c.origin_id == comes.c.origin_id))
        .join(stays, (stays.c.customer_id == way.c.to_id) & (stays.c.journey_id == comes.c.journey_id))
        .where(comes.c.state == "active", stays.c.state == "active")
    )
    behind = {(row[2], row[3]) if row[4] else (row[0], row[1]) for row in ctx.tx.execute(pairs)}
    return store_enrolments.end(ctx, [(*one, "merged") for one in sorted(behind)])


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


def revive(ctx: Ctx, customers: Sequence[int]) -> Sequence[Row[*tuple[Any, ...]]]:
    """After a split: take up again what a merge had ended, where the enrolment that stayed has gone with the other.

    It is still here when another one is active, or ended after the merge. Of several that wait, the one further on is
    taken up. Returns those, with the reason that no longer holds.
    """
    people = unnest("people", customer_id=(Integer(), customers))
    other = enrolment.alias("other")
    busy = exists().where(
        other.c.customer_id == enrolment.c.customer_id,
        other.c.journey_id == enrolment.c.journey_id,
        other.c.enrolment_id != enrolment.c.enrolment_id,
        or_(
            other.c.state == "active",
            and_(other.c.reason != "merged", other.c.ended_at >= enrolment.c.ended_at),
            and_(other.c.reason == "merged", _ahead(other, enrolment)),
        ),
    )
    statement = (
        update(enrolment)
        .where(enrolment.c.customer_id == people.c.customer_id, enrolment.c.reason == "merged", ~busy)
        .values(state="active", reason=None, ended_at=None)
    )
    e = enrolment.c
    reason = literal("merged", Text).label("reason")
    returned = (e.customer_id, e.enrolment_id, e.journey_id, e.version, e.node, e.visit, e.waiting, reason, e.stage)
    return ctx.tx.execute(statement.returning(*returned)).all()


def ask_again(ctx: Ctx, which: Sequence[tuple[int, int]]) -> None:
    """Let enrolments ``(customer_id, enrolment_id)`` enter the step at which they stand once more, due now."""
    these = unnest(
        "these",
        customer_id=(Integer(), [one for one, _ in which]),
        enrolment_id=(BigInteger(), [two for _, two in which]),
    )
    ctx.tx.execute(
        update(enrolment)
        .where(enrolment.c.customer_id == these.c.customer_id, enrolment.c.enrolment_id == these.c.enrolment_id)
        .values(visit=enrolment.c.visit + 1, waiting=None, due_at=ctx.now, node_at=ctx.now)
    )
