"""Private: phased work that compares an account's taxonomy with ours: what is new, renamed or deleted there comes in,
and of the groups that are told to it what it lacks is made there.

A look reads the whole list first, and calls only for a difference: a tag that was asked for without hearing the answer
is found by its name. A list is doubted: what it lacks is asked for by id before it counts as deleted.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from siyu.customers import queries as customer_queries
from siyu.kernel.clock import machine
from siyu.kernel.ctx import Ctx
from siyu.kernel.jobs import Phased, Senders
from siyu.kernel.settings import settings
from siyu.platforms.types import SENDERS, Account, Call, Outcome
from siyu.tags import accounts, linking
from siyu.tags.store import marks, remote
from siyu.tags.types import NAME_LENGTH, RemoteGroup, RemoteTag

HOUR = 4
"""Taxonomies are compared at this local hour every day, when the platform says that one changed, and when ours does."""
AGAIN = timedelta(minutes=1)
LONGEST = timedelta(hours=6)
MOST = {"wecom": 10_000, "oa": 100}
"""Tags of a corp, and of an Official Account (docs/platform.md A.10, B.2)."""
STAR = 2
"""Tags of an Official Account up to this id are the platform's own."""
GONE = frozenset({40068, 41110, 45159})
PROBLEMS: Mapping[int, str] = {
    40071: "name_taken",
    45157: "name_taken",
    40126: "no_room",
    45056: "no_room",
    45158: "name_too_long",
    41058: "not_allowed",
    48001: "not_allowed",
    48002: "not_allowed",
    45057: "too_many_followers",
}
"""Why a tag is not at an account as it is here, by the platform's code; others are ``refused``."""


@dataclass(frozen=True, slots=True)
class Mine:
    """A tag of ours that an account is told of. ``name``: what it is to be called there; ``link_id`` if it has one."""

    tag_id: int
    group_id: int
    name: str
    link_id: int | None = None
    remote_id: str | None = None
    known_as: str = ""
    rights: str = "all"
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """A group of ours that an account is told of."""

    group_id: int
    name: str
    remote_id: str | None
    known_as: str
    rights: str
    tags: tuple[Mine, ...]


@dataclass(frozen=True, slots=True)
class Work:
    """The comparison of one account. ``known``: tags that the list should hold; ``taken``: which group of ours a group
    there is; ``doomed``: links by the id of what is to be deleted there."""

    home_id: int
    account: Account
    serial: int
    attempts: int
    lease: float
    groups: tuple[Group, ...]
    known: frozenset[str]
    taken: Mapping[str, int]
    doomed: Mapping[str, int]


@dataclass(slots=True)
class Seen:
    """What a comparison found and did. ``failed``: the answer without which nothing is known or may be tried again."""

    listed: list[RemoteGroup] = field(default_factory=list)
    missing: set[str] = field(default_factory=set)
    made: list[tuple[Mine, str, str]] = field(default_factory=list)
    groups: dict[int, tuple[str, str, str]] = field(default_factory=dict)
    renamed: list[Mine] = field(default_factory=list)
    problems: dict[int, str] = field(default_factory=dict)
    deleted: list[int] = field(default_factory=list)
    failed: Outcome | None = None


def next_turn(ctx: Ctx) -> datetime:
    """The next 04:00 of the company's zone."""
    at = ctx.now.astimezone(ctx.zone)
    turn = at.replace(hour=HOUR, minute=0, second=0, microsecond=0)
    return (turn if turn > at else turn + timedelta(days=1)).astimezone(ctx.now.tzinfo)


