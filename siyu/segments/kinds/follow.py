"""Leaf ``follow``: who is followed by a staff member (跟进关系)."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from pydantic import Field
from sqlalchemy import ColumnElement, Select, select

from siyu.customers import queries as customers
from siyu.kernel.ctx import Ctx
from siyu.kernel.text import CleanText
from siyu.segments.frame import Frame
from siyu.segments.leaves import Kind
from siyu.segments.once import once
from siyu.segments.types import At, BadCondition, Depends, Facts, Params, Ref, Seen
from siyu.team import queries as team

FOLLOWING = frozenset({"followed", "unfollowed", "contact_added", "contact_lost"})
"""The events that tell of a follow's beginning and end."""


class FollowParams(Params):
    """Without ``staff``: has any staff member now."""

    staff: tuple[Ref | CleanText, ...] | None = Field(
        default=None, min_length=1, max_length=500, description="WeCom userids or staff_ids, one of them"
    )

    @property
    def userids(self) -> list[str]:
        """The userids; only of resolved parameters."""
        return [str(userid) for userid in self.staff or ()]


class FollowKind(Kind[FollowParams]):
    """Is a WeCom contact of a staff member now, or of one of the given ones."""

    name: ClassVar[str] = "follow"
    title: ClassVar[tuple[str, str]] = ("Followed by", "跟进人")
    word: ClassVar[tuple[str, str]] = ("followed by {seen.staff}", "跟进人 {seen.staff}")
    params = FollowParams

    def resolve(self, ctx: Ctx, params: FollowParams, field: str) -> FollowParams:
        """Staff ids become userids, which the follows hold; a userid may be one that the directory does not know."""
        if params.staff is None:
            return params
        userids = {member.staff_id: member.userid for member in once("staff", lambda: team.staff(ctx))}
        found: list[str] = []
        for index, given in enumerate(params.staff):
            userid = userids.get(given) if isinstance(given, int) else given
            if userid is None:
                path = f"{field}.staff.{index}" if field else f"staff.{index}"
                raise BadCondition(f"staff member {given} is not in WeCom", field=path)
            found.append(userid)
        return FollowParams(staff=tuple(found))

    def sql(self, frame: Frame, params: FollowParams) -> ColumnElement[bool]:
        rows = customers.follows
        # Each list of staff is one join; the key tells two lists apart whatever stands in the userids.
        side = frame.left(
            f"follow {params.userids!r}",
            lambda: frame.only(
                select(rows.c.customer_id)
                .where(
                    rows.c.kind == "wecom",
                    rows.c.following,
                    *([rows.c.staff.in_(params.userids)] if params.staff is not None else []),
                )
                .distinct(),
                rows.c.customer_id,
            ),
        )
        return side.c.customer_id.is_not(None)

    def load(self, ctx: Ctx, leaves: Sequence[FollowParams], who: Select[Any]) -> Mapping[int, object]:
        rows, asked = customers.follows, who.subquery("who")
        statement = select(rows.c.customer_id, rows.c.staff).where(
            rows.c.kind == "wecom", rows.c.following, rows.c.customer_id.in_(select(asked.c.customer_id))
        )
        found: dict[int, set[str]] = {}
        for row in ctx.tx.execute(statement):
            found.setdefault(row[0], set()).add(row[1])
        return found

    def read(self, params: FollowParams, facts: Facts, at: At) -> Seen:
        staff: Any = facts.data.get(self.name, ())
        fits = bool(staff) if params.staff is None else any(userid in staff for userid in params.userids)
        return Seen(fits, {"staff": sorted(staff)})

    def depends(self, params: FollowParams) -> Depends:
        return Depends(events=FOLLOWING)
