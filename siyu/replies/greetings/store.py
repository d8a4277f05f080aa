"""Private: the table of greetings and the statements over the people whom they are for."""

from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Date,
    DateTime,
    FromClause,
    Identity,
    Index,
    Integer,
    Named,
    Row,
    Select,
    Table,
    Text,
    Time,
    TypedColumns,
    cast,
    func,
    literal,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB

from siyu.kernel.ctx import Ctx
from siyu.kernel.db import metadata

Moment = DateTime(timezone=True)


class GreetingColumns(TypedColumns):
    greeting_id = Column(Integer, Identity(), primary_key=True)
    name: Named[str] = Column(Text)
    occasion: Named[dict[str, object]] = Column(JSONB)
    text: Named[str | None] = Column(Text)
    content_id: Named[int | None] = Column(Integer)
    at: Named[time] = Column(Time)
    ways: Named[list[dict[str, object]]] = Column(JSONB)
    condition: Named[dict[str, object] | None] = Column(JSONB(none_as_null=True))
    active: Named[bool] = Column(Boolean)
    # The day of its next occasion, when it is asked for, and up to which customer it was asked for on that day.
    next_day: Named[date | None] = Column(Date)
    next_at: Named[datetime | None] = Column(Moment)
    after_id: Named[int] = Column(Integer)
    changed_at: Named[datetime] = Column(Moment)
    changed_by: Named[str] = Column(Text)


greeting = Table(
    "greeting",
    metadata,
    GreetingColumns,
    Index("ix_greeting_next", "next_at", postgresql_where=text("next_at is not null")),
)

_ALL = select(greeting).order_by(greeting.c.greeting_id)
next_due = select(func.min(greeting.c.next_at))
"""When the next greeting is to be asked for."""


def all_rows(ctx: Ctx) -> Sequence[Row[Any]]:
    return ctx.tx.execute(_ALL).all()


def locked(ctx: Ctx, greeting_id: int) -> Row[Any] | None:
    return ctx.tx.execute(select(greeting).where(greeting.c.greeting_id == greeting_id).with_for_update()).one_or_none()


def first_due(ctx: Ctx) -> Row[Any] | None:
    """The greeting that is due first, locked; those that another worker asks for are passed by."""
    chosen = select(greeting).where(greeting.c.next_at <= ctx.now).order_by(greeting.c.next_at).limit(1)
    return ctx.tx.execute(chosen.with_for_update(skip_locked=True)).one_or_none()


def plan(ctx: Ctx, greeting_id: int, day: date | None, at: datetime | None, after_id: int = 0) -> None:
    values = {"next_day": day, "next_at": at, "after_id": after_id}
    ctx.tx.execute(update(greeting).where(greeting.c.greeting_id == greeting_id).values(values))


def chunk(
    ctx: Ctx, customer: FromClause, concerned: ColumnElement[bool], after_id: int, limit: int
) -> tuple[int | None, int]:
    """The last customer_id of the next ``limit`` people concerned, and how many they are."""
    next_ones = (
        select(customer.c.customer_id)
        .where(customer.c.customer_id > after_id, concerned)
        .order_by(customer.c.customer_id)
        .limit(limit)
        .subquery("next_ones")
    )
    last, people = ctx.tx.execute(select(func.max(next_ones.c.customer_id), func.count()).select_from(next_ones)).one()
    return last, people


def between(customer: FromClause, concerned: ColumnElement[bool], after_id: int, until: int) -> Select[Any]:
    """The people concerned of a range of customer_ids."""
    ids = customer.c.customer_id
    return select(ids).where(ids > after_id, ids <= until, concerned)


def sends(who: Select[Any], key: str, wanted_at: datetime | None, expires_at: datetime) -> Select[Any]:
    """People as outreach takes them."""
    chosen = who.subquery("chosen")
    return select(
        chosen.c.customer_id,
        literal(key, Text).label("key"),
        cast(None, BigInteger).label("answers"),
        cast(wanted_at, Moment).label("wanted_at"),
        literal(expires_at, Moment).label("expires_at"),
    )


def errands(who: Select[Any], key: str, expires_at: datetime) -> Select[Any]:
    """People as tasks take them."""
    chosen = who.subquery("chosen")
    return select(
        chosen.c.customer_id,
        literal(key, Text).label("key"),
        cast(None, Integer).label("staff_id"),
        cast(None, Moment).label("due_at"),
        literal(expires_at, Moment).label("expires_at"),
        cast(None, Text).label("why"),
        cast(None, Text).label("detail"),
    )


def counted(ctx: Ctx, customer: FromClause, who: Select[Any], limit: int) -> tuple[int, Sequence[Row[Any, Any]]]:
    """How many people, and the first of them with their names."""
    chosen = who.subquery("chosen")
    first = (
        select(customer.c.customer_id, customer.c.name)
        .join_from(chosen, customer, customer.c.customer_id == chosen.c.customer_id)
        .order_by(customer.c.customer_id)
        .limit(limit)
    )
    return ctx.tx.execute(select(func.count()).select_from(chosen)).scalar_one(), ctx.tx.execute(first).all()
