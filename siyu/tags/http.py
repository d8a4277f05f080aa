"""Private: the taxonomy and who carries what, over HTTP."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from siyu.customers import queries as customers
from siyu.customers.types import UnknownCustomer
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import ids_of
from siyu.kernel.errors import BadText, Invalid
from siyu.kernel.http import ApiRoute, Id, raises, requires
from siyu.kernel.paging import BadCursor
from siyu.kernel.text import CleanText, Moment
from siyu.tags import actions, hygiene, queries
from siyu.tags.bodies import (
    Compared,
    GroupPlaceBody,
    HygieneBody,
    Outward,
    OverlapBody,
    Places,
    SyncBody,
    TagPlaceBody,
    states,
)
from siyu.tags.types import (
    BadSync,
    BadTagMerge,
    BadTagName,
    TagInUse,
    TagMerged,
    TagNameTaken,
    TagReadOnly,
    TagRetired,
    UnknownGroup,
    UnknownTag,
    Use,
)

router = APIRouter(prefix="/api/tags", tags=["tags"], route_class=ApiRoute)
Read = Annotated[Ctx, requires("tags.read")]
Write = Annotated[Ctx, requires("tags.write")]


class NewName(BaseModel):
    """A name of 1 to 30 characters without a slash."""

    model_config = ConfigDict(extra="forbid")

    name: CleanText = Field(examples=["意向"])


class NewTag(NewName):
    note: CleanText = Field(default="", max_length=500, description="What the tag means, for people.")


class TagChange(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: CleanText | None = Field(default=None, examples=["高"])
    note: CleanText | None = Field(default=None, max_length=500)
    retired: bool | None = Field(default=None, description="True: nobody gets it any more; false takes that back.")


class UseBody(BaseModel):
    """Something that needs a tag, or gives it: a segment, a journey, a rule."""

    kind: str
    id: int
    name: str


class TagBody(BaseModel):
    """A tag; `customers` is how many carry it, `given_by` what gives it by itself, `merged_into` the tag it is now.

    `read_only`: only its platform gives and takes it. `editable`: it may be renamed, merged and deleted here.
    """

    tag_id: int
    group_id: int
    name: str
    path: str
    note: str
    retired: bool
    merged_into: int | None
    customers: int
    created_at: datetime
    last_given_at: datetime | None
    given_by: list[UseBody]
    read_only: bool
    editable: bool
    places: list[TagPlaceBody]


class GroupBody(BaseModel):
    group_id: int
    name: str
    editable: bool
    places: list[GroupPlaceBody]
    tags: list[TagBody]


class TaxonomyBody(BaseModel):
    groups: list[GroupBody]


class GroupMade(BaseModel):
    group_id: int


class TagMade(BaseModel):
    tag_id: int


class Tagging(BaseModel):
    """Customers to give a tag to, or to take it from."""

    model_config = ConfigDict(extra="forbid")

    customer_ids: list[Id] = Field(min_length=1, max_length=10_000, examples=[[1, 2]])
    why: CleanText = Field(min_length=1, max_length=200, examples=["met at the fair"])


class TaggingAdd(Tagging):
    expires_at: Moment | None = Field(default=None, description="The tag goes by itself then.")


class Tagged(BaseModel):
    """How many customers changed; who had (or lacked) the tag already did not."""

    changed: int


class UsesBody(BaseModel):
    items: list[UseBody]


class MergeInput(BaseModel):
    model_config = ConfigDict(extra="forbid")

    into: Id = Field(description="The tag that both are from then on.", examples=[2])


class TagChangeBody(BaseModel):
    """A change of who carries a tag: `customers` got it (`added`) or lost it."""

    change_id: int
    at: datetime
    added: bool
    customers: int
    by: str
    why: str


class TagChangesBody(BaseModel):
    items: list[TagChangeBody]
    next: str | None


class AssignmentBody(BaseModel):
    """Why a customer carries a tag."""

    tag_id: int
    path: str
    since: datetime | None
    by: str | None
    why: str | None
    expires_at: datetime | None


class AssignmentsBody(BaseModel):
    items: list[AssignmentBody]


@router.get("")
def list_tags(ctx: Read) -> TaxonomyBody:
    """All groups and tags, retired and merged ones included: how many customers carry each, what gives it, since when
    it is there and when it was given last."""
    counts, given, gives = queries.counts(ctx), queries.last_given(ctx), queries.givers(ctx)
    at = Places.of(ctx)
    groups = [
        GroupBody(
            group_id=group.group_id,
            name=group.name,
            editable=at.may_rename(group.group_id),
            places=at.group(group.group_id),
            tags=[
                TagBody(
                    tag_id=tag.tag_id,
                    group_id=tag.group_id,
                    name=tag.name,
                    path=tag.path,
                    note=tag.note,
                    retired=tag.retired,
                    merged_into=tag.merged_into,
                    customers=counts.get(tag.tag_id, 0),
                    created_at=tag.created_at,
                    last_given_at=given.get(tag.tag_id),
                    given_by=_uses(gives.get(tag.tag_id, ())),
                    read_only=tag.read_only,
                    editable=at.may_edit(tag.tag_id),
                    places=at.tag(tag.tag_id),
                )
                for tag in group.tags
            ],
        )
        for group in queries.taxonomy(ctx)
    ]
    return TaxonomyBody(groups=groups)


def _uses(found: Iterable[Use]) -> list[UseBody]:
    return [UseBody(kind=use.kind, id=use.id, name=use.name) for use in found]


@router.get("/hygiene")
def get_tag_hygiene(
    ctx: Read,
    days: Annotated[int, Query(ge=1, le=3650, description="A tag not given for so long is stale.")] = 90,
) -> HygieneBody:
    """Which tags nobody carries, nobody explains, nobody gives any more, and which two say the same."""
    found = hygiene.look(ctx, days)
    overlapping = [
        OverlapBody(
            tag_id=one.tag_id,
            other_id=one.other_id,
            both=one.both,
            of_tag=one.of_tag,
            of_other=one.of_other,
            share=round(one.share, 4),
        )
        for one in found.overlapping
    ]
    return HygieneBody(
        days=found.days,
        unused=list(found.unused),
        unexplained=list(found.unexplained),
        stale=list(found.stale),
        overlapping=overlapping,
        people=found.people,
        sampled=found.sampled,
    )


@router.post("/groups", status_code=201, responses=raises(BadTagName, BadText, TagNameTaken))
def create_tag_group(ctx: Write, body: NewName) -> GroupMade:
    """Add a group."""
    return GroupMade(group_id=actions.create_group(ctx, body.name))


@router.put(
    "/groups/{group_id}",
    status_code=204,
    responses=raises(UnknownGroup, BadTagName, BadText, TagNameTaken, TagReadOnly),
)
def rename_tag_group(ctx: Write, group_id: Id, body: NewName) -> None:
    """Rename a group."""
    actions.rename_group(ctx, group_id, body.name)


@router.get("/sync")
def get_tag_sync(ctx: Read) -> SyncBody:
    """The accounts whose tags are kept in step: when they were compared last, and of how many customers each is still
    to be told or could not be, and why."""
    return states(ctx)


@router.put(
    "/groups/{group_id}/sync",
    status_code=204,
    responses=raises(UnknownGroup, BadSync, TagReadOnly),
)
def set_tag_group_sync(ctx: Write, group_id: Id, body: Outward) -> None:
    """Say whether an account is told of the group: its tags are made there, and who carries them on either side when
    that begins carries them on both. Switched off, the account keeps what it has and goes on telling us."""
    actions.set_outward(ctx, group_id, body.account_id, on=body.outward)


@router.post("/sync/compare", status_code=204, responses=raises(BadSync))
def compare_tags(ctx: Write, body: Compared) -> None:
    """Compare an account's tags with ours now, instead of at its next turn, and try again what could not be told."""
    actions.compare(ctx, body.account_id)


