"""Private: one HTTP exchange with a platform, and which failures leave its outcome open."""

import json
from collections.abc import Mapping

import httpx2

from siyu.kernel.db import forbid_transaction

TIMEOUT = httpx2.Timeout(15.0, connect=5.0, pool=10.0)
LIMIT = 32 * 1024 * 1024
"""Bytes of an answer; the largest page of a list is below 1 MB."""


class NotSent(Exception):
    """The request certainly did not reach the platform."""


class Uncertain(Exception):
    """The request left, the answer did not come or was none: it may have been carried out."""


def open_http() -> httpx2.Client:
    """A client that keeps connections alive; no redirects, no proxies from the environment."""
    limits = httpx2.Limits(max_connections=64, max_keepalive_connections=64, keepalive_expiry=30.0)
    return httpx2.Client(timeout=TIMEOUT, limits=limits, trust_env=False, headers={"User-Agent": "siyu"})


def exchange(
    http: httpx2.Client,
    method: str,
    url: str,
    *,
    query: Mapping[str, str],
    content: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    file: tuple[str, bytes, str] | None = None,
) -> tuple[int, bytes]:
    """(HTTP status, body). Raises NotSent or Uncertain, and kernel.db.TransactionOpen inside a transaction."""
    forbid_transaction()
    try:
        files = {"media": file} if file else None
        answer = http.request(
            method, url, params=dict(query), content=content, headers=dict(headers or {}), files=files
        )
    except (
        httpx2.ConnectError,
        httpx2.ConnectTimeout,
        httpx2.PoolTimeout,
        httpx2.UnsupportedProtocol,
        httpx2.InvalidURL,
    ) as error:
        raise NotSent(f"{type(error).__name__}: {error}") from None
    except httpx2.TransportError as error:
        raise Uncertain(f"{type(error).__name__}: {error}") from None
    if len(answer.content) > LIMIT:
        raise Uncertain("the answer is too large")
    return answer.status_code, answer.content


def envelope(status: int, content: bytes) -> dict[str, object]:
    """The JSON object of an answer; raises Uncertain when there is none."""
    try:
        data = json.loads(content)
    except ValueError:
        data = None
    if status >= 500 or not isinstance(data, dict):
        raise Uncertain(f"HTTP {status} without an envelope")
    return data


def encoded(body: Mapping[str, object]) -> bytes:
    """JSON in real UTF-8: the Official Account stores escapes literally."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
