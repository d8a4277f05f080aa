"""Statements of customer lists."""

from collections.abc import Sequence
from typing import Any, Protocol

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Integer,
    Text,
    and_,
    false,
    func,
    literal,
    select,
    tuple_,
)

from siyu.customers.store.tables import Time, activity, customer, follow
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import unnest


class Filters(Protocol):
    """What searching.Filter holds."""

    @property
    def region(self) -> str | None: ...
    @property
    def company(self) -> str | None: ...
    @property
    def owner_id(self) -> int | None: ...
    @property
    def source_kind(self) -> str | None: ...
    @property
    def source_code(self) -> str | None: ...
    @property
    def account_id(self) -> int | None: ...
    @property
    def opted_out(self) -> bool | None: ...


def conditions(wanted: Filters) -> list[ColumnElement[bool]]:
    """The filter as conditions over the customer table."""
    found: list[ColumnElement[bool]] = [customer.c.status == "active"]
    for name in ("region", "company", "owner_id", "source_kind", "source_code"):
        if (value := getattr(wanted, name)) is not None:
            found.append(customer.c[name] == value)
    if wanted.account_id is not None:
        mine = (follow.c.customer_id == customer.c.customer_id) & (follow.c.account_id == wanted.account_id)
        found.append(select(follow.c.customer_id).where(mine, follow.c.following).exists())
    if wanted.opted_out is not None:
        found.append(customer.c.opted_out_at.is_not(None) == wanted.opted_out)
    return found


def _array(values: Sequence[str]) -> ColumnElement[Any]:
    return literal(list(values), ARRAY(Text))


def matches(choices: Sequence[Sequence[str]]) -> ColumnElement[bool]:
    """Every list of ``choices`` is met by the grams."""
    single = [options[0] for options in choices if len(options) == 1]
    parts = [customer.c.grams.op("&&")(_array(options)) for options in choices if len(options) > 1]
    if single:
        parts.append(customer.c.grams.op("@>")(_array(single)))
    return and_(*parts) if parts else false()


def among(ids: set[int]) -> ColumnElement[bool]:
    """The customer is one of ``ids``."""
    return customer.c.customer_id.in_(sorted(ids))


def page(
    ctx: Ctx,
    where: Sequence[ColumnElement[bool]],
    sort: str,
    position: tuple[Any, int] | None,
    limit: int,
    ids: Sequence[int] | None,
) -> Sequence[Any]:
    """One page; ``sort`` name (pinyin, ascending), created or activity (latest first)."""
    columns = ("customer_id", "name", "name_key", "phone", "company", "region", "owner_id", "created_at")
    statement = (
        select(*(customer.c[name] for name in columns), activity.c.last_activity_at)
        .join(activity, activity.c.customer_id == customer.c.customer_id, isouter=sort != "activity")
        .where(*where)
        .limit(limit)
    )
    if ids is not None:
        asked = unnest("i", customer_id=(Integer(), sorted(set(ids))))
        statement = statement.join(asked, asked.c.customer_id == customer.c.customer_id)
    if sort == "name":
        keys = (customer.c.name_key, customer.c.customer_id)
        if position is not None:
            statement = statement.where(tuple_(*keys) > tuple_(literal(position[0], Text), literal(position[1])))
        return ctx.tx.execute(statement.order_by(*keys)).all()
    # People who never did anything have no row in activity: they are not in the list of the latest active.
    at = customer.c.created_at if sort == "created" else activity.c.last_activity_at
    number = customer.c.customer_id if sort == "created" else activity.c.customer_id
    if position is not None:
        statement = statement.where(tuple_(at, number) < tuple_(literal(position[0], Time), literal(position[1])))
    return ctx.tx.execute(statement.order_by(at.desc(), number.desc())).all()


def count(ctx: Ctx) -> int:
    """How many active customers there are."""
    return ctx.tx.execute(select(func.count()).where(customer.c.status == "active")).scalar_one()
