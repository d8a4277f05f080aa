"""What the command line says when something is wrong: one line that names it, exit code 2, no traceback."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from typer.testing import CliRunner

from siyu.app.commands import app
from siyu.kernel.settings import Settings, settings

ROOT = Path(__file__).resolve().parents[2]
ENDING = (signal.SIGINT, signal.SIGTERM)
HIDDEN = "postgresql://siyu:secret@127.0.0.1:1/none"


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Settings, signals and logs of this test alone: the commands run in this process."""
    monkeypatch.setenv("SIYU_DATA_DIR", str(tmp_path))
    handlers, logs = {number: signal.getsignal(number) for number in ENDING}, structlog.get_config()
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)
    structlog.configure(**logs)


def _said(*arguments: str) -> str:
    settings.cache_clear()
    result = CliRunner().invoke(app, arguments)
    settings.cache_clear()
    assert result.exit_code == 2, result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.stderr


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("SIYU_PORT", "abc", "SIYU_PORT: Input should be a valid integer"),
        ("SIYU_PORT", "70000", "SIYU_PORT: Input should be less than or equal to 65535"),
        ("SIYU_DATABASE_URL", "mysql://a/b", "postgresql://user:password@host:port/database"),
        ("SIYU_DATABASE_URL", "postgresql://siyu@127.0.0.1:port/x", 'invalid integer value "port"'),
        ("SIYU_DATABASE_URL", HIDDEN, "the database does not answer"),
        ("SIYU_ZONE", "Mars/Olympus", "SIYU_ZONE: no such time zone"),
        ("SIYU_LOG_LEVEL", "LOUD", "SIYU_LOG_LEVEL: Input should be"),
    ],
)
def test_a_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str) -> None:
    monkeypatch.setenv(name, value)
    shown = _said("migrate")
    assert said in shown
    assert "Traceback" not in shown
    assert "secret" not in shown


def test_a_taken_port_is_named(monkeypatch: pytest.MonkeyPatch, database_url: str, engine: object) -> None:
    monkeypatch.setenv("SIYU_DATABASE_URL", database_url)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setenv("SIYU_PORT", str(port))
        assert f"port {port} on 127.0.0.1 is taken" in _said("run", "--no-demo")


def test_a_data_folder_that_is_none_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("SIYU_DATA_DIR", str(tmp_path / "file"))
    assert "Not a directory" in _said("run", "--no-demo")


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_addresses_as_other_tools_write_them(scheme: str) -> None:
    assert Settings(database_url=f"{scheme}://siyu@host/db").database_url == "postgresql://siyu@host/db"


def test_the_fortnight_ends_with_what_agrees_and_how_long_is_an_option(tmp_path: Path) -> None:
    """In a process of its own: a demo leaves the address of its server in the settings."""
    command = [sys.executable, "-m", "siyu.app.cli", "demo", "fortnight", "--customers", "10", "--days", "3"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SIYU_")}
    environment |= {"SIYU_DATA_DIR": str(tmp_path)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "every count agrees" in done.stdout
    assert "days" in _said("demo", "fortnight", "--days", "2")
