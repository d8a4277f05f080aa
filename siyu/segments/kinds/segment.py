"""Leaf ``segment``: membership of another segment, as it stands."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from sqlalchemy import ColumnElement, Select, select

from siyu.kernel.ctx import Ctx
from siyu.kernel.text import CleanText
from siyu.segments import store
from siyu.segments.frame import Frame
from siyu.segments.leaves import Kind
from siyu.segments.types import At, BadCondition, Depends, Facts, Params, Seen


class SegmentParams(Params):
    """The other segment, as segment_id or name."""

    segment: int | CleanText


class SegmentKind(Kind[SegmentParams]):
    """Is a member of another segment; its stored membership counts, which the same pulse has brought up to date."""

    name: ClassVar[str] = "segment"
    title: ClassVar[tuple[str, str]] = ("Segment", "人群")
    word: ClassVar[tuple[str, str]] = ("member of segment {segment}", "属于人群 {segment}")
    params = SegmentParams

    def resolve(self, ctx: Ctx, params: SegmentParams, field: str) -> SegmentParams:
        by = {"segment_id" if isinstance(params.segment, int) else "name": params.segment}
        row = store.segment_by(ctx, **by)
        if row is None:
            raise BadCondition(
                f"there is no segment {params.segment}", field=f"{field}.segment" if field else "segment"
            )
        return SegmentParams(segment=row.segment_id)

    def named(self, ctx: Ctx, params: SegmentParams) -> SegmentParams:
        row = store.segment_by(ctx, segment_id=params.segment)
        return SegmentParams(segment=row.name) if row else params

    def sql(self, frame: Frame, params: SegmentParams) -> ColumnElement[bool]:
        rows = store.member
        side = frame.left(
            f"segment {params.segment}",
            lambda: frame.only(
                select(rows.c.customer_id).where(rows.c.segment_id == params.segment), rows.c.customer_id
            ),
        )
        return side.c.customer_id.is_not(None)

    def load(self, ctx: Ctx, leaves: Sequence[SegmentParams], who: Select[Any]) -> Mapping[int, object]:
        wanted = sorted({int(leaf.segment) for leaf in leaves})
        rows, asked = store.member, who.subquery("who")
        statement = select(rows.c.customer_id, rows.c.segment_id).where(
            rows.c.segment_id.in_(wanted), rows.c.customer_id.in_(select(asked.c.customer_id))
        )
        found: dict[int, set[int]] = {}
        for row in ctx.tx.execute(statement):
            found.setdefault(row[0], set()).add(row[1])
        return found

    def read(self, params: SegmentParams, facts: Facts, at: At) -> Seen:
        inside: Any = facts.data.get(self.name, ())
        return Seen(params.segment in inside)

    def depends(self, params: SegmentParams) -> Depends:
        return Depends(segments=frozenset({int(params.segment)}))
