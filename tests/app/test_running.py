"""``siyu run``: one installation in a folder; the second start says so; Ctrl-C ends it cleanly and the data stays."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx2
import psycopg
import pytest

from siyu.app.server import listening
from tests.support.waiting import until

pytestmark = pytest.mark.timeout(240)
ROOT = Path(__file__).parents[2]


def _environment(folder: Path, database_url: str) -> dict[str, str]:
    """Its own folder and database, a free port, nothing of the tester's own settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SIYU_")}
    return {
        **kept,
        "SIYU_DATA_DIR": str(folder),
        "SIYU_PORT": "0",
        "SIYU_DATABASE_URL": database_url,
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
        "COLUMNS": "200",
    }


@contextmanager
def _running(folder: Path, database_url: str) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """``siyu run --no-demo``, once it says that it is ready; yields the process and its address."""
    output = folder / "output.txt"
    with output.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "siyu.app.cli", "run", "--no-demo"],
            env=_environment(folder, database_url),
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    try:

        def address() -> str | None:
            assert process.poll() is None, output.read_text()
            found = re.search(r"http://127\.0\.0\.1:\d+", output.read_text())
            return found[0] if found and "Ctrl-C" in output.read_text() else None

        until(address, "siyu run is ready", seconds=120)
        yield process, str(address())
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(20)


def test_a_second_start_says_that_one_is_running_and_the_first_stops_cleanly(
    tmp_path: Path, engine: object, database_url: str
) -> None:
    with _running(tmp_path, database_url) as (process, address):
        with httpx2.Client(base_url=address, trust_env=False) as http:
            assert http.get("/healthz").json()["ok"] is True
        second = subprocess.run(
            [sys.executable, "-m", "siyu.app.cli", "run", "--no-demo"],
            env=_environment(tmp_path, database_url),
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        assert second.returncode == 2, second.stdout + second.stderr
        assert "already running" in second.stderr
        assert "已经在这里运行" in second.stderr
        assert "Traceback" not in second.stdout + second.stderr
        with httpx2.Client(base_url=address, trust_env=False) as http:
            assert http.get("/healthz").json()["ok"] is True, "the first one goes on"
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
        assert "Traceback" not in (tmp_path / "output.txt").read_text()


def _refused(folder: Path, database_url: str, **settings: str) -> str:
    """What ``siyu run`` says on standard error when it cannot start: one line; an empty address is the own server."""
    environment = {**_environment(folder, database_url), **settings}
    if not database_url:
        environment.pop("SIYU_DATABASE_URL")
    done = subprocess.run(
        [sys.executable, "-m", "siyu.app.cli", "run", "--no-demo"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stdout + done.stderr
    return done.stderr


def test_a_start_that_cannot_be_says_why_in_one_line(tmp_path: Path, engine: object, database_url: str) -> None:
    with closing(listening("127.0.0.1", 0)) as taken:
        taken.listen()
        port = str(taken.getsockname()[1])
        assert f"port {port} on 127.0.0.1 is taken" in _refused(tmp_path, database_url, SIYU_PORT=port)
    assert "SIYU_HOST" in _refused(tmp_path, database_url, SIYU_HOST="192.0.2.1")
    assert "SIYU_DATABASE_URL: write it as" in _refused(tmp_path, "mysql://siyu@127.0.0.1/siyu")
    blocked = tmp_path / "blocked"
    blocked.touch()
    assert "SIYU_DATA_DIR" in _refused(blocked, "")


def test_ctrl_c_ends_a_start_that_is_not_ready(tmp_path: Path, engine: object, database_url: str) -> None:
    """The database is held by another, so that the start waits for a lock of its migration."""
    output = tmp_path / "output.txt"
    with psycopg.connect(database_url) as holder, output.open("wb") as out:
        holder.execute("lock table alembic_version in access exclusive mode")
        process = subprocess.Popen(
            [sys.executable, "-m", "siyu.app.cli", "run", "--no-demo"],
            env=_environment(tmp_path, database_url),
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
        try:
            until(lambda: "starting the database" in output.read_text(), "the start has begun", seconds=100)
            process.send_signal(signal.SIGINT)
            assert process.wait(60) == 130
        finally:
            process.kill()
    assert "stopped before it was ready" in output.read_text()
    assert "Traceback" not in output.read_text()
