"""Door: every write of customers."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Select

from siyu.customers import attributes, identifying, recording, writing
from siyu.customers.deciding import decide, join, separate, undo
from siyu.customers.erasing import erase, take_back
from siyu.customers.relations import blacklist, consent, follow, opt_in, opt_out, save_orders, unfollow
from siyu.customers.replaying import replay as replay_erasures
from siyu.customers.store import events as store_events
from siyu.customers.store import facts
from siyu.customers.types import (
    AttributeTaken,
    AttributeType,
    BadAttribute,
    Definition,
    NewEvent,
    NewVisit,
    Person,
    Record,
    Recorded,
)
from siyu.kernel import audit
from siyu.kernel.ctx import Ctx
from siyu.kernel.jobs import Pulse, PulseEvent
from siyu.kernel.text import clean


def recognise(ctx: Ctx, records: Sequence[Record], then: Sequence[Sequence[NewEvent]] = ()) -> list[Person]:
    """Take in facts about people: make customers, merge or open review cases as K1 says; same order as ``records``.

    ``then``: per record the events to ``record`` of whom it means, their customer_id and origin_id left open; raises
    as ``record`` does.

    Idempotent. Raises BadIdentity, NoIdentity, BadAttribute, UnknownAttribute, BadText, BadTime naming
    ``records.<n>...``; then nothing is written. Call it before other writes of the transaction: batches with new
    facts wait for each other.
    """
    return identifying.recognise(ctx, records, then)


def identify(ctx: Ctx, records: Sequence[Record]) -> list[int]:
    """As ``recognise``; only the customer ids."""
    return [person.customer_id for person in identifying.recognise(ctx, records)]


def record(ctx: Ctx, events: Sequence[NewEvent], *, imported: bool = False) -> Recorded:
    """Write events to the timeline and the pulse queue; a repeated (source, key) is counted, not written.

    Raises BadEvent, BadText, BadTime, TooOld (older than 35 days unless ``imported``), EventConflict (same key, other
    content), UnknownCustomer; then nothing is written.
    """
    return recording.record(ctx, events, imported=imported)


def record_later(ctx: Ctx, events: Sequence[NewEvent]) -> None:
    """As ``record``, for the hot path of single requests: kept now, in the timeline with the next pulse.

    The (source, key) must be the caller's own for ever: what is repeated is dropped when it lands, with a log line if
    its content differs. Raises BadEvent, BadText, BadTime, TooOld; then nothing is written.
    """
    recording.later(ctx, events)


def record_from(ctx: Ctx, chosen: Select[Any]) -> Recorded:
    """As ``record``, from a Select with the columns customer_id, type, occurred_at, source, key, content_id, props.

    A column origin_id may be added. Types and times are the caller's duty.
    """
    return recording.record_from(ctx, chosen)


def visit(ctx: Ctx, visits: Sequence[NewVisit]) -> Recorded:
    """Record what visitors do: of recognised ones in their timeline, of unknown ones aside, for 90 days."""
    return recording.visit(ctx, visits)


def take_pulse(ctx: Ctx, slot_from: int, slot_to: int, limit: int) -> Pulse:
    """Take up to ``limit`` events of customers in slots [from, to) out of the queue, oldest first.

    What was recorded for later lands before. The caller holds the slots.
    """
    recording.land(ctx, slot_from, slot_to, limit)
    rows = store_events.take(ctx, slot_from, slot_to, limit)
    return Pulse([PulseEvent(*row) for row in rows])


def set_attributes(ctx: Ctx, who: Select[Any], values: Mapping[str, object], *, why: str) -> int:
    """Set the same attributes for every customer of ``who``; returns how many customers. None empties.

    As set_attribute_rows, but errors name ``attributes.<name>``.
    """
    definitions = {**attributes.BUILTIN, **facts.definitions(ctx)}
    # set-loop: pure
    checked = {
        name: writing.checked(ctx, definitions, name, value, f"attributes.{name}") for name, value in values.items()
    }
    ids = list(ctx.tx.execute(who).scalars())
    writing.write(ctx, [(one, name, value) for one in ids for name, value in checked.items()], why)
    return len(ids)


def set_attribute_rows(ctx: Ctx, rows: Sequence[tuple[int, str, object]], why: str) -> None:
    """Set attributes (customer_id, name, value). By a staff member they count as edited by hand and beat every source.

    ``why`` names the writer (``journey:3/mark``) and with the name identifies the fact: the same writer replaces its
    own. Raises UnknownAttribute, BadAttribute (the value, or the definition's mode forbids this writer),
    UnknownCustomer; then nothing is written. Errors name ``rows.<n>.<name>``.
    """
    definitions = {**attributes.BUILTIN, **facts.definitions(ctx)}
    # set-loop: pure
    checked = [
        (customer_id, name, writing.checked(ctx, definitions, name, value, f"rows.{index}.{name}"))
        for index, (customer_id, name, value) in enumerate(rows)
    ]
    writing.write(ctx, checked, why)


def define_attribute(
    ctx: Ctx, name: str, title: str, type: AttributeType, options: Sequence[str] = (), mode: str = "both"
) -> Definition:
    """Define or change a custom attribute. Raises BadAttribute (name, options, mode), AttributeTaken (other type)."""
    if not attributes.NAME.fullmatch(name):
        raise BadAttribute("a name has lower-case letters, digits and _, at most 63", field="name")
    if name in attributes.BUILTIN:
        raise AttributeTaken(f"{name} is built in", field="name")
    if not clean(title, "title").strip() or len(title) > 64:
        raise BadAttribute("a title has 1 to 64 characters", field="title")
    if (type == "enum") != bool(options) or len(set(options)) != len(options):
        raise BadAttribute("an enum, and only an enum, has distinct options", field="options")
    new = Definition(name, title.strip(), type, tuple(clean(option, "options") for option in options), mode)  # type: ignore[arg-type]  # checked by callers
    if facts.save_definition(ctx, new) != type:
        raise AttributeTaken(f"{name} exists with another type", field="type")
    audit.record(ctx, "customers.define_attribute", "attribute", name, type=type)
    return new


__all__ = [
    "blacklist",
    "consent",
    "decide",
    "define_attribute",
    "erase",
    "follow",
    "identify",
    "join",
    "opt_in",
    "opt_out",
    "recognise",
    "record",
    "record_from",
    "record_later",
    "replay_erasures",
    "save_orders",
    "separate",
    "set_attribute_rows",
    "set_attributes",
    "take_back",
    "take_pulse",
    "undo",
    "unfollow",
    "visit",
]
