"""Private: groups, their members, join ways."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    Boolean,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    Named,
    Row,
    Table,
    Text,
    TypedColumns,
    UniqueConstraint,
    and_,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert

from siyu.kernel.ctx import Ctx
from siyu.kernel.db import given, metadata, rows, unnest

Time = DateTime(timezone=True)


class ChatColumns(TypedColumns):
    account_id = Column(Integer, primary_key=True, autoincrement=False)
    chat_id = Column(Text, primary_key=True)
    name: Named[str] = Column(Text)
    owner: Named[str] = Column(Text)
    notice: Named[str] = Column(Text)
    created_at: Named[datetime | None] = Column(Time)
    dismissed_at: Named[datetime | None] = Column(Time)
    read_at: Named[datetime | None] = Column(Time)
    version: Named[str] = Column(Text)


class MemberColumns(TypedColumns):
    # A look-up by the platform's ids, so keyed by them; the customer may become known later.
    account_id = Column(Integer, primary_key=True, autoincrement=False)
    chat_id = Column(Text, primary_key=True)
    member = Column(Text, primary_key=True)
    staff: Named[bool] = Column(Boolean)
    name: Named[str] = Column(Text)
    scene: Named[str] = Column(Text)
    state: Named[str] = Column(Text)
    customer_id: Named[int | None] = Column(Integer, index=True)
    origin_id: Named[int | None] = Column(Integer, index=True)
    joined_at: Named[datetime | None] = Column(Time)
    left_at: Named[datetime | None] = Column(Time)
    told_inside: Named[bool] = Column(Boolean)


class JoinWayColumns(TypedColumns):
    join_way_id = Column(Integer, Identity(), primary_key=True)
    account_id: Named[int] = Column(Integer)
    config_id: Named[str] = Column(Text)
    remark: Named[str] = Column(Text)
    state: Named[str] = Column(Text)
    chat_ids: Named[list[str]] = Column(ARRAY(Text))
    qr_code: Named[str] = Column(Text)
    created_at: Named[datetime] = Column(Time)
    deleted_at: Named[datetime | None] = Column(Time)


chat = Table("chat", metadata, ChatColumns)
member = Table("chat_member", metadata, MemberColumns, Index(None, "member"))
join_way = Table("join_way", metadata, JoinWayColumns, UniqueConstraint("account_id", "config_id"))

inside = and_(member.c.joined_at.is_not(None), or_(member.c.left_at.is_(None), member.c.joined_at > member.c.left_at))
"""Whether a row's member is in the group: times decide, so the order of callbacks does not matter."""


def put_chats(ctx: Ctx, rows: Sequence[dict[str, Any]]) -> None:
    """Insert or overwrite what was read; keys: the columns of ``chat``."""
    given = unnest(
        "c",
        account_id=(Integer(), [row["account_id"] for row in rows]),
        chat_id=(Text(), [row["chat_id"] for row in rows]),
        name=(Text(), [row["name"] for row in rows]),
        owner=(Text(), [row["owner"] for row in rows]),
        notice=(Text(), [row["notice"] for row in rows]),
        created_at=(Time, [row["created_at"] for row in rows]),
        read_at=(Time, [row["read_at"] for row in rows]),
        version=(Text(), [row["version"] for row in rows]),
    )
    names = ["account_id", "chat_id", "name", "owner", "notice", "created_at", "read_at", "version"]
    statement = upsert(chat).from_select(names, select(*(given.c[name] for name in names)))
    ctx.tx.execute(
        statement.on_conflict_do_update(
            index_elements=[chat.c.account_id, chat.c.chat_id],
            set_={name: statement.excluded[name] for name in names[2:]},
            where=or_(chat.c.read_at.is_(None), chat.c.read_at <= statement.excluded.read_at),
        )
    )


def add_chats(ctx: Ctx, pairs: Sequence[tuple[int, str]]) -> None:
    """Make rows for groups that are only known by name so far."""
    given = unnest("c", account_id=(Integer(), [p[0] for p in pairs]), chat_id=(Text(), [p[1] for p in pairs]))
    empty = [literal("", Text()).label(name) for name in ("name", "owner", "notice", "version")]
    statement = upsert(chat).from_select(
        ["account_id", "chat_id", "name", "owner", "notice", "version"],
        select(given.c.account_id, given.c.chat_id, *empty),
    )
    ctx.tx.execute(statement.on_conflict_do_nothing())


