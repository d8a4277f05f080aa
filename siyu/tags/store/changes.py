"""Private: the statements that change who carries what: set changes, expiry, merges, and what they leave to read.

Everything locks in one order: the rows of tag_expiry, then those of customer_tags, then those of merged_tags.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    DateTime,
    FromClause,
    Integer,
    Row,
    Select,
    Text,
    all_,
    cast,
    column,
    delete,
    exists,
    func,
    insert,
    literal,
    null,
    select,
    true,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import insert as upsert

from siyu.kernel.ctx import Ctx
from siyu.kernel.db import ids_of, unnest
from siyu.tags.store.tables import CHUNK_BITS, INTS, change, customer_tags, expiry, mark, merged_tags, part, place
from siyu.tags.store.tables import size as sizes


def united(*arrays: Any) -> Any:
    """The sorted distinct elements of the given arrays."""
    joined = arrays[0]
    for more in arrays[1:]:
        joined = func.array_cat(joined, more)
    element = func.unnest(joined).table_valued(column("tag_id", Integer)).render_derived()
    return func.array(select(element.c.tag_id).distinct().order_by(element.c.tag_id).scalar_subquery(), type_=INTS)


def without(tags: Any, gone: Any) -> Any:
    """The elements of ``tags`` that are not in ``gone``, in order."""
    element = func.unnest(tags).table_valued(column("tag_id", Integer)).render_derived()
    kept = select(element.c.tag_id).where(element.c.tag_id != all_(gone)).order_by(element.c.tag_id)
    return func.array(kept.scalar_subquery(), type_=INTS)


def open_change(
    ctx: Ctx, pairs: Select[Any, Any], *, added: bool, why: str, merged_from: int | None = None
) -> tuple[int, dict[int, int]]:
    """Fix which of the pairs (customer_id, tag_id) change; returns (change_id, tag_id -> how many get or lose it)."""
    values = {"at": ctx.now, "actor": ctx.actor.label, "why": why, "added": added, "size": 0}
    statement = insert(change).values(**values, merged_from=merged_from)
    change_id: int = ctx.tx.execute(statement.returning(change.c.change_id)).scalar_one()
    asked = pairs.subquery("asked")
    has = exists().where(
        customer_tags.c.customer_id == asked.c.customer_id,
        customer_tags.c.tags.contains(func.array_append(cast([], INTS), asked.c.tag_id, type_=INTS)),
    )
    chunk = asked.c.customer_id.op(">>")(literal(CHUNK_BITS, Integer))
    rows = (
        select(literal(change_id, BigInteger), asked.c.tag_id, chunk, func.array_agg(asked.c.customer_id.distinct()))
        .where(~has if added else has)
        .group_by(asked.c.tag_id, chunk)
    )
    filled = insert(part).from_select(["change_id", "tag_id", "chunk", "ids"], rows)
    found: dict[int, int] = {}
    for tag_id, size in ctx.tx.execute(filled.returning(part.c.tag_id, func.cardinality(part.c.ids))):
        found[tag_id] = found.get(tag_id, 0) + size
    return change_id, found


def leave_out(ctx: Ctx, change_id: int, tag_ids: Collection[int]) -> None:
    """Take tags out of a change that is not written yet."""
    ctx.tx.execute(delete(part).where(part.c.change_id == change_id, part.c.tag_id.in_(sorted(tag_ids))))


def forget_change(ctx: Ctx, change_id: int) -> None:
    """Take back a change that changed nobody."""
    ctx.tx.execute(delete(change).where(change.c.change_id == change_id))


def keep_change(ctx: Ctx, change_id: int, size: int, *, keep_parts: bool) -> None:
    """Write the sizes; without ``keep_parts`` the ids go, because events tell them."""
    ctx.tx.execute(update(change).where(change.c.change_id == change_id).values(size=size))
    each = select(part.c.tag_id, part.c.change_id, func.sum(func.cardinality(part.c.ids)))
    each = each.where(part.c.change_id == change_id).group_by(part.c.tag_id, part.c.change_id)
    ctx.tx.execute(insert(sizes).from_select(["tag_id", "change_id", "size"], each))
    if not keep_parts:
        ctx.tx.execute(delete(part).where(part.c.change_id == change_id))


def changed_pairs(change_id: int) -> FromClause:
    """The pairs of a change as rows (customer_id, tag_id)."""
    each = func.unnest(part.c.ids).table_valued(column("customer_id", Integer)).render_derived("each")
    return (
        select(each.c.customer_id, part.c.tag_id)
        .select_from(part.join(each, true()))
        .where(part.c.change_id == change_id)
        .subquery("changed")
    )


def _per_customer(change_id: int) -> FromClause:
    pairs = changed_pairs(change_id)
    grouped = select(pairs.c.customer_id, func.array_agg(pairs.c.tag_id).label("tags")).group_by(pairs.c.customer_id)
    return grouped.subquery("per_customer")


def write_added(ctx: Ctx, change_id: int) -> None:
    """Put the tags of a change into the arrays; for merged customers also into their own origin's share."""
    new = _per_customer(change_id)
    # In order of the customers: two changes at once would else wait for each other.
    ordered = select(new.c.customer_id, new.c.tags).order_by(new.c.customer_id)
    statement = upsert(customer_tags).from_select(["customer_id", "tags"], ordered)
    both = {"tags": united(customer_tags.c.tags, statement.excluded.tags)}
    ctx.tx.execute(statement.on_conflict_do_update(index_elements=[customer_tags.c.customer_id], set_=both))
    merged = exists().where(merged_tags.c.customer_id == new.c.customer_id)
    shares = select(new.c.customer_id, new.c.customer_id, new.c.tags).where(merged)
    share = upsert(merged_tags).from_select(["customer_id", "origin_id", "tags"], shares)
    keys = [merged_tags.c.customer_id, merged_tags.c.origin_id]
    both = {"tags": united(merged_tags.c.tags, share.excluded.tags)}
    ctx.tx.execute(share.on_conflict_do_update(index_elements=keys, set_=both))


