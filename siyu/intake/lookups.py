"""Private: phased readings of single objects: unionids of followers, contacts, groups, fates of mass sends."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from traceback import format_exc

import structlog

from siyu.groups import actions as groups
from siyu.groups.types import ChatRead
from siyu.intake import actions, readings, store
from siyu.intake.types import Arrival
from siyu.kernel.clock import machine
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import savepoint
from siyu.kernel.errors import SiyuError
from siyu.kernel.jobs import Phased, Senders
from siyu.kernel.settings import settings
from siyu.outreach import actions as outreach
from siyu.outreach.types import Receipt
from siyu.platforms import queries as platforms
from siyu.platforms.types import SENDERS, Account, AccountKind, Call, Outcome, send_all

log = structlog.get_logger(__name__)

LIMIT = 5_000
BATCH = 100
AGAIN = timedelta(minutes=1)
LONGEST = timedelta(hours=6)
STILL_SENDING = timedelta(minutes=10)

Claimed = tuple[int, str, str, int]
"""(account_id, kind, value, serial)."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One call that serves ``rows``; ``attempts`` is the highest of theirs so far."""

    call: Call
    kind: str
    account_kind: AccountKind
    rows: tuple[Claimed, ...]
    attempts: int


@dataclass(frozen=True, slots=True)
class Work:
    """Claimed readings, and what is known of the accounts."""

    readings: tuple[Reading, ...]
    accounts: Mapping[int, Account]


_BODIES = {
    "oa_mass": ("mass_get", "msg_id"),
    "wecom_contact": ("contact_get", "external_userid"),
    "wecom_chat": ("groupchat_get", "chat_id"),
}


def _claim(ctx: Ctx) -> Work | None:
    at = machine()
    rows = store.claim_lookups(ctx, LIMIT, at, at + settings().lease_seconds)
    if not rows:
        return None
    accounts = {account.account_id: account for account in platforms.accounts(ctx)}
    made: list[Reading] = []
    followers: dict[tuple[int, str], list[tuple[Claimed, int]]] = {}
    for row in rows:
        claimed: Claimed = (row.account_id, row.kind, row.value, row.serial)
        if row.kind in _BODIES:
            endpoint, field = _BODIES[row.kind]
            body: dict[str, object] = {field: row.value}
            if endpoint == "groupchat_get":
                body["need_name"] = 1
            call = Call(row.account_id, endpoint, body)
            made.append(Reading(call, row.kind, "oa" if row.kind == "oa_mass" else "wecom", (claimed,), row.attempts))
        else:
            followers.setdefault((row.account_id, row.kind), []).append((claimed, row.attempts))
    for (account_id, kind), found in followers.items():
        for start in range(0, len(found), BATCH):
            some = found[start : start + BATCH]
            users = [{"openid": claimed[2], "lang": "zh_CN"} for claimed, _ in some]
            call = Call(account_id, "user_info_batchget", {"user_list": users})
            rows_of = tuple(claimed for claimed, _ in some)
            made.append(Reading(call, kind, "oa", rows_of, max(attempts for _, attempts in some)))
    return Work(tuple(made), accounts)


def _act(work: Work, senders: Senders) -> list[Outcome]:
    outcomes: dict[int, Outcome] = {}
    for kind in ("oa", "wecom"):
        mine = [index for index, reading in enumerate(work.readings) if reading.account_kind == kind]
        calls = [work.readings[index].call for index in mine]
        if calls:
            outcomes |= zip(mine, send_all(senders[SENDERS[kind]], calls), strict=True)
    return [outcomes[index] for index in range(len(work.readings))]


def _record(ctx: Ctx, work: Work, outcomes: list[Outcome]) -> None:
    answered = [(reading, outcome) for reading, outcome in zip(work.readings, outcomes, strict=True) if outcome.ok]
    _take_all(ctx, work, answered)
    for reading, outcome in zip(work.readings, outcomes, strict=True):
        if not outcome.ok:
            # set-loop: a statement per refused call, not per customer
            _failed(ctx, reading, outcome)


Answered = Sequence[tuple[Reading, Outcome]]


def _take_all(ctx: Ctx, work: Work, answered: Answered) -> None:
    """Write all answers at once; when that fails, by halves, so that one bad answer stops no other."""
    if not answered:
        return
    try:
        with savepoint(ctx):
            later = _take(ctx, work, answered)
    except (SiyuError, ValueError, LookupError, TypeError) as error:
        if len(answered) == 1:
            log.error("reading_not_taken_in", endpoint=answered[0][0].call.endpoint, trace=format_exc())
            _put_off(ctx, answered[0][0], f"{type(error).__name__}: {error}"[:500])
            return
        middle = len(answered) // 2
        _take_all(ctx, work, answered[:middle])
        _take_all(ctx, work, answered[middle:])
        return
    store.finish_lookups(ctx, [row for reading, _ in answered for row in reading.rows if row not in later])
    if later:
        store.put_off(ctx, sorted(later), ctx.now + STILL_SENDING, "")


def _take(ctx: Ctx, work: Work, answered: Answered) -> set[Claimed]:
    """Write what the readings brought; the rows that are to be read again later."""
    known = actions.known_accounts(list(work.accounts.values()))
    arrivals: list[Arrival] = []
    chats: list[ChatRead] = []
    receipts: list[Receipt] = []
    later: set[Claimed] = set()
    contacts: dict[int, list[Arrival]] = {}
    for reading, outcome in answered:
        account_id, since = reading.call.account_id, work.accounts[reading.call.account_id].created_at
        if reading.kind in ("oa_user", "oa_follower"):
            heal = reading.kind == "oa_follower"
            for info in readings.objects(outcome.data.get("user_info_list")):
                found = readings.follower(info, account_id, since, ctx.now, heal=heal)
                arrivals += [found] if found else []
        elif reading.kind == "wecom_contact":
            read = readings.contact_of(outcome.data, known[account_id], since, ctx.now)
            contacts.setdefault(account_id, []).extend(read)
        elif reading.kind == "wecom_chat":
            chat = readings.chat(outcome.data, known[account_id], since, ctx.now)
            chats += [chat] if chat else []
        else:
            receipt = readings.mass(outcome.data, account_id, reading.rows[0][2], ctx.now)
            receipts += [receipt] if receipt else []
            later |= set() if receipt else set(reading.rows)
    for account_id, found_there in contacts.items():
        # set-loop: one statement per account
        arrivals += actions.without_known(ctx, found_there, known[account_id].home_id)
    actions.take_in(ctx, arrivals, known)
    groups.read(ctx, chats)
    if receipts:
        outreach.receipts(ctx, receipts)
    return later


GONE = frozenset({40003, 40096, 84061, 86001, 86003, 49008, 50002, 60011, 60030, 46004})
"""Refusals that say: there is nothing to read here any more, or not for us."""


def _failed(ctx: Ctx, reading: Reading, outcome: Outcome) -> None:
    if outcome.code in GONE and len(reading.rows) == 1:
        store.finish_lookups(ctx, reading.rows)
        return
    _put_off(ctx, reading, f"{outcome.code}: {outcome.message}"[:500], outcome.retry_at)


def _put_off(ctx: Ctx, reading: Reading, error: str, at: datetime | None = None) -> None:
    wait = min(LONGEST, AGAIN * 2 ** min(reading.attempts, 10))
    store.put_off(ctx, reading.rows, max(at or ctx.now, ctx.now + wait), error)


LOOKUPS = Phased("intake.lookups", _claim, _act, _record)
