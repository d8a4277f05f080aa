"""Private: the statements about whom a platform is to be told of, or could not be."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Double,
    FromClause,
    Integer,
    Row,
    Select,
    Text,
    and_,
    bindparam,
    cast,
    column,
    delete,
    exists,
    func,
    literal,
    select,
    true,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert

from siyu.kernel.ctx import Ctx
from siyu.kernel.db import given, rows
from siyu.kernel.probes import MACHINE, NOW, any_of
from siyu.tags.store.changes import changed_pairs, united
from siyu.tags.store.places import noted
from siyu.tags.store.remote import free, outward
from siyu.tags.store.tables import INTS, Time, customer_tags, mark, place

_THEIRS = rows("c", customer_id=Integer())


def _asking(wishes: Select[Any]) -> Any:
    """Insert wishes (customer_id, account_id, tags int[]); who waits already waits anew."""
    asked = wishes.subquery("wishes")
    fresh = select(
        asked.c.customer_id,
        asked.c.account_id,
        asked.c.tags,
        bindparam("now", type_=Time),
        literal(1, Integer()),
        literal(0, Integer()),
        literal(0.0, Double()),
        literal("", Text()),
    ).order_by(asked.c.customer_id, asked.c.account_id)
    statement = upsert(mark).from_select([name.key for name in mark.c], fresh)
    again = {
        "tags": united(mark.c.tags, statement.excluded.tags),
        "due_at": statement.excluded.due_at,
        "serial": mark.c.serial + 1,
        "attempts": 0,
    }
    return statement.on_conflict_do_update(index_elements=[mark.c.customer_id, mark.c.account_id], set_=again)


def tell_changed(ctx: Ctx, change_id: int, follows: FromClause, tag_ids: Collection[int]) -> None:
    """Accounts are to be told of who got or lost these tags by a change."""
    pairs = changed_pairs(change_id)
    wishes = (
        select(pairs.c.customer_id, outward.c.account_id, func.array_agg(pairs.c.tag_id.distinct()).label("tags"))
        .select_from(pairs.join(outward, outward.c.tag_id == pairs.c.tag_id))
        .where(pairs.c.tag_id.in_(sorted(tag_ids)), _follows(follows, pairs.c.customer_id, outward.c.account_id))
        .group_by(pairs.c.customer_id, outward.c.account_id)
    )
    ctx.tx.execute(_asking(wishes), {"now": ctx.now})


def tell_carriers(ctx: Ctx, account_id: int, follows: FromClause, tag_ids: Collection[int]) -> None:
    """An account is to be told of everybody who carries these tags here or there."""
    wanted = cast(sorted(tag_ids), INTS)
    here = select(customer_tags.c.customer_id).where(
        customer_tags.c.tags.overlap(wanted),
        _follows(follows, customer_tags.c.customer_id, literal(account_id, Integer())),
    )
    there = select(place.c.customer_id).where(place.c.account_id == account_id, place.c.tags.overlap(wanted))
    who = here.union(there).subquery("who")
    wishes = select(who.c.customer_id, literal(account_id, Integer()).label("account_id"), wanted.label("tags"))
    ctx.tx.execute(_asking(wishes), {"now": ctx.now})


def _follows(follows: FromClause, customer_id: Any, account_id: Any) -> ColumnElement[bool]:
    theirs = (follows.c.customer_id == customer_id, follows.c.account_id == account_id, follows.c.following)
    return exists().where(*theirs)


_WISHED = rows("w", customer_id=Integer(), account_id=Integer(), tags=Text())
_TELL = _asking(select(_WISHED.c.customer_id, _WISHED.c.account_id, cast(_WISHED.c.tags, INTS).label("tags")))


def tell(ctx: Ctx, wishes: Mapping[tuple[int, int], Collection[int]]) -> None:
    """Accounts are to be told of customers: (customer_id, account_id) and the tags concerned."""
    if wishes:
        pairs = sorted(wishes)
        parameters = given(
            _WISHED,
            customer_id=[pair[0] for pair in pairs],
            account_id=[pair[1] for pair in pairs],
            tags=[noted(wishes[pair]) for pair in pairs],
        )
        ctx.tx.execute(_TELL, parameters | {"now": ctx.now})


def tell_again(ctx: Ctx, account_id: int) -> None:
    """Try again of whom an account could not be told."""
    failed = (mark.c.account_id == account_id, mark.c.due_at.is_(None))
    ctx.tx.execute(update(mark).where(*failed).values(due_at=ctx.now, serial=mark.c.serial + 1, attempts=0))


def under_way(ctx: Ctx, customer_ids: Collection[int]) -> set[tuple[int, int]]:
    """(customer_id, account_id) of whom an account is being told right now."""
    theirs = mark.c.customer_id.in_(select(_THEIRS.c.customer_id))
    statement = select(mark.c.customer_id, mark.c.account_id).where(theirs, mark.c.lease_machine != 0)
    found = ctx.tx.execute(statement, given(_THEIRS, customer_id=sorted(customer_ids)))
    return {(row[0], row[1]) for row in found}


_DUE = (
    select(mark)
    .where(
        mark.c.due_at <= bindparam("now", type_=Time), free(mark.c.lease_machine, bindparam("machine", type_=Double()))
    )
    .order_by(mark.c.due_at, mark.c.customer_id)
    .limit(bindparam("most", type_=Integer()))
    .with_for_update(skip_locked=True)
)


def due_marks(ctx: Ctx, most: int, machine: float) -> Sequence[Row[Any]]:
    """Rows of whom accounts are to be told, oldest first; those that others look at are passed by."""
    return ctx.tx.execute(_DUE, {"now": ctx.now, "machine": machine, "most": most}).all()


_PAIRS = rows("p", customer_id=Integer(), account_id=Integer())
_OF = tuple_(mark.c.customer_id, mark.c.account_id)


def lease(ctx: Ctx, pairs: Sequence[tuple[int, int]], until: float) -> None:
    """Take rows until a machine second."""
    parameters = given(_PAIRS, customer_id=[one[0] for one in pairs], account_id=[one[1] for one in pairs])
    mine = _OF.in_(select(_PAIRS.c.customer_id, _PAIRS.c.account_id))
    ctx.tx.execute(update(mark).where(mine).values(lease_machine=until), parameters)


def held(ctx: Ctx, pairs: Sequence[tuple[int, int]], until: float) -> set[tuple[int, int]]:
    """Those of the rows that nobody has taken since they were leased until this machine second; they are locked."""
    parameters = given(_PAIRS, customer_id=[one[0] for one in pairs], account_id=[one[1] for one in pairs])
    mine = (_OF.in_(select(_PAIRS.c.customer_id, _PAIRS.c.account_id)), mark.c.lease_machine == until)
    statement = select(mark.c.customer_id, mark.c.account_id).where(*mine).order_by(*mark.primary_key)
    return {(row[0], row[1]) for row in ctx.tx.execute(statement.with_for_update(), parameters)}


_DONE = rows(
    "e",
    customer_id=Integer(),
    account_id=Integer(),
    serial=Integer(),
    tags=Text(),
    due_at=Time,
    attempts=Integer(),
    problem=Text(),
)
_same = and_(mark.c.customer_id == _DONE.c.customer_id, mark.c.account_id == _DONE.c.account_id)
_FREE = update(mark).where(_same).values(lease_machine=0.0)
_FAILED = (
    update(mark)
    .where(_same, mark.c.serial == _DONE.c.serial)
    .values(tags=cast(_DONE.c.tags, INTS), due_at=_DONE.c.due_at, attempts=_DONE.c.attempts, problem=_DONE.c.problem)
)
_TOLD = delete(mark).where(_same, mark.c.serial == _DONE.c.serial, _DONE.c.problem == "")


def finish(ctx: Ctx, done: Sequence[Mapping[str, Any]]) -> None:
    """What became of rows: told (no ``problem``), or again at ``due_at`` (None: not by itself). Of whom the account is
    to be told again meanwhile waits on."""
    parameters = given(_DONE, **{name.key: [one[name.key] for one in done] for name in _DONE.c})
    for statement in (_FREE, _TOLD, _FAILED):  # set-loop: three statements over the rows
        ctx.tx.execute(statement, parameters)


def waiting(ctx: Ctx) -> Sequence[Row[int, str, bool, int]]:
    """Per account and problem, how many customers wait or could not be told: account_id, problem, waits, customers."""
    waits = mark.c.due_at.is_not(None)
    statement = select(mark.c.account_id, mark.c.problem, waits.label("waits"), func.count().label("customers"))
    statement = statement.group_by(mark.c.account_id, mark.c.problem, waits)
    return ctx.tx.execute(statement.order_by(mark.c.account_id, mark.c.problem)).all()


def waiting_tags(ctx: Ctx) -> Sequence[Row[Any]]:
    """The same per tag: account_id, tag_id, waits, customers."""
    each = func.unnest(mark.c.tags).table_valued(column("tag_id", Integer)).render_derived("each")
    waits = mark.c.due_at.is_not(None)
    statement = select(mark.c.account_id, each.c.tag_id, waits.label("waits"), func.count().label("customers"))
    statement = statement.select_from(mark.join(each, true()))
    return ctx.tx.execute(statement.group_by(mark.c.account_id, each.c.tag_id, waits)).all()


next_mark = select(func.min(mark.c.due_at))
MARK_READY = any_of(
    select(mark.c.customer_id).where(and_(mark.c.due_at <= NOW, free(mark.c.lease_machine, MACHINE))).exists()
)
