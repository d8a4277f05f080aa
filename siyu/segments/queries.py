"""Door: what conditions mean, and reads of saved segments."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row, Select

from siyu.customers import queries as customers
from siyu.customers.types import UnknownCustomer
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import ids_of
from siyu.kernel.paging import BadCursor, Page, cursor, keys
from siyu.segments import chats, membership, store
from siyu.segments import compile as compiled
from siyu.segments import evaluate as memory
from siyu.segments import kinds as _built_in
from siyu.segments import parse as parsing
from siyu.segments.frame import Who
from siyu.segments.people import estimate, meant, page, sources, total
from siyu.segments.types import At, Condition, Depends, Facts, NeedsArchive, Segment, UnknownSegment, Use, Why
from siyu.tags.types import Use as TagUse

BUILT_IN = _built_in.BUILT_IN
"""The leaf kinds of this room; importing this door registers them."""


def parse(ctx: Ctx, data: object, field: str = "", *, entered: bool = False) -> Condition:
    """A condition from JSON, checked and resolved. Raises BadCondition, UnknownCondition, BadText, BadTime.

    ``field`` is where ``data`` stands in the request. ``entered`` permits ``"since": "entered"`` (journeys only).
    """
    return parsing.parse(ctx, data, field, entered=entered)


def load(data: object) -> Condition:
    """A condition from JSON that ``dump`` wrote; asks the database nothing."""
    return parsing.load(data)


def dump(condition: Condition) -> dict[str, object]:
    """The JSON form to store, with ids."""
    return parsing.dump(condition)


def named(ctx: Ctx, condition: Condition) -> dict[str, object]:
    """The JSON form with names in place of ids, for files and people."""
    return parsing.named(ctx, condition)


def depends(condition: Condition) -> Depends:
    """The event types, attributes, tags and segments that can change the condition."""
    return parsing.depends(condition)


def next_change(ctx: Ctx, condition: Condition, who: Who | None = None) -> datetime | None:
    """When time alone may next change the condition for somebody (of ``who``); None when never."""
    return membership.next_change(ctx, condition, who)


def select_members(ctx: Ctx, condition: Condition) -> Select[Any]:
    """The customers (one column ``customer_id``) of the whole population for whom the condition holds."""
    return compiled.members(ctx, condition)


def within(ctx: Ctx, condition: Condition, who: Who) -> Select[Any]:
    """The customers of ``who`` for whom the condition holds, in one statement restricted to ``who``.

    ``who`` has a unique column ``customer_id`` and, when the condition counts since entering, ``since``.
    """
    return compiled.members(ctx, condition, who)


def matches(ctx: Ctx, condition: Condition, customer_id: int) -> bool:
    """Whether the condition holds for one customer."""
    return count(ctx, condition, ids_of([customer_id])) == 1


def facts(ctx: Ctx, condition: Condition, who: Who) -> dict[int, Facts]:
    """What ``evaluate`` needs for each active customer of ``who``: one statement per leaf kind in the condition."""
    by_kind: dict[str, list[Any]] = {}
    for leaf in parsing.leaves(condition):
        by_kind.setdefault(leaf.kind, []).append(leaf)
    loaded: dict[str, Mapping[int, object]] = {}
    for name, found in by_kind.items():  # set-loop: one statement per leaf kind
        loaded[name] = parsing.kind_of(found[0]).load(ctx, [leaf.params for leaf in found], who)
    since = {row.customer_id: getattr(row, "since", None) for row in ctx.tx.execute(who)}
    people = customers.active(ctx, sorted(since))
    return {
        customer_id: Facts(
            customer_id,
            {name: found[customer_id] for name, found in loaded.items() if customer_id in found},
            since[customer_id],
        )
        for customer_id in sorted(people)
    }


def evaluate(condition: Condition, facts: Facts, now: datetime, zone: ZoneInfo) -> Why:
    """The condition for one customer in memory, with why. Pure."""
    return memory.why(condition, facts, At(now, zone))


def explain(ctx: Ctx, condition: Condition, customer_id: int, *, clear: bool = False) -> Why:
    """Why one customer is in or out now; phones and emails are masked unless ``clear``.

    Raises UnknownCustomer for who is not an active customer.
    """
    loaded = facts(ctx, condition, ids_of([customer_id]))
    if customer_id not in loaded:
        raise UnknownCustomer("no such customer", field="customer_id")
    found = evaluate(condition, loaded[customer_id], ctx.now, ctx.zone)
    if chats.doubts(ctx, condition) and store.ever_followed_by_staff(ctx, customers.follows, customer_id):
        found = chats.marked(ctx, condition, found)
    return found if clear else memory.masked(found)


def personal(found: Why) -> bool:
    """Whether the explanation holds a phone or an email."""
    return memory.personal(found)


def needs_archive(ctx: Ctx, condition: Condition, field: str = "") -> list[NeedsArchive]:
    """The parts of a condition that depend on chats which nobody sees (S6), by their paths below ``field``.

    Empty where an archive is configured, and where no WeCom account is.
    """
    return chats.doubts(ctx, condition, field)


def count(ctx: Ctx, condition: Condition, who: Who | None = None) -> int:
    """How many customers (of ``who``) match, exactly."""
    return store.count(ctx, compiled.members(ctx, condition, who))


def sample(ctx: Ctx, condition: Condition, limit: int = 20) -> list[int]:
    """Up to ``limit`` matching customers, the same ones for the same population: those with the lowest hashes."""
    return store.first_by_hash(ctx, compiled.members(ctx, condition), limit)


def names(ctx: Ctx, ids: Sequence[int]) -> Mapping[int, str | None]:
    """The names of active customers."""
    return store.names(ctx, customers.customer, ids)


# --- saved segments --------------------------------------------------------------------------------------------


def _segment(row: Row[Any]) -> Segment:
    return Segment(
        row.segment_id,
        row.name,
        row.version,
        row.condition,
        row.size,
        row.created_at,
        row.changed_at,
        row.changed_by,
    )


def segments(ctx: Ctx) -> list[Segment]:
    """All saved segments with their sizes."""
    return [_segment(row) for row in store.segments(ctx)]


def segment(ctx: Ctx, segment: int | str) -> Segment:
    """One saved segment, by id or name. Raises UnknownSegment."""
    rows = store.segments(ctx, segment)
    if not rows:
        raise UnknownSegment("no such segment", field="segment_id")
    return _segment(rows[0])


def members(ctx: Ctx, segment_id: int) -> Select[Any]:
    """Relation: the members of a saved segment now (one column ``customer_id``). Raises UnknownSegment."""
    if store.segment_by(ctx, segment_id=segment_id) is None:
        raise UnknownSegment("no such segment", field="segment_id")
    return store.members(segment_id)


def member_page(ctx: Ctx, segment_id: int, after: str | None = None, limit: int = 50) -> Page[tuple[int, datetime]]:
    """Members with the time they entered, by customer_id. Raises UnknownSegment, BadCursor."""
    segment(ctx, segment_id)
    start = keys(after, 1)[0] if after else 0
    if type(start) is not int or not 0 <= start < 2**31:
        raise BadCursor("the cursor belongs to another list", field="cursor")
    rows = store.member_page(ctx, segment_id, start, limit + 1)
    items = [(row[0], row[1]) for row in rows[:limit]]
    return Page(items, cursor(items[-1][0]) if len(rows) > limit else None)


def segments_of(ctx: Ctx, customer_id: int) -> list[tuple[int, str, datetime]]:
    """The segments of one customer: (segment_id, name, entered_at)."""
    return store.segments_of(ctx, customer_id)


def uses_tag(ctx: Ctx, tag_id: int) -> list[TagUse]:
    """The segments whose condition names the tag; ``app`` registers this with ``tags.uses``."""
    known = membership.definitions(ctx).values()
    return [TagUse("segment", found.segment_id, found.name) for found in known if tag_id in found.depends.tags]


def uses_segment(ctx: Ctx, segment_id: int) -> list[Use]:
    """The segments whose condition names the segment."""
    known = membership.definitions(ctx).values()
    return [Use("segment", found.segment_id, found.name) for found in known if segment_id in found.depends.segments]


__all__ = [
    "BUILT_IN",
    "count",
    "depends",
    "dump",
    "estimate",
    "evaluate",
    "explain",
    "facts",
    "load",
    "matches",
    "meant",
    "member_page",
    "members",
    "named",
    "names",
    "next_change",
    "page",
    "parse",
    "personal",
    "sample",
    "segment",
    "segments",
    "segments_of",
    "select_members",
    "sources",
    "total",
    "uses_segment",
    "uses_tag",
    "within",
]
