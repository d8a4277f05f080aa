"""What the engine asks about sets of people: conditions from segments, awaited events from the timeline."""

import json
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import DateTime, Integer, Select, select
from sqlalchemy.dialects.postgresql import distinct_on

from siyu.customers import queries as customers
from siyu.journeys.program import Json
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import given, rows
from siyu.segments import queries as segments
from siyu.segments.types import Condition, Leaf


@lru_cache(maxsize=1024)
def _condition(text: str) -> Condition:
    return segments.load(json.loads(text))


def condition(data: Json) -> Condition:
    """The condition in a program's JSON; cached, because programs never change."""
    return _condition(json.dumps(data, sort_keys=True))


def holding(ctx: Ctx, data: Json, who: Select[Any]) -> set[int]:
    """Those of ``who`` (customer_id, since) for whom the condition holds."""
    return set(ctx.tx.execute(segments.within(ctx, condition(data), who)).scalars())


def matcher(data: Json) -> Any:
    """The event leaf of a wait_for: ``clause(events)`` matches in SQL, ``fits(event)`` in memory."""
    leaf = condition(data)
    assert isinstance(leaf, Leaf)
    return leaf.params


_SINCE = rows("who", customer_id=Integer(), since=DateTime(timezone=True))


@lru_cache(maxsize=256)
def _occurred(text: str) -> Select[Any]:
    """Built once per leaf: its clause depends on nothing but the leaf."""
    events = customers.events.alias("event")
    return (
        select(events.c.customer_id, events.c.event_id, events.c.occurred_at)
        .ext(distinct_on(events.c.customer_id))
        .join(_SINCE, (_SINCE.c.customer_id == events.c.customer_id) & (events.c.occurred_at >= _SINCE.c.since))
        .where(matcher(json.loads(text)).clause(events))
        .order_by(events.c.customer_id, events.c.occurred_at.desc(), events.c.event_id.desc())
    )


def occurred(ctx: Ctx, data: Json, who: Sequence[tuple[int, datetime]]) -> dict[int, tuple[int, datetime]]:
    """``event_id, occurred_at`` of the latest event that the leaf means, by customer; ``who``: (customer_id, since)."""
    ids, since = zip(*who, strict=True)
    found = ctx.tx.execute(_occurred(json.dumps(data, sort_keys=True)), given(_SINCE, customer_id=ids, since=since))
    return {row[0]: (row[1], row[2]) for row in found}
