"""Private: what customers do by themselves: partitions ahead, retention, the last carry after merges."""

from datetime import UTC, datetime, timedelta

from siyu.customers.recording import REMEMBERED
from siyu.customers.store import ensure_partitions, housekeeping, moves
from siyu.customers.store import events as store
from siyu.kernel.ctx import Ctx

KEPT_ASIDE = timedelta(days=90)
"""So long the events of visitors wait for somebody to recognise them (PRODUCT.md K1)."""
EVERY = timedelta(hours=24)


def tick(ctx: Ctx, limit: int) -> int:
    """Settle moves at once; once a day make partitions, drop old keys and old visits. Returns rows done."""
    done = moves.arm(ctx)
    if settled := moves.settle(ctx, limit):
        moves.carry(ctx, settled)
        done += len(settled)
    due = housekeeping.due(ctx)
    if due is not None and due > ctx.now:
        return done
    made = ensure_partitions(ctx.tx, ctx.now)
    # A key must outlive its day by the whole span, so that an event of the last second is still recognised.
    old = store.forget_keys(ctx, (ctx.now - REMEMBERED - EVERY).astimezone(UTC).date(), limit)
    old += store.drop_old_visits(ctx, ctx.now - KEPT_ASIDE, limit)
    if old < limit:
        housekeeping.plan(ctx, ctx.now + EVERY)
    return done + old + len(made)


def next_due(ctx: Ctx) -> datetime | None:
    """When the daily housekeeping is due."""
    return housekeeping.due(ctx)
