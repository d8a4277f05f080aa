"""Statements of follows, orders and consents."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Boolean, Integer, Text, and_, bindparam, case, cast, false, func, or_, select, true
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.types import TypeEngine

from siyu.customers.store.events import event_numbers as numbers
from siyu.customers.store.facts import as_json
from siyu.customers.store.tables import Time, consent, follow, order_key, orders
from siyu.customers.types import Follow, NewOrder, Unfollow
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import given, rows, unnest


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


_KEYS: dict[str, TypeEngine[Any]] = {
    "customer_id": Integer(),
    "origin_id": Integer(),
    "kind": Text(),
    "account_id": Integer(),
    "staff": Text(),
}
_FOLLOWS = rows("n", **_KEYS, followed_at=Time, scene=Text(), remark=Text())
_begun = upsert(follow).from_select([*(one.name for one in _FOLLOWS.c), "following"], select(*_FOLLOWS.c, true()))
_newer = or_(follow.c.followed_at.is_(None), follow.c.followed_at <= _begun.excluded.followed_at)
_since = func.greatest(follow.c.followed_at, _begun.excluded.followed_at)
_BEGIN = _begun.on_conflict_do_update(
    index_elements=_FOLLOW_KEY,
    set_={
        "followed_at": _since,
        "following": or_(follow.c.lost_at.is_(None), _since > follow.c.lost_at),
        "scene": case((_newer, func.coalesce(_begun.excluded.scene, follow.c.scene)), else_=follow.c.scene),
        "remark": case((_newer, func.coalesce(_begun.excluded.remark, follow.c.remark)), else_=follow.c.remark),
    },
)


def save_follows(ctx: Ctx, homes: Mapping[int, int], rows: Sequence[Follow]) -> None:
    """Upsert; the latest beginning counts, and an end at or before it does not."""
    latest: dict[FollowKey, Follow] = {}
    for row in rows:
        if (held := latest.get(_key(row))) is None or held.at <= row.at:
            latest[_key(row)] = row
    kept = [(key, latest[key]) for key in sorted(latest)]
    parameters = given(
        _FOLLOWS,
        customer_id=[homes[key[0]] for key, _ in kept],
        origin_id=[key[0] for key, _ in kept],
        kind=[key[1] for key, _ in kept],
        account_id=[key[2] for key, _ in kept],
        staff=[key[3] for key, _ in kept],
        followed_at=[row.at for _, row in kept],
        scene=[row.scene for _, row in kept],
        remark=[row.remark for _, row in kept],
    )
    ctx.tx.execute(_BEGIN, parameters)


_ENDS = rows("n", **_KEYS, lost_at=Time, lost_by=Text())
_ended = upsert(follow).from_select([*(one.name for one in _ENDS.c), "following"], select(*_ENDS.c, false()))
_lost = func.greatest(follow.c.lost_at, _ended.excluded.lost_at)
_END = _ended.on_conflict_do_update(
    index_elements=_FOLLOW_KEY,
    set_={
        "lost_at": _lost,
        "lost_by": case(
            (func.coalesce(follow.c.lost_at <= _ended.excluded.lost_at, true()), _ended.excluded.lost_by),
            else_=follow.c.lost_by,
        ),
        "following": and_(follow.c.followed_at.is_not(None), follow.c.followed_at > _lost),
    },
)


def end_follows(ctx: Ctx, homes: Mapping[int, int], rows: Sequence[Unfollow]) -> None:
    """Upsert the end of follow relations; a beginning after it stands."""
    latest: dict[FollowKey, Unfollow] = {}
    for row in rows:
        if (held := latest.get(_key(row))) is None or held.at <= row.at:
            latest[_key(row)] = row
    kept = [(key, latest[key]) for key in sorted(latest)]
    parameters = given(
        _ENDS,
        customer_id=[homes[key[0]] for key, _ in kept],
        origin_id=[key[0] for key, _ in kept],
        kind=[key[1] for key, _ in kept],
        account_id=[key[2] for key, _ in kept],
        staff=[key[3] for key, _ in kept],
        lost_at=[row.at for _, row in kept],
        lost_by=[row.by for _, row in kept],
    )
    ctx.tx.execute(_END, parameters)


_PAIRS = rows("p", origin_id=Integer(), account_id=Integer())
_NOT_FOLLOWING = (
    select(_PAIRS.c.origin_id, _PAIRS.c.account_id)
    .join(follow, (follow.c.origin_id == _PAIRS.c.origin_id) & (follow.c.account_id == _PAIRS.c.account_id))
    .where(follow.c.kind == "oa", ~follow.c.following)
    .distinct()
)


def not_following(ctx: Ctx, pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Of (origin_id, account_id) those that do not follow the Official Account now."""
    if not pairs:
        return []
    asked = given(_PAIRS, origin_id=[one[0] for one in pairs], account_id=[one[1] for one in pairs])
    return [(row[0], row[1]) for row in ctx.tx.execute(_NOT_FOLLOWING, asked)]


