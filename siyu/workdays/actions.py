"""Door: enter days of the company's calendar."""

from collections.abc import Sequence
from datetime import date

from siyu.kernel import audit, notices
from siyu.kernel.calendar import DayKind, SpecialDay, plain, shipped
from siyu.kernel.ctx import Ctx
from siyu.kernel.text import clean
from siyu.workdays import store
from siyu.workdays.types import FIRST, LAST, MOST_DAYS, BadDay, NewDay, UnknownDay

NAMES = {"off": "公司放假", "worked": "公司上班"}


def enter(ctx: Ctx, new: NewDay) -> None:
    """Say whether a day is off or worked, over what the shipped notice says. Raises BadDay, BadText."""
    special = _special(new, "")
    store.put(ctx, [(special.day, special.kind.value, special.name)])
    audit.record(ctx, "workdays.enter", "day", new.day, mark=new.mark)
    _tell(ctx)


def take_back(ctx: Ctx, day: date) -> None:
    """Forget what the company has entered for a day. Raises UnknownDay."""
    if not store.drop(ctx, day):
        raise UnknownDay("nothing is entered for this day", field="day")
    audit.record(ctx, "workdays.take_back", "day", day)
    _tell(ctx)


def replace_year(ctx: Ctx, year: int, days: Sequence[NewDay], *, known: bool) -> None:
    """Replace what the company has entered for a year. ``known``: it is the year's notice, whole.

    Raises BadDay, BadText.
    """
    if len(days) > MOST_DAYS:
        raise BadDay(f"at most {MOST_DAYS} days of a year", field="days")
    found: dict[date, SpecialDay] = {}
    for place, new in enumerate(days):
        if new.day.year != year:
            raise BadDay(f"{new.day} lies in another year", field=f"days.{place}.day")
        if new.day in found:
            raise BadDay(f"{new.day} comes twice", field=f"days.{place}.day")
        found[new.day] = _special(new, f"days.{place}.")
    store.clear(ctx, year)
    if found:
        store.put(ctx, [(one.day, one.kind.value, one.name) for one in found.values()])
    store.declare(ctx, year, known)
    audit.record(ctx, "workdays.replace_year", "year", year, days=len(found), known=known)
    _tell(ctx)


def _special(new: NewDay, path: str) -> SpecialDay:
    if not FIRST <= new.day.year <= LAST:
        raise BadDay(f"days of {FIRST} to {LAST} can be entered", field=f"{path}day")
    name = clean(new.name, f"{path}name").strip() or NAMES[new.mark]
    if len(name) > 40:
        raise BadDay("a name has at most 40 characters", field=f"{path}name")
    if new.mark == "off":
        return SpecialDay(new.day, DayKind.HOLIDAY, name)
    weekday = plain(new.day)
    if weekday is DayKind.WORKDAY and new.day not in shipped(new.day.year):
        raise BadDay(f"{new.day} is a workday anyway", field=f"{path}mark")
    return SpecialDay(new.day, DayKind.ADJUSTED_WORKDAY if weekday is DayKind.WEEKEND else weekday, name)


def _tell(ctx: Ctx) -> None:
    notices.write(ctx, "workdays.changed")
