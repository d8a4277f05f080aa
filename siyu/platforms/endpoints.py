"""Private: the form of the declarative endpoint tables; each platform has one in its ``endpoints.py``."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal


class Repeat(StrEnum):
    """Whether a call whose answer was lost may be made again."""

    SAFE = "safe"  # reads, or writes that say the same thing again
    KEYED = "keyed"  # only with the same idempotency key
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One endpoint. ``ids``: (field, fewest, most). ``page``: (field of the request, field of the answer, page size).

    ``key_field`` takes ``Call.key``; ``done_codes`` mean that a call with this key was carried out before.
    ``per_minute`` is paced in this process; ``per_day`` is known to readers, the platform counts it.
    """

    name: str
    method: Literal["GET", "POST"]
    path: str
    repeat: Repeat
    per_minute: int | None = None
    per_day: int | None = None
    ids: tuple[str, int, int] | None = None
    page: tuple[str, str, int] | None = None
    key_field: str = ""
    done_codes: frozenset[int] = frozenset()
    auth: Literal["token", "secret"] = "token"
    upload: bool = False


def table(endpoints: Iterable[Endpoint]) -> Mapping[str, Endpoint]:
    """By name; a doubled name is an error of ours."""
    found: dict[str, Endpoint] = {}
    for endpoint in endpoints:
        if endpoint.name in found:
            raise ValueError(f"two endpoints are called {endpoint.name}")
        found[endpoint.name] = endpoint
    return found
