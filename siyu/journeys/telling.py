"""Private: what journeys tell the timeline and outreach of who entered and ended, and the counts of edges that go with
it."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from sqlalchemy import Integer, Select, Text, select, union_all

from siyu.customers import actions as customers
from siyu.customers import queries
from siyu.customers.types import NewEvent
from siyu.journeys import store, store_rounds
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import unnest
from siyu.outreach import actions as outreach
from siyu.outreach.types import Origin


class Ended(Protocol):
    """An enrolment that ended: a row of a statement, or a person of the engine."""

    customer_id: Any
    enrolment_id: Any
    journey_id: Any
    version: Any
    node: Any
    visit: Any
    waiting: Any
    reason: Any
    stage: Any


class Moved(NamedTuple):
    """Somebody moved from one stage to another. ``why``: the reason of the rule, or ``by_hand``; ``by``: the actor, as
    the audit names actors; ``note``: what a person gave as reason."""

    customer_id: int
    enrolment_id: int
    journey_id: int
    visit: int
    source: str
    target: str
    why: str
    by: str
    note: str


def entered(ctx: Ctx, version: int, journey_id: int, rows: Iterable[Sequence[Any]]) -> None:
    """Record ``journey_entered`` of new enrolments ``(customer_id, enrolment_id, entered_at)``."""
    events = [
        _event(
            customer_id,
            enrolment_id,
            "journey_entered",
            at,
            {"journey_id": journey_id, "enrolment_id": enrolment_id, "version": version},
        )
        for customer_id, enrolment_id, at in rows
    ]
    customers.record(ctx, events, imported=True)


def moved(ctx: Ctx, rows: Sequence[Moved]) -> None:
    """Record ``stage_moved`` of people who stand in another stage now."""
    events = [
        NewEvent(
            "journeys",
            f"{row.enrolment_id}:stage_moved:{row.visit}",
            "stage_moved",
            ctx.now,
            row.customer_id,
            None,
            {
                "journey_id": row.journey_id,
                "enrolment_id": row.enrolment_id,
                "from": row.source,
                "to": row.target,
                "why": row.why,
                "by": row.by,
            }
            | ({"note": row.note} if row.note else {}),
        )
        for row in rows
    ]
    customers.record(ctx, events, imported=True)


def withdraw(ctx: Ctx, rows: Sequence[Any], why: str) -> None:
    """Withdraw what the stages of enrolments have asked for and outreach has not yet handed over, with ``why`` as the
    detail."""
    asked: dict[int, list[Any]] = {}
    for row in rows:
        asked.setdefault(row.journey_id, []).append(row)
    for journey_id, some in asked.items():
        # set-loop: one statement per journey
        keys = store_rounds.stage_keys(journey_id, [(row.customer_id, row.enrolment_id) for row in some])
        outreach.cancel(ctx, _everywhere(keys), Origin("journey", journey_id), why)


def ended(ctx: Ctx, rows: Sequence[Ended]) -> None:
    """Record ``journey_ended`` of enrolments that end now, and withdraw what their stages still have asked for."""
    withdraw(ctx, [row for row in rows if row.stage is not None], "journey_ended")
    events = [
        _event(
            row.customer_id,
            row.enrolment_id,
            "journey_ended",
            ctx.now,
            {"journey_id": row.journey_id, "enrolment_id": row.enrolment_id, "reason": row.reason},
        )
        for row in rows
    ]
    customers.record(ctx, events, imported=True)


def _event(customer_id: int, enrolment_id: int, type_: str, at: datetime, props: dict[str, object]) -> NewEvent:
    # With the time: a split takes an enrolment up again, which then ends once more.
    return NewEvent("journeys", f"{enrolment_id}:{type_}:{at.timestamp():.6f}", type_, at, customer_id, None, props)


def note_ended(ctx: Ctx, rows: Sequence[Ended], why: str = "journey_ended") -> None:
    """Count and record enrolments that ended elsewhere than at the end of their flow, and withdraw, with ``why`` as the
    detail, the send that they still waited for."""
    if not rows:
        return
    count_ends(ctx, rows)
    ended(ctx, rows)
    asked: dict[int, list[Ended]] = {}
    for row in rows:
        if row.waiting == "outcome":
            asked.setdefault(row.journey_id, []).append(row)
    for journey_id, waiting in asked.items():
        # set-loop: one statement per journey
        outreach.cancel(ctx, _asked(waiting), Origin("journey", journey_id), why)


def _asked(rows: Sequence[Ended]) -> Select[Any]:
    """``customer_id, key`` of the requests for whose outcome people wait."""
    ones = unnest(
        "ones",
        customer_id=(Integer(), [row.customer_id for row in rows]),
        key=(Text(), [store_rounds.request_key(row) for row in rows]),
    )
    return _everywhere(select(ones.c.customer_id, ones.c.key))


def _everywhere(asked: Select[Any]) -> Select[Any]:
    """``customer_id, key`` of requests; of somebody who was merged it may stand under either customer by now."""
    ones, now = asked.subquery("asked"), queries.canonical
    both = union_all(
        select(ones.c.customer_id, ones.c.key),
        select(now.c.customer_id, ones.c.key).join(now, now.c.origin_id == ones.c.customer_id),
    ).subquery("both")
    return select(both.c.customer_id, both.c.key).distinct()


def count_ends(ctx: Ctx, rows: Sequence[Any], *, back: bool = False) -> None:
    """Count by which rule enrolments ended and where they stood; ``back``: take such counts back."""
    counts = Counter((row.journey_id, row.version, row.node, f"{store.END}{row.reason}", "") for row in rows)
    store.count_edges(ctx, {edge: -n if back else n for edge, n in counts.items()})
