"""The threads of a running installation: one for the fast lane, others for everything, one that listens for bells."""

import os
import platform
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

import psycopg
import structlog
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError

from siyu.kernel.clock import machine
from siyu.runtime import store, worker
from siyu.runtime.house import House

log = structlog.get_logger(__name__)

IDLE_SECONDS = 1.0
"""How long a worker sleeps at most when no bell rings: due columns ring no bell."""
SCALED_IDLE_SECONDS = 0.2
BEAT_SECONDS = 2.0
"""Machine seconds between two signs of life, which a worker gives after a round: a thread that hangs gives none."""
REMEMBERED_SECONDS = 86400.0
"""So long a worker that was killed is known to be silent; then it is taken for put away."""


@dataclass
class Service:
    """Worker threads over one house. ``start`` returns at once; ``stop`` waits until the rounds under way ended."""

    house: House
    workers: int = 1
    _stop: threading.Event = field(default_factory=threading.Event)
    _bells: list[threading.Event] = field(default_factory=list)
    _threads: list[threading.Thread] = field(default_factory=list)
    _failures: worker.Failures = field(default_factory=worker.Failures)

    def start(self) -> None:
        """Start the listener, the fast lane and ``workers`` normal workers."""
        self._spawn("fast", lambda: worker.fast_round(self.house, self._failures))
        for number in range(self.workers):
            self._spawn(f"worker-{number}", partial(self._round, number))
        listener = threading.Thread(target=self._listen, name="siyu-bell", daemon=True)
        listener.start()
        self._threads.append(listener)

    def stop(self, timeout: float = 15.0) -> None:
        """Ask the threads to end and wait for them, together at most ``timeout`` seconds (machine time): what one of
        them has claimed comes back when its lease is over."""
        deadline = machine() + timeout
        self._stop.set()
        for bell in self._bells:
            bell.set()
        for thread in self._threads:
            thread.join(max(0.0, deadline - machine()))

    def _round(self, number: int) -> bool:
        waiting = worker.look(self.house)
        if not waiting.any:
            return False
        done = worker.work_round(self.house, waiting, number, self.workers, fast=False, failures=self._failures)
        return done > 0

    def _spawn(self, name: str, step: Callable[[], bool]) -> None:
        bell = threading.Event()
        self._bells.append(bell)
        thread = threading.Thread(target=self._loop, args=(name, step, bell), name=f"siyu-{name}", daemon=True)
        thread.start()
        self._threads.append(thread)

    def _loop(self, name: str, step: Callable[[], bool], bell: threading.Event) -> None:
        idle = IDLE_SECONDS if self.house.clock.is_system else SCALED_IDLE_SECONDS
        failures = 0
        who, beat_at = f"{platform.node()}:{os.getpid()}:{name}", 0.0
        while not self._stop.is_set():
            bell.clear()
            try:
                busy = step()
                failures = 0
                if not 0 <= machine() - beat_at < BEAT_SECONDS:
                    beat_at = machine()
                    self._beat(who, name, beat_at)
            except Exception as error:
                failures += 1
                busy = False
                if not self._stop.is_set():
                    log.exception("round_failed", worker=name, error=type(error).__name__, failures=failures)
            if not busy:
                bell.wait(min(30.0, idle * 2**failures) if failures else idle)
        with suppress(SQLAlchemyError), self.house.open() as ctx:
            store.forget_beats(ctx, who, machine() - REMEMBERED_SECONDS)

    def _beat(self, who: str, name: str, at: float) -> None:
        with self.house.open() as ctx:
            store.beat(ctx, who, "fast" if name == "fast" else "work", at)

    def _listen(self) -> None:
        while not self._stop.is_set():
            try:
                # set-loop: LISTEN once per connection; the loop opens a new one when the old was lost
                with psycopg.connect(_dsn(self.house.engine.url), autocommit=True) as connection:
                    connection.execute("listen siyu")
                    while not self._stop.is_set():
                        for _ in connection.notifies(timeout=1.0):
                            for bell in self._bells:
                                bell.set()
                            if self._stop.is_set():
                                break
            except psycopg.Error as error:
                if not self._stop.is_set():
                    log.warning("listener_lost", error=type(error).__name__)
                    self._stop.wait(2.0)


def _dsn(url: URL) -> str:
    return url.set(drivername="postgresql").render_as_string(hide_password=False)
