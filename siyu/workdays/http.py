"""Private: the company's calendar over HTTP."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from siyu.kernel.calendar import DayKind
from siyu.kernel.ctx import Ctx
from siyu.kernel.errors import BadText
from siyu.kernel.http import ApiRoute, raises, requires
from siyu.kernel.text import CleanText
from siyu.workdays import actions, queries
from siyu.workdays.types import FIRST, LAST, MOST_DAYS, BadDay, Mark, NewDay, UnknownDay, YearDay

router = APIRouter(prefix="/api/workdays", tags=["workdays"], route_class=ApiRoute)
Read = Annotated[Ctx, requires("workdays.read")]
Write = Annotated[Ctx, requires("workdays.write")]
Day = Annotated[date, Path(examples=["2027-02-05"])]
Year = Annotated[int, Path(ge=FIRST, le=LAST, examples=[2027])]


class _Input(BaseModel):
    model_config = ConfigDict(extra="forbid")


class DayIn(_Input):
    """Whether a day is off or worked; without a name it is called by its mark."""

    mark: Mark = Field(examples=["off"])
    name: CleanText = Field(default="", max_length=40, examples=["公司周年"])


class DatedDayIn(DayIn):
    """The same with its date."""

    day: date = Field(examples=["2027-02-05"])


class YearIn(_Input):
    """What the company enters for a year, in place of what it has entered before."""

    days: list[DatedDayIn] = Field(max_length=MOST_DAYS)
    known: bool = Field(default=False, description="this is the year's notice, whole: the year counts as known")


class DayBody(BaseModel):
    """A day that is not as its weekday says, or that the company has entered.

    `own`: entered by the company; `shipped`: what the shipped notice says of it (null: nothing).
    """

    day: date
    kind: DayKind
    name: str
    own: bool
    shipped: DayKind | None

    @classmethod
    def of(cls, one: YearDay) -> "DayBody":
        """As it is shown."""
        special = one.special
        return cls(day=special.day, kind=special.kind, name=special.name, own=one.own, shipped=one.shipped)


class YearBody(BaseModel):
    """A year of the calendar. `known`: its notice ships with Siyu or was `declared` whole by the company.

    `years` are all known ones, in order.
    """

    year: int
    known: bool
    declared: bool
    years: list[int]
    days: list[DayBody]


@router.get("", operation_id="get_workdays")
def get_workdays(ctx: Read, year: Annotated[int | None, Query(ge=FIRST, le=LAST)] = None) -> YearBody:
    """The company's calendar of a year (the present one without `year`): holidays, worked weekends, own days."""
    return _year(ctx, ctx.now.astimezone(ctx.zone).year if year is None else year)


@router.put("/days/{day}", operation_id="enter_workday", responses=raises(BadDay, BadText))
def enter_workday(ctx: Write, day: Day, body: DayIn) -> YearBody:
    """Say whether a day is off or worked, over what the shipped notice says."""
    actions.enter(ctx, NewDay(day, body.mark, body.name))
    return _year(ctx, day.year)


@router.delete("/days/{day}", operation_id="take_back_workday", responses=raises(UnknownDay))
def take_back_workday(ctx: Write, day: Day) -> YearBody:
    """Forget what the company has entered for a day."""
    actions.take_back(ctx, day)
    return _year(ctx, day.year)


@router.put("/years/{year}", operation_id="replace_workdays", responses=raises(BadDay, BadText))
def replace_workdays(ctx: Write, year: Year, body: YearIn) -> YearBody:
    """Replace what the company has entered for a year, for instance with the new notice of the State Council."""
    days = [NewDay(one.day, one.mark, one.name) for one in body.days]
    actions.replace_year(ctx, year, days, known=body.known)
    return _year(ctx, year)


def _year(ctx: Ctx, year: int) -> YearBody:
    found = queries.year(ctx, year)
    return YearBody(
        year=found.year,
        known=found.known,
        declared=found.declared,
        years=list(queries.saved(ctx).years),
        days=[DayBody.of(one) for one in found.days],
    )