def _claim(ctx: Ctx) -> Work | None:
    at = machine()
    until = at + settings().lease_seconds
    speakers = accounts.speakers(ctx)
    while True:
        # set-loop: a statement per account that is passed over
        row = remote.claim_look(ctx, at, until)
        if row is None:
            return None
        if row.account_id in speakers:
            break
        remote.end_look(ctx, row.account_id, row.serial, next_turn(ctx))
    account = speakers[row.account_id]
    links = remote.links_at(ctx, row.account_id)
    listable = (one for one in links if one.remote_id is not None and one.rights != "read")
    doomed = {one.remote_id: one.link_id for one in links if one.tag_id is None and one.remote_id is not None}
    groups = _groups(ctx, row.account_id, account.kind == "oa")
    # Who is killed between the call and its record finds by these that the tags of these names are ours.
    asked = [mine.tag_id for group in groups for mine in group.tags if mine.link_id is None]
    fresh = {"account_id": row.account_id, "remote_id": None, "name": "", "rights": "all", "problem": ""}
    remote.add_links(ctx, [{**fresh, "tag_id": tag_id} for tag_id in asked])
    return Work(
        row.account_id,
        account,
        row.serial,
        row.attempts,
        until,
        groups,
        frozenset(one.remote_id for one in listable),
        {one.remote_id: one.group_id for one in remote.groups_at(ctx, row.account_id) if one.remote_id is not None},
        doomed,
    )


def _groups(ctx: Ctx, account_id: int, flat: bool) -> tuple[Group, ...]:
    told = [row for row in remote.groups_at(ctx, account_id) if row.outward]
    links = {row.tag_id: row for row in remote.links_at(ctx, account_id)}
    inside: dict[int, list[Mine]] = {row.group_id: [] for row in told}
    names = {row.group_id: row.group_name for row in told}
    listed = {row.group_id for row in told if row.remote_id == linking.FLAT}
    for tag in remote.tags_in(ctx, list(inside)):
        if tag.retired_at is not None or tag.merged_into is not None:
            continue
        plain = not flat or tag.group_id in listed
        name, link = tag.name if plain else f"{names[tag.group_id]}/{tag.name}", links.get(tag.tag_id)
        mine = Mine(tag.tag_id, tag.group_id, name)
        if link is not None:
            mine = Mine(
                tag.tag_id, tag.group_id, name, link.link_id, link.remote_id, link.name, link.rights, link.problem
            )
        inside[tag.group_id].append(mine)
    return tuple(
        Group(row.group_id, row.group_name, row.remote_id, row.name, row.rights, tuple(inside[row.group_id]))
        for row in told
    )


Ask = Callable[..., Outcome]


def _act(work: Work, senders: Senders) -> Seen:
    seen = Seen()

    def ask(endpoint: str, **body: object) -> Outcome:
        outcome: Outcome = senders[SENDERS[work.account.kind]].send(Call(work.account.account_id, endpoint, body))
        return outcome

    if work.account.kind == "wecom":
        _corp(work, seen, ask)
    else:
        _official_account(work, seen, ask)
    return seen


def _objects(value: object) -> list[Mapping[str, object]]:
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []


def _listed(outcome: Outcome) -> list[RemoteGroup]:
    """The groups of an answer about corp tags, with the tags that are not deleted."""
    return [
        RemoteGroup(
            str(group.get("group_id")),
            str(group.get("group_name")),
            tuple(
                RemoteTag(str(tag.get("id")), str(tag.get("name")))
                for tag in _objects(group.get("tag"))
                if not tag.get("deleted")
            ),
        )
        for group in _objects(outcome.data.get("tag_group"))
        if not group.get("deleted")
    ]


def _corp(work: Work, seen: Seen, ask: Ask) -> None:
    whole = ask("corp_tag_list")
    if not whole.ok:
        seen.failed = whole
        return
    seen.listed = _listed(whole)
    there = {tag.remote_id for group in seen.listed for tag in group.tags}
    if doubtful := sorted(work.known - there):
        again = ask("corp_tag_list", tag_id=doubtful)
        if not again.ok and again.code not in GONE:
            seen.failed = again
            return
        still = _listed(again) if again.ok else []
        seen.listed += still
        seen.missing = set(doubtful) - {tag.remote_id for group in still for tag in group.tags}
    room = MOST["wecom"] - len(there)
    for group in work.groups:
        room -= _corp_group(work, group, seen, ask, room)
    for remote_id, link_id in work.doomed.items():
        _note(seen, ask("corp_tag_delete", tag_id=[remote_id]), link_id)


