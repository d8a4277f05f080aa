"""Conditions and segments over HTTP, as the editor uses them."""

import base64
import json
from typing import Any

import pytest
from sqlalchemy import text

from siyu.customers import actions as customers
from siyu.customers.types import Identity, Record
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import ids_of
from siyu.segments import actions, http, people, queries
from siyu.tags import actions as tags
from tests.segments.populations import happened
from tests.support.http import room_client
from tests.support.world import World

FILLED = {"kind": "event", "type": "form_submitted", "within": "30d"}
UNFILLED = {"all": [{"kind": "tag", "tag": "意向/高"}, {"not": FILLED}]}


def _people(world: World) -> tuple[list[int], int]:
    with world.open() as ctx:
        records = [Record("t", n, (Identity("unionid", n),), ctx.now, {"name": n}) for n in ("安", "波", "陈")]
        ids = customers.identify(ctx, records)
        tag = tags.ensure(ctx, "意向/高")
        tags.add(ctx, tag_id=tag, who=ids_of(ids[:2]), why="test")
        happened(ctx, ids[1], "form_submitted")
    return ids, tag


def test_the_editor_estimates_samples_explains_and_saves(world: World) -> None:
    client = room_client(world, http.router)
    (ann, bob, _), tag = _people(world)
    estimate = client.post("/api/segments/estimate", json={"condition": UNFILLED}).json()
    exact = {"count": 1, "low": 1, "high": 1, "exact": True, "population": 3}
    assert estimate == {**exact, "needs_archive": []}
    sample = client.post("/api/segments/sample", json={"condition": UNFILLED}).json()
    assert sample == {"items": [{"customer_id": ann, "name": "安"}]}
    why = client.post("/api/segments/explain", json={"condition": UNFILLED, "customer_id": bob}).json()
    assert (why["node"], why["result"]) == ("all", False)
    has_tag, not_filled = why["of"]
    assert (has_tag["result"], has_tag["word"], has_tag["seen"]) == (True, "tag", {"tags": [tag]})
    assert (not_filled["result"], not_filled["of"][0]["seen"]["count"]) == (False, 1)

    made = client.post("/api/segments", json={"name": "高意向未填表", "condition": UNFILLED})
    assert made.status_code == 201
    segment_id = made.json()["segment_id"]
    shown = client.get(f"/api/segments/{segment_id}").json()
    assert (shown["size"], shown["version"], shown["named"]) == (1, 1, UNFILLED)
    assert shown["condition"]["all"][0] == {"kind": "tag", "tag": tag}
    members = client.get(f"/api/segments/{segment_id}/members").json()
    assert [(one["customer_id"], one["name"]) for one in members["items"]] == [(ann, "安")]

    everybody = {"name": "全部", "condition": {"all": []}}
    assert client.put(f"/api/segments/{segment_id}", json=everybody).status_code == 200
    first = client.get(f"/api/segments/{segment_id}/members", params={"limit": 2}).json()
    second = client.get(f"/api/segments/{segment_id}/members", params={"limit": 2, "after": first["next"]}).json()
    assert (len(first["items"]), len(second["items"]), second["next"]) == (2, 1, None)
    tagged = client.post("/api/segments/tagging", json={"condition": {"all": []}, "tag_id": tag, "why": "all of them"})
    assert tagged.json() == {"changed": 1}
    assert client.delete(f"/api/segments/{segment_id}").status_code == 204
    assert client.get("/api/segments").json() == {"items": []}


def test_who_saves_over_another_is_told_and_changes_nothing(world: World) -> None:
    client = room_client(world, http.router)
    everybody: dict[str, Any] = {"name": "甲", "condition": {"all": []}}
    made = client.post("/api/segments", json=everybody).json()
    path = f"/api/segments/{made['segment_id']}"
    mine, theirs = ({**everybody, "name": name, "version": made["version"]} for name in ("乙", "丙"))
    assert client.put(path, json=theirs).json()["version"] == made["version"] + 1
    refused = client.put(path, json=mine)
    assert (refused.status_code, refused.json()["code"], refused.json()["field"]) == (409, "segment_changed", "version")
    shown = client.get(path).json()
    assert (shown["name"], shown["changed_by"]) == ("丙", "staff:1")
    changed = {"version": made["version"] + 1, "changed_by": "staff:1", "changed_at": "2026-03-02T01:00:00+00:00"}
    assert refused.json()["detail"] == changed
    same = {key: value for key, value in theirs.items() if key != "version"}
    assert client.put(path, json=same).json()["version"] == made["version"] + 1  # nothing new, no new version
    assert client.put(path, json={**same, "name": "丁"}).json()["version"] == made["version"] + 2


