"""Journeys follow merges and splits of customers (ARCHITECTURE.md section 6, "Merges")."""

from collections.abc import Sequence

from siyu.experiments import actions as experiments
from siyu.journeys import entries, store, store_enrolments, store_merges
from siyu.journeys.store_merges import Moves
from siyu.kernel.ctx import Ctx
from siyu.kernel.jobs import PulseEvent


def generations(moves: Moves) -> list[list[tuple[int, int, int]]]:
    """Part moves so that inside one part no customer is touched twice, in the order given.

    Chains (A into B, B into C) and groups (A and B into C) need one part per link; thousands of pairs need one.
    """
    parts: list[list[tuple[int, int, int]]] = []
    last: dict[int, int] = {}
    for origin_id, from_id, to_id in moves:
        part = max(last.get(from_id, -1), last.get(to_id, -1)) + 1
        last[from_id] = last[to_id] = part
        if part == len(parts):
            parts.append([])
        parts[part].append((origin_id, from_id, to_id))
    return parts


def follow(ctx: Ctx, events: Sequence[PulseEvent]) -> None:
    """Carry enrolments and arms along with ``merged`` and ``split``, in the order of the events.

    Two active enrolments that meet in one journey: the one further on stays, the other ends ``merged``; a split
    takes it up again where it stood.
    """
    moves = []
    kinds = {}
    for event in events:
        origin_id, from_id, to_id = (int(str(event.props[name])) for name in ("origin_id", "from_id", "to_id"))
        moves.append((origin_id, from_id, to_id))
        kinds[origin_id, from_id, to_id] = event.type
    for part in generations(moves):
        # set-loop: one round per link of a chain of merges
        experiments.move(ctx, part)
        entries.note_ended(ctx, store_merges.end_behind(ctx, part))
        store_merges.carry(ctx, part)
        apart = [move for move in part if kinds[move] == "split"]
        if apart:
            _revived(ctx, store_merges.revive(ctx, sorted({customer for move in apart for customer in move[1:]})))


def _revived(ctx: Ctx, batch: Sequence[tuple[int, int]]) -> None:
    """Take back the count of those whom the merge had ended."""
    counts: dict[tuple[int, int, str], int] = {}
    for row in store_enrolments.standing(ctx, batch) if batch else ():
        place = (row.journey_id, row.version, row.node)
        counts[place] = counts.get(place, 0) - 1
    store.count_edges(
        ctx,
        [
            {
                "journey_id": journey_id,
                "version": version,
                "source": node,
                "edge": f"{store.END}merged",
                "target": "",
                "n": n,
            }
            for (journey_id, version, node), n in sorted(counts.items())
        ],
    )
