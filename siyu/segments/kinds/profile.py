"""What the leaves about a customer's own row share: finding attributes and reading columns of many people at once."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, select

from siyu.customers import queries as customers
from siyu.customers.types import Definition
from siyu.kernel.ctx import Ctx
from siyu.segments.once import once
from siyu.segments.types import BadCondition, Facts

OWN_COLUMNS: Mapping[str, Definition] = {
    "created_at": Definition("created_at", "建档时间", "time", builtin=True),
    "last_activity_at": Definition("last_activity_at", "最近活跃", "time", builtin=True),
}
"""Times that Siyu itself keeps about a customer, offered to conditions like attributes."""


def definition(ctx: Ctx, name: str, field: str) -> Definition:
    """The attribute of this name; raises BadCondition naming ``field``."""
    known = once("attributes", lambda: {known.name: known for known in customers.definitions(ctx)})
    found = OWN_COLUMNS.get(name) or known.get(name)
    if found is None:
        raise BadCondition(f"there is no attribute {name}", field=field)
    return found


def expression(found: Definition) -> ColumnElement[Any]:
    """The attribute as SQL over ``customers.queries.customer``."""
    return customers.expression(found, customers.customer)


def load_row(ctx: Ctx, columns: Mapping[str, ColumnElement[Any]], who: Select[Any]) -> Mapping[int, object]:
    """The given columns of the customers' own rows, as a mapping per customer, in one statement."""
    asked = who.subquery("who")
    rows = customers.customer
    labelled = [column.label(f"c{index}") for index, column in enumerate(columns.values())]
    statement: Select[Any] = select(rows.c.customer_id, *labelled)
    statement = statement.where(rows.c.customer_id.in_(select(asked.c.customer_id)))
    return {row[0]: dict(zip(columns, row[1:], strict=True)) for row in ctx.tx.execute(statement)}


def value_of(facts: Facts, kind: str, name: str) -> Any:
    """One loaded column, None when it is missing."""
    found: Any = facts.data.get(kind, {})
    return found.get(name)


def by_name(leaves: Sequence[Any]) -> dict[str, ColumnElement[Any]]:
    """The columns of attribute leaves by name."""
    return {leaf.name: expression(leaf.definition) for leaf in leaves}
