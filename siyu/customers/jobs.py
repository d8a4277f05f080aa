"""Private: what customers do by themselves: partitions ahead, retention, the last carry after merges."""

from datetime import UTC, timedelta

from psycopg.errors import LockNotAvailable
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from siyu.customers import people
from siyu.customers.recording import REMEMBERED
from siyu.customers.store import ensure_partitions, housekeeping, moves, visits
from siyu.customers.store import events as store
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import savepoint
from siyu.kernel.probes import Due, earliest

KEPT_ASIDE = timedelta(days=90)
"""So long the events of visitors wait for somebody to recognise them (PRODUCT.md K1)."""
EVERY, SOON = timedelta(hours=24), timedelta(minutes=10)


def tick(ctx: Ctx, limit: int) -> int:
    """Settle moves at once; once a day make partitions, drop old keys and old visits. Returns rows done."""
    done = moves.arm(ctx) + people.last_carry(ctx, limit)
    due = housekeeping.due(ctx)
    if due is not None and due > ctx.now:
        return done
    made = _partitions(ctx)
    # A key must outlive its day by the whole span, so that an event of the last second is still recognised.
    old = store.forget_keys(ctx, (ctx.now - REMEMBERED - EVERY).astimezone(UTC).date(), limit)
    old += visits.drop_old_visits(ctx, ctx.now - KEPT_ASIDE, limit)
    if old < limit:
        housekeeping.plan(ctx, ctx.now + (SOON if made is None else EVERY))
    return done + old + (made or 0)


def _partitions(ctx: Ctx) -> int | None:
    """Make partitions that are missing; None when somebody writes events for so long that the lock cannot be had.

    Attaching locks the partition that takes everything else. Waiting for it would keep every later writer waiting, so
    the try is short, and comes again; until then rows go where they would have gone anyway.
    """
    try:
        with savepoint(ctx):
            ctx.tx.execute(text("select set_config('lock_timeout', '500ms', true)"))
            made = len(ensure_partitions(ctx.tx, ctx.now))
            ctx.tx.execute(text("select set_config('lock_timeout', '0', true)"))
    except OperationalError as error:
        if not isinstance(error.orig, LockNotAvailable):
            raise
        return None
    return made


DUE: Due = earliest(housekeeping.due_at)
"""When the daily housekeeping is due."""