def dismiss(ctx: Ctx, rows: Sequence[tuple[int, str, datetime]]) -> None:
    given = unnest(
        "d",
        account_id=(Integer(), [r[0] for r in rows]),
        chat_id=(Text(), [r[1] for r in rows]),
        at=(Time, [r[2] for r in rows]),
    )
    ctx.tx.execute(
        update(chat)
        .where(chat.c.account_id == given.c.account_id, chat.c.chat_id == given.c.chat_id)
        .values(dismissed_at=given.c.at)
    )


def members_of(ctx: Ctx, pairs: Sequence[tuple[int, str]]) -> Sequence[Row[Any]]:
    """The members of some groups, locked; the lock on the groups' rows comes first, so writers queue there."""
    given = unnest("c", account_id=(Integer(), [p[0] for p in pairs]), chat_id=(Text(), [p[1] for p in pairs]))
    same = and_(chat.c.account_id == given.c.account_id, chat.c.chat_id == given.c.chat_id)
    ordered = select(chat.c.chat_id).join_from(chat, given, same).order_by(chat.c.account_id, chat.c.chat_id)
    ctx.tx.execute(ordered.with_for_update(of=chat)).all()
    return ctx.tx.execute(
        select(member).join_from(
            member, given, and_(member.c.account_id == given.c.account_id, member.c.chat_id == given.c.chat_id)
        )
    ).all()


def put_members(ctx: Ctx, rows: Sequence[dict[str, Any]]) -> None:
    """Write whole member rows."""
    kinds: dict[str, Any] = {column.name: column.type for column in member.columns}
    given = unnest("m", **{name: (kind, [row[name] for row in rows]) for name, kind in kinds.items()})
    statement = upsert(member).from_select(list(kinds), select(*(given.c[name] for name in kinds)))
    keys = ("account_id", "chat_id", "member")
    ctx.tx.execute(
        statement.on_conflict_do_update(
            index_elements=[member.c[name] for name in keys],
            set_={name: statement.excluded[name] for name in kinds if name not in keys},
        )
    )


def move_origins(ctx: Ctx, origins: Sequence[int], customers: Sequence[int]) -> None:
    """After a merge or split: rows of an origin belong to another customer."""
    given = unnest("o", origin_id=(Integer(), origins), customer_id=(Integer(), customers))
    ctx.tx.execute(
        update(member).where(member.c.origin_id == given.c.origin_id).values(customer_id=given.c.customer_id)
    )


_GONE = rows("gone", customer_id=Integer())
_FORGET = delete(member).where(member.c.customer_id.in_(select(_GONE.c.customer_id)))


def forget_customers(ctx: Ctx, ids: Sequence[int]) -> None:
    """Delete the rows of these customers, with the names and ids that the platform told."""
    ctx.tx.execute(_FORGET, given(_GONE, customer_id=ids))


def joined(ctx: Ctx, since: datetime, until: datetime) -> dict[str, int]:
    """People by state: members from outside who came by a way with a state in [since, until), each group by itself."""
    chosen = (
        select(member.c.state, func.count().label("people"))
        .where(member.c.staff.is_(False), member.c.state != "", member.c.joined_at >= since, member.c.joined_at < until)
        .group_by(member.c.state)
    )
    return {row.state: row.people for row in ctx.tx.execute(chosen)}


def chat_rows(ctx: Ctx, account_id: int | None = None, chat_id: str | None = None) -> Sequence[Row[Any]]:
    people = func.count(member.c.member).filter(inside, member.c.staff.is_(False))
    customers = func.count(member.c.customer_id.distinct()).filter(inside)
    statement = (
        select(chat, people.label("people"), customers.label("customers"))
        .join_from(
            chat,
            member,
            and_(member.c.account_id == chat.c.account_id, member.c.chat_id == chat.c.chat_id),
            isouter=True,
        )
        .group_by(chat.c.account_id, chat.c.chat_id)
        .order_by(chat.c.account_id, chat.c.name, chat.c.chat_id)
    )
    if account_id is not None:
        statement = statement.where(chat.c.account_id == account_id)
    if chat_id is not None:
        statement = statement.where(chat.c.chat_id == chat_id)
    return ctx.tx.execute(statement).all()


def add_join_way(ctx: Ctx, **values: Any) -> int:
    statement = insert(join_way).values(created_at=ctx.now, **values)
    return ctx.tx.execute(statement.returning(join_way.c.join_way_id)).scalar_one()


def join_way_rows(ctx: Ctx) -> Sequence[Row[Any]]:
    return ctx.tx.execute(select(join_way).order_by(join_way.c.join_way_id)).all()
