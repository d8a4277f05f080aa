"""The driver of a virtual world: jumps from due time to due time, for the house and the platforms outside it.

It moves time only when both sides are quiet (ARCHITECTURE.md section 4). The same loop plays the demo, the
scenario tests and, with ``people`` in the sandbox's place, the rehearsal.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from siyu.kernel.clock import machine
from siyu.platforms import queries as platforms
from siyu.runtime import queries, rooms, worker
from siyu.runtime.house import House

STUCK_SECONDS = 900.0
"""So long (machine time) may business time wait for leases, retries and calls in flight."""


_pause = threading.Event()
"""Never set: its ``wait`` lets machine time pass."""


class MovableClock(Protocol):
    """A virtual clock."""

    is_system: bool

    def now(self) -> datetime: ...

    def move_to(self, moment: datetime) -> None: ...


@dataclass(frozen=True, slots=True)
class Outside:
    """What the world outside answered after it was moved: when it acts next, how many acts and deliveries it made."""

    next_due: datetime | None
    activity: int


class World(Protocol):
    """The platforms and their people."""

    def move_to(self, moment: datetime) -> Outside:
        """Do everything due up to ``moment``; answer only when quiet."""


@dataclass(frozen=True, slots=True)
class Driver:
    """``grain`` is the smallest jump: due times closer together than this are handled in one go, in order.

    ``settle`` brings the house to rest and says whether it did anything (``worker.drain`` in this process by
    default; with workers in other processes it waits until they are done).
    """

    house: House
    clock: MovableClock
    world: World
    grain: timedelta = timedelta(seconds=30)
    settle: Callable[[House], int] = worker.drain

    def run(self, until: datetime, progress: Callable[[datetime], None] | None = None) -> None:
        """Play the world up to ``until``; ``progress`` hears each moment at which the world stood still."""
        while True:
            now = self.clock.now()
            outside = self._rest(now)
            inside = self._inside(now)
            if progress is not None:
                progress(now)
            if now >= until:
                return
            due = min((t for t in (inside, outside) if t is not None), default=until)
            self.clock.move_to(min(until, max(due, now + self.grain)))

    def _inside(self, now: datetime) -> datetime | None:
        """When the house wants to work next. While something waits for machine time (a lease, a retry, a limit of calls
        a minute), business time must not move: the house is asked again until it rests."""
        deadline = machine() + STUCK_SECONDS
        while True:
            with self.house.open() as ctx:
                due = rooms.next_due(ctx)
                waiting = queries.retrying(ctx) + platforms.inbox_state(ctx)["parked"]
            if not waiting and (due is None or due > now):
                return due
            if machine() > deadline:
                raise RuntimeError(
                    f"the house does not come to rest at {now}: due {due}, {waiting} waiting for a retry"
                )
            _pause.wait(0.05)
            self._rest(now)

    def _rest(self, now: datetime) -> datetime | None:
        # First, so that what the house asks of the platforms at this moment happens there at this moment too.
        self.world.move_to(now)
        self.settle(self.house)
        while True:
            outside = self.world.move_to(now)
            if outside.activity == 0:  # nothing came in since the house rested
                return outside.next_due
            self.settle(self.house)
