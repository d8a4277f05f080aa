"""Private: what tasks do by themselves: expire, follow merges, go when a person is erased."""

from collections.abc import Sequence

from siyu.kernel.ctx import Ctx
from siyu.kernel.jobs import Pulse
from siyu.kernel.notices import Notice
from siyu.kernel.probes import Due, earliest
from siyu.tasks import actions, store


def pulse(ctx: Ctx, pulse: Pulse) -> None:
    """Tasks of an origin go where the last merge or split of this pulse sent it; those of erased people go."""
    moves: dict[int, tuple[int, int]] = {}
    for event in pulse.of("merged", "split"):
        origin, source, target = (int(str(event.props[name])) for name in ("origin_id", "from_id", "to_id"))
        moves[origin] = (moves[origin][0] if origin in moves else source, target)
    if steps := [(origin, source, to) for origin, (source, to) in sorted(moves.items()) if source != to]:
        actions.move(ctx, steps)
    if erased := sorted({event.customer_id for event in pulse.of("erased")}):
        actions.erase(ctx, erased)


def notice(ctx: Ctx, notices: Sequence[Notice]) -> None:
    """Whoever is switched off leaves their tasks to others."""
    switched = {int(str(one.payload["staff_id"])) for one in notices if one.kind == "team.staff_switched"}
    if switched:
        actions.leave(ctx, sorted(switched))


def tick(ctx: Ctx, limit: int) -> int:
    """End tasks whose time is over."""
    return actions.expire(ctx, limit)


DUE: Due = earliest(store.next_expiry)
"""When the next open task expires."""
