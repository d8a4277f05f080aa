"""Who may do what: sessions, roles, keys, cross-site writes; generated over every route of the API."""

from __future__ import annotations

import re
from typing import Any

import pytest
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from sqlalchemy import event

from siyu.app import health
from siyu.app.description import description
from siyu.app.edge import SIGNED_IN
from siyu.app.routers import ROUTERS
from siyu.journeys import actions as journeys
from siyu.kernel.http import guard_of
from siyu.platforms import actions as platforms
from siyu.runtime.house import House
from siyu.team.http import COOKIE
from siyu.team.types import ROLES, SCOPES, Role
from tests.app.conftest import PASSWORD, Office

OPEN = {("GET", "/healthz"), ("GET", "/healthz/workers"), ("POST", "/api/team/sign-in"), ("POST", "/api/team/sign-out")}
"""What a visitor may call, of what the API describes."""


def _permissions() -> dict[tuple[str, str], str | None]:
    """Method and path -> the permission that the route names (None: open to visitors)."""
    found: dict[tuple[str, str], str | None] = {}
    for router in (*ROUTERS, health.router):
        for route in router.routes:
            assert isinstance(route, APIRoute)
            for method in route.methods or ():
                found[method, route.path_format] = guard_of(route).permission
    return found


PERMISSIONS = _permissions()


def test_the_description_names_exactly_the_routes_that_have_a_permission() -> None:
    paths: Any = description()["paths"]
    described = {(method.upper(), path) for path, item in paths.items() for method in item}
    assert described == set(PERMISSIONS)
    assert {route for route, permission in PERMISSIONS.items() if permission is None} == OPEN


def _call(client: TestClient, method: str, path: str, headers: dict[str, str] | None = None) -> tuple[int, str]:
    answer = client.request(method, re.sub(r"\{\w+\}", "1", path), headers=headers)
    return answer.status_code, answer.json()["code"]


def test_every_route_refuses_whoever_is_not_signed_in(client: TestClient) -> None:
    closed = [route for route in PERMISSIONS if route not in OPEN]
    assert len(closed) > 60
    answers = {route: _call(client, *route) for route in closed}
    assert {route: answer for route, answer in answers.items() if answer != (401, "unauthenticated")} == {}


def test_every_route_refuses_a_key_without_its_scope(office: Office) -> None:
    """A key with every scope but the one that the route names."""
    named = {route: one for route, one in PERMISSIONS.items() if one not in (None, SIGNED_IN)}
    keys = {one: office.key(*(scope for scope in SCOPES if scope != one)) for one in set(named.values())}
    answers = {route: _call(office.client, *route, keys[one]) for route, one in named.items()}
    assert {route: answer for route, answer in answers.items() if answer != (403, "forbidden")} == {}


@pytest.mark.parametrize("role", sorted(set(ROLES) - {"admin"}))
def test_a_role_may_what_it_may(office: Office, role: Role) -> None:
    """Over the reading routes without parameters: 200 with the permission, 403 without."""
    client = office.sign_in(role)
    reads = [
        (path, one)
        for (method, path), one in PERMISSIONS.items()
        if method == "GET" and "{" not in path and one not in (None, SIGNED_IN)
    ]
    assert len(reads) > 10
    for path, permission in reads:
        status = client.get(path).status_code
        assert (status == 403) == (permission not in ROLES[role]), (path, status)


def test_sign_in_and_out(office: Office) -> None:
    client = office.sign_in("operator")
    me = client.get("/api/team/me").json()
    assert (me["name"], me["roles"]) == ("operator", ["operator"])
    assert "team.write" not in me["permissions"]
    token = client.cookies[COOKIE]
    assert client.post("/api/team/sign-out").status_code == 204
    assert client.get("/api/team/me").status_code == 401
    client.cookies.set(COOKIE, token)
    assert client.get("/api/team/me").status_code == 401, "the session itself is over, not only the cookie"


def test_a_session_ends_when_the_staff_member_is_switched_off(office: Office) -> None:
    other = office.staff("gone", "operator")
    client = office.sign_in("admin")
    admin = client.cookies[COOKIE]
    client.cookies.clear()
    assert client.post("/api/team/sign-in", json={"login": "gone", "password": PASSWORD}).status_code == 200
    gone = client.cookies[COOKIE]
    client.cookies.clear()
    cookie = {"cookie": f"{COOKIE}={admin}"}
    assert client.patch(f"/api/team/staff/{other}", json={"active": False}, headers=cookie).status_code == 204
    assert client.get("/api/team/me", headers={"cookie": f"{COOKIE}={gone}"}).status_code == 401
    assert client.post("/api/team/sign-in", json={"login": "gone", "password": PASSWORD}).status_code == 401
    assert client.get("/api/team/me", headers=cookie).status_code == 200


