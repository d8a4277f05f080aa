"""Accounts and parked callbacks over HTTP: secrets go in and never out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from siyu.platforms import actions
from siyu.platforms.http import router
from siyu.platforms.types import InboxRow
from tests.platforms.sandboxed import APPID, KEY, Platforms, platforms
from tests.support.http import room_client
from tests.support.world import START, World

NEW = {
    "kind": "oa",
    "key": "wxhttp",
    "name": "读书会",
    "config": {"mode": "safe", "gh_id": "gh_1"},
    "secret": "very-secret",
    "token": "callbacktoken",
    "aes_key": KEY,
}


def test_account_is_added_changed_and_never_tells_its_secrets(world: World) -> None:
    client = room_client(world, router)
    made = client.post("/api/platforms/accounts", json=NEW)
    assert made.status_code == 201, made.text
    body = made.json()
    assert (body["secret_set"], body["token_set"], body["aes_key_set"]) == (True, True, True)
    assert body["callback_url"].endswith(f"/callback/{body['account_id']}")
    for text in (made.text, client.get("/api/platforms/accounts").text):
        assert not any(secret in text for secret in ("very-secret", "callbacktoken", KEY))
    path = f"/api/platforms/accounts/{body['account_id']}"
    changed = client.put(path, json={"name": "新名", "config": NEW["config"], "token": "", "active": False})
    assert (changed.json()["name"], changed.json()["secret_set"], changed.json()["token_set"]) == ("新名", True, False)
    assert client.get("/api/platforms/accounts", params={"kind": "wecom"}).json() == []
    again = client.post("/api/platforms/accounts", json=NEW)
    assert (again.status_code, again.json()["code"], again.json()["field"]) == (409, "account_taken", "key")
    assert client.get("/api/platforms/accounts/999").json()["code"] == "not_found"
    kept = world.rows("select action, detail::text from audit_log where object_kind = 'account'")
    assert [row.action for row in kept] == ["platforms.add_account", "platforms.change_account"]
    assert not any("secret" in row.detail and "very" in row.detail for row in kept)


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"config": {"mode": "open"}}, 422),
        ({"aes_key": "short"}, 422),
        ({"colour": "red"}, 422),
        ({"name": "\x00"}, 422),
        ({"kind": "email"}, 422),
    ],
)
def test_bad_accounts_are_refused(world: World, change: dict[str, object], status: int) -> None:
    answer = room_client(world, router).post("/api/platforms/accounts", json={**NEW, **change})
    assert answer.status_code == status
    assert world.value("select count(*) from platform_account") == 0


def test_reading_does_not_permit_writing(world: World) -> None:
    client = room_client(world, router, may=("platforms.read",))
    assert client.get("/api/platforms/accounts").json() == []
    for method, path in (
        ("POST", "/api/platforms/accounts"),
        ("POST", "/api/platforms/accounts/1/check"),
        ("POST", "/api/platforms/inbox/parked/retry"),
    ):
        assert client.request(method, path, json=NEW).json()["code"] == "forbidden"


def test_parked_callbacks_are_shown_page_by_page_and_retried(world: World) -> None:
    with world.open() as ctx:
        account_id = actions.save_account(ctx, kind="oa", key="wx", name="x")
        actions.receive(ctx, [InboxRow(account_id, f"k{n}", 0, "subscribe", {}, START) for n in range(3)])
        actions.fail_inbox(ctx, [(message, "KeyError: 'FromUserName'") for message in actions.take_inbox(ctx, 0, 10)])
    client = room_client(world, router)
    first = client.get("/api/platforms/inbox/parked", params={"limit": 2}).json()
    assert [item["error"] for item in first["items"]] == ["KeyError: 'FromUserName'"] * 2
    rest = client.get("/api/platforms/inbox/parked", params={"limit": 2, "cursor": first["next"]}).json()
    assert (len(rest["items"]), rest["next"]) == (1, None)
    assert client.get("/api/platforms/inbox/parked", params={"cursor": "x"}).json()["code"] == "bad_cursor"
    path = f"/api/platforms/inbox/parked/{rest['items'][0]['inbox_id']}"
    assert client.delete(path).status_code == 204
    assert client.delete(path).json()["code"] == "not_found"
    assert client.post("/api/platforms/inbox/parked/retry").json() == {"count": 2}
    assert client.get("/api/platforms/inbox").json() == {"pending": 2, "parked": 0, "gave_up": 0}


@pytest.fixture
def both(world: World, tmp_path: Path) -> Iterator[Platforms]:
    with platforms(world, tmp_path) as found:
        yield found


def test_connection_check_says_what_the_platform_says(both: Platforms) -> None:
    client = room_client(both.world, router, senders=both.senders)
    for account_id in (both.oa, both.wecom):
        answer = client.post(f"/api/platforms/accounts/{account_id}/check").json()
        assert (answer["ok"], answer["code"]) == (True, 0)
    made = client.post(
        "/api/platforms/accounts", json={**NEW, "config": {"base_url": both.sandbox.oa_url}, "secret": "wrong"}
    ).json()
    refused = client.post(f"/api/platforms/accounts/{made['account_id']}/check").json()
    assert not refused["ok"]
    assert refused["code"] == 40013
    signer = client.post("/api/platforms/accounts", json={"kind": "webhook", "key": "crm", "name": "CRM"}).json()
    assert signer["callback_url"] is None
    assert client.post(f"/api/platforms/accounts/{signer['account_id']}/check").json()["code"] == "bad_account"


def test_qr_code_brings_its_scene(both: Platforms) -> None:
    both.sandbox.add_people(key="p", seed=1, count=1)
    client = room_client(both.world, router, senders=both.senders)
    path = f"/api/platforms/accounts/{both.oa}/qr-codes"
    made = client.post(path, json={"scene": "fair-3", "seconds": 3600})
    assert made.status_code == 201, made.text
    image = both.sandbox.http.get(made.json()["image_url"])
    assert (image.status_code, image.headers["content-type"].startswith("image/")) == (200, True)
    both.sandbox.act(1, "scan", account=APPID, ticket=made.json()["ticket"])
    with both.world.open() as ctx:
        (message,) = actions.take_inbox(ctx, 0, 10)
    assert (message.kind, message.body["EventKey"]) == ("subscribe", "qrscene_fair-3")
    assert client.post(path, json={"scene": "x", "seconds": 5}).status_code == 422
    wecom = client.post(f"/api/platforms/accounts/{both.wecom}/qr-codes", json={"scene": "x"}).json()
    assert (wecom["code"], wecom["field"]) == ("bad_account", "account_id")
