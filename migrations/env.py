"""Alembic's environment: all revisions in one transaction, on the database that the caller names.

``siyu.app.wiring`` hands over ``config.attributes["url"]``, the command line takes SIYU_DATABASE_URL. Two processes
that start at once migrate one after the other. A migration waits at most 5 seconds for a lock: it fails rather than
stop a running company.
"""

from __future__ import annotations

import os

from alembic import context
from sqlalchemy import Connection, text

from migrations.schema import load_tables
from siyu.kernel.db import engine_for, metadata

LOCK_TIMEOUT, STATEMENT_TIMEOUT = "5s", "10min"
MIGRATION_LOCK = 7_305_114

load_tables()


def _migrate(connection: Connection | None, foreign: frozenset[str] = frozenset()) -> None:
    def ours(name: str | None, kind: str, parents: object) -> bool:
        return kind != "table" or name not in foreign

    context.configure(
        connection=connection,
        dialect_name="postgresql",
        target_metadata=metadata,
        include_name=ours,  # without it autogenerate proposes to drop the partitions
        compare_type=True,
        compare_server_default=True,
    )
    with context.begin_transaction():
        context.execute(f"set local lock_timeout = '{LOCK_TIMEOUT}'")
        context.execute(f"set local statement_timeout = '{STATEMENT_TIMEOUT}'")
        context.run_migrations()


def _run() -> None:
    if context.is_offline_mode():
        _migrate(None)
        return
    url = context.config.attributes.get("url") or os.environ.get("SIYU_DATABASE_URL")
    if not url:
        raise SystemExit("set SIYU_DATABASE_URL: alembic on the command line works on a server by URL")
    engine = engine_for(url, pool=1)
    try:
        with engine.begin() as connection:
            connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
            partitions = connection.execute(text("select relname from pg_class where relispartition"))
            _migrate(connection, frozenset(partitions.scalars()))
    finally:
        engine.dispose()


_run()
