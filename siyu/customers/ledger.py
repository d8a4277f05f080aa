"""Private: the file of erasures beside the master key: what a restored database must erase again. No I/O but this file.

Keyed hashes only (kernel.secrets): without the master key nobody can tell whom they mean. Append-only; each line is
on the disk before its erasure counts as filed. A line that a crash cut off is left behind, the next one starts anew.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import structlog

from siyu.kernel.settings import settings

log = structlog.get_logger(__name__)
PART = 200
"""Hashes of one line: a person with thousands of identities takes several."""
_LONGEST_LINE = 64 * 1024


@dataclass(frozen=True, slots=True)
class Erasure:
    """Who was erased when: keyed hashes of the identities."""

    at: datetime
    hashes: tuple[str, ...]

    @property
    def key(self) -> str:
        """The same for the same erasure, in the file and in the database."""
        told = [self.at.astimezone(UTC).isoformat(), *sorted(self.hashes)]
        return hashlib.sha256("\n".join(told).encode()).hexdigest()[:32]


def _path() -> Path:
    return settings().data_dir / "erasures.log"


def _lines(one: Erasure) -> Iterator[str]:
    at, hashes = one.at.astimezone(UTC).isoformat(), sorted(one.hashes)
    for start in range(0, max(len(hashes), 1), PART):
        yield json.dumps({"key": one.key, "at": at, "hashes": hashes[start : start + PART]}) + "\n"


def file(erasures: Iterable[Erasure]) -> None:
    """Append; returns when it is on the disk. Raises OSError."""
    text = "".join(line for one in erasures for line in _lines(one))
    path = _path()
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        size = os.fstat(descriptor).st_size
        if size and os.pread(descriptor, 1, size - 1) != b"\n":
            text = "\n" + text
        left = text.encode()
        while left:
            left = left[os.write(descriptor, left) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def filed() -> Mapping[str, Erasure]:
    """All erasures in the file by their key; what cannot be read is left out, with a line in the log."""
    parts: dict[str, tuple[datetime, list[str]]] = {}
    unread = 0
    try:
        with _path().open("rb") as lines:
            while line := lines.readline(_LONGEST_LINE):
                if not line.strip():
                    continue
                try:
                    told = json.loads(line)
                    at, hashes = datetime.fromisoformat(told["at"]), [str(one) for one in told["hashes"]]
                    parts.setdefault(str(told["key"]), (at, []))[1].extend(hashes)
                except (ValueError, KeyError, TypeError):
                    unread += 1
    except FileNotFoundError:
        return {}
    found = {key: Erasure(at, tuple(dict.fromkeys(hashes))) for key, (at, hashes) in parts.items()}
    whole = {key: one for key, one in found.items() if one.key == key and one.at.tzinfo is not None}
    if unread or len(whole) < len(found):
        log.error("erasure_ledger_unread", lines=unread, erasures=len(found) - len(whole))
    return whole


def hashes_of(erasures: Sequence[Erasure]) -> frozenset[str]:
    """All hashes of these."""
    return frozenset(one for erasure in erasures for one in erasure.hashes)
