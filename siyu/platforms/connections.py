"""Private: kept HTTP connections to the platforms, over the standard library's client.

One call costs 0.17 ms of processor time here and 0.60 ms through httpx2 (measured; docs/adr/0043): a wave is a call per
person, and the calls of a process share one interpreter.
"""

import base64
import functools
import http.client
import select
import ssl
import threading
from collections.abc import Mapping
from urllib.parse import SplitResult, quote, unquote, urlencode, urlsplit

import httpx2

from siyu.kernel.clock import machine

CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 15.0
KEPT_SECONDS = 30.0
KEPT = 64
"""Idle connections kept to one address."""
LIMIT = 32 * 1024 * 1024
"""Bytes of an answer; the largest page of a list is below 1 MB."""

Address = tuple[str, str, int | None]
"""Scheme, host, port."""


class NotSent(Exception):
    """The request certainly did not reach the platform."""


class Uncertain(Exception):
    """The request left, the answer did not come or was none: it may have been carried out."""


class Http:
    """Connections that stay open between calls; threads share it. No redirects, no proxies from the environment."""

    def __init__(self) -> None:
        self._idle: dict[Address, list[tuple[http.client.HTTPConnection, float]]] = {}
        self._guard = threading.Lock()

    def __enter__(self) -> "Http":
        return self

    def __exit__(self, *_: object) -> None:
        with self._guard:
            kept = [one for idle in self._idle.values() for one, _ in idle]
            self._idle.clear()
        for connection in kept:
            connection.close()

    def request(
        self, method: str, url: str, *, query: Mapping[str, str], content: bytes | None, headers: Mapping[str, str]
    ) -> tuple[int, bytes]:
        """(HTTP status, body). Raises NotSent or Uncertain."""
        try:
            parts = urlsplit(url)
            address = (parts.scheme, parts.hostname or "", parts.port)
        except ValueError as error:
            raise NotSent(f"{type(error).__name__}: {error}") from None
        target = _target(parts, query)
        connection = self._kept(address) or _opened(address)
        try:
            connection.request(method, target, content, {"User-Agent": "siyu", **_credentials(parts), **headers})
            answer = connection.getresponse()
            body = answer.read(LIMIT + 1)
        except (http.client.InvalidURL, UnicodeError) as error:
            connection.close()
            raise NotSent(f"{type(error).__name__}: {error}") from None
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise Uncertain(f"{type(error).__name__}: {error}") from None
        except BaseException:
            connection.close()
            raise
        if len(body) > LIMIT or answer.length:
            connection.close()
            raise Uncertain("the answer is too large" if len(body) > LIMIT else "the answer was cut off")
        if answer.will_close:
            connection.close()
        else:
            self._keep(address, connection)
        return answer.status, body

    def _kept(self, address: Address) -> http.client.HTTPConnection | None:
        """An idle connection that still stands, the latest used first."""
        while True:
            with self._guard:
                idle = self._idle.get(address)
                if not idle:
                    return None
                connection, until = idle.pop()
            if machine() < until and not _readable(connection):
                return connection
            connection.close()

    def _keep(self, address: Address, connection: http.client.HTTPConnection) -> None:
        with self._guard:
            idle = self._idle.setdefault(address, [])
            if len(idle) < KEPT:
                idle.append((connection, machine() + KEPT_SECONDS))
                return
        connection.close()


def _readable(connection: http.client.HTTPConnection) -> bool:
    """An idle connection has nothing to say but that the other side closed it."""
    poll = select.poll()
    poll.register(connection.sock, select.POLLIN)
    return bool(poll.poll(0))


def _opened(address: Address) -> http.client.HTTPConnection:
    scheme, host, port = address
    if scheme not in ("http", "https") or not host:
        raise NotSent("the address is not http:// or https://")
    try:
        connection = (
            http.client.HTTPConnection(host, port, timeout=CONNECT_SECONDS)
            if scheme == "http"
            else http.client.HTTPSConnection(host, port, timeout=CONNECT_SECONDS, context=_trusted())
        )
        connection.connect()
    except (OSError, http.client.InvalidURL, UnicodeError) as error:
        raise NotSent(f"{type(error).__name__}: {error}") from None
    connection.sock.settimeout(ANSWER_SECONDS)
    return connection


@functools.cache
def _trusted() -> ssl.SSLContext:
    return httpx2.create_ssl_context(trust_env=False)


def _target(parts: SplitResult, query: Mapping[str, str]) -> str:
    path = quote(parts.path or "/", safe="/%:=&~+!$,;'@()*")
    asked = "&".join(part for part in (quote(parts.query, safe="/%:=&?~+!$,;'@()*"), urlencode(query)) if part)
    return f"{path}?{asked}" if asked else path


def _credentials(parts: SplitResult) -> dict[str, str]:
    if parts.username is None:
        return {}
    said = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
    return {"Authorization": f"Basic {base64.b64encode(said).decode()}"}
