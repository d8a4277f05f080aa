"""What comes back from a platform may come from something in between, and hold what neither JSON nor we allow."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from siyu.platforms import actions
from siyu.platforms.senders import open_senders
from siyu.platforms.types import Call
from tests.support.world import World

TOKEN = b'{"access_token":"t1","expires_in":7200}'


@contextmanager
def platform(*answers: tuple[int, bytes]) -> Iterator[tuple[str, list[str]]]:
    """A platform that hands out a token and then answers what it is told, the last one again and again."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("content-length") or 0))
            self._answer()

        def _answer(self) -> None:
            path = self.path.partition("?")[0]
            status, body = 200, TOKEN
            if "token" not in path:
                asked.append(path)
                status, body = answers[min(len(asked), len(answers)) - 1]
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def account(world: World, url: str) -> int:
    with world.open() as ctx:
        return actions.save_account(ctx, kind="oa", key="wxa", name="号", config={"base_url": url}, secret="s")


@pytest.mark.parametrize("body", [b"{}", b'{"message":"forbidden"}', b'{"errcode":0}'])
def test_a_gateway_that_refuses_in_json_is_no_success(world: World, body: bytes) -> None:
    with platform((403, body)) as (url, asked), open_senders(world.open) as senders:
        sent = senders["official_account"].send(Call(account(world, url), "custom_send", {"touser": "o1"}))
    assert (sent.ok, sent.uncertain, sent.retryable) == (False, True, False)
    assert len(asked) == 1


def test_a_refusal_with_a_code_is_one_under_any_status(world: World) -> None:
    body = b'{"errcode":40003,"errmsg":"invalid openid"}'
    with platform((400, body)) as (url, _), open_senders(world.open) as senders:
        sent = senders["official_account"].send(Call(account(world, url), "custom_send", {"touser": "o1"}))
    assert (sent.ok, sent.code, sent.uncertain) == (False, 40003, False)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (b'"a\x08b\nc"', "a\bb\nc"),
        (b'"a\\u0000b"', "a\ufffdb"),
        (b'"cut \\ud83d"', "cut \ufffd"),
        (b'"cut \xf0\x9f"', "cut \ufffd"),
        (b'"\\ud83d\\udc4c\xe5\xa5\xbd"', "\U0001f44c好"),
    ],
    ids=["control", "nul", "half-emoji", "half-bytes", "whole"],
)
def test_names_that_the_platform_cut_are_read_as_far_as_they_go(world: World, written: bytes, read: str) -> None:
    body = b'{"user_info_list":[{"openid":"o1","tags":[1,2],"remark":' + written + b"}]}"
    with platform((200, body)) as (url, asked), open_senders(world.open) as senders:
        call = Call(account(world, url), "user_info_batchget", {"user_list": [{"openid": "o1"}]})
        outcome = senders["official_account"].send(call)
    assert outcome.ok, outcome
    assert outcome.data["user_info_list"] == [{"openid": "o1", "tags": [1, 2], "remark": read}]
    assert len(asked) == 1
