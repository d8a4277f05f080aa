"""Fixtures of all tests: see CONTRIBUTING.md, "Tests"."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import hypothesis
import pytest
from sqlalchemy import Engine

from siyu.kernel.clock import VirtualClock
from siyu.kernel.ctx import SYSTEM, Ctx
from siyu.kernel.db import engine_for, transaction
from siyu.workdays import queries as workdays
from tests.support.browsing import opened
from tests.support.database import Emptier, Run, Server
from tests.support.statements import Statements, counting
from tests.support.world import START, ZONE, World

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

RUN = pytest.StashKey[Run]()

hypothesis.settings.register_profile("siyu", deadline=None, print_blob=True)
hypothesis.settings.register_profile("ci", deadline=None, print_blob=True, derandomize=True)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "siyu")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--rooms", default="", help="create only the tables of these rooms (comma separated): beside unfinished rooms"
    )


def pytest_configure(config: pytest.Config) -> None:
    config.stash[RUN] = Run()


def pytest_unconfigure(config: pytest.Config) -> None:
    if RUN in config.stash:
        config.stash[RUN].close()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """xdist, in the controlling process: one server for all workers."""
    node.workerinput["siyu_server"] = node.config.stash[RUN].server().packed()


@pytest.fixture(scope="session")
def server(pytestconfig: pytest.Config) -> Server:
    """The PostgreSQL server of this run."""
    handed: dict[str, str] | None = getattr(pytestconfig, "workerinput", {}).get("siyu_server")
    return Server(**handed) if handed else pytestconfig.stash[RUN].server()


@pytest.fixture(scope="session")
def database_url(server: Server, pytestconfig: pytest.Config) -> Iterator[str]:
    """URL of this process's own database, a clone of the template; for subprocesses of a test."""
    rooms = [room for room in pytestconfig.getoption("rooms").split(",") if room]
    name = f"{server.prefix}{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    yield server.create(name, server.template(rooms))
    server.drop(name)


@pytest.fixture(scope="session")
def session_engine(database_url: str) -> Iterator[Engine]:
    """Use ``engine`` or ``world``: they clean up."""
    engine = engine_for(database_url)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def emptier(session_engine: Engine) -> Iterator[Emptier]:
    emptier = Emptier(session_engine)
    yield emptier
    emptier.close()


@pytest.fixture
def engine(session_engine: Engine, emptier: Emptier) -> Iterator[Engine]:
    """The engine of the test database; what the test commits is gone after it."""
    yield session_engine
    emptier.clean()


@pytest.fixture
def clock() -> VirtualClock:
    """Stands at START until moved."""
    return VirtualClock(START)


@pytest.fixture
def world(engine: Engine, clock: VirtualClock) -> World:
    """Committed work in virtual time."""
    return World(engine, clock)


class _RollBack(Exception):
    pass


@pytest.fixture
def ctx(session_engine: Engine, emptier: Emptier, clock: VirtualClock) -> Iterator[Ctx]:
    """A transaction of the system at START, rolled back after the test. Not together with ``world``."""
    with suppress(_RollBack), transaction(session_engine, clock, SYSTEM, ZONE) as ctx:
        yield ctx
        raise _RollBack


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A Chromium that tools/browser.py found or installed. Its event loop keeps running: no asyncio.run."""
    from playwright.sync_api import sync_playwright

    from tools.browser import find

    path = find()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A fresh profile in Chinese, 1440 x 900. A script error, or an error on the console, fails the test."""
    with opened(browser) as page:
        yield page


@pytest.fixture
def asked_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The calendar of workdays is read whenever it is asked for: what the test enters holds at once."""
    monkeypatch.setattr(workdays, "KEPT_SECONDS", 0.0)
    monkeypatch.setattr(workdays, "_kept", WeakKeyDictionary())


@pytest.fixture
def statements() -> Iterator[Statements]:
    """Counts SQL statements: ``statements.reset()`` before, ``statements.count`` after."""
    with counting() as found:
        yield found
