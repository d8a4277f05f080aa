"""Private: what is forgotten. Requests, moves and the seen-set stay; counters whose period is over go."""

from datetime import date, datetime, timedelta

from sqlalchemy import delete, func, select, tuple_

from siyu.kernel.ctx import Ctx
from siyu.outreach.spending import minute_window
from siyu.outreach.store import quota, receipt, tally

KEPT = timedelta(days=70)
"""Longer than any period that is counted (a natural month)."""


def forget(ctx: Ctx, limit: int) -> int:
    """Delete tallies, quota windows and receipts that no rule looks at any more; returns how many."""
    day = ctx.now.astimezone(ctx.zone).date() - KEPT
    oldest: date | None = ctx.tx.execute(select(func.min(tally.c.day))).scalar_one()
    gone = 0
    if oldest is not None and oldest < day:
        key = (tally.c.customer_id, tally.c.day, tally.c.route, tally.c.account_id)
        old = select(*key).where(tally.c.day < day).limit(limit)
        gone += ctx.tx.execute(delete(tally).where(tuple_(*key).in_(old))).rowcount
        ctx.tx.execute(delete(quota).where(quota.c.window < day.isoformat(), quota.c.window.not_like("m%")))
        ctx.tx.execute(delete(quota).where(quota.c.window < minute_window(), quota.c.window.like("m%")))
    stale: datetime | None = ctx.tx.execute(select(func.min(receipt.c.at))).scalar_one()
    if stale is not None and stale < ctx.now - KEPT:
        names = (receipt.c.account_id, receipt.c.kind, receipt.c.platform_id)
        past = select(*names).where(receipt.c.at < ctx.now - KEPT).limit(limit)
        gone += ctx.tx.execute(delete(receipt).where(tuple_(*names).in_(past))).rowcount
    return gone
