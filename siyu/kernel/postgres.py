"""The embedded PostgreSQL server: found in a wheel, started without touching users or permissions of the machine.

``EmbeddedServer(root, profile)`` owns ``root``: the cluster in ``root/data``, its log, its passwords (0600) and a
lock that a living launcher holds, so that two never serve one folder. The server listens on loopback only, with
SCRAM; the application connects as ``siyu``, who owns the database ``siyu`` and is never superuser (as root the server
runs in a user namespace with the file rights of root, which a superuser could use).
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, NoReturn, Self

import psycopg
from psycopg import sql

from siyu.kernel.postgres_host import (
    LOCALE,
    MB,
    Profile,
    Runner,
    ServerError,
    choose_runner,
    fallback_root,
    machine_memory,
    server_settings,
)

__all__ = [
    "EXTENSIONS",
    "AlreadyRunning",
    "EmbeddedServer",
    "Profile",
    "ServerError",
    "ServerInfo",
    "check_server",
    "running_url",
]

ADMIN, APP, DATABASE = "siyu_admin", "siyu", "siyu"
EXTENSIONS = ("pg_trgm", "btree_gin")
MINIMUM_VERSION = 15

_RETRY_SECONDS = 30.0  # a killed server's processes may hold the port, the pid file or the shared memory for a while
_SILENT_SECONDS = 60.0  # without an answer and without a word about recovery
_PASSING = ("lock file", "Address already in use", "could not bind", "pre-existing shared memory")
_FULL = "No space left on device"
_ELSEWHERE = "set SIYU_DATA_DIR to a folder with room that this account may write"
_RECOVERING = ("starting up", "not yet accepting connections", "in recovery", "recovery mode")


class AlreadyRunning(ServerError):
    """Another launcher serves this data folder; ``url`` is where, if it already answers."""

    def __init__(self, root: Path, pid: str, url: str | None) -> None:
        super().__init__(f"the database in {root} is already being served by process {pid or 'unknown'}")
        self.pid, self.url = pid, url


@dataclass(frozen=True, slots=True)
class ServerInfo:
    """What ``check_server`` found: version as (major, minor), and whether the role could do more than it should."""

    version: tuple[int, int]
    superuser: bool


def check_server(url: str) -> ServerInfo:
    """Whether Siyu can live on the server at ``url``: version, encoding, trigrams for Chinese text. Changes nothing.

    Raises ServerError with what to change.
    """
    try:
        connection = psycopg.connect(url, connect_timeout=10)
    except (psycopg.OperationalError, psycopg.ProgrammingError) as error:  # the latter: it reads no such address
        raise ServerError(f"the database does not answer: {str(error).strip()}") from error
    with connection:
        version = divmod(connection.info.server_version, 10000)
        if version[0] < MINIMUM_VERSION:
            raise ServerError(f"PostgreSQL {MINIMUM_VERSION} or newer is needed, this server is {version[0]}")
        encoding = connection.info.parameter_status("server_encoding")
        if encoding != "UTF8":
            raise ServerError(f"the database must be encoded in UTF8, it is {encoding}: create it with encoding 'UTF8'")
        try:
            connection.execute("create extension if not exists pg_trgm")
            found = connection.execute("select cardinality(show_trgm('企业微信'))").fetchone()
        except psycopg.errors.InsufficientPrivilege as error:
            raise ServerError("the role may not create extensions: grant it CREATE on the database") from error
        except psycopg.Error as error:
            raise ServerError(f"the contrib module pg_trgm cannot be used: {str(error).strip()}") from error
        if not found or not found[0]:
            raise ServerError("this database's locale knows no Chinese letters: create it with locale C.UTF-8, not C")
        superuser = connection.info.parameter_status("is_superuser") == "on"
        connection.rollback()
    return ServerInfo((version[0], version[1]), superuser)


def running_url(root: Path) -> str | None:
    """URL of the application's database if a server for ``root`` lives at this moment, for a second command."""
    wanted = Path(os.path.abspath(root))
    for place in (wanted, fallback_root(wanted)):
        lines = _pid_lines(place / "data")
        if len(lines) >= 4 and _serves(int(lines[0]), place / "data"):
            return _url(APP, _passwords(place)[APP], int(lines[3]), DATABASE)
    return None


def _url(role: str, password: str, port: int, database: str) -> str:
    return f"postgresql://{role}:{password}@127.0.0.1:{port}/{database}"


def _passwords(root: Path) -> dict[str, str]:
    passwords: dict[str, str] = json.loads((root / "passwords.json").read_text())
    return passwords


