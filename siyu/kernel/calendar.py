"""The company's workdays as a value: China's public holidays, adjusted workdays (调休) included, and days of its own.

The shipped base follows the notices of the State Council's General Office, which say what nobody can calculate: which
days around a holiday are off and which weekends are worked instead. They come with the library ``holidays``, year by
year; a year without its notice is not guessed: see ``Calendar.covers``. Rooms get the calendar, with what the company
has entered, from ``siyu.workdays``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from functools import cache


class DayKind(StrEnum):
    """What a date is for those who work. ``adjusted_workday``: a Saturday or Sunday that is worked (调休上班)."""

    WORKDAY = "workday"
    WEEKEND = "weekend"
    HOLIDAY = "holiday"
    ADJUSTED_WORKDAY = "adjusted_workday"


@dataclass(frozen=True, slots=True)
class SpecialDay:
    """A holiday, one of its days off (the weekend beside it included), or a weekend that is worked; the name is
    Chinese. Of a company's own days also a weekday that is worked though it was a holiday (``workday``)."""

    day: date
    kind: DayKind
    name: str


@dataclass(frozen=True, slots=True)
class Calendar:
    """The shipped notices with the company's ``own`` days, in order, over them. ``declared``: years whose notice the
    company has entered whole, in order."""

    own: tuple[SpecialDay, ...] = ()
    declared: tuple[int, ...] = ()
    _own: Mapping[date, SpecialDay] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_own", {one.day: one for one in self.own})

    @property
    def years(self) -> tuple[int, ...]:
        """The years whose notice is known, in order."""
        return tuple(sorted({*_notices(), *self.declared}))

    def covers(self, year: int) -> bool:
        """Whether the notice of this year is known."""
        return year in self.declared or year in _notices()

    def kind(self, day: date) -> DayKind:
        """What a date is; a weekend beside a holiday is holiday, as in the notices. Where no notice is known, and
        nothing of the company's own, only weekends are known."""
        special = self._own.get(day) or shipped(day.year).get(day)
        return plain(day) if special is None else special.kind

    def is_workday(self, day: date) -> bool:
        """Whether people work on this date."""
        return self.kind(day) in (DayKind.WORKDAY, DayKind.ADJUSTED_WORKDAY)

    def is_holiday(self, day: date) -> bool:
        """Whether this date is a public holiday, one of its days off, or a day off of the company."""
        return self.kind(day) is DayKind.HOLIDAY

    def specials(self, year: int) -> list[SpecialDay]:
        """The days of a year that differ from the plain week, in order."""
        found = {**shipped(year), **{one.day: one for one in self.own if one.day.year == year}}
        return [found[day] for day in sorted(found) if found[day].kind is not plain(day)]


def plain(day: date) -> DayKind:
    """What a date is by its weekday alone."""
    return DayKind.WEEKEND if day.weekday() >= 5 else DayKind.WORKDAY


def shipped(year: int) -> Mapping[date, SpecialDay]:
    """The holidays and adjusted workdays of a year's notice, in order; empty where it does not come with Siyu."""
    return _notices().get(year, {})


SHIPPED = Calendar()
"""Nothing but the shipped notices."""


@cache
def _notices() -> Mapping[int, Mapping[date, SpecialDay]]:
    # Imported when it is first needed: it takes half a second and most companies never ask.
    import holidays

    table = holidays.country_holidays("CN", years=range(2000, 2101), language="zh_CN")
    worked = table.weekend_workdays
    # Every notice since 2001 names weekends that are worked, and what the library calculates for later years does not.
    years = range(min(worked).year, max(worked).year + 1)
    off: dict[date, str] = {}
    for day in sorted(table):
        name = "调休放假" if table[day].startswith("休息日") else table[day]
        off[day] = name
        for step in (timedelta(days=-1), timedelta(days=1)):
            beside = day + step
            while beside.weekday() >= 5 and beside not in worked and beside not in table:
                off.setdefault(beside, "节假日相连周末")
                beside += step
    found = [SpecialDay(day, DayKind.HOLIDAY, name) for day, name in off.items()]
    found += [SpecialDay(day, DayKind.ADJUSTED_WORKDAY, "调休上班") for day in worked]
    found.sort(key=lambda one: one.day)
    return {year: {one.day: one for one in found if one.day.year == year} for year in years}
