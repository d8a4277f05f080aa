"""The set engine ends where the reference says, for random journeys, people and events."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from random import Random
from typing import Any

from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, literal, select

from siyu.customers import queries as customers
from siyu.journeys import facts as asked
from siyu.journeys import moves, queries, sequences
from siyu.journeys.definition import parse
from siyu.journeys.graph import Graph
from siyu.journeys.program import Json, Program
from siyu.journeys.reference import Occurred, State, enter, outcome, start, step, touch
from siyu.journeys.store import Time
from siyu.journeys.types import NotMovable
from siyu.kernel.clock import VirtualClock
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import ids_of
from siyu.segments import queries as segments
from tests.journeys.town import Town
from tests.support.database import Emptier
from tests.support.world import START, World

TYPES = ("message_received", "link_clicked", "form_submitted")
WORDS = ("电子书", "hello")
PEOPLE = 4
JOURNEYS = 6
ENTRY = {"condition": {"kind": "attribute", "name": "region", "op": "eq", "value": "上海"}, "existing": True}
KINDS = ("send", "send", "send", "wait", "wait", "wait_for", "wait_for", "branch", "split", "exit")


def leaf(rng: Random) -> dict[str, Any]:
    type_ = rng.choice(TYPES)
    where = {"where": {"text": {"contains": rng.choice(WORDS)}}} if type_ == "message_received" else {}
    return {"type": type_, **where}


def condition(rng: Random) -> dict[str, Any]:
    base: dict[str, Any] = {"kind": "event", **leaf(rng)} | ({"since": "entered"} if rng.random() < 0.5 else {})
    if rng.random() < 0.5:
        base["count"] = {"ge": rng.randint(1, 2)}
    return {"not": base} if rng.random() < 0.3 else base


def journey(rng: Random, key: str) -> dict[str, Any]:
    """Steps whose edges go forward, or back to a wait; steps that nothing leads to are left out."""
    count = rng.randint(3, 8)
    ids = [f"s{n}" for n in range(count)]
    kinds = [rng.choice(KINDS[:-1] if n < 2 else KINDS) for n in range(count)]
    waits = [one for one, kind in zip(ids, kinds, strict=True) if kind in ("wait", "wait_for")]

    def target(n: int) -> str:
        if waits and rng.random() < 0.1:
            return rng.choice(waits)
        return rng.choice([*ids[n + 1 : n + 3], *ids[n + 1 : n + 2], "end"])

    made = [
        {"id": one, "kind": kind} | params(rng, kind, partial(target, n))
        for n, (one, kind) in enumerate(zip(ids, kinds, strict=True))
    ]
    made.append({"id": "end", "kind": "exit", "reason": "end"})
    rules: dict[str, Any] = {}
    if rng.random() < 0.3:
        rules["exit_rules"] = [{"reason": "left", "when": condition(rng)}]
    if rng.random() < 0.3:
        rules["goals"] = [{"name": "won", "when": condition(rng), "ends": rng.random() < 0.5}]
    while True:
        data = {"key": key, "name": key, "entry": ENTRY, "steps": made, **rules}
        unreached = {problem.field.split(".")[1] for problem in Graph(parse(data)).problems}
        if not unreached:
            return data
        made = [one for one in made if one["id"] not in unreached]


def params(rng: Random, kind: str, target: Callable[[], str]) -> dict[str, Any]:
    base = {"base": rng.choice(("send", "send", "step"))}
    match kind:
        case "send":
            routed = {"on_not_sent": target()} if rng.random() < 0.5 else {}
            return {"text": "x", "routes": ["oa_custom"], "on_sent": target(), **routed}
        case "wait":
            length = rng.choice(("30m", "1h", "5h", None))
            until = rng.choice(("10:00", "22:30")) if length is None or rng.random() < 0.3 else None
            days = {"days": ["tue", "sat"]} if until and rng.random() < 0.3 else {}
            return {k: v for k, v in (("for", length), ("until", until)) if v} | days | base | {"next": target()}
        case "wait_for":
            timeout = rng.choice(("1h", "3h"))
            return {"event": leaf(rng), "timeout": timeout, "on_happened": target(), "on_timeout": target()} | base
        case "branch":
            since = {"since": rng.choice(("entry", "send"))}
            return {"when": condition(rng), "on_yes": target(), "on_no": target(), **since}
        case "split":
            return {"arms": [{"name": "a", "next": target()}, {"name": "b", "weight": 2, "next": target()}]}
        case _:
            return {"reason": "out"}


def action(rng: Random) -> tuple[Any, ...]:
    match rng.choice(("event", "event", "wait", "wait", "all", "one")):
        case "event":
            return "event", rng.randrange(PEOPLE), rng.choice(TYPES), rng.choice(WORDS)
        case "wait":
            return "wait", rng.choice((7, 45, 90, 400, 2000))
        case "all":
            return (rng.choice(("sent", "accepted", "sent", "not_sent")),)
        case _:
            return rng.choice(("sent", "failed")), rng.randrange(PEOPLE)


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
    """The reference of one journey beside the engine."""

    def __init__(self, program: Program, journey_id: int, people: Sequence[int], now: datetime) -> None:
        self.program = program
        self.journey_id = journey_id
        self.states = {customer_id: start(program, customer_id, now, now) for customer_id in people}
        self.keys: set[tuple[int, str, str]] = set()

    def settle(self, ctx: Ctx) -> None:
        for customer_id, held in self.states.items():
            memory, state = Memory(ctx, customer_id), held
            while not state.reason and state.due_at is not None and state.due_at <= ctx.now:
                visit = str(state.visit)
                state, effects = step(self.program, state, memory, ctx.now, sequences.local(ctx))
                self.keys |= {(customer_id, one.node, visit) for one in effects if one.kind == "request"}
            self.states[customer_id] = state

    def told(self, customer_id: int, kind: str, now: datetime) -> None:
        sent = kind in ("sent", "accepted")
        self.states[customer_id] = outcome(self.states[customer_id], sent, now, now)


@settings(max_examples=4, phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32))
@example(seed=1)
@example(seed=2)
def test_the_engine_ends_where_the_reference_says(session_engine: Engine, emptier: Emptier, seed: int) -> None:
    # A seed, not drawn parts: a few drawn examples stay too small to pass waits, loops and rules together.
    rng = Random(seed)
    emptier.clean()
    town = Town(World(session_engine, VirtualClock(START)))
    try:
        compare(town, [journey(rng, f"j{n}") for n in range(JOURNEYS)], [action(rng) for _ in range(12)])
    finally:
        emptier.clean()


STAGES = ("s0", "s1", "s2")


def stage_journey(rng: Random, key: str) -> dict[str, Any]:
    """Two or three stages with up to four pieces each, and rules that move up and down."""
    stages: list[dict[str, Any]] = []
    for n, name in enumerate(STAGES):
        enter = []
        for m in range(rng.randrange(3)):
            others = [one for one in STAGES if one != name]
            sources = {"from": rng.sample(others, rng.randint(1, 2))} if n == 0 or rng.random() < 0.4 else {}
            after = {"after": rng.choice(("30m", "2h", "1d"))} if rng.random() < 0.4 else {}
            enter.append({"reason": f"r{m}", "when": condition(rng)} | sources | after)
        pieces = []
        for m in range(rng.randrange(5)):
            when: dict[str, Any] = rng.choice(({"at": rng.choice(("09:00", "10:00", "22:00"))}, {"part": "noon"}))
            when = when if rng.random() < 0.9 else {"part": "weekend_morning"}
            rules: dict[str, Any] = {"late": rng.choice(("skip", "next_day"))}
            if when.get("part") != "weekend_morning":
                rules["days_off"] = rng.choice(("keep", "next_workday", "skip"))
            day = {"day": rng.randint(1, 3)} if rng.random() < 0.3 else {}
            pieces.append(
                {"id": f"{name}p{m}", "text": f"{key}{name}{m}", "routes": ["oa_custom"]} | when | rules | day
            )
        stages.append({"id": name, "name": name, "every": rng.randint(1, 3), "enter": enter, "pieces": pieces})
    leaving = {"exit_rules": [{"reason": "left", "when": condition(rng)}]} if rng.random() < 0.2 else {}
    return {"key": key, "name": key, "entry": ENTRY, "stages": stages, **leaving}


def stage_action(rng: Random) -> tuple[Any, ...]:
    match rng.choice(("event", "event", "wait", "wait", "wait", "move", "all")):
        case "event":
            return "event", rng.randrange(PEOPLE), rng.choice(TYPES), rng.choice(WORDS)
        case "wait":
            return "wait", rng.choice((7, 45, 400, 900, 2000))
        case "move":
            return "move", rng.randrange(PEOPLE), rng.choice(STAGES)
        case _:
            return (rng.choice(("sent", "not_sent")),)


@settings(max_examples=4, phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32))
@example(seed=1)
@example(seed=2)
def test_stages_are_lived_as_the_reference_says(session_engine: Engine, emptier: Emptier, seed: int) -> None:
    rng = Random(seed)
    emptier.clean()
    town = Town(World(session_engine, VirtualClock(START)))
    try:
        compare(town, [stage_journey(rng, f"j{n}") for n in range(4)], [stage_action(rng) for _ in range(14)])
        sound(town)
    finally:
        emptier.clean()


def sound(town: Town) -> None:
    """What holds of every life in stages: no piece asked for twice in one visit, nobody stuck, every move told."""
    stuck = "state = 'active' and due_at is null and waiting is distinct from 'rest'"
    assert town.world.value(f"select count(*) from enrolment where {stuck}") == 0
    twice = "select customer_id, key from outreach_request group by 1, 2 having count(*) > 1"
    assert town.world.rows(twice) == []
    moved = "select count(*) from event where type = 'stage_moved'"
    logged = "select count(*) from enrolment_step where edge like 'move:%'"
    assert town.world.value(moved) == town.world.value(logged)
    orphans = (
        "select r.key from outreach_request r where not exists (select 1 from enrolment_step s"
        " where r.key = concat(split_part(r.key, ':', 1), ':', s.enrolment_id, ':', s.node, ':', s.visit))"
    )
    assert town.world.rows(orphans) == []
    left = (
        "select r.key from outreach_request r join outreach_message m using (message_id) join enrolment e on"
        " e.enrolment_id = split_part(r.key, ':', 2)::bigint where r.state in ('waiting', 'ready', 'gathered')"
        " and (e.state <> 'active' or m.origin_node not like e.stage || 'p%')"
    )
    assert town.world.rows(left) == [], "nothing is open of a stage that somebody has left"


def compare(town: Town, journeys: list[dict[str, Any]], actions: list[tuple[Any, ...]]) -> None:
    world = town.world
    people = town.people(PEOPLE, "上海")
    started = [
        town.start(*data.get("steps", ()), **{k: v for k, v in data.items() if k != "steps"}) for data in journeys
    ]
    with world.open() as ctx:
        twins = [Twin(queries.program(ctx, one.journey_id, 1), one.journey_id, people, world.now) for one in started]
        for twin in twins:
            twin.settle(ctx)
    same(town, twins)
    for one in actions:
        # A microsecond apart, as on a real clock: the order of equal times is nobody's promise.
        world.wait(microseconds=1)
        chosen: Sequence[int] = people
        if one[0] == "wait":
            town.wait(minutes=one[1])
        elif one[0] == "move":
            by_hand(town, twins, people[one[1]], one[2])
        elif one[0] == "event":
            town.event(one[2], people[one[1]], text=one[3])
            town.drain()
        else:
            chosen = [people[one[1]]] if len(one) > 1 else people
            town.outcome(one[0], *chosen)
        with world.open() as ctx:
            for twin in twins:
                if one[0] == "event":
                    touched = people[one[1]]
                    state = twin.states[touched]
                    twin.states[touched], _ = touch(twin.program, state, Memory(ctx, touched), one[2], ctx.now)
                elif one[0] not in ("wait", "move"):
                    for customer_id in chosen:
                        twin.told(customer_id, one[0], world.now)
                twin.settle(ctx)
        same(town, twins)


def by_hand(town: Town, twins: list[Twin], customer_id: int, stage: str) -> None:
    for twin in twins:
        state = twin.states[customer_id]
        possible = not state.reason and state.stage != stage
        with town.world.open() as ctx:
            try:
                moves.by_hand(ctx, twin.journey_id, [customer_id], stage, "test")
            except NotMovable:
                assert not possible
                continue
        assert possible
        twin.states[customer_id] = enter(state, stage, town.world.now)
    town.drain()


def state_of(row: Any) -> State:
    """An enrolment's row, with its goals, as the reference has it."""
    return State(
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
        stage=row.stage,
    )


def same(town: Town, twins: list[Twin]) -> None:
    rows = town.world.rows(
        "select e.*, array(select goal from enrolment_goal g where g.enrolment_id = e.enrolment_id) as goals"
        " from enrolment e order by customer_id"
    )
    requests = town.requests()
    for twin in twins:
        found = {row.customer_id: state_of(row) for row in rows if row.journey_id == twin.journey_id}
        assert found == twin.states
        keys = {(row.customer_id, *row.key.split(":")[2:]) for row in requests if row.origin_id == twin.journey_id}
        assert keys == twin.keys
