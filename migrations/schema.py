"""The tables of every room, for Alembic and for the tests: found, not listed, so that none is forgotten."""

import importlib
import pkgutil
import re
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

import siyu
from siyu.kernel.db import engine_for, metadata
from siyu.kernel.postgres import EXTENSIONS

FOLDER = Path(__file__).resolve().parent
STORE = re.compile(r"siyu\.\w+(\.\w+)*?\.store(_\w+)?(\.|$)")
KERNEL_TABLES = ("siyu.kernel.notices", "siyu.kernel.audit", "siyu.kernel.idempotency")


def load_tables(rooms: Iterable[str] = ()) -> list[ModuleType]:
    """Imports every module that declares tables (``store.py``, ``store_*.py``, ``store/``) into the metadata.

    With ``rooms``, only theirs: for work on one room while another is unfinished.
    """
    wanted = set(rooms)
    names = {
        module.name
        for module in pkgutil.walk_packages(siyu.__path__, "siyu.")
        if STORE.match(module.name) and (not wanted or module.name.split(".")[1] in wanted)
    }
    return [importlib.import_module(name) for name in (*KERNEL_TABLES, *sorted(names))]


def create_extensions(connection: Connection) -> None:
    """Trusted extensions: the owner of the database may create them."""
    for extension in EXTENSIONS:  # set-loop: two names
        connection.execute(text(f"create extension if not exists {extension}"))


def prepare(connection: Connection, modules: Iterable[ModuleType]) -> None:
    """Calls each room's ``store.prepare``: what table declarations cannot express, such as partitions."""
    for function in dict.fromkeys(module.prepare for module in modules if hasattr(module, "prepare")):
        function(connection)


def create_all(connection: Connection, rooms: Iterable[str] = ()) -> None:
    """Every table from the declarations, without migrations."""
    modules = load_tables(rooms)
    create_extensions(connection)
    metadata.create_all(connection)
    prepare(connection, modules)


def configuration(url: str) -> Config:
    """Alembic's configuration for one database."""
    config = Config(str(FOLDER.parent / "alembic.ini"))
    config.attributes["url"] = url
    return config


def upgrade(url: str) -> None:
    """Brings a database to the newest revision, then lets each room prepare (idempotent, so at every start)."""
    command.upgrade(configuration(url), "head")
    engine = engine_for(url, pool=1)
    try:
        with engine.begin() as connection:
            prepare(connection, load_tables())
    finally:
        engine.dispose()
