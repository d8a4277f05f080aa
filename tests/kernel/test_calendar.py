"""Public holidays and workdays of China."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from siyu.kernel.calendar import SHIPPED, Calendar, DayKind, SpecialDay


def span(first: str, last: str) -> list[date]:
    start, end = date.fromisoformat(first), date.fromisoformat(last)
    return [start + timedelta(days=number) for number in range((end - start).days + 1)]


NOTICE_2025 = (
    [
        ("2025-01-01", "2025-01-01"),
        ("2025-01-28", "2025-02-04"),
        ("2025-04-04", "2025-04-06"),
        ("2025-05-01", "2025-05-05"),
        ("2025-05-31", "2025-06-02"),
        ("2025-10-01", "2025-10-08"),
    ],
    ["2025-01-26", "2025-02-08", "2025-04-27", "2025-09-28", "2025-10-11"],
)
NOTICE_2026 = (
    [
        ("2026-01-01", "2026-01-03"),
        ("2026-02-15", "2026-02-23"),
        ("2026-04-04", "2026-04-06"),
        ("2026-05-01", "2026-05-05"),
        ("2026-06-19", "2026-06-21"),
        ("2026-09-25", "2026-09-27"),
        ("2026-10-01", "2026-10-07"),
    ],
    ["2026-01-04", "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10"],
)


@pytest.mark.parametrize(("year", "notice"), [(2025, NOTICE_2025), (2026, NOTICE_2026)])
def test_the_calendar_is_the_notice(year: int, notice: tuple[list[tuple[str, str]], list[str]]) -> None:
    off = [day for first, last in notice[0] for day in span(first, last)]
    worked = [date.fromisoformat(day) for day in notice[1]]
    for day in span(f"{year}-01-01", f"{year}-12-31"):
        weekend = day.weekday() >= 5
        plain = DayKind.WEEKEND if weekend else DayKind.WORKDAY
        expected = DayKind.HOLIDAY if day in off else DayKind.ADJUSTED_WORKDAY if day in worked else plain
        assert SHIPPED.kind(day) is expected, day
        assert SHIPPED.is_workday(day) is (day in worked or (not weekend and day not in off)), day
        assert SHIPPED.is_holiday(day) is (day in off), day


def test_days_off_of_new_year_begin_in_december() -> None:
    assert [SHIPPED.kind(day) for day in span("2018-12-29", "2019-01-02")] == [
        DayKind.ADJUSTED_WORKDAY,
        DayKind.HOLIDAY,
        DayKind.HOLIDAY,
        DayKind.HOLIDAY,
        DayKind.WORKDAY,
    ]


def test_every_known_year_has_its_adjusted_workdays() -> None:
    assert {2001, 2026} <= set(SHIPPED.years)
    for year in SHIPPED.years:
        kinds = [one.kind for one in SHIPPED.specials(year)]
        assert DayKind.ADJUSTED_WORKDAY in kinds, year
        assert kinds.count(DayKind.HOLIDAY) >= 15, year


@pytest.mark.parametrize("beside", [-1, 1])
def test_a_year_without_notice_is_said_and_not_guessed(beside: int) -> None:
    year = SHIPPED.years[0] - 1 if beside < 0 else SHIPPED.years[-1] + 1
    assert not SHIPPED.covers(year)
    assert not SHIPPED.specials(year)
    kinds = {SHIPPED.kind(day) for day in span(f"{year}-01-01", f"{year}-12-31")}
    assert kinds == {DayKind.WORKDAY, DayKind.WEEKEND}


def test_own_days_lie_over_the_notice() -> None:
    year = SHIPPED.years[-1] + 1
    friday, saturday = date(2026, 10, 2), date(2026, 11, 28)
    worked = SpecialDay(friday, DayKind.WORKDAY, "公司上班"), SpecialDay(saturday, DayKind.ADJUSTED_WORKDAY, "公司上班")
    party = SpecialDay(date(year, 2, 5), DayKind.HOLIDAY, "公司年会")
    one = Calendar((*worked, party))
    assert [one.is_workday(day) for day in span("2026-10-01", "2026-10-03")] == [False, True, False]
    assert one.is_workday(saturday)
    assert friday not in {special.day for special in one.specials(2026)}
    assert one.is_holiday(party.day)
    assert not one.covers(year)  # a day off of the company's own says nothing about the rest of that year
    assert one.years == SHIPPED.years
    assert Calendar((party,), (year,)).years == (*SHIPPED.years, year)
