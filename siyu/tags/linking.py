"""Private: a platform's groups and tags come into the taxonomy, under the names that people know them by there."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Row

from siyu.kernel import audit
from siyu.kernel.ctx import Actor, Ctx
from siyu.kernel.db import lock
from siyu.tags import accounts, changing, store, uses
from siyu.tags.store import places, remote
from siyu.tags.types import NAME_LENGTH, RemoteGroup, RemoteTag

OWN = "own"
"""Group of what members of a corp call their customers for themselves (type 2): such tags have no id, only a name."""
FLAT = "oa"
"""An Official Account has no groups: all its tags are this one."""


def by_platform(ctx: Ctx, account_id: int) -> Ctx:
    """The same transaction on behalf of an account's platform."""
    return ctx.acting(Actor("rule", accounts.source(ctx, account_id)))


def local(name: str) -> str:
    """A platform's name as one of ours."""
    return " ".join(name.split()).replace("/", "／")[:NAME_LENGTH].strip() or "?"


def _free(name: str, take: Callable[[str], int | None]) -> int:
    """What ``take`` answers for the first name that is not taken."""
    made, number = take(name), 2
    while made is None:  # set-loop: names tried until one is free
        end = f"（{number}）"
        made, number = take(name[: NAME_LENGTH - len(end)] + end), number + 1
    return made


def learn(ctx: Ctx, account_id: int, listed: Sequence[RemoteGroup]) -> None:
    """Take in groups and tags of an account: new ones are made here, or joined with ours of the same name that the
    account does not have; who renames there renames here."""
    lock(ctx, f"tags.taxonomy:{account_id}")
    acting = by_platform(ctx, account_id)
    known = {row.remote_id: row for row in remote.groups_at(ctx, account_id) if row.remote_id is not None}
    linked = {row.remote_id: row for row in remote.links_at(ctx, account_id)}
    taken = {row.tag_id for row in linked.values()}
    made: dict[str, int] = {}
    for group in listed:  # set-loop: per group of a taxonomy, of which few are new
        news = [tag for tag in group.tags if tag.remote_id not in linked]
        changed = [tag for tag in group.tags if (row := linked.get(tag.remote_id)) and row.name != tag.name]
        if group.remote_id not in made:
            made[group.remote_id] = _group(acting, account_id, group, known)
        if not news and not changed:
            continue
        group_id = made[group.remote_id]
        inside = {row.tag_id: row for row in remote.tags_in(ctx, [group_id])}
        for tag in changed:
            _rename(acting, linked[tag.remote_id], tag, inside)
        new: list[Mapping[str, Any]] = []
        for tag in news:
            tag_id = _tag(acting, group_id, tag, inside, taken)
            taken.add(tag_id)
            told = {"remote_id": tag.remote_id, "name": tag.name, "rights": tag.rights, "problem": ""}
            new.append({"account_id": account_id, "tag_id": tag_id, **told})
        remote.add_links(ctx, new)


def _group(ctx: Ctx, account_id: int, group: RemoteGroup, known: Mapping[str, Row[Any]]) -> int:
    row, name = known.get(group.remote_id), local(group.name)
    if row is not None:
        if row.name != group.name:
            if store.group_by(ctx, name=name) is None:
                store.change_group(ctx, row.group_id, name)
                audit.record(ctx, "tags.rename_group", "tag_group", row.group_id, name=name)
            remote.put_group(ctx, account_id, row.group_id, name=group.name)
        return int(row.group_id)
    taken = {one.group_id for one in known.values()}
    ours = None if group.rights == "read" else store.group_by(ctx, name=name)
    if ours is not None and ours.group_id not in taken:
        remote.put_group(ctx, account_id, ours.group_id, remote_id=group.remote_id, name=group.name)
        return int(ours.group_id)
    group_id = _free(name, lambda one: store.add_group(ctx, one))
    audit.record(ctx, "tags.create_group", "tag_group", group_id, name=name)
    # What came from there goes there too; ours only when somebody says so.
    told = {"rights": group.rights, "outward": group.rights != "read"}
    remote.put_group(ctx, account_id, group_id, remote_id=group.remote_id, name=group.name, **told)
    return group_id


def _rename(ctx: Ctx, row: Row[Any], tag: RemoteTag, inside: Mapping[int, Row[Any]]) -> None:
    """Where a name that is free here follows; else the screen shows that the two differ."""
    remote.change_link(ctx, row.link_id, name=tag.name)
    name = local(tag.name)
    if row.tag_id in inside and all(one.name != name for one in inside.values()):
        store.change_tag(ctx, row.tag_id, name=name)
        audit.record(ctx, "tags.change", "tag", row.tag_id, name=name)


def _tag(ctx: Ctx, group_id: int, tag: RemoteTag, inside: Mapping[int, Row[Any]], taken: Collection[int | None]) -> int:
    name = local(tag.name)
    if tag.rights != "read":
        for row in inside.values():
            if row.name == name and row.merged_into is None and row.tag_id not in taken:
                return int(row.tag_id)
    tag_id = _free(name, lambda one: store.add_tag(ctx, group_id, one, ""))
    audit.record(ctx, "tags.create", "tag", tag_id, name=name, group_id=group_id)
    return tag_id


def forget(ctx: Ctx, account_id: int, gone: Sequence[Row[Any]], outward: Collection[int]) -> None:
    """Tags (rows of links) were deleted at the account: who carried them by it alone loses them.

    ``outward``: those of them that were told to it: deleted there they are retired here, or they would be made anew.
    Of the others those stay in use that something here needs, and who carried them here before.
    """
    lock(ctx, f"tags.taxonomy:{account_id}")
    acting = by_platform(ctx, account_id)
    told = [row.tag_id for row in gone if row.tag_id in outward]
    read = [row.tag_id for row in gone if row.tag_id is not None and row.tag_id not in outward]
    remote.drop_links(ctx, [row.link_id for row in gone])
    for tag_ids, but_kept in ((told, False), (read, True)):  # set-loop: the two kinds of tags
        if tag_ids:
            pairs = places.only_there(account_id, tag_ids, but_kept=but_kept)
            changing.change(acting, pairs, added=False, why=acting.actor.label, theirs=True)
            places.strip(ctx, account_id, tag_ids)
    for tag_id in [*told, *(one for one in read if not uses.of(ctx, one))]:
        # set-loop: per tag that was deleted there
        store.change_tag(ctx, tag_id, retired_at=ctx.now)
        audit.record(acting, "tags.retire", "tag", tag_id)
