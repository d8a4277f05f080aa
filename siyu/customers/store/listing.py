"""Statements of customer lists."""

from collections.abc import Sequence
from typing import Any, Protocol

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Select,
    Text,
    and_,
    false,
    func,
    literal,
    or_,
    select,
    tuple_,
)

from siyu.customers.store.tables import Time, activity, customer, follow
from siyu.kernel.ctx import Ctx


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


def matches(wanted: Sequence[Sequence[Sequence[str]]]) -> ColumnElement[bool]:
    """The grams meet all of ``wanted``: each by one of its choices, a choice by all of its grams."""
    certain = [gram for choices in wanted if len(choices) == 1 for gram in choices[0]]
    parts = [or_(*map(_held, choices)) for choices in wanted if len(choices) > 1]
    return and_(*parts, *([_held(certain)] if certain else [])) if wanted else false()


def _held(grams: Sequence[str]) -> ColumnElement[bool]:
    return customer.c.grams.op("@>", is_comparison=True)(_array(grams))


def among(ids: set[int]) -> ColumnElement[bool]:
    """The customer is one of ``ids``."""
    return customer.c.customer_id.in_(sorted(ids))


def within(who: Select[Any]) -> ColumnElement[bool]:
    """The customer is one of the Select ``who``."""
    asked = who.subquery("who")
    return customer.c.customer_id.in_(select(asked.c.customer_id))


def everybody(*where: ColumnElement[bool]) -> Select[Any]:
    """The active customers for whom the conditions hold."""
    return select(customer.c.customer_id).where(customer.c.status == "active", *where)


def page(
    ctx: Ctx,
    where: Sequence[ColumnElement[bool]],
    sort: str,
    position: tuple[Any, int] | None,
    limit: int,
) -> Sequence[Any]:
    """One page; ``sort`` name (pinyin, ascending), created or activity (latest first)."""
    columns = ("customer_id", "name", "name_key", "phone", "company", "region", "owner_id", "created_at")
    statement = (
        select(*(customer.c[name] for name in columns), activity.c.last_activity_at)
        .join(activity, activity.c.customer_id == customer.c.customer_id, isouter=sort != "activity")
        .where(*where)
        .limit(limit)
    )
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
