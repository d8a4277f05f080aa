"""Private: statements that only read enrolments, for lists and for why."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, select

from siyu.journeys.store import enrolment, goal, step
from siyu.kernel.ctx import Ctx

e = enrolment.c


def listed(
    ctx: Ctx, journey_id: int, node: str | None, active: bool | None, before: int | None, limit: int
) -> Sequence[Row[*tuple[Any, ...]]]:
    """Enrolments of a journey, newest first."""
    statement = select(enrolment).where(e.journey_id == journey_id).order_by(e.enrolment_id.desc()).limit(limit)
    if node is not None:
        statement = statement.where(e.node == node)
    if active is not None:
        statement = statement.where(e.state == "active" if active else e.state != "active")
    if before is not None:
        statement = statement.where(e.enrolment_id < before)
    return ctx.tx.execute(statement).all()


def of_customer(ctx: Ctx, customer_id: int, journey_id: int | None) -> Sequence[Row[*tuple[Any, ...]]]:
    """Enrolments of a customer, newest first."""
    statement = select(enrolment).where(e.customer_id == customer_id).order_by(e.enrolment_id.desc())
    return ctx.tx.execute(statement if journey_id is None else statement.where(e.journey_id == journey_id)).all()


def steps_of(ctx: Ctx, customer_id: int) -> Sequence[Row[*tuple[Any, ...]]]:
    """The step log of a customer, in order."""
    chosen = select(step).where(step.c.customer_id == customer_id)
    return ctx.tx.execute(chosen.order_by(step.c.enrolment_id, step.c.visit)).all()


def goals_of(ctx: Ctx, customer_id: int) -> Sequence[Row[*tuple[Any, ...]]]:
    """The goals that a customer reached, in order."""
    return ctx.tx.execute(select(goal).where(goal.c.customer_id == customer_id).order_by(goal.c.at)).all()
