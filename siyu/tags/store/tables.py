"""The tables of tags, of what platforms know of them, and of what waits to be told to platforms."""

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Named,
    Table,
    Text,
    TypedColumns,
    UniqueConstraint,
)
from sqlalchemy import (
    Sequence as Counter,
)
from sqlalchemy.dialects.postgresql import ARRAY

from siyu.kernel.db import metadata

INTS = ARRAY(Integer)
CHUNK_BITS = 16
Time = DateTime(timezone=True)
positions = Counter("tag_position_seq", metadata=metadata, data_type=BigInteger)
"""Numbers readings and marks in the order in which they began and ended."""


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
    merged_into: Named[int | None] = Column(Integer, ForeignKey("tag.tag_id"))


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
    merged_from: Named[int | None] = Column(Integer)


class SizeColumns(TypedColumns):
    tag_id = Column(Integer, primary_key=True, autoincrement=False)
    change_id = Column(BigInteger, primary_key=True, autoincrement=False)
    size: Named[int] = Column(Integer)


class PartColumns(TypedColumns):
    change_id = Column(BigInteger, primary_key=True, autoincrement=False)
    tag_id = Column(Integer, primary_key=True, autoincrement=False)
    chunk = Column(Integer, primary_key=True, autoincrement=False)
    ids: Named[list[int]] = Column(INTS)


class LookColumns(TypedColumns):
    account_id = Column(Integer, primary_key=True, autoincrement=False)
    due_at: Named[datetime] = Column(Time)
    serial: Named[int] = Column(Integer)
    attempts: Named[int] = Column(Integer)
    lease_machine: Named[float] = Column(Double)
    looked_at: Named[datetime | None] = Column(Time)
    problem: Named[str] = Column(Text)


class RemoteGroupColumns(TypedColumns):
    account_id = Column(Integer, primary_key=True, autoincrement=False)
    group_id = Column(Integer, ForeignKey("tag_group.group_id"), primary_key=True, autoincrement=False)
    remote_id: Named[str | None] = Column(Text)
    name: Named[str] = Column(Text)
    rights: Named[str] = Column(Text)
    outward: Named[bool] = Column(Boolean)


class LinkColumns(TypedColumns):
    link_id = Column(BigInteger, Identity(), primary_key=True)
    account_id: Named[int] = Column(Integer)
    tag_id: Named[int | None] = Column(Integer, ForeignKey("tag.tag_id"))
    remote_id: Named[str | None] = Column(Text)
    name: Named[str] = Column(Text)
    rights: Named[str] = Column(Text)
    problem: Named[str] = Column(Text)


class PlaceColumns(TypedColumns):
    customer_id = Column(Integer, primary_key=True, autoincrement=False)
    origin_id = Column(Integer, primary_key=True, autoincrement=False)
    account_id = Column(Integer, primary_key=True, autoincrement=False)
    staff = Column(Text, primary_key=True)
    tags: Named[list[int]] = Column(INTS)
    kept: Named[list[int]] = Column(INTS)
    read_at: Named[datetime] = Column(Time)
    position: Named[int] = Column(BigInteger)
    whole: Named[bool] = Column(Boolean)


class MarkColumns(TypedColumns):
    customer_id = Column(Integer, primary_key=True, autoincrement=False)
    account_id = Column(Integer, primary_key=True, autoincrement=False)
    tags: Named[list[int]] = Column(INTS)
    due_at: Named[datetime | None] = Column(Time, index=True)
    serial: Named[int] = Column(Integer)
    attempts: Named[int] = Column(Integer)
    lease_machine: Named[float] = Column(Double)
    problem: Named[str] = Column(Text)


group = Table("tag_group", metadata, GroupColumns)
tag = Table("tag", metadata, TagColumns, UniqueConstraint("group_id", "name"))
customer_tags = Table("customer_tags", metadata, CustomerTagsColumns, Index(None, "tags", postgresql_using="gin"))
merged_tags = Table("merged_tags", metadata, MergedTagsColumns)
expiry = Table("tag_expiry", metadata, ExpiryColumns)
change = Table("tag_change", metadata, ChangeColumns)
size = Table("tag_change_size", metadata, SizeColumns)
part = Table("tag_change_part", metadata, PartColumns, Index(None, "tag_id", "chunk"))
look = Table("tag_look", metadata, LookColumns)
remote_group = Table("tag_remote_group", metadata, RemoteGroupColumns, UniqueConstraint("account_id", "remote_id"))
link = Table(
    "tag_link",
    metadata,
    LinkColumns,
    UniqueConstraint("tag_id", "account_id"),
    UniqueConstraint("account_id", "remote_id"),
)
place = Table("tag_place", metadata, PlaceColumns)
mark = Table("tag_mark", metadata, MarkColumns)
