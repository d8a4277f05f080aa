"""The sandbox's own time, in Unix milliseconds. The only file that reads the machine's clock."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from functools import lru_cache


class Backwards(Exception):
    """A clock was asked to go back."""


def parse_time(text: object) -> int:
    """RFC 3339 with an offset (or Unix seconds) to Unix ms. Raises ValueError otherwise."""
    if isinstance(text, int | float) and not isinstance(text, bool):
        return int(text * 1000)
    if not isinstance(text, str):
        raise ValueError("a time must be RFC 3339 with an offset")
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time must carry an offset")
    return round(moment.timestamp() * 1000)


def iso(ms: int) -> str:
    """Unix ms to RFC 3339 in UTC."""
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def day(ms: int) -> str:
    """The natural day in Asia/Shanghai, 2026-03-02."""
    return _day((ms + 8 * 3_600_000) // 86_400_000)


@lru_cache(1024)
def _day(number: int) -> str:
    return datetime.fromtimestamp(number * 86_400, UTC).strftime("%Y-%m-%d")


def month(ms: int) -> str:
    """The natural month in Asia/Shanghai, 2026-03."""
    return day(ms)[:7]


def machine_ms() -> int:
    """The machine's time, Unix ms."""
    return time.time_ns() // 1_000_000


class Clock:
    """System, scaled or virtual time; never goes back."""

    def __init__(self) -> None:
        self.mode = "system"
        self.factor = 1.0
        self._base = 0
        self._since = time.monotonic()  # noqa: TID251  # the sandbox has a clock of its own

    def now(self) -> int:
        """The present moment in Unix ms."""
        if self.mode == "system":
            return machine_ms()
        if self.mode == "virtual":
            return self._base
        return self._base + int((time.monotonic() - self._since) * 1000 * self.factor)  # noqa: TID251  # the sandbox has a clock of its own

    def short(self) -> int:
        """The time by which windows of a minute or less count, in ms: the machine's (so is the system clock)."""
        return machine_ms()

    def set_virtual(self, ms: int) -> None:
        """Stands at `ms`. Raises Backwards when that is in its past."""
        if self.mode == "virtual" and ms < self._base:
            raise Backwards(iso(self._base))
        self.mode, self._base = "virtual", ms

    def reach(self, ms: int) -> None:
        """A virtual clock moves forward to `ms`; other clocks move by themselves."""
        if self.mode == "virtual" and ms > self._base:
            self._base = ms

    def set_scaled(self, base: int, factor: float) -> None:
        """Runs from `base` at `factor` times the machine's speed."""
        self.mode, self.factor, self._base, self._since = "scaled", factor, base, time.monotonic()  # noqa: TID251  # the sandbox has a clock of its own

    def set_system(self) -> None:
        """Follows the system's time."""
        self.mode = "system"

    def snapshot(self) -> dict[str, object]:
        """What a restart needs."""
        return {"mode": self.mode, "now": self.now(), "factor": self.factor}

    def restore(self, kept: dict[str, object]) -> None:
        """Goes on from a snapshot: virtual stands where it stood, scaled runs on from there."""
        self.mode = str(kept["mode"])
        self._base = int(str(kept["now"]))
        self.factor = float(str(kept["factor"]))
        self._since = time.monotonic()  # noqa: TID251  # the sandbox has a clock of its own
