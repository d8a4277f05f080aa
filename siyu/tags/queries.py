"""Door: reads of tags, and the relation of who carries what."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row, Select, select

from siyu.customers import queries as customers
from siyu.kernel.ctx import Ctx
from siyu.tags import store
from siyu.tags.store import changes
from siyu.tags.types import Assignment, Tag, TagGroup

customer_tags = store.customer_tags
"""Relation (customer_id, tags int[] sorted), one row per customer; no row means no tags."""


def _tag(row: Row[Any]) -> Tag:
    return Tag(row.tag_id, row.group_id, row.group_name, row.name, row.note, row.retired_at is not None)


def taxonomy(ctx: Ctx) -> list[TagGroup]:
    """All groups with their tags, retired ones included."""
    inside: dict[int, list[Tag]] = {}
    for row in store.tags(ctx):
        inside.setdefault(row.group_id, []).append(_tag(row))
    return [TagGroup(row.group_id, row.name, tuple(inside.get(row.group_id, ()))) for row in store.groups(ctx)]


def by_ids(ctx: Ctx, tag_ids: Sequence[int]) -> dict[int, Tag]:
    """The tags of these ids that exist."""
    return {row.tag_id: _tag(row) for row in store.tags_by_id(ctx, sorted(set(tag_ids)))} if tag_ids else {}


def by_paths(ctx: Ctx, paths: Sequence[str]) -> dict[str, Tag]:
    """The tags of these ``group/name`` paths that exist."""
    pairs = [(path.partition("/")[0], path.partition("/")[2]) for path in dict.fromkeys(paths)]
    return {tag.path: tag for tag in map(_tag, store.tags_by_path(ctx, pairs))} if pairs else {}


def counts(ctx: Ctx) -> dict[int, int]:
    """How many customers carry each tag (tags that nobody carries are missing)."""
    return store.counts(ctx)


def tags_of(ctx: Ctx, ids: Sequence[int]) -> Mapping[int, tuple[int, ...]]:
    """The tag ids of each of the given customers; customers without tags have an empty tuple."""
    found = store.tags_of(ctx, ids)
    return {customer_id: tuple(found.get(customer_id, ())) for customer_id in ids}


def changed(change_id: int) -> Select[Any]:
    """The customers of a big change, of which a notice ``tags.changed`` told."""
    return select(changes.changed_pairs(change_id).c.customer_id).distinct()


def assignments(ctx: Ctx, customer_id: int) -> list[Assignment]:
    """The tags of a customer with who or what set each one last, when and why."""
    carried = tags_of(ctx, [customer_id])[customer_id]
    known = by_ids(ctx, carried)
    expires = changes.expiries(ctx, customer_id)
    events = customers.events
    latest: dict[int, tuple[Any, str, str]] = {}
    added = select(events).where(events.c.customer_id == customer_id, events.c.type == "tag_added")
    for row in ctx.tx.execute(added.order_by(events.c.occurred_at, events.c.event_id)):
        latest[row.props["tag_id"]] = (row.occurred_at, row.props["by"], row.props["why"])
    for row in changes.big_changes(ctx, customer_id):
        if row.tag_id not in latest or latest[row.tag_id][0] < row.at:
            latest[row.tag_id] = (row.at, row.actor, row.why)
    found: list[Assignment] = []
    for tag_id in carried:
        since, by, why = latest.get(tag_id, (None, None, None))
        found.append(Assignment(known[tag_id], since, by, why, expires.get(tag_id)))
    return found
