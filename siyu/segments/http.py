"""Private: conditions and saved segments over HTTP."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from siyu.customers.types import UnknownCustomer
from siyu.kernel.ctx import Ctx
from siyu.kernel.errors import BadText, BadTime, Invalid
from siyu.kernel.http import Id, raises, requires
from siyu.kernel.paging import BadCursor
from siyu.kernel.text import CleanText
from siyu.segments import actions, leaves, queries
from siyu.segments.types import (
    BadCondition,
    Segment,
    SegmentCycle,
    SegmentInUse,
    SegmentNameTaken,
    UnknownCondition,
    UnknownSegment,
    Why,
)
from siyu.tags import actions as tags
from siyu.tags.types import TagRetired, UnknownTag

router = APIRouter(prefix="/api/segments", tags=["segments"])
Read = Annotated[Ctx, requires("segments.read")]
Write = Annotated[Ctx, requires("segments.write")]
CONDITION = (BadCondition, UnknownCondition, BadText, BadTime)
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


class ExplainInput(ConditionInput):
    customer_id: Id = Field(examples=[1])


class SampleInput(ConditionInput):
    limit: int = Field(default=20, ge=1, le=100)


class TaggingInput(ConditionInput):
    """Give a tag to everybody who matches, or take it from them."""

    tag_id: Id
    why: CleanText = Field(min_length=1, max_length=200, examples=["spring campaign"])
    remove: bool = False


class Saved(BaseModel):
    segment_id: int


class SegmentBody(BaseModel):
    """``condition`` holds ids, ``named`` the same with names."""

    segment_id: int
    name: str
    version: int
    condition: dict[str, Any]
    named: dict[str, Any]
    size: int
    created_at: datetime
    changed_at: datetime


class SegmentsBody(BaseModel):
    items: list[SegmentBody]


class EstimateBody(BaseModel):
    """``low`` to ``high`` is the 95 % interval; equal to ``count`` when ``exact``."""

    count: int
    low: int
    high: int
    exact: bool
    population: int


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
    """A node of the condition with its truth. ``word`` is a kind's name, or all, any, not."""

    node: str
    result: bool
    word: str
    params: dict[str, Any]
    seen: dict[str, Any]
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


def _body(ctx: Ctx, found: Segment) -> SegmentBody:
    return SegmentBody(
        segment_id=found.segment_id,
        name=found.name,
        version=found.version,
        condition=dict(found.condition),
        named=queries.named(ctx, queries.load(found.condition)),
        size=found.size,
        created_at=found.created_at,
        changed_at=found.changed_at,
    )


def _why(why: Why) -> WhyBody:
    return WhyBody(
        node=why.node,
        result=why.result,
        word=why.word,
        params=dict(why.params),
        seen=dict(why.seen),
        of=[_why(part) for part in why.of],
    )


@router.get("")
def list_segments(ctx: Read) -> SegmentsBody:
    """All saved segments with their sizes."""
    return SegmentsBody(items=[_body(ctx, found) for found in queries.segments(ctx)])


@router.get("/kinds")
def list_condition_kinds(ctx: Read) -> KindsBody:
    """The leaf kinds that conditions may use here."""
    items = [
        KindBody(
            name=kind.name,
            title_en=kind.title[0],
            title_zh=kind.title[1],
            word_en=kind.word[0],
            word_zh=kind.word[1],
            params=kind.params.model_json_schema(),
        )
        for kind in leaves.kinds()
    ]
    return KindsBody(items=items)


@router.post("", status_code=201, responses=raises(*CONDITION, Invalid, SegmentNameTaken))
def create_segment(ctx: Write, body: SegmentInput) -> Saved:
    """Save a segment and compute its members."""
    return Saved(segment_id=actions.save(ctx, name=body.name, condition=body.condition))


@router.get("/{segment_id}", responses=raises(UnknownSegment))
def get_segment(ctx: Read, segment_id: Id) -> SegmentBody:
    """One saved segment."""
    return _body(ctx, queries.segment(ctx, segment_id))


@router.put(
    "/{segment_id}",
    responses=raises(UnknownSegment, *CONDITION, Invalid, SegmentCycle, SegmentNameTaken),
)
def change_segment(ctx: Write, segment_id: Id, body: SegmentInput) -> Saved:
    """Change name and condition; a changed condition computes the members anew."""
    actions.save(ctx, segment_id=segment_id, name=body.name, condition=body.condition)
    return Saved(segment_id=segment_id)


@router.delete("/{segment_id}", status_code=204, responses=raises(UnknownSegment, SegmentInUse))
def delete_segment(ctx: Write, segment_id: Id) -> None:
    """Remove a segment; refused while another segment or a journey uses it."""
    actions.delete(ctx, segment_id)


@router.get("/{segment_id}/members", responses=raises(UnknownSegment, BadCursor))
def list_segment_members(
    ctx: Read,
    segment_id: Id,
    after: Annotated[str | None, Query(description="the cursor of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> MembersBody:
    """The members by customer_id, with the time they entered."""
    page = queries.member_page(ctx, segment_id, after, limit)
    names = queries.names(ctx, [customer_id for customer_id, _ in page.items])
    items = [MemberBody(customer_id=one, name=names.get(one), entered_at=at) for one, at in page.items]
    return MembersBody(items=items, next=page.next)


@router.post("/estimate", responses=raises(*CONDITION))
def estimate_condition(ctx: Read, body: ConditionInput) -> EstimateBody:
    """How many people match: exact, or from a fixed sample of 10,000 people with its 95 % interval."""
    found = queries.estimate(ctx, queries.parse(ctx, body.condition, "condition"))
    return EstimateBody(
        count=found.count, low=found.low, high=found.high, exact=found.exact, population=found.population
    )


@router.post("/sample", responses=raises(*CONDITION))
def sample_condition(ctx: Read, body: SampleInput) -> SampleBody:
    """Some of the people who match, the same ones each time."""
    ids = queries.sample(ctx, queries.parse(ctx, body.condition, "condition"), body.limit)
    names: Mapping[int, str | None] = queries.names(ctx, ids)
    return SampleBody(items=[PersonBody(customer_id=one, name=names.get(one)) for one in ids])


@router.post("/explain", responses=raises(*CONDITION, UnknownCustomer))
def explain_condition(ctx: Read, body: ExplainInput) -> WhyBody:
    """Why one customer is in or out, node by node, with the values that were seen."""
    return _why(queries.explain(ctx, queries.parse(ctx, body.condition, "condition"), body.customer_id))


@router.post("/tagging", responses=raises(*CONDITION, UnknownTag, TagRetired))
def tag_matching(ctx: Annotated[Ctx, requires("tags.write")], body: TaggingInput) -> Tagged:
    """Give a tag to everybody who matches now, or take it from them, in one set operation."""
    who = queries.select_members(ctx, queries.parse(ctx, body.condition, "condition"))
    changing = tags.remove if body.remove else tags.add
    return Tagged(changed=changing(ctx, tag_id=body.tag_id, who=who, why=body.why).count)
