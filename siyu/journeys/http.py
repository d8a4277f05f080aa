"""Private: journeys over HTTP."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Path, Query
from pydantic import BaseModel, ConfigDict, Field, model_validator

from siyu.customers.types import UnknownCustomer
from siyu.journeys import actions, bodies, files, moves, queries
from siyu.journeys.definition import parse
from siyu.journeys.types import (
    BadJourney,
    NotMovable,
    UnknownJourney,
    UnknownStage,
    UnknownVersion,
    WrongState,
)
from siyu.kernel.ctx import Ctx
from siyu.kernel.errors import BadText, Forbidden
from siyu.kernel.http import ApiRoute, raises, requires
from siyu.kernel.paging import BadCursor
from siyu.kernel.text import CleanText

router = APIRouter(prefix="/api/journeys", tags=["journeys"], route_class=ApiRoute)
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


class EnrolInput(BaseModel):
    """Customers to take in by hand."""

    model_config = ConfigDict(extra="forbid")

    customers: list[Annotated[int, Field(ge=1, le=2**31 - 1)]] = Field(min_length=1, max_length=10_000, examples=[[17]])
    key: CleanText = Field(min_length=1, max_length=100, examples=["fair-2026-03"])


class ChosenInput(BaseModel):
    """People, and the stage into which they may be put by hand."""

    model_config = ConfigDict(extra="forbid")

    customers: list[Annotated[int, Field(ge=1, le=2**31 - 1)]] = Field(min_length=1, max_length=10_000, examples=[[17]])
    stage: CleanText = Field(min_length=1, max_length=40, examples=["deciding"])


class MoveInput(ChosenInput):
    """People to put into a stage by hand, and why."""

    reason: CleanText = Field(min_length=1, max_length=200, examples=["电话里约了演示"])


Given = Annotated[JourneyInput, Body(openapi_examples={"definition": {"value": {"definition": _EXAMPLE}}})]
Id = Annotated[int, Field(ge=1, le=2**31 - 1)]
VersionNumber = Annotated[Id | None, Query(description="The live version by default.")]
Cursor = Annotated[CleanText | None, Query(max_length=200, description="The cursor `next` of the page before.")]
Limit = Annotated[int, Query(ge=1, le=200)]


@router.get("", responses=raises(Forbidden))
def list_journeys(ctx: Read) -> list[bodies.JourneyBody]:
    """All journeys."""
    return [bodies.journey_body(journey) for journey in queries.journeys(ctx)]


@router.post("", responses=raises(BadJourney, BadText, WrongState, Forbidden))
def apply_journey(body: Given, ctx: Write) -> bodies.AppliedBody:
    """Save a journey: new (a draft), as a new version, or unchanged. People inside stay in the version they entered."""
    definition = parse(body.data())
    applied = bodies.journey_body(actions.apply(ctx, definition))
    warned = [bodies.WarningBody.model_validate(one) for one in files.cautioned(ctx, definition)]
    return bodies.AppliedBody(**applied.model_dump(), warnings=warned)


@router.post("/validate", responses=raises(BadJourney, BadText, Forbidden))
def validate_journey(body: Given, ctx: Read) -> bodies.PlanBody:
    """Check a journey and say what applying it would change; changes nothing."""
    return bodies.PlanBody.model_validate(files.plan(ctx, parse(body.data())), from_attributes=True)


@router.get("/customers/{customer_id}", responses=raises(Forbidden))
def customer_journeys(customer_id: Id, ctx: Read) -> list[bodies.HistoryBody]:
    """What a customer lives through: enrolments with steps, goals and the reason of every send decision."""
    return [bodies.history_body(history) for history in queries.why(ctx, customer_id)]


@router.get("/{journey_id}", responses=raises(UnknownJourney, Forbidden))
def get_journey(journey_id: Id, ctx: Read) -> bodies.JourneyBody:
    """One journey."""
    return bodies.journey_body(queries.journey(ctx, journey_id))


@router.get("/{journey_id}/versions", responses=raises(UnknownJourney, Forbidden))
def list_versions(journey_id: Id, ctx: Read) -> list[bodies.VersionBody]:
    """All versions, newest first."""
    return [bodies.version_body(version) for version in queries.versions(ctx, journey_id)]


@router.get("/{journey_id}/file", responses=raises(UnknownJourney, UnknownVersion, Forbidden))
def export_journey(journey_id: Id, ctx: Read, version: VersionNumber = None) -> bodies.FileBody:
    """A version as YAML; the live one by default."""
    key = queries.journey(ctx, journey_id).key
    return bodies.FileBody(key=key, text=files.export(ctx, key, version))


@router.post("/{journey_id}/start", responses=raises(UnknownJourney, WrongState, Forbidden))
def start_journey(journey_id: Id, ctx: Write) -> bodies.JourneyBody:
    """Start a draft, or let a paused journey go on."""
    return bodies.journey_body(actions.start(ctx, journey_id))


@router.post("/{journey_id}/pause", responses=raises(UnknownJourney, WrongState, Forbidden))
def pause_journey(journey_id: Id, ctx: Write) -> bodies.JourneyBody:
    """Stand still: nobody moves, nothing new is sent; people still enter and wait."""
    return bodies.journey_body(actions.pause(ctx, journey_id))


@router.post("/{journey_id}/stop", responses=raises(UnknownJourney, WrongState, Forbidden))
def stop_journey(journey_id: Id, ctx: Write) -> bodies.JourneyBody:
    """End the journey for everybody, for good."""
    return bodies.journey_body(actions.stop(ctx, journey_id))


@router.get("/{journey_id}/wave", responses=raises(UnknownJourney, UnknownVersion, Forbidden))
def get_wave(journey_id: Id, ctx: Read, version: VersionNumber = None) -> bodies.WaveBody:
    """The flow with counts on its edges; the live version by default."""
    return bodies.WaveBody.model_validate(queries.wave(ctx, journey_id, version), from_attributes=True)


@router.post("/{journey_id}/enrolments", responses=raises(UnknownJourney, UnknownCustomer, WrongState, Forbidden))
def enrol_customers(journey_id: Id, body: EnrolInput, ctx: Write) -> bodies.Enrolled:
    """Take customers in by hand; repeatable under the same key."""
    return bodies.Enrolled(entered=actions.enrol(ctx, journey_id, body.customers, body.key))


@router.get("/{journey_id}/enrolments", responses=raises(UnknownJourney, BadCursor, Forbidden))
def list_enrolments(
    journey_id: Id,
    ctx: Read,
    version: VersionNumber = None,
    node: Annotated[CleanText | None, Query(max_length=40, description="Who stands or ended at this step.")] = None,
    stage: Annotated[CleanText | None, Query(max_length=40, description="Who is or ended in this stage.")] = None,
    active: bool | None = None,
    reason: Annotated[CleanText | None, Query(max_length=80, description="Who ended for this reason.")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> bodies.EnrolmentPage:
    """Who is or was in a version of the journey, newest first."""
    page = queries.enrolments(
        ctx, journey_id, version, node=node, stage=stage, active=active, reason=reason, after=cursor, limit=limit
    )
    return bodies.enrolment_page(ctx, page)


@router.post(
    "/{journey_id}/moves", responses=raises(UnknownJourney, UnknownStage, WrongState, NotMovable, BadText, Forbidden)
)
def move_customers(journey_id: Id, body: MoveInput, ctx: Write) -> bodies.MovedPeople:
    """Put people into another stage by hand: all of them, or nobody and a 409 that names who cannot be moved."""
    return bodies.MovedPeople(moved=moves.by_hand(ctx, journey_id, body.customers, body.stage, body.reason))


@router.post(
    "/{journey_id}/moves/preview",
    responses=raises(UnknownJourney, UnknownStage, WrongState, NotMovable, BadText, Forbidden),
)
def preview_move(journey_id: Id, body: ChosenInput, ctx: Write) -> bodies.MovePreviewBody:
    """What a move by hand would withdraw and what would come next; changes nothing, and refuses as the move does."""
    found = moves.preview(ctx, journey_id, body.customers, body.stage)
    return bodies.MovePreviewBody.model_validate(found, from_attributes=True)


@router.get("/{journey_id}/passages", responses=raises(UnknownJourney, BadCursor, Forbidden))
def list_passages(
    journey_id: Id,
    ctx: Read,
    edge: Annotated[CleanText, Query(max_length=80, examples=["sent"])],
    target: Annotated[CleanText, Query(max_length=40, examples=["reply"])],
    source: Annotated[CleanText | None, Query(max_length=40, description="Left out: the entry.")] = None,
    version: VersionNumber = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> bodies.PassagePage:
    """Who took an edge and when: the people behind a count of the wave. Who entered last comes first."""
    page = queries.passages(
        ctx, journey_id, version, source=source, edge=edge, target=target, after=cursor, limit=limit
    )
    return bodies.passage_page(ctx, page)


@router.get("/{journey_id}/goals/{goal}", responses=raises(UnknownJourney, BadCursor, Forbidden))
def list_goal_reached(
    journey_id: Id,
    goal: Annotated[CleanText, Path(max_length=64)],
    ctx: Read,
    version: VersionNumber = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> bodies.PassagePage:
    """Who reached a goal and when; who entered last comes first."""
    return bodies.passage_page(ctx, queries.goal_reached(ctx, journey_id, goal, version, after=cursor, limit=limit))