def test_five_wrong_passwords_block_a_login_and_only_that_one(office: Office) -> None:
    office.staff("lin", "operator")
    office.staff("zhou", "manager")
    for _ in range(5):
        answer = office.client.post("/api/team/sign-in", json={"login": "lin", "password": "a wrong passphrase"})
        assert (answer.status_code, answer.json()["code"]) == (401, "wrong_password")
    answer = office.client.post("/api/team/sign-in", json={"login": "lin", "password": PASSWORD})
    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (429, "sign_in_blocked", "login")
    right = {"login": "zhou", "password": PASSWORD}
    assert office.client.post("/api/team/sign-in", json=right).status_code == 200


def test_an_unknown_login_is_answered_like_a_wrong_password(office: Office) -> None:
    office.staff("lin", "operator")
    wrong = [
        office.client.post("/api/team/sign-in", json={"login": login, "password": "a wrong passphrase"})
        for login in ("lin", "nobody")
    ]
    assert wrong[0].status_code == wrong[1].status_code == 401
    assert wrong[0].json() == wrong[1].json()


def test_a_key_works_until_it_is_revoked_and_only_within_its_scopes(office: Office) -> None:
    client = office.sign_in("admin")
    made = client.post("/api/team/keys", json={"name": "CRM", "scopes": ["customers.read"]}).json()
    shown = client.get("/api/team/keys").json()
    assert made["key"] not in str(shown)
    client.cookies.clear()
    key = {"authorization": f"Bearer {made['key']}"}
    assert client.get("/api/customers", headers=key).status_code == 200
    assert client.get("/api/tags", headers=key).status_code == 403
    assert client.get("/api/team/me", headers=key).status_code == 401, "a key is nobody"
    client = office.sign_in("admin", "manager")
    assert client.delete(f"/api/team/keys/{made['key_id']}").status_code == 204
    client.cookies.clear()
    assert client.get("/api/customers", headers=key).status_code == 401
    assert client.get("/api/customers", headers={"authorization": "Bearer siyu_made_up"}).status_code == 401


def test_a_key_that_is_wrong_is_not_rescued_by_a_session(office: Office) -> None:
    client = office.sign_in("admin")
    assert client.get("/api/customers", headers={"authorization": "Bearer siyu_made_up"}).status_code == 401


def test_writes_from_another_site_are_refused(office: Office) -> None:
    client = office.sign_in("operator")
    body = {"source": "crm", "items": [{"key": "C-1"}]}
    stranger = client.post("/api/customers", json=body, headers={"origin": "https://evil.example"})
    assert (stranger.status_code, stranger.json()["code"]) == (403, "cross_site")
    assert client.get("/api/customers").json()["items"] == []
    assert client.post("/api/customers", json=body, headers={"origin": "http://testserver"}).status_code == 200
    key = office.key("customers.write")
    client.cookies.clear()
    answer = client.post("/api/customers", json=body, headers={**key, "origin": "https://partner.example"})
    assert answer.status_code == 200, "a key is no cookie: the browser does not send it by itself"


def test_sales_see_what_accounts_and_colleagues_are_called_and_nothing_else_of_them(
    office: Office, house: House
) -> None:
    with house.open() as ctx:
        account_id = platforms.save_account(ctx, kind="oa", key="wx1", name="读书会", secret="s3cret")
    colleague = office.staff("zhou", "manager")
    client = office.sign_in("sales")
    assert client.get("/api/platforms/accounts").status_code == 403
    told = client.get("/api/operation/names").json()
    assert told["accounts"] == [{"account_id": account_id, "kind": "oa", "name": "读书会"}]
    assert {"staff_id": colleague, "name": "zhou", "userid": None} in told["staff"]
    assert {name for one in told["staff"] for name in one} == {"staff_id", "name", "userid"}


JOURNEY = {
    "key": "made-meanwhile",
    "name": "Meanwhile",
    "entry": {"condition": {"kind": "attribute", "name": "region", "op": "exists"}},
    "steps": [{"id": "out", "kind": "exit"}],
}


def test_what_is_read_is_of_one_moment(office: Office, house: House) -> None:
    client = office.sign_in("operator")
    made: list[int] = []

    def between(*_: object) -> None:
        """As soon as the route has asked its first question about journeys, somebody makes one."""
        if made or "from journey" not in str(_[2]).lower():
            return
        made.append(0)
        with house.open() as ctx:
            made.append(journeys.apply(ctx, JOURNEY).journey_id)

    event.listen(house.engine, "after_cursor_execute", between)
    try:
        answer = client.get("/api/journeys")
    finally:
        event.remove(house.engine, "after_cursor_execute", between)
    assert (answer.status_code, answer.json()) == (200, [])
    assert [one["journey_id"] for one in client.get("/api/journeys").json()] == made[1:]
