"""Door: a year of the company's calendar, errors."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from siyu.kernel.calendar import DayKind, SpecialDay
from siyu.kernel.errors import Invalid, NotFound

FIRST, LAST = 2001, 2100
"""The years whose days may be entered."""
MOST_DAYS = 200
"""Days that may be entered of one year."""

Mark = Literal["off", "worked"]
"""What somebody enters for a day: nobody works, or people work."""


@dataclass(frozen=True, slots=True)
class NewDay:
    """A day as somebody enters it; without a name it is called by its mark."""

    day: date
    mark: Mark
    name: str = ""


@dataclass(frozen=True, slots=True)
class YearDay:
    """A day that is not as its weekday says. ``own``: entered by the company; ``shipped``: what the shipped notice says
    of it, if anything."""

    special: SpecialDay
    own: bool
    shipped: DayKind | None


@dataclass(frozen=True, slots=True)
class Year:
    """A year's days in order. ``known``: its notice ships with Siyu, or was ``declared`` whole by the company. ``days``
    also holds own days that put a shipped one back to its weekday."""

    year: int
    known: bool
    declared: bool
    days: tuple[YearDay, ...]


class BadDay(Invalid):
    """A day of the calendar has a wrong date, mark or name, or is already as it should become."""

    code = "bad_day"


class UnknownDay(NotFound):
    """The company has entered nothing for this day."""

    code = "unknown_day"
