"""Several workers at once: shares are disjoint, nobody is moved twice, statements do not grow with the people."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import text

from siyu.journeys import actions, engine, jobs, queries
from siyu.kernel.ctx import Ctx
from siyu.kernel.probes import answer
from tests.journeys.town import Town
from tests.support.statements import Statements
from tests.support.world import World

STEPS: tuple[dict[str, Any], ...] = (
    {"id": "w", "kind": "wait", "for": "1h"},
    {"id": "half", "kind": "split", "arms": [{"name": "a", "next": "s"}, {"name": "b", "next": "s"}]},
    {"id": "s", "kind": "send", "text": "hello", "routes": ["oa_custom"]},
    {"id": "x", "kind": "exit"},
)


@pytest.fixture
def town(world: World) -> Town:
    return Town(world)


def test_two_workers_share_the_due_and_leave_what_the_other_holds(town: Town) -> None:
    people = town.people(300, "上海")
    journey = town.start(*STEPS)
    town.world.wait(hours=1)

    def work(slots: tuple[int, int]) -> None:
        for _ in range(40):
            with town.world.open() as ctx:
                if not engine.advance(ctx, 20, slots):
                    return

    # The second and third worker serve the same slots: SKIP LOCKED alone keeps them apart.
    with ThreadPoolExecutor(3) as pool:
        for done in [pool.submit(work, slots) for slots in ((0, 127), (128, 255), (0, 255))]:
            done.result()
    town.drain()
    assert town.where(journey) == dict.fromkeys(people, ("s", "outcome"))
    assert len(town.requests()) == 300
    with town.world.open() as ctx:
        wave = queries.wave(ctx, journey.journey_id)
    counts = {(edge.source, edge.edge): edge.count for edge in wave.edges}
    assert counts["w", "next"] == 300
    assert counts["half", "a"] + counts["half", "b"] == 300
    assert {node.id: node.here for node in wave.nodes} == {"w": 0, "half": 0, "s": 300, "x": 0}


def test_a_claimed_share_is_left_to_its_worker(town: Town) -> None:
    town.people(10, "上海")
    town.start(STEPS[0], {"id": "again", "kind": "wait", "for": "1h"})
    town.world.wait(hours=1)
    with town.world.open() as first:
        assert engine.advance(first, 4) == 4
        with town.world.open() as second:
            assert engine.advance(second, 100) == 6
        with town.world.open() as third:
            assert engine.advance(third, 100) == 0


def test_the_number_of_statements_does_not_depend_on_the_number_of_people(town: Town, statements: Statements) -> None:
    def step(count: int) -> int:
        with town.world.open() as ctx:
            ctx.tx.execute(text("select 1"))
        town.people(count, "上海")
        town.drain()
        town.world.wait(hours=1)
        statements.reset()
        with town.world.open() as ctx:
            assert engine.advance(ctx, 10_000) == count
        return statements.count

    town.start(*STEPS)
    few, many = step(3), step(300)
    assert many <= few
    assert few <= 30


def test_the_next_due_time_is_that_of_running_journeys(town: Town) -> None:
    def due() -> Any:
        with town.world.open() as ctx:
            return answer(ctx, jobs.DUE)

    assert due() is None
    town.people(1, "上海")
    journey = town.start(*STEPS)
    assert due() == town.world.value("select due_at from enrolment")
    with town.world.open() as ctx:
        actions.pause(ctx, journey.journey_id)
    assert due() is None
    with town.world.open() as ctx:
        actions.stop(ctx, journey.journey_id)
    assert due() == town.world.now
    town.drain()
    assert due() is None


def test_edge_counters_fold_to_the_same_sums(town: Town) -> None:
    town.people(2, "上海")
    journey = town.start(*STEPS)

    def sums(ctx: Ctx) -> Any:
        return queries.wave(ctx, journey.journey_id).edges

    with town.world.open() as ctx:
        before = sums(ctx)
        many = text(
            "insert into journey_edge (journey_id, version, source, edge, target, n)"
            " select :j, 1, 'w', 'next', 'half', x.n from generate_series(1, 400) g cross join (values (1), (-1)) x(n)"
        )
        ctx.tx.execute(many, {"j": journey.journey_id})
    town.wait(hours=1)
    with town.world.open() as ctx:
        after = {(edge.source, edge.edge): edge.count for edge in sums(ctx)}
    assert after["w", "next"] == 2
    assert {(edge.source, edge.edge): edge.count for edge in before}["w", "next"] == 0
    assert town.world.value("select count(*) from journey_edge") < 20
