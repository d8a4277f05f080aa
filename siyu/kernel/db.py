"""The database edge: one metadata, transactions that open and commit here only, helpers for sets.

Rooms never commit. ``transaction`` is used by app, runtime, rehearsal and ``kernel.jobs``; a context variable
knows whether one is open, so that the platform clients can refuse to call out inside it.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    ARRAY,
    JSON,
    Boolean,
    ColumnElement,
    Connection,
    Date,
    DateTime,
    Double,
    Engine,
    Integer,
    LargeBinary,
    MetaData,
    Select,
    String,
    Table,
    TableValuedAlias,
    Text,
    Time,
    and_,
    bindparam,
    case,
    cast,
    column,
    create_engine,
    event,
    false,
    func,
    select,
    text,
    true,
)
from sqlalchemy.exc import DisconnectionError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.types import TypeEngine

from siyu.kernel.clock import Clock, machine
from siyu.kernel.ctx import Actor, Ctx
from siyu.kernel.errors import SiyuError

RESTED_SECONDS = 5.0
"""Machine seconds after which an idle connection is asked whether it still works."""
WAVE = 1_000
"""Rows that one statement adds to a table after which its statistics are looked at."""
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


class DatabaseAway(SiyuError):
    """The database cannot be reached; nothing was changed that was not answered. Try again shortly."""

    status = 503
    code = "database_away"


class Collided(SiyuError):
    """Somebody changed the same rows at the same time; this transaction was ended, nothing was changed. Ask again."""

    status = 503
    code = "collided"


def is_away(error: Exception) -> bool:
    """Whether a statement failed because the server is away: refused, lost, starting, stopping, or full of guests."""
    if isinstance(error, PoolTimeout):
        return True
    state = getattr(error.orig, "sqlstate", "") if isinstance(error, OperationalError) else ""
    return state is None or state.startswith(("08", "57P", "53300"))


def is_collision(error: Exception) -> bool:
    """Whether PostgreSQL ended the transaction for the sake of another: a deadlock, or a failure to serialise."""
    return isinstance(error, OperationalError) and getattr(error.orig, "sqlstate", "") in ("40P01", "40001")


class TransactionOpen(RuntimeError):
    """Something tried to call out to a platform while a database transaction was open."""


def engine_for(url: str, *, pool: int = 20) -> Engine:
    """An engine for a ``postgresql://`` URL, on psycopg 3, with the session settings that Siyu relies on."""
    if url.startswith("postgresql://"):
        url = "postgresql+psycopg://" + url.removeprefix("postgresql://")
    engine = create_engine(
        url,
        pool_size=pool,
        max_overflow=10,
        hide_parameters=True,  # errors would quote rows: personal data in logs
        connect_args={
            "options": "-c timezone=UTC -c jit=off -c statement_timeout=600000",
            "application_name": "siyu",
            "connect_timeout": 10,
        },
    )
    event.listen(engine, "checkin", _rested)
    event.listen(engine, "checkout", _look_after_rest)
    return engine


def _rested(connection: Any, record: ConnectionPoolEntry) -> None:
    record.info["rested_at"] = machine()


def _look_after_rest(connection: Any, record: ConnectionPoolEntry, proxy: Any) -> None:
    """Ask a connection that rested whether its server is still there; the pool then takes another.

    Only after a rest: a question at each transaction was a twelfth of all waiting for the server (measured).
    """
    if machine() - record.info.get("rested_at", machine()) < RESTED_SECONDS:
        return
    try:
        connection.execute("")
        connection.rollback()
    except Exception as error:
        raise DisconnectionError("the server went away while the connection rested") from error


@contextmanager
def transaction(engine: Engine, clock: Clock, actor: Actor, zone: ZoneInfo, *, steady: bool = False) -> Iterator[Ctx]:
    """Open one transaction, read ``now`` once, commit when the block ends, roll back when it raises.

    ``steady``: all of its statements see the database as the first one does (docs/adr/0012).
    """
    with engine.connect() as tx, marked_open():
        if steady:
            tx.execution_options(isolation_level="REPEATABLE READ")
        with tx.begin():
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


_RING = text("select pg_notify('siyu', :bell)")
_LOCK = text("select pg_advisory_xact_lock(hashtextextended(:key, 0))")


def ring(ctx: Ctx, bell: str) -> None:
    """Wake the workers at commit; PostgreSQL folds equal notifications of one transaction into one."""
    ctx.tx.execute(_RING, {"bell": bell})


