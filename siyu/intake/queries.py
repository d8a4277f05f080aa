"""Door: the state of reading back from the platforms."""

from siyu.intake import store
from siyu.intake.rounds import next_turn
from siyu.intake.types import Ignored, Round
from siyu.kernel.ctx import Ctx


def rounds(ctx: Ctx) -> list[Round]:
    """The reconciliations of all accounts: the next turn, or how far the present one is."""
    return [
        Round(
            row.account_id,
            row.kind,
            row.next_at,
            row.running,
            row.started_at,
            row.finished_at,
            row.seen,
            row.healed,
            row.failures,
            row.error,
        )
        for row in store.round_rows(ctx)
    ]


def readings_waiting(ctx: Ctx) -> int:
    """How many single readings (unionids, contacts, groups, mass sends) are still to be made."""
    return store.lookups_waiting(ctx)


def ignored(ctx: Ctx) -> list[Ignored]:
    """Callbacks of kinds that Siyu has no use for, counted."""
    return [Ignored(row.account_id, row.kind, row.callbacks, row.latest_at) for row in store.ignored_rows(ctx)]


__all__ = ["ignored", "next_turn", "readings_waiting", "rounds"]
