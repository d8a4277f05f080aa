"""Private: follows, orders and consent: what stands between a customer and the company."""

from collections.abc import Container, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Select

from siyu.customers import erasing, people, recording
from siyu.customers.store import facts, identities, profile, standing
from siyu.customers.store import relations as store
from siyu.customers.store.facts import AUTOMATIC
from siyu.customers.store.rows import FactRow
from siyu.customers.types import Follow, NewEvent, NewOrder, OrderConflict, Recorded, Unfollow, UnknownCustomer
from siyu.kernel.ctx import Ctx
from siyu.kernel.errors import Invalid
from siyu.team import queries as team

_FIRST = "first_follow"
"""Source of an owner who became it by following first."""


def _homes(ctx: Ctx, ids: Sequence[int]) -> dict[int, int]:
    homes = identities.customers_of(ctx, ids)
    _all_known(ids, homes)
    return homes


def _all_known(ids: Iterable[int], homes: Container[int]) -> None:
    if missing := {one for one in ids if one not in homes}:
        raise UnknownCustomer(f"there is no customer {min(missing)}", field="customer_id")


def follow(ctx: Ctx, rows: Sequence[Follow]) -> None:
    """Note that follow relations began (the latest time counts, whatever the order of arrival); gives contact consent.

    Writes no event: intake records ``followed`` or ``contact_added``, whose keys it knows. Raises UnknownCustomer.
    """
    if not rows:
        return
    origins = [row.origin_id or row.customer_id for row in rows]
    locked = identities.lock_customers(ctx, origins)
    _all_known(origins, locked)
    homes = {origin: home for origin, (home, _) in locked.items()}
    store.save_follows(ctx, homes, rows)
    _consented(
        ctx,
        [
            store.ConsentRow(homes[origin], origin, "contact", True, row.at, row.kind)
            for row, origin in zip(rows, origins, strict=True)
        ],
    )
    _own(ctx, homes, {home for home, owner in locked.values() if owner is not None}, rows)


def _consented(ctx: Ctx, rows: Sequence[store.ConsentRow]) -> None:
    """Save statements of customers whose rows are locked, and what follows from those that are news."""
    if changed := store.save_consents(ctx, rows):
        standing.project_consents(ctx, changed, locked=True)


def _own(ctx: Ctx, homes: Mapping[int, int], owned: Container[int], rows: Sequence[Follow]) -> None:
    """The staff member of the first follow owns a customer who has no owner yet; allocation may say otherwise."""
    first: dict[int, Follow] = {}
    for row in rows:
        home = homes[row.origin_id or row.customer_id]
        if row.kind == "wecom" and row.staff and (home not in first or row.at < first[home].at):
            first[home] = row
    without = {home: row for home, row in sorted(first.items()) if home not in owned}
    if not without:
        return
    staff = {member.userid: member.staff_id for member in team.staff(ctx) if member.userid}
    told = [
        FactRow(
            home,
            row.origin_id or row.customer_id,
            _FIRST,
            {"owner_id": staff[row.staff]},
            AUTOMATIC,
            row.at,
            _FIRST,
        )
        for home, row in without.items()
        if row.staff in staff
    ]
    if told:
        facts.save_facts(ctx, told)
        changes = profile.project(ctx, {row.customer_id for row in told}, names=["owner_id"])
        recording.record(ctx, (), own=people.change_events(ctx, changes))


def unfollow(ctx: Ctx, rows: Sequence[Unfollow]) -> None:
    """Note that follow relations ended. Leaving an Official Account erases the personal fields it gave (R5)."""
    if not rows:
        return
    homes = _homes(ctx, [row.origin_id or row.customer_id for row in rows])
    store.end_follows(ctx, homes, rows)
    if ended := store.not_following(
        ctx, [(row.origin_id or row.customer_id, row.account_id) for row in rows if row.kind == "oa"]
    ):
        erasing.left_account(ctx, ended)


