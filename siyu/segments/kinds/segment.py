"""Leaf ``segment``: membership of another segment, as it stands."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from sqlalchemy import ColumnElement, Select, select

from siyu.kernel.ctx import Ctx
from siyu.kernel.text import CleanText
from siyu.segments import store
from siyu.segments.chats import doubt
from siyu.segments.frame import Frame
from siyu.segments.leaves import Kind
from siyu.segments.once import once
from siyu.segments.parse import load
from siyu.segments.types import At, BadCondition, Depends, Doubt, Facts, Params, Ref, Seen


def _names(ctx: Ctx) -> Mapping[int, str]:
    """What the saved segments are called."""
    return once("segments", lambda: store.names_of_segments(ctx))


class SegmentParams(Params):
    """The other segment, as segment_id or name."""

    segment: Ref | CleanText


class SegmentKind(Kind[SegmentParams]):
    """Is a member of another segment; its stored membership counts, which the same pulse has brought up to date."""

    name: ClassVar[str] = "segment"
    title: ClassVar[tuple[str, str]] = ("Segment", "人群")
    word: ClassVar[tuple[str, str]] = ("member of segment {segment}", "属于人群 {segment}")
    params = SegmentParams

    def resolve(self, ctx: Ctx, params: SegmentParams, field: str) -> SegmentParams:
        names = _names(ctx)
        by_name = {name: segment_id for segment_id, name in names.items()}
        given = params.segment
        found = by_name.get(given) if isinstance(given, str) else given if given in names else None
        if found is None:
            raise BadCondition(
                f"there is no segment {params.segment}", field=f"{field}.segment" if field else "segment"
            )
        return SegmentParams(segment=found)

    def named(self, ctx: Ctx, params: SegmentParams) -> SegmentParams:
        return SegmentParams(segment=_names(ctx).get(int(params.segment), params.segment))

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
        member = params.segment in inside
        return Seen(member, {"member": member})

    def depends(self, params: SegmentParams) -> Depends:
        return Depends(segments=frozenset({int(params.segment)}))

    def doubt(self, ctx: Ctx, params: SegmentParams, seen: Mapping[str, object] | None) -> Doubt:
        conditions = once("segment conditions", lambda: store.conditions(ctx))
        return doubt(ctx, load(conditions[int(params.segment)])) if params.segment in conditions else Doubt()
