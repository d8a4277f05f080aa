"""Door: rules, levels, what is known of one customer, and the errors."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from siyu.kernel.errors import Conflict, Invalid, NotFound

MOST_POINTS = 10_000
"""Points of one gain and of a level, in either direction."""


class BadRule(Invalid):
    """A score rule or tag rule is malformed; ``field`` names the part."""

    code = "bad_rule"


class UnknownRule(NotFound):
    """There is no such rule."""

    code = "unknown_rule"


class RuleNameTaken(Conflict):
    """Another rule of this kind has the name."""

    code = "rule_name_taken"


class BadLadder(Invalid):
    """The ladder of levels is malformed; ``field`` names the level and the part."""

    code = "bad_ladder"


class UnknownLevel(NotFound):
    """The ladder has no such level."""

    code = "unknown_level"


@dataclass(frozen=True, slots=True)
class ScoreRule:
    """Points for events. ``events`` is a matcher of the condition language: type, where, content.

    ``daily_cap`` and ``total_cap``: the most points (or the most lost, for negative ``points``) that the rule gives one
    customer within a day of the company's zone, and ever.
    """

    rule_id: int
    name: str
    events: Mapping[str, object]
    points: int
    daily_cap: int | None
    total_cap: int | None
    active: bool

    @property
    def capped(self) -> bool:
        """Whether what was given so far bounds what is given."""
        return self.daily_cap is not None or self.total_cap is not None


@dataclass(frozen=True, slots=True)
class TagRule:
    """A tag that comes by itself: while somebody is in ``segment_id``, or for ``days`` after an event (None: for good).

    Exactly one of ``segment_id`` and ``events`` is given.
    """

    rule_id: int
    name: str
    tag_id: int
    segment_id: int | None
    events: Mapping[str, object] | None
    days: int | None
    active: bool


@dataclass(frozen=True, slots=True)
class Level:
    """One rung of the ladder. It holds from ``points`` on, or for the members of ``segment_id``, or by hand alone."""

    key: str
    name: str
    points: int | None = None
    segment_id: int | None = None


@dataclass(frozen=True, slots=True)
class Ladder:
    """Levels from the lowest to the highest: the highest that holds counts, the first holds for everybody.

    ``half_life_days``: after so many days points are worth half (None: for ever the same). ``margin``: a level is lost
    only when the score is this many percent below its points.
    """

    levels: tuple[Level, ...]
    half_life_days: int | None
    margin: int


@dataclass(frozen=True, slots=True)
class Gain:
    """Points given or taken: by which rule (None: by hand), for which event, and what is left of them now."""

    gain_id: int
    at: datetime
    points: int
    worth: float
    rule: str | None
    event_id: int | None
    by: str


@dataclass(frozen=True, slots=True)
class Standing:
    """How far one customer is. ``falls_at``: when the level is lost if nothing more happens; None: not by time."""

    customer_id: int
    score: int
    level: str
    by_hand: bool
    since: datetime | None
    falls_at: datetime | None


Direction = Literal["up", "down"]
"""Which way on the ladder."""


@dataclass(frozen=True, slots=True)
class Change:
    """A customer came from one level to another.

    ``why``: the name of a score rule, ``segment:<id>``, ``<who>: <reason>`` of whoever did it by hand, ``time``,
    ``merged`` or ``ladder``. ``direction`` is on the present ladder; None when it has one of the levels no more.
    """

    event_id: int
    at: datetime
    customer_id: int
    name: str | None
    from_level: str
    to_level: str
    direction: Direction | None
    score: int
    why: str


@dataclass(frozen=True, slots=True)
class Sweep:
    """Everybody is looked at anew after a change of the ladder: customers up to ``after`` of ``last`` are done."""

    after: int
    last: int


DEFAULT = Ladder(
    (
        Level("fan", "新粉"),
        Level("lead", "线索", points=10),
        Level("mql", "MQL", points=40),
        Level("sql", "SQL", points=80),
        Level("customer", "客户"),
        Level("repeat", "复购"),
        Level("lost", "流失"),
    ),
    half_life_days=30,
    margin=10,
)
"""The ladder of an installation that has saved none (PRODUCT.md, vocabulary)."""
