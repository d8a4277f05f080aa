"""Private: the policy, the ledger, steps, mass sends, the blacklist and the words of the reasons, for the screens and
the API."""

from dataclasses import asdict
from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from siyu.customers import actions as customers
from siyu.customers import queries as people
from siyu.customers.types import UnknownCustomer
from siyu.kernel.calendar import DayKind
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import ids_of
from siyu.kernel.http import ApiRoute, raises, requires
from siyu.kernel.paging import BadCursor
from siyu.kernel.text import CleanText
from siyu.outreach import actions, queries
from siyu.outreach.bodies import PolicyBody, ReasonBody, Strict, policy_of, shown
from siyu.outreach.reasons import REASONS
from siyu.outreach.types import (
    BadPolicy,
    Entry,
    MassSend,
    Origin,
    Route,
    State,
)
from siyu.segments import queries as segments
from siyu.workdays import queries as workdays

router = APIRouter(prefix="/api/outreach", tags=["outreach"], route_class=ApiRoute)

Reading = Annotated[Ctx, requires("outreach.read")]
Writing = Annotated[Ctx, requires("outreach.write")]
Id = Annotated[int, Path(ge=1, le=2**31 - 1)]
Cursor = Annotated[str | None, Query(max_length=200, description="The cursor `next` of the page before.")]
Limit = Annotated[int, Query(ge=1, le=200)]