def _pid_lines(data: Path) -> list[str]:
    try:
        return (data / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return []


def _serves(pid: int, data: Path) -> bool:
    """Whether ``pid`` is a living (not zombie) server of this folder; a recycled number is not."""
    proc = Path(f"/proc/{pid}")
    if Path("/proc/self").exists():
        try:
            state = (proc / "stat").read_text().rpartition(")")[2].split()[0]
            command = (proc / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            return False
    else:
        shown = subprocess.run(
            ["ps", "-o", "stat=,command=", "-p", str(pid)], check=False, capture_output=True, text=True
        )
        state, _, command = shown.stdout.strip().partition(" ")
    return state[:1] not in ("", "Z", "X") and "postgres" in command and str(data) in command


class EmbeddedServer:
    """One server in one folder. ``start`` is idempotent; use as a context manager, or call ``stop``."""

    def __init__(self, root: Path, profile: Profile = "demo") -> None:
        self.root = Path(os.path.abspath(root))
        self.profile: Profile = profile
        self.port = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._lock: IO[str] | None = None
        self._runner: Runner | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.stop()

    @property
    def data(self) -> Path:
        return self.root / "data"

    def url(self, database: str = DATABASE) -> str:
        """URL of a database for the application's role."""
        return _url(APP, _passwords(self.root)[APP], self.port, database)

    def start(self) -> str:
        """Starts the server, creating the cluster at first, and returns the application's URL.

        Raises AlreadyRunning when another launcher serves the folder, ServerError when it cannot run.
        """
        if self._process and self._process.poll() is None:
            return self.url()
        self._runner = runner = choose_runner(self.root)
        self.root = runner.root
        try:
            for folder in reversed((self.root, *self.root.parents)):
                if not folder.exists():
                    folder.mkdir(0o700 if folder == self.root else 0o755)
                    runner.own(folder)
            runner.own(self.root)
            self._hold()
        except OSError as error:
            raise ServerError(f"{self.root} cannot be written ({error.strerror}): {_ELSEWHERE}") from error
        try:
            self._end_orphan()
            if not (self.data / "PG_VERSION").exists():
                self._create(runner)
            self._launch(runner)
            self._prepare()
        except BaseException:
            self.stop()
            raise
        return self.url()

    def stop(self) -> None:
        """Fast shutdown: open transactions are rolled back, everything committed is kept."""
        process, self._process = self._process, None
        try:
            if process and process.poll() is None:
                process.send_signal(signal.SIGINT)
                try:
                    process.wait(_SILENT_SECONDS)
                except subprocess.TimeoutExpired:
                    process.send_signal(signal.SIGQUIT)
                    process.wait(_RETRY_SECONDS)
        finally:
            lock, self._lock = self._lock, None
            if lock:
                lock.close()

    def alive(self) -> bool:
        """Whether the server process lives."""
        return self._process is not None and self._process.poll() is None

    def create_database(self, name: str, template: str | None = None) -> str:
        """Creates a database of the application's role, as a copy of ``template`` if given; returns its URL."""
        copy = sql.SQL(" template {}").format(sql.Identifier(template)) if template else sql.SQL("")
        statement = sql.SQL("create database {} owner {}").format(sql.Identifier(name), sql.Identifier(APP))
        with self._admin() as connection:
            connection.execute(statement + copy)
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Drops a database if it is there, ending the connections to it."""
        with self._admin() as connection:
            connection.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))

    def admin_url(self, database: str = "postgres") -> str:
        """URL for the superuser: creating and dropping databases, never the application."""
        return _url(ADMIN, _passwords(self.root)[ADMIN], self.port, database)

    def _admin(self, database: str = "postgres") -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(self.admin_url(database), autocommit=True, connect_timeout=5)

    def _hold(self) -> None:
        if self._lock:  # a server that died under us is started again under the same lock
            return
        lock = open(self.root / "lock", "a+")  # noqa: SIM115 - the lock lasts as long as this launcher lives
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            holder = lock.read().strip()
            lock.close()
            raise AlreadyRunning(self.root, holder, running_url(self.root)) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        self._lock = lock

    def _end_orphan(self) -> None:
        """Shuts down a server whose launcher was killed, and clears the pid file of a dead (or zombie) one."""
        lines = _pid_lines(self.data)
        if not lines:
            return
        pid = int(lines[0])
        deadline = time.monotonic() + _RETRY_SECONDS
        signals = [signal.SIGINT]
        while _serves(pid, self.data):
            if signals:
                os.kill(pid, signals.pop())
            if time.monotonic() > deadline:
                deadline += _RETRY_SECONDS
                signals.append(signal.SIGQUIT)
            time.sleep(0.05)
        # PostgreSQL takes a zombie, or a stranger with the recycled number, for a living server. Its second guard,
        # the shared memory segment of the folder, stays in force.
        (self.data / "postmaster.pid").unlink(missing_ok=True)

    def _create(self, runner: Runner) -> None:
        """initdb beside the final place, renamed when whole: a killed initdb leaves no half cluster behind."""
        passwords = self.root / "passwords.json"
        staging, admin = self.root / "data.new", self.root / "admin.new"
        shutil.rmtree(staging, ignore_errors=True)
        for path in (passwords, admin):
            path.unlink(missing_ok=True)
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            runner.own(path)
        words = {role: secrets.token_urlsafe(24) for role in (ADMIN, APP)}
        passwords.write_text(json.dumps(words))
        admin.write_text(words[ADMIN])
        options = ["-U", ADMIN, f"--pwfile={admin}", "--auth=scram-sha-256", "--encoding=UTF8", f"--locale={LOCALE}"]
        # With locale C, pg_trgm sees no letters in Chinese text; this build has no ICU.
        options += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-instructions"]
        options += ["--no-sync"] if self.profile == "test" else []
        with open(self.root / "initdb.log", "wb") as log:
            code = runner.popen(runner.command("initdb", "-D", str(staging), *options), log).wait()
        admin.unlink()
        if code:
            self._explain("initdb failed", self._tail("initdb.log"))
        staging.rename(self.data)

    def _launch(self, runner: Runner) -> None:
        options = [f"{name}={value}" for name, value in server_settings(self.profile, machine_memory()).items()]
        deadline = time.monotonic() + _RETRY_SECONDS
        log = self.root / "postgres.log"
        if log.exists() and log.stat().st_size > 16 * MB:
            log.replace(self.root / "postgres.log.1")
        while True:
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                self.port = int(probe.getsockname()[1])
            arguments = ["-D", str(self.data), "-p", str(self.port)]
            for option in options:
                arguments += ["-c", option]
            with open(log, "ab") as output:
                start = output.tell()
                self._process = runner.popen(self._with_parent(runner.command("postgres", *arguments), runner), output)
            if self._answers():
                return
            tail = self._tail("postgres.log", start)
            if time.monotonic() > deadline or not any(word in tail for word in _PASSING):
                self._explain("PostgreSQL did not start", tail)
            time.sleep(0.2)

    def _with_parent(self, command: list[str], runner: Runner) -> list[str]:
        """Lets the server end with us even after kill -9. Linux binds this to the starting thread: main thread only."""
        bound = ["setpriv", "--pdeathsig", "INT", "--"]
        main = threading.current_thread() is threading.main_thread()
        if not main or not runner.can([*runner.prefix, *bound, "true"]):
            return command
        at = len(runner.prefix)  # after the namespace: changing credentials clears the signal
        return [*command[:at], *bound, *command[at:]]

    def _answers(self) -> bool:
        """Waits for the server, through a recovery of any length; False when its process ended."""
        process = self._process
        assert process is not None
        silent = time.monotonic() + _SILENT_SECONDS
        while process.poll() is None:
            try:
                self._admin().close()
            except psycopg.OperationalError as error:
                if any(word in str(error) for word in _RECOVERING):
                    silent = time.monotonic() + _SILENT_SECONDS
                elif time.monotonic() > silent:
                    raise ServerError(f"PostgreSQL does not answer: {error}\n{self._tail('postgres.log')}") from error
                time.sleep(0.02)
            else:
                return True
        return False

    def _prepare(self) -> None:
        """Role, database and extensions, each created if missing, so that an interrupted first start is completed."""
        word = _passwords(self.root)[APP]
        with self._admin() as connection:
            if not connection.execute("select 1 from pg_roles where rolname = %s", (APP,)).fetchone():
                role = sql.SQL("create role {} login password {}")
                connection.execute(role.format(sql.Identifier(APP), sql.Literal(word)))
            if connection.execute("select 1 from pg_database where datname = %s", (DATABASE,)).fetchone():
                return
        with self._admin("template1") as connection:
            for extension in EXTENSIONS:  # set-loop: two names
                connection.execute(sql.SQL("create extension if not exists {}").format(sql.Identifier(extension)))
        self.create_database(DATABASE)

    def _explain(self, what: str, log: str) -> NoReturn:
        if _FULL in log:
            raise ServerError(f"the disk of {self.root} is full: make room, or {_ELSEWHERE}")
        raise ServerError(f"{what} in {self.root}:\n{log}")

    def _tail(self, name: str, start: int = 0) -> str:
        with open(self.root / name, "rb") as log:
            log.seek(start)
            return log.read()[-2000:].decode(errors="replace")
