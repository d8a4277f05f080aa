"""Door: the policy, the ledger, counts of steps, outcomes for joins, mass sends, what waits."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, case, func, select

from siyu.kernel.ctx import Ctx
from siyu.kernel.paging import Page, cursor, numbers
from siyu.kernel.probes import MACHINE, NOW
from siyu.outreach import policy as arithmetic
from siyu.outreach.sendtasks import reading
from siyu.outreach.store import batch, in_state, message, move, recipient, request, task
from siyu.outreach.store import policy as policies
from siyu.outreach.types import (
    TASK_ROUTES,
    Entry,
    MassSend,
    Move,
    Origin,
    Policy,
    Route,
    SendDay,
    State,
    StepCount,
    StepSend,
)

_POLICY = select(policies.c.document).where(policies.c.policy_id == 1)


def policy(ctx: Ctx) -> Policy:
    """The company's policy; the defaults while nobody changed it."""
    found = ctx.tx.execute(_POLICY).scalar_one_or_none()
    return Policy() if found is None else arithmetic.from_json(found)


def ledger(ctx: Ctx, customer_id: int, after: str | None = None, limit: int = 50) -> Page[Entry]:
    """What was asked for one customer, newest first, each with its history. Raises BadCursor."""
    statement = (
        select(request, *(column for column in message.c if column.name != "message_id"))
        .join_from(request, message, message.c.message_id == request.c.message_id)
        .where(request.c.customer_id == customer_id)
        .order_by(request.c.request_id.desc())
        .limit(limit + 1)
    )
    if after:
        statement = statement.where(request.c.request_id < numbers(after, 1)[0])
    rows = ctx.tx.execute(statement).all()
    shown = rows[:limit]
    steps: dict[int, list[Move]] = {}
    history = select(move).where(
        move.c.customer_id == customer_id, move.c.request_id.in_([row.request_id for row in shown])
    )
    for step in ctx.tx.execute(history.order_by(move.c.move_id)).all():
        steps.setdefault(step.request_id, []).append(_move(step))
    items = [_entry(row, tuple(steps.get(row.request_id, ()))) for row in shown]
    return Page(items, cursor(items[-1].request_id) if len(rows) > limit else None)


def by_step(ctx: Ctx, origin: Origin) -> list[StepCount]:
    """How the requests of an origin stand: per node, version, state, reason and route. A ``node`` or a ``version`` of
    the origin that is not empty restricts to it."""
    statement = (
        select(
            message.c.origin_node,
            message.c.origin_version,
            request.c.state,
            request.c.reason,
            request.c.route,
            func.count().label("requests"),
        )
        .join_from(request, message, message.c.message_id == request.c.message_id)
        .where(message.c.origin_kind == origin.kind, message.c.origin_id == origin.id)
        .group_by(message.c.origin_node, message.c.origin_version, request.c.state, request.c.reason, request.c.route)
        .order_by(message.c.origin_node, message.c.origin_version, request.c.state, request.c.reason, request.c.route)
    )
    if origin.node:
        statement = statement.where(message.c.origin_node == origin.node)
    if origin.version:
        statement = statement.where(message.c.origin_version == origin.version)
    return [
        StepCount(row.origin_node, row.origin_version, State(row.state), row.reason, _route(row.route), row.requests)
        for row in ctx.tx.execute(statement).all()
    ]


def of_step(
    ctx: Ctx, origin: Origin, state: State, reason: str, route: Route | None, after: str | None = None, limit: int = 50
) -> Page[StepSend]:
    """The requests behind one count of ``by_step``, asked for last first. Raises BadCursor."""
    asked = select(message.c.message_id).where(message.c.origin_kind == origin.kind, message.c.origin_id == origin.id)
    if origin.node:
        asked = asked.where(message.c.origin_node == origin.node)
    if origin.version:
        asked = asked.where(message.c.origin_version == origin.version)
    # Read first, and almost always one: then the index gives the page in order, however many were asked for.
    messages = list(ctx.tx.execute(asked).scalars())
    statement = (
        select(request)
        .where(request.c.message_id.in_(messages), request.c.state == state.value, request.c.reason == reason)
        .where(request.c.route.is_(None) if route is None else request.c.route == route.value)
        .order_by(request.c.request_id.desc())
        .limit(limit + 1)
    )
    if after:
        statement = statement.where(request.c.request_id < numbers(after, 1)[0])
    rows = ctx.tx.execute(statement).all()
    items = [_step_send(row) for row in rows[:limit]]
    return Page(items, cursor(items[-1].request_id) if len(rows) > limit else None)


def counts(ctx: Ctx, origin: Origin) -> dict[tuple[State, str], int]:
    """How many requests of an origin stand in each (state, reason)."""
    found: dict[tuple[State, str], int] = {}
    for step in by_step(ctx, origin):
        found[step.state, step.reason] = found.get((step.state, step.reason), 0) + step.requests
    return found


_late = and_(request.c.route.in_([route.value for route in TASK_ROUTES]), request.c.done_at.is_not(None))


def outcomes() -> Select[*tuple[Any, ...]]:
    """A relation (customer_id, key, state, at) of all requests; ``at`` is when a send went out, or when it was decided
    against."""
    at = case((_late, request.c.done_at), else_=func.coalesce(request.c.claimed_at, request.c.done_at)).label("at")
    return select(request.c.customer_id, request.c.key, request.c.state, at)


