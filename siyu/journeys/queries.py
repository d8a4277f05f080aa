"""Door: reads of journeys."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row

from siyu.journeys import facts, store, store_reading
from siyu.journeys.program import Branch, Program, Tagging, edges, load
from siyu.journeys.types import (
    Enrolment,
    History,
    Journey,
    JourneyState,
    Mode,
    StepTaken,
    UnknownJourney,
    UnknownVersion,
    Version,
    Wave,
    WaveEdge,
    WaveNode,
)
from siyu.kernel.ctx import Ctx
from siyu.kernel.paging import Page, cursor, keys
from siyu.outreach import queries as outreach
from siyu.outreach.types import Entry, Origin
from siyu.segments import queries as segments
from siyu.segments.types import Depends, Use
from siyu.tags.types import Use as TagUse


def row(ctx: Ctx, journey_id: int, *, lock: bool = False) -> Row[*tuple[Any, ...]]:
    """The stored row of a journey; raises UnknownJourney."""
    found = store.journey_row(ctx, journey_id=journey_id, lock=lock)
    if found is None:
        raise UnknownJourney("there is no such journey", field="journey_id")
    return found


def _journey(found: Row[*tuple[Any, ...]]) -> Journey:
    return Journey(
        journey_id=found.journey_id,
        key=found.key,
        name=found.name,
        mode=Mode(found.mode),
        state=JourneyState(found.state),
        version=found.version,
        segment_id=found.segment_id,
        created_at=found.created_at,
        started_at=found.started_at,
        stopped_at=found.stopped_at,
        fill_done=found.fill_done,
        fill_total=found.fill_total,
    )


def journeys(ctx: Ctx) -> list[Journey]:
    """All journeys, oldest first."""
    return [_journey(found) for found in store.journey_rows(ctx)]


def journey(ctx: Ctx, journey_id: int) -> Journey:
    """One journey; raises UnknownJourney."""
    return _journey(row(ctx, journey_id))


def by_key(ctx: Ctx, key: str) -> Journey:
    """The journey with this key; raises UnknownJourney."""
    found = store.journey_row(ctx, key=key)
    if found is None:
        raise UnknownJourney(f"there is no journey {key}", field="key")
    return _journey(found)


def versions(ctx: Ctx, journey_id: int) -> list[Version]:
    """All versions, newest first; raises UnknownJourney."""
    row(ctx, journey_id)
    return [
        Version(found.journey_id, found.version, found.created_at, found.actor, found.definition)
        for found in store.version_rows(ctx, journey_id)
    ]


def version(ctx: Ctx, journey_id: int, number: int | None = None) -> Version:
    """One version, the live one by default; raises UnknownJourney, UnknownVersion."""
    wanted = number if number is not None else row(ctx, journey_id).version
    for found in store.version_rows(ctx, journey_id, wanted):
        return Version(found.journey_id, found.version, found.created_at, found.actor, found.definition)
    raise UnknownVersion("the journey has no such version", field="version")


def program(ctx: Ctx, journey_id: int, number: int) -> Program:
    """The program of a version; raises UnknownVersion."""
    for found in store.program_rows(ctx, journey_id, number):
        return load(found.program)
    raise UnknownVersion("the journey has no such version", field="version")


def wave(ctx: Ctx, journey_id: int, number: int | None = None) -> Wave:
    """The flow of a version (default: the live one) with its counts; raises UnknownJourney, UnknownVersion.

    ``here`` of a node is what came in less what went out: no enrolment is read.
    """
    wanted = number if number is not None else row(ctx, journey_id).version
    flow = program(ctx, journey_id, wanted)
    taken = store.edge_rows(ctx, journey_id, wanted)
    counts = {(found.source, found.edge, found.target): int(found.n) for found in taken}
    here = {node.id: 0 for node in flow.nodes}
    ended: dict[str, int] = {}
    for (source, edge, target), n in counts.items():
        if source:
            here[source] -= n
        if target:
            here[target] += n
        elif source:
            reason = edge.removeprefix(store.END) if edge.startswith(store.END) else "completed"
            ended[reason] = ended.get(reason, 0) + n
    sends: dict[str, dict[str, int]] = {}
    for count in outreach.by_step(ctx, Origin("journey", journey_id, wanted)):
        label = f"{count.state.value}:{count.reason}" if count.reason else count.state.value
        of = sends.setdefault(count.node, {})
        of[label] = of.get(label, 0) + count.requests
    entered = sum(n for (source, _, _), n in counts.items() if not source)
    drawn = {("", "entered", flow.first): 0}
    drawn |= {(node.id, edge, target or ""): 0 for node in flow.nodes for edge, target in edges(node)}
    return Wave(
        journey_id=journey_id,
        version=wanted,
        entered=entered,
        active=entered - sum(ended.values()),
        ended=dict(sorted(ended.items())),
        nodes=[WaveNode(node.id, node.kind, node.title, here[node.id], sends.get(node.id, {})) for node in flow.nodes],
        edges=[
            WaveEdge(source or None, edge.removeprefix(store.END), target or None, n)
            for (source, edge, target), n in sorted((drawn | counts).items())
        ],
    )


def enrolments(
    ctx: Ctx,
    journey_id: int,
    *,
    node: str | None = None,
    active: bool | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page[Enrolment]:
    """Who is or was in a journey, newest first. Raises UnknownJourney, BadCursor."""
    row(ctx, journey_id)
    before = int(str(keys(after, 1)[0])) if after else None
    rows = store_reading.listed(ctx, journey_id, node, active, before, limit + 1)
    items = [_enrolment(found) for found in rows[:limit]]
    return Page(items, cursor(items[-1].enrolment_id) if len(rows) > limit else None)


def _enrolment(found: Row[*tuple[Any, ...]]) -> Enrolment:
    return Enrolment(
        enrolment_id=found.enrolment_id,
        customer_id=found.customer_id,
        journey_id=found.journey_id,
        version=found.version,
        node=found.node,
        waiting=found.waiting,
        due_at=found.due_at if found.state == "active" else None,
        entered_at=found.entered_at,
        ended_at=found.ended_at,
        reason=found.reason,
    )


def why(ctx: Ctx, customer_id: int, journey_id: int | None = None) -> list[History]:
    """What a customer lives through: enrolments, newest first, with steps, goals and outreach's decisions."""
    rows = store_reading.of_customer(ctx, customer_id, journey_id)
    if not rows:
        return []
    steps: dict[int, list[StepTaken]] = {}
    for found in store_reading.steps_of(ctx, customer_id):
        steps.setdefault(found.enrolment_id, []).append(StepTaken(found.visit, found.node, found.edge, found.at))
    goals: dict[int, dict[str, datetime]] = {}
    for reached in store_reading.goals_of(ctx, customer_id):
        goals.setdefault(reached.enrolment_id, {})[reached.goal] = reached.at
    ledger: dict[int, list[Entry]] = {}
    for entry in outreach.ledger(ctx, customer_id, limit=200).items:
        if entry.origin.kind == "journey":
            ledger.setdefault(int(entry.key.split(":")[1]), []).append(entry)
    return [
        History(
            _enrolment(found),
            steps.get(found.enrolment_id, []),
            goals.get(found.enrolment_id, {}),
            ledger.get(found.enrolment_id, []),
        )
        for found in rows
    ]


def uses_segment(ctx: Ctx, segment_id: int) -> list[Use]:
    """The journeys, stopped ones aside, whose live version needs the segment; ``app`` registers it (segments.uses)."""
    return [
        Use("journey", found.journey_id, found.name)
        for found in store.live_programs(ctx)
        if segment_id == found.segment_id or segment_id in _conditions(load(found.program)).segments
    ]


def uses_tag(ctx: Ctx, tag_id: int) -> list[TagUse]:
    """The journeys, stopped ones aside, whose live version needs the tag; ``app`` registers it with ``tags.uses``."""
    return [
        TagUse("journey", found.journey_id, found.name)
        for found in store.live_programs(ctx)
        if tag_id in _conditions(load(found.program)).tags
        or any(isinstance(node, Tagging) and node.tag_id == tag_id for node in load(found.program).nodes)
    ]


def _conditions(flow: Program) -> Depends:
    """What the branches, exit rules and goals of a program depend on."""
    conditions = [guard.condition for guard in flow.guards]
    conditions += [case.condition for node in flow.nodes if isinstance(node, Branch) for case in node.cases]
    found = Depends()
    for one in conditions:
        found |= segments.depends(facts.condition(one))
    return found
