"""Phased work: claim in a transaction, act without one, record in another. Nothing else may call out.

A room that calls a platform offers ``Phased`` objects in its jobs.py; ``run`` alone commits between the phases.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from sqlalchemy.exc import DBAPIError

from siyu.kernel.ctx import Ctx
from siyu.kernel.db import is_away
from siyu.kernel.notices import Notice
from siyu.kernel.probes import Due, Probe

W = TypeVar("W")
R = TypeVar("R")

Open = Callable[[], AbstractContextManager[Ctx]]
"""Opens a transaction at the edge and commits it when the block ends."""

Senders = Mapping[str, Any]
"""What ``act`` may call out with, by name; handed in by app/wiring.py or by rehearsal."""


@dataclass(frozen=True, slots=True)
class Phased(Generic[W, R]):
    """A piece of work in three phases. ``claim`` answers None when there is nothing to do.

    ``claim`` must leave a lease behind (machine time) so that a lost worker's share is reconciled, and ``act``
    must be safe to repeat under the key that ``claim`` wrote. ``ready``: whether a claim may find something now; asked
    together with the queues, so that a claim that finds nothing is rare.
    """

    name: str
    claim: Callable[[Ctx], W | None]
    act: Callable[[W, Senders], R]
    record: Callable[[Ctx, W, R], None]
    ready: Probe[bool] | None = None


def run(phased: Phased[W, R], opened: Open, senders: Senders) -> bool:
    """Run one round; False when there was nothing to claim."""
    with opened() as ctx:
        work = phased.claim(ctx)
    if work is None:
        return False
    _record(phased, work, phased.act(work, senders), opened)
    return True


WAITS = (0.1, 0.5, 2.0, 5.0)
"""Seconds between the attempts to record while the server is away."""


def _record(phased: Phased[W, R], work: W, results: R, opened: Open) -> None:
    """Record what was answered, which nobody will answer again: a server that goes away meanwhile is waited for.

    Only until the commit is asked for: whether it happened then nobody knows, and the lease decides.
    """
    for wait in (*WAITS, None):
        # set-loop: attempts, of which one writes
        written = False
        try:
            with opened() as ctx:
                phased.record(ctx, work, results)
                written = True
            return
        except DBAPIError as error:
            if written or wait is None or not (is_away(error) or error.connection_invalidated):
                raise
            time.sleep(wait)


@dataclass(frozen=True, slots=True)
class PulseEvent:
    """One event as a pulse hands it to the rooms (a row of the timeline)."""

    event_id: int
    customer_id: int
    type: str
    occurred_at: datetime
    source: str
    key: str
    content_id: int | None
    props: dict[str, object]


@dataclass(frozen=True, slots=True)
class Pulse:
    """The events that the rooms react to in one short transaction, at most 5,000, in order of event_id."""

    events: Sequence[PulseEvent]

    @property
    def customers(self) -> list[int]:
        """The distinct customers touched, ascending."""
        return sorted({event.customer_id for event in self.events})

    def of(self, *types: str) -> list[PulseEvent]:
        """The events of the given types."""
        return [event for event in self.events if event.type in types]


class RoomJobs(Protocol):
    """What a room's jobs.py may offer; ``runtime`` calls what is there (each is optional)."""

    def pulse(self, ctx: Ctx, pulse: Pulse) -> None:
        """React to events over the set."""

    def notice(self, ctx: Ctx, notices: Sequence[Notice]) -> None:
        """React to notices."""

    def tick(self, ctx: Ctx, limit: int) -> int:
        """Do at most ``limit`` rows of what is due at ``ctx.now``; returns how many, 0 when nothing is due."""

    DUE: Due
    """The earliest time at which tick or a phase will have something to do; None when nothing waits."""
