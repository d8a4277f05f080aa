"""Private: the taxonomy and who carries what, over HTTP."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from siyu.customers import queries as customers
from siyu.customers.types import UnknownCustomer
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import ids_of
from siyu.kernel.errors import BadText, Invalid
from siyu.kernel.http import Id, raises, requires
from siyu.kernel.text import CleanText, Moment
from siyu.tags import actions, queries
from siyu.tags.types import BadTagName, TagInUse, TagNameTaken, TagRetired, UnknownGroup, UnknownTag

router = APIRouter(prefix="/api/tags", tags=["tags"])
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


class TagBody(BaseModel):
    """A tag; ``customers`` is how many carry it."""

    tag_id: int
    group_id: int
    name: str
    path: str
    note: str
    retired: bool
    customers: int


class GroupBody(BaseModel):
    group_id: int
    name: str
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
    """All groups and tags, retired ones included, with how many customers carry each."""
    counts = queries.counts(ctx)
    groups = [
        GroupBody(
            group_id=group.group_id,
            name=group.name,
            tags=[
                TagBody(
                    tag_id=tag.tag_id,
                    group_id=tag.group_id,
                    name=tag.name,
                    path=tag.path,
                    note=tag.note,
                    retired=tag.retired,
                    customers=counts.get(tag.tag_id, 0),
                )
                for tag in group.tags
            ],
        )
        for group in queries.taxonomy(ctx)
    ]
    return TaxonomyBody(groups=groups)


@router.post("/groups", status_code=201, responses=raises(BadTagName, BadText, TagNameTaken))
def create_tag_group(ctx: Write, body: NewName) -> GroupMade:
    """Add a group."""
    return GroupMade(group_id=actions.create_group(ctx, body.name))


@router.put(
    "/groups/{group_id}",
    status_code=204,
    responses=raises(UnknownGroup, BadTagName, BadText, TagNameTaken),
)
def rename_tag_group(ctx: Write, group_id: Id, body: NewName) -> None:
    """Rename a group."""
    actions.rename_group(ctx, group_id, body.name)


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
    responses=raises(UnknownTag, BadTagName, BadText, TagNameTaken),
)
def change_tag(ctx: Write, tag_id: Id, body: TagChange) -> None:
    """Rename a tag, change its note, retire or revive it. Conditions refer to its id and keep it."""
    actions.change_tag(ctx, tag_id, name=body.name, note=body.note)
    if body.retired is not None:
        (actions.retire if body.retired else actions.revive)(ctx, tag_id)


@router.delete("/{tag_id}", responses=raises(UnknownTag, TagInUse))
def delete_tag(ctx: Write, tag_id: Id) -> Tagged:
    """Take the tag from everybody and remove it; refused while a segment or journey uses it."""
    return Tagged(changed=actions.delete(ctx, tag_id).count)


def _customers(ctx: Ctx, ids: list[int]) -> list[int]:
    homes = customers.origins(ctx, ids)
    for index, customer_id in enumerate(ids):
        if customer_id not in homes:
            raise UnknownCustomer(f"there is no customer {customer_id}", field=f"customer_ids.{index}")
    return sorted(set(homes.values()))


@router.post(
    "/{tag_id}/add",
    responses=raises(UnknownTag, UnknownCustomer, BadText, Invalid, TagRetired),
)
def give_tag(ctx: Write, tag_id: Id, body: TaggingAdd) -> Tagged:
    """Give the tag to customers; repeating it changes nothing."""
    who = ids_of(_customers(ctx, body.customer_ids))
    return Tagged(changed=actions.add(ctx, tag_id=tag_id, who=who, why=body.why, expires_at=body.expires_at).count)


@router.post("/{tag_id}/remove", responses=raises(UnknownTag, UnknownCustomer, BadText, Invalid))
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
