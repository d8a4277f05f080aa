"""Private: the statements that look over the whole taxonomy: what was given last, and who carries the same tags."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import FromClause, Integer, Row, column, func, literal, select, tablesample, true

from siyu.kernel.ctx import Ctx
from siyu.tags.store.tables import change, customer_tags, size, tag

SEED = 1
"""The same sample each time."""


def last_given(ctx: Ctx) -> dict[int, datetime]:
    """When each tag was given last; tags that never were are missing. A look into the index per tag."""
    latest = (
        select(change.c.at)
        .join(size, size.c.change_id == change.c.change_id)
        .where(size.c.tag_id == tag.c.tag_id, change.c.added)
        .order_by(size.c.change_id.desc())
        .limit(1)
        .correlate(tag)
        .lateral("latest")
    )
    statement = select(tag.c.tag_id, latest.c.at).select_from(tag.join(latest, true()))
    return {row[0]: row[1] for row in ctx.tx.execute(statement)}


def changes_of(
    ctx: Ctx, tag_id: int, before: int | None, limit: int
) -> Sequence[Row[int, datetime, str, str, bool, int]]:
    """The changes of a tag, latest first: change_id, at, actor, why, added, size (of this tag)."""
    statement = (
        select(change.c.change_id, change.c.at, change.c.actor, change.c.why, change.c.added, size.c.size)
        .join(size, size.c.change_id == change.c.change_id)
        .where(size.c.tag_id == tag_id)
        .order_by(size.c.change_id.desc())
        .limit(limit)
    )
    return ctx.tx.execute(statement if before is None else statement.where(size.c.change_id < before)).all()


def more_than(ctx: Ctx, most: int) -> bool:
    """Whether more people than this carry tags; looks at no more of them than that."""
    some = select(customer_tags.c.customer_id).limit(most + 1).subquery("some")
    return ctx.tx.execute(select(func.count()).select_from(some)).scalar_one() > most


def _rows(ctx: Ctx, about: int | None) -> FromClause:
    if about is None:
        return customer_tags
    # Ids are dense, so that the highest says how many rows there may be.
    highest = ctx.tx.execute(select(func.max(customer_tags.c.customer_id))).scalar_one() or about
    percent = max(0.001, min(100.0, 100 * about / highest))
    return tablesample(customer_tags, func.system(percent), name="sample", seed=literal(SEED))


def together(
    ctx: Ctx, tag_ids: Sequence[int], about: int | None
) -> tuple[int, dict[int, int], dict[tuple[int, int], int]]:
    """Of everybody who carries tags, or of a sample of ``about`` so many: how many there are, how many of them carry
    each of the given tags, and how many each two of these that anybody carries together."""
    rows = _rows(ctx, about)
    one = func.unnest(rows.c.tags).table_valued(column("tag_id", Integer)).render_derived("one")
    other = func.unnest(rows.c.tags).table_valued(column("tag_id", Integer)).render_derived("other")
    people = ctx.tx.execute(select(func.count()).select_from(rows)).scalar_one()
    wanted = one.c.tag_id.in_(tag_ids)
    alone = select(one.c.tag_id, func.count()).select_from(rows.join(one, true())).where(wanted)
    sizes = {row[0]: row[1] for row in ctx.tx.execute(alone.group_by(one.c.tag_id))}
    both = select(one.c.tag_id, other.c.tag_id, func.count()).select_from(rows.join(one, true()).join(other, true()))
    both = both.where(wanted, other.c.tag_id.in_(tag_ids), one.c.tag_id < other.c.tag_id)
    pairs = ctx.tx.execute(both.group_by(one.c.tag_id, other.c.tag_id))
    return people, sizes, {(row[0], row[1]): row[2] for row in pairs}
