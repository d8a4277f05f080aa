"""Waiting for a condition with a deadline: never a fixed sleep."""

import time
from collections.abc import Callable


def until(condition: Callable[[], object], what: str, *, seconds: float = 30) -> None:
    """Returns when the condition holds; fails naming ``what`` after ``seconds``."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds} s in vain: {what}")
        time.sleep(0.02)
