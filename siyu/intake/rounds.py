"""Private: reconciliation: the platforms' lists are read page by page and what was lost on the way is made up for.

A round of an account and kind goes through its pages in phases; what it listed is kept in ``intake_seen`` until the
end, where one statement finds who is listed but unknown, and another who is known but not listed.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from traceback import format_exc
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy.exc import DBAPIError

from siyu.intake import pages, store
from siyu.intake.actions import known_accounts
from siyu.intake.types import Known, RoundKind
from siyu.kernel.clock import machine
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import savepoint
from siyu.kernel.jobs import Phased, Senders
from siyu.kernel.settings import settings
from siyu.platforms import queries as platforms
from siyu.platforms.types import LOCAL_CODES, SENDERS, Account, AccountKind, Outcome
from siyu.tags import queries as tags

log = structlog.get_logger(__name__)

HOUR = 4
"""Rounds begin at this local hour every day, and at once when an account is new or changed."""
LONGEST = timedelta(hours=6)
KINDS: Mapping[AccountKind, tuple[RoundKind, ...]] = {
    "oa": ("oa_followers", "oa_tags"),
    "wecom": ("wecom_directory", "wecom_contacts", "wecom_chats", "wecom_kf"),
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
    claims: int
    asked_at: datetime
    position: int


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
        if account.active and known[account.account_id].speaker_id == account.account_id:
            break
        # Switched off, or another app of the corp does it.
        store.change_round(ctx, row.account_id, row.kind, running=False, next_at=next_turn(ctx.now, ctx.zone))
    asked = (ctx.now, tags.position(ctx))
    if row.running:
        cursor, counts = json.loads(row.cursor), (row.seen, row.healed, row.failures, row.claims)
        return Step(account, known, row.kind, cursor, row.started_at, *counts, *asked)
    store.forget_seen(ctx, known[row.account_id].home_id, row.kind)
    store.begin_round(ctx, row.account_id, row.kind)
    return Step(account, known, row.kind, {}, ctx.now, 0, 0, row.failures, row.claims, *asked)


def _act(step: Step, senders: Senders) -> list[Outcome]:
    return pages.ask(senders[SENDERS[step.account.kind]], step.kind, step.account.account_id, step.cursor)


def _record(ctx: Ctx, step: Step, outcomes: list[Outcome]) -> None:
    account_id, kind = step.account.account_id, step.kind
    if not store.still_mine(ctx, account_id, kind, step.claims):
        # Whoever claimed it since may have closed the round: what it listed is forgotten, all would seem to be gone.
        log.warning("reconciliation_overtaken", account_id=account_id, kind=kind)
        return
    turned, failed = _turned(ctx, step, outcomes)
    if turned is None:
        log.warning("reconciliation_failed", account_id=account_id, kind=kind, code=failed.code, message=failed.message)
        wait = min(LONGEST, timedelta(minutes=1) * 2 ** min(step.failures, 10))
        store.change_round(
            ctx,
            account_id,
            kind,
            next_at=max(failed.retry_at or ctx.now, ctx.now + wait),
            failures=step.failures + 1,
            error=f"{failed.code}: {failed.message}"[:500],
            # A cursor that the platform no longer knows, a member who left since the round began, a list with holes:
            # asking the same again would be refused for ever, so from the beginning.
            **({} if failed.retryable else {"running": False}),
        )
        return
    counts = {
        "seen": step.seen + turned.seen,
        "healed": step.healed + turned.healed,
        "failures": 0,
        "error": turned.error,
    }
    if turned.cursor is not None:
        store.change_round(ctx, account_id, kind, cursor=json.dumps(turned.cursor), **counts)
        return
    store.forget_seen(ctx, step.known[account_id].home_id, kind)
    store.end_round(ctx, account_id, kind, next_turn(ctx.now, ctx.zone), **counts)


def _turned(ctx: Ctx, step: Step, outcomes: list[Outcome]) -> tuple[pages.Turned | None, Outcome]:
    """What a page brought, or None and why it brought nothing."""
    for outcome in outcomes:
        if not outcome.ok:
            return pages.otherwise(step.kind, step.cursor, outcome), outcome
    if short := pages.short(step.kind, step.cursor, outcomes):
        return None, Outcome(False, -106, short, {})
    at = pages.At(step.account, step.known, step.cursor, step.started_at, step.asked_at, step.position)
    try:
        with savepoint(ctx):
            return pages.take(ctx, at, step.kind, outcomes), Outcome(True, 0, "", {})
    except Exception as error:
        if isinstance(error, DBAPIError) and error.connection_invalidated:
            raise
        log.error("page_not_taken_in", account_id=step.account.account_id, kind=step.kind, trace=format_exc())
        return None, Outcome(False, -107, f"{LOCAL_CODES[-107]}: {type(error).__name__}", {}, retryable=True)


ROUNDS = Phased("intake.rounds", _claim, _act, _record, store.ROUND_READY)
