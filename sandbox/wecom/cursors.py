"""Opaque cursors that expire."""

from __future__ import annotations

import base64
import hashlib
import json

from sandbox.api import Call
from sandbox.errors import Refused

LIFE_MS = 4 * 3_600_000


def issue(call: Call, purpose: str, position: object) -> str:
    """A cursor for `purpose` that points at a JSON position and lives 4 hours."""
    raw = json.dumps([purpose, position, call.at + LIFE_MS]).encode()
    mark = hashlib.blake2b(raw, key=call.account.encode()[:64], digest_size=8).digest()
    return base64.urlsafe_b64encode(mark + raw).decode()


def read(call: Call, purpose: str, cursor: object) -> object:
    """The position of a cursor, None for none. Refuses 50100 when it is not ours, for something else, or too old."""
    if not cursor:
        return None
    try:
        whole = base64.urlsafe_b64decode(str(cursor))
        mark, raw = whole[:8], whole[8:]
        kind, position, expires = json.loads(raw)
    except ValueError:
        raise Refused(50100) from None
    if (
        mark != hashlib.blake2b(raw, key=call.account.encode()[:64], digest_size=8).digest()
        or kind != purpose
        or expires < call.at
    ):
        raise Refused(50100)
    return position
