"""The day arithmetic of stages (ARCHITECTURE.md section 6, "Days"): pure, from the entry into a stage to due times.

Day 1 is the local date of entering. Every piece has its own time, counted from the entry alone, so nothing that is
late, skipped or put off shifts what follows.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from siyu.kernel.calendar import SHIPPED, Calendar, DayKind

DayPart = Literal["morning", "noon", "after_work", "evening", "weekend_morning"]
DaysOff = Literal["keep", "next_workday", "skip"]
Late = Literal["skip", "next_day"]
PARTS: dict[DayPart, tuple[int, int]] = {
    "morning": (8 * 60, 10 * 60),
    "noon": (12 * 60, 13 * 60 + 30),
    "after_work": (18 * 60, 20 * 60),
    "evening": (20 * 60 + 30, 22 * 60 + 30),
    "weekend_morning": (7 * 60, 10 * 60),
}
"""Local minutes [from, to) of the day parts; a piece of a part is wanted from its first minute on."""
MIDNIGHT = 24 * 60
AHEAD = 2 * 60
"""Minutes before a day part at which what salespeople confirm is asked for: rounds are planned before their hour."""
FURTHEST = 40
"""Days that are looked through for a workday or a weekend, at most: longer than any holiday."""


@dataclass(frozen=True, slots=True)
class Rule:
    """When a piece is due: on ``day`` (from 1) at the local minute ``at``, or in the day part ``part``.

    ``ask``: of a piece that a salesperson confirms, the minute of that day from which it may be asked for.
    """

    day: int
    at: int
    part: DayPart | None = None
    days_off: DaysOff = "keep"
    late: Late = "skip"
    ask: int | None = None


@dataclass(frozen=True, slots=True)
class Local:
    """What local time means: the company's zone, the minutes without pushes [from, to) (equal: none), its workdays."""

    zone: ZoneInfo
    quiet: tuple[int, int] = (0, 0)
    calendar: Calendar = SHIPPED

    def moment(self, day: date, minute: int) -> datetime:
        """A local minute of a day in UTC; 24:00 is the midnight after it."""
        whole, rest = divmod(minute, MIDNIGHT)
        local = datetime.combine(day + timedelta(days=whole), time(rest // 60, rest % 60), self.zone)
        return local.astimezone(UTC)

    def permitted(self, moment: datetime) -> datetime | None:
        """The first moment from ``moment`` on, that local day, that is not quiet; None when there is none."""
        local = moment.astimezone(self.zone)
        first, last = self.quiet
        minute = local.hour * 60 + local.minute
        if first <= last:
            return self.moment(local.date(), last) if first <= minute < last else moment
        if minute >= first:
            return None
        return self.moment(local.date(), last) if minute < last else moment

    def off(self, day: date) -> bool:
        """Whether a date is a weekend or a holiday."""
        return not self.calendar.is_workday(day)

    def weekend(self, day: date) -> bool:
        """Whether a date is a Saturday or Sunday that is not worked."""
        return day.weekday() >= 5 and self.calendar.kind(day) is not DayKind.ADJUSTED_WORKDAY


@dataclass(frozen=True, slots=True)
class Due:
    """When a piece is due; with ``skip`` it is not sent, for this reason, and ``at`` is when it would have been."""

    at: datetime
    skip: str | None = None


@dataclass(frozen=True, slots=True)
class Planned:
    """One piece of somebody's sequence. ``until``: it gives way from then on; None: when outreach loses patience.

    ``part``: in which part of the day a salesperson confirms it.
    """

    piece: str
    at: datetime
    until: datetime | None
    skip: str | None
    part: DayPart


def part_of(rule: Rule) -> DayPart:
    """The day part in which a piece falls."""
    if rule.part:
        return rule.part
    begun = [part for part, (start, _) in PARTS.items() if start <= rule.at and part != "weekend_morning"]
    return begun[-1] if begun else "morning"


def _part(rule: Rule, one: Due, local: Local) -> DayPart:
    """The day part in which a salesperson confirms a piece: of one with an hour for which somebody came late, the part
    that is not over yet."""
    came = one.at.astimezone(local.zone)
    minute = came.hour * 60 + came.minute
    if rule.part or minute <= rule.at:
        return part_of(rule)
    return next((part for part, (_, end) in PARTS.items() if minute < end), "evening")


def ahead(rule: Rule) -> Rule:
    """The rule of a piece that a salesperson confirms: asked for before its part of the day begins."""
    return replace(rule, ask=max(0, PARTS[part_of(rule)][0] - AHEAD))


def due(rule: Rule, entered: datetime, local: Local) -> Due:
    """When the piece is due for somebody who entered the stage at ``entered``.

    A day-1 piece whose time has passed goes at the next permitted minute of that day, one of a day part only within
    the part; else it is skipped ``entered_late`` or waits for the next day, as its rule says.
    """
    found = _due(rule, entered, local)
    if found.skip or rule.ask is None:
        return found
    early = local.moment(found.at.astimezone(local.zone).date(), rule.ask)
    return Due(max(entered, min(early, found.at)))


def _due(rule: Rule, entered: datetime, local: Local) -> Due:
    first = entered.astimezone(local.zone).date()
    wanted = first + timedelta(days=rule.day - 1)
    found = _on(rule, wanted, local)
    if found.skip or found.at >= entered or found.at.astimezone(local.zone).date() != first:
        return found
    end = local.moment(first, PARTS[rule.part][1] if rule.part else MIDNIGHT)
    at = local.permitted(entered)
    if at is not None and at < end:
        return Due(at)
    return _on(rule, first + timedelta(days=1), local) if rule.late == "next_day" else Due(found.at, "entered_late")


def _on(rule: Rule, wanted: date, local: Local) -> Due:
    """When the piece is due that is wanted on a date, by its rule for days off."""
    minute = PARTS[rule.part][0] if rule.part else rule.at
    if rule.part == "weekend_morning":
        return Due(local.moment(_next(wanted, local.weekend), minute))
    if rule.days_off == "skip" and local.off(wanted):
        return Due(local.moment(wanted, minute), local.calendar.kind(wanted).value)
    if rule.days_off == "next_workday":
        wanted = _next(wanted, lambda day: not local.off(day))
    return Due(local.moment(wanted, minute))


def _next(day: date, fits: Callable[[date], bool]) -> date:
    candidates = (day + timedelta(days=n) for n in range(FURTHEST))
    return next((one for one in candidates if fits(one)), day)


def plan(pieces: Sequence[tuple[str, Rule]], entered: datetime, local: Local) -> list[Planned]:
    """The pieces of a stage in the order in which they come for somebody who entered it at ``entered``.

    A piece that could not go out gives way when the next one is due, but not before its own day is over.
    """
    dues = [(name, rule, due(rule, entered, local)) for name, rule in pieces]
    dues.sort(key=lambda one: one[2].at)
    found: list[Planned] = []
    following: datetime | None = None
    for name, rule, one in reversed(dues):
        until = None
        if following is not None:
            midnight = local.moment(one.at.astimezone(local.zone).date(), MIDNIGHT)
            until = max(midnight, following)
        found.append(Planned(name, one.at, until, one.skip, _part(rule, one, local)))
        following = following if one.skip else one.at
    return found[::-1]
