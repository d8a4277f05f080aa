"""HTTP/1.1 under uvicorn for the sandbox: whole requests in, whole answers out, one write each.

uvicorn's own protocol streams both ways, limits and measures; that costs more than what the simulated platforms do to
answer. It still runs the server: sockets, start, stop. Everything here fits in memory and comes from this machine.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from functools import lru_cache
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser
from uvicorn import Config
from uvicorn.server import ServerState

log = logging.getLogger("sandbox")

Headers = list[tuple[bytes, bytes]]
Asked = tuple[str, bytes, Headers, bytes, bool]  # method, target, headers, body, whether the connection goes on


@lru_cache(64)
def _status_line(status: int) -> bytes:
    return f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n".encode()


class Wire(asyncio.Protocol):
    """One connection; requests are answered one after another. uvicorn makes it and calls `shutdown`."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self._app, self._server, self._state = config.loaded_app, server_state, app_state
        self._parser = HttpRequestParser(self)
        self._waiting: deque[Asked] = deque()
        self._task: asyncio.Task[None] | None = None
        self._ending = False

    # -- asyncio ----------------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]  # asyncio hands the socket's kind
        self._client = transport.get_extra_info("peername")
        self._server.connections.add(self)  # type: ignore[arg-type]  # uvicorn only calls shutdown on it

    def connection_lost(self, exc: Exception | None) -> None:
        self._ending = True
        self._server.connections.discard(self)

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except HttpParserUpgrade:
            self._transport.close()
        except HttpParserError:
            self._write(_status_line(400) + b"content-length: 0\r\nconnection: close\r\n\r\n")
            self._transport.close()

    def _write(self, data: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(data)

    def shutdown(self) -> None:
        """Ends the connection, after the answer that is being made."""
        self._ending = True
        if self._task is None:
            self._transport.close()

    # -- httptools --------------------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        self._target, self._headers, self._body = b"", Headers(), list[bytes]()

    def on_url(self, url: bytes) -> None:
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        if (b"expect", b"100-continue") in self._headers:
            self._write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        method, keep = self._parser.get_method().decode(), self._parser.should_keep_alive()
        self._waiting.append((method, self._target, self._headers, b"".join(self._body), keep))
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._serve())
            self._server.tasks.add(self._task)
            self._task.add_done_callback(self._server.tasks.discard)

    # -- ASGI -------------------------------------------------------------------------------------------------------

    async def _serve(self) -> None:
        while self._waiting:
            await self._answer(*self._waiting.popleft())
        self._task = None
        if self._ending:
            self._transport.close()

    async def _answer(self, method: str, target: bytes, headers: Headers, body: bytes, keep: bool) -> None:
        path, _, query = target.partition(b"?")
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
            "path": unquote(path.decode("latin-1")), "raw_path": path, "query_string": query, "root_path": "",
            "headers": headers, "client": self._client, "server": None, "state": self._state,
        }  # fmt: skip
        head, whole, unread = b"", False, True

        async def receive() -> Any:
            nonlocal unread
            if unread:
                unread = False
                return {"type": "http.request", "body": body, "more_body": False}
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            nonlocal head, whole
            if message["type"] == "http.response.start":
                lines = [b"%b: %b\r\n" % pair for pair in (*self._server.default_headers, *message["headers"])]
                head = _status_line(message["status"]) + b"".join(lines)
                head += b"\r\n" if keep else b"connection: close\r\n\r\n"
            else:
                self._write(head if method == "HEAD" else head + message.get("body", b""))
                head, whole = b"", not message.get("more_body", False)

        try:
            await self._app(scope, receive, send)
        except Exception:
            log.exception("%s %s", method, target)
            if not head and not whole:
                self._write(_status_line(500) + b"content-length: 0\r\nconnection: close\r\n\r\n")
        if head:
            self._write(head)  # the application cut its answer off
        if not keep or not whole:
            self._ending = True
            self._waiting.clear()
