"""Levels follow from score and segments, rise and fall by themselves, and say why."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from siyu.customers import actions as customers
from siyu.customers.types import NewOrder
from siyu.kernel.ctx import Ctx
from siyu.kernel.errors import SiyuError
from siyu.kernel.probes import answer
from siyu.lifecycle import actions, jobs, queries
from siyu.lifecycle.types import DEFAULT, Ladder, Level
from siyu.segments import actions as segments
from siyu.segments.types import SegmentInUse
from tests.lifecycle.living import act, changes, later, people, react


def level(ctx: Ctx, customer_id: int) -> str:
    return queries.standing_of(ctx, customer_id).level


def test_a_score_raises_and_time_lowers(ctx: Ctx) -> None:
    (ann,) = people(ctx, "ann")
    actions.save_score_rule(ctx, name="填表", events={"type": "form_submitted"}, points=40)
    assert level(ctx, ann) == "fan"
    act(ctx, ann, "form_submitted", "f1")
    react(ctx)
    assert changes(ctx) == [(ann, "fan", "mql", 40, "填表")]
    standing = queries.standing_of(ctx, ann)
    assert standing.since == ctx.now
    falls = standing.falls_at
    assert falls is not None
    assert answer(ctx, jobs.DUE) == falls
    # 40 points are 36, the margin of 10 percent below, after 30 days x log2(40/36).
    assert 4.5 < (falls - ctx.now).total_seconds() / 86_400 < 4.6
    react(replace(ctx, now=falls.replace(microsecond=0) - (falls - falls.replace(second=0))))
    assert level(ctx, ann) == "mql"
    react(replace(ctx, now=falls))
    assert changes(ctx)[1:] == [(ann, "mql", "lead", 36, "time")]
    react(later(ctx, days=365))
    assert level(ctx, ann) == "fan"
    assert answer(later(ctx, days=365), jobs.DUE) is None
    assert [change[2] for change in changes(ctx)] == ["mql", "lead", "fan"]


def test_within_the_margin_a_level_is_kept_but_not_won(ctx: Ctx) -> None:
    ann, bob = people(ctx, "ann", "bob")
    actions.give_points(ctx, [ann], 40, why="x")
    two = later(ctx, days=2)
    actions.give_points(two, [bob], 38, why="x")
    react(two)
    assert queries.standing_of(two, ann).score == 38
    assert (level(two, ann), level(two, bob)) == ("mql", "lead")


def test_a_segment_puts_people_on_a_level_and_lets_them_go(ctx: Ctx) -> None:
    ann, bob = people(ctx, "ann", "bob")
    paid = segments.save(ctx, name="已购", condition={"kind": "order", "count": {"ge": 1}})
    ladder = Ladder((Level("fan", "新粉"), Level("mql", "MQL", 40), Level("customer", "客户", segment_id=paid)), 30, 10)
    actions.save_ladder(ctx, ladder)
    actions.give_points(ctx, [bob], 50, why="x")
    react(ctx)
    customers.save_orders(ctx, [NewOrder("shop", "1", ann, 100, "CNY", "paid", ctx.now, ctx.now)])
    customers.save_orders(ctx, [NewOrder("shop", "2", bob, 100, "CNY", "paid", ctx.now, ctx.now)])
    react(ctx)
    assert (level(ctx, ann), level(ctx, bob)) == ("customer", "customer")
    assert changes(ctx)[-1][4] == f"segment:{paid}"
    assert queries.standing_of(ctx, bob).falls_at is None
    hour = later(ctx, hours=1)
    for number, one in (("1", ann), ("2", bob)):
        customers.save_orders(hour, [NewOrder("shop", number, one, 100, "CNY", "refunded", ctx.now, hour.now)])
    react(hour)
    assert (level(hour, ann), level(hour, bob)) == ("fan", "mql")
    with pytest.raises(SegmentInUse) as refused:
        segments.delete(hour, paid)
    assert refused.value.detail["used_by"] == [
        {"kind": "level", "id": 2, "name": "客户"},
        {"kind": "listener", "id": paid, "name": "lifecycle"},
    ]
    actions.save_ladder(hour, DEFAULT)
    segments.delete(hour, paid)


def test_an_edited_segment_moves_its_people(ctx: Ctx) -> None:
    (ann,) = people(ctx, "ann")
    someone = {"kind": "attribute", "name": "created_at", "op": "exists"}
    segment_id = segments.save(ctx, name="谁", condition={"not": {"all": []}})
    actions.save_ladder(ctx, Ladder((Level("fan", "新粉"), Level("in", "在内", segment_id=segment_id)), 30, 10))
    react(ctx)
    assert level(ctx, ann) == "fan"
    segments.save(ctx, name="谁", condition=someone, segment_id=segment_id)
    react(ctx)
    assert level(ctx, ann) == "in"


def test_who_was_put_on_a_level_that_is_removed_goes_where_the_rules_say(ctx: Ctx) -> None:
    (ann,) = people(ctx, "ann")
    actions.set_level(ctx, [ann], "sql", why="met")
    react(ctx)
    assert level(ctx, ann) == "sql"
    actions.save_ladder(ctx, replace(DEFAULT, levels=tuple(one for one in DEFAULT.levels if one.key != "sql")))
    react(ctx)
    assert level(ctx, ann) == "fan"
    assert changes(ctx)[-1][:3] == (ann, "sql", "fan")


def test_a_hand_holds_until_the_rules_change_their_mind(ctx: Ctx) -> None:
    (ann,) = people(ctx, "ann")
    actions.give_points(ctx, [ann], 20, why="x")
    react(ctx)
    assert actions.set_level(ctx, [ann], "sql", why="spoke to her") == 1
    assert actions.set_level(ctx, [ann], "sql", why="again") == 0
    react(ctx)
    standing = queries.standing_of(ctx, ann)
    assert (standing.level, standing.by_hand) == ("sql", True)
    assert changes(ctx)[-1][1:] == ("lead", "sql", 20, "system: spoke to her")
    actions.give_points(ctx, [ann], 2, why="still a lead")
    react(ctx)
    assert level(ctx, ann) == "sql"
    actions.give_points(ctx, [ann], 30, why="an mql now")
    react(ctx)
    standing = queries.standing_of(ctx, ann)
    assert (standing.level, standing.by_hand) == ("mql", False)


@pytest.mark.parametrize(
    ("levels", "more", "field"),
    [
        ([], {}, "levels"),
        ([Level("a", "A", 5)], {}, "levels.0.points"),
        ([Level("a", "A"), Level("a", "B", 5)], {}, "levels.1.key"),
        ([Level("a", "A"), Level("B", "B", 5)], {}, "levels.1.key"),
        ([Level("a", "A"), Level("b", " A ", 5)], {}, "levels.1.name"),
        ([Level("a", "A"), Level("b", "B", 5), Level("c", "C", 5)], {}, "levels.2.points"),
        ([Level("a", "A"), Level("b", "B", 0)], {}, "levels.1.points"),
        ([Level("a", "A"), Level("b", "B", segment_id=10**8)], {}, "levels.1.segment_id"),
        ([Level("a", "A")], {"margin": 91}, "margin"),
        ([Level("a", "A")], {"half_life_days": 0}, "half_life_days"),
    ],
)
def test_bad_ladders_name_the_part(ctx: Ctx, levels: list[Level], more: dict[str, Any], field: str) -> None:
    with pytest.raises(SiyuError) as refused:
        actions.save_ladder(ctx, replace(Ladder(tuple(levels), 30, 10), **more))
    assert refused.value.field == field
    assert queries.ladder(ctx) == DEFAULT