def strays(ctx: Ctx, change_id: int, active: Select[Any]) -> list[tuple[int, int]]:
    """The pairs (customer_id, tag_id) of a change whose customers are not among the active ones (any more)."""
    pairs, living = changed_pairs(change_id), active.subquery("living")
    lives = exists().where(living.c.customer_id == pairs.c.customer_id)
    return [(row[0], row[1]) for row in ctx.tx.execute(select(pairs.c.customer_id, pairs.c.tag_id).where(~lives))]


def write_removed(ctx: Ctx, change_id: int) -> None:
    """Take the tags of a change out of the arrays and out of every origin's share."""
    gone = _per_customer(change_id)
    for table in (customer_tags, merged_tags):  # set-loop: the two tables that hold tags
        kept = without(table.c.tags, gone.c.tags)
        ctx.tx.execute(update(table).where(table.c.customer_id == gone.c.customer_id).values(tags=kept))


# --- expiry ----------------------------------------------------------------------------------------------------


def prolong(ctx: Ctx, pairs: Select[Any, Any], at: datetime) -> None:
    """Carriers whose tag expires earlier keep it until ``at``; permanent ones stay so."""
    asked = pairs.subquery("asked")
    known = tuple_(expiry.c.customer_id, expiry.c.tag_id).in_(select(asked.c.customer_id, asked.c.tag_id))
    ctx.tx.execute(update(expiry).where(known, expiry.c.expires_at < at).values(expires_at=at))


def set_expiry(ctx: Ctx, change_id: int, at: datetime) -> None:
    """Who gets tags by the change has them until ``at``."""
    new = changed_pairs(change_id)
    rows = select(new.c.customer_id, new.c.tag_id, new.c.customer_id, literal(at, DateTime(timezone=True)))
    columns = ["customer_id", "tag_id", "origin_id", "expires_at"]
    statement = upsert(expiry).from_select(columns, rows)
    keys = [expiry.c.customer_id, expiry.c.tag_id, expiry.c.origin_id]
    ctx.tx.execute(statement.on_conflict_do_update(index_elements=keys, set_={"expires_at": at}))


def drop_expiry(ctx: Ctx, pairs: Select[Any, Any]) -> None:
    """The tags of the pairs do not expire any more."""
    asked = pairs.subquery("asked")
    known = tuple_(expiry.c.customer_id, expiry.c.tag_id).in_(select(asked.c.customer_id, asked.c.tag_id))
    ctx.tx.execute(delete(expiry).where(known))


