"""Rows as the statements of profiles take them. Named tuples: thousands are made at a time."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple


class FactRow(NamedTuple):
    """What a source says at one time about the attributes of an origin."""

    customer_id: int
    origin_id: int
    source: str
    values: Mapping[str, Any]
    rank: int
    at: datetime
    actor: str


class TouchRow(NamedTuple):
    """One touch of an origin."""

    customer_id: int
    origin_id: int
    source: str
    kind: str
    code: str
    params: Mapping[str, str]
    at: datetime
