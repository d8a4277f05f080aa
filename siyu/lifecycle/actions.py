"""Door: every write of lifecycle."""

import re
from collections.abc import Mapping, Sequence

from siyu.customers import queries as customers
from siyu.customers.types import UnknownCustomer
from siyu.kernel import audit
from siyu.kernel.ctx import Ctx
from siyu.kernel.text import clean
from siyu.lifecycle import decay, queries, scoring, settling, tagging
from siyu.lifecycle.store import levels, points, rules
from siyu.lifecycle.types import (
    MOST_POINTS,
    BadLadder,
    BadRule,
    Ladder,
    RuleNameTaken,
    TagRule,
    UnknownLevel,
    UnknownRule,
)
from siyu.segments import actions as segments
from siyu.segments import queries as segment_queries
from siyu.segments.types import Leaf, UnknownSegment
from siyu.tags import actions as tags
from siyu.tags import queries as tag_queries
from siyu.tags.types import TagReadOnly, TagRetired, UnknownTag

LONGEST_NAME = 60
MOST_RULES = 200
MOST_LEVELS = 20
_KEY = re.compile(r"[a-z][a-z0-9_]{0,31}")
_MATCHER = {"type", "where", "content"}
_LISTENER = "lifecycle"


def _name(value: str, field: str = "name") -> str:
    name = clean(value, field).strip()
    if not 1 <= len(name) <= LONGEST_NAME:
        raise BadRule(f"a name has 1 to {LONGEST_NAME} characters", field=field)
    return name


def _events(ctx: Ctx, given: object, field: str = "events") -> Mapping[str, object]:
    """A matcher, checked as the condition language does it; without a window: a rule looks at single events."""
    if not isinstance(given, Mapping) or not given.keys() <= _MATCHER:
        extra = next((str(name) for name in given if name not in _MATCHER), "") if isinstance(given, Mapping) else ""
        place = f"{field}.{extra}" if extra else field
        raise BadRule("events are described by type, where and content", field=place)
    leaf = segment_queries.parse(ctx, {**given, "kind": "event"}, field)
    assert isinstance(leaf, Leaf)
    types = leaf.params.model_dump()["type"]
    if own := scoring.OWN.intersection([types] if isinstance(types, str) else types):
        raise BadRule(f"{min(own)} is the work of rules and sets none off", field=f"{field}.type")
    return {name: value for name, value in segment_queries.dump(leaf).items() if name != "kind"}


def save_score_rule(
    ctx: Ctx,
    *,
    name: str,
    events: object,
    points: int,
    daily_cap: int | None = None,
    total_cap: int | None = None,
    active: bool = True,
    rule_id: int | None = None,
) -> int:
    """Save a new score rule, or change the one given; returns rule_id. It counts for events from now on.

    Raises BadRule, BadCondition, UnknownRule, RuleNameTaken; then nothing is written.
    """
    known = queries.score_rules(ctx)
    if rule_id is not None and rule_id not in {rule.rule_id for rule in known}:
        raise UnknownRule("no such score rule", field="rule_id")
    if rule_id is None and len(known) >= MOST_RULES:
        raise BadRule(f"an installation has at most {MOST_RULES} score rules", field="name")
    if not 1 <= abs(points) <= MOST_POINTS:
        raise BadRule(f"points are 1 to {MOST_POINTS}, or as many taken away", field="points")
    for field, cap in (("daily_cap", daily_cap), ("total_cap", total_cap)):
        if cap is not None and cap < abs(points):
            raise BadRule("a cap below the points of one event would never let it count whole", field=field)
    values = {
        "name": _name(name),
        "events": _events(ctx, events),
        "points": points,
        "daily_cap": daily_cap,
        "total_cap": total_cap,
        "active": active,
    }
    saved = rules.save_score_rule(ctx, rule_id, values)
    if saved is None:
        raise RuleNameTaken("another score rule has this name", field="name")
    audit.record(ctx, "lifecycle.save_score_rule", "score_rule", saved, **values)
    return saved


