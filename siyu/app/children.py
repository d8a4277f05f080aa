"""Processes that this one started and that end with it."""

import subprocess
from contextlib import suppress

ORDERLY_SECONDS = 20
KILLED_SECONDS = 10


def end(process: subprocess.Popen[bytes]) -> None:
    """End a child that stops when its standard input does, as it also would after kill -9 of this one."""
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with suppress(BrokenPipeError):
                pipe.close()
    try:
        process.wait(ORDERLY_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(KILLED_SECONDS)
