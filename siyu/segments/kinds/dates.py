"""Leaf ``date``: birthdays, months and ages of a date attribute, in the company's calendar."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError
from sqlalchemy import ColumnElement, Integer, Select, and_, case, cast, extract, func, literal

from siyu.customers.types import Definition
from siyu.kernel.ctx import Ctx
from siyu.kernel.text import CleanText
from siyu.segments.frame import Frame
from siyu.segments.kinds.profile import by_name, definition, expression, load_row, value_of
from siyu.segments.leaves import Kind
from siyu.segments.sqlterms import in_range
from siyu.segments.terms import Range, local_day, period
from siyu.segments.types import At, BadCondition, Depends, Facts, Params, Seen

Month = Annotated[int, Field(ge=1, le=12)]


class DateParams(Params):
    """Exactly one of the parts."""

    name: CleanText = Field(default="birthday", description="an attribute of type date")
    today: Literal[True] | None = Field(default=None, description="its anniversary is today")
    month: tuple[Month, ...] | Literal["current"] | None = Field(default=None, description="it lies in these months")
    age: Range | None = Field(default=None, description="completed years since then")
    days_until: Range | None = Field(default=None, description="days until its next anniversary, 0 is today")

    builtin: bool = Field(default=False, description="filled in by Siyu")

    @property
    def definition(self) -> Definition:
        return Definition(self.name, "", "date", builtin=self.builtin)

    @model_validator(mode="after")
    def _one(self) -> Self:
        given = (self.today, self.month, self.age, self.days_until)
        if sum(part is not None for part in given) != 1 or self.month == ():
            raise PydanticCustomError("bad_date_part", "give one of today, month, age, days_until")
        return self


class DateKind(Kind[DateParams]):
    """Parts of a date; 29 February falls on the 28th in years without one."""

    name: ClassVar[str] = "date"
    title: ClassVar[tuple[str, str]] = ("Birthday and dates", "生日与日期")
    word: ClassVar[tuple[str, str]] = (
        "{name} is {seen.value}, age {seen.age}",
        "{name} 为 {seen.value}，{seen.age} 岁",
    )
    params = DateParams

    def resolve(self, ctx: Ctx, params: DateParams, field: str) -> DateParams:
        path = f"{field}.name" if field else "name"
        known = definition(ctx, params.name, path)
        if known.type != "date":
            raise BadCondition(f"{params.name} is not a date", field=path)
        return params.model_copy(update={"builtin": known.builtin})

    def named(self, ctx: Ctx, params: DateParams) -> DateParams:
        return params.model_copy(update={"builtin": False})

    def sql(self, frame: Frame, params: DateParams) -> ColumnElement[bool]:
        column = expression(params.definition)
        return and_(column.is_not(None), _clause(column, params, local_day(frame.at)))

    def load(self, ctx: Ctx, leaves: Sequence[DateParams], who: Select[Any]) -> Mapping[int, object]:
        return load_row(ctx, by_name(leaves), who)

    def read(self, params: DateParams, facts: Facts, at: At) -> Seen:
        value: date | None = value_of(facts, self.name, params.name)
        if value is None:
            return Seen(False, {"value": None})
        today = local_day(at)
        years, days = age(value, today), days_until(value, today)
        seen = {"value": value.isoformat(), "age": years, "days_until": days}
        if params.today:
            return Seen(days == 0, seen)
        if params.month is not None:
            return Seen(value.month in ((today.month,) if params.month == "current" else params.month), seen)
        if params.age is not None:
            return Seen(params.age.holds(years), seen)
        return Seen(params.days_until is not None and params.days_until.holds(days), seen)

    def depends(self, params: DateParams) -> Depends:
        return Depends(attributes=frozenset({params.name}))

    def changed(self, frame: Frame, params: DateParams, before: datetime) -> Select[Any] | None:
        old, new = local_day(At(before, frame.at.zone)), local_day(frame.at)
        if old == new or isinstance(params.month, tuple):
            return None
        column = expression(params.definition)
        return frame.select(
            where=and_(column.is_not(None), _clause(column, params, old) != _clause(column, params, new))
        )

    def due(self, frame: Frame, params: DateParams) -> Sequence[Select[Any] | datetime]:
        if isinstance(params.month, tuple):
            return ()
        return [period("this_month" if params.month == "current" else "today", frame.at)[1]]


def anniversary(value: date, year: int) -> date:
    """The day of ``year`` on which the anniversary of ``value`` falls."""
    try:
        return value.replace(year=year)
    except ValueError:
        return date(year, 2, 28)


def age(value: date, today: date) -> int:
    """Completed years; negative before the date itself."""
    return today.year - value.year - (anniversary(value, today.year) > today)


def days_until(value: date, today: date) -> int:
    """Days until the next anniversary, 0 when it is today."""
    coming = anniversary(value, today.year)
    if coming < today:
        coming = anniversary(value, today.year + 1)
    return (coming - today).days


def _clause(column: ColumnElement[Any], params: DateParams, today: date) -> ColumnElement[bool]:
    month = cast(extract("month", column), Integer)
    if params.month is not None:
        return month.in_([today.month] if params.month == "current" else list(params.month))
    if params.age is not None:
        years = literal(today.year) - cast(extract("year", column), Integer)
        return in_range(years - case((_anniversary(column, today.year) > today, 1), else_=0), params.age)
    this, following = _anniversary(column, today.year), _anniversary(column, today.year + 1)
    if params.today:
        return this == today
    days = case((this >= today, this - today), else_=following - today)
    assert params.days_until is not None
    return in_range(days, params.days_until)


def _anniversary(column: ColumnElement[Any], year: int) -> ColumnElement[Any]:
    """The anniversary in ``year`` as a date."""
    month: ColumnElement[int] = cast(extract("month", column), Integer)
    day: ColumnElement[int] = cast(extract("day", column), Integer)
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    if not leap:
        day = case((and_(month == 2, day == 29), 28), else_=day)
    return func.make_date(year, month, day)
