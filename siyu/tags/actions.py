"""Door: every write of tags."""

from collections.abc import Callable, Collection, Set
from datetime import datetime
from typing import Any

from psycopg.errors import DeadlockDetected
from sqlalchemy import Integer, Select, literal, select
from sqlalchemy.exc import OperationalError

from siyu.kernel import audit
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import ids_of, savepoint
from siyu.kernel.errors import Invalid
from siyu.kernel.text import clean
from siyu.tags import carried, merging, outward, queries, store, uses
from siyu.tags.changing import change
from siyu.tags.changing import erase as erase
from siyu.tags.changing import move as move
from siyu.tags.outward import gone, may_edit
from siyu.tags.store import changes, remote
from siyu.tags.types import (
    NAME_LENGTH,
    BadTagName,
    Changed,
    Tag,
    TagMerged,
    TagNameTaken,
    TagReadOnly,
    TagRetired,
    UnknownGroup,
    UnknownTag,
)

register_use = uses.register
"""Let a room above speak for what it uses: ``register_use(room, check)``; called by app's wiring."""
register_giving = uses.register_giving
"""Let a room above say which tags it gives by itself: ``register_giving(room, giving)``; called by app's wiring."""
carry = carried.carry
"""Take in what follows carry on their platforms; called by intake."""
set_outward = outward.set_outward
"""Say whether an account is told of the tags of a group."""
look = outward.look
"""Compare the taxonomies of accounts now."""
compare = outward.compare
"""Compare the taxonomy of an account now, and try again to tell it what could not be told."""
look_for_new = outward.look_for_new
"""Compare the taxonomies of accounts where tags were seen that nobody knows here."""


def _name(value: str, field: str) -> str:
    name = clean(value, field).strip()
    if not 1 <= len(name) <= NAME_LENGTH or "/" in name:
        raise BadTagName(f"{field} needs 1 to {NAME_LENGTH} characters and no slash", field=field)
    return name


def _known(ctx: Ctx, tag_id: int) -> Tag:
    found = queries.by_ids(ctx, [tag_id]).get(tag_id)
    if found is None:
        raise UnknownTag("no such tag", field="tag_id")
    return found


def create_group(ctx: Ctx, name: str) -> int:
    """Add a group; returns group_id. Raises BadTagName, TagNameTaken."""
    group_id = store.add_group(ctx, _name(name, "name"))
    if group_id is None:
        raise TagNameTaken("a group has this name", field="name")
    audit.record(ctx, "tags.create_group", "tag_group", group_id, name=name)
    return group_id


def rename_group(ctx: Ctx, group_id: int, name: str) -> None:
    """Rename a group. Raises UnknownGroup, BadTagName, TagNameTaken, TagReadOnly when a platform's name is not ours to
    change."""
    name = _name(name, "name")
    if any(row.rights != "all" and row.remote_id is not None for row in remote.places_of(ctx, group_id)):
        raise TagReadOnly("the group was made on its platform and is renamed there", field="group_id")
    other = store.group_by(ctx, name=name)
    if other is not None and other.group_id != group_id:
        raise TagNameTaken("a group has this name", field="name")
    if not store.change_group(ctx, group_id, name):
        raise UnknownGroup("no such group", field="group_id")
    remote.look_for_group(ctx, group_id)
    audit.record(ctx, "tags.rename_group", "tag_group", group_id, name=name)


def create_tag(ctx: Ctx, group_id: int, name: str, note: str = "") -> int:
    """Add a tag to a group; returns tag_id. Raises UnknownGroup, BadTagName, TagNameTaken."""
    if store.group_by(ctx, group_id=group_id) is None:
        raise UnknownGroup("no such group", field="group_id")
    tag_id = store.add_tag(ctx, group_id, _name(name, "name"), clean(note, "note"))
    if tag_id is None:
        raise TagNameTaken("the group has a tag of this name", field="name")
    remote.look_for_group(ctx, group_id)
    audit.record(ctx, "tags.create", "tag", tag_id, name=name, group_id=group_id)
    return tag_id


