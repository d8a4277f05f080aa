"""Private: the tables and statements of tags.

One array per customer, because a row per assignment costs nine times the space at 10 million customers
(ARCHITECTURE.md section 7); never install intarray beside this index, it shadows the operators.
A change first fixes the pairs concerned in ``tag_change_part`` (65,536 neighbouring ids a row); the arrays, the
events and the provenance of big changes are all read from there. ``tag_change_size`` keeps how many got or lost each
tag by it, in rows that are only added, so that changes of one tag never wait for each other. ``merged_tags`` holds what
each origin of a merged customer brought along, and has rows for such customers only.

``tag_remote_group`` and ``tag_link`` say what a platform calls our groups and tags; ``account_id`` is the account that
stands for its corp. ``tag_place`` is what each follow carries there, as far as known; ``tag_mark`` of whom a platform
is still to be told, or could not be.
"""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import (
    Integer,
    Row,
    Select,
    Text,
    cast,
    column,
    delete,
    func,
    literal,
    select,
    true,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert

from siyu.kernel.ctx import Ctx
from siyu.kernel.db import given, rows, unnest
from siyu.tags.store.tables import INTS, customer_tags, group, link, part, size, tag


def add_group(ctx: Ctx, name: str) -> int | None:
    """Insert; None when the name is taken."""
    statement = upsert(group).values(name=name, created_at=ctx.now).on_conflict_do_nothing().returning(group.c.group_id)
    return ctx.tx.execute(statement).scalar_one_or_none()


def add_tag(ctx: Ctx, group_id: int, name: str, note: str) -> int | None:
    """Insert; None when the group has a tag of this name."""
    statement = upsert(tag).values(group_id=group_id, name=name, note=note, created_at=ctx.now)
    return ctx.tx.execute(statement.on_conflict_do_nothing().returning(tag.c.tag_id)).scalar_one_or_none()


def group_by(ctx: Ctx, **where: Any) -> Row[Any] | None:
    statement = select(group)
    for name, value in where.items():
        statement = statement.where(group.c[name] == value)
    return ctx.tx.execute(statement).one_or_none()


def groups(ctx: Ctx) -> Sequence[Row[Any]]:
    return ctx.tx.execute(select(group).order_by(group.c.group_id)).all()


_READ_ONLY = select(link.c.link_id).where(link.c.tag_id == tag.c.tag_id, link.c.rights == "read").exists()


def _tags() -> Select[Any]:
    return (
        select(tag, group.c.name.label("group_name"), _READ_ONLY.label("read_only"))
        .join(group, group.c.group_id == tag.c.group_id)
        .order_by(tag.c.tag_id)
    )


def tags(ctx: Ctx) -> Sequence[Row[Any]]:
    return ctx.tx.execute(_tags()).all()


def tags_by_id(ctx: Ctx, tag_ids: Sequence[int]) -> Sequence[Row[Any]]:
    wanted = unnest("t", tag_id=(Integer(), tag_ids))
    return ctx.tx.execute(_tags().where(tag.c.tag_id.in_(select(wanted.c.tag_id)))).all()


def tags_by_path(ctx: Ctx, paths: Sequence[tuple[str, str]]) -> Sequence[Row[Any]]:
    """The tags of the given (group, name) pairs that exist."""
    wanted = unnest("t", group=(Text(), [path[0] for path in paths]), name=(Text(), [path[1] for path in paths]))
    pair = tuple_(group.c.name, tag.c.name)
    return ctx.tx.execute(_tags().where(pair.in_(select(wanted.c.group, wanted.c.name)))).all()


def change_group(ctx: Ctx, group_id: int, name: str) -> bool:
    return ctx.tx.execute(update(group).where(group.c.group_id == group_id).values(name=name)).rowcount == 1


def change_tag(ctx: Ctx, tag_id: int, **values: Any) -> bool:
    return ctx.tx.execute(update(tag).where(tag.c.tag_id == tag_id).values(**values)).rowcount == 1


_HELD = rows("held", tag_id=Integer())
_HOLD = _tags().where(tag.c.tag_id.in_(select(_HELD.c.tag_id))).with_for_update(of=tag, read=True, key_share=True)


def hold(ctx: Ctx, tag_ids: Collection[int]) -> dict[int, Row[Any]]:
    """Let nobody delete the tags until the transaction ends; returns the rows of those that exist, by tag_id."""
    found = ctx.tx.execute(_HOLD, given(_HELD, tag_id=sorted(tag_ids))).all()
    return {row.tag_id: row for row in found}


def hold_alone(ctx: Ctx, tag_id: int) -> None:
    """Wait until nobody holds the tag, and let nobody until the transaction ends."""
    ctx.tx.execute(select(tag.c.tag_id).where(tag.c.tag_id == tag_id).with_for_update())


def drop_tag(ctx: Ctx, tag_id: int) -> None:
    """Delete the row of a tag that nobody carries any more, those merged into it, and the details of their changes."""
    gone = select(tag.c.tag_id).where((tag.c.tag_id == tag_id) | (tag.c.merged_into == tag_id))
    for table in (part, size):  # set-loop: the two tables of details
        ctx.tx.execute(delete(table).where(table.c.tag_id.in_(gone)))
    ctx.tx.execute(delete(tag).where(tag.c.tag_id.in_(gone)))


def absorb(ctx: Ctx, tag_id: int, into: int) -> None:
    """The tag, and those merged into it before, are the other one from now on."""
    theirs = (tag.c.tag_id == tag_id) | (tag.c.merged_into == tag_id)
    retired = func.coalesce(tag.c.retired_at, ctx.now)
    ctx.tx.execute(update(tag).where(theirs).values(merged_into=into, retired_at=retired))


def absorbed(ctx: Ctx, tag_ids: Collection[int]) -> list[int]:
    """The tags that were merged into the given ones."""
    wanted = unnest("t", tag_id=(Integer(), sorted(tag_ids)))
    statement = select(tag.c.tag_id).where(tag.c.merged_into.in_(select(wanted.c.tag_id)))
    return list(ctx.tx.execute(statement.order_by(tag.c.tag_id)).scalars())


def carriers(tag_id: int) -> Select[int, int]:
    """Everybody who carries the tag, as pairs."""
    has = customer_tags.c.tags.contains(cast([tag_id], INTS))
    return select(customer_tags.c.customer_id, literal(tag_id, Integer).label("tag_id")).where(has)


def counts(ctx: Ctx) -> dict[int, int]:
    """How many customers carry each tag; reads every row of ``customer_tags``."""
    element = func.unnest(customer_tags.c.tags).table_valued(column("tag_id", Integer)).render_derived()
    statement = (
        select(element.c.tag_id, func.count())
        .select_from(customer_tags.join(element, true()))
        .group_by(element.c.tag_id)
    )
    return {row[0]: row[1] for row in ctx.tx.execute(statement)}


def tags_of(ctx: Ctx, ids: Sequence[int]) -> dict[int, list[int]]:
    wanted = unnest("w", customer_id=(Integer(), ids))
    statement = select(customer_tags).where(customer_tags.c.customer_id.in_(select(wanted.c.customer_id)))
    return {row.customer_id: row.tags for row in ctx.tx.execute(statement)}
