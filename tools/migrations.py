"""Migrations: draft one from the tables, lint their SQL with squawk. Both on an embedded server of their own."""

from __future__ import annotations

import contextlib
import io
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from alembic import command

from migrations.schema import configuration, has_revisions
from siyu.kernel.postgres import EmbeddedServer

# Rules about tables that already hold rows; the first revision creates them all.
SQUAWK = (
    "squawk",
    "--assume-in-transaction",
    "--pg-version=15.0",
    "--exclude=prefer-robust-stmts,require-timeout-settings",
)


@contextlib.contextmanager
def server() -> Iterator[str]:
    """URL of an empty database that ends with the block."""
    with tempfile.TemporaryDirectory(prefix="siyu-") as folder, EmbeddedServer(Path(folder) / "pg", "test") as embedded:
        yield embedded.url()


def draft(message: str) -> None:
    """Writes a revision with the difference between the migrations and the declared tables, for a person to read."""
    with server() as url:
        config = configuration(url)
        command.upgrade(config, "head")
        command.revision(config, message, autogenerate=True)


def lint() -> int:
    """squawk over the SQL of all revisions; the exit code."""
    if not has_revisions():
        return 0
    config = configuration("")
    config.output_buffer = written = io.StringIO()
    command.upgrade(config, "head", sql=True)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "migrations.sql"
        path.write_text(written.getvalue())
        program = Path(sys.executable).with_name(SQUAWK[0])
        return subprocess.run([str(program), *SQUAWK[1:], str(path)], check=False).returncode


if __name__ == "__main__":
    if sys.argv[1:2] == ["draft"]:
        draft(sys.argv[2] or "change")
    else:
        raise SystemExit(lint())
