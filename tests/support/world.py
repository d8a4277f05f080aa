"""A world in virtual time: committed transactions, phases, waiting without waiting."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, Row, text

from siyu.kernel import jobs
from siyu.kernel.clock import VirtualClock
from siyu.kernel.ctx import SYSTEM, Actor, Ctx
from siyu.kernel.db import transaction
from siyu.kernel.jobs import Phased, Senders

START = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
"""Monday, 2 March 2026, 09:00 in Shanghai: a working hour."""

ZONE = ZoneInfo("Asia/Shanghai")


@dataclass(slots=True)
class World:
    """Everything committed through it is removed after the test."""

    engine: Engine
    clock: VirtualClock

    @property
    def now(self) -> datetime:
        return self.clock.now()

    @contextmanager
    def open(self, actor: Actor = SYSTEM) -> Iterator[Ctx]:
        """A transaction that commits, as at the edge."""
        with transaction(self.engine, self.clock, actor, ZONE) as ctx:
            yield ctx

    def run(self, phased: Phased[Any, Any], senders: Senders) -> bool:
        """One round of phased work; False when nothing was to do."""
        return jobs.run(phased, self.open, senders)

    def wait(self, **duration: float) -> datetime:
        """Moves the clock: ``wait(hours=2)``; returns the new time."""
        self.clock.move_to(self.clock.now() + timedelta(**duration))
        return self.clock.now()

    def rows(self, sql: str, **parameters: object) -> Sequence[Row[Any]]:
        """Rows of a committed state: ``rows("select * from tag where tag_id = :tag", tag=1)``."""
        with self.engine.connect() as connection:
            return connection.execute(text(sql), parameters).all()

    def value(self, sql: str, **parameters: object) -> Any:
        """The first column of the only row."""
        (row,) = self.rows(sql, **parameters)
        return row[0]
