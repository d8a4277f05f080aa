"""Private: what a lost worker left claimed. Keyed calls are repeated under the same key, others stay uncertain."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, select, update

from siyu.kernel.clock import machine
from siyu.kernel.ctx import Ctx
from siyu.kernel.errors import SiyuError
from siyu.outreach import recording, settling, ways
from siyu.outreach.addresses import Wanted, addresses
from siyu.outreach.sendtasks import handing
from siyu.outreach.store import batch, request
from siyu.outreach.types import Route, State
from siyu.outreach.work import LEASE, Settled, Work

REMEMBERED = timedelta(minutes=9)
"""How long after the claim a template call is repeated: the platform remembers its key for 10 minutes."""


def recover(ctx: Ctx, lease: float = LEASE) -> Work | None:
    """Take over one batch whose lease is over. Sends without a key end as ``uncertain`` at once."""
    lost = ctx.tx.execute(
        select(batch)
        .where(batch.c.open, batch.c.lease_machine <= machine())
        .order_by(batch.c.lease_machine)
        .limit(1)
        .with_for_update(skip_locked=True)
    ).one_or_none()
    if lost is None:
        return None
    until = machine() + lease
    ctx.tx.execute(
        update(batch)
        .where(batch.c.batch_id == lost.batch_id)
        .values(lease_machine=until, attempts=batch.c.attempts + 1)
    )
    rows = _left(ctx, lost.batch_id)
    known_by = addresses(ctx, [Wanted(row.customer_id, row.request_id, row.route, row.account_id) for row in rows])
    repeated = [
        (row.customer_id, row.request_id, (row.message_id, row.choice), row.address or (address and address.value))
        for row, address in zip(rows, known_by, strict=True)
        if _repeatable(ctx, lost, row) and (address or row.route == Route.WEBHOOK)
    ]
    try:
        known_ways = ways.made(ctx, {pair for _, _, pair, _ in repeated})
        used, sends = ways.prepare(ctx, lost.key, known_ways, repeated)
    except SiyuError:
        # The content was withdrawn meanwhile: the call can no longer be made the same.
        repeated, used, sends = [], [], []
    known = {request_id for _, request_id, _, _ in repeated}
    told = [
        Settled(row.request_id, State.FAILED, "uncertain", "the worker was lost after claiming", free=False)
        for row in rows
        if row.request_id not in known
    ]
    if lost.kind == "task":
        settling.lock_people(ctx, batch_id=lost.batch_id)
    settling.settle(ctx, lost.batch_id, told)
    if lost.kind == "task":
        handing.lost(ctx, lost.batch_id)
    if not sends:
        recording.close(ctx, lost.batch_id, lost.attempts + 1)
    start_before = (machine() + until) / 2
    return Work(lost.batch_id, lost.kind, lost.key, start_before, used, sends, True, lost.attempts + 1)


def _left(ctx: Ctx, batch_id: int) -> Sequence[Row[*tuple[Any, ...]]]:
    """The claimed rows of a batch."""
    return ctx.tx.execute(
        select(
            request.c.customer_id,
            request.c.request_id,
            request.c.message_id,
            request.c.choice,
            request.c.route,
            request.c.account_id,
            request.c.claimed_at,
            request.c.address,
        )
        .where(request.c.batch_id == batch_id, request.c.state == State.CLAIMED.value)
        .order_by(request.c.request_id)
    ).all()


def _repeatable(ctx: Ctx, lost: Row[*tuple[Any, ...]], row: Row[*tuple[Any, ...]]) -> bool:
    if lost.attempts >= recording.REPEATS or row.route not in recording.KEYED:
        return False
    return bool(row.route != Route.OA_TEMPLATE or ctx.now < row.claimed_at + REMEMBERED)
