"""Door: every write of segments."""

from typing import Any

from sqlalchemy import Select

from siyu.kernel import audit
from siyu.kernel.ctx import Ctx
from siyu.kernel.errors import Invalid
from siyu.kernel.text import clean
from siyu.segments import membership, queries, store, uses
from siyu.segments.types import (
    BadCondition,
    Condition,
    SegmentChanged,
    SegmentCycle,
    SegmentInUse,
    SegmentNameTaken,
    UnknownSegment,
    Use,
)
from siyu.tags import actions as tags

LONGEST_NAME = 60
register_use = uses.register
"""Let a room above speak for what it uses: ``register_use(room, check)``; called by app's wiring."""


def save(
    ctx: Ctx,
    *,
    name: str,
    condition: object,
    segment_id: int | None = None,
    field: str = "condition",
    based_on: int | None = None,
) -> int:
    """Save a new segment, or change the one given; returns segment_id.

    Members are computed anew in this transaction and told by one notice ``segment.rebased`` {segment_id, size} per
    segment concerned (those that refer to this one too); renaming alone computes nothing, and saying what is already
    there makes no version. ``based_on``: the version that the change was made from. Raises BadCondition,
    UnknownCondition, SegmentCycle, SegmentNameTaken, UnknownSegment, SegmentChanged, Invalid (name).
    """
    name = clean(name, "name").strip()
    if not 1 <= len(name) <= LONGEST_NAME:
        raise Invalid(f"a name has 1 to {LONGEST_NAME} characters", field="name")
    # What is wrong is refused before anybody has to wait. The tags are held first: their deletion waits for pulses, and
    # pulses wait for the definitions.
    _hold_tags(ctx, queries.parse(ctx, condition, field), field)
    store.hold_definitions(ctx)
    parsed = queries.parse(ctx, condition, field)
    stored = queries.dump(parsed)
    other = store.segment_by(ctx, name=name)
    if other is not None and other.segment_id != segment_id:
        raise SegmentNameTaken("another segment has this name", field="name")
    if segment_id is None:
        made = store.add(ctx, name, stored)
        if made is None:
            raise SegmentNameTaken("another segment has this name", field="name")
        membership.rebase(ctx, membership.definitions(ctx), made)
        audit.record(ctx, "segments.create", "segment", made, name=name)
        return made
    before = queries.segment(ctx, segment_id)
    if based_on is not None and based_on != before.version:
        detail = {
            "version": before.version,
            "changed_at": before.changed_at.isoformat(),
            "changed_by": before.changed_by,
        }
        raise SegmentChanged("somebody else changed the segment meanwhile", field="version", detail=detail)
    if (before.name, before.condition) == (name, stored):
        return segment_id
    _refuse_cycle(ctx, segment_id, sorted(queries.depends(parsed).segments), field)
    store.change(ctx, segment_id, name, stored)
    if before.condition != stored:
        membership.rebase(ctx, membership.definitions(ctx), segment_id)
    audit.record(ctx, "segments.change", "segment", segment_id, name=name, version=before.version + 1)
    return segment_id


def _hold_tags(ctx: Ctx, parsed: Condition, field: str) -> None:
    needed = queries.depends(parsed).tags
    if needed - tags.hold(ctx, needed):
        raise BadCondition("a tag of the condition was deleted meanwhile", field=field)


def _refuse_cycle(ctx: Ctx, segment_id: int, inner: list[int], field: str) -> None:
    known = membership.definitions(ctx)
    paths = [[segment_id, other] for other in inner]
    while paths:
        path = paths.pop()
        if path[-1] == segment_id:
            names = " -> ".join(known[step].name for step in path)
            raise SegmentCycle(f"the segment would depend on itself: {names}", field=field, detail={"path": path})
        if path[-1] not in path[:-1] and path[-1] in known:
            paths += [[*path, other] for other in sorted(known[path[-1]].depends.segments)]


def delete(ctx: Ctx, segment_id: int) -> None:
    """Remove a segment. Raises UnknownSegment, SegmentInUse when another segment, a journey or a room needs it."""
    store.hold_definitions(ctx)
    store.hold(ctx, segment_id)  # whoever is about to listen to it comes first
    found = queries.segment(ctx, segment_id)
    used_by = [*queries.uses_segment(ctx, segment_id), *uses.of(ctx, segment_id)]
    used_by += [Use("listener", segment_id, by) for by in store.listeners(ctx, segment_id)]
    if used_by:
        detail = {"used_by": [{"kind": use.kind, "id": use.id, "name": use.name} for use in used_by]}
        names = ", ".join(use.name for use in used_by)
        raise SegmentInUse(f"{found.name} is used by {names}", field="segment_id", detail=detail)
    store.drop(ctx, segment_id)
    audit.record(ctx, "segments.delete", "segment", segment_id, name=found.name)


def look_again(ctx: Ctx, who: Select[Any]) -> None:
    """Let the segments that any event may change look at these customers again in the next tick.

    For rooms above whose conditions changed for many people at once, without events.
    """
    store.share_definitions(ctx)
    known = membership.definitions(ctx)
    concerned = [segment_id for segment_id, found in known.items() if found.depends.everything]
    if concerned:
        store.put_due(ctx, concerned, who)


def listen(ctx: Ctx, segment_id: int, by: str = "journeys") -> None:
    """From now on write segment_entered / segment_left events for this segment. ``by`` names who needs them.

    Raises UnknownSegment.
    """
    if store.segment_by(ctx, segment_id=segment_id) is None:
        raise UnknownSegment("no such segment", field="segment_id")
    store.listen(ctx, segment_id, by)


def unlisten(ctx: Ctx, segment_id: int, by: str = "journeys") -> None:
    """``by`` needs the events no more; they stop when nobody does."""
    store.unlisten(ctx, segment_id, by)
