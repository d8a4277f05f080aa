"""Group commit: what waits is done together, once each, and the fault of one is not that of the others."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from threading import Event

import pytest
from sqlalchemy import text

from siyu.kernel.ctx import Ctx
from siyu.kernel.errors import Invalid, SiyuError
from siyu.kernel.grouping import Groups
from tests.support.waiting import until
from tests.support.world import World


def _write(ctx: Ctx, numbers: Sequence[int]) -> list[int | SiyuError]:
    ctx.tx.execute(text("insert into kept select unnest(cast(:n as int[]))"), {"n": list(numbers)})
    return [Invalid("odd", field="n") if number % 2 else number * 10 for number in numbers]


@pytest.fixture
def groups(world: World) -> Iterator[Groups]:
    with world.open() as ctx:
        ctx.tx.execute(text("create table kept (n int primary key)"))
    yield Groups(world.open)
    with world.open() as ctx:
        ctx.tx.execute(text("drop table kept"))


class Held:
    """Work that stands still until it is let go; ``sizes`` are those of its groups."""

    def __init__(self, poison: int = -1) -> None:
        self.go, self.sizes, self.poison = Event(), list[int](), poison

    def __call__(self, ctx: Ctx, numbers: Sequence[int]) -> list[int | SiyuError]:
        """Write the numbers; fail when the poison is among them."""
        self.sizes.append(len(numbers))
        assert self.go.wait(20)
        found = _write(ctx, numbers)
        if self.poison in numbers:
            raise RuntimeError("poison")
        return found

    async def behind_the_first(self, groups: Groups, numbers: Sequence[int]) -> list[asyncio.Task[int]]:
        """Hand in the first number, and the others once it is under way."""
        first = asyncio.create_task(groups.together(self, numbers[0]))
        await asyncio.to_thread(until, lambda: self.sizes, "the first is under way")
        rest = [asyncio.create_task(groups.together(self, number)) for number in numbers[1:]]
        await asyncio.to_thread(until, lambda: groups.waiting(self) == len(rest), "the others wait")
        return [first, *rest]


def test_what_waits_shares_a_transaction_and_each_gets_its_own_answer(world: World, groups: Groups) -> None:
    work = Held()

    async def all_of_them() -> list[object]:
        tasks = await work.behind_the_first(groups, range(9))
        work.go.set()
        return list(await asyncio.gather(*tasks, return_exceptions=True))

    found = asyncio.run(all_of_them())
    groups.stop()
    assert work.sizes == [1, 8]
    assert [one if isinstance(one, int) else "odd" for one in found] == [0, "odd", 20, "odd", 40, "odd", 60, "odd", 80]
    assert world.value("select count(*) from kept") == 9


def test_a_failure_takes_the_group_apart_and_only_the_culprit_fails(world: World, groups: Groups) -> None:
    work = Held(poison=4)

    async def all_of_them() -> list[object]:
        tasks = await work.behind_the_first(groups, (0, 2, 4, 6))
        work.go.set()
        return list(await asyncio.gather(*tasks, return_exceptions=True))

    found = asyncio.run(all_of_them())
    groups.stop()
    assert found[:2] + found[3:] == [0, 20, 60]
    assert isinstance(found[2], RuntimeError)
    assert [row.n for row in world.rows("select n from kept order by n")] == [0, 2, 6]


def test_stopping_finishes_what_waits(world: World, groups: Groups) -> None:
    work = Held()

    async def stopped() -> list[object]:
        tasks = await work.behind_the_first(groups, (0, 2, 4))
        stopping = asyncio.create_task(asyncio.to_thread(groups.stop))
        work.go.set()
        await stopping
        return list(await asyncio.gather(*tasks))

    assert asyncio.run(stopped()) == [0, 20, 40]
    assert world.value("select count(*) from kept") == 3


def test_who_stops_waiting_stops_nobody_else(world: World, groups: Groups) -> None:
    work = Held()

    async def all_of_them() -> list[int]:
        first, gone, third = await work.behind_the_first(groups, (0, 2, 4))
        gone.cancel()
        await asyncio.wait([gone])
        work.go.set()
        return [await first, await third, await groups.together(work, 6)]

    assert asyncio.run(all_of_them()) == [0, 40, 60]
    groups.stop()
    assert [row.n for row in world.rows("select n from kept order by n")] == [0, 4, 6]
