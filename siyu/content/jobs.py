"""Private: what content does about events: submissions follow their people when customers merge or split."""

from siyu.content.reading import store
from siyu.kernel.ctx import Ctx
from siyu.kernel.jobs import Pulse


def pulse(ctx: Ctx, pulse: Pulse) -> None:
    """Move the submissions of origins that changed their customer (told by ``merged`` and ``split``)."""
    moves = [
        (int(str(event.props["origin_id"])), int(str(event.props["from_id"])), int(str(event.props["to_id"])))
        for event in pulse.of("merged", "split")
    ]
    if moves:
        store.move_submissions(ctx, moves)
