"""Private: what the routes of channels take and answer."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from siyu.allocation.types import Rotation, State
from siyu.channels.types import STATE, ChannelDefinition, ChannelKind, Per
from siyu.kernel.http import Id
from siyu.kernel.text import CleanText


class Shown(BaseModel):
    """An answer, read off the type of the door that has its fields."""

    model_config = ConfigDict(from_attributes=True)


class NewChannelBody(BaseModel):
    """A channel to make. ``state``: the code that people come by, for good; made up when it is missing."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "kind": "link",
                    "state": "weibo-spring",
                    "definition": {"name": "微博春季", "target": "https://a.cn/p"},
                }
            ]
        },
    )

    kind: ChannelKind
    account_id: Id | None = None
    state: Annotated[CleanText, Field(pattern=STATE)] | None = None
    definition: ChannelDefinition


class ChannelChangeBody(BaseModel):
    """The whole new definition, and from which version it was made."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"version": 1, "definition": {"name": "微博", "target": "https://a.cn/p", "hook": "电子书"}}]
        },
    )

    version: Id
    definition: ChannelDefinition


class ChannelCodeBody(Shown):
    """The code or link. ``url``: what our printed code holds, or the link to copy; ``image_url``: the platform's own
    image; ``staff_id``: whom it leads to on the platform; ``waiting``: not made yet."""

    url: str
    image_url: str
    staff_id: int | None
    problem: str
    waiting: bool


class ChannelFiguresBody(Shown):
    """Of the period: ``arrivals`` (also those who came again), ``people`` whose first source it is, ``leads`` those
    of them who are at one of ``lead_levels`` by now, costs in 分."""

    arrivals: int
    people: int
    leads: int
    cost: int
    cost_per_person: int | None
    cost_per_lead: int | None


class ChannelBody(Shown):
    channel_id: int
    kind: ChannelKind
    account_id: int | None
    state: str
    definition: ChannelDefinition
    version: int
    created_at: datetime
    changed_at: datetime
    changed_by: str
    archived_at: datetime | None
    code: ChannelCodeBody


class ListedChannelBody(BaseModel):
    channel: ChannelBody
    figures: ChannelFiguresBody


class ChannelsBody(BaseModel):
    """Channels, newest first, with their figures from ``since`` to ``until``, both included.

    ``lead_levels``: the levels of the lifecycle that count as leads."""

    since: date
    until: date
    lead_levels: list[str]
    items: list[ListedChannelBody]


class MadeChannelBody(BaseModel):
    channel_id: int


class ChannelVersionBody(Shown):
    version: int
    at: datetime
    by: str
    definition: ChannelDefinition
    archived: bool


class VerdictBody(Shown):
    staff_id: int
    state: State
    today: int
    daily_limit: int | None
    share: float
    owed: Annotated[float, AfterValidator(lambda owed: round(owed, 4))]


class ServingBody(Shown):
    """Who gets the next customer and why; ``until``: when hours or a new day may change it."""

    staff_id: int | None
    by: Literal["turn", "fallback", "nobody"]
    members: list[VerdictBody]
    fallback: list[VerdictBody]
    until: datetime | None


class RotationBody(BaseModel):
    """A rotation to try, which need not be saved; with ``channel_id`` on what stands of that channel."""

    model_config = ConfigDict(extra="forbid")

    rotation: Rotation
    channel_id: Id | None = None


class NewChannelCostBody(BaseModel):
    """What a channel costs, in 分. ``until`` missing: a total of one day, or per day from then on."""

    model_config = ConfigDict(extra="forbid")

    since: date = Field(examples=["2026-03-01"])
    until: date | None = Field(default=None, examples=["2026-03-31"])
    amount: int = Field(strict=True, ge=1, le=10**12, examples=[500_000])
    per: Per = "total"
    note: CleanText = Field(default="", max_length=200, examples=["展位费"])


class ServiceAccountBody(Shown):
    """An account of customer service (微信客服)."""

    open_kfid: str
    name: str


class MadeChannelCostBody(BaseModel):
    cost_id: int


class ChannelCostBody(Shown):
    cost_id: int
    since: date
    until: date | None
    amount: int
    per: Per
    note: str
    added_at: datetime
    added_by: str
    removed_at: datetime | None


class ChannelDayBody(Shown):
    day: date
    staff_id: int | None
    arrivals: int
