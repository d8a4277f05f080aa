"""Private: what tags do by themselves: follow merges, imports and erasure, let tags expire."""

from datetime import datetime

from siyu.kernel.ctx import Ctx
from siyu.kernel.jobs import Pulse
from siyu.tags import actions, imported
from siyu.tags.store import changes


def pulse(ctx: Ctx, pulse: Pulse) -> None:
    """Move the tags of merged and split customers (props origin_id, from_id, to_id); forget those of erased ones."""
    moves: dict[int, tuple[int, int]] = {}
    for event in pulse.of("merged", "split"):
        origin, source, target = (int(str(event.props[name])) for name in ("origin_id", "from_id", "to_id"))
        moves[origin] = (moves[origin][0] if origin in moves else source, target)
    if moves:
        actions.move(ctx, moves)
    imported.give(ctx, pulse)
    imported.take_back(ctx, pulse)
    if erased := [event.customer_id for event in pulse.of("erased")]:
        actions.erase(ctx, erased)


def tick(ctx: Ctx, limit: int) -> int:
    """Take off tags whose time has come."""
    return actions.expire(ctx, limit)


def next_due(ctx: Ctx) -> datetime | None:
    """When the next tag expires."""
    return changes.next_expiry(ctx)
