"""Private: forget the keys of callbacks handled long ago. No next_due: nothing waits for housekeeping."""

from siyu.kernel.ctx import Ctx
from siyu.platforms import actions


def tick(ctx: Ctx, limit: int) -> int:
    """Purge at most ``limit`` rows."""
    return actions.purge(ctx, limit)
