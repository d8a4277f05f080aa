"""Moves by hand: people are put into another stage of a journey, all of them or nobody."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from siyu.journeys import days, engine, queries, sequences, store_reading, store_rounds
from siyu.journeys.program import Program
from siyu.journeys.round import Place, Round
from siyu.journeys.stages import BY_HAND
from siyu.journeys.store_rounds import Person
from siyu.journeys.types import (
    JourneyState,
    MoveComing,
    MovePreview,
    MoveWithdrawn,
    NotMovable,
    UnknownStage,
    WrongState,
)
from siyu.kernel import audit
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import ring

SHOWN = 100
"""People that a refusal names, at most."""


def by_hand(ctx: Ctx, journey_id: int, who: Sequence[int], stage: str, reason: str) -> int:
    """Put people into a stage of a running or paused journey; returns how many. ``reason`` is kept with the move.

    Their sequence is swapped at once, and what the former stage has asked for and is not yet handed over is withdrawn.
    Raises UnknownJourney, WrongState, UnknownStage, NotMovable; then nobody was moved.
    """
    state, people, programs = _chosen(ctx, journey_id, who, stage)
    work = Round(ctx, programs)
    groups: dict[Place, list[Person]] = {}
    for one in people:
        groups.setdefault(Place(journey_id, one.version, one.node, one.waiting, True), []).append(one)
    for place, group in groups.items():
        work.move(place, group, stage, BY_HAND, ctx.actor.label, reason)
    if state == JourneyState.RUNNING:
        engine.live(work)
    work.finish(people)
    audit.record(ctx, "journeys.move", "journey", journey_id, stage=stage, people=len(people), reason=reason)
    ring(ctx, "tick")
    return len(people)


def preview(ctx: Ctx, journey_id: int, who: Sequence[int], stage: str) -> MovePreview:
    """What ``by_hand`` would do now: what is withdrawn and what comes next. Changes nothing; raises as ``by_hand``."""
    _, people, programs = _chosen(ctx, journey_id, who, stage)
    titles = {node.id: node.title for program in programs.values() for node in program.nodes}
    asked = store_reading.still_open(ctx, journey_id, [(one.customer_id, one.enrolment_id) for one in people])
    coming: Counter[tuple[str, datetime, str | None]] = Counter()
    local = sequences.local(ctx)
    for (_, version), program in programs.items():
        (target,) = (one for one in program.stages if one.id == stage)
        number = sum(one.version == version for one in people)
        for piece in days.plan(target.sequence, ctx.now, local):
            coming[piece.piece, piece.at, piece.skip] += number
    return MovePreview(
        len(people),
        [MoveWithdrawn(node, titles.get(node, node), handed, n) for node, handed, n in asked],
        [
            MoveComing(node, titles[node], at, skip, n)
            for (node, at, skip), n in sorted(coming.items(), key=lambda one: one[0][1])
        ],
    )


def _chosen(
    ctx: Ctx, journey_id: int, who: Sequence[int], stage: str
) -> tuple[JourneyState, list[Person], dict[tuple[int, int], Program]]:
    """The state, the people, locked, and their programs; raises when somebody cannot be moved to the stage."""
    row = queries.row(ctx, journey_id)
    if row.state not in (JourneyState.RUNNING, JourneyState.PAUSED):
        raise WrongState(f"the journey is {row.state}", field="state", detail={"state": row.state})
    if stage not in {one.id for one in queries.program(ctx, journey_id, row.version).stages}:
        raise UnknownStage(f"this journey has no stage {stage}", field="stage")
    people = store_rounds.inside(ctx, journey_id, sorted(set(who)))
    absent = sorted(set(who) - {one.customer_id for one in people})
    if absent:
        _refuse("not in this journey", "customers", absent)
    if there := [one.customer_id for one in people if one.stage == stage]:
        _refuse("already in this stage", "stage", there)
    # set-loop: per version in which somebody is
    programs = {
        (journey_id, version): queries.program(ctx, journey_id, version) for version in {one.version for one in people}
    }
    lack = {key for key, program in programs.items() if stage not in {one.id for one in program.stages}}
    if old := [one.customer_id for one in people if (journey_id, one.version) in lack]:
        _refuse("in an older version, which has no such stage", "stage", old)
    return JourneyState(row.state), people, programs


def _refuse(why: str, field: str, customers: Sequence[int]) -> None:
    more = f" and {len(customers) - 1} more" if len(customers) > 1 else ""
    raise NotMovable(
        f"customer {customers[0]}{more}: {why}", field=field, detail={"customers": list(customers[:SHOWN])}
    )
