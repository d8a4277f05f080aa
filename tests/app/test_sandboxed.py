"""The sandbox ends with its Siyu, however that ends, and the next start goes on in the same world."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from siyu.app.running import _catch_up
from siyu.app.sandboxed import SandboxFailed, sandbox_process
from siyu.kernel.clock import ScaledClock
from tests.support.waiting import until
from tests.support.world import START

ROOT = Path(__file__).parents[2]
STARTER = """
import sys
from pathlib import Path
from siyu.app.sandboxed import sandbox_process
with sandbox_process(Path(sys.argv[1])):
    print("ready", flush=True)
    sys.stdin.read()
"""


def _sandboxes(folder: Path) -> list[int]:
    """Processes that serve this folder, by their command line."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            command = (place / "cmdline").read_bytes()
        except OSError:
            continue
        if str(folder).encode() in command and b"sandbox\0--port" in command:
            found.append(int(place.name))
    return found


def test_the_sandbox_of_a_killed_siyu_ends_and_the_next_one_starts(tmp_path: Path) -> None:
    folder = tmp_path / "sandbox"
    with subprocess.Popen(
        [sys.executable, "-c", STARTER, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as starter:
        assert starter.stdout is not None
        assert starter.stdout.readline() == b"ready\n"
        (orphan,) = _sandboxes(folder)
        starter.send_signal(signal.SIGKILL)
        with sandbox_process(folder):
            assert orphan not in _sandboxes(folder)
            assert len(_sandboxes(folder)) == 1
        until(lambda: not _sandboxes(folder), "the sandbox ended with its block")


def test_a_folder_that_cannot_be_used_is_told_at_once(tmp_path: Path) -> None:
    folder = tmp_path / "sandbox"
    (folder / "sandbox.lock").mkdir(parents=True)
    with pytest.raises(SandboxFailed, match="did not start"), sandbox_process(folder):
        pass


def test_the_companys_time_goes_on_from_where_the_sandbox_stands(tmp_path: Path) -> None:
    """Else what people did before the kill would lie ahead of now, and be refused."""
    with sandbox_process(tmp_path / "sandbox") as control:
        fresh = ScaledClock(START, 60)
        _catch_up(fresh, control)
        assert fresh.now() < START + timedelta(hours=1), "a new sandbox stands nowhere yet"
        control.run_scaled(START + timedelta(hours=3), 60)
        _catch_up(fresh, control)
        assert START + timedelta(hours=3) <= fresh.now() <= control.clock().now + timedelta(minutes=30)
        ahead = ScaledClock(START + timedelta(days=1), 60)
        _catch_up(ahead, control)
        assert ahead.base == START + timedelta(days=1)