_CONSENTS = rows("n", customer_id=Integer(), origin_id=Integer(), kind=Text(), given=Boolean(), at=Time, why=Text())
_said = upsert(consent).from_select(
    [*(one.name for one in _CONSENTS.c), "actor"], select(*_CONSENTS.c, bindparam("actor", type_=Text()))
)
_CONSENT = _said.on_conflict_do_update(
    index_elements=[consent.c.customer_id, consent.c.origin_id, consent.c.kind],
    set_={name: _said.excluded[name] for name in ("given", "at", "why", "actor")},
    where=or_(consent.c.at < _said.excluded.at, and_(consent.c.at == _said.excluded.at, consent.c.given)),
).returning(consent.c.customer_id)


def save_consents(ctx: Ctx, told: Sequence[ConsentRow]) -> set[int]:
    """Upsert; the latest statement of an origin counts, at the same time no beats yes. Returns whose were news."""
    latest: dict[tuple[int, str], ConsentRow] = {}
    for row in told:
        held = latest.get((row.origin_id, row.kind))
        if held is None or (held.at, not held.given) <= (row.at, not row.given):
            latest[row.origin_id, row.kind] = row
    kept = [latest[key] for key in sorted(latest)]
    parameters = given(
        _CONSENTS,
        customer_id=[row.customer_id for row in kept],
        origin_id=[row.origin_id for row in kept],
        kind=[row.kind for row in kept],
        given=[row.given for row in kept],
        at=[row.at for row in kept],
        why=[row.why for row in kept],
    )
    return set(ctx.tx.execute(_CONSENT, parameters | {"actor": ctx.actor.label}).scalars())


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
    # Locked: whoever changes one of them at the same time must find the status that this one leaves.
    found = ctx.tx.execute(
        select(order_key)
        .join(new, mine)
        .order_by(order_key.c.source, order_key.c.order_no)
        .with_for_update(of=order_key)
    )
    return {(row.source, row.order_no): row.origin_id for row in found}, taken


def order_statuses(ctx: Ctx, keys: Sequence[tuple[int, str, str]]) -> dict[tuple[str, str], str]:
    """The stored status of orders by (customer_id, source, order_no), as (source, order_no) -> status."""
    wanted = unnest(
        "k",
        customer_id=(Integer(), [key[0] for key in keys]),
        source=(Text(), [key[1] for key in keys]),
        order_no=(Text(), [key[2] for key in keys]),
    )
    mine = (
        (orders.c.customer_id == wanted.c.customer_id)
        & (orders.c.source == wanted.c.source)
        & (orders.c.order_no == wanted.c.order_no)
    )
    found = ctx.tx.execute(select(orders.c.source, orders.c.order_no, orders.c.status).join(wanted, mine))
    return {(row.source, row.order_no): row.status for row in found}


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
    "order_statuses",
    "save_consents",
    "save_follows",
    "save_orders",
]
