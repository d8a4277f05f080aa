"""Leaf ``order``: how many orders, how much money, how long ago the last."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, Literal

from pydantic import Field
from sqlalchemy import ColumnElement, Interval, Select, and_, func, literal, select

from siyu.customers import queries as customers
from siyu.kernel.ctx import Ctx
from siyu.segments.frame import Frame
from siyu.segments.leaves import Kind
from siyu.segments.sqlterms import crossed, in_range, leaving, windowed
from siyu.segments.terms import TICK, Duration, Range, Window, span
from siyu.segments.types import At, Depends, Facts, Seen

Status = Literal["placed", "paid", "refunded", "cancelled"]


class OrderParams(Window):
    """Every given part must hold, over the orders of the window; without any part: at least one order."""

    count: Range | None = None
    amount: Range | None = Field(default=None, description="sum in 分 of the currency")
    last_before: Duration | None = Field(default=None, description="the latest order is older than this")
    status: tuple[Status, ...] = Field(default=("paid",), min_length=1)
    currency: str = Field(default="CNY", pattern="^[A-Z]{3}$")

    @property
    def counted(self) -> Range | None:
        """The range of the count that is asked for, if any."""
        parts = (self.count, self.amount, self.last_before)
        return Range(ge=1) if all(part is None for part in parts) else self.count


class OrderKind(Kind[OrderParams]):
    """Orders by count, sum and age of the last one; ``placed_at`` decides."""

    name: ClassVar[str] = "order"
    title: ClassVar[tuple[str, str]] = ("Orders", "订单")
    word: ClassVar[tuple[str, str]] = (
        "{seen.count} orders, {seen.amount} 分, last at {seen.last}",
        "{seen.count} 笔订单，共 {seen.amount} 分，最近 {seen.last}",
    )
    params = OrderParams

    def sql(self, frame: Frame, params: OrderParams) -> ColumnElement[bool]:
        side = frame.left(f"order {params.model_dump_json()}", lambda: self._summed(frame, params))
        clauses: list[ColumnElement[bool]] = []
        if params.counted is not None:
            clauses.append(in_range(func.coalesce(side.c.n, 0), params.counted))
        if params.amount is not None:
            clauses.append(in_range(func.coalesce(side.c.total, 0), params.amount))
        if params.last_before is not None:
            before = frame.now - span(params.last_before)
            clauses.append(and_(side.c.last.is_not(None), side.c.last < before))
        return and_(*clauses)

    def _summed(self, frame: Frame, params: OrderParams) -> Select[Any]:
        rows = customers.orders
        total = func.coalesce(func.sum(rows.c.amount).filter(rows.c.currency == params.currency), 0)
        columns = (func.count().label("n"), total.label("total"), func.max(rows.c.placed_at).label("last"))
        statement: Any = select(rows.c.customer_id, *columns).group_by(rows.c.customer_id)
        window = windowed(rows.c.placed_at, params, frame.at)
        statement = statement.where(rows.c.status.in_(params.status), *window)
        if params.since is not None:
            entered: Select[Any] = frame.entered(statement, rows.c.customer_id, rows.c.placed_at)
            return entered
        restricted: Select[Any] = frame.only(statement, rows.c.customer_id)
        return restricted

    def load(self, ctx: Ctx, leaves: Sequence[OrderParams], who: Select[Any]) -> Mapping[int, object]:
        rows, asked = customers.orders, who.subquery("who")
        statement = select(rows.c.customer_id, rows.c.amount, rows.c.currency, rows.c.status, rows.c.placed_at).where(
            rows.c.customer_id.in_(select(asked.c.customer_id))
        )
        found: dict[int, list[Any]] = {}
        for row in ctx.tx.execute(statement):
            found.setdefault(row.customer_id, []).append(row)
        return found

    def read(self, params: OrderParams, facts: Facts, at: At) -> Seen:
        loaded: Any = facts.data.get(self.name, ())
        orders = [o for o in loaded if o.status in params.status and params.holds(o.placed_at, at, facts.since)]
        total = sum(order.amount for order in orders if order.currency == params.currency)
        last: datetime | None = max((order.placed_at for order in orders), default=None)
        fits = [
            params.counted is None or params.counted.holds(len(orders)),
            params.amount is None or params.amount.holds(total),
            params.last_before is None or (last is not None and last < at.now - span(params.last_before)),
        ]
        return Seen(all(fits), {"count": len(orders), "amount": total, "last": last.isoformat() if last else None})

    def depends(self, params: OrderParams) -> Depends:
        return Depends(events=frozenset({"order_placed", "order_paid", "order_refunded", "order_cancelled"}))

    def entered(self, params: OrderParams) -> bool:
        return params.since is not None

    def changed(self, frame: Frame, params: OrderParams, before: datetime) -> Select[Any] | None:
        rows = customers.orders
        moved = [crossed(rows.c.placed_at, params, frame.at, before)]
        if params.last_before is not None:
            moved.append(crossed(rows.c.placed_at, Window(within=params.last_before), frame.at, before))
        clauses = [clause for clause in moved if clause is not None]
        if not clauses:
            return None
        meant = rows.c.status.in_(params.status)
        found = clauses[0] if len(clauses) == 1 else clauses[0] | clauses[1]
        return select(rows.c.customer_id).where(meant, found).distinct()

    def due(self, frame: Frame, params: OrderParams) -> Sequence[Select[Any] | datetime]:
        rows = customers.orders
        meant = rows.c.status.in_(params.status)
        times = leaving(frame, rows.c.customer_id, rows.c.placed_at, meant, params)
        if params.last_before is not None:
            length = span(params.last_before)
            first = select(func.min(rows.c.placed_at) + literal(length + TICK, Interval))
            times.append(frame.only(first.where(meant, rows.c.placed_at >= frame.now - length), rows.c.customer_id))
        return times
