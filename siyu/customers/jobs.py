"""Private: what customers do by themselves: partitions ahead, retention, the last carry after merges."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from psycopg.errors import LockNotAvailable
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from siyu.customers import people, replaying
from siyu.customers.recording import REMEMBERED
from siyu.customers.store import ensure_partitions, housekeeping, moves, visits
from siyu.customers.store import events as store
from siyu.customers.store.erasing import any_unfiled
from siyu.customers.store.partitions import drop_oldest, kept_from
from siyu.kernel import audit, notices
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import lock, savepoint
from siyu.kernel.probes import Due, Probe
from siyu.kernel.settings import settings

KEPT_ASIDE = timedelta(days=90)
"""So long the events of visitors wait for somebody to recognise them (PRODUCT.md K1)."""
T = TypeVar("T")
EVERY, SOON = timedelta(hours=24), timedelta(minutes=10)


def tick(ctx: Ctx, limit: int) -> int:
    """Settle moves and file erasures at once; once a day make and drop months, drop old keys and visits. Rows done."""
    done = moves.arm(ctx) + people.last_carry(ctx, limit) + replaying.file(ctx, limit)
    due = housekeeping.due(ctx)
    if due is not None and due > ctx.now:
        return done
    lock(ctx, "customers.housekeeping")  # two that make the same month at once: the second would fail
    due = housekeeping.due(ctx)
    if due is not None and due > ctx.now:
        return done
    made = _partitions(ctx)
    dropped = _retire(ctx)
    # A key must outlive its day by the whole span, so that an event of the last second is still recognised.
    old = store.forget_keys(ctx, (ctx.now - REMEMBERED - EVERY).astimezone(UTC).date(), limit)
    old += visits.drop_old_visits(ctx, ctx.now - KEPT_ASIDE, limit)
    old += store.forget_stragglers(ctx, _kept_from(ctx), ctx.now - EVERY, limit)
    if old < limit:
        housekeeping.plan(ctx, ctx.now + (SOON if made is None or dropped is None or dropped else EVERY))
    return done + old + (made or 0) + (dropped or 0)


def _partitions(ctx: Ctx) -> int | None:
    """Make partitions that are missing; None when the lock cannot be had."""
    return _locking(ctx, lambda: len(ensure_partitions(ctx.tx, ctx.now)))


def _kept_from(ctx: Ctx) -> datetime:
    return kept_from(ctx.now, settings().event_months)


def _retire(ctx: Ctx) -> int | None:
    """Drop one month of events that is too old (R5), the oldest; None when the lock cannot be had."""
    name = _locking(ctx, lambda: drop_oldest(ctx.tx, _kept_from(ctx)) or "")
    if name:
        audit.record(ctx, "customers.drop_events", "partition", name, months_kept=settings().event_months)
        notices.write(ctx, "customers.events_dropped", partition=name, kept_from=_kept_from(ctx).isoformat())
    if name is not None:
        housekeeping.begin_events(ctx, _kept_from(ctx))
    return None if name is None else bool(name)


def _locking(ctx: Ctx, work: Callable[[], T]) -> T | None:
    """Do what locks a whole table; None when somebody writes events for so long that the lock cannot be had.

    Waiting for it would keep every later writer waiting, so the try is short, and comes again; until then rows go
    where they would have gone anyway.
    """
    try:
        with savepoint(ctx):
            ctx.tx.execute(text("select set_config('lock_timeout', '500ms', true)"))
            done = work()
            ctx.tx.execute(text("select set_config('lock_timeout', '0', true)"))
    except OperationalError as error:
        if not isinstance(error.orig, LockNotAvailable):
            raise
        return None
    return done


def _next(ctx: Ctx, values: Sequence[Any]) -> datetime | None:
    unfiled, due = values
    return ctx.now if unfiled else due


DUE: Due = Probe((any_unfiled, housekeeping.due_at.scalar_subquery()), _next)
"""Now while an erasure is not filed, else when the daily housekeeping is due."""
