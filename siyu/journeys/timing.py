"""Durations and local times of definitions: ``90s``, ``12h``, ``1d12h``; "the next 09:00 on a working day"."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

_PARTS = re.compile(r"(?:(\d{1,4})d)?(?:(\d{1,4})h)?(?:(\d{1,4})m)?(?:(\d{1,5})s)?", re.ASCII)
_UNITS = (86_400, 3_600, 60, 1)
_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)", re.ASCII)
LONGEST = 366 * 86_400
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def seconds(value: str) -> int:
    """Seconds of a duration such as ``12h`` or ``1d12h``; ValueError when malformed, zero or longer than 366 days."""
    found = _PARTS.fullmatch(value)
    total = sum(int(part) * unit for part, unit in zip(found.groups(), _UNITS, strict=True) if part) if found else 0
    if not 0 < total <= LONGEST:
        raise ValueError("a duration is written like 90s, 45m, 12h, 1d or 1d12h, above zero and at most 366d")
    return total


def minute(value: str) -> int:
    """Minute of the day of a local time ``HH:MM``; ValueError when malformed."""
    found = _CLOCK.fullmatch(value)
    if not found:
        raise ValueError("a local time is written HH:MM")
    return int(found[1]) * 60 + int(found[2])


def wait_end(base: datetime, length: int, at: int | None, days: Sequence[int], zone: ZoneInfo) -> datetime:
    """When a wait from ``base`` ends: ``length`` seconds later, then the next local minute ``at`` strictly after.

    ``days`` are permitted weekdays (0 Monday to 6 Sunday), empty for every day. Strictly after, so that a wait in a
    loop always takes time.
    """
    end = base + timedelta(seconds=length)
    if at is None:
        return end
    local = end.astimezone(zone)
    first = local.replace(hour=at // 60, minute=at % 60, second=0, microsecond=0, tzinfo=None)
    candidates = (first + timedelta(days=n) for n in range(9))
    return next(
        moment
        for day in candidates
        if (not days or day.weekday() in days) and (moment := day.replace(tzinfo=zone).astimezone(base.tzinfo)) > end
    )
