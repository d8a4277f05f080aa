"""Private: what journeys look like over HTTP."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from siyu.journeys.types import Enrolment, History, Journey, JourneyKind, JourneyState, Mode, Passage, Version
from siyu.kernel.ctx import Ctx
from siyu.kernel.paging import Page
from siyu.segments import queries as segments


class StageNameBody(BaseModel):
    """A stage and what people read."""

    id: str
    name: str


class JourneyBody(BaseModel):
    """One journey. ``fill_done`` of ``fill_total`` members at the start have been taken in.

    ``stages`` of the live version, in order (none: a flow). ``titles``: what its goals (``goal:NAME``), exit rules
    (``end:REASON``) and rules of stages (``move:REASON``) are called; one without a title is missing."""

    journey_id: int
    key: str
    name: str
    mode: Mode
    kind: JourneyKind
    state: JourneyState
    version: int
    segment_id: int | None
    created_at: datetime
    started_at: datetime | None
    stopped_at: datetime | None
    fill_done: int | None
    fill_total: int | None
    stages: list[StageNameBody]
    titles: dict[str, str]


class WarningBody(BaseModel):
    """What a sound definition will not do as its author may think. ``code``: `needs_archive` (the condition depends on
    chats between staff and customers, which only the conversation archive shows: `detail.misses` who writes there
    may be left out, `detail.silent` may pass for somebody who did not); `same_day` (`next_workday` moves several pieces
    of a stage onto one day, of which the caps of a day keep some: `detail.days` with `day`, `entered`, `pieces`, and
    `detail.more` days besides)."""

    model_config = ConfigDict(from_attributes=True)

    field: str
    code: str
    message: str
    detail: dict[str, Any]


class AppliedBody(JourneyBody):
    """The journey as it was saved."""

    warnings: list[WarningBody]


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
    """What applying a definition would do; ``diff`` is a unified diff of the YAML. ``text`` and ``definition`` are what
    would be saved, as YAML and as JSON: an editor goes from one to the other by them."""

    key: str
    change: str
    version: int
    diff: str
    text: str
    definition: dict[str, Any]
    warnings: list[WarningBody]


class NodeBody(BaseModel):
    """A step of the wave; ``here`` people stand at it now, ``ended`` counts those whose journey ended at it by reason,
    ``sends`` its requests by ``state:reason``. ``awaits``: the type of event that a wait_for waits for;
    ``stage``: to which it belongs."""

    id: str
    kind: str
    stage: str | None
    title: str
    awaits: str | None
    here: int
    ended: dict[str, int]
    sends: dict[str, int]


class EdgeBody(BaseModel):
    """How many took an edge; ``source`` null: the entry, ``target`` null: the journey ended."""

    source: str | None
    edge: str
    target: str | None
    count: int


class WaveBody(BaseModel):
    """The live wave: the flow of one version with its counts; ``ended`` by reason, ``goals`` by name;
    ``titles`` as of a journey."""

    journey_id: int
    version: int
    entered: int
    active: int
    ended: dict[str, int]
    goals: dict[str, int]
    titles: dict[str, str]
    nodes: list[NodeBody]
    edges: list[EdgeBody]


class EnrolmentBody(BaseModel):
    """One customer's place in a journey; at ``node`` since ``node_at``; ``stage`` is null in a flow."""

    enrolment_id: int
    customer_id: int
    journey_id: int
    version: int
    stage: str | None
    node: str
    node_at: datetime
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


class PassageBody(BaseModel):
    """Somebody took an edge, or reached a goal, at ``at``."""

    enrolment_id: int
    customer_id: int
    name: str | None
    at: datetime


class PassagePage(BaseModel):
    """A page of passages. It looks at a bounded number of members, so it may be short, even empty, while ``next`` says
    to go on; the end is where ``next`` is null."""

    items: list[PassageBody]
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


class Enrolled(BaseModel):
    """How many entered."""

    entered: int


class MoveWithdrawnBody(BaseModel):
    """Of a step, requests of ``people`` that the move withdraws; ``handed``: they stand in the salesperson's assistant,
    unconfirmed, and are called back where that is possible."""

    node: str
    title: str
    handed: bool
    people: int


class MoveComingBody(BaseModel):
    """A piece that comes for ``people`` at ``at``, or with ``skip`` is passed for this reason."""

    node: str
    title: str
    at: datetime
    skip: str | None
    people: int


class MovePreviewBody(BaseModel):
    """What moving people by hand would do now, pieces by time. Whether each goes out is decided by outreach then."""

    people: int
    withdrawn: list[MoveWithdrawnBody]
    coming: list[MoveComingBody]


class MovedPeople(BaseModel):
    """How many were moved."""

    moved: int


def journey_body(journey: Journey) -> JourneyBody:
    return JourneyBody.model_validate(journey, from_attributes=True)


def version_body(version: Version) -> VersionBody:
    return VersionBody.model_validate(version, from_attributes=True)


def enrolment_body(enrolment: Enrolment) -> EnrolmentBody:
    return EnrolmentBody.model_validate(enrolment, from_attributes=True)


def history_body(history: History) -> HistoryBody:
    return HistoryBody(
        enrolment=enrolment_body(history.enrolment),
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


def enrolment_page(ctx: Ctx, page: Page[Enrolment]) -> EnrolmentPage:
    """With the customers' names."""
    names = segments.names(ctx, [item.customer_id for item in page.items])
    return EnrolmentPage(
        items=[
            NamedEnrolment(**enrolment_body(item).model_dump(), name=names.get(item.customer_id)) for item in page.items
        ],
        next=page.next,
    )


def passage_page(ctx: Ctx, page: Page[Passage]) -> PassagePage:
    """With the customers' names."""
    names = segments.names(ctx, [item.customer_id for item in page.items])
    return PassagePage(
        items=[
            PassageBody(
                enrolment_id=item.enrolment_id,
                customer_id=item.customer_id,
                name=names.get(item.customer_id),
                at=item.at,
            )
            for item in page.items
        ],
        next=page.next,
    )
