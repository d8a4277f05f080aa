"""Door: the conversation archive (会话内容存档), which reaches Siyu through an adapter (docs/platform.md A.8).

WeCom hands its archive to a native library alone, which is licensed and never part of Siyu: the setting
``wecom_archive`` names who wraps it. The sandbox's own is built in.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from importlib import import_module
from typing import Protocol

import structlog

from siyu.kernel.errors import SiyuError
from siyu.kernel.settings import settings
from siyu.platforms.book import Book
from siyu.platforms.sandbox_control.client import SandboxControl, SandboxRefused, SandboxUnreachable
from siyu.platforms.types import LOCAL_CODES, Account, Call, Outcome

log = structlog.get_logger(__name__)

MOST = 1_000
"""Messages that one fetch may bring."""


class ArchiveUnavailable(SiyuError):
    """The archive cannot be read now, or what the setting names is no adapter; nothing was lost."""

    status = 503
    code = "archive_unavailable"


@dataclass(frozen=True, slots=True)
class ArchiveMessage:
    """One archived message, decrypted. ``body`` is WeCom's JSON: msgid, action, from, tolist, msgtime (ms), msgtype."""

    seq: int
    body: Mapping[str, object]


class Archive(Protocol):
    """Reads one corp's archive. Calls go out, so never inside a transaction. Raises ArchiveUnavailable."""

    def fetch(self, seq: int, limit: int) -> Sequence[ArchiveMessage]:
        """Messages after ``seq``, oldest first, ``limit`` (1 to 1000) at most, of the last 5 days; none: up to date."""

    def media(self, sdkfileid: str) -> bytes:
        """The file of a message."""


Factory = Callable[[Account], Archive]
"""What ``wecom_archive`` names: it is given the WeCom app and keeps the archive's secret and keys by itself."""


@dataclass(frozen=True, slots=True)
class SandboxArchive:
    """The archive of the sandbox that an account's ``base_url`` leads to."""

    account: Account

    def fetch(self, seq: int, limit: int) -> Sequence[ArchiveMessage]:
        """See Archive."""
        if not 1 <= limit <= MOST:
            raise ValueError(f"limit lies in 1..{MOST}")
        try:
            with SandboxControl(self.account.config["base_url"].removesuffix("/wecom"), timeout=15.0) as sandbox:
                found = sandbox.archive(corpid=self.account.appid, seq=seq, limit=limit)["messages"]
        except (SandboxRefused, SandboxUnreachable) as error:
            raise ArchiveUnavailable(str(error)) from None
        return [ArchiveMessage(int(one["seq"]), {k: v for k, v in one.items() if k != "seq"}) for one in found]

    def media(self, sdkfileid: str) -> bytes:
        """See Archive. Simulated messages carry no files."""
        raise ArchiveUnavailable(f"the sandbox keeps no file {sdkfileid}")


def open_archive(account: Account) -> Archive | None:
    """The archive of a WeCom app's corp; None when none is configured. Raises ArchiveUnavailable for a bad setting."""
    named = settings().wecom_archive
    if not named:
        return None
    if named == "sandbox":
        return SandboxArchive(account)
    module, _, attribute = named.partition(":")
    try:
        factory: Factory = getattr(import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise ArchiveUnavailable(f"SIYU_WECOM_ARCHIVE names {named}: {error}") from None
    return factory(account)


@dataclass
class ArchiveSender:
    """A Sender over the archives. ``Call.body`` is {"seq", "limit"}; answers {"messages": [{"seq", ...body}]}.

    An adapter is opened once per account and setting, because opening it may load a library and keys.
    """

    book: Book
    _open: dict[int, tuple[str, datetime, Archive]] = field(default_factory=dict)

    def send(self, call: Call) -> Outcome:
        """Fetch; a failure of the adapter, whatever it is, may pass."""
        entry = self.book.entry(call.account_id)
        if entry is None:
            return Outcome(False, -103, LOCAL_CODES[-103], {})
        try:
            archive = self._archive(entry.account)
            if archive is None:
                return Outcome(False, -103, "no archive is configured", {})
            found = archive.fetch(int(str(call.body["seq"])), int(str(call.body["limit"])))
        except Exception as error:  # noqa: BLE001 - the installation's own code: what it raises must not stop the worker
            log.warning("archive_unavailable", account_id=call.account_id, error=f"{type(error).__name__}: {error}")
            return Outcome(False, -100, str(error) or type(error).__name__, {}, retryable=True)
        return Outcome(True, 0, "", {"messages": [{**one.body, "seq": one.seq} for one in found]})

    def _archive(self, account: Account) -> Archive | None:
        named, kept = settings().wecom_archive, self._open.get(account.account_id)
        if kept is not None and kept[:2] == (named, account.changed_at):
            return kept[2]
        archive = open_archive(account)
        if archive is not None:
            self._open[account.account_id] = named, account.changed_at, archive
        return archive
