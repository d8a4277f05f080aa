"""Private: parked work, the row with the time of a virtual or scaled world, slot-range locks, signs of life."""

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Double,
    Identity,
    Integer,
    Named,
    Row,
    Table,
    Text,
    TypedColumns,
    delete,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import insert as upsert

from siyu.kernel.ctx import Ctx
from siyu.kernel.db import Connection, metadata
from siyu.kernel.probes import MACHINE, Probe


class ParkedColumns(TypedColumns):
    parked_id = Column(BigInteger, Identity(), primary_key=True)
    at: Named[datetime] = Column(DateTime(timezone=True))
    room: Named[str] = Column(Text)
    kind: Named[str] = Column(Text)
    work: Named[list[dict[str, object]]] = Column(JSONB)
    error: Named[str] = Column(Text)
    attempts: Named[int] = Column(Integer)
    retry_machine: Named[float] = Column(Double, index=True)


class ClockColumns(TypedColumns):
    world = Column(Integer, primary_key=True, autoincrement=False)
    mode: Named[str] = Column(Text)
    base: Named[datetime] = Column(DateTime(timezone=True))
    factor: Named[float] = Column(Double)
    anchor: Named[float] = Column(Double)


class BeatColumns(TypedColumns):
    worker = Column(Text, primary_key=True)
    lane: Named[str] = Column(Text)
    at: Named[float] = Column(Double)


parked = Table("parked_work", metadata, ParkedColumns)
world_clock = Table("world_clock", metadata, ClockColumns)
worker_beat = Table("worker_beat", metadata, BeatColumns)

RANGES = 16
ATTEMPTS = 6
"""A share that failed so often is tried once an hour and is a case for a person."""
_LOCK_CLASS = 0x51F0


def lock_ranges(ctx: Ctx, first: int, count: int) -> list[int]:
    """Try to lock ``count`` of the 16 slot ranges from ``first`` on, until the transaction ends.

    Advisory locks and not lease rows: a killed worker's ranges are free at once, and two pulses of one customer
    never run side by side.
    """
    rows = ctx.tx.execute(
        text(
            "select r from (select (:first + i) % :ranges as r from generate_series(0, :count - 1) as i) as wanted"
            " where pg_try_advisory_xact_lock(:class, r) order by r"
        ),
        {"first": first, "count": count, "ranges": RANGES, "class": _LOCK_CLASS},
    )
    return list(rows.scalars())


def park(
    ctx: Ctx, room: str, kind: str, work: list[dict[str, object]], error: str, attempts: int, retry_machine: float
) -> None:
    ctx.tx.execute(
        insert(parked).values(
            at=ctx.now, room=room, kind=kind, work=work, error=error, attempts=attempts, retry_machine=retry_machine
        )
    )


def take_parked(ctx: Ctx, machine: float) -> Row[int, str, str, list[dict[str, object]], int] | None:
    """Take one parked share whose retry time (machine seconds) has come."""
    chosen = (
        select(parked.c.parked_id)
        .where(parked.c.retry_machine <= machine)
        .order_by(parked.c.retry_machine)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    return ctx.tx.execute(
        delete(parked)
        .where(parked.c.parked_id == chosen.scalar_subquery())
        .returning(parked.c.parked_id, parked.c.room, parked.c.kind, parked.c.work, parked.c.attempts)
    ).one_or_none()


def parked_count(ctx: Ctx, most_attempts: int = 1_000_000) -> int:
    chosen = select(func.count()).select_from(parked).where(parked.c.attempts <= most_attempts)
    return ctx.tx.execute(chosen).scalar_one()


PARKED: Probe[bool] = Probe(
    (select(parked.c.parked_id).where(parked.c.retry_machine <= MACHINE).exists(),), lambda _, values: bool(values[0])
)
"""Whether a parked share is to be tried again."""


def parked_rows(ctx: Ctx, limit: int) -> list[Row[int, datetime, str, str, str, int]]:
    statement = select(
        parked.c.parked_id, parked.c.at, parked.c.room, parked.c.kind, parked.c.error, parked.c.attempts
    ).order_by(parked.c.parked_id)
    return list(ctx.tx.execute(statement.limit(limit)).all())


_CLOCK = select(world_clock.c.mode, world_clock.c.base, world_clock.c.factor, world_clock.c.anchor)


def read_clock(tx: Connection) -> Row[str, datetime, float, float] | None:
    return tx.execute(_CLOCK).one_or_none()


def write_clock(tx: Connection, mode: str, base: datetime, factor: float, anchor: float) -> None:
    values = {"mode": mode, "base": base, "factor": factor, "anchor": anchor}
    tx.execute(
        upsert(world_clock).values(world=1, **values).on_conflict_do_update(index_elements=["world"], set_=values)
    )


def move_clock(tx: Connection, to: datetime) -> None:
    """Move a virtual clock forward; it never goes back. Idle workers of other processes wake at the commit."""
    tx.execute(update(world_clock).where(world_clock.c.base < to).values(base=to))
    tx.execute(text("select pg_notify('siyu', 'clock')"))


def beat(ctx: Ctx, worker: str, lane: str, machine: float) -> None:
    """Write down that a worker has just done a round (machine seconds)."""
    values = {"lane": lane, "at": machine}
    statement = upsert(worker_beat).values(worker=worker, **values)
    ctx.tx.execute(statement.on_conflict_do_update(index_elements=["worker"], set_=values))


def forget_beats(ctx: Ctx, worker: str, before: float) -> None:
    """Forget one worker, and all who have been silent since ``before`` (machine seconds)."""
    ctx.tx.execute(delete(worker_beat).where((worker_beat.c.worker == worker) | (worker_beat.c.at < before)))


def silences(ctx: Ctx, machine: float) -> list[Row[str, float]]:
    """Each lane with how long (seconds) its liveliest worker has been silent; a clock set back counts as silence."""
    silent = func.min(func.abs(machine - worker_beat.c.at))
    return list(ctx.tx.execute(select(worker_beat.c.lane, silent).group_by(worker_beat.c.lane).order_by("lane")).all())
