"""Statements of follows, orders and consents."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, Boolean, Integer, Text, and_, case, cast, func, literal, or_, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import insert as upsert

from siyu.customers.store.events import event_numbers as numbers
from siyu.customers.store.profile import as_json
from siyu.customers.store.tables import Time, consent, follow, order_key, orders
from siyu.customers.types import Follow, NewOrder, Unfollow
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import unnest


@dataclass(frozen=True, slots=True)
class ConsentRow:
    """One statement of an origin: ``kind`` contact, profiling, push or blacklist."""

    customer_id: int
    origin_id: int
    kind: str
    given: bool
    at: datetime
    why: str


_FOLLOW_KEY = ("customer_id", "origin_id", "kind", "account_id", "staff")
FollowKey = tuple[int, str, int, str]


def _key(row: Follow | Unfollow) -> FollowKey:
    return (row.origin_id or row.customer_id, row.kind, row.account_id, row.staff)


def save_follows(ctx: Ctx, homes: Mapping[int, int], rows: Sequence[Follow]) -> None:
    """Upsert; the latest beginning counts, and an end at or before it does not."""
    latest: dict[FollowKey, Follow] = {}
    for row in rows:
        if (held := latest.get(_key(row))) is None or held.at <= row.at:
            latest[_key(row)] = row
    kept = [(key, latest[key]) for key in sorted(latest)]
    new = unnest(
        "n",
        customer_id=(Integer(), [homes[key[0]] for key, _ in kept]),
        origin_id=(Integer(), [key[0] for key, _ in kept]),
        kind=(Text(), [key[1] for key, _ in kept]),
        account_id=(Integer(), [key[2] for key, _ in kept]),
        staff=(Text(), [key[3] for key, _ in kept]),
        followed_at=(Time, [row.at for _, row in kept]),
        scene=(Text(), [row.scene for _, row in kept]),
        remark=(Text(), [row.remark for _, row in kept]),
    )
    names = [column.name for column in new.c]
    statement = upsert(follow).from_select([*names, "following"], select(*new.c, literal(True)))
    given = statement.excluded
    newer = or_(follow.c.followed_at.is_(None), follow.c.followed_at <= given.followed_at)
    ctx.tx.execute(
        statement.on_conflict_do_update(
            index_elements=_FOLLOW_KEY,
            set_={
                "followed_at": func.greatest(follow.c.followed_at, given.followed_at),
                "following": or_(
                    follow.c.lost_at.is_(None),
                    func.greatest(follow.c.followed_at, given.followed_at) > follow.c.lost_at,
                ),
                "scene": case((newer, func.coalesce(given.scene, follow.c.scene)), else_=follow.c.scene),
                "remark": case((newer, func.coalesce(given.remark, follow.c.remark)), else_=follow.c.remark),
            },
        )
    )


def end_follows(ctx: Ctx, homes: Mapping[int, int], rows: Sequence[Unfollow]) -> None:
    """Upsert the end of follow relations; a beginning after it stands."""
    latest: dict[FollowKey, Unfollow] = {}
    for row in rows:
        if (held := latest.get(_key(row))) is None or held.at <= row.at:
            latest[_key(row)] = row
    kept = [(key, latest[key]) for key in sorted(latest)]
    new = unnest(
        "n",
        customer_id=(Integer(), [homes[key[0]] for key, _ in kept]),
        origin_id=(Integer(), [key[0] for key, _ in kept]),
        kind=(Text(), [key[1] for key, _ in kept]),
        account_id=(Integer(), [key[2] for key, _ in kept]),
        staff=(Text(), [key[3] for key, _ in kept]),
        lost_at=(Time, [row.at for _, row in kept]),
        lost_by=(Text(), [row.by for _, row in kept]),
    )
    statement = upsert(follow).from_select(
        [*(column.name for column in new.c), "following"], select(*new.c, literal(False))
    )
    given = statement.excluded
    lost = func.greatest(follow.c.lost_at, given.lost_at)
    ctx.tx.execute(
        statement.on_conflict_do_update(
            index_elements=_FOLLOW_KEY,
            set_={
                "lost_at": lost,
                "lost_by": case(
                    (func.coalesce(follow.c.lost_at <= given.lost_at, True), given.lost_by), else_=follow.c.lost_by
                ),
                "following": and_(follow.c.followed_at.is_not(None), follow.c.followed_at > lost),
            },
        )
    )


def not_following(ctx: Ctx, pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Of (origin_id, account_id) those that do not follow the Official Account now."""
    if not pairs:
        return []
    asked = unnest(
        "p", origin_id=(Integer(), [one[0] for one in pairs]), account_id=(Integer(), [one[1] for one in pairs])
    )
    mine = (follow.c.origin_id == asked.c.origin_id) & (follow.c.account_id == asked.c.account_id)
    statement = (
        select(asked.c.origin_id, asked.c.account_id)
        .join(follow, mine)
        .where(follow.c.kind == "oa", ~follow.c.following)
    )
    return [(row[0], row[1]) for row in ctx.tx.execute(statement.distinct())]


