"""Private: what segments take and answer over HTTP."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from siyu.customers.queries import Sort
from siyu.kernel.http import Id
from siyu.kernel.text import CleanText

_EXAMPLE = {
    "all": [
        {"kind": "tag", "tag": "意向/高"},
        {"not": {"kind": "event", "type": "form_submitted", "within": "30d"}},
    ]
}


class ConditionInput(BaseModel):
    """A condition; docs/conditions.md describes the form, ``GET /api/segments/kinds`` the leaf kinds."""

    model_config = ConfigDict(extra="forbid")

    condition: dict[str, Any] = Field(examples=[_EXAMPLE])


class SegmentInput(ConditionInput):
    name: CleanText = Field(examples=["高意向未填表"])


class SegmentChange(SegmentInput):
    version: Id | None = Field(
        default=None,
        description="The version that the change was made from: when there is a newer one, nothing is changed (409).",
    )


class ExplainInput(ConditionInput):
    customer_id: Id = Field(examples=[1])


class SampleInput(ConditionInput):
    limit: int = Field(default=20, ge=1, le=100)


class ListInput(ConditionInput):
    """A condition, and optionally a text as the search of customers takes it; both must hold."""

    q: CleanText = Field(
        default="", max_length=64, description="name, company, pinyin, initials, end of a phone", examples=["zs"]
    )


class PeopleInput(ListInput):
    """One page of a list. By latest activity only those are listed who ever did something."""

    sort: Sort = Sort.NAME
    cursor: CleanText | None = Field(default=None, max_length=500, description="`next` of the page before")
    limit: int = Field(default=50, ge=1, le=200)


class TaggingInput(ListInput):
    """Give a tag to everybody who matches, or take it from them."""

    tag_id: Id
    why: CleanText = Field(min_length=1, max_length=200, examples=["spring campaign"])
    remove: bool = False


class Saved(BaseModel):
    segment_id: int
    version: int


class SegmentBody(BaseModel):
    """``condition`` holds ids, ``named`` the same with names; ``changed_by`` is an actor such as ``staff:7``."""

    segment_id: int
    name: str
    version: int
    condition: dict[str, Any]
    named: dict[str, Any]
    size: int
    created_at: datetime
    changed_at: datetime
    changed_by: str


class SegmentsBody(BaseModel):
    items: list[SegmentBody]


class NeedsArchiveBody(BaseModel):
    """A part of the condition that depends on chats between staff and customers, which only the conversation archive
    shows: `misses` who wrote there may be left out, `silent` who wrote there may pass for somebody who did not."""

    model_config = ConfigDict(from_attributes=True)

    field: str
    misses: bool
    silent: bool


class EstimateBody(BaseModel):
    """``low`` to ``high`` is the 95 % interval; equal to ``count`` when ``exact``. ``needs_archive``: what the answer
    cannot know, as no archive is configured."""

    needs_archive: list[NeedsArchiveBody]
    count: int
    low: int
    high: int
    exact: bool
    population: int


class TotalBody(BaseModel):
    """``low`` to ``high`` is the 95 % interval; equal to ``count`` when ``exact``."""

    model_config = ConfigDict(from_attributes=True)

    count: int
    low: int
    high: int
    exact: bool


class FollowShown(BaseModel):
    """A follow: of an Official Account, or (``staff``, a userid) by a staff member."""

    model_config = ConfigDict(from_attributes=True)

    account_id: int
    staff: str | None
    staff_name: str | None
    followed_at: datetime | None
    lost_at: datetime | None
    following: bool


class PersonShown(BaseModel):
    """A customer in a list of people; the phone is masked. ``follows``: present ones first, then the latest."""

    model_config = ConfigDict(from_attributes=True)

    customer_id: int
    name: str | None
    phone: str | None
    company: str | None
    region: str | None
    owner_id: int | None
    source_kind: str | None
    source_code: str | None
    tags: list[int]
    follows: list[FollowShown]
    opted_out: bool
    created_at: datetime
    last_activity_at: datetime | None


class PeopleBody(BaseModel):
    """One page; ``next`` is the cursor of the following one."""

    items: list[PersonShown]
    next: str | None


class SourceBody(BaseModel):
    """A way and the code behind it by which people first came, as the condition ``source`` takes them."""

    via: str
    code: str


class SourcesBody(BaseModel):
    items: list[SourceBody]


class PersonBody(BaseModel):
    customer_id: int
    name: str | None


class SampleBody(BaseModel):
    items: list[PersonBody]


class MemberBody(PersonBody):
    entered_at: datetime


class MembersBody(BaseModel):
    """One page; ``next`` is the cursor of the following one."""

    items: list[MemberBody]
    next: str | None


class WhyBody(BaseModel):
    """A node of the condition with its truth. ``word`` is a kind's name, or all, any, not. ``needs_archive``: chats
    that nobody sees could make the answer another one."""

    node: str
    result: bool
    word: str
    params: dict[str, Any]
    seen: dict[str, Any]
    needs_archive: bool
    of: list["WhyBody"]


class KindBody(BaseModel):
    """A leaf kind for the editor: titles, a phrase for explanations, and the JSON schema of its parameters."""

    name: str
    title_en: str
    title_zh: str
    word_en: str
    word_zh: str
    params: dict[str, Any]


class KindsBody(BaseModel):
    items: list[KindBody]


class Tagged(BaseModel):
    changed: int
