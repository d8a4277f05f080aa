"""Door: reads of customers, and the relations that upper rooms join.

A relation is a selectable with customer_id; PostgreSQL folds it into the statement that joins it.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, and_, cast, func, select
from sqlalchemy import types as kinds

from siyu.customers import attributes, normal, positions
from siyu.customers.erasing import export
from siyu.customers.normal import email as normal_email
from siyu.customers.normal import masked_email, masked_phone
from siyu.customers.normal import phone as normal_phone
from siyu.customers.review import case, cases, decisions, identities
from siyu.customers.searching import Filter, Sort, matching, search
from siyu.customers.store import events as store_events
from siyu.customers.store import facts as store_facts
from siyu.customers.store import identities as store_identities
from siyu.customers.store import profile as store_profile
from siyu.customers.store import reading, tables
from siyu.customers.types import (
    Attribute,
    Definition,
    Event,
    Facts,
    FollowState,
    Identity,
    Order,
    Profile,
    Provenance,
    UnknownCustomer,
)
from siyu.kernel.ctx import Ctx
from siyu.kernel.paging import Page, cursor
from siyu.kernel.probes import Probe

canonical: FromClause = select(tables.origin.c.origin_id, tables.origin.c.customer_id).subquery("canonical")
"""Every id that ever was a customer's (origin_id) with the customer it means now."""

people: FromClause = (
    select(
        tables.identity.c.kind,
        tables.identity.c.scope,
        tables.identity.c.value,
        tables.origin.c.customer_id,
        tables.origin.c.origin_id,
    )
    .join(tables.origin, tables.origin.c.origin_id == tables.identity.c.origin_id)
    .subquery("people")
)
"""Exclusive identities in normal form (kind, scope, value), the customer whom each means now, and its own origin."""

_row = tables.customer
customer: FromClause = (
    select(*(column for column in _row.c if column.name != "grams"), tables.activity.c.last_activity_at)
    .join(tables.activity, tables.activity.c.customer_id == _row.c.customer_id, isouter=True)
    .where(_row.c.status == "active")
    .subquery("customers")
)
"""Active customers with their built-in attributes, ``custom`` (jsonb), source_*, consent flags, times."""

_event = tables.event
events: FromClause = select(
    _event.c.customer_id,
    _event.c.event_id,
    _event.c.type,
    _event.c.occurred_at,
    _event.c.content_id,
    _event.c.props,
    _event.c.source,
    _event.c.key,
    _event.c.origin_id,
).subquery("events")
"""The timeline of all customers."""

follows: FromClause = select(*tables.follow.c).subquery("follows")
"""customer_id, kind (oa, wecom), account_id, staff, followed_at, lost_at, following, scene, remark."""

orders: FromClause = select(*tables.orders.c).subquery("orders")
"""customer_id, source, order_no, amount (分), currency, status, placed_at, changed_at, lines (jsonb)."""

reachability: FromClause = (
    select(
        _row.c.customer_id,
        _row.c.opted_out_at.is_not(None).label("opted_out"),
        _row.c.opted_out_at,
        _row.c.blacklisted,
        _row.c.contact_consent,
        _row.c.profiling_consent,
    )
    .where(_row.c.status == "active")
    .subquery("reachability")
)
"""Per active customer: opted_out, opted_out_at, blacklisted, contact_consent, profiling_consent."""


def openids(account_id: int) -> FromClause:
    """(customer_id, openid, followed, followed_at, origin_id) of one Official Account, erased openids left out."""
    return (
        select(
            tables.origin.c.customer_id,
            tables.identity.c.value.label("openid"),
            func.coalesce(tables.follow.c.following, False).label("followed"),
            tables.follow.c.followed_at,
            tables.origin.c.origin_id,
        )
        .join(tables.origin, tables.origin.c.origin_id == tables.identity.c.origin_id)
        .join(
            tables.follow,
            and_(
                tables.follow.c.customer_id == tables.origin.c.customer_id,
                tables.follow.c.origin_id == tables.origin.c.origin_id,
                tables.follow.c.kind == "oa",
                tables.follow.c.account_id == account_id,
            ),
            isouter=True,
        )
        .where(
            tables.identity.c.kind == "oa_openid",
            tables.identity.c.scope == str(account_id),
            ~tables.identity.c.value.startswith(normal.ERASED),
        )
        .subquery("openids")
    )


def definitions(ctx: Ctx) -> list[Definition]:
    """Built-in attributes, then custom ones by name."""
    return [*attributes.BUILTIN.values(), *store_facts.definitions(ctx).values()]


def attribute(ctx: Ctx, name: str, row: FromClause = customer) -> Attribute:
    """The attribute as an expression over ``row`` (``customer`` or its alias), typed. Raises UnknownAttribute."""
    found = attributes.BUILTIN.get(name) or attributes.lookup(store_facts.definitions(ctx), name, "name")
    return Attribute(found, expression(found, row))


def expression(definition: Definition, row: FromClause) -> ColumnElement[Any]:
    """The attribute as a typed expression over ``row`` (``customer`` or its alias); money is its amount in 分."""
    if definition.builtin:
        return row.c[definition.name]
    stored = row.c.custom[definition.name]
    text: ColumnElement[Any] = stored.astext
    match definition.type:
        case "int":
            return cast(text, kinds.BigInteger)
        case "number":
            return cast(text, kinds.Numeric)
        case "bool":
            return cast(text, kinds.Boolean)
        case "date":
            return cast(text, kinds.Date)
        case "time":
            return cast(text, kinds.DateTime(timezone=True))
        case "money":
            return cast(stored["amount"].astext, kinds.BigInteger)
    return text


