"""Steps of journeys: the set engine beside a loop that takes one person after the other through ``reference.step``.

``python -m bench.engine_steps [PEOPLE]``. Everybody comes out of a wait, passes a branch and asks for a send, which is
three steps, with the guard of an exit rule, request and step log. The loop does the same for a sample: it reads the
person's facts, takes the reference's step, writes the row, the log and the request. The ratios are of the same run; the
engine with one person a call says how much of it is sets. Processor time is told beside the clock, the server's as the
kernel counts its backend (Linux; 0 elsewhere): machines have neighbours.
"""

import os
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, literal, select, text

from migrations.schema import upgrade
from siyu.customers import actions as customers
from siyu.customers import queries as known
from siyu.customers.types import Identity, Record
from siyu.journeys import actions, engine, entries, facts, jobs, queries, reference, store, store_rounds
from siyu.journeys.days import Local
from siyu.journeys.engine import ALL_SLOTS
from siyu.journeys.program import Json, Program, Send
from siyu.journeys.reference import Occurred, State
from siyu.journeys.store_rounds import Person, Step
from siyu.kernel.clock import VirtualClock
from siyu.kernel.ctx import SYSTEM, Ctx
from siyu.kernel.db import engine_for, ids_of, transaction
from siyu.kernel.postgres import EmbeddedServer
from siyu.outreach import actions as outreach
from siyu.outreach.types import Message, Origin, Route, RouteChoice
from siyu.platforms import actions as platforms
from siyu.segments import queries as segments

START = datetime(2026, 3, 2, 1, tzinfo=UTC)
SAMPLE = 200
"""People whom the loop takes; it does not grow faster with more."""
REPLIED = {"kind": "event", "type": "message_received", "since": "entered"}
STEPS: list[dict[str, Any]] = [
    {"id": "w", "kind": "wait", "for": "1h"},
    {"id": "b", "kind": "branch", "when": REPLIED, "on_yes": "x", "on_no": "s"},
    {"id": "s", "kind": "send", "text": "hello", "routes": ["oa_custom"]},
    {"id": "x", "kind": "exit"},
]
JOURNEY = {
    "name": "Bench",
    "entry": {"condition": {"kind": "attribute", "name": "region", "op": "eq", "value": "nowhere"}},
    "exit_rules": [{"reason": "left", "when": {"kind": "event", "type": "form_submitted", "since": "entered"}}],
    "steps": STEPS,
}


class Facts:
    """What the reference asks about one person."""

    def __init__(self, ctx: Ctx, customer_id: int) -> None:
        self.ctx, self.customer_id = ctx, customer_id

    def holds(self, condition: Json, since: datetime) -> bool:
        parsed = facts.condition(condition)
        one = ids_of([self.customer_id]).subquery("one")
        who = select(one.c.customer_id, literal(since, store.Time).label("since"))
        found = segments.facts(self.ctx, parsed, who)[self.customer_id]
        return segments.evaluate(parsed, found, self.ctx.now, self.ctx.zone).result

    def occurred(self, condition: Json, since: datetime) -> Occurred | None:
        fits = facts.matcher(condition).fits
        told = known.facts(self.ctx, [self.customer_id])[self.customer_id].events
        found = [(one.occurred_at, one.event_id) for one in told if one.occurred_at >= since and fits(one)]
        return Occurred(max(found)[1], max(found)[0]) if found else None

    def arm(self, experiment: str) -> str | None:
        return None


