"""Door: channels, who serves now and why, figures."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from sqlalchemy import Row

from siyu.allocation.rotation import Place, serving
from siyu.allocation.types import Rotation, Serving, Standing
from siyu.channels import store
from siyu.channels.types import (
    ON_PLATFORM,
    Channel,
    ChannelDefinition,
    Code,
    Cost,
    DayCount,
    Figures,
    UnknownChannel,
    Version,
)
from siyu.customers import queries as customers
from siyu.groups import queries as groups
from siyu.kernel.ctx import Ctx
from siyu.lifecycle import queries as lifecycle
from siyu.segments import queries as segments
from siyu.tags.types import Use
from siyu.team import queries as team
from siyu.workdays import queries as workdays


def channels(ctx: Ctx, *, archived: bool | None = False) -> list[Channel]:
    """All channels, newest first; ``archived``: those put away, None: both."""
    return [as_channel(row) for row in store.channel_rows(ctx, archived=archived)]


def channel(ctx: Ctx, channel_id: int) -> Channel:
    """One channel; raises UnknownChannel."""
    rows = store.rows_of(ctx, [channel_id])
    if not rows:
        raise UnknownChannel("no such channel", field="channel_id")
    return as_channel(rows[0])


def as_channel(row: Row[Any]) -> Channel:
    """A joined row as the frozen type."""
    return Channel(
        row.channel_id,
        row.kind,
        row.account_id,
        row.state,
        ChannelDefinition.model_validate(row.definition),
        row.version,
        row.created_at,
        row.changed_at,
        row.changed_by,
        row.archived_at,
        Code(row.config_id, _link(row), row.image_url, row.staff_id, row.problem, _waits(row)),
    )


def _waits(row: Row[Any]) -> bool:
    asked = row.kind in ON_PLATFORM and row.archived_at is None
    return asked and not (row.url or row.image_url or row.problem)


def _link(row: Row[Any]) -> str:
    """What a code of ours holds: the platform's text, or of a tracked link its address with the parameters."""
    if row.kind != "link":
        return str(row.url)
    definition = ChannelDefinition.model_validate(row.definition)
    parts = urlsplit(definition.target)
    own = {"utm_source": row.state, "utm_medium": definition.utm_medium, "utm_campaign": definition.utm_campaign}
    query = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name not in own]
    query += [(name, value) for name, value in own.items() if value]
    return urlunsplit(parts._replace(query=urlencode(query)))


def history(ctx: Ctx, channel_id: int) -> list[Version]:
    """Every version, newest first; raises UnknownChannel."""
    channel(ctx, channel_id)
    return [
        Version(row.version, row.at, row.by, ChannelDefinition.model_validate(row.definition), row.archived)
        for row in store.version_rows(ctx, channel_id)
    ]


def costs(ctx: Ctx, channel_id: int | None = None) -> list[Cost]:
    """What was entered, newest first, taken back entries included."""
    return [
        Cost(
            row.cost_id,
            row.channel_id,
            row.since,
            row.until,
            row.amount,
            row.per,
            row.note,
            row.added_at,
            row.added_by,
            row.removed_at,
        )
        for row in store.cost_rows(ctx, channel_id)
    ]


def place(ctx: Ctx) -> Place:
    """Where hours count, and who is switched off."""
    absent = {member.staff_id for member in team.staff(ctx) if not member.active}
    return Place(ctx.zone, absent, workdays.current(ctx))


def standings(ctx: Ctx, ids: Sequence[int], day: date) -> dict[int, Standing]:
    """What each rotation came to by a local day, by channel_id."""
    today: dict[int, dict[int, int]] = {}
    owed: dict[int, dict[int, float]] = {}
    for row in store.day_rows(ctx, ids, day, day):
        today.setdefault(row.channel_id, {})[row.staff_id] = row.arrivals
    for row in store.owed_rows(ctx, ids):
        owed.setdefault(row.channel_id, {})[row.staff_id] = row.owed
    return {one: Standing(day, today.get(one, {}), owed.get(one, {})) for one in ids}


