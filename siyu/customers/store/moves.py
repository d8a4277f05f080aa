"""Statements that carry rows from customer to customer with their origin (merge, split, undo)."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    TableValuedAlias,
    Text,
    cast,
    delete,
    func,
    insert,
    literal,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB

from siyu.customers.normal import NO_NAME
from siyu.customers.store.tables import MOVED, Time, customer, move
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import unnest

Move = tuple[int, int, int]
"""(origin_id, from_id, to_id)."""


def _number(transaction_id: ColumnElement[Any]) -> ColumnElement[int]:
    return cast(cast(transaction_id, Text), BigInteger)


def _relation(moves: Sequence[Move]) -> TableValuedAlias:
    return unnest(
        "m",
        origin_id=(Integer(), [one[0] for one in moves]),
        from_id=(Integer(), [one[1] for one in moves]),
        to_id=(Integer(), [one[2] for one in moves]),
    )


def carry(ctx: Ctx, moves: Sequence[Move]) -> int:
    """Move the rows of every table in MOVED by insert and delete; returns how many."""
    moved = 0
    relation = _relation(moves)
    for table in MOVED:  # set-loop: one pair of statements per table
        columns: Any = table.c
        mine = (columns.customer_id == relation.c.from_id) & (columns.origin_id == relation.c.origin_id)
        values = {column.name: column for column in columns} | {"customer_id": relation.c.to_id}
        if "slot" in values:
            values["slot"] = relation.c.to_id.op("&")(255)
        rows = select(*values.values()).join(relation, mine)
        written = ctx.tx.execute(
            insert(table).from_select(list(values), rows), execution_options={"preserve_rowcount": True}
        )
        if written.rowcount:
            ctx.tx.execute(delete(table).where(mine))
            moved += written.rowcount
    return moved


def log(ctx: Ctx, moves: Sequence[Move]) -> list[int]:
    """Write the moves down, unsettled; returns their ids in the order given."""
    relation = _relation(moves)
    rows = select(*relation.c, literal(ctx.now, Time), literal(False))
    names = ["origin_id", "from_id", "to_id", "at", "settled"]
    done = ctx.tx.execute(insert(move).from_select(names, rows).returning(move.c.move_id, move.c.origin_id))
    by_origin = {row.origin_id: row.move_id for row in done}
    return [by_origin[one[0]] for one in moves]


def retire(ctx: Ctx, ids: Iterable[int], status: str = "merged") -> None:
    """Empty the rows of customers that ended; the rows stay, because rows of other rooms may name them."""
    blank: dict[str, Any] = {
        column.name: None for column in customer.c if column.nullable and column.name != "customer_id"
    }
    blank |= {"status": status, "name_key": NO_NAME, "custom": literal({}, JSONB), "grams": []}
    ctx.tx.execute(update(customer).where(customer.c.customer_id.in_(sorted(set(ids)))).values(blank))


def present(ctx: Ctx, ids: Iterable[int]) -> set[int]:
    """Which of the ids have a customer row, of whatever status."""
    asked = unnest("i", customer_id=(Integer(), sorted(set(ids))))
    return set(
        ctx.tx.execute(
            select(customer.c.customer_id).join(asked, asked.c.customer_id == customer.c.customer_id)
        ).scalars()
    )


def arm(ctx: Ctx) -> int:
    """Give committed moves a barrier: every transaction that may have read the state before them has a lower id.

    A batch of events that looked up a customer just before a merge committed writes its rows under the old id. Once
    all transactions below the barrier have ended, one more carry finds them, and nobody ever had to wait.
    """
    barrier = _number(func.pg_snapshot_xmax(func.pg_current_snapshot()))
    return ctx.tx.execute(
        update(move).where(~move.c.settled, move.c.barrier.is_(None)).values(barrier=barrier)
    ).rowcount


def settle(ctx: Ctx, limit: int) -> list[Move]:
    """Moves whose barrier has passed: marked settled and returned for a last carry."""
    chosen = (
        select(move.c.move_id)
        .where(~move.c.settled, move.c.barrier <= _number(func.pg_snapshot_xmin(func.pg_current_snapshot())))
        .order_by(move.c.move_id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    rows = ctx.tx.execute(
        update(move)
        .where(move.c.move_id.in_(chosen.scalar_subquery()))
        .values(settled=True)
        .returning(move.c.move_id, move.c.origin_id, move.c.from_id, move.c.to_id)
    ).all()
    return [(row.origin_id, row.from_id, row.to_id) for row in sorted(rows, key=lambda row: row.move_id)]
