"""Arms: the rule in Python and in SQL, stickiness, merges."""

from collections import Counter

import pytest
from sqlalchemy import select

from siyu.experiments import actions, queries
from siyu.experiments.arms import arm, arm_sql, held_out, held_out_sql
from siyu.experiments.types import Arm, BadArms
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import ids_of

ARMS = (Arm("a", 1), Arm("b", 3), Arm("c", 6))


def test_python_and_sql_agree_over_ten_thousand_ids(ctx: Ctx) -> None:
    ids = [*range(1, 9_990), 2**31 - 1, *range(1_000_000_000, 1_000_000_010)]
    people = ids_of(ids).subquery("people")
    name = "subject: 电子书"
    rows = ctx.tx.execute(
        select(
            people.c.customer_id,
            arm_sql(name, people.c.customer_id, ARMS),
            held_out_sql("x", people.c.customer_id, 50),
        )
    ).all()
    assert {row[0]: (row[1], row[2]) for row in rows} == {n: (arm(name, n, ARMS), held_out("x", n, 50)) for n in ids}
    shares = Counter(row[1] for row in rows)
    assert shares["a"] == pytest.approx(1_000, rel=0.1)
    assert shares["b"] == pytest.approx(3_000, rel=0.1)
    assert sum(row[2] for row in rows) == pytest.approx(500, rel=0.15)


def test_an_arm_once_given_stays_when_weights_change(ctx: Ctx) -> None:
    assert actions.assign(ctx, "x", ids_of(range(1, 101)), [Arm("a", 1)]) == 100
    assert actions.assign(ctx, "x", ids_of(range(1, 201)), [Arm("b", 1)]) == 100
    assert queries.counts(ctx, "x") == {"a": 100, "b": 100}


def test_a_merge_keeps_the_older_arm_and_a_split_gives_both_back(ctx: Ctx) -> None:
    actions.assign(ctx, "x", ids_of([7]), [Arm("a", 1)])
    actions.assign(ctx, "x", ids_of([3]), [Arm("b", 1)])
    actions.move(ctx, [(7, 7, 3)])
    assert queries.counts(ctx, "x") == {"b": 1}  # equal times: the lower origin counts
    actions.move(ctx, [(7, 3, 7)])
    assert {row.customer_id: row.arm for row in ctx.tx.execute(queries.arms("x"))} == {7: "a", 3: "b"}


@pytest.mark.parametrize("arms", [[], [Arm("a", 1), Arm("a", 1)], [Arm("a", 0)]])
def test_unusable_arms_are_refused(ctx: Ctx, arms: list[Arm]) -> None:
    with pytest.raises(BadArms) as caught:
        actions.assign(ctx, "x", ids_of([1]), arms)
    assert caught.value.code == "bad_arms"
