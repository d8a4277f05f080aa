"""Journeys follow merges and splits of customers (ARCHITECTURE.md section 6, "Merges")."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row

from siyu.experiments import actions as experiments
from siyu.journeys import store, store_merges, store_rounds, telling
from siyu.journeys.store_merges import Moves
from siyu.journeys.store_rounds import Step
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

    Two active enrolments that meet in one journey: the one further on stays, the other ends ``merged`` and the send for
    which it waited is withdrawn; a split takes it up again where it stood, and asks for that send anew.
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
        telling.note_ended(ctx, store_merges.end_behind(ctx, part))
        store_merges.carry(ctx, part)
        apart = [move for move in part if kinds[move] == "split"]
        if apart:
            revived = store_merges.revive(ctx, sorted({customer for move in apart for customer in move[1:]}))
            telling.count_ends(ctx, revived, back=True)
            _ask_again(ctx, [row for row in revived if row.waiting == "not_sent"])


def _ask_again(ctx: Ctx, rows: Sequence[Row[*tuple[Any, ...]]]) -> None:
    """Let people come to the send at which they stand once more: a merge had withdrawn it."""
    if not rows:
        return
    store_merges.ask_again(ctx, [(row.customer_id, row.enrolment_id) for row in rows])
    store_rounds.log(
        ctx, [Step(row.customer_id, row.enrolment_id, row.visit + 1, row.node, "asked_again") for row in rows]
    )
    stand = Counter((row.journey_id, row.version, row.node, "asked_again", row.node) for row in rows)
    store.count_edges(ctx, stand)
