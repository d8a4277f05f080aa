"""Private: the terms of time and comparison that leaf kinds share. Pure: Python values in, Python values out."""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StrictBool, StrictFloat, StrictInt, field_validator, model_validator
from pydantic_core import PydanticCustomError

from siyu.kernel.text import CleanText, Moment
from siyu.segments.types import At, Params

TICK = timedelta(microseconds=1)
"""The smallest step of time: an event leaves a window of length D one tick after its time + D."""
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
_SPAN = re.compile(r"([1-9]\d{0,5})([mhdw])")
LONGEST = timedelta(days=3660)


def span(text: str) -> timedelta:
    """``30m``, ``12h``, ``7d`` (7 x 24 h), ``2w`` as a timedelta; raises ValueError for anything else."""
    found = _SPAN.fullmatch(text)
    if not found:
        raise ValueError("a duration is a number and m, h, d or w, such as 12h")
    length = int(found[1]) * _UNITS[found[2]]
    if length > LONGEST:
        raise ValueError("a duration is at most ten years")
    return length


def _duration(text: str) -> str:
    try:
        span(text)
    except ValueError as error:
        raise PydanticCustomError("bad_duration", "{reason}", {"reason": str(error)}) from None
    return text


Duration = Annotated[str, AfterValidator(_duration), Field(examples=["12h", "30d"])]
Scalar = StrictBool | StrictInt | Annotated[StrictFloat, Field(allow_inf_nan=False)] | CleanText
Number = StrictInt | Annotated[StrictFloat, Field(allow_inf_nan=False)]
Period = Literal["today", "yesterday", "this_week", "last_week", "this_month", "last_month", "this_year", "last_year"]


def midnight(day: date, at: At) -> datetime:
    """When ``day`` begins in the company's zone, in UTC."""
    return datetime.combine(day, time(0), at.zone).astimezone(UTC)


def local_day(at: At) -> date:
    """The company's calendar day at ``at.now``."""
    return at.now.astimezone(at.zone).date()


def period(name: Period, at: At) -> tuple[datetime, datetime]:
    """[from, to) of a calendar term; weeks begin on Monday."""
    today = local_day(at)
    first: date
    after: date
    match name:
        case "today" | "yesterday":
            first = today if name == "today" else today - timedelta(days=1)
            after = first + timedelta(days=1)
        case "this_week" | "last_week":
            first = today - timedelta(days=today.weekday() + (0 if name == "this_week" else 7))
            after = first + timedelta(days=7)
        case "this_month" | "last_month":
            after = (today.replace(day=1) + timedelta(days=32)).replace(day=1)
            first = today.replace(day=1)
            if name == "last_month":
                first, after = (first - timedelta(days=1)).replace(day=1), first
        case "this_year" | "last_year":
            year = today.year - (name == "last_year")
            first, after = date(year, 1, 1), date(year + 1, 1, 1)
    return midnight(first, at), midnight(after, at)


class Window(Params):
    """When something happened: at most one of a rolling window, a calendar term, fixed bounds, or since entering.

    ``within`` reaches from now back and has no upper end: an event stamped a little ahead by another machine's
    clock counts at once. Everything else is [from, to).
    """

    within: Duration | None = None
    period: Period | None = None
    after: Moment | None = Field(default=None, alias="from")
    before: Moment | None = Field(default=None, alias="to")
    since: Literal["entered"] | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        fixed = self.after is not None or self.before is not None
        if (self.within is not None) + (self.period is not None) + fixed > 1:
            raise PydanticCustomError("bad_window", "give one of within, period, from/to")
        if self.after is not None and self.before is not None and self.after >= self.before:
            raise PydanticCustomError("bad_window", "from must be earlier than to")
        return self

    def bounds(self, at: At) -> tuple[datetime | None, datetime | None]:
        """[from, to) at ``at``; None is open. ``since`` is not in here: it differs per customer."""
        if self.within is not None:
            return at.now - span(self.within), None
        if self.period is not None:
            return period(self.period, at)
        return self.after, self.before

    def holds(self, moment: datetime, at: At, since: datetime | None) -> bool:
        """Whether ``moment`` lies in the window; with ``since`` asked for but not given, it does not."""
        start, end = self.bounds(at)
        if self.since is not None and (since is None or moment < since):
            return False
        return (start is None or start <= moment) and (end is None or moment < end)


