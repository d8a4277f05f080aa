"""Kept connections: what certainly did not leave is told apart from what may have been done."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from siyu.platforms.connections import Http, NotSent, Uncertain
from siyu.platforms.transport import exchange

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
Answer = Callable[[bytes], tuple[bytes, bool]]
"""From the request to the bytes of the answer and whether the connection is closed after them."""


@contextmanager
def serving(answer: Answer, ended: threading.Semaphore | None = None) -> Iterator[tuple[str, list[int]]]:
    """A server of one thread; its address, and after how many requests each connection ended, which ``ended`` tells."""
    requests: list[int] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                requests.append(0)
                connection.settimeout(5)
                while data := _request(connection):
                    requests[-1] += 1
                    said, ends = answer(data)
                    connection.sendall(said)
                    if ends:
                        break
            if ended is not None:
                ended.release()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", requests
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(10)


def _request(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65_536)
        if not more:
            return b""
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    length = next((int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0)
    while len(body) < length:
        body += connection.recv(65_536)
    return head + b"\r\n\r\n" + body


def test_a_connection_is_kept_and_a_closed_one_is_not_used_again() -> None:
    seen: list[bytes] = []

    def answer(data: bytes) -> tuple[bytes, bool]:
        seen.append(data)
        return OK, len(seen) == 3

    ended = threading.Semaphore(0)
    with serving(answer, ended) as (address, requests), Http() as http:
        for _ in range(3):
            assert exchange(http, "POST", f"{address}/a b?x=1", query={"token": "t&"}, content="文".encode()) == (
                200,
                b"{}",
            )
        # The server closed after the third: nothing is written into a closed connection, so nothing is lost.
        assert ended.acquire(timeout=10)
        assert exchange(http, "GET", f"{address}/", query={}) == (200, b"{}")
    assert requests == [3, 1]
    assert seen[0].startswith(b"POST /a%20b?x=1&token=t%26 HTTP/1.1\r\n")
    assert seen[0].endswith("文".encode())


@pytest.mark.parametrize(
    "said",
    [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{}", b"HTTP/1.1 2", b"nonsense\r\n\r\n"],
    ids=["none", "cut off", "half a line", "no HTTP"],
)
def test_an_answer_that_did_not_come_whole_leaves_the_outcome_open(said: bytes) -> None:
    with serving(lambda _: (said, True)) as (address, requests), Http() as http, pytest.raises(Uncertain):
        exchange(http, "POST", address, query={}, content=b"{}")
    assert requests == [1]


@pytest.mark.parametrize(
    "url", ["ftp://127.0.0.1/", "http:///x", "http://127.0.0.1:1/", "http://127.0.0.1:x/", "http://[/"]
)
def test_what_reached_nobody_was_not_sent(url: str) -> None:
    with Http() as http, pytest.raises(NotSent):
        exchange(http, "POST", url, query={}, content=b"{}")


def test_a_file_goes_as_a_form() -> None:
    seen: list[bytes] = []

    def answer(data: bytes) -> tuple[bytes, bool]:
        seen.append(data)
        return OK, False

    with serving(answer) as (address, _), Http() as http:
        exchange(http, "POST", address, query={}, file=('封面".jpg', b"\x00\xff", "image/jpeg"))
    head, _, body = seen[0].partition(b"\r\n\r\n")
    boundary = head.split(b"boundary=")[1].split(b"\r\n")[0]
    said = 'Content-Disposition: form-data; name="media"; filename="封面%22.jpg"\r\nContent-Type: image/jpeg\r\n\r\n'
    assert body == b"--%b\r\n%b\x00\xff\r\n--%b--\r\n" % (boundary, said.encode(), boundary)
