"""A sandbox of its own per test, as a process on loopback, and a small site that stands where Siyu would."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import pytest
from defusedxml import ElementTree

from sandbox.crypto import decrypt, sign

KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
START = "2026-03-02T10:00:00+08:00"


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 1024  # people come all at once; who finds the queue full tries again a second later


class Site:
    """What Siyu's server would see: callbacks below /cb, pages by path; records every request."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str, dict[str, str], bytes]] = []
        self.pages: dict[str, Callable[[dict[str, str], bytes], tuple[int, dict[str, str], str]]] = {}
        self.refuse = 0
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # one segment per answer

            def log_message(self, format: str, *args: object) -> None:
                pass

            def _answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                headers = {k.lower(): v for k, v in self.headers.items()}
                site.seen.append((self.command, self.path, headers, body))
                path = urlsplit(self.path).path
                status, more, text = 200, dict[str, str](), "success"
                if path.startswith("/cb") and site.refuse > 0:
                    site.refuse -= 1
                    status = 503
                elif path in site.pages:
                    status, more, text = site.pages[path](headers | {"path": self.path}, body)
                elif not path.startswith("/cb"):
                    status = 404
                self.send_response(status)
                for name, value in {"Content-Type": "text/html; charset=utf-8", **more}.items():
                    self.send_header(name, value)
                raw = text.encode()
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            do_GET = do_POST = _answer

        self.server = _Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self.thread.start()

    def page(self, path: str, text: str, status: int = 200, **headers: str) -> None:
        """Serves a fixed answer at a path."""
        self.pages[path] = lambda _h, _b: (status, headers, text)

    def calls(self, path: str) -> list[tuple[str, str, dict[str, str], bytes]]:
        """Requests whose path starts so."""
        return [s for s in self.seen if s[1].startswith(path)]

    def callbacks(self, receiveid: str = "wxd") -> list[dict[str, str]]:
        """The callbacks received, signatures checked, decrypted when sealed, as flat fields."""
        made = []
        for _, path, _, body in self.calls("/cb?" if receiveid == "wxd" else "/cbw?"):
            query = {k: v[0] for k, v in parse_qs(urlsplit(path).query, keep_blank_values=True).items()}
            fields = _fields(body.decode())
            if "Encrypt" in fields:
                assert query["msg_signature"] == sign("tok", query["timestamp"], query["nonce"], fields["Encrypt"])
                fields = _fields(decrypt(KEY, receiveid, fields["Encrypt"]))
            else:
                assert query["signature"] == sign("tok", query["timestamp"], query["nonce"])
            made.append(fields)
        return made


def _fields(xml: str) -> dict[str, str]:
    return {child.tag: child.text or "" for child in ElementTree.fromstring(xml)}


class Sandbox:
    """The process and its API."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.client = httpx2.Client(timeout=30.0, trust_env=False)
        self.start()

    def start(self, port: int = 0) -> None:
        """Starts the process and waits for its ready line."""
        command = [sys.executable, "-m", "sandbox", "--port", str(port), "--data", str(self.folder)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "the sandbox did not start"
        self.url = json.loads(line)["url"]

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Ends the process by a signal; returns its exit code."""
        os.kill(self.process.pid, number)
        code = self.process.wait(15)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code

    def close(self) -> None:
        """Ends everything."""
        if self.process.poll() is None:
            self.stop()
        self.client.close()

    def get(self, path: str, **query: object) -> Any:
        """GET as JSON."""
        return self.client.get(f"{self.url}{path}", params={k: str(v) for k, v in query.items()}).json()

    def post(self, path: str, body: object, **query: object) -> Any:
        """POST JSON, answer as JSON."""
        raw = json.dumps(body, ensure_ascii=False).encode()
        answer = self.client.post(
            f"{self.url}{path}",
            params={k: str(v) for k, v in query.items()},
            content=raw,
            headers={"content-type": "application/json"},
        )
        return answer.json()

    def control(self, path: str, **body: object) -> Any:
        """POST to the control API."""
        return self.post(f"/_sandbox/{path}", body)

    def move(self, now: str) -> Any:
        """Moves the virtual clock."""
        return self.control("clock", mode="virtual", now=now)

    def token(self, appid: str = "wxd") -> str:
        """A fresh OA token."""
        answer = self.get("/oa/cgi-bin/token", grant_type="client_credential", appid=appid, secret="s")
        return str(answer["access_token"])

    def wecom_token(self, secret: str = "ws") -> str:
        """A WeCom token."""
        return str(self.get("/wecom/cgi-bin/gettoken", corpid="ww1", corpsecret=secret)["access_token"])

    def oa(self, path: str, body: object, token: str = "") -> Any:
        """POST to the OA."""
        return self.post(f"/oa/cgi-bin/{path}", body, access_token=token or self.token())

    def act(self, person: int | str, act: str, **more: object) -> Any:
        """A scripted act."""
        return self.control(f"people/{person}/act", act=act, **more)

    def followers(self, count: int, **more: object) -> list[str]:
        """People who follow wxd since long; their openids in the order of persons."""
        follow = [{"account": "wxd", "at": "2026-02-01T09:00:00+08:00", **more}]
        made = self.control("people", count=count, seed=7, follow=follow)
        page = self.get("/_sandbox/people", account="wxd", after=made["first"] - 1, limit=count)
        return [p["openid"] for p in page["people"]]


@pytest.fixture
def site() -> Iterator[Site]:
    """The site."""
    made = Site()
    yield made
    made.server.shutdown()
    made.thread.join(5)
    made.server.server_close()


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[Sandbox]:
    """A sandbox without accounts."""
    made = Sandbox(tmp_path / "world")
    yield made
    made.close()


@pytest.fixture
def box(bare: Sandbox, site: Site) -> Sandbox:
    """On a virtual clock at START, with the account wxd (safe mode) and the corp ww1, calling back to the site."""
    bare.move(START)
    made = bare.control(
        "accounts",
        official_accounts=[
            {
                "appid": "wxd",
                "secret": "s",
                "gh_id": "gh_1",
                "token": "tok",
                "aes_key": KEY,
                "mode": "safe",
                "callback_url": f"{site.url}/cb",
                "oauth_domains": ["127.0.0.1"],
                "unionid_bound": True,
            }
        ],
        wecom=[
            {
                "corpid": "ww1",
                "unionid_bound": True,
                "apps": [
                    {
                        "agentid": 1000002,
                        "secret": "ws",
                        "token": "tok",
                        "aes_key": KEY,
                        "callback_url": f"{site.url}/cbw",
                        "trusted_domains": ["127.0.0.1"],
                    },
                    {"agentid": 1000003, "secret": "dir", "callable": False, "directory": True},
                ],
                "departments": [
                    {"id": 1, "name": "总部", "parentid": 0},
                    {"id": 2, "name": "销售", "parentid": 1},
                ],
                "members": [
                    {"userid": "lisi", "name": "李四", "department": [2]},
                    {"userid": "wangwu", "name": "王五", "department": [1, 2]},
                ],
                "chats": [{"chat_id": "wr1", "name": "读者群", "owner": "lisi"}],
            }
        ],
    )
    assert "official_accounts" in made, made
    return bare


def wait_for(condition: Callable[[], object], seconds: float = 15.0) -> None:
    """Waits until the condition holds; fails at the deadline."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def query(url: str) -> dict[str, str]:
    """The query of an address as a dict."""
    return {k: v[0] for k, v in parse_qs(urlsplit(url).query).items()}


__all__ = ["KEY", "START", "Sandbox", "Site", "free_port", "query", "urlencode", "wait_for"]
