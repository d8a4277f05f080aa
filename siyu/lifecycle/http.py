"""Private: the ladder, score and tag rules, and where customers stand, over HTTP."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from siyu.customers.types import UnknownCustomer
from siyu.kernel.ctx import Ctx
from siyu.kernel.errors import BadText
from siyu.kernel.http import ApiRoute, Id, raises, requires
from siyu.kernel.paging import BadCursor
from siyu.kernel.text import CleanText, Moment
from siyu.lifecycle import actions, queries
from siyu.lifecycle.types import (
    BadLadder,
    BadRule,
    Direction,
    Ladder,
    Level,
    RuleNameTaken,
    UnknownLevel,
    UnknownRule,
)
from siyu.segments.types import BadCondition, UnknownSegment
from siyu.tags.types import TagReadOnly, TagRetired, UnknownTag

router = APIRouter(prefix="/api/lifecycle", tags=["lifecycle"], route_class=ApiRoute)
Read = Annotated[Ctx, requires("lifecycle.read")]
Write = Annotated[Ctx, requires("lifecycle.write")]
Number = Annotated[int, Field(ge=-1_000_000, le=1_000_000)]
Matcher = Annotated[
    dict[CleanText, Any],
    Field(
        description="Which events: type, where and content as in the condition `event`.",
        examples=[{"type": "form_submitted"}],
    ),
]


class LevelBody(BaseModel):
    """A rung of the ladder; it holds from `points` on, or for the members of `segment_id`, or by hand alone."""

    model_config = ConfigDict(extra="forbid")

    key: CleanText = Field(examples=["mql"])
    name: CleanText = Field(examples=["MQL"])
    points: Number | None = Field(default=None, examples=[40])
    segment_id: Id | None = None


class LadderInput(BaseModel):
    """Levels from the lowest to the highest; the first is everybody's."""

    model_config = ConfigDict(extra="forbid")

    levels: list[LevelBody] = Field(
        min_length=1,
        max_length=20,
        examples=[[{"key": "fan", "name": "新粉"}, {"key": "mql", "name": "MQL", "points": 40}]],
    )
    half_life_days: Number | None = Field(default=30, description="After so many days points are worth half.")
    margin: Number = Field(default=10, description="A level is lost this many percent below its points.")


class LevelShown(LevelBody):
    customers: int


class SweepBody(BaseModel):
    """A look at everybody after a change of the ladder: customers up to `after` of `last` are done."""

    after: int
    last: int


class LadderBody(BaseModel):
    """The ladder with how many customers stand where."""

    levels: list[LevelShown]
    half_life_days: int | None
    margin: int
    sweep: SweepBody | None


