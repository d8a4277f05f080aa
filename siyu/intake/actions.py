"""Door: understand callbacks, over the batch; ask for readings and rounds of reconciliation."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import structlog
from sqlalchemy.exc import DBAPIError

from siyu.customers import actions as customers
from siyu.customers.types import Person
from siyu.groups import actions as groups
from siyu.intake import official_account, store, wecom
from siyu.intake.types import Arrival, Known, RoundKind
from siyu.kernel import audit
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import ids_of, savepoint
from siyu.outreach import actions as outreach
from siyu.outreach.types import WindowOpening
from siyu.platforms import actions as platforms
from siyu.platforms import queries as platform_queries
from siyu.platforms.types import Account, InboxMessage

log = structlog.get_logger(__name__)


def handle(ctx: Ctx, messages: Sequence[InboxMessage]) -> None:
    """Take in callbacks that ``platforms.take_inbox`` handed out, in the same transaction.

    A handful of statements for the batch, whatever its size. A message that cannot be handled is parked with its
    error and retried; the others go through.
    """
    accounts = known_accounts(platform_queries.accounts(ctx))
    arrivals: list[Arrival] = []
    failed: list[tuple[InboxMessage, str]] = []
    for message in messages:
        try:
            arrivals.append(_understand(message, accounts[message.account_id]))
        except Exception as error:
            log.exception("callback_not_understood", inbox_id=message.inbox_id, kind=message.kind)
            failed.append((message, _said(error)))
    _halves(ctx, arrivals, accounts, failed)
    platforms.fail_inbox(ctx, failed)


def known_accounts(accounts: Sequence[Account]) -> dict[int, Known]:
    """Per account what reading needs; the first app of a corp stands for all of them."""
    homes: dict[str, int] = {}
    for account in accounts:
        if account.kind == "wecom":
            homes.setdefault(account.appid, account.account_id)
    return {
        account.account_id: Known(account.account_id, homes[account.appid], account.appid)
        if account.kind == "wecom"
        else Known(account.account_id, account.account_id)
        for account in accounts
    }


def _understand(message: InboxMessage, known: Known) -> Arrival:
    handlers = wecom.HANDLERS if message.account_kind == "wecom" else official_account.HANDLERS
    handler = handlers.get(message.kind)
    return handler(message, known) if handler else Arrival(message, handled=False)


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def _halves(
    ctx: Ctx, arrivals: Sequence[Arrival], accounts: Mapping[int, Known], failed: list[tuple[InboxMessage, str]]
) -> None:
    """Take in a batch; when it fails, its halves: one poisoned message among n costs log2 n further rounds."""
    if not arrivals:
        return
    try:
        with savepoint(ctx):
            _take_in(ctx, arrivals, accounts)
    except Exception as error:
        if isinstance(error, DBAPIError) and error.connection_invalidated:
            raise
        if len(arrivals) == 1:
            message = arrivals[0].message
            log.exception("callback_not_handled", inbox_id=message.inbox_id, kind=message.kind)
            failed.append((message, _said(error)))
            return
        middle = len(arrivals) // 2
        _halves(ctx, arrivals[:middle], accounts, failed)
        _halves(ctx, arrivals[middle:], accounts, failed)


def _take_in(ctx: Ctx, arrivals: Sequence[Arrival], accounts: Mapping[int, Known]) -> None:
    whose = identify(ctx, arrivals)
    # Times, not the order here, decide who follows: an unfollow of later CreateTime wins wherever it stands.
    follows = [
        replace(arrival.follow, customer_id=person.customer_id, origin_id=person.origin_id)
        for arrival, person in whose
        if arrival.follow
    ]
    if follows:
        customers.follow(ctx, follows)
    lost = [
        replace(arrival.unfollow, customer_id=person.customer_id, origin_id=person.origin_id)
        for arrival, person in whose
        if arrival.unfollow
    ]
    events = [
        replace(event, customer_id=person.customer_id, origin_id=person.origin_id)
        for arrival, person in whose
        for event in arrival.events
    ]
    if events:
        customers.record(ctx, events)
    if lost:
        customers.unfollow(ctx, lost)
    windows = [
        WindowOpening(person.customer_id, arrival.message.account_id, arrival.window, arrival.message.created_at)
        for arrival, person in whose
        if arrival.window
    ]
    if windows:
        outreach.open_window(ctx, windows)
    _opt_out(ctx, whose)
    receipts = [arrival.receipt for arrival in arrivals if arrival.receipt]
    if receipts:
        outreach.receipts(ctx, receipts)
    chats = [arrival.chat for arrival in arrivals if arrival.chat]
    groups.apply(ctx, chats, {account_id: known.corpid for account_id, known in accounts.items()})
    wishes = [wish for arrival in arrivals for wish in arrival.lookups]
    if wishes:
        store.want(ctx, wishes)
    starts = sorted({arrival.start for arrival in arrivals if arrival.start})
    if starts:
        store.start_rounds(ctx, starts)
    _ignore(ctx, [arrival.message for arrival in arrivals if not arrival.handled])


def identify(ctx: Ctx, arrivals: Sequence[Arrival]) -> list[tuple[Arrival, Person]]:
    """Whose each arrival is; arrivals about nobody are left out."""
    personal = [(arrival, arrival.record) for arrival in arrivals if arrival.record]
    if not personal:
        return []
    people = customers.identify(ctx, [record for _, record in personal])
    return [(arrival, person) for (arrival, _), person in zip(personal, people, strict=True)]


def _opt_out(ctx: Ctx, whose: Sequence[tuple[Arrival, Person]]) -> None:
    by_word: dict[str, list[int]] = {}
    for arrival, person in whose:
        if arrival.opt_out:
            by_word.setdefault(arrival.opt_out, []).append(person.customer_id)
    for word, ids in sorted(by_word.items()):  # set-loop: one call per opt-out word, of which there are three
        customers.opt_out(ctx, ids_of(sorted(set(ids))), word)


def _ignore(ctx: Ctx, messages: Sequence[InboxMessage]) -> None:
    if not messages:
        return
    counts: dict[tuple[int, str], tuple[int, datetime]] = {}
    for message in messages:
        count, latest = counts.get((message.account_id, message.kind), (0, message.created_at))
        counts[message.account_id, message.kind] = (count + 1, max(latest, message.created_at))
    store.count_ignored(ctx, [(*key, *counts[key]) for key in sorted(counts)])


def start_round(ctx: Ctx, account_id: int, kind: RoundKind) -> None:
    """Let a reconciliation begin now, instead of at its next turn."""
    store.start_rounds(ctx, [(account_id, kind)])
    audit.record(ctx, "intake.start_round", "account", account_id, kind=kind)
