"""Private: greetings on birthdays and festivals over HTTP."""

from datetime import date, datetime, time
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from siyu.content.types import (
    BadContent,
    FieldsNotAllowed,
    NoSuchContent,
    NotPublished,
    NotSendable,
    UnknownContent,
    UnknownField,
)
from siyu.kernel.ctx import Ctx
from siyu.kernel.errors import BadText, BadTime
from siyu.kernel.http import ApiRoute, Id, raises, requires
from siyu.kernel.text import CleanText
from siyu.replies.greetings import actions, queries
from siyu.replies.greetings.types import (
    BadGreeting,
    Birthday,
    Calendar,
    Coming,
    Festival,
    Greeting,
    GreetingRoute,
    GreetingWay,
    Named,
    NewGreeting,
    Occasion,
    UnknownGreeting,
    Yearly,
)
from siyu.replies.types import BadReply, Said
from siyu.segments import queries as segments
from siyu.segments.types import BadCondition, UnknownCondition, UnknownSegment

router = APIRouter(prefix="/api/replies/greetings", tags=["replies"], route_class=ApiRoute)
Read = Annotated[Ctx, requires("replies.read")]
People = Annotated[Ctx, requires("customers.read")]
Write = Annotated[Ctx, requires("replies.write")]
FAULTS = (
    BadGreeting,
    BadReply,
    BadText,
    BadTime,
    BadCondition,
    UnknownCondition,
    UnknownSegment,
    NoSuchContent,
    NotPublished,
    NotSendable,
    FieldsNotAllowed,
    BadContent,
    UnknownField,
    UnknownContent,
)


class _Input(BaseModel):
    model_config = ConfigDict(extra="forbid")


class BirthdayForm(_Input):
    """Everybody's own day: the anniversary of a date attribute.

    `calendar`: `solar`; `lunar` (the lunar date of the day of birth); `written_lunar` (month and day as written are
    lunar). `lunar_if`: an attribute of yes and no; whom it says yes of is celebrated so, all others by the solar one.
    """

    kind: Literal["birthday"]
    attribute: CleanText = Field(default="birthday", max_length=64)
    calendar: Calendar = "solar"
    lunar_if: CleanText | None = Field(default=None, max_length=64)


class FestivalForm(_Input):
    """A festival."""

    kind: Literal["festival"]
    festival: Festival


class DateForm(_Input):
    """A date of the company's own, each year; of the lunar calendar when `lunar`."""

    kind: Literal["date"]
    month: int = Field(ge=1, le=12)
    day: int = Field(ge=1, le=31)
    lunar: bool = False


OccasionForm = Annotated[BirthdayForm | FestivalForm | DateForm, Field(discriminator="kind")]


class WayForm(_Input):
    """One route, tried in order; `template`: the platform's id, for `oa_template` only."""

    route: GreetingRoute
    account_id: Id
    template: CleanText | None = Field(default=None, min_length=1, max_length=128)


class GreetingIn(_Input):
    """A greeting, said at the local hour `at`. Without `ways` it is a task of each customer's owner."""

    name: CleanText = Field(min_length=1, max_length=60, examples=["生日祝福"])
    occasion: OccasionForm = Field(examples=[{"kind": "birthday"}])
    text: CleanText | None = Field(default=None, max_length=2000, examples=["生日快乐，愿您事事顺心！"])
    content_id: Id | None = Field(default=None, description="a piece of content in place of a text")
    at: Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")] = Field(default="09:00", examples=["09:00"])
    ways: list[WayForm] = Field(default=[], max_length=5)
    condition: dict[str, Any] | None = Field(default=None, description="for whom only", examples=[None])
    active: bool = True

    def value(self) -> NewGreeting:
        """As the room takes it."""
        return NewGreeting(
            self.name,
            _occasion(self.occasion),
            Said(self.text, self.content_id),
            time.fromisoformat(self.at),
            tuple(GreetingWay(one.route, one.account_id, one.template) for one in self.ways),
            self.condition,
            self.active,
        )


class WayBody(BaseModel):
    """One route."""

    route: GreetingRoute
    account_id: int
    template: str | None


