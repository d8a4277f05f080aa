"""Private: what follows carry on their platforms, as readings tell, becomes who carries what here.

A tag here is the union over the follows of a customer. Each reading is compared with what was known of that follow, so
only what changed there changes anything here (ADR 67).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Integer, Row, Select, select

from siyu.customers import queries as customer_queries
from siyu.customers.types import Person
from siyu.kernel.ctx import Actor, Ctx
from siyu.kernel.db import unnest
from siyu.tags import changing, linking, store
from siyu.tags.store import marks, places, remote
from siyu.tags.types import Carried, RemoteGroup
from siyu.team import queries as team

Reading = tuple[Carried, Person]
Pair = tuple[int, int]
"""(customer_id, tag_id)"""


def carry(ctx: Ctx, readings: Sequence[Reading]) -> dict[int, str]:
    """Take in what follows carry. Returns which readings (by their place) are to be made again, and why: ``again`` when
    the account was being told of the customer meanwhile, ``unnamed`` when they tell tags that nobody knows yet."""
    if not readings:
        return {}
    known = _known(ctx, readings)
    keys = [_key(carried, person) for carried, person in readings]
    opened = places.open_places(ctx, keys, ctx.now)
    ids = sorted({key[0] for key in keys})
    busy = marks.under_way(ctx, ids)
    standing = places.standing(ctx, customer_queries.follows, ids)
    union = _Union(standing)
    here = {customer_id: set(tags) for customer_id, tags in store.tags_of(ctx, ids).items()}
    outward = remote.outward_tags(ctx)
    own = remote.read_only_tags(ctx) if any(carried.partial for carried, _ in readings) else set()
    unread: dict[int, str] = {}
    changed: list[Mapping[str, Any]] = []
    news: dict[tuple[int, str, bool], set[Pair]] = {}
    for at, ((carried, person), key) in enumerate(zip(readings, keys, strict=True)):
        row = opened.get(key)
        if row is None or key not in union.follows:
            continue  # merged, or no follow any more
        if (key[0], key[2]) in busy or row.position > carried.position:
            unread[at] = "again"
            continue
        if any((carried.account_id, one) not in known for one in carried.tags):
            unread[at] = "unnamed"
        base, mine = union.follows[key], here.setdefault(person.customer_id, set())
        named = (known.get((carried.account_id, one)) for one in carried.tags)
        found = {one for one in named if one is not None}
        found |= base & own if carried.partial else set()
        added, gone = found - base, base - found
        told = {one for one in base | found if (carried.account_id, one) in outward}
        ours = {one for one in added & mine if union.is_ours(person.customer_id, one)}
        kept = ((union.kept[key] & found) | ours) - told
        lost = {one for one in gone & mine if one in told or not union.is_kept(person.customer_id, one)}
        union.follows[key], union.kept[key] = found, kept
        lost = {one for one in lost if not union.carries(person.customer_id, one)}
        if found != set(row.tags) or kept != set(row.kept) or not union.valid[key]:
            asked_at = carried.asked_at or ctx.now
            changed.append(_written(key, found, kept, asked_at, carried.position, row.whole and union.valid[key]))
        by = (carried.account_id, carried.staff)
        for tags, gives in ((added - mine, True), (lost, False)):
            if tags:
                news.setdefault((*by, gives), set()).update((person.customer_id, one) for one in tags)
        mine |= added
        mine -= lost
    places.write_places(ctx, changed)
    _apply(ctx, news)
    _tell(
        ctx,
        {(key[0], key[2]) for at, key in enumerate(keys) if unread.get(at) != "again"},
        here,
        union,
        standing,
        outward,
    )
    return unread


def _key(carried: Carried, person: Person) -> places.Key:
    return (person.customer_id, person.origin_id, carried.account_id, carried.staff)


def _written(
    key: places.Key, tags: set[int], kept: set[int], read_at: datetime, position: int, whole: bool
) -> Mapping[str, Any]:
    names = ("customer_id", "origin_id", "account_id", "staff")
    return {
        **dict(zip(names, key, strict=True)),
        "tags": places.noted(tags),
        "kept": places.noted(kept),
        "read_at": read_at,
        "position": position,
        "whole": whole,
    }


def _known(ctx: Ctx, readings: Sequence[Reading]) -> dict[tuple[int, str], int | None]:
    """tag_id by (account_id, remote_id); tags whose names the readings tell are learnt."""
    wanted = {(carried.account_id, one) for carried, _ in readings for one in carried.tags}
    if not wanted:
        return {}
    found = remote.links_by_remote(ctx, wanted)
    named: dict[int, dict[str, RemoteGroup]] = {}
    for carried, _ in readings:
        for group in carried.named:
            tags = {one.remote_id: one for one in group.tags if (carried.account_id, one.remote_id) not in found}
            if tags:
                groups = named.setdefault(carried.account_id, {})
                before = groups.get(group.remote_id, replace(group, tags=()))
                tags |= {one.remote_id: one for one in before.tags}
                groups[group.remote_id] = replace(before, tags=tuple(tags.values()))
    for account_id, groups in sorted(named.items()):  # set-loop: per account with new tags
        linking.learn(ctx, account_id, list(groups.values()))
    if named:
        found = remote.links_by_remote(ctx, wanted)
    return found


class _Union:
    """What the follows of customers carry: those that stand, and nothing of what was read of them before they ended
    and began anew."""

    def __init__(self, standing: Iterable[Row[Any]]) -> None:
        self.follows: dict[places.Key, set[int]] = {}
        self.kept: dict[places.Key, set[int]] = {}
        self.valid: dict[places.Key, bool] = {}
        self._of: dict[int, list[places.Key]] = {}
        for row in standing:
            key = (row.customer_id, row.origin_id, row.account_id, row.staff)
            self.follows[key] = set(row.tags) if row.valid else set()
            self.kept[key] = set(row.kept) if row.valid else set()
            self.valid[key] = row.valid
            self._of.setdefault(row.customer_id, []).append(key)

    def of(self, customer_id: int) -> list[places.Key]:
        return self._of.get(customer_id, [])

    def carries(self, customer_id: int, tag_id: int) -> bool:
        return any(tag_id in self.follows[key] for key in self.of(customer_id))

    def is_kept(self, customer_id: int, tag_id: int) -> bool:
        """Whether the customer carried the tag here before any platform told of it."""
        return any(tag_id in self.kept[key] for key in self.of(customer_id))

    def is_ours(self, customer_id: int, tag_id: int) -> bool:
        """Of a tag that the customer carries here: whether that is not because a follow carries it."""
        return not self.carries(customer_id, tag_id) or self.is_kept(customer_id, tag_id)


def _apply(ctx: Ctx, news: Mapping[tuple[int, str, bool], set[Pair]]) -> None:
    staff = {member.userid: member.staff_id for member in team.staff(ctx) if member.userid} if news else {}
    for (account_id, userid, gives), pairs in sorted(news.items()):
        # set-loop: per member whose customers carry something new
        acting = linking.by_platform(ctx, account_id)
        why = acting.actor.label
        if userid in staff:
            acting = ctx.acting(Actor("staff", f"staff:{staff[userid]}", staff[userid]))
        changing.change(acting, _select(pairs), added=gives, why=why, theirs=True)


def _select(pairs: Iterable[Pair]) -> Select[Any, Any]:
    ordered = sorted(pairs)
    relation = unnest(
        "x", customer_id=(Integer(), [one[0] for one in ordered]), tag_id=(Integer(), [one[1] for one in ordered])
    )
    return select(relation.c.customer_id, relation.c.tag_id)


def _tell(
    ctx: Ctx,
    pairs: Iterable[tuple[int, int]],
    here: Mapping[int, set[int]],
    union: _Union,
    standing: Sequence[Row[Any]],
    outward: Mapping[tuple[int, int], str],
) -> None:
    """Where what an account is told of differs from what its follows carry, it is told again: so a lost change is made
    up for, and a follow that is new gets what the customer carries."""
    if not outward:
        return
    whole = {(row.customer_id, row.origin_id, row.account_id, row.staff): row.whole and row.valid for row in standing}
    wishes: dict[tuple[int, int], set[int]] = {}
    for customer_id, account_id in pairs:
        told = {tag_id for one, tag_id in outward if one == account_id}
        keys = [key for key in union.of(customer_id) if key[2] == account_id]
        there: set[int] = set().union(*(union.follows[key] for key in keys)) & told
        mine = here.get(customer_id, set()) & told
        differs = (mine - there) | (there - mine)
        for key in keys:
            differs |= set() if whole[key] else mine - union.follows[key]
        if differs and keys:
            wishes[customer_id, account_id] = differs
    marks.tell(ctx, wishes)
