"""Door: every write of tags."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Integer, Select, literal, select

from siyu.customers import actions as customers
from siyu.kernel import audit, notices
from siyu.kernel.ctx import Ctx
from siyu.kernel.errors import Invalid
from siyu.kernel.text import clean
from siyu.tags import queries, store, uses
from siyu.tags.store import changes
from siyu.tags.types import (
    NAME_LENGTH,
    BadTagName,
    Changed,
    Tag,
    TagInUse,
    TagNameTaken,
    TagRetired,
    UnknownGroup,
    UnknownTag,
)

EVENTS_UP_TO = 10_000
"""A change of more pairs than this writes one notice instead of an event per customer; its ids stay in the change."""


register_use = uses.register
"""Let a room above speak for what it uses: ``register_use(room, check)``; called by app's wiring."""


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
    """Rename a group. Raises UnknownGroup, BadTagName, TagNameTaken."""
    name = _name(name, "name")
    other = store.group_by(ctx, name=name)
    if other is not None and other.group_id != group_id:
        raise TagNameTaken("a group has this name", field="name")
    if not store.change_group(ctx, group_id, name):
        raise UnknownGroup("no such group", field="group_id")
    audit.record(ctx, "tags.rename_group", "tag_group", group_id, name=name)


def create_tag(ctx: Ctx, group_id: int, name: str, note: str = "") -> int:
    """Add a tag to a group; returns tag_id. Raises UnknownGroup, BadTagName, TagNameTaken."""
    if store.group_by(ctx, group_id=group_id) is None:
        raise UnknownGroup("no such group", field="group_id")
    tag_id = store.add_tag(ctx, group_id, _name(name, "name"), clean(note, "note"))
    if tag_id is None:
        raise TagNameTaken("the group has a tag of this name", field="name")
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
        return next(iter(found.values())).tag_id
    row = store.group_by(ctx, name=group_name)
    # The second look is for the race: whoever lost the insert sees the winner's committed row.
    group_id = row.group_id if row else store.add_group(ctx, group_name)
    if group_id is None:
        group_id = store.group_by(ctx, name=group_name).group_id  # type: ignore[union-attr]  # it was there a moment ago
    tag_id = store.add_tag(ctx, group_id, tag_name, "")
    if tag_id is None:
        return queries.by_paths(ctx, [f"{group_name}/{tag_name}"])[f"{group_name}/{tag_name}"].tag_id
    audit.record(ctx, "tags.create", "tag", tag_id, name=tag_name, group_id=group_id)
    return tag_id


def change_tag(ctx: Ctx, tag_id: int, *, name: str | None = None, note: str | None = None) -> None:
    """Rename a tag or change its note; conditions keep it, they refer to its id. Raises UnknownTag, TagNameTaken."""
    known = _known(ctx, tag_id)
    values: dict[str, object] = {}
    if name is not None:
        values["name"] = _name(name, "name")
        other = queries.by_paths(ctx, [f"{known.group}/{values['name']}"])
        if other and next(iter(other.values())).tag_id != tag_id:
            raise TagNameTaken("the group has a tag of this name", field="name")
    if note is not None:
        values["note"] = clean(note, "note")
    if values:
        store.change_tag(ctx, tag_id, **values)
        audit.record(ctx, "tags.change", "tag", tag_id, **values)


def retire(ctx: Ctx, tag_id: int) -> None:
    """Nobody gets the tag any more; who has it keeps it. Raises UnknownTag."""
    _known(ctx, tag_id)
    store.change_tag(ctx, tag_id, retired_at=ctx.now)
    audit.record(ctx, "tags.retire", "tag", tag_id)


def revive(ctx: Ctx, tag_id: int) -> None:
    """Take back a retirement. Raises UnknownTag."""
    _known(ctx, tag_id)
    store.change_tag(ctx, tag_id, retired_at=None)
    audit.record(ctx, "tags.revive", "tag", tag_id)


def delete(ctx: Ctx, tag_id: int) -> Changed:
    """Take the tag from everybody and remove it. Raises UnknownTag, TagInUse when a segment or journey needs it."""
    known = _known(ctx, tag_id)
    used_by = uses.of(ctx, tag_id)
    if used_by:
        names = ", ".join(use.name for use in used_by)
        raise TagInUse(
            f"{known.path} is used by {names}", field="tag_id", detail={"used_by": [u.as_detail() for u in used_by]}
        )
    changed = _change(ctx, store.carriers(tag_id), added=False, why="tag deleted")
    store.drop_tag(ctx, tag_id)
    audit.record(ctx, "tags.delete", "tag", tag_id, name=known.path, customers=changed.count)
    return changed