def rows(name: str, /, **kinds: TypeEngine[Any]) -> TableValuedAlias:
    """A relation over arrays sent as parameters, for a statement that is built once and executed often.

    ``IDS = rows("t", id=Integer(), at=DateTime(timezone=True))``; at execution ``given(IDS, id=ids, at=times)`` are its
    parameters. The arrays are single parameters, so the statement's text (and its plan) stays the same whatever the
    number of rows. ``name`` is unique within the statement.
    """
    arrays = [cast(bindparam(f"{name}_{key}", type_=Text), ARRAY(kind)) for key, kind in kinds.items()]
    return _over(name, kinds, arrays)


def given(relation: TableValuedAlias, /, **columns: Sequence[Any]) -> dict[str, str]:
    """The parameters of a relation of ``rows``, each column a sequence of the same length."""
    return {f"{relation.name}_{key}": notation(relation.c[key].type, values) for key, values in columns.items()}


def unnest(name: str, /, **columns: tuple[TypeEngine[Any], Sequence[Any]]) -> TableValuedAlias:
    """``rows`` with its values inside, for a statement that is built for one execution:
    ``unnest("t", id=(Integer(), ids), at=(DateTime(timezone=True), times))``."""
    arrays = [
        cast(bindparam(f"{name}_{key}", notation(kind, values), type_=Text, unique=True), ARRAY(kind))
        for key, (kind, values) in columns.items()
    ]
    return _over(name, {key: kind for key, (kind, _) in columns.items()}, arrays)


def _over(name: str, kinds: Mapping[str, TypeEngine[Any]], arrays: Sequence[ColumnElement[Any]]) -> TableValuedAlias:
    return func.unnest(*arrays).table_valued(*(column(key, kind) for key, kind in kinds.items())).render_derived(name)


def notation(kind: TypeEngine[Any], values: Iterable[Any]) -> str:
    """An array in PostgreSQL's own notation, to be cast.

    The driver makes an array element by element in Python, measured as a fifth of the time of an import; this is one
    text, joined by C.
    """
    if isinstance(kind, Integer | Boolean | Double):
        texts = ["NULL" if value is None else str(value) for value in values]
    elif isinstance(kind, String):
        texts = ["NULL" if value is None else _quoted(value) for value in values]
    elif isinstance(kind, DateTime | Date | Time):
        texts = ["NULL" if value is None else f'"{value.isoformat()}"' for value in values]
    elif isinstance(kind, JSON):
        texts = ["NULL" if value is None else _quoted(json.dumps(value, ensure_ascii=False)) for value in values]
    elif isinstance(kind, LargeBinary):
        texts = ["NULL" if value is None else f'"\\\\x{value.hex()}"' for value in values]
    else:
        raise TypeError(f"no array notation for {kind!r}")
    return "{" + ",".join(texts) + "}"


def _quoted(value: str) -> str:
    if "\\" in value or '"' in value:
        value = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{value}"'


def ids_of(ids: Sequence[int]) -> Select[Any]:
    """A ``Select`` of one column ``customer_id`` over the given ids, usable wherever a ``Select`` of customers is."""
    relation = unnest("ids", customer_id=(Integer(), ids))
    return select(relation.c.customer_id)


def unguessed(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """Conditions on rows that are found by their key, so said that the planner believes half of them to hold.

    From statistics of a wave that is over it believed that nothing waits, so that one row would come of the whole
    table, and joined each with each (measured: deciding 990 people 19 s, so 0.1 s; docs/adr/0093).
    """
    return case((and_(*conditions), true()), else_=false())


def keep_statistics(ctx: Ctx, table: Table, added: int) -> None:
    """Look at a table that has just grown by a wave, before anything is planned over it.

    Without, plans believe it empty until autovacuum has come by, and join each row with all others: deciding 5,000 took
    1.8 s instead of 0.2 s (measured), and grows with the square. One transaction at a time looks, the others go on.
    """
    if added < WAVE:
        return
    name = table.name
    known = text("select greatest(reltuples, 0) from pg_class where oid = cast(:name as regclass)")
    if added < ctx.tx.execute(known, {"name": name}).scalar_one() / 10:
        return
    mine = text("select pg_try_advisory_xact_lock(hashtextextended(:key, 0))")
    if ctx.tx.execute(mine, {"key": f"statistics:{name}"}).scalar_one():
        ctx.tx.execute(text(f"analyze {name}"))


def lock(ctx: Ctx, key: str) -> None:
    """Serialise on ``key`` until the transaction ends (a PostgreSQL advisory lock)."""
    ctx.tx.execute(_LOCK, {"key": key})


__all__ = [
    "SLOTS",
    "Connection",
    "Engine",
    "TransactionOpen",
    "engine_for",
    "forbid_transaction",
    "given",
    "ids_of",
    "keep_statistics",
    "lock",
    "marked_open",
    "metadata",
    "notation",
    "ring",
    "rows",
    "savepoint",
    "transaction",
    "unguessed",
    "unnest",
]
