"""Private: journeys over HTTP."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Body, Query
from pydantic import BaseModel, ConfigDict, Field, model_validator

from siyu.journeys import actions, files, queries
from siyu.journeys.definition import parse
from siyu.journeys.types import (
    BadJourney,
    Enrolment,
    History,
    Journey,
    JourneyState,
    Mode,
    UnknownJourney,
    UnknownVersion,
    Version,
    WrongState,
)
from siyu.kernel.ctx import Ctx
from siyu.kernel.errors import BadText, Forbidden
from siyu.kernel.http import raises, requires
from siyu.kernel.paging import BadCursor
from siyu.kernel.text import CleanText
from siyu.segments import queries as segments

router = APIRouter(prefix="/api/journeys", tags=["journeys"])
Read = Annotated[Ctx, requires("journeys.read")]
Write = Annotated[Ctx, requires("journeys.write")]
JourneyId = int

_EXAMPLE = {
    "key": "welcome",
    "name": "新粉欢迎",
    "entry": {"condition": {"kind": "event", "type": "followed", "within": "1d"}},
    "steps": [{"id": "hello", "kind": "send", "text": "欢迎关注！", "routes": ["oa_custom"]}],
}


class JourneyInput(BaseModel):
    """A journey, as YAML text or as JSON; docs/journeys.md describes the form."""

    model_config = ConfigDict(extra="forbid")

    text: CleanText | None = Field(default=None, max_length=files.LARGEST, description="The file as YAML text.")
    definition: dict[str, Any] | None = Field(default=None, description="The same as JSON.", examples=[_EXAMPLE])

    @model_validator(mode="after")
    def _one(self) -> "JourneyInput":
        if (self.text is None) == (self.definition is None):
            raise ValueError("give either text or definition")
        return self

    def data(self) -> object:
        """The plain data of the journey; raises BadJourney."""
        return self.definition if self.text is None else files.data(self.text)


class JourneyBody(BaseModel):
    """One journey. ``fill_done`` of ``fill_total`` members at the start have been taken in."""

    journey_id: int
    key: str
    name: str
    mode: Mode
    state: JourneyState
    version: int
    segment_id: int | None
    created_at: datetime
    started_at: datetime | None
    stopped_at: datetime | None
    fill_done: int | None
    fill_total: int | None


class VersionBody(BaseModel):
    """One immutable version of a journey's definition."""

    journey_id: int
    version: int
    created_at: datetime
    actor: str
    definition: dict[str, Any]


class FileBody(BaseModel):
    """A version as YAML."""

    key: str
    text: str


class PlanBody(BaseModel):
    """What applying a definition would do; ``diff`` is a unified diff of the YAML."""

    key: str
    change: str
    version: int
    diff: str


class NodeBody(BaseModel):
    """A step of the wave; ``here`` people stand at it now, ``sends`` counts requests by ``state:reason``."""

    id: str
    kind: str
    title: str
    here: int
    sends: dict[str, int]


class EdgeBody(BaseModel):
    """How many took an edge; ``source`` null: the entry, ``target`` null: the journey ended."""

    source: str | None
    edge: str
    target: str | None
    count: int


class WaveBody(BaseModel):
    """The live wave: the flow of one version with its counts."""

    journey_id: int
    version: int
    entered: int
    active: int
    ended: dict[str, int]
    nodes: list[NodeBody]
    edges: list[EdgeBody]


class EnrolmentBody(BaseModel):
    """One customer's place in a journey."""

    enrolment_id: int
    customer_id: int
    journey_id: int
    version: int
    node: str
    waiting: str | None
    due_at: datetime | None
    entered_at: datetime
    ended_at: datetime | None
    reason: str | None


class NamedEnrolment(EnrolmentBody):
    """An enrolment with the customer's name."""

    name: str | None


class EnrolmentPage(BaseModel):
    """A page of enrolments; ``next`` is the cursor of the following page."""

    items: list[NamedEnrolment]
    next: str | None


class StepBody(BaseModel):
    """One step taken: into which step, over which edge, when."""

    visit: int
    node: str
    edge: str
    at: datetime


class SendBody(BaseModel):
    """What outreach decided about one send of the journey."""

    node: str
    key: str
    state: str
    reason: str
    route: str | None
    asked_at: datetime
    decided_at: datetime | None
    done_at: datetime | None


class HistoryBody(BaseModel):
    """One enrolment told: steps, goals (name to time) and sends with reasons."""

    enrolment: EnrolmentBody
    steps: list[StepBody]
    goals: dict[str, datetime]
    sends: list[SendBody]


class EnrolInput(BaseModel):
    """Customers to take in by hand."""

    model_config = ConfigDict(extra="forbid")

    customers: list[Annotated[int, Field(ge=1, le=2**31 - 1)]] = Field(min_length=1, max_length=10_000, examples=[[17]])
    key: CleanText = Field(min_length=1, max_length=100, examples=["fair-2026-03"])


class Enrolled(BaseModel):
    """How many entered."""

    entered: int


def _journey(journey: Journey) -> JourneyBody:
    return JourneyBody.model_validate(journey, from_attributes=True)


def _version(version: Version) -> VersionBody:
    return VersionBody.model_validate(version, from_attributes=True)