def save_tag_rule(
    ctx: Ctx,
    *,
    name: str,
    tag_id: int,
    segment_id: int | None = None,
    events: object = None,
    days: int | None = None,
    active: bool = True,
    rule_id: int | None = None,
) -> int:
    """Save a new tag rule, or change the one given; returns rule_id.

    A rule of a segment holds for its members at once, one of events from now on. A changed or stopped rule takes off
    the tags that it gave and no other rule holds. Raises BadRule, BadCondition, UnknownTag, UnknownSegment, TagRetired,
    TagReadOnly, UnknownRule, RuleNameTaken; then nothing is written.
    """
    known = {rule.rule_id: rule for rule in queries.tag_rules(ctx)}
    if rule_id is not None and rule_id not in known:
        raise UnknownRule("no such tag rule", field="rule_id")
    if rule_id is None and len(known) >= MOST_RULES:
        raise BadRule(f"an installation has at most {MOST_RULES} tag rules", field="name")
    if (segment_id is None) == (events is None):
        raise BadRule("a tag rule has either a segment or events", field="segment_id")
    if days is not None and (segment_id is not None or not 1 <= days <= 3650):
        raise BadRule("days, 1 to 3650, say how long a tag stays after an event", field="days")
    if not tags.hold(ctx, [tag_id]):
        raise UnknownTag("no such tag", field="tag_id")
    known_tag = tag_queries.by_ids(ctx, [tag_id])[tag_id]
    if active and known_tag.retired:
        raise TagRetired("a rule in force gives no retired tag", field="tag_id")
    if active and known_tag.read_only:
        raise TagReadOnly("only its platform gives this tag", field="tag_id")
    values = {
        "name": _name(name),
        "tag_id": tag_id,
        "segment_id": segment_id,
        "events": None if events is None else _events(ctx, events),
        "days": days,
        "active": active,
    }
    if segment_id is not None:
        segments.listen(ctx, segment_id, _LISTENER)  # before the rule: whoever deletes the segment comes first
    saved = rules.save_tag_rule(ctx, rule_id, values)
    if saved is None:
        raise RuleNameTaken("another tag rule has this name", field="name")
    before = known.get(saved)
    now = {rule.rule_id: rule for rule in queries.tag_rules(ctx, active=True)}
    if before is not None and before.active and _ends(before, now.get(saved)):
        tagging.stop(ctx, before, list(now.values()))
        _unlisten(ctx, before.segment_id)
    if saved in now:
        tagging.apply(ctx, now[saved], list(now.values()))
    audit.record(ctx, "lifecycle.save_tag_rule", "tag_rule", saved, **values)
    return saved


def _ends(before: TagRule, now: TagRule | None) -> bool:
    return now is None or (before.tag_id, before.segment_id) != (now.tag_id, now.segment_id)


def delete_tag_rule(ctx: Ctx, rule_id: int) -> None:
    """Remove a tag rule; the tags that it gave and no other rule holds go. Raises UnknownRule."""
    known = {rule.rule_id: rule for rule in queries.tag_rules(ctx)}
    if rule_id not in known:
        raise UnknownRule("no such tag rule", field="rule_id")
    tagging.stop(ctx, known[rule_id], [one for one in known.values() if one.active and one.rule_id != rule_id])
    rules.drop_tag_rule(ctx, rule_id)
    _unlisten(ctx, known[rule_id].segment_id)
    audit.record(ctx, "lifecycle.delete_tag_rule", "tag_rule", rule_id, name=known[rule_id].name)


def _unlisten(ctx: Ctx, segment_id: int | None) -> None:
    if segment_id is not None and not queries.uses_segment(ctx, segment_id):
        segments.unlisten(ctx, segment_id, _LISTENER)


def save_ladder(ctx: Ctx, new: Ladder) -> None:
    """Replace the ladder. Everybody is looked at anew, in chunks by the ticks (``queries.sweep``).

    Raises BadLadder naming ``levels.<n>.<part>``, UnknownSegment; then nothing is written.
    """
    _check(ctx, new)
    before = queries.ladder(ctx)
    for level in new.levels:
        if level.segment_id is not None:
            # set-loop: the levels of the ladder
            segments.listen(ctx, level.segment_id, _LISTENER)
    levels.save(ctx, new, sweep_after=0)
    for level in before.levels:
        # set-loop: the levels of the ladder
        _unlisten(ctx, level.segment_id)
    audit.record(
        ctx, "lifecycle.save_ladder", "ladder", levels.ONLY, half_life_days=new.half_life_days, margin=new.margin
    )


