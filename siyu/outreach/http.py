"""Private: the policy, the ledger, steps, mass sends, the blacklist and the words of the reasons, for the screens and
the API."""

from datetime import date, datetime, time, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from siyu.customers import actions as customers
from siyu.customers import queries as people
from siyu.customers.types import UnknownCustomer
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import ids_of
from siyu.kernel.http import raises, requires
from siyu.kernel.paging import BadCursor
from siyu.kernel.text import CleanText
from siyu.outreach import actions, queries
from siyu.outreach.reasons import REASONS, Kind
from siyu.outreach.types import (
    BadPolicy,
    Cap,
    Entry,
    MassSend,
    Origin,
    Policy,
    Quotas,
    Route,
    State,
    Trigger,
    WindowRule,
)

router = APIRouter(prefix="/api/outreach", tags=["outreach"])

Reading = Annotated[Ctx, requires("outreach.read")]
Writing = Annotated[Ctx, requires("outreach.write")]
Id = Annotated[int, Path(ge=1, le=2**31 - 1)]
Cursor = Annotated[str | None, Query(max_length=200, description="The cursor `next` of the page before.")]
Limit = Annotated[int, Query(ge=1, le=200)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Read(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class CapBody(_Strict):
    """At most `most` messages to one person in a local day or week, by one route or (null) over all."""

    route: Route | None
    period: Literal["day", "week"]
    most: int = Field(ge=0, le=1000)


class WindowBody(_Strict):
    """How long a trigger opens customer messages, and for how many."""

    trigger: Trigger
    seconds: int = Field(ge=1, le=30 * 24 * 3600)
    messages: int = Field(ge=0, le=1000)


class QuotasBody(_Strict):
    """Limits of one Official Account: mass sends per follower and month, calls per day, mass calls per minute."""

    mass_month: int = Field(ge=0, le=1000)
    mass_day: int = Field(ge=0, le=100_000)
    mass_minute: int = Field(ge=0, le=10_000)
    custom_day: int = Field(ge=0, le=100_000_000)
    template_day: int = Field(ge=0, le=100_000_000)


LocalTime = Annotated[
    time, WithJsonSchema({"type": "string", "pattern": r"^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,6})?)?$"})
]
"""A time of day without an offset: the format ``time`` of JSON Schema asks for one."""


class PolicyBody(_Strict):
    """The company's rules for sending; local times of the company's zone, `patience_s` in seconds."""

    quiet_from: LocalTime = Field(examples=["22:30:00"])
    quiet_to: LocalTime = Field(examples=["07:00:00"])
    quiet_days: list[date] = Field(max_length=366, examples=[["2026-02-17"]])
    caps: list[CapBody] = Field(max_length=50)
    windows: list[WindowBody] = Field(max_length=4)
    quotas: QuotasBody
    patience_s: int = Field(ge=60, le=366 * 24 * 3600, examples=[604_800])


class ReasonBody(BaseModel):
    """One reason with its words."""

    code: str
    kind: Kind
    zh: str
    en: str


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


class StepBody(BaseModel):
    """How many requests of a step stand in one state for one reason."""

    node: str
    version: int
    state: State
    reason: str
    route: Route | None
    requests: int


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


class BlacklistBody(_Strict):
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
    return _shown(queries.policy(ctx))


@router.put("/policy", responses=raises(BadPolicy))
def save_outreach_policy(ctx: Writing, body: PolicyBody) -> PolicyBody:
    """Replace the company's rules; what waits is judged by the new ones when it is next due."""
    policy = Policy(
        quiet_from=body.quiet_from.replace(tzinfo=None),
        quiet_to=body.quiet_to.replace(tzinfo=None),
        quiet_days=tuple(body.quiet_days),
        caps=tuple(Cap(cap.route, cap.period, cap.most) for cap in body.caps),
        windows=tuple(WindowRule(rule.trigger, rule.seconds, rule.messages) for rule in body.windows),
        quotas=Quotas(**body.quotas.model_dump()),
        patience=timedelta(seconds=body.patience_s),
    )
    return _shown(actions.save_policy(ctx, policy))


@router.get("/reasons")
def outreach_reasons(ctx: Reading) -> list[ReasonBody]:
    """Every reason that a decision may carry, in Chinese and English."""
    return [ReasonBody(code=one.code, kind=one.kind, zh=one.zh, en=one.en) for one in REASONS.values()]


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
) -> list[StepBody]:
    """How the requests of an origin (a journey, or one node of it) stand and why."""
    return [
        StepBody(
            node=one.node,
            version=one.version,
            state=one.state,
            reason=one.reason,
            route=one.route,
            requests=one.requests,
        )
        for one in queries.by_step(ctx, Origin(kind, id, version, node))
    ]


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


def _shown(policy: Policy) -> PolicyBody:
    return PolicyBody(
        quiet_from=policy.quiet_from,
        quiet_to=policy.quiet_to,
        quiet_days=list(policy.quiet_days),
        caps=[CapBody(route=cap.route, period=cap.period, most=cap.most) for cap in policy.caps],
        windows=[
            WindowBody(trigger=rule.trigger, seconds=rule.seconds, messages=rule.messages) for rule in policy.windows
        ],
        quotas=QuotasBody.model_validate(policy.quotas, from_attributes=True),
        patience_s=int(policy.patience.total_seconds()),
    )


def _entry(entry: Entry) -> EntryBody:
    return EntryBody.model_validate(entry)


def _mass(send: MassSend) -> MassBody:
    return MassBody.model_validate(send)
