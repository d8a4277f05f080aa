"""A worker that was killed is told of: by /healthz, by its own address for alarms, and by the metrics."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import psycopg

from siyu.kernel.settings import know
from tests.support.database import Server
from tests.support.installation import MASTER, installation
from tests.support.waiting import until
from tests.support.world import START


def _told(url: str) -> tuple[int, dict[str, Any]]:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def _silence(url: str) -> float:
    with urllib.request.urlopen(f"{url}/metrics", timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    return min(float(line.split()[1]) for line in lines if line.startswith("siyu_workers_silent_seconds{"))


def test_health_knows_that_the_worker_was_killed_and_that_another_came(server: Server, tmp_path: Path) -> None:
    with installation(server, tmp_path, START) as at:
        know(silent_seconds=4.0)
        known = {"SIYU_DATABASE_URL": at.database_url, "SIYU_DATA_DIR": str(tmp_path), "SIYU_MASTER_KEY": MASTER}
        command = [sys.executable, "-m", "siyu.app.cli", "worker"]

        def state() -> str:
            return str(_told(f"{at.public_url}/healthz")[1]["workers"])

        assert state() == "none"
        assert _told(f"{at.public_url}/healthz/workers")[0] == 503
        with (tmp_path / "workers.log").open("ab") as output:
            started = {"env": {**os.environ, **known}, "stdout": output, "stderr": output, "start_new_session": True}
            first = subprocess.Popen(command, **started)  # type: ignore[call-overload]  # the names are Popen's own
            try:
                until(lambda: state() == "working", "a worker works", seconds=60)
                assert _told(f"{at.public_url}/healthz/workers")[1]["state"] == "working"
                assert _silence(at.public_url) < 4
            finally:
                first.send_signal(signal.SIGKILL)
                first.wait(20)
            until(lambda: state() == "silent", "its silence is told", seconds=60)
            status, told = _told(f"{at.public_url}/healthz/workers")
            assert (status, told["code"], told["detail"]["state"]) == (503, "workers_away", "silent")
            assert told["detail"]["silent_seconds"].keys() == {"fast", "work"}
            until(lambda: _silence(at.public_url) > 4, "both loops of the worker have been silent so long", seconds=60)
            assert _told(f"{at.public_url}/healthz")[1]["ok"], "the door is open all the same"
            second = subprocess.Popen(command, **started)  # type: ignore[call-overload]  # the names are Popen's own
            try:
                until(lambda: state() == "working", "another worker works", seconds=60)
            finally:
                second.terminate()
                second.wait(30)
        with psycopg.connect(at.database_url) as connection:
            left = connection.execute("select count(*) from worker_beat").fetchone()
        assert left == (2,), "who stops in order says so; who was killed is remembered"
