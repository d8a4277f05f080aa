"""Private: which groups are told to which accounts, and what may be changed of tags that platforms have."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta

from siyu.customers import queries as customer_queries
from siyu.kernel import audit
from siyu.kernel.ctx import Ctx
from siyu.tags import accounts, changing, linking, store
from siyu.tags.store import marks, places, remote
from siyu.tags.types import BadSync, Tag, TagReadOnly, UnknownGroup

RECENT = timedelta(minutes=10)
_NEVER = datetime.min.replace(tzinfo=UTC)


def may_edit(ctx: Ctx, tag: Tag, field: str) -> None:
    """Raise TagReadOnly when a platform has the tag that did not get it from Siyu: there it is changed, not here."""
    if any(row.rights != "all" for row in remote.links_of(ctx, tag.tag_id)):
        raise TagReadOnly(f"{tag.path} was made on its platform and is changed there", field=field)


def gone(ctx: Ctx, tag: Tag) -> None:
    """The tag goes here for good: platforms that got it from Siyu delete it, which takes it from everybody there."""
    if remote.leave_links(ctx, tag.tag_id):
        places.strip(ctx, None, [tag.tag_id])
        remote.look_for_group(ctx, tag.group_id)


def look(ctx: Ctx, account_ids: Collection[int]) -> None:
    """Compare the taxonomies of these accounts now; others than those that stand for their corp are left out."""
    mine = accounts.speakers(ctx).keys() & set(account_ids)
    if mine:
        remote.look_now(ctx, mine)


def compare(ctx: Ctx, account_id: int) -> None:
    """Compare an account's taxonomy with ours now, and try again what could not be told. Raises BadSync."""
    if account_id not in accounts.speakers(ctx):
        raise BadSync("no account with tags that is switched on", field="account_id")
    remote.look_now(ctx, [account_id])
    marks.tell_again(ctx, account_id)
    audit.record(ctx, "tags.compare", "account", account_id)


def look_for_new(ctx: Ctx, account_ids: Collection[int]) -> set[int]:
    """Readings tell tags that nobody knows here: compare the taxonomies, unless that was done just now. Returns the
    accounts where it is worth while to read again."""
    mine = accounts.speakers(ctx).keys() & set(account_ids)
    known = {row.account_id: row for row in remote.looks(ctx)} if mine else {}
    waits = {one for one in mine if one in known and known[one].due_at <= ctx.now}
    recent = {one for one in mine if one in known and (known[one].looked_at or _NEVER) > ctx.now - RECENT}
    if old := mine - waits - recent:
        remote.look_now(ctx, old)
    return waits | old


def set_outward(ctx: Ctx, group_id: int, account_id: int, *, on: bool) -> None:
    """Say whether an account is told of a group: its tags are made there, and who carries them here carries them there.

    From then on both sides are one: who carries a tag on either side when it begins carries it on both. Switched off,
    the account keeps what it has, and tells us on. Raises UnknownGroup, BadSync, TagReadOnly.
    """
    if store.group_by(ctx, group_id=group_id) is None:
        raise UnknownGroup("no such group", field="group_id")
    if account_id not in accounts.speakers(ctx):
        raise BadSync("no account with tags that is switched on", field="account_id")
    before = {row.account_id: row for row in remote.places_of(ctx, group_id)}.get(account_id)
    if before is not None and before.rights == "read":
        raise TagReadOnly("only its platform gives the tags of this group", field="group_id")
    if on == (before is not None and before.outward):
        return
    fresh = {} if before is not None else {"rights": "all"}
    remote.put_group(ctx, account_id, group_id, outward=on, **fresh)
    audit.record(ctx, "tags.set_outward", "tag_group", group_id, account=account_id, on=on)
    if not on:
        return
    remote.look_now(ctx, [account_id])
    told = [tag_id for one, tag_id in remote.outward_tags(ctx) if one == account_id]
    mine = [row.tag_id for row in remote.tags_in(ctx, [group_id]) if row.tag_id in told]
    if mine:
        acting = linking.by_platform(ctx, account_id)
        there = places.missing_here(account_id, mine)
        changing.change(acting, there, added=True, why=acting.actor.label, theirs=True)
        marks.tell_carriers(ctx, account_id, customer_queries.follows, mine)
