"""A condition means the same over the population, over a set and in memory, at any time (ARCHITECTURE.md section 5)."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from siyu.kernel.ctx import Ctx
from siyu.kernel.db import ids_of, savepoint
from siyu.segments import compile as compiled
from siyu.segments import queries
from tests.segments.populations import Names, People, conditions, define, leaves, peoples, settle

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
