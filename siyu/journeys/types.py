"""Door: states, values and errors of journeys."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
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


class JourneyKind(StrEnum):
    """What a journey is made of: a flow of steps, or stages with their sequences."""

    FLOW = "flow"
    STAGES = "stages"


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault of a definition; ``field`` is a dotted path, ``steps.<id>.<param>`` for a step."""

    field: str
    message: str


@dataclass(frozen=True, slots=True)
class Caution:
    """What a sound definition will not do as its author may think; nothing is refused for it.

    ``field`` is a path as in ``Problem``, ``code`` what it is about: ``needs_archive`` (the condition depends on chats
    between staff and customers that nobody sees; ``detail`` as in ``segments``' NeedsArchive), and ``message`` says it
    in English; ``same_day`` (``next_workday`` moves several pieces of a stage onto one day, where the caps keep some;
    ``detail.days``: day, entered, pieces; ``detail.more`` days besides).
    """

    field: str
    code: str
    message: str
    detail: Mapping[str, object]


class BadJourney(Invalid):
    """The definition of a journey has faults: all in ``detail.errors``, beside what is none in ``detail.warnings``."""

    code = "bad_journey"

    def __init__(self, problems: Sequence[Problem], cautions: Sequence[Caution] = ()) -> None:
        super().__init__(
            problems[0].message,
            field=problems[0].field,
            detail={
                "errors": [{"field": problem.field, "message": problem.message} for problem in problems],
                "warnings": [asdict(caution) for caution in cautions],
            },
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


class UnknownStage(NotFound):
    """The journey, or the version that a person lives, has no such stage."""

    code = "unknown_stage"


class NotMovable(Conflict):
    """Somebody cannot be moved to this stage: they are not in the journey, or already there; nobody was moved.

    ``detail.customers`` names them, at most 100.
    """

    code = "not_movable"


@dataclass(frozen=True, slots=True)
class StageName:
    """A stage of a journey and what people read."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Journey:
    """One journey. ``fill_*`` tell how many of the members at the start have been taken in (None: not asked for).

    ``stages`` of the live version, in order (none: a flow). ``titles``: what its goals (``goal:NAME``), exit rules
    (``end:REASON``) and rules of stages (``move:REASON``) are called; one without a title is missing.
    """

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
    stages: tuple[StageName, ...]
    titles: dict[str, str]


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
    """One customer's place in one journey (旅程成员); at ``node`` since ``node_at``, in a flow without ``stage``."""

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


@dataclass(frozen=True, slots=True)
class StepTaken:
    """One node entered: by which edge and when."""

    visit: int
    node: str
    edge: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Passage:
    """Somebody took an edge, or reached a goal, at ``at``."""

    enrolment_id: int
    customer_id: int
    at: datetime


@dataclass(frozen=True, slots=True)
class MoveWithdrawn:
    """Of a step, requests of ``people`` that a move withdraws; ``handed``: they stand in the salesperson's assistant,
    unconfirmed, and are called back where that is possible."""

    node: str
    title: str
    handed: bool
    people: int


@dataclass(frozen=True, slots=True)
class MoveComing:
    """A piece that comes for ``people`` after a move, or with ``skip`` is passed for this reason."""

    node: str
    title: str
    at: datetime
    skip: str | None
    people: int


@dataclass(frozen=True, slots=True)
class MovePreview:
    """What moving people by hand would do now."""

    people: int
    withdrawn: list[MoveWithdrawn]
    coming: list[MoveComing]


@dataclass(frozen=True, slots=True)
class History:
    """One enrolment told: the steps taken, goals reached (name to time), and outreach's decisions about its sends."""

    enrolment: Enrolment
    steps: list[StepTaken]
    goals: dict[str, datetime]
    sends: list[Entry]


@dataclass(frozen=True, slots=True)
class WaveNode:
    """A node of the live wave; ``here`` people stand at it now, ``ended`` counts those whose journey ended at it by
    reason, ``sends`` its requests by state and reason. ``awaits``: the type of event that a wait_for waits for;
    ``stage``: to which it belongs."""

    id: str
    kind: str
    stage: str | None
    title: str
    awaits: str | None
    here: int
    ended: dict[str, int]
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
    """The flow of one version with its counts, as of the transaction. ``ended`` by reason, ``goals`` by name;
    ``titles`` as of a ``Journey``."""

    journey_id: int
    version: int
    entered: int
    active: int
    ended: dict[str, int]
    goals: dict[str, int]
    titles: dict[str, str]
    nodes: list[WaveNode]
    edges: list[WaveEdge]
