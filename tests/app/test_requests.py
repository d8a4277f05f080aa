"""How any request is read and any answer is given: repeatable writes, unstorable text, bodies, headers."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient

from siyu.app import health
from siyu.app.description import description
from siyu.app.http import create_app
from siyu.app.routers import MOST_BYTES, ROUTERS
from siyu.kernel import idempotency
from siyu.kernel.http import ApiRoute
from siyu.kernel.probes import answer as ask
from siyu.kernel.settings import know
from siyu.runtime.house import House
from siyu.team import jobs as team_jobs
from tests.app.conftest import PASSWORD, Office
from tests.support.world import World

KEY = "Idempotency-Key"
NEW = {"name": "CRM", "scopes": ["customers.read"]}


def _raw(client: TestClient, body: bytes, media: str | None = "application/json") -> Any:
    headers = {"content-type": media} if media else {}
    return client.post("/api/customers", content=body, headers=headers)


def test_a_repeated_write_gets_its_first_answer_and_changes_nothing(office: Office, world: World) -> None:
    client = office.sign_in("admin")
    first = client.post("/api/team/keys", json=NEW, headers={KEY: "a-1"})
    again = client.post("/api/team/keys", json=NEW, headers={KEY: "a-1"})
    assert (first.status_code, again.status_code, again.json()) == (201, 201, first.json())
    assert (first.headers.get("idempotent-replay"), again.headers["idempotent-replay"]) == (None, "true")
    assert again.headers["content-type"] == first.headers["content-type"]
    assert world.value("select count(*) from api_key") == 1
    assert first.json()["key"] not in world.value("select body from idempotency_key"), "answers may hold secrets"
    other = client.post("/api/team/keys", json={**NEW, "name": "ERP"}, headers={KEY: "a-1"})
    assert (other.status_code, other.json()["code"], other.json()["field"]) == (409, "idempotency_conflict", KEY)
    elsewhere = client.post("/api/tags/groups", json={"name": "CRM"}, headers={KEY: "a-1"})
    assert (elsewhere.status_code, elsewhere.json()["code"]) == (409, "idempotency_conflict")
    assert world.value("select count(*) from tag_group") == 0
    assert client.post("/api/team/keys", json=NEW, headers={KEY: "a-2"}).json() != first.json()


def test_an_answer_without_a_body_is_repeated_too(office: Office, world: World) -> None:
    client = office.sign_in("admin")
    key_id = client.post("/api/team/keys", json=NEW).json()["key_id"]
    answers = [client.delete(f"/api/team/keys/{key_id}", headers={KEY: "b"}) for _ in range(2)]
    assert [(one.status_code, one.content) for one in answers] == [(204, b""), (204, b"")]
    assert client.delete(f"/api/team/keys/{key_id}").status_code == 404, "without the key it is another request"


def test_a_refused_write_takes_no_key_and_each_actor_has_keys_of_its_own(office: Office, world: World) -> None:
    client = office.sign_in("admin")
    bad = client.post("/api/team/keys", json={**NEW, "scopes": ["nothing"]}, headers={KEY: "c"})
    assert (bad.status_code, world.value("select count(*) from idempotency_key")) == (422, 0)
    assert client.post("/api/team/keys", json=NEW, headers={KEY: "c"}).status_code == 201
    client.cookies.clear()
    crm = office.key("tags.write")
    made = client.post("/api/tags/groups", json={"name": "来源"}, headers={KEY: "c", **crm})
    assert made.status_code == 201
    assert "idempotent-replay" not in made.headers


def test_two_at_the_same_moment_are_one_write(office: Office, world: World) -> None:
    client = office.sign_in("admin")
    with ThreadPoolExecutor(6) as pool:
        sent = [pool.submit(client.post, "/api/team/keys", json=NEW, headers={KEY: "d"}) for _ in range(6)]
        answers = [one.result(30) for one in sent]
    assert {one.status_code for one in answers} == {201}
    assert len({one.text for one in answers}) == 1
    assert world.value("select count(*) from api_key") == 1


@pytest.mark.parametrize("key", ["", "two words", "x" * 129])
def test_a_key_that_is_none_is_refused(office: Office, key: str) -> None:
    client = office.sign_in("admin")
    answer = client.post("/api/team/keys", json=NEW, headers={KEY: key})
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_idempotency_key")
    assert client.get("/api/team/keys").json() == []


def test_who_cannot_keep_the_promise_refuses_the_key(office: Office, world: World) -> None:
    """A platform is called outside of any transaction; a file is not compared."""
    client = office.sign_in("admin")
    for answer in (
        client.post("/api/imports", files={"file": ("a.csv", b"name\n")}, headers={KEY: "e"}),
        client.post("/api/groups/join-ways", json={"account_id": 1, "chat_ids": ["a"]}, headers={KEY: "e"}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_unsupported")
    assert world.value('select count(*) from "import"') == 0


def test_keys_are_forgotten_after_a_day_of_machine_time(office: Office, house: House, world: World) -> None:
    client = office.sign_in("admin")
    for key in ("f", "g"):
        client.post("/api/team/keys", json=NEW, headers={KEY: key})
    with house.open() as ctx:
        assert ask(ctx, team_jobs.DUE) is None
        ctx.tx.execute(idempotency.table.update().values(machine=idempotency.table.c.machine - 86_401))
        assert ask(ctx, team_jobs.DUE) == ctx.now
    assert "idempotent-replay" not in client.post("/api/team/keys", json=NEW, headers={KEY: "f"}).headers
    with house.open() as ctx:
        assert team_jobs.tick(ctx, 100) == 1
        assert ask(ctx, team_jobs.DUE) is None
    assert world.rows("select key from idempotency_key") == [("f",)]


def test_every_route_of_the_api_reads_requests_this_way() -> None:
    plain = [
        route.path_format
        for router in (*ROUTERS, health.router)
        for route in router.routes
        if isinstance(route, APIRoute) and not isinstance(route, ApiRoute)
    ]
    assert plain == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b'{"source": "crm\\u0000", "items": []}', "source"),
        (b'{"source": "crm", "items": [{"key": "a", "attributes": {"name": "\\ud83d"}}]}', "items.0.attributes.name"),
        (b'{"source": "crm", "items": [{"key": "a", "attributes": {"\\uDC00": 1}}]}', "items.0.attributes"),
        (b'{"\\u0000": 1, "source": "crm", "items": [{"key": "a"}]}', "body"),
    ],
)
def test_unstorable_text_is_refused_wherever_it_stands(office: Office, world: World, body: bytes, field: str) -> None:
    answer = _raw(office.sign_in("operator"), body)
    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (422, "bad_text", field)
    assert world.value("select count(*) from customer") == 0


def test_emoji_written_as_a_pair_is_kept(office: Office, world: World) -> None:
    answer = _raw(
        office.sign_in("operator"), b'{"source":"crm","items":[{"key":"a","attributes":{"name":"\\ud83d\\ude00"}}]}'
    )
    assert answer.status_code == 200, answer.text
    assert world.value("select name from customer") == "😀"


@pytest.mark.parametrize(
    ("address", "field"),
    [
        ("/api/customers?q=%00", "q"),
        ("/api/imports/1/rows?cursor=%00", "cursor"),
        ("/api/customers/%00", "path"),
        ("/api/journeys/1/%00", "path"),
        ("/%00", "path"),
        ("/p/x?utm_source=%00", "path"),
    ],
)
def test_unstorable_addresses_are_refused(office: Office, address: str, field: str) -> None:
    answer = office.sign_in("operator").get(address)
    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (422, "bad_text", field)


def test_a_misspelt_parameter_is_told(office: Office) -> None:
    answer = office.sign_in("operator").get("/api/customers?limt=5")
    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (422, "unknown_parameter", "limt")


@pytest.mark.parametrize("media", [None, "text/plain", "application/x-www-form-urlencoded"])
def test_a_body_that_a_form_of_another_site_could_send_is_refused(office: Office, world: World, media: str) -> None:
    answer = _raw(office.sign_in("operator"), b'{"source":"crm","items":[{"key":"a"}]}', media)
    assert (answer.status_code, answer.json()["code"]) == (415, "wrong_media_type")
    assert world.value("select count(*) from customer") == 0


@pytest.mark.parametrize(
    "body",
    [
        b'{"source":"crm","items":[{"key":"a","seen_at":' + b"9" * 5000 + b"}]}",
        b"[" * 100_000,
        '{"source":"é"}'.encode("latin-1"),
        '{"source":"crm","items":[{"key":"a"}]}'.encode("utf-16"),
        b"[" * 100_000 + b"\\u0000",
    ],
)
def test_an_unreadable_body_is_told(office: Office, body: bytes) -> None:
    answer = _raw(office.sign_in("operator"), body)
    assert (answer.status_code, answer.json()["code"]) == (422, "unreadable_body")


def test_a_body_has_a_limit_whether_it_tells_its_length_or_not(office: Office) -> None:
    client = office.sign_in("operator")
    pieces = (b" " * 100_000 for _ in range(MOST_BYTES // 100_000 + 2))
    for content in (b" " * (MOST_BYTES + 1), pieces):
        answer = client.post("/api/customers", content=content, headers={"content-type": "application/json"})
        assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
    assert client.post("/callback/1", content=b" " * (MOST_BYTES + 1)).status_code == 413


def test_head_is_get_without_a_body(office: Office) -> None:
    client = office.sign_in("operator")
    for address in ("/healthz", "/api/customers"):
        seen, headed = client.get(address), client.head(address)
        assert (headed.status_code, headed.content) == (200, b"")
        assert headed.headers["content-length"] == seen.headers["content-length"]


def test_a_method_that_is_not_there_says_which_are(office: Office) -> None:
    client = office.sign_in("operator")
    answer = client.delete("/api/customers")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST")
    assert set(answer.json()) == {"code", "message", "field", "detail"}
    nothing = client.post("/api/customers/nobody/separations", json={})
    assert (nothing.status_code, nothing.json()["code"]) == (404, "not_found")


def test_headers_of_safety(office: Office, house: House, tmp_path: Any) -> None:
    client = office.sign_in("operator")
    listed = client.get("/api/customers")
    assert (listed.headers["cache-control"], listed.headers["x-content-type-options"]) == ("no-store", "nosniff")
    assert (
        "access-control-allow-origin"
        not in client.get("/api/customers", headers={"origin": "https://a.example"}).headers
    )
    asked = {"origin": "https://a.example", "access-control-request-method": "POST"}
    assert "access-control-allow-origin" not in client.options("/api/customers", headers=asked).headers
    assert "strict-transport-security" not in listed.headers
    (tmp_path / "index.html").write_text("<!doctype html>")
    know(public_url="https://siyu.example.com")
    with TestClient(create_app(house, screens=tmp_path), base_url="https://siyu.example.com") as other:
        page = other.get("/")
        assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
        assert "'unsafe-inline'" not in page.headers["content-security-policy"].partition("style-src")[0]
        assert page.headers["strict-transport-security"]


def test_the_session_cookie_is_out_of_reach(office: Office, house: House) -> None:
    office.staff("lin", "operator")
    body = {"login": "lin", "password": PASSWORD}
    plain = office.client.post("/api/team/sign-in", json=body).headers["set-cookie"].lower()
    assert "httponly" in plain
    assert "samesite=lax" in plain
    assert "secure" not in plain
    know(public_url="https://siyu.example.com")  # behind a proxy, the request itself comes in plain
    assert "secure" in office.client.post("/api/team/sign-in", json=body).headers["set-cookie"].lower()


def test_the_description_tells_permissions_keys_and_limits() -> None:
    found: Any = description()
    assert set(found["components"]["securitySchemes"]) == {"session", "key"}
    post = found["paths"]["/api/tags/groups"]["post"]
    assert post["x-permission"] == "tags.write"
    assert post["security"] == [{"session": []}, {"key": []}]
    assert KEY in [one["name"] for one in post["parameters"]]
    assert {"409", "413", "415"} <= set(post["responses"])
    assert found["paths"]["/healthz"]["get"]["security"] == []
    assert KEY not in json.dumps(found["paths"]["/api/imports"]["post"])
    assert KEY not in json.dumps(found["paths"]["/api/groups/join-ways"]["post"])
