"""Statements that read customers for people: look-ups, profiles, lists."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Integer, Select, Text, cast, func, literal, select
from sqlalchemy.dialects.postgresql import distinct_on

from siyu.customers.store.tables import (
    LOOKED_FOR,
    activity,
    assertion,
    customer,
    event,
    fact,
    follow,
    identity,
    orders,
    origin,
)
from siyu.customers.types import Arrival, FollowState, Identity
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import unnest


def resolve(ctx: Ctx, wanted: Sequence[Identity]) -> dict[Identity, int]:
    """Identities (in normal form) that point at exactly one customer."""
    asked = unnest(
        "w",
        kind=(Text(), [one.kind for one in wanted]),
        scope=(Text(), [one.scope for one in wanted]),
        value=(Text(), [one.value for one in wanted]),
    )
    mine = (identity.c.kind == asked.c.kind) & (identity.c.scope == asked.c.scope) & (identity.c.value == asked.c.value)
    statement = (
        select(identity.c.kind, identity.c.scope, identity.c.value, func.min(origin.c.customer_id))
        .join(asked, mine)
        .join(assertion, assertion.c.identity_id == identity.c.identity_id)
        .join(origin, origin.c.origin_id == func.coalesce(identity.c.origin_id, assertion.c.origin_id))
        .group_by(identity.c.kind, identity.c.scope, identity.c.value)
        .having(func.min(origin.c.customer_id) == func.max(origin.c.customer_id))
    )
    return {Identity(kind, value, scope): customer_id for kind, scope, value, customer_id in ctx.tx.execute(statement)}


def _customers() -> Select[Any]:
    joined: Select[Any] = select(*customer.c, activity.c.last_activity_at).join(
        activity, activity.c.customer_id == customer.c.customer_id, isouter=True
    )
    return joined


def customer_row(ctx: Ctx, customer_id: int) -> Any:
    """One customer row with its last activity, or None."""
    return ctx.tx.execute(_customers().where(customer.c.customer_id == customer_id)).one_or_none()


def customer_rows(ctx: Ctx, ids: Sequence[int]) -> Sequence[Any]:
    """Active customers of ``ids``."""
    asked = unnest("i", customer_id=(Integer(), ids))
    statement = _customers().join(asked, asked.c.customer_id == customer.c.customer_id)
    return ctx.tx.execute(statement.where(customer.c.status == "active").order_by(customer.c.customer_id)).all()


def active(ctx: Ctx, ids: Sequence[int]) -> set[int]:
    """Active customers among ``ids``."""
    asked = unnest("i", customer_id=(Integer(), ids))
    statement = select(customer.c.customer_id).join(asked, asked.c.customer_id == customer.c.customer_id)
    return set(ctx.tx.execute(statement.where(customer.c.status == "active")).scalars())


def arrival(kind: str | None, code: str | None, at: datetime | None) -> Arrival | None:
    """A touch as the profile row holds it."""
    return Arrival(kind, code or "", at) if kind is not None and at is not None else None


def follow_state(row: Any) -> FollowState:
    """A row of ``follows_of`` as a value."""
    return FollowState(
        row.kind, row.account_id, row.staff, row.followed_at, row.lost_at, row.following, row.scene, row.remark
    )


def follows_of(ctx: Ctx, ids: Sequence[int]) -> Sequence[Any]:
    """Follow relations, the oldest first."""
    asked = unnest("i", customer_id=(Integer(), ids))
    statement = select(follow).join(asked, asked.c.customer_id == follow.c.customer_id)
    return ctx.tx.execute(
        statement.order_by(follow.c.followed_at, follow.c.kind, follow.c.account_id, follow.c.staff)
    ).all()


def orders_of(ctx: Ctx, ids: Sequence[int]) -> Sequence[Any]:
    """Orders, the latest first."""
    asked = unnest("i", customer_id=(Integer(), ids))
    statement = select(orders).join(asked, asked.c.customer_id == orders.c.customer_id)
    return ctx.tx.execute(statement.order_by(orders.c.placed_at.desc(), orders.c.source, orders.c.order_no)).all()


def events_of(ctx: Ctx, ids: Sequence[int], types: Sequence[str] | None, since: datetime | None) -> Sequence[Any]:
    """Events in the order in which they occurred."""
    asked = unnest("i", customer_id=(Integer(), ids))
    statement = select(event).join(asked, asked.c.customer_id == event.c.customer_id)
    if types is not None:
        statement = statement.where(event.c.type == func.any(literal(list(types), ARRAY(Text))))
    if since is not None:
        statement = statement.where(event.c.occurred_at >= since)
    return ctx.tx.execute(statement.order_by(event.c.occurred_at, event.c.event_id)).all()


def provenance(ctx: Ctx, customer_id: int) -> Sequence[Any]:
    """The winning fact of each attribute."""
    statement = (
        select(fact)
        .where(fact.c.customer_id == customer_id)
        .ext(distinct_on(fact.c.name))
        .order_by(fact.c.name, fact.c.rank.desc(), fact.c.at.desc(), fact.c.source, cast(fact.c.value, Text))
    )
    return [row for row in ctx.tx.execute(statement) if row.value is not None]


def identities_of(ctx: Ctx, customer_ids: Sequence[int]) -> Sequence[Any]:
    """What the origins of these customers assert: customer, asserting origin, kind, scope, value, sources."""
    asked = unnest("i", customer_id=(Integer(), customer_ids))
    names = (origin.c.customer_id, assertion.c.origin_id, identity.c.kind, identity.c.scope, identity.c.value)
    statement = (
        select(*names, func.array_agg(assertion.c.source.distinct()).label("sources"))
        .join(asked, asked.c.customer_id == origin.c.customer_id)
        .join(assertion, assertion.c.origin_id == origin.c.origin_id)
        .join(identity, identity.c.identity_id == assertion.c.identity_id)
        .group_by(*names)
        .order_by(*names)
    )
    return ctx.tx.execute(statement).all()


def _holders(ctx: Ctx, condition: ColumnElement[bool]) -> set[int]:
    statement = (
        select(origin.c.customer_id)
        .join(assertion, assertion.c.origin_id == origin.c.origin_id)
        .join(identity, identity.c.identity_id == assertion.c.identity_id)
        .where(condition)
        .limit(1000)
    )
    return set(ctx.tx.execute(statement).scalars())


def holders(ctx: Ctx, one: Identity) -> set[int]:
    """Every customer that has this identity."""
    return _holders(
        ctx, (identity.c.kind == one.kind) & (identity.c.scope == one.scope) & (identity.c.value == one.value)
    )


def holders_of_value(ctx: Ctx, value: str) -> set[int]:
    """Every customer with an exclusive identity of this value, of whatever kind."""
    return _holders(ctx, (identity.c.value == value) & LOOKED_FOR)
