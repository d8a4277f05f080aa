"""Time as a value. Only app, runtime, rehearsal and tests hold a clock; everything below takes ``now``.

``machine()`` is for leases, time-outs and back-off and decides no business rule (ARCHITECTURE.md section 4).
"""

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


def machine() -> float:
    """Seconds of machine time (Unix epoch), equal for all processes of one machine."""
    return time.time()


class Clock(Protocol):
    """Tells the business time; always an aware datetime in UTC."""

    @property
    def is_system(self) -> bool:
        """True when business time and machine time are the same."""

    def now(self) -> datetime:
        """The present business time."""


class SystemClock:
    """The wall clock."""

    is_system = True

    def now(self) -> datetime:
        return datetime.now(UTC)


class VirtualClock:
    """A clock that stands still until it is moved; it never goes back."""

    is_system = False

    def __init__(self, start: datetime) -> None:
        self._lock = threading.Lock()
        self._now = start.astimezone(UTC)

    def now(self) -> datetime:
        with self._lock:
            return self._now

    def move_to(self, moment: datetime) -> None:
        """Move forward to ``moment``; an earlier moment is ignored."""
        with self._lock:
            self._now = max(self._now, moment.astimezone(UTC))


class ScaledClock:
    """Runs ``factor`` times as fast as the machine from ``base``, which stood at machine second ``anchor``."""

    is_system = False

    def __init__(self, base: datetime, factor: float, anchor: float | None = None) -> None:
        self.base = base.astimezone(UTC)
        self.factor = factor
        self.anchor = machine() if anchor is None else anchor

    def now(self) -> datetime:
        return self.base + timedelta(seconds=(machine() - self.anchor) * self.factor)

    def move_to(self, moment: datetime) -> None:
        """Move forward to ``moment`` and run on from there; an earlier moment is ignored."""
        ahead = moment.astimezone(UTC) - self.now()
        if ahead > timedelta(0):
            self.base += ahead
