"""Door: channels, their parts by kind, costs, figures, errors."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from siyu.allocation.types import Rotation
from siyu.kernel.errors import Conflict, Invalid, NotFound
from siyu.kernel.text import CleanText

ChannelKind = Literal["oa_qr", "wecom_live_code", "group_live_code", "acquisition_link", "kf_link", "link"]
TOUCHES: Mapping[ChannelKind, str] = {
    "oa_qr": "oa_scene",
    "wecom_live_code": "wecom_state",
    "group_live_code": "wecom_join",
    "acquisition_link": "wecom_state",
    "kf_link": "kf_scene",
    "link": "url",
}
"""As which kind of touch (K3) people come by a channel; the touch's code is the channel's ``state``."""
ROTATED: frozenset[ChannelKind] = frozenset({"wecom_live_code", "acquisition_link"})
ON_PLATFORM: frozenset[ChannelKind] = frozenset(TOUCHES) - {"link"}
STATE = r"^[0-9A-Za-z_-]{1,30}$"
"""A scene, state or channel parameter: what every platform carries (docs/platform.md A.5.2, A.9, B.3)."""


class ChannelDefinition(BaseModel):
    """What of a channel can be changed. ``rotation``: live codes and acquisition links; ``chats``: group live codes, in
    the order in which they fill up to ``chat_limit`` people; ``target`` and ``utm_*``: links; ``open_kfid``: customer
    service."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[CleanText, Field(min_length=1, max_length=30)]
    hook: Annotated[CleanText, Field(max_length=200)] = ""
    tags: tuple[Annotated[int, Field(strict=True, ge=1, le=2**31 - 1)], ...] = Field(default=(), max_length=20)
    rotation: Rotation | None = None
    skip_verify: bool = True
    chats: tuple[Annotated[CleanText, Field(min_length=1, max_length=64)], ...] = Field(default=(), max_length=100)
    chat_limit: Annotated[int, Field(strict=True, ge=1, le=500)] = 200
    room_base_name: Annotated[CleanText, Field(max_length=40)] = ""
    target: Annotated[CleanText, Field(max_length=1024)] = ""
    utm_medium: Annotated[CleanText, Field(max_length=64)] = ""
    utm_campaign: Annotated[CleanText, Field(max_length=64)] = ""
    open_kfid: Annotated[CleanText, Field(max_length=64)] = ""


@dataclass(frozen=True, slots=True)
class Code:
    """What stands on the platform. ``url``: the text that a QR code of ours encodes, or the link itself; ``image_url``:
    the platform's own image; ``staff_id``: whom it leads to; ``problem``: why the platform has not got the latest."""

    config_id: str
    url: str
    image_url: str
    staff_id: int | None
    problem: str
    waiting: bool


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel. ``state`` is its code on the platform and its source's code (K3), for good."""

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
    code: Code

    @property
    def name(self) -> str:
        return self.definition.name


@dataclass(frozen=True, slots=True)
class Version:
    """One state of a channel in its history, newest facts last. ``archived``: it was put away by this change."""

    version: int
    at: datetime
    by: str
    definition: ChannelDefinition
    archived: bool


Per = Literal["day", "total"]


@dataclass(frozen=True, slots=True)
class Cost:
    """``amount`` 分 per day or in total, from ``since`` to ``until``, both included; ``until`` None: goes on, or of a
    total one day. Taken back entries stay, with when."""

    cost_id: int
    channel_id: int
    since: date
    until: date | None
    amount: int
    per: Per
    note: str
    added_at: datetime
    added_by: str
    removed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Figures:
    """Of a channel in a period: ``arrivals`` (whoever came, also again), ``people`` whose first source it is,
    ``leads`` those of them who are leads by now (``queries.lead_levels``), ``cost`` in 分."""

    arrivals: int
    people: int
    leads: int
    cost: int

    @property
    def cost_per_person(self) -> int | None:
        """分, rounded; None without people or cost."""
        return round(self.cost / self.people) if self.people and self.cost else None

    @property
    def cost_per_lead(self) -> int | None:
        """分, rounded; None without leads or cost."""
        return round(self.cost / self.leads) if self.leads and self.cost else None


@dataclass(frozen=True, slots=True)
class DayCount:
    """How many came on a local day, to whom (None: to nobody, or not known)."""

    day: date
    staff_id: int | None
    arrivals: int


@dataclass(frozen=True, slots=True)
class ServiceAccount:
    """An account of customer service (微信客服) as the platform lists it."""

    open_kfid: str
    name: str


class UnknownChannel(NotFound):
    """There is no such channel."""

    code = "unknown_channel"


class UnknownCost(NotFound):
    """The channel has no such cost, or it was taken back."""

    code = "unknown_cost"


class BadChannel(Invalid):
    """A part of the channel is missing, does not belong to its kind, or names what does not exist."""

    code = "bad_channel"


class StateTaken(Conflict):
    """Another channel has this state, also if it is archived: its codes are printed somewhere."""

    code = "channel_state_taken"


class ChannelChanged(Conflict):
    """Somebody else changed the channel since the given version; ``detail`` has version, changed_at, changed_by."""

    code = "channel_changed"


class ChannelArchived(Conflict):
    """The channel is archived; take it back first."""

    code = "channel_archived"


class BadCost(Invalid):
    """A cost ends before it begins, or lies further away than ten years."""

    code = "bad_cost"


class NoCode(Conflict):
    """There is no image to fetch: the platform has not made the code yet, or gives a link only."""

    code = "channel_no_code"
