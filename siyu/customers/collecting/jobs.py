"""Private: forgetting visitors who were not seen for 90 days."""

from datetime import datetime, timedelta

from siyu.customers.collecting import store
from siyu.kernel.ctx import Ctx

KEPT_ASIDE = timedelta(days=90)
"""As long as the events of a visitor wait for somebody to recognise them (PRODUCT.md K1)."""
DAY = timedelta(days=1)


def tick(ctx: Ctx, limit: int) -> int:
    """Forget visitors whose events are gone, too; returns how many."""
    return store.forget_visitors(ctx, ctx.now - KEPT_ASIDE, limit)


def next_due(ctx: Ctx) -> datetime | None:
    """When the visitor longest unseen is to be forgotten."""
    oldest = store.oldest_visitor(ctx)
    return None if oldest is None else oldest + KEPT_ASIDE + DAY
