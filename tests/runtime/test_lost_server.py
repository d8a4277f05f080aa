"""The database server drops every connection while the door and the workers are busy: nothing is lost, all goes on."""

from __future__ import annotations

import urllib.error
import urllib.request
from pathlib import Path

import psycopg
import structlog
from sqlalchemy import text

from siyu.platforms import actions
from siyu.platforms.crypto import signature
from siyu.runtime.house import House
from siyu.runtime.serve import Service
from tests.support.database import Server
from tests.support.installation import installation
from tests.support.waiting import until
from tests.support.world import START

MESSAGES, OFTEN = 200, 40


def _message(number: int) -> bytes:
    fields = {
        "ToUserName": "gh_x",
        "FromUserName": f"o{number % 20}",
        "CreateTime": int(START.timestamp()),
        "MsgType": "text",
        "Content": "你好",
        "MsgId": 7_000_000 + number,
    }
    return ("<xml>" + "".join(f"<{name}>{value}</{name}>" for name, value in fields.items()) + "</xml>").encode()


def _delivered(url: str, body: bytes) -> int:
    """Deliver as the platform does, again when it was not accepted; how many times it took."""
    for attempt in range(1, 4):
        request = urllib.request.Request(url, body, {"Content-Type": "text/xml"})
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                assert answer.read() == b"success"
                return attempt
        except urllib.error.HTTPError:
            continue
    raise AssertionError("the platform gave up after three attempts")


def _done(house: House) -> tuple[int, ...]:
    """Messages on timelines, different ones, callbacks not yet done, parked shares."""
    with house.open() as ctx:
        return tuple(
            ctx.tx.execute(
                text(
                    "select count(*), count(distinct key), (select count(*) from platform_inbox where state <> 1),"
                    " (select count(*) from parked_work) from event where type = 'message_received'"
                )
            ).one()
        )


def test_nothing_is_lost_when_the_server_drops_all_connections(server: Server, tmp_path: Path) -> None:
    with structlog.testing.capture_logs() as logs, installation(server, tmp_path, START) as at:
        with at.house.open() as ctx:
            nowhere = {"base_url": "http://127.0.0.1:9"}
            account = actions.save_account(ctx, kind="oa", key="wxlost", name="号", config=nowhere, token="token1")
        signed = signature("token1", "1", "n")
        url = f"{at.public_url}/callback/{account}?timestamp=1&nonce=n&signature={signed}"
        service = Service(at.house, workers=2)
        service.start()
        attempts = []
        try:
            with psycopg.connect(at.database_url, autocommit=True) as breaker:
                for number in range(MESSAGES):
                    attempts.append(_delivered(url, _message(number)))
                    if number % OFTEN == OFTEN // 2:
                        breaker.execute(
                            "select pg_terminate_backend(pid) from pg_stat_activity"
                            " where datname = current_database() and pid <> pg_backend_pid()"
                        )
            until(lambda: _done(at.house) == (MESSAGES, MESSAGES, 0, 0), "every message is taken in, once", seconds=90)
        finally:
            service.stop()
    assert attempts.count(1) < MESSAGES, "connections were lost under deliveries"
    assert {"round_failed", "listener_lost"} <= {one["event"] for one in logs}
