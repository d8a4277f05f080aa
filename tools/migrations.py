"""Migrations: draft one from the tables, lint their SQL with squawk. Both on an embedded server of their own."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, event

from migrations.schema import FOLDER, configuration
from siyu.kernel.postgres import EmbeddedServer

CHANGES = ("create", "alter", "drop", "insert", "update", "delete", "truncate", "set", "reindex", "comment")
# Time-outs are set in migrations/env.py; a revision is one transaction, so statements need not repeat safely;
# customer numbers are dense 32-bit integers on purpose (ARCHITECTURE.md, section 7).
EXCLUDED = "require-timeout-settings,prefer-robust-stmts,prefer-bigint-over-int,prefer-bigint-over-smallint"
PROGRAMS = Path(sys.executable).parent


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
    subprocess.run([str(PROGRAMS / "ruff"), "check", "--quiet", "--fix", "--exit-zero", str(FOLDER)], check=True)
    subprocess.run([str(PROGRAMS / "ruff"), "format", "--quiet", str(FOLDER)], check=True)


def statements(url: str) -> Iterator[tuple[str, str]]:
    """(revision, its SQL), each as it really ran on a database that has the revisions before it."""
    seen: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        if statement.split(None, 1)[0].lower() in CHANGES and "alembic_version" not in statement:
            seen.append(statement.strip() + ";")

    config = configuration(url)
    scripts = ScriptDirectory.from_config(config)
    heads = sorted(scripts.get_heads())
    if len(heads) > 1:
        raise SystemExit(f"two lines of migrations end in {', '.join(heads)}; one must follow the other")
    event.listen(Engine, "before_cursor_execute", note)
    try:
        for revision in reversed(list(scripts.walk_revisions())):
            seen.clear()
            command.upgrade(config, revision.revision)
            yield revision.revision, "\n".join(seen)
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def squawk(folder: Path) -> int:
    """squawk over every file of a folder; one file per revision, since it forgives what it saw being created."""
    command = [str(PROGRAMS / "squawk"), "--assume-in-transaction", "--pg-version=15.0", f"--exclude={EXCLUDED}"]
    return subprocess.run([*command, *map(str, sorted(folder.glob("*.sql")))], check=False).returncode


def lint() -> int:
    """The exit code of squawk over all revisions."""
    with tempfile.TemporaryDirectory() as folder, server() as url:
        for number, (revision, sql) in enumerate(statements(url)):
            (Path(folder) / f"{number:04}_{revision}.sql").write_text(sql)
        return squawk(Path(folder))


if __name__ == "__main__":
    if sys.argv[1:2] == ["draft"]:
        draft(sys.argv[2] or "change")
    else:
        raise SystemExit(lint())
