"""The callback door: verified, stored once, answered only after the commit, written in groups."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from sandbox.crypto import sign
from siyu.app.callbacks import Door, receive_all
from siyu.kernel.ctx import Ctx
from siyu.platforms import actions as platforms
from siyu.platforms.types import InboxRow
from siyu.runtime.house import House
from tests.support.waiting import until
from tests.support.world import World

TOKEN, OPENID = "token1", "oAAAAAAAAAAAAAAAAAAAAAAAAAAA"


@pytest.fixture
def account_id(house: House) -> int:
    with house.open() as ctx:
        return platforms.save_account(
            ctx,
            kind="oa",
            key="wxdoor",
            name="D",
            config={"mode": "plain", "gh_id": "gh_door"},
            secret="s",
            token=TOKEN,
        )


def _post(client: TestClient, account_id: int, text: str, *, token: str = TOKEN, msg_id: int = 1) -> tuple[int, str]:
    xml = (
        "<xml><ToUserName>gh_door</ToUserName>"
        f"<FromUserName>{OPENID}</FromUserName><CreateTime>1772413200</CreateTime><MsgType>text</MsgType>"
        f"<Content>{text}</Content><MsgId>{msg_id}</MsgId></xml>"
    )
    query = {"timestamp": "1772413200", "nonce": "n", "signature": sign(token, "1772413200", "n")}
    answer = client.post(f"/callback/{account_id}", params=query, content=xml.encode())
    return answer.status_code, answer.text


def _stored(world: World) -> int:
    return int(world.value("select count(*) from platform_inbox"))


def test_a_callback_is_stored_once_however_often_it_is_sent(client: TestClient, account_id: int, world: World) -> None:
    assert _post(client, account_id, "你好") == (200, "success")
    assert _post(client, account_id, "你好") == (200, "success")
    assert _stored(world) == 1
    assert _post(client, account_id, "再见", msg_id=2) == (200, "success")
    assert _stored(world) == 2


def test_a_wrong_signature_or_account_is_refused_and_stores_nothing(
    client: TestClient, account_id: int, world: World
) -> None:
    assert _post(client, account_id, "你好", token="another")[0] == 403
    assert _post(client, account_id + 1000, "你好")[0] == 404
    assert client.post(f"/callback/{account_id}", content=b"not xml").status_code == 403
    assert _stored(world) == 0


def test_the_url_check_is_echoed_only_to_who_knows_the_token(client: TestClient, account_id: int) -> None:
    query = {"timestamp": "1", "nonce": "n", "echostr": "42"}
    right = client.get(f"/callback/{account_id}", params={**query, "signature": sign(TOKEN, "1", "n")})
    assert (right.status_code, right.text) == (200, "42")
    wrong = client.get(f"/callback/{account_id}", params={**query, "signature": sign("another", "1", "n")})
    assert wrong.status_code == 403


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Event, list[int]]]:
    """The commit of callbacks waits until the event is set; the list tells how many rows each group had."""
    go, groups = Event(), []
    real = platforms.receive

    def slow(ctx: Ctx, rows: list[InboxRow]) -> int:
        groups.append(len(rows))
        assert go.wait(20)
        return real(ctx, rows)

    monkeypatch.setattr(platforms, "receive", slow)
    yield go, groups
    go.set()


def test_success_is_said_after_the_commit_and_what_waits_is_one_group(
    client: TestClient, account_id: int, world: World, held: tuple[Event, list[int]]
) -> None:
    go, groups = held
    with ThreadPoolExecutor(8) as pool:
        first = pool.submit(_post, client, account_id, "1", msg_id=1)
        until(lambda: groups, "the first group is being written")
        rest = [pool.submit(_post, client, account_id, str(n), msg_id=n) for n in range(2, 8)]
        app: FastAPI = client.app  # type: ignore[assignment]  # TestClient types it as any ASGI callable
        door: Door = app.state.callbacks
        until(lambda: door.groups.waiting(receive_all) == 6, "the others wait in the queue")
        assert not first.done()
        assert _stored(world) == 0
        go.set()
        assert {one.result(20) for one in (first, *rest)} == {(200, "success")}
    assert groups == [1, 6]
    assert _stored(world) == 7


def test_what_could_not_be_stored_is_not_acknowledged(
    client: TestClient, account_id: int, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(ctx: Ctx, rows: list[InboxRow]) -> int:
        raise RuntimeError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(platforms, "receive", broken)
        assert _post(client, account_id, "你好")[0] == 500
    assert _post(client, account_id, "你好") == (200, "success")
    assert _stored(world) == 1
