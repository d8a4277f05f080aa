"""Private: what groups does in a pulse: its rows follow merges and splits, and go when a person is erased."""

from siyu.groups import store
from siyu.kernel.ctx import Ctx
from siyu.kernel.jobs import Pulse


def pulse(ctx: Ctx, pulse: Pulse) -> None:
    """Rows of an origin go where the last merge or split of this pulse sent it; those of erased people are deleted.

    Who is erased and still in a group is listed by its next reading as a stranger, like others who are no customers.
    """
    moves = {}
    for event in pulse.of("merged", "split"):
        origin, to = event.props.get("origin_id"), event.props.get("to_id")
        if isinstance(origin, int) and isinstance(to, int):
            moves[origin] = to
    if moves:
        store.move_origins(ctx, list(moves), list(moves.values()))
    if erased := sorted({event.customer_id for event in pulse.of("erased")}):
        store.forget_customers(ctx, erased)
