"""Private: what a client knows of its accounts: address, secret, and the endpoints that the platform has blocked."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from siyu.kernel.clock import machine
from siyu.kernel.jobs import Open
from siyu.kernel.secrets import decrypt
from siyu.platforms import queries, store
from siyu.platforms.types import Account

TRUST_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Entry:
    """An account as read at machine second ``read_machine``, which was business time ``now``."""

    account: Account
    secret: str = field(repr=False)
    blocks: Mapping[str, datetime]
    now: datetime
    read_machine: float


@dataclass
class Book:
    """Reads accounts and remembers them for a few seconds."""

    opened: Open
    _entries: dict[int, Entry] = field(default_factory=dict)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def entry(self, account_id: int, *, fresh: bool = False) -> Entry | None:
        """The account, None when it is unknown or switched off; ``fresh`` reads it again."""
        found = self._entries.get(account_id)
        if found and not fresh and 0 <= machine() - found.read_machine < TRUST_SECONDS:
            return found
        with self._guard, self.opened() as ctx:
            at = machine()
            account = next((row for row in queries.accounts(ctx) if row.account_id == account_id), None)
            if account is None or not account.active:
                self._entries.pop(account_id, None)
                return None
            blocks = {
                row.endpoint: row.until or ctx.now + timedelta(seconds=row.until_machine - at)
                for row in store.blocks(ctx, account_id, at)
            }
            secret = decrypt(account.sealed.secret) if account.sealed.secret else ""
            found = self._entries[account_id] = Entry(account, secret, blocks, ctx.now, at)
        return found

    def blocked(self, account_id: int, endpoint: str) -> datetime | None:
        """Until when (business time) the platform has blocked an endpoint."""
        entry = self.entry(account_id)
        if entry is None or endpoint not in entry.blocks:
            return None
        # The business clock may have jumped since: read again before refusing.
        entry = self.entry(account_id, fresh=True)
        return entry.blocks.get(endpoint) if entry else None

    def block(
        self, account_id: int, endpoint: str, *, seconds: float | None = None, day_of: str | None = None
    ) -> datetime:
        """Remember a block: for ``seconds`` of machine time, or until the next midnight of the zone ``day_of``."""
        from zoneinfo import ZoneInfo

        with self.opened() as ctx:
            if day_of is not None:
                local = ctx.now.astimezone(ZoneInfo(day_of))
                midnight = (local + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
                until = midnight.astimezone(ctx.now.tzinfo)
                store.put_block(ctx, account_id, endpoint, until, None)
            else:
                until = ctx.now + timedelta(seconds=seconds or 60.0)
                store.put_block(ctx, account_id, endpoint, None, machine() + (seconds or 60.0))
        self._entries.pop(account_id, None)
        return until