def test_faults_name_the_part(world: World) -> None:
    client = room_client(world, http.router)
    bad = {"all": [{"kind": "event", "type": "page_read", "within": "12 hours"}]}
    for path, body in (
        ("estimate", {"condition": bad}),
        ("sample", {"condition": bad}),
        ("explain", {"condition": bad, "customer_id": 1}),
        ("", {"condition": bad, "name": "x"}),
    ):
        answer = client.post(f"/api/segments/{path}".rstrip("/"), json=body)
        assert (answer.status_code, answer.json()["field"]) == (422, "condition.all.0.within")
    unknown = client.post("/api/segments/explain", json={"condition": {"all": []}, "customer_id": 10**8})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown_customer")
    assert client.get("/api/segments/99999999").json()["code"] == "unknown_segment"


def test_reading_does_not_permit_writing(world: World) -> None:
    client = room_client(world, http.router, may=("segments.read",))
    assert client.post("/api/segments/estimate", json={"condition": {"all": []}}).status_code == 200
    assert client.post("/api/segments", json={"name": "x", "condition": {"all": []}}).status_code == 403
    tagging = {"condition": {"all": []}, "tag_id": 1, "why": "x"}
    assert client.post("/api/segments/tagging", json=tagging).status_code == 403


def test_explanations_mask_phones_and_emails_unless_permitted(world: World) -> None:
    told = {"phone": "13800138000", "email": "li@example.com"}
    with world.open() as ctx:
        (ann,) = customers.identify(ctx, [Record("t", "a", (Identity("unionid", "a"),), ctx.now, told)])
    has = [{"kind": "attribute", "name": name, "op": "exists"} for name in ("phone", "email", "region")]
    asked = {"customer_id": ann, "condition": {"any": [*has, {"not": has[0]}]}}
    reader = room_client(world, http.router, may=("segments.read",))
    shown = reader.post("/api/segments/explain", json=asked)
    assert [part["seen"].get("value") for part in shown.json()["of"]] == [
        "138****8000",
        "l****@example.com",
        None,
        None,
    ]
    assert "138001" not in shown.text
    assert "li@" not in shown.text
    audited = "select count(*) from audit_log where action = 'segments.explain_clear'"
    assert world.value(audited) == 0
    manager = room_client(world, http.router, may=("segments.read", "customers.phones"))
    seen = manager.post("/api/segments/explain", json=asked).json()["of"]
    assert [part["seen"].get("value") for part in seen] == ["+8613800138000", "li@example.com", None, None]
    assert world.value(audited) == 1


@pytest.mark.parametrize("keys", [["x"], [10**30], [-1], [None], [{}], [True], [1, 2], 1])
def test_a_cursor_of_another_list_is_refused(world: World, keys: Any) -> None:
    with world.open() as ctx:
        segment_id = actions.save(ctx, name="x", condition={"all": []})
    after = base64.urlsafe_b64encode(json.dumps(keys).encode()).decode().rstrip("=")
    answer = room_client(world, http.router).get(f"/api/segments/{segment_id}/members", params={"after": after})
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_cursor")


def test_every_kind_brings_its_schema_and_words(world: World) -> None:
    kinds = room_client(world, http.router).get("/api/segments/kinds").json()["items"]
    assert {kind["name"] for kind in kinds} >= {kind.name for kind in queries.BUILT_IN}
    for kind in kinds:
        assert all(kind[part] for part in ("title_en", "title_zh", "word_en", "word_zh"))
        assert kind["params"]["type"] == "object"


def test_an_estimate_of_many_is_a_sample_with_its_interval(ctx: Ctx, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(people, "EXACT_UP_TO", 100)
    monkeypatch.setattr(people, "SAMPLE", 2000)
    regions = {f"p{n}": "上海" if n % 4 else "北京" for n in range(4000)}
    known = [(Identity("unionid", name), {"region": region}) for name, region in regions.items()]
    records = [Record("t", who.value, (who,), ctx.now, attributes) for who, attributes in known]
    customers.identify(ctx, records)
    condition = queries.parse(ctx, {"kind": "attribute", "name": "region", "op": "eq", "value": "北京"})
    found = queries.estimate(ctx, condition)
    assert not found.exact
    # The interval is one of 95 %, and who is in the sample depends on the numbers that people get.
    assert abs(found.count - 1000) < 300
    assert found.low < found.count < found.high
    assert found.high - found.low < 400
    assert found.population == 4000
    assert queries.estimate(ctx, condition) == found
    assert queries.sample(ctx, condition, 5) == queries.sample(ctx, condition, 5)


@pytest.mark.parametrize("gap", [1, 2, 3])
def test_an_estimate_is_never_above_the_population(ctx: Ctx, monkeypatch: pytest.MonkeyPatch, gap: int) -> None:
    monkeypatch.setattr(people, "EXACT_UP_TO", 0)
    monkeypatch.setattr(people, "SAMPLE", 100)
    customers.identify(ctx, [Record("t", f"p{n}", (Identity("unionid", f"p{n}"),), ctx.now) for n in range(400)])
    ctx.tx.execute(text("update customer set status = 'merged' where customer_id % :gap > 0"), {"gap": gap})
    found = queries.estimate(ctx, queries.parse(ctx, {"all": []}))
    assert found.low <= found.count <= found.high
    assert found.count <= found.population
