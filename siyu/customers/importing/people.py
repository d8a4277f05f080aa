"""Private: statements about the people of an import: how many they are, and page by page."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, exists, func, select

from siyu.customers.store.tables import activity, assertion, case_member, customer, event, origin, review_case
from siyu.kernel.ctx import Ctx


def _made(source: str, since: datetime, customer_id: ColumnElement[int]) -> ColumnElement[bool]:
    """Whether the source made the customer, as the timeline tells; who merged into somebody older was not made."""
    mine = (event.c.customer_id == customer_id) & (event.c.origin_id == customer_id)
    told = (event.c.type == "created") & (event.c.props["source"].astext == source) & (event.c.occurred_at >= since)
    return exists().where(mine, told)


def summary(ctx: Ctx, source: str, since: datetime) -> dict[str, int]:
    """Customers whom the source knows, those of them that it made, their open review cases, and how many origins."""
    known = (
        select(origin.c.customer_id, func.count(origin.c.origin_id.distinct()).label("origins"))
        .join(assertion, assertion.c.origin_id == origin.c.origin_id)
        .where(assertion.c.source == source)
        .group_by(origin.c.customer_id)
        .subquery("known")
    )
    counted = select(
        func.count(),
        func.count().filter(_made(source, since, known.c.customer_id)),
        func.coalesce(func.sum(known.c.origins), 0),
    ).select_from(known)
    customers, created, origins = ctx.tx.execute(counted).one()
    cases = (
        select(func.count(case_member.c.case_id.distinct()))
        .join(review_case, (review_case.c.case_id == case_member.c.case_id) & (review_case.c.state == "open"))
        .join(assertion, assertion.c.origin_id == case_member.c.origin_id)
        .where(assertion.c.source == source)
    )
    found = {"customers": customers, "created": created, "origins": int(origins)}
    return found | {"cases": ctx.tx.execute(cases).scalar_one()}


def page(ctx: Ctx, source: str, since: datetime, after: int, limit: int) -> Sequence[Any]:
    """Customers whom the source knows, by the first origin of each that it knows; ``made``: by this source."""
    told = (
        select(assertion.c.origin_id)
        .where(assertion.c.source == source, assertion.c.origin_id > after)
        .distinct()
        .subquery("told")
    )
    other, theirs = origin.alias("other"), assertion.alias("theirs")
    earlier = exists().where(
        other.c.customer_id == origin.c.customer_id,
        other.c.origin_id < origin.c.origin_id,
        theirs.c.origin_id == other.c.origin_id,
        theirs.c.source == source,
    )
    shown = ("customer_id", "name", "phone", "company", "region", "owner_id", "created_at")
    statement = (
        select(
            told.c.origin_id,
            *(customer.c[name] for name in shown),
            activity.c.last_activity_at,
            _made(source, since, customer.c.customer_id).label("made"),
        )
        .join(origin, origin.c.origin_id == told.c.origin_id)
        .join(customer, customer.c.customer_id == origin.c.customer_id)
        .join(activity, activity.c.customer_id == customer.c.customer_id, isouter=True)
        .where(~earlier)
        .order_by(told.c.origin_id)
        .limit(limit)
    )
    return ctx.tx.execute(statement).all()
