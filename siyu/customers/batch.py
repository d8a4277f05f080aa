"""Private: batches of the JSON API: every fault is reported, and one fault keeps the whole batch out."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from siyu.customers import identifying, normal, recording, relations
from siyu.customers.store import identities, reading
from siyu.customers.types import (
    BatchFault,
    Identity,
    NewEvent,
    NewOrder,
    Person,
    Record,
    Recorded,
    UnknownCustomer,
)
from siyu.kernel import audit
from siyu.kernel.ctx import Ctx
from siyu.kernel.errors import Invalid, SiyuError
from siyu.kernel.text import not_ahead, text_fault

RESERVED = frozenset(
    [
        "followed",
        "unfollowed",
        "contact_added",
        "contact_lost",
        "welcome_offered",
        "chat_started",
        "kf_entered",
        "message_received",
        "staff_message",
        "group_message",
        "menu_clicked",
        "qr_scanned",
        "content_viewed",
        "page_read",
        "link_clicked",
        "forwarded",
        "form_started",
        "form_submitted",
        "group_joined",
        "group_left",
        "channel_arrived",
        "tag_added",
        "tag_removed",
        "attribute_changed",
        "segment_entered",
        "segment_left",
        "journey_entered",
        "journey_ended",
        "stage_moved",
        "delivery_sent",
        "delivery_accepted",
        "delivery_received",
        "delivery_failed",
        "delivery_not_sent",
        "order_placed",
        "order_paid",
        "order_refunded",
        "order_cancelled",
        "consent_given",
        "consent_withdrawn",
        "opted_out",
        "opted_in",
        "blacklisted",
        "unblacklisted",
        "created",
        "merged",
        "split",
        "split_off",
        "erased",
        "imported",
        "import_withdrawn",
        "authorization_revoked",
        "lifecycle_changed",
        "reply_marked",
        "task_added",
        "task_given",
        "task_done",
        "task_handed_back",
        "task_replied",
        "task_expired",
        "task_cancelled",
    ]
)
"""Event types that only Siyu writes: journeys, caps and counts rest on them."""

Whose = int | Identity
"""Who an item is about: a customer_id or an identity."""


def customers(ctx: Ctx, records: Sequence[Record]) -> list[Person]:
    """Take in a batch of records, all or none; raises BatchFault naming ``items.<n>...``."""
    reads, faults = identifying.read_all(ctx, records)
    _refuse(faults, "records")
    found = identifying.apply(ctx, reads)
    audit.record(ctx, "customers.save_customers", "customer", "many", count=len(records))
    return found


def events(ctx: Ctx, items: Sequence[tuple[Whose, NewEvent]]) -> Recorded:
    """Record a batch of events, all or none. Raises BatchFault, EventConflict."""
    found = _people(ctx, [whose for whose, _ in items])
    new = [replace(event, customer_id=found.get(place, 0)) for place, (_, event) in enumerate(items)]
    faults = recording.faults(ctx, new, imported=False)
    for place, event in enumerate(new):
        if event.type in RESERVED:
            faults.setdefault(place, Invalid(f"{event.type} is written by Siyu alone", field=f"events.{place}.type"))
        elif fault := next((fault for word in _words(event.props) if (fault := text_fault(word))), None):
            faults.setdefault(place, Invalid(f"the props hold a {fault}", field=f"events.{place}.props"))
    _refuse(faults | _strangers(items, found, faults, "events"), "events")
    done = recording.record(ctx, new)
    audit.record(ctx, "customers.save_events", "event", "many", count=len(items))
    return done


def orders(ctx: Ctx, items: Sequence[tuple[Whose, NewOrder]]) -> Recorded:
    """Take in a batch of orders, all or none. Raises BatchFault, OrderConflict."""
    found = _people(ctx, [whose for whose, _ in items])
    new = [replace(order, customer_id=found.get(place, 0)) for place, (_, order) in enumerate(items)]
    faults: dict[int, SiyuError] = {}
    for place, order in enumerate(new):
        try:
            not_ahead(order.placed_at, ctx.now, f"orders.{place}.placed_at")
            not_ahead(order.changed_at, ctx.now, f"orders.{place}.changed_at")
        except SiyuError as error:
            faults[place] = error
    _refuse(faults | _strangers(items, found, faults, "orders"), "orders")
    done = relations.save_orders(ctx, new)
    audit.record(ctx, "customers.save_orders", "order", "many", count=len(items))
    return done


def _words(props: Mapping[str, object]) -> list[str]:
    return [word for pair in props.items() for word in pair if isinstance(word, str)]


def _people(ctx: Ctx, wanted: Sequence[Whose]) -> dict[int, int]:
    """Place -> origin to write for: the id as given, or the one customer that the identity points at."""
    by_id = {place: one for place, one in enumerate(wanted) if isinstance(one, int)}
    forms: dict[int, Identity] = {}
    for place, one in enumerate(wanted):
        if isinstance(one, Identity):
            try:
                forms[place] = normal.identity(one, "identity")
            except SiyuError:
                continue
    there = identities.customers_of(ctx, by_id.values()) if by_id else {}
    found = {place: one for place, one in by_id.items() if one in there}
    if forms:
        order = sorted(set(forms.values()), key=lambda one: (one.kind, one.scope, one.value))
        known = reading.resolve(ctx, order)
        found |= {place: known[form] for place, form in forms.items() if form in known}
    return found


def _strangers(
    items: Sequence[object], found: Mapping[int, int], faults: Mapping[int, SiyuError], prefix: str
) -> dict[int, SiyuError]:
    return {
        place: UnknownCustomer("nobody, or more than one customer, is meant", field=f"{prefix}.{place}.customer")
        for place in range(len(items))
        if place not in found and place not in faults
    }


def _refuse(faults: Mapping[int, SiyuError], prefix: str) -> None:
    if not faults:
        return
    told = []
    for place, error in sorted(faults.items()):
        field = (error.field or "").replace(f"{prefix}.{place}", f"items.{place}", 1) or f"items.{place}"
        told.append({"index": place, "code": error.code, "field": field, "message": error.message})
    detail = {"items": told[:100], "faults": len(told)}
    raise BatchFault(
        f"{len(told)} of the items are faulty; none was written", field=str(told[0]["field"]), detail=detail
    )
