"""Old events are dropped month by month, and nothing that must stay depends on them."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text

from siyu.customers import actions, jobs
from siyu.customers.store import ensure_partitions
from siyu.customers.types import Identity, NewEvent, NewOrder, Record, Touch
from siyu.kernel.db import lock
from siyu.kernel.probes import answer
from tests.support.waiting import until
from tests.support.world import World

OLD, OLDER, OLDEST = (datetime(year, 1, 15, tzinfo=UTC) for year in (2022, 2021, 2019))


@pytest.fixture(autouse=True)
def _as_before(engine: Engine) -> Iterator[None]:
    """The months that a test makes are not left to the next one."""
    yield
    with engine.begin() as connection:
        names = connection.execute(text("select relname from pg_class where relname ~ '^event_[0-9]{6}$'")).scalars()
        for name in list(names):
            connection.execute(text(f"drop table {name}"))


def _months(world: World) -> set[str]:
    return {
        row[0]
        for row in world.rows("select inhrelid::regclass::text from pg_inherits where inhparent = 'event'::regclass")
    }


def _events(world: World) -> list[Any]:
    return [row[0] for row in world.rows("select distinct key from event where type = 'web_visited' order by key")]


def _lived(world: World) -> int:
    """A customer who came, ordered and read years ago; of 2022 and 2021 there are partitions, of 2019 none."""
    with world.open() as ctx:
        for at in (OLD, OLDER):
            ensure_partitions(ctx.tx, at)
        phone = Identity("phone", "13900000001")
        came = Record("crm", "1", (Identity("unionid", "u1"), phone), OLD, {"name": "王芳"}, Touch("url", "spring", {}))
        [one] = actions.identify(ctx, [came])
        read = [NewEvent("web", f"{at.year}", "web_visited", at, one) for at in (OLDEST, OLDER, OLD)]
        actions.record(ctx, read, imported=True)
        actions.save_orders(ctx, [NewOrder("shop", "A1", one, 9900, "CNY", "paid", OLD, OLD)])
    return int(one)


def _work(world: World) -> int:
    """Housekeeping that is due now; how many ticks it took."""
    ticks = 0
    while True:
        with world.open() as ctx:
            at = answer(ctx, jobs.DUE)
            if at is not None and at > ctx.now:
                return ticks
            jobs.tick(ctx, 1000)
        ticks += 1


def test_old_months_go_one_by_one_and_what_must_stay_stays(world: World) -> None:
    _lived(world)
    profile = world.rows("select name, phone, source_kind, source_code, source_at from customer")
    active = world.value("select last_activity_at from customer_activity")
    assert active == OLD
    _work(world)
    dropped = {f"event_{month}" for month in (202012, 202101, 202102, 202103, 202112, 202201, 202202, 202203)}
    assert dropped - _months(world) == {"event_202012"}, "one month in one go"
    for _ in range(10):
        world.wait(minutes=11)
        _work(world)
    world.wait(days=2)
    _work(world)
    assert not {name for name in _months(world) if name < "event_202303" and name != "event_rest"}
    assert _events(world) == []
    assert world.rows("select name, phone, source_kind, source_code, source_at from customer") == profile
    assert world.value("select count(*) from customer_order where order_no = 'A1' and amount = 9900") == 1
    assert world.value("select last_activity_at from customer_activity") == active
    told = [
        row[0]
        for row in world.rows("select object_id from audit_log where action = 'customers.drop_events' order by 1")
    ]
    assert told == sorted(set(told)), "each month is told once"
    assert set(told) == dropped
    assert world.value("select count(*) from notice where kind = 'customers.events_dropped'") == len(told)


def test_an_activity_that_no_event_tells_of_any_more_survives_a_merge_and_its_undoing(world: World) -> None:
    _lived(world)
    for _ in range(14):
        _work(world)
        world.wait(minutes=11)
    world.wait(days=2)
    _work(world)
    assert _events(world) == []
    with world.open() as ctx:
        [other] = actions.identify(ctx, [Record("app", "2", (Identity("oa_openid", "o1", "7"),), ctx.now)])
        actions.identify(
            ctx, [Record("app", "3", (Identity("oa_openid", "o1", "7"), Identity("unionid", "u1")), ctx.now)]
        )
    [(home,)] = world.rows("select customer_id from customer where status = 'active'")
    assert home != other
    assert world.value(f"select last_activity_at from customer_activity where customer_id = {home}") == OLD


def test_a_writer_that_holds_the_timeline_puts_dropping_off(world: World) -> None:
    _lived(world)
    with world.open() as ctx:
        ctx.tx.exec_driver_sql("lock table event in row exclusive mode")
        before = _months(world)
        with world.open() as other:
            jobs.tick(other, 1000)
            at = answer(other, jobs.DUE)
        assert at == world.now + jobs.SOON
        assert _months(world) >= before - {"event_rest"}
    world.wait(minutes=11)
    _work(world)
    assert "event_202012" not in _months(world)


def test_recent_events_stay(world: World) -> None:
    with world.open() as ctx:
        [one] = actions.identify(ctx, [Record("crm", "1", (Identity("unionid", "u1"),), ctx.now)])
        kept = datetime(2023, 3, 1, tzinfo=UTC)
        actions.record(
            ctx,
            [
                NewEvent("web", "kept", "web_visited", kept, one),
                NewEvent("web", "gone", "web_visited", kept - timedelta(seconds=1), one),
            ],
            imported=True,
        )
    _work(world)
    assert _events(world) == ["gone", "kept"], "not on the day they came"
    world.wait(days=2)
    _work(world)
    assert _events(world) == ["kept"]


def test_two_workers_who_find_it_due_at_once_make_the_months_once(world: World) -> None:
    def work() -> int:
        with world.open() as ctx:
            return jobs.tick(ctx, 1000)

    waiting = "select count(*) from pg_locks where locktype = 'advisory' and not granted"
    with ThreadPoolExecutor(2) as pool:
        with world.open() as ctx:
            lock(ctx, "customers.housekeeping")
            both = [pool.submit(work) for _ in range(2)]
            until(lambda: world.value(waiting) == 2, "both wait")
        done = [one.result(30) for one in both]
    assert sorted(done) == [0, 4]
    assert len(_months(world)) == 5
