"""The parts of which the forms of journeys consist: names, durations, times, conditions, routes."""

from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    StringConstraints,
    model_serializer,
    model_validator,
)

from siyu.journeys import timing
from siyu.kernel.text import CleanText, text_fault
from siyu.outreach.types import Route

DEEPEST = 40
ROUTES = tuple(route.value for route in Route if route is not Route.WEBHOOK)
"""The routes that carry a message to a customer."""


def _duration(value: str) -> str:
    timing.seconds(value)
    return value


def _clock(value: str) -> str:
    timing.minute(value)
    return value


OWN_REASONS = ("completed", "stopped", "merged", "erased", "re_entered")
"""Reasons for which Siyu itself ends a journey; a merge's may be taken back."""


def _route(value: str) -> str:
    if value not in ROUTES:
        raise ValueError(f"there is no route {value}; a route is one of {', '.join(ROUTES)}")
    return value


def _reason(value: str) -> str:
    if value in OWN_REASONS:
        raise ValueError(f"{value} is a reason of Siyu's own; give another word")
    return value


def _storable(value: dict[str, object]) -> dict[str, object]:
    _walk(value, 1)
    return value


def _walk(value: object, depth: int) -> None:
    if depth > DEEPEST:
        raise ValueError(f"this nests more than {DEEPEST} deep")
    if isinstance(value, dict):
        for name, part in value.items():
            _walk(name, depth)
            _walk(part, depth + 1)
    elif isinstance(value, list):
        for part in value:
            _walk(part, depth + 1)
    elif isinstance(value, str) and (fault := text_fault(value)):
        raise ValueError(f"a text in here holds a {fault}")
    elif isinstance(value, int | float) and not abs(value) < 1e18:
        raise ValueError("a number in here is too large")


StepId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,63}$")]
Title = Annotated[CleanText, StringConstraints(min_length=1, max_length=80)]
Duration = Annotated[str, AfterValidator(_duration)]
LocalTime = Annotated[str, AfterValidator(_clock)]
Reason = Annotated[Slug, AfterValidator(_reason)]
Plain = Annotated[dict[str, object], AfterValidator(_storable)]
Condition = Plain
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class Form(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class RouteForm(Form):
    """One choice of a send's routes, tried in order; only its name may be written when it has no parameters."""

    route: Annotated[str, AfterValidator(_route)]
    account: Annotated[CleanText, StringConstraints(min_length=1, max_length=120)] | None = None
    template: Annotated[CleanText, StringConstraints(min_length=1, max_length=120)] | None = None
    gather: Duration | None = None

    @model_validator(mode="before")
    @classmethod
    def _named(cls, data: object) -> object:
        return {"route": data} if isinstance(data, str) else data

    @model_serializer(mode="wrap")
    def _short(self, write: SerializerFunctionWrapHandler) -> dict[str, object] | str:
        written: dict[str, object] = write(self)
        return self.route if list(written) == ["route"] else written

    @model_validator(mode="after")
    def _fits(self) -> "RouteForm":
        if self.template and self.route != "oa_template":
            raise ValueError("template belongs to oa_template")
        if self.gather and self.route != "oa_mass":
            raise ValueError("gather belongs to oa_mass")
        return self


class MessageForm(Form):
    """What a send carries, and the ways it may go."""

    content: Slug | None = None
    text: Annotated[CleanText, StringConstraints(min_length=1, max_length=600)] | None = None
    routes: list[RouteForm] = Field(min_length=1, max_length=8)

    @model_validator(mode="after")
    def _one_message(self) -> "MessageForm":
        if (self.content is None) == (self.text is None):
            raise ValueError("give either content or text")
        if self.text is not None and any(one.route == "oa_template" for one in self.routes):
            raise ValueError("oa_template carries a content, not a text")
        return self
