"""The board of a stage journey: what stages, goals and rules are called, and who is moved by hand from it."""

from typing import Any

import pytest

from siyu.journeys import http, queries
from tests.journeys.town import Town
from tests.support.http import room_client
from tests.support.world import World

CLICKED = {"kind": "event", "type": "link_clicked", "since": "entered"}
STAGES: list[dict[str, Any]] = [
    {"id": "aware", "name": "认知期"},
    {"id": "keen", "name": "有兴趣", "enter": [{"reason": "clicked", "title": "点了链接", "when": CLICKED}]},
]
ORDERED = {"kind": "event", "type": "order_paid", "since": "entered"}
LOST = {"kind": "event", "type": "contact_lost", "since": "entered"}


@pytest.fixture
def town(world: World) -> Town:
    return Town(world)


def test_goals_and_rules_are_called_by_their_titles(town: Town) -> None:
    journey = town.start(
        stages=STAGES,
        goals=[{"name": "ordered", "title": "下单", "when": ORDERED}],
        exit_rules=[{"reason": "lost", "title": "删除了好友", "when": LOST}, {"reason": "other", "when": CLICKED}],
    )
    words = {"goal:ordered": "下单", "end:lost": "删除了好友", "move:clicked": "点了链接"}
    assert journey.titles == words
    assert [(stage.id, stage.name) for stage in journey.stages] == [("aware", "认知期"), ("keen", "有兴趣")]
    with town.world.open() as ctx:
        assert queries.wave(ctx, journey.journey_id).titles == words
        assert queries.journeys(ctx) == [journey]


def test_a_move_is_shown_before_it_is_made(town: Town) -> None:
    daily: dict[str, Any] = {"routes": ["oa_custom"]}
    now = {"id": "hello", "text": "您好，" * 20, "at": "09:00", **daily}
    pieces = [{"id": "past", "title": "早读", "text": "past", "at": "08:00", **daily}]
    pieces += [{"id": "price", "title": "报价", "text": "price", "day": 2, "part": "noon", **daily}]
    journey = town.start(stages=[STAGES[0] | {"pieces": [now]}, STAGES[1] | {"pieces": pieces}])
    first, second = town.people(2, "上海")
    town.drain()
    base = f"/api/journeys/{journey.journey_id}/moves"
    client = room_client(town.world, http.router, may=("journeys.read", "journeys.write"))
    body = {"customers": [first, second], "stage": "keen"}
    found = client.post(f"{base}/preview", json=body).json()
    assert found["people"] == 2
    assert found["withdrawn"] == [{"node": "hello", "title": "您好，" * 8, "handed": False, "people": 2}]
    assert [(one["title"], one["at"], one["skip"], one["people"]) for one in found["coming"]] == [
        ("早读", "2026-03-02T01:00:00Z", None, 2),
        ("报价", "2026-03-03T04:00:00Z", None, 2),
    ]
    assert {row.state for row in town.requests()} == {"waiting"}, "nothing was changed"
    assert client.post(base, json=body | {"reason": "来电"}).json() == {"moved": 2}
    assert {(row.node, row.state, row.detail) for row in town.requests() if row.node == "hello"} == {
        ("hello", "not_sent", "stage_left")
    }
    again = client.post(f"{base}/preview", json=body)
    assert (again.status_code, again.json()["code"], again.json()["field"]) == (409, "not_movable", "stage")
