"""The form of a journey in YAML, JSON and the API (docs/journeys.md describes every field).

Only the form is checked here; what needs the database or the whole graph is checked by ``compile``.
"""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints, ValidationError, model_validator

from siyu.journeys import faults
from siyu.journeys.forms import (
    Condition,
    Duration,
    Form,
    LocalTime,
    MessageForm,
    Plain,
    Reason,
    Slug,
    StepId,
    Title,
    Weekday,
)
from siyu.journeys.stages import MOST_STAGES, StageForm
from siyu.journeys.types import BadJourney, Mode, Problem
from siyu.kernel.text import CleanText

MOST_STEPS = 200
PRIORITY = 5
"""The priority of a journey that names none."""


class Entry(Form):
    """Who enters: who comes into a segment or condition, and with ``existing`` also its members at the start."""

    segment: (
        Annotated[int, Field(strict=True, ge=1, le=2**31 - 1)]
        | Annotated[CleanText, StringConstraints(min_length=1, max_length=120)]
        | None
    ) = None
    condition: Condition | None = None
    existing: bool = False
    re_entry: Literal["never", "after_exit", "always"] = "never"
    gap: Duration | None = None

    @model_validator(mode="after")
    def _one_source(self) -> "Entry":
        if (self.segment is None) == (self.condition is None):
            raise ValueError("give either segment or condition")
        if self.gap and self.re_entry == "never":
            raise ValueError("gap has no meaning when re_entry is never")
        return self


class ExitRule(Form):
    """Ends the journey for whoever fulfils ``when``, wherever they stand."""

    reason: Reason
    title: Title | None = None
    when: Condition


class Goal(Form):
    """What the journey is for; reaching it ends the journey, or only marks it."""

    name: Slug
    title: Title | None = None
    when: Condition
    ends: bool = True


class _Step(Form):
    id: StepId
    title: Title | None = None


class _Onward(_Step):
    next: StepId | None = None


class _Outcome(_Step):
    on_sent: StepId | None = None
    on_not_sent: StepId | None = None


class SendStep(_Outcome, MessageForm):
    """Send a piece of content or a text."""

    kind: Literal["send"]
    answers: bool = False


class WebhookStep(_Outcome):
    """Post to another system."""

    kind: Literal["webhook"]
    url: Annotated[CleanText, StringConstraints(pattern=r"^https?://[^\s]+$", max_length=2000)]
    body: Plain = Field(default_factory=dict)


