"""Who enters: members that enter the segment while the journey runs, and those who are members when it starts."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Integer, Interval, Select, Text, func, literal, select
from sqlalchemy.dialects.postgresql import distinct_on

from siyu.customers import actions as customers
from siyu.customers import queries as known
from siyu.journeys import store, store_enrolments
from siyu.journeys.program import Program
from siyu.journeys.store import Time
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import unnest
from siyu.segments import queries as segments

CHUNK = 10_000


def enrol(ctx: Ctx, journey_id: int, version: int, program: Program, who: Select[Any], *, once: bool = False) -> int:
    """Take in ``who`` (customer_id, key, at) under the journey's re-entry rule; returns how many entered.

    ``key`` names the reason of entry: the same key never takes the same customer in twice. ``once``: only who never
    was in.
    """
    rows = who.subquery("who")
    canonical = known.canonical
    customer_id = func.coalesce(canonical.c.customer_id, rows.c.customer_id)
    people = (
        select(customer_id.label("customer_id"), rows.c.key, rows.c.at)
        .ext(distinct_on(customer_id))
        .select_from(rows.outerjoin(canonical, canonical.c.origin_id == rows.c.customer_id))
        .order_by(customer_id, rows.c.at.desc())
    )
    gap = literal(timedelta(seconds=program.gap), Interval)
    if program.re_entry == "always" and not once:
        restarted = store_enrolments.restart(ctx, people, journey_id, gap)
        note_ended(ctx, restarted)
    first_only = once or program.re_entry == "never"
    entered = store_enrolments.enrol(ctx, people, journey_id, version, program.first, once=first_only, gap=gap)
    if entered:
        step = {"source": "", "edge": "entered", "target": program.first}
        store.count_edges(ctx, [{"journey_id": journey_id, "version": version, **step, "n": len(entered)}])
        customers.record_from(ctx, store_enrolments.entered_events(entered))
    return len(entered)


def note_ended(ctx: Ctx, ended: Sequence[tuple[int, int]]) -> None:
    """Count and record enrolments that were ended outside the engine."""
    if not ended:
        return
    counts: dict[tuple[int, int, str, str], int] = {}
    for row in store_enrolments.standing(ctx, ended):
        place = (row.journey_id, row.version, row.node, row.reason)
        counts[place] = counts.get(place, 0) + 1
    store.count_edges(
        ctx,
        [
            {
                "journey_id": journey_id,
                "version": version,
                "source": node,
                "edge": f"{store.END}{reason}",
                "target": "",
                "n": n,
            }
            for (journey_id, version, node, reason), n in sorted(counts.items())
        ],
    )
    customers.record_from(ctx, store_enrolments.ended_events(ended))


def arrivals(rows: Sequence[tuple[int, str, datetime]]) -> Select[Any]:
    """``customer_id, key, at`` from rows in memory."""
    relation = unnest(
        "arrival",
        customer_id=(Integer(), [row[0] for row in rows]),
        key=(Text(), [row[1] for row in rows]),
        at=(Time, [row[2] for row in rows]),
    )
    return select(relation.c.customer_id, relation.c.key, relation.c.at)


def begin_fill(ctx: Ctx, journey_id: int, segment_id: int) -> None:
    """Ask for the present members to be taken in, chunk by chunk, by ``fill``."""
    members = segments.members(ctx, segment_id).subquery("member")
    total = ctx.tx.execute(select(func.count()).select_from(members)).scalar_one()
    store.change_journey(ctx, journey_id, fill_cursor=0, fill_done=0, fill_total=total)


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
        store.change_journey(ctx, journey.journey_id, fill_cursor=None)
        return 0
    enrol(
        ctx,
        journey.journey_id,
        journey.version,
        program,
        arrivals([(customer_id, "existing", ctx.now) for customer_id in ids]),
        once=True,
    )
    store.change_journey(
        ctx,
        journey.journey_id,
        fill_cursor=ids[-1] if len(ids) == CHUNK else None,
        fill_done=journey.fill_done + len(ids),
    )
    return len(ids)
