"""Pure arithmetic of the policy: quiet hours, periods of caps and quotas. No database, no clock."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from siyu.kernel.calendar import Calendar
from siyu.outreach.types import BadPolicy, Cap, DayPart, Policy, Quotas, Round, Route, TaskRules, WindowRule


@dataclass(frozen=True, slots=True)
class Times:
    """What the present moment means under a policy, in the company's zone. Moments are UTC, dates local.

    ``quiet_until`` is None when sending is allowed now; ``quiet_why`` is the reason until then. The ``*_free``
    moments are the first allowed ones of the next period. ``broadcast_*``: since when WeCom counts group sends to a
    customer, up to how many.
    """

    now: datetime
    offset: timedelta
    quiet_until: datetime | None
    quiet_why: str
    today: date
    monday: date
    first: date
    day_free: datetime
    week_free: datetime
    month_free: datetime
    tomorrow: datetime
    broadcast_from: date
    broadcast_most: int
    broadcast_free: datetime


def times(policy: Policy, now: datetime, zone: ZoneInfo, calendar: Calendar) -> Times:
    """The periods around ``now``."""
    local = now.astimezone(zone)
    today = local.date()
    monday = today - timedelta(days=today.weekday())
    first = today.replace(day=1)
    next_month = (first + timedelta(days=32)).replace(day=1)

    def free(day: date) -> datetime:
        return allowed_at(policy, midnight(day, zone), zone, calendar)

    since, most, until = {
        "daily": (today, 1, today + timedelta(days=1)),
        "weekly7": (monday, 7, monday + timedelta(days=7)),
        "monthly_days": (first, (next_month - first).days, next_month),
        "monthly4": (first, 4, next_month),
    }[policy.broadcast]
    allowed = allowed_at(policy, now, zone, calendar)
    held = any(_held(policy, day, calendar) for day in _days(today, allowed.astimezone(zone).date()))
    return Times(
        now=now,
        offset=local.utcoffset() or timedelta(),
        quiet_until=None if allowed == now else allowed,
        quiet_why="holiday" if held else "quiet_hours",
        today=today,
        monday=monday,
        first=first,
        day_free=free(today + timedelta(days=1)),
        week_free=free(monday + timedelta(days=7)),
        month_free=free(next_month),
        tomorrow=midnight(today + timedelta(days=1), zone),
        broadcast_from=since,
        broadcast_most=most,
        broadcast_free=free(until),
    )


def gathered_until(now: Times, seconds: int | None) -> datetime:
    """The next multiple of so many seconds of local time; the present moment without a span."""
    if seconds is None:
        return now.now
    offset = now.offset.total_seconds()
    local = now.now.timestamp() + offset
    return datetime.fromtimestamp((local // seconds + 1) * seconds - offset, UTC)


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """The first moment of a local day, in UTC."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def allowed_at(policy: Policy, moment: datetime, zone: ZoneInfo, calendar: Calendar) -> datetime:
    """The earliest moment from ``moment`` on that is neither in quiet hours nor on a quiet day or a held holiday."""
    for _ in range(2 * (len(policy.quiet_days) + _HOLIDAYS + len(calendar.own)) + 4):
        local = moment.astimezone(zone)
        if local.date() in policy.quiet_days or _held(policy, local.date(), calendar):
            moment = midnight(local.date() + timedelta(days=1), zone)
        elif _quiet(policy, local.time()):
            day = local.date()
            if policy.quiet_from > policy.quiet_to and local.time() >= policy.quiet_from:
                day += timedelta(days=1)
            moment = datetime.combine(day, policy.quiet_to, zone).astimezone(UTC)
        else:
            return moment
    return moment


@lru_cache(maxsize=8)
def longer_by(policy: Policy, today: date, calendar: Calendar) -> Mapping[date, int]:
    """By how many days the patience with what is wanted on a date is longer, for the dates of a year from today on.

    Days without pushes do not count: else the days off of the Spring Festival would outlast a week's patience.
    """
    days = _days(today, today + 4 * _YEAR)
    without = [day for day in days if day in policy.quiet_days or _held(policy, day, calendar)]
    longer: dict[date, int] = {}
    for day in _days(today, today + _YEAR) if without else ():
        first = last = bisect_left(without, day)
        while last < len(without) and without[last] <= day + policy.patience + timedelta(days=last - first):
            last += 1
        if last > first:
            longer[day] = last - first
    return longer


_YEAR = timedelta(days=366)
_HOLIDAYS = 50
"""More days than a year has holidays with their weekends."""


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def _held(policy: Policy, day: date, calendar: Calendar) -> bool:
    """A year whose holidays are not announced holds nothing: ``GET /api/outreach/calendar`` says which are."""
    return policy.holidays == "hold" and calendar.is_holiday(day)


def _quiet(policy: Policy, at: time) -> bool:
    if policy.quiet_from <= policy.quiet_to:
        return policy.quiet_from <= at < policy.quiet_to
    return at >= policy.quiet_from or at < policy.quiet_to


def to_json(policy: Policy) -> dict[str, Any]:
    """The policy as it is stored."""
    return {
        "quiet_from": policy.quiet_from.isoformat(),
        "quiet_to": policy.quiet_to.isoformat(),
        "quiet_days": [day.isoformat() for day in policy.quiet_days],
        "holidays": policy.holidays,
        "caps": [{"route": cap.route, "period": cap.period, "most": cap.most} for cap in policy.caps],
        "windows": [asdict(rule) for rule in policy.windows],
        "quotas": asdict(policy.quotas),
        "patience_s": int(policy.patience.total_seconds()),
        "broadcast": policy.broadcast,
        "tasks": {
            "rounds": [{"part": one.part.value, "at": one.at.isoformat()} for one in policy.tasks.rounds],
            **{name: getattr(policy.tasks, name) for name in _PLAIN},
            **{f"{name}_s": int(getattr(policy.tasks, name).total_seconds()) for name in _SPANS},
        },
    }


