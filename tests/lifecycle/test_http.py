"""Lifecycle over HTTP: call, then what the next call shows."""

from fastapi.testclient import TestClient

from siyu.customers import actions as customers
from siyu.customers.types import Identity, Record
from siyu.lifecycle import http
from siyu.segments import actions as segments
from siyu.tags import actions as tags
from tests.lifecycle.living import act, react
from tests.support.http import room_client
from tests.support.world import World


def _client(world: World) -> tuple[TestClient, int]:
    with world.open() as ctx:
        (ann,) = customers.identify(ctx, [Record("test", "ann", (Identity("unionid", "ann"),), ctx.now)])
    return room_client(world, http.router), ann


def test_from_a_rule_to_a_level_with_its_reasons(world: World) -> None:
    client, ann = _client(world)
    rule = {"name": "填写表单", "events": {"type": "form_submitted"}, "points": 20, "daily_cap": 40}
    made = client.post("/api/lifecycle/score-rules", json=rule)
    assert made.status_code == 201
    with world.open() as ctx:
        act(ctx, ann, "form_submitted", "f1")
        react(ctx)
    standing = client.get(f"/api/lifecycle/customers/{ann}").json()
    assert (standing["score"], standing["level"], standing["by_hand"]) == (20, "lead", False)
    page = client.get(f"/api/lifecycle/customers/{ann}/points").json()
    assert [(one["rule"], one["points"], one["worth"]) for one in page["items"]] == [("填写表单", 20, 20.0)]
    assert page["next"] is None

    assert (
        client.post("/api/lifecycle/points", json={"customer_ids": [ann], "points": 30, "why": "电话聊过"}).status_code
        == 204
    )
    first = client.get(f"/api/lifecycle/customers/{ann}/points", params={"limit": 1}).json()
    assert (first["items"][0]["points"], first["items"][0]["by"]) == (30, "staff:1: 电话聊过")
    more = client.get(f"/api/lifecycle/customers/{ann}/points", params={"limit": 1, "cursor": first["next"]}).json()
    assert (more["items"][0]["points"], more["next"]) == (20, None)
    moved = client.post("/api/lifecycle/levels", json={"customer_ids": [ann], "level": "sql", "why": "要合同"})
    assert moved.json() == {"changed": 1}
    ladder = client.get("/api/lifecycle/ladder").json()
    assert {one["key"]: one["customers"] for one in ladder["levels"] if one["customers"]} == {"sql": 1}

    changed = client.put(f"/api/lifecycle/score-rules/{made.json()['rule_id']}", json=rule | {"active": False})
    assert changed.status_code == 200
    assert client.get("/api/lifecycle/score-rules").json()["items"][0]["active"] is False


def test_a_ladder_is_replaced_whole_or_not_at_all(world: World) -> None:
    client, _ = _client(world)
    before = client.get("/api/lifecycle/ladder").json()
    assert [one["name"] for one in before["levels"]] == ["新粉", "线索", "MQL", "SQL", "客户", "复购", "流失"]
    levels = [{"key": "fan", "name": "新粉"}, {"key": "hot", "name": "热", "points": 30}]
    saved = client.put("/api/lifecycle/ladder", json={"levels": levels, "half_life_days": 14, "margin": 5})
    assert saved.json()["sweep"] == {"after": 0, "last": saved.json()["sweep"]["last"]}
    assert (saved.json()["half_life_days"], saved.json()["margin"]) == (14, 5)
    wrong = [*levels, {"key": "cold", "name": "冷", "points": 10}]
    refused = client.put("/api/lifecycle/ladder", json={"levels": wrong})
    assert (refused.status_code, refused.json()["code"], refused.json()["field"]) == (
        422,
        "bad_ladder",
        "levels.2.points",
    )
    assert len(client.get("/api/lifecycle/ladder").json()["levels"]) == 2


def test_tag_rules_from_making_to_removal(world: World) -> None:
    client, _ = _client(world)
    with world.open() as ctx:
        tag_id = tags.ensure(ctx, "活跃/近期活跃")
        segment_id = segments.save(ctx, name="所有人", condition={"all": []})
    rule = {"name": "近期活跃", "tag_id": tag_id, "segment_id": segment_id}
    made = client.post("/api/lifecycle/tag-rules", json=rule)
    assert made.status_code == 201
    twice = client.post("/api/lifecycle/tag-rules", json=rule)
    assert (twice.status_code, twice.json()["code"]) == (409, "rule_name_taken")
    both = client.post("/api/lifecycle/tag-rules", json=rule | {"name": "x", "events": {"type": "x"}})
    assert (both.status_code, both.json()["code"], both.json()["field"]) == (422, "bad_rule", "segment_id")
    (shown,) = client.get("/api/lifecycle/tag-rules").json()["items"]
    assert shown == {**rule, "events": None, "days": None, "active": True, "rule_id": made.json()["rule_id"]}
    assert client.delete(f"/api/lifecycle/tag-rules/{shown['rule_id']}").status_code == 204
    assert client.get("/api/lifecycle/tag-rules").json() == {"items": []}


def test_nobody_is_named_who_is_not_there(world: World) -> None:
    client, ann = _client(world)
    for path in (f"/api/lifecycle/customers/{10**8}", f"/api/lifecycle/customers/{10**8}/points"):
        assert client.get(path).json()["code"] == "unknown_customer"
    given = client.post("/api/lifecycle/points", json={"customer_ids": [ann, 10**8], "points": 5, "why": "x"})
    assert (given.status_code, given.json()["field"]) == (404, "customer_ids.1")
    assert client.get(f"/api/lifecycle/customers/{ann}").json()["score"] == 0
    level = client.post("/api/lifecycle/levels", json={"customer_ids": [ann], "level": "gold", "why": "x"})
    assert (level.status_code, level.json()["code"]) == (404, "unknown_level")
    bad = client.get(f"/api/lifecycle/customers/{ann}/points", params={"cursor": "xyz"})
    assert (bad.status_code, bad.json()["code"]) == (422, "bad_cursor")
