"""The list of all changes of level over HTTP: who, from where to where, why, narrowed and page by page."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from siyu.customers import actions as customers
from siyu.customers.types import NewOrder
from siyu.kernel.paging import cursor
from siyu.lifecycle import http
from siyu.segments import actions as segments
from tests.lifecycle.living import act, people, react
from tests.support.http import room_client
from tests.support.world import World

CHANGES = "/api/lifecycle/changes"


@pytest.fixture
def client(world: World) -> TestClient:
    return room_client(world, http.router)


def _give(client: TestClient, customer_id: int, points: int) -> None:
    body = {"customer_ids": [customer_id], "points": points, "why": "电话聊过"}
    assert client.post("/api/lifecycle/points", json=body).status_code == 204


def _put(client: TestClient, ids: list[int], level: str) -> None:
    body = {"customer_ids": ids, "level": level, "why": "要合同"}
    assert client.post("/api/lifecycle/levels", json=body).json() == {"changed": len(ids)}


def _rest(world: World) -> None:
    with world.open() as ctx:
        react(ctx)


def _listed(client: TestClient, **asked: Any) -> list[tuple[int, str, str, str | None, int, str]]:
    answer = client.get(CHANGES, params=asked)
    assert answer.status_code == 200, answer.text
    return [
        (one["customer_id"], one["from_level"], one["to_level"], one["direction"], one["score"], one["why"])
        for one in answer.json()["items"]
    ]


def test_every_kind_of_cause_is_told(world: World, client: TestClient) -> None:
    with world.open() as ctx:
        ann, bob = people(ctx, "ann", "bob")
        paid = segments.save(ctx, name="已购", condition={"kind": "order", "count": {"ge": 1}})
    rungs: list[dict[str, Any]] = [
        {"key": "fan", "name": "新粉"},
        {"key": "mql", "name": "MQL", "points": 40},
        {"key": "sql", "name": "SQL"},
        {"key": "customer", "name": "客户", "segment_id": paid},
    ]
    assert client.put("/api/lifecycle/ladder", json={"levels": rungs}).status_code == 200
    rule = {"name": "填写表单", "events": {"type": "form_submitted"}, "points": 40}
    assert client.post("/api/lifecycle/score-rules", json=rule).status_code == 201
    _rest(world)
    with world.open() as ctx:
        act(ctx, ann, "form_submitted", "f1")
        react(ctx)
    world.wait(days=30)
    _rest(world)
    _give(client, ann, 30)
    world.wait(minutes=1)
    _put(client, [bob], "sql")
    world.wait(minutes=1)
    with world.open() as ctx:
        customers.save_orders(ctx, [NewOrder("shop", "1", ann, 100, "CNY", "paid", ctx.now, ctx.now)])
        react(ctx)
    world.wait(minutes=1)
    kept = [one for one in rungs if one["key"] != "sql"]
    assert client.put("/api/lifecycle/ladder", json={"levels": kept}).status_code == 200
    _rest(world)
    assert _listed(client) == [
        (bob, "sql", "fan", None, 0, "ladder"),
        (ann, "mql", "customer", "up", 50, f"segment:{paid}"),
        (bob, "fan", "sql", None, 0, "staff:1: 要合同"),
        (ann, "fan", "mql", "up", 50, "staff:1: 电话聊过"),
        (ann, "mql", "fan", "down", 20, "time"),
        (ann, "fan", "mql", "up", 40, "填写表单"),
    ]
    # What came from or went to a level that is gone is neither up nor down.
    assert [one[5] for one in _listed(client, direction="up")] == [f"segment:{paid}", "staff:1: 电话聊过", "填写表单"]
    assert [one[5] for one in _listed(client, direction="down")] == ["time"]


def test_a_merged_person_is_found_under_who_they_are_now(world: World, client: TestClient) -> None:
    with world.open() as ctx:
        ann, bob = people(ctx, "ann", "bob")
    _give(client, ann, 30)
    _give(client, bob, 30)
    with world.open() as ctx:
        customers.join(ctx, [ann, bob])
        react(ctx)
    found = _listed(client)
    assert found[0][1:] == ("lead", "mql", "up", 60, "merged")
    home = client.get(f"/api/lifecycle/customers/{bob}").json()["customer_id"]
    assert [one[0] for one in found] == [home] * 3


def test_changes_are_narrowed_by_level_direction_and_time(world: World, client: TestClient) -> None:
    with world.open() as ctx:
        ann, bob = people(ctx, "ann", "bob")
    first = world.now
    _give(client, ann, 10)
    second = world.wait(hours=1)
    _put(client, [ann, bob], "sql")
    third = world.wait(hours=1)
    _put(client, [bob], "lead")
    assert _listed(client, level="lead") == [
        (bob, "sql", "lead", "down", 0, "staff:1: 要合同"),
        (ann, "fan", "lead", "up", 10, "staff:1: 电话聊过"),
    ]
    assert [one[0] for one in _listed(client, level="lead", direction="up")] == [ann]
    assert _listed(client, level="mql") == []
    assert {one[0] for one in _listed(client, since=second.isoformat(), until=third.isoformat())} == {ann, bob}
    assert [one[2] for one in _listed(client, until=second.isoformat())] == ["lead"]
    assert [one[:2] for one in _listed(client, since=third.isoformat())] == [(bob, "sql")]
    assert _listed(client, until=first.isoformat()) == []


@pytest.mark.parametrize("asked", [{}, {"direction": "up"}])
def test_pages_lose_nobody_and_tell_nobody_twice(world: World, client: TestClient, asked: dict[str, str]) -> None:
    with world.open() as ctx:
        who = people(ctx, *(f"p{number}" for number in range(5)))
    _put(client, who, "sql")
    world.wait(days=40)
    _put(client, who[:2], "lead")
    whole = client.get(CHANGES, params=asked).json()
    assert (len(whole["items"]), whole["next"]) == (5 if asked else 7, None)
    found: list[dict[str, Any]] = []
    following: str | None = None
    for _ in range(10):
        page = client.get(CHANGES, params=asked | {"limit": "2"} | ({"cursor": following} if following else {})).json()
        found += page["items"]
        following = page["next"]
        if following is None:
            break
        # What happens meanwhile comes before the first page.
        world.wait(minutes=1)
        _put(client, [who[4]], "customer" if len(found) % 4 else "repeat")
    assert found == whole["items"]


def test_an_erased_person_is_in_no_list(world: World, client: TestClient) -> None:
    with world.open() as ctx:
        ann, bob = people(ctx, "ann", "bob")
    _put(client, [ann, bob], "sql")
    with world.open() as ctx:
        customers.erase(ctx, ann)
        react(ctx)
    assert [one[0] for one in _listed(client)] == [bob]


def test_what_outside_systems_call_a_change_is_none(world: World, client: TestClient) -> None:
    with world.open() as ctx:
        (ann,) = people(ctx, "ann")
        act(ctx, ann, "lifecycle_changed", "theirs", to="gold", score="high")
        react(ctx)
    _put(client, [ann], "sql")
    assert _listed(client) == [(ann, "fan", "sql", "up", 0, "staff:1: 要合同")]


@pytest.mark.parametrize(
    ("asked", "status", "code", "field"),
    [
        ({"cursor": "xyz"}, 422, "bad_cursor", "cursor"),
        ({"cursor": cursor(1)}, 422, "bad_cursor", "cursor"),
        ({"cursor": cursor("2026-03-02", 1)}, 422, "bad_cursor", "cursor"),
        ({"level": "gold"}, 404, "unknown_level", "level"),
    ],
)
def test_what_makes_no_sense_is_refused(
    client: TestClient, asked: dict[str, str], status: int, code: str, field: str
) -> None:
    refused = client.get(CHANGES, params=asked)
    assert (refused.status_code, refused.json()["code"], refused.json()["field"]) == (status, code, field)


def test_odd_filters_are_refused(client: TestClient) -> None:
    for asked in ({"direction": "sideways"}, {"since": "yesterday"}, {"limit": "0"}):
        assert client.get(CHANGES, params=asked).status_code == 422


def test_only_who_may_read_levels_reads_their_changes(world: World) -> None:
    assert room_client(world, http.router, may=("customers.read",)).get(CHANGES).status_code == 403
    assert room_client(world, http.router, may=("lifecycle.read",)).get(CHANGES).status_code == 200
