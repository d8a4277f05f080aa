"""The database edge: one metadata, transactions that open and commit here only, helpers for sets.

Rooms never commit. ``transaction`` is used by app, runtime, rehearsal and ``kernel.jobs``; a context variable
knows whether one is open, so that the platform clients can refuse to call out inside it.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    ARRAY,
    Connection,
    Engine,
    MetaData,
    Select,
    TableValuedAlias,
    bindparam,
    column,
    create_engine,
    func,
    select,
    text,
)
from sqlalchemy.types import TypeEngine

from siyu.kernel.clock import Clock
from siyu.kernel.ctx import Actor, Ctx

SLOTS = 256
"""Every customer has a slot, ``customer_id & 255``; workers lease contiguous ranges of slots."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_open: ContextVar[bool] = ContextVar("siyu_transaction_open", default=False)


class TransactionOpen(RuntimeError):
    """Something tried to call out to a platform while a database transaction was open."""


def engine_for(url: str, *, pool: int = 20) -> Engine:
    """An engine for a ``postgresql://`` URL, on psycopg 3, with the session settings that Siyu relies on."""
    if url.startswith("postgresql://"):
        url = "postgresql+psycopg://" + url.removeprefix("postgresql://")
    return create_engine(
        url,
        pool_size=pool,
        max_overflow=10,
        pool_pre_ping=True,
        connect_args={"options": "-c timezone=UTC -c jit=off -c statement_timeout=600000", "application_name": "siyu"},
    )


@contextmanager
def transaction(engine: Engine, clock: Clock, actor: Actor, zone: ZoneInfo) -> Iterator[Ctx]:
    """Open one transaction, read ``now`` once, commit when the block ends, roll back when it raises."""
    with engine.begin() as tx, marked_open():
        yield Ctx(tx=tx, now=clock.now(), actor=actor, zone=zone, system_time=clock.is_system)


@contextmanager
def marked_open() -> Iterator[None]:
    """Mark the caller's context as having a transaction open.

    Set and unset rather than reset by token: FastAPI enters and leaves a dependency in two copies of the context.
    """
    _open.set(True)
    try:
        yield
    finally:
        _open.set(False)


def forbid_transaction() -> None:
    """Raise ``TransactionOpen`` when a transaction is open in this thread (called by the HTTP clients)."""
    if _open.get():
        raise TransactionOpen("a platform was called while a transaction was open; use the phases of kernel.jobs")


@contextmanager
def savepoint(ctx: Ctx) -> Iterator[None]:
    """Run a block that is rolled back alone when it raises."""
    with ctx.tx.begin_nested():
        yield


def ring(ctx: Ctx, bell: str) -> None:
    """Wake the workers at commit; PostgreSQL folds equal notifications of one transaction into one."""
    ctx.tx.execute(text("select pg_notify('siyu', :bell)"), {"bell": bell})


def unnest(name: str, /, **columns: tuple[TypeEngine[Any], Sequence[Any]]) -> TableValuedAlias:
    """A relation over arrays sent as parameters: ``unnest("t", id=(Integer(), ids), at=(TIMESTAMP(True), times))``.

    All sequences must have the same length. The arrays are single parameters, so the statement's text (and its
    plan) stays the same whatever the number of rows.
    """
    arrays = [
        bindparam(f"{name}_{key}", list(values), type_=ARRAY(kind), unique=True)
        for key, (kind, values) in columns.items()
    ]
    return (
        func.unnest(*arrays)
        .table_valued(*(column(key, kind) for key, (kind, _) in columns.items()))
        .render_derived(name)
    )


def ids_of(ids: Sequence[int]) -> Select[Any]:
    """A ``Select`` of one column ``customer_id`` over the given ids, usable wherever a ``Select`` of customers is."""
    from sqlalchemy import Integer

    relation = unnest("ids", customer_id=(Integer(), ids))
    return select(relation.c.customer_id)


def lock(ctx: Ctx, key: str) -> None:
    """Serialise on ``key`` until the transaction ends (a PostgreSQL advisory lock)."""
    ctx.tx.execute(text("select pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": key})


__all__ = [
    "SLOTS",
    "Connection",
    "Engine",
    "TransactionOpen",
    "engine_for",
    "forbid_transaction",
    "ids_of",
    "lock",
    "marked_open",
    "metadata",
    "ring",
    "savepoint",
    "transaction",
    "unnest",
]