@router.post(
    "/groups/{group_id}/tags",
    status_code=201,
    responses=raises(UnknownGroup, BadTagName, BadText, TagNameTaken),
)
def create_tag(ctx: Write, group_id: Id, body: NewTag) -> TagMade:
    """Add a tag to a group."""
    return TagMade(tag_id=actions.create_tag(ctx, group_id, body.name, body.note))


@router.patch(
    "/{tag_id}",
    status_code=204,
    responses=raises(UnknownTag, BadTagName, BadText, TagNameTaken, TagMerged, TagReadOnly),
)
def change_tag(ctx: Write, tag_id: Id, body: TagChange) -> None:
    """Rename a tag, change its note, retire or revive it. Conditions refer to its id and keep it."""
    actions.change_tag(ctx, tag_id, name=body.name, note=body.note)
    if body.retired is not None:
        (actions.retire if body.retired else actions.revive)(ctx, tag_id)


@router.delete("/{tag_id}", responses=raises(UnknownTag, TagInUse, TagReadOnly))
def delete_tag(ctx: Write, tag_id: Id) -> Tagged:
    """Take the tag from everybody and remove it; refused while a segment or journey uses it."""
    return Tagged(changed=actions.delete(ctx, tag_id).count)


@router.get("/{tag_id}/uses", responses=raises(UnknownTag))
def list_tag_uses(ctx: Read, tag_id: Id) -> UsesBody:
    """What needs the tag: segments, journeys, rules. While anything does, it is neither deleted nor merged away."""
    return UsesBody(items=_uses(queries.uses_of(ctx, tag_id)))


