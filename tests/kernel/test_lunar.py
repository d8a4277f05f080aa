"""The lunar calendar: known days, and the rules of what is celebrated when."""

from __future__ import annotations

from datetime import date, timedelta

import holidays
import pytest
from hypothesis import given
from hypothesis import strategies as st

from siyu.kernel.lunar import FIRST, LAST, LunarDay, born, celebrated, lunar, qingming, solar


def test_festivals_fall_as_the_notices_have_them() -> None:
    """Against another library, which takes them from the notices."""
    for year in range(2001, 2027):
        notice = holidays.country_holidays("CN", years=year, language="zh_CN", observed=False)
        for name, day in (
            ("春节", solar(LunarDay(year, 1, 1))),
            ("端午节", solar(LunarDay(year, 5, 5))),
            ("中秋节", solar(LunarDay(year, 8, 15))),
            ("清明节", qingming(year)),
        ):
            # In the notices these are days off since 2008.
            assert name in notice.get(day, "") or year < 2008, (year, name, day)


@pytest.mark.parametrize(
    ("day", "found"),
    [
        ("2026-02-16", LunarDay(2025, 12, 29)),  # 除夕 of a short twelfth month
        ("2026-02-17", LunarDay(2026, 1, 1)),
        ("2025-07-25", LunarDay(2025, 6, 1, True)),  # 闰六月初一
        ("2026-09-25", LunarDay(2026, 8, 15)),
    ],
)
def test_days_and_leap_months(day: str, found: LunarDay) -> None:
    assert lunar(date.fromisoformat(day)) == found
    assert solar(found) == date.fromisoformat(day)


@pytest.mark.parametrize(
    ("asked", "day"),
    [
        (LunarDay(2025, 6, 1, True), "2025-07-25"),
        (LunarDay(2026, 6, 1, True), "2026-07-14"),  # no leap month: the ordinary sixth
        (LunarDay(2025, 6, 1), "2025-06-25"),  # the ordinary one, though a leap one follows
        (LunarDay(2025, 12, 30), "2026-02-16"),  # the 29th is the last
        (LunarDay(2026, 12, 30), "2027-02-05"),
    ],
)
def test_what_a_year_does_not_have_is_celebrated_beside(asked: LunarDay, day: str) -> None:
    assert solar(asked) == date.fromisoformat(day)


@given(st.dates(date(1902, 1, 1), date(2000, 12, 31)), st.integers(2001, 2099))
def test_everybody_is_celebrated_once_a_lunar_year(birth: date, year: int) -> None:
    at = lunar(birth)
    day = solar(LunarDay(year, at.month, at.day, at.leap))
    assert birth in born(day)
    assert tuple(at[1:]) in celebrated(day)
    for beside in (-1, 1, 29, 30, -29, -30):
        assert birth not in born(day + timedelta(days=beside))


def test_outside_the_tables_nothing_is_said() -> None:
    for day in (FIRST - timedelta(days=1), LAST + timedelta(days=1)):
        with pytest.raises(LookupError):
            lunar(day)
    with pytest.raises(LookupError):
        solar(LunarDay(2101, 1, 1))
