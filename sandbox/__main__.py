"""`python -m sandbox --port N --data DIR`: prints one JSON line when ready, stops at SIGTERM or SIGINT."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import json
import logging
import os
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import uvicorn
import uvloop

from sandbox.app import make_app, make_engine
from sandbox.store import Busy
from sandbox.wire import Wire
from sandbox.world import World


class _Server(uvicorn.Server):
    """Says that it is ready once it really answers."""

    url = ""
    until_eof = False

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            sys.stdout.write(json.dumps({"ready": True, "url": self.url, "pid": os.getpid()}) + "\n")
            sys.stdout.flush()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """SIGTERM and SIGINT end the run, and the process ends with 0 (uvicorn would raise the signal again)."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        if self.until_eof:
            loop.add_reader(sys.stdin.fileno(), self._heard)
        yield

    def _heard(self) -> None:
        if not os.read(sys.stdin.fileno(), 1024):
            asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
            self.handle_exit(signal.SIGTERM, None)


def _bind(listener: socket.socket, port: int, world: World) -> None:
    """Takes the port asked for; without one that of the last run if free, because links that people hold name it."""
    wanted = [port] if port else [int(str(world.db.setting("port", 0))), 0]
    for number in wanted:
        try:
            listener.bind(("127.0.0.1", number))
            break
        except OSError:
            if number == wanted[-1]:
                raise
    world.db.keep("port", listener.getsockname()[1])
    world.db.commit()


def main() -> int:
    """Runs until told to stop; 0 at a clean end, 2 when the directory or port is taken."""
    parser = argparse.ArgumentParser(prog="python -m sandbox", description="Simulated WeCom and Official Account")
    parser.add_argument("--port", type=int, default=0, help="loopback port, 0 takes a free one")
    parser.add_argument("--data", type=Path, required=True, help="directory of the world's file")
    parser.add_argument("--callback-timeout", type=float, default=5.0, help="seconds a callback may take")
    parser.add_argument("--until-eof", action="store_true", help="stop when standard input ends: with its starter")
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(name)s %(message)s")
    # The protocol is named because asyncio sets TCP_NODELAY only then; without it every answer waits 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        engine = make_engine(args.data, args.callback_timeout)
        _bind(listener, args.port, engine.world)
    except (OSError, Busy) as error:
        listener.close()
        sys.stderr.write(f"sandbox: {error}\n")
        return 2
    engine.world.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    config = uvicorn.Config(
        make_app(engine),
        log_level="warning",
        access_log=False,
        lifespan="on",
        http=Wire,
        ws="none",
        proxy_headers=False,
        timeout_graceful_shutdown=5,
    )
    server = _Server(config)
    server.url, server.until_eof = engine.world.url, args.until_eof
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)  # requests leave no cycles: looking for them after every 700 objects cost 3 %
    uvloop.run(server.serve(sockets=[listener]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