def _corp_group(work: Work, group: Group, seen: Seen, ask: Ask, room: int) -> int:
    """Make, join and rename what the account lacks of a group; how many tags were made."""
    by_id = {one.remote_id: one for one in seen.listed}
    found = by_id.get(group.remote_id or "")
    if found is None:
        found = next((one for one in seen.listed if one.name == group.name), None)
        if found is not None and work.taken.get(found.remote_id, group.group_id) != group.group_id:
            seen.problems |= {mine.tag_id: "name_taken" for mine in group.tags if mine.remote_id is None}
            return 0
        if found is not None:
            seen.groups[group.group_id] = (found.remote_id, found.name, "mark")
    elif (
        group.rights == "all"
        and group.known_as == found.name != group.name
        and ask("corp_tag_edit", id=found.remote_id, name=group.name).ok
    ):
        seen.groups[group.group_id] = (found.remote_id, group.name, "all")
    names = {one.name: one.remote_id for one in found.tags} if found is not None else {}
    _rename(group, seen, lambda one: ask("corp_tag_edit", id=one.remote_id, name=one.name))
    new = _joined(group, seen, names)
    for mine in new[max(0, room) :]:
        seen.problems[mine.tag_id] = "no_room"
    new = new[: max(0, room)]
    if not new:
        return 0
    where = {"group_id": found.remote_id} if found is not None else {"group_name": group.name}
    added = ask("corp_tag_add", **where, tag=[{"name": mine.name} for mine in new])
    if not added.ok:
        _refused(seen, new, added)
        return 0
    made = added.data.get("tag_group")
    answer = made if isinstance(made, Mapping) else {}
    if found is None:
        seen.groups[group.group_id] = (str(answer.get("group_id")), group.name, "all")
    ids = {str(tag.get("name")): str(tag.get("id")) for tag in _objects(answer.get("tag"))}
    seen.made += [(mine, ids[mine.name], "all") for mine in new if mine.name in ids]
    return len(new)


def _joined(group: Group, seen: Seen, names: Mapping[str, str]) -> list[Mine]:
    """The tags of a group that the account does not have; those that it has by name are joined."""
    used = {mine.remote_id for mine in group.tags if mine.remote_id is not None}
    new: list[Mine] = []
    for mine in group.tags:
        if mine.remote_id is not None:
            continue  # it is there, or was deleted there and is retired here
        if len(mine.name) > NAME_LENGTH:
            seen.problems[mine.tag_id] = "name_too_long"
        elif mine.name in names and names[mine.name] not in used:
            # Of a call whose answer was lost it is known that the tag is ours.
            seen.made.append((mine, names[mine.name], "all" if mine.link_id is not None else "mark"))
        else:
            new.append(mine)
    return new


def _rename(group: Group, seen: Seen, edit: Callable[[Mine], Outcome]) -> None:
    names = {tag.remote_id: tag.name for one in seen.listed for tag in one.tags}
    for mine in group.tags:
        # Who renamed there meanwhile is right: that name comes in with the list.
        if mine.remote_id is None or names.get(mine.remote_id) != mine.known_as or mine.known_as == mine.name:
            continue
        if mine.rights != "all" or len(mine.name) > NAME_LENGTH:
            seen.problems[mine.tag_id] = "name_too_long" if mine.rights == "all" else "not_allowed"
            continue
        outcome = edit(mine)
        if outcome.ok:
            seen.renamed.append(mine)
        else:
            _refused(seen, [mine], outcome)


def _refused(seen: Seen, those: Sequence[Mine], outcome: Outcome) -> None:
    for mine in those:
        seen.problems[mine.tag_id] = PROBLEMS.get(outcome.code, f"refused:{outcome.code}")
    if outcome.retryable or outcome.uncertain or outcome.code == 40071:
        seen.failed = seen.failed or outcome


def _note(seen: Seen, deleted: Outcome, link_id: int) -> None:
    if deleted.ok or deleted.code in GONE or PROBLEMS.get(deleted.code) is not None:
        # What may not be deleted stays there, as somebody else's.
        seen.deleted.append(link_id)
    else:
        seen.failed = seen.failed or deleted


