"""The audit log: every change by a person or key, and reads of personal data, in the same transaction."""

from datetime import datetime

from sqlalchemy import BigInteger, Column, DateTime, Identity, Index, Named, Table, Text, TypedColumns, insert
from sqlalchemy.dialects.postgresql import JSONB

from siyu.kernel.ctx import Ctx
from siyu.kernel.db import metadata


class AuditColumns(TypedColumns):
    audit_id = Column(BigInteger, Identity(), primary_key=True)
    at: Named[datetime] = Column(DateTime(timezone=True))
    actor: Named[str] = Column(Text)
    action: Named[str] = Column(Text)
    object_kind: Named[str] = Column(Text)
    object_id: Named[str] = Column(Text)
    detail: Named[dict[str, object]] = Column(JSONB)


audit_log = Table("audit_log", metadata, AuditColumns, Index(None, "object_kind", "object_id", "at"))


def record(ctx: Ctx, action: str, object_kind: str, object_id: object, **detail: object) -> None:
    """Write one audit row: ``action`` is ``<room>.<verb>``; ``detail`` must hold no personal data."""
    ctx.tx.execute(
        insert(audit_log).values(
            at=ctx.now,
            actor=ctx.actor.label,
            action=action,
            object_kind=object_kind,
            object_id=str(object_id),
            detail=detail,
        )
    )
