"""Door: make and change channels, enter costs, take note of arrivals."""

from collections.abc import Collection
from datetime import date, timedelta

from siyu.allocation import types as allocation
from siyu.channels import store, store_codes
from siyu.channels.queries import channel
from siyu.channels.types import (
    ON_PLATFORM,
    ROTATED,
    TOUCHES,
    BadChannel,
    BadCost,
    ChannelArchived,
    ChannelChanged,
    ChannelDefinition,
    ChannelKind,
    Per,
    StateTaken,
    UnknownChannel,
    UnknownCost,
)
from siyu.groups import queries as groups
from siyu.kernel import audit
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import ring
from siyu.platforms import queries as platforms
from siyu.tags import actions as tags
from siyu.team import queries as team

FARTHEST = timedelta(days=3653)
PARTS: dict[ChannelKind, frozenset[str]] = {
    "oa_qr": frozenset(),
    "wecom_live_code": frozenset({"rotation"}),
    "group_live_code": frozenset({"chats"}),
    "acquisition_link": frozenset({"rotation"}),
    "kf_link": frozenset({"open_kfid"}),
    "link": frozenset({"target"}),
}
"""What each kind must have; the others must not."""


def add(ctx: Ctx, *, kind: ChannelKind, account_id: int | None, state: str, definition: ChannelDefinition) -> int:
    """Make a channel; its code follows on the platform within seconds. Returns channel_id.

    Raises BadChannel, BadRotation, StateTaken, NotFound (account).
    """
    if (account_id is None) != (kind == "link"):
        said = "a link belongs to no account" if kind == "link" else "say of which account"
        raise BadChannel(said, field="account_id")
    if account_id is not None:
        wanted = "oa" if kind == "oa_qr" else "wecom"
        if platforms.account(ctx, account_id).kind != wanted:
            raise BadChannel("this kind of channel belongs to another kind of account", field="account_id")
    _check(ctx, kind, account_id, definition, None)
    values = definition.model_dump(mode="json")
    channel_id = store.add(
        ctx,
        kind=kind,
        account_id=account_id,
        touch=TOUCHES[kind],
        state=state,
        version=1,
        definition=values,
        changed_by=ctx.actor.label,
    )
    if channel_id is None:
        raise StateTaken("another channel has this state", field="state")
    store.keep_version(ctx, channel_id, 1, values, archived=False)
    _look(ctx, channel_id, kind)
    audit.record(ctx, "channels.add", "channel", channel_id, kind=kind, state=state)
    return channel_id


def change(ctx: Ctx, channel_id: int, *, version: int, definition: ChannelDefinition) -> None:
    """Change a channel from a version of it; it counts at once. Raises UnknownChannel, ChannelChanged,
    ChannelArchived, BadChannel, BadRotation."""
    row = _locked(ctx, channel_id)
    if row.version != version:
        detail = {"version": row.version, "changed_at": row.changed_at.isoformat(), "changed_by": row.changed_by}
        raise ChannelChanged("somebody else changed this channel meanwhile", field="version", detail=detail)
    if row.archived_at is not None:
        raise ChannelArchived("the channel is archived", field="channel_id")
    _check(ctx, row.kind, row.account_id, definition, channel_id)
    values = definition.model_dump(mode="json")
    if values == row.definition:
        return
    store.change(ctx, channel_id, definition=values, version=version + 1)
    store.keep_version(ctx, channel_id, version + 1, values, archived=False)
    _look(ctx, channel_id, row.kind)
    audit.record(ctx, "channels.change", "channel", channel_id, version=version + 1)


def archive(ctx: Ctx, channel_id: int, *, archived: bool) -> None:
    """Put a channel away, or take it back. Its live code is taken from the platform; who still comes by it (a printed
    QR code) is counted, but gets no tags. Raises UnknownChannel."""
    row = _locked(ctx, channel_id)
    if (row.archived_at is not None) == archived:
        return
    store.change(ctx, channel_id, archived_at=ctx.now if archived else None, version=row.version + 1)
    store.keep_version(ctx, channel_id, row.version + 1, row.definition, archived=archived)
    _look(ctx, channel_id, row.kind)
    audit.record(ctx, "channels.archive" if archived else "channels.revive", "channel", channel_id)


def look_again(ctx: Ctx, staff_ids: Collection[int] | None) -> None:
    """Staff members were switched on or off, or (None) hours of all may be others: see whether codes should lead to
    somebody else."""
    concerned = [
        row.channel_id
        for row in store.channel_rows(ctx, archived=False)
        if (rotation := ChannelDefinition.model_validate(row.definition).rotation) is not None
        and (staff_ids is None or not _serving(rotation).isdisjoint(staff_ids))
    ]
    if concerned:
        store_codes.look(ctx, concerned)


