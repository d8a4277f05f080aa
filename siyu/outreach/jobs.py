"""Private: what runtime runs. ``tick`` decides, the phases claim, act and record; lane 0 has phases of its own."""

from datetime import datetime, timedelta
from typing import Any

from siyu.kernel.clock import machine
from siyu.kernel.ctx import Ctx
from siyu.kernel.jobs import Phased, Pulse
from siyu.kernel.settings import settings
from siyu.outreach import claims, merging, queries, spending, tidy
from siyu.outreach.recording import record
from siyu.outreach.recovery import recover
from siyu.outreach.sending import act
from siyu.outreach.work import Results, Work

FAST = 100
"""Sends of one claim of the fast lane."""


def phases(lease: float | None = None, slots: tuple[int, int] = claims.ALL_SLOTS) -> tuple[Phased[Work, Results], ...]:
    """The phases of the slow lane: lost batches first, then mass sends, then sends to single people.

    ``lease``: machine seconds that a claim belongs to its worker, the setting by default. ``slots``: this worker's
    range for single people.
    """

    def seconds() -> float:
        return settings().lease_seconds if lease is None else lease

    return (
        Phased("outreach.recover", lambda ctx: recover(ctx, seconds()), act, record),
        Phased("outreach.mass", lambda ctx: claims.mass(ctx, seconds()), act, record),
        Phased("outreach.people", lambda ctx: claims.people(ctx, 1, lease=seconds(), slots=slots), act, record),
    )


def fast_phases(lease: float | None = None) -> tuple[Phased[Work, Results], ...]:
    """The phase of the fast lane: requests that answer a person's own act, or whose window is a minute or less."""

    def claim(ctx: Ctx) -> Work | None:
        return claims.people(ctx, 0, FAST, settings().lease_seconds if lease is None else lease)

    return (Phased("outreach.fast", claim, act, record),)


PHASES: tuple[Phased[Any, Any], ...] = phases()
FAST_PHASES: tuple[Phased[Any, Any], ...] = fast_phases()


def pulse(ctx: Ctx, pulse: Pulse) -> None:
    """Rows follow merged and split customers; nothing waits for an erased one."""
    merging.step_over(
        ctx,
        [
            (int(str(event.props["origin_id"])), int(str(event.props["from_id"])), int(str(event.props["to_id"])))
            for event in pulse.of("merged", "split")
        ],
    )
    erased = [event.customer_id for event in pulse.of("erased")]
    if erased:
        merging.forget(ctx, erased)


def tick(ctx: Ctx, limit: int) -> int:
    """Decide what is due in the slow lane; returns how many requests were looked at."""
    looked = claims.sort(ctx, limit)
    return looked or tidy.forget(ctx, limit)


def next_due(ctx: Ctx) -> datetime | None:
    """When the next request is due or a batch's lease ends.

    Leases and calls a minute are machine time: under a virtual or scaled clock they answer ``ctx.now``, because sends
    are in flight and business time must not move (``machine_wait`` says how long); under the system clock the moment
    at which they end.
    """
    paused = _paused(ctx)
    due = [queries.earliest(ctx, without=paused)]
    wait = _wait(ctx, paused)
    if wait is not None:
        due.append(ctx.now + timedelta(seconds=wait) if ctx.system_time else ctx.now)
    return min((time for time in due if time is not None), default=None)


def machine_wait(ctx: Ctx) -> float | None:
    """Machine seconds until a lease ends or an account may make mass calls again; None when nothing waits for machine
    time."""
    return _wait(ctx, _paused(ctx))


def _wait(ctx: Ctx, paused: list[int]) -> float | None:
    at = machine()
    lease = queries.first_lease(ctx)
    waits = [] if lease is None else [max(0.0, lease - at)]
    if paused:
        waits.append(60.0 - at % 60.0)
    return min(waits, default=None)


def _paused(ctx: Ctx) -> list[int]:
    """Accounts with recipients due whose mass calls of this minute are used up."""
    gathered = queries.gathered_accounts(ctx)
    if not gathered:
        return []
    quotas = queries.policy(ctx).quotas
    # set-loop: one look per account, of which there are a handful
    return [account_id for account_id in gathered if spending.minute_left(ctx, quotas, account_id) <= 0]
