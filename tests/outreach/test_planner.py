"""The planner of send tasks as a pure function: days of random pieces are played through it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

from hypothesis import given
from hypothesis import strategies as st

from siyu.outreach.policy import midnight
from siyu.outreach.sendtasks.kinds import KINDS
from siyu.outreach.sendtasks.planner import Piece, Taken, plan
from siyu.outreach.sendtasks.rounds import hand_over, part_at, upcoming
from siyu.outreach.types import DayPart, Route, TaskRules
from tests.support.world import START, ZONE

RULES = TaskRules()
REASONS = {"joined", "rounds_full", "tasks_full"}
WEEK = timedelta(days=7)


@st.composite
def days(draw: st.DrawFn) -> tuple[TaskRules, list[Piece]]:
    """Rules, and pieces of the next three days."""
    rules = replace(
        RULES,
        rounds_day=draw(st.integers(1, 3)),
        tasks_day=draw(st.integers(1, 6)),
        tolerance=timedelta(hours=draw(st.integers(0, 10))),
    )
    pieces = []
    for number in range(draw(st.integers(0, 14))):
        wanted = START + timedelta(minutes=draw(st.integers(0, 3 * 24 * 60)))
        part = draw(st.sampled_from([None, *DayPart]))
        due_at = hand_over(rules, part, wanted, wanted, timedelta(minutes=draw(st.integers(0, 90))), ZONE)
        message = draw(st.integers(1, 6))
        people = draw(
            st.sampled_from([1, 3, 500, KINDS[Route.WECOM_GROUP_SEND].most, KINDS[Route.WECOM_GROUP_SEND].most + 1])
        )
        expires_at = due_at + timedelta(hours=draw(st.integers(1, 72)))
        pieces.append(Piece(message, number, due_at, people, draw(st.integers(-2, 2)), expires_at))
    return rules, pieces


@given(days())
def test_days_of_pieces_are_handed_over_once_within_all_limits_or_moved_with_a_reason(
    given_: tuple[TaskRules, list[Piece]],
) -> None:
    rules, wanted = given_
    waiting = {piece.choice: piece for piece in wanted}
    due = {piece.choice: piece.due_at for piece in wanted}
    handed: Counter[int] = Counter()
    ended: Counter[int] = Counter()
    tasks: Counter[object] = Counter()
    parts: dict[object, set[DayPart]] = {}
    now = START
    while waiting and now < START + 4 * WEEK:
        now = max(now, min(piece.due_at for piece in waiting.values()))
        day = now.astimezone(ZONE).date()
        until = midnight(day + timedelta(days=1), ZONE)
        today = [piece for piece in waiting.values() if piece.due_at < until]
        before = Taken(tasks[day], frozenset(parts.get(day, set())))
        made = plan(today, before, rules, now, ZONE)

        both = Counter(piece.choice for piece in made.hand) + Counter(one.piece.choice for one in made.moved)
        assert set(both.values()) <= {1}, "a piece is handed over or moved, not both, and once"
        assert all(both[piece.choice] for piece in today if piece.due_at <= now), "what is due is never left lying"
        for piece in made.hand:
            assert due[piece.choice] <= now, "nothing goes before its time"
            handed[piece.choice] += 1
            tasks[day] += piece.tasks
            parts.setdefault(day, set()).add(part_at(rules, now, ZONE))
            del waiting[piece.choice]
        assert tasks[day] <= rules.tasks_day
        assert len(parts.get(day, ())) <= rules.rounds_day
        for one in made.moved:
            assert one.reason in REASONS
            assert one.until > now
            if one.reason == "joined":
                assert one.until < until
                assert one.until <= one.piece.due_at + rules.tolerance
            else:
                assert one.until >= until, "without a place today it is another day's"
            if one.until >= one.piece.expires_at and one.reason != "joined":
                ended[one.piece.choice] += 1
                del waiting[one.piece.choice]
            else:
                waiting[one.piece.choice] = replace(one.piece, due_at=one.until)
        if not made.hand and not made.moved:
            now += timedelta(minutes=1)
    assert not waiting, "everything ends"
    assert set(handed) | set(ended) == {piece.choice for piece in wanted}
    assert not set(handed) & set(ended)
    assert set(handed.values()) <= {1}


def local(hour: int, minute: int = 0, day: int = 2) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=ZONE).astimezone(UTC)


def piece(message: int, due_at: datetime, people: int = 10, priority: int = 0, hours: int = 72) -> Piece:
    return Piece(message, 0, due_at, people, priority, due_at + timedelta(hours=hours))


def test_the_round_that_costs_the_fewest_people_joins_a_later_one() -> None:
    day = [piece(1, local(9), 100), piece(2, local(12), 5), piece(3, local(18, 30), 50), piece(4, local(20, 30), 50)]
    made = plan(day, Taken(), RULES, local(9), ZONE)
    assert [one.message_id for one in made.hand] == [1]
    ((moved, until, reason),) = [(one.piece.message_id, one.until, one.reason) for one in made.moved]
    assert (moved, until, reason) == (3, local(20, 30), "joined"), "after work joins the evening: nobody waits a day"


def test_a_more_important_piece_of_the_evening_takes_the_place_of_one_of_now() -> None:
    rules = replace(RULES, tasks_day=1)
    made = plan([piece(1, local(9)), piece(2, local(20, 30), priority=5)], Taken(), rules, local(9), ZONE)
    assert made.hand == ()
    assert [(one.piece.message_id, one.until, one.reason) for one in made.moved] == [(1, local(9, day=3), "tasks_full")]


def test_the_same_message_in_two_rounds_becomes_one_task_when_tasks_are_scarce() -> None:
    rules = replace(RULES, tasks_day=1)
    made = plan([piece(1, local(18, 30)), piece(1, local(20, 30))], Taken(), rules, local(18, 30), ZONE)
    assert made.hand == ()
    assert [(one.until, one.reason) for one in made.moved] == [(local(20, 30), "joined")]


def test_a_morning_at_the_weekend_is_the_weekend_s() -> None:
    friday = local(20, 0, day=6)
    assert upcoming(RULES, DayPart.MORNING, friday, ZONE) == local(10, 0, day=7)
    assert upcoming(RULES, DayPart.WEEKEND_MORNING, START, ZONE) == local(10, 0, day=7)
    assert upcoming(RULES, None, friday, ZONE) == local(20, 30, day=6)
    assert part_at(RULES, local(10, 0, day=7), ZONE) is DayPart.WEEKEND_MORNING


def test_late_confirmers_get_their_round_earlier_but_never_in_the_past() -> None:
    hour = timedelta(hours=1)
    assert hand_over(RULES, DayPart.NOON, local(8), local(8), timedelta(minutes=25), ZONE) == local(11, 35)
    assert hand_over(RULES, DayPart.NOON, local(8), local(8), 5 * hour, ZONE) == local(11)
    assert hand_over(RULES, DayPart.NOON, local(11, 50), local(11, 50), hour, ZONE) == local(11, 50)
    assert hand_over(RULES, DayPart.NOON, local(11), local(15), hour, ZONE) == local(15), "a round just missed"
    assert hand_over(RULES, DayPart.NOON, local(11), local(17), hour, ZONE) == local(11, 0, day=3)


def test_a_round_in_whose_part_a_piece_is_wanted_is_caught_up_with_at_once() -> None:
    none = timedelta()
    assert hand_over(RULES, DayPart.EVENING, local(20, 45), local(20, 46), none, ZONE) == local(20, 46)
    assert hand_over(RULES, DayPart.MORNING, local(10, 30, day=7), local(10, 30, day=7), none, ZONE) == local(
        10, 30, day=7
    )
    assert hand_over(RULES, None, local(20, 45), local(20, 45), none, ZONE) == local(9, day=3), "no part asked for"
    assert hand_over(RULES, DayPart.MORNING, local(12, 30), local(12, 30), none, ZONE) == local(9, day=3)
    short = replace(RULES, tolerance=timedelta(minutes=10))
    assert hand_over(short, DayPart.EVENING, local(20, 45), local(20, 46), none, ZONE) == local(20, 30, day=3)


def test_a_round_after_the_end_of_a_request_is_none_while_one_within_the_tolerance_can_be_had() -> None:
    none = timedelta()
    ends = local(9, day=3)
    assert hand_over(RULES, DayPart.AFTER_WORK, local(21), local(21), none, ZONE, ends) == local(21)
    assert hand_over(RULES, None, local(21), local(21), none, ZONE, ends) == local(21)
    assert hand_over(RULES, DayPart.AFTER_WORK, local(21), local(21), none, ZONE) == local(18, 30, day=3)
    missed = hand_over(RULES, DayPart.AFTER_WORK, local(22, 31), local(22, 31), none, ZONE, ends)
    assert missed == local(18, 30, day=3), "the tolerance is over"


def test_a_day_of_twenty_tasks_is_ten_minutes() -> None:
    made = plan([piece(number, local(9)) for number in range(30)], Taken(), RULES, local(9), ZONE)
    assert len(made.hand) == 20
    assert len(made.hand) * RULES.task_seconds == 600
    assert {one.reason for one in made.moved} == {"tasks_full"}
    assert time(9) in {one.until.astimezone(ZONE).time() for one in made.moved}
