"""Opens an installation: database, schema, clock, senders. The one place where the parts meet."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from urllib.parse import urlsplit, urlunsplit
from zoneinfo import ZoneInfo

import psycopg
from psycopg import sql

from migrations.schema import upgrade
from siyu.customers import actions as customers
from siyu.kernel.clock import Clock
from siyu.kernel.db import Engine, engine_for
from siyu.kernel.postgres import EmbeddedServer, check_server
from siyu.kernel.postgres_host import Profile, ServerError
from siyu.kernel.settings import Settings
from siyu.platforms.senders import open_senders
from siyu.runtime.house import House, clock_of


@contextmanager
def database(settings: Settings, profile: Profile = "demo") -> Iterator[str]:
    """The URL of a migrated database: the given server, or the embedded one, which stops with the block.

    Raises kernel.postgres_host.ServerError with what to change.
    """
    with ExitStack() as stack:
        if settings.database_url:
            check_server(settings.database_url)
            url = settings.database_url
        else:
            url = stack.enter_context(EmbeddedServer(settings.data_dir / "pg", profile)).url()
        upgrade(url)
        yield url


@contextmanager
def house_at(url: str, settings: Settings, clock: Clock | None = None) -> Iterator[House]:
    """A house over a migrated database, with the platforms' real HTTP clients as senders."""
    engine: Engine = engine_for(url)
    zone = ZoneInfo(settings.zone)
    try:
        bare = House(engine, clock or clock_of(engine), zone)
        with bare.open() as ctx:
            customers.replay_erasures(ctx)  # whoever was erased after the backup that this database was restored from
        with ExitStack() as stack:
            senders = stack.enter_context(open_senders(bare.open))
            yield House(engine, bare.clock, zone, senders)
    finally:
        engine.dispose()


@contextmanager
def scratch_database(url: str) -> Iterator[str]:
    """A new database beside the one at ``url``, dropped with the block. The role needs CREATEDB; raises ServerError."""
    name = f"siyu_scratch_{os.getpid()}"
    try:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(
                sql.SQL("create database {} template template0 encoding 'UTF8'").format(sql.Identifier(name))
            )
    except psycopg.Error as error:
        raise ServerError(f"a scratch database is needed beside the given one: {str(error).strip()}") from error
    parts = urlsplit(url)
    try:
        scratch = urlunsplit(parts._replace(path=f"/{name}"))
        check_server(scratch)
        yield scratch
    finally:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))
