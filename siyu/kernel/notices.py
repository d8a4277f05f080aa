"""Notices: facts that concern no single customer, told upwards (a segment was re-based, a journey published)."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Identity,
    Named,
    Table,
    Text,
    TypedColumns,
    delete,
    func,
    insert,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB

from siyu.kernel.ctx import Ctx
from siyu.kernel.db import metadata, ring
from siyu.kernel.probes import Probe


class NoticeColumns(TypedColumns):
    notice_id = Column(BigInteger, Identity(), primary_key=True)
    at: Named[datetime] = Column(DateTime(timezone=True))
    kind: Named[str] = Column(Text)
    payload: Named[dict[str, object]] = Column(JSONB)
    actor: Named[str] = Column(Text)


class QueueColumns(TypedColumns):
    notice_id = Column(BigInteger, primary_key=True, autoincrement=False)


notice = Table("notice", metadata, NoticeColumns)
notice_queue = Table("notice_queue", metadata, QueueColumns)


@dataclass(frozen=True, slots=True)
class Notice:
    """One notice; ``kind`` is ``<room>.<past_tense>``."""

    notice_id: int
    at: datetime
    kind: str
    payload: dict[str, object]


def write(ctx: Ctx, kind: str, **payload: object) -> int:
    """Record a notice and put it into the queue that ``runtime`` hands to the rooms; returns its id."""
    row = ctx.tx.execute(
        insert(notice)
        .values(at=ctx.now, kind=kind, payload=payload, actor=ctx.actor.label)
        .returning(notice.c.notice_id)
    )
    notice_id = row.scalar_one()
    ctx.tx.execute(insert(notice_queue).values(notice_id=notice_id))
    ring(ctx, "notice")
    return notice_id


def take(ctx: Ctx, limit: int = 100) -> list[Notice]:
    """Take up to ``limit`` notices out of the queue, oldest first; only ``runtime`` calls this."""
    chosen = (
        select(notice_queue.c.notice_id)
        .order_by(notice_queue.c.notice_id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    taken = ctx.tx.execute(
        delete(notice_queue)
        .where(notice_queue.c.notice_id.in_(chosen.scalar_subquery()))
        .returning(notice_queue.c.notice_id)
    )
    ids = list(taken.scalars())
    if not ids:
        return []
    rows = ctx.tx.execute(select(notice).where(notice.c.notice_id.in_(ids)).order_by(notice.c.notice_id))
    return [Notice(row.notice_id, row.at, row.kind, row.payload) for row in rows]


def count(ctx: Ctx) -> int:
    """How many notices wait in the queue."""
    return ctx.tx.execute(select(func.count()).select_from(notice_queue)).scalar_one()


PENDING: Probe[bool] = Probe((select(notice_queue.c.notice_id).exists(),), lambda _, values: bool(values[0]))
"""Whether notices wait in the queue."""
