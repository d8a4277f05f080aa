"""What is due gets done: in time order, people concurrently, one person's things one after another."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from sandbox.http1 import Client
from sandbox.world import World

log = logging.getLogger("sandbox")

LANES = 32
WINDOW_MS = 60_000
BATCH = 5_000

Work = Mapping[str, object]
SyncHandler = Callable[["Engine", Work, int], None]
AsyncHandler = Callable[["Engine", Work, int], Awaitable[None]]


@dataclass(slots=True)
class Totals:
    """Counted since the process started."""

    delivered: int = 0
    acted: int = 0


class Engine:
    """The queue of due things over a world. One `advance` at a time; handlers are registered by kind."""

    def __init__(self, world: World, callback_timeout: float = 5.0) -> None:
        self.world = world
        self.client = Client()
        self.callback_timeout = callback_timeout
        self.totals = Totals()
        self.sync: dict[str, SyncHandler] = {}
        self.concurrent: dict[str, AsyncHandler] = {}
        self._lanes: list[asyncio.Queue[tuple[int, str, Work, int]]] = []
        self._workers: list[asyncio.Task[None]] = []
        self._ticker: asyncio.Task[None] | None = None
        self._inflight = 0
        self._idle = asyncio.Event()
        self._lock = asyncio.Lock()
        self._wake = asyncio.Event()
        self._stopping = False

    async def start(self) -> None:
        """Takes up what a former process left half done, and starts the lanes and the ticker."""
        self.world.db.run("update due set taken = 0 where taken = 1")
        self.world.db.commit()
        self._idle.set()
        for _ in range(LANES):
            queue: asyncio.Queue[tuple[int, str, Work, int]] = asyncio.Queue()
            self._lanes.append(queue)
            self._workers.append(asyncio.create_task(self._lane(queue)))
        self._ticker = asyncio.create_task(self._tick())

    async def stop(self) -> None:
        """Stops; what was in flight stays due."""
        self._stopping = True
        for task in [*self._workers, *([self._ticker] if self._ticker else [])]:
            task.cancel()
        await asyncio.gather(*self._workers, *([self._ticker] if self._ticker else []), return_exceptions=True)
        await self.client.close()
        self.world.db.keep("clock", self.world.clock.snapshot())

    @property
    def quiet(self) -> bool:
        """Nothing in flight and nothing due."""
        due = self.world.next_due()
        return self._inflight == 0 and (due is None or due > self.world.clock.now())

    def wake(self) -> None:
        """Tells the ticker that something may be due earlier than it knew."""
        self._wake.set()

    async def advance(self, target: int) -> None:
        """Does everything due up to `target` (Unix ms), in time order, and returns when it is quiet.

        Things due within one minute start together, so that different people's requests run at once.
        """
        world = self.world
        async with self._lock:
            while True:
                first = world.next_due()
                if first is None or first > target:
                    break
                end = min(target, first + WINDOW_MS)
                rows = world.db.all(
                    "select id, due, kind, lane, data from due where taken = 0 and due <= ? order by due, id limit ?",
                    end,
                    BATCH,
                )
                for row in rows:
                    world.clock.reach(row["due"])
                    self._begin(row["id"], row["due"], row["kind"], row["lane"], json.loads(row["data"]))
                world.db.commit()
                await self._idle.wait()
            world.clock.reach(target)
            world.db.keep("clock", world.clock.snapshot())
            world.db.commit()

    def _begin(self, item: int, due: int, kind: str, lane: int, data: Work) -> None:
        db = self.world.db
        if kind in self.concurrent:
            db.run("update due set taken = 1 where id = ?", item)
            self._inflight += 1
            self._idle.clear()
            self._lanes[lane % LANES].put_nowait((item, kind, data, due))
            return
        db.run("savepoint item")
        try:
            self.sync[kind](self, data, due)
        except Exception as error:  # noqa: BLE001  # whatever it is, the world goes on
            db.run("rollback to item")
            self._failed(kind, data, due, error)
        db.run("delete from due where id = ?", item)
        db.run("release item")

    def _failed(self, kind: str, data: Work, due: int, error: Exception) -> None:
        """A due thing that cannot be done is logged and dropped, or it would stop the world for ever."""
        log.error("%s failed: %s", kind, data, exc_info=error)
        person = data.get("person")
        self.world.log("error", kind, due, person=person if isinstance(person, int) else 0, result=repr(error)[:300])

    async def _lane(self, queue: asyncio.Queue[tuple[int, str, Work, int]]) -> None:
        while True:
            item, kind, data, due = await queue.get()
            try:
                await self.concurrent[kind](self, data, due)
            except Exception as error:  # noqa: BLE001  # whatever it is, the world goes on
                self._failed(kind, data, due, error)
            self.world.db.run("delete from due where id = ?", item)
            self.world.db.commit()
            self._inflight -= 1
            if self._inflight == 0:
                self._idle.set()

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
