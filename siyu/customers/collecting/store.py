"""The tables of collecting and their statements."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    Boolean,
    Column,
    Date,
    DateTime,
    Identity,
    Integer,
    Named,
    Row,
    Table,
    Text,
    TypedColumns,
    case,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import insert as upsert

from siyu.kernel.ctx import Ctx
from siyu.kernel.db import metadata

Time = DateTime(timezone=True)


class SiteColumns(TypedColumns):
    site_id = Column(Integer, Identity(), primary_key=True)
    key: Named[str] = Column(Text, unique=True)
    name: Named[str] = Column(Text)
    origins: Named[list[str]] = Column(ARRAY(Text))
    secret: Named[str] = Column(Text)
    active: Named[bool] = Column(Boolean)
    created_at: Named[datetime] = Column(Time)


class VisitorColumns(TypedColumns):
    anonymous_id = Column(Text, primary_key=True)
    minute: Named[datetime] = Column(Time)
    events: Named[int] = Column(Integer)
    touch: Named[dict[str, str] | None] = Column(JSONB(none_as_null=True))
    seen_at: Named[datetime] = Column(Time, index=True)


class DropColumns(TypedColumns):
    site_id = Column(Integer, primary_key=True, autoincrement=False)
    day = Column(Date, primary_key=True)
    reason = Column(Text, primary_key=True)
    events: Named[int] = Column(Integer)


site = Table("collect_site", metadata, SiteColumns)
visitor = Table("collect_visitor", metadata, VisitorColumns)
dropped = Table("collect_dropped", metadata, DropColumns)


def add_site(ctx: Ctx, key: str, name: str, origins: Sequence[str], secret: str) -> int:
    """Insert a site; ``secret`` encrypted."""
    values = {"key": key, "name": name, "origins": list(origins), "secret": secret, "active": True}
    return ctx.tx.execute(insert(site).values(created_at=ctx.now, **values).returning(site.c.site_id)).scalar_one()


def change_site(ctx: Ctx, site_id: int, values: Mapping[str, Any]) -> bool:
    """Change a site; False when there is none."""
    statement = update(site).where(site.c.site_id == site_id).values(**values)
    return ctx.tx.execute(statement, execution_options={"preserve_rowcount": True}).rowcount > 0


def sites(ctx: Ctx) -> Sequence[Row[Any]]:
    """All sites."""
    return ctx.tx.execute(select(site).order_by(site.c.site_id)).all()


def site_by(ctx: Ctx, **where: Any) -> Row[Any] | None:
    """The site with this key or id."""
    statement = select(site)
    for name, value in where.items():
        statement = statement.where(site.c[name] == value)
    return ctx.tx.execute(statement).one_or_none()


def count_visitor(ctx: Ctx, anonymous_id: str, events: int, touch: Mapping[str, str] | None) -> tuple[int, Any]:
    """Count events of a visitor; returns (events of this minute with these, first touch of the visitor)."""
    minute = ctx.now.replace(second=0, microsecond=0)
    statement = upsert(visitor).values(
        anonymous_id=anonymous_id, minute=minute, events=events, touch=dict(touch) if touch else None, seen_at=ctx.now
    )
    given = statement.excluded
    statement = statement.on_conflict_do_update(
        index_elements=[visitor.c.anonymous_id],
        set_={
            "minute": given.minute,
            "events": case((visitor.c.minute == given.minute, visitor.c.events + given.events), else_=given.events),
            "touch": func.coalesce(visitor.c.touch, given.touch),
            "seen_at": given.seen_at,
        },
    )
    row = ctx.tx.execute(statement.returning(visitor.c.events, visitor.c.touch)).one()
    return row.events, row.touch


def count_dropped(ctx: Ctx, site_id: int, day: date, reason: str, events: int) -> None:
    """Count what was not taken, by day and reason."""
    statement = upsert(dropped).values(site_id=site_id, day=day, reason=reason, events=events)
    total = dropped.c.events + statement.excluded.events
    keys = ["site_id", "day", "reason"]
    ctx.tx.execute(statement.on_conflict_do_update(index_elements=keys, set_={"events": total}))


def dropped_since(ctx: Ctx, day: date) -> dict[int, dict[str, int]]:
    """How many events of each site were not taken since a day, by reason."""
    statement = select(dropped.c.site_id, dropped.c.reason, func.sum(dropped.c.events)).where(dropped.c.day >= day)
    found: dict[int, dict[str, int]] = {}
    for site_id, reason, count in ctx.tx.execute(statement.group_by(dropped.c.site_id, dropped.c.reason)):
        found.setdefault(site_id, {})[reason] = int(count)
    return found


def forget_visitors(ctx: Ctx, before: datetime, limit: int) -> int:
    """Forget visitors not seen since ``before``."""
    old = select(visitor.c.anonymous_id).where(visitor.c.seen_at < before).limit(limit)
    return ctx.tx.execute(delete(visitor).where(visitor.c.anonymous_id.in_(old))).rowcount


oldest_visitor = select(func.min(visitor.c.seen_at))
"""When the visitor longest unseen was last seen."""
