"""Private: forgetting visitors who were not seen for 90 days."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from siyu.customers.collecting import store
from siyu.kernel.ctx import Ctx
from siyu.kernel.probes import Due, Probe

KEPT_ASIDE = timedelta(days=90)
"""As long as the events of a visitor wait for somebody to recognise them (PRODUCT.md K1)."""
DAY = timedelta(days=1)


def tick(ctx: Ctx, limit: int) -> int:
    """Forget visitors whose events are gone, too; returns how many."""
    return store.forget_visitors(ctx, ctx.now - KEPT_ASIDE, limit)


def _forget_day(ctx: Ctx, values: Sequence[datetime | None]) -> datetime | None:
    oldest = values[0]
    return None if oldest is None else oldest + KEPT_ASIDE + DAY


DUE: Due = Probe((store.oldest_visitor.scalar_subquery(),), _forget_day)
"""When the visitor longest unseen is to be forgotten."""