def add(ctx: Ctx, *, tag_id: int, who: Select[Any], why: str, expires_at: datetime | None = None) -> Changed:
    """Give a tag to everybody in ``who`` (a Select of customer_id). Who has it already is not changed.

    ``expires_at``: the tag goes by itself then; a later time prolongs it, None makes it permanent, and a permanent
    tag stays permanent. Raises UnknownTag, TagRetired, Invalid (expiry not ahead).
    """
    if _known(ctx, tag_id).retired:
        raise TagRetired("the tag is retired", field="tag_id")
    return add_pairs(ctx, _pairs(who, tag_id), why=why, expires_at=expires_at)


def add_pairs(ctx: Ctx, pairs: Select[Any, Any], *, why: str, expires_at: datetime | None = None) -> Changed:
    """Like ``add`` for a Select of (customer_id, tag_id); the caller answers for the tags being known and in use."""
    if expires_at is not None and expires_at <= ctx.now:
        raise Invalid("the expiry must lie ahead", field="expires_at")
    return _change(ctx, pairs, added=True, why=why, expires_at=expires_at)


def remove(ctx: Ctx, *, tag_id: int, who: Select[Any], why: str) -> Changed:
    """Take a tag from everybody in ``who`` (a Select of customer_id). Raises UnknownTag."""
    _known(ctx, tag_id)
    return remove_pairs(ctx, _pairs(who, tag_id), why=why)


def remove_pairs(ctx: Ctx, pairs: Select[Any, Any], *, why: str) -> Changed:
    """Like ``remove`` for a Select of (customer_id, tag_id)."""
    return _change(ctx, pairs, added=False, why=why)


def _pairs(who: Select[Any], tag_id: int) -> Select[Any, Any]:
    asked = who.subquery("who")
    return select(asked.c.customer_id, literal(tag_id, Integer).label("tag_id"))


def _change(ctx: Ctx, pairs: Select[Any, Any], *, added: bool, why: str, expires_at: datetime | None = None) -> Changed:
    why = clean(why, "why")
    change_id, size = changes.open_change(ctx, pairs, added=added, why=why)
    if added:
        # Also for those who carry it already: their expiry changes though their tags do not.
        if expires_at is None:
            changes.drop_expiry(ctx, pairs)
        else:
            changes.set_expiry(ctx, change_id, pairs, expires_at)
    if size == 0:
        changes.forget_change(ctx, change_id)
        return Changed(None, 0)
    if added:
        changes.write_added(ctx, change_id)
    else:
        changes.write_removed(ctx, change_id)
    big = size > EVENTS_UP_TO
    if big:
        notices.write(
            ctx, "tags.changed", change_id=change_id, added=added, size=size, tag_ids=changes.tags_in(ctx, change_id)
        )
    else:
        props: dict[str, object] = {"why": why, "by": ctx.actor.label}
        customers.record_from(ctx, changes.event_rows(change_id, ctx.now, added=added, props=props))
    changes.keep_change(ctx, change_id, size, keep_parts=big)
    return Changed(change_id, size)


def expire(ctx: Ctx, limit: int) -> int:
    """Take off up to ``limit`` tags whose time has come; returns how many rows were due."""
    rows = changes.take_expired(ctx, limit)
    if rows:
        changes.drop_shares(ctx, rows)
        _change(ctx, changes.not_held_by_others(rows), added=False, why="expired")
    return len(rows)


def move(ctx: Ctx, moves: dict[int, tuple[int, int]]) -> None:
    """Follow merges and their undoing: ``moves`` is origin_id -> (from_id, to_id), the last word per origin."""
    involved = sorted(
        {customer_id for origin, (source, target) in moves.items() for customer_id in (origin, source, target)}
    )
    changes.open_shares(ctx, involved)
    changes.move_shares(ctx, list(moves), [target for _, target in moves.values()])
    changes.unite_shares(ctx, involved)


def erase(ctx: Ctx, ids: Sequence[int]) -> None:
    """Forget the tags of erased customers, without events: there is nobody left to tell about."""
    changes.forget_customers(ctx, ids)
