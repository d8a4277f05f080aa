"""Private: forgetting what has had its time: sessions, failed tries to sign in, keys of repeated writes."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from siyu.kernel import idempotency
from siyu.kernel.clock import machine
from siyu.kernel.ctx import Ctx
from siyu.kernel.probes import Due, Probe
from siyu.team import store
from siyu.team.actions import TRY_SECONDS


def tick(ctx: Ctx, limit: int) -> int:
    """Forget at most ``limit`` of each; returns how many."""
    at = machine()
    return (
        store.drop_expired(ctx, at, limit)
        + store.drop_attempts(ctx, at - TRY_SECONDS, limit)
        + idempotency.forget(ctx, limit)
    )


def _now_if_any(ctx: Ctx, values: Sequence[Any]) -> datetime | None:
    return ctx.now if any(values) else None


DUE: Due = Probe((*store.outlived(TRY_SECONDS), *idempotency.OLD.columns), _now_if_any)
"""All of it is counted in machine time, so it is due now or not yet known."""
