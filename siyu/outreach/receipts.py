"""Private: the platforms' finish events. Kept first, applied when the send that they speak of is known."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Boolean, DateTime, Integer, Row, Text, and_, bindparam, case, delete, literal, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from siyu.kernel.ctx import Ctx
from siyu.kernel.db import unnest
from siyu.outreach import spending, telling
from siyu.outreach.store import batch, receipt, request
from siyu.outreach.types import UNKNOWN, Receipt, State

CHAT_FAILURES: Mapping[str, str] = {
    "1": "account_missing",
    "2": "app_closed",
    "4": "window_closed",
    "5": "session_taken",
    "6": "window_full",
    "8": "not_verified",
    "10": "blocked",
    "11": "nobody_logged_in",
    "12": "content_unusable",
    "13": "security_block",
}
"""What the fail_type of customer service means (docs/platform.md A.9)."""


def keep(ctx: Ctx, rows: Sequence[Receipt]) -> None:
    """Store receipts; the same one twice is one."""
    first = {(row.account_id, row.kind, row.platform_id): row for row in reversed(rows)}
    if not first:
        return
    given = [first[key] for key in sorted(first)]
    relation = unnest(
        "told",
        account_id=(Integer(), [row.account_id for row in given]),
        kind=(Text(), [row.kind for row in given]),
        platform_id=(Text(), [row.platform_id for row in given]),
        status=(Text(), [row.status for row in given]),
        at=(DateTime(timezone=True), [row.at for row in given]),
        total=(Integer(), [row.total for row in given]),
        filtered=(Integer(), [row.filtered for row in given]),
        sent=(Integer(), [row.sent for row in given]),
        errors=(Integer(), [row.errors for row in given]),
    )
    columns = [column.name for column in relation.c]
    source = select(*relation.c, literal(False, Boolean()))
    ctx.tx.execute(upsert(receipt).from_select([*columns, "applied"], source).on_conflict_do_nothing())


_OPEN = select(receipt.c.kind).where(~receipt.c.applied).distinct()


def apply(ctx: Ctx) -> None:
    """Apply the receipts whose sends are known by now."""
    waiting = set(ctx.tx.execute(_OPEN).scalars())
    if "template" in waiting:
        _templates(ctx)
    if "mass" in waiting:
        _masses(ctx)
    if "kf" in waiting:
        _chats(ctx)


_SINGLE = (
    select(
        request.c.customer_id,
        request.c.request_id,
        request.c.route,
        request.c.account_id,
        request.c.claimed_day,
        receipt.c.status,
        receipt.c.platform_id,
    )
    .join_from(
        receipt,
        request,
        and_(receipt.c.account_id == request.c.account_id, receipt.c.platform_id == request.c.platform_id),
    )
    .where(~receipt.c.applied, receipt.c.kind == bindparam("told"), request.c.state == bindparam("standing"))
    .order_by(request.c.customer_id)
    .limit(10_000)
    .with_for_update(of=(receipt, request), skip_locked=True)
)


def _templates(ctx: Ctx) -> None:
    _single(ctx, "template", State.ACCEPTED, _meaning)


def _chats(ctx: Ctx) -> None:
    """Customer service tells only of what failed, after it took the message."""
    _single(ctx, "kf", State.SENT, lambda status: (State.FAILED, CHAT_FAILURES.get(status, "platform_failed")))


def _single(ctx: Ctx, kind: str, standing: State, meaning: Callable[[str], tuple[State, str]]) -> None:
    found = ctx.tx.execute(_SINGLE, {"told": kind, "standing": standing.value}).all()
    if not found:
        return
    ends: dict[tuple[State, str], list[Row[*tuple[Any, ...]]]] = {}
    for row in found:
        ends.setdefault(meaning(row.status), []).append(row)
    for (state, reason), rows in ends.items():  # set-loop: a handful of meanings of a receipt
        _end(ctx, rows, state, reason)
    _applied(ctx, kind, [(row.account_id, row.platform_id) for row in found])


def _meaning(status: str) -> tuple[State, str]:
    if status.strip() == "success":
        return State.RECEIVED, "now"
    return State.FAILED, "blocked" if "user" in status else "platform_failed"


_MASSES = (
    select(batch.c.batch_id, receipt)
    .join_from(
        receipt,
        batch,
        and_(receipt.c.account_id == batch.c.account_id, receipt.c.platform_id == batch.c.platform_id),
    )
    .where(~receipt.c.applied, receipt.c.kind == "mass", batch.c.state == "accepted", ~batch.c.open)
    .order_by(batch.c.batch_id)
    .limit(100)
    .with_for_update(of=(receipt, batch), skip_locked=True)
)


def _masses(ctx: Ctx) -> None:
    found = ctx.tx.execute(_MASSES).all()
    if not found:
        return
    relation = unnest(
        "told",
        batch_id=(Integer(), [row.batch_id for row in found]),
        platform_id=(Text(), [row.platform_id for row in found]),
    )
    ctx.tx.execute(
        update(batch)
        .where(
            batch.c.batch_id == relation.c.batch_id,
            receipt.c.account_id == batch.c.account_id,
            receipt.c.kind == "mass",
        )
        .where(receipt.c.platform_id == relation.c.platform_id)
        .values(
            status=receipt.c.status,
            state=case((receipt.c.status == UNKNOWN, UNKNOWN), else_="finished"),
            total=receipt.c.total,
            filtered=receipt.c.filtered,
            sent=receipt.c.sent,
            errors=receipt.c.errors,
            finished_at=receipt.c.at,
        )
    )
    rejected = [
        row.batch_id
        for row in found
        if row.status.strip().replace("_", " ") not in ("send success", "sendsuccess", UNKNOWN)
    ]
    if rejected:
        ctx.tx.execute(update(batch).where(batch.c.batch_id.in_(rejected)).values(state="rejected"))
        people = ctx.tx.execute(
            select(
                request.c.customer_id,
                request.c.request_id,
                request.c.route,
                request.c.account_id,
                request.c.claimed_day,
            )
            .where(request.c.batch_id.in_(rejected), request.c.state == State.ACCEPTED.value)
            .order_by(request.c.customer_id)
            .with_for_update()
        ).all()
        _end(ctx, people, State.FAILED, "mass_rejected")
    _applied(ctx, "mass", [(row.account_id, row.platform_id) for row in found])


def _end(ctx: Ctx, rows: Sequence[Row[*tuple[Any, ...]]], state: State, reason: str) -> None:
    """Write the final state; a failure gives back what the send had used up."""
    if not rows:
        return
    ids = [(row.customer_id, row.request_id) for row in rows]
    values: dict[str, Any] = {"state": state.value, "reason": reason, "done_at": ctx.now}
    if state is State.FAILED:
        spending.give_back(ctx, ids)
        values["claimed_day"] = None
    these = telling.given(ids)
    ctx.tx.execute(
        update(request)
        .where(request.c.customer_id == these.c.customer_id, request.c.request_id == these.c.request_id)
        .values(**values)
    )
    telling.ended(ctx, ids)


def _applied(ctx: Ctx, kind: str, keys: Sequence[tuple[int, str]]) -> None:
    relation = unnest(
        "done", account_id=(Integer(), [key[0] for key in keys]), platform_id=(Text(), [key[1] for key in keys])
    )
    ctx.tx.execute(
        update(receipt)
        .where(
            receipt.c.kind == kind,
            receipt.c.account_id == relation.c.account_id,
            receipt.c.platform_id == relation.c.platform_id,
        )
        .values(applied=True)
    )


def forget(ctx: Ctx, before: Any, limit: int) -> int:
    """Delete receipts older than ``before``."""
    old = (
        select(receipt.c.account_id, receipt.c.kind, receipt.c.platform_id)
        .where(receipt.c.at < before)
        .limit(limit)
        .subquery("old")
    )
    return ctx.tx.execute(
        delete(receipt).where(
            receipt.c.account_id == old.c.account_id,
            receipt.c.kind == old.c.kind,
            receipt.c.platform_id == old.c.platform_id,
        )
    ).rowcount
