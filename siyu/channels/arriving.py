"""Private: people came by channels: counts, whose turn it was, tags, the event that tells."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Integer, select

from siyu.allocation.rotation import got
from siyu.channels import queries, store, store_codes
from siyu.channels.types import ROTATED, Channel
from siyu.customers import actions as customers
from siyu.customers import queries as customer_queries
from siyu.customers.types import NewEvent
from siyu.kernel.ctx import Actor, Ctx
from siyu.kernel.db import unnest
from siyu.kernel.jobs import Pulse, PulseEvent
from siyu.tags import actions as tags
from siyu.team import queries as team

CODED = {
    "contact_added": ("wecom_state", "state"),
    "followed": ("oa_scene", "scene"),
    "qr_scanned": ("oa_scene", "scene"),
    "kf_entered": ("kf_scene", "scene"),
}
"""Events that say by which code somebody came: the kind of touch, and the property with the code."""
SOURCED = ("url", "wecom_join")
"""Touches that no event tells of by itself."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """One event by which somebody came, and the channel."""

    event: PulseEvent
    channel_id: int


def arrived(ctx: Ctx, pulse: Pulse) -> None:
    """Count who came by a channel, give its tags and tell of it."""
    arrivals = [*_coded(ctx, pulse), *_sourced(ctx, pulse)]
    if not arrivals:
        return
    # Locked in the order of their ids: pulses of other people who came by the same channels wait here.
    rows = store.rows_of(ctx, {one.channel_id for one in arrivals}, locked=True)
    channels = {row.channel_id: queries.as_channel(row) for row in rows}
    staff_ids = {member.userid: member.staff_id for member in team.staff(ctx) if member.userid}
    _count(ctx, arrivals, channels, staff_ids)
    _tag(ctx, arrivals, channels)
    customers.record(ctx, [_told(one, channels[one.channel_id], staff_ids) for one in arrivals])


def _coded(ctx: Ctx, pulse: Pulse) -> Iterator[Arrival]:
    said = [
        (event, (CODED[event.type][0], str(event.props[CODED[event.type][1]])))
        for event in pulse.of(*CODED)
        if event.props.get(CODED[event.type][1])
    ]
    found = store.by_touches(ctx, {touch for _, touch in said})
    yield from (Arrival(event, found[touch]) for event, touch in said if touch in found)


def _sourced(ctx: Ctx, pulse: Pulse) -> Iterator[Arrival]:
    """People whose latest source became a tracked link or a group's join way: those who are new, and those whose
    source changed."""
    said = {
        event.customer_id: event
        for event in pulse.of("created", "attribute_changed")
        if event.type == "created" or event.props.get("name") == "source"
    }
    if said:
        found = store.by_sources(ctx, customer_queries.customer, SOURCED, sorted(said))
        yield from (Arrival(said[row.customer_id], row.channel_id) for row in found)


def _count(
    ctx: Ctx, arrivals: Sequence[Arrival], channels: Mapping[int, Channel], staff_ids: Mapping[str, int]
) -> None:
    today = ctx.now.astimezone(ctx.zone).date()
    rotated = [one for one in channels.values() if one.kind in ROTATED]
    standings = queries.standings(ctx, [one.channel_id for one in rotated], today) if rotated else {}
    place = queries.place(ctx) if rotated else None
    owed: dict[tuple[int, int], float] = {}
    for channel in rotated:
        rotation = channel.definition.rotation
        adds = sorted(
            (one.event.occurred_at, staff_id)
            for one in arrivals
            if one.channel_id == channel.channel_id
            and (staff_id := staff_ids.get(str(one.event.props.get("staff")))) is not None
        )
        if rotation is None or place is None or not adds:
            continue
        after = got(rotation, standings[channel.channel_id], adds, place)
        owed |= {(channel.channel_id, staff_id): value for staff_id, value in after.owed.items()}
    if owed:
        store.put_owed(ctx, owed)
        store_codes.look(ctx, {channel_id for channel_id, _ in owed})
    if filling := {one.channel_id for one in channels.values() if one.kind == "group_live_code"}:
        store_codes.look(ctx, filling)
    counts: dict[tuple[int, date, int], int] = {}
    for one in arrivals:
        staff_id = staff_ids.get(str(one.event.props.get("staff")), store.NOBODY)
        key = (one.channel_id, one.event.occurred_at.astimezone(ctx.zone).date(), staff_id)
        counts[key] = counts.get(key, 0) + 1
    store.count(ctx, counts)


def _tag(ctx: Ctx, arrivals: Sequence[Arrival], channels: Mapping[int, Channel]) -> None:
    for channel in channels.values():  # set-loop: the channels that somebody came by, each with its own reason
        who = sorted({one.event.customer_id for one in arrivals if one.channel_id == channel.channel_id})
        given = channel.definition.tags if channel.archived_at is None else ()
        if given:
            pairs = [(customer_id, tag_id) for customer_id in who for tag_id in given]
            relation = unnest(
                "arrived",
                customer_id=(Integer(), [pair[0] for pair in pairs]),
                tag_id=(Integer(), [pair[1] for pair in pairs]),
            )
            rule = ctx.acting(Actor("rule", f"channel:{channel.channel_id}"))
            chosen = select(relation.c.customer_id, relation.c.tag_id)
            tags.add_pairs(rule, chosen, why=f"通过渠道「{channel.name}」到来")


def _told(arrival: Arrival, channel: Channel, staff_ids: Mapping[str, int]) -> NewEvent:
    event = arrival.event
    props: dict[str, object] = {"channel_id": channel.channel_id, "channel": channel.name, "kind": channel.kind}
    if event.props.get("staff"):
        props["staff"] = event.props["staff"]
    return NewEvent(
        "channels", f"arrived:{event.event_id}", "channel_arrived", event.occurred_at, event.customer_id, props=props
    )
