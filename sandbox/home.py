"""The platform's own pages (OAuth, articles, group invitations) as people open them: asked of the application itself.

The browser and these pages are one process: over a socket it would talk to itself, at the price of two requests. What
people ask of anybody else goes over the network.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote

from starlette.types import ASGIApp

from sandbox.http1 import Answer, parts


async def ask(app: ASGIApp, method: str, url: str, headers: Sequence[tuple[str, str]], body: bytes) -> Answer:
    """One request to `app`, answered as `http1.Client` would."""
    site, target = parts(url)
    path, _, query = target.partition("?")
    host = site.partition("://")[2]
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
        "path": unquote(path), "raw_path": path.encode(), "query_string": query.encode(), "root_path": "",
        "headers": [(b"host", host.encode()), *((k.encode(), v.encode()) for k, v in headers)],
        "client": ("127.0.0.1", 0), "server": ("127.0.0.1", 0),
    }  # fmt: skip
    status, found, pieces = 500, tuple[tuple[str, str], ...](), list[bytes]()

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        nonlocal status, found
        if message["type"] == "http.response.start":
            status = message["status"]
            found = tuple((k.decode("latin-1").lower(), v.decode("utf-8", "replace")) for k, v in message["headers"])
        else:
            pieces.append(message.get("body", b""))

    await app(scope, receive, send)
    return Answer(status, found, b"".join(pieces))
