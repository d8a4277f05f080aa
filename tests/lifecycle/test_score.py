"""Points for what people do: caps, decay, order, merges; and the condition over them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from siyu.customers import actions as customers
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import ids_of, savepoint
from siyu.kernel.errors import SiyuError
from siyu.lifecycle import actions, queries
from siyu.lifecycle.types import DEFAULT, Ladder, Level
from siyu.segments import actions as segments
from siyu.segments import compile as compiled
from siyu.segments import queries as segment_queries
from tests.lifecycle.living import act, changes, later, people, react

HALF = DEFAULT.half_life_days or 0


def score(ctx: Ctx, customer_id: int) -> int:
    return queries.standing_of(ctx, customer_id).score


def values(ctx: Ctx) -> dict[int, float]:
    """What everybody has now, not rounded."""
    statement = text(
        "select customer_id, value * exp(-rate * cast(extract(epoch from cast(:now as timestamptz) - as_of) as float8))"
        " from lifecycle_standing"
    )
    return {row[0]: row[1] for row in ctx.tx.execute(statement, {"now": ctx.now})}


def test_acts_give_points_that_halve(ctx: Ctx) -> None:
    ann, bob = people(ctx, "ann", "bob")
    actions.save_score_rule(ctx, name="填表", events={"type": "form_submitted"}, points=20)
    actions.save_score_rule(
        ctx, name="问价", events={"type": "message_received", "where": {"text": {"contains": "价"}}}, points=12
    )
    act(ctx, ann, "form_submitted", "f1")
    act(ctx, ann, "message_received", "m1", text="什么价格？")
    act(ctx, bob, "message_received", "m2", text="你好")
    react(ctx)
    assert (score(ctx, ann), score(ctx, bob)) == (32, 0)
    assert score(later(ctx, days=HALF), ann) == 16
    assert score(later(ctx, days=2 * HALF), ann) == 8
    gains = queries.gains(later(ctx, days=HALF), ann).items
    assert [(one.rule, one.points, round(one.worth)) for one in gains] == [("问价", 12, 6), ("填表", 20, 10)]
    react(ctx)
    assert score(ctx, ann) == 32, "an event counts once"


def test_caps_of_a_day_and_of_ever(ctx: Ctx) -> None:
    (ann,) = people(ctx, "ann")
    actions.save_score_rule(ctx, name="阅读", events={"type": "page_read"}, points=4, daily_cap=10, total_cap=21)
    for number in range(3):
        act(ctx, ann, "page_read", f"a{number}")
    react(ctx)
    assert [one.points for one in queries.gains(ctx, ann).items] == [2, 4, 4]
    act(ctx, ann, "page_read", "a3")
    react(ctx)
    assert len(queries.gains(ctx, ann).items) == 3
    for day in (1, 2):
        for number in range(3):
            act(later(ctx, days=day), ann, "page_read", f"{day}{number}")
        react(later(ctx, days=day))
    given = [one.points for one in queries.gains(ctx, ann).items]
    assert given[::-1] == [4, 4, 2, 4, 4, 2, 1], "10 a day, 21 ever"


def test_the_day_is_the_companys(ctx: Ctx) -> None:
    (ann,) = people(ctx, "ann")
    actions.save_score_rule(ctx, name="阅读", events={"type": "page_read"}, points=5, daily_cap=5)
    midnight = replace(ctx, now=ctx.now.astimezone(ctx.zone).replace(hour=0, minute=0, second=0))
    act(midnight, ann, "page_read", "before", ago=timedelta(microseconds=1))
    act(midnight, ann, "page_read", "after")
    act(ctx, ann, "page_read", "again")
    react(ctx)
    assert [one.points for one in queries.gains(ctx, ann).items] == [5, 5]


def test_points_taken_away_are_capped_too_and_never_show_below_zero(ctx: Ctx) -> None:
    (ann,) = people(ctx, "ann")
    actions.save_score_rule(ctx, name="投诉", events={"type": "complained"}, points=-30, total_cap=40)
    for number in range(3):
        act(ctx, ann, "complained", f"c{number}")
    react(ctx)
    assert [one.points for one in queries.gains(ctx, ann).items] == [-10, -30]
    assert score(ctx, ann) == 0
    actions.give_points(ctx, [ann], 50, why="called back")
    assert score(ctx, ann) == 10


def test_quiet_imports_and_what_rules_do_give_nothing(ctx: Ctx) -> None:
    (ann,) = people(ctx, "ann")
    actions.save_score_rule(ctx, name="填表", events={"type": "form_submitted"}, points=20)
    act(ctx, ann, "form_submitted", "quiet", quiet=True)
    react(ctx)
    assert score(ctx, ann) == 0
    for own in ("tag_added", "lifecycle_changed", "segment_entered"):
        with pytest.raises(SiyuError) as refused:
            actions.save_score_rule(ctx, name=own, events={"type": own}, points=1)
        assert (refused.value.code, refused.value.field) == ("bad_rule", "events.type")


@pytest.mark.parametrize(
    ("values", "code", "field"),
    [
        ({"points": 0}, "bad_rule", "points"),
        ({"points": 10_001}, "bad_rule", "points"),
        ({"points": 5, "daily_cap": 4}, "bad_rule", "daily_cap"),
        ({"points": -5, "total_cap": 4}, "bad_rule", "total_cap"),
        ({"name": "  "}, "bad_rule", "name"),
        ({"name": "x" * 61}, "bad_rule", "name"),
        ({"name": "taken"}, "rule_name_taken", "name"),
        ({"events": {"type": "a b"}}, "bad_condition", "events.type"),
        ({"events": {"type": "x", "within": "3d"}}, "bad_rule", "events.within"),
        ({"events": {"type": "x", "where": {"a": {"ge": "b"}}}}, "bad_condition", "events.where.a"),
        ({"events": ["x"]}, "bad_rule", "events"),
        ({"rule_id": 10**8}, "unknown_rule", "rule_id"),
    ],
)
def test_bad_rules_name_the_part(ctx: Ctx, values: dict[str, Any], code: str, field: str) -> None:
    actions.save_score_rule(ctx, name="taken", events={"type": "x"}, points=1)
    with pytest.raises(SiyuError) as refused:
        actions.save_score_rule(ctx, **{"name": "new", "events": {"type": "x"}, "points": 1, **values})
    assert (refused.value.code, str(refused.value.field).split(".ge")[0]) == (code, field)
    assert len(queries.score_rules(ctx)) == 1


ACTS = st.lists(
    st.tuples(st.integers(0, 2), st.sampled_from(["page_read", "complained"]), st.integers(0, 60 * 24 * 20)),
    min_size=1,
    max_size=12,
)


class _Undo(Exception):
    pass


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=ACTS, order=st.randoms(use_true_random=False), cut=st.integers(0, 12), merge=st.booleans())
def test_the_score_is_the_decayed_sum_in_any_order(
    ctx: Ctx, acts: list[Any], order: Any, cut: int, merge: bool
) -> None:
    try:
        with savepoint(ctx):
            who = people(ctx, "ann", "bob", "cid")
            actions.save_score_rule(ctx, name="读", events={"type": "page_read"}, points=7)
            actions.save_score_rule(ctx, name="怨", events={"type": "complained"}, points=-3)
            told = list(enumerate(acts))
            order.shuffle(told)
            for place, (number, (one, kind, minutes)) in enumerate(told):
                if place == cut:
                    react(ctx)
                    ctx = later(ctx, hours=5)
                act(ctx, who[one], kind, f"k{number}", ago=timedelta(minutes=minutes))
            react(ctx)
            if merge:
                customers.join(ctx, who[:2])
            react(ctx)
            rate = queries.rate(ctx)
            for one in who:
                summed = ctx.tx.execute(
                    text(
                        "select coalesce(sum(points * exp(-cast(:rate as float8)"
                        " * extract(epoch from cast(:now as timestamptz) - at))), 0)"
                        " from score_gain where customer_id = :c"
                    ),
                    {"rate": rate, "now": ctx.now, "c": one},
                ).scalar_one()
                assert abs(values(ctx).get(one, 0.0) - float(summed)) < 1e-9
            raise _Undo
    except _Undo:
        pass


def test_a_merge_adds_up_and_its_undoing_gives_back(ctx: Ctx) -> None:
    ann, bob = people(ctx, "ann", "bob")
    actions.save_score_rule(ctx, name="填表", events={"type": "form_submitted"}, points=20)
    act(ctx, ann, "form_submitted", "f1")
    act(ctx, bob, "form_submitted", "f2")
    react(ctx)
    made = customers.join(ctx, [ann, bob])
    react(ctx)
    assert score(ctx, ann) == score(ctx, bob) == 40
    assert [change[2] for change in changes(ctx)] == ["lead", "lead", "mql"]
    customers.undo(ctx, made)
    react(ctx)
    assert (score(ctx, ann), score(ctx, bob)) == (20, 20)
    assert queries.standing_of(ctx, ann).level == queries.standing_of(ctx, bob).level == "lead"


def test_an_erased_person_leaves_no_points(ctx: Ctx) -> None:
    (ann,) = people(ctx, "ann")
    actions.give_points(ctx, [ann], 50, why="fair")
    customers.erase(ctx, ann)
    react(ctx)
    for table in ("score_gain", "lifecycle_standing"):
        assert ctx.tx.execute(text(f"select count(*) from {table}")).scalar_one() == 0


BOUNDS = st.dictionaries(st.sampled_from(["eq", "ge", "gt", "le", "lt"]), st.integers(0, 45), min_size=1, max_size=2)
LEAVES = BOUNDS.map(lambda given: {"kind": "score", **given}) | st.lists(
    st.sampled_from(["fan", "lead", "mql", "sql"]), min_size=1, max_size=3
).map(lambda levels: {"kind": "lifecycle", "level": levels})


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    given_points=st.lists(st.sampled_from([-20, 1, 9, 10, 20, 40, 44]), min_size=1, max_size=5),
    asked=st.lists(LEAVES | LEAVES.map(lambda leaf: {"not": leaf}), min_size=3, max_size=3),
    steps=st.lists(st.sampled_from([timedelta(hours=7), timedelta(days=4), timedelta(days=45)]), max_size=3),
)
def test_sql_memory_and_stored_membership_agree_as_time_goes_on(
    ctx: Ctx, given_points: list[int], asked: list[Any], steps: list[timedelta]
) -> None:
    try:
        with savepoint(ctx):
            who = people(ctx, *(f"p{number}" for number in range(len(given_points) + 1)))
            conditions = [segment_queries.parse(ctx, one) for one in asked]
            saved = [segments.save(ctx, name=f"s{n}", condition=one) for n, one in enumerate(asked)]
            for one, points in zip(who, given_points, strict=False):
                actions.give_points(ctx, [one], points, why="x")
                act(ctx, one, "message_received", f"m{one}")
            react(ctx)
            for step in [timedelta(0), *steps]:
                ctx = replace(ctx, now=ctx.now + step)
                react(ctx)
                for condition, segment_id in zip(conditions, saved, strict=True):
                    facts = segment_queries.facts(ctx, condition, ids_of(who))
                    memory = {
                        one for one in who if segment_queries.evaluate(condition, facts[one], ctx.now, ctx.zone).result
                    }
                    assert set(ctx.tx.execute(compiled.members(ctx, condition)).scalars()) == memory
                    assert set(ctx.tx.execute(segment_queries.members(ctx, segment_id)).scalars()) == memory
            raise _Undo
    except _Undo:
        pass


def test_another_half_life_counts_everybody_anew(ctx: Ctx) -> None:
    ann, bob = people(ctx, "ann", "bob")
    actions.give_points(ctx, [ann], 44, why="fair")
    segment_id = segments.save(ctx, name="热", condition={"kind": "score", "ge": 30})
    week = later(ctx, days=7)
    react(week)
    assert set(week.tx.execute(segment_queries.members(week, segment_id)).scalars()) == {ann}
    actions.save_ladder(week, replace(DEFAULT, half_life_days=7))
    assert queries.sweep(week) is not None
    react(week)
    assert queries.sweep(week) is None
    assert score(week, ann) == 22
    assert queries.standing_of(week, ann).level == "lead"
    assert changes(week)[-1] == (ann, "mql", "lead", 22, "ladder")
    assert set(week.tx.execute(segment_queries.members(week, segment_id)).scalars()) == set()
    actions.save_ladder(week, Ladder((Level("new", "新"),), None, 0))
    react(week)
    assert (score(week, ann), queries.standing_of(week, ann).level) == (44, "new")
    assert queries.standing_of(week, bob).level == "new"