class Bench:
    """One installation with people who are in a journey."""

    def __init__(self, made: Engine, people: int) -> None:
        self.engine = made
        self.clock = VirtualClock(START)
        with self.open() as ctx:
            platforms.save_account(ctx, kind="oa", key="wx1", name="OA", config={}, secret="s")
            records = [Record("bench", str(n), (Identity("oa_openid", f"o{n}", "1"),), ctx.now) for n in range(people)]
            self.people: Sequence[int] = customers.identify(ctx, records)

    def open(self) -> Any:
        """A transaction as a worker opens it."""
        return transaction(self.engine, self.clock, SYSTEM, ZoneInfo("Asia/Shanghai"))

    def enter(self, key: str) -> tuple[int, Program]:
        """Everybody stands in the wait of a new journey, and an hour later is due."""
        with self.open() as ctx:
            journey_id = actions.start(ctx, actions.apply(ctx, JOURNEY | {"key": key}).journey_id).journey_id
            program = queries.program(ctx, journey_id, 1)
            arrivals = [(one, "bench", ctx.now) for one in self.people]
            entries.enrol(ctx, journey_id, 1, program, arrivals)
        self.drain()
        self.clock.move_to(self.clock.now() + timedelta(hours=1))
        return journey_id, program

    def drain(self) -> None:
        """Ticks until nobody is due."""
        while True:
            with self.open() as ctx:
                if not jobs.tick(ctx, 10_000):
                    return

    def server_seconds(self) -> float:
        """Processor time of this connection's backend."""
        with self.open() as ctx:
            pid = ctx.tx.execute(text("select pg_backend_pid()")).scalar_one()
        counted = Path(f"/proc/{pid}/schedstat")
        return int(counted.read_text().split()[0]) / 1e9 if counted.exists() else 0.0

    def tell(self, name: str, people: int, moved: Callable[[], object]) -> float:
        """Move people, three steps each; steps a second."""
        server, clock, cpu = self.server_seconds(), time.perf_counter(), time.process_time()
        moved()
        clock, cpu = time.perf_counter() - clock, time.process_time() - cpu
        server, steps = self.server_seconds() - server, 3 * people
        print(
            f"{name:<28}{steps / clock:>9,.0f} steps/s   {1e6 * cpu / steps:>6.1f} us of Python and"
            f" {1e6 * server / steps:.1f} us of the server a step"
        )
        return steps / clock

    def sets(self, key: str) -> float:
        """Steps a second of the engine."""
        journey_id, _ = self.enter(key)
        speed = self.tell("set engine", len(self.people), self.drain)
        self.check(journey_id, len(self.people))
        return speed

    def singly(self, key: str) -> float:
        """Steps a second of the engine with one person a call."""
        journey_id, _ = self.enter(key)

        def moved() -> None:
            for _ in range(SAMPLE):
                with self.open() as ctx:
                    assert engine.advance(ctx, 1) == 1

        speed = self.tell("engine, one person a call", SAMPLE, moved)
        self.check(journey_id, SAMPLE)
        with self.open() as ctx:
            actions.stop(ctx, journey_id)
        self.drain()
        return speed

    def check(self, journey_id: int, people: int) -> None:
        """Whoever was moved has asked for a send."""
        counted = text(
            "select count(*) from enrolment e join outreach_request r using (customer_id)"
            " where e.journey_id = :journey and e.node = 's' and e.waiting = 'outcome'"
            " and r.key = concat('j', e.journey_id, ':', e.enrolment_id, ':s:2')"
        )
        with self.open() as ctx:
            assert ctx.tx.execute(counted, {"journey": journey_id}).scalar_one() == people

    def loop(self, key: str) -> float:
        """Steps a second of the loop."""
        journey_id, program = self.enter(key)

        def moved() -> None:
            for _ in range(SAMPLE):
                with self.open() as ctx:
                    assert self.one(ctx, journey_id, program) == 3

        speed = self.tell("loop over the reference", SAMPLE, moved)
        self.check(journey_id, SAMPLE)
        with self.open() as ctx:
            actions.stop(ctx, journey_id)
        self.drain()
        return speed

    def one(self, ctx: Ctx, journey_id: int, program: Program) -> int:
        """Take one due person as far as it goes."""
        (person,) = store_rounds.claim(ctx, [journey_id], 1, ALL_SLOTS)
        state = State(
            *(person.customer_id, person.node, person.visit, person.entered_at, person.anchor, person.since),
            *(person.node_at, person.due_at, person.waiting, person.sent, person.answer_event),
        )
        taken = 0
        while state.reason is None and state.due_at is not None and state.due_at <= ctx.now:
            before = state
            state, effects = reference.step(program, state, Facts(ctx, person.customer_id), ctx.now, Local(ctx.zone))
            taken += 1
            keep(person, state)
            store_rounds.write(ctx, [person])
            if state.visit > before.visit:
                step = Step(person.customer_id, person.enrolment_id, state.visit, state.node, "next")
                store_rounds.log(ctx, [step])
                store.count_edges(ctx, {(journey_id, 1, before.node, "next", state.node): 1})
            for effect in effects:
                node = program.node(effect.node)
                assert isinstance(node, Send)
                outreach.request(
                    ctx,
                    store_rounds.REQUESTS,
                    values=store_rounds.requested([person], answers=node.answers),
                    message=Message(text=node.text),
                    routes=[RouteChoice(Route(one.route), one.account_id) for one in node.routes],
                    origin=Origin("journey", journey_id, 1, node.id),
                )
        return taken


def keep(person: Person, state: State) -> None:
    """What the reference says, in the row."""
    person.node, person.visit, person.waiting, person.due_at = state.node, state.visit, state.waiting, state.due_at
    person.node_at, person.anchor, person.since = state.node_at, state.anchor, state.since
    person.answer_event, person.reason = state.answer_event, state.reason


def main(people: int) -> None:
    """Measure on a server of its own."""
    with TemporaryDirectory(prefix="siyu-bench-") as folder:
        os.environ.setdefault("SIYU_DATA_DIR", folder)
        with EmbeddedServer(Path(folder) / "pg", "demo") as server:
            upgrade(server.url())
            made = engine_for(server.url(), pool=1)
            try:
                bench = Bench(made, people)
                loop, singly = bench.loop("loop"), bench.singly("singly")
                for turn in ("first", "again"):
                    speed = bench.sets(turn)
                    print(f"{'':<28}{speed / loop:>9,.0f} x the loop, {speed / singly:,.0f} x one person a call")
            finally:
                made.dispose()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)
