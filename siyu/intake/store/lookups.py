"""Statements about single readings, and counts of ignored callbacks."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Double,
    FromClause,
    Integer,
    Row,
    Text,
    and_,
    bindparam,
    delete,
    func,
    literal_column,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import Insert
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.sql.dml import ReturningUpdate

from siyu.intake.store.tables import Time, free, ignored, lookup, round_
from siyu.intake.types import LookupKind
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import given, rows
from siyu.kernel.probes import MACHINE, NOW, any_of

_NAMES = ["account_id", "kind", "value", "due_at", "serial", "attempts", "lease_machine", "error"]
_FRESH: tuple[ColumnElement[Any], ...] = tuple(literal_column(value) for value in ("1", "0", "0.0", "''"))


def _asking(asked: FromClause) -> Insert:
    statement = upsert(lookup).from_select(
        _NAMES, select(asked.c.account_id, asked.c.kind, asked.c.value, bindparam("now", type_=Time), *_FRESH)
    )
    return statement.on_conflict_do_update(
        index_elements=[lookup.c.account_id, lookup.c.kind, lookup.c.value],
        set_={"serial": lookup.c.serial + 1, "due_at": func.least(lookup.c.due_at, statement.excluded.due_at)},
    )


_WISHES = rows("w", account_id=Integer(), kind=Text(), value=Text())
_WANT = _asking(_WISHES)


def want(ctx: Ctx, wishes: Sequence[tuple[int, LookupKind, str]]) -> None:
    """Ask for readings; one under way is made again, because what it reads may be older than the wish."""
    unique = sorted(set(wishes))
    parameters = given(
        _WISHES,
        account_id=[wish[0] for wish in unique],
        kind=[wish[1] for wish in unique],
        value=[wish[2] for wish in unique],
    )
    ctx.tx.execute(_WANT, parameters | {"now": ctx.now})


def want_all(ctx: Ctx, wishes: Any) -> int:
    """Ask for the readings of a relation (account_id, kind, value); how many."""
    done = ctx.tx.execute(_asking(wishes.subquery()), {"now": ctx.now}, execution_options={"preserve_rowcount": True})
    return done.rowcount


FAST = "wecom_kf"
"""The kind of reading that may bring a welcome's 20 seconds: the fast lane makes it, the others nobody waits for."""


def _fast(fast: bool) -> ColumnElement[bool]:
    return lookup.c.kind == FAST if fast else lookup.c.kind != FAST


def _claiming(fast: bool) -> ReturningUpdate[*tuple[Any, ...]]:
    chosen = (
        select(lookup.c.account_id, lookup.c.kind, lookup.c.value)
        .where(
            _fast(fast),
            lookup.c.due_at <= bindparam("now", type_=Time),
            free(lookup.c.lease_machine, bindparam("machine", type_=Double())),
        )
        .order_by(lookup.c.due_at)
        .limit(bindparam("most", type_=Integer()))
        .with_for_update(skip_locked=True)
        .subquery()
    )
    same = and_(
        lookup.c.account_id == chosen.c.account_id, lookup.c.kind == chosen.c.kind, lookup.c.value == chosen.c.value
    )
    return (
        update(lookup)
        .where(same)
        .values(lease_machine=bindparam("lease", type_=Double()))
        .returning(lookup.c.account_id, lookup.c.kind, lookup.c.value, lookup.c.serial, lookup.c.attempts)
    )


_CLAIM = {fast: _claiming(fast) for fast in (False, True)}


def claim_lookups(ctx: Ctx, limit: int, machine: float, lease: float, *, fast: bool) -> Sequence[Any]:
    """Lease due readings of a lane: (account_id, kind, value, serial, attempts)."""
    return ctx.tx.execute(_CLAIM[fast], {"now": ctx.now, "machine": machine, "lease": lease, "most": limit}).all()


_CLAIMED = rows("k", account_id=Integer(), kind=Text(), value=Text(), serial=Integer())
_SAME = and_(
    lookup.c.account_id == _CLAIMED.c.account_id, lookup.c.kind == _CLAIMED.c.kind, lookup.c.value == _CLAIMED.c.value
)
_FINISH = delete(lookup).where(_SAME, lookup.c.serial == _CLAIMED.c.serial)
_WISHED_AGAIN = update(lookup).where(_SAME).values(lease_machine=0.0, attempts=0, error="")
_PUT_OFF = (
    update(lookup)
    .where(_SAME)
    .values(
        lease_machine=0.0,
        attempts=lookup.c.attempts + 1,
        due_at=bindparam("due", type_=Time),
        error=bindparam("why", type_=Text()),
    )
)


def _claimed(claimed: Sequence[tuple[int, str, str, int]]) -> dict[str, Any]:
    return given(
        _CLAIMED,
        account_id=[row[0] for row in claimed],
        kind=[row[1] for row in claimed],
        value=[row[2] for row in claimed],
        serial=[row[3] for row in claimed],
    )


