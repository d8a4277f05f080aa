"""Private: accounts, the raw inbox, tokens and platform blocks."""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
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
    Select,
    SmallInteger,
    Table,
    Text,
    TypedColumns,
    UniqueConstraint,
    and_,
    bindparam,
    delete,
    func,
    literal,
    literal_column,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import insert as upsert

from siyu.kernel.ctx import Ctx
from siyu.kernel.db import given, metadata, rows, unnest
from siyu.kernel.probes import MACHINE
from siyu.platforms.types import InboxRow

WAITING, DONE, PARKED, GAVE_UP = 0, 1, 2, 3


class AccountColumns(TypedColumns):
    account_id = Column(Integer, Identity(), primary_key=True)
    kind: Named[str] = Column(Text)
    key: Named[str] = Column(Text)
    name: Named[str] = Column(Text)
    config: Named[dict[str, str]] = Column(JSONB)
    secret: Named[str] = Column(Text)
    token: Named[str] = Column(Text)
    aes_key: Named[str] = Column(Text)
    active: Named[bool] = Column(Boolean)
    created_at: Named[datetime] = Column(DateTime(timezone=True))
    changed_at: Named[datetime] = Column(DateTime(timezone=True))


class InboxColumns(TypedColumns):
    # The duplicate is looked up by its own key, so a cluster distributes by it; inbox_id only orders.
    dedupe = Column(Text, primary_key=True)
    inbox_id: Named[int] = Column(BigInteger, Identity())
    account_id: Named[int] = Column(Integer)
    lane: Named[int] = Column(SmallInteger)
    state: Named[int] = Column(SmallInteger)
    attempts: Named[int] = Column(SmallInteger)
    kind: Named[str] = Column(Text)
    body: Named[dict[str, object]] = Column(JSONB)
    created_at: Named[datetime] = Column(DateTime(timezone=True))
    received_at: Named[datetime] = Column(DateTime(timezone=True))
    retry_machine: Named[float | None] = Column(Double)
    error: Named[str | None] = Column(Text)


class TokenColumns(TypedColumns):
    account_id = Column(Integer, primary_key=True, autoincrement=False)
    purpose = Column(Text, primary_key=True)
    value: Named[str] = Column(Text)
    serial: Named[int] = Column(Integer)
    expires_at: Named[datetime] = Column(DateTime(timezone=True))
    lease_by: Named[str] = Column(Text)
    lease_machine: Named[float] = Column(Double)
    refused_machine: Named[float] = Column(Double)
    refused_code: Named[int] = Column(Integer)
    refusal: Named[str] = Column(Text)


class BlockColumns(TypedColumns):
    account_id = Column(Integer, primary_key=True, autoincrement=False)
    endpoint = Column(Text, primary_key=True)
    until: Named[datetime | None] = Column(DateTime(timezone=True))
    until_machine: Named[float | None] = Column(Double)


account = Table("platform_account", metadata, AccountColumns, UniqueConstraint("kind", "key"))
inbox = Table(
    "platform_inbox",
    metadata,
    InboxColumns,
    Index("ix_platform_inbox_waiting", "lane", "inbox_id", postgresql_where=text("state = 0")),
    Index("ix_platform_inbox_parked", "state", "retry_machine", postgresql_where=text("state in (2, 3)")),
    Index("ix_platform_inbox_done", "received_at", postgresql_where=text("state = 1")),
)
# Written out, not bound: a partial index serves only where the planner can prove its predicate.
is_waiting = inbox.c.state == literal_column("0")
is_done = inbox.c.state == literal_column("1")
is_failed = inbox.c.state.in_((literal_column("2"), literal_column("3")))
is_parked = and_(is_failed, inbox.c.state == literal_column("2"))
token = Table("platform_token", metadata, TokenColumns)
block = Table("platform_block", metadata, BlockColumns)


def add_account(ctx: Ctx, **values: Any) -> int | None:
    """Insert; None when (kind, key) is taken."""
    return ctx.tx.execute(
        upsert(account)
        .values(created_at=ctx.now, changed_at=ctx.now, **values)
        .on_conflict_do_nothing()
        .returning(account.c.account_id)
    ).scalar_one_or_none()


def change_account(ctx: Ctx, account_id: int, **values: Any) -> None:
    ctx.tx.execute(update(account).where(account.c.account_id == account_id).values(changed_at=ctx.now, **values))


@lru_cache(maxsize=8)
def _accounts(by: tuple[str, ...]) -> Select[*tuple[Any, ...]]:
    chosen = select(account).order_by(account.c.account_id)
    return chosen.where(*(account.c[name] == bindparam(name) for name in by))


