"""A really running demo company for the browser: its own process, database and port."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import Browser, Page, expect

from siyu.app.http import SCREENS
from tests.support.browsing import opened
from tests.support.waiting import until

LOGIN, PASSWORD = "operator", "siyu-demo-2026"
SPEED = 600
"""Simulated seconds in a second: the twelve hours of the e-book wave pass in 72 seconds."""
CUSTOMERS = 60
PATIENCE = 60_000
"""Milliseconds that a page may take to show a thing: a busy machine is slow, not wrong."""


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of ``siyu run`` with a small demo company, stopped by Ctrl-C afterwards."""
    assert (SCREENS / "index.html").exists(), "the screens are not built: make ui"
    folder = tmp_path_factory.mktemp("company")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("SIYU_")}
    environment |= {"SIYU_DATA_DIR": str(folder / "data"), "SIYU_PORT": str(port)}
    command = [sys.executable, "-m", "siyu.app.cli", "run", "--customers", str(CUSTOMERS), "--speed", str(SPEED)]
    told = folder / "told"
    with told.open("wb") as out:
        process = subprocess.Popen(command, env=environment, stdout=out, stderr=subprocess.STDOUT, cwd=_ROOT)
    try:
        until(lambda: "Ctrl-C" in told.read_text() or process.poll() is not None, "the demo company runs", seconds=120)
        assert process.poll() is None, told.read_text()
        address = f"http://127.0.0.1:{port}"
        with httpx2.Client(base_url=address) as http:
            http.post("/api/team/sign-in", json={"login": LOGIN, "password": PASSWORD}).raise_for_status()
            until(lambda: http.get("/api/customers").json()["items"], "the followers are known", seconds=120)
        yield address
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)


_ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def operator(page: Page, company: str) -> Page:
    """A page on which the operator has signed in; it stands at the list of journeys."""
    page.set_default_timeout(PATIENCE)
    expect.set_options(timeout=PATIENCE)
    page.goto(f"{company}/sign-in")
    page.get_by_label("账号").fill(LOGIN)
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name=re.compile("登.?录")).click()
    page.wait_for_url("**/journeys")
    return page


@pytest.fixture
def visitor(browser: Browser) -> Iterator[Page]:
    """A page of somebody who has not signed in, whom the server may refuse; a script error fails the test."""
    expect.set_options(timeout=PATIENCE)
    with opened(browser, refusals=True) as page:
        page.set_default_timeout(PATIENCE)
        yield page


@pytest.fixture
def editor(visitor: Page, company: str) -> Page:
    """A page of the operator, at no screen yet, on which the server may refuse what is saved."""
    signed = visitor.request.post(f"{company}/api/team/sign-in", data={"login": LOGIN, "password": PASSWORD})
    assert signed.ok
    return visitor


def choose(page: Page, label: str, option: str) -> None:
    """Choose an option of a select by its words; its list is closed afterwards."""
    field, options = page.get_by_label(label, exact=True).last, page.locator(".ant-select-dropdown:visible")
    field.click()
    options.locator(".ant-select-item-option", has_text=option).first.click()
    # Only the list of a select for several stays open; an Escape too many closes the drawer around it.
    if field.evaluate("field => field.closest('.ant-select-multiple') !== null"):
        page.keyboard.press("Escape")
    expect(options).to_have_count(0)
