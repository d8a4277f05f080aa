"""One running installation: the engine, the clock, the zone, the senders; it opens transactions at the edge."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from siyu.kernel import jobs
from siyu.kernel.clock import Clock, ScaledClock, SystemClock, machine
from siyu.kernel.ctx import SYSTEM, Actor, Ctx
from siyu.kernel.db import Engine, transaction
from siyu.runtime import store


@dataclass(frozen=True, slots=True)
class House:
    """What a process needs to work: handed to workers, the driver and the HTTP edge."""

    engine: Engine
    clock: Clock
    zone: ZoneInfo
    senders: Mapping[str, Any] = field(default_factory=dict)

    @contextmanager
    def open(self, actor: Actor = SYSTEM, *, steady: bool = False) -> Iterator[Ctx]:
        """One transaction, committed when the block ends. ``steady``: as in ``kernel.db.transaction``."""
        with transaction(self.engine, self.clock, actor, self.zone, steady=steady) as ctx:
            yield ctx

    def run(self, phased: jobs.Phased[Any, Any]) -> bool:
        """One round of phased work; False when there was nothing to claim."""
        return jobs.run(phased, self.open, self.senders)


class RowClock:
    """The time of a virtual world that several processes share: one row, moved only by the driver.

    Read at each edge, which costs one round trip; only virtual worlds (tests, rehearsal) pay it.
    """

    is_system = False

    def __init__(self, engine: Engine) -> None:
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")

    def now(self) -> datetime:
        with self._engine.connect() as tx:
            row = store.read_clock(tx)
        if row is None:
            raise RuntimeError("the virtual world has no clock row")
        base: datetime = row.base
        return base

    def move_to(self, moment: datetime) -> None:
        """Move forward to ``moment``; an earlier moment is ignored."""
        with self._engine.connect() as tx:
            store.move_clock(tx, moment)


class DriverClock(RowClock):
    """The same row in the process of its driver, who alone moves it and so need not ask. Begins at ``base``."""

    def __init__(self, engine: Engine, base: datetime) -> None:
        super().__init__(engine)
        set_clock(engine, "virtual", base)
        self._now = base

    def now(self) -> datetime:
        return self._now

    def move_to(self, moment: datetime) -> None:
        """Move forward to ``moment``; an earlier moment is ignored."""
        super().move_to(moment)
        self._now = max(self._now, moment)


def set_clock(engine: Engine, mode: str, base: datetime, factor: float = 1.0) -> None:
    """Write the clock row: ``virtual`` stands at ``base``, ``scaled`` runs from ``base`` at ``factor``."""
    with engine.begin() as tx:
        store.write_clock(tx, mode, base, factor, machine())


def clock_of(engine: Engine) -> Clock:
    """The clock that this installation's row asks for; the system clock when there is no row."""
    with engine.begin() as tx:
        row = store.read_clock(tx)
    if row is None or row.mode == "system":
        return SystemClock()
    if row.mode == "virtual":
        return RowClock(engine)
    return ScaledClock(row.base, row.factor, row.anchor)
