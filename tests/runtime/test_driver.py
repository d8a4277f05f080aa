"""The driver: time goes forward only, from due time to due time, and stands while anything waits for machine time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from siyu.kernel.clock import VirtualClock, machine
from siyu.runtime import queries, store
from siyu.runtime.driver import Driver, Outside
from siyu.runtime.house import House, RowClock, clock_of, set_clock
from tests.support.installation import settled
from tests.support.world import START, ZONE


@pytest.fixture
def house(engine: Engine, clock: VirtualClock, tmp_path: Path) -> Iterator[House]:
    with settled(tmp_path):
        yield House(engine, clock, ZONE)


@dataclass
class Timetable:
    """A world outside in which something happens at given times."""

    due: list[datetime]
    moved: list[datetime] = field(default_factory=list)
    happened: list[tuple[datetime, datetime]] = field(default_factory=list)

    def move_to(self, moment: datetime) -> Outside:
        self.moved.append(moment)
        now = [at for at in self.due if at <= moment]
        self.happened += [(at, moment) for at in now]
        self.due = [at for at in self.due if at > moment]
        return Outside(min(self.due, default=None), len(now))


def _after(**duration: float) -> datetime:
    return START + timedelta(**duration)


def test_the_driver_stops_at_each_due_time_and_ends_where_it_was_told(house: House, clock: VirtualClock) -> None:
    world = Timetable([_after(minutes=1), _after(hours=1), _after(hours=1, seconds=10), _after(days=1)])
    seen: list[datetime] = []
    Driver(house, clock, world, timedelta(seconds=30)).run(_after(hours=2), seen.append)
    assert [at for at in seen if at in (_after(minutes=1), _after(hours=1))] == [_after(minutes=1), _after(hours=1)]
    assert world.moved == sorted(world.moved), "time never goes back"
    late = {at: moment - at for at, moment in world.happened}
    assert late == {
        _after(minutes=1): timedelta(0),
        _after(hours=1): timedelta(0),
        _after(hours=1, seconds=10): timedelta(seconds=20),
    }, "due times within one grain are handled in one go"
    assert clock.now() == seen[-1] == _after(hours=2)
    assert world.due == [_after(days=1)]


def test_what_the_house_asks_for_finds_the_world_outside_at_the_same_moment(house: House, clock: VirtualClock) -> None:
    world = Timetable([_after(hours=1), _after(hours=3)])
    apart: list[timedelta] = []

    def settle(house: House) -> int:
        apart.append(house.clock.now() - world.moved[-1] if world.moved else timedelta.max)
        return 0

    Driver(house, clock, world, settle=settle).run(_after(hours=2))
    assert set(apart) == {timedelta(0)}


def test_time_stands_while_a_share_waits_for_its_retry(house: House, clock: VirtualClock) -> None:
    with house.open() as ctx:
        store.park(ctx, "tags", "notice", [], "it failed", 1, machine() + 0.5)
    left: list[int] = []

    class World(Timetable):
        def move_to(self, moment: datetime) -> Outside:
            if moment > START:
                with house.open() as ctx:
                    left.append(queries.retrying(ctx))
            return Timetable.move_to(self, moment)

    Driver(house, clock, World([_after(hours=1)])).run(_after(hours=2))
    assert left
    assert set(left) == {0}


def test_a_share_that_failed_too_often_does_not_hold_the_world_up(house: House, clock: VirtualClock) -> None:
    with house.open() as ctx:
        store.park(ctx, "tags", "notice", [], "it failed", store.ATTEMPTS + 1, machine() + 3600)
    Driver(house, clock, Timetable([])).run(_after(hours=2))
    assert clock.now() == _after(hours=2)
    with house.open() as ctx:
        assert [share.error for share in queries.parked(ctx)] == ["it failed"]


def test_a_row_holds_the_time_that_processes_share_and_it_never_goes_back(engine: Engine) -> None:
    set_clock(engine, "virtual", START)
    clock = clock_of(engine)
    assert isinstance(clock, RowClock)
    assert clock.now() == START
    clock.move_to(_after(hours=1))
    clock.move_to(_after(minutes=1))
    assert clock.now() == clock_of(engine).now() == _after(hours=1)
