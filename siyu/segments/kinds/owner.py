"""Leaf ``owner``: who is responsible for the customer."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from pydantic import Field
from sqlalchemy import ColumnElement, Select, and_

from siyu.customers import queries as customers
from siyu.kernel.ctx import Ctx
from siyu.kernel.text import CleanText
from siyu.segments.frame import Frame
from siyu.segments.kinds.profile import load_row, value_of
from siyu.segments.leaves import Kind
from siyu.segments.once import once
from siyu.segments.types import At, BadCondition, Depends, Facts, Params, Ref, Seen
from siyu.team import queries as team


class OwnerParams(Params):
    """Without ``staff``: has any owner."""

    staff: tuple[Ref | CleanText, ...] | None = Field(default=None, description="staff_ids or userids, one of them")


class OwnerKind(Kind[OwnerParams]):
    """Has an owner, or one of the given ones."""

    name: ClassVar[str] = "owner"
    title: ClassVar[tuple[str, str]] = ("Owner", "归属员工")
    word: ClassVar[tuple[str, str]] = ("owner is staff member {seen.staff_id}", "归属员工 {seen.staff_id}")
    params = OwnerParams

    def resolve(self, ctx: Ctx, params: OwnerParams, field: str) -> OwnerParams:
        if params.staff is None:
            return params
        path = f"{field}.staff" if field else "staff"
        if not params.staff:
            raise BadCondition("give at least one staff member", field=path)
        members = once("staff", lambda: team.staff(ctx))
        by_id, by_userid = {m.staff_id: m for m in members}, {m.userid: m for m in members if m.userid}
        found: list[int] = []
        for index, given in enumerate(params.staff):
            member = by_id.get(given) if isinstance(given, int) else by_userid.get(given)
            if member is None:
                raise BadCondition(f"there is no staff member {given}", field=f"{path}.{index}")
            found.append(member.staff_id)
        return OwnerParams(staff=tuple(found))

    def named(self, ctx: Ctx, params: OwnerParams) -> OwnerParams:
        if params.staff is None:
            return params
        userids = {member.staff_id: member.userid for member in once("staff", lambda: team.staff(ctx))}
        return OwnerParams(staff=tuple(userids.get(int(staff_id)) or staff_id for staff_id in params.staff))

    def sql(self, frame: Frame, params: OwnerParams) -> ColumnElement[bool]:
        column: ColumnElement[Any] = frame.customer.c.owner_id
        if params.staff is None:
            return column.is_not(None)
        return and_(column.is_not(None), column.in_(params.staff))

    def load(self, ctx: Ctx, leaves: Sequence[OwnerParams], who: Select[Any]) -> Mapping[int, object]:
        return load_row(ctx, {"owner_id": customers.customer.c.owner_id}, who)

    def read(self, params: OwnerParams, facts: Facts, at: At) -> Seen:
        owner = value_of(facts, self.name, "owner_id")
        fits = owner is not None and (params.staff is None or owner in params.staff)
        return Seen(fits, {"staff_id": owner})

    def depends(self, params: OwnerParams) -> Depends:
        return Depends(attributes=frozenset({"owner_id"}))
