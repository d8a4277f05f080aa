"""What is due gets done: in time order, people concurrently, one person's things one after another."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass

from starlette.types import ASGIApp

from sandbox.http1 import Client
from sandbox.world import World

log = logging.getLogger("sandbox")

LANES = 512  # so many requests at once: Siyu works the better off the more it gets together
WINDOW_MS = 60_000
BATCH = 5_000

Work = Mapping[str, object]
SyncHandler = Callable[["Engine", Work, int], None]
AsyncHandler = Callable[["Engine", Work, int], Awaitable[None]]
Item = tuple[int, str, Work, int]  # id, kind, data, due


@dataclass(slots=True)
class Totals:
    """Counted since the process started."""

    delivered: int = 0
    acted: int = 0


class Engine:
    """The queue of due things over a world. One `advance` at a time; handlers are registered by kind.

    What is done is deleted in the transaction of its effects, before anything else is awaited: a killed process has
    either done a thing and forgotten it, or neither. Transactions end once per turn of the loop, for all that ended in
    it (`Db.commit_soon`).
    """

    def __init__(self, world: World, callback_timeout: float = 5.0) -> None:
        self.world = world
        self.client = Client()
        self.home: ASGIApp | None = None  # the application whose pages are at the world's own address
        self.callback_timeout = callback_timeout
        self.totals = Totals()
        self.sync: dict[str, SyncHandler] = {}
        self.concurrent: dict[str, AsyncHandler] = {}
        self._lanes: set[asyncio.Task[None]] = set()
        self._ticker: asyncio.Task[None] | None = None
        self._lock = asyncio.Lock()
        self._wake = asyncio.Event()
        self._stopping = False

    async def start(self) -> None:
        """Starts the ticker; what a former process left half done is still due."""
        self._ticker = asyncio.create_task(self._tick())

    async def stop(self) -> None:
        """Stops; what was in flight stays due."""
        self._stopping = True
        tasks = [*self._lanes, *([self._ticker] if self._ticker else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.client.close()
        self.world.db.keep("clock", self.world.clock.snapshot())

    @property
    def quiet(self) -> bool:
        """Nothing in flight and nothing due."""
        due = self.world.next_due()
        return not self._lanes and (due is None or due > self.world.clock.now())

    def wake(self) -> None:
        """Tells the ticker that something may be due earlier than it knew. A virtual clock has no use for it."""
        if self.world.clock.mode != "virtual":
            self._wake.set()

    async def advance(self, target: int) -> None:
        """Does everything due up to `target` (Unix ms), in time order, and returns when it is quiet.

        Things due within one minute start together, so that different people's requests run at once.
        """
        world = self.world
        async with self._lock:
            while not self._stopping:
                first = world.next_due()
                if first is None or first > target:
                    break
                await self._begin(min(target, first + WINDOW_MS))
            world.clock.reach(target)
            world.db.keep("clock", world.clock.snapshot())
            world.db.commit()

    async def _begin(self, end: int) -> None:
        """Does the first things due up to `end`: at once what needs no request, then the lanes until all are empty."""
        world = self.world
        which = "select id, due, kind, lane, data from due where due <= ? order by due, id limit ?"
        lanes: dict[int, list[Item]] = {}
        done: list[tuple[int]] = []
        for item, due, kind, lane, data in world.db.all(which, end, BATCH):
            world.clock.reach(due)
            if kind in self.concurrent:
                lanes.setdefault(lane % LANES, []).append((item, kind, json.loads(data), due))
            else:
                self._do(kind, json.loads(data), due)
                done.append((item,))
        world.db.many("delete from due where id = ?", done)
        world.db.commit()
        self._lanes = {asyncio.create_task(self._lane(items)) for items in lanes.values()}
        if self._lanes:
            ended, _ = await asyncio.wait(self._lanes)
            self._lanes = set()
            for task in ended:
                if not task.cancelled():
                    task.result()

    def _do(self, kind: str, data: Work, due: int) -> None:
        try:
            with self.world.db.piece():
                self.sync[kind](self, data, due)
        except Exception as error:  # noqa: BLE001  # whatever it is, the world goes on
            self._failed(kind, data, due, error)

    def _failed(self, kind: str, data: Work, due: int, error: Exception) -> None:
        """A due thing that cannot be done is logged and dropped, or it would stop the world for ever."""
        log.error("%s failed: %s", kind, data, exc_info=error)
        person = data.get("person")
        self.world.log("error", kind, due, person=person if isinstance(person, int) else 0, result=repr(error)[:300])

    async def _lane(self, items: Iterable[Item]) -> None:
        db = self.world.db
        for item, kind, data, due in items:
            try:
                await self.concurrent[kind](self, data, due)
            except Exception as error:  # noqa: BLE001  # whatever it is, the world goes on
                self._failed(kind, data, due, error)
            db.run("delete from due where id = ?", item)
            db.commit_soon()

    async def _tick(self) -> None:
        """Drives a clock that runs by itself."""
        clock = self.world.clock
        last_kept = 0
        while not self._stopping:
            self._wake.clear()
            wait = 1.0
            if clock.mode != "virtual":
                now = clock.now()
                due = self.world.next_due()
                if due is not None and due <= now:
                    await self.advance(now)
                    continue
                if now - last_kept > 1000 * clock.factor:
                    last_kept = now
                    self.world.db.keep("clock", clock.snapshot())
                    self.world.db.commit()
                if due is not None:
                    wait = min(1.0, (due - now) / 1000 / (clock.factor if clock.mode == "scaled" else 1.0))
            try:
                async with asyncio.timeout(max(wait, 0.005)):
                    await self._wake.wait()
            except TimeoutError:
                pass
