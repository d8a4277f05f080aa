"""Pure: when the rounds of send tasks are. A round is the tasks of one day part."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from siyu.outreach.types import DayPart, TaskRules

_WEEKEND = 5
"""The first weekday of a weekend. Whether a holiday changes a step's hour is the journey's to say."""


def of_day(rules: TaskRules, day: date) -> list[tuple[DayPart, time]]:
    """The day parts of a date with their local hours, in order."""
    away = DayPart.MORNING if day.weekday() >= _WEEKEND else DayPart.WEEKEND_MORNING
    return sorted(((one.part, one.at) for one in rules.rounds if one.part != away), key=lambda pair: pair[1])


def upcoming(rules: TaskRules, part: DayPart | None, moment: datetime, zone: ZoneInfo) -> datetime:
    """The first round of a part (None: of any) at ``moment`` or later. A morning is the weekend's on weekends."""
    day = moment.astimezone(zone).date()
    for ahead in range(9):
        for hour in _hours(rules, part, day + timedelta(days=ahead), zone):
            if hour >= moment:
                return hour
    raise ValueError("the rules name no hour for this part")


def _hours(rules: TaskRules, part: DayPart | None, day: date, zone: ZoneInfo) -> list[datetime]:
    return [
        datetime.combine(day, at, zone).astimezone(UTC)
        for found, at in of_day(rules, day)
        if part is None or found == part or (part is DayPart.MORNING and found is DayPart.WEEKEND_MORNING)
    ]


def _missed(rules: TaskRules, part: DayPart | None, moment: datetime, zone: ZoneInfo) -> datetime | None:
    """The last round of a part on the day of ``moment`` that was before it by no more than the tolerance."""
    hours = _hours(rules, part, moment.astimezone(zone).date(), zone)
    return max((hour for hour in hours if hour < moment <= hour + rules.tolerance), default=None)


def part_at(rules: TaskRules, moment: datetime, zone: ZoneInfo) -> DayPart:
    """The day part in which a moment lies; what is handed over ahead of its hour belongs to the part to come."""
    local = (moment + rules.lead).astimezone(zone)
    parts = of_day(rules, local.date())
    return max((pair for pair in parts if pair[1] <= local.time()), key=lambda pair: pair[1], default=parts[0])[0]


def hand_over(
    rules: TaskRules,
    part: DayPart | None,
    wanted: datetime,
    now: datetime,
    lead: timedelta,
    zone: ZoneInfo,
    expires: datetime | None = None,
) -> datetime:
    """When what is wanted from ``wanted`` on is handed to a sender who confirms ``lead`` late; not before ``now``.

    A round that is over by less than the tolerance is still caught up with at once: one that was to come at ``wanted``,
    one in whose part ``wanted`` lies, and any where the next would come only when the request is over (``expires``).
    """
    hour = upcoming(rules, part, wanted, zone)
    begun = None if part is None else _missed(rules, part, wanted, zone)
    if begun is not None and begun == _missed(rules, None, wanted, zone):
        hour = begun
    if hour + rules.tolerance < now:
        hour = upcoming(rules, part, now, zone)
    at = max(hour - min(lead, rules.lead), now)
    late = expires is not None and at >= expires and _missed(rules, part, now, zone) is not None
    return now if late else at