def save_consents(ctx: Ctx, rows: Sequence[ConsentRow]) -> None:
    """Upsert; the latest statement of an origin counts, at the same time no beats yes."""
    latest: dict[tuple[int, str], ConsentRow] = {}
    for row in rows:
        held = latest.get((row.origin_id, row.kind))
        if held is None or (held.at, not held.given) <= (row.at, not row.given):
            latest[row.origin_id, row.kind] = row
    kept = [latest[key] for key in sorted(latest)]
    new = unnest(
        "n",
        customer_id=(Integer(), [row.customer_id for row in kept]),
        origin_id=(Integer(), [row.origin_id for row in kept]),
        kind=(Text(), [row.kind for row in kept]),
        given=(Boolean(), [row.given for row in kept]),
        at=(Time, [row.at for row in kept]),
        why=(Text(), [row.why for row in kept]),
    )
    names = [column.name for column in new.c]
    statement = upsert(consent).from_select([*names, "actor"], select(*new.c, literal(ctx.actor.label)))
    given = statement.excluded
    ctx.tx.execute(
        statement.on_conflict_do_update(
            index_elements=[consent.c.customer_id, consent.c.origin_id, consent.c.kind],
            set_={"given": given.given, "at": given.at, "why": given.why, "actor": given.actor},
            where=or_(consent.c.at < given.at, and_(consent.c.at == given.at, consent.c.given)),
        )
    )


def claim_orders(
    ctx: Ctx, rows: Sequence[tuple[str, str, int]]
) -> tuple[dict[tuple[str, str], int], set[tuple[str, str]]]:
    """Take orders that nobody has for the origin given: (source, order_no) -> owning origin, and those taken now."""
    new = unnest(
        "n",
        source=(Text(), [row[0] for row in rows]),
        order_no=(Text(), [row[1] for row in rows]),
        origin_id=(Integer(), [row[2] for row in rows]),
    )
    names = ["source", "order_no", "origin_id"]
    statement = upsert(order_key).from_select(names, select(*new.c)).on_conflict_do_nothing()
    taken = {(row[0], row[1]) for row in ctx.tx.execute(statement.returning(order_key.c.source, order_key.c.order_no))}
    mine = (order_key.c.source == new.c.source) & (order_key.c.order_no == new.c.order_no)
    found = ctx.tx.execute(select(order_key).join(new, mine))
    return {(row.source, row.order_no): row.origin_id for row in found}, taken


def save_orders(
    ctx: Ctx, homes: Mapping[int, int], owners: Mapping[tuple[str, str], int], rows: Sequence[NewOrder]
) -> set[tuple[str, str]]:
    """Upsert distinct orders; returns the keys of those that are new or were changed later than what is stored."""
    origins = [owners[row.source, row.order_no] for row in rows]
    new = unnest(
        "n",
        customer_id=(Integer(), [homes[origin] for origin in origins]),
        source=(Text(), [row.source for row in rows]),
        order_no=(Text(), [row.order_no for row in rows]),
        origin_id=(Integer(), origins),
        amount=(BigInteger(), [row.amount for row in rows]),
        currency=(Text(), [row.currency for row in rows]),
        status=(Text(), [row.status for row in rows]),
        placed_at=(Time, [row.placed_at for row in rows]),
        changed_at=(Time, [row.changed_at for row in rows]),
        lines=(Text(), [as_json([dict(item) for item in row.items]) for row in rows]),
    )
    columns = {column.name: column for column in new.c} | {"lines": cast(new.c.lines, JSONB)}
    statement = upsert(orders).from_select(list(columns), select(*columns.values()))
    given = statement.excluded
    done = ctx.tx.execute(
        statement.on_conflict_do_update(
            index_elements=[orders.c.customer_id, orders.c.source, orders.c.order_no],
            set_={name: given[name] for name in ("amount", "currency", "status", "placed_at", "changed_at", "lines")},
            where=orders.c.changed_at < given.changed_at,
        ).returning(orders.c.source, orders.c.order_no)
    )
    return {(row.source, row.order_no) for row in done}


__all__ = [
    "ConsentRow",
    "claim_orders",
    "end_follows",
    "numbers",
    "save_consents",
    "save_follows",
    "save_orders",
]
