"""Private: phased readings of single objects: unionids of followers, contacts, groups, fates of mass sends."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from traceback import format_exc

import structlog
from sqlalchemy.exc import DBAPIError

from siyu.groups import actions as groups
from siyu.groups.types import ChatChange, ChatRead
from siyu.intake import actions, readings, service, store, tagging
from siyu.intake.types import Arrival
from siyu.kernel.clock import machine
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import savepoint
from siyu.kernel.jobs import Phased, Senders
from siyu.kernel.settings import settings
from siyu.outreach import actions as outreach
from siyu.outreach.types import Receipt
from siyu.platforms import queries as platforms
from siyu.platforms.types import SENDERS, Account, AccountKind, Call, Outcome, send_all
from siyu.tags import queries as tags

log = structlog.get_logger(__name__)

LIMIT = 5_000
BATCH = 100
AGAIN = timedelta(minutes=1)
SOON = timedelta(seconds=1)
"""A reading of customer service that failed is made again so soon: a welcome may wait for it."""
LONGEST = timedelta(hours=6)
STILL_SENDING = timedelta(minutes=10)
LOOKS = 144
"""So often, that is for a day, a mass send is asked for that the platform goes on calling SENDING: 10,000 people take
it minutes, a review hours."""
KF_PAGE = 1_000
TOKEN_LIFE = timedelta(minutes=9)
"""The token of a customer service callback serves ten minutes, by the platform's clock."""
LAG = timedelta(minutes=1)
"""A group's list of members may be so old; callbacks were seen to come two seconds before it shows them."""

Claimed = tuple[int, str, str, int]
"""(account_id, kind, value, serial)."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One call that serves ``rows``, all of one account; ``attempts`` is the highest of theirs so far."""

    call: Call
    kind: str
    account_kind: AccountKind
    rows: tuple[Claimed, ...]
    attempts: int

    @property
    def account_id(self) -> int:
        """The account that the rows belong to; another app of its corp may make the call."""
        return self.rows[0][0]


@dataclass(frozen=True, slots=True)
class Work:
    """Claimed readings, and what is known of the accounts. What they bring is as old as ``asked_at``
    and, of tags, ``position``."""

    readings: tuple[Reading, ...]
    accounts: Mapping[int, Account]
    asked_at: datetime
    position: int


_BODIES = {
    "oa_mass": ("mass_get", "msg_id"),
    "wecom_contact": ("contact_get", "external_userid"),
    "wecom_chat": ("groupchat_get", "chat_id"),
}


def _claim(ctx: Ctx, *, fast: bool) -> Work | None:
    at = machine()
    rows = store.claim_lookups(ctx, LIMIT, at, at + settings().lease_seconds, fast=fast)
    if not rows:
        return None
    accounts = {account.account_id: account for account in platforms.accounts(ctx)}
    known = actions.known_accounts(list(accounts.values()))
    made: list[Reading] = []
    places = store.kf_places(ctx, [(row.account_id, row.value) for row in rows if row.kind == "wecom_kf"])
    followers: dict[tuple[int, str], list[tuple[Claimed, int]]] = {}
    for row in rows:
        claimed: Claimed = (row.account_id, row.kind, row.value, row.serial)
        if row.kind == "wecom_kf":
            body = _from(row.value, places.get((row.account_id, row.value)), ctx.now)
            call = Call(known[row.account_id].speaker_id, "kf_sync", body)
            made.append(Reading(call, row.kind, "wecom", (claimed,), row.attempts))
        elif row.kind == "wecom_kf_customer":
            call = Call(known[row.account_id].speaker_id, "kf_customers", {"external_userid_list": [row.value]})
            made.append(Reading(call, row.kind, "wecom", (claimed,), row.attempts))
        elif row.kind in _BODIES:
            endpoint, field = _BODIES[row.kind]
            body = {field: row.value}
            if endpoint == "groupchat_get":
                body["need_name"] = 1
            call = Call(known[row.account_id].speaker_id, endpoint, body)
            made.append(Reading(call, row.kind, "oa" if row.kind == "oa_mass" else "wecom", (claimed,), row.attempts))
        else:
            followers.setdefault((row.account_id, row.kind), []).append((claimed, row.attempts))
    for (account_id, kind), found in followers.items():
        for start in range(0, len(found), BATCH):
            some = found[start : start + BATCH]
            rows_of = tuple(claimed for claimed, _ in some)
            made.append(_of_followers(account_id, kind, rows_of, max(attempts for _, attempts in some)))
    return Work(tuple(made), accounts, ctx.now, tags.position(ctx))


def _from(open_kfid: str, place: tuple[str, str, datetime] | None, now: datetime) -> dict[str, object]:
    """Where to read on, with the token as long as it serves."""
    cursor, token, told_at = place or ("", "", now)
    body: dict[str, object] = {"open_kfid": open_kfid, "limit": KF_PAGE}
    body |= {"cursor": cursor} if cursor else {}
    return body | ({"token": token} if token and now - told_at < TOKEN_LIFE else {})


def _of_followers(account_id: int, kind: str, rows: tuple[Claimed, ...], attempts: int) -> Reading:
    users = [{"openid": openid, "lang": "zh_CN"} for _, _, openid, _ in rows]
    return Reading(Call(account_id, "user_info_batchget", {"user_list": users}), kind, "oa", rows, attempts)


Answered = Sequence[tuple[Reading, Outcome]]


