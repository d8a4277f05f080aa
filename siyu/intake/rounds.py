"""Private: reconciliation: the platforms' lists are read page by page and what was lost on the way is made up for.

A round of an account and kind goes through its pages in phases; what it listed is kept in ``intake_seen`` until the
end, where one statement finds who is listed but unknown, and another who is known but not listed.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import structlog

from siyu.intake import pages, store
from siyu.intake.actions import known_accounts
from siyu.intake.types import Known, RoundKind
from siyu.kernel.clock import machine
from siyu.kernel.ctx import Ctx
from siyu.kernel.jobs import Phased, Senders
from siyu.kernel.settings import settings
from siyu.platforms import queries as platforms
from siyu.platforms.types import SENDERS, Account, AccountKind, Outcome

log = structlog.get_logger(__name__)

HOUR = 4
"""Rounds begin at this local hour every day, and at once when an account is new or changed."""
LONGEST = timedelta(hours=6)
KINDS: Mapping[AccountKind, tuple[RoundKind, ...]] = {
    "oa": ("oa_followers",),
    "wecom": ("wecom_directory", "wecom_contacts", "wecom_chats"),
    "webhook": (),
}


@dataclass(frozen=True, slots=True)
class Step:
    """One page of a round, where it stands and what it has counted so far."""

    account: Account
    known: Mapping[int, Known]
    kind: RoundKind
    cursor: Mapping[str, Any]
    started_at: datetime
    seen: int
    healed: int
    failures: int


def next_turn(now: datetime, zone: ZoneInfo) -> datetime:
    """The next 04:00 of the company's zone after ``now``."""
    local = now.astimezone(zone)
    turn = local.replace(hour=HOUR, minute=0, second=0, microsecond=0)
    return (turn if turn > local else turn + timedelta(days=1)).astimezone(now.tzinfo)


def _claim(ctx: Ctx) -> Step | None:
    at = machine()
    accounts = {account.account_id: account for account in platforms.accounts(ctx)}
    known = known_accounts(list(accounts.values()))
    while True:
        # set-loop: a statement per round that is passed over; there are at most three rounds per account
        row = store.claim_round(ctx, at, at + settings().lease_seconds)
        if row is None:
            return None
        account = accounts[row.account_id]
        if account.active and known[account.account_id].home_id == account.account_id:
            break
        # Switched off, or another app of the corp does it.
        store.change_round(ctx, row.account_id, row.kind, running=False, next_at=next_turn(ctx.now, ctx.zone))
    if row.running:
        cursor = json.loads(row.cursor)
        return Step(account, known, row.kind, cursor, row.started_at, row.seen, row.healed, row.failures)
    store.forget_seen(ctx, row.account_id, row.kind)
    store.begin_round(ctx, row.account_id, row.kind)
    return Step(account, known, row.kind, {}, ctx.now, 0, 0, row.failures)


def _act(step: Step, senders: Senders) -> list[Outcome]:
    return pages.ask(senders[SENDERS[step.account.kind]], step.kind, step.account.account_id, step.cursor)


def _record(ctx: Ctx, step: Step, outcomes: list[Outcome]) -> None:
    account_id, kind = step.account.account_id, step.kind
    failed = next((outcome for outcome in outcomes if not outcome.ok), None)
    if failed is not None:
        log.warning("reconciliation_failed", account_id=account_id, kind=kind, code=failed.code, message=failed.message)
        wait = min(LONGEST, timedelta(minutes=1) * 2 ** min(step.failures, 10))
        store.change_round(
            ctx,
            account_id,
            kind,
            next_at=max(failed.retry_at or ctx.now, ctx.now + wait),
            failures=step.failures + 1,
            error=f"{failed.code}: {failed.message}"[:500],
            # A cursor that the platform no longer knows: from the beginning.
            **({"running": False} if failed.code == 50100 else {}),
        )
        return
    turned = pages.take(ctx, pages.At(step.account, step.known, step.cursor, step.started_at), kind, outcomes)
    counts = {"seen": step.seen + turned.seen, "healed": step.healed + turned.healed, "failures": 0, "error": ""}
    if turned.cursor is not None:
        store.change_round(ctx, account_id, kind, cursor=json.dumps(turned.cursor), **counts)
        return
    store.forget_seen(ctx, account_id, kind)
    store.end_round(ctx, account_id, kind, next_turn(ctx.now, ctx.zone), **counts)


ROUNDS = Phased("intake.rounds", _claim, _act, _record)
