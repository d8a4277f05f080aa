"""Error bodies, health, metrics, the live stream, and that what was answered is committed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from siyu.app.server import listening, serving
from siyu.journeys import actions as journeys
from siyu.journeys import files
from siyu.runtime import worker
from siyu.runtime.house import House
from siyu.segments import actions as segments
from tests.app.conftest import Office
from tests.support.world import World

JOURNEY = """
key: small
name: 小旅程
mode: traffic_pool
entry: {segment: 所有人, existing: true, re_entry: never}
steps:
  - {id: pause, title: 等一天, kind: wait, for: 1d}
  - {id: end, title: 结束, kind: exit, reason: over}
"""


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({"source": "crm", "items": [{"key": "C-\x00"}]}, "bad_text", "items.0.key"),
        ({"source": "crm", "items": [{"key": "C-1", "seen_at": "2026-03-02T09:00:00"}]}, "bad_time", "items.0.seen_at"),
        ({"source": "crm", "items": []}, "invalid", "items"),
        ({"source": "crm", "items": [{"key": "C-1"}], "more": 1}, "invalid", "more"),
        ({"source": "crm", "items": [{"key": "C-1"}, {"key": ""}]}, "invalid", "items.1.key"),
    ],
)
def test_bad_input_is_refused_by_name_and_changes_nothing(
    office: Office, world: World, body: object, code: str, field: str
) -> None:
    client = office.sign_in("operator")
    answer = client.post("/api/customers", json=body)
    assert answer.status_code == 422
    said = answer.json()
    assert set(said) == {"code", "message", "field", "detail"}
    assert (said["code"], said["field"]) == (code, field)
    assert said["detail"]["errors"][0]["field"] == field
    assert world.value("select count(*) from customer") == 0


def test_errors_of_the_framework_have_the_same_body(office: Office) -> None:
    client = office.sign_in("operator")
    for answer, status, code in (
        (client.get("/api/nowhere"), 404, "not_found"),
        (client.delete("/api/customers"), 405, "method_not_allowed"),
        (client.post("/api/customers", content=b"{", headers={"content-type": "application/json"}), 422, "invalid"),
    ):
        assert answer.status_code == status
        assert set(answer.json()) == {"code", "message", "field", "detail"}
        assert answer.json()["code"] == code


def test_what_fails_unexpectedly_tells_nothing_of_the_inside(
    house: House, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = office.sign_in("operator")
    with house.open() as ctx:
        ctx.tx.execute(text("alter table journey rename to journey_hidden"))
    try:
        answer = client.get("/api/journeys")
    finally:
        with house.open() as ctx:
            ctx.tx.execute(text("alter table journey_hidden rename to journey"))
    assert answer.status_code == 500
    assert answer.json()["code"] == "internal"
    assert "journey" not in answer.text


def test_what_was_answered_is_committed(office: Office, world: World) -> None:
    """Seen by another connection as soon as the answer is there, not by this request's own transaction."""
    client = office.sign_in("operator")
    for number in range(20):
        answer = client.post("/api/customers", json={"source": "crm", "items": [{"key": f"C-{number}"}]})
        assert answer.status_code == 200
        assert world.value("select count(*) from customer") == number + 1


def test_health_needs_no_sign_in_and_metrics_are_there(client: TestClient, world: World) -> None:
    assert client.get("/healthz").json() == {
        "ok": True,
        "now": world.now.isoformat().replace("+00:00", "Z"),
        "workers": "none",
    }
    metrics = client.get("/metrics")
    assert metrics.status_code == 200
    assert "process_cpu_seconds_total" in metrics.text


def test_without_built_screens_the_page_says_what_to_do(client: TestClient) -> None:
    answer = client.get("/")
    assert answer.status_code == 503
    assert "make ui" in answer.text


def test_the_live_stream_tells_the_wave_and_then_every_change(house: House, office: Office) -> None:
    client = office.sign_in("operator")
    for number in range(3):
        client.post("/api/customers", json={"source": "crm", "items": [{"key": f"C-{number}"}]})
    with house.open() as ctx:
        segments.save(ctx, name="所有人", condition={"all": []})
        journey_id = files.apply(ctx, JOURNEY).journey_id
    bound = listening("127.0.0.1", 0)
    cookie = {"cookie": f"siyu_session={client.cookies['siyu_session']}"}
    with serving(house, bound), httpx2.Client(trust_env=False, timeout=20) as http:
        address = f"http://127.0.0.1:{bound.getsockname()[1]}/api/live/journeys/{journey_id}"
        assert http.get(address).status_code == 401
        with http.stream("GET", address, headers=cookie) as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            waves = _waves(answer.iter_lines())
            assert next(waves)["entered"] == 0
            with house.open() as ctx:
                journeys.start(ctx, journey_id)
            worker.drain(house)
            assert any(wave["entered"] == 3 for wave in waves)


def _waves(lines: Iterator[str]) -> Iterator[dict[str, Any]]:
    """The data of ``wave`` events; others tell the time only."""
    kind = ""
    for line in lines:
        if line.startswith("event:"):
            kind = line.removeprefix("event:").strip()
        elif line.startswith("data:") and kind == "wave":
            yield json.loads(line.removeprefix("data:"))["wave"]
