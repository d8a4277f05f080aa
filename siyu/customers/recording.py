"""Private: checks of events and the steps of recording them."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import Select

from siyu.customers.store import events as store
from siyu.customers.store import few, identities
from siyu.customers.store import visits as store_visits
from siyu.customers.types import BadEvent, EventConflict, NewEvent, NewVisit, Recorded, TooOld, UnknownCustomer
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import ring
from siyu.kernel.errors import BadText, BadTime, SiyuError
from siyu.kernel.text import AHEAD, text_fault

log = structlog.get_logger(__name__)
TYPE = re.compile(r"[a-z][a-z0-9_]{1,63}")
REMEMBERED = timedelta(days=35)
"""For so long repetitions are recognised; older events come only by import (ARCHITECTURE.md section 7)."""
_LONGEST_KEY = 256


def faults(ctx: Ctx, events: Sequence[NewEvent], *, imported: bool) -> dict[int, SiyuError]:
    """What is wrong with each faulty event: BadEvent, BadText, BadTime or TooOld, naming ``events.<n>.<field>``."""
    found: dict[int, SiyuError] = {}
    latest, oldest = ctx.now + AHEAD, ctx.now - REMEMBERED
    for index, new in enumerate(events):
        at = f"events.{index}"
        if not TYPE.fullmatch(new.type):
            found[index] = BadEvent(f"{new.type!r} is no event type", field=f"{at}.type")
        elif not new.key or len(new.key) > _LONGEST_KEY:
            found[index] = BadEvent(f"a key needs 1 to {_LONGEST_KEY} characters", field=f"{at}.key")
        elif fault := text_fault(new.key):
            found[index] = BadText(f"the key holds a {fault}", field=f"{at}.key")
        elif new.occurred_at.tzinfo is None:
            found[index] = BadTime("the time has no time zone offset", field=f"{at}.occurred_at")
        elif new.occurred_at > latest:
            found[index] = BadTime("the time lies more than 10 minutes ahead", field=f"{at}.occurred_at")
        elif new.occurred_at < oldest and not imported:
            found[index] = TooOld("the event is older than 35 days; import it", field=f"{at}.occurred_at")
    return found


def check(ctx: Ctx, events: Sequence[NewEvent], *, imported: bool) -> None:
    """Raise the first fault."""
    if found := faults(ctx, events, imported=imported):
        raise found[min(found)]


def finish(ctx: Ctx, staged: int) -> Recorded:
    """Deduplicate and write what is staged; raises EventConflict, UnknownCustomer."""
    doubles, conflict = store.drop_doubles(ctx)
    if conflict is not None:
        raise _conflict(*conflict)
    new = store.write(ctx)
    if new != staged - doubles:
        raise _unknown(store.unknown(ctx))
    store.clear(ctx)
    if new:
        ring(ctx, "pulse")
    return Recorded(new, doubles)


def _conflict(source: str, key: str) -> EventConflict:
    return EventConflict(
        f"another event was recorded under the key {key} of {source}",
        field="key",
        detail={"source": source, "key": key},
    )


def _unknown(missing: int | None) -> UnknownCustomer:
    return UnknownCustomer(f"there is no customer {missing}", field="customer_id", detail={"customer_id": missing})


def _record_few(ctx: Ctx, events: Sequence[NewEvent], own: int) -> Recorded:
    way = few.Few(ctx, events, own)
    new = way.reserve()
    if new < len(events) and (found := way.conflict()) is not None:
        raise _conflict(*found)
    if new:
        missing = way.write()
        if missing is not None:
            raise _unknown(missing)
        ring(ctx, "pulse")
    return Recorded(new, len(events) - new)


def record(ctx: Ctx, events: Sequence[NewEvent], *, imported: bool = False, own: Sequence[NewEvent] = ()) -> Recorded:
    """See actions.record. ``own``: further events, told before, whose keys this room has made and nobody can repeat.

    They take no row of event_key, which was a fifth of writing them (measured).
    """
    told = [*own, *events]
    if not told:
        return Recorded(0, 0)
    check(ctx, told, imported=imported)
    if few.suits(told):
        return _record_few(ctx, told, len(own))
    events = told
    store.stage(ctx, events)
    return finish(ctx, len(events))


def record_from(ctx: Ctx, chosen: Select[Any]) -> Recorded:
    """See actions.record_from."""
    staged = store.stage_from(ctx, chosen)
    return finish(ctx, staged) if staged else Recorded(0, 0)


def visit(ctx: Ctx, visits: Sequence[NewVisit]) -> Recorded:
    """See actions.visit."""
    if not visits:
        return Recorded(0, 0)
    as_events = [
        NewEvent(one.source, one.key, one.type, one.occurred_at, 0, one.content_id, one.props) for one in visits
    ]
    check(ctx, as_events, imported=False)
    known = identities.visitors(ctx, sorted({one.anonymous_id for one in visits}))
    mine = [
        replace(new, customer_id=known[one.anonymous_id])
        for one, new in zip(visits, as_events, strict=True)
        if one.anonymous_id in known
    ]
    aside = [one for one in visits if one.anonymous_id not in known]
    done = record(ctx, mine)
    kept = store_visits.add_visits(ctx, aside) if aside else 0
    return Recorded(done.new + kept, done.duplicate + len(aside) - kept)


def recognised(ctx: Ctx, anonymous_ids: Sequence[str]) -> None:
    """Move what visitors did into the timelines of the customers that they turned out to be."""
    if store_visits.visited(ctx, anonymous_ids):
        record_from(ctx, store_visits.visits_of(anonymous_ids))
        store_visits.drop_visits(ctx, anonymous_ids)


def later(ctx: Ctx, events: Sequence[NewEvent]) -> None:
    """See actions.record_later."""
    if events:
        check(ctx, events, imported=False)
        store.wait(ctx, events)


def land(ctx: Ctx, slot_from: int, slot_to: int, limit: int) -> None:
    """Write what waits for these slots to the timeline. Events of people erased meanwhile find nobody any more."""
    first: dict[tuple[str, str], NewEvent] = {}
    conflict = None
    for new in store.take_waiting(ctx, slot_from, slot_to, limit):
        held = first.setdefault((new.source, new.key), new)
        if _content(held) != _content(new):
            conflict = (new.source, new.key)
    if not first:
        return
    way = few.Few(ctx, list(first.values()))
    free = way.reserve()
    if free < len(first):
        conflict = way.conflict() or conflict
    if conflict is not None:
        log.error("waiting_event_conflict", source=conflict[0], key=conflict[1])
    if free:
        way.write(known=True)


def _content(new: NewEvent) -> tuple[object, ...]:
    return new.type, new.occurred_at, new.content_id, new.props