def _official_account(work: Work, seen: Seen, ask: Ask) -> None:
    whole = ask("tag_list")
    if not whole.ok:
        seen.failed = whole
        return
    found = [(int(str(tag.get("id"))), str(tag.get("name"))) for tag in _objects(whole.data.get("tags"))]
    tags = tuple(RemoteTag(str(one), name, "read" if one <= STAR else "mark") for one, name in found)
    seen.listed = [RemoteGroup(linking.FLAT, work.account.name, tags)]
    seen.missing = set(work.known) - {tag.remote_id for tag in tags}
    names = {tag.name: tag.remote_id for tag in tags}
    room = MOST["oa"] - sum(one > STAR for one, _ in found)
    for group in work.groups:
        _rename(group, seen, lambda one: ask("tag_edit", tag={"id": int(one.remote_id or 0), "name": one.name}))
        for mine in _joined(group, seen, names):
            if room <= 0:
                seen.problems[mine.tag_id] = "no_room"
                continue
            made = ask("tag_add", tag={"name": mine.name})
            tag = made.data.get("tag")
            if made.ok and isinstance(tag, Mapping):
                seen.made.append((mine, str(tag.get("id")), "all"))
                room -= 1
            else:
                _refused(seen, [mine], made)
    for remote_id, link_id in work.doomed.items():
        _note(seen, ask("tag_delete", tag={"id": int(remote_id)}), link_id)


def _record(ctx: Ctx, work: Work, seen: Seen) -> None:
    if not remote.still_mine(ctx, work.home_id, work.lease):
        return
    _keep(ctx, work, seen)
    if seen.failed is None:
        remote.end_look(ctx, work.home_id, work.serial, next_turn(ctx), attempts=0, problem="", looked_at=ctx.now)
        return
    wait = min(LONGEST, AGAIN * 2 ** min(work.attempts, 10))
    again = max(seen.failed.retry_at or ctx.now, ctx.now + wait)
    problem = f"{seen.failed.code} {seen.failed.message}"[:500]
    remote.end_look(ctx, work.home_id, work.serial, again, attempts=work.attempts + 1, problem=problem)


def _keep(ctx: Ctx, work: Work, seen: Seen) -> None:
    home = work.home_id
    for group_id, (remote_id, name, rights) in sorted(seen.groups.items()):  # set-loop: groups made or renamed there
        remote.put_group(ctx, home, group_id, remote_id=remote_id, name=name, rights=rights)
    told = remote.outward_tags(ctx)
    remote.add_links(
        ctx,
        [
            {"account_id": home, "tag_id": mine.tag_id, "remote_id": remote_id, "name": mine.name, "rights": rights,
             "problem": ""}
            for mine, remote_id, rights in seen.made
        ],
    )  # fmt: skip
    linking.learn(ctx, home, seen.listed)
    for mine in seen.renamed:  # set-loop: tags renamed there, of which few are at a time
        remote.change_link(ctx, mine.link_id or 0, name=mine.name, problem="")
    if seen.missing:
        gone = [row for row in remote.links_at(ctx, home) if row.remote_id in seen.missing]
        outward = {tag_id for account_id, tag_id in told if account_id == home}
        linking.forget(ctx, home, [row for row in gone if row.tag_id is not None], outward)
        remote.drop_links(ctx, [row.link_id for row in gone])
    remote.drop_links(ctx, seen.deleted)
    _lost_groups(ctx, work, seen)
    _mark_problems(ctx, work, seen)
    if made := [mine.tag_id for mine, _, _ in seen.made]:
        marks.tell_carriers(ctx, home, customer_queries.follows, made)


def _lost_groups(ctx: Ctx, work: Work, seen: Seen) -> None:
    """Groups that went there with their last tag."""
    if work.account.kind != "wecom" or (seen.failed is not None and not seen.listed):
        return
    there = {one.remote_id for one in seen.listed} | {one[0] for one in seen.groups.values()}
    rows = [row for row in remote.groups_at(ctx, work.home_id) if row.remote_id is not None]
    gone = [row.remote_id for row in rows if row.remote_id not in there and row.rights != "read"]
    if gone:
        remote.drop_groups(ctx, work.home_id, gone)


def _mark_problems(ctx: Ctx, work: Work, seen: Seen) -> None:
    mine = {one.tag_id: one for group in work.groups for one in group.tags}
    news = {tag_id: problem for tag_id, problem in seen.problems.items() if mine[tag_id].problem != problem}
    over = {tag_id: "" for tag_id, one in mine.items() if one.problem and tag_id not in seen.problems}
    remote.note_problems(ctx, work.home_id, news | over)


LOOKS = Phased("tags.looks", _claim, _act, _record, remote.LOOK_READY)
