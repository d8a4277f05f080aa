"""Keyset paging with opaque cursors."""

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Generic, TypeVar

from siyu.kernel.errors import Invalid

T = TypeVar("T")


class BadCursor(Invalid):
    """The cursor was not made by this list."""

    code = "bad_cursor"


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page; ``next`` is the cursor of the following page, None at the end."""

    items: list[T]
    next: str | None


def cursor(*keys: object) -> str:
    """An opaque cursor that stands for the sort keys of the last row."""
    return base64.urlsafe_b64encode(json.dumps(keys, default=str).encode()).decode().rstrip("=")


def numbers(value: str, count: int) -> list[int]:
    """The ``count`` sort keys in a cursor whose keys are ids; raises ``BadCursor``."""
    found = keys(value, count)
    if not all(type(one) is int and 0 <= one < 2**63 for one in found):
        raise BadCursor("the cursor belongs to another list", field="cursor")
    return [int(str(one)) for one in found]


def keys(value: str, count: int) -> list[object]:
    """The ``count`` sort keys in a cursor; raises ``BadCursor``."""
    try:
        decoded = json.loads(base64.urlsafe_b64decode(value + "=" * (-len(value) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        raise BadCursor("the cursor is not readable", field="cursor") from None
    if not isinstance(decoded, list) or len(decoded) != count:
        raise BadCursor("the cursor belongs to another list", field="cursor")
    return decoded
