"""The transaction edge and the fixtures that every other test stands on."""

from dataclasses import replace

import pytest
from sqlalchemy import text

from siyu.kernel import audit, notices
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import TransactionOpen, forbid_transaction, ids_of
from tests.support.statements import Statements
from tests.support.world import START, World


@pytest.mark.parametrize("turn", [1, 2])
def test_each_test_starts_empty(world: World, turn: int) -> None:
    with world.open() as ctx:
        assert notices.pending(ctx) == 0
        notices.write(ctx, "kernel.tried", turn=turn)
    assert world.value("select count(*) from notice") == 1


@pytest.mark.parametrize("turn", [1, 2])
def test_ctx_is_rolled_back(ctx: Ctx, turn: int) -> None:
    assert ctx.now == START
    assert notices.pending(ctx) == 0
    notices.write(ctx, "kernel.tried", turn=turn)
    assert notices.pending(ctx) == 1


def test_an_error_leaves_nothing_behind(world: World) -> None:
    with pytest.raises(RuntimeError, match="halfway"), world.open() as ctx:
        audit.record(ctx, "kernel.tried", "thing", 1)
        raise RuntimeError("halfway")
    assert world.value("select count(*) from audit_log") == 0


def test_calling_out_is_refused_while_a_transaction_is_open(world: World) -> None:
    forbid_transaction()
    with world.open(), pytest.raises(TransactionOpen):
        forbid_transaction()
    forbid_transaction()


def test_time_is_the_clock(world: World) -> None:
    world.wait(hours=3)
    with world.open() as ctx:
        audit.record(replace(ctx), "kernel.tried", "thing", 1)
    assert (world.value("select at from audit_log") - START).total_seconds() == 3 * 3600


def test_statements_are_counted_per_row_of_an_executemany(ctx: Ctx, statements: Statements) -> None:
    assert sorted(ctx.tx.execute(ids_of([3, 1, 2])).scalars()) == [1, 2, 3]
    assert statements.count == 1
    statements.reset()
    ctx.tx.execute(text("select :x"), [{"x": 1}, {"x": 2}, {"x": 3}])
    assert statements.count == 3


def test_the_application_is_not_superuser(ctx: Ctx) -> None:
    assert ctx.tx.execute(text("show is_superuser")).scalar_one() == "off"
    assert ctx.tx.execute(text("select cardinality(show_trgm('企业微信'))")).scalar_one() > 0
