"""Private: which tags follows carry on their platforms, as callbacks and readings tell."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from siyu.customers.types import Person
from siyu.intake import store
from siyu.intake.types import Arrival, LookupKind, Taken
from siyu.kernel.ctx import Ctx
from siyu.platforms.types import Outcome
from siyu.tags import actions as tags
from siyu.tags.types import Carried, RemoteGroup, RemoteTag

CORP, PERSONAL = 1, 2
"""Types of a contact's tags: of the corp, and of the member's own; the third kind is of a rule group."""
OWN_GROUP = "员工个人标签"
RULE_GROUP = "{name}（规则组）"
AGAIN = timedelta(minutes=1)
RESERVED = 2
"""Tags of an Official Account up to this id are the platform's own; it lists nobody for them."""


def of_follower(info: Mapping[str, object], account_id: int) -> Carried:
    """The tags of an entry of user/info."""
    listed = info.get("tagid_list")
    found = [str(one) for one in listed if isinstance(one, int)] if isinstance(listed, list) else []
    return Carried(account_id, "", tuple(found))


def of_contact(follow: Mapping[str, object], home_id: int, staff: str) -> Carried:
    """The tags of a relation of externalcontact/get; a batch names none and leaves out the member's own."""
    if "tags" not in follow:
        listed = follow.get("tag_id")
        found = [one for one in listed if isinstance(one, str)] if isinstance(listed, list) else []
        return Carried(home_id, staff, tuple(found), partial=True)
    listed = follow["tags"]
    groups: dict[str, RemoteGroup] = {}
    ids: list[str] = []
    for tag in listed if isinstance(listed, list) else []:
        group, one = _named(tag) if isinstance(tag, Mapping) else (None, None)
        if group is None or one is None:
            continue
        ids.append(one.remote_id)
        if one.rights == "read":
            # Corp tags come with their own list, which knows their groups by id.
            known = groups.setdefault(group.remote_id, group)
            groups[group.remote_id] = replace(known, tags=(*known.tags, one))
    return Carried(home_id, staff, tuple(dict.fromkeys(ids)), tuple(groups.values()))


def _named(tag: Mapping[str, object]) -> tuple[RemoteGroup | None, RemoteTag | None]:
    name, group, one = str(tag.get("tag_name") or ""), str(tag.get("group_name") or ""), str(tag.get("tag_id") or "")
    if tag.get("type") == PERSONAL:
        own = (RemoteGroup("own", OWN_GROUP, (), "read"), RemoteTag(f"own:{name}", name, "read"))
        return own if name else (None, None)
    if not one:
        return None, None
    if tag.get("type") == CORP:
        return RemoteGroup("", group, ()), RemoteTag(one, name)
    return RemoteGroup(f"rule:{group}", RULE_GROUP.format(name=group), (), "read"), RemoteTag(one, name, "read")


def stamped(arrivals: Sequence[Arrival], asked_at: datetime, position: int) -> list[Arrival]:
    """Arrivals whose tags say how old they are."""
    return [
        replace(arrival, carried=replace(arrival.carried, asked_at=asked_at, position=position))
        if arrival.carried
        else arrival
        for arrival in arrivals
    ]


def take_in(ctx: Ctx, whose: Sequence[Taken]) -> None:
    """Take in what follows carry. What could not be is read again in a minute: of whom a platform is being told at the
    moment, and of whom it tells tags that are new, which its taxonomy or the contact itself will name."""
    read = [
        (arrival.carried, arrival.record, person) for arrival, person in whose if arrival.carried and arrival.record
    ]
    unread = tags.carry(ctx, [(carried, person) for carried, _, person in read])
    unnamed = {at for at, why in unread.items() if why == "unnamed"}
    named = tags.look_for_new(ctx, {read[at][0].account_id for at in unnamed})
    later: dict[LookupKind, set[tuple[int, str, datetime]]] = {"oa_user": set(), "wecom_contact": set()}
    for at in unread:
        carried, record, _ = read[at]
        if at in unnamed and not carried.partial and carried.account_id not in named:
            continue  # the taxonomy was compared just now and knows no such tag
        name = record.identities[0]
        kind: LookupKind = "oa_user" if name.kind == "oa_openid" else "wecom_contact"
        later[kind].add((carried.account_id, name.value, ctx.now + AGAIN))
    for kind, wishes in later.items():  # set-loop: two kinds of readings
        if wishes:
            store.want_later(ctx, kind, sorted(wishes))


def take_listed(ctx: Ctx, account_id: int, rows: Sequence[Any], asked_at: datetime, position: int) -> None:
    """Take in what followers carry by the lists of an Official Account: (customer_id, origin_id, openid, tags)."""
    read = [
        (
            Carried(account_id, "", tuple(row.tags), partial=True, asked_at=asked_at, position=position),
            Person(row.customer_id, row.origin_id),
        )
        for row in rows
    ]
    unread = tags.carry(ctx, read)
    if any(why == "unnamed" for why in unread.values()):
        tags.look_for_new(ctx, {account_id})
    if unread:
        store.want_later(ctx, "oa_user", [(account_id, rows[at].openid, ctx.now + AGAIN) for at in unread])


def ask(call: Callable[..., Outcome], cursor: Mapping[str, Any]) -> list[Outcome]:
    """A page of the round over the tags of an Official Account: the list of tags, then who carries each of them."""
    if "tags" not in cursor:
        return [call("tag_list")]
    return [call("tag_members", tagid=cursor["tags"][0], next_openid=cursor.get("next", ""))]
