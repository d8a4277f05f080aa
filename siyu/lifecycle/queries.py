"""Door: reads of rules, the ladder, and where customers stand; the relation that conditions join."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select

from siyu.customers import queries as customers
from siyu.kernel.ctx import Ctx
from siyu.kernel.paging import BadCursor, Page, cursor, keys
from siyu.lifecycle import decay
from siyu.lifecycle.store import changes as store_changes
from siyu.lifecycle.store import levels, points, rules, standing
from siyu.lifecycle.types import (
    DEFAULT,
    Change,
    Direction,
    Gain,
    Ladder,
    Level,
    ScoreRule,
    Standing,
    Sweep,
    TagRule,
    UnknownLevel,
)
from siyu.segments import queries as segments
from siyu.segments.types import Use
from siyu.tags.types import Use as TagUse

standings = standing
"""Relation (customer_id, value, rate, as_of, key, level, since): what conditions read; no row means nothing gained."""


def ladder(ctx: Ctx) -> Ladder:
    """The ladder: the saved one, or the default."""
    row = levels.saved(ctx)
    if row is None:
        return DEFAULT
    return Ladder(tuple(Level(**one) for one in row.levels), row.half_life_days, row.margin)


def members(ctx: Ctx, rungs: Ladder) -> dict[str, Select[Any]]:
    """The members of each level that has a segment, by the level's key."""
    # set-loop: makes selects, a look per level's segment
    return {one.key: segments.members(ctx, one.segment_id) for one in rungs.levels if one.segment_id is not None}


def rate(ctx: Ctx) -> float:
    """The present decay per second."""
    return decay.rate(ladder(ctx).half_life_days)


def sweep(ctx: Ctx) -> Sweep | None:
    """How far the look at everybody after a change of the ladder is; None when none is under way."""
    row = levels.saved(ctx)
    if row is None or row.sweep_after is None:
        return None
    return Sweep(row.sweep_after, levels.last_id(ctx, customers.everybody()))


def sizes(ctx: Ctx) -> dict[str, int]:
    """How many customers each level has; the first also those who never gained anything."""
    rungs, found = ladder(ctx).levels, levels.sizes(ctx)
    known = {one.key: found.get(one.key, 0) for one in rungs}
    others = levels.count(ctx, customers.everybody()) - sum(known.values())
    return {**known, rungs[0].key: known[rungs[0].key] + others}


def _score_rule(row: Row[Any]) -> ScoreRule:
    return ScoreRule(row.rule_id, row.name, row.events, row.points, row.daily_cap, row.total_cap, row.active)


def score_rules(ctx: Ctx, *, active: bool = False) -> list[ScoreRule]:
    """All score rules, or those in force."""
    return [_score_rule(row) for row in rules.score_rules(ctx, active=active)]


def _tag_rule(row: Row[Any]) -> TagRule:
    return TagRule(row.rule_id, row.name, row.tag_id, row.segment_id, row.events, row.days, row.active)


def tag_rules(ctx: Ctx, *, active: bool = False) -> list[TagRule]:
    """All tag rules, or those in force."""
    return [_tag_rule(row) for row in rules.tag_rules(ctx, active=active)]


def standing_of(ctx: Ctx, customer_id: int) -> Standing:
    """Where a customer stands, by any id that ever was theirs. Raises UnknownCustomer."""
    home = customers.profile(ctx, customer_id).customer_id
    rungs, row = ladder(ctx).levels, levels.standing_of(ctx, home)
    if row is None:
        return Standing(home, 0, rungs[0].key, False, None, None)
    level = row.level or rungs[0].key
    by_hand = row.ruled is not None and level != row.ruled
    return Standing(home, decay.shown(row.now_value), level, by_hand, row.since, row.falls_at)


def gains(ctx: Ctx, customer_id: int, after: str | None = None, limit: int = 50) -> Page[Gain]:
    """The ledger of a customer's points, latest first. Raises UnknownCustomer, BadCursor."""
    home = customers.profile(ctx, customer_id).customer_id
    rows = points.ledger(ctx, home, rate(ctx), _before(after), limit + 1)
    items = [
        Gain(gain_id, at, worth_then, float(worth), rule, event_id, by)
        for gain_id, at, worth_then, worth, rule, event_id, by in rows[:limit]
    ]
    more = len(rows) > limit
    return Page(items, cursor(items[-1].at.isoformat(), items[-1].gain_id) if more else None)


def changes(
    ctx: Ctx,
    *,
    level: str | None = None,
    direction: Direction | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page[Change]:
    """Who changed level in [since, until) and why, latest first: all, or those to ``level``, or up or down the ladder.

    Raises UnknownLevel, BadCursor.
    """
    rungs = [one.key for one in ladder(ctx).levels]
    if level is not None and level not in rungs:
        raise UnknownLevel(f"the ladder has no level {level}", field="level")
    rows = store_changes.page(
        ctx,
        customers.events,
        customers.customer,
        to=level,
        way=None if direction is None else (direction, rungs),
        since=since,
        until=until,
        before=_before(after),
        limit=limit + 1,
    )
    items = [
        Change(
            event_id=row.event_id,
            at=row.at,
            customer_id=row.customer_id,
            name=row.name,
            from_level=row.came,
            to_level=row.went,
            direction=_direction(rungs, row.came, row.went),
            score=row.score,
            why=row.why,
        )
        for row in rows[:limit]
    ]
    return Page(items, cursor(items[-1].at.isoformat(), items[-1].event_id) if len(rows) > limit else None)


def _direction(rungs: list[str], came: str, went: str) -> Direction | None:
    if came not in rungs or went not in rungs:
        return None
    return "up" if rungs.index(came) < rungs.index(went) else "down"


def _before(after: str | None) -> tuple[datetime, int] | None:
    if after is None:
        return None
    at, gain_id = keys(after, 2)
    try:
        moment = datetime.fromisoformat(str(at))
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None or type(gain_id) is not int or not 0 <= gain_id < 2**63:
        raise BadCursor("the cursor belongs to another list", field="cursor")
    return moment, gain_id


def uses_tag(ctx: Ctx, tag_id: int) -> list[TagUse]:
    """The tag rules that give the tag; ``runtime`` registers this with ``tags``."""
    return [TagUse("tag_rule", rule.rule_id, rule.name) for rule in tag_rules(ctx) if rule.tag_id == tag_id]


def gives_tags(ctx: Ctx) -> dict[int, list[TagUse]]:
    """The tags that rules in force give; ``runtime`` registers this with ``tags``."""
    found: dict[int, list[TagUse]] = {}
    for rule in tag_rules(ctx, active=True):
        found.setdefault(rule.tag_id, []).append(TagUse("tag_rule", rule.rule_id, rule.name))
    return found


def uses_segment(ctx: Ctx, segment_id: int) -> list[Use]:
    """The levels and tag rules that need the segment; ``runtime`` registers this with ``segments``."""
    found = [
        Use("level", place, one.name) for place, one in enumerate(ladder(ctx).levels) if one.segment_id == segment_id
    ]
    return found + [Use("tag_rule", one.rule_id, one.name) for one in tag_rules(ctx) if one.segment_id == segment_id]
