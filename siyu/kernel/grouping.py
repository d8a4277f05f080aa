"""Group commit: requests of one kind that wait at the same moment share one transaction.

A request alone starts at once; what arrives while it works is done together next. In a flood, that is after a group of
several, a group waits for more as long as they keep coming, 20 ms at most: opening transactions was a seventh of the
time of small groups (measured).
"""

import asyncio
import queue
import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, TypeVar

import structlog

from siyu.kernel.clock import machine
from siyu.kernel.ctx import Ctx
from siyu.kernel.errors import SiyuError

log = structlog.get_logger(__name__)
MOST = 500
PAUSE = 0.002
"""Seconds without an arrival after which a group in a flood begins."""
LONGEST = 0.02
"""Seconds that it waits at most."""
I = TypeVar("I")  # noqa: E741 - an item
R = TypeVar("R")
_Future = asyncio.Future[Any]
Work = Callable[[Ctx, Sequence[I]], Sequence[R | SiyuError]]
"""Does all items over the set; answers in their order, an error for an item that could not be done.

When it raises, nothing of the group is kept, and each item is tried alone.
"""


_pause = threading.Event()
"""Never set: its ``wait`` lets machine time pass."""


class Groups:
    """The groups of one process: a thread for each kind of work, started when it is first asked for."""

    def __init__(self, opened: Callable[[], AbstractContextManager[Ctx]]) -> None:
        self._opened = opened
        self._lanes: dict[Work[Any, Any], _Lane] = {}
        self._lock = threading.Lock()

    async def together(self, work: Work[I, R], item: I) -> R:
        """Do ``item`` with whatever else waits for ``work``; returns when it is committed. Raises what it came to."""
        lane = self._lanes.get(work)
        if lane is None:
            with self._lock:
                lane = self._lanes.setdefault(work, _Lane(work, self._opened))
        done: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        lane.items.put((item, done))
        return await done

    def waiting(self, work: Work[Any, Any]) -> int:
        """How many items wait for ``work`` (those under way not counted)."""
        lane = self._lanes.get(work)
        return lane.items.qsize() if lane else 0

    def stop(self) -> None:
        """Finish what waits, then end the threads."""
        with self._lock:
            lanes, self._lanes = list(self._lanes.values()), {}
        for lane in lanes:
            lane.items.put(None)
        for lane in lanes:
            lane.thread.join(30)


class _Lane:
    def __init__(self, work: Work[Any, Any], opened: Callable[[], AbstractContextManager[Ctx]]) -> None:
        self.items: queue.SimpleQueue[tuple[Any, _Future] | None] = queue.SimpleQueue()
        self._work, self._opened = work, opened
        name = f"siyu-{getattr(work, '__name__', 'group')}"
        self.thread = threading.Thread(target=self._run, name=name, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        going, flood = True, False
        while going:
            first = self.items.get()
            if first is None:
                return
            if flood:
                self._gather()
            group = [first]
            while going and len(group) < MOST and not self.items.empty():
                item = self.items.get()
                if item is None:
                    going = False
                else:
                    group.append(item)
            group = [one for one in group if not one[1].cancelled()]
            flood = len(group) > 1
            if group:
                self._do(group)

    def _gather(self) -> None:
        until, size = machine() + LONGEST, -1
        while size < self.items.qsize() < MOST and machine() < until:
            size = self.items.qsize()
            _pause.wait(PAUSE)

    def _do(self, group: Sequence[tuple[Any, _Future]]) -> None:
        try:
            with self._opened() as ctx:
                results = self._work(ctx, [item for item, _ in group])
        except Exception as error:  # noqa: BLE001 - whatever it is, whoever asked must hear of it
            if len(group) == 1:
                _answer(group, [error])
                return
            log.info("group_taken_apart", work=self.thread.name, rows=len(group), error=type(error).__name__)
            for one in group:  # one transaction each: the fault of one must not be that of all
                self._do([one])
            return
        _answer(group, results)


def _answer(group: Sequence[tuple[Any, _Future]], results: Sequence[Any]) -> None:
    """Tell whoever waits, each loop once: to chain a future for every item took a sixth of the server's thread
    (measured)."""
    loops: dict[asyncio.AbstractEventLoop, list[tuple[_Future, Any]]] = {}
    for (_, done), result in zip(group, results, strict=True):
        loops.setdefault(done.get_loop(), []).append((done, result))
    for loop, answers in loops.items():
        try:
            loop.call_soon_threadsafe(_settle, answers)
        except RuntimeError:  # the loop is closed: nobody waits any more
            log.info("group_unheard", rows=len(answers))


def _settle(answers: Sequence[tuple[_Future, Any]]) -> None:
    for done, result in answers:
        if done.done():  # who stopped waiting has a cancelled future
            continue
        if isinstance(result, Exception):
            done.set_exception(result)
        else:
            done.set_result(result)
