"""Private: what groups does in a pulse: its rows follow merges and splits."""

from siyu.groups import store
from siyu.kernel.ctx import Ctx
from siyu.kernel.jobs import Pulse


def pulse(ctx: Ctx, pulse: Pulse) -> None:
    """Rows of an origin go where the last merge or split of this pulse sent it."""
    moves = {}
    for event in pulse.of("merged", "split"):
        origin, to = event.props.get("origin_id"), event.props.get("to_id")
        if isinstance(origin, int) and isinstance(to, int):
            moves[origin] = to
    if moves:
        store.move_origins(ctx, list(moves), list(moves.values()))
