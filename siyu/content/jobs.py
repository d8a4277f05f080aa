"""Private: what content does about events: submissions follow their people, and go when a person is erased."""

from siyu.content.reading import store
from siyu.kernel.ctx import Ctx
from siyu.kernel.jobs import Pulse


def pulse(ctx: Ctx, pulse: Pulse) -> None:
    """Move the submissions of origins that changed their customer (``merged``, ``split``); drop those of the erased."""
    moves = [
        (int(str(event.props["origin_id"])), int(str(event.props["from_id"])), int(str(event.props["to_id"])))
        for event in pulse.of("merged", "split")
    ]
    if moves:
        store.move_submissions(ctx, moves)
    if erased := sorted({event.customer_id for event in pulse.of("erased")}):
        store.erase_submissions(ctx, erased)
