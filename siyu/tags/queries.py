"""Door: reads of tags, and the relation of who carries what."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, select

from siyu.customers import queries as customers
from siyu.kernel.ctx import Ctx
from siyu.kernel.paging import Page, cursor, numbers
from siyu.tags import accounts, store, uses
from siyu.tags.store import changes, hygiene, marks, places, remote, tables
from siyu.tags.types import (
    Assignment,
    GroupPlace,
    SyncState,
    Tag,
    TagChange,
    TagGroup,
    TagPlace,
    UnknownTag,
    Untold,
    Use,
)

customer_tags = tables.customer_tags
"""Relation (customer_id, tags int[] sorted), one row per customer; no row means no tags."""


def _tag(row: Row[Any]) -> Tag:
    retired = row.retired_at is not None
    return Tag(
        row.tag_id,
        row.group_id,
        row.group_name,
        row.name,
        row.note,
        retired,
        row.created_at,
        row.merged_into,
        row.read_only,
    )


def taxonomy(ctx: Ctx) -> list[TagGroup]:
    """All groups with their tags, retired and merged ones included."""
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
    """The tags of a customer with who or what set each one last, when and why; a tag that came by a merge of tags
    keeps what was known of the one it was."""
    carried = tags_of(ctx, [customer_id])[customer_id]
    if not carried:
        return []
    known = by_ids(ctx, carried)
    expires = changes.expiries(ctx, customer_id)
    asked = [*carried, *store.absorbed(ctx, carried)]
    latest = _latest(_added(ctx, customer_id, asked))
    found: list[Assignment] = []
    for tag_id in carried:
        since, by, why = latest.get(tag_id, (None, None, None))
        if tag_id in known:
            found.append(Assignment(known[tag_id], since, by, why, expires.get(tag_id)))
    return found


_Added = tuple[datetime, int, str | None, str | None, int | None]
"""When, which tag, by whom, why, and of which tag when the two were merged."""


def _added(ctx: Ctx, customer_id: int, tag_ids: Sequence[int]) -> list[_Added]:
    events = customers.events
    told = select(events).where(events.c.customer_id == customer_id, events.c.type == "tag_added")
    found: list[_Added] = []
    for row in ctx.tx.execute(told.order_by(events.c.occurred_at, events.c.event_id)):
        # Of an erased person's events only numbers are left.
        by, why, merged = (row.props.get(name) for name in ("by", "why", "merged_from"))
        found.append((row.occurred_at, row.props["tag_id"], by, why, merged))
    for row in changes.big_changes(ctx, changes.origins_of(ctx, customer_id), tag_ids):
        found.append((row.at, row.tag_id, row.actor, row.why, row.merged_from))
    return sorted(found, key=lambda one: one[0])


def _latest(found: Sequence[_Added]) -> dict[int, tuple[datetime, str | None, str | None]]:
    latest: dict[int, tuple[datetime, str | None, str | None]] = {}
    for at, tag_id, by, why, merged_from in found:
        before = None if merged_from is None else latest.get(merged_from)
        latest[tag_id] = before or (at, by, why)
    return latest


def uses_of(ctx: Ctx, tag_id: int) -> list[Use]:
    """Everything that needs the tag: segments, journeys, rules. Raises UnknownTag."""
    if tag_id not in by_ids(ctx, [tag_id]):
        raise UnknownTag("no such tag", field="tag_id")
    return uses.of(ctx, tag_id)


def givers(ctx: Ctx) -> dict[int, list[Use]]:
    """What gives each tag by itself; tags that only people and files give are missing."""
    return uses.givers(ctx)


def last_given(ctx: Ctx) -> dict[int, datetime]:
    """When each tag was given last; tags that never were are missing."""
    return hygiene.last_given(ctx)


def history(ctx: Ctx, tag_id: int, after: str | None = None, limit: int = 50) -> Page[TagChange]:
    """Who or what gave and took the tag, latest first. Raises UnknownTag, BadCursor."""
    if tag_id not in by_ids(ctx, [tag_id]):
        raise UnknownTag("no such tag", field="tag_id")
    before = None if after is None else numbers(after, 1)[0]
    rows = hygiene.changes_of(ctx, tag_id, before, limit + 1)
    items = [TagChange(row.change_id, row.at, row.added, row.size, row.actor, row.why) for row in rows[:limit]]
    return Page(items, cursor(items[-1].change_id) if len(rows) > limit else None)


def group_places(ctx: Ctx) -> dict[int, list[GroupPlace]]:
    """Per group of ours the accounts that have it or are to have it."""
    found: dict[int, list[GroupPlace]] = {}
    for row in remote.groups_at(ctx):
        place = GroupPlace(
            row.account_id, row.group_id, row.name, row.rights, row.outward, made=row.remote_id is not None
        )
        found.setdefault(row.group_id, []).append(place)
    return found


def tag_places(ctx: Ctx) -> dict[int, list[TagPlace]]:
    """Per tag of ours the accounts that have it or are to have it."""
    found: dict[int, list[TagPlace]] = {}
    for row in remote.links_at(ctx):
        if row.tag_id is not None:
            place = TagPlace(
                row.account_id, row.tag_id, row.name, row.rights, row.problem, made=row.remote_id is not None
            )
            found.setdefault(row.tag_id, []).append(place)
    return found


def untold_tags(ctx: Ctx) -> dict[tuple[int, int], tuple[int, int]]:
    """By (account_id, tag_id) of how many customers an account is still to be told, and of how many it could not be."""
    found: dict[tuple[int, int], tuple[int, int]] = {}
    for row in marks.waiting_tags(ctx):
        waits, failed = found.get((row.account_id, row.tag_id), (0, 0))
        more = (row.customers, 0) if row.waits else (0, row.customers)
        found[row.account_id, row.tag_id] = (waits + more[0], failed + more[1])
    return found


def sync_states(ctx: Ctx) -> list[SyncState]:
    """The accounts whose tags are kept in step with ours."""
    looks = {row.account_id: row for row in remote.looks(ctx)}
    untold: dict[int, list[Untold]] = {}
    for row in marks.waiting(ctx):
        untold.setdefault(row.account_id, []).append(Untold(row.account_id, row.problem, row.waits, row.customers))
    return [
        SyncState(
            home_id,
            account.name,
            account.kind,
            looks[home_id].looked_at if home_id in looks else None,
            looks[home_id].problem if home_id in looks else "",
            tuple(untold.get(home_id, ())),
        )
        for home_id, account in sorted(accounts.speakers(ctx).items())
    ]


def position(ctx: Ctx) -> int:
    """To be taken before a platform is asked what follows carry, and given with what it answers (``Carried``)."""
    return places.position(ctx)