def _act(work: Work, senders: Senders) -> Answered:
    """Make the calls. One openid that the platform does not know makes it refuse all of its call: such calls are made
    again by halves, until only those are refused."""
    done: list[tuple[Reading, Outcome]] = []
    waiting: Sequence[Reading] = work.readings
    while waiting:
        halves: list[Reading] = []
        for reading, outcome in _asked(waiting, senders):
            if outcome.code in GONE and len(reading.rows) > 1:
                middle = len(reading.rows) // 2
                halves += [
                    _of_followers(reading.account_id, reading.kind, rows, reading.attempts)
                    for rows in (reading.rows[:middle], reading.rows[middle:])
                ]
            else:
                done.append((reading, outcome))
        waiting = halves
    return done


def _asked(readings: Sequence[Reading], senders: Senders) -> Iterator[tuple[Reading, Outcome]]:
    for kind in ("oa", "wecom"):
        mine = [reading for reading in readings if reading.account_kind == kind]
        if mine:
            yield from zip(mine, send_all(senders[SENDERS[kind]], [one.call for one in mine]), strict=True)


def _record(ctx: Ctx, work: Work, outcomes: Answered) -> None:
    _take_all(ctx, work, [(reading, outcome) for reading, outcome in outcomes if outcome.ok])
    for reading, outcome in outcomes:
        if not outcome.ok:
            # set-loop: a statement per refused call, not per customer
            _failed(ctx, reading, outcome)


def _take_all(ctx: Ctx, work: Work, answered: Answered) -> None:
    """Write all answers at once; when that fails, by halves, so that one bad answer stops no other."""
    if not answered:
        return
    try:
        with savepoint(ctx):
            later = _take(ctx, work, answered)
    except Exception as error:
        if isinstance(error, DBAPIError) and error.connection_invalidated:
            raise
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
    cursors: list[tuple[int, str, str]] = []
    more: set[tuple[int, str]] = set()
    contacts: dict[int, list[Arrival]] = {}
    for reading, outcome in answered:
        account_id, since = reading.account_id, work.accounts[reading.account_id].created_at
        if reading.kind in ("oa_user", "oa_follower"):
            heal = reading.kind == "oa_follower"
            for info in readings.objects(outcome.data.get("user_info_list")):
                found = readings.follower(info, account_id, since, work.asked_at, heal=heal)
                arrivals += [found] if found else []
        elif reading.kind == "wecom_contact":
            read = readings.contact_of(outcome.data, known[account_id], since, work.asked_at)
            contacts.setdefault(account_id, []).extend(read)
        elif reading.kind == "wecom_kf":
            arrivals += service.messages(outcome.data, known[account_id])
            cursor = readings.said(outcome.data, "next_cursor")
            # Without a cursor the next reading begins anew, and whoever goes nowhere would go on for ever.
            went_on = bool(cursor) and cursor != reading.call.body.get("cursor")
            cursors += [(account_id, reading.rows[0][2], cursor)] if went_on else []
            more |= {(account_id, reading.rows[0][2])} if went_on and outcome.data.get("has_more") == 1 else set()
        elif reading.kind == "wecom_kf_customer":
            arrivals += service.customers(outcome.data, known[account_id], work.asked_at)
        elif reading.kind == "wecom_chat":
            chat = readings.chat(outcome.data, known[account_id], since, work.asked_at - LAG)
            chats += [chat] if chat else []
        else:
            last = reading.attempts >= LOOKS
            receipt = readings.mass(outcome.data, account_id, reading.rows[0][2], ctx.now, last=last)
            receipts += [receipt] if receipt else []
            later |= set() if receipt else set(reading.rows)
    for account_id, found_there in contacts.items():
        # set-loop: one statement per account
        arrivals += actions.without_known(ctx, found_there, known[account_id].home_id)
    taken = actions.take_in(ctx, tagging.stamped(arrivals, work.asked_at, work.position), known)
    if any(reading.kind == "wecom_kf" for reading, _ in answered):
        actions.at_once(ctx, taken)
    store.move_kf(ctx, cursors)
    if more:
        store.want(ctx, [(account_id, "wecom_kf", open_kfid) for account_id, open_kfid in more])
    groups.read(ctx, chats)
    if receipts:
        outreach.receipts(ctx, receipts)
    return later


DISMISSED = 49008
GONE = frozenset({DISMISSED, 40003, 40096, 84061, 86001, 86003, 50002, 60011, 60030, 46004, 95000})
"""Refusals that say: there is nothing to read here any more, or not for us."""


def _failed(ctx: Ctx, reading: Reading, outcome: Outcome) -> None:
    if outcome.code in GONE:
        if outcome.code == DISMISSED:
            _dismissed(ctx, reading)
        store.finish_lookups(ctx, reading.rows)
        return
    _put_off(ctx, reading, f"{outcome.code}: {outcome.message}"[:500], outcome.retry_at)


def _dismissed(ctx: Ctx, reading: Reading) -> None:
    change = ChatChange(reading.account_id, reading.rows[0][2], "dismiss", "", (), "", "", "", ctx.now)
    groups.apply(ctx, [change], {reading.account_id: ""})


def _put_off(ctx: Ctx, reading: Reading, error: str, at: datetime | None = None) -> None:
    first = SOON if reading.kind == "wecom_kf" else AGAIN
    wait = min(LONGEST, first * 2 ** min(reading.attempts, 20))
    store.put_off(ctx, reading.rows, max(at or ctx.now, ctx.now + wait), error)


LOOKUPS = Phased("intake.lookups", partial(_claim, fast=False), _act, _record, store.LOOKUP_READY)
SERVICE = Phased("intake.service", partial(_claim, fast=True), _act, _record, store.SERVICE_READY)
"""Messages of customer service, in the fast lane: who enters is welcomed within 20 seconds (ADR 117)."""
