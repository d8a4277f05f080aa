"""Door: the company's calendar as every room reads it, and a year of it for the screens."""

from weakref import WeakKeyDictionary

from sqlalchemy import Engine

from siyu.kernel.calendar import Calendar, DayKind, SpecialDay, shipped
from siyu.kernel.clock import machine
from siyu.kernel.ctx import Ctx
from siyu.workdays import store
from siyu.workdays.types import Year, YearDay

KEPT_SECONDS = 1.0
"""Machine seconds for which a process goes on with the calendar that it has read."""

_kept: WeakKeyDictionary[Engine, tuple[float, Calendar]] = WeakKeyDictionary()


def current(ctx: Ctx) -> Calendar:
    """The company's calendar, to be handed to pure functions.

    Read once a second by each process that asks, not once a transaction: rounds ask many times a second for what
    changes a few times a year (docs/adr/0121). Who has just changed it reads ``saved``.
    """
    known = _kept.get(ctx.tx.engine)
    if known is not None and machine() - known[0] < KEPT_SECONDS:
        return known[1]
    found = saved(ctx)
    if known is not None and known[1] == found:
        found = known[1]
    _kept[ctx.tx.engine] = machine(), found
    return found


def saved(ctx: Ctx) -> Calendar:
    """The calendar as it stands in this transaction."""
    own = tuple(SpecialDay(row.day, DayKind(row.kind), row.name) for row in store.days(ctx))
    return Calendar(own, tuple(store.years(ctx)))


def year(ctx: Ctx, year: int) -> Year:
    """A year of the calendar as it stands in this transaction."""
    calendar = saved(ctx)
    notice = shipped(year)
    own = {one.day: one for one in calendar.own if one.day.year == year}
    days = tuple(
        YearDay(own.get(day) or notice[day], day in own, notice[day].kind if day in notice else None)
        for day in sorted({*own, *notice})
    )
    return Year(year, calendar.covers(year), year in calendar.declared, days)
