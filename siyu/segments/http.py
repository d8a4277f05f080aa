"""Private: conditions and saved segments over HTTP."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Query

from siyu.customers.types import UnknownCustomer
from siyu.kernel import audit
from siyu.kernel.ctx import Ctx
from siyu.kernel.errors import BadText, BadTime, Forbidden, Invalid
from siyu.kernel.http import ApiRoute, Id, raises, requires
from siyu.kernel.paging import BadCursor
from siyu.segments import actions, leaves, queries
from siyu.segments.bodies import (
    ConditionInput,
    EstimateBody,
    ExplainInput,
    KindBody,
    KindsBody,
    ListInput,
    MemberBody,
    MembersBody,
    NeedsArchiveBody,
    PeopleBody,
    PeopleInput,
    PersonBody,
    PersonShown,
    SampleBody,
    SampleInput,
    Saved,
    SegmentBody,
    SegmentChange,
    SegmentInput,
    SegmentsBody,
    SourceBody,
    SourcesBody,
    Tagged,
    TaggingInput,
    TotalBody,
    WhyBody,
)
from siyu.segments.once import reading
from siyu.segments.types import (
    BadCondition,
    Segment,
    SegmentChanged,
    SegmentCycle,
    SegmentInUse,
    SegmentNameTaken,
    UnknownCondition,
    UnknownSegment,
    Why,
)
from siyu.tags import actions as tags
from siyu.tags.types import TagReadOnly, TagRetired, UnknownTag

router = APIRouter(prefix="/api/segments", tags=["segments"], route_class=ApiRoute)
Read = Annotated[Ctx, requires("segments.read")]
Write = Annotated[Ctx, requires("segments.write")]
CUSTOMERS = "customers.read"
CONDITION = (BadCondition, UnknownCondition, BadText, BadTime)


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
        changed_by=found.changed_by,
    )


def _why(why: Why) -> WhyBody:
    return WhyBody(
        node=why.node,
        result=why.result,
        word=why.word,
        params=dict(why.params),
        seen=dict(why.seen),
        needs_archive=why.needs_archive,
        of=[_why(part) for part in why.of],
    )


@router.get("")
def list_segments(ctx: Read) -> SegmentsBody:
    """All saved segments with their sizes."""
    with reading():
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


@router.get("/sources")
def list_sources(ctx: Read) -> SourcesBody:
    """The most frequent sources of customers, for choosing from; of many customers those of a sample."""
    return SourcesBody(items=[SourceBody(via=via, code=code) for via, code in queries.sources(ctx)])


@router.post("", status_code=201, responses=raises(*CONDITION, Invalid, SegmentNameTaken))
def create_segment(ctx: Write, body: SegmentInput) -> Saved:
    """Save a segment and compute its members."""
    return _saved(ctx, actions.save(ctx, name=body.name, condition=body.condition))


def _saved(ctx: Ctx, segment_id: int) -> Saved:
    return Saved(segment_id=segment_id, version=queries.segment(ctx, segment_id).version)


@router.get("/{segment_id}", responses=raises(UnknownSegment))
def get_segment(ctx: Read, segment_id: Id) -> SegmentBody:
    """One saved segment."""
    return _body(ctx, queries.segment(ctx, segment_id))


@router.put(
    "/{segment_id}",
    responses=raises(UnknownSegment, *CONDITION, Invalid, SegmentChanged, SegmentCycle, SegmentNameTaken),
)
def change_segment(ctx: Write, segment_id: Id, body: SegmentChange) -> Saved:
    """Change name and condition; a changed condition computes the members anew."""
    actions.save(ctx, segment_id=segment_id, name=body.name, condition=body.condition, based_on=body.version)
    return _saved(ctx, segment_id)


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
    condition = queries.parse(ctx, body.condition, "condition")
    found, needs = queries.estimate(ctx, condition), queries.needs_archive(ctx, condition, "condition")
    return EstimateBody(
        needs_archive=[NeedsArchiveBody.model_validate(one) for one in needs],
        count=found.count,
        low=found.low,
        high=found.high,
        exact=found.exact,
        population=found.population,
    )


@router.post("/people", responses=raises(*CONDITION, BadCursor, Forbidden))
def list_people(ctx: Read, body: PeopleInput) -> PeopleBody:
    """The people who match, page by page, with what a list shows of each; phones are masked."""
    ctx.require(CUSTOMERS)
    condition = queries.parse(ctx, body.condition, "condition")
    page = queries.page(ctx, condition, body.q, body.cursor, sort=body.sort, limit=body.limit)
    return PeopleBody(items=[PersonShown.model_validate(one) for one in page.items], next=page.next)


@router.post("/people/total", responses=raises(*CONDITION, Forbidden))
def count_people(ctx: Read, body: ListInput) -> TotalBody:
    """How many people such a list has: exact up to 10,000 (or when there are few customers), else an estimate."""
    ctx.require(CUSTOMERS)
    return TotalBody.model_validate(queries.total(ctx, queries.parse(ctx, body.condition, "condition"), body.q))


@router.post("/sample", responses=raises(*CONDITION))
def sample_condition(ctx: Read, body: SampleInput) -> SampleBody:
    """Some of the people who match, the same ones each time."""
    ids = queries.sample(ctx, queries.parse(ctx, body.condition, "condition"), body.limit)
    names: Mapping[int, str | None] = queries.names(ctx, ids)
    return SampleBody(items=[PersonBody(customer_id=one, name=names.get(one)) for one in ids])


@router.post("/explain", responses=raises(*CONDITION, UnknownCustomer))
def explain_condition(ctx: Read, body: ExplainInput) -> WhyBody:
    """Why one customer is in or out, node by node, with the values that were seen."""
    # As elsewhere: phones and emails are masked without the permission, and seeing them is audited.
    clear = ctx.actor.may("customers.phones")
    found = queries.explain(ctx, queries.parse(ctx, body.condition, "condition"), body.customer_id, clear=clear)
    if clear and queries.personal(found):
        audit.record(ctx, "segments.explain_clear", "customer", body.customer_id)
    return _why(found)


@router.post("/tagging", responses=raises(*CONDITION, UnknownTag, TagRetired, TagReadOnly))
def tag_matching(ctx: Annotated[Ctx, requires("tags.write")], body: TaggingInput) -> Tagged:
    """Give a tag to everybody who matches now, or take it from them, in one set operation."""
    who = queries.meant(ctx, queries.parse(ctx, body.condition, "condition"), body.q)
    changing = tags.remove if body.remove else tags.add
    return Tagged(changed=changing(ctx, tag_id=body.tag_id, who=who, why=body.why).count)
