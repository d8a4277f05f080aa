"""Private: on which days occasions fall, and whose birthday a day is. Pure."""

from calendar import isleap
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from siyu.kernel import lunar
from siyu.kernel.lunar import LunarDay
from siyu.replies.greetings.types import Birthday, Calendar, Festival, Named, NewGreeting, Occasion, Yearly

SOLAR: dict[Festival, tuple[int, int]] = {
    "new_year": (1, 1),
    "womens_day": (3, 8),
    "labour_day": (5, 1),
    "childrens_day": (6, 1),
    "teachers_day": (9, 10),
    "national_day": (10, 1),
}
LUNAR: dict[Festival, tuple[int, int]] = {
    "spring": (1, 1),
    "lantern": (1, 15),
    "dragon_boat": (5, 5),
    "qixi": (7, 7),
    "mid_autumn": (8, 15),
    "double_ninth": (9, 9),
    "laba": (12, 8),
    "spring_eve": (12, 30),
}
EARLIEST = 1900
"""Years of birth before this one are no years of birth."""
AHEAD = timedelta(hours=2)
"""By so much before its hour a greeting is asked for that a salesperson confirms: rounds are planned before theirs."""


def next_day(occasion: Occasion, first: date) -> date | None:
    """The first day from ``first`` on at which the occasion falls; of a birthday every day is one. None: none known."""
    if isinstance(occasion, Birthday):
        return first
    try:
        found = [_in(occasion, year) for year in (first.year - 1, first.year, first.year + 1)]
    except LookupError:
        return None
    return min(day for day in found if day >= first)


def year_of(occasion: Occasion, day: date) -> int:
    """The year for which a greeting on ``day`` counts: the lunar one where the lunar calendar decides the day."""
    by_moon = False
    match occasion:
        case Birthday(calendar=calendar, lunar_if=lunar_if):
            by_moon = calendar != "solar" and lunar_if is None
        case Named(festival=festival):
            by_moon = festival in LUNAR
        case Yearly():
            by_moon = occasion.lunar
    return lunar.lunar(day).year if by_moon else day.year


def births(calendar: Calendar, day: date) -> tuple[date, ...]:
    """The dates whose anniversary falls on a day, in order, the first a year before it.

    29 February falls on the 28th in years without one; the lunar rules are those of ``kernel.lunar``.
    """
    if calendar == "lunar":
        return lunar.born(day)
    if calendar == "solar":
        pairs = [(day.month, day.day)]
        if pairs == [(2, 28)] and not isleap(day.year):
            pairs.append((2, 29))
    else:
        pairs = [(month, number) for month, number, leap in lunar.celebrated(day) if not leap]
    return tuple(sorted(_valid(pairs, day.year)))


def _valid(pairs: list[tuple[int, int]], until: int) -> Iterator[date]:
    for year in range(EARLIEST, until):
        for month, number in pairs:
            if number <= (29 if month == 2 and isleap(year) else DAYS[month - 1]):
                yield date(year, month, number)


DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def _in(occasion: Named | Yearly, year: int) -> date:
    """The day of a year, of a lunar one where the moon decides."""
    if isinstance(occasion, Yearly):
        if occasion.lunar:
            return lunar.solar(LunarDay(year, occasion.month, occasion.day))
        last = 29 if occasion.month == 2 and isleap(year) else DAYS[occasion.month - 1]
        return date(year, occasion.month, min(occasion.day, last))
    if occasion.festival == "qingming":
        return lunar.qingming(year)
    if occasion.festival in SOLAR:
        return date(year, *SOLAR[occasion.festival])
    return lunar.solar(LunarDay(year, *LUNAR[occasion.festival]))


def moment(day: date, at: time, zone: ZoneInfo) -> datetime:
    """A local time of a day."""
    return datetime.combine(day, at, zone).astimezone(UTC)


def asked_at(new: NewGreeting, day: date, zone: ZoneInfo) -> datetime:
    """When a greeting of a day is asked for: at its hour, or earlier when a salesperson confirms it first."""
    said = moment(day, new.at, zone)
    if new.ways and new.ways[0].route == "wecom_group_send":
        return max(said - AHEAD, moment(day, time(), zone))
    return said
