"""Private: the words of record become rows: states, moves and events; what was not used is given back."""

from collections.abc import Sequence
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    DateTime,
    Integer,
    Interval,
    Row,
    Text,
    and_,
    case,
    func,
    literal,
    null,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert

from siyu.kernel.ctx import Ctx
from siyu.kernel.db import unnest
from siyu.outreach import spending, telling
from siyu.outreach.policy import times
from siyu.outreach.queries import policy as current_policy
from siyu.outreach.store import message, refusal, request
from siyu.outreach.types import Route, State
from siyu.outreach.work import Settled

TRIES = 5
"""A call that was certainly not done is tried so often, then the request fails."""
BACKOFF = timedelta(seconds=30)
"""Before the second try; it doubles with each."""
WINDOWS = ("window_closed", "window_full")

Held = tuple[Row[*tuple[Any, ...]], Settled]


def settle(ctx: Ctx, batch_id: int, rows: Sequence[Settled]) -> None:
    """Write what became of single requests of a batch; rows that are not claimed by it any more are left alone.

    The rows are read and locked by their batch first and then written by primary key. In one statement the planner,
    which knows nothing of a new batch, joined each with each (measured: 10,000 rows 42 s, so 0.3 s).
    """
    held = {row.request_id: row for row in _held(ctx, batch_id)} if rows else {}
    rows = [row for row in rows if row.request_id in held]
    if not rows:
        return
    _free(ctx, [(held[row.request_id], row) for row in rows if row.free])
    said = unnest(
        "said",
        customer_id=(Integer(), [held[row.request_id].customer_id for row in rows]),
        request_id=(BigInteger(), [row.request_id for row in rows]),
        state=(Text(), [None if row.state is None else str(row.state) for row in rows]),
        reason=(Text(), [row.reason for row in rows]),
        detail=(Text(), [row.detail for row in rows]),
        due_at=(DateTime(timezone=True), [row.due_at for row in rows]),
        platform_id=(Text(), [row.platform_id for row in rows]),
        free=(Boolean(), [row.free for row in rows]),
        again=(Boolean(), [row.again for row in rows]),
    )
    _write(ctx, said.c, and_(request.c.customer_id == said.c.customer_id, request.c.request_id == said.c.request_id))


def settle_all(ctx: Ctx, batch_id: int, word: Settled) -> None:
    """Write the same for every claimed request of a batch."""
    if word.free:
        _free(ctx, [(row, word) for row in _held(ctx, batch_id)])
    said = SimpleNamespace(
        state=literal(None if word.state is None else str(word.state), Text()),
        reason=literal(word.reason, Text()),
        detail=literal(word.detail, Text()),
        due_at=literal(word.due_at, DateTime(timezone=True)),
        platform_id=literal(word.platform_id, Text()),
        free=literal(word.free, Boolean()),
        again=literal(word.again, Boolean()),
    )
    _write(ctx, said, and_(request.c.batch_id == batch_id, request.c.state == State.CLAIMED.value))


def _held(ctx: Ctx, batch_id: int) -> Sequence[Row[*tuple[Any, ...]]]:
    return ctx.tx.execute(
        select(
            request.c.customer_id,
            request.c.request_id,
            request.c.route,
            request.c.account_id,
            request.c.claimed_day,
        )
        .where(request.c.batch_id == batch_id, request.c.state == State.CLAIMED.value)
        .order_by(request.c.customer_id)
        .with_for_update()
    ).all()


def _write(ctx: Ctx, said: Any, mine: ColumnElement[bool]) -> None:
    """``said`` has the columns of ``Settled``. Without a state: the next choice, and where there is none, the end."""
    onward = and_(said.state.is_(None), request.c.choice + 1 < message.c.choices)
    state = case(
        (onward, State.WAITING.value),
        (and_(said.state.is_(None), said.reason == "platform_refused"), State.FAILED.value),
        (said.state.is_(None), State.NOT_SENT.value),
        (and_(said.again, request.c.attempts + 1 >= TRIES), State.FAILED.value),
        else_=said.state,
    )
    waits = state == State.WAITING.value
    seconds = BACKOFF.total_seconds() * func.power(2, request.c.attempts)
    interval = func.make_interval(0, 0, 0, 0, 0, 0, seconds, type_=Interval())
    now = literal(ctx.now, DateTime(timezone=True))
    done = ctx.tx.execute(
        update(request)
        .where(mine, message.c.message_id == request.c.message_id)
        .values(
            state=state,
            reason=said.reason,
            detail=said.detail,
            choice=request.c.choice + case((onward, 1), else_=0),
            attempts=request.c.attempts + case((said.again, 1), else_=0),
            due_at=case(
                (~waits, request.c.due_at),
                (said.due_at.is_not(None), said.due_at),
                (said.again, now + interval),
                else_=now,
            ),
            platform_id=said.platform_id,
            batch_id=case((waits, null()), else_=request.c.batch_id),
            claimed_day=case((said.free, null()), else_=request.c.claimed_day),
            done_at=case((waits, null()), else_=now),
        )
        .returning(request.c.customer_id, request.c.request_id, request.c.state)
    ).all()
    telling.moved(ctx, [(row.customer_id, row.request_id) for row in done if row.state == State.WAITING])
    telling.ended(ctx, [(row.customer_id, row.request_id) for row in done if row.state != State.WAITING])


def _free(ctx: Ctx, freed: Sequence[Held]) -> None:
    """Give back what the requests held, and believe what the platform said about windows, quotas and persons."""
    if not freed:
        return
    spending.give_back(ctx, [(row.customer_id, row.request_id) for row, _ in freed])
    people = [(row.route, row.account_id, row.claimed_day) for row, _ in freed if row.route != Route.OA_MASS]
    calls = {(row.route, row.account_id, row.claimed_day) for row, _ in freed if row.route == Route.OA_MASS}
    spending.unspend(ctx, [*people, *calls])
    policy = current_policy(ctx)
    full = {(row.route, row.account_id) for row, word in freed if word.reason == "quota_day"}
    spending.fill(ctx, policy.quotas, full, times(policy, ctx.now, ctx.zone).today)
    spending.close_windows(ctx, [(row.customer_id, row.request_id) for row, word in freed if word.reason in WINDOWS])
    refused = [(row, word) for row, word in freed if word.refuse]
    if refused:
        given = unnest(
            "refused",
            customer_id=(Integer(), [row.customer_id for row, _ in refused]),
            account_id=(Integer(), [row.account_id for row, _ in refused]),
            reason=(Text(), [word.reason for _, word in refused]),
        )
        statement = upsert(refusal).from_select(
            ["customer_id", "account_id", "reason", "at"],
            select(given.c.customer_id, given.c.account_id, given.c.reason, literal(ctx.now, DateTime(timezone=True))),
        )
        ctx.tx.execute(statement.on_conflict_do_nothing())