def who_serves(ctx: Ctx, channel_id: int | None, rotation: Rotation) -> Serving:
    """Whom a channel, or a new one, leads to now by this rotation, which need not be saved, and why not to others."""
    day = ctx.now.astimezone(ctx.zone).date()
    standing = Standing(day) if channel_id is None else standings(ctx, [channel_id], day)[channel_id]
    return serving(rotation, standing, ctx.now, place(ctx))


def days(ctx: Ctx, channel_id: int, since: date, until: date) -> list[DayCount]:
    """Arrivals by local day and staff member; raises UnknownChannel."""
    channel(ctx, channel_id)
    return [
        DayCount(row.day, None if row.staff_id == store.NOBODY else row.staff_id, row.arrivals)
        for row in store.day_rows(ctx, [channel_id], since, until)
    ]


def figures(ctx: Ctx, since: date, until: date) -> Mapping[int, Figures]:
    """Every channel's figures over local days, the last one included, by channel_id."""
    arrivals = store.arrivals(ctx, since, until)
    # Who joins a group need not be a customer: they are counted where the groups are read.
    joined = groups.joined(ctx, *bounds(ctx, since, until))
    ways = store.by_touches(ctx, {("wecom_join", state) for state in joined})
    arrivals = arrivals | {channel_id: joined[state] for (_, state), channel_id in ways.items()}
    leads = segments.parse(ctx, {"kind": "lifecycle", "level": lead_levels(ctx)})
    chosen = segments.select_members(ctx, leads)
    people = store.people(ctx, customers.customer, chosen, *bounds(ctx, since, until))
    today = ctx.now.astimezone(ctx.zone).date()
    spent: dict[int, int] = {}
    for one in costs(ctx):
        if one.removed_at is None:
            spent[one.channel_id] = spent.get(one.channel_id, 0) + within(one, since, until, today)
    known = {*arrivals, *people, *spent}
    return {one: Figures(arrivals.get(one, 0), *people.get(one, (0, 0)), spent.get(one, 0)) for one in known}


def lead_levels(ctx: Ctx) -> list[str]:
    """The keys of the levels at which somebody counts as a lead: all but the first, and but ``lost``; of a ladder of
    one level that one."""
    levels = [level.key for level in lifecycle.ladder(ctx).levels]
    return [key for key in levels[1:] if key != "lost"] or levels[:1]


def bounds(ctx: Ctx, since: date, until: date) -> tuple[datetime, datetime]:
    """The moments at which local days begin and end, the latter excluded."""
    return (
        datetime.combine(since, time(), ctx.zone),
        datetime.combine(until + timedelta(days=1), time(), ctx.zone),
    )


def within(cost: Cost, since: date, until: date, today: date) -> int:
    """The share of a cost in local days, in 分. A total is spread evenly over its days; what goes on costs up to
    today."""
    last = cost.until or (cost.since if cost.per == "total" else max(cost.since, today))
    shared = (min(last, until) - max(cost.since, since)).days + 1
    if shared <= 0:
        return 0
    if cost.per == "day":
        return cost.amount * shared
    length = (last - cost.since).days + 1
    # Differences of rounded sums: the parts of any split of its days add up to the whole.
    before = (max(cost.since, since) - cost.since).days
    return cost.amount * (before + shared) // length - cost.amount * before // length


def uses_tag(ctx: Ctx, tag_id: int) -> list[Use]:
    """The channels that give a tag, so that it is not deleted."""
    return gives_tags(ctx).get(tag_id, [])


def gives_tags(ctx: Ctx) -> dict[int, list[Use]]:
    """The tags that channels give, and which; ``runtime`` registers this with ``tags``."""
    found: dict[int, list[Use]] = {}
    for one in channels(ctx):
        for tag_id in one.definition.tags:
            found.setdefault(tag_id, []).append(Use("channel", one.channel_id, one.name))
    return found
