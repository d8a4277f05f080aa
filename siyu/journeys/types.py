"""Door: states, values and errors of journeys."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from siyu.kernel.errors import Conflict, Invalid, NotFound
from siyu.outreach.types import Entry


class JourneyState(StrEnum):
    """Whether a journey takes people in and moves them."""

    DRAFT = "draft"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPING = "stopping"
    STOPPED = "stopped"


class Mode(StrEnum):
    """The operating mode that a journey belongs to (用户模式, 客户模式)."""

    TRAFFIC_POOL = "traffic_pool"
    CUSTOMER_POOL = "customer_pool"


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault of a definition; ``field`` is a dotted path, ``steps.<id>.<param>`` for a step."""

    field: str
    message: str


class BadJourney(Invalid):
    """The definition of a journey has faults; all of them stand in ``detail.errors``."""

    code = "bad_journey"

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(
            problems[0].message,
            field=problems[0].field,
            detail={"errors": [{"field": problem.field, "message": problem.message} for problem in problems]},
        )


class UnknownJourney(NotFound):
    """No journey has this id."""

    code = "unknown_journey"


class UnknownVersion(NotFound):
    """The journey has no such version."""

    code = "unknown_version"


class WrongState(Conflict):
    """The journey's state does not allow this: a stopped journey does not start again."""

    code = "wrong_state"


@dataclass(frozen=True, slots=True)
class Journey:
    """One journey. ``fill_*`` tell how many of the members at the start have been taken in (None: not asked for)."""

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


@dataclass(frozen=True, slots=True)
class Version:
    """One immutable version of a journey's definition."""

    journey_id: int
    version: int
    created_at: datetime
    actor: str
    definition: dict[str, object]


@dataclass(frozen=True, slots=True)
class Enrolment:
    """One customer's place in one journey (旅程成员)."""

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


@dataclass(frozen=True, slots=True)
class StepTaken:
    """One node entered: by which edge and when."""

    visit: int
    node: str
    edge: str
    at: datetime


@dataclass(frozen=True, slots=True)
class History:
    """One enrolment told: the steps taken, goals reached (name to time), and outreach's decisions about its sends."""

    enrolment: Enrolment
    steps: list[StepTaken]
    goals: dict[str, datetime]
    sends: list[Entry]


@dataclass(frozen=True, slots=True)
class WaveNode:
    """A node of the live wave; ``here`` people stand at it now. ``sends`` counts its requests by state and reason."""

    id: str
    kind: str
    title: str
    here: int
    sends: dict[str, int]


@dataclass(frozen=True, slots=True)
class WaveEdge:
    """An edge of the live wave with how many people took it; ``target`` is None where the journey ended."""

    source: str | None
    edge: str
    target: str | None
    count: int


@dataclass(frozen=True, slots=True)
class Wave:
    """The flow of one version with its counts, as of the transaction."""

    journey_id: int
    version: int
    entered: int
    active: int
    ended: dict[str, int]
    nodes: list[WaveNode]
    edges: list[WaveEdge]
