"""Private: what runtime runs. ``tick`` decides, the phases claim, act and record; lane 0 has phases of its own."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from siyu.kernel.clock import machine
from siyu.kernel.ctx import Ctx
from siyu.kernel.jobs import Phased, Pulse
from siyu.kernel.probes import Due, Probe, any_of, least
from siyu.kernel.settings import settings
from siyu.outreach import claims, merging, queries, spending, tidy
from siyu.outreach.recording import record
from siyu.outreach.recovery import recover
from siyu.outreach.sending import act
from siyu.outreach.sendtasks import handing, recalling, watching
from siyu.outreach.sendtasks import posts as posting
from siyu.outreach.types import State
from siyu.outreach.work import Results, Work

FAST = 100
"""Sends of one claim of the fast lane."""


def phases(lease: float | None = None, slots: tuple[int, int] = claims.ALL_SLOTS) -> tuple[Phased[Any, Any], ...]:
    """The phases of the slow lane: lost batches first, then mass sends and send tasks, then sends to single people.

    ``lease``: machine seconds that a claim belongs to its worker, the setting by default. ``slots``: this worker's
    range for single people.
    """

    def seconds() -> float:
        return settings().lease_seconds if lease is None else lease

    return (
        Phased("outreach.recover", lambda ctx: recover(ctx, seconds()), act, record, any_of(queries.LOST)),
        Phased("outreach.mass", lambda ctx: claims.mass(ctx, seconds()), act, record, any_of(queries.GATHERED)),
        Phased("outreach.tasks", lambda ctx: handing.claim(ctx, seconds()), act, record, any_of(queries.ROUND)),
        Phased("outreach.watch", watching.claim, watching.act, watching.record, any_of(queries.LOOK)),
        Phased(
            "outreach.people",
            lambda ctx: claims.people(ctx, 1, lease=seconds(), slots=slots),
            act,
            record,
            any_of(queries.open_now(State.READY, 1)),
        ),
    )


def fast_phases(lease: float | None = None) -> tuple[Phased[Work, Results], ...]:
    """The phase of the fast lane: requests that answer a person's own act, or whose window is a minute or less."""

    def claim(ctx: Ctx) -> Work | None:
        return claims.people(ctx, 0, FAST, settings().lease_seconds if lease is None else lease)

    ready = any_of(queries.open_now(State.WAITING, 0), queries.open_now(State.READY, 0))
    return (Phased("outreach.fast", claim, act, record, ready),)


PHASES: tuple[Phased[Any, Any], ...] = phases()
FAST_PHASES: tuple[Phased[Any, Any], ...] = fast_phases()


def pulse(ctx: Ctx, pulse: Pulse) -> None:
    """Rows follow merged and split customers; nothing waits for an erased one, or for who wants no more pushes."""
    merging.step_over(
        ctx,
        [
            (int(str(event.props["origin_id"])), int(str(event.props["from_id"])), int(str(event.props["to_id"])))
            for event in pulse.of("merged", "split")
        ],
    )
    for why, told in (("opted_out", "opted_out"), ("no_consent", "consent_withdrawn"), ("blacklisted", "blacklisted")):
        # set-loop: three kinds of events
        recalling.stop(ctx, [one.customer_id for one in pulse.of(told) if one.props.get("kind") != "profiling"], why)
    erased = [event.customer_id for event in pulse.of("erased")]
    if erased:
        merging.forget(ctx, erased)


def tick(ctx: Ctx, limit: int) -> int:
    """Decide what is due in the slow lane; returns how many requests were looked at."""
    looked = claims.sort(ctx, limit)
    return looked or tidy.forget(ctx, limit)


def _next(ctx: Ctx, values: Sequence[Any]) -> datetime | None:
    *due, gathered, posts, lease = values
    paused = _paused(ctx) if gathered is not None and gathered <= ctx.now else []
    due.append(queries.gathered_due(ctx, paused) if paused else gathered)
    full = posting.full(ctx) if posts is not None and posts <= ctx.now else []
    due.append(queries.posts_due(ctx, full) if full else posts)
    wait = _wait(lease, paused + full)
    if wait is not None:
        due.append(ctx.now + timedelta(seconds=wait) if ctx.system_time else ctx.now)
    return least(due)


DUE: Due = Probe(
    tuple(
        one.scalar_subquery()
        for one in (
            *queries.OPEN_DUE,
            *queries.TASKS_DUE,
            queries.GATHERED_DUE,
            queries.POSTS_DUE,
            queries.FIRST_LEASE,
        )
    ),
    _next,
)
"""When the next request is due or a batch's lease ends.

Leases and calls a minute are machine time: under a virtual or scaled clock they answer ``ctx.now``, because sends
are in flight and business time must not move (``machine_wait`` says how long); under the system clock the moment
at which they end.
"""


def machine_wait(ctx: Ctx) -> float | None:
    """Machine seconds until a lease ends or an account may make mass calls again; None when nothing waits for machine
    time."""
    return _wait(ctx.tx.execute(queries.FIRST_LEASE).scalar_one(), _paused(ctx) + posting.full(ctx))


def _wait(lease: float | None, paused: list[int]) -> float | None:
    at = machine()
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
