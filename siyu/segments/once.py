"""Private: what resolving a condition asks the database is asked once, however many leaves want to know it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

T = TypeVar("T")
_known: ContextVar[dict[str, Any] | None] = ContextVar("siyu_condition_reads", default=None)


@contextmanager
def reading() -> Iterator[None]:
    """Within the block ``once`` remembers; blocks inside each other are one."""
    if _known.get() is not None:
        yield
        return
    token = _known.set({})
    try:
        yield
    finally:
        _known.reset(token)


def once(what: str, read: Callable[[], T]) -> T:
    """What ``read`` answers, from memory when ``what`` was read in this block before."""
    known = _known.get()
    if known is None:
        return read()
    if what not in known:
        known[what] = read()
    found: T = known[what]
    return found
