"""Random stage journeys whose pieces salespeople confirm at once, late, partly or never, through the real outreach:
the engine ends where the reference says, no content twice, no cap or quota exceeded, nobody stuck, always a reason."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from siyu.customers import actions as customers
from siyu.customers.types import NewEvent
from siyu.journeys import actions, jobs, moves, queries, sequences
from siyu.journeys.reference import State, enter, start, step, touch
from siyu.journeys.types import NotMovable
from siyu.kernel import notices
from siyu.kernel.clock import VirtualClock
from siyu.kernel.ctx import Ctx
from siyu.kernel.probes import answer
from siyu.outreach import jobs as outreach
from siyu.outreach.reasons import REASONS
from siyu.segments import jobs as membership
from tests.journeys.test_reference import Memory, state_of
from tests.outreach.sales import Sales, company
from tests.outreach.test_rules import rule
from tests.support.database import Emptier
from tests.support.world import START, ZONE, World

PEOPLE = 3
CONTENTS = 5
SELLERS = ("zhang", "li")
HABITS = ("at once", "late", "partly", "in the morning", "never")
BROADCASTS = {"monthly_days": 31, "weekly7": 7, "monthly4": 4, "daily": 1}
"""The rules of WeCom's console, and how many group sends each allows a customer in its period."""
STAGES = ("s0", "s1", "s2")
TYPES = ("link_clicked", "message_received")


def journey(rng: Random, key: str) -> dict[str, Any]:
    """Three stages of pieces by salespeople, out of few contents that journeys and stages share."""
    stages = []
    for n, name in enumerate(STAGES):
        pieces = [
            {"id": f"{name}p{m}", "content": f"c{rng.randrange(CONTENTS)}", "routes": ["wecom_group_send"]}
            | rng.choice(({"part": rng.choice(("morning", "noon", "evening"))}, {"at": rng.choice(("09:00", "21:00"))}))
            | {"late": rng.choice(("skip", "next_day"))}
            for m in range(rng.randint(1, 3))
        ]
        event = {"kind": "event", "type": rng.choice(TYPES), "since": "entered"}
        others = [one for one in STAGES if one != name]
        down = {"from": rng.sample(others, rng.randint(1, 2))} if n == 0 or rng.random() < 0.3 else {}
        stages.append({"id": name, "name": name, "enter": [{"reason": "r", "when": event} | down], "pieces": pieces})
    done = {"kind": "event", "type": "form_submitted", "since": "entered"}
    rules = {"exit_rules": [{"reason": "left", "when": done}]}
    entry = {"condition": {"kind": "follow"}, "existing": True, "re_entry": "after_exit"}
    return {"key": key, "name": key, "entry": entry, "stages": stages, **rules}


@dataclass
class Lived:
    """One journey as the reference lives it: a state for every entry of a person, and what is asked for."""

    journey_id: int
    program: Any
    states: dict[tuple[int, int], State] = field(default_factory=dict)
    keys: set[tuple[int, int, str, str]] = field(default_factory=set)

    def last(self, customer_id: int) -> tuple[int, int]:
        """The latest entry of a person."""
        return max(one for one in self.states if one[0] == customer_id)

    def enters(self, customer_id: int, now: datetime) -> None:
        number = 1 + max((n for who, n in self.states if who == customer_id), default=-1)
        self.states[customer_id, number] = start(self.program, customer_id, now, now)

    def settle(self, ctx: Ctx) -> None:
        local = sequences.local(ctx)
        for (customer_id, number), held in self.states.items():
            memory, state = Memory(ctx, customer_id), held
            while not state.reason and state.due_at is not None and state.due_at <= ctx.now:
                visit = str(state.visit)
                state, effects = step(self.program, state, memory, ctx.now, local)
                self.keys |= {(customer_id, number, one.node, visit) for one in effects if one.kind == "request"}
            self.states[customer_id, number] = state


