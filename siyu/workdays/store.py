"""Private: the tables of own days and declared years, and their statements."""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import (
    Column,
    Date,
    DateTime,
    Integer,
    Named,
    Row,
    Table,
    Text,
    TypedColumns,
    bindparam,
    delete,
    extract,
    literal,
    select,
)
from sqlalchemy.dialects.postgresql import insert as upsert

from siyu.kernel.ctx import Ctx
from siyu.kernel.db import given, metadata, rows


class DayColumns(TypedColumns):
    day = Column(Date, primary_key=True)
    kind: Named[str] = Column(Text)
    name: Named[str] = Column(Text)
    changed_at: Named[datetime] = Column(DateTime(timezone=True))
    changed_by: Named[str] = Column(Text)


class YearColumns(TypedColumns):
    year = Column(Integer, primary_key=True, autoincrement=False)
    changed_at: Named[datetime] = Column(DateTime(timezone=True))
    changed_by: Named[str] = Column(Text)


special = Table("special_day", metadata, DayColumns)
declared = Table("workday_year", metadata, YearColumns)

_DAYS = select(special.c.day, special.c.kind, special.c.name).order_by(special.c.day)
_YEARS = select(declared.c.year).order_by(declared.c.year)
_NEW = rows("n", day=Date(), kind=Text(), name=Text())


def days(ctx: Ctx) -> Sequence[Row[date, str, str]]:
    return ctx.tx.execute(_DAYS).all()


def years(ctx: Ctx) -> Sequence[int]:
    return ctx.tx.execute(_YEARS).scalars().all()


def put(ctx: Ctx, new: Sequence[tuple[date, str, str]]) -> None:
    """Insert or overwrite days: (day, kind, name)."""
    names = ["day", "kind", "name", "changed_at", "changed_by"]
    changed = (literal(ctx.now, DateTime(timezone=True)), literal(ctx.actor.label, Text()))
    statement = upsert(special).from_select(names, select(_NEW.c.day, _NEW.c.kind, _NEW.c.name, *changed))
    over = {name: statement.excluded[name] for name in names[1:]}
    days, kinds, called = zip(*new, strict=True)
    ctx.tx.execute(
        statement.on_conflict_do_update(index_elements=[special.c.day], set_=over),
        given(_NEW, day=days, kind=kinds, name=called),
    )


def drop(ctx: Ctx, day: date) -> bool:
    return ctx.tx.execute(delete(special).where(special.c.day == day)).rowcount == 1


_CLEAR = delete(special).where(extract("year", special.c.day) == bindparam("year", type_=Integer))


def clear(ctx: Ctx, year: int) -> None:
    """Delete the days of a year."""
    ctx.tx.execute(_CLEAR, {"year": year})


def declare(ctx: Ctx, year: int, known: bool) -> None:
    """Say that the notice of a year is entered whole, or that it is not."""
    if known:
        row = {"year": year, "changed_at": ctx.now, "changed_by": ctx.actor.label}
        ctx.tx.execute(upsert(declared).values(row).on_conflict_do_nothing())
    else:
        ctx.tx.execute(delete(declared).where(declared.c.year == year))