def mass_sends(ctx: Ctx, origin: Origin | None = None, after: str | None = None, limit: int = 50) -> Page[MassSend]:
    """Mass sends, newest first, of all or of one origin. Raises BadCursor."""
    statement = (
        select(batch, message)
        .join_from(batch, message, message.c.message_id == batch.c.message_id)
        .where(batch.c.kind == "mass")
        .order_by(batch.c.batch_id.desc())
        .limit(limit + 1)
    )
    if origin is not None:
        statement = statement.where(message.c.origin_kind == origin.kind, message.c.origin_id == origin.id)
        if origin.node:
            statement = statement.where(message.c.origin_node == origin.node)
    if after:
        statement = statement.where(batch.c.batch_id < numbers(after, 1)[0])
    rows = ctx.tx.execute(statement).all()
    items = [_mass(row) for row in rows[:limit]]
    return Page(items, cursor(items[-1].batch_id) if len(rows) > limit else None)


def send_day(ctx: Ctx, staff: str, day: date) -> SendDay:
    """The send tasks of a staff member (userid) on a local day: those of WeCom's assistant, and of today and later what
    is planned. The same number of statements whatever the number of people."""
    return reading.send_day(ctx, policy(ctx).tasks, staff, day)


OPEN_DUE = tuple(
    select(func.min(request.c.due_at)).where(in_state(state), request.c.lane == lane)
    for state in (State.WAITING, State.READY)
    for lane in (0, 1)
)
"""When the first request is due that waits or is ready, per state and lane."""
GATHERED_DUE = select(func.min(request.c.due_at)).where(in_state(State.GATHERED))
"""When the first recipient of a mass send is due."""
TASKS_DUE = (
    select(func.min(recipient.c.due_at)).where(reading.planned, ~reading.post),
    select(func.min(task.c.look_at)).where(task.c.look_at.is_not(None)),
)
"""When the next round of send tasks is due, and when a task is to be looked at."""
POSTS_DUE = select(func.min(recipient.c.due_at)).where(reading.planned, reading.post)
"""When the next round with a Moments post is due."""
FIRST_LEASE = select(func.min(batch.c.lease_machine)).where(batch.c.open)
"""Machine time at which the first open batch's lease ends."""


LOST = select(batch.c.batch_id).where(batch.c.open, batch.c.lease_machine <= MACHINE).exists()
"""Whether a worker was lost with a batch."""
GATHERED = select(request.c.request_id).where(in_state(State.GATHERED), request.c.due_at <= NOW).exists()
"""Whether recipients of a mass send are due."""

ROUND = select(recipient.c.request_id).where(reading.planned, recipient.c.due_at <= NOW).exists()
"""Whether a round of send tasks is due."""
LOOK = select(task.c.task_id).where(task.c.look_at <= NOW).exists()
"""Whether a send task is to be looked at."""


def open_now(state: State, lane: int) -> ColumnElement[bool]:
    """Whether a request of a lane is due that waits or is ready."""
    due = (in_state(state), request.c.lane == lane, request.c.due_at <= NOW)
    return select(request.c.request_id).where(*due).exists()


def gathered_due(ctx: Ctx, without: Sequence[int]) -> datetime | None:
    """As GATHERED_DUE; the accounts ``without`` do not count."""
    return ctx.tx.execute(GATHERED_DUE.where(request.c.account_id.not_in(list(without)))).scalar_one()


def gathered_accounts(ctx: Ctx) -> list[int]:
    """Accounts for which gathered recipients are due now."""
    due = (in_state(State.GATHERED), request.c.due_at <= ctx.now)
    rows = ctx.tx.execute(select(request.c.account_id).distinct().where(*due)).scalars()
    return sorted(account_id for account_id in rows if account_id is not None)


def posts_due(ctx: Ctx, without: Sequence[int]) -> datetime | None:
    """As POSTS_DUE; the accounts ``without`` do not count."""
    return ctx.tx.execute(POSTS_DUE.where(recipient.c.account_id.not_in(list(without)))).scalar_one()


def _step_send(row: Row[*tuple[Any, ...]]) -> StepSend:
    open_ = row.state in (State.WAITING, State.READY, State.GATHERED, State.PLANNED)
    return StepSend(
        request_id=row.request_id,
        customer_id=row.customer_id,
        detail=row.detail,
        asked_at=row.asked_at,
        at=row.claimed_at or row.done_at or row.decided_at,
        until=row.due_at if open_ else None,
    )


def _origin(row: Row[*tuple[Any, ...]]) -> Origin:
    return Origin(row.origin_kind, row.origin_id, row.origin_version, row.origin_node)


def _route(value: str | None) -> Route | None:
    return None if value is None else Route(value)


def _move(row: Row[*tuple[Any, ...]]) -> Move:
    return Move(row.at, State(row.state), row.reason, _route(row.route), row.account_id, row.until)


def _entry(row: Row[*tuple[Any, ...]], moves: tuple[Move, ...]) -> Entry:
    return Entry(
        request_id=row.request_id,
        customer_id=row.customer_id,
        key=row.key,
        origin=_origin(row),
        content_id=row.content_id,
        text=row.text,
        state=State(row.state),
        reason=row.reason,
        detail=row.detail,
        route=_route(row.route),
        account_id=row.account_id,
        asked_at=row.asked_at,
        due_at=row.due_at,
        expires_at=row.expires_at,
        decided_at=row.decided_at,
        done_at=row.done_at,
        moves=moves,
    )


def _mass(row: Row[*tuple[Any, ...]]) -> MassSend:
    return MassSend(
        batch_id=row.batch_id,
        account_id=row.account_id,
        origin=_origin(row),
        content_id=row.content_id,
        text=row.text,
        claimed_at=row.claimed_at,
        recipients=row.recipients,
        state=row.state,
        platform_id=row.platform_id,
        status=row.status,
        total=row.total,
        filtered=row.filtered,
        sent=row.sent,
        errors=row.errors,
        finished_at=row.finished_at,
    )
