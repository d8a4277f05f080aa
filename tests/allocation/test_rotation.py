"""Rotation: shares by weight, limits, hours, fallback, changes at once."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from siyu.allocation.rotation import Place, got, serving
from siyu.allocation.types import BadRotation, Member, Rotation, Shift, Standing, check

ZONE = ZoneInfo("Asia/Shanghai")
PLACE = Place(ZONE)
MONDAY = datetime(2026, 3, 2, 1, tzinfo=UTC)
"""9:00 in Shanghai, a workday."""
NOTHING = Standing(date(2026, 3, 2))
OFFICE = (Shift(days=("workday",), start="09:00", until="18:00"),)


def follow(rotation: Rotation, times: list[datetime], place: Place = PLACE) -> tuple[list[int | None], Standing]:
    """Customers who come at these times and get whom the answer names."""
    standing, whom = NOTHING, []
    for at in times:
        answer = serving(rotation, standing, at, place)
        whom.append(answer.staff_id)
        if answer.staff_id is not None:
            standing = got(rotation, standing, [(at, answer.staff_id)], place)
    return whom, standing


def minutes(count: int, step: int = 1) -> list[datetime]:
    return [MONDAY + timedelta(minutes=step * index) for index in range(count)]


weights = st.lists(st.integers(1, 50), min_size=1, max_size=8)


@given(weights, st.integers(1, 300))
def test_shares_follow_the_weights_after_every_single_customer(given_weights: list[int], count: int) -> None:
    rotation = Rotation(members=tuple(Member(staff_id=i, weight=w) for i, w in enumerate(given_weights, 1)))
    whom, _ = follow(rotation, minutes(count))
    total, seen = sum(given_weights), Counter[int | None]()
    slack = sum(1 / k for k in range(1, len(given_weights) + 1))
    for number, staff_id in enumerate(whom, 1):
        seen[staff_id] += 1
        for member in rotation.members:
            due = number * member.weight / total
            assert due - slack < seen[member.staff_id] < due + 1


shift = st.builds(
    Shift,
    days=st.lists(st.sampled_from(["workday", "mon", "wed", "sat", "sun"]), min_size=1, max_size=3).map(tuple),
    start=st.sampled_from(["00:00", "08:30", "09:00", "18:00", "22:00"]),
    until=st.sampled_from(["00:00", "02:00", "09:00", "12:00", "18:00"]),
)
members = st.lists(
    st.tuples(st.integers(1, 9), st.none() | st.integers(1, 6), st.lists(shift, max_size=2).map(tuple), st.booleans()),
    min_size=1,
    max_size=5,
)


@given(members, st.lists(st.integers(0, 900), min_size=1, max_size=80), st.sets(st.integers(1, 7)))
def test_limits_hold_and_fallback_comes_only_when_all_are_out(
    drawn: list[tuple[int, int | None, tuple[Shift, ...], bool]], gaps: list[int], absent: set[int]
) -> None:
    rotation = Rotation(
        members=tuple(
            Member(staff_id=i, weight=w, daily_limit=limit, shifts=shifts, paused=paused)
            for i, (w, limit, shifts, paused) in enumerate(drawn, 1)
        ),
        fallback=(6, 7),
    )
    place = Place(ZONE, absent)
    at, standing, per_day = MONDAY, NOTHING, Counter[tuple[int, date]]()
    for gap in gaps:
        at += timedelta(minutes=gap)
        answer = serving(rotation, standing, at, place)
        assert answer.until is None or answer.until > at
        out = all(one.state not in ("ready", "serving") for one in answer.members)
        assert {"turn": not out, "fallback": out, "nobody": out and {6, 7} <= absent}[answer.by]
        if answer.until is not None:  # nothing but time passes: the answer is the same until then
            later = serving(rotation, standing, answer.until - timedelta(seconds=1), place)
            assert (later.staff_id, later.by) == (answer.staff_id, answer.by)
        if answer.staff_id is None:
            continue
        assert answer.staff_id not in absent
        standing = got(rotation, standing, [(at, answer.staff_id)], place)
        per_day[answer.staff_id, at.astimezone(ZONE).date()] += 1
    for (staff_id, _), count in per_day.items():
        limit = next((one.daily_limit for one in rotation.members if one.staff_id == staff_id), None)
        assert limit is None or count <= limit


def test_hours_begin_and_end_and_the_fallback_serves_outside() -> None:
    rotation = Rotation(members=(Member(staff_id=1, shifts=OFFICE),), fallback=(9,))
    before = serving(rotation, NOTHING, MONDAY - timedelta(minutes=1), PLACE)
    assert (before.staff_id, before.by, before.members[0].state, before.until) == (9, "fallback", "off_hours", MONDAY)
    begun = serving(rotation, NOTHING, MONDAY, PLACE)
    assert (begun.staff_id, begun.until) == (1, MONDAY + timedelta(hours=9))
    assert serving(rotation, NOTHING, MONDAY + timedelta(hours=9), PLACE).by == "fallback"


def test_workdays_follow_the_adjusted_calendar() -> None:
    rotation = Rotation(members=(Member(staff_id=1, shifts=OFFICE),), fallback=(9,))
    worked_sunday = datetime(2026, 1, 4, 12, tzinfo=ZONE)
    holiday_thursday = datetime(2026, 1, 1, 12, tzinfo=ZONE)
    standing = Standing(date(2026, 1, 1))
    assert serving(rotation, standing, worked_sunday, PLACE).staff_id == 1
    assert serving(rotation, standing, holiday_thursday, PLACE).staff_id == 9


def test_a_shift_past_midnight_belongs_to_the_day_it_starts_on() -> None:
    night = Shift(days=("mon",), start="22:00", until="02:00")
    rotation = Rotation(members=(Member(staff_id=1, shifts=(night,)),), fallback=(9,))
    tuesday = datetime(2026, 3, 3, 1, 59, tzinfo=ZONE)
    assert serving(rotation, NOTHING, tuesday, PLACE).staff_id == 1
    assert serving(rotation, NOTHING, tuesday + timedelta(days=1), PLACE).staff_id == 9


def test_the_limit_counts_a_local_day() -> None:
    rotation = Rotation(members=(Member(staff_id=1, daily_limit=2),), fallback=(9,))
    whom, standing = follow(rotation, minutes(3))
    assert whom == [1, 1, 9]
    full = serving(rotation, standing, minutes(4)[-1], PLACE)
    assert full.members[0].state == "full"
    midnight = datetime(2026, 3, 3, tzinfo=ZONE)
    assert full.until == midnight
    assert serving(rotation, standing, midnight, PLACE).staff_id == 1


def test_whoever_comes_back_does_not_catch_up_on_what_came_meanwhile() -> None:
    both = Rotation(members=(Member(staff_id=1), Member(staff_id=2)))
    alone = Rotation(members=(Member(staff_id=1), Member(staff_id=2, paused=True)), fallback=(9,))
    standing = NOTHING
    for at in minutes(40):
        standing = got(alone, standing, [(at, 1)], PLACE)
    whom = []
    for at in minutes(10):
        staff_id = serving(both, standing, at, PLACE).staff_id
        assert staff_id is not None
        whom.append(staff_id)
        standing = got(both, standing, [(at, staff_id)], PLACE)
    assert Counter(whom) == {1: 5, 2: 5}


def test_a_run_on_one_member_is_evened_out_afterwards() -> None:
    rotation = Rotation(members=(Member(staff_id=1), Member(staff_id=2)))
    standing = got(rotation, NOTHING, [(at, 1) for at in minutes(6)], PLACE)
    for at in minutes(6):
        assert serving(rotation, standing, at, PLACE).staff_id == 2
        standing = got(rotation, standing, [(at, 2)], PLACE)
    assert serving(rotation, standing, MONDAY, PLACE).staff_id == 1


def test_a_change_counts_at_once() -> None:
    rotation = Rotation(members=(Member(staff_id=1, weight=99), Member(staff_id=2)))
    standing = got(rotation, NOTHING, [(MONDAY, 1)], PLACE)
    assert serving(rotation, standing, MONDAY, PLACE).staff_id == 1
    paused = Rotation(members=(Member(staff_id=1, weight=99, paused=True), Member(staff_id=2)))
    assert serving(paused, standing, MONDAY, PLACE).staff_id == 2
    assert serving(rotation, standing, MONDAY, Place(ZONE, {1})).staff_id == 2
    limited = Rotation(members=(Member(staff_id=1, weight=99, daily_limit=1), Member(staff_id=2)))
    assert serving(limited, standing, MONDAY, PLACE).staff_id == 2


def test_a_callback_of_yesterday_counts_for_no_limit_of_today() -> None:
    rotation = Rotation(members=(Member(staff_id=1, daily_limit=1),), fallback=(9,))
    late = got(rotation, NOTHING, [(MONDAY - timedelta(days=1), 1)], PLACE)
    assert late.today == {}
    assert serving(rotation, late, MONDAY, PLACE).staff_id == 1


@pytest.mark.parametrize(
    ("rotation", "field"),
    [
        (Rotation(members=(Member(staff_id=1), Member(staff_id=1))), "rotation.members.1.staff_id"),
        (Rotation(members=(Member(staff_id=1),), fallback=(2, 2)), "rotation.fallback.1"),
        (Rotation(members=(Member(staff_id=1, daily_limit=5),)), "rotation.fallback"),
    ],
)
def test_rotations_that_cannot_serve_are_refused(rotation: Rotation, field: str) -> None:
    with pytest.raises(BadRotation) as caught:
        check(rotation)
    assert caught.value.field == field


def test_whoever_is_paused_does_not_step_in_either() -> None:
    members = (Member(staff_id=1, paused=True), Member(staff_id=2, daily_limit=1))
    full = Standing(MONDAY.date(), {2: 1})
    alone = serving(Rotation(members=members, fallback=(1,)), full, MONDAY, PLACE)
    assert (alone.staff_id, alone.by, alone.fallback[0].state) == (None, "nobody", "paused")
    assert serving(Rotation(members=members, fallback=(1, 3)), full, MONDAY, PLACE).staff_id == 3
