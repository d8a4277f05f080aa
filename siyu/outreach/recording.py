"""Private: record. Turns the platforms' answers into states, reasons, moves and events, and gives back what was not
used."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    DateTime,
    FromClause,
    Integer,
    Interval,
    Row,
    Text,
    and_,
    case,
    cast,
    exists,
    func,
    literal,
    null,
    select,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert

from siyu.kernel.clock import machine
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import unnest
from siyu.outreach import receipts, spending, telling
from siyu.outreach.policy import times
from siyu.outreach.queries import policy as current_policy
from siyu.outreach.store import batch, material, message, refusal, request
from siyu.outreach.types import Route, State
from siyu.outreach.work import Results, Send, Settled, Work
from siyu.platforms.types import Outcome

TRIES = 5
"""A call that was certainly not done is tried so often, then the request fails."""
BACKOFF = timedelta(seconds=30)
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
            _settle(ctx, work.batch_id, _alike(work.batch_id, found))
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


def settle(ctx: Ctx, batch_id: int, rows: Sequence[Settled]) -> None:
    """Write states of claimed requests of a batch; free what they held, keep history, tell the timeline."""
    if not rows:
        return
    said = unnest(
        "said",
        request_id=(BigInteger(), [row.request_id for row in rows]),
        state=(Text(), [None if row.state is None else str(row.state) for row in rows]),
        reason=(Text(), [row.reason for row in rows]),
        detail=(Text(), [row.detail for row in rows]),
        due_at=(DateTime(timezone=True), [row.due_at for row in rows]),
        platform_id=(Text(), [row.platform_id for row in rows]),
        free=(Boolean(), [row.free for row in rows]),
        refuse=(Boolean(), [row.refuse for row in rows]),
        again=(Integer(), [int(row.again) for row in rows]),
    )
    _settle(ctx, batch_id, said)


def _alike(batch_id: int, one: Settled) -> FromClause:
    """The same word for every claimed request of a batch (at 10,000, arrays took longer than the statement)."""
    values: dict[str, ColumnElement[Any]] = {
        "state": literal(None if one.state is None else str(one.state), Text()),
        "reason": literal(one.reason, Text()),
        "detail": literal(one.detail, Text()),
        "due_at": literal(one.due_at, DateTime(timezone=True)),
        "platform_id": literal(one.platform_id, Text()),
        "free": literal(one.free, Boolean()),
        "refuse": literal(one.refuse, Boolean()),
        "again": literal(int(one.again), Integer()),
    }
    claimed = and_(request.c.batch_id == batch_id, request.c.state == State.CLAIMED.value)
    columns = [value.label(name) for name, value in values.items()]
    return select(request.c.request_id, *columns).where(claimed).subquery("said")


def _settle(ctx: Ctx, batch_id: int, said: FromClause) -> None:
    mine = and_(
        request.c.batch_id == batch_id,
        request.c.state == State.CLAIMED.value,
        request.c.request_id == said.c.request_id,
    )
    freed = ctx.tx.execute(
        select(
            request.c.customer_id,
            request.c.request_id,
            request.c.route,
            request.c.account_id,
            request.c.claimed_day,
            said.c.refuse,
            said.c.reason,
        )
        .join_from(request, said, mine)
        .where(said.c.free)
        .order_by(request.c.customer_id)
        .with_for_update(of=request)
    ).all()
    if freed:
        _free(ctx, freed)
    onward = and_(said.c.state.is_(None), request.c.choice + 1 < message.c.choices)
    spent = and_(said.c.again == 1, request.c.attempts + 1 >= TRIES)
    state = case(
        (onward, State.WAITING.value),
        (and_(said.c.state.is_(None), said.c.reason == "platform_refused"), State.FAILED.value),
        (said.c.state.is_(None), State.NOT_SENT.value),
        (spent, State.FAILED.value),
        else_=said.c.state,
    )
    waits = state == State.WAITING.value
    seconds = BACKOFF.total_seconds() * func.power(2, request.c.attempts)
    backoff = literal(ctx.now, DateTime(timezone=True)) + func.make_interval(
        0, 0, 0, 0, 0, 0, seconds, type_=Interval()
    )
    done = ctx.tx.execute(
        update(request)
        .where(mine, message.c.message_id == request.c.message_id)
        .values(
            state=state,
            reason=said.c.reason,
            detail=said.c.detail,
            choice=request.c.choice + case((onward, 1), else_=0),
            attempts=request.c.attempts + said.c.again,
            due_at=case(
                (waits, func.coalesce(said.c.due_at, case((said.c.again == 1, backoff), else_=ctx.now))),
                else_=request.c.due_at,
            ),
            platform_id=said.c.platform_id,
            batch_id=case((waits, null()), else_=request.c.batch_id),
            claimed_day=case((said.c.free, null()), else_=request.c.claimed_day),
            done_at=case((waits, null()), else_=literal(ctx.now)),
        )
        .returning(request.c.customer_id, request.c.request_id, request.c.state)
    ).all()
    telling.moved(ctx, [(row.customer_id, row.request_id) for row in done if row.state == State.WAITING])
    telling.ended(ctx, [(row.customer_id, row.request_id) for row in done if row.state != State.WAITING])


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


def _free(ctx: Ctx, freed: Sequence[Row[*tuple[Any, ...]]]) -> None:
    spending.give_back(ctx, [(row.customer_id, row.request_id) for row in freed])
    people = [(row.route, row.account_id, row.claimed_day) for row in freed if row.route != Route.OA_MASS]
    calls = {(row.route, row.account_id, row.claimed_day) for row in freed if row.route == Route.OA_MASS}
    spending.unspend(ctx, [*people, *calls])
    full = [row for row in freed if row.reason == "quota_day"]
    today = times(current_policy(ctx), ctx.now, ctx.zone).today
    spending.fill(ctx, current_policy(ctx).quotas, {(row.route, row.account_id) for row in full}, today)
    spending.close_windows(ctx, [(row.customer_id, row.request_id) for row in freed if row.reason in GONE.values()])
    refused = [row for row in freed if row.refuse]
    if refused:
        given = unnest(
            "refused",
            customer_id=(Integer(), [row.customer_id for row in refused]),
            account_id=(Integer(), [row.account_id for row in refused]),
            reason=(Text(), [row.reason for row in refused]),
        )
        statement = upsert(refusal).from_select(
            ["customer_id", "account_id", "reason", "at"],
            select(
                given.c.customer_id, given.c.account_id, given.c.reason, cast(literal(ctx.now), DateTime(timezone=True))
            ),
        )
        ctx.tx.execute(statement.on_conflict_do_nothing())
