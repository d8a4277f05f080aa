"""Private: what tags do by themselves: follow merges, imports and erasure, expire, keep in step with platforms."""

from collections.abc import Sequence

from siyu.kernel.ctx import Ctx
from siyu.kernel.jobs import Pulse
from siyu.kernel.notices import Notice
from siyu.kernel.probes import Due, earliest
from siyu.tags import actions, imported
from siyu.tags.looking import LOOKS
from siyu.tags.marking import MARKS
from siyu.tags.store import changes, marks, remote

PHASES = (LOOKS, MARKS)


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


def notice(ctx: Ctx, notices: Sequence[Notice]) -> None:
    """Compare the taxonomy of accounts that are new or were changed."""
    saved = [int(str(one.payload["account_id"])) for one in notices if one.kind == "platforms.account_saved"]
    if saved:
        actions.look(ctx, saved)


DUE: Due = earliest(changes.next_expiry, remote.next_look, marks.next_mark)
"""When the next tag expires, the next taxonomy is compared, and the next platform is told of somebody."""