def account_rows(
    ctx: Ctx, *, account_id: int | None = None, kind: str | None = None, key: str | None = None
) -> Sequence[Row[Any]]:
    named = {"account_id": account_id, "kind": kind, "key": key}
    values = {name: value for name, value in named.items() if value is not None}
    return ctx.tx.execute(_accounts(tuple(values)), values).all()


_ARRIVED = rows(
    "r",
    dedupe=Text(),
    account_id=Integer(),
    lane=SmallInteger(),
    kind=Text(),
    body=JSONB(),
    created_at=DateTime(timezone=True),
)
_PUT = (
    upsert(inbox)
    .from_select(
        ["dedupe", "account_id", "lane", "kind", "body", "created_at", "received_at", "state", "attempts"],
        select(
            *_ARRIVED.c,
            bindparam("now", type_=DateTime(timezone=True)),
            literal(WAITING, SmallInteger()),
            literal(0, SmallInteger()),
        ),
    )
    .on_conflict_do_nothing()
    .returning(inbox.c.lane)
)


def put_inbox(ctx: Ctx, arrived: Sequence[InboxRow]) -> list[int]:
    """One statement for the whole group; the lanes of the rows that were new."""
    values = given(
        _ARRIVED,
        dedupe=[row.dedupe for row in arrived],
        account_id=[row.account_id for row in arrived],
        lane=[row.lane for row in arrived],
        kind=[row.kind for row in arrived],
        body=[dict(row.body) for row in arrived],
        created_at=[row.created_at for row in arrived],
    )
    return list(ctx.tx.execute(_PUT, values | {"now": ctx.now}).scalars())


_JOINED = (
    select(inbox, account.c.kind.label("account_kind"))
    .join_from(inbox, account, account.c.account_id == inbox.c.account_id)
    .where(inbox.c.lane == bindparam("lane", type_=SmallInteger))
    .limit(bindparam("most", type_=Integer))
    .with_for_update(of=inbox, skip_locked=True)
)
_FRESH = _JOINED.where(is_waiting).order_by(inbox.c.inbox_id)
_AGAIN = _JOINED.where(is_parked, inbox.c.retry_machine <= bindparam("machine", type_=Double)).order_by(
    inbox.c.retry_machine
)


def waiting(ctx: Ctx, lane: int, limit: int, machine: float) -> Sequence[Row[Any]]:
    """Lock up to ``limit`` rows of a lane: those that wait, oldest first, then those parked whose retry has come."""
    found = list(ctx.tx.execute(_FRESH, {"lane": lane, "most": limit}).all())
    if len(found) < limit:
        found += ctx.tx.execute(_AGAIN, {"lane": lane, "most": limit - len(found), "machine": machine}).all()
    return found


def in_lane(lane: int) -> ColumnElement[bool]:
    """Whether something waits in a lane or is due for another try."""
    mine = select(inbox.c.dedupe).where(inbox.c.lane == lane)
    return mine.where(is_waiting).exists() | mine.where(is_parked, inbox.c.retry_machine <= MACHINE).exists()


_DONE = rows("d", dedupe=Text())
_FINISH = (
    update(inbox)
    .where(inbox.c.dedupe.in_(select(_DONE.c.dedupe)))
    .values(state=DONE, body={}, error=None, retry_machine=None)
)


def finish(ctx: Ctx, dedupes: Sequence[str]) -> None:
    """Mark done and forget the content: only the key stays, against repeats."""
    ctx.tx.execute(_FINISH, given(_DONE, dedupe=dedupes))


def park(ctx: Ctx, failed: Sequence[tuple[str, dict[str, object], int, float, str, int]]) -> None:
    """Put failed messages back with their error: (dedupe, body, state, retry_machine, error, attempts)."""
    told = unnest(
        "p",
        dedupe=(Text(), [row[0] for row in failed]),
        body=(JSONB(), [row[1] for row in failed]),
        state=(SmallInteger(), [row[2] for row in failed]),
        retry=(Double(), [row[3] for row in failed]),
        error=(Text(), [row[4] for row in failed]),
        attempts=(SmallInteger(), [row[5] for row in failed]),
    )
    ctx.tx.execute(
        update(inbox)
        .where(inbox.c.dedupe == told.c.dedupe)
        .values(
            state=told.c.state,
            body=told.c.body,
            retry_machine=told.c.retry,
            error=told.c.error,
            attempts=told.c.attempts,
        )
    )


def dedupes_of(ctx: Ctx, inbox_ids: Sequence[int]) -> dict[int, str]:
    ids = unnest("i", inbox_id=(BigInteger(), inbox_ids))
    found = ctx.tx.execute(
        select(inbox.c.inbox_id, inbox.c.dedupe).join_from(inbox, ids, ids.c.inbox_id == inbox.c.inbox_id)
    )
    return {row.inbox_id: row.dedupe for row in found}


