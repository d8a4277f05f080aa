"""A whole installation: settings of its own, a database of its own, the sandbox, the HTTP door, worker processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from random import Random

import pytest

from siyu.app.sandboxed import sandbox_process
from siyu.app.server import listening, serving
from siyu.app.wiring import house_at
from siyu.kernel import secrets, settings
from siyu.kernel.clock import machine
from siyu.platforms.sandbox_control.client import SandboxControl
from siyu.runtime import worker
from siyu.runtime.house import House, RowClock, set_clock
from tests.support.database import Server

MASTER = "master key of the tests"
_pause = threading.Event()
"""Never set."""


@contextmanager
def settled(folder: Path, **values: object) -> Iterator[settings.Settings]:
    """Settings of this test alone, whatever the environment says; nothing is kept in the working directory."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("SIYU_")]:
            patch.delenv(name)
        patch.setattr(settings, "_known", {"data_dir": folder, "master_key": MASTER, **values})
        settings.settings.cache_clear()
        secrets._master.cache_clear()
        yield settings.settings()
    settings.settings.cache_clear()
    secrets._master.cache_clear()


@dataclass(frozen=True, slots=True)
class Installation:
    """``clock`` is a row of the database, so that worker processes stand in the same time."""

    house: House
    clock: RowClock
    control: SandboxControl
    public_url: str
    database_url: str
    folder: Path


@contextmanager
def installation(server: Server, folder: Path, start: datetime) -> Iterator[Installation]:
    """A migrated database beside the run's, the sandbox process, and the HTTP server of the whole application."""
    name = f"{server.prefix}{folder.name.replace('-', '_')[:30]}"
    with ExitStack() as stack:
        conf = stack.enter_context(settled(folder))
        url = server.create(name, server.template([]))
        stack.callback(server.drop, name)
        control = stack.enter_context(sandbox_process(folder / "sandbox"))
        bare = stack.enter_context(house_at(url, conf))
        set_clock(bare.engine, "virtual", start)
        clock = RowClock(bare.engine)
        house = stack.enter_context(house_at(url, conf, clock))
        bound = listening("127.0.0.1", 0)
        stack.enter_context(serving(house, bound))
        public_url = f"http://127.0.0.1:{bound.getsockname()[1]}"
        yield Installation(house, clock, control, public_url, url, folder)


@dataclass
class Crew:
    """Worker processes, of which one is killed (-9) now and then while there is work, and another hired.

    ``settle`` takes the place of ``worker.drain`` in the driver: it waits until all processes together are at rest.
    ``most`` are killed, one in every ``every`` stretches of work on average, up to 0.3 s (machine) after it began.
    """

    at: Installation
    seed: int
    every: int
    most: int
    size: int = 2
    kills: int = 0
    _random: Random = field(init=False)
    _processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    _until: int = field(init=False)

    def __post_init__(self) -> None:
        self._random = Random(self.seed)
        self._until = self._random.randint(1, 2 * self.every)

    def __enter__(self) -> Crew:
        for _ in range(self.size):
            self._hire()
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(20)

    def settle(self, house: House) -> int:
        """Wait until the house rests; 1 when it did not at once. Raises AssertionError after 5 minutes."""
        if worker.quiet(house):
            return 0
        begun = machine()
        self._until -= 1
        strike = self._random.random() * 0.3 if self._until <= 0 and self.kills < self.most else None
        while not worker.quiet(house):
            if strike is not None and machine() > begun + strike:
                strike, self._until = None, self._random.randint(1, 2 * self.every)
                self._kill(self._random.randrange(len(self._processes)))
            if machine() > begun + 300:
                raise AssertionError(f"no rest for 5 minutes: {worker.look(house)}\n{self.log()}")
            _pause.wait(0.005)
        return 1

    def log(self) -> str:
        """What the workers wrote, its end."""
        return (self.at.folder / "workers.log").read_text(errors="replace")[-4000:]

    def _hire(self) -> None:
        known = {
            "SIYU_DATABASE_URL": self.at.database_url,
            "SIYU_DATA_DIR": str(self.at.folder),
            "SIYU_MASTER_KEY": MASTER,
            "SIYU_PUBLIC_URL": self.at.public_url,
            "SIYU_LEASE_SECONDS": "10",
        }
        with (self.at.folder / "workers.log").open("ab") as output:
            self._processes.append(
                subprocess.Popen(
                    [sys.executable, "-m", "siyu.app.cli", "worker"],
                    env={**os.environ, **known},
                    stdout=output,
                    stderr=output,
                    start_new_session=True,
                )
            )

    def _kill(self, number: int) -> None:
        process = self._processes.pop(number)
        process.send_signal(signal.SIGKILL)
        process.wait(20)
        self.kills += 1
        self._hire()