def _serving(rotation: allocation.Rotation) -> set[int]:
    return {one.staff_id for one in rotation.members} | set(rotation.fallback)


def add_cost(
    ctx: Ctx, channel_id: int, *, since: date, until: date | None, amount: int, per: Per, note: str = ""
) -> int:
    """Enter what the channel costs, in 分; returns cost_id. Raises UnknownChannel, BadCost."""
    channel(ctx, channel_id)
    if until is not None and until < since:
        raise BadCost("the cost ends before it begins", field="until")
    today = ctx.now.astimezone(ctx.zone).date()
    for field, day in (("since", since), ("until", until or since)):
        if abs(day - today) > FARTHEST:
            raise BadCost("the day lies further away than ten years", field=field)
    cost_id = store.add_cost(ctx, channel_id=channel_id, since=since, until=until, amount=amount, per=per, note=note)
    audit.record(ctx, "channels.add_cost", "channel", channel_id, cost_id=cost_id, amount=amount)
    return cost_id


def remove_cost(ctx: Ctx, channel_id: int, cost_id: int) -> None:
    """Take back a cost that was entered by mistake. Raises UnknownCost."""
    if not store.remove_cost(ctx, channel_id, cost_id):
        raise UnknownCost("the channel has no such cost", field="cost_id")
    audit.record(ctx, "channels.remove_cost", "channel", channel_id, cost_id=cost_id)


def _locked(ctx: Ctx, channel_id: int) -> store.ChannelRow:
    row = store.lock_row(ctx, channel_id)
    if row is None:
        raise UnknownChannel("no such channel", field="channel_id")
    return row


def _look(ctx: Ctx, channel_id: int, kind: str) -> None:
    if kind in ON_PLATFORM:
        store_codes.look(ctx, [channel_id])
        ring(ctx, "channels")


def _check(
    ctx: Ctx, kind: ChannelKind, account_id: int | None, definition: ChannelDefinition, channel_id: int | None
) -> None:
    needed = PARTS[kind]
    for part in ("rotation", "chats", "open_kfid", "target"):
        if bool(getattr(definition, part)) != (part in needed):
            said = f"a channel of this kind needs {part}" if part in needed else "not of this kind of channel"
            raise BadChannel(said, field=part)
    for part in ("utm_medium", "utm_campaign"):
        if getattr(definition, part) and kind != "link":
            raise BadChannel("only links have it", field=part)
    if definition.room_base_name and kind != "group_live_code":
        raise BadChannel("only group live codes have it", field="room_base_name")
    if definition.target and not definition.target.startswith(("http://", "https://")):
        raise BadChannel("the target is an address that begins with https://", field="target")
    held = tags.hold(ctx, definition.tags)
    for index, tag_id in enumerate(definition.tags):
        if tag_id not in held or tag_id in definition.tags[:index]:
            raise BadChannel("there is no such tag, or it is named twice", field=f"tags.{index}")
    if definition.rotation is not None and kind in ROTATED:
        allocation.check(definition.rotation)
        _check_staff(ctx, definition.rotation)
    if kind == "group_live_code":
        _check_chats(ctx, account_id, definition, channel_id)


def _check_staff(ctx: Ctx, rotation: allocation.Rotation) -> None:
    reachable = {member.staff_id for member in team.staff(ctx) if member.userid}
    listed = [(f"rotation.members.{at}.staff_id", one.staff_id) for at, one in enumerate(rotation.members)]
    listed += [(f"rotation.fallback.{at}", staff_id) for at, staff_id in enumerate(rotation.fallback)]
    for field, staff_id in listed:
        if staff_id not in reachable:
            raise BadChannel("there is no such staff member in WeCom's directory", field=field)


def _check_chats(ctx: Ctx, account_id: int | None, definition: ChannelDefinition, channel_id: int | None) -> None:
    known = {chat.chat_id for chat in groups.chats(ctx, account_id) if chat.dismissed_at is None}
    taken = {
        chat_id
        for row in store.leading_to_chats(ctx)
        if row.channel_id != channel_id and row.account_id == account_id
        for chat_id in ChannelDefinition.model_validate(row.definition).chats
    }
    for index, chat_id in enumerate(definition.chats):
        if chat_id not in known or chat_id in definition.chats[:index]:
            raise BadChannel("there is no such group, or it is named twice", field=f"chats.{index}")
        if chat_id in taken:
            raise BadChannel("another group live code leads to this group", field=f"chats.{index}")