def find(ctx: Ctx, identity: Identity) -> int | None:
    """The customer that an identity points at; a weak one only when exactly one customer has it. Raises BadIdentity."""
    return resolve(ctx, [identity]).get(identity)


def resolve(ctx: Ctx, wanted: Sequence[Identity]) -> dict[Identity, int]:
    """``find`` for many, by the identities as given; those that point at nobody or at several are missing."""
    if not wanted:
        return {}
    forms = {one: normal.identity(one, f"identities.{place}") for place, one in enumerate(wanted)}
    found = reading.resolve(ctx, sorted(set(forms.values()), key=lambda one: (one.kind, one.scope, one.value)))
    return {given: found[form] for given, form in forms.items() if form in found}


def origins(ctx: Ctx, ids: Iterable[int]) -> dict[int, int]:
    """Any ids that were ever a customer's -> the customer now."""
    return store_identities.customers_of(ctx, ids)


def _order(row: Any) -> Order:
    return Order(
        row.source, row.order_no, row.amount, row.currency, row.status, row.placed_at, row.changed_at, tuple(row.lines)
    )


def _event_of(row: Any) -> Event:
    return Event(row.event_id, row.customer_id, row.type, row.occurred_at, row.source, row.content_id, row.props)


def profile(ctx: Ctx, customer_id: int) -> Profile:
    """A customer by any id that ever was theirs; raises UnknownCustomer, also for erased ones."""
    home = store_identities.customers_of(ctx, [customer_id]).get(customer_id)
    row = reading.customer_row(ctx, home) if home is not None else None
    if row is None or row.status != "active":
        raise UnknownCustomer(f"there is no customer {customer_id}", field="customer_id")
    return Profile(
        row.customer_id,
        row.status,
        row.name,
        store_profile.shown(row),
        row.owner_id,
        reading.arrival(row.source_kind, row.source_code, row.source_at),
        reading.arrival(row.latest_source_kind, row.latest_source_code, row.latest_source_at),
        [reading.follow_state(one) for one in reading.follows_of(ctx, [row.customer_id])],
        row.opted_out_at,
        row.blacklisted,
        row.contact_consent,
        row.profiling_consent,
        row.created_at,
        row.last_activity_at,
    )


def provenance(ctx: Ctx, customer_id: int) -> list[Provenance]:
    """Who wrote the shown value of each attribute, and when, by name."""
    return [
        Provenance(row.name, row.value, row.source, row.actor, row.at) for row in reading.provenance(ctx, customer_id)
    ]


def orders_of(ctx: Ctx, customer_id: int) -> list[Order]:
    """The orders of a customer, latest first."""
    return [_order(row) for row in reading.orders_of(ctx, [customer_id])]


def timeline(
    ctx: Ctx, customer_id: int, after: str | None = None, *, types: Sequence[str] = (), limit: int = 50
) -> Page[Event]:
    """Events of a customer, newest first; ``after`` is the cursor of the page before. Raises BadCursor."""
    before = positions.by_time(after, 63)
    rows = store_events.timeline(ctx, customer_id, before, types, limit + 1)
    items = [_event_of(row) for row in rows[:limit]]
    more = len(rows) > limit
    return Page(items, cursor(items[-1].occurred_at.isoformat(), items[-1].event_id) if more else None)


def facts(
    ctx: Ctx, ids: Sequence[int], *, types: Sequence[str] | None = None, since: datetime | None = None
) -> Mapping[int, Facts]:
    """What conditions may ask of these active customers, read in four statements; events may be narrowed."""
    found = reading.events_of(ctx, ids, types, since) if types is None or types else []
    by_event: dict[int, list[Event]] = {}
    for row in found:
        by_event.setdefault(row.customer_id, []).append(_event_of(row))
    by_follow: dict[int, list[FollowState]] = {}
    for row in reading.follows_of(ctx, ids):
        by_follow.setdefault(row.customer_id, []).append(reading.follow_state(row))
    by_order: dict[int, list[Order]] = {}
    for row in reading.orders_of(ctx, ids):
        by_order.setdefault(row.customer_id, []).append(_order(row))
    return {
        row.customer_id: Facts(
            row.customer_id,
            store_profile.shown(row),
            by_event.get(row.customer_id, []),
            by_follow.get(row.customer_id, []),
            by_order.get(row.customer_id, []),
            row.owner_id,
            reading.arrival(row.source_kind, row.source_code, row.source_at),
            reading.arrival(row.latest_source_kind, row.latest_source_code, row.latest_source_at),
            row.created_at,
        )
        for row in reading.customer_rows(ctx, ids)
    }


def active(ctx: Ctx, ids: Sequence[int]) -> set[int]:
    """Which of the ids are active customers (not merged into another, not erased)."""
    return reading.active(ctx, ids)


def everybody() -> Select[Any]:
    """A Select of the ids of all active customers."""
    return select(_row.c.customer_id).where(_row.c.status == "active")


PULSE: Probe[bool] = Probe((store_events.anything_waits,), lambda _, values: bool(values[0]))
"""Whether any event waits for the rooms' reactions."""


__all__ = [
    "PULSE",
    "Filter",
    "Sort",
    "active",
    "attribute",
    "canonical",
    "case",
    "cases",
    "customer",
    "decisions",
    "definitions",
    "events",
    "everybody",
    "export",
    "expression",
    "facts",
    "find",
    "follows",
    "identities",
    "masked_email",
    "masked_phone",
    "matching",
    "normal_email",
    "normal_phone",
    "openids",
    "orders",
    "orders_of",
    "origins",
    "profile",
    "provenance",
    "reachability",
    "resolve",
    "search",
    "timeline",
]
