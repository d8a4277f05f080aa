"""Private: the statements about what each follow carries on its platform, and whom a platform is to be told of.

Whoever changes both locks places before marks, and only claims lock marks first, passing by what others hold.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    FromClause,
    Integer,
    Row,
    Select,
    Text,
    and_,
    bindparam,
    cast,
    column,
    exists,
    false,
    func,
    literal,
    or_,
    select,
    true,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.types import TypeEngine

from siyu.kernel.ctx import Ctx
from siyu.kernel.db import given, rows, unnest
from siyu.tags.store.changes import without
from siyu.tags.store.tables import INTS, Time, customer_tags, place, positions

Key = tuple[int, int, int, str]
"""(customer_id, origin_id, account_id, staff) of a follow; staff is "" at an Official Account."""
NONE = cast([], INTS)


def position(ctx: Ctx) -> int:
    """A number higher than any that was given out before."""
    return ctx.tx.execute(select(positions.next_value())).scalar_one()


def noted(tags: Collection[int]) -> str:
    """Tags in the notation of an array, as a field of a relation of ``rows``."""
    return "{" + ",".join(map(str, sorted(tags))) + "}"


_KEYS: dict[str, TypeEngine[Any]] = {
    "customer_id": Integer(),
    "origin_id": Integer(),
    "account_id": Integer(),
    "staff": Text(),
}
_ASKED = rows("f", **_KEYS)
_SAME = tuple_(place.c.customer_id, place.c.origin_id, place.c.account_id, place.c.staff)
_NEW = (
    upsert(place)
    .from_select(
        [name.key for name in place.c],
        select(
            _ASKED.c.customer_id,
            _ASKED.c.origin_id,
            _ASKED.c.account_id,
            _ASKED.c.staff,
            NONE,
            NONE,
            bindparam("at", type_=Time),
            literal(0, BigInteger()),
            false(),
        ).order_by(_ASKED.c.customer_id, _ASKED.c.origin_id, _ASKED.c.account_id, _ASKED.c.staff),
    )
    .on_conflict_do_nothing()
)
_LOCKED = (
    select(place)
    .where(_SAME.in_(select(_ASKED.c.customer_id, _ASKED.c.origin_id, _ASKED.c.account_id, _ASKED.c.staff)))
    .order_by(*place.primary_key)
    .with_for_update()
)


def _given(keys: Collection[Key]) -> dict[str, str]:
    chosen = sorted(set(keys))
    columns = {name: [key[at] for key in chosen] for at, name in enumerate(_KEYS)}
    return given(_ASKED, **columns)


def open_places(ctx: Ctx, keys: Collection[Key], at: datetime) -> dict[Key, Row[Any]]:
    """The rows of these follows, made where they are missing, locked until the transaction ends."""
    parameters = _given(keys)
    ctx.tx.execute(_NEW, parameters | {"at": at})
    found = ctx.tx.execute(_LOCKED, parameters)
    return {(row.customer_id, row.origin_id, row.account_id, row.staff): row for row in found}


_THEIRS = rows("c", customer_id=Integer())


def standing(
    ctx: Ctx, follows: FromClause, customer_ids: Collection[int], *, locking: bool = False
) -> Sequence[Row[Any]]:
    """The follows of customers that stand and were read, with what they carry: the columns of ``tag_place`` and
    ``valid``: whether what was read is of this follow, not of one that ended since.

    ``locking`` passes by those that somebody else is changing.
    """
    valid = or_(follows.c.lost_at.is_(None), place.c.read_at > follows.c.lost_at)
    statement = (
        select(place, valid.label("valid"))
        .join(
            follows,
            and_(
                follows.c.customer_id == place.c.customer_id,
                follows.c.origin_id == place.c.origin_id,
                follows.c.account_id == place.c.account_id,
                follows.c.staff == place.c.staff,
                follows.c.following,
            ),
        )
        .where(place.c.customer_id.in_(select(_THEIRS.c.customer_id)))
        .order_by(*place.primary_key)
    )
    if locking:
        statement = statement.with_for_update(of=place, skip_locked=True)
    return ctx.tx.execute(statement, given(_THEIRS, customer_id=sorted(customer_ids))).all()


def names(ctx: Ctx, people: FromClause, customer_ids: Collection[int]) -> dict[tuple[int, str], str]:
    """What platforms call customers, by (customer_id, scope): external_userids of corps, openids of accounts."""
    kinds = people.c.kind.in_(("external_userid", "oa_openid"))
    theirs = people.c.customer_id.in_(select(_THEIRS.c.customer_id))
    statement = select(people.c.customer_id, people.c.scope, people.c.value).where(kinds, theirs)
    found = ctx.tx.execute(statement, given(_THEIRS, customer_id=sorted(customer_ids)))
    return {(row.customer_id, row.scope): row.value for row in found}


_READ = rows("d", **_KEYS, tags=Text(), kept=Text(), read_at=Time, position=BigInteger(), whole=Boolean())
_WRITE = (
    update(place)
    .where(*(place.c[name] == _READ.c[name] for name in _KEYS))
    .values(
        tags=cast(_READ.c.tags, INTS),
        kept=cast(_READ.c.kept, INTS),
        read_at=_READ.c.read_at,
        position=_READ.c.position,
        whole=_READ.c.whole,
    )
)


def write_places(ctx: Ctx, changed: Sequence[Mapping[str, Any]]) -> None:
    """Write what follows carry: the columns of ``tag_place``, ``tags`` and ``kept`` by ``noted``. Whose row moved
    meanwhile is left out: it is told of again."""
    if changed:
        names = [name.key for name in _READ.c]
        ctx.tx.execute(_WRITE, given(_READ, **{name: [one[name] for one in changed] for name in names}))


def strip(ctx: Ctx, account_id: int | None, tag_ids: Collection[int]) -> None:
    """No follow (of an account) carries these tags any more. Reads all follows: for tags that go, which are few."""
    gone = cast(sorted(tag_ids), INTS)
    statement = update(place).where(place.c.tags.overlap(gone))
    if account_id is not None:
        statement = statement.where(place.c.account_id == account_id)
    ctx.tx.execute(statement.values(tags=without(place.c.tags, gone), kept=without(place.c.kept, gone)))


def only_there(account_id: int, tag_ids: Collection[int], *, but_kept: bool) -> Select[Any, Any]:
    """Pairs (customer_id, tag_id) of who carries the tags at this account and at no other; ``but_kept`` leaves out
    those who carried them here before the platform told of it."""
    each = func.unnest(place.c.tags).table_valued(column("tag_id", Integer)).render_derived("each")
    other = place.alias("other")
    one = func.array_append(NONE, each.c.tag_id, type_=INTS)
    elsewhere = exists().where(
        other.c.customer_id == place.c.customer_id, other.c.account_id != account_id, other.c.tags.contains(one)
    )
    statement = (
        select(place.c.customer_id, each.c.tag_id)
        .select_from(place.join(each, true()))
        .where(place.c.account_id == account_id, each.c.tag_id.in_(sorted(tag_ids)), ~elsewhere.correlate(place, each))
        .distinct()
    )
    return statement.where(~place.c.kept.contains(one)) if but_kept else statement


def missing_here(account_id: int, tag_ids: Collection[int]) -> Select[Any, Any]:
    """Pairs (customer_id, tag_id) of who carries the tags at this account but not here."""
    each = func.unnest(place.c.tags).table_valued(column("tag_id", Integer)).render_derived("each")
    has = exists().where(
        customer_tags.c.customer_id == place.c.customer_id,
        customer_tags.c.tags.contains(func.array_append(NONE, each.c.tag_id, type_=INTS)),
    )
    return (
        select(place.c.customer_id, each.c.tag_id)
        .select_from(place.join(each, true()))
        .where(place.c.account_id == account_id, each.c.tag_id.in_(sorted(tag_ids)), ~has.correlate(place, each))
        .distinct()
    )


def at_accounts(ctx: Ctx, ids: Sequence[int]) -> dict[int, set[int]]:
    """The accounts at which customers have follows that were read."""
    involved = unnest("i", customer_id=(Integer(), ids))
    statement = select(place.c.customer_id, place.c.account_id).where(
        place.c.customer_id.in_(select(involved.c.customer_id))
    )
    found: dict[int, set[int]] = {}
    for row in ctx.tx.execute(statement):
        found.setdefault(row.customer_id, set()).add(row.account_id)
    return found


def lock_places(ctx: Ctx, ids: Sequence[int]) -> None:
    """Let nobody else change what the follows of these customers carry until the transaction ends."""
    involved = unnest("i", customer_id=(Integer(), ids))
    mine = place.c.customer_id.in_(select(involved.c.customer_id))
    ctx.tx.execute(select(place.c.customer_id).where(mine).order_by(*place.primary_key).with_for_update()).all()
