"""Private: what is to be read from the platforms, reconciliation rounds, counts of ignored callbacks."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Double,
    Index,
    Integer,
    Named,
    Row,
    Select,
    Table,
    Text,
    TypedColumns,
    and_,
    delete,
    func,
    literal,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert

from siyu.intake.types import LookupKind, RoundKind
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import metadata, unnest

Time = DateTime(timezone=True)


class LookupColumns(TypedColumns):
    account_id = Column(Integer, primary_key=True, autoincrement=False)
    kind = Column(Text, primary_key=True)
    value = Column(Text, primary_key=True)
    due_at: Named[datetime] = Column(Time)
    serial: Named[int] = Column(Integer)
    attempts: Named[int] = Column(Integer)
    lease_machine: Named[float] = Column(Double)
    error: Named[str] = Column(Text)


class RoundColumns(TypedColumns):
    account_id = Column(Integer, primary_key=True, autoincrement=False)
    kind = Column(Text, primary_key=True)
    next_at: Named[datetime] = Column(Time)
    running: Named[bool] = Column(Boolean)
    again: Named[bool] = Column(Boolean)
    started_at: Named[datetime | None] = Column(Time)
    finished_at: Named[datetime | None] = Column(Time)
    cursor: Named[str] = Column(Text)
    seen: Named[int] = Column(Integer)
    healed: Named[int] = Column(Integer)
    failures: Named[int] = Column(Integer)
    error: Named[str] = Column(Text)
    lease_machine: Named[float] = Column(Double)


class SeenColumns(TypedColumns):
    account_id = Column(Integer, primary_key=True, autoincrement=False)
    kind = Column(Text, primary_key=True)
    value = Column(Text, primary_key=True)
    staff = Column(Text, primary_key=True)


class IgnoredColumns(TypedColumns):
    account_id = Column(Integer, primary_key=True, autoincrement=False)
    kind = Column(Text, primary_key=True)
    count: Named[int] = Column(BigInteger)
    latest_at: Named[datetime] = Column(Time)


lookup = Table("intake_lookup", metadata, LookupColumns, Index(None, "due_at"))
round_ = Table("intake_round", metadata, RoundColumns)
seen = Table("intake_seen", metadata, SeenColumns)
ignored = Table("intake_ignored", metadata, IgnoredColumns)


def want(ctx: Ctx, wishes: Sequence[tuple[int, LookupKind, str]]) -> None:
    """Ask for readings; one under way is made again, because what it reads may be older than the wish."""
    unique = sorted(set(wishes))
    given = unnest(
        "w",
        account_id=(Integer(), [wish[0] for wish in unique]),
        kind=(Text(), [wish[1] for wish in unique]),
        value=(Text(), [wish[2] for wish in unique]),
    )
    _want(ctx, select(given.c.account_id, given.c.kind, given.c.value))


def _want(ctx: Ctx, wishes: Any) -> int:
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
    return ctx.tx.execute(
        statement.on_conflict_do_update(
            index_elements=[lookup.c.account_id, lookup.c.kind, lookup.c.value],
            set_={"serial": lookup.c.serial + 1, "due_at": func.least(lookup.c.due_at, statement.excluded.due_at)},
        )
    ).rowcount


def claim_lookups(ctx: Ctx, kinds: Sequence[str], limit: int, machine: float, lease: float) -> Sequence[Any]:
    """Lease due readings: (account_id, kind, value, serial, attempts)."""
    free = (
        select(lookup.c.account_id, lookup.c.kind, lookup.c.value)
        .where(lookup.c.due_at <= ctx.now, lookup.c.lease_machine < machine, lookup.c.kind.in_(list(kinds)))
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


def start_rounds(ctx: Ctx, pairs: Sequence[tuple[int, RoundKind]]) -> None:
    """Let rounds begin now; one that runs begins again after it ends."""
    given = unnest("r", account_id=(Integer(), [pair[0] for pair in pairs]), kind=(Text(), [pair[1] for pair in pairs]))
    statement = upsert(round_).from_select(
        [
            "account_id",
            "kind",
            "next_at",
            "running",
            "again",
            "cursor",
            "seen",
            "healed",
            "failures",
            "error",
            "lease_machine",
        ],
        select(
            given.c.account_id,
            given.c.kind,
            literal(ctx.now, Time),
            literal(False, Boolean()),
            literal(False, Boolean()),
            literal("", Text()),
            literal(0, Integer()),
            literal(0, Integer()),
            literal(0, Integer()),
            literal("", Text()),
            literal(0.0, Double()),
        ),
    )
    ctx.tx.execute(
        statement.on_conflict_do_update(
            index_elements=[round_.c.account_id, round_.c.kind],
            set_={"next_at": func.least(round_.c.next_at, statement.excluded.next_at), "again": round_.c.running},
        )
    )


def drop_rounds(ctx: Ctx, account_id: int) -> None:
    ctx.tx.execute(delete(round_).where(round_.c.account_id == account_id))


def claim_round(ctx: Ctx, machine: float, lease: float) -> Row[Any] | None:
    """Lease the round that is due longest."""
    free = (
        select(round_.c.account_id, round_.c.kind)
        .where(round_.c.next_at <= ctx.now, round_.c.lease_machine < machine)
        .order_by(round_.c.next_at, round_.c.account_id, round_.c.kind)
        .limit(1)
        .with_for_update(skip_locked=True)
        .subquery()
    )
    return ctx.tx.execute(
        update(round_)
        .where(round_.c.account_id == free.c.account_id, round_.c.kind == free.c.kind)
        .values(lease_machine=lease)
        .returning(round_)
    ).one_or_none()


def change_round(ctx: Ctx, account_id: int, kind: str, **values: Any) -> None:
    ctx.tx.execute(
        update(round_)
        .where(round_.c.account_id == account_id, round_.c.kind == kind)
        .values(lease_machine=0.0, **values)
    )


def round_rows(ctx: Ctx) -> Sequence[Row[Any]]:
    return ctx.tx.execute(select(round_).order_by(round_.c.account_id, round_.c.kind)).all()


def note_seen(ctx: Ctx, account_id: int, kind: str, pairs: Sequence[tuple[str, str]]) -> None:
    """Remember what the platform listed in this round: (value, staff or "")."""
    given = unnest("s", value=(Text(), [pair[0] for pair in pairs]), staff=(Text(), [pair[1] for pair in pairs]))
    statement = upsert(seen).from_select(
        ["account_id", "kind", "value", "staff"],
        select(literal(account_id, Integer()), literal(kind, Text()), given.c.value, given.c.staff),
    )
    ctx.tx.execute(statement.on_conflict_do_nothing())


def forget_seen(ctx: Ctx, account_id: int, kind: str) -> None:
    ctx.tx.execute(delete(seen).where(seen.c.account_id == account_id, seen.c.kind == kind))


def want_unknown_followers(ctx: Ctx, account_id: int, openids: Select[Any]) -> int:
    """Ask for a reading of every listed openid that does not follow here. ``openids``: (openid, followed)."""
    here = openids.subquery()
    unknown = select(
        literal(account_id, Integer()).label("account_id"), literal("oa_follower", Text()).label("kind"), seen.c.value
    ).where(
        seen.c.account_id == account_id,
        seen.c.kind == "oa_followers",
        ~select(literal(1)).where(here.c.openid == seen.c.value, here.c.followed).exists(),
    )
    return _want(ctx, unknown)


def gone_followers(ctx: Ctx, account_id: int, openids: Select[Any], limit: int) -> Sequence[Any]:
    """(customer_id, openid) of those who follow here but were not listed."""
    here = openids.subquery()
    listed = select(literal(1)).where(
        seen.c.account_id == account_id,
        seen.c.kind == "oa_followers",
        seen.c.value == here.c.openid,
        seen.c.staff == "",
    )
    return ctx.tx.execute(
        select(here.c.customer_id, here.c.openid)
        .where(here.c.followed, ~listed.exists())
        .order_by(here.c.openid)
        .limit(limit)
    ).all()


def count_ignored(ctx: Ctx, rows: Sequence[tuple[int, str, int, datetime]]) -> None:
    """Add up callbacks of kinds without a handler: (account_id, kind, how many, latest)."""
    given = unnest(
        "i",
        account_id=(Integer(), [row[0] for row in rows]),
        kind=(Text(), [row[1] for row in rows]),
        count=(BigInteger(), [row[2] for row in rows]),
        latest_at=(Time, [row[3] for row in rows]),
    )
    statement = upsert(ignored).from_select(["account_id", "kind", "count", "latest_at"], select(given))
    ctx.tx.execute(
        statement.on_conflict_do_update(
            index_elements=[ignored.c.account_id, ignored.c.kind],
            set_={
                "count": ignored.c.count + statement.excluded.count,
                "latest_at": func.greatest(ignored.c.latest_at, statement.excluded.latest_at),
            },
        )
    )


def ignored_rows(ctx: Ctx) -> Sequence[Row[Any]]:
    return ctx.tx.execute(select(ignored).order_by(ignored.c.account_id, ignored.c.kind)).all()
