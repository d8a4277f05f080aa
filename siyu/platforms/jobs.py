"""Private: forget the keys of callbacks handled long ago, once a day."""

from datetime import datetime, timedelta

from siyu.kernel.ctx import Ctx
from siyu.platforms import actions, store


def tick(ctx: Ctx, limit: int) -> int:
    """Purge at most ``limit`` rows."""
    return actions.purge(ctx, limit)


def next_due(ctx: Ctx) -> datetime | None:
    """The day on which the oldest key may go: whole days, so that a virtual world does not stop for each of them."""
    oldest = store.oldest_done(ctx)
    return actions.day(oldest) + actions.KEEP_KEYS + timedelta(days=1) if oldest is not None else None
