"""Two transactions at the same time: one in the test's thread, others beside it."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from tests.support.waiting import until
from tests.support.world import World

T = TypeVar("T")


def beside(work: Callable[[], T]) -> Future[T]:
    """Runs something in another thread."""
    pool = ThreadPoolExecutor(1)
    future = pool.submit(work)
    pool.shutdown(wait=False)
    return future


def waits(world: World, *others: Future[Any], number: int = 1) -> None:
    """Returns once so many wait for a lock, or the others are done."""
    blocked = "select count(*) from pg_locks where not granted"
    until(lambda: world.value(blocked) >= number or all(one.done() for one in others), "nobody waits for a lock")
