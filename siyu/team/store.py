"""Private: the tables and statements of the team."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    DateTime,
    Double,
    Identity,
    Index,
    Integer,
    Named,
    Row,
    Table,
    Text,
    TypedColumns,
    delete,
    false,
    func,
    insert,
    literal,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert

from siyu.kernel.ctx import Ctx
from siyu.kernel.db import metadata, unnest
from siyu.kernel.probes import MACHINE


class StaffColumns(TypedColumns):
    staff_id = Column(Integer, Identity(), primary_key=True)
    login: Named[str | None] = Column(Text, unique=True)
    password_hash: Named[str | None] = Column(Text)
    name: Named[str] = Column(Text)
    userid: Named[str | None] = Column(Text, unique=True)
    departments: Named[list[str]] = Column(ARRAY(Text))
    roles: Named[list[str]] = Column(ARRAY(Text))
    active: Named[bool] = Column(Boolean)
    switched_off: Named[bool] = Column(Boolean)
    created_at: Named[datetime] = Column(DateTime(timezone=True))


class SessionColumns(TypedColumns):
    token_hash = Column(Text, primary_key=True)
    staff_id: Named[int] = Column(Integer, index=True)
    expires: Named[float] = Column(Double, index=True)


class KeyColumns(TypedColumns):
    key_id = Column(Integer, Identity(), primary_key=True)
    name: Named[str] = Column(Text)
    prefix: Named[str] = Column(Text)
    key_hash: Named[str] = Column(Text, unique=True)
    scopes: Named[list[str]] = Column(ARRAY(Text))
    created_at: Named[datetime] = Column(DateTime(timezone=True))
    revoked_at: Named[datetime | None] = Column(DateTime(timezone=True))


class AttemptColumns(TypedColumns):
    attempt_id = Column(BigInteger, Identity(), primary_key=True)
    login: Named[str] = Column(Text)
    machine: Named[float] = Column(Double)


staff = Table("staff", metadata, StaffColumns)
session = Table("staff_session", metadata, SessionColumns)
api_key = Table("api_key", metadata, KeyColumns)
attempt = Table("sign_in_attempt", metadata, AttemptColumns, Index(None, "login", "machine"), Index(None, "machine"))


def add_staff(ctx: Ctx, **values: Any) -> int | None:
    """Insert; None when login or userid is taken."""
    return ctx.tx.execute(
        upsert(staff).values(created_at=ctx.now, **values).on_conflict_do_nothing().returning(staff.c.staff_id)
    ).scalar_one_or_none()


def change_staff(ctx: Ctx, staff_id: int, **values: Any) -> bool:
    return ctx.tx.execute(update(staff).where(staff.c.staff_id == staff_id).values(**values)).rowcount == 1


def staff_by(ctx: Ctx, **where: Any) -> Row[Any] | None:
    statement = select(staff)
    for name, value in where.items():
        statement = statement.where(staff.c[name] == value)
    return ctx.tx.execute(statement).one_or_none()


def staff_rows(ctx: Ctx) -> Sequence[Row[Any]]:
    return ctx.tx.execute(select(staff).order_by(staff.c.staff_id)).all()


def staff_count(ctx: Ctx) -> int:
    return ctx.tx.execute(select(func.count()).select_from(staff)).scalar_one()


def merge_directory(ctx: Ctx, userids: list[str], names: list[str], active: list[bool], departments: list[str]) -> int:
    """Upsert members by userid; departments come comma-joined because arrays of arrays cannot be unnested by row."""
    rows = unnest(
        "m",
        userid=(Text(), userids),
        name=(Text(), names),
        active=(Boolean(), active),
        departments=(Text(), departments),
    )
    statement = upsert(staff).from_select(
        ["userid", "name", "active", "departments", "roles", "switched_off", "created_at"],
        select(
            rows.c.userid,
            rows.c.name,
            rows.c.active,
            func.string_to_array(rows.c.departments, ","),
            literal(["sales"], ARRAY(Text)),
            false(),
            literal(ctx.now, DateTime(timezone=True)),
        ),
    )
    return ctx.tx.execute(
        statement.on_conflict_do_update(
            index_elements=[staff.c.userid],
            set_={
                "name": statement.excluded.name,
                "active": statement.excluded.active & ~staff.c.switched_off,
                "departments": statement.excluded.departments,
            },
        ),
        execution_options={"preserve_rowcount": True},
    ).rowcount


def add_session(ctx: Ctx, token_hash: str, staff_id: int, expires: float) -> None:
    ctx.tx.execute(insert(session).values(token_hash=token_hash, staff_id=staff_id, expires=expires))


def drop_session(ctx: Ctx, token_hash: str) -> None:
    ctx.tx.execute(delete(session).where(session.c.token_hash == token_hash))


def drop_sessions_of_the_inactive(ctx: Ctx) -> None:
    off = select(staff.c.staff_id).where(~staff.c.active)
    ctx.tx.execute(delete(session).where(session.c.staff_id.in_(off)))


def drop_sessions_of(ctx: Ctx, staff_id: int) -> None:
    ctx.tx.execute(delete(session).where(session.c.staff_id == staff_id))


def drop_expired(ctx: Ctx, machine: float, limit: int) -> int:
    old = select(session.c.token_hash).where(session.c.expires < machine).limit(limit)
    return ctx.tx.execute(delete(session).where(session.c.token_hash.in_(old))).rowcount


def drop_attempts(ctx: Ctx, before: float, limit: int) -> int:
    old = select(attempt.c.attempt_id).where(attempt.c.machine < before).limit(limit)
    return ctx.tx.execute(delete(attempt).where(attempt.c.attempt_id.in_(old))).rowcount


def outlived(try_seconds: float) -> tuple[ColumnElement[bool], ...]:
    """Whether there are expired sessions; whether there are failed tries that count no more."""
    return (
        select(session.c.token_hash).where(session.c.expires < MACHINE).exists(),
        select(attempt.c.attempt_id).where(attempt.c.machine < MACHINE - try_seconds).exists(),
    )


def staff_of_session(ctx: Ctx, token_hash: str, machine: float) -> Row[Any] | None:
    joined = select(staff).join(session, session.c.staff_id == staff.c.staff_id)
    return ctx.tx.execute(
        joined.where(session.c.token_hash == token_hash, session.c.expires > machine, staff.c.active)
    ).one_or_none()


def attempts_since(ctx: Ctx, login: str, machine: float) -> int:
    return ctx.tx.execute(
        select(func.count()).select_from(attempt).where(attempt.c.login == login, attempt.c.machine > machine)
    ).scalar_one()


def add_attempt(ctx: Ctx, login: str, machine: float) -> None:
    ctx.tx.execute(insert(attempt).values(login=login, machine=machine))


def forget_attempts(ctx: Ctx, login: str) -> None:
    ctx.tx.execute(delete(attempt).where(attempt.c.login == login))


def add_key(ctx: Ctx, name: str, prefix: str, key_hash: str, scopes: Sequence[str]) -> int:
    statement = insert(api_key).values(
        name=name, prefix=prefix, key_hash=key_hash, scopes=list(scopes), created_at=ctx.now
    )
    return ctx.tx.execute(statement.returning(api_key.c.key_id)).scalar_one()


def revoke_key(ctx: Ctx, key_id: int) -> bool:
    return (
        ctx.tx.execute(
            update(api_key).where(api_key.c.key_id == key_id, api_key.c.revoked_at.is_(None)).values(revoked_at=ctx.now)
        ).rowcount
        == 1
    )


def key_by_hash(ctx: Ctx, key_hash: str) -> Row[Any] | None:
    return ctx.tx.execute(
        select(api_key).where(api_key.c.key_hash == key_hash, api_key.c.revoked_at.is_(None))
    ).one_or_none()


def key_rows(ctx: Ctx) -> Sequence[Row[Any]]:
    return ctx.tx.execute(select(api_key).order_by(api_key.c.key_id)).all()