class ScoreRuleInput(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: CleanText = Field(examples=["填写表单"])
    events: Matcher
    points: Number = Field(examples=[20])
    daily_cap: Number | None = Field(default=None, description="The most points of a day.")
    total_cap: Number | None = Field(default=None, description="The most points ever.")
    active: bool = True


class ScoreRuleBody(ScoreRuleInput):
    rule_id: int


class ScoreRulesBody(BaseModel):
    items: list[ScoreRuleBody]


class TagRuleInput(BaseModel):
    """Either `segment_id` (the tag stays while somebody is in it) or `events` (it stays for `days`, or for good)."""

    model_config = ConfigDict(extra="forbid")

    name: CleanText = Field(examples=["近期活跃"])
    tag_id: Id
    segment_id: Id | None = None
    events: Matcher | None = None
    days: Number | None = None
    active: bool = True


class TagRuleBody(TagRuleInput):
    rule_id: int


class TagRulesBody(BaseModel):
    items: list[TagRuleBody]


class RuleMade(BaseModel):
    rule_id: int


class StandingBody(BaseModel):
    """Where a customer stands; `falls_at` is when the level is lost if nothing more happens."""

    customer_id: int
    score: int
    level: str
    by_hand: bool
    since: datetime | None
    falls_at: datetime | None


class GainBody(BaseModel):
    """Points given or taken, and what is left of them."""

    gain_id: int
    at: datetime
    points: int
    worth: float
    rule: str | None
    event_id: int | None
    by: str


class GainPage(BaseModel):
    items: list[GainBody]
    next: str | None


class ChangeBody(BaseModel):
    """A change of level. `why`: the name of a score rule, `segment:<id>`, `<who>: <reason>` when done by hand, `time`,
    `merged` or `ladder`. `direction` is null when the ladder has one of the levels no more."""

    event_id: int
    at: datetime
    customer_id: int
    name: str | None
    from_level: str
    to_level: str
    direction: Direction | None
    score: int
    why: str


class ChangePage(BaseModel):
    items: list[ChangeBody]
    next: str | None


class Given(BaseModel):
    model_config = ConfigDict(extra="forbid")

    customer_ids: list[Id] = Field(min_length=1, max_length=10_000, examples=[[1, 2]])
    why: CleanText = Field(min_length=1, max_length=200, examples=["talked at the fair"])


class PointsInput(Given):
    points: Number = Field(examples=[10])


class LevelInput(Given):
    level: CleanText = Field(examples=["sql"])


class Moved(BaseModel):
    """How many customers changed their level."""

    changed: int


@router.get("/ladder")
def get_ladder(ctx: Read) -> LadderBody:
    """The levels, how points decay, how many customers stand where."""
    found, sizes, sweep = queries.ladder(ctx), queries.sizes(ctx), queries.sweep(ctx)
    levels = [
        LevelShown(key=one.key, name=one.name, points=one.points, segment_id=one.segment_id, customers=sizes[one.key])
        for one in found.levels
    ]
    return LadderBody(
        levels=levels,
        half_life_days=found.half_life_days,
        margin=found.margin,
        sweep=None if sweep is None else SweepBody(after=sweep.after, last=sweep.last),
    )


@router.put("/ladder", responses=raises(BadLadder, BadText, UnknownSegment))
def save_ladder(ctx: Write, body: LadderInput) -> LadderBody:
    """Replace the levels and the decay; everybody is looked at anew in the background."""
    levels = tuple(Level(one.key, one.name.strip(), one.points, one.segment_id) for one in body.levels)
    actions.save_ladder(ctx, Ladder(levels, body.half_life_days, body.margin))
    return get_ladder(ctx)


@router.get("/score-rules")
def list_score_rules(ctx: Read) -> ScoreRulesBody:
    """All score rules."""
    return ScoreRulesBody(
        items=[
            ScoreRuleBody(
                rule_id=one.rule_id,
                name=one.name,
                events=dict(one.events),
                points=one.points,
                daily_cap=one.daily_cap,
                total_cap=one.total_cap,
                active=one.active,
            )
            for one in queries.score_rules(ctx)
        ]
    )


@router.post("/score-rules", status_code=201, responses=raises(BadRule, BadCondition, BadText, RuleNameTaken))
def create_score_rule(ctx: Write, body: ScoreRuleInput) -> RuleMade:
    """Add a score rule; it counts for events from now on."""
    return RuleMade(rule_id=actions.save_score_rule(ctx, **body.model_dump()))


@router.put("/score-rules/{rule_id}", responses=raises(UnknownRule, BadRule, BadCondition, BadText, RuleNameTaken))
def change_score_rule(ctx: Write, rule_id: Id, body: ScoreRuleInput) -> RuleMade:
    """Change a score rule, or stop it; points already given stay."""
    return RuleMade(rule_id=actions.save_score_rule(ctx, rule_id=rule_id, **body.model_dump()))


@router.get("/tag-rules")
def list_tag_rules(ctx: Read) -> TagRulesBody:
    """All tag rules."""
    return TagRulesBody(
        items=[
            TagRuleBody(
                rule_id=one.rule_id,
                name=one.name,
                tag_id=one.tag_id,
                segment_id=one.segment_id,
                events=None if one.events is None else dict(one.events),
                days=one.days,
                active=one.active,
            )
            for one in queries.tag_rules(ctx)
        ]
    )


_TAG_RULE = (BadRule, BadCondition, BadText, UnknownTag, TagRetired, TagReadOnly, UnknownSegment, RuleNameTaken)


@router.post("/tag-rules", status_code=201, responses=raises(*_TAG_RULE))
def create_tag_rule(ctx: Write, body: TagRuleInput) -> RuleMade:
    """Add a tag rule; one of a segment holds for its members at once."""
    return RuleMade(rule_id=actions.save_tag_rule(ctx, **body.model_dump()))


@router.put("/tag-rules/{rule_id}", responses=raises(UnknownRule, *_TAG_RULE))
def change_tag_rule(ctx: Write, rule_id: Id, body: TagRuleInput) -> RuleMade:
    """Change a tag rule, or stop it; tags that it gave go unless another rule holds."""
    return RuleMade(rule_id=actions.save_tag_rule(ctx, rule_id=rule_id, **body.model_dump()))


@router.delete("/tag-rules/{rule_id}", status_code=204, responses=raises(UnknownRule))
def delete_tag_rule(ctx: Write, rule_id: Id) -> None:
    """Remove a tag rule; tags that it gave go unless another rule holds."""
    actions.delete_tag_rule(ctx, rule_id)


@router.get("/changes", responses=raises(UnknownLevel, BadCursor))
def list_changes(
    ctx: Read,
    level: Annotated[CleanText | None, Query(description="Only changes to this level.")] = None,
    direction: Annotated[Direction | None, Query(description="Only changes up or down the present ladder.")] = None,
    since: Moment | None = None,
    until: Moment | None = None,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> ChangePage:
    """Who came to which level in [since, until), from where and why, latest first."""
    page = queries.changes(ctx, level=level, direction=direction, since=since, until=until, after=cursor, limit=limit)
    return ChangePage(items=[ChangeBody(**asdict(one)) for one in page.items], next=page.next)


@router.get("/customers/{customer_id}", responses=raises(UnknownCustomer))
def get_standing(ctx: Read, customer_id: Id) -> StandingBody:
    """The score and level of a customer."""
    found = queries.standing_of(ctx, customer_id)
    return StandingBody(
        customer_id=found.customer_id,
        score=found.score,
        level=found.level,
        by_hand=found.by_hand,
        since=found.since,
        falls_at=found.falls_at,
    )


@router.get("/customers/{customer_id}/points", responses=raises(UnknownCustomer, BadCursor))
def list_points(
    ctx: Read,
    customer_id: Id,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> GainPage:
    """The ledger of a customer's points, latest first: by which rule, for which event, worth how much now."""
    page = queries.gains(ctx, customer_id, cursor, limit)
    return GainPage(
        items=[
            GainBody(
                gain_id=one.gain_id,
                at=one.at,
                points=one.points,
                worth=round(one.worth, 3),
                rule=one.rule,
                event_id=one.event_id,
                by=one.by,
            )
            for one in page.items
        ],
        next=page.next,
    )


@router.post("/points", status_code=204, responses=raises(UnknownCustomer, BadRule, BadText))
def give_points(ctx: Write, body: PointsInput) -> None:
    """Give customers points by hand, or take some."""
    actions.give_points(ctx, body.customer_ids, body.points, why=body.why)


@router.post("/levels", responses=raises(UnknownCustomer, UnknownLevel, BadText))
def set_level(ctx: Write, body: LevelInput) -> Moved:
    """Put customers on a level by hand; it stays until the rules come to another level."""
    return Moved(changed=actions.set_level(ctx, body.customer_ids, body.level, why=body.why))
