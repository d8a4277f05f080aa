"""Statements about single readings, and counts of ignored callbacks."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Double,
    Integer,
    Row,
    Text,
    and_,
    delete,
    func,
    literal,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert

from siyu.intake.store.tables import Time, ignored, lookup, round_
from siyu.intake.types import LookupKind
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import unnest


def want(ctx: Ctx, wishes: Sequence[tuple[int, LookupKind, str]]) -> None:
    """Ask for readings; one under way is made again, because what it reads may be older than the wish."""
    unique = sorted(set(wishes))
    given = unnest(
        "w",
        account_id=(Integer(), [wish[0] for wish in unique]),
        kind=(Text(), [wish[1] for wish in unique]),
        value=(Text(), [wish[2] for wish in unique]),
    )
    want_all(ctx, select(given.c.account_id, given.c.kind, given.c.value))


def want_all(ctx: Ctx, wishes: Any) -> int:
    """Ask for the readings of a relation (account_id, kind, value); how many."""
    asked = wishes.subquery()
    statement = upsert(lookup).from_select(
        ["account_id", "kind", "value", "due_at", "serial", "attempts", "lease_machine", "error"],
        select(
            asked,
            literal(ctx.now, Time),
            literal(1, Integer()),
            literal(0, Integer()),
            literal(0.0, Double()),
            literal("", Text()),
        ),
    )
    done = ctx.tx.execute(
        statement.on_conflict_do_update(
            index_elements=[lookup.c.account_id, lookup.c.kind, lookup.c.value],
            set_={"serial": lookup.c.serial + 1, "due_at": func.least(lookup.c.due_at, statement.excluded.due_at)},
        ),
        execution_options={"preserve_rowcount": True},
    )
    return done.rowcount


def claim_lookups(ctx: Ctx, limit: int, machine: float, lease: float) -> Sequence[Any]:
    """Lease due readings: (account_id, kind, value, serial, attempts)."""
    free = (
        select(lookup.c.account_id, lookup.c.kind, lookup.c.value)
        .where(lookup.c.due_at <= ctx.now, lookup.c.lease_machine < machine)
        .order_by(lookup.c.due_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .subquery()
    )
    return ctx.tx.execute(
        update(lookup)
        .where(lookup.c.account_id == free.c.account_id, lookup.c.kind == free.c.kind, lookup.c.value == free.c.value)
        .values(lease_machine=lease)
        .returning(lookup.c.account_id, lookup.c.kind, lookup.c.value, lookup.c.serial, lookup.c.attempts)
    ).all()


def _claimed(rows: Sequence[tuple[int, str, str, int]]) -> Any:
    return unnest(
        "k",
        account_id=(Integer(), [row[0] for row in rows]),
        kind=(Text(), [row[1] for row in rows]),
        value=(Text(), [row[2] for row in rows]),
        serial=(Integer(), [row[3] for row in rows]),
    )


def finish_lookups(ctx: Ctx, rows: Sequence[tuple[int, str, str, int]]) -> None:
    """Readings made; those wished for again meanwhile stay and are free at once."""
    given = _claimed(rows)
    same = and_(
        lookup.c.account_id == given.c.account_id, lookup.c.kind == given.c.kind, lookup.c.value == given.c.value
    )
    ctx.tx.execute(delete(lookup).where(same, lookup.c.serial == given.c.serial))
    ctx.tx.execute(update(lookup).where(same).values(lease_machine=0.0, attempts=0, error=""))


def put_off(ctx: Ctx, rows: Sequence[tuple[int, str, str, int]], due: datetime, error: str) -> None:
    """Readings that failed: try again at ``due``."""
    given = _claimed(rows)
    same = and_(
        lookup.c.account_id == given.c.account_id, lookup.c.kind == given.c.kind, lookup.c.value == given.c.value
    )
    ctx.tx.execute(
        update(lookup).where(same).values(lease_machine=0.0, attempts=lookup.c.attempts + 1, due_at=due, error=error)
    )


def watch(ctx: Ctx, kind: LookupKind, rows: Sequence[tuple[int, str, datetime]]) -> None:
    """Readings to make at a later time; those already asked for stay as they are."""
    given = unnest(
        "w",
        account_id=(Integer(), [row[0] for row in rows]),
        value=(Text(), [row[1] for row in rows]),
        due_at=(Time, [row[2] for row in rows]),
    )
    statement = upsert(lookup).from_select(
        ["account_id", "value", "due_at", "kind", "serial", "attempts", "lease_machine", "error"],
        select(
            given,
            literal(kind, Text()),
            literal(1, Integer()),
            literal(0, Integer()),
            literal(0.0, Double()),
            literal("", Text()),
        ),
    )
    ctx.tx.execute(statement.on_conflict_do_nothing())


def drop_lookups(ctx: Ctx, kind: LookupKind, pairs: Sequence[tuple[int, str]]) -> None:
    """Readings no longer needed: (account_id, value)."""
    if not pairs:
        return
    given = unnest(
        "d", account_id=(Integer(), [pair[0] for pair in pairs]), value=(Text(), [pair[1] for pair in pairs])
    )
    ctx.tx.execute(
        delete(lookup).where(
            lookup.c.kind == kind, lookup.c.account_id == given.c.account_id, lookup.c.value == given.c.value
        )
    )


def lookups_waiting(ctx: Ctx) -> int:
    return ctx.tx.execute(select(func.count()).select_from(lookup)).scalar_one()


def earliest(ctx: Ctx) -> datetime | None:
    """When the next reading or round is due."""
    times = select(
        select(func.min(lookup.c.due_at)).scalar_subquery().label("lookup"),
        select(func.min(round_.c.next_at)).scalar_subquery().label("round"),
    )
    row = ctx.tx.execute(times).one()
    return min((time for time in row if time is not None), default=None)


def count_ignored(ctx: Ctx, rows: Sequence[tuple[int, str, int, datetime]]) -> None:
    """Add up callbacks of kinds without a handler: (account_id, kind, how many, latest)."""
    given = unnest(
        "i",
        account_id=(Integer(), [row[0] for row in rows]),
        kind=(Text(), [row[1] for row in rows]),
        callbacks=(BigInteger(), [row[2] for row in rows]),
        latest_at=(Time, [row[3] for row in rows]),
    )
    statement = upsert(ignored).from_select(["account_id", "kind", "callbacks", "latest_at"], select(given))
    ctx.tx.execute(
        statement.on_conflict_do_update(
            index_elements=[ignored.c.account_id, ignored.c.kind],
            set_={
                "callbacks": ignored.c.callbacks + statement.excluded.callbacks,
                "latest_at": func.greatest(ignored.c.latest_at, statement.excluded.latest_at),
            },
        )
    )


def ignored_rows(ctx: Ctx) -> Sequence[Row[Any]]:
    return ctx.tx.execute(select(ignored).order_by(ignored.c.account_id, ignored.c.kind)).all()