_PLAIN = ("rounds_day", "tasks_day", "task_seconds", "unconfirmed", "reminders", "posts_day", "posts_month")
_SPANS = ("tolerance", "expiry", "remind_after", "lead")


def from_json(data: Mapping[str, Any]) -> Policy:
    """Read what ``to_json`` wrote; what is missing has its default."""
    plain = Policy()
    return replace(
        plain,
        quiet_from=time.fromisoformat(data["quiet_from"]) if "quiet_from" in data else plain.quiet_from,
        quiet_to=time.fromisoformat(data["quiet_to"]) if "quiet_to" in data else plain.quiet_to,
        quiet_days=tuple(date.fromisoformat(day) for day in data.get("quiet_days", ())),
        holidays=data.get("holidays", plain.holidays),
        caps=tuple(_cap(cap) for cap in data["caps"]) if "caps" in data else plain.caps,
        windows=_windows(data["windows"]) if "windows" in data else plain.windows,
        quotas=Quotas(**data["quotas"]) if "quotas" in data else plain.quotas,
        patience=timedelta(seconds=data["patience_s"]) if "patience_s" in data else plain.patience,
        broadcast=data.get("broadcast", plain.broadcast),
        tasks=_tasks(data["tasks"]) if "tasks" in data else plain.tasks,
    )


def _windows(data: Sequence[Mapping[str, Any]]) -> tuple[WindowRule, ...]:
    """Policies of before customer service say nothing of its window."""
    said = tuple(WindowRule(**rule) for rule in data)
    plain = (rule for rule in Policy().windows if rule.trigger == "kf")
    return said if any(rule.trigger == "kf" for rule in said) else (*said, *plain)


def _tasks(data: Mapping[str, Any]) -> TaskRules:
    rounds = tuple(Round(DayPart(one["part"]), time.fromisoformat(one["at"])) for one in data["rounds"])
    spans: dict[str, Any] = {name: timedelta(seconds=data[f"{name}_s"]) for name in _SPANS}
    return TaskRules(rounds, **{name: data[name] for name in _PLAIN if name in data}, **spans)


def _cap(data: Mapping[str, Any]) -> Cap:
    return Cap(None if data["route"] is None else Route(data["route"]), data["period"], data["most"])


def checked(policy: Policy) -> Policy:
    """The policy; raises ``BadPolicy`` naming the field that is out of range."""
    seen: set[tuple[str | None, str]] = set()
    for number, cap in enumerate(policy.caps):
        if cap.route is Route.MOMENTS:
            raise BadPolicy("a Moments post counts for no person's cap", field=f"caps.{number}.route")
        if cap.most < 0:
            raise BadPolicy("a cap is 0 or more", field=f"caps.{number}.most")
        if (cap.route, cap.period) in seen:
            raise BadPolicy("this route and period have two caps", field=f"caps.{number}")
        seen.add((cap.route, cap.period))
    triggers: set[str] = set()
    for number, rule in enumerate(policy.windows):
        if rule.seconds < 1 or rule.messages < 0:
            raise BadPolicy(
                "a window lasts at least 1 second and carries 0 messages or more", field=f"windows.{number}"
            )
        if rule.trigger in triggers:
            raise BadPolicy("this trigger has two windows", field=f"windows.{number}")
        triggers.add(rule.trigger)
    for name, most in asdict(policy.quotas).items():
        if most < 0:
            raise BadPolicy("a quota is 0 or more", field=f"quotas.{name}")
    if not timedelta(minutes=1) <= policy.patience <= timedelta(days=366):
        raise BadPolicy("patience is between 1 minute and 366 days", field="patience_s")
    _checked_tasks(policy.tasks)
    if len(policy.quiet_days) > 366:
        raise BadPolicy("at most 366 quiet days", field="quiet_days")
    return policy


def _checked_tasks(tasks: TaskRules) -> None:
    if {one.part for one in tasks.rounds} != set(DayPart) or len(tasks.rounds) != len(DayPart):
        raise BadPolicy("each day part has one hour", field="tasks.rounds")
    hour = {one.part: one.at for one in tasks.rounds}
    for morning in (DayPart.MORNING, DayPart.WEEKEND_MORNING):
        day = [hour[part] for part in (morning, DayPart.NOON, DayPart.AFTER_WORK, DayPart.EVENING)]
        if any(later <= earlier for earlier, later in pairwise(day)):
            raise BadPolicy("the hours of a day's parts follow one another", field="tasks.rounds")
    for name, least, most in (
        ("rounds_day", 1, 3),
        ("tasks_day", 1, 200),
        ("task_seconds", 1, 600),
        ("reminders", 0, 3),
        ("posts_day", 0, 100),
        ("posts_month", 0, 1000),
    ):
        if not least <= getattr(tasks, name) <= most:
            raise BadPolicy(f"between {least} and {most}", field=f"tasks.{name}")
    for name, shortest, longest in (
        ("tolerance", timedelta(0), timedelta(days=1)),
        ("expiry", timedelta(minutes=30), timedelta(days=7)),
        ("remind_after", timedelta(minutes=10), timedelta(days=1)),
        ("lead", timedelta(0), timedelta(hours=3)),
    ):
        if not shortest <= getattr(tasks, name) <= longest:
            raise BadPolicy(f"between {shortest} and {longest}", field=f"tasks.{name}_s")
