"""Door: the state of reading back from the platforms."""

from siyu.intake import store
from siyu.intake.rounds import next_turn
from siyu.intake.types import ArchiveState, Ignored, Round
from siyu.intake.words import opt_out_word
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


def archives(ctx: Ctx) -> list[ArchiveState]:
    """How far each corp's conversation archive was read."""
    return [
        ArchiveState(row.account_id, row.seq, row.due_at, row.read_at, row.failures, row.error)
        for row in store.archive_rows(ctx)
    ]


__all__ = ["archives", "ignored", "next_turn", "readings_waiting", "rounds"]


def is_opt_out(text: str) -> bool:
    """Whether a message is one of the words that stop pushes, and nothing else."""
    return opt_out_word(text) is not None