class Company:
    """Salespeople with their customers, who live in journeys; ``habits``: how each confirms."""

    def __init__(self, sales: Sales, rng: Random) -> None:
        self.sales, self.world = sales, sales.world
        self.habits = {userid: rng.choice(HABITS) for userid in SELLERS}
        self.keys = 0
        self.broadcast: Any = rng.choice(sorted(BROADCASTS))
        rule(sales, broadcast=self.broadcast)
        for n in range(CONTENTS):
            sales.article(f"c{n}")
        self.lives: list[Lived] = []
        for n in range(2):
            with self.world.open() as ctx:
                found = actions.start(ctx, actions.apply(ctx, journey(rng, f"j{n}")).journey_id)
                self.lives.append(Lived(found.journey_id, queries.program(ctx, found.journey_id, 1)))
        self.rest()
        with self.world.open() as ctx:
            for life in self.lives:
                for one in sales.people:
                    life.enters(one, ctx.now)
                life.settle(ctx)

    def rest(self) -> None:
        """Work until nothing is left at the present time."""
        for _ in range(100):
            with self.world.open() as ctx:
                told = notices.take(ctx)
                if told:
                    jobs.notice(ctx, told)
            with self.world.open() as ctx:
                pulse = customers.take_pulse(ctx, 0, 256, 5_000)
                if pulse.events:
                    for room in (membership, outreach, jobs):
                        room.pulse(ctx, pulse)
            with self.world.open() as ctx:
                moved = membership.tick(ctx, 10_000) + jobs.tick(ctx, 10_000)
            if not (told or pulse.events or moved or self.sales.work()):
                return
        raise AssertionError("no rest")

    def play(self, length: timedelta) -> None:
        """Let time pass, stopping wherever something is due; salespeople look into their assistant now and then."""
        until = self.world.now + length
        while self.world.now < until:
            with self.world.open() as ctx:
                found = [answer(ctx, room.DUE) for room in (membership, outreach, jobs)]
            due = min([until, *(time for time in found if time is not None)])
            if due <= self.world.now:
                self.sales.leases_end()
            self.world.clock.move_to(max(due, self.world.now))
            self.confirm()
            self.rest()
            with self.world.open() as ctx:
                for life in self.lives:
                    life.settle(ctx)

    def confirm(self) -> None:
        hour = self.world.now.astimezone(ZONE).hour
        for userid, habit in self.habits.items():
            tasks = self.sales.assistant.open(userid)
            morning = tasks if 7 <= hour < 11 else []
            late = tasks if hour >= 21 else []
            due = {"at once": tasks, "late": late, "partly": tasks[::2], "in the morning": morning, "never": []}[habit]
            for one in due:
                one.confirmed_at = self.world.now

    def does(self, customer_id: int, type_: str) -> None:
        self.keys += 1
        with self.world.open() as ctx:
            customers.record(ctx, [NewEvent("test", f"e{self.keys}", type_, ctx.now, customer_id)])
        self.rest()
        with self.world.open() as ctx:
            for life in self.lives:
                at = life.last(customer_id)
                memory = Memory(ctx, customer_id)
                life.states[at], _ = touch(life.program, life.states[at], memory, type_, ctx.now)
                life.settle(ctx)

    def moves(self, customer_id: int, stage: str) -> None:
        for life in self.lives:
            at = life.last(customer_id)
            possible = not life.states[at].reason and life.states[at].stage != stage
            with self.world.open() as ctx:
                try:
                    moves.by_hand(ctx, life.journey_id, [customer_id], stage, "test")
                except NotMovable:
                    assert not possible
                    continue
            assert possible
            life.states[at] = enter(life.states[at], stage, self.world.now)
        self.settled()

    def comes_back(self, customer_id: int) -> None:
        """Taken in again by hand, wherever the former life is over."""
        self.keys += 1
        for life in self.lives:
            with self.world.open() as ctx:
                entered = actions.enrol(ctx, life.journey_id, [customer_id], f"again{self.keys}")
            over = life.states[life.last(customer_id)].reason is not None
            assert entered == over
            if over:
                life.enters(customer_id, self.world.now)
        self.settled()

    def settled(self) -> None:
        self.rest()
        with self.world.open() as ctx:
            for life in self.lives:
                life.settle(ctx)