def save_orders(ctx: Ctx, orders: Sequence[NewOrder]) -> Recorded:
    """Take in orders, idempotent by (source, order_no); a changed status becomes an event, other changes none.

    Amounts in 分. Raises OrderConflict when an order changes its customer or currency, UnknownCustomer, Invalid.
    """
    if not orders:
        return Recorded(0, 0)
    latest: dict[tuple[str, str], NewOrder] = {}
    for index, order in enumerate(orders):
        if order.amount < 0:
            raise Invalid("an amount is not negative", field=f"orders.{index}.amount")
        key = (order.source, order.order_no)
        if key not in latest or latest[key].changed_at <= order.changed_at:
            latest[key] = order
    homes = _homes(ctx, [order.origin_id or order.customer_id for order in orders])
    kept = [latest[key] for key in sorted(latest)]
    owners, taken = store.claim_orders(ctx, [(o.source, o.order_no, o.origin_id or o.customer_id) for o in kept])
    held = identities.customers_of(ctx, owners.values())
    for order in kept:
        owner = owners[order.source, order.order_no]
        if held[owner] != homes[order.origin_id or order.customer_id]:
            detail = {"source": order.source, "order_no": order.order_no}
            raise OrderConflict(
                f"order {order.order_no} belongs to another customer", field="customer_id", detail=detail
            )
    before = store.order_statuses(ctx, [(held[owners[o.source, o.order_no]], o.source, o.order_no) for o in kept])
    changed = store.save_orders(ctx, held, owners, kept)
    events: list[NewEvent] = []
    for order in kept:
        key = (order.source, order.order_no)
        if key in taken:
            events.append(_order_event(order, "placed", order.placed_at, held[owners[key]], owners[key]))
        # An amount that is corrected is no second purchase.
        if key in changed and order.status not in ("placed", before.get(key)):
            events.append(_order_event(order, order.status, order.changed_at, held[owners[key]], owners[key]))
    recording.record(ctx, events, imported=True)
    return Recorded(len(changed), len(orders) - len(changed))


def _order_event(order: NewOrder, status: str, at: datetime, customer_id: int, origin_id: int) -> NewEvent:
    props = {
        "order_no": order.order_no,
        "source": order.source,
        "amount": order.amount,
        "currency": order.currency,
        "status": status,
        "items": len(order.items),
    }
    key = f"{order.source}:{order.order_no}:{status}:{at.timestamp()}"
    return NewEvent("orders", key, f"order_{status}", at, customer_id, props=props, origin_id=origin_id)


def consent(ctx: Ctx, who: Select[Any], kind: Literal["contact", "profiling"], given: bool, why: str) -> int:
    """Record that the customers of ``who`` gave or withdrew consent; returns how many."""
    return _state(
        ctx, who, kind, given, why, f"consent_{'given' if given else 'withdrawn'}", {"kind": kind, "why": why}
    )


def opt_out(ctx: Ctx, who: Select[Any], word: str) -> int:
    """The customers asked for no more pushes (退订, TD); stops them at once. Returns how many."""
    return _state(ctx, who, "push", False, word, "opted_out", {"word": word})


def opt_in(ctx: Ctx, who: Select[Any], why: str) -> int:
    """The customers want pushes again; returns how many."""
    return _state(ctx, who, "push", True, why, "opted_in", {"why": why})


def blacklist(ctx: Ctx, who: Select[Any], listed: bool, why: str) -> int:
    """Put customers on the blacklist or take them off; returns how many."""
    return _state(ctx, who, "blacklist", listed, why, "blacklisted" if listed else "unblacklisted", {"why": why})


def _state(ctx: Ctx, who: Select[Any], kind: str, given: bool, why: str, event: str, props: dict[str, object]) -> int:
    ids = list(ctx.tx.execute(who).scalars())
    if not ids:
        return 0
    numbered = identities.lock_and_number(ctx, ids)
    _all_known(ids, numbered)
    _consented(ctx, [store.ConsentRow(numbered[one][0], one, kind, given, ctx.now, why) for one in ids])
    events = [NewEvent(people.SOURCE, f"{event}:{numbered[one][1]}", event, ctx.now, one, props=props) for one in ids]
    recording.record(ctx, events)
    return len(ids)
