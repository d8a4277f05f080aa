"""Who enters: members that enter the segment while the journey runs, and those who are members when it starts."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select

from siyu.customers import queries as customers
from siyu.journeys import store, store_enrolments, telling
from siyu.journeys.program import Program
from siyu.journeys.store_enrolments import Arrivals
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import ids_of
from siyu.segments import queries as segments

CHUNK = 10_000


def enrol(ctx: Ctx, journey_id: int, version: int, program: Program, who: Arrivals, *, once: bool = False) -> int:
    """Take in ``who`` (customer_id, key, at) under the journey's re-entry rule; returns how many entered.

    ``key`` names the reason of entry: the same key never takes the same customer in twice. ``once``: only who never
    was in.
    """
    if not who:
        return 0
    gap = timedelta(seconds=program.gap)
    if program.re_entry == "always" and not once:
        telling.note_ended(ctx, store_enrolments.restart(ctx, who, journey_id, gap, customers.canonical))
    first_only = once or program.re_entry == "never"
    entered = store_enrolments.enrol(
        ctx,
        who,
        journey_id,
        version,
        program.first,
        program.first_stage,
        customers.canonical,
        once=first_only,
        gap=gap,
    )
    if entered:
        store.count_edges(ctx, {(journey_id, version, "", "entered", program.first): len(entered)})
        telling.entered(ctx, version, journey_id, entered)
    return len(entered)


def unknown(ctx: Ctx, who: Sequence[int]) -> int | None:
    """The first of ``who`` that is no customer, also not by a merge; None when all are."""
    ones = ids_of(who).subquery("ones")
    now = customers.canonical
    found = (
        select(ones.c.customer_id)
        .outerjoin(now, now.c.origin_id == ones.c.customer_id)
        .outerjoin(customers.customer, customers.customer.c.customer_id == now.c.customer_id)
        .where(customers.customer.c.customer_id.is_(None))
        .order_by(ones.c.customer_id)
        .limit(1)
    )
    return ctx.tx.execute(found).scalar_one_or_none()


def begin_fill(ctx: Ctx, journey_id: int, segment_id: int) -> None:
    """Ask for the present members to be taken in, chunk by chunk, by ``fill``."""
    members = segments.members(ctx, segment_id).subquery("member")
    total = ctx.tx.execute(select(func.count()).select_from(members)).scalar_one()
    store.change_journey(ctx, journey_id, fill_cursor=0, fill_done=0, fill_total=total)


def end_fill(ctx: Ctx, journey: Any) -> None:
    """Take in no further members; those taken in are the whole then."""
    store.change_journey(ctx, journey.journey_id, fill_cursor=None, fill_total=journey.fill_done)


def fill(ctx: Ctx, journey: Any, program: Program) -> int:
    """Take in the next chunk of members at the start; returns how many were looked at, 0 at the end."""
    members = segments.members(ctx, journey.segment_id).subquery("member")
    chunk = (
        select(members.c.customer_id)
        .where(members.c.customer_id > journey.fill_cursor)
        .order_by(members.c.customer_id)
        .limit(CHUNK)
    )
    ids = list(ctx.tx.execute(chunk).scalars())
    if not ids:
        end_fill(ctx, journey)
        return 0
    enrol(
        ctx,
        journey.journey_id,
        journey.version,
        program,
        [(customer_id, "existing", ctx.now) for customer_id in ids],
        once=True,
    )
    done = journey.fill_done + len(ids)
    more = {"fill_cursor": ids[-1]} if len(ids) == CHUNK else {"fill_cursor": None, "fill_total": done}
    store.change_journey(ctx, journey.journey_id, fill_done=done, **more)
    return len(ids)
