"""Private: recorded assignments and their statements."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    DateTime,
    Integer,
    Named,
    Select,
    Table,
    Text,
    TypedColumns,
    bindparam,
    delete,
    func,
    select,
)
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.dialects.postgresql import insert as upsert

from siyu.experiments.arms import arm_sql
from siyu.experiments.types import Arm
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import metadata, unnest


class AssignmentColumns(TypedColumns):
    customer_id = Column(Integer, primary_key=True, autoincrement=False)
    experiment = Column(Text, primary_key=True)
    origin_id = Column(Integer, primary_key=True, autoincrement=False)
    arm: Named[str] = Column(Text)
    assigned_at: Named[datetime] = Column(DateTime(timezone=True))


# origin_id: the customer under whom the arm was given. After a merge a customer can hold two arms; the oldest counts,
# and undoing the merge gives each its own back.
assignment = Table("experiment_assignment", metadata, AssignmentColumns)


def add(ctx: Ctx, experiment: str, who: Select[Any], arms: Sequence[Arm]) -> int:
    """Give an arm to those of ``who`` that have none; returns how many were new."""
    people = who.subquery("who")
    held = select(assignment.c.customer_id).where(
        assignment.c.customer_id == people.c.customer_id, assignment.c.experiment == experiment
    )
    rows = (
        select(
            people.c.customer_id,
            bindparam("experiment", experiment, Text),
            people.c.customer_id,
            arm_sql(experiment, people.c.customer_id, arms),
            bindparam("at", ctx.now, DateTime(timezone=True)),
        )
        .distinct()
        .where(~held.exists())
    )
    statement = upsert(assignment).from_select(["customer_id", "experiment", "origin_id", "arm", "assigned_at"], rows)
    return ctx.tx.execute(statement.on_conflict_do_nothing(), execution_options={"preserve_rowcount": True}).rowcount


def current(experiment: str) -> Select[int, str]:
    """``customer_id, arm``: the arm that counts, one row per customer."""
    return (
        select(assignment.c.customer_id, assignment.c.arm)
        .ext(distinct_on(assignment.c.customer_id))
        .where(assignment.c.experiment == experiment)
        .order_by(assignment.c.customer_id, assignment.c.assigned_at, assignment.c.origin_id)
    )


def held(ctx: Ctx, experiment: str, who: Select[Any]) -> dict[int, str]:
    """The arm of each of ``who`` that holds one; restricted before the oldest is chosen, so that few cost little."""
    people = who.subquery("people")
    chosen = current(experiment).where(assignment.c.customer_id.in_(select(people.c.customer_id)))
    return {row[0]: row[1] for row in ctx.tx.execute(chosen)}


def move(ctx: Ctx, moves: Sequence[tuple[int, int, int]]) -> None:
    """Move rows for ``(origin_id, from_id, to_id)``: insert, then delete (Citus keeps the distribution column)."""
    way = unnest(
        "way",
        origin_id=(Integer(), [m[0] for m in moves]),
        from_id=(Integer(), [m[1] for m in moves]),
        to_id=(Integer(), [m[2] for m in moves]),
    )
    old = (assignment.c.customer_id == way.c.from_id) & (assignment.c.origin_id == way.c.origin_id)
    rows = select(
        way.c.to_id, assignment.c.experiment, assignment.c.origin_id, assignment.c.arm, assignment.c.assigned_at
    ).where(old)
    names = ["customer_id", "experiment", "origin_id", "arm", "assigned_at"]
    ctx.tx.execute(upsert(assignment).from_select(names, rows).on_conflict_do_nothing())
    ctx.tx.execute(delete(assignment).where(old))


def counts(ctx: Ctx, experiment: str) -> dict[str, int]:
    held = current(experiment).subquery("held")
    rows = ctx.tx.execute(select(held.c.arm, func.count()).group_by(held.c.arm))
    return {str(arm): int(n) for arm, n in rows}
