"""Stages: a piece for everybody, and a rule that moves half of them, over sets beside one person a call.

``python -m bench.stage_steps [PEOPLE]``. Everybody stands in the first of two stages. At the hour of its piece all are
due at once: rules are looked at, the piece is asked for, each is sent on to wait for the next day. Then half of them
send a form, which the pulse tells the journey, and a rule moves them: what is asked for is withdrawn, the stage is
swapped, its head passed. The ratio is to the same engine with one person a call, in the same run. Processor time as in
``bench.engine_steps``.
"""

import os
import sys
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import text

from bench.engine_steps import SAMPLE, Bench
from migrations.schema import upgrade
from siyu.customers import actions as customers
from siyu.customers.types import NewEvent
from siyu.journeys import actions, engine, entries, jobs, queries, store
from siyu.journeys.turns import ASKED
from siyu.kernel.db import SLOTS, engine_for
from siyu.kernel.postgres import EmbeddedServer

CHUNK = 5_000
"""Events that one pulse takes, as in production."""
WHOLE = (0, SLOTS)
FORM = {"kind": "event", "type": "form_submitted", "since": "entered"}


def piece(name: str, day: int) -> dict[str, Any]:
    """A piece at ten o'clock."""
    return {"id": name, "day": day, "at": "10:00", "text": name, "routes": ["oa_custom"]}


JOURNEY = {
    "name": "Bench",
    "entry": {"condition": {"kind": "attribute", "name": "region", "op": "eq", "value": "nowhere"}},
    "stages": [
        {"id": "one", "name": "One", "pieces": [piece("a", 1), piece("b", 2), piece("c", 3)]},
        {
            "id": "two",
            "name": "Two",
            "enter": [{"reason": "form", "when": FORM}],
            "pieces": [piece("d", 1), piece("e", 2)],
        },
    ],
}


def enter(bench: Bench, key: str) -> int:
    """Everybody stands before the first piece of a new journey."""
    with bench.open() as ctx:
        journey_id = actions.start(ctx, actions.apply(ctx, JOURNEY | {"key": key}).journey_id).journey_id
        program = queries.program(ctx, journey_id, 1)
        entries.enrol(ctx, journey_id, 1, program, [(one, "bench", ctx.now) for one in bench.people])
    bench.drain()
    return journey_id


def written(bench: Bench, some: Sequence[int]) -> None:
    """People send a form; what else stood in the pulse's queue is nobody's business here."""
    with bench.open() as ctx:
        while customers.take_pulse(ctx, *WHOLE, 10_000).events:
            pass
        at = ctx.now
        customers.record(ctx, [NewEvent("bench", f"{at}:{one}", "form_submitted", at, one) for one in some])


def heard(bench: Bench, number: int, chunk: int) -> None:
    """The pulse tells the journey of ``chunk`` forms at a time, and who is due moves on."""
    for _ in range(0, number, chunk):
        with bench.open() as ctx:
            pulse = customers.take_pulse(ctx, *WHOLE, chunk)
            jobs.pulse(ctx, pulse)
        with bench.open() as ctx:
            assert engine.advance(ctx, chunk) == len(pulse.of("form_submitted"))


def told(bench: Bench, name: str, people: int, work: Callable[[], object]) -> float:
    """Do it, and print what it took; people a second."""
    server, clock, cpu = bench.server_seconds(), time.perf_counter(), time.process_time()
    work()
    clock, cpu = time.perf_counter() - clock, time.process_time() - cpu
    server = bench.server_seconds() - server
    print(
        f"{name:<40}{people / clock:>9,.0f} people/s   {1e6 * cpu / people:>6.1f} us of Python and"
        f" {1e6 * server / people:.1f} us of the server each"
    )
    return people / clock


def singly(bench: Bench) -> None:
    """As many calls as people."""
    for _ in range(SAMPLE):
        with bench.open() as ctx:
            assert engine.advance(ctx, 1) == 1


def check(bench: Bench, journey_id: int, edge: str, people: int) -> None:
    """So many people took an edge."""
    counted = text(
        "select count(*) from enrolment_step s join enrolment e using (customer_id, enrolment_id)"
        " where s.edge = :edge and e.journey_id = :journey"
    )
    with bench.open() as ctx:
        found = ctx.tx.execute(counted, {"journey": journey_id, "edge": edge}).scalar_one()
    assert found == people, (edge, found, people)


def measure(bench: Bench) -> None:
    """One journey by sets, the same for a sample one by one."""
    by_sets = {}
    for key in ("sets", "singly"):
        journey_id = enter(bench, key)
        bench.clock.move_to(bench.clock.now() + timedelta(hours=1))
        chosen = bench.people if key == "sets" else bench.people[:SAMPLE]
        due = partial(bench.drain) if key == "sets" else partial(singly, bench)
        speed = told(bench, f"a piece for everybody, {key}", len(chosen), due)
        check(bench, journey_id, ASKED, len(chosen))
        bench.drain()
        movers = chosen[: len(chosen) // 2]
        written(bench, movers)
        moved = told(
            bench,
            f"form, pulse, move to the next stage, {key}",
            len(movers),
            partial(heard, bench, len(movers), CHUNK if key == "sets" else 1),
        )
        check(bench, journey_id, f"{store.MOVE}form", len(movers))
        if key == "sets":
            by_sets = {"piece": speed, "move": moved}
        else:
            print(f"{'':<40}{by_sets['piece'] / speed:>9,.0f} x and {by_sets['move'] / moved:,.0f} x one person a call")
        with bench.open() as ctx:
            actions.stop(ctx, journey_id)
        bench.drain()
        bench.clock.move_to(bench.clock.now() + timedelta(hours=23))


def main(people: int) -> None:
    """Measure on a server of its own."""
    with TemporaryDirectory(prefix="siyu-bench-") as folder:
        os.environ.setdefault("SIYU_DATA_DIR", folder)
        with EmbeddedServer(Path(folder) / "pg", "demo") as server:
            upgrade(server.url())
            made = engine_for(server.url(), pool=1)
            try:
                measure(Bench(made, people))
            finally:
                made.dispose()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)
