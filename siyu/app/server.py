"""uvicorn in a thread of this process, so that one command runs everything and stops it cleanly; more processes beside
it where one core is not enough: ``python -m siyu.app.server`` is such a one."""

import os
import select
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

import uvicorn

from siyu.app.children import end
from siyu.app.http import create_app
from siyu.app.lasting import lasting
from siyu.app.logs import configure
from siyu.app.wiring import house_at
from siyu.kernel.clock import machine
from siyu.kernel.settings import Settings, settings
from siyu.runtime import worker
from siyu.runtime.house import House

PAUSE_SECONDS = 0.25


def listening(host: str, port: int) -> socket.socket:
    """A bound socket; port 0 takes a free one. Raises OSError when the port is taken."""
    # The protocol is named because asyncio sets TCP_NODELAY only then: without it each keep-alive answer waits 40 ms.
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError:
        bound.close()
        raise
    return bound


@contextmanager
def serving(house: House, bound: socket.socket) -> Iterator[None]:
    """Serve the application on ``bound`` until the block ends; open streams are given two seconds."""
    config = uvicorn.Config(
        create_app(house),
        log_config=None,  # its warnings go the way of ours
        access_log=False,
        timeout_graceful_shutdown=2,
        lifespan="on",
        ws="none",
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]}, name="siyu-http", daemon=True)
    thread.start()
    deadline = machine() + 30
    while not server.started and thread.is_alive() and machine() < deadline:
        thread.join(0.02)
    if not server.started:
        raise RuntimeError("the HTTP server did not start")
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(15)
        bound.close()


@dataclass(frozen=True, slots=True)
class Beside:
    """Processes beside this one. They answer HTTP; on demand they also work, with this one."""

    processes: Sequence[subprocess.Popen[bytes]]

    def drain(self, house: House) -> int:
        """As ``worker.drain``, all processes together. Raises OSError when one of them ended."""
        done = 0
        while did := self._round(house):
            done += did
        return done

    def _round(self, house: House) -> int:
        did, busy = 0, {_output(process): process for process in self.processes}
        for process in self.processes:
            _ask(process)
        while True:  # what the others do may make more to do: nobody waits for them idly
            did += worker.drain(house, 0, len(self.processes) + 1)
            if not busy:
                return did
            for pipe in select.select(list(busy), (), (), PAUSE_SECONDS)[0]:
                line = pipe.readline()
                if not line:
                    raise OSError(f"process {busy[pipe].pid} ended in the middle of its work")
                did += int(line)
                if int(line):
                    _ask(busy[pipe])
                else:
                    busy.pop(pipe)


def _output(process: subprocess.Popen[bytes]) -> IO[bytes]:
    assert process.stdout is not None
    return process.stdout


def _ask(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None
    process.stdin.write(b"drain\n")
    process.stdin.flush()


@contextmanager
def beside(count: int, url: str, conf: Settings, bound: socket.socket) -> Iterator[Beside]:
    """``count`` processes that accept on the same socket until the block ends, each as soon as it has started.

    Each has its own session, as the sandbox has, and ends when its standard input does: also after kill -9 of this one.
    """
    known = {name: value for name, value in conf.model_dump(mode="json").items() if value is not None}
    environment = {f"SIYU_{name.upper()}": str(value) for name, value in (known | {"database_url": url}).items()}
    handle = bound.fileno()
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "siyu.app.server", str(handle), str(number), str(count + 1)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **environment},
            pass_fds=[handle],
            start_new_session=True,
        )
        for number in range(1, count + 1)
    ]
    try:
        yield Beside(processes)
    finally:
        for process in processes:
            end(process)


def main() -> None:
    """Serve on an inherited socket until standard input ends; each of its lines asks for a drain."""
    with lasting():
        handle, number, workers = map(int, sys.argv[1:])
    conf = settings()
    configure(conf.log_level)
    assert conf.database_url is not None
    with house_at(conf.database_url, conf) as house, serving(house, socket.socket(fileno=handle)):
        for _ in sys.stdin.buffer:
            sys.stdout.write(f"{worker.drain(house, number, workers)}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
