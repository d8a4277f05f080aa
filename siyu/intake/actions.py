"""Door: understand callbacks, over the batch; ask for readings and rounds of reconciliation."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from traceback import format_exc

import structlog
from sqlalchemy.exc import DBAPIError, OperationalError

from siyu.customers import actions as customers
from siyu.customers import queries as customer_queries
from siyu.customers.types import Record, Unfollow, oa_source
from siyu.groups import actions as groups
from siyu.intake import official_account, store, tagging, wecom
from siyu.intake.types import Arrival, Known, LookupKind, RoundKind, Taken
from siyu.kernel import audit
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import ids_of, savepoint
from siyu.outreach import actions as outreach
from siyu.outreach import queries as outreach_queries
from siyu.outreach.types import WindowOpening
from siyu.platforms import actions as platforms
from siyu.platforms import queries as platform_queries
from siyu.platforms.types import Account, InboxMessage
from siyu.tags import actions as tags
from siyu.team import actions as team
from siyu.team import queries as team_queries

log = structlog.get_logger(__name__)

MASS_PATIENCE = timedelta(minutes=30)
MASS_HORIZON = timedelta(days=2)

Understood = tuple[InboxMessage, Arrival]
AtOnce = Callable[[Ctx, Sequence[Taken]], None]
_at_once: dict[str, AtOnce] = {}


def handle(ctx: Ctx, messages: Sequence[InboxMessage]) -> list[Taken]:
    """Take in callbacks that ``platforms.take_inbox`` handed out, in the same transaction; answers what was taken in.

    A handful of statements for the batch, whatever its size. A message that cannot be handled is parked with its
    error and retried; the others go through.
    """
    accounts = known_accounts(platform_queries.accounts(ctx))
    arrivals: list[Understood] = []
    failed: list[tuple[InboxMessage, str]] = []
    for message in messages:
        try:
            arrivals.append((message, _understand(message, accounts[message.account_id])))
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            log.error("callback_not_understood", inbox_id=message.inbox_id, kind=message.kind, trace=format_exc())
            failed.append((message, _said(error)))
    taken = _halves(ctx, arrivals, accounts, failed)
    platforms.fail_inbox(ctx, failed)
    return taken


def known_accounts(accounts: Sequence[Account]) -> dict[int, Known]:
    """Per account what reading needs; the first app of a corp stands for all of them, also when it is switched off."""
    homes: dict[str, int] = {}
    speakers: dict[str, int] = {}
    for account in accounts:
        if account.kind == "wecom":
            homes.setdefault(account.appid, account.account_id)
            if account.active:
                speakers.setdefault(account.appid, account.account_id)
    return {
        account.account_id: Known(
            account.account_id, homes[account.appid], speakers.get(account.appid, homes[account.appid]), account.appid
        )
        if account.kind == "wecom"
        else Known(account.account_id, account.account_id, account.account_id)
        for account in accounts
    }


def register_at_once(name: str, react: AtOnce) -> None:
    """Let an upper room react to what the fast lane takes in; ``runtime`` composes, repeating is harmless."""
    _at_once[name] = react


def at_once(ctx: Ctx, taken: Sequence[Taken]) -> None:
    """Welcomes and answers in the transaction that took in: the pulse, where they would be asked for otherwise, may be
    behind a wave. It meets the same events, and parks what fails here."""
    if not taken:
        return
    try:
        with savepoint(ctx):
            for react in _at_once.values():  # set-loop: the rooms that react, of which there is one
                react(ctx, taken)
    except Exception as error:
        if isinstance(error, OperationalError):
            raise
        log.error("fast_reply_failed", error=type(error).__name__, trace=format_exc())


def _understand(message: InboxMessage, known: Known) -> Arrival:
    handlers = wecom.HANDLERS if message.account_kind == "wecom" else official_account.HANDLERS
    handler = handlers.get(message.kind)
    if handler is None:
        return Arrival(message.account_id, message.created_at, ignored=message.kind)
    return handler(message, known)


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def _halves(
    ctx: Ctx, arrivals: Sequence[Understood], accounts: Mapping[int, Known], failed: list[tuple[InboxMessage, str]]
) -> list[Taken]:
    """Take in a batch; when it fails, its halves: one poisoned message among n costs log2 n further rounds."""
    if not arrivals:
        return []
    try:
        with savepoint(ctx):
            return take_in(ctx, [arrival for _, arrival in arrivals], accounts)
    except Exception as error:
        if isinstance(error, DBAPIError) and error.connection_invalidated:
            raise
        if len(arrivals) == 1:
            message = arrivals[0][0]
            log.error("callback_not_handled", inbox_id=message.inbox_id, kind=message.kind, trace=format_exc())
            failed.append((message, _said(error)))
            return []
        middle = len(arrivals) // 2
        some = _halves(ctx, arrivals[:middle], accounts, failed)
        return [*some, *_halves(ctx, arrivals[middle:], accounts, failed)]


def take_in(ctx: Ctx, arrivals: Sequence[Arrival], accounts: Mapping[int, Known]) -> list[Taken]:
    """Write what arrivals mean and say whose they are; the whole or nothing, as the rooms below raise."""
    arrivals = _told_once(ctx, arrivals)
    whose = _whose(ctx, arrivals)
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
    if lost:
        customers.unfollow(ctx, lost)
    windows = [
        WindowOpening(person.customer_id, arrival.account_id, arrival.window, arrival.at, arrival.place)
        for arrival, person in whose
        if arrival.window
    ]
    if windows:
        outreach.open_window(ctx, windows)
    _opt_out(ctx, whose)
    _revoke(ctx, [arrival for arrival in arrivals if arrival.revoked])
    receipts = [arrival.receipt for arrival in arrivals if arrival.receipt]
    if receipts:
        outreach.receipts(ctx, receipts)
        store.drop_lookups(
            ctx, "oa_mass", [(row.account_id, row.platform_id) for row in receipts if row.kind == "mass"]
        )
    chats = [arrival.chat for arrival in arrivals if arrival.chat]
    groups.apply(ctx, chats, {account_id: known.corpid for account_id, known in accounts.items()})
    tagging.take_in(ctx, whose)
    tags.look(ctx, {arrival.taxonomy for arrival in arrivals if arrival.taxonomy})
    store.put_kf_tokens(ctx, [(*arrival.kf, arrival.at) for arrival in arrivals if arrival.kf])
    store.ring_archives(ctx, sorted({arrival.archive for arrival in arrivals if arrival.archive}))
    wishes = [wish for arrival in arrivals for wish in arrival.lookups] + _missed_follows(ctx, whose)
    if wishes:
        store.want(ctx, wishes)
    for userid in sorted({arrival.left for arrival in arrivals if arrival.left}):  # set-loop: the few who leave
        member = team_queries.by_userid(ctx, userid)
        if member is not None and member.active:
            team.change_staff(ctx, member.staff_id, active=False)
    starts = sorted({arrival.start for arrival in arrivals if arrival.start})
    if starts:
        store.start_rounds(ctx, starts)
    _ignore(ctx, [arrival for arrival in arrivals if arrival.ignored])
    return whose


def take_in_each(ctx: Ctx, arrivals: Sequence[Arrival], accounts: Mapping[int, Known]) -> list[Taken]:
    """As ``take_in``; arrivals that cannot be taken in are logged and missing from the answer."""
    if not arrivals:
        return []
    try:
        with savepoint(ctx):
            return take_in(ctx, arrivals, accounts)
    except Exception as error:
        if isinstance(error, DBAPIError) and error.connection_invalidated:
            raise
        if len(arrivals) == 1:
            log.error("arrival_not_taken_in", account_id=arrivals[0].account_id, trace=format_exc())
            return []
        middle = len(arrivals) // 2
        some = take_in_each(ctx, arrivals[:middle], accounts)
        return [*some, *take_in_each(ctx, arrivals[middle:], accounts)]


def without_known(ctx: Ctx, arrivals: Sequence[Arrival], home_id: int) -> list[Arrival]:
    """Readings of contacts without the events of relations that stand already.

    The list's time of an add may differ from the callback's by seconds, so its key alone does not tell.
    """
    asked = {arrival.record.identities[0] for arrival in arrivals if arrival.record and arrival.follow}
    if not asked:
        return list(arrivals)
    stand = store.following(
        ctx, home_id, customer_queries.people, customer_queries.follows, sorted(asked, key=lambda one: one.value)
    )
    return [
        replace(arrival, events=())
        if arrival.record and arrival.follow and (arrival.record.identities[0], arrival.follow.staff) in stand
        else arrival
        for arrival in arrivals
    ]


def _told_once(ctx: Ctx, arrivals: Sequence[Arrival]) -> list[Arrival]:
    """Arrivals without the adds that were told before: by another app of the corp, or by a list, with other props.

    Two workers that take in the same add at the same time both find nothing; the second is refused and tried again.
    """
    added = [
        (arrival.record.identities[0], event)
        for arrival in arrivals
        if arrival.record
        for event in arrival.events
        if event.type == "contact_added"
    ]
    if not added:
        return list(arrivals)
    people = customer_queries.resolve(ctx, sorted({who for who, _ in added}, key=lambda one: one.value))
    wanted = [(people[who], event.occurred_at, event.key) for who, event in added if who in people]
    told = store.told(ctx, customer_queries.events, wanted) if wanted else set()
    left: list[Arrival] = []
    for arrival in arrivals:
        new = tuple(event for event in arrival.events if event.type != "contact_added" or event.key not in told)
        told |= {event.key for event in new if event.type == "contact_added"}
        left.append(arrival if len(new) == len(arrival.events) else replace(arrival, events=new))
    return left


def _whose(ctx: Ctx, arrivals: Sequence[Arrival]) -> list[Taken]:
    """Whose each arrival is, and its events written; arrivals about nobody are left out."""
    personal = [(arrival, arrival.record) for arrival in arrivals if arrival.record]
    if not personal:
        return []
    people = customers.recognise(
        ctx, [record for _, record in personal], then=[arrival.events for arrival, _ in personal]
    )
    return [(arrival, person) for (arrival, _), person in zip(personal, people, strict=True)]


def _missed_follows(ctx: Ctx, whose: Sequence[Taken]) -> list[tuple[int, LookupKind, str]]:
    """Only followers can write, tap and scan: whose follow is not known, his callback was lost or is late."""
    acted = {
        (person.customer_id, arrival.account_id, arrival.record.identities[0].value)
        for arrival, person in whose
        if arrival.record and arrival.window in ("message", "menu", "scan")
    }
    missed = store.not_following(ctx, customer_queries.follows, sorted(acted)) if acted else []
    return [(account_id, "oa_follower", openid) for account_id, openid in missed]


def _opt_out(ctx: Ctx, whose: Sequence[Taken]) -> None:
    by_word: dict[str, list[int]] = {}
    for arrival, person in whose:
        if arrival.opt_out:
            by_word.setdefault(arrival.opt_out, []).append(person.customer_id)
    for word, ids in sorted(by_word.items()):  # set-loop: one call per opt-out word, of which there are three
        customers.opt_out(ctx, ids_of(sorted(set(ids))), word)


def _revoke(ctx: Ctx, arrivals: Sequence[Arrival]) -> None:
    """Users withdrew their authorisation: reading is counted anonymously from here on (consent ``profiling``), and of
    those who do not follow, whom the account knows by the authorisation alone, what it told is erased as when a
    follower leaves."""
    named = [(arrival, official_account.person(arrival.account_id, arrival.revoked or "")) for arrival in arrivals]
    found = customer_queries.resolve(ctx, list({one: None for _, (one,) in named}))
    records = [
        (arrival, Record(oa_source(arrival.account_id), one.value, (one,), arrival.at))
        for arrival, (one,) in named
        if one in found
    ]
    if not records:
        return
    people = customers.recognise(
        ctx, [record for _, record in records], then=[arrival.events for arrival, _ in records]
    )
    whose = [(arrival, person) for (arrival, _), person in zip(records, people, strict=True)]
    ids = sorted({person.customer_id for person in people})
    customers.consent(ctx, ids_of(ids), "profiling", given=False, why="微信用户撤回授权")
    asked = {(person.customer_id, arrival.account_id, arrival.revoked or "") for arrival, person in whose}
    strangers = set(store.not_following(ctx, customer_queries.follows, sorted(asked)))
    left = [
        Unfollow(person.customer_id, "oa", arrival.account_id, arrival.at, origin_id=person.origin_id)
        for arrival, person in whose
        if (arrival.account_id, arrival.revoked) in strangers
    ]
    if left:
        customers.unfollow(ctx, left)


def _ignore(ctx: Ctx, arrivals: Sequence[Arrival]) -> None:
    if not arrivals:
        return
    counts: dict[tuple[int, str], tuple[int, datetime]] = {}
    for arrival in arrivals:
        key = (arrival.account_id, arrival.ignored or "")
        count, latest = counts.get(key, (0, arrival.at))
        counts[key] = (count + 1, max(latest, arrival.at))
    store.count_ignored(ctx, [(*key, *counts[key]) for key in sorted(counts)])


def watch_masses(ctx: Ctx) -> None:
    """Ask the platform for the fate of mass sends whose finish event has not come 30 minutes after the send."""
    waiting: list[tuple[int, str, datetime]] = []
    cursor: str | None = None
    while True:  # set-loop: pages of fifty mass sends
        page = outreach_queries.mass_sends(ctx, after=cursor)
        recent = [send for send in page.items if send.claimed_at > ctx.now - MASS_HORIZON]
        waiting += [
            (send.account_id, send.platform_id, send.claimed_at + MASS_PATIENCE)
            for send in recent
            if send.platform_id and send.finished_at is None and send.state == "accepted"
        ]
        cursor = page.next
        # An account makes at most 100 mass sends a day, so this is a page or a few.
        if cursor is None or len(recent) < len(page.items):
            break
    if waiting:
        store.watch(ctx, "oa_mass", waiting)


def start_round(ctx: Ctx, account_id: int, kind: RoundKind) -> None:
    """Let a reconciliation begin now, instead of at its next turn."""
    store.start_rounds(ctx, [(account_id, kind)])
    audit.record(ctx, "intake.start_round", "account", account_id, kind=kind)
