"""Private: access tokens, shared by all processes through the database, fetched by one of them at a time.

The right to fetch is a lease in the token's row (machine time), so no transaction is open while the platform is
asked. A process keeps what it read for a few seconds; a token that the platform refuses is given back as ``bad``.
"""

import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from siyu.kernel.clock import machine
from siyu.kernel.jobs import Open
from siyu.kernel.secrets import decrypt, encrypt
from siyu.platforms import store

LEASE_SECONDS = 30.0
TRUST_SECONDS = 5.0
WAIT_SECONDS = 40.0
REFUSED_SECONDS = 60.0
"""How long a refused secret is not tried again: WeCom blocks the address for an hour after repeated wrong ones."""

Fetch = Callable[[str], tuple[str, float]]
"""Fetch from the platform: takes the refused token or "", answers (token, seconds to live)."""


class Refused(Exception):
    """The platform refused our credentials."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(slots=True)
class _Known:
    value: str
    read_machine: float


@dataclass
class Tokens:
    """The tokens of all accounts, one purpose each (``access``)."""

    opened: Open
    _known: dict[tuple[int, str], _Known] = field(default_factory=dict)
    _locks: dict[tuple[int, str], threading.Lock] = field(default_factory=dict)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def get(self, account_id: int, purpose: str, fetch: Fetch, bad: str = "") -> str:
        """A token that is not ``bad``. Raises Refused, and what ``fetch`` raises."""
        key = (account_id, purpose)
        known = self._known.get(key)
        if known and known.value != bad and 0 <= machine() - known.read_machine < TRUST_SECONDS:
            return known.value
        with self._guard:
            lock = self._locks.setdefault(key, threading.Lock())
        with lock:
            known = self._known.get(key)
            if known and known.value != bad and 0 <= machine() - known.read_machine < TRUST_SECONDS:
                return known.value
            value = self._settle(account_id, purpose, fetch, bad)
            self._known[key] = _Known(value, machine())
            return value

    def _settle(self, account_id: int, purpose: str, fetch: Fetch, bad: str) -> str:
        by = f"{os.getpid()}:{threading.get_ident()}:{machine()}"
        deadline = machine() + WAIT_SECONDS
        while True:  # set-loop: waits for another worker's token
            at = machine()
            with self.opened() as ctx:
                row = store.token_row(ctx, account_id, purpose)
                if row is not None and at - REFUSED_SECONDS < row.refused_machine <= at:
                    raise Refused(row.refused_code, row.refusal)
                value = decrypt(row.value) if row is not None and row.value else ""
                if row is not None and value and value != bad and row.expires_at > ctx.now:
                    return value
                serial = row.serial if row is not None else 0
                mine = store.lease_token(ctx, account_id, purpose, serial, by, at, at + LEASE_SECONDS)
            if mine:
                return self._fetch(account_id, purpose, fetch, value if bad == value else bad, by)
            if machine() > deadline:
                raise Refused(-104, "another process is fetching the token and does not come to an end")
            time.sleep(0.05)

    def _fetch(self, account_id: int, purpose: str, fetch: Fetch, bad: str, by: str) -> str:
        try:
            value, lives = fetch(bad)
        except Refused as refusal:
            with self.opened() as ctx:
                store.put_token(
                    ctx,
                    account_id,
                    purpose,
                    by,
                    refused_machine=machine(),
                    refused_code=refusal.code,
                    refusal=refusal.message,
                )
            raise
        except BaseException:
            with self.opened() as ctx:
                store.put_token(ctx, account_id, purpose, by)
            raise
        early = min(120.0, lives / 10)
        with self.opened() as ctx:
            store.put_token(
                ctx,
                account_id,
                purpose,
                by,
                value=encrypt(value),
                serial=store.token.c.serial + 1,
                expires_at=ctx.now + timedelta(seconds=lives - early),
                refused_machine=0,
                refusal="",
            )
        return value
