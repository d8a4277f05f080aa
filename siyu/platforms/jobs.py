"""Private: forget the keys of callbacks handled long ago, once a day."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from siyu.kernel.ctx import Ctx
from siyu.kernel.probes import Due, Probe
from siyu.platforms import actions, store


def tick(ctx: Ctx, limit: int) -> int:
    """Purge at most ``limit`` rows."""
    return actions.purge(ctx, limit)


def _purge_day(ctx: Ctx, values: Sequence[datetime | None]) -> datetime | None:
    oldest = values[0]
    return actions.day(oldest) + actions.KEEP_KEYS + timedelta(days=1) if oldest is not None else None


DUE: Due = Probe((store.oldest_done.scalar_subquery(),), _purge_day)
"""The day on which the oldest key may go: whole days, so that a virtual world does not stop for each of them."""
