"""What the tests of lifecycle share: people, acts, and the rooms' reactions in their order."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import text

from siyu.customers import actions as customers
from siyu.customers.types import Identity, NewEvent, Record
from siyu.kernel import notices
from siyu.kernel.ctx import Ctx
from siyu.lifecycle import jobs
from siyu.runtime import uses
from siyu.segments import jobs as segment_jobs
from siyu.tags import jobs as tag_jobs

uses.register()


def people(ctx: Ctx, *names: str) -> list[int]:
    """Customers with nothing but a unionid."""
    return customers.identify(ctx, [Record("t", name, (Identity("unionid", name),), ctx.now) for name in names])


def act(ctx: Ctx, customer_id: int, kind: str, key: str, ago: timedelta = timedelta(0), **props: object) -> None:
    """Something that somebody did."""
    customers.record(ctx, [NewEvent("test", key, kind, ctx.now - ago, customer_id, props=props)])


def react(ctx: Ctx) -> None:
    """Pulses, notices and ticks until everything rests at this time."""
    for _ in range(50):
        pulse = customers.take_pulse(ctx, 0, 256, 5000)
        if pulse.events:
            for room in (tag_jobs, jobs, segment_jobs):
                room.pulse(ctx, pulse)
        told = notices.take(ctx)
        if told:
            segment_jobs.notice(ctx, told)
            jobs.notice(ctx, told)
        ticked = tag_jobs.tick(ctx, 1000) + jobs.tick(ctx, 1000)
        if not pulse.events and not told and not ticked and not segment_jobs.tick(ctx, 1000):
            return
    raise AssertionError("the rooms never come to rest")


def later(ctx: Ctx, **duration: float) -> Ctx:
    return replace(ctx, now=ctx.now + timedelta(**duration))


def changes(ctx: Ctx) -> list[tuple[int, str, str, int, str]]:
    """(customer_id, from, to, score, why) of every change of level, oldest first."""
    rows = ctx.tx.execute(
        text("select customer_id, props from event where type = 'lifecycle_changed' order by event_id")
    )
    return [(row.customer_id, row.props["from"], row.props["to"], row.props["score"], row.props["why"]) for row in rows]
