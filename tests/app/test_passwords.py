"""Passwords are changed and given, sessions end everywhere; wrong tries are counted, faults name their field."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from siyu.team import actions
from tests.app.conftest import PASSWORD, Office

NEW = "another long passphrase"


def _signed_in(app: FastAPI, login: str, password: str = PASSWORD) -> TestClient:
    client = TestClient(app, raise_server_exceptions=False)
    answer = client.post("/api/team/sign-in", json={"login": login, "password": password})
    assert answer.status_code == 200, answer.text
    return client


def _change(client: TestClient, current: str, new: str) -> Any:
    return client.post("/api/team/me/password", json={"current": current, "new": new})


def test_a_changed_password_ends_all_other_sessions_and_keeps_this_one(app: FastAPI, office: Office) -> None:
    office.staff("wang", "sales")
    here, there = _signed_in(app, "wang"), _signed_in(app, "wang")
    stolen = TestClient(app, cookies=dict(here.cookies))
    assert _change(here, PASSWORD, NEW).status_code == 204
    assert here.get("/api/team/me").status_code == 200
    assert [one.get("/api/team/me").status_code for one in (there, stolen)] == [401, 401]
    old = there.post("/api/team/sign-in", json={"login": "wang", "password": PASSWORD})
    assert (old.status_code, old.json()["code"]) == (401, "wrong_password")
    _signed_in(app, "wang", NEW)


@pytest.mark.parametrize(
    ("current", "new", "code", "field"),
    [
        ("not my password", NEW, "wrong_current_password", "current"),
        (PASSWORD, "short", "weak_password", "new"),
        (PASSWORD, "", "weak_password", "new"),
        (PASSWORD, PASSWORD, "same_password", "new"),
        (PASSWORD, "long enough \x00 but", "bad_text", "new"),
        ("", NEW, "invalid", "current"),
        (PASSWORD, "x" * 201, "invalid", "new"),
    ],
)
def test_faults_name_the_field_and_change_nothing(
    app: FastAPI, office: Office, current: str, new: str, code: str, field: str
) -> None:
    office.staff("wang", "sales")
    here, there = _signed_in(app, "wang"), _signed_in(app, "wang")
    answer = _change(here, current, new)
    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (422, code, field)
    assert [one.get("/api/team/me").status_code for one in (here, there)] == [200, 200]
    _signed_in(app, "wang")


def test_who_sits_at_an_open_session_cannot_try_passwords(app: FastAPI, office: Office) -> None:
    office.staff("wang", "sales")
    here = _signed_in(app, "wang")
    told = [_change(here, f"guess number {n}", NEW).json()["code"] for n in range(5)]
    assert told == ["wrong_current_password"] * 5
    for current in ("guess number 6", PASSWORD):
        answer = _change(here, current, NEW)
        assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (
            429,
            "sign_in_blocked",
            "current",
        )
    _signed_in(app, "wang")  # the owner is not locked out by it


def test_a_sign_in_with_the_old_password_beside_the_change_is_no_session_afterwards(
    app: FastAPI, office: Office
) -> None:
    staff_id = office.staff("wang", "sales")
    tokens: list[str] = []

    def sign_in() -> None:
        with office.house.open() as ctx:
            found = actions.sign_in(ctx, "wang", PASSWORD)
        if found is not None:
            tokens.append(found[1])

    tries = [threading.Thread(target=sign_in) for _ in range(4)]
    with office.house.open() as ctx:
        for one in tries[:2]:
            one.start()
        assert actions.change_password(ctx, staff_id, PASSWORD, NEW)
        for one in tries[2:]:
            one.start()
    for one in tries:
        one.join(30)
    for token in tokens:
        client = TestClient(app, cookies={"siyu_session": token})
        assert client.get("/api/team/me").status_code == 401


def test_signing_out_everywhere_ends_all_of_ones_sessions_and_nobody_elses(app: FastAPI, office: Office) -> None:
    office.staff("wang", "sales")
    office.staff("li", "sales")
    here, there, other = _signed_in(app, "wang"), _signed_in(app, "wang"), _signed_in(app, "li")
    assert here.post("/api/team/me/sign-out-everywhere").status_code == 204
    assert [one.get("/api/team/me").status_code for one in (here, there, other)] == [401, 401, 200]


def test_administrators_give_passwords_and_end_sessions_of_others(app: FastAPI, office: Office) -> None:
    wang = office.staff("wang", "sales")
    boss = office.staff("boss", "admin")
    with office.house.open() as ctx:
        nameless = actions.add_staff(ctx, name="通讯录", roles=["sales"], userid="U1")
    admin, sales = _signed_in(app, "boss"), _signed_in(app, "wang")
    for _ in range(5):
        sales.post("/api/team/sign-in", json={"login": "wang", "password": "forgotten it"})
    reset = f"/api/team/staff/{wang}/password"
    assert sales.put(reset, json={"password": NEW}).status_code == 403
    weak = admin.put(reset, json={"password": "short"})
    assert (weak.status_code, weak.json()["code"], weak.json()["field"]) == (422, "weak_password", "password")
    assert admin.put(reset, json={"password": NEW}).status_code == 204
    assert sales.get("/api/team/me").status_code == 401
    again = _signed_in(app, "wang", NEW)  # although five tries were wrong: who gave the password has let them in
    assert admin.post(f"/api/team/staff/{wang}/sign-out").status_code == 204
    assert again.get("/api/team/me").status_code == 401
    own = admin.put(f"/api/team/staff/{boss}/password", json={"password": NEW})
    assert (own.status_code, own.json()["code"]) == (409, "own_password")
    without = admin.put(f"/api/team/staff/{nameless}/password", json={"password": NEW})
    assert (without.status_code, without.json()["code"]) == (409, "no_login")
    assert admin.put("/api/team/staff/999999/password", json={"password": NEW}).status_code == 404
    assert admin.post("/api/team/staff/999999/sign-out").status_code == 404
    assert admin.get("/api/team/me").status_code == 200


def test_a_key_is_nobody_whose_password_could_be_changed(client: TestClient, office: Office) -> None:
    headers = office.key("customers.read")
    body = {"current": PASSWORD, "new": NEW}
    assert client.post("/api/team/me/password", json=body, headers=headers).status_code == 401
    assert client.post("/api/team/me/sign-out-everywhere", headers=headers).status_code == 401