class _Read(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class HolidayBody(_Read):
    """A day off of a public holiday (the weekend beside it included), or a weekend that is worked instead."""

    day: date
    kind: DayKind
    name: str


class CalendarBody(BaseModel):
    """A year's holidays; those of `first_year` to `last_year` are known."""

    year: int
    known: bool
    first_year: int
    last_year: int
    days: list[HolidayBody]


class OriginBody(_Read):
    """Who asked."""

    kind: str
    id: int
    version: int
    node: str


class MoveBody(_Read):
    """One step of a decision's history."""

    at: datetime
    state: State
    reason: str
    route: Route | None
    account_id: int | None
    until: datetime | None


class EntryBody(_Read):
    """One line of the ledger."""

    request_id: int
    customer_id: int
    key: str
    origin: OriginBody
    content_id: int | None
    text: str | None
    state: State
    reason: str
    detail: str | None
    route: Route | None
    account_id: int | None
    asked_at: datetime
    due_at: datetime
    expires_at: datetime
    decided_at: datetime | None
    done_at: datetime | None
    moves: list[MoveBody]


class LedgerBody(BaseModel):
    """A page of a customer's ledger, newest first."""

    items: list[EntryBody]
    next: str | None


class StepCountBody(BaseModel):
    """How many requests of a step stand in one state for one reason."""

    node: str
    version: int
    state: State
    reason: str
    route: Route | None
    requests: int


class StepSendBody(_Read):
    """One of the requests behind a count of a step. `at`: when it went out, or was decided so; `until`: when an open
    one is looked at again (a gathered one goes then at the latest)."""

    request_id: int
    customer_id: int
    name: str | None
    detail: str | None
    asked_at: datetime
    at: datetime | None
    until: datetime | None


class StepSendPage(BaseModel):
    """A page of requests of a step, asked for last first."""

    items: list[StepSendBody]
    next: str | None


class MassBody(_Read):
    """One mass send with the platform's counts; they are null until its finish event came."""

    batch_id: int
    account_id: int
    origin: OriginBody
    content_id: int | None
    text: str | None
    claimed_at: datetime
    recipients: int
    state: str
    platform_id: str | None
    status: str | None
    total: int | None
    filtered: int | None
    sent: int | None
    errors: int | None
    finished_at: datetime | None


class MassPage(BaseModel):
    """A page of mass sends, newest first."""

    items: list[MassBody]
    next: str | None


class BlacklistBody(Strict):
    """Whether the customer is on the blacklist, and why."""

    listed: bool
    why: CleanText = Field(min_length=1, max_length=200, examples=["投诉"])


class ListedBody(BaseModel):
    """The customer's place on the blacklist."""

    customer_id: int
    listed: bool


@router.get("/policy")
def outreach_policy(ctx: Reading) -> PolicyBody:
    """The company's rules for sending."""
    return shown(queries.policy(ctx))


@router.put("/policy", responses=raises(BadPolicy))
def save_outreach_policy(ctx: Writing, body: PolicyBody) -> PolicyBody:
    """Replace the company's rules; what waits is judged by the new ones when it is next due."""
    return shown(actions.save_policy(ctx, policy_of(body)))


@router.get("/calendar")
def holiday_calendar(ctx: Reading, year: Annotated[int | None, Query(ge=1, le=9999)] = None) -> CalendarBody:
    """The public holidays of a year (the present one without `year`) and the weekends that are worked instead.

    They are announced year by year; a year that is not `known` has no days here, and the policy holds none in it.
    """
    asked = ctx.now.astimezone(ctx.zone).year if year is None else year
    holidays = workdays.saved(ctx)
    return CalendarBody(
        year=asked,
        known=holidays.covers(asked),
        first_year=holidays.years[0],
        last_year=holidays.years[-1],
        days=[HolidayBody.model_validate(day) for day in holidays.specials(asked)],
    )


@router.get("/reasons")
def outreach_reasons(ctx: Reading) -> list[ReasonBody]:
    """Every reason that a decision may carry, in Chinese and English."""
    return [ReasonBody.model_validate(one) for one in REASONS.values()]


@router.get("/customers/{customer_id}/ledger", responses=raises(BadCursor))
def customer_ledger(ctx: Reading, customer_id: Id, after: Cursor = None, limit: Limit = 50) -> LedgerBody:
    """What was asked for one customer, what was decided and why, newest first."""
    page = queries.ledger(ctx, customer_id, after, limit)
    return LedgerBody(items=[_entry(entry) for entry in page.items], next=page.next)


@router.get("/steps")
def step_counts(
    ctx: Reading,
    kind: Annotated[str, Query(max_length=20, examples=["journey"])],
    id: Annotated[int, Query(ge=0, le=2**63 - 1)],
    node: Annotated[str, Query(max_length=200)] = "",
    version: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
) -> list[StepCountBody]:
    """How the requests of an origin (a journey, or one node of it) stand and why."""
    return [
        StepCountBody(
            node=one.node,
            version=one.version,
            state=one.state,
            reason=one.reason,
            route=one.route,
            requests=one.requests,
        )
        for one in queries.by_step(ctx, Origin(kind, id, version, node))
    ]


@router.get("/steps/requests", responses=raises(BadCursor))
def step_requests(
    ctx: Reading,
    kind: Annotated[str, Query(max_length=20, examples=["journey"])],
    id: Annotated[int, Query(ge=0, le=2**63 - 1)],
    state: State,
    reason: Annotated[CleanText, Query(max_length=40, examples=["now"])],
    route: Annotated[Route | None, Query(description="Left out: those without a route.")] = None,
    node: Annotated[str, Query(max_length=200)] = "",
    version: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
    after: Cursor = None,
    limit: Limit = 50,
) -> StepSendPage:
    """The people behind one count of `/api/outreach/steps`, asked for last first."""
    page = queries.of_step(ctx, Origin(kind, id, version, node), state, reason, route, after, limit)
    names = segments.names(ctx, [item.customer_id for item in page.items])
    items = [StepSendBody(**asdict(item), name=names.get(item.customer_id)) for item in page.items]
    return StepSendPage(items=items, next=page.next)


@router.get("/mass-sends", responses=raises(BadCursor))
def mass_sends(
    ctx: Reading,
    kind: Annotated[str | None, Query(max_length=20)] = None,
    id: Annotated[int, Query(ge=0, le=2**63 - 1)] = 0,
    after: Cursor = None,
    limit: Limit = 50,
) -> MassPage:
    """Mass sends with the platform's counts, newest first; `kind` and `id` restrict to one origin."""
    page = queries.mass_sends(ctx, None if kind is None else Origin(kind, id), after, limit)
    return MassPage(items=[_mass(send) for send in page.items], next=page.next)


@router.put("/blacklist/{customer_id}", responses=raises(UnknownCustomer))
def set_blacklisted(ctx: Writing, customer_id: Id, body: BlacklistBody) -> ListedBody:
    """Put a customer on the blacklist, or take the customer off it; nothing is sent to those who are on it."""
    profile = people.profile(ctx, customer_id)
    if profile.blacklisted != body.listed:
        customers.blacklist(ctx, ids_of([profile.customer_id]), body.listed, body.why)
    return ListedBody(customer_id=profile.customer_id, listed=body.listed)


def _entry(entry: Entry) -> EntryBody:
    return EntryBody.model_validate(entry)


def _mass(send: MassSend) -> MassBody:
    return MassBody.model_validate(send)
