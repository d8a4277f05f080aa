"""uvicorn in a thread of this process, so that one command runs everything and stops it cleanly."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from siyu.app.http import create_app
from siyu.kernel.clock import machine
from siyu.runtime.house import House


def listening(host: str, port: int) -> socket.socket:
    """A bound socket; port 0 takes a free one. Raises OSError when the port is taken."""
    # The protocol is named because asyncio sets TCP_NODELAY only then: without it each keep-alive answer waits 40 ms.
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind((host, port))
    return bound


@contextmanager
def serving(house: House, bound: socket.socket) -> Iterator[None]:
    """Serve the application on ``bound`` until the block ends; open streams are given two seconds."""
    config = uvicorn.Config(
        create_app(house), log_level="warning", access_log=False, timeout_graceful_shutdown=2, lifespan="on", ws="none"
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
