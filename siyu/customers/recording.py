"""Private: checks of events and the steps of recording them."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import Select

from siyu.customers.store import events as store
from siyu.customers.store import identities
from siyu.customers.types import BadEvent, EventConflict, NewEvent, NewVisit, Recorded, TooOld, UnknownCustomer
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import ring
from siyu.kernel.errors import BadText, BadTime, SiyuError
from siyu.kernel.text import AHEAD, text_fault

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
        source, key = conflict
        raise EventConflict(
            f"another event was recorded under the key {key} of {source}",
            field="key",
            detail={"source": source, "key": key},
        )
    new = store.write(ctx)
    if new != staged - doubles:
        missing = store.unknown(ctx)
        raise UnknownCustomer(f"there is no customer {missing}", field="customer_id", detail={"customer_id": missing})
    store.clear(ctx)
    if new:
        ring(ctx, "pulse")
    return Recorded(new, doubles)


def record(ctx: Ctx, events: Sequence[NewEvent], *, imported: bool = False) -> Recorded:
    """See actions.record."""
    if not events:
        return Recorded(0, 0)
    check(ctx, events, imported=imported)
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
    kept = store.add_visits(ctx, aside) if aside else 0
    return Recorded(done.new + kept, done.duplicate + len(aside) - kept)


def recognised(ctx: Ctx, anonymous_ids: Sequence[str]) -> None:
    """Move what visitors did into the timelines of the customers that they turned out to be."""
    record_from(ctx, store.visits_of(anonymous_ids))
    store.drop_visits(ctx, anonymous_ids)
