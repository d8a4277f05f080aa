"""Several people and several workers at one import: each step happens once, and none is forgotten."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

import pytest

from siyu.customers.importing import actions, jobs
from siyu.customers.importing.types import ImportState
from tests.customers_importing.desk import Desk
from tests.support.world import World


def _file(count: int) -> bytes:
    return "\n".join(["姓名,手机", *(f"客户{n},138{n:08d}" for n in range(count))]).encode()


def test_clicks_and_workers_at_once_apply_an_import_exactly_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "CHUNK", 25)
    desk = Desk.of(world)
    for attempt in range(3):
        shown = desk.upload(_file(110))
        desk.mapped(shown)
        import_id, ready, over = shown["import_id"], Barrier(5), Event()

        def clicking(verb: str, import_id: int = import_id, ready: Barrier = ready) -> int:
            """Somebody who presses the button again until it takes, or until somebody else's press has taken."""
            ready.wait(10)
            while True:
                try:
                    with world.open() as ctx:
                        getattr(actions, verb)(ctx, import_id)
                        return 1
                except ImportState as error:
                    detail = error.detail or {}
                    if verb == "check" or detail.get("state") in ("applying", "complete"):
                        return 0

        def working(over: Event = over, ready: Barrier = ready) -> None:
            ready.wait(10)
            while not over.is_set():
                with world.open() as ctx:
                    jobs.tick(ctx, 1000)

        with ThreadPoolExecutor(5) as pool:
            workers = [pool.submit(working) for _ in range(2)]
            clicks = [pool.submit(clicking, verb) for verb in ("check", "apply", "apply")]
            assert sorted(one.result(60) for one in clicks) == [0, 1, 1]
            over.set()
            for one in workers:
                one.result(60)
        desk.work()
        done = desk.shown(import_id)
        assert (done["state"], done["progress"]["done"], done["counts"]["customers"]) == ("complete", 110, 110)
        assert done["counts"]["created"] == (110 if attempt == 0 else 0)


def test_an_import_whose_rows_are_being_forgotten_cannot_be_applied_any_more(world: World) -> None:
    desk = Desk.of(world)
    shown = desk.upload(_file(30))
    desk.mapped(shown)
    path = f"/api/imports/{shown['import_id']}"
    assert desk.step(shown["import_id"], "check")["state"] == "checked"
    world.wait(hours=25)
    left = 30
    for _ in range(40):
        with world.open() as ctx:
            jobs.tick(ctx, 4)
        left = world.value("select count(*) from import_row")
        if left < 30:
            break
    assert 0 < left < 30, "some rows are gone, not all"
    assert desk.shown(shown["import_id"])["state"] == "cancelled"
    answer = desk.client.post(f"{path}/apply")
    assert (answer.status_code, answer.json()["code"]) == (409, "import_state")
    desk.work()
    assert world.value("select count(*) from import_row") == 0
    assert world.value("select count(*) from customer") == 0