class Range(Params):
    """A comparison of a number; every given bound must hold."""

    eq: Number | None = None
    ge: Number | None = None
    gt: Number | None = None
    le: Number | None = None
    lt: Number | None = None

    @model_validator(mode="after")
    def _some(self) -> Self:
        if not self.bounds():
            raise PydanticCustomError("bad_range", "give at least one of eq, ge, gt, le, lt")
        return self

    def bounds(self) -> list[tuple[str, Decimal]]:
        """The given bounds as (operator, exact number)."""
        named = (("eq", self.eq), ("ge", self.ge), ("gt", self.gt), ("le", self.le), ("lt", self.lt))
        return [(name, Decimal(str(value))) for name, value in named if value is not None]

    def turns(self, seen: int | None) -> tuple[bool, bool]:
        """Whether counting on could make it true after all, and false after all: from ``seen``, or from any count."""
        # Between its bounds a range says the same of all numbers, so those beside the bounds stand for all.
        near = sorted({0, *(int(bound) + step for _, bound in self.bounds() for step in (-1, 0, 1))})
        counts = [number for number in near if number >= 0] if seen is None else [seen]
        later = [*near, near[-1] + 1]
        rises = any(not self.holds(one) and any(self.holds(more) for more in later if more > one) for one in counts)
        falls = any(self.holds(one) and any(not self.holds(more) for more in later if more > one) for one in counts)
        return rises, falls

    def holds(self, number: float | int | Decimal) -> bool:
        """Whether a number lies in the range, compared exactly."""
        exact = number if isinstance(number, Decimal) else Decimal(str(number))
        return all(compare(exact, name, bound) for name, bound in self.bounds())


def compare(value: Decimal, name: str, bound: Decimal) -> bool:
    """``value`` eq/ge/gt/le/lt ``bound``."""
    match name:
        case "eq":
            return value == bound
        case "ge":
            return value >= bound
        case "gt":
            return value > bound
        case "le":
            return value <= bound
        case _:
            return value < bound


UPPER, LOWER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz"
_FOLD = str.maketrans(UPPER, LOWER)


def fold(text: str) -> str:
    """Latin letters in lower case, everything else as it is: PostgreSQL and Python agree on nothing wider."""
    return text.translate(_FOLD)


class Test(Params):
    """A test of one property of an event; every given operator must hold, a missing property fails them all."""

    __test__ = False

    eq: Scalar | None = None
    ne: Scalar | None = None
    among: tuple[Scalar, ...] | None = Field(default=None, alias="in", min_length=1, max_length=500)
    contains: Annotated[CleanText, Field(min_length=1)] | None = None
    starts: Annotated[CleanText, Field(min_length=1)] | None = None
    exists: Literal[True] | None = None
    ge: Number | None = None
    gt: Number | None = None
    le: Number | None = None
    lt: Number | None = None

    @model_validator(mode="before")
    @classmethod
    def _short(cls, data: object) -> object:
        return {"eq": data} if isinstance(data, str | int | float | bool) else data

    @field_validator("*", mode="before")
    @classmethod
    def _given(cls, value: object) -> object:
        # Stored conditions leave out what is None: without its only operator a test could not be read again.
        if value is None:
            raise PydanticCustomError("bad_test", "an operator needs a value; use exists to ask for any")
        return value

    @model_validator(mode="after")
    def _some(self) -> Self:
        if not self.model_fields_set:
            raise PydanticCustomError("bad_test", "give at least one operator")
        return self

    def numbers(self) -> list[tuple[str, Decimal]]:
        """The numeric comparisons."""
        named = (("ge", self.ge), ("gt", self.gt), ("le", self.le), ("lt", self.lt))
        return [(name, Decimal(str(value))) for name, value in named if value is not None]

    def holds(self, value: object) -> bool:
        """Whether a JSON value passes."""
        if value is None:
            return False
        return all(self._checks(value))

    def _checks(self, value: object) -> Sequence[bool]:
        checks: list[bool] = []
        if self.eq is not None:
            checks.append(same(value, self.eq))
        if self.ne is not None:
            checks.append(not same(value, self.ne))
        if self.among is not None:
            checks.append(any(same(value, option) for option in self.among))
        if self.contains is not None:
            checks.append(isinstance(value, str) and fold(self.contains) in fold(value))
        if self.starts is not None:
            checks.append(isinstance(value, str) and fold(value).startswith(fold(self.starts)))
        number = Decimal(str(value)) if isinstance(value, int | float) and not isinstance(value, bool) else None
        checks.extend(number is not None and compare(number, name, bound) for name, bound in self.numbers())
        return checks


def same(value: object, other: object) -> bool:
    """Equality of JSON scalars: 1 is 1.0 and is not true."""
    if isinstance(value, bool) or isinstance(other, bool):
        return value is other
    if isinstance(value, int | float) and isinstance(other, int | float):
        return Decimal(str(value)) == Decimal(str(other))
    return isinstance(value, str) and value == other
