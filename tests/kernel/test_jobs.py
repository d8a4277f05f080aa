"""The phases of work that calls out: what was answered is recorded although the server went away meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from siyu.kernel.ctx import Ctx
from siyu.kernel.jobs import Phased
from tests.support.world import World


def _phased(world: World, dies: Callable[[int], str]) -> tuple[Phased[str, str], list[str]]:
    """Work whose recording loses its connection: before it writes, after it, or never. What was done, in order."""
    done: list[str] = []

    def act(work: str, _: Any) -> str:
        done.append("act")
        return work

    def record(ctx: Ctx, _: str, answer: str) -> None:
        done.append("record")
        where = dies(done.count("record"))
        if where == "before":
            ctx.tx.execute(text("select pg_terminate_backend(pg_backend_pid())"))
        ctx.tx.execute(text("select pg_advisory_xact_lock(1)"))
        ctx.tx.execute(
            text(
                "insert into audit_log (at, actor, action, object_kind, object_id, detail)"
                " values (:at, 'test', :answer, 'x', '1', '{}')"
            ),
            {"at": ctx.now, "answer": answer},
        )
        if where == "after":
            pid = ctx.tx.execute(text("select pg_backend_pid()")).scalar_one()
            with world.engine.connect() as other:
                other.execute(text("select pg_terminate_backend(:pid, 5000)"), {"pid": pid})

    return Phased("test", lambda _: "answered", act, record), done


def _written(world: World) -> int:
    return int(world.value("select count(*) from audit_log where action = 'answered'"))


def test_an_answer_is_recorded_although_the_connection_was_lost(world: World) -> None:
    phased, done = _phased(world, lambda attempt: "before" if attempt < 3 else "")
    assert world.run(phased, {})
    assert done == ["act", "record", "record", "record"]
    assert _written(world) == 1


def test_after_the_commit_was_asked_for_nothing_is_repeated(world: World) -> None:
    phased, done = _phased(world, lambda _: "after")
    with pytest.raises(DBAPIError):
        world.run(phased, {})
    assert done == ["act", "record"]
    assert _written(world) == 0


def test_a_server_that_stays_away_is_given_up(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("siyu.kernel.jobs.WAITS", (0.0, 0.0))
    phased, done = _phased(world, lambda _: "before")
    with pytest.raises(DBAPIError):
        world.run(phased, {})
    assert done.count("record") == 3