def same(town: Company) -> None:
    """The engine stands where the reference stands, and asked for the same."""
    rows = town.world.rows("select e.*, array[]::text[] as goals from enrolment e order by customer_id, enrolment_id")
    asked = town.world.rows("select r.customer_id, r.key from outreach_request r")
    for life in town.lives:
        entries: Counter[int] = Counter()
        found, numbers = {}, {}
        for row in rows:
            if row.journey_id == life.journey_id:
                at = (row.customer_id, entries[row.customer_id])
                entries[row.customer_id] += 1
                found[at], numbers[str(row.enrolment_id)] = state_of(row), at[1]
        assert found == life.states
        keys = [(row.customer_id, *row.key.split(":")) for row in asked]
        mine = {(who, numbers[of], node, visit) for who, j, of, node, visit in keys if j == f"j{life.journey_id}"}
        assert mine == life.keys


def sound(town: Company) -> None:
    """What holds whatever was asked, confirmed and moved."""
    world = town.world
    reached = town.sales.assistant.reached()
    received = world.value("select count(*) from outreach_request where state = 'received'")
    assert sum(reached.values()) == received, "what the assistant sent is what the ledger says"
    assert [one for one, times in reached.items() if times > 1] == [], "a content reached somebody twice"
    logged = [
        (one, task.confirmed_at.astimezone(ZONE).date())
        for task in town.sales.assistant.tasks.values()
        if task.confirmed_at
        for one in task.people
    ]
    assert max(Counter(logged).values(), default=0) <= 1, "more than one push received on a day"
    period = {"daily": "%F", "weekly7": "%G %V"}.get(town.broadcast, "%Y %m")
    most = max(Counter((one, on.strftime(period)) for one, on in logged).values(), default=0)
    assert most <= BROADCASTS[town.broadcast], "more group sends received than WeCom's console allows"
    counted = "select customer_id, day, sum(sends) sends from outreach_tally where route = 'wecom_group_send'"
    people = {f"x{number}": one for number, one in enumerate(town.sales.people)}
    tallied = {(row.customer_id, row.day): row.sends for row in world.rows(f"{counted} group by 1, 2") if row.sends}
    assert tallied == Counter((people[one], on) for one, on in logged), "what counts on a day was received on it"
    assert world.rows("select staff, day from outreach_task group by 1, 2 having count(*) > 20") == []
    stuck = "state = 'active' and due_at is null and waiting is distinct from 'rest'"
    assert world.value(f"select count(*) from enrolment where {stuck}") == 0
    rows = world.rows("select state, reason from outreach_request")
    assert {row.reason for row in rows} <= REASONS.keys()
    assert [row for row in rows if row.state not in ("received", "not_sent", "failed")] == [], "everything ends"
    moved = world.value("select count(*) from event where type = 'stage_moved' and props ->> 'why' <> ''")
    assert moved == world.value("select count(*) from enrolment_step where edge like 'move:%'")
    asked = world.value("select count(*) from enrolment_step where edge = 'asked'")
    assert asked == len(rows), "every piece passed as asked for is in the ledger"


@pytest.mark.timeout(480)
@settings(
    phases=[Phase.explicit],
    suppress_health_check=list(HealthCheck),
)
@given(seed=st.integers(0, 2**32))
@example(seed=3)
@example(seed=101)
def test_lives_through_salespeople_are_those_of_the_reference(
    session_engine: Engine, emptier: Emptier, seed: int
) -> None:
    rng = Random(seed)
    emptier.clean()
    try:
        town = Company(company(World(session_engine, VirtualClock(START)), PEOPLE, SELLERS), rng)
        same(town)
        for _ in range(8):
            town.world.wait(microseconds=1)
            person = rng.choice(town.sales.people)
            match rng.choice(("wait", "wait", "event", "move", "leave", "back")):
                case "wait":
                    town.play(timedelta(hours=rng.choice((3, 9, 20))))
                case "event":
                    town.does(person, rng.choice(TYPES))
                case "move":
                    town.moves(person, rng.choice(STAGES))
                case "leave":
                    town.does(person, "form_submitted")
                case "back":
                    town.comes_back(person)
            same(town)
        town.play(timedelta(days=9))
        same(town)
        sound(town)
    finally:
        emptier.clean()
