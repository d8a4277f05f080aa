"""Staff tasks over HTTP: one's own day, the scope, tasks by hand, bad input."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from fastapi.testclient import TestClient

from siyu.customers import actions as customers
from siyu.customers.types import Identity, Record
from siyu.kernel.ctx import Actor
from siyu.tasks import http
from siyu.team import actions as team
from tests.support.http import room_client
from tests.support.world import World

SALES = ("tasks.read", "tasks.write")


def _people(world: World, *names: str) -> list[int]:
    with world.open() as ctx:
        return customers.identify(ctx, [Record("test", name, (Identity("unionid", name),), ctx.now) for name in names])


def _member(world: World, name: str) -> int:
    with world.open() as ctx:
        return team.add_staff(ctx, name=name, roles=["sales"], userid=name)


@contextmanager
def _as(client: TestClient, staff_id: int, *may: str) -> Iterator[TestClient]:
    edge = client.app.state.edge  # type: ignore[attr-defined]
    before = edge.actor
    edge.actor = Actor("staff", f"staff:{staff_id}", staff_id, frozenset(may))
    yield client
    edge.actor = before


def test_a_day_of_one_member(world: World) -> None:
    client = room_client(world, http.router)
    ann, bob = _people(world, "ann", "bob")
    wang, li = _member(world, "王敏"), _member(world, "李强")
    new = {"customer_ids": [ann, bob, ann], "title": "请她来试听", "why": "上周问过", "staff_id": wang}
    assert client.post("/api/tasks", json=new).json() == {"added": 2}
    assert client.post("/api/tasks", json=new).json() == {"added": 0}
    with _as(client, wang, *SALES):
        day = client.get("/api/tasks/today").json()
        assert [(one["customer_id"], one["title"], one["staff"]) for one in day["items"]] == [
            (ann, "请她来试听", "王敏"),
            (bob, "请她来试听", "王敏"),
        ]
        first, second = (one["task_id"] for one in day["items"])
        assert client.post(f"/api/tasks/{first}/replied").status_code == 204
        assert client.post(f"/api/tasks/{second}/hand-back", json={"note": "已离职"}).status_code == 204
        refused = client.post(f"/api/tasks/{first}/done", json={})
        assert (refused.status_code, refused.json()["code"], refused.json()["detail"]) == (
            409,
            "task_closed",
            {"state": "replied"},
        )
        counts = client.get("/api/tasks/today").json()["counts"]
        assert counts == {"open": 0, "overdue": 0, "later": 0, "done": 0, "replied": 1, "handed_back": 1}
        for path in (f"/api/tasks/today?staff_id={li}", f"/api/tasks?staff_id={li}"):
            assert client.get(path).status_code == 403
        assert client.post(f"/api/tasks/{second}/give", json={"staff_id": li}).status_code == 403
    with _as(client, li, *SALES):
        assert client.get(f"/api/tasks/{second}").json()["code"] == "unknown_task"
        assert client.get("/api/tasks?unassigned=true").json()["items"] == []
    assert client.post(f"/api/tasks/{second}/give", json={"staff_id": li}).status_code == 204
    assert [one["staff"] for one in client.get("/api/tasks?state=open").json()["items"]] == ["李强"]
    assert client.post(f"/api/tasks/{second}/cancel").status_code == 204
    assert world.value("select count(*) from event where type = 'reply_marked' and customer_id = :a", a=ann) == 1


def test_bad_input_is_named_and_changes_nothing(world: World) -> None:
    client = room_client(world, http.router)
    (ann,) = _people(world, "ann")
    nobody = client.post("/api/tasks", json={"customer_ids": [ann, 10**8], "title": "x"})
    assert (nobody.status_code, nobody.json()["field"]) == (404, "customer_ids.1")
    past = {"customer_ids": [ann], "title": "x", "expires_at": "2026-01-01T00:00:00Z"}
    assert client.post("/api/tasks", json=past).json()["field"] == "expires_at"
    gone = client.post("/api/tasks", json={"customer_ids": [ann], "title": "x", "staff_id": 10**8})
    assert (gone.status_code, gone.json()["code"]) == (422, "unknown_member")
    assert client.get("/api/tasks?cursor=xx").json()["code"] == "bad_cursor"
    assert client.post("/api/tasks/99999999/done", json={}).status_code == 404
    assert world.value("select count(*) from staff_task") == 0
