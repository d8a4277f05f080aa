"""Private: statements that say whom the rows of a chunk would meet: customers, and earlier rows of the file."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Integer, Text, func, select, text

from siyu.customers.importing.store import seen
from siyu.customers.importing.types import Parsed
from siyu.customers.store.tables import assertion, customer, identity, origin
from siyu.customers.types import Identity
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import unnest

Holder = tuple[str, int]
"""("customer", customer_id) or ("row", row number)."""


@dataclass(slots=True)
class Met:
    """Who has an identity, and everything that identifies each of them."""

    by_identity: dict[Identity, set[Holder]] = field(default_factory=dict)
    identities: dict[Holder, set[Identity]] = field(default_factory=dict)
    names: dict[Holder, str] = field(default_factory=dict)

    def add(self, holder: Holder, identities: Iterable[Identity], name: str) -> None:
        """Note a holder."""
        found = set(identities)
        self.identities.setdefault(holder, set()).update(found)
        if name:
            self.names[holder] = name
        for one in found:
            self.by_identity.setdefault(one, set()).add(holder)


def _asked(wanted: Sequence[Identity]) -> Any:
    return unnest(
        "w",
        kind=(Text(), [one.kind for one in wanted]),
        scope=(Text(), [one.scope for one in wanted]),
        value=(Text(), [one.value for one in wanted]),
    )


def meet(ctx: Ctx, import_id: int, rows: Sequence[Parsed]) -> Met:
    """Customers and earlier rows of the file that have an identity of these rows, in three statements."""
    wanted = sorted({one for row in rows for one in row.identities}, key=lambda one: (one.kind, one.scope, one.value))
    met = Met()
    if not wanted:
        return met
    asked = _asked(wanted)
    mine = (identity.c.kind == asked.c.kind) & (identity.c.scope == asked.c.scope) & (identity.c.value == asked.c.value)
    home = func.coalesce(identity.c.origin_id, assertion.c.origin_id)
    hit = (
        select(origin.c.customer_id)
        .select_from(identity)
        .join(asked, mine)
        .join(assertion, assertion.c.identity_id == identity.c.identity_id, isouter=True)
        .join(origin, origin.c.origin_id == home)
        .distinct()
    )
    ids = sorted(ctx.tx.execute(hit).scalars())
    if ids:
        _customers(ctx, ids, met)
    _rows(ctx, import_id, asked, min(row.row_no for row in rows), met)
    return met


def _customers(ctx: Ctx, ids: Sequence[int], met: Met) -> None:
    people = unnest("c", customer_id=(Integer(), ids))
    statement = (
        select(origin.c.customer_id, identity.c.kind, identity.c.scope, identity.c.value, customer.c.name)
        .select_from(origin)
        .join(people, people.c.customer_id == origin.c.customer_id)
        .join(assertion, assertion.c.origin_id == origin.c.origin_id)
        .join(identity, identity.c.identity_id == assertion.c.identity_id)
        .join(customer, customer.c.customer_id == origin.c.customer_id)
        .distinct()
    )
    for row in ctx.tx.execute(statement):
        met.add(("customer", row.customer_id), [Identity(row.kind, row.value, row.scope)], row.name or "")


def _rows(ctx: Ctx, import_id: int, asked: Any, before: int, met: Met) -> None:
    mine = (seen.c.kind == asked.c.kind) & (seen.c.scope == asked.c.scope) & (seen.c.value == asked.c.value)
    earlier = select(seen.c.row_no).join(asked, mine).where(seen.c.import_id == import_id, seen.c.row_no < before)
    statement = select(seen).where(seen.c.import_id == import_id, seen.c.row_no.in_(earlier))
    for row in ctx.tx.execute(statement):
        met.add(("row", row.row_no), [Identity(row.kind, row.value, row.scope)], row.name)


def highest_origin(ctx: Ctx) -> int:
    """The id that the newest customer has at most; 0 before the first one (the sequence then says 1, not called)."""
    newest = "select case when is_called then last_value else 0 end from origin_id_seq"
    found: int = ctx.tx.execute(text(newest)).scalar_one()
    return found
