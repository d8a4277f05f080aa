"""The transaction edge and the fixtures that every other test stands on."""

from dataclasses import replace

import pytest
from sqlalchemy import text

from siyu.kernel import audit, db, notices
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import TransactionOpen, forbid_transaction, ids_of, metadata
from siyu.kernel.probes import answer
from tests.support.statements import Statements
from tests.support.world import START, World


@pytest.mark.parametrize("turn", [1, 2])
def test_each_test_starts_empty(world: World, turn: int) -> None:
    with world.open() as ctx:
        assert answer(ctx, notices.PENDING) == 0
        notices.write(ctx, "kernel.tried", turn=turn)
    assert world.value("select count(*) from notice") == 1


@pytest.mark.parametrize("turn", [1, 2])
def test_ctx_is_rolled_back(ctx: Ctx, turn: int) -> None:
    assert ctx.now == START
    assert answer(ctx, notices.PENDING) == 0
    notices.write(ctx, "kernel.tried", turn=turn)
    assert answer(ctx, notices.PENDING) == 1


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


def test_a_connection_whose_server_went_away_while_it_rested_is_not_handed_out(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = db.engine_for(world.engine.url.render_as_string(hide_password=False), pool=1)
    try:
        with engine.begin() as tx:
            pid = tx.execute(text("select pg_backend_pid()")).scalar_one()
        world.value(f"select pg_terminate_backend({pid}, 5000)")
        monkeypatch.setattr(db, "RESTED_SECONDS", 0.0)
        with engine.begin() as tx:
            assert tx.execute(text("select pg_backend_pid()")).scalar_one() != pid
    finally:
        engine.dispose()


def test_a_table_that_grew_by_a_wave_is_known_to_the_planner_at_once(world: World) -> None:
    def known() -> float:
        return float(world.value("select reltuples from pg_class where oid = 'notice'::regclass"))

    with world.open() as ctx:
        for _ in range(db.WAVE):
            notices.write(ctx, "kernel.tried")
        db.keep_statistics(ctx, metadata.tables["notice"], db.WAVE - 1)
        before = known()
        db.keep_statistics(ctx, metadata.tables["notice"], db.WAVE)
    assert before < db.WAVE <= known()
