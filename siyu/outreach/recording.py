"""Private: record. Turns the platforms' answers into states, reasons, moves and events, and gives back what was not
used."""

from datetime import timedelta

from sqlalchemy import (
    BigInteger,
    Double,
    Integer,
    and_,
    bindparam,
    case,
    exists,
    func,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert

from siyu.kernel.clock import machine
from siyu.kernel.ctx import Ctx
from siyu.outreach import receipts
from siyu.outreach.sending import CHATS, msgid
from siyu.outreach.sendtasks import handing
from siyu.outreach.settling import lock_people, settle, settle_all
from siyu.outreach.store import batch, material, request
from siyu.outreach.types import WELCOMES, Route, State
from siyu.outreach.work import Results, Send, Settled, Way, Work
from siyu.platforms.types import Outcome

REPEATS = 8
"""A call whose answer was lost is repeated so often under its key, then its outcome stays uncertain."""
KEYED = (Route.OA_MASS, Route.OA_TEMPLATE, *WELCOMES, Route.KF, Route.WEBHOOK)
"""Routes whose calls carry an idempotency key; a welcome code serves once."""

GONE = {
    45015: "window_closed",
    45047: "window_full",
    41049: "no_welcome_code",
    41050: "welcome_late",
    41053: "archive_pending",
    40096: "unreachable",
    41048: "quota_broadcast",
    41210: "quota_moments",
    42003: "welcome_late",
    95000: "account_missing",
    95001: "window_full",
    95002: "window_closed",
    95013: "session_taken",
    95018: "session_taken",
    95031: "window_closed",
}
GREETED = 41051
GREETING = 41096
"""Another app is sending its welcome right now; that may still fail."""
USED = (40029, 42022)
"""The code of customer service's welcome is known no more: somebody greeted by it."""
REFUSED = {
    40003: "unreachable",
    43004: "not_following",
    43019: "blocked",
    46004: "unreachable",
    48002: "blocked",
    50005: "not_following",
}
FULL = (45009, 45028)
PACE = (45011, -105)
NO_ACCOUNT = -103


_TAKEN_UP = select(batch.c.attempts).where(batch.c.batch_id == bindparam("batch", type_=BigInteger)).with_for_update()


def record(ctx: Ctx, work: Work, results: Results) -> None:
    """Write what became of a batch; rows that meanwhile belong to nobody's claim of this batch are left alone.

    Whoever has lost the lease says only what was sent. A refusal says nothing any more: the worker that has the batch
    now repeats the calls under their keys, and what was given back meanwhile would be sent twice.
    """
    if not work.sends:
        return
    if work.kind == "task":
        lock_people(ctx, batch_id=work.batch_id)
    owned = ctx.tx.execute(_TAKEN_UP, {"batch": work.batch_id}).scalar_one_or_none() == work.attempts
    if results.media_id is not None:
        way = work.ways[0]
        values = {"account_id": way.account_id, "file_id": way.cover_file, "media_id": results.media_id}
        ctx.tx.execute(upsert(material).values(values).on_conflict_do_nothing())
    if work.kind == "mass" and (outcome := results.outcomes[0]) is not None and outcome.ok:
        platform_id = str(outcome.data.get("msg_id", ""))
        ctx.tx.execute(
            update(batch).where(batch.c.batch_id == work.batch_id).values(platform_id=platform_id, state="accepted")
        )
    if work.kind == "mass":
        found = judged(ctx, work, work.sends[0], results.outcomes[0], owned)
        if found is not None:
            settle_all(ctx, work.batch_id, found)
    else:
        pairs = zip(work.sends, results.outcomes, strict=True)
        words = [found for pair in pairs if (found := judged(ctx, work, *pair, owned)) is not None]
        settle(ctx, work.batch_id, words)
    if work.kind == "task":
        handing.told(ctx, work, results)
    close(ctx, work.batch_id, work.attempts)
    receipts.apply(ctx)


def judged(ctx: Ctx, work: Work, send: Send, outcome: Outcome | None, owned: bool) -> Settled | None:
    """What one answer means; None: unknown, and the call will be repeated under its key."""
    way = work.ways[send.way]
    if not owned and (outcome is None or not outcome.ok):
        return None
    if work.again and (outcome is None or not outcome.ok):
        # A refusal of the repetition says nothing about the call whose answer was lost.
        if outcome is None or outcome.uncertain or outcome.retryable or outcome.code in (*PACE, 45066):
            return None
        return Settled(
            send.request_id, State.FAILED, "uncertain", f"{outcome.code} {outcome.message}"[:300], free=False
        )
    back = State.PLANNED if work.kind == "task" else State.WAITING
    if outcome is None:
        return Settled(send.request_id, back, "not_started")
    if outcome.ok and work.kind == "task":
        return Settled(send.request_id, State.HANDED, "handed", free=False)
    if outcome.ok:
        state = State.ACCEPTED if way.route in (Route.OA_MASS, Route.OA_TEMPLATE) else State.SENT
        return Settled(send.request_id, state, "now", platform_id=_platform_id(way, send, outcome), free=False)
    said = f"{outcome.code} {outcome.message}"[:300]
    if outcome.uncertain:
        if way.route in KEYED:
            return None
        return Settled(send.request_id, State.FAILED, "uncertain", said, free=False)
    if outcome.code == 45066:
        return None  # the platform still works on the call with this key
    if work.kind == "task" and (outcome.retryable or outcome.code in (*PACE, *FULL)):
        return Settled(send.request_id, back, "platform_busy", said, outcome.retry_at, again=True)
    if outcome.code == GREETED or (way.route == Route.KF_WELCOME and outcome.code in USED):
        # No next choice either: whoever sent it, the person was greeted.
        return Settled(send.request_id, State.NOT_SENT, "already_greeted", said)
    if outcome.code == GREETING or (way.route in WELCOMES and outcome.retryable):
        soon = ctx.now + timedelta(seconds=1)
        return Settled(send.request_id, State.WAITING, "platform_busy", said, soon, again=True)
    if outcome.code in GONE:
        return Settled(send.request_id, None, GONE[outcome.code], said)
    if outcome.code in REFUSED and work.kind == "people":
        return Settled(send.request_id, None, REFUSED[outcome.code], said, refuse=True)
    if outcome.code in FULL and (outcome.retry_at is None or outcome.retry_at > ctx.now + timedelta(hours=1)):
        return Settled(send.request_id, State.WAITING, "quota_day", said)
    if outcome.code == NO_ACCOUNT:
        return Settled(send.request_id, None, "account_missing", said)
    if outcome.code in PACE or outcome.code in FULL:
        return Settled(
            send.request_id,
            State.WAITING,
            "platform_pace",
            said,
            max(outcome.retry_at or ctx.now, ctx.now + timedelta(seconds=60)),
        )
    if outcome.retryable:
        return Settled(send.request_id, State.WAITING, "platform_busy", said, outcome.retry_at, again=True)
    return Settled(send.request_id, None, "platform_refused", said)


def _platform_id(way: Way, send: Send, outcome: Outcome) -> str | None:
    """By what the platform will tell of the send later."""
    if way.route in CHATS:
        return msgid(send.key)
    told = outcome.data.get("msgid") if way.route == Route.OA_TEMPLATE else None
    return None if told is None else str(told)


_WAIT = func.least(60.0, func.power(2.0, batch.c.attempts))
_LEFT = exists(select(true()).where(request.c.batch_id == bindparam("closing"), request.c.state == State.CLAIMED.value))
_CLOSE = (
    update(batch)
    .where(
        batch.c.batch_id == bindparam("closing", type_=BigInteger),
        or_(batch.c.attempts == bindparam("taken_up", type_=Integer), ~_LEFT),
    )
    .values(
        open=_LEFT,
        lease_machine=case((_LEFT, bindparam("machine", type_=Double) + _WAIT), else_=batch.c.lease_machine),
        state=case((and_(~_LEFT, batch.c.state == "claimed"), "done"), else_=batch.c.state),
    )
)


def close(ctx: Ctx, batch_id: int, attempts: int) -> None:
    """End a batch that has no claimed request left; else let it be repeated soon: after 2, 4, 8 .. 60 machine
    seconds."""
    ctx.tx.execute(_CLOSE, {"closing": batch_id, "taken_up": attempts, "machine": machine()})