def _check(ctx: Ctx, new: Ladder) -> None:
    if not 1 <= len(new.levels) <= MOST_LEVELS:
        raise BadLadder(f"a ladder has 1 to {MOST_LEVELS} levels", field="levels")
    if new.half_life_days is not None and not 1 <= new.half_life_days <= 3650:
        raise BadLadder("points halve in 1 to 3650 days", field="half_life_days")
    if not 0 <= new.margin <= 90:
        raise BadLadder("the margin is 0 to 90 percent", field="margin")
    highest = 0
    for place, level in enumerate(new.levels):
        at = f"levels.{place}"
        if not _KEY.fullmatch(level.key) or level.key in {one.key for one in new.levels[:place]}:
            raise BadLadder("a key has lower-case letters, digits and _, and is no other level's", field=f"{at}.key")
        name = clean(level.name, f"{at}.name").strip()
        if not 1 <= len(name) <= LONGEST_NAME or name in {one.name.strip() for one in new.levels[:place]}:
            raise BadLadder(f"a name has 1 to {LONGEST_NAME} characters and is no other level's", field=f"{at}.name")
        if place == 0 and (level.points is not None or level.segment_id is not None):
            raise BadLadder("the first level is everybody's and has no condition", field=f"{at}.points")
        if level.points is not None:
            if not highest < level.points <= MOST_POINTS:
                said = f"points rise from level to level, up to {MOST_POINTS}"
                raise BadLadder(said, field=f"{at}.points")
            highest = level.points
    known = {one.segment_id for one in segment_queries.segments(ctx)}
    for place, level in enumerate(new.levels):
        if level.segment_id is not None and level.segment_id not in known:
            raise UnknownSegment("no such segment", field=f"levels.{place}.segment_id")


def give_points(ctx: Ctx, ids: Sequence[int], given: int, *, why: str) -> None:
    """Give customers points by hand, or take some. They decay as others do. Raises UnknownCustomer, BadRule."""
    if not 1 <= abs(given) <= MOST_POINTS:
        raise BadRule(f"points are 1 to {MOST_POINTS}, or as many taken away", field="points")
    why = clean(why, "why")
    homes = _homes(ctx, ids)
    rate = queries.rate(ctx)
    points.hold(ctx, homes, rate)
    by = f"{ctx.actor.label}: {why}"
    scoring.write(ctx, [(one, None, None, given, ctx.now, by) for one in homes], rate)
    settling.settle(ctx, homes, dict.fromkeys(homes, by))
    audit.record(ctx, "lifecycle.give_points", "customer", len(homes), points=given, why=why)


def set_level(ctx: Ctx, ids: Sequence[int], key: str, *, why: str) -> int:
    """Put customers on a level by hand; returns how many moved. It stays until the rules come to another level.

    Raises UnknownCustomer, UnknownLevel.
    """
    rungs = queries.ladder(ctx).levels
    if key not in {one.key for one in rungs}:
        raise UnknownLevel(f"the ladder has no level {key}", field="level")
    homes = _homes(ctx, ids)
    points.hold(ctx, homes, queries.rate(ctx))
    by = f"{ctx.actor.label}: {clean(why, 'why')}"
    settling.settle(ctx, homes, dict.fromkeys(homes, by))
    rows = levels.stand(ctx, homes)
    changed = [(row.customer_id, row.level, key, decay.shown(row.now_value)) for row in rows if row.level != key]
    levels.put(ctx, [row[0] for row in changed], key)
    settling.tell(ctx, changed, dict.fromkeys(homes, by))
    audit.record(ctx, "lifecycle.set_level", "customer", len(changed), level=key, why=why)
    return len(changed)


def _homes(ctx: Ctx, ids: Sequence[int]) -> list[int]:
    homes = customers.origins(ctx, ids)
    active = customers.active(ctx, sorted(set(homes.values())))
    for place, customer_id in enumerate(ids):
        if homes.get(customer_id) not in active:
            raise UnknownCustomer(f"there is no customer {customer_id}", field=f"customer_ids.{place}")
    return sorted(set(homes.values()))
