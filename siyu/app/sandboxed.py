"""Starts the sandbox as a process of its own, and drives it."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from siyu.app.children import end
from siyu.kernel.clock import machine
from siyu.platforms.sandbox_control.client import SandboxControl
from siyu.runtime.driver import Outside

LEFT_BEHIND_SECONDS = 20.0
BUSY = b"another sandbox is running"


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
    """Run ``python -m sandbox`` until the block ends; its world stays in ``folder``. Raises SandboxFailed.

    Its own session: Ctrl-C in the terminal must reach it only after Siyu has stopped working. Its standard input is
    a pipe that ends with this process, so that it stops also after kill -9.
    """
    folder.mkdir(parents=True, exist_ok=True)
    process, url = _started(folder, port)
    try:
        with SandboxControl(url) as control:
            yield control
    finally:
        end(process)


def _started(folder: Path, port: int) -> tuple[subprocess.Popen[bytes], str]:
    """The process and its address once it answers; one whose Siyu was killed is given some seconds to end."""
    deadline = machine() + LEFT_BEHIND_SECONDS
    log = folder / "sandbox.log"
    while True:
        with log.open("ab") as output:
            begun = output.tell()
            process = subprocess.Popen(
                [sys.executable, "-m", "sandbox", "--port", str(port), "--data", str(folder), "--until-eof"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=output,
                start_new_session=True,
            )
        line = process.stdout.readline() if process.stdout else b""
        if line:
            return process, str(json.loads(line)["url"])
        end(process)
        with log.open("rb") as output:
            output.seek(begun)
            busy = BUSY in output.read()
        if not busy or machine() > deadline:
            raise SandboxFailed(f"the sandbox did not start; see {log}")
        time.sleep(0.1)
