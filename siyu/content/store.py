"""Private: tables and statements of the library: contents, versions, files, links."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    DateTime,
    ForeignKey,
    Identity,
    Integer,
    LargeBinary,
    Named,
    Row,
    Select,
    Table,
    Text,
    TypedColumns,
    UniqueConstraint,
    and_,
    bindparam,
    func,
    insert,
    or_,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import insert as upsert

from siyu.kernel.ctx import Ctx
from siyu.kernel.db import given, metadata, rows


class ContentColumns(TypedColumns):
    content_id = Column(Integer, Identity(), primary_key=True)
    key: Named[str] = Column(Text, unique=True)
    kind: Named[str] = Column(Text)
    latest: Named[int] = Column(Integer)
    published: Named[int | None] = Column(Integer)
    archived: Named[bool] = Column(Boolean)
    created_at: Named[datetime] = Column(DateTime(timezone=True))
    updated_at: Named[datetime] = Column(DateTime(timezone=True))


class VersionColumns(TypedColumns):
    content_id: Named[int] = Column(Integer, ForeignKey("content.content_id"), primary_key=True)
    version: Named[int] = Column(Integer, primary_key=True)
    title: Named[str] = Column(Text)
    digest: Named[str] = Column(Text)
    body: Named[dict[str, object]] = Column(JSONB)
    made_at: Named[datetime] = Column(DateTime(timezone=True))
    made_by: Named[str] = Column(Text)


class FileColumns(TypedColumns):
    file_id = Column(Integer, Identity(), primary_key=True)
    kind: Named[str] = Column(Text)
    media_type: Named[str] = Column(Text)
    name: Named[str] = Column(Text)
    size: Named[int] = Column(BigInteger)
    sha256: Named[str] = Column(Text, unique=True)
    pages: Named[int | None] = Column(Integer)
    width: Named[int | None] = Column(Integer)
    height: Named[int | None] = Column(Integer)
    data: Named[bytes] = Column(LargeBinary)
    added_at: Named[datetime] = Column(DateTime(timezone=True))


class LinkColumns(TypedColumns):
    link_id = Column(Integer, Identity(), primary_key=True)
    content_id: Named[int] = Column(Integer, ForeignKey("content.content_id"))
    purpose: Named[str] = Column(Text)
    account_id: Named[int] = Column(Integer)  # 0: no account, because a unique key takes no null
    made_at: Named[datetime] = Column(DateTime(timezone=True))


content = Table("content", metadata, ContentColumns)
version = Table("content_version", metadata, VersionColumns)
file = Table("content_file", metadata, FileColumns)
link = Table("content_link", metadata, LinkColumns, UniqueConstraint("content_id", "purpose", "account_id"))


def prepare(connection: Connection) -> None:
    """Files are compressed already: keep them out of line and uncompressed."""
    connection.execute(text("alter table content_file alter column data set storage external"))


def _whole() -> Select[*tuple[Any, ...]]:
    return select(
        content,
        version.c.version,
        version.c.title,
        version.c.digest,
        version.c.body,
    ).join(version, version.c.content_id == content.c.content_id)


_WANTED: Mapping[str, ColumnElement[Any]] = {
    "at": bindparam("at", type_=Integer),
    "published": content.c.published,
    "latest": content.c.latest,
}
_ONE = {
    (kind, which): _whole().where(version.c.version == number, column == bindparam("ref", type_=column.type))
    for kind, column in ((int, content.c.content_id), (str, content.c.key))
    for which, number in _WANTED.items()
}


def one(ctx: Ctx, ref: int | str, at: int | None, published: bool) -> Row[Any] | None:
    """A content by id or key, at version ``at``, else the published (None when there is none) or the latest one."""
    which = "at" if at is not None else "published" if published else "latest"
    statement = _ONE[int if isinstance(ref, int) else str, which]
    return ctx.tx.execute(statement, {"ref": ref, "at": at} if which == "at" else {"ref": ref}).one_or_none()


_BY_KEYS = select(content.c.key, content.c.content_id, content.c.kind, content.c.published, content.c.archived).where(
    content.c.key == func.any(bindparam("keys", type_=ARRAY(Text)))
)


def by_keys(ctx: Ctx, keys: Sequence[str]) -> Mapping[str, Any]:
    """(content_id, kind, published, archived) of each key that exists."""
    return {row.key: row for row in ctx.tx.execute(_BY_KEYS, {"keys": list(keys)})}


_KEYS_LIKE = select(content.c.key).where(
    or_(
        content.c.key == bindparam("key", type_=Text),
        content.c.key.startswith(bindparam("dashed", type_=Text)),  # keys hold no % and no _
    )
)


def keys_like(ctx: Ctx, key: str) -> frozenset[str]:
    """The keys that are ``key`` or begin with it and a hyphen."""
    return frozenset(ctx.tx.scalars(_KEYS_LIKE, {"key": key, "dashed": f"{key}-"}))


_IDS = rows("ids", content_id=Integer())
_TITLES = (
    select(content.c.content_id, version.c.title)
    .join_from(_IDS, content, content.c.content_id == _IDS.c.content_id)
    .join(version, and_(version.c.content_id == content.c.content_id, version.c.version == content.c.latest))
)


def titles(ctx: Ctx, ids: Sequence[int]) -> dict[int, str]:
    """content_id -> latest title."""
    found = ctx.tx.execute(_TITLES, given(_IDS, content_id=ids)) if ids else ()
    return {row.content_id: row.title for row in found}


def lock_key(ctx: Ctx, key: str) -> Row[Any] | None:
    """The content row of ``key``, held until the transaction ends."""
    return ctx.tx.execute(select(content).where(content.c.key == key).with_for_update()).one_or_none()


def add(ctx: Ctx, key: str, kind: str) -> int | None:
    """A new content without versions; None when the key is taken."""
    row = upsert(content).values(
        key=key, kind=kind, latest=0, published=None, archived=False, created_at=ctx.now, updated_at=ctx.now
    )
    return ctx.tx.execute(row.on_conflict_do_nothing().returning(content.c.content_id)).scalar_one_or_none()


def add_version(ctx: Ctx, content_id: int, number: int, title: str, digest: str, body: Mapping[str, object]) -> None:
    ctx.tx.execute(
        insert(version).values(
            content_id=content_id,
            version=number,
            title=title,
            digest=digest,
            body=dict(body),
            made_at=ctx.now,
            made_by=ctx.actor.label,
        )
    )
    ctx.tx.execute(update(content).where(content.c.content_id == content_id).values(latest=number, updated_at=ctx.now))


def change(ctx: Ctx, content_id: int, **values: Any) -> bool:
    done = ctx.tx.execute(
        update(content).where(content.c.content_id == content_id).values(updated_at=ctx.now, **values)
    )
    return done.rowcount == 1


def versions(ctx: Ctx, content_id: int) -> Sequence[Any]:
    return ctx.tx.execute(
        select(version.c.version, version.c.title, version.c.made_at, version.c.made_by)
        .where(version.c.content_id == content_id)
        .order_by(version.c.version.desc())
    ).all()


def page(
    ctx: Ctx, kind: str | None, words: str | None, archived: bool, after: tuple[datetime, int] | None, limit: int
) -> Sequence[Any]:
    """Library rows, newest change first, below ``after`` = (updated_at, content_id)."""
    statement = (
        select(content, version.c.title, *(version.c.body[name].as_integer().label(name) for name in ("cover", "file")))
        .join(version, (version.c.content_id == content.c.content_id) & (version.c.version == content.c.latest))
        .where(content.c.archived == archived)
        .order_by(content.c.updated_at.desc(), content.c.content_id.desc())
        .limit(limit)
    )
    if kind:
        statement = statement.where(content.c.kind == kind)
    if words:
        statement = statement.where(
            or_(version.c.title.icontains(words, autoescape=True), content.c.key.icontains(words, autoescape=True))
        )
    if after:
        statement = statement.where(tuple_(content.c.updated_at, content.c.content_id) < tuple_(*after))
    return ctx.tx.execute(statement).all()


def keep_file(ctx: Ctx, **values: Any) -> Any:
    """Store a file once per content (sha256); returns its row without data."""
    added = ctx.tx.execute(
        upsert(file).values(added_at=ctx.now, **values).on_conflict_do_nothing(index_elements=[file.c.sha256])
    )
    del added
    return ctx.tx.execute(_file().where(file.c.sha256 == values["sha256"])).one()


def _file() -> Select[*tuple[Any, ...]]:
    return select(
        file.c.file_id,
        file.c.kind,
        file.c.media_type,
        file.c.name,
        file.c.size,
        file.c.sha256,
        file.c.pages,
        file.c.width,
        file.c.height,
    )


_FILES = _file().where(file.c.file_id == func.any(bindparam("ids", type_=ARRAY(Integer))))


def files(ctx: Ctx, ids: Sequence[int]) -> Mapping[int, Any]:
    """File rows without data, by id."""
    return {row.file_id: row for row in ctx.tx.execute(_FILES, {"ids": list(ids)})}


def file_data(ctx: Ctx, file_id: int) -> bytes | None:
    return ctx.tx.execute(select(file.c.data).where(file.c.file_id == file_id)).scalar_one_or_none()


_LINK = select(link.c.link_id).where(
    link.c.content_id == bindparam("content_id", type_=Integer),
    link.c.purpose == bindparam("purpose", type_=Text),
    link.c.account_id == bindparam("account_id", type_=Integer),
)


def ensure_link(ctx: Ctx, content_id: int, purpose: str, account_id: int) -> int:
    """The link of (content, purpose, account), made if missing. One statement when it exists."""
    named = {"content_id": content_id, "purpose": purpose, "account_id": account_id}
    link_id = ctx.tx.execute(_LINK, named).scalar_one_or_none()
    if link_id is None:
        ctx.tx.execute(upsert(link).values(**named, made_at=ctx.now).on_conflict_do_nothing())
        link_id = ctx.tx.execute(_LINK, named).scalar_one()
    return link_id


_BY_ID = select(link).where(link.c.link_id == bindparam("link_id", type_=Integer))


def link_row(ctx: Ctx, link_id: int) -> Row[Any] | None:
    return ctx.tx.execute(_BY_ID, {"link_id": link_id}).one_or_none()
