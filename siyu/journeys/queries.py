"""Door: reads of journeys."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from siyu.content.types import Use as ContentUse
from siyu.journeys import facts, store, store_reading
from siyu.journeys.answering import answered as answered
from siyu.journeys.program import Branch, Node, Piece, Program, Rest, Send, Stage, Tagging, WaitFor, edges, load
from siyu.journeys.types import (
    Enrolment,
    History,
    Journey,
    JourneyKind,
    JourneyState,
    Mode,
    Passage,
    StageName,
    StepTaken,
    UnknownJourney,
    UnknownVersion,
    Version,
    Wave,
    WaveEdge,
    WaveNode,
)
from siyu.kernel.ctx import Ctx
from siyu.kernel.paging import BadCursor, Page, cursor, numbers
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


def _journey(ctx: Ctx, found: Row[*tuple[Any, ...]]) -> Journey:
    return _told(found, store.live_programs(ctx, found.journey_id)[found.journey_id])


def _told(found: Row[*tuple[Any, ...]], live: str) -> Journey:
    flow = load(live)
    return Journey(
        journey_id=found.journey_id,
        key=found.key,
        name=found.name,
        mode=Mode(found.mode),
        kind=JourneyKind(found.kind),
        state=JourneyState(found.state),
        version=found.version,
        segment_id=found.segment_id,
        created_at=found.created_at,
        started_at=found.started_at,
        stopped_at=found.stopped_at,
        fill_done=found.fill_done,
        fill_total=found.fill_total,
        stages=tuple(StageName(stage.id, stage.title) for stage in flow.stages),
        titles=_titles(flow),
    )


def _titles(flow: Program) -> dict[str, str]:
    given = [(store.GOAL if guard.goal else store.END, guard.name, guard.title) for guard in flow.guards]
    given += [(store.MOVE, move.reason, move.title) for move in flow.moves]
    return {f"{kind}{name}": title for kind, name, title in given if title}


def journeys(ctx: Ctx) -> list[Journey]:
    """All journeys, oldest first."""
    live = store.live_programs(ctx)
    return [_told(found, live[found.journey_id]) for found in store.journey_rows(ctx)]


def journey(ctx: Ctx, journey_id: int) -> Journey:
    """One journey; raises UnknownJourney."""
    return _journey(ctx, row(ctx, journey_id))


def by_key(ctx: Ctx, key: str) -> Journey:
    """The journey with this key; raises UnknownJourney."""
    found = store.journey_row(ctx, key=key)
    if found is None:
        raise UnknownJourney(f"there is no journey {key}", field="key")
    return _journey(ctx, found)


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
    goals = {guard.name: counts.pop(("", f"{store.GOAL}{guard.name}", ""), 0) for guard in flow.guards if guard.goal}
    here = {node.id: 0 for node in flow.nodes}
    ended: dict[str, int] = {}
    ended_at: dict[str, dict[str, int]] = {node.id: {} for node in flow.nodes}
    for (source, edge, target), n in counts.items():
        if source:
            here[source] -= n
        if target:
            here[target] += n
        elif n:
            reason = edge.removeprefix(store.END) if edge.startswith(store.END) else "completed"
            ended[reason] = ended.get(reason, 0) + n
            ended_at[source][reason] = ended_at[source].get(reason, 0) + n
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
        goals=goals,
        titles=_titles(flow),
        nodes=[
            WaveNode(
                node.id,
                node.kind,
                _stage(node),
                node.title,
                node.types[0] if isinstance(node, WaitFor) and node.types else None,
                here[node.id],
                ended_at[node.id],
                sends.get(node.id, {}),
            )
            for node in flow.nodes
        ],
        edges=[
            WaveEdge(source or None, edge.removeprefix(store.END), target or None, n)
            for (source, edge, target), n in sorted((drawn | counts).items())
        ],
    )


def _stage(node: Node) -> str | None:
    match node:
        case Stage():
            return node.id
        case Piece() | Rest():
            return node.stage
        case _:
            return None


def enrolments(
    ctx: Ctx,
    journey_id: int,
    number: int | None = None,
    *,
    node: str | None = None,
    stage: str | None = None,
    active: bool | None = None,
    reason: str | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page[Enrolment]:
    """Who is or was in a version (default: the live one) of a journey, newest first; ``node`` and ``stage``: who
    stands or ended there, ``reason``: who ended for it. Raises UnknownJourney, BadCursor."""
    live = row(ctx, journey_id).version
    before = numbers(after, 1)[0] if after else None
    rows = store_reading.listed(
        ctx,
        journey_id,
        live if number is None else number,
        node=node,
        stage=stage,
        active=active,
        reason=reason,
        before=before,
        limit=limit + 1,
    )
    items = [_enrolment(found) for found in rows[:limit]]
    return Page(items, cursor(items[-1].enrolment_id) if len(rows) > limit else None)


def passages(
    ctx: Ctx,
    journey_id: int,
    number: int | None = None,
    *,
    source: str | None,
    edge: str,
    target: str,
    after: str | None = None,
    limit: int = 50,
) -> Page[Passage]:
    """Who took an edge of a version (default: the live one) and when; who entered last comes first. ``source`` None:
    the entry. Who takes an edge again stands there again.

    A page looks at a bounded number of members: it may be short, even empty, while ``next`` says to go on. Raises
    UnknownJourney, BadCursor.
    """
    live = row(ctx, journey_id).version
    below = _below(after)
    wanted = live if number is None else number
    return _passages(*store_reading.passed(ctx, journey_id, wanted, source or "", edge, target, below, limit))


def goal_reached(
    ctx: Ctx, journey_id: int, goal: str, number: int | None = None, *, after: str | None = None, limit: int = 50
) -> Page[Passage]:
    """Who reached a goal and when, as ``passages``. Raises UnknownJourney, BadCursor."""
    live = row(ctx, journey_id).version
    wanted = live if number is None else number
    return _passages(*store_reading.reached(ctx, journey_id, wanted, goal, _below(after), limit))


def _below(after: str | None) -> store_reading.Place:
    if after is None:
        return store_reading.TOP
    enrolment_id, visit = numbers(after, 2)
    if visit >= 2**31:
        raise BadCursor("the cursor belongs to another list", field="cursor")
    return enrolment_id, visit


def _passages(rows: Sequence[Row[*tuple[Any, ...]]], below: store_reading.Place | None) -> Page[Passage]:
    items = [Passage(enrolment_id, customer_id, at) for enrolment_id, _, customer_id, at in rows]
    return Page(items, cursor(*below) if below else None)


def _enrolment(found: Row[*tuple[Any, ...]]) -> Enrolment:
    return Enrolment(
        enrolment_id=found.enrolment_id,
        customer_id=found.customer_id,
        journey_id=found.journey_id,
        version=found.version,
        stage=found.stage,
        node=found.node,
        node_at=found.node_at,
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
    """The journeys, stopped ones aside, of which a version needs the segment that is live or in which somebody still
    is; ``app`` registers it (segments.uses)."""
    using = {
        found.journey_id: found.name
        for found in store.lived_programs(ctx)
        if segment_id == found.segment_id or segment_id in _conditions(load(found.program)).segments
    }
    return [Use("journey", journey_id, name) for journey_id, name in using.items()]


def uses_tag(ctx: Ctx, tag_id: int) -> list[TagUse]:
    """As ``uses_segment``, of a tag; ``app`` registers it with ``tags.uses``."""
    using = {
        found.journey_id: found.name
        for found in store.lived_programs(ctx)
        if tag_id in _conditions(load(found.program)).tags
        or any(isinstance(node, Tagging) and node.tag_id == tag_id for node in load(found.program).nodes)
    }
    return [TagUse("journey", journey_id, name) for journey_id, name in using.items()]


def uses_content(ctx: Ctx, content_id: int) -> list[ContentUse]:
    """As ``uses_segment``, of a content that they send; ``app`` registers it with ``content.uses``."""
    using = {
        found.journey_id: found.name
        for found in store.lived_programs(ctx)
        if any(isinstance(node, (Send, Piece)) and node.content_id == content_id for node in load(found.program).nodes)
    }
    return [ContentUse("journey", journey_id, name) for journey_id, name in using.items()]


def gives_tags(ctx: Ctx) -> dict[int, list[TagUse]]:
    """The journeys, stopped ones aside, that set each tag; ``app`` registers it with ``tags.uses``."""
    found: dict[int, dict[int, TagUse]] = {}
    for lived in store.lived_programs(ctx):
        for node in load(lived.program).nodes:
            if isinstance(node, Tagging) and node.kind == "set_tag":
                found.setdefault(node.tag_id, {})[lived.journey_id] = TagUse("journey", lived.journey_id, lived.name)
    return {tag_id: list(uses.values()) for tag_id, uses in found.items()}


def _conditions(flow: Program) -> Depends:
    """What the branches, exit rules, goals and rules of stages of a program depend on."""
    conditions = [guard.condition for guard in flow.guards] + [move.condition for move in flow.moves]
    conditions += [case.condition for node in flow.nodes if isinstance(node, Branch) for case in node.cases]
    found = Depends()
    for one in conditions:
        found |= segments.depends(facts.condition(one))
    return found