@router.get("/{tag_id}/changes", responses=raises(UnknownTag, BadCursor))
def list_tag_changes(
    ctx: Read,
    tag_id: Id,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> TagChangesBody:
    """Who or what gave and took the tag, latest first, and how many customers it was."""
    page = queries.history(ctx, tag_id, cursor, limit)
    items = [
        TagChangeBody(
            change_id=one.change_id, at=one.at, added=one.added, customers=one.customers, by=one.by, why=one.why
        )
        for one in page.items
    ]
    return TagChangesBody(items=items, next=page.next)


@router.post("/{tag_id}/merge", responses=raises(UnknownTag, BadTagMerge, TagMerged, TagRetired, TagInUse, TagReadOnly))
def merge_tag(ctx: Write, tag_id: Id, body: MergeInput) -> Tagged:
    """Make the tag a part of another one: who carried either carries that one, as long and for the reason known
    before. Refused while a segment, a journey or a rule uses it; returns how many got the other one by it."""
    return Tagged(changed=actions.merge(ctx, tag_id, body.into).count)


def _customers(ctx: Ctx, ids: list[int]) -> list[int]:
    homes = customers.origins(ctx, ids)
    active = customers.active(ctx, sorted(set(homes.values())))
    for index, customer_id in enumerate(ids):
        if homes.get(customer_id) not in active:
            raise UnknownCustomer(f"there is no customer {customer_id}", field=f"customer_ids.{index}")
    return sorted(set(homes.values()))


@router.post(
    "/{tag_id}/add",
    responses=raises(UnknownTag, UnknownCustomer, BadText, Invalid, TagRetired, TagReadOnly),
)
def give_tag(ctx: Write, tag_id: Id, body: TaggingAdd) -> Tagged:
    """Give the tag to customers; repeating it changes nothing."""
    who = ids_of(_customers(ctx, body.customer_ids))
    return Tagged(changed=actions.add(ctx, tag_id=tag_id, who=who, why=body.why, expires_at=body.expires_at).count)


@router.post("/{tag_id}/remove", responses=raises(UnknownTag, UnknownCustomer, BadText, Invalid, TagReadOnly))
def take_tag(ctx: Write, tag_id: Id, body: Tagging) -> Tagged:
    """Take the tag from customers; repeating it changes nothing."""
    who = ids_of(_customers(ctx, body.customer_ids))
    return Tagged(changed=actions.remove(ctx, tag_id=tag_id, who=who, why=body.why).count)


@router.get("/of/{customer_id}", responses=raises(UnknownCustomer))
def list_customer_tags(ctx: Read, customer_id: Id) -> AssignmentsBody:
    """The tags of a customer: who or what set each one last, when and why."""
    (home,) = _customers(ctx, [customer_id])
    items = [
        AssignmentBody(
            tag_id=found.tag.tag_id,
            path=found.tag.path,
            since=found.since,
            by=found.by,
            why=found.why,
            expires_at=found.expires_at,
        )
        for found in queries.assignments(ctx, home)
    ]
    return AssignmentsBody(items=items)
