"""Door: the policy, the ledger, counts of steps, outcomes for joins, mass sends, what waits."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, func, select

from siyu.kernel.ctx import Ctx
from siyu.kernel.paging import Page, cursor, keys
from siyu.outreach import policy as arithmetic
from siyu.outreach.store import batch, in_state, message, move, request
from siyu.outreach.store import policy as policies
from siyu.outreach.types import Entry, MassSend, Move, Origin, Policy, Route, State, StepCount


def policy(ctx: Ctx) -> Policy:
    """The company's policy; the defaults while nobody changed it."""
    found = ctx.tx.execute(select(policies.c.document).where(policies.c.policy_id == 1)).scalar_one_or_none()
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
        statement = statement.where(request.c.request_id < int(str(keys(after, 1)[0])))
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


def counts(ctx: Ctx, origin: Origin) -> dict[tuple[State, str], int]:
    """How many requests of an origin stand in each (state, reason)."""
    found: dict[tuple[State, str], int] = {}
    for step in by_step(ctx, origin):
        found[step.state, step.reason] = found.get((step.state, step.reason), 0) + step.requests
    return found


def outcomes() -> Select[*tuple[Any, ...]]:
    """A relation (customer_id, key, state, at) of all requests; ``at`` is when a send went out, or when it was decided
    against."""
    at = func.coalesce(request.c.claimed_at, request.c.done_at).label("at")
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
        statement = statement.where(batch.c.batch_id < int(str(keys(after, 1)[0])))
    rows = ctx.tx.execute(statement).all()
    items = [_mass(row) for row in rows[:limit]]
    return Page(items, cursor(items[-1].batch_id) if len(rows) > limit else None)


def earliest(ctx: Ctx, without: Sequence[int] = ()) -> datetime | None:
    """When the first open request is due, in whatever state; gathered ones of the accounts ``without`` do not count."""
    due = [
        select(func.min(request.c.due_at)).where(in_state(state), request.c.lane == lane)
        for state in (State.WAITING, State.READY)
        for lane in (0, 1)
    ]
    gathered = in_state(State.GATHERED)
    due.append(select(func.min(request.c.due_at)).where(gathered, request.c.account_id.not_in(list(without))))
    times = ctx.tx.execute(select(*(part.scalar_subquery() for part in due))).one()
    return min((time for time in times if time is not None), default=None)


def first_lease(ctx: Ctx) -> float | None:
    """Machine time at which the first open batch's lease ends; None when no batch is open."""
    return ctx.tx.execute(select(func.min(batch.c.lease_machine)).where(batch.c.open)).scalar_one()


def gathered_accounts(ctx: Ctx) -> list[int]:
    """Accounts for which gathered recipients are due now."""
    due = (in_state(State.GATHERED), request.c.due_at <= ctx.now)
    rows = ctx.tx.execute(select(request.c.account_id).distinct().where(*due)).scalars()
    return sorted(account_id for account_id in rows if account_id is not None)


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
