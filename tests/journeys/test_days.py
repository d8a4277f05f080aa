"""The day arithmetic of stages: tables of entry and piece to due time."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from siyu.journeys.days import PARTS, Due, Local, Rule, ahead, due, plan

ZONE = ZoneInfo("Asia/Shanghai")
LOCAL = Local(ZONE, (22 * 60 + 30, 7 * 60))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE).astimezone(UTC)


NINE, TEN_PM = 9 * 60, 22 * 60
# 2026: 2 March is a Monday; 1 to 5 May is Labour Day, Saturday 9 May is worked; 25 to 27 September is Mid-Autumn.
TABLE = [
    ("a minute early", Rule(1, NINE), "2026-03-02 08:59", "2026-03-02 09:00", None),
    ("on the minute", Rule(1, NINE), "2026-03-02 09:00", "2026-03-02 09:00", None),
    ("passed: the next permitted minute", Rule(1, NINE), "2026-03-02 10:30", "2026-03-02 10:30", None),
    ("passed at night: once quiet hours are over", Rule(1, 6 * 60), "2026-03-02 06:30", "2026-03-02 07:00", None),
    ("no permitted minute is left", Rule(1, TEN_PM), "2026-03-02 22:31", "2026-03-02 22:00", "entered_late"),
    ("or the next day", Rule(1, TEN_PM, late="next_day"), "2026-03-02 22:31", "2026-03-03 22:00", None),
    ("day 2 for the early", Rule(2, NINE), "2026-03-02 00:00", "2026-03-03 09:00", None),
    ("day 2 for the late", Rule(2, NINE), "2026-03-02 23:59", "2026-03-03 09:00", None),
    ("within the part", Rule(1, 0, "morning"), "2026-03-02 09:30", "2026-03-02 09:30", None),
    ("after the part", Rule(1, 0, "morning"), "2026-03-02 10:00", "2026-03-02 08:00", "entered_late"),
    ("the part next day", Rule(1, 0, "noon", late="next_day"), "2026-03-02 14:00", "2026-03-03 12:00", None),
    ("Saturday is kept", Rule(1, NINE), "2026-03-07 08:00", "2026-03-07 09:00", None),
    ("Saturday is skipped", Rule(1, NINE, None, "skip"), "2026-03-07 08:00", "2026-03-07 09:00", "weekend"),
    ("Saturday waits for Monday", Rule(1, NINE, None, "next_workday"), "2026-03-07 12:00", "2026-03-09 09:00", None),
    ("day 2 is a holiday", Rule(2, NINE, None, "skip"), "2026-04-30 12:00", "2026-05-01 09:00", "holiday"),
    ("after the holiday", Rule(2, NINE, None, "next_workday"), "2026-04-30 12:00", "2026-05-06 09:00", None),
    ("a worked Saturday is a workday", Rule(3, NINE, None, "skip"), "2026-05-07 12:00", "2026-05-09 09:00", None),
    ("late, then off", Rule(1, TEN_PM, None, "skip", "next_day"), "2026-03-06 22:40", "2026-03-07 22:00", "weekend"),
    ("weekend morning", Rule(2, 0, "weekend_morning"), "2026-03-02 12:00", "2026-03-07 07:00", None),
    ("weekend morning on Saturday", Rule(1, 0, "weekend_morning"), "2026-03-07 06:00", "2026-03-07 07:00", None),
    ("weekend morning passed", Rule(1, 0, "weekend_morning"), "2026-03-07 11:00", "2026-03-07 07:00", "entered_late"),
    ("no weekend morning when worked", Rule(1, 0, "weekend_morning"), "2026-05-09 06:00", "2026-05-10 07:00", None),
    ("by a salesperson: before the part", ahead(Rule(2, 0, "noon")), "2026-03-02 08:00", "2026-03-03 10:00", None),
    ("by a salesperson at an hour", ahead(Rule(2, TEN_PM)), "2026-03-02 08:00", "2026-03-03 18:30", None),
    ("by a salesperson on day 1", ahead(Rule(1, 0, "noon")), "2026-03-02 11:00", "2026-03-02 11:00", None),
    ("by a salesperson, late", ahead(Rule(1, 0, "noon")), "2026-03-02 13:00", "2026-03-02 13:00", None),
    ("a year without notice", Rule(1, NINE, None, "next_workday"), "2099-01-03 08:00", "2099-01-05 09:00", None),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "entered", "expected", "skip"), [row[1:] for row in TABLE], ids=[r[0] for r in TABLE])
def test_when_a_piece_is_due(rule: Rule, entered: str, expected: str, skip: str | None) -> None:
    assert due(rule, at(entered), LOCAL) == Due(at(expected), skip)


def test_a_late_piece_shifts_nothing_and_comes_when_its_time_comes() -> None:
    pieces = [("late", Rule(1, TEN_PM, late="next_day")), ("second", Rule(2, NINE)), ("third", Rule(3, NINE))]
    told = [(one.piece, one.at, one.until, one.skip) for one in plan(pieces, at("2026-03-02 22:31"), LOCAL)]
    assert told == [
        ("second", at("2026-03-03 09:00"), at("2026-03-04 00:00"), None),
        ("late", at("2026-03-03 22:00"), at("2026-03-04 09:00"), None),
        ("third", at("2026-03-04 09:00"), None, None),
    ]


RULES = st.builds(
    Rule,
    day=st.integers(1, 30),
    at=st.integers(0, 1439),
    part=st.none() | st.sampled_from(sorted(PARTS)),
    days_off=st.sampled_from(["keep", "next_workday", "skip"]),
    late=st.sampled_from(["skip", "next_day"]),
)


@given(rule=RULES, minutes=st.integers(0, 365 * 1440))
def test_whoever_enters_on_one_day_has_the_same_later_days(rule: Rule, minutes: int) -> None:
    entered = at("2026-01-01 00:00") + timedelta(minutes=minutes)
    found = due(rule, entered, LOCAL)
    local = entered.astimezone(ZONE)
    if rule.day > 1:
        morning = at(f"{local.date()} 00:00")
        assert found == due(rule, morning, LOCAL)
    if not found.skip:
        assert found.at >= entered
        wanted = local.date() + timedelta(days=rule.day - 1)
        assert wanted <= found.at.astimezone(ZONE).date() <= wanted + timedelta(days=15)


@given(rules=st.lists(RULES, min_size=1, max_size=8), minutes=st.integers(0, 365 * 1440))
def test_a_plan_has_every_piece_once_in_order_and_each_may_go_on_its_day(rules: list[Rule], minutes: int) -> None:
    entered = at("2026-01-01 00:00") + timedelta(minutes=minutes)
    told = plan([(f"p{n}", rule) for n, rule in enumerate(rules)], entered, LOCAL)
    assert sorted(one.piece for one in told) == [f"p{n}" for n in range(len(rules))]
    assert [one.at for one in told] == sorted(one.at for one in told)
    for one in told:
        day: date = one.at.astimezone(ZONE).date()
        assert one.until is None or one.until >= at(f"{day + timedelta(days=1)} 00:00")
