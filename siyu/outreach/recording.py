"""Private: record. Turns the platforms' answers into states, reasons, moves and events, and gives back what was not
used."""

from datetime import timedelta

from sqlalchemy import (
    and_,
    case,
    exists,
    func,
    literal,
    select,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert

from siyu.kernel.clock import machine
from siyu.kernel.ctx import Ctx
from siyu.outreach import receipts
from siyu.outreach.settling import settle, settle_all
from siyu.outreach.store import batch, material, request
from siyu.outreach.types import Route, State
from siyu.outreach.work import Results, Send, Settled, Work
from siyu.platforms.types import Outcome

REPEATS = 8
"""A call whose answer was lost is repeated so often under its key, then its outcome stays uncertain."""
KEYED = (Route.OA_MASS, Route.OA_TEMPLATE, Route.WEBHOOK)
"""Routes whose calls carry an idempotency key."""

GONE = {45015: "window_closed", 45047: "window_full"}
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


def record(ctx: Ctx, work: Work, results: Results) -> None:
    """Write what became of a batch; rows that meanwhile belong to nobody's claim of this batch are left alone."""
    if not work.sends:
        return
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
        found = judged(ctx, work, work.sends[0], results.outcomes[0])
        if found is not None:
            settle_all(ctx, work.batch_id, found)
    else:
        pairs = zip(work.sends, results.outcomes, strict=True)
        settle(ctx, work.batch_id, [found for pair in pairs if (found := judged(ctx, work, *pair)) is not None])
    close(ctx, work.batch_id)
    receipts.apply(ctx)


def judged(ctx: Ctx, work: Work, send: Send, outcome: Outcome | None) -> Settled | None:
    """What one answer means; None: unknown, and the call will be repeated under its key."""
    way = work.ways[send.way]
    if work.again and (outcome is None or not outcome.ok):
        # A refusal of the repetition says nothing about the call whose answer was lost.
        if outcome is None or outcome.uncertain or outcome.retryable or outcome.code in (*PACE, 45066):
            return None
        return Settled(
            send.request_id, State.FAILED, "uncertain", f"{outcome.code} {outcome.message}"[:300], free=False
        )
    if outcome is None:
        return Settled(send.request_id, State.WAITING, "not_started")
    if outcome.ok:
        state = State.ACCEPTED if way.route in (Route.OA_MASS, Route.OA_TEMPLATE) else State.SENT
        msgid = outcome.data.get("msgid") if way.route == Route.OA_TEMPLATE else None
        return Settled(send.request_id, state, "now", platform_id=None if msgid is None else str(msgid), free=False)
    said = f"{outcome.code} {outcome.message}"[:300]
    if outcome.uncertain:
        if way.route in KEYED:
            return None
        return Settled(send.request_id, State.FAILED, "uncertain", said, free=False)
    if outcome.code == 45066:
        return None  # the platform still works on the call with this key
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


def close(ctx: Ctx, batch_id: int) -> None:
    """End a batch that has no claimed request left; else let it be repeated soon: after 2, 4, 8 .. 60 machine
    seconds."""
    wait = func.least(60.0, func.power(2.0, batch.c.attempts))
    left = exists(select(true()).where(request.c.batch_id == batch_id, request.c.state == State.CLAIMED.value))
    ctx.tx.execute(
        update(batch)
        .where(batch.c.batch_id == batch_id)
        .values(
            open=left,
            lease_machine=case((left, literal(machine()) + wait), else_=batch.c.lease_machine),
            state=case((and_(~left, batch.c.state == "claimed"), "done"), else_=batch.c.state),
        )
    )
