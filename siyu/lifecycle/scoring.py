"""Private: which events are worth how many points, within the caps. Pure but for what was given so far."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from typing import Protocol, cast

from siyu.customers import queries as customers
from siyu.kernel.ctx import Ctx
from siyu.kernel.jobs import PulseEvent
from siyu.lifecycle.store import points
from siyu.lifecycle.types import ScoreRule
from siyu.segments import queries as segments
from siyu.segments.types import Leaf

OWN = frozenset({"lifecycle_changed", "tag_added", "tag_removed", "segment_entered", "segment_left"})
"""What rules themselves bring about: it gives no points, or one act would count again and again."""


class Matcher(Protocol):
    """Which events a rule means."""

    def fits(self, event: PulseEvent) -> bool:
        """Whether the event is one of them."""


@lru_cache(maxsize=2_000)
def _matcher(text: str) -> Matcher:
    leaf = segments.load({"kind": "event", **json.loads(text)})
    assert isinstance(leaf, Leaf)
    return cast("Matcher", leaf.params)


def matcher(events: Mapping[str, object]) -> Matcher:
    """The matcher of a saved rule."""
    return _matcher(json.dumps(events, sort_keys=True))


def gains(ctx: Ctx, found: Sequence[ScoreRule], events: Iterable[PulseEvent]) -> list[points.NewGain]:
    """What these events are worth, oldest first, cut to what the caps leave; those of quiet imports nothing."""
    wanted = [
        (event, rule)
        for event in sorted(events, key=lambda one: (one.occurred_at, one.event_id))
        if event.type not in OWN and not event.props.get("quiet")
        for rule in found
        if matcher(rule.events).fits(event)
    ]
    room = _Room(ctx, [(event, rule) for event, rule in wanted if rule.capped])
    made: list[points.NewGain] = []
    for event, rule in wanted:
        worth = room.take(event, rule)
        if worth:
            by = f"rule:{rule.rule_id}"
            made.append((event.customer_id, event.event_id, rule.rule_id, worth, event.occurred_at, by))
    return made


def write(ctx: Ctx, made: Sequence[points.NewGain], rate: float) -> None:
    """Write gains to the ledger and to the values of who got them, whose standings the caller holds."""
    points.add(ctx, customers.events, made)
    points.credit(ctx, made, rate)


class _Room:
    """What the caps leave, per customer and rule, and per day."""

    def __init__(self, ctx: Ctx, capped: Sequence[tuple[PulseEvent, ScoreRule]]) -> None:
        self._zone = ctx.zone
        asked = {(event.customer_id, rule.rule_id, *self._day(event.occurred_at)) for event, rule in capped}
        self._ever: dict[tuple[int, int], int] = {}
        self._daily: dict[tuple[int, int, datetime], int] = {}
        for row in points.given_so_far(ctx, sorted(asked)) if asked else ():
            self._ever[row.customer_id, row.rule_id] = row.ever
            self._daily[row.customer_id, row.rule_id, row.day_from] = row.that_day

    def _day(self, at: datetime) -> tuple[datetime, datetime]:
        start = datetime.combine(at.astimezone(self._zone).date(), time(0), self._zone)
        return start.astimezone(UTC), (start + timedelta(days=1)).astimezone(UTC)

    def take(self, event: PulseEvent, rule: ScoreRule) -> int:
        """The points that the rule still may give for the event; caps of negative points bound what is taken."""
        if not rule.capped:
            return rule.points
        start, _ = self._day(event.occurred_at)
        ever, that_day = (event.customer_id, rule.rule_id), (event.customer_id, rule.rule_id, start)
        sign = 1 if rule.points > 0 else -1
        worth = abs(rule.points)
        if rule.total_cap is not None:
            worth = min(worth, rule.total_cap - sign * self._ever.get(ever, 0))
        if rule.daily_cap is not None:
            worth = min(worth, rule.daily_cap - sign * self._daily.get(that_day, 0))
        worth = sign * max(0, worth)
        self._ever[ever] = self._ever.get(ever, 0) + worth
        self._daily[that_day] = self._daily.get(that_day, 0) + worth
        return worth
