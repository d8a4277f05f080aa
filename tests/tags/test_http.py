"""Tags over HTTP: call, then what the next call shows."""

from fastapi.testclient import TestClient

from siyu.customers import actions as customers
from siyu.customers.types import Identity, Record
from siyu.tags import http
from tests.support.http import room_client
from tests.support.world import World


def _people(world: World, *names: str) -> list[int]:
    with world.open() as ctx:
        records = [Record("test", name, (Identity("unionid", name),), ctx.now) for name in names]
        return customers.identify(ctx, records)


def _tag(client: TestClient, group: str, name: str) -> int:
    made = client.post("/api/tags/groups", json={"name": group})
    assert made.status_code == 201
    tag = client.post(f"/api/tags/groups/{made.json()['group_id']}/tags", json={"name": name, "note": "两次点击"})
    assert tag.status_code == 201
    return int(tag.json()["tag_id"])


def test_a_tag_from_creation_to_removal(world: World) -> None:
    client = room_client(world, http.router)
    ann, bob = _people(world, "ann", "bob")
    tag = _tag(client, "意向", "高")
    given = client.post(f"/api/tags/{tag}/add", json={"customer_ids": [ann, bob, ann], "why": "展会认识"})
    assert given.json() == {"changed": 2}
    assert client.post(f"/api/tags/{tag}/add", json={"customer_ids": [ann], "why": "again"}).json() == {"changed": 0}
    (group,) = client.get("/api/tags").json()["groups"]
    assert [(one["path"], one["customers"], one["note"]) for one in group["tags"]] == [("意向/高", 2, "两次点击")]
    (shown,) = client.get(f"/api/tags/of/{ann}").json()["items"]
    assert (shown["path"], shown["by"], shown["why"], shown["expires_at"]) == ("意向/高", "staff:1", "展会认识", None)

    assert client.patch(f"/api/tags/{tag}", json={"name": "很高", "retired": True}).status_code == 204
    refused = client.post(f"/api/tags/{tag}/add", json={"customer_ids": [ann], "why": "again"})
    assert (refused.status_code, refused.json()["code"]) == (409, "tag_retired")
    assert client.post(f"/api/tags/{tag}/remove", json={"customer_ids": [ann], "why": "cold"}).json() == {"changed": 1}
    assert client.delete(f"/api/tags/{tag}").json() == {"changed": 1}
    assert client.get(f"/api/tags/of/{bob}").json() == {"items": []}
    assert client.get("/api/tags").json()["groups"][0]["tags"] == []


def test_bad_input_is_named_and_changes_nothing(world: World) -> None:
    client = room_client(world, http.router)
    (ann,) = _people(world, "ann")
    tag = _tag(client, "意向", "高")
    taken = client.post("/api/tags/groups", json={"name": "意向"})
    assert (taken.status_code, taken.json()["code"]) == (409, "tag_name_taken")
    nobody = client.post(f"/api/tags/{tag}/add", json={"customer_ids": [ann, 10**8], "why": "x"})
    assert (nobody.status_code, nobody.json()["field"]) == (404, "customer_ids.1")
    late = {"customer_ids": [ann], "why": "x", "expires_at": "2026-01-01T00:00:00Z"}
    past = client.post(f"/api/tags/{tag}/add", json=late)
    assert (past.status_code, past.json()["field"]) == (422, "expires_at")
    assert client.post("/api/tags/groups/99999999/tags", json={"name": "x"}).json()["code"] == "unknown_tag_group"
    assert client.get(f"/api/tags/of/{ann}").json() == {"items": []}


def test_reading_does_not_permit_writing(world: World) -> None:
    client = room_client(world, http.router, may=("tags.read",))
    assert client.get("/api/tags").status_code == 200
    assert client.post("/api/tags/groups", json={"name": "意向"}).status_code == 403
    assert world.value("select count(*) from tag_group") == 0
