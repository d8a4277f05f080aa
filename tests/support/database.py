"""One server per run, one template database, a clone per test process, emptied after each test."""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy import Engine

from migrations import schema
from siyu.kernel.db import engine_for, metadata
from siyu.kernel.postgres import EmbeddedServer, check_server

TEMPLATE_LOCK = 7_305_113


@dataclass(frozen=True, slots=True)
class Server:
    """The server of this run, as its process of origin hands it to xdist workers. ``prefix`` names its databases."""

    admin: str
    app: str
    prefix: str

    def url(self, name: str) -> str:
        return self.app.replace("DATABASE", name)

    def packed(self) -> dict[str, str]:
        return asdict(self)

    def _admin(self) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(self.admin, autocommit=True)

    def template(self, rooms: Iterable[str]) -> str:
        """The name of the template database; the first process that asks builds it, the others wait."""
        name = f"{self.prefix}template"
        with self._admin() as admin:
            admin.execute("select pg_advisory_lock(%s)", (TEMPLATE_LOCK,))
            if not admin.execute("select 1 from pg_database where datname = %s", (name,)).fetchone():
                building = f"{self.prefix}building"
                self.drop(building)
                self.create(building)
                _build(self.url(building), rooms)
                rename = sql.SQL("alter database {} rename to {}")
                admin.execute(rename.format(sql.Identifier(building), sql.Identifier(name)))
        return name

    def create(self, name: str, template: str | None = None) -> str:
        """A database owned by the application's role; returns its URL."""
        with self._admin() as admin:
            owner = psycopg.conninfo.conninfo_to_dict(self.app)["user"]
            copy = sql.SQL(" template {}").format(sql.Identifier(template)) if template else sql.SQL("")
            statement = sql.SQL("create database {} owner {}").format(sql.Identifier(name), sql.Identifier(str(owner)))
            admin.execute(statement + copy)
        return self.url(name)

    def drop(self, name: str) -> None:
        with self._admin() as admin:
            admin.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))

    def drop_all(self) -> None:
        """Drops every database of this run; for a server that outlives it."""
        with self._admin() as admin:
            rows = admin.execute("select datname from pg_database where starts_with(datname, %s)", (self.prefix,))
            names = [str(row[0]) for row in rows]
        for name in names:
            self.drop(name)


def _build(url: str, rooms: Iterable[str]) -> None:
    """By the migrations, as every installation is; from the declarations for a few rooms only."""
    if not rooms:
        schema.upgrade(url)
        return
    engine = engine_for(url, pool=1)
    try:
        with engine.begin() as connection:
            schema.create_all(connection, rooms)
    finally:
        engine.dispose()


class Run:
    """The server of one pytest run: ours in a short temporary folder, or the one of SIYU_TEST_DATABASE_URL."""

    def __init__(self) -> None:
        self._folder: Path | None = None
        self._embedded: EmbeddedServer | None = None
        self._server: Server | None = None

    def server(self) -> Server:
        """Starts it at the first call."""
        if self._server is None:
            prefix = f"siyu_{secrets.token_hex(4)}_"
            given = os.environ.get("SIYU_TEST_DATABASE_URL")
            if given:
                check_server(given)
                self._server = Server(given, _with_database(given), prefix)
            else:
                self._folder = Path(tempfile.mkdtemp(prefix="siyu-"))
                self._embedded = EmbeddedServer(self._folder / "pg", "test")
                self._embedded.start()
                self._server = Server(self._embedded.admin_url(), self._embedded.url("DATABASE"), prefix)
        return self._server

    def close(self) -> None:
        if self._embedded:
            self._embedded.stop()
        elif self._server:
            self._server.drop_all()
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)


def _with_database(url: str) -> str:
    """The URL with the word DATABASE for the name of the database."""
    head, _, tail = url.partition("?")
    scheme, _, rest = head.partition("://")
    authority = rest.partition("/")[0]
    return f"{scheme}://{authority}/DATABASE" + (f"?{tail}" if tail else "")


class Emptier:
    """Empties the clone after a test: TRUNCATE only where rows are, rows of the template put back."""

    def __init__(self, engine: Engine) -> None:
        dsn = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        # A test that leaves a transaction open would block the TRUNCATE: it must fail, not hang.
        self._connection = psycopg.connect(dsn, autocommit=True, options="-c lock_timeout=20s")
        names = self._connection.execute(
            "select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace"
            " where c.relkind in ('r', 'p') and not c.relispartition and n.nspname = 'public'"
            " and c.relname <> 'alembic_version' order by 1"
        )
        self._tables = [str(row[0]) for row in names]
        order = [table.name for table in metadata.sorted_tables]
        self._seed: dict[str, bytes] = {}
        for name in sorted(self._filled(), key=lambda name: order.index(name) if name in order else -1):
            with self._connection.cursor().copy(f'copy "{name}" to stdout'.encode()) as copy:
                self._seed[name] = b"".join(bytes(block) for block in copy)

    def _filled(self) -> list[str]:
        asked = " union all ".join(f"select '{name}' where exists (select from \"{name}\")" for name in self._tables)
        return [str(row[0]) for row in self._connection.execute(asked.encode())] if asked else []

    def clean(self) -> None:
        """Back to the template's rows. Sequences go on: no test may count on an id."""
        filled = self._filled()
        fresh = ", ".join(f'"{name}"' for name in filled if name not in self._seed)
        with self._connection.transaction():
            if fresh:
                self._connection.execute(f"truncate {fresh} cascade".encode())
            if self._seed:
                seeded = ", ".join(f'"{name}"' for name in self._seed)
                self._connection.execute(f"truncate {seeded} cascade".encode())
            for name, rows in self._seed.items():
                with self._connection.cursor().copy(f'copy "{name}" from stdin'.encode()) as copy:
                    copy.write(rows)

    def close(self) -> None:
        self._connection.close()
