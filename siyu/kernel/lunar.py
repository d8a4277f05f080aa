"""China's lunar calendar (农历) as pure functions, by the tables of the library ``borax`` for lunar years 1900 to 2100.

Rules of what is celebrated when: what falls into a leap month (闰月) is celebrated in it where a year has one, else in
the ordinary month of that name; what falls on the 30th of a month is celebrated on the 29th where that month is short.
"""

from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from borax.calendars.lunardate import LCalendars, LunarDate, TermUtils

FIRST, LAST = date(1900, 1, 31), date(2101, 1, 28)
"""The days that the tables cover."""


class LunarDay(NamedTuple):
    """A day of the lunar calendar; ``leap``: of the leap month that follows the ordinary ``month``."""

    year: int
    month: int
    day: int
    leap: bool = False


def lunar(day: date) -> LunarDay:
    """The lunar date of a day; raises LookupError outside FIRST to LAST."""
    if not FIRST <= day <= LAST:
        raise LookupError(f"lunar dates are known from {FIRST} to {LAST}")
    found = LunarDate.from_solar(day)
    return LunarDay(found.year, found.month, found.day, bool(found.leap))


def solar(day: LunarDay) -> date:
    """The day on which a lunar date is celebrated in its lunar year; raises LookupError outside 1900 to 2100."""
    if not FIRST.year <= day.year < LAST.year:
        raise LookupError(f"lunar years are known from {FIRST.year} to {LAST.year - 1}")
    leap = day.leap and LCalendars.leap_month(day.year) == day.month
    length: int = LCalendars.ndays(day.year, day.month, leap)
    found: date = LunarDate(day.year, day.month, min(day.day, length), int(leap)).to_solar_date()
    return found


@lru_cache(maxsize=64)
def celebrated(day: date) -> tuple[tuple[int, int, bool], ...]:
    """The lunar (month, day, leap) that are celebrated on a day; raises LookupError outside FIRST to LAST."""
    year, month, number, leap = lunar(day)
    last = LCalendars.ndays(year, month, leap) == 29 and number == 29
    also = not leap and LCalendars.leap_month(year) != month
    return tuple(
        (month, one, of) for one in ((number, 30) if last else (number,)) for of in ((leap, True) if also else (leap,))
    )


@lru_cache(maxsize=64)
def born(day: date) -> tuple[date, ...]:
    """The dates of birth, in order, whose lunar birthday is celebrated on a day; the first birthday is a year later."""
    today = lunar(day)
    return tuple(sorted(found for year in range(FIRST.year, today.year) for found in _born(year, day)))


def _born(year: int, day: date) -> Iterator[date]:
    for month, number, leap in celebrated(day):
        exists = not leap or LCalendars.leap_month(year) == month
        if exists and number <= LCalendars.ndays(year, month, leap):
            yield LunarDate(year, month, number, int(leap)).to_solar_date()


def qingming(year: int) -> date:
    """清明, the one festival that follows the sun's terms; from 1900 to 2100."""
    found: date = TermUtils.nth_term_day(year, term_name="清明")
    return found
