"""The engine's meaning, for one person in memory: ``step`` takes one person over one node.

The set engine must end in the same state (tests/journeys/test_reference.py). "Why" answers with it what happens next.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from siyu.experiments.arms import arm
from siyu.journeys import timing
from siyu.journeys.days import Local
from siyu.journeys.program import (
    Branch,
    Exit,
    Json,
    Move,
    Node,
    Path,
    Piece,
    Program,
    Rest,
    Send,
    SetAttribute,
    Split,
    Stage,
    Tagging,
    Target,
    Wait,
    WaitFor,
    Webhook,
)
from siyu.journeys.turns import ASKED, turn

INSTANT = timedelta(microseconds=1)
"""Events have microseconds: this much after an event, it does not count again."""


@dataclass(frozen=True, slots=True)
class State:
    """One person's place. ``anchor`` is the base of waits, ``since`` the time from which awaited events count."""

    customer_id: int
    node: str
    visit: int
    entered_at: datetime
    anchor: datetime
    since: datetime
    node_at: datetime
    due_at: datetime | None
    waiting: str | None = None
    sent: bool = True
    answer_event: int | None = None
    reason: str | None = None
    goals: frozenset[str] = frozenset()
    stage: str | None = None
    moved: tuple[tuple[str, str, datetime], ...] = field(default=(), compare=False)
    """``target, reason, at`` of the moves by rules: the set engine has them in the step log, not in the row."""


@dataclass(frozen=True, slots=True)
class Effect:
    """Something the step asks of another room: ``request``, ``tag``, ``attribute``, ``goal``, ``ended``, ``moved``
    (from, to, why)."""

    kind: str
    node: str
    value: object = None


@dataclass(frozen=True, slots=True)
class Occurred:
    """The event that ended a wait."""

    event_id: int
    at: datetime


class Facts(Protocol):
    """What the step may know about the person."""

    def holds(self, condition: Json, since: datetime) -> bool:
        """Whether the condition holds; leaves with ``since: entered`` count events from ``since`` on."""

    def occurred(self, condition: Json, since: datetime) -> Occurred | None:
        """The latest event from ``since`` on that an event leaf counts."""

    def arm(self, experiment: str) -> str | None:
        """The arm recorded for the person, if any."""


def start(program: Program, customer_id: int, at: datetime, now: datetime) -> State:
    """The state of somebody who enters."""
    first = program.first
    return State(customer_id, first, 0, at, at, at, node_at=now, due_at=now, stage=program.first_stage)


def outcome(state: State, sent: bool, at: datetime, now: datetime) -> State:
    """The state once outreach has said what became of the request."""
    if state.waiting != "outcome" or state.reason:
        return state
    told = replace(state, waiting="sent" if sent else "not_sent", due_at=now, sent=sent)
    return replace(told, anchor=at, since=at) if sent else told


def touch(program: Program, state: State, facts: Facts, type_: str, now: datetime) -> tuple[State, Sequence[Effect]]:
    """The state after an event of this type: exit rules and goals at once; who waits for such an event is due."""
    if state.reason:
        return state, ()
    state, effects = check(program, state, facts)
    node = program.node(state.node)
    if not state.reason and state.waiting == "event" and isinstance(node, WaitFor) and type_ in node.types:
        state = replace(state, due_at=now)
    if not state.reason and state.waiting in ("time", "rest") and _may_move(program, type_):
        state = replace(state, due_at=now)
    return state, effects


def _may_move(program: Program, type_: str) -> bool:
    return any(not rule.types or type_ in rule.types for rule in program.moves)


def check(program: Program, state: State, facts: Facts) -> tuple[State, Sequence[Effect]]:
    """Exit rules and goals."""
    marked: list[Effect] = []
    for guard in program.guards:
        if guard.name not in state.goals and facts.holds(guard.condition, state.entered_at):
            if guard.goal:
                state = replace(state, goals=state.goals | {guard.name})
                marked.append(Effect("goal", state.node, guard.name))
            if guard.ends:
                return _end(state, guard.reason), [*marked, Effect("ended", state.node, guard.reason)]
    return state, marked


def step(program: Program, state: State, facts: Facts, now: datetime, local: Local) -> tuple[State, Sequence[Effect]]:
    """One step of a due person; the same state when nothing is due. Exit rules and goals come first, then rules that
    move to another stage, looked at once per person and moment."""
    if state.reason or state.due_at is None or state.due_at > now:
        return state, ()
    state, marked = check(program, state, facts)
    if state.reason:
        return state, marked
    came = state.node_at == now and state.visit > 0
    if program.moves and not came and (rule := _moving(program, state, facts, now)):
        state = replace(state, moved=(*state.moved, (rule.target, rule.reason, now)))
        effect = Effect("moved", state.node, (state.stage, rule.target, rule.reason))
        return enter(state, rule.target, now), [*marked, effect]
    node = program.node(state.node)
    if isinstance(node, Stage | Piece | Rest):
        state, effects = _sequence(program, node, state, now, local)
    else:
        state, effects = _node(node, state, facts, now, local.zone)
    return state, [*marked, *effects]