def ensure(ctx: Ctx, path: str) -> int:
    """The tag ``group/name``, made when it is missing; returns tag_id. Raises BadTagName."""
    group_name, slash, tag_name = path.partition("/")
    if not slash:
        raise BadTagName("a tag is written as group/name", field="tag")
    group_name, tag_name = _name(group_name, "tag"), _name(tag_name, "tag")
    found = queries.by_paths(ctx, [f"{group_name}/{tag_name}"])
    if found:
        return next(iter(found.values())).home
    row = store.group_by(ctx, name=group_name)
    # The second look is for the race: whoever lost the insert sees the winner's committed row.
    group_id = row.group_id if row else store.add_group(ctx, group_name)
    if group_id is None:
        group_id = store.group_by(ctx, name=group_name).group_id  # type: ignore[union-attr]  # it was there a moment ago
    tag_id = store.add_tag(ctx, group_id, tag_name, "")
    if tag_id is None:
        return queries.by_paths(ctx, [f"{group_name}/{tag_name}"])[f"{group_name}/{tag_name}"].tag_id
    remote.look_for_group(ctx, group_id)
    audit.record(ctx, "tags.create", "tag", tag_id, name=tag_name, group_id=group_id)
    return tag_id


def change_tag(ctx: Ctx, tag_id: int, *, name: str | None = None, note: str | None = None) -> None:
    """Rename a tag or change its note; conditions keep it, they refer to its id.

    Raises UnknownTag, BadTagName, TagNameTaken, TagReadOnly when a platform's name is not ours to change.
    """
    known = _known(ctx, tag_id)
    values: dict[str, object] = {}
    if name is not None and name.strip() != known.name:
        may_edit(ctx, known, "name")
        values["name"] = _name(name, "name")
        other = queries.by_paths(ctx, [f"{known.group}/{values['name']}"])
        if other and next(iter(other.values())).tag_id != tag_id:
            raise TagNameTaken("the group has a tag of this name", field="name")
    if note is not None:
        values["note"] = clean(note, "note")
    if values:
        store.change_tag(ctx, tag_id, **values)
        remote.look_for_group(ctx, known.group_id)
        audit.record(ctx, "tags.change", "tag", tag_id, **values)


def retire(ctx: Ctx, tag_id: int) -> None:
    """Nobody gets the tag any more; who has it keeps it. Raises UnknownTag."""
    _known(ctx, tag_id)
    store.change_tag(ctx, tag_id, retired_at=ctx.now)
    audit.record(ctx, "tags.retire", "tag", tag_id)


def revive(ctx: Ctx, tag_id: int) -> None:
    """Take back a retirement. Raises UnknownTag, TagMerged."""
    known = _known(ctx, tag_id)
    if known.merged_into is not None:
        raise TagMerged("the tag was merged into another one", field="tag_id")
    store.change_tag(ctx, tag_id, retired_at=None)
    remote.look_for_group(ctx, known.group_id)
    audit.record(ctx, "tags.revive", "tag", tag_id)


def delete(ctx: Ctx, tag_id: int) -> Changed:
    """Take the tag from everybody and remove it, on the platforms too where Siyu made it.

    Raises UnknownTag, TagInUse when a segment or journey needs it, TagReadOnly when a platform's own list has it.
    """
    return _alone(ctx, tag_id, lambda: _delete(ctx, tag_id))


def merge(ctx: Ctx, tag_id: int, into: int) -> Changed:
    """Make two tags one: who carried ``tag_id`` carries ``into``, for good if either was, else for the longer time.

    Who gave it, when and why stays known of everybody. The merged tag stays as a name of the past that means ``into``.
    Returns how many got ``into`` by it. Raises UnknownTag, BadTagMerge, TagMerged, TagRetired (``into``), TagInUse when
    a segment, a journey or a rule needs ``tag_id``, TagReadOnly when a platform has either and it is not ours to change
    there; then nothing is written.
    """
    return _alone(ctx, tag_id, lambda: merging.merge(ctx, tag_id, into))


