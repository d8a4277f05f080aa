"""Statements of merge review: cases with what is known of their people, and decisions."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Integer, func, or_, select
from sqlalchemy.dialects.postgresql import distinct_on

from siyu.customers.store.profile import SOURCES
from siyu.customers.store.tables import (
    activity,
    case_member,
    customer,
    decision,
    decision_member,
    event,
    fact,
    orders,
    origin,
    review_case,
)
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import unnest


def cases(ctx: Ctx, *, state: str, before: int | None, limit: int, case_id: int | None = None) -> Sequence[Any]:
    """Review cases, the latest first."""
    statement = select(review_case).order_by(review_case.c.case_id.desc()).limit(limit)
    if case_id is not None:
        return ctx.tx.execute(statement.where(review_case.c.case_id == case_id)).all()
    statement = statement.where(review_case.c.state == state)
    return ctx.tx.execute(statement if before is None else statement.where(review_case.c.case_id < before)).all()


def case_customers(ctx: Ctx, case_ids: Sequence[int]) -> Sequence[Any]:
    """(case, origin, its customer now with profile, sources and last activity)."""
    asked = unnest("c", case_id=(Integer(), case_ids))
    statement = (
        select(
            case_member.c.case_id,
            case_member.c.origin_id,
            origin.c.customer_id,
            customer.c.name,
            customer.c.phone,
            customer.c.email,
            customer.c.created_at,
            *(customer.c[name] for name in SOURCES),
            activity.c.last_activity_at,
        )
        .join(asked, asked.c.case_id == case_member.c.case_id)
        .join(origin, origin.c.origin_id == case_member.c.origin_id)
        .join(customer, customer.c.customer_id == origin.c.customer_id)
        .join(activity, activity.c.customer_id == customer.c.customer_id, isouter=True)
        .order_by(case_member.c.case_id, origin.c.customer_id)
    )
    return ctx.tx.execute(statement).all()


def event_counts(ctx: Ctx, customer_ids: Sequence[int]) -> dict[int, int]:
    """customer_id -> how many events; customers without any are missing."""
    asked = unnest("i", customer_id=(Integer(), customer_ids))
    statement = select(event.c.customer_id, func.count()).join(asked, asked.c.customer_id == event.c.customer_id)
    return {row[0]: row[1] for row in ctx.tx.execute(statement.group_by(event.c.customer_id))}


def order_sums(ctx: Ctx, customer_ids: Sequence[int]) -> Sequence[Any]:
    """(customer, currency, how many orders, the amount of those that are neither refunded nor cancelled)."""
    asked = unnest("i", customer_id=(Integer(), customer_ids))
    spent = func.coalesce(func.sum(orders.c.amount).filter(orders.c.status.not_in(("refunded", "cancelled"))), 0)
    statement = (
        select(orders.c.customer_id, orders.c.currency, func.count().label("orders"), spent.label("amount"))
        .join(asked, asked.c.customer_id == orders.c.customer_id)
        .group_by(orders.c.customer_id, orders.c.currency)
        .order_by(orders.c.customer_id, orders.c.currency)
    )
    return ctx.tx.execute(statement).all()


def decisions(ctx: Ctx, *, before: int | None, limit: int, origins: Sequence[int] | None) -> Sequence[Any]:
    """Decisions, the latest first."""
    statement = select(decision).order_by(decision.c.decision_id.desc()).limit(limit)
    if before is not None:
        statement = statement.where(decision.c.decision_id < before)
    if origins is not None:
        mine = select(decision_member.c.decision_id).where(decision_member.c.origin_id.in_(origins))
        statement = statement.where(decision.c.decision_id.in_(mine))
    return ctx.tx.execute(statement).all()


def standing(ctx: Ctx, case_ids: Sequence[int], origins: Sequence[int]) -> Sequence[Any]:
    """Decisions not taken back: those on the cases, and those that keep one of the origins apart; the latest first."""
    near = unnest("o", origin_id=(Integer(), origins))
    mine = select(decision_member.c.decision_id).join(near, near.c.origin_id == decision_member.c.origin_id)
    apart = (decision.c.verdict == "different") & decision.c.decision_id.in_(mine)
    statement = select(decision).where(decision.c.undone_at.is_(None), or_(decision.c.case_id.in_(case_ids), apart))
    return ctx.tx.execute(statement.order_by(decision.c.decision_id.desc())).all()


def decision_members(ctx: Ctx, decision_ids: Sequence[int]) -> Sequence[Any]:
    """(decision, group, origin, its customer now, the name that its own facts tell, else that of the customer)."""
    asked = unnest("d", decision_id=(Integer(), decision_ids))
    told = (
        (fact.c.customer_id == origin.c.customer_id)
        & (fact.c.origin_id == origin.c.origin_id)
        & (fact.c.name == "name")
        & (func.jsonb_typeof(fact.c.value) == "string")
    )
    columns = decision_member.c
    order = (columns.decision_id, columns.group_no, columns.origin_id)
    name = func.coalesce(fact.c.value[()].astext, customer.c.name)
    statement = (
        select(*order, origin.c.customer_id, name.label("name"))
        .join(asked, asked.c.decision_id == columns.decision_id)
        .join(origin, origin.c.origin_id == columns.origin_id)
        .join(customer, customer.c.customer_id == origin.c.customer_id)
        .join(fact, told, isouter=True)
        .ext(distinct_on(*order))
        .order_by(*order, fact.c.rank.desc(), fact.c.at.desc(), fact.c.source)
    )
    return ctx.tx.execute(statement).all()