def _enrolment(enrolment: Enrolment) -> EnrolmentBody:
    return EnrolmentBody.model_validate(enrolment, from_attributes=True)


def _history(history: History) -> HistoryBody:
    return HistoryBody(
        enrolment=_enrolment(history.enrolment),
        steps=[StepBody.model_validate(step, from_attributes=True) for step in history.steps],
        goals=history.goals,
        sends=[
            SendBody(
                node=send.origin.node,
                key=send.key,
                state=send.state.value,
                reason=send.reason,
                route=send.route.value if send.route else None,
                asked_at=send.asked_at,
                decided_at=send.decided_at,
                done_at=send.done_at,
            )
            for send in history.sends
        ],
    )


Given = Annotated[JourneyInput, Body(openapi_examples={"definition": {"value": {"definition": _EXAMPLE}}})]
Id = Annotated[int, Field(ge=1, le=2**31 - 1)]


@router.get("", responses=raises(Forbidden))
def list_journeys(ctx: Read) -> list[JourneyBody]:
    """All journeys."""
    return [_journey(journey) for journey in queries.journeys(ctx)]


@router.post("", responses=raises(BadJourney, BadText, WrongState, Forbidden))
def apply_journey(body: Given, ctx: Write) -> JourneyBody:
    """Save a journey: new (a draft), as a new version, or unchanged. People inside stay in the version they entered."""
    return _journey(actions.apply(ctx, body.data()))


@router.post("/validate", responses=raises(BadJourney, BadText, Forbidden))
def validate_journey(body: Given, ctx: Read) -> PlanBody:
    """Check a journey and say what applying it would change; changes nothing."""
    return PlanBody.model_validate(files.plan(ctx, parse(body.data())), from_attributes=True)


@router.get("/customers/{customer_id}", responses=raises(Forbidden))
def customer_journeys(customer_id: Id, ctx: Read) -> list[HistoryBody]:
    """What a customer lives through: enrolments with steps, goals and the reason of every send decision."""
    return [_history(history) for history in queries.why(ctx, customer_id)]


@router.get("/{journey_id}", responses=raises(UnknownJourney, Forbidden))
def get_journey(journey_id: Id, ctx: Read) -> JourneyBody:
    """One journey."""
    return _journey(queries.journey(ctx, journey_id))


@router.get("/{journey_id}/versions", responses=raises(UnknownJourney, Forbidden))
def list_versions(journey_id: Id, ctx: Read) -> list[VersionBody]:
    """All versions, newest first."""
    return [_version(version) for version in queries.versions(ctx, journey_id)]


@router.get("/{journey_id}/file", responses=raises(UnknownJourney, UnknownVersion, Forbidden))
def export_journey(journey_id: Id, ctx: Read, version: Annotated[Id | None, Query()] = None) -> FileBody:
    """A version as YAML; the live one by default."""
    key = queries.journey(ctx, journey_id).key
    return FileBody(key=key, text=files.export(ctx, key, version))


@router.post("/{journey_id}/start", responses=raises(UnknownJourney, WrongState, Forbidden))
def start_journey(journey_id: Id, ctx: Write) -> JourneyBody:
    """Start a draft, or let a paused journey go on."""
    return _journey(actions.start(ctx, journey_id))


@router.post("/{journey_id}/pause", responses=raises(UnknownJourney, WrongState, Forbidden))
def pause_journey(journey_id: Id, ctx: Write) -> JourneyBody:
    """Stand still: nobody moves, nothing new is sent; people still enter and wait."""
    return _journey(actions.pause(ctx, journey_id))


@router.post("/{journey_id}/stop", responses=raises(UnknownJourney, WrongState, Forbidden))
def stop_journey(journey_id: Id, ctx: Write) -> JourneyBody:
    """End the journey for everybody, for good."""
    return _journey(actions.stop(ctx, journey_id))


@router.get("/{journey_id}/wave", responses=raises(UnknownJourney, UnknownVersion, Forbidden))
def get_wave(journey_id: Id, ctx: Read, version: Annotated[Id | None, Query()] = None) -> WaveBody:
    """The flow with counts on its edges; the live version by default."""
    return WaveBody.model_validate(queries.wave(ctx, journey_id, version), from_attributes=True)


@router.post("/{journey_id}/enrolments", responses=raises(UnknownJourney, WrongState, Forbidden))
def enrol_customers(journey_id: Id, body: EnrolInput, ctx: Write) -> Enrolled:
    """Take customers in by hand; repeatable under the same key."""
    return Enrolled(entered=actions.enrol(ctx, journey_id, body.customers, body.key))


@router.get("/{journey_id}/enrolments", responses=raises(UnknownJourney, BadCursor, Forbidden))
def list_enrolments(
    journey_id: Id,
    ctx: Read,
    node: Annotated[CleanText | None, Query(max_length=40)] = None,
    active: bool | None = None,
    cursor: Annotated[CleanText | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> EnrolmentPage:
    """Who is or was in the journey, newest first."""
    page = queries.enrolments(ctx, journey_id, node=node, active=active, after=cursor, limit=limit)
    names = segments.names(ctx, [item.customer_id for item in page.items])
    items = [NamedEnrolment(**_enrolment(item).model_dump(), name=names.get(item.customer_id)) for item in page.items]
    return EnrolmentPage(items=items, next=page.next)
