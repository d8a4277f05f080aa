"""Private: the conversation archive is read on from where it stands, in phases: each message once, after a kill too."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import structlog

from siyu.customers import queries as customers
from siyu.intake import actions, conversations, readings, store, wecom
from siyu.intake.types import Known
from siyu.kernel.clock import machine
from siyu.kernel.ctx import Ctx
from siyu.kernel.jobs import Phased, Senders
from siyu.kernel.settings import settings
from siyu.platforms import queries as platforms
from siyu.platforms.types import Call, Outcome
from siyu.team import queries as team

log = structlog.get_logger(__name__)

PAGE = 1_000
AGAIN = timedelta(minutes=10)
"""The archive is looked at so often even when no callback says that there is something new: one may be lost."""
LONGEST = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a corp's archive after ``seq``; ``speaker_id`` asks, ``account_id`` stands for the corp."""

    account_id: int
    speaker_id: int
    known: Mapping[int, Known]
    seq: int
    serial: int
    failures: int


def _claim(ctx: Ctx) -> Page | None:
    at = machine()
    accounts = platforms.accounts(ctx)
    known = actions.known_accounts(accounts)
    active = {account.account_id for account in accounts if account.active}
    while settings().wecom_archive:
        # set-loop: a statement per corp whose apps are switched off
        row = store.claim_archive(ctx, at, at + settings().lease_seconds)
        if row is None:
            return None
        speaker_id = known[row.account_id].speaker_id
        if speaker_id in active:
            return Page(row.account_id, speaker_id, known, row.seq, row.serial, row.failures)
        store.put_off_archive(ctx, row.account_id, ctx.now + AGAIN, 0, "")
    return None


def _act(page: Page, senders: Senders) -> Outcome:
    asked = Call(page.speaker_id, "fetch", {"seq": page.seq, "limit": PAGE})
    outcome: Outcome = senders["archive"].send(asked)
    return outcome


def _record(ctx: Ctx, page: Page, outcome: Outcome) -> None:
    if not outcome.ok:
        log.warning("archive_not_read", account_id=page.account_id, code=outcome.code, message=outcome.message)
        wait = min(LONGEST, timedelta(minutes=1) * 2 ** min(page.failures, 10))
        error = f"{outcome.code}: {outcome.message}"[:500]
        store.put_off_archive(ctx, page.account_id, ctx.now + wait, page.failures + 1, error)
        return
    found = readings.objects(outcome.data.get("messages"))
    last = max((int(str(one["seq"])) for one in found), default=page.seq)
    # The seq is compared and moved in the transaction that writes the messages: who was overtaken writes nothing.
    due = ctx.now if len(found) == PAGE else ctx.now + AGAIN
    if not store.move_archive(ctx, page.account_id, page.seq, last, page.serial, due):
        log.warning("archive_overtaken", account_id=page.account_id)
        return
    known = page.known[page.account_id]
    staff = {member.userid for member in team.staff(ctx) if member.userid}
    contacts = sorted(conversations.contacts(found, staff))
    people = customers.resolve(ctx, [wecom.person(known.corpid, one)[0] for one in contacts])
    there = {one.value for one in people}
    actions.take_in_each(ctx, conversations.messages(found, known, staff, there), page.known)


ARCHIVE = Phased("intake.archive", _claim, _act, _record, store.ARCHIVE_READY)
