"""Private: reading review cases, decisions and identities as people see them."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from siyu.customers import normal, positions
from siyu.customers.cases import Case, CaseMember, Contradiction, Decided, Decision, Followed, Held, Spent
from siyu.customers.store import identities as store_identities
from siyu.customers.store import reading, reviewing
from siyu.customers.types import EXCLUSIVE, RECORD, Known, UnknownCase, UnknownCustomer, Verdict
from siyu.kernel.ctx import Ctx
from siyu.kernel.paging import Page, cursor
from siyu.team import queries as team


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
    rows = reviewing.cases(ctx, state=state, before=before, limit=limit + 1)
    items = _cases(ctx, rows[:limit])
    return Page(items, cursor(items[-1].case_id) if len(rows) > limit else None)


def case(ctx: Ctx, case_id: int) -> Case:
    """One review case in whatever state; raises UnknownCase."""
    rows = reviewing.cases(ctx, state="", before=None, limit=1, case_id=case_id)
    if not rows:
        raise UnknownCase(f"there is no review case {case_id}", field="case_id")
    return _cases(ctx, rows)[0]


def _cases(ctx: Ctx, found: Sequence[Any]) -> list[Case]:
    ids = [one.case_id for one in found]
    rows = reviewing.case_customers(ctx, ids)
    people = _members(ctx, {row.customer_id: row for row in rows})
    sides: dict[int, dict[int, set[int]]] = {}
    for row in rows:
        sides.setdefault(row.case_id, {}).setdefault(row.customer_id, set()).add(row.origin_id)
    standing = _told(ctx, reviewing.standing(ctx, ids, sorted({row.origin_id for row in rows})))
    items = []
    for one in found:
        mine = sides.get(one.case_id, {})
        members = [people[home] for home in mine]
        decided = next((told for told in standing if told.case_id == one.case_id), None)
        apart = [told for told in standing if told is not decided and _keeps_apart(told, mine)]
        shared, against = _shared(members), _contradictions(members)
        items.append(
            Case(one.case_id, one.state, one.opened_at, one.closed_at, members, shared, against, apart, decided)
        )
    return items


def _members(ctx: Ctx, rows: Mapping[int, Any]) -> dict[int, CaseMember]:
    """What is known of the customers of ``rows``."""
    ids = sorted(rows)
    known, counts = _known(ctx, ids), reviewing.event_counts(ctx, ids)
    orders: dict[int, list[Any]] = {}
    for row in reviewing.order_sums(ctx, ids):
        orders.setdefault(row.customer_id, []).append(row)
    names = {member.userid: member.name for member in team.staff(ctx) if member.userid}
    follows: dict[int, list[Followed]] = {}
    for row in reading.follows_of(ctx, ids):
        follows.setdefault(row.customer_id, []).append(Followed(reading.follow_state(row), names.get(row.staff)))
    return {
        home: CaseMember(
            home,
            row.name,
            row.phone,
            row.email,
            known.get(home, []),
            reading.arrival(row.source_kind, row.source_code, row.source_at),
            reading.arrival(row.latest_source_kind, row.latest_source_code, row.latest_source_at),
            row.created_at,
            row.last_activity_at,
            counts.get(home, 0),
            sum(one.orders for one in orders.get(home, ())),
            [Spent(one.currency, int(one.amount)) for one in orders.get(home, ())],
            follows.get(home, []),
        )
        for home, row in rows.items()
    }


def _keeps_apart(told: Decision, sides: Mapping[int, set[int]]) -> bool:
    """Whether a decision says of at least two people of a case that they differ."""
    if told.verdict != "different":
        return False
    labels = [{number for number, group in enumerate(told.groups) if mine & set(group)} for mine in sides.values()]
    return len(set().union(*labels)) > 1 and sum(map(bool, labels)) > 1


def _shared(members: Sequence[CaseMember]) -> list[tuple[str, str]]:
    holders: dict[tuple[str, str], set[int]] = {}
    for person in members:
        for identity in person.identities:
            if identity.kind != RECORD and identity.value is not None:
                holders.setdefault((identity.kind, identity.value), set()).add(person.customer_id)
    return sorted(value for value, held in holders.items() if len(held) > 1)


def _contradictions(members: Sequence[CaseMember]) -> list[Contradiction]:
    held: dict[tuple[str, str], list[Held]] = {}
    for person in members:
        for one in person.identities:
            if one.kind in EXCLUSIVE:
                held.setdefault((one.kind, one.scope), []).append(Held(person.customer_id, one.value))
    return [
        Contradiction(kind, scope, values)
        for (kind, scope), values in sorted(held.items())
        if len({one.customer_id for one in values}) > 1
    ]


def decisions(ctx: Ctx, after: str | None = None, *, customer_id: int | None = None, limit: int = 50) -> Page[Decision]:
    """Decisions, the latest first; with ``customer_id`` only those about that customer. Raises BadCursor."""
    before = positions.by_number(after)
    origins = None
    if customer_id is not None:
        origins = store_identities.origins_of(ctx, store_identities.customers_of(ctx, [customer_id]).values())
    rows = reviewing.decisions(ctx, before=before, limit=limit + 1, origins=origins)
    items = _told(ctx, rows[:limit])
    return Page(items, cursor(items[-1].decision_id) if len(rows) > limit else None)


def _told(ctx: Ctx, rows: Sequence[Any]) -> list[Decision]:
    groups: dict[int, dict[int, list[Any]]] = {}
    for row in reviewing.decision_members(ctx, [row.decision_id for row in rows]):
        groups.setdefault(row.decision_id, {}).setdefault(row.group_no, []).append(row)
    actors = _actors(ctx, {row.actor for row in rows})
    return [
        Decision(
            row.decision_id,
            cast("Verdict", row.verdict),
            [[one.origin_id for one in group] for group in groups.get(row.decision_id, {}).values()],
            [
                list(dict.fromkeys(Decided(one.customer_id, one.name) for one in group))
                for group in groups.get(row.decision_id, {}).values()
            ],
            row.case_id,
            row.decided_at,
            row.actor,
            actors.get(row.actor),
            row.undone_at,
        )
        for row in rows
    ]


def _actors(ctx: Ctx, labels: set[str]) -> dict[str, str]:
    """The names of staff members and API keys by their labels as actors."""
    named: dict[str, str] = {}
    if any(label.startswith("staff:") for label in labels):
        named |= {f"staff:{member.staff_id}": member.name for member in team.staff(ctx)}
    if any(label.startswith("api_key:") for label in labels):
        named |= {f"api_key:{key.key_id}": key.name for key in team.keys(ctx)}
    return named
