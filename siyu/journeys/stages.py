"""The form of stages, and what can be said of it without the database."""

from collections.abc import Iterable
from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from siyu.journeys import timing
from siyu.journeys.days import DayPart, DaysOff, Late, Rule, ahead
from siyu.journeys.forms import Condition, Duration, Form, LocalTime, MessageForm, Slug, StepId, Title
from siyu.journeys.types import Problem
from siyu.outreach.types import TASK_ROUTES

MOST_STAGES = 20
MOST_PIECES = 60
CALLED = 24
"""Characters of its text by which a piece without a title is called."""
BY_HAND = "by_hand"
"""Why somebody stands in a stage to whom a person moved them; no rule has this reason."""


class PieceForm(MessageForm):
    """One piece of a sequence (SOP 序列): what, by which route, on which day and at which local time."""

    id: StepId
    title: Title | None = None
    day: Annotated[int, Field(ge=1, le=366, strict=True)] | None = None
    at: LocalTime | None = None
    part: DayPart | None = None
    days_off: DaysOff = "keep"
    late: Late = "skip"

    @property
    def called(self) -> str:
        """What people read: the title, else how the text begins, else the key of the content."""
        return self.title or (self.text or self.content or self.id)[:CALLED]

    @model_validator(mode="after")
    def _one_time(self) -> "PieceForm":
        if (self.at is None) == (self.part is None):
            raise ValueError("give either at (a local time) or part (of the day)")
        if self.part == "weekend_morning" and self.days_off != "keep":
            raise ValueError("weekend_morning always is on a weekend; leave days_off out")
        return self


class EnterRule(Form):
    """Moves whoever fulfils ``when`` into the stage. Without ``from`` up only: from every stage before it."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    reason: Slug
    title: Title | None = None
    when: Condition
    sources: list[StepId] = Field(default_factory=list, max_length=MOST_STAGES, alias="from")
    after: Duration | None = None


class StageForm(Form):
    """A stage (旅程阶段): who comes in, and what they are sent."""

    id: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,31}$")]
    name: Title
    every: Annotated[int, Field(ge=1, le=60, strict=True)] = 1
    enter: list[EnterRule] = Field(default_factory=list, max_length=10)
    pieces: list[PieceForm] = Field(default_factory=list, max_length=MOST_PIECES)

    @property
    def rest(self) -> str:
        """The node at which people stand who have lived through the sequence."""
        return f"{self.id}_rest"

    def sequence(self) -> list[tuple[PieceForm, Rule]]:
        """The pieces with their days: one without a day comes ``every`` days after the piece above it."""
        found: list[tuple[PieceForm, Rule]] = []
        day = 1 - self.every
        for piece in self.pieces:
            day = piece.day if piece.day is not None else day + self.every
            minute = timing.minute(piece.at) if piece.at else 0
            rule = Rule(day, minute, piece.part, piece.days_off, piece.late)
            found.append((piece, ahead(rule) if piece.routes[0].route in TASK_ROUTES else rule))
        return found


def problems(stages: list[StageForm]) -> Iterable[Problem]:
    """Faults of the stages that show without the database."""
    seen: set[str] = set()
    names = {stage.id for stage in stages}
    for stage in stages:
        here = f"stages.{stage.id}"
        nodes = [(f"{here}.id", stage.id), (f"{here}.id", stage.rest)]
        nodes += [(f"{here}.pieces.{piece.id}.id", piece.id) for piece in stage.pieces]
        for field, node in nodes:
            if node in seen:
                yield Problem(field, f"{node} stands twice: stages and pieces share their names")
            seen.add(node)
        for n, rule in enumerate(stage.enter):
            if rule.reason == BY_HAND:
                yield Problem(f"{here}.enter.{n}.reason", f"{BY_HAND} is a reason of Siyu's own; give another word")
            for m, source in enumerate(rule.sources):
                if source not in names:
                    yield Problem(f"{here}.enter.{n}.from.{m}", f"there is no stage {source}")
                elif source == stage.id:
                    yield Problem(f"{here}.enter.{n}.from.{m}", "who is in a stage does not enter it again")
        if stage is stages[0] and any(not rule.sources for rule in stage.enter):
            yield Problem(f"{here}.enter", "nobody moves up into the first stage: name from which stages they come")
