"""Private: what keeps membership current: events in the pulse, big tag changes by notice, time in the tick."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from siyu.kernel.ctx import Ctx
from siyu.kernel.jobs import Pulse
from siyu.kernel.notices import Notice
from siyu.kernel.probes import Due, Probe
from siyu.segments import membership, store
from siyu.tags import queries as tags


def pulse(ctx: Ctx, pulse: Pulse) -> None:
    """Re-evaluate the segments concerned for the customers touched."""
    store.share_definitions(ctx)
    known = membership.definitions(ctx)
    touched = membership.concerned(known, pulse)
    loud = {event.customer_id for event in pulse.events if not event.props.get("quiet")}
    membership.follow(ctx, known, touched, shared=True, quiet=frozenset(pulse.customers) - loud)
    membership.schedule(ctx, known, touched)


def notice(ctx: Ctx, notices: Sequence[Notice]) -> None:
    """A big tag change wrote no events: queue its customers for the segments that look at its tags."""
    changes = [notice for notice in notices if notice.kind == "tags.changed"]
    if not changes:
        return
    store.share_definitions(ctx)
    known = membership.definitions(ctx)
    for change in changes:  # set-loop: one statement per big change
        given = change.payload["tag_ids"]
        tag_ids = set(given) if isinstance(given, list) else set()
        segment_ids = [segment_id for segment_id, found in known.items() if found.depends.tags & tag_ids]
        if segment_ids:
            store.put_due(ctx, segment_ids, tags.changed(int(str(change.payload["change_id"]))))


def tick(ctx: Ctx, limit: int) -> int:
    """Look again at up to ``limit`` (segment, customer) pairs that time or a big change may have changed."""
    store.tick_alone(ctx)
    known = membership.definitions(ctx)
    if started := membership.advance(ctx, known):
        return started  # their customers come in the next tick: two rounds of locks in one transaction could deadlock
    touched: membership.Touched = {}
    taken = store.take_due(ctx, limit)
    for segment_id, customer_id in taken:
        touched.setdefault(segment_id, set()).add(customer_id)
    membership.follow(ctx, known, touched, shared=False)
    return len(taken)


def _next(ctx: Ctx, values: Sequence[Any]) -> datetime | None:
    waiting, due = values
    return ctx.now if waiting else due


DUE: Due = Probe((store.anything_due, store.next_due.scalar_subquery()), _next)
"""When time may next change a segment; now while customers wait to be looked at again."""