def finish_lookups(ctx: Ctx, claimed: Sequence[tuple[int, str, str, int]]) -> None:
    """Readings made; those wished for again meanwhile stay and are free at once."""
    parameters = _claimed(claimed)
    gone = ctx.tx.execute(_FINISH, parameters, execution_options={"preserve_rowcount": True})
    if gone.rowcount < len(set(claimed)):
        ctx.tx.execute(_WISHED_AGAIN, parameters)


def put_off(ctx: Ctx, claimed: Sequence[tuple[int, str, str, int]], due: datetime, error: str) -> None:
    """Readings that failed: try again at ``due``."""
    ctx.tx.execute(_PUT_OFF, _claimed(claimed) | {"due": due, "why": error})


_LATER = rows("w", account_id=Integer(), value=Text(), due_at=Time)
_WATCH = (
    upsert(lookup)
    .from_select(
        _NAMES, select(_LATER.c.account_id, bindparam("kind", type_=Text()), _LATER.c.value, _LATER.c.due_at, *_FRESH)
    )
    .on_conflict_do_nothing()
)


def watch(ctx: Ctx, kind: LookupKind, later: Sequence[tuple[int, str, datetime]]) -> None:
    """Readings to make at a later time; those already asked for stay as they are."""
    parameters = given(
        _LATER,
        account_id=[row[0] for row in later],
        value=[row[1] for row in later],
        due_at=[row[2] for row in later],
    )
    ctx.tx.execute(_WATCH, parameters | {"kind": kind})


_fresh = upsert(lookup).from_select(
    _NAMES, select(_LATER.c.account_id, bindparam("kind", type_=Text()), _LATER.c.value, _LATER.c.due_at, *_FRESH)
)
_WANT_LATER = _fresh.on_conflict_do_update(
    index_elements=[lookup.c.account_id, lookup.c.kind, lookup.c.value],
    set_={"serial": lookup.c.serial + 1, "due_at": _fresh.excluded.due_at},
)


def want_later(ctx: Ctx, kind: LookupKind, later: Sequence[tuple[int, str, datetime]]) -> None:
    """Ask for readings at a later time; one under way is made again then."""
    parameters = given(
        _LATER,
        account_id=[row[0] for row in later],
        value=[row[1] for row in later],
        due_at=[row[2] for row in later],
    )
    ctx.tx.execute(_WANT_LATER, parameters | {"kind": kind})


_DROPPED = rows("d", account_id=Integer(), value=Text())
_DROP = delete(lookup).where(
    lookup.c.kind == bindparam("kind", type_=Text()),
    lookup.c.account_id == _DROPPED.c.account_id,
    lookup.c.value == _DROPPED.c.value,
)


def drop_lookups(ctx: Ctx, kind: LookupKind, pairs: Sequence[tuple[int, str]]) -> None:
    """Readings no longer needed: (account_id, value)."""
    if not pairs:
        return
    parameters = given(_DROPPED, account_id=[pair[0] for pair in pairs], value=[pair[1] for pair in pairs])
    ctx.tx.execute(_DROP, parameters | {"kind": kind})


def lookups_waiting(ctx: Ctx) -> int:
    return ctx.tx.execute(select(func.count()).select_from(lookup)).scalar_one()


LOOKUP_READY, SERVICE_READY = (
    any_of(
        select(lookup.c.value)
        .where(_fast(fast), lookup.c.due_at <= NOW, free(lookup.c.lease_machine, MACHINE))
        .exists()
    )
    for fast in (False, True)
)
"""Whether a reading can be made: of the slow lane, of customer service."""
ROUND_READY = any_of(
    select(round_.c.kind).where(round_.c.next_at <= NOW, free(round_.c.lease_machine, MACHINE)).exists()
)
"""Whether a page of a round can be read."""


_COUNTS = rows("i", account_id=Integer(), kind=Text(), callbacks=BigInteger(), latest_at=Time)
_counted = upsert(ignored).from_select(["account_id", "kind", "callbacks", "latest_at"], select(*_COUNTS.c))
_COUNT = _counted.on_conflict_do_update(
    index_elements=[ignored.c.account_id, ignored.c.kind],
    set_={
        "callbacks": ignored.c.callbacks + _counted.excluded.callbacks,
        "latest_at": func.greatest(ignored.c.latest_at, _counted.excluded.latest_at),
    },
)


def count_ignored(ctx: Ctx, counts: Sequence[tuple[int, str, int, datetime]]) -> None:
    """Add up callbacks of kinds without a handler: (account_id, kind, how many, latest)."""
    parameters = given(
        _COUNTS,
        account_id=[row[0] for row in counts],
        kind=[row[1] for row in counts],
        callbacks=[row[2] for row in counts],
        latest_at=[row[3] for row in counts],
    )
    ctx.tx.execute(_COUNT, parameters)


def ignored_rows(ctx: Ctx) -> Sequence[Row[Any]]:
    return ctx.tx.execute(select(ignored).order_by(ignored.c.account_id, ignored.c.kind)).all()
