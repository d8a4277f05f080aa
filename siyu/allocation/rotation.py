"""Door: the rule of rotation, pure.

Each customer gives everybody who is there their share of one (by weight) as owed; whoever is owed most gets the
customer, and with that one less is owed. So shares hold among those who are there at the same time, whoever is new or
comes back starts where they stood instead of catching up on what came meanwhile, and a run of customers that one
member got while the platform still showed the old code is evened out afterwards.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from siyu.allocation.types import WEEKDAYS, Member, Rotation, Serving, Shift, Standing, State, Verdict
from siyu.kernel.calendar import SHIPPED, Calendar

HORIZON = 16
"""Days in which a shift comes again: longer than any holiday with the weekends beside it."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where hours count: the company's zone and its workdays; ``absent`` are the staff who are switched off."""

    zone: ZoneInfo
    absent: Collection[int] = frozenset()
    calendar: Calendar = SHIPPED


def serving(rotation: Rotation, standing: Standing, now: datetime, place: Place) -> Serving:
    """Who gets a customer that comes at ``now``, and why not the others."""
    standing = on(standing, now.astimezone(place.zone).date())
    states = {member.staff_id: _state(member, standing, now, place) for member in rotation.members}
    turn = _turn(rotation, standing, states)
    total = sum(member.weight for member in rotation.members if states[member.staff_id] == "ready")
    members = tuple(
        Verdict(
            member.staff_id,
            "serving" if member.staff_id == turn else states[member.staff_id],
            standing.today.get(member.staff_id, 0),
            member.daily_limit,
            member.weight / total if states[member.staff_id] == "ready" else 0.0,
            standing.owed.get(member.staff_id, 0.0),
        )
        for member in rotation.members
    )
    paused = {member.staff_id for member in rotation.members if member.paused}
    there = [staff_id for staff_id in rotation.fallback if staff_id not in place.absent and staff_id not in paused]
    instead = min(there, key=lambda one: standing.today.get(one, 0)) if there and turn is None else None
    out: dict[int, State] = {**dict.fromkeys(paused, "paused"), **dict.fromkeys(place.absent, "absent")}
    fallback = tuple(
        Verdict(
            one,
            "serving" if one == instead else out.get(one, "ready"),
            standing.today.get(one, 0),
            None,
            1 / len(there) if turn is None and one in there else 0.0,
            0.0,
        )
        for one in rotation.fallback
    )
    until = _until(rotation, states, now, place, turns_of_a_day=turn is None and len(there) > 1)
    if turn is not None:
        return Serving(turn, "turn", members, fallback, until)
    return Serving(instead, "nobody" if instead is None else "fallback", members, fallback, until)


def got(rotation: Rotation, standing: Standing, adds: Sequence[tuple[datetime, int]], place: Place) -> Standing:
    """What stands after customers went to staff members at times (in order), whether or not it was their turn."""
    for at, staff_id in adds:
        day = at.astimezone(place.zone).date()
        standing = on(standing, day)
        owed, today = dict(standing.owed), dict(standing.today)
        there = [member for member in rotation.members if _state(member, standing, at, place) == "ready"]
        if any(member.staff_id == staff_id for member in rotation.members):
            # Somebody who got one out of hours or over the limit got it on the others' account.
            sharing = there or [member for member in rotation.members if member.staff_id == staff_id]
            total = sum(member.weight for member in sharing)
            for member in sharing:
                owed[member.staff_id] = owed.get(member.staff_id, 0.0) + member.weight / total
            owed[staff_id] = owed.get(staff_id, 0.0) - 1.0
        if day == standing.day:
            today[staff_id] = today.get(staff_id, 0) + 1
        standing = replace(standing, today=today, owed=owed)
    return standing


def on(standing: Standing, day: date) -> Standing:
    """The same on a later local day, of which nobody got anything yet; an earlier day changes nothing."""
    return replace(standing, day=day, today={}) if day > standing.day else standing


def _state(member: Member, standing: Standing, now: datetime, place: Place) -> State:
    if member.staff_id in place.absent:
        return "absent"
    if member.paused:
        return "paused"
    if member.shifts and not any(start <= now < end for start, end in _spans(member.shifts, now, place, 0)):
        return "off_hours"
    if member.daily_limit is not None and standing.today.get(member.staff_id, 0) >= member.daily_limit:
        return "full"
    return "ready"


def _turn(rotation: Rotation, standing: Standing, states: Mapping[int, State]) -> int | None:
    there = [member for member in rotation.members if states[member.staff_id] == "ready"]
    if not there:
        return None
    total = sum(member.weight for member in there)
    # Rounded, so that equal weights take turns in their order whatever floating point left over.
    return max(there, key=lambda one: round(standing.owed.get(one.staff_id, 0.0) + one.weight / total, 9)).staff_id


def _spans(shifts: Sequence[Shift], now: datetime, place: Place, ahead: int) -> Iterator[tuple[datetime, datetime]]:
    """The hours from yesterday's, which may last past midnight, to those that start ``ahead`` days from now."""
    today = now.astimezone(place.zone).date()
    for step in range(-1, ahead + 1):
        day = today + timedelta(days=step)
        for shift in shifts:
            if WEEKDAYS[day.weekday()] in shift.days or ("workday" in shift.days and place.calendar.is_workday(day)):
                last = day if shift.until > shift.start else day + timedelta(days=1)
                yield _moment(day, shift.start, place.zone), _moment(last, shift.until, place.zone)


def _moment(day: date, clock: str, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time.fromisoformat(clock), zone).astimezone(UTC)


def _until(
    rotation: Rotation, states: Mapping[int, State], now: datetime, place: Place, *, turns_of_a_day: bool
) -> datetime | None:
    found: list[datetime] = []
    for member in rotation.members:
        if states[member.staff_id] not in ("absent", "paused"):
            found += [edge for span in _spans(member.shifts, now, place, HORIZON) for edge in span if edge > now]
    if turns_of_a_day or "full" in states.values():
        found.append(_moment(now.astimezone(place.zone).date() + timedelta(days=1), "00:00", place.zone))
    return min(found, default=None)