def retry_now(ctx: Ctx, inbox_id: int | None) -> int:
    statement = update(inbox).where(is_failed)
    if inbox_id is not None:
        statement = statement.where(inbox.c.inbox_id == inbox_id)
    return ctx.tx.execute(statement.values(state=WAITING, attempts=0, retry_machine=None)).rowcount


def drop_parked(ctx: Ctx, inbox_id: int) -> bool:
    statement = update(inbox).where(inbox.c.inbox_id == inbox_id, is_failed)
    return ctx.tx.execute(statement.values(state=DONE, body={}, retry_machine=None)).rowcount == 1


def drop_naming(ctx: Ctx, values: Sequence[str]) -> int:
    """Delete what is not yet done and names one of the openids or external_userids, for erasure of a person."""
    names = func.any(literal(list(values), ARRAY(Text)))
    who = or_(*(inbox.c.body[field].astext == names for field in ("FromUserName", "ExternalUserID")))
    return ctx.tx.execute(delete(inbox).where(or_(is_waiting, is_failed), who)).rowcount


def counts(ctx: Ctx, machine: float) -> Row[Any]:
    """(pending: waiting or due for retry; parked; gave_up). Three counts, because each has its own partial index."""

    def count(*where: Any) -> Any:
        return select(func.count()).select_from(inbox).where(*where).scalar_subquery()

    return ctx.tx.execute(
        select(
            (count(is_waiting) + count(is_parked, inbox.c.retry_machine <= machine)).label("pending"),
            count(is_parked).label("parked"),
            count(is_failed, inbox.c.state == literal_column("3")).label("gave_up"),
        )
    ).one()


def parked_rows(ctx: Ctx, after: int, limit: int) -> Sequence[Row[Any]]:
    return ctx.tx.execute(
        select(inbox).where(is_failed, inbox.c.inbox_id > after).order_by(inbox.c.inbox_id).limit(limit)
    ).all()


def purge(ctx: Ctx, before: datetime, limit: int) -> int:
    """Forget the keys of messages done long ago."""
    old = select(inbox.c.dedupe).where(is_done, inbox.c.received_at < before).limit(limit)
    return ctx.tx.execute(
        delete(inbox).where(inbox.c.dedupe.in_(old.with_for_update(skip_locked=True).scalar_subquery()))
    ).rowcount


oldest_done = select(func.min(inbox.c.received_at)).where(is_done)


def token_row(ctx: Ctx, account_id: int, purpose: str) -> Row[Any] | None:
    return ctx.tx.execute(
        select(token).where(token.c.account_id == account_id, token.c.purpose == purpose)
    ).one_or_none()


def lease_token(ctx: Ctx, account_id: int, purpose: str, serial: int, by: str, machine: float, until: float) -> bool:
    """Take the right to fetch; fails while another holds it or when the token is no longer number ``serial``."""
    statement = upsert(token).values(
        account_id=account_id,
        purpose=purpose,
        value="",
        serial=0,
        expires_at=ctx.now,
        lease_by=by,
        lease_machine=until,
        refused_machine=0,
        refused_code=0,
        refusal="",
    )
    statement = statement.on_conflict_do_update(
        index_elements=[token.c.account_id, token.c.purpose],
        set_={"lease_by": by, "lease_machine": until},
        # A lease that ends a minute later than one taken now is of a clock that was set back since.
        where=and_(or_(token.c.lease_machine < machine, token.c.lease_machine > until + 60), token.c.serial == serial),
    )
    return ctx.tx.execute(statement.returning(token.c.serial)).scalar_one_or_none() is not None


def put_token(ctx: Ctx, account_id: int, purpose: str, by: str, **values: Any) -> None:
    """Write what the fetch brought and give the lease back; ignored when the lease was lost."""
    ctx.tx.execute(
        update(token)
        .where(token.c.account_id == account_id, token.c.purpose == purpose, token.c.lease_by == by)
        .values(lease_machine=0, **values)
    )


def drop_tokens(ctx: Ctx, account_id: int) -> None:
    ctx.tx.execute(delete(token).where(token.c.account_id == account_id))
    ctx.tx.execute(delete(block).where(block.c.account_id == account_id))


def put_block(ctx: Ctx, account_id: int, endpoint: str, until: datetime | None, until_machine: float | None) -> None:
    statement = upsert(block).values(account_id=account_id, endpoint=endpoint, until=until, until_machine=until_machine)
    ctx.tx.execute(
        statement.on_conflict_do_update(
            index_elements=[block.c.account_id, block.c.endpoint], set_={"until": until, "until_machine": until_machine}
        )
    )


def blocks(ctx: Ctx, account_id: int, machine: float) -> Sequence[Row[Any]]:
    """The blocks of an account that still hold."""
    return ctx.tx.execute(
        select(block).where(
            block.c.account_id == account_id, or_(block.c.until > ctx.now, block.c.until_machine > machine)
        )
    ).all()