def take_expired(ctx: Ctx, limit: int) -> list[tuple[int, int, int]]:
    """Take up to ``limit`` due rows (customer_id, tag_id, origin_id), earliest first, that nobody else is taking."""
    keys = (expiry.c.customer_id, expiry.c.tag_id, expiry.c.origin_id)
    due = (
        select(*keys)
        .where(expiry.c.expires_at <= ctx.now)
        .order_by(expiry.c.expires_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .subquery("due")
    )
    statement = delete(expiry).where(tuple_(*keys).in_(select(*due.c))).returning(*keys)
    return [(row[0], row[1], row[2]) for row in ctx.tx.execute(statement)]


def lock_arrays(ctx: Ctx, who: Select[*tuple[Any, ...]]) -> None:
    """Let nobody else change the arrays of the customers of ``who`` until the transaction ends."""
    asked = who.subquery("who")
    mine = customer_tags.c.customer_id.in_(select(asked.c.customer_id))
    ordered = select(customer_tags.c.customer_id).where(mine).order_by(customer_tags.c.customer_id)
    ctx.tx.execute(ordered.with_for_update()).all()


def drop_shares(ctx: Ctx, rows: Sequence[tuple[int, int, int]]) -> None:
    """Take tags out of single origins' shares of merged customers; rows are (customer_id, tag_id, origin_id)."""
    customers, tag_ids, origins = zip(*rows, strict=True)
    given = unnest("x", customer_id=(Integer(), customers), tag_id=(Integer(), tag_ids), origin_id=(Integer(), origins))
    gone = (
        select(given.c.customer_id, given.c.origin_id, func.array_agg(given.c.tag_id).label("tags"))
        .group_by(given.c.customer_id, given.c.origin_id)
        .subquery("gone")
    )
    ctx.tx.execute(
        update(merged_tags)
        .where(merged_tags.c.customer_id == gone.c.customer_id, merged_tags.c.origin_id == gone.c.origin_id)
        .values(tags=without(merged_tags.c.tags, gone.c.tags))
    )


def not_held_by_others(rows: Sequence[tuple[int, int, int]]) -> Select[Any, Any]:
    """The pairs of expired rows that no origin of the (merged) customer holds any more."""
    customers, tag_ids, _ = zip(*rows, strict=True)
    given = unnest("x", customer_id=(Integer(), customers), tag_id=(Integer(), tag_ids))
    held = exists().where(
        merged_tags.c.customer_id == given.c.customer_id,
        merged_tags.c.tags.contains(func.array_append(cast([], INTS), given.c.tag_id, type_=INTS)),
    )
    return select(given.c.customer_id, given.c.tag_id).where(~held)


next_expiry = select(func.min(expiry.c.expires_at))


def expiries(ctx: Ctx, customer_id: int) -> dict[int, datetime]:
    """When the tags of a customer go; only tags that all its origins hold for a time."""
    other = expiry.alias("other")
    same = (other.c.customer_id == merged_tags.c.customer_id, other.c.tag_id == expiry.c.tag_id)
    for_a_time = exists().where(*same, other.c.origin_id == merged_tags.c.origin_id).correlate(merged_tags, expiry)
    for_good = exists().where(
        merged_tags.c.customer_id == expiry.c.customer_id,
        merged_tags.c.tags.contains(func.array_append(cast([], INTS), expiry.c.tag_id, type_=INTS)),
        ~for_a_time,
    )
    statement = select(expiry.c.tag_id, func.max(expiry.c.expires_at))
    statement = statement.where(expiry.c.customer_id == customer_id, ~for_good.correlate(expiry))
    return {row[0]: row[1] for row in ctx.tx.execute(statement.group_by(expiry.c.tag_id))}


# --- merges ----------------------------------------------------------------------------------------------------


def hold_customers(ctx: Ctx, ids: Sequence[int]) -> None:
    """Let nobody else change the tags of these customers until the transaction ends.

    Who has none gets an empty row, so that there is a row to lock; ``unite_shares`` takes it away again.
    """
    involved = unnest("involved", customer_id=(Integer(), sorted(ids)))
    empty = select(involved.c.customer_id, cast([], INTS)).order_by(involved.c.customer_id)
    theirs = expiry.c.customer_id.in_(select(involved.c.customer_id))
    ctx.tx.execute(select(expiry.c.tag_id).where(theirs).order_by(*expiry.primary_key).with_for_update()).all()
    ctx.tx.execute(upsert(customer_tags).from_select(["customer_id", "tags"], empty).on_conflict_do_nothing())
    lock_arrays(ctx, ids_of(sorted(ids)))


def open_shares(ctx: Ctx, ids: Sequence[int]) -> None:
    """Give every customer that takes part in a merge a share of its own, if it has none yet."""
    involved = unnest("involved", customer_id=(Integer(), ids))
    known = exists().where(merged_tags.c.customer_id == customer_tags.c.customer_id).correlate(customer_tags)
    rows = select(customer_tags.c.customer_id, customer_tags.c.customer_id, customer_tags.c.tags).where(
        customer_tags.c.customer_id.in_(select(involved.c.customer_id)),
        ~known,
        func.cardinality(customer_tags.c.tags) > 0,
    )
    ctx.tx.execute(upsert(merged_tags).from_select(["customer_id", "origin_id", "tags"], rows).on_conflict_do_nothing())


def move_shares(ctx: Ctx, origins: Sequence[int], targets: Sequence[int]) -> None:
    """Move each origin's share and expiry to its target, by insert and delete: the customer distributes."""
    moves = unnest("moves", origin_id=(Integer(), origins), to_id=(Integer(), targets))
    for table in (merged_tags, expiry, place):  # set-loop: the tables that keep an origin
        names = [name.key for name in table.c]
        moved = [moves.c.to_id if name == "customer_id" else table.c[name] for name in names]
        here = (table.c.origin_id == moves.c.origin_id, table.c.customer_id != moves.c.to_id)
        ctx.tx.execute(upsert(table).from_select(names, select(*moved).where(*here)).on_conflict_do_nothing())
        ctx.tx.execute(delete(table).where(*here))


def unite_shares(ctx: Ctx, ids: Sequence[int]) -> None:
    """Write the arrays of the given customers anew, as the union of their shares; without a share, nothing remains."""
    involved = unnest("involved", customer_id=(Integer(), ids))
    each = func.unnest(merged_tags.c.tags).table_valued(column("tag_id", Integer)).render_derived("each")
    union = (
        select(merged_tags.c.customer_id, func.array_agg(each.c.tag_id.distinct()).label("tags"))
        .select_from(merged_tags.join(each, true()))
        .where(merged_tags.c.customer_id.in_(select(involved.c.customer_id)))
        .group_by(merged_tags.c.customer_id)
    )
    # Updated in place: a removal that waits for the row meanwhile goes on with the united tags, of a row that was
    # deleted and made anew it would find none.
    statement = upsert(customer_tags).from_select(["customer_id", "tags"], union)
    whole = {"tags": statement.excluded.tags}
    ctx.tx.execute(statement.on_conflict_do_update(index_elements=[customer_tags.c.customer_id], set_=whole))
    holds = exists().where(
        merged_tags.c.customer_id == customer_tags.c.customer_id, func.cardinality(merged_tags.c.tags) > 0
    )
    mine = customer_tags.c.customer_id.in_(select(involved.c.customer_id))
    ctx.tx.execute(delete(customer_tags).where(mine, ~holds.correlate(customer_tags)))


def forget_customers(ctx: Ctx, ids: Sequence[int]) -> None:
    """Delete everything about these customers; the ids in the parts of big changes go too."""
    gone = unnest("gone", customer_id=(Integer(), ids))
    for table in (place, mark, expiry, customer_tags, merged_tags):  # set-loop: the tables that hold tags
        ctx.tx.execute(delete(table).where(table.c.customer_id.in_(select(gone.c.customer_id))))
    chunks = {customer_id >> CHUNK_BITS for customer_id in ids}
    named = part.c.ids.overlap(cast(list(ids), INTS))
    kept = without(part.c.ids, cast(list(ids), INTS))
    ctx.tx.execute(update(part).where(part.c.chunk.in_(chunks), named).values(ids=kept))


# --- provenance ------------------------------------------------------------------------------------------------


def event_rows(change_id: int, at: datetime, *, added: bool, props: dict[str, object]) -> Select[*tuple[Any, ...]]:
    """The events of a change in the shape that ``customers.actions.record_from`` takes."""
    pairs = changed_pairs(change_id)
    key = func.concat(change_id, ":", pairs.c.tag_id, ":", pairs.c.customer_id)
    told = func.jsonb_build_object("tag_id", pairs.c.tag_id, type_=JSONB).op("||")(cast(props, JSONB))
    return select(
        pairs.c.customer_id,
        literal("tag_added" if added else "tag_removed", Text).label("type"),
        literal(at, DateTime(timezone=True)).label("occurred_at"),
        literal("tags", Text).label("source"),
        key.label("key"),
        cast(null(), Integer).label("content_id"),
        told.label("props"),
    )


def origins_of(ctx: Ctx, customer_id: int) -> set[int]:
    """The customer and those that it took over by merges, as far as they brought tags along."""
    statement = select(merged_tags.c.origin_id).where(merged_tags.c.customer_id == customer_id)
    return {customer_id, *ctx.tx.execute(statement).scalars()}


def big_changes(
    ctx: Ctx, ids: Collection[int], tag_ids: Sequence[int]
) -> Sequence[Row[int, datetime, str, str, int | None]]:
    """The big additions of these tags that these customers were part of, latest last: tag_id, at, actor, why,
    merged_from."""
    statement = (
        select(part.c.tag_id, change.c.at, change.c.actor, change.c.why, change.c.merged_from)
        .join(change, change.c.change_id == part.c.change_id)
        .where(
            part.c.tag_id.in_(tag_ids),
            part.c.chunk.in_(sorted({one >> CHUNK_BITS for one in ids})),
            part.c.ids.overlap(cast(sorted(ids), INTS)),
            change.c.added,
        )
        .order_by(change.c.change_id)
    )
    return ctx.tx.execute(statement).all()
