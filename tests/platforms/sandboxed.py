"""The real sandbox as a subprocess, two accounts in it and in Siyu, and a callback door over the test's world."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from siyu.platforms import actions, callbacks, queries
from siyu.platforms.sandbox_control.client import SandboxControl
from siyu.platforms.senders import open_senders
from siyu.platforms.types import CallbackRefused, Sender
from tests.support.world import World

KEY = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"
APPID, CORPID, AGENTID = "wxtest", "wwtest", 1000002


@contextmanager
def sandbox_process(folder: Path) -> Iterator[SandboxControl]:
    """A fresh sandbox; ends with the block."""
    process = subprocess.Popen(
        [sys.executable, "-m", "sandbox", "--port", "0", "--data", str(folder)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        with SandboxControl(ready["url"], timeout=60) as control:
            yield control
    finally:
        process.terminate()
        process.wait(20)
        if process.stdout is not None:
            process.stdout.close()


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self._answer(lambda account, query, body: callbacks.verify_url(account, query))

    def do_POST(self) -> None:
        self._answer(self._store)

    def _store(self, account: Any, query: dict[str, str], body: bytes) -> bytes:
        row = callbacks.accept(account, query, body)
        server: Any = self.server
        with server.world.open() as ctx:
            actions.receive(ctx, [row])
        return b"success"

    def _answer(self, handle: Any) -> None:
        server: Any = self.server
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        try:
            with server.world.open() as ctx:
                account = queries.account(ctx, int(parts.path.rpartition("/")[2]))
            status, answer = 200, handle(account, dict(parse_qsl(parts.query)), body)
        except CallbackRefused as error:
            status, answer = 403, error.message.encode()
        self.send_response(status)
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def callback_door(world: World) -> Iterator[str]:
    """A server for callbacks: the application's door belongs to another room; this one commits each by itself."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.world = world  # type: ignore[attr-defined]  # handed to the handlers
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass
class Platforms:
    """Siyu's world beside the sandbox; both stand at the same time."""

    world: World
    sandbox: SandboxControl
    senders: dict[str, Sender]
    oa: int = 0
    wecom: int = 0
    people: Sequence[int] = field(default_factory=list)

    def wait(self, **duration: float) -> None:
        """Move both clocks; people act and callbacks come before it returns."""
        self.sandbox.move_to(self.world.wait(**duration))

    def openid(self, person: int) -> str:
        """The openid of a person at the test's Official Account."""
        follows = self.sandbox.person(person)["follows"]
        return str(next(follow["openid"] for follow in follows if follow["appid"] == APPID))


@contextmanager
def platforms(world: World, folder: Path, mode: str = "safe") -> Iterator[Platforms]:
    """Sandbox, callback door, accounts on both sides, senders."""
    with (
        sandbox_process(folder) as sandbox,
        callback_door(world) as url,
        open_senders(world.open) as senders,
    ):
        sandbox.move_to(world.now)
        with world.open() as ctx:
            oa = actions.save_account(
                ctx,
                kind="oa",
                key=APPID,
                name="读书会",
                config={
                    "base_url": sandbox.oa_url,
                    "qr_url": sandbox.oa_url,
                    "oauth_url": sandbox.url,
                    "mode": mode,
                    "gh_id": "gh_test",
                },
                secret="oa-secret",
                token="oatoken",
                aes_key=KEY,
            )
            wecom = actions.save_account(
                ctx,
                kind="wecom",
                key=f"{CORPID}-{AGENTID}",
                name="读书会企业",
                config={"base_url": sandbox.wecom_url, "oauth_url": sandbox.url},
                secret="app-secret",
                token="wetoken",
                aes_key=KEY,
            )
        sandbox.set_accounts(
            official_accounts=[
                {
                    "appid": APPID,
                    "secret": "oa-secret",
                    "gh_id": "gh_test",
                    "token": "oatoken",
                    "aes_key": KEY,
                    "mode": mode,
                    "callback_url": f"{url}/callback/{oa}",
                    "oauth_domains": ["127.0.0.1"],
                    "unionid_bound": True,
                }
            ],
            wecom=[
                {
                    "corpid": CORPID,
                    "unionid_bound": True,
                    "apps": [
                        {
                            "agentid": AGENTID,
                            "secret": "app-secret",
                            "token": "wetoken",
                            "aes_key": KEY,
                            "callback_url": f"{url}/callback/{wecom}",
                            "callable": True,
                            "trusted_domains": ["127.0.0.1"],
                        }
                    ],
                    "departments": [{"id": 1, "name": "总部", "parentid": 0}],
                    "members": [
                        {"userid": "lisi", "name": "李四", "department": [1], "status": 1, "follow_user": True},
                        {"userid": "wangwu", "name": "王五", "department": [1], "status": 1, "follow_user": True},
                    ],
                    "chats": [{"chat_id": "wrtest1", "name": "读者群 1", "owner": "lisi"}],
                }
            ],
        )
        yield Platforms(world, sandbox, senders, oa, wecom)
