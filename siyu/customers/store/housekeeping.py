"""The one row that says when the daily housekeeping is due, and since when events are kept."""

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


def begin_events(ctx: Ctx, at: datetime) -> bool:
    """Write down that events before ``at`` are not kept; False when that is known already."""
    statement = upsert(housekeeping).values(only=True, due_at=ctx.now, events_from=at)
    done = statement.on_conflict_do_update(
        index_elements=[housekeeping.c.only],
        set_={"events_from": at},
        where=housekeeping.c.events_from.is_(None) | (housekeeping.c.events_from < at),
    )
    return ctx.tx.execute(done.returning(housekeeping.c.only)).first() is not None
