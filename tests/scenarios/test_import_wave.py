"""A dirty file is imported; its people walk a journey if the operator said so, and only then."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from siyu.journeys import actions as journeys
from siyu.journeys import queries
from siyu.journeys.types import Journey
from siyu.runtime.house import House
from siyu.runtime.worker import drain
from siyu.tags import actions as tags
from tests.customers_importing.desk import Desk
from tests.support.world import ZONE, World

FILE = Path(__file__).resolve().parents[2] / "examples" / "import" / "dirty-customers-gb18030.csv"
JOURNEY: dict[str, Any] = {
    "key": "imported",
    "name": "导入客户",
    "entry": {"condition": {"kind": "attribute", "name": "phone", "op": "exists"}, "existing": False},
    "steps": [
        {"id": "mark", "kind": "set_tag", "tag": "旅程/来过现场"},
        {"id": "rest", "kind": "wait", "for": "1h"},
        {"id": "end", "kind": "exit", "reason": "done"},
    ],
}


def _begin(world: World) -> tuple[House, Journey]:
    house = House(world.engine, world.clock, ZONE)
    with world.open() as ctx:
        tags.ensure(ctx, "旅程/来过现场")
        journey = journeys.start(ctx, journeys.apply(ctx, JOURNEY).journey_id)
    drain(house)
    return house, journey


@pytest.mark.parametrize("allowed", [True, False])
def test_imported_people_walk_a_journey_only_if_the_operator_says_so(world: World, allowed: bool) -> None:
    house, journey = _begin(world)
    done = Desk.of(world).imported(FILE.read_bytes(), FILE.name, start_journeys=allowed, tags=["活动/三月展会"])
    assert done["state"] == "complete"
    assert done["counts"]["error"] > 0
    drain(house)

    phones = world.value("select count(*) from customer where status = 'active' and phone is not null")
    members = world.value("select count(*) from segment_member where segment_id = :id", id=journey.segment_id)
    assert phones > 20
    assert members == phones, "the segment knows them in either case"
    with world.open() as ctx:
        assert queries.wave(ctx, journey.journey_id).entered == (phones if allowed else 0)
    people = world.value("select count(*) from customer where status = 'active'")
    carriers = "select count(*) from customer_tags join tag on tag_id = any(tags) where name = :name"
    assert world.value(carriers, name="三月展会") == people
    assert world.value(carriers, name="来过现场") == (phones if allowed else 0)

    world.wait(hours=2)
    drain(house)
    with world.open() as ctx:
        assert queries.wave(ctx, journey.journey_id).ended == ({"done": phones} if allowed else {})


def test_an_import_taken_back_takes_its_tags_and_people(world: World) -> None:
    house = House(world.engine, world.clock, ZONE)
    desk = Desk.of(world)
    done = desk.imported(FILE.read_bytes(), FILE.name, tags=["活动/三月展会"])
    drain(house)
    assert world.value("select count(*) from customer_tags where cardinality(tags) > 0") > 20
    ended = desk.step(done["import_id"], "cancel")
    drain(house)
    assert ended["state"] == "taken_back"
    assert world.value("select count(*) from customer where status = 'active'") == 0
    assert world.value("select count(*) from customer_tags where cardinality(tags) > 0") == 0
    assert world.value("select count(*) from parked_work") == 0