class GreetingBody(BaseModel):
    """A stored greeting; `next_at`: when it is asked for next, for `next_day` (null: it is off)."""

    greeting_id: int
    name: str
    occasion: OccasionForm
    text: str | None
    content_id: int | None
    at: str
    ways: list[WayBody]
    condition: dict[str, Any] | None
    active: bool
    next_day: date | None
    next_at: datetime | None
    changed_at: datetime
    changed_by: str


class GreetingMade(BaseModel):
    """The number of a new greeting."""

    greeting_id: int


class PersonBody(BaseModel):
    """A person who will be greeted."""

    customer_id: int
    name: str | None


class ComingBody(BaseModel):
    """Whom a greeting is for on a day, as it stands now: how many, and the first of them."""

    greeting_id: int
    name: str
    day: date
    at: datetime
    people: int
    first: list[PersonBody]

    @classmethod
    def of(cls, one: Coming) -> "ComingBody":
        """As it is shown."""
        first = [PersonBody(customer_id=number, name=name) for number, name in one.first]
        return cls(greeting_id=one.greeting_id, name=one.name, day=one.day, at=one.at, people=one.people, first=first)


@router.get("", operation_id="list_greetings")
def list_greetings(ctx: Read) -> list[GreetingBody]:
    """All greetings, oldest first."""
    return [_body(ctx, one) for one in queries.greetings(ctx)]


@router.get("/coming", operation_id="coming_greetings")
def coming_greetings(ctx: People, days: Annotated[int, Query(ge=1, le=31)] = 7) -> list[ComingBody]:
    """Who will be greeted on the next days, today first, by birthdays and conditions as they stand now.

    Caps, quiet hours and windows are judged when the hour comes: the ledger then says who was not greeted and why.
    """
    return [ComingBody.of(one) for one in queries.coming(ctx, days)]


@router.post("", operation_id="add_greeting", status_code=201, responses=raises(*FAULTS))
def add_greeting(ctx: Write, body: GreetingIn) -> GreetingMade:
    """Add a greeting; it greets from its next occasion whose hour is still to come."""
    return GreetingMade(greeting_id=actions.save(ctx, body.value()))


@router.put(
    "/{greeting_id}", operation_id="change_greeting", status_code=204, responses=raises(UnknownGreeting, *FAULTS)
)
def change_greeting(ctx: Write, greeting_id: Id, body: GreetingIn) -> None:
    """Replace a greeting. Whoever had it this year does not get it again."""
    actions.save(ctx, body.value(), greeting_id)


@router.delete("/{greeting_id}", operation_id="delete_greeting", status_code=204, responses=raises(UnknownGreeting))
def delete_greeting(ctx: Write, greeting_id: Id) -> None:
    """Delete a greeting; what it asked for stays asked for."""
    actions.delete(ctx, greeting_id)


def _occasion(form: BirthdayForm | FestivalForm | DateForm) -> Occasion:
    match form:
        case BirthdayForm():
            return Birthday(form.attribute, form.calendar, form.lunar_if)
        case FestivalForm():
            return Named(form.festival)
        case DateForm():
            return Yearly(form.month, form.day, form.lunar)


def _form(occasion: Occasion) -> BirthdayForm | FestivalForm | DateForm:
    match occasion:
        case Birthday():
            return BirthdayForm(
                kind="birthday",
                attribute=occasion.attribute,
                calendar=occasion.calendar,
                lunar_if=occasion.lunar_if,
            )
        case Named():
            return FestivalForm(kind="festival", festival=occasion.festival)
        case Yearly():
            return DateForm(kind="date", month=occasion.month, day=occasion.day, lunar=occasion.lunar)


def _body(ctx: Ctx, one: Greeting) -> GreetingBody:
    new = one.new
    condition = None if new.condition is None else segments.named(ctx, segments.load(new.condition))
    return GreetingBody(
        greeting_id=one.greeting_id,
        name=new.name,
        occasion=_form(new.occasion),
        text=new.said.text,
        content_id=new.said.content_id,
        at=f"{new.at:%H:%M}",
        ways=[WayBody(route=way.route, account_id=way.account_id, template=way.template) for way in new.ways],
        condition=condition,
        active=new.active,
        next_day=one.next_day,
        next_at=one.next_at,
        changed_at=one.changed_at,
        changed_by=one.changed_by,
    )
