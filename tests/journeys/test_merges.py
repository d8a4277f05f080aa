"""Enrolments follow merges and splits of customers."""

from typing import Any

import pytest

from siyu.customers import actions as customers
from siyu.customers.types import Identity, Record
from siyu.experiments import actions as experiments
from siyu.experiments import queries as arms
from siyu.experiments.types import Arm
from siyu.journeys import actions as journeys
from siyu.journeys import moves, queries
from siyu.journeys.merges import generations
from siyu.kernel.db import ids_of
from tests.journeys.town import Town
from tests.support.world import World

SEND = {"kind": "send", "text": "hello", "routes": ["oa_custom"]}
STEPS: tuple[dict[str, Any], ...] = (
    {"id": "s", **SEND},
    {"id": "w", "kind": "wait", "for": "1d"},
    {"id": "x", "kind": "exit"},
)


@pytest.fixture
def town(world: World) -> Town:
    return Town(world)


def crm(town: Town, number: int, **more: str) -> int:
    """A customer known by a CRM id; more identities of the same person may be named."""
    identities = (Identity("crm_id", "c", f"crm{number}"), *(Identity(kind, value) for kind, value in more.items()))
    with town.world.open() as ctx:
        key = f"{number} {sorted(more.items())}"
        (customer_id,) = customers.identify(ctx, [Record("crm", key, identities, ctx.now, {"region": "上海"})])
    town.drain()
    return customer_id


def places(town: Town) -> list[tuple[Any, ...]]:
    rows = town.world.rows(
        "select customer_id, origin_id, node, waiting, state, reason from enrolment order by origin_id"
    )
    return [tuple(row) for row in rows]


def test_generations_keep_the_order_of_chains() -> None:
    assert generations([(1, 1, 2), (3, 3, 4)]) == [[(1, 1, 2), (3, 3, 4)]]
    moves = [(1, 1, 2), (3, 3, 2), (1, 2, 5), (9, 9, 8)]
    assert generations(moves) == [[(1, 1, 2), (9, 9, 8)], [(3, 3, 2)], [(1, 2, 5)]]


def test_the_one_further_on_stays_and_a_split_revives_the_other(town: Town) -> None:
    journey = town.start(*STEPS)
    behind = crm(town, 1)
    ahead = crm(town, 2)
    town.outcome("sent", ahead)
    with town.world.open() as ctx:
        experiments.assign(ctx, "e", ids_of([behind]), [Arm("a", 1)])
    town.world.wait(seconds=1)
    with town.world.open() as ctx:
        experiments.assign(ctx, "e", ids_of([ahead]), [Arm("b", 1)])
    crm(town, 1, phone="13800138000")
    home = crm(town, 2, phone="13800138000")
    assert home == behind == min(behind, ahead)
    assert places(town) == [
        (home, behind, "s", "not_sent", "ended", "merged"),
        (home, ahead, "w", "time", "active", None),
    ]
    with town.world.open() as ctx:
        assert [step.node for step in queries.why(ctx, home)[0].steps] == ["s", "w"]
        assert arms.counts(ctx, "e") == {"a": 1}
        wave = queries.wave(ctx, journey.journey_id)
    assert (wave.entered, wave.active, wave.ended) == (2, 1, {"merged": 1})

    # Two unionids contradict each other: the phone no longer makes them one.
    crm(town, 1, unionid="u1")
    crm(town, 2, unionid="u2")
    assert places(town) == [
        (behind, behind, "s", "outcome", "active", None),
        (ahead, ahead, "w", "time", "active", None),
    ]
    with town.world.open() as ctx:
        wave = queries.wave(ctx, journey.journey_id)
        assert arms.counts(ctx, "e") == {"a": 1, "b": 1}
    assert (wave.entered, wave.active, {end: n for end, n in wave.ended.items() if n}) == (2, 2, {})
    town.outcome("sent", behind)
    town.wait(days=1)
    assert [row[2:] for row in places(town)] == [("x", None, "ended", "exit")] * 2


def test_a_group_of_three_becomes_one_enrolment_and_nobody_is_lost(town: Town) -> None:
    town.start(*STEPS)
    three = [crm(town, number) for number in (1, 2, 3)]
    for number in (1, 2, 3):
        crm(town, number, phone="13800138000")
    found = places(town)
    assert {row[0] for row in found} == {min(three)}
    assert sorted(row[1] for row in found) == sorted(three)
    assert sorted(str(row[5]) for row in found) == ["None", "merged", "merged"]


def test_an_outcome_told_for_the_former_customer_finds_its_enrolment(town: Town) -> None:
    journey = town.start(*STEPS)
    stays = crm(town, 1)
    with town.world.open() as ctx:
        goes = customers.identify(ctx, [Record("crm", "9", (Identity("crm_id", "c", "crm9"),), ctx.now)])[0]
        journeys.enrol(ctx, journey.journey_id, [goes], "hand")
    town.drain()
    town.outcome("sent", stays)
    town.wait(days=1)
    assert town.where(journey)[stays] == ("x", "exit")
    key = next(row.key for row in town.requests() if row.customer_id == goes)
    town.event("delivery_sent", goes, request_key=key)
    with town.world.open() as ctx:
        for number in (1, 9):
            both = (Identity("crm_id", "c", f"crm{number}"), Identity("phone", "13800138000"))
            customers.identify(ctx, [Record("crm", f"phone {number}", both, ctx.now)])
    town.drain()
    found = town.world.rows("select customer_id, node, waiting from enrolment where origin_id = :goes", goes=goes)
    assert [tuple(row) for row in found] == [(stays, "w", "time")]


def test_an_erased_person_leaves_every_journey(town: Town) -> None:
    journey = town.start(*STEPS)
    gone, stays = crm(town, 1), crm(town, 2)
    with town.world.open() as ctx:
        customers.erase(ctx, gone)
    town.drain()
    assert town.where(journey) == {gone: ("s", "erased"), stays: ("s", "outcome")}
    with town.world.open() as ctx:
        wave = queries.wave(ctx, journey.journey_id)
    assert (wave.active, wave.ended) == (1, {"erased": 1})


def test_in_a_stage_journey_the_later_stage_stays_whatever_was_lived_before(town: Town) -> None:
    pieces = [{"id": f"p{n}", "text": f"p{n}", "at": "12:00", "routes": ["oa_custom"]} for n in range(3)]
    journey = town.start(stages=[{"id": "aware", "name": "认知", "pieces": pieces}, {"id": "keen", "name": "有兴趣"}])
    cold = crm(town, 1)
    for _ in range(3):
        town.wait(days=1)
    hot = crm(town, 2)
    with town.world.open() as ctx:
        moves.by_hand(ctx, journey.journey_id, [hot], "keen", "约了演示")
    town.drain()
    crm(town, 1, phone="13800138000")
    home = crm(town, 2, phone="13800138000")
    rows = "select origin_id, stage, state, reason from enrolment order by origin_id"
    assert [tuple(row) for row in town.world.rows(rows)] == [
        (cold, "aware", "ended", "merged"),
        (hot, "keen", "active", None),
    ]
    assert home == cold