class WaitStep(_Onward):
    """Wait for a time."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    kind: Literal["wait"]
    length: Duration | None = Field(default=None, alias="for")
    until: LocalTime | None = None
    days: list[Weekday] = Field(default_factory=list, max_length=7)
    base: Literal["send", "step"] = "send"

    @model_validator(mode="after")
    def _some_time(self) -> "WaitStep":
        if self.length is None and self.until is None:
            raise ValueError("give for, until or both")
        if self.days and self.until is None:
            raise ValueError("days belongs to until")
        return self


class WaitForStep(_Step):
    """Wait for an event of the person, or a timeout."""

    kind: Literal["wait_for"]
    event: Condition
    timeout: Duration
    base: Literal["send", "step"] = "send"
    on_happened: StepId | None = None
    on_timeout: StepId | None = None


class CaseForm(Form):
    """One case of a branch."""

    name: Slug
    when: Condition
    next: StepId | None = None


class BranchStep(_Step):
    """Part people by conditions; the first case that holds decides."""

    kind: Literal["branch"]
    when: Condition | None = None
    on_yes: StepId | None = None
    on_no: StepId | None = None
    cases: list[CaseForm] = Field(default_factory=list, max_length=20)
    on_else: StepId | None = None
    since: Literal["entry", "send"] = "entry"

    @model_validator(mode="after")
    def _one_form(self) -> "BranchStep":
        if (self.when is None) == (not self.cases):
            raise ValueError("give either when (with on_yes, on_no) or cases (with on_else)")
        if self.when is None and (self.on_yes or self.on_no):
            raise ValueError("on_yes and on_no belong to when")
        if self.when is not None and self.on_else:
            raise ValueError("on_else belongs to cases")
        if len({case.name for case in self.cases} | {"else"}) != len(self.cases) + 1:
            raise ValueError("the names of the cases must differ, and none may be else")
        return self


class ArmForm(Form):
    """One arm of a split."""

    name: Slug
    weight: int = Field(default=1, ge=1, le=1_000_000, strict=True)
    next: StepId | None = None


class SplitStep(_Step):
    """Part people at random; who came once into an arm stays in it."""

    kind: Literal["split"]
    arms: list[ArmForm] = Field(min_length=2, max_length=20)
    experiment: Slug | None = None

    @model_validator(mode="after")
    def _names(self) -> "SplitStep":
        if len({arm.name for arm in self.arms}) != len(self.arms):
            raise ValueError("the names of the arms must differ")
        return self


class SetTagStep(_Onward):
    """Set a tag."""

    kind: Literal["set_tag"]
    tag: Annotated[CleanText, StringConstraints(min_length=3, max_length=120, pattern=r"^[^/]+/[^/]+$")]
    expires: Duration | None = None


class RemoveTagStep(_Onward):
    """Remove a tag."""

    kind: Literal["remove_tag"]
    tag: Annotated[CleanText, StringConstraints(min_length=3, max_length=120, pattern=r"^[^/]+/[^/]+$")]


class SetAttributeStep(_Onward):
    """Set an attribute of the customer."""

    kind: Literal["set_attribute"]
    name: Annotated[CleanText, StringConstraints(min_length=1, max_length=64)]
    value: CleanText | bool | int | Annotated[float, Field(allow_inf_nan=False)] | None


class GotoStep(_Step):
    """Go on at another step."""

    kind: Literal["goto"]
    to: StepId


class ExitStep(_Step):
    """End the journey."""

    kind: Literal["exit"]
    reason: Reason = "exit"


Step = Annotated[
    SendStep
    | WebhookStep
    | WaitStep
    | WaitForStep
    | BranchStep
    | SplitStep
    | SetTagStep
    | RemoveTagStep
    | SetAttributeStep
    | GotoStep
    | ExitStep,
    Field(discriminator="kind"),
]


class Definition(Form):
    """A journey: a flow of steps, or stages in their order."""

    key: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,47}$")]
    name: Title
    mode: Mode = Mode.TRAFFIC_POOL
    account: Annotated[CleanText, StringConstraints(min_length=1, max_length=120)] | None = None
    priority: Annotated[int, Field(ge=1, le=9, strict=True)] = PRIORITY
    entry: Entry
    exit_rules: list[ExitRule] = Field(default_factory=list, max_length=20)
    goals: list[Goal] = Field(default_factory=list, max_length=10)
    steps: list[Step] = Field(default_factory=list, max_length=MOST_STEPS)
    stages: list[StageForm] = Field(default_factory=list, max_length=MOST_STAGES)

    @property
    def size(self) -> str:
        """How much it is, in words."""
        if self.stages:
            return f"{len(self.stages)} stages with {sum(len(stage.pieces) for stage in self.stages)} pieces"
        return f"{len(self.steps)} steps"


def parse(data: object) -> Definition:
    """The definition in plain data; raises ``BadJourney`` with every fault of form, fields named by step id."""
    found: dict[str, str] = {}
    definition = None
    try:
        definition = Definition.model_validate(data)
    except ValidationError as error:
        for fault in error.errors():
            # One fault per field: of a union every member complains.
            found.setdefault(faults.path(data, fault["loc"], fault["type"]), faults.message(fault))
    if isinstance(data, dict) and bool(data.get("steps")) == bool(data.get("stages")):
        found.setdefault("steps", "one of steps (a flow) and stages is missing; give one, not both")
    if found or definition is None:
        raise BadJourney([Problem(field, message) for field, message in found.items()])
    return definition


def plain(definition: Definition) -> dict[str, object]:
    """The definition as plain data without defaults: what is stored, compared and exported."""
    data = definition.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude_none=True)
    return data | ({"steps": [_plain_step(step) for step in definition.steps]} if definition.steps else {})


def _plain_step(step: Step) -> dict[str, object]:
    # The kind has no default, so exclude_defaults keeps it; a null value of an attribute must stay too.
    data = step.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude_none=True)
    data |= {"value": None} if isinstance(step, SetAttributeStep) and step.value is None else {}
    onward = [name for name in data if name == "next" or name.startswith("on_")]
    head = [name for name in ("id", "title", "kind") if name in data]
    return {name: data[name] for name in (*head, *(name for name in data if name not in (*head, *onward)), *onward)}
