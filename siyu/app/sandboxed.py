"""Starts the sandbox as a process of its own, and drives it."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from siyu.platforms.sandbox_control.client import SandboxControl
from siyu.runtime.driver import Outside


class SandboxFailed(OSError):
    """The sandbox process ended before it was ready."""


@dataclass(frozen=True, slots=True)
class SandboxWorld:
    """The sandbox as the driver's world outside."""

    control: SandboxControl

    def move_to(self, moment: datetime) -> Outside:
        """Move the sandbox's clock; answers when its people and callbacks are quiet."""
        state = self.control.move_to(moment)
        return Outside(state.next_due, state.delivered + state.acted)


@contextmanager
def sandbox_process(folder: Path, port: int = 0) -> Iterator[SandboxControl]:
    """Run ``python -m sandbox`` until the block ends; its world stays in ``folder``.

    Its own session: Ctrl-C in the terminal must reach it only after Siyu has stopped working.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "sandbox.log").open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "sandbox", "--port", str(port), "--data", str(folder)],
            stdout=subprocess.PIPE,
            stderr=output,
            start_new_session=True,
        )
    try:
        line = process.stdout.readline() if process.stdout else b""
        if not line:
            raise SandboxFailed(f"the sandbox did not start; see {folder / 'sandbox.log'}")
        with SandboxControl(json.loads(line)["url"]) as control:
            yield control
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)
        if process.stdout:
            process.stdout.close()
