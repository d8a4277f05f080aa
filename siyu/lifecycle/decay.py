"""Private: how points lose their worth. Pure, and the same arithmetic in Python and in SQL.

Every gain decays alike, so the score of a moment is the score of an earlier one times a factor: a row holds the value
at one moment and is right at all later ones. A score is shown, and compared, as the nearest whole number, never below
0. Whoever stands at ``value`` passes below a bound when ln(value) has sunk to it: ``key`` = ln(value) + rate x epoch
seconds stands still while time goes on, so an index over it finds whom time alone moves.
"""

import math
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Double, Integer, case, cast, func, literal

DAY = 86_400.0


def rate(half_life_days: int | None) -> float:
    """The decay per second; 0 when points last for ever."""
    return 0.0 if half_life_days is None else math.log(2) / (half_life_days * DAY)


def left(value: float, rate: float, seconds: float) -> float:
    """What ``value`` is worth ``seconds`` later."""
    return value * math.exp(-rate * seconds)


def shown(value: float) -> int:
    """The score of a value."""
    return max(0, math.floor(value + 0.5))


def falls_at(value: float, rate: float, bound: float, now: datetime) -> datetime | None:
    """When a value passes below ``bound``, rounded up to the second; None when it never does."""
    if rate == 0 or value <= 0 or bound <= 0:
        return None
    seconds = max(0.0, math.log(value / bound) / rate)
    if seconds > 100 * 365 * DAY:
        return None
    return (now + timedelta(seconds=seconds)).replace(microsecond=0) + timedelta(seconds=1)


def left_sql(value: ColumnElement[Any], rate: ColumnElement[Any], seconds: ColumnElement[Any]) -> ColumnElement[float]:
    """``left`` as SQL."""
    return value * func.exp(-rate * seconds)


def seconds_sql(start: ColumnElement[Any], end: ColumnElement[Any]) -> ColumnElement[float]:
    """Seconds between two times, in double precision as Python has them."""
    return cast(func.extract("epoch", end - start), Double)


def shown_sql(value: ColumnElement[Any]) -> ColumnElement[int]:
    """``shown`` as SQL."""
    return func.greatest(literal(0, Integer), cast(func.floor(value + literal(0.5, Double)), Integer))


def key_sql(value: ColumnElement[Any], rate: ColumnElement[Any], at: ColumnElement[Any]) -> ColumnElement[float]:
    """The standing key of a value at a time; NULL for who has nothing to lose."""
    return case((value > 0, func.ln(value) + rate * cast(func.extract("epoch", at), Double)))


def key_of(value: float, rate: float, at: datetime) -> float:
    """The key of a bound at a time: who has a smaller one is below the bound."""
    return math.log(value) + rate * at.timestamp()
