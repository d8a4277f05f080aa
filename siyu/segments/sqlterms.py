"""Private: the terms of time and comparison as SQL, beside their Python twins in terms.py."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Interval, Select, and_, func, literal, not_, select
from sqlalchemy.types import Numeric

from siyu.segments.frame import Frame
from siyu.segments.terms import TICK, Period, Range, Window, period, span
from siyu.segments.types import At

RUNNING: dict[Period, Period] = {
    "yesterday": "today",
    "last_week": "this_week",
    "last_month": "this_month",
    "last_year": "this_year",
}
"""The term whose end changes another's meaning: last_week moves on when this week ends."""


def bounded(number: ColumnElement[Any], operator: str, bound: Decimal) -> ColumnElement[bool]:
    """``number`` eq/ge/gt/le/lt ``bound``, compared exactly."""
    value = literal(bound, Numeric)
    match operator:
        case "eq":
            return number == value
        case "ge":
            return number >= value
        case "gt":
            return number > value
        case "le":
            return number <= value
        case _:
            return number < value


def in_range(number: ColumnElement[Any], given: Range) -> ColumnElement[bool]:
    """``number`` within every bound of the range."""
    return and_(*(bounded(number, operator, bound) for operator, bound in given.bounds()))


def windowed(column: ColumnElement[Any], window: Window, at: At) -> list[ColumnElement[bool]]:
    """The window over a column of times; ``since`` is joined by the frame."""
    start, end = window.bounds(at)
    found: list[ColumnElement[bool]] = []
    if start is not None:
        found.append(column >= start)
    if end is not None:
        found.append(column < end)
    return found


def crossed(column: ColumnElement[Any], window: Window, at: At, before: datetime) -> ColumnElement[bool] | None:
    """Times that lay in the window at ``before`` or lie in it now, but not both; None when the window stands still."""
    if window.within is not None:
        length = span(window.within)
        return and_(column >= before - length, column < at.now - length)
    if window.period is None:
        return None
    old, new = window.bounds(At(before, at.zone)), window.bounds(at)
    if old == new:
        return None
    (old_from, old_to), (new_from, new_to) = _both(old), _both(new)
    was, now = and_(column >= old_from, column < old_to), and_(column >= new_from, column < new_to)
    return and_(column >= min(old_from, new_from), column < max(old_to, new_to), not_(and_(was, now)))


def _both(bounds: tuple[datetime | None, datetime | None]) -> tuple[datetime, datetime]:
    """The bounds of a calendar term, which has both."""
    start, end = bounds
    assert start is not None
    assert end is not None
    return start, end


def leaving(
    frame: Frame, customer: ColumnElement[int], column: ColumnElement[Any], meant: ColumnElement[bool], window: Window
) -> list[Select[Any] | datetime]:
    """When the window next lets go of one of the rows ``meant``, or when its calendar term ends."""
    if window.within is not None:
        length = span(window.within)
        first = select(func.min(column) + literal(length + TICK, Interval))
        return [frame.only(first.where(meant, column >= frame.now - length), customer)]
    if window.period is not None:
        return [period(RUNNING.get(window.period, window.period), frame.at)[1]]
    return []
