"""Private: the policy as the API shows and takes it; the words of a reason."""

from datetime import date, time
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from siyu.outreach.policy import from_json, to_json
from siyu.outreach.reasons import Kind
from siyu.outreach.types import Broadcast, DayPart, Holidays, Policy, Route, Trigger


class Strict(BaseModel):
    """A body that refuses what it does not know."""

    model_config = ConfigDict(extra="forbid")


class ReasonBody(BaseModel):
    """One reason with its words."""

    model_config = ConfigDict(from_attributes=True)

    code: str
    kind: Kind
    zh: str
    en: str


class CapBody(Strict):
    """At most `most` messages to one person in a local day or week, by one route or (null) over all."""

    route: Route | None
    period: Literal["day", "week"]
    most: int = Field(ge=0, le=1000)


class WindowBody(Strict):
    """How long a trigger opens messages, and for how many."""

    trigger: Trigger
    seconds: int = Field(ge=1, le=30 * 24 * 3600)
    messages: int = Field(ge=0, le=1000)


class QuotasBody(Strict):
    """Limits of one account: mass sends per follower and month, calls per day, mass calls per minute; Moments tasks of
    a company per month and minute."""

    mass_month: int = Field(ge=0, le=1000)
    mass_day: int = Field(ge=0, le=100_000)
    mass_minute: int = Field(ge=0, le=10_000)
    custom_day: int = Field(ge=0, le=100_000_000)
    template_day: int = Field(ge=0, le=100_000_000)
    moments_month: int = Field(default=100_000, ge=0, le=1_000_000)
    moments_minute: int = Field(default=10, ge=0, le=1_000)


LocalTime = Annotated[
    time, WithJsonSchema({"type": "string", "pattern": r"^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,6})?)?$"})
]
"""A time of day without an offset: the format ``time`` of JSON Schema asks for one."""


class HourBody(Strict):
    """The local hour of a day part. A morning of a weekend has that of `weekend_morning`."""

    part: DayPart
    at: LocalTime = Field(examples=["09:00:00"])


class TaskRulesBody(Strict):
    """Send tasks; spans in seconds. `unconfirmed`: what becomes of the people of a task not confirmed in time.
    `posts_day`, `posts_month`: Moments posts of one staff member."""

    rounds: list[HourBody] = Field(min_length=5, max_length=5)
    rounds_day: int = Field(ge=1, le=3)
    tasks_day: int = Field(ge=1, le=200)
    task_seconds: int = Field(ge=1, le=600)
    tolerance_s: int = Field(ge=0, le=24 * 3600)
    expiry_s: int = Field(ge=1800, le=7 * 24 * 3600)
    unconfirmed: Literal["reroute", "drop"]
    remind_after_s: int = Field(ge=600, le=24 * 3600)
    reminders: int = Field(ge=0, le=3)
    lead_s: int = Field(ge=0, le=3 * 3600)
    posts_day: int = Field(default=3, ge=0, le=100)
    posts_month: int = Field(default=31, ge=0, le=1000)


class PolicyBody(Strict):
    """The company's rules for sending; local times of the company's zone, `patience_s` in seconds."""

    quiet_from: LocalTime = Field(examples=["22:30:00"])
    quiet_to: LocalTime = Field(examples=["07:00:00"])
    quiet_days: list[date] = Field(max_length=366, examples=[["2026-02-17"]])
    holidays: Holidays = Field(
        default="send",
        description="On China's public holidays: send as on other days, or hold until the day after. "
        "`/api/outreach/calendar` tells which days these are and up to which year they are known.",
    )
    caps: list[CapBody] = Field(max_length=50)
    windows: list[WindowBody] = Field(max_length=5)
    quotas: QuotasBody
    patience_s: int = Field(ge=60, le=366 * 24 * 3600, examples=[604_800])
    broadcast: Broadcast = Field(
        default="monthly_days", description="How many of WeCom's group sends its console lets one customer receive."
    )
    tasks: TaskRulesBody = Field(default_factory=lambda: TaskRulesBody.model_validate(to_json(Policy())["tasks"]))


def policy_of(body: PolicyBody) -> Policy:
    """The policy that a body states."""
    said: dict[str, Any] = body.model_dump()
    said["quiet_days"] = [day.isoformat() for day in body.quiet_days]
    said |= {name: _local(getattr(body, name)) for name in ("quiet_from", "quiet_to")}
    said["tasks"]["rounds"] = [{"part": one.part, "at": _local(one.at)} for one in body.tasks.rounds]
    return from_json(said)


def _local(at: time) -> str:
    return at.replace(tzinfo=None).isoformat()


def shown(policy: Policy) -> PolicyBody:
    """The policy as a body."""
    return PolicyBody.model_validate(to_json(policy))
