"""Private: the statements that make one tag of two. They lock in the order of ``changes``."""

from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Integer,
    Select,
    and_,
    cast,
    delete,
    exists,
    func,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert

from siyu.kernel.ctx import Ctx
from siyu.tags.store.changes import united
from siyu.tags.store.tables import INTS, customer_tags, expiry, merged_tags


def lock_expiries(ctx: Ctx, tag_ids: list[int]) -> None:
    """Let nobody else change how long these tags last until the transaction ends."""
    theirs = select(expiry.c.tag_id).where(expiry.c.tag_id.in_(tag_ids)).order_by(*expiry.primary_key)
    ctx.tx.execute(theirs.with_for_update()).all()


def _holds(rows: FromClause, tag_id: int) -> ColumnElement[bool]:
    """Whether the origin of an expiry row holds the tag: by its share, or as a customer who was never merged."""
    tag = cast([tag_id], INTS)
    share, whole, any_share = merged_tags.alias("share"), customer_tags.alias("whole"), merged_tags.alias("any_share")
    mine = exists().where(
        share.c.customer_id == rows.c.customer_id, share.c.origin_id == rows.c.origin_id, share.c.tags.contains(tag)
    )
    carried = exists().where(whole.c.customer_id == rows.c.customer_id, whole.c.tags.contains(tag))
    merged = exists().where(any_share.c.customer_id == rows.c.customer_id)
    return or_(mine, and_(rows.c.origin_id == rows.c.customer_id, carried, ~merged))


def unite_expiries(ctx: Ctx, tag_id: int, into: int) -> None:
    """Who holds both tags has the one for good if either was, else for the longer time; who holds one, as long."""
    old, new = expiry.alias("old"), expiry
    same = and_(old.c.customer_id == new.c.customer_id, old.c.origin_id == new.c.origin_id)
    ends = exists().where(old.c.tag_id == tag_id, same).correlate(new)
    ctx.tx.execute(delete(new).where(new.c.tag_id == into, _holds(new, tag_id), ~ends))
    longer = (new.c.tag_id == into, old.c.tag_id == tag_id, same, old.c.expires_at > new.c.expires_at)
    ctx.tx.execute(update(new).where(*longer).values(expires_at=old.c.expires_at))
    columns = ["customer_id", "tag_id", "origin_id", "expires_at"]
    lasting = select(old.c.customer_id, literal(into, Integer), old.c.origin_id, old.c.expires_at)
    lasting = lasting.where(old.c.tag_id == tag_id, ~_holds(old, into))
    ctx.tx.execute(upsert(expiry).from_select(columns, lasting).on_conflict_do_nothing())
    ctx.tx.execute(delete(expiry).where(expiry.c.tag_id == tag_id))


def replace(ctx: Ctx, tag_id: int, into: int) -> None:
    """Whoever carries the tag carries the other one instead, in every origin's share."""
    for table in (customer_tags, merged_tags):  # set-loop: the two tables that hold tags
        other = united(func.array_remove(table.c.tags, tag_id), cast([into], INTS))
        ctx.tx.execute(update(table).where(table.c.tags.contains(cast([tag_id], INTS))).values(tags=other))


def pairs_of(carriers: Select[Any, Any], tag_id: int) -> Select[Any, Any]:
    """The same customers as pairs with another tag."""
    asked = carriers.subquery("carriers")
    return select(asked.c.customer_id, literal(tag_id, Integer).label("tag_id"))
