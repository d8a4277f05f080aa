"""Profiles as projections of facts: which source wins, what concurrent writers leave, touches, owner, types."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, select

from siyu.customers import actions, queries
from siyu.customers.attributes import checked
from siyu.customers.types import (
    AttributeType,
    BadAttribute,
    Definition,
    Follow,
    Identity,
    Record,
    Touch,
    Unfollow,
)
from siyu.kernel.clock import VirtualClock, machine
from siyu.kernel.ctx import SYSTEM, Actor, Ctx
from siyu.kernel.db import ids_of, transaction
from siyu.team import actions as team
from tests.support.world import ZONE, World

ONE = Identity("unionid", "u1")


def arrive(ctx: Ctx, source: str, minutes: int, touch: Touch | None = None, **values: object) -> int:
    at = ctx.now - timedelta(minutes=minutes)
    (customer_id,) = actions.identify(ctx, [Record(source, f"{source}{minutes}", (ONE,), at, values, touch)])
    return customer_id


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.permutations([("a", 30, "甲"), ("b", 20, "乙"), ("a", 10, "丙"), ("c", 10, "丁"), ("b", 10, "戊")]))
def test_the_shown_value_does_not_depend_on_the_order_of_arrival(ctx: Ctx, order: list[tuple[str, int, str]]) -> None:
    savepoint = ctx.tx.begin_nested()
    ids = [arrive(ctx, one, minutes, Touch("link", f"{one}{minutes}"), city=city) for one, minutes, city in order]
    one = ids[0]
    shown = queries.profile(ctx, one)
    assert shown.attributes["city"] == "丙"  # the latest, of equally late the first source
    assert shown.first_touch is not None
    assert shown.latest_touch is not None
    assert (shown.first_touch.code, shown.latest_touch.code) == ("a30", "c10")
    savepoint.rollback()


def test_what_is_edited_by_hand_stays_until_emptied_by_hand(ctx: Ctx) -> None:
    one = arrive(ctx, "a", 5, city="杭州")
    hand = ctx.acting(Actor("staff", "staff:7", 7))
    actions.set_attributes(hand, ids_of([one]), {"city": "苏州"}, why="")
    later = replace(ctx, now=ctx.now + timedelta(hours=1))
    arrive(later, "a", 0, city="上海")
    actions.set_attributes(later, ids_of([one]), {"city": "北京", "region": "江苏"}, why="journey:1/mark")
    assert queries.profile(ctx, one).attributes == {"city": "苏州", "region": "江苏"}
    written = {row.name: (row.source, row.actor) for row in queries.provenance(ctx, one)}
    assert written == {"city": ("hand", "staff:7"), "region": ("journey:1/mark", "system")}
    actions.set_attributes(replace(later, actor=hand.actor), ids_of([one]), {"city": None}, why="")
    assert "city" not in queries.profile(ctx, one).attributes


Write = Callable[[Ctx, int], object]
TOGETHER: list[tuple[Write, Write]] = [
    (
        lambda ctx, one: actions.set_attributes(ctx, ids_of([one]), {"city": "杭州"}, why="x"),
        lambda ctx, one: actions.set_attributes(ctx, ids_of([one]), {"region": "浙江"}, why="x"),
    ),
    (
        lambda ctx, one: actions.follow(ctx, [Follow(one, "oa", 1, ctx.now)]),
        lambda ctx, one: actions.opt_out(ctx, ids_of([one]), "TD"),
    ),
]


@pytest.mark.parametrize("writes", [*TOGETHER, *((second, first) for first, second in TOGETHER)])
def test_of_two_workers_that_write_about_one_person_none_undoes_the_other(
    world: World, engine: Engine, clock: VirtualClock, writes: tuple[Write, Write]
) -> None:
    with world.open() as ctx:
        one = arrive(ctx, "a", 5)
    waiting = "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"

    def second() -> None:
        with transaction(engine, clock, SYSTEM, ZONE) as ctx:
            writes[1](ctx, one)

    with ThreadPoolExecutor(1) as pool:
        with transaction(engine, clock, SYSTEM, ZONE) as ctx:
            writes[0](ctx, one)
            done = pool.submit(second)
            until = machine() + 30
            while not world.value(waiting):
                assert machine() < until, "the second worker never came to wait for the first"
        done.result(30)
    with world.open() as ctx:
        shown = queries.profile(ctx, one)
    if writes in TOGETHER[:1] or writes[::-1] in TOGETHER[:1]:
        assert shown.attributes == {"city": "杭州", "region": "浙江"}
    else:
        assert shown.contact_consent
        assert shown.opted_out_at is not None


def test_the_first_follow_gives_an_owner_and_a_late_callback_changes_nothing(ctx: Ctx) -> None:
    lin = team.add_staff(ctx, name="林", roles=["sales"], userid="lin")
    team.add_staff(ctx, name="何", roles=["sales"], userid="he")
    one = arrive(ctx, "wecom:1", 5)
    at = ctx.now
    actions.follow(
        ctx,
        [Follow(one, "wecom", 1, at, "lin", remark="展会"), Follow(one, "wecom", 1, at + timedelta(minutes=1), "he")],
    )
    actions.unfollow(ctx, [Unfollow(one, "wecom", 1, at + timedelta(hours=1), "lin")])
    actions.follow(ctx, [Follow(one, "wecom", 1, at, "lin")])  # the callback comes again, late
    shown = queries.profile(ctx, one)
    assert shown.owner_id == lin
    relations = {(row.staff, row.following, row.remark) for row in shown.follows}
    assert relations == {("lin", False, "展会"), ("he", True, None)}
    assert shown.contact_consent


@pytest.mark.parametrize(
    ("kind", "value", "stored"),
    [
        ("int", 5, 5),
        ("int", "5", None),
        ("int", True, None),
        ("number", 1.5, 1.5),
        ("number", float("nan"), None),
        ("bool", False, False),
        ("date", "2026-02-28", "2026-02-28"),
        ("date", "2026-02-30", None),
        ("time", "2026-03-02T09:00:00+08:00", "2026-03-02T01:00:00.000000+00:00"),
        ("time", "2026-03-02T09:00:00", None),
        ("money", {"amount": 100, "currency": "CNY"}, {"amount": 100, "currency": "CNY"}),
        ("money", {"amount": 1.5, "currency": "CNY"}, None),
        ("enum", "a", "a"),
        ("enum", "c", None),
        ("text", " 好 ", "好"),
        ("text", 7, None),
    ],
)
def test_values_fit_their_type_or_are_refused(kind: AttributeType, value: Any, stored: Any) -> None:
    definition = Definition("x", "X", kind, ("a", "b") if kind == "enum" else ())
    if stored is None:
        with pytest.raises(BadAttribute) as raised:
            checked(definition, value, "attributes.x")
        assert raised.value.field == "attributes.x"
    else:
        assert checked(definition, value, "attributes.x") == stored


def test_custom_attributes_are_typed_expressions(ctx: Ctx) -> None:
    kinds: dict[str, tuple[AttributeType, Any]] = {
        "visits": ("int", 3),
        "since": ("time", "2026-03-01T00:00:00Z"),
        "paid": ("money", {"amount": 900, "currency": "CNY"}),
    }
    for name, (kind, _) in kinds.items():
        actions.define_attribute(ctx, name, name, kind)
    one = arrive(ctx, "a", 1, **{name: value for name, (_, value) in kinds.items()})
    rows = queries.customer.alias("c")
    found = select(rows.c.customer_id).where(
        queries.attribute(ctx, "visits", rows).expression > 2,
        queries.attribute(ctx, "since", rows).expression < ctx.now,
        queries.attribute(ctx, "paid", rows).expression == 900,
    )
    assert list(ctx.tx.execute(found).scalars()) == [one]
