"""Statements about reconciliation rounds and what they listed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    Double,
    FromClause,
    Integer,
    Row,
    Text,
    case,
    cast,
    delete,
    func,
    literal,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert

from siyu.intake.store.lookups import want_all
from siyu.intake.store.tables import Time, round_, seen
from siyu.intake.types import RoundKind
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import unnest


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


def begin_round(ctx: Ctx, account_id: int, kind: str) -> None:
    """The round starts; a wish for another one during it counts anew. The lease stays."""
    ctx.tx.execute(
        update(round_)
        .where(round_.c.account_id == account_id, round_.c.kind == kind)
        .values(running=True, again=False, started_at=ctx.now, finished_at=None, cursor="{}", seen=0, healed=0)
    )


def end_round(ctx: Ctx, account_id: int, kind: str, turn: datetime, **values: Any) -> None:
    """The round is over; the next begins at ``turn``, or at once when it was wished for meanwhile."""
    at_once = literal(ctx.now, Time)
    change_round(
        ctx,
        account_id,
        kind,
        running=False,
        again=False,
        cursor="",
        finished_at=ctx.now,
        next_at=case((round_.c.again, at_once), else_=literal(turn, Time)),
        **values,
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


def want_unknown_followers(ctx: Ctx, account_id: int, here: FromClause) -> int:
    """Ask for a reading of every listed openid that does not follow here. ``here``: (openid, followed)."""
    unknown = select(
        literal(account_id, Integer()).label("account_id"), literal("oa_follower", Text()).label("kind"), seen.c.value
    ).where(
        seen.c.account_id == account_id,
        seen.c.kind == "oa_followers",
        ~select(literal(1)).where(here.c.openid == seen.c.value, here.c.followed).exists(),
    )
    return want_all(ctx, unknown)


def gone_followers(ctx: Ctx, account_id: int, here: FromClause, before: datetime, limit: int) -> Sequence[Any]:
    """(customer_id, origin_id, openid) of those who follow here since before ``before`` but were not listed."""
    return ctx.tx.execute(
        select(here.c.customer_id, here.c.origin_id, here.c.openid)
        .where(here.c.followed, here.c.followed_at < before, ~_listed(account_id, "oa_followers", here.c.openid, ""))
        .order_by(here.c.openid)
        .limit(limit)
    ).all()


def gone_contacts(
    ctx: Ctx, account_id: int, follows: FromClause, staff: Sequence[str], before: datetime, limit: int
) -> Sequence[Any]:
    """(customer_id, origin_id, staff) of relations with listed staff members that were not listed themselves."""
    asked = unnest("u", staff=(Text(), staff))
    listed = _listed(account_id, "wecom_contacts", cast(follows.c.origin_id, Text()), follows.c.staff)
    return ctx.tx.execute(
        select(follows.c.customer_id, follows.c.origin_id, follows.c.staff)
        .join_from(follows, asked, asked.c.staff == follows.c.staff)
        .where(
            follows.c.kind == "wecom",
            follows.c.account_id == account_id,
            follows.c.following,
            follows.c.followed_at < before,
            ~listed,
        )
        .order_by(follows.c.origin_id, follows.c.staff)
        .limit(limit)
    ).all()


def _listed(account_id: int, kind: RoundKind, value: Any, staff: Any) -> Any:
    return (
        select(literal(1))
        .where(seen.c.account_id == account_id, seen.c.kind == kind, seen.c.value == value, seen.c.staff == staff)
        .exists()
    )


def following(ctx: Ctx, account_id: int, follows: FromClause, customers: Sequence[int]) -> set[tuple[int, str]]:
    """(customer_id, staff) of the relations of some customers that stand."""
    given = unnest("c", customer_id=(Integer(), customers))
    rows = ctx.tx.execute(
        select(follows.c.customer_id, follows.c.staff)
        .join_from(follows, given, given.c.customer_id == follows.c.customer_id)
        .where(follows.c.kind == "wecom", follows.c.account_id == account_id, follows.c.following)
    )
    return {(row.customer_id, row.staff) for row in rows}


def not_following(ctx: Ctx, follows: FromClause, rows: Sequence[tuple[int, int, str]]) -> list[tuple[int, str]]:
    """Of (customer_id, account_id, openid) the (account_id, openid) of those whose follow is not known."""
    given = unnest(
        "n",
        customer_id=(Integer(), [row[0] for row in rows]),
        account_id=(Integer(), [row[1] for row in rows]),
        openid=(Text(), [row[2] for row in rows]),
    )
    stands = select(literal(1)).where(
        follows.c.customer_id == given.c.customer_id,
        follows.c.kind == "oa",
        follows.c.account_id == given.c.account_id,
        follows.c.following,
    )
    found = ctx.tx.execute(select(given.c.account_id, given.c.openid).where(~stands.exists()).distinct())
    return [(row.account_id, row.openid) for row in found]