def _alone(ctx: Ctx, tag_id: int, work: Callable[[], Changed]) -> Changed:
    """Do what needs a tag for itself.

    Who gives several tags to many people may hold carriers of this one while waiting for it. PostgreSQL then ends one
    of the two: the giving is work that comes again, this work begins anew here.
    """
    try:
        with savepoint(ctx):
            return work()
    except OperationalError as fault:
        if not isinstance(fault.orig, DeadlockDetected):
            raise
    # The carriers first: so it waits for the giving, which goes on with the tag.
    changes.lock_arrays(ctx, store.carriers(tag_id))
    return work()


def _delete(ctx: Ctx, tag_id: int) -> Changed:
    store.hold_alone(ctx, tag_id)  # whoever is about to give it or to refer to it comes first
    known = _known(ctx, tag_id)
    may_edit(ctx, known, "tag_id")
    uses.refuse(ctx, known)
    gone(ctx, known)
    changed = change(ctx, store.carriers(tag_id), added=False, why="tag deleted")
    store.drop_tag(ctx, tag_id)
    audit.record(ctx, "tags.delete", "tag", tag_id, name=known.path, customers=changed.count)
    return changed


def hold(ctx: Ctx, tag_ids: Collection[int]) -> set[int]:
    """Let nobody delete the tags until the transaction ends, because it refers to them; returns those that exist."""
    return set(store.hold(ctx, tag_ids)) if tag_ids else set()


def add(ctx: Ctx, *, tag_id: int, who: Select[Any], why: str, expires_at: datetime | None = None) -> Changed:
    """Give a tag to everybody in ``who`` (a Select of customer_id). Who has it already is not changed.

    ``expires_at``: the tag goes by itself then; a later time prolongs it, None makes it permanent, and a permanent
    tag stays permanent. Raises UnknownTag, TagRetired, TagReadOnly, Invalid (expiry not
    ahead).
    """
    held = store.hold(ctx, [tag_id])
    if not held:
        raise UnknownTag("no such tag", field="tag_id")
    if held[tag_id].retired_at is not None:
        raise TagRetired("the tag is retired", field="tag_id")
    if held[tag_id].read_only:
        raise TagReadOnly("only its platform gives this tag", field="tag_id")
    return _add(ctx, _pairs(who, tag_id), why, expires_at, held.keys())


def add_pairs(ctx: Ctx, pairs: Select[Any, Any], *, why: str, expires_at: datetime | None = None) -> Changed:
    """Like ``add`` for a Select of (customer_id, tag_id); the caller answers for the tags being in use.

    Pairs with a tag that was deleted meanwhile, or that only its platform gives, change nobody.
    """
    return _add(ctx, pairs, why, expires_at, frozenset())


def _add(ctx: Ctx, pairs: Select[Any, Any], why: str, expires_at: datetime | None, held: Set[int]) -> Changed:
    if expires_at is not None and expires_at <= ctx.now:
        raise Invalid("the expiry must lie ahead", field="expires_at")
    return change(ctx, pairs, added=True, why=why, expires_at=expires_at, held=held)


def remove(ctx: Ctx, *, tag_id: int, who: Select[Any], why: str) -> Changed:
    """Take a tag from everybody in ``who`` (a Select of customer_id). Raises UnknownTag, TagReadOnly."""
    if _known(ctx, tag_id).read_only:
        raise TagReadOnly("only its platform takes this tag", field="tag_id")
    return remove_pairs(ctx, _pairs(who, tag_id), why=why)


def remove_pairs(ctx: Ctx, pairs: Select[Any, Any], *, why: str) -> Changed:
    """Like ``remove`` for a Select of (customer_id, tag_id)."""
    return change(ctx, pairs, added=False, why=why)


def _pairs(who: Select[Any], tag_id: int) -> Select[Any, Any]:
    asked = who.subquery("who")
    return select(asked.c.customer_id, literal(tag_id, Integer).label("tag_id"))


def expire(ctx: Ctx, limit: int) -> int:
    """Take off up to ``limit`` tags whose time has come; returns how many rows were due."""
    rows = changes.take_expired(ctx, limit)
    if rows:
        changes.lock_arrays(ctx, ids_of(sorted({row[0] for row in rows})))
        changes.drop_shares(ctx, rows)
        change(ctx, changes.not_held_by_others(rows), added=False, why="expired")
    return len(rows)
