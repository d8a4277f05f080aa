"""A small keep-alive HTTP/1.1 client for loopback: an asyncio protocol over httptools' parser.

Callbacks and page views are counted in thousands a second on a machine that Siyu shares, where a general client costs
about half a millisecond a request. This one speaks plain http only, GET and POST: all a simulated person needs here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

from httptools import HttpParserError, HttpResponseParser

MAX_BODY = 8 * 1024 * 1024
IDLE = 512  # connections kept per host: every fresh one of a form would stay otherwise


class Unreachable(Exception):
    """No answer: refused, cut off, too late, or not HTTP."""


class _Stale(Exception):
    """The server had closed the idle connection before it read the request."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, header pairs (lower-case names) and body."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str:
        """The first header of that (lower-case) name or ""."""
        return next((v for k, v in self.headers if k == name), "")


class _Connection(asyncio.Protocol):
    """One connection; one exchange at a time."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.waiter: asyncio.Future[Answer] | None = None
        self.keep = True
        self._used = False
        self._begin()

    def _begin(self) -> None:
        # A parser holds the state of one answer; a new one is surely clean.
        self._parser = HttpResponseParser(self)
        self._headers: list[tuple[str, str]] = []
        self._body: list[bytes] = []
        self._size = 0
        self._heard = self._sized = self._whole = False

    # -- asyncio ----------------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]  # asyncio hands a transport of the socket's kind

    def data_received(self, data: bytes) -> None:
        if self.waiter is None or self.waiter.done():
            self.close()  # nobody asked for this
            return
        self._heard = True
        try:
            self._parser.feed_data(data)
        except HttpParserError as error:
            self._fail(Unreachable(f"{type(error).__name__}: {error}"))

    def connection_lost(self, exc: Exception | None) -> None:
        self.keep = False
        waiter = self.waiter
        if waiter is None or waiter.done():
            return
        if self._whole and not self._sized and exc is None:
            self._answer()  # the end of the connection is the end of the body
        elif self._used and not self._heard:
            self._fail(_Stale())
        else:
            self._fail(Unreachable(f"cut off: {exc}" if exc else "cut off"))

    # -- httptools --------------------------------------------------------------------------------------------------

    def on_header(self, name: bytes, value: bytes) -> None:
        key = name.decode("latin-1").lower()
        self._sized |= key in ("content-length", "transfer-encoding")
        self._headers.append((key, value.decode("utf-8", "replace").strip()))

    def on_headers_complete(self) -> None:
        self._whole = self._parser.get_status_code() >= 200

    def on_body(self, body: bytes) -> None:
        self._body.append(body)
        self._size += len(body)
        if self._size > MAX_BODY:
            self._fail(Unreachable("body too large"))

    def on_message_complete(self) -> None:
        if self._whole:
            self.keep = self.keep and self._parser.should_keep_alive()
            self._answer()
        else:
            self._headers.clear()  # 100 Continue and its like

    # -- one exchange -----------------------------------------------------------------------------------------------

    def ask(self, raw: bytes, waiter: asyncio.Future[Answer]) -> None:
        """Sends a request; `waiter` gets its Answer, Unreachable or _Stale."""
        assert self.transport is not None
        self.waiter = waiter
        self.transport.write(raw)

    def _answer(self) -> None:
        assert self.waiter is not None
        answer = Answer(self._parser.get_status_code(), tuple(self._headers), b"".join(self._body))
        if not self.waiter.done():
            self.waiter.set_result(answer)
        self._used = True
        self._begin()

    def _fail(self, error: Exception) -> None:
        if self.waiter is not None and not self.waiter.done():
            self.waiter.set_exception(error)
        self.close()

    def late(self) -> None:
        """The time is up, once what came meanwhile is read: a loop that was held up runs its alarms first."""
        asyncio.get_running_loop().call_later(0.02, self._too_late, self.waiter)

    def _too_late(self, waiter: asyncio.Future[Answer] | None) -> None:
        if waiter is self.waiter:
            self._fail(Unreachable("TimeoutError: "))

    def close(self) -> None:
        """Ends the connection."""
        self.keep = False
        if self.transport is not None:
            self.transport.close()


@lru_cache(256)
def place(site: str) -> tuple[str, int, str]:
    """(host, port, host header) of `http://host:port`. Raises Unreachable."""
    try:
        found = urlsplit(site)
        if found.scheme != "http" or not found.hostname:
            raise Unreachable(f"only http:// can be opened here, not {site[:80]}")
        return found.hostname, found.port or 80, found.netloc.rpartition("@")[2]
    except ValueError as error:
        raise Unreachable(f"ValueError: {error}") from error


def origin(url: str) -> str:
    """`http://host:port` of an address."""
    return parts(url)[0]


def parts(url: str) -> tuple[str, str]:
    """(origin, request target) of an address, without its fragment."""
    url = url.partition("#")[0]
    start = url.find("://") + 3
    ends = [at for at in (url.find("/", start), url.find("?", start)) if at >= 0]
    if start < 3 or not ends:
        return url, "/"
    cut = min(ends)
    return url[:cut], url[cut:] if url[cut] == "/" else f"/{url[cut:]}"


class Client:
    """Connections are kept per host and port and used again."""

    def __init__(self) -> None:
        self._idle: dict[tuple[str, int], list[_Connection]] = {}

    async def request(
        self,
        method: str,
        url: str,
        headers: Sequence[tuple[str, str]] = (),
        body: bytes = b"",
        timeout: float = 5.0,  # noqa: ASYNC109  # the whole exchange has one limit
        fresh: bool = False,
    ) -> Answer:
        """One GET or POST. `fresh` takes a new connection, so that the request cannot reach the server twice.

        Raises Unreachable when there is no answer within `timeout` seconds.
        """
        site, target = parts(url)
        host, port, name = place(site)
        lines = [f"{method} {target} HTTP/1.1", f"host: {name}"]
        lines += [f"{k}: {v}" for k, v in headers]
        if body or method != "GET":
            lines.append(f"content-length: {len(body)}")
        head = "\r\n".join(lines)
        if "\0" in head or head.count("\r") != len(lines) - 1 or head.count("\n") != len(lines) - 1:
            raise Unreachable("line break in a header")
        raw = head.encode() + b"\r\n\r\n" + body
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout
        pool = self._idle.setdefault((host, port), [])
        while pool and not fresh:
            connection = pool.pop()
            if connection.keep:
                try:
                    return await self._exchange(loop, connection, raw, deadline, pool)
                except _Stale:
                    continue  # nothing was read: another connection may be asked
        try:
            async with asyncio.timeout_at(deadline):
                _, connection = await loop.create_connection(_Connection, host, port)
        except OSError as error:  # TimeoutError too
            raise Unreachable(f"{type(error).__name__}: {error}") from error
        return await self._exchange(loop, connection, raw, deadline, pool)

    async def _exchange(
        self,
        loop: asyncio.AbstractEventLoop,
        connection: _Connection,
        raw: bytes,
        deadline: float,
        pool: list[_Connection],
    ) -> Answer:
        waiter: asyncio.Future[Answer] = loop.create_future()
        alarm = loop.call_at(deadline, connection.late)
        try:
            connection.ask(raw, waiter)
            answer = await waiter
        except BaseException:
            connection.close()
            raise
        finally:
            alarm.cancel()
        if connection.keep and len(pool) < IDLE:
            pool.append(connection)
        else:
            connection.close()
        return answer

    async def close(self) -> None:
        """Closes the idle connections."""
        for pool in self._idle.values():
            for connection in pool:
                connection.close()
        self._idle.clear()
