"""Private: what the API says of tags on the platforms, and of the taxonomy's hygiene."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from siyu.kernel.ctx import Ctx
from siyu.kernel.http import Id
from siyu.tags import queries
from siyu.tags.types import GroupPlace, Rights, TagPlace


class GroupPlaceBody(BaseModel):
    """A group at an account: `name` there; `outward`: the account is told of it; `made`: it is there."""

    account_id: int
    name: str
    rights: Rights
    outward: bool
    made: bool


class TagPlaceBody(BaseModel):
    """A tag at an account. `rights`: Siyu may do everything (`all`), give and take it (`mark`), only read it (`read`).

    `problem` says why it is not there as it is here. Of `waiting` customers the account is still to be told, of
    `failed` ones it could not be.
    """

    account_id: int
    name: str
    rights: Rights
    problem: str
    made: bool
    waiting: int
    failed: int


class Outward(BaseModel):
    model_config = ConfigDict(extra="forbid")

    account_id: Id = Field(description="One of the accounts that `GET /api/tags/sync` lists.", examples=[1])
    outward: bool = Field(description="Whether the account is told of the group.", examples=[True])


class Compared(BaseModel):
    model_config = ConfigDict(extra="forbid")

    account_id: Id = Field(description="One of the accounts that `GET /api/tags/sync` lists.", examples=[1])


class ProblemBody(BaseModel):
    """`customers` of whom the account could not be told. `waits`: it is tried again by itself."""

    problem: str
    waits: bool
    customers: int


class SyncAccountBody(BaseModel):
    """An account. `problem` says why its taxonomy could not be compared; `waiting` and `failed` count customers."""

    account_id: int
    name: str
    kind: Literal["wecom", "oa"]
    looked_at: datetime | None
    problem: str
    waiting: int
    failed: int
    problems: list[ProblemBody]


class SyncBody(BaseModel):
    accounts: list[SyncAccountBody]


def states(ctx: Ctx) -> SyncBody:
    """The accounts whose tags are kept in step."""
    return SyncBody(
        accounts=[
            SyncAccountBody(
                account_id=state.account_id,
                name=state.name,
                kind="wecom" if state.kind == "wecom" else "oa",
                looked_at=state.looked_at,
                problem=state.problem,
                waiting=sum(one.customers for one in state.untold if one.waits),
                failed=sum(one.customers for one in state.untold if not one.waits),
                problems=[
                    ProblemBody(problem=one.problem, waits=one.waits, customers=one.customers)
                    for one in state.untold
                    if one.problem
                ],
            )
            for state in queries.sync_states(ctx)
        ]
    )


class OverlapBody(BaseModel):
    """Two tags that nearly the same people carry; `share` of those who carry either carry both."""

    tag_id: int
    other_id: int
    both: int
    of_tag: int
    of_other: int
    share: float


class HygieneBody(BaseModel):
    """What wants tidying, by tag_id; overlaps are seen among `people`: all who carry tags, unless `sampled`."""

    days: int
    unused: list[int]
    unexplained: list[int]
    stale: list[int]
    overlapping: list[OverlapBody]
    people: int
    sampled: bool


@dataclass(frozen=True, slots=True)
class Places:
    """Where all groups and tags are."""

    groups: dict[int, list[GroupPlace]]
    tags: dict[int, list[TagPlace]]
    untold: dict[tuple[int, int], tuple[int, int]]

    @classmethod
    def of(cls, ctx: Ctx) -> "Places":
        return cls(queries.group_places(ctx), queries.tag_places(ctx), queries.untold_tags(ctx))

    def group(self, group_id: int) -> list[GroupPlaceBody]:
        return [
            GroupPlaceBody(
                account_id=one.account_id, name=one.name, rights=one.rights, outward=one.outward, made=one.made
            )
            for one in self.groups.get(group_id, ())
        ]

    def tag(self, tag_id: int) -> list[TagPlaceBody]:
        found: list[TagPlaceBody] = []
        for one in self.tags.get(tag_id, ()):
            waiting, failed = self.untold.get((one.account_id, tag_id), (0, 0))
            found.append(
                TagPlaceBody(
                    account_id=one.account_id,
                    name=one.name,
                    rights=one.rights,
                    problem=one.problem,
                    made=one.made,
                    waiting=waiting,
                    failed=failed,
                )
            )
        return found

    def may_rename(self, group_id: int) -> bool:
        return all(one.rights == "all" or not one.made for one in self.groups.get(group_id, ()))

    def may_edit(self, tag_id: int) -> bool:
        return all(one.rights == "all" for one in self.tags.get(tag_id, ()))
