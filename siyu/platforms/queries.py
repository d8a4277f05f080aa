"""Door: accounts, the state of the inbox."""

from typing import Any

from sqlalchemy import Row

from siyu.kernel.clock import machine
from siyu.kernel.ctx import Ctx
from siyu.kernel.errors import NotFound
from siyu.kernel.paging import Page, cursor, numbers
from siyu.kernel.probes import Probe
from siyu.kernel.settings import settings
from siyu.platforms import store
from siyu.platforms.types import Account, AccountKind, Parked, Sealed


def _account(row: Row[Any]) -> Account:
    sealed = Sealed(row.secret, row.token, row.aes_key)
    return Account(
        row.account_id, row.kind, row.key, row.name, row.config, row.active, row.created_at, row.changed_at, sealed
    )


def accounts(ctx: Ctx, kind: AccountKind | None = None) -> list[Account]:
    """All accounts, or those of one kind, inactive ones included; by account_id."""
    return [_account(row) for row in store.account_rows(ctx, kind=kind)]


def account(ctx: Ctx, account_id: int) -> Account:
    """One account; raises NotFound."""
    rows = store.account_rows(ctx, account_id=account_id)
    if not rows:
        raise NotFound("no such account", field="account_id")
    return _account(rows[0])


def archive_configured(ctx: Ctx) -> bool:
    """Whether what customers and staff write to each other is read (S6): an adapter is named and a corp is there."""
    return bool(settings().wecom_archive) and any(one.active for one in accounts(ctx, "wecom"))


def inbox_pending(ctx: Ctx) -> int:
    """How many messages wait or are due for another try."""
    return int(store.counts(ctx, machine()).pending)


INBOX: Probe[tuple[bool, bool]] = Probe((store.in_lane(0), store.in_lane(1)), lambda _, lanes: (lanes[0], lanes[1]))
"""Whether a message waits or is due for another try in lane 0 (fast) and in lane 1."""


def inbox_state(ctx: Ctx) -> dict[str, int]:
    """``pending``, ``parked`` (to be retried) and ``gave_up`` (waiting for a person)."""
    row = store.counts(ctx, machine())
    return {"pending": row.pending, "parked": row.parked, "gave_up": row.gave_up}


def parked(ctx: Ctx, after: str | None = None, limit: int = 50) -> Page[Parked]:
    """Messages that failed, oldest first. Raises BadCursor."""
    since = numbers(after, 1)[0] if after else 0
    rows = store.parked_rows(ctx, since, limit + 1)
    items = [
        Parked(
            row.inbox_id,
            row.account_id,
            row.kind,
            row.created_at,
            row.attempts,
            row.error or "",
            row.state == store.GAVE_UP,
        )
        for row in rows[:limit]
    ]
    return Page(items, cursor(items[-1].inbox_id) if len(rows) > limit else None)
