"""Workers: a failing room is parked and tried again, the others go on; shares of several workers never overlap."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier, Event, Lock

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError

from siyu.customers import actions as customers
from siyu.customers.types import Identity, NewEvent, Record
from siyu.kernel import audit, notices
from siyu.kernel.clock import VirtualClock
from siyu.kernel.ctx import Ctx
from siyu.kernel.jobs import Phased, Pulse
from siyu.kernel.notices import Notice
from siyu.runtime import queries, worker
from siyu.runtime.house import House
from siyu.runtime.rooms import Room
from tests.support.installation import settled
from tests.support.waiting import until
from tests.support.world import ZONE, World


@pytest.fixture
def house(engine: Engine, clock: VirtualClock, tmp_path: Path) -> Iterator[House]:
    with settled(tmp_path):
        yield House(engine, clock, ZONE)


class Listener:
    """A room that counts what it is handed; it writes a row, then fails so many times. What counts is the row."""

    def __init__(self, name: str, failures: int = 0) -> None:
        self.seen: Counter[int] = Counter()
        self.noticed: Counter[int] = Counter()
        self.failures = failures
        self.tries = 0
        self._guard = Lock()
        self.room = Room(name, self.pulse, self.notice, None, None, (), ())

    def pulse(self, ctx: Ctx, pulse: Pulse) -> None:
        audit.record(ctx, f"pulse of {self.room.name}", "room", self.room.name)
        self._fail()
        with self._guard:
            self.seen.update(event.event_id for event in pulse.events)

    def notice(self, ctx: Ctx, taken: Sequence[Notice]) -> None:
        audit.record(ctx, f"notice of {self.room.name}", "room", self.room.name)
        self._fail()
        with self._guard:
            self.noticed.update(notice.notice_id for notice in taken)

    def _fail(self) -> None:
        self.tries += 1
        if self.tries <= self.failures:
            raise ValueError(f"{self.room.name} fails")


def _happen(house: House, count: int) -> list[int]:
    """So many people to whom something happens each; all earlier events are out of the way."""
    with house.open() as ctx:
        records = [
            Record("crm", f"C-{number}", (Identity("crm_id", f"C-{number}", "crm"),), ctx.now)
            for number in range(count)
        ]
        ids = customers.identify(ctx, records)
        while customers.take_pulse(ctx, 0, 256, 5_000).events:
            pass
        customers.record(ctx, [NewEvent("test", f"e{one}", "store_visited", ctx.now, one) for one in ids])
    return ids


def _reactions(world: World) -> Counter[str]:
    return Counter(row.action for row in world.rows("select action from audit_log where object_kind = 'room'"))


def _retry_now(house: House) -> None:
    with house.open() as ctx:
        ctx.tx.execute(text("update parked_work set retry_machine = 0"))


def test_a_failing_room_is_parked_alone_and_tried_again_with_the_same_events(house: House, world: World) -> None:
    first, broken, last = Listener("first"), Listener("broken", failures=3), Listener("last")
    rooms = [one.room for one in (first, broken, last)]
    _happen(house, 5)
    assert worker.pulse_round(house, rooms=rooms)
    assert len(first.seen) == 5
    assert set(first.seen) == set(last.seen)
    assert _reactions(world) == {"pulse of first": 1, "pulse of last": 1}, "what the failing room wrote is gone"
    with house.open() as ctx:
        (share,) = queries.parked(ctx)
    assert (share.room, share.kind, share.attempts, share.error) == ("broken", "pulse", 1, "ValueError: broken fails")
    assert not worker.pulse_round(house, rooms=rooms), "the others are not called again"
    _retry_now(house)
    assert worker.parked_round(house, rooms)
    with house.open() as ctx:
        (share,) = queries.parked(ctx)
    assert share.attempts == 2
    assert not worker.parked_round(house, rooms), "it waits longer each time"
    _retry_now(house)
    assert worker.parked_round(house, rooms)
    with house.open() as ctx:
        assert queries.parked(ctx) == []
    assert set(broken.seen) == set(first.seen)
    assert _reactions(world) == {"pulse of first": 1, "pulse of last": 1, "pulse of broken": 1}


def test_a_notice_that_a_room_fails_on_is_tried_again_for_it_alone(house: House, world: World) -> None:
    first, broken = Listener("first"), Listener("broken", failures=2)
    rooms = [first.room, broken.room]
    with house.open() as ctx:
        notices.write(ctx, "test.happened", n=1)
    assert worker.notice_round(house, rooms)
    _retry_now(house)
    assert worker.parked_round(house, rooms)
    assert set(first.noticed) == set(broken.noticed)
    assert _reactions(world) == {"notice of first": 1, "notice of broken": 1}
    assert not worker.notice_round(house, rooms)


def test_a_failure_that_passes_is_mended_at_once_and_leaves_one_reaction_each(house: House, world: World) -> None:
    first, shaky = Listener("first"), Listener("shaky", failures=1)
    _happen(house, 5)
    assert worker.pulse_round(house, rooms=[first.room, shaky.room])
    assert _reactions(world) == {"pulse of first": 1, "pulse of shaky": 1}
    with house.open() as ctx:
        assert queries.parked(ctx) == []


def test_workers_share_the_people_and_hand_over_each_event_once(house: House) -> None:
    _happen(house, 300)
    listener, together = Listener("all"), Barrier(3, timeout=30)

    def work(number: int) -> int:
        rounds = 0
        together.wait()
        while worker.pulse_round(house, number, 3, [listener.room]):
            rounds += 1
        return rounds

    with ThreadPoolExecutor(3) as pool:
        rounds = [one.result() for one in [pool.submit(work, number) for number in range(3)]]
    assert len(listener.seen) == 300
    assert set(listener.seen.values()) == {1}
    assert all(rounds), "every worker had a share"


def test_a_range_that_one_worker_holds_is_left_to_it(house: House) -> None:
    _happen(house, 50)
    busy, go = Event(), Event()
    holding, other = Listener("holding"), Listener("other")

    def hold(ctx: Ctx, pulse: Pulse) -> None:
        busy.set()
        assert go.wait(30)
        holding.pulse(ctx, pulse)

    room = Room("holding", hold, None, None, None, (), ())
    with ThreadPoolExecutor(1) as pool:
        held = pool.submit(worker.pulse_round, house, 0, 1, [room])
        until(busy.is_set, "the first worker is inside its transaction")
        assert not worker.pulse_round(house, 0, 1, [other.room])
        go.set()
        assert held.result(30)
    assert len(holding.seen) == 50
    assert not worker.pulse_round(house, 0, 1, [other.room])
    assert other.seen == Counter()


def test_notices_are_handed_over_once_by_several_workers(house: House) -> None:
    with house.open() as ctx:
        for number in range(200):
            notices.write(ctx, "test.happened", n=number)
    listener, together = Listener("all"), Barrier(2, timeout=30)

    def work() -> None:
        together.wait()
        while worker.notice_round(house, [listener.room]):
            pass

    with ThreadPoolExecutor(2) as pool:
        for one in [pool.submit(work) for _ in range(2)]:
            one.result(60)
    while worker.notice_round(house, [listener.room]):
        pass  # what the other worker had locked when this one looked
    assert len(listener.noticed) == 200
    assert set(listener.noticed.values()) == {1}


def test_draining_comes_to_rest(house: House) -> None:
    """With the real rooms: people, what happened to them, notices."""
    _happen(house, 30)
    with house.open() as ctx:
        notices.write(ctx, "test.happened")
    assert not worker.quiet(house)
    assert worker.drain(house) > 0
    assert worker.quiet(house)
    assert worker.drain(house) == 0


def test_a_room_whose_tick_fails_keeps_nobody_else_from_work_and_rests(house: House, world: World) -> None:
    tries: list[str] = []

    def broken(ctx: Ctx, limit: int) -> int:
        tries.append("broken")
        audit.record(ctx, "tick of broken", "room", "broken")
        raise ValueError("a room fails")

    def sound(ctx: Ctx, limit: int) -> int:
        tries.append("sound")
        audit.record(ctx, "tick of sound", "room", "sound")
        return 1

    rooms = [Room(name, None, None, tick, None, (), ()) for name, tick in (("broken", broken), ("sound", sound))]
    failures = worker.Failures()
    assert worker.tick_round(house, rooms, failures)
    assert worker.tick_round(house, rooms, failures)
    assert tries == ["broken", "sound", "sound"], "the room that failed rests, the others go on"
    assert _reactions(world) == {"tick of sound": 2}
    with pytest.raises(ValueError, match="a room fails"):
        worker.tick_round(house, rooms)


def test_a_phase_that_fails_keeps_no_other_from_work_and_rests(house: House) -> None:
    tries: list[str] = []

    def claims(name: str, error: Exception | None) -> Phased[object, object]:
        def claim(ctx: Ctx) -> None:
            tries.append(name)
            if error is not None:
                raise error

        return Phased(name, claim, lambda work, senders: None, lambda ctx, work, result: None)

    phases = [claims("broken", ValueError("a phase fails")), claims("sound", None)]
    failures = worker.Failures()
    worker.phase_round(house, phases, failures)
    worker.phase_round(house, phases, failures)
    assert tries == ["broken", "sound", "sound"], "the phase that failed rests, the others go on"
    away = [claims("away", OperationalError("select 1", {}, Exception("gone")))]
    for _ in range(2):
        with pytest.raises(OperationalError):  # when the server is back, nothing may still rest
            worker.phase_round(house, away, failures)
