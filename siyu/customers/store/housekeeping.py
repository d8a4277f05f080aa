"""The one row that says when the daily housekeeping is due."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as upsert

from siyu.customers.store.tables import housekeeping
from siyu.kernel.ctx import Ctx

due_at = select(housekeeping.c.due_at)
"""When it is due; nothing before the first time."""


def due(ctx: Ctx) -> datetime | None:
    return ctx.tx.execute(due_at).scalar_one_or_none()


def plan(ctx: Ctx, at: datetime) -> None:
    """Set when it is due next."""
    statement = upsert(housekeeping).values(only=True, due_at=at)
    ctx.tx.execute(statement.on_conflict_do_update(index_elements=[housekeeping.c.only], set_={"due_at": at}))
