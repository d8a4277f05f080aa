"""Private: reading review cases, decisions and identities as people see them."""

from collections.abc import Sequence
from typing import Any, cast

from siyu.customers import normal, positions
from siyu.customers.store import identities as store_identities
from siyu.customers.store import reading
from siyu.customers.types import (
    RECORD,
    Case,
    CaseMember,
    Decision,
    Known,
    UnknownCase,
    UnknownCustomer,
    Verdict,
)
from siyu.kernel.ctx import Ctx
from siyu.kernel.paging import Page, cursor


def identities(ctx: Ctx, customer_id: int) -> list[Known]:
    """The identities of a customer, and which origin each belongs to. Raises UnknownCustomer."""
    home = store_identities.customers_of(ctx, [customer_id]).get(customer_id)
    if home is None:
        raise UnknownCustomer(f"there is no customer {customer_id}", field="customer_id")
    return _known(ctx, [home]).get(home, [])


def _known(ctx: Ctx, customer_ids: Sequence[int]) -> dict[int, list[Known]]:
    found: dict[int, dict[tuple[str, str, str], Known]] = {}
    for row in reading.identities_of(ctx, customer_ids):
        held = found.setdefault(row.customer_id, {})
        key = (row.kind, row.scope, row.value)
        shown = None if row.value.startswith(normal.ERASED) else row.value
        before = held.get(key)
        sources = tuple(sorted({*row.sources, *(before.sources if before else ())}))
        held[key] = Known(row.kind, row.scope, shown, sources, before.origin_id if before else row.origin_id)
    return {customer_id: list(held.values()) for customer_id, held in found.items()}


def cases(ctx: Ctx, after: str | None = None, *, state: str = "open", limit: int = 50) -> Page[Case]:
    """Review cases in a state (open, same, different, resolved), the latest first. Raises BadCursor."""
    before = positions.by_number(after)
    rows = reading.cases(ctx, state=state, before=before, limit=limit + 1)
    items = _cases(ctx, rows[:limit])
    return Page(items, cursor(items[-1].case_id) if len(rows) > limit else None)


def case(ctx: Ctx, case_id: int) -> Case:
    """One review case in whatever state; raises UnknownCase."""
    rows = reading.cases(ctx, state="", before=None, limit=1, case_id=case_id)
    if not rows:
        raise UnknownCase(f"there is no review case {case_id}", field="case_id")
    return _cases(ctx, rows)[0]


def _cases(ctx: Ctx, rows: Sequence[Any]) -> list[Case]:
    found = list(rows)
    members: dict[int, dict[int, str | None]] = {}
    for row in reading.case_customers(ctx, [one.case_id for one in found]):
        members.setdefault(row.case_id, {})[row.customer_id] = row.name
    known = _known(ctx, sorted({one for group in members.values() for one in group}))
    items = []
    for one in found:
        people = [CaseMember(home, name, known.get(home, [])) for home, name in members.get(one.case_id, {}).items()]
        holders: dict[tuple[str, str], set[int]] = {}
        for person in people:
            for identity in person.identities:
                if identity.kind != RECORD and identity.value is not None:
                    holders.setdefault((identity.kind, identity.value), set()).add(person.customer_id)
        shared = sorted(value for value, held in holders.items() if len(held) > 1)
        items.append(Case(one.case_id, one.state, one.opened_at, one.closed_at, people, shared, one.decision_id))
    return items


def decisions(ctx: Ctx, after: str | None = None, *, customer_id: int | None = None, limit: int = 50) -> Page[Decision]:
    """Decisions, the latest first; with ``customer_id`` only those about that customer. Raises BadCursor."""
    before = positions.by_number(after)
    origins = None
    if customer_id is not None:
        origins = store_identities.origins_of(ctx, store_identities.customers_of(ctx, [customer_id]).values())
    rows = reading.decisions(ctx, before=before, limit=limit + 1, origins=origins)
    groups: dict[int, dict[int, list[int]]] = {}
    for row in reading.decision_members(ctx, [row.decision_id for row in rows]):
        groups.setdefault(row.decision_id, {}).setdefault(row.group_no, []).append(row.origin_id)
    items = [
        Decision(
            row.decision_id,
            cast("Verdict", row.verdict),
            list(groups.get(row.decision_id, {}).values()),
            row.case_id,
            row.decided_at,
            row.actor,
            row.undone_at,
        )
        for row in rows[:limit]
    ]
    return Page(items, cursor(items[-1].decision_id) if len(rows) > limit else None)
