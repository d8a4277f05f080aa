"""The driver of a virtual world: jumps from due time to due time, for the house and the platforms outside it.

It moves time only when both sides are quiet (ARCHITECTURE.md section 4). The same loop plays the demo, the
scenario tests and, with ``people`` in the sandbox's place, the rehearsal.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from siyu.runtime import rooms, worker
from siyu.runtime.house import House


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
            if progress is not None:
                progress(now)
            if now >= until:
                return
            with self.house.open() as ctx:
                inside = rooms.next_due(ctx)
            due = min((t for t in (inside, outside) if t is not None), default=until)
            self.clock.move_to(min(until, max(due, now + self.grain)))

    def _rest(self, now: datetime) -> datetime | None:
        while True:
            self.settle(self.house)
            outside = self.world.move_to(now)
            if self.settle(self.house) == 0 and outside.activity == 0:
                return outside.next_due
