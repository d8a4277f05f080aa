"""A condition means the same over the population, over a set and in memory, at any time (ARCHITECTURE.md section 5)."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import DateTime, Integer, select

from siyu.kernel.ctx import Ctx
from siyu.kernel.db import ids_of, savepoint, unnest
from siyu.kernel.errors import BadTime
from siyu.segments import compile as compiled
from siyu.segments import queries
from siyu.segments.types import BadCondition, UnknownCondition
from tests.segments.populations import (
    AGES,
    Names,
    People,
    conditions,
    define,
    entered_conditions,
    leaves,
    peoples,
    settle,
)

STEPS = [
    timedelta(0),
    timedelta(microseconds=1),
    timedelta(hours=6),
    timedelta(hours=15),
    timedelta(days=30),
    timedelta(days=363),
]


FOUR = st.lists(conditions, min_size=4, max_size=4)


class _Undo(Exception):
    pass


def _ids(ctx: Ctx, statement: Any) -> set[int]:
    return set(ctx.tx.execute(statement).scalars())


@pytest.fixture
def names(ctx: Ctx) -> Names:
    return define(ctx)


@settings(max_examples=35, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    people=peoples(), asked=st.lists(conditions, min_size=4, max_size=4), step=st.sampled_from(STEPS), data=st.data()
)
def test_population_set_and_memory_agree(
    ctx: Ctx, names: Names, people: People, asked: list[dict[str, Any]], step: timedelta, data: st.DataObject
) -> None:
    try:
        with savepoint(ctx):
            ids = settle(ctx, people, names)
            ctx = replace(ctx, now=ctx.now + step)
            some = data.draw(st.lists(st.sampled_from(ids), unique=True))
            for given_json in asked:
                condition = queries.parse(ctx, names.real(given_json))
                assert queries.load(queries.dump(condition)) == condition
                assert queries.parse(ctx, queries.named(ctx, condition)) == condition
                facts = queries.facts(ctx, condition, ids_of(ids))
                memory = {one for one in ids if queries.evaluate(condition, facts[one], ctx.now, ctx.zone).result}
                assert _ids(ctx, queries.select_members(ctx, condition)) == memory
                assert _ids(ctx, queries.within(ctx, condition, ids_of(some))) == memory & set(some)
            raise _Undo
    except _Undo:
        pass


@settings(max_examples=35, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    people=peoples(),
    asked=st.lists(entered_conditions, min_size=4, max_size=4),
    entered=st.lists(st.none() | st.sampled_from(AGES), min_size=5, max_size=5),
    step=st.sampled_from(STEPS),
)
def test_set_and_memory_agree_since_each_persons_entering(
    ctx: Ctx,
    names: Names,
    people: People,
    asked: list[dict[str, Any]],
    entered: list[timedelta | None],
    step: timedelta,
) -> None:
    try:
        with savepoint(ctx):
            ids = settle(ctx, people, names)
            moments = [None if age is None else ctx.now - age for age, _ in zip(entered, ids, strict=False)]
            rows = unnest("e", customer_id=(Integer(), ids), since=(DateTime(timezone=True), moments))
            who: Any = select(rows.c.customer_id, rows.c.since)
            ctx = replace(ctx, now=ctx.now + step)
            for given_json in asked:
                condition = queries.parse(ctx, names.real(given_json), entered=True)
                assert queries.load(queries.dump(condition)) == condition
                facts = queries.facts(ctx, condition, who)
                memory = {one for one in ids if queries.evaluate(condition, facts[one], ctx.now, ctx.zone).result}
                assert _ids(ctx, queries.within(ctx, condition, who)) == memory
            raise _Undo
    except _Undo:
        pass


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(asked=conditions, place=st.integers(0, 30))
def test_what_is_accepted_with_a_null_in_it_can_be_read_again(
    ctx: Ctx, names: Names, asked: dict[str, Any], place: int
) -> None:
    spoilt = list(_with_a_null(names.real(asked)))
    given_json = spoilt[place % len(spoilt)] if spoilt else {"all": [None]}
    try:
        condition = queries.parse(ctx, given_json)
    except (BadCondition, UnknownCondition, BadTime):
        return
    assert queries.load(queries.dump(condition)) == condition
    assert queries.parse(ctx, queries.named(ctx, condition)) == condition


def _with_a_null(data: Any) -> Iterator[Any]:
    """The same JSON with each one of its values in turn replaced by null."""
    places: Iterable[tuple[Any, Any]] = data.items() if isinstance(data, dict) else enumerate(data)
    for key, value in places:
        for other in (None, *(_with_a_null(value) if isinstance(value, dict | list) else ())):
            changed = data.copy()
            changed[key] = other
            yield changed


@settings(max_examples=35, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(people=peoples(), asked=st.lists(leaves, min_size=4, max_size=4), step=st.sampled_from(STEPS[1:]))
def test_time_changes_only_who_is_said_to_change(
    ctx: Ctx, names: Names, people: People, asked: list[dict[str, Any]], step: timedelta
) -> None:
    try:
        with savepoint(ctx):
            ids = settle(ctx, people, names)
            later = replace(ctx, now=ctx.now + step)
            for given_json in asked:
                condition = queries.parse(ctx, names.real(given_json))
                before = _ids(ctx, queries.select_members(ctx, condition))
                after = _ids(later, queries.select_members(later, condition))
                moved = compiled.changed(later, condition, ctx.now)
                said = _ids(later, moved) if moved is not None else set[int]()
                assert before ^ after <= said & set(ids)
                due = queries.next_change(ctx, condition)
                if before != after:
                    assert due is not None
                    assert due <= later.now + timedelta(seconds=1)
                assert due is None or due > ctx.now
            raise _Undo
    except _Undo:
        pass
