"""Private: the SQL that a condition is compiled into: one row per customer, leaves joined beside it.

A leaf that looks at other tables joins one subquery with at most one row per customer (a hash join at any size; a
hashed IN would fall back to a scan per row once it outgrows work_mem). The set asked about restricts every such
subquery, so that a small set never scans the population.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, select, true

from siyu.customers import queries as customers
from siyu.kernel.ctx import Ctx
from siyu.segments.types import At

Who = Select[*tuple[Any, ...]]
"""A Select with a column ``customer_id`` (unique) and, for conditions since entering, ``since``."""


class Frame:
    """What a leaf compiles against. ``customer`` is the joined row of the customer, active ones only."""

    def __init__(self, ctx: Ctx, who: Who | None = None, now: datetime | None = None) -> None:
        self.ctx = ctx
        self.at = At(now or ctx.now, ctx.zone)
        self._who = who
        self.customer = customers.customer
        self.customer_id: ColumnElement[int] = self.customer.c.customer_id
        self._joined: dict[str, FromClause] = {}
        self._from: FromClause = self.customer
        self.since: ColumnElement[Any] | None = None
        if who is not None:
            asked = who.subquery("w")
            self._from = asked.join(self.customer, self.customer_id == asked.c.customer_id)
            self.since = asked.c.get("since")

    @property
    def now(self) -> datetime:
        return self.at.now

    @property
    def restricted(self) -> bool:
        """Whether a set is asked about, not the population."""
        return self._who is not None

    def only(self, statement: Select[*tuple[Any, ...]], column: ColumnElement[int]) -> Select[*tuple[Any, ...]]:
        """``statement`` restricted to the set asked about, by its column of customer ids."""
        if self._who is None:
            return statement
        asked = self._who.subquery()
        return statement.where(column.in_(select(asked.c.customer_id)))

    def entered_at(self) -> ColumnElement[Any]:
        """Each customer's ``since``, beside the customer's row."""
        if self.since is None:
            raise LookupError("a condition since entering needs a set with a column since")
        return self.since

    def entered(
        self, statement: Select[*tuple[Any, ...]], column: ColumnElement[int], moment: ColumnElement[Any]
    ) -> Select[*tuple[Any, ...]]:
        """``statement`` restricted to what happened at or after each customer's ``since``."""
        if self._who is None or self.since is None:
            raise LookupError("a condition since entering needs a set with a column since")
        asked = self._who.subquery()
        return statement.join(asked, (asked.c.customer_id == column) & (moment >= asked.c.since))

    def left(self, key: str, make: Callable[[], Select[*tuple[Any, ...]]]) -> FromClause:
        """Left-join a subquery with one row per ``customer_id``; the same ``key`` joins once."""
        if key not in self._joined:
            side = make().subquery()
            self._joined[key] = side
            self._from = self._from.outerjoin(side, side.c.customer_id == self.customer_id)
        return self._joined[key]

    def select(self, *columns: ColumnElement[Any], where: ColumnElement[bool] | None = None) -> Select[Any]:
        """The customers (or the given columns) for whom ``where`` holds."""
        chosen: Select[Any] = select(*(columns or (self.customer_id.label("customer_id"),)))
        return chosen.select_from(self._from).where(true() if where is None else where)
