"""Corp tags (企业客户标签): the taxonomy and who carries what; tags belong to the pair (member, customer)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from sandbox.callbacks import raise_wecom
from sandbox.engine import Work
from sandbox.store import dumps
from sandbox.world import Unknown, World, token_text

CONSOLE = 0
"""The maker of tags that the administrator created in the console."""
RULES = -1
"""The maker of tags of rule groups (规则组): no application lists or marks them."""


def names(world: World, corpid: str) -> dict[str, tuple[str, str]]:
    """Id of each tag → (group, name), of rule groups too."""
    return {one: (group, name) for one, (group, name, _) in known(world, corpid).items()}


def known(world: World, corpid: str) -> dict[str, tuple[str, str, int]]:
    """Id of each tag → (group, name, maker)."""
    rows = world.db.all(
        "select t.id, g.name, t.name, t.agentid from corp_tag t join corp_tag_group g on g.corpid = t.corpid and "
        "g.id = t.group_id where t.corpid = ?", corpid,
    )  # fmt: skip
    return {str(r[0]): (str(r[1]), str(r[2]), int(r[3])) for r in rows}


def group_named(world: World, corpid: str, name: str) -> str:
    """The id of a group by name, "" when there is none."""
    row = world.db.one("select id from corp_tag_group where corpid = ? and name = ?", corpid, name)
    return str(row[0]) if row else ""


def make_group(world: World, corpid: str, name: str, order: int, maker: int, at: int) -> str:
    """A new group; returns its id."""
    group = "et" + token_text("tag_group", corpid, world.counter("corp_tag"), size=30)
    world.db.run(
        "insert into corp_tag_group (corpid, id, name, ord, created, agentid) values (?, ?, ?, ?, ?, ?)",
        corpid, group, name, order, at // 1000, maker,
    )  # fmt: skip
    return group


def make_tag(world: World, corpid: str, group: str, name: str, order: int, maker: int, at: int) -> str:
    """A new tag; returns its id."""
    tag = "et" + token_text("tag", corpid, world.counter("corp_tag"), size=30)
    world.db.run(
        "insert into corp_tag (corpid, id, group_id, name, ord, created, agentid) values (?, ?, ?, ?, ?, ?, ?)",
        corpid, tag, group, name, order, at // 1000, maker,
    )  # fmt: skip
    return tag


def drop(world: World, corpid: str, tags: Iterable[str], groups: Iterable[str]) -> None:
    """Deletes tags and groups, and takes them off the customers; a group without tags goes too."""
    db = world.db
    gone = set(tags)
    for group in groups:
        gone |= {str(r[0]) for r in db.all("select id from corp_tag where corpid = ? and group_id = ?", corpid, group)}
        db.run("delete from corp_tag_group where corpid = ? and id = ?", corpid, group)
    db.many("delete from corp_tag where corpid = ? and id = ?", [(corpid, tag) for tag in gone])
    db.run(
        "delete from corp_tag_group where corpid = ? and id not in (select group_id from corp_tag where corpid = ?)",
        corpid, corpid,
    )  # fmt: skip
    for row in db.all("select userid, external_userid, data from follow where corpid = ?", corpid):
        data = json.loads(row["data"])
        left = [t for t in data.get("tags", []) if t.get("tag_id") not in gone]
        if len(left) < len(data.get("tags", [])):
            _keep(world, corpid, row["userid"], row["external_userid"], data | {"tags": left})


def _keep(world: World, corpid: str, userid: str, uid: str, data: dict[str, object]) -> None:
    world.db.run(
        "update follow set data = ? where corpid = ? and userid = ? and external_userid = ?",
        dumps(data), corpid, userid, uid,
    )  # fmt: skip


def mark(world: World, corpid: str, userid: str, uid: str, add: Sequence[str], remove: Sequence[str]) -> int:
    """Changes the corp tags of a pair; how many it carries then. Raises Unknown without a relation."""
    row = world.db.one(
        "select data from follow where corpid = ? and userid = ? and external_userid = ? and ended <> 'by_member'",
        corpid, userid, uid,
    )  # fmt: skip
    if row is None:
        raise Unknown(f"relation {userid} - {uid}")
    data = json.loads(row["data"])
    kept = [t for t in data.get("tags", []) if t.get("tag_id") not in remove]
    has = {t.get("tag_id") for t in kept}
    kept += [{"tag_id": tag} for tag in dict.fromkeys(add) if tag not in has]
    _keep(world, corpid, userid, uid, data | {"tags": kept})
    return len(kept)


def _call_own(world: World, corpid: str, userid: str, uid: str, own: list[str]) -> None:
    """What a member calls a customer for himself: these have names only."""
    row = world.db.one(
        "select data from follow where corpid = ? and userid = ? and external_userid = ?", corpid, userid, uid
    )
    assert row is not None
    _keep(world, corpid, userid, uid, json.loads(row["data"]) | {"own": own})


def _told(world: World, corpid: str, at: int, change: str, kind: str, one: str) -> None:
    fields: list[tuple[str, object]] = [("Event", "change_external_tag"), ("Id", one)]
    fields += [("TagType", kind)] if one else []
    raise_wecom(world, corpid, "tags", at, [*fields, ("ChangeType", change)])


def by_hand(world: World, corpid: str, userid: str, work: Work, at: int) -> None:
    """What an administrator does in the console, or a member in the client; both raise callbacks, unlike the API.

    `tag_create` {group, name, rules?} (`rules`: in a rule group), `tag_rename` {id, name}, `tag_delete` {id} (a tag or
    a group), `tag_shuffle`, `tag` {person, add?, remove?, own?} with ids or `group/name`, `own` names of the
    member's own tags. Raises Unknown.
    """
    act, name, one = str(work["act"]), str(work.get("name") or ""), str(work.get("id") or "")
    world.log("act", f"member_{act}", at, account=corpid, uid=userid, key=one or name)
    if act == "tag_shuffle":
        _told(world, corpid, at, "shuffle", "tag_group", one)
    elif act == "tag_create":
        maker = RULES if work.get("rules") else CONSOLE
        group = group_named(world, corpid, str(work["group"]))
        if not group:
            group = make_group(world, corpid, str(work["group"]), 0, maker, at)
            _told(world, corpid, at, "create", "tag_group", group)
        _told(world, corpid, at, "create", "tag", make_tag(world, corpid, group, name, 0, maker, at))
    elif act == "tag":
        uid = world.external_userid(corpid, world.person(str(work["person"])))
        add, remove = (work.get(field) or [] for field in ("add", "remove"))
        if not isinstance(add, list) or not isinstance(remove, list):
            raise Unknown(f"tags {add}")
        ids = {f"{group}/{name}": one for one, (group, name) in names(world, corpid).items()}
        add, remove = ([str(ids.get(one, one)) for one in map(str, some)] for some in (add, remove))
        if set(add) - set(ids.values()):
            raise Unknown(f"tags {add}")
        mark(world, corpid, userid, uid, add, remove)
        own = work.get("own")
        if isinstance(own, list):
            _call_own(world, corpid, userid, uid, [str(one) for one in own])
        fields = [("Event", "change_external_contact"), ("ChangeType", "edit_external_contact")]
        raise_wecom(world, corpid, uid, at, [*fields, ("UserID", userid), ("ExternalUserID", uid)])
    else:
        kind = "tag" if one in names(world, corpid) else "tag_group"
        table = "corp_tag" if kind == "tag" else "corp_tag_group"
        if world.db.one(f"select 1 from {table} where corpid = ? and id = ?", corpid, one) is None:  # noqa: S608  # only names of our own in the text
            raise Unknown(f"tag or group {one}")
        if act == "tag_rename":
            world.db.run(f"update {table} set name = ? where corpid = ? and id = ?", name, corpid, one)  # noqa: S608  # only names of our own in the text
        else:
            drop(world, corpid, [one] if kind == "tag" else [], [one] if kind == "tag_group" else [])
        _told(world, corpid, at, "update" if act == "tag_rename" else "delete", kind, one)


ACTS = frozenset({"tag_create", "tag_rename", "tag_delete", "tag_shuffle", "tag"})
