"""Private: where people stand after something changed: one judgement over the set, and what it tells."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from siyu.customers import actions as customers
from siyu.customers.types import NewEvent
from siyu.kernel.ctx import Ctx
from siyu.lifecycle import decay, queries
from siyu.lifecycle.store import levels
from siyu.lifecycle.types import Ladder

TIME = "time"
"""Why a level changed when nothing but time did it."""


def settle(ctx: Ctx, ids: Sequence[int], causes: Mapping[int, str]) -> int:
    """Bring the levels of these customers, whose standings the caller holds, up to date; returns how many changed.

    ``causes``: why, per customer; who is missing changed by time alone. A level set by hand stays until the rules come
    to another level than when it was set, or it is no level any more.
    """
    rungs = queries.ladder(ctx)
    known = {one.key for one in rungs.levels}
    placed: list[levels.Placed] = []
    changed: list[tuple[int, str | None, str, int]] = []
    for row in levels.judge(ctx, ids, rungs, queries.members(ctx, rungs)):
        before = row.level or rungs.levels[0].key
        level = row.now_ruled if row.now_ruled != row.ruled or before not in known else before
        moved = level != before
        placed.append((row.customer_id, level, row.now_ruled, ctx.now if moved else None, _falls(ctx, rungs, row)))
        if moved:
            changed.append((row.customer_id, before, level, decay.shown(row.value)))
    levels.place(ctx, placed)
    tell(ctx, changed, causes)
    return len(changed)


def _falls(ctx: Ctx, rungs: Ladder, row: Row[Any]) -> datetime | None:
    points = {one.key: one.points for one in rungs.levels}[row.now_ruled]
    if points is None:
        return None
    return decay.falls_at(row.value, row.rate, points * (100 - rungs.margin) / 100, ctx.now)


def tell(ctx: Ctx, changed: Sequence[tuple[int, str | None, str, int]], causes: Mapping[int, str]) -> None:
    """Write ``lifecycle_changed`` {from, to, score, why} for each (customer_id, from, to, score)."""
    if not changed:
        return
    change_id = levels.next_change_id(ctx)
    quiet: dict[str, object] = {"quiet": True} if ctx.quiet else {}
    customers.record(
        ctx,
        [
            NewEvent(
                source="lifecycle",
                key=f"{change_id}:{customer_id}",
                type="lifecycle_changed",
                occurred_at=ctx.now,
                customer_id=customer_id,
                props={"from": before, "to": after, "score": score, "why": causes.get(customer_id, TIME)} | quiet,
            )
            for customer_id, before, after, score in changed
        ],
    )
