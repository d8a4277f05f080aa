"""What the engine asks about sets of people: conditions from segments, awaited events from the timeline."""

import json
from functools import lru_cache
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.dialects.postgresql import distinct_on

from siyu.customers import queries as customers
from siyu.journeys.program import Json
from siyu.kernel.ctx import Ctx
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


def occurred(data: Json, who: Select[Any]) -> Select[Any]:
    """``customer_id, event_id, occurred_at`` of the latest event since ``since`` that the leaf means, per customer."""
    people = who.subquery("who")
    events = customers.events.alias("event")
    return (
        select(events.c.customer_id, events.c.event_id, events.c.occurred_at)
        .ext(distinct_on(events.c.customer_id))
        .join(people, (people.c.customer_id == events.c.customer_id) & (events.c.occurred_at >= people.c.since))
        .where(matcher(data).clause(events))
        .order_by(events.c.customer_id, events.c.occurred_at.desc(), events.c.event_id.desc())
    )
