"""Door: the state of the runtime, for operation pages and for the start of a world."""

from dataclasses import dataclass
from datetime import datetime

from siyu.kernel.clock import machine
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import Engine
from siyu.runtime import store


@dataclass(frozen=True, slots=True)
class ParkedWork:
    """A share of a pulse or of notices that one room failed on; it is tried again in machine time."""

    parked_id: int
    at: datetime
    room: str
    kind: str
    error: str
    attempts: int


@dataclass(frozen=True, slots=True)
class Lane:
    """Workers of one kind, ``fast`` (welcomes, answers) or ``work`` (all else): machine seconds since one of them
    did a round."""

    name: str
    silent_seconds: float


@dataclass(frozen=True, slots=True)
class WorldTime:
    """The clock row: ``mode`` is ``virtual`` or ``scaled``, ``base`` where the time stood when it was last written."""

    mode: str
    base: datetime
    factor: float


def parked(ctx: Ctx, limit: int = 50) -> list[ParkedWork]:
    """Parked work, oldest first."""
    return [ParkedWork(r.parked_id, r.at, r.room, r.kind, r.error, r.attempts) for r in store.parked_rows(ctx, limit)]


def parked_count(ctx: Ctx) -> int:
    """How many shares are parked."""
    return store.parked_count(ctx)


def retrying(ctx: Ctx) -> int:
    """How many shares will be tried again soon; those that failed too often (``store.ATTEMPTS``) wait for a person."""
    return store.parked_count(ctx, store.ATTEMPTS)


def lanes(ctx: Ctx) -> list[Lane]:
    """The lanes that have workers; who stopped in order is not among them, who was killed is for a day."""
    return [Lane(name, float(silent)) for name, silent in store.silences(ctx, machine())]


def world_time(engine: Engine) -> WorldTime | None:
    """The clock row of a simulated world; None where the system clock rules."""
    with engine.begin() as tx:
        row = store.read_clock(tx)
    return None if row is None else WorldTime(row.mode, row.base, row.factor)
