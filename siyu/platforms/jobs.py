"""Private: forget the keys of callbacks handled long ago, once a day."""

from datetime import datetime

from siyu.kernel.ctx import Ctx
from siyu.platforms import actions


def tick(ctx: Ctx, limit: int) -> int:
    """Purge at most ``limit`` rows."""
    return actions.purge(ctx, limit)


def next_due(ctx: Ctx) -> datetime | None:
    """When keys are old enough; a day late, so that a day's keys go in one go."""
    return actions.purge_due(ctx)
