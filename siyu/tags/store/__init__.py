"""Private: the tables and statements of tags.

One array per customer, because a row per assignment costs nine times the space at 10 million customers
(ARCHITECTURE.md section 7); never install intarray beside this index, it shadows the operators.
A change first fixes the pairs concerned in ``tag_change_part`` (65,536 neighbouring ids a row); the arrays, the
events and the provenance of big changes are all read from there. ``merged_tags`` holds what each origin of a merged
customer brought along, and has rows for such customers only.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Named,
    Row,
    Select,
    Table,
    Text,
    TypedColumns,
    UniqueConstraint,
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
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import insert as upsert

from siyu.kernel.ctx import Ctx
from siyu.kernel.db import metadata, unnest

INTS = ARRAY(Integer)
CHUNK_BITS = 16


class GroupColumns(TypedColumns):
    group_id = Column(Integer, Identity(), primary_key=True)
    name: Named[str] = Column(Text, unique=True)
    created_at: Named[datetime] = Column(DateTime(timezone=True))


class TagColumns(TypedColumns):
    tag_id = Column(Integer, Identity(), primary_key=True)
    group_id: Named[int] = Column(Integer, ForeignKey("tag_group.group_id"))
    name: Named[str] = Column(Text)
    note: Named[str] = Column(Text)
    created_at: Named[datetime] = Column(DateTime(timezone=True))
    retired_at: Named[datetime | None] = Column(DateTime(timezone=True))


class CustomerTagsColumns(TypedColumns):
    customer_id = Column(Integer, primary_key=True, autoincrement=False)
    tags: Named[list[int]] = Column(INTS)


class MergedTagsColumns(TypedColumns):
    customer_id = Column(Integer, primary_key=True, autoincrement=False)
    origin_id = Column(Integer, primary_key=True, autoincrement=False)
    tags: Named[list[int]] = Column(INTS)


class ExpiryColumns(TypedColumns):
    customer_id = Column(Integer, primary_key=True, autoincrement=False)
    tag_id = Column(Integer, primary_key=True, autoincrement=False)
    origin_id = Column(Integer, primary_key=True, autoincrement=False)
    expires_at: Named[datetime] = Column(DateTime(timezone=True), index=True)


class ChangeColumns(TypedColumns):
    change_id = Column(BigInteger, Identity(), primary_key=True)
    at: Named[datetime] = Column(DateTime(timezone=True))
    actor: Named[str] = Column(Text)
    why: Named[str] = Column(Text)
    added: Named[bool] = Column(Boolean)
    size: Named[int] = Column(Integer)


class PartColumns(TypedColumns):
    change_id = Column(BigInteger, primary_key=True, autoincrement=False)
    tag_id = Column(Integer, primary_key=True, autoincrement=False)
    chunk = Column(Integer, primary_key=True, autoincrement=False)
    ids: Named[list[int]] = Column(INTS)


group = Table("tag_group", metadata, GroupColumns)
tag = Table("tag", metadata, TagColumns, UniqueConstraint("group_id", "name"))
customer_tags = Table("customer_tags", metadata, CustomerTagsColumns, Index(None, "tags", postgresql_using="gin"))
merged_tags = Table("merged_tags", metadata, MergedTagsColumns)
expiry = Table("tag_expiry", metadata, ExpiryColumns)
change = Table("tag_change", metadata, ChangeColumns)
part = Table("tag_change_part", metadata, PartColumns, Index(None, "tag_id", "chunk"))


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


def _tags() -> Select[Any]:
    return (
        select(tag, group.c.name.label("group_name"))
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


def drop_tag(ctx: Ctx, tag_id: int) -> None:
    """Delete the row of a tag that nobody carries any more, and the details of its changes."""
    ctx.tx.execute(delete(part).where(part.c.tag_id == tag_id))
    ctx.tx.execute(delete(tag).where(tag.c.tag_id == tag_id))


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
