"""The set engine ends where the reference says, for random journeys, people and events."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, literal, select

from siyu.customers import queries as customers
from siyu.journeys import facts as asked
from siyu.journeys import queries
from siyu.journeys.definition import parse
from siyu.journeys.graph import Graph
from siyu.journeys.program import Json, Program
from siyu.journeys.reference import Occurred, State, outcome, start, step, touch
from siyu.journeys.store import Time
from siyu.kernel.clock import VirtualClock
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import ids_of
from siyu.segments import queries as segments
from tests.journeys.town import Town
from tests.support.database import Emptier
from tests.support.world import START, World

TYPES = ("message_received", "link_clicked", "form_submitted")
WORDS = ("电子书", "hello")
PEOPLE = 3


def leaf(draw: st.DrawFn) -> dict[str, Any]:
    type_ = draw(st.sampled_from(TYPES))
    where = {"where": {"text": {"contains": draw(st.sampled_from(WORDS))}}} if type_ == "message_received" else {}
    return {"type": type_, **where}


def condition(draw: st.DrawFn) -> dict[str, Any]:
    base: dict[str, Any] = {"kind": "event", **leaf(draw)} | ({"since": "entered"} if draw(st.booleans()) else {})
    if draw(st.booleans()):
        base["count"] = {"ge": draw(st.integers(1, 2))}
    return {"not": base} if draw(st.integers(0, 3)) == 0 else base


@st.composite
def journeys(draw: st.DrawFn) -> dict[str, Any]:
    """Steps whose edges go forward, or back to a wait; steps that nothing leads to are left out."""
    count = draw(st.integers(2, 7))
    ids = [f"s{n}" for n in range(count)]
    kinds = [
        draw(st.sampled_from(("send", "send", "wait", "wait", "wait_for", "wait_for", "branch", "split", "exit")))
        for _ in ids
    ]
    waits = [one for one, kind in zip(ids, kinds, strict=True) if kind in ("wait", "wait_for")]

    def target(n: int) -> str:
        options = [*ids[n + 1 :], "end", *(waits if draw(st.integers(0, 4)) == 0 else [])]
        return draw(st.sampled_from(options))

    made = []
    for n, (one, kind) in enumerate(zip(ids, kinds, strict=True)):
        made.append({"id": one, "kind": kind} | _params(draw, kind, lambda n=n: target(n)))
    made.append({"id": "end", "kind": "exit", "reason": "end"})
    rules: dict[str, Any] = {}
    if draw(st.integers(0, 2)) == 0:
        rules["exit_rules"] = [{"reason": "left", "when": condition(draw)}]
    if draw(st.integers(0, 2)) == 0:
        rules["goals"] = [{"name": "won", "when": condition(draw), "ends": draw(st.booleans())}]
    while True:
        data = {"key": "j", "name": "J", "entry": ENTRY, "steps": made, **rules}
        graph = Graph(parse(data))
        reached = graph._reached("s0")
        if len(reached) == len(made):
            return data
        made = [one for one in made if one["id"] in reached]


ENTRY = {"condition": {"kind": "attribute", "name": "region", "op": "eq", "value": "上海"}, "existing": True}


def _params(draw: st.DrawFn, kind: str, target: Callable[[], str]) -> dict[str, Any]:
    base = {"base": draw(st.sampled_from(("send", "send", "step")))}
    match kind:
        case "send":
            routed = {"on_not_sent": target()} if draw(st.booleans()) else {}
            return {"text": "x", "routes": ["oa_custom"], "on_sent": target(), **routed}
        case "wait":
            length = draw(st.sampled_from(("30m", "1h", "5h", None)))
            until = draw(st.sampled_from(("10:00", "22:30"))) if length is None or draw(st.booleans()) else None
            days = {"days": ["tue", "sat"]} if until and draw(st.booleans()) else {}
            return {k: v for k, v in (("for", length), ("until", until)) if v} | days | base | {"next": target()}
        case "wait_for":
            timeout = draw(st.sampled_from(("1h", "3h")))
            return {"event": leaf(draw), "timeout": timeout, "on_happened": target(), "on_timeout": target()} | base
        case "branch":
            since = {"since": draw(st.sampled_from(("entry", "send")))}
            return {"when": condition(draw), "on_yes": target(), "on_no": target(), **since}
        case "split":
            return {"arms": [{"name": "a", "next": target()}, {"name": "b", "weight": 2, "next": target()}]}
        case _:
            return {"reason": "out"}


ACTIONS = st.one_of(
    st.tuples(st.just("event"), st.integers(0, PEOPLE - 1), st.sampled_from(TYPES), st.sampled_from(WORDS)),
    st.tuples(st.just("wait"), st.sampled_from((7, 45, 90, 400))),
    st.tuples(st.sampled_from(("sent", "accepted", "not_sent", "failed"))),
    st.tuples(st.sampled_from(("sent", "not_sent")), st.integers(0, PEOPLE - 1)),
)


@dataclass
class Memory:
    """What the reference may know of one person, read through the doors for conditions in memory."""

    ctx: Ctx
    customer_id: int

    def holds(self, condition: Json, since: datetime) -> bool:
        parsed = asked.condition(condition)
        who = select(ids_of([self.customer_id]).subquery("one").c.customer_id, literal(since, Time).label("since"))
        known = segments.facts(self.ctx, parsed, who)[self.customer_id]
        return segments.evaluate(parsed, known, self.ctx.now, self.ctx.zone).result

    def occurred(self, condition: Json, since: datetime) -> Occurred | None:
        fits = asked.matcher(condition).fits
        told = customers.facts(self.ctx, [self.customer_id])[self.customer_id].events
        found = [(one.occurred_at, one.event_id) for one in told if one.occurred_at >= since and fits(one)]
        return Occurred(max(found)[1], max(found)[0]) if found else None

    def arm(self, experiment: str) -> str | None:
        return None


class Twin:
    """The reference beside the engine."""

    def __init__(self, program: Program, people: Sequence[int], now: datetime) -> None:
        self.program = program
        self.states = {customer_id: start(program, customer_id, now, now) for customer_id in people}
        self.keys: set[tuple[int, str, int]] = set()

    def settle(self, ctx: Ctx) -> None:
        for customer_id, held in self.states.items():
            memory, state = Memory(ctx, customer_id), held
            while not state.reason and state.due_at is not None and state.due_at <= ctx.now:
                before = state
                state, effects = step(self.program, state, memory, ctx.now, ctx.zone)
                self.keys |= {(customer_id, one.node, before.visit) for one in effects if one.kind == "request"}
                if state == before:
                    break
            self.states[customer_id] = state


@settings(max_examples=12, suppress_health_check=list(HealthCheck))
@given(data=journeys(), actions=st.lists(ACTIONS, min_size=1, max_size=9))
def test_the_engine_ends_where_the_reference_says(
    session_engine: Engine, emptier: Emptier, data: dict[str, Any], actions: list[tuple[Any, ...]]
) -> None:
    world = World(session_engine, VirtualClock(START))
    try:
        _compare(Town(world), data, actions)
    finally:
        emptier.clean()


def _compare(town: Town, data: dict[str, Any], actions: list[tuple[Any, ...]]) -> None:
    world = town.world
    people = town.people(PEOPLE, "上海")
    steps = data.pop("steps")
    journey = town.start(*steps, **data)
    with world.open() as ctx:
        program = queries.program(ctx, journey.journey_id, 1)
        twin = Twin(program, people, world.now)
        twin.settle(ctx)
    _same(town, twin)
    for action in actions:
        # A microsecond apart, as on a real clock: the order of equal times is nobody's promise.
        world.wait(microseconds=1)
        if action[0] == "wait":
            town.wait(minutes=action[1])
        elif action[0] == "event":
            town.event(action[2], people[action[1]], text=action[3])
            town.drain()
        else:
            chosen = [people[action[1]]] if len(action) > 1 else people
            town.outcome(action[0], *chosen)
        with world.open() as ctx:
            if action[0] == "event":
                touched = people[action[1]]
                memory = Memory(ctx, touched)
                twin.states[touched], _ = touch(program, twin.states[touched], memory, action[2], ctx.now)
            elif action[0] != "wait":
                sent = action[0] in ("sent", "accepted")
                for customer_id in chosen:
                    twin.states[customer_id] = outcome(twin.states[customer_id], sent, world.now, world.now)
            twin.settle(ctx)
        _same(town, twin)
    for state in twin.states.values():
        event(f"{state.reason or state.waiting}")


def _same(town: Town, twin: Twin) -> None:
    rows = town.world.rows(
        "select e.*, array(select goal from enrolment_goal g where g.enrolment_id = e.enrolment_id) as goals"
        " from enrolment e order by customer_id"
    )
    found = {
        row.customer_id: State(
            customer_id=row.customer_id,
            node=row.node,
            visit=row.visit,
            entered_at=row.entered_at,
            anchor=row.anchor,
            since=row.since,
            node_at=row.node_at,
            due_at=row.due_at if row.state == "active" else None,
            waiting=row.waiting,
            sent=row.sent,
            answer_event=row.answer_event,
            reason=row.reason,
            goals=frozenset(row.goals),
        )
        for row in rows
    }
    assert found == twin.states
    keys = {(row.customer_id, *row.key.split(":")[2:]) for row in town.requests()}
    assert keys == {(customer_id, node, str(visit)) for customer_id, node, visit in twin.keys}
