"""A small keep-alive HTTP/1.1 client for loopback.

Callbacks and page views are counted in thousands a second on a machine that Siyu shares; a general client costs about
half a millisecond a request there, this one a fifth of that. It speaks plain http only, which is all a simulated
person needs here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

MAX_BODY = 8 * 1024 * 1024


class Unreachable(Exception):
    """No answer: refused, cut off, too late, or not HTTP."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, header pairs (lower-case names) and body."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str:
        """The first header of that (lower-case) name or ""."""
        return next((v for k, v in self.headers if k == name), "")


_Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Client:
    """Connections are kept per host and port and used again."""

    def __init__(self) -> None:
        self._idle: dict[tuple[str, int], list[_Stream]] = {}

    async def request(
        self,
        method: str,
        url: str,
        headers: Sequence[tuple[str, str]] = (),
        body: bytes = b"",
        timeout: float = 5.0,  # noqa: ASYNC109  # the whole exchange has one limit
        fresh: bool = False,
    ) -> Answer:
        """One request. `fresh` takes a new connection, so that the request cannot reach the server twice.

        Raises Unreachable when there is no answer within `timeout` seconds.
        """
        parts = urlsplit(url)
        if parts.scheme != "http" or not parts.hostname:
            raise Unreachable(f"only http:// can be opened here, not {url[:80]}")
        host, port = parts.hostname, parts.port or 80
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        lines = [
            f"{method} {target} HTTP/1.1",
            f"host: {parts.netloc.rpartition('@')[2]}",
            *(f"{k}: {v}" for k, v in headers),
        ]
        if body or method != "GET":
            lines.append(f"content-length: {len(body)}")
        if any(c in line for line in lines for c in "\r\n\0"):
            raise Unreachable("line break in a header")
        raw = "\r\n".join(lines).encode("utf-8") + b"\r\n\r\n" + body
        try:
            async with asyncio.timeout(timeout):
                return await self._exchange(host, port, raw, method, fresh)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError, IndexError) as error:
            raise Unreachable(f"{type(error).__name__}: {error}") from error

    async def _exchange(self, host: str, port: int, raw: bytes, method: str, fresh: bool) -> Answer:
        pool = self._idle.setdefault((host, port), [])
        while pool and not fresh:
            reader, writer = pool.pop()
            if reader.at_eof() or writer.is_closing():
                writer.close()
                continue
            try:
                writer.write(raw)
                head = await reader.readuntil(b"\r\n\r\n")
            except (asyncio.IncompleteReadError, ConnectionError) as error:
                writer.close()
                if isinstance(error, asyncio.IncompleteReadError) and error.partial:
                    raise
                continue  # the server had closed the idle connection: nothing was read, try another
            except BaseException:
                writer.close()
                raise
            return await self._rest(reader, writer, head, method, pool)
        reader, writer = await asyncio.open_connection(host, port)
        try:
            writer.write(raw)
            head = await reader.readuntil(b"\r\n\r\n")
        except BaseException:
            writer.close()
            raise
        return await self._rest(reader, writer, head, method, pool)

    async def _rest(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: bytes, method: str, pool: list[_Stream]
    ) -> Answer:
        keep = False
        try:
            first, *rest = head.decode("utf-8", "replace").split("\r\n")[:-2]
            version, status_text = first.split(" ", 2)[:2]
            status = int(status_text)
            pairs = tuple((k.strip().lower(), v.strip()) for k, _, v in (line.partition(":") for line in rest))
            named = dict(reversed(pairs))
            keep = version == "HTTP/1.1" and named.get("connection", "").lower() != "close"
            if method == "HEAD" or status in (204, 304) or status < 200:
                body = b""
            elif "chunked" in named.get("transfer-encoding", "").lower():
                body = await _chunks(reader)
            elif "content-length" in named:
                size = int(named["content-length"])
                if size > MAX_BODY:
                    raise ValueError("body too large")
                body = await reader.readexactly(size)
            else:
                keep, body = False, await reader.read(MAX_BODY)
            return Answer(status, pairs, body)
        except BaseException:
            keep = False
            raise
        finally:
            if keep:
                pool.append((reader, writer))
            else:
                writer.close()

    async def close(self) -> None:
        """Closes the idle connections."""
        for pool in self._idle.values():
            for _, writer in pool:
                writer.close()
        self._idle.clear()


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    whole = bytearray()
    while size := int((await reader.readline()).split(b";")[0], 16):
        whole += await reader.readexactly(size)
        await reader.readexactly(2)
        if len(whole) > MAX_BODY:
            raise ValueError("body too large")
    while (await reader.readline()).strip():
        pass
    return bytes(whole)
