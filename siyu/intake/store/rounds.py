"""Statements about reconciliation rounds and what they listed."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    ARRAY,
    Double,
    FromClause,
    Integer,
    Row,
    Select,
    Text,
    and_,
    bindparam,
    case,
    cast,
    delete,
    func,
    literal,
    literal_column,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert

from siyu.customers.types import Identity
from siyu.intake.store.lookups import want_all
from siyu.intake.store.tables import Time, free, round_, seen
from siyu.intake.types import RoundKind
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import given, rows, unnest

_PAIRS = rows("r", account_id=Integer(), kind=Text())
_BLANK = {
    "running": "false",
    "again": "false",
    "cursor": "''",
    "seen": "0",
    "healed": "0",
    "failures": "0",
    "error": "''",
    "lease_machine": "0.0",
    "claims": "0",
}
_started = upsert(round_).from_select(
    ["account_id", "kind", "next_at", *_BLANK],
    select(
        _PAIRS.c.account_id,
        _PAIRS.c.kind,
        bindparam("now", type_=Time),
        *(literal_column(value) for value in _BLANK.values()),
    ),
)
_START = _started.on_conflict_do_update(
    index_elements=[round_.c.account_id, round_.c.kind],
    set_={"next_at": func.least(round_.c.next_at, _started.excluded.next_at), "again": round_.c.running},
)


def start_rounds(ctx: Ctx, pairs: Sequence[tuple[int, RoundKind]]) -> None:
    """Let rounds begin now; one that runs begins again after it ends."""
    parameters = given(_PAIRS, account_id=[pair[0] for pair in pairs], kind=[pair[1] for pair in pairs])
    ctx.tx.execute(_START, parameters | {"now": ctx.now})


_free = (
    select(round_.c.account_id, round_.c.kind)
    .where(
        round_.c.next_at <= bindparam("now", type_=Time),
        free(round_.c.lease_machine, bindparam("machine", type_=Double())),
    )
    .order_by(round_.c.next_at, round_.c.account_id, round_.c.kind)
    .limit(1)
    .with_for_update(skip_locked=True)
    .scalar_subquery()
)
# Compared, not joined: a join may look for the free round again for each row, past those that it has just leased.
_CLAIM = (
    update(round_)
    .where(tuple_(round_.c.account_id, round_.c.kind) == _free)
    .values(lease_machine=bindparam("lease", type_=Double()), claims=round_.c.claims + 1)
    .returning(round_)
)


def claim_round(ctx: Ctx, machine: float, lease: float) -> Row[Any] | None:
    """Lease the round that is due longest. Its ``claims`` counts this claim."""
    return ctx.tx.execute(_CLAIM, {"now": ctx.now, "machine": machine, "lease": lease}).one_or_none()


def still_mine(ctx: Ctx, account_id: int, kind: str, claims: int) -> bool:
    """Whether nobody has claimed the round since; nobody can until the transaction ends."""
    mine = select(round_.c.claims).where(round_.c.account_id == account_id, round_.c.kind == kind)
    return ctx.tx.execute(mine.with_for_update()).scalar_one_or_none() == claims


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


_LISTED = rows("s", value=Text(), staff=Text())
_NOTE = (
    upsert(seen)
    .from_select(
        ["account_id", "kind", "value", "staff"],
        select(
            bindparam("account_id", type_=Integer()),
            bindparam("kind", type_=Text()),
            _LISTED.c.value,
            _LISTED.c.staff,
        ),
    )
    .on_conflict_do_nothing()
)


def note_seen(ctx: Ctx, account_id: int, kind: str, pairs: Sequence[tuple[str, str]]) -> None:
    """Remember what the platform listed in this round: (value, staff or "")."""
    parameters = given(_LISTED, value=[pair[0] for pair in pairs], staff=[pair[1] for pair in pairs])
    ctx.tx.execute(_NOTE, parameters | {"account_id": account_id, "kind": kind})


_STANDING = rows("t", value=Text())
_UNLISTED = select(_STANDING.c.value).where(
    ~select(literal(1))
    .where(
        seen.c.account_id == bindparam("account_id", type_=Integer()),
        seen.c.kind == bindparam("kind", type_=Text()),
        seen.c.value == _STANDING.c.value,
    )
    .exists()
)


def unlisted(ctx: Ctx, account_id: int, kind: RoundKind, values: Sequence[str]) -> list[str]:
    """Those of the values that the platform did not list in this round."""
    parameters = given(_STANDING, value=values)
    return list(ctx.tx.execute(_UNLISTED, parameters | {"account_id": account_id, "kind": kind}).scalars())


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


def followers_tags(ctx: Ctx, account_id: int, here: FromClause, after: str, limit: int) -> Sequence[Any]:
    """(customer_id, origin_id, openid, tags) of those who follow here, by openid; the ids of tags as listed."""
    carried = (
        select(seen.c.value, func.array_agg(seen.c.staff).label("tags"))
        .where(seen.c.account_id == account_id, seen.c.kind == "oa_tags")
        .group_by(seen.c.value)
        .subquery("carried")
    )
    return ctx.tx.execute(
        select(
            here.c.customer_id,
            here.c.origin_id,
            here.c.openid,
            func.coalesce(carried.c.tags, cast([], ARRAY(Text))).label("tags"),
        )
        .join(carried, carried.c.value == here.c.openid, isouter=True)
        .where(here.c.followed, here.c.openid > after)
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


_ASKED = rows("c", kind=Text(), scope=Text(), value=Text())


@cache
def _following(people: FromClause, follows: FromClause) -> Select[Any]:
    return (
        select(people.c.kind, people.c.scope, people.c.value, follows.c.staff)
        .join_from(
            _ASKED,
            people,
            and_(
                people.c.kind == _ASKED.c.kind,
                people.c.scope == _ASKED.c.scope,
                people.c.value == _ASKED.c.value,
            ),
        )
        .join(follows, follows.c.customer_id == people.c.customer_id)
        .where(
            follows.c.kind == "wecom",
            follows.c.account_id == bindparam("account", type_=Integer()),
            follows.c.following,
        )
    )


def following(
    ctx: Ctx, account_id: int, people: FromClause, follows: FromClause, asked: Sequence[Identity]
) -> set[tuple[Identity, str]]:
    """(identity, staff) of the relations that stand of whom the identities point at. ``people``: who has which."""
    parameters = given(
        _ASKED,
        kind=[one.kind for one in asked],
        scope=[one.scope for one in asked],
        value=[one.value for one in asked],
    )
    found = ctx.tx.execute(_following(people, follows), parameters | {"account": account_id}).all()
    return {(Identity(kind, value, scope), staff) for kind, scope, value, staff in found}


_TOLD = rows("t", customer_id=Integer(), occurred_at=Time, key=Text())


@cache
def _told(events: FromClause) -> Select[Any]:
    same = and_(
        events.c.customer_id == _TOLD.c.customer_id,
        events.c.occurred_at == _TOLD.c.occurred_at,
        events.c.type == "contact_added",
        events.c.key == _TOLD.c.key,
    )
    return select(_TOLD.c.key).join_from(_TOLD, events, same)


def told(ctx: Ctx, events: FromClause, wanted: Sequence[tuple[int, datetime, str]]) -> set[str]:
    """Of (customer_id, occurred_at, key) the keys of the adds that stand in the timeline."""
    parameters = given(
        _TOLD,
        customer_id=[row[0] for row in wanted],
        occurred_at=[row[1] for row in wanted],
        key=[row[2] for row in wanted],
    )
    return set(ctx.tx.execute(_told(events), parameters).scalars())


_ACTED = rows("n", customer_id=Integer(), account_id=Integer(), openid=Text())


@cache
def _not_following(follows: FromClause) -> Select[Any]:
    # The follows of a person, then the right one among them: asked for both at once before there are statistics, the
    # server reads all follows of the account for each person ([m] 60 us with 2,000 of them, growing).
    theirs = select(follows).where(follows.c.customer_id == _ACTED.c.customer_id).offset(0).lateral("theirs")
    stands = and_(theirs.c.kind == "oa", theirs.c.account_id == _ACTED.c.account_id, theirs.c.following)
    return (
        select(_ACTED.c.account_id, _ACTED.c.openid)
        .select_from(_ACTED.join(theirs, stands, isouter=True))
        .where(theirs.c.customer_id.is_(None))
        .distinct()
    )


def not_following(ctx: Ctx, follows: FromClause, acted: Sequence[tuple[int, int, str]]) -> list[tuple[int, str]]:
    """Of (customer_id, account_id, openid) the (account_id, openid) of those whose follow is not known."""
    parameters = given(
        _ACTED,
        customer_id=[row[0] for row in acted],
        account_id=[row[1] for row in acted],
        openid=[row[2] for row in acted],
    )
    return [(row[0], row[1]) for row in ctx.tx.execute(_not_following(follows), parameters)]