def enter(state: State, target: str, now: datetime) -> State:
    """The state of somebody who comes into another stage now."""
    moved, _ = _go(replace(state, stage=target, anchor=now, since=now), target, now)
    return moved


def _moving(program: Program, state: State, facts: Facts, now: datetime) -> Move | None:
    return next(
        (
            rule
            for rule in program.moves
            if state.stage in rule.sources
            and state.anchor + timedelta(seconds=rule.after) <= now
            and facts.holds(rule.condition, state.anchor)
            and _anew(rule, state, facts)
        ),
        None,
    )


def _anew(rule: Move, state: State, facts: Facts) -> bool:
    """Whether a rule may move somebody: it never did, or something that it depends on has happened since."""
    before = [at for target, reason, at in state.moved if (target, reason) == (rule.target, rule.reason)]
    return rule.again is None or not before or facts.holds(rule.again, max(before) + INSTANT)


def _sequence(
    program: Program, node: Stage | Piece | Rest, state: State, now: datetime, local: Local
) -> tuple[State, Sequence[Effect]]:
    found = turn(program, node, state.anchor, now, local)
    if found.target is None:
        return replace(state, waiting=found.waiting, due_at=found.due_at), ()
    onward = _go(state, found.target, now)
    return _with(onward, Effect("request", node.id)) if found.edge == ASKED else onward


def _node(node: Node, state: State, facts: Facts, now: datetime, zone: ZoneInfo) -> tuple[State, Sequence[Effect]]:
    match node:
        case Send() | Webhook():
            if state.waiting == "sent":
                return _go(state, node.on_sent, now)
            if state.waiting == "not_sent":
                return _go(state, node.on_not_sent, now)
            answers = state.answer_event if isinstance(node, Send) and node.answers else None
            return replace(state, waiting="outcome", due_at=None), [Effect("request", node.id, answers)]
        case Wait():
            if node.skip and not state.sent:
                return _go(state, node.next, now)
            base = state.anchor if node.from_send else state.node_at
            due = timing.wait_end(base, node.length, node.at, node.days, zone)
            if due <= now:
                return _go(replace(state, anchor=due), node.next, now)
            return replace(state, waiting="time", due_at=due), ()
        case WaitFor():
            if node.skip and not state.sent:
                return _go(state, node.on_timeout, now)
            if event := facts.occurred(node.condition, state.since):
                seen = replace(state, since=event.at + INSTANT, anchor=event.at, answer_event=event.event_id)
                return _go(seen, node.on_happened, now)
            due = (state.anchor if node.from_send else state.node_at) + timedelta(seconds=node.timeout)
            if due <= now:
                return _go(replace(state, anchor=due), node.on_timeout, now)
            return replace(state, waiting="event", due_at=due), ()
        case Branch():
            since = state.since if node.since_send else state.entered_at
            chosen = next((case.next for case in node.cases if facts.holds(case.condition, since)), node.next)
            return _go(state, chosen, now)
        case Split():
            name = facts.arm(node.experiment) or arm(node.experiment, state.customer_id, node.arms)
            held = next((path for path in node.paths if path.name == name), None)
            # An arm that a later version dropped: the rule decides among those that are left.
            path = held or _path(node, arm(node.experiment, state.customer_id, node.arms))
            return _go(state, path.next, now)
        case Tagging():
            return _with(_go(state, node.next, now), Effect(node.kind, node.id, node.tag_id))
        case SetAttribute():
            return _with(_go(state, node.next, now), Effect("attribute", node.id, (node.name, node.value)))
        case Exit():
            return _end(state, node.reason), [Effect("ended", node.id, node.reason)]
    raise TypeError(f"{node.kind} belongs to a stage")


def _path(node: Split, name: str) -> Path:
    return next(path for path in node.paths if path.name == name)


def _go(state: State, target: Target, now: datetime) -> tuple[State, Sequence[Effect]]:
    if target is None:
        return _end(state, "completed"), [Effect("ended", state.node, "completed")]
    return replace(state, node=target, visit=state.visit + 1, waiting=None, due_at=now, node_at=now), ()


def _with(result: tuple[State, Sequence[Effect]], effect: Effect) -> tuple[State, Sequence[Effect]]:
    return result[0], [effect, *result[1]]


def _end(state: State, reason: str) -> State:
    return replace(state, reason=reason, due_at=None)
