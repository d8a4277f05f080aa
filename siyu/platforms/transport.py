"""Private: one HTTP exchange with a platform, and which failures leave its outcome open."""

import json
import re
import secrets
from collections.abc import Mapping
from typing import Any

from siyu.kernel.db import forbid_transaction
from siyu.platforms.connections import Http, NotSent, Uncertain


def exchange(
    http: Http,
    method: str,
    url: str,
    *,
    query: Mapping[str, str],
    content: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    file: tuple[str, bytes, str] | None = None,
) -> tuple[int, bytes]:
    """(HTTP status, body). Raises NotSent or Uncertain, and kernel.db.TransactionOpen inside a transaction.

    ``file``: (name, content, type) as the field ``media`` of a form.
    """
    forbid_transaction()
    sent = dict(headers or {})
    if file is not None:
        boundary = secrets.token_hex(16)
        sent["Content-Type"] = f"multipart/form-data; boundary={boundary}"
        content = _form(boundary, *file)
    return http.request(method, url, query=query, content=content, headers=sent)


def _form(boundary: str, name: str, content: bytes, kind: str) -> bytes:
    quoted = name.replace("\\", "\\\\").replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
    head = f'Content-Disposition: form-data; name="media"; filename="{quoted}"\r\nContent-Type: {kind}\r\n\r\n'
    return f"--{boundary}\r\n{head}".encode() + content + f"\r\n--{boundary}--\r\n".encode()


def envelope(status: int, content: bytes) -> dict[str, object]:
    """The JSON object of an answer, every text of it storable; raises Uncertain when there is none.

    A refusal of the platform carries its errcode under any status. Without one, only 2xx is an answer: a gateway in
    between that says 403 in JSON would pass for success.
    """
    text = content.decode("utf-8", "replace")
    try:
        # Names hold control characters, and are cut in the middle of a character: the rest must be read all the same.
        data = json.loads(text, strict=False)
    except (ValueError, RecursionError):
        data = None
    if status >= 500 or not isinstance(data, dict) or not (200 <= status < 300 or data.get("errcode")):
        raise Uncertain(f"HTTP {status} without an envelope")
    return _storable(data) if "\\u" in text or "\0" in text else data


_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


def _storable(value: Any) -> Any:
    if isinstance(value, str):
        return _UNSTORABLE.sub("\ufffd", value)
    if isinstance(value, list):
        return [_storable(item) for item in value]
    if isinstance(value, dict):
        return {_storable(name): _storable(item) for name, item in value.items()}
    return value


def encoded(body: Mapping[str, object]) -> bytes:
    """JSON in real UTF-8: the Official Account stores escapes literally."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


__all__ = ["Http", "NotSent", "Uncertain", "encoded", "envelope", "exchange"]
