"""The embedded server's launcher: restarts after every kind of death, accounts, refusals."""

import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from siyu.kernel.postgres import AlreadyRunning, EmbeddedServer, ServerError, check_server, running_url
from siyu.kernel.postgres_host import choose_runner, server_settings
from tests.support.database import Server
from tests.support.waiting import until

LAUNCH = """
import sys, threading, time
from pathlib import Path
from siyu.kernel.postgres import EmbeddedServer
server = EmbeddedServer(Path(sys.argv[1]), "demo")
if sys.argv[2] == "thread":
    thread = threading.Thread(target=server.start); thread.start(); thread.join()
else:
    server.start()
print(server.url(), flush=True)
time.sleep(600)
"""


@pytest.fixture
def root() -> Iterator[Path]:
    """A folder that any account may enter, as a project's folder is."""
    folder = Path(tempfile.mkdtemp(prefix="siyu-"))
    folder.chmod(0o755)
    yield folder / "pg"
    shutil.rmtree(folder)


def _write(url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("create table if not exists kept (x int)")
        connection.execute("insert into kept values (1)")


def _kept(url: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute("select count(*) from kept").fetchone()
    return int(row[0]) if row else 0


def _pid(root: Path) -> int:
    return int((root / "data" / "postmaster.pid").read_text().splitlines()[0])


def _gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def _launcher(root: Path, where: str) -> tuple[subprocess.Popen[str], str]:
    process = subprocess.Popen([sys.executable, "-c", LAUNCH, str(root), where], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    return process, process.stdout.readline().strip()


def test_data_and_passwords_last_and_the_application_is_no_superuser(root: Path) -> None:
    with EmbeddedServer(root, "demo") as server:
        url = server.url()
        assert running_url(root) == url
        assert not check_server(url).superuser
        assert (root / "passwords.json").stat().st_mode & 0o777 == 0o600
        _write(url)
        wrong = url.replace(json.loads((root / "passwords.json").read_text())["siyu"], "guessed")
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(wrong)
    assert running_url(root) is None
    with EmbeddedServer(root, "demo") as server:
        assert _kept(server.url()) == 1


def test_a_second_launcher_is_told_where_the_first_serves(root: Path) -> None:
    with EmbeddedServer(root, "test") as server, pytest.raises(AlreadyRunning) as refused:
        EmbeddedServer(root, "test").start()
    assert (refused.value.pid, refused.value.url) == (str(os.getpid()), server.url())


def test_the_server_ends_with_a_killed_launcher_and_loses_nothing(root: Path) -> None:
    launcher, url = _launcher(root, "main")
    _write(url)
    pid = _pid(root)
    launcher.kill()
    launcher.communicate()
    until(lambda: _gone(pid), "the server ends")
    with EmbeddedServer(root, "demo") as server:
        assert _kept(server.url()) == 1


def test_an_orphaned_server_is_taken_over(root: Path) -> None:
    launcher, url = _launcher(root, "thread")  # not bound to its launcher: a thread that ends would end the server
    _write(url)
    pid = _pid(root)
    launcher.kill()
    launcher.communicate()
    assert running_url(root) == url
    with EmbeddedServer(root, "demo") as server:
        assert _gone(pid)
        assert _kept(server.url()) == 1


def test_a_killed_server_recovers(root: Path) -> None:
    with EmbeddedServer(root, "demo") as server:
        _write(server.url())
        os.kill(_pid(root), signal.SIGKILL)
        until(lambda: not server.alive(), "the server is dead")
        assert _kept(server.start()) == 1


def test_a_stale_pid_file_does_not_stop_a_start(root: Path) -> None:
    """The number in it may be a zombie's (a killed server nobody reaped), a stranger's, or free."""
    with EmbeddedServer(root, "test"):
        lines = (root / "data" / "postmaster.pid").read_text().splitlines()
    zombie, stranger, free = (subprocess.Popen(command) for command in (["true"], ["sleep", "600"], ["true"]))
    until(lambda: _gone(zombie.pid), "the process is a zombie")
    free.wait()
    try:
        for process in (zombie, stranger, free):
            (root / "data" / "postmaster.pid").write_text("\n".join([str(process.pid), *lines[1:]]) + "\n")
            with EmbeddedServer(root, "test") as server:
                check_server(server.url())
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()
        zombie.wait()


def test_an_interrupted_first_start_is_completed(root: Path) -> None:
    (root / "data.new").mkdir(parents=True)
    (root / "data.new" / "PG_VERSION").write_text("18\n")
    (root / "passwords.json").write_text("{}")
    with EmbeddedServer(root, "test") as server:
        check_server(server.url())
        server.drop_database("siyu")
    with EmbeddedServer(root, "test") as server:
        check_server(server.url())


def test_a_server_that_cannot_start_shows_its_log_and_frees_the_folder(root: Path) -> None:
    with EmbeddedServer(root, "test"):
        pass
    (root / "data" / "postgresql.conf").write_text("no such thing\n")
    for _ in range(2):
        with pytest.raises(ServerError, match="syntax error in file"):
            EmbeddedServer(root, "test").start()


def test_a_folder_of_another_account_stays_that_accounts(root: Path) -> None:
    """Root acts as the folder's owner, also one without a passwd entry; anybody else runs the server directly."""
    root.mkdir(0o700)
    owner = 64999 if os.geteuid() == 0 else os.geteuid()
    os.chown(root, owner, -1)
    with EmbeddedServer(root, "test") as server:
        check_server(server.url())
        assert (root / "data").stat().st_uid == owner


def test_without_user_namespaces_root_becomes_nobody(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a container that refuses ``unshare``. A named account never asks for one; a nameless one is told."""
    refusing = root.parent / "bin"
    refusing.mkdir()
    (refusing / "unshare").write_text("#!/bin/sh\nexit 1\n")
    (refusing / "unshare").chmod(0o755)
    monkeypatch.setenv("PATH", f"{refusing}:{os.environ['PATH']}")
    if os.geteuid() not in {entry.pw_uid for entry in pwd.getpwall()}:
        with pytest.raises(ServerError, match="SIYU_DATABASE_URL"):
            choose_runner(root)
        return
    for _ in range(2):
        with EmbeddedServer(root, "test") as server:
            check_server(server.url())
            assert (root / "data").stat().st_uid == (65534 if os.geteuid() == 0 else os.geteuid())


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ("encoding 'SQL_ASCII' locale_provider libc locale 'C'", "must be encoded in UTF8, it is SQL_ASCII"),
        ("encoding 'UTF8' locale_provider libc locale 'C'", "knows no Chinese letters"),
    ],
)
def test_an_unfit_database_by_url_is_refused(server: Server, options: str, complaint: str) -> None:
    name = f"{server.prefix}unfit"
    owner = psycopg.conninfo.conninfo_to_dict(server.app)["user"]
    with psycopg.connect(server.admin, autocommit=True) as admin:
        admin.execute(f'create database {name} owner "{owner}" template template0 {options}'.encode())
    try:
        with pytest.raises(ServerError, match=complaint):
            check_server(server.url(name))
    finally:
        server.drop(name)


def test_an_unreachable_server_is_named() -> None:
    with pytest.raises(ServerError, match="does not answer"):
        check_server("postgresql://siyu@127.0.0.1:1/siyu")


def test_only_tests_may_lose_data_and_sizes_follow_the_machine() -> None:
    large, small = 24 << 30, 1 << 30
    assert server_settings("test", large)["fsync"] == "off"
    assert "fsync" not in server_settings("demo", large) | server_settings("server", large)
    assert server_settings("server", large)["shared_buffers"] == "4096MB"
    assert server_settings("server", small)["shared_buffers"] == "170MB"
    assert server_settings("demo", large)["shared_buffers"] == "512MB"
    assert server_settings("scratch", large) == server_settings("demo", large) | {
        "fsync": "off",
        "synchronous_commit": "off",
        "full_page_writes": "off",
    }
