"""Private: the statements of a round of the engine: claim people, write once where they stand at its end, log steps.

A round holds the people it claimed (their rows are locked) as ``Person`` and moves them in memory: however many steps
somebody takes, the row is written once. Each statement is built once.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    Integer,
    Select,
    SmallInteger,
    Text,
    bindparam,
    case,
    func,
    insert,
    null,
    select,
    update,
)

from siyu.journeys.store import Time, enrolment, step
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import given, rows, unnest

Chosen = Select[*tuple[Any, ...]]
e = enrolment.c


@dataclass(slots=True, eq=False)
class Person:
    """One enrolment as it was claimed, with what the round changes of it. ``reason``: it ended in this round."""

    journey_id: int
    version: int
    customer_id: int
    enrolment_id: int
    node: str
    visit: int
    waiting: str | None
    due_at: datetime | None
    node_at: datetime
    anchor: datetime
    since: datetime
    sent: bool
    answer_event: int | None
    entered_at: datetime
    stage: str | None = None
    reason: str | None = None


class Step(NamedTuple):
    """One line of the step log: where the person stands after ``edge``."""

    customer_id: int
    enrolment_id: int
    visit: int
    node: str
    edge: str


_COLUMNS = (
    *(e.journey_id, e.version, e.customer_id, e.enrolment_id, e.node, e.visit, e.waiting),
    *(e.due_at, e.node_at, e.anchor, e.since, e.sent, e.answer_event, e.entered_at, e.stage),
)
_JOURNEYS = rows("j", journey_id=Integer())
_CLAIM = (
    select(*_COLUMNS)
    .where(
        e.state == "active",
        e.due_at <= bindparam("now", type_=Time),
        e.journey_id.in_(select(_JOURNEYS.c.journey_id)),
        e.slot.between(bindparam("first", type_=SmallInteger), bindparam("last", type_=SmallInteger)),
    )
    .limit(bindparam("most", type_=Integer))
    .with_for_update(skip_locked=True, of=enrolment)
)
_TOUCHED = rows("t", journey_id=Integer(), version=Integer(), customer_id=Integer())
_STANDING = select(*_COLUMNS).where(
    e.customer_id == _TOUCHED.c.customer_id,
    e.journey_id == _TOUCHED.c.journey_id,
    e.version == _TOUCHED.c.version,
    e.state == "active",
)
_MOVED = rows(
    "m",
    customer_id=Integer(),
    enrolment_id=BigInteger(),
    stage=Text(),
    node=Text(),
    visit=Integer(),
    waiting=Text(),
    due_at=Time,
    node_at=Time,
    anchor=Time,
    since=Time,
    answer_event=BigInteger(),
    reason=Text(),
)
_ENDED = _MOVED.c.reason.is_not(None)
_WRITE = (
    update(enrolment)
    .where(e.customer_id == _MOVED.c.customer_id, e.enrolment_id == _MOVED.c.enrolment_id)
    .values(
        stage=_MOVED.c.stage,
        node=_MOVED.c.node,
        visit=_MOVED.c.visit,
        waiting=_MOVED.c.waiting,
        due_at=_MOVED.c.due_at,
        node_at=_MOVED.c.node_at,
        anchor=_MOVED.c.anchor,
        since=_MOVED.c.since,
        answer_event=_MOVED.c.answer_event,
        reason=_MOVED.c.reason,
        state=case((_ENDED, "ended"), else_="active"),
        ended_at=case((_ENDED, bindparam("now", type_=Time)), else_=null()),
    )
)
_STEPS = rows("s", customer_id=Integer(), enrolment_id=BigInteger(), visit=Integer(), node=Text(), edge=Text())
_LOG = insert(step).from_select(
    ["customer_id", "enrolment_id", "visit", "node", "edge", "at"], select(*_STEPS.c, bindparam("now", type_=Time))
)
_REQUESTED = rows("r", customer_id=Integer(), key=Text(), answers=BigInteger(), wanted=Time, until=Time)
REQUESTS: Chosen = select(
    _REQUESTED.c.customer_id,
    _REQUESTED.c.key,
    _REQUESTED.c.answers,
    _REQUESTED.c.wanted.label("wanted_at"),
    _REQUESTED.c.until.label("expires_at"),
)
"""``customer_id, key, answers, wanted_at, expires_at`` as outreach takes it; ``requested`` are its parameters."""


def _people(found: Iterable[Any]) -> list[Person]:
    return [Person(*row) for row in found]


def claim(ctx: Ctx, journeys: Sequence[int], limit: int, slots: tuple[int, int]) -> list[Person]:
    """Lock up to ``limit`` due people of a range of slots; whom another worker holds is left to it."""
    values = {"now": ctx.now, "first": slots[0], "last": slots[1], "most": limit}
    return _people(ctx.tx.execute(_CLAIM, given(_JOURNEYS, journey_id=journeys) | values))


def standing(ctx: Ctx, touched: Iterable[tuple[int, int, int]]) -> list[Person]:
    """Where customers stand now, not locked: ``(journey_id, version, customer_id)`` of active enrolments."""
    journeys, versions, ids = zip(*touched, strict=True)
    values = given(_TOUCHED, journey_id=journeys, version=versions, customer_id=ids)
    return _people(ctx.tx.execute(_STANDING, values))


_OF = rows("c", customer_id=Integer())
_INSIDE = (
    select(*_COLUMNS)
    .where(
        e.customer_id == _OF.c.customer_id,
        e.journey_id == bindparam("journey", type_=Integer),
        e.state == "active",
    )
    .order_by(e.customer_id)
    .with_for_update(of=enrolment)
)


def inside(ctx: Ctx, journey_id: int, customers: Sequence[int]) -> list[Person]:
    """Lock those of ``customers`` who are in a journey, wherever they stand."""
    return _people(ctx.tx.execute(_INSIDE, given(_OF, customer_id=customers) | {"journey": journey_id}))


def write(ctx: Ctx, people: Sequence[Person]) -> None:
    """Write where claimed people stand, and that some have ended now."""
    if people:
        columns = {column.name: [getattr(one, column.name) for one in people] for column in _MOVED.c}
        ctx.tx.execute(_WRITE, given(_MOVED, **columns) | {"now": ctx.now})


def log(ctx: Ctx, steps: Sequence[Step]) -> None:
    """Write steps into the step log."""
    if steps:
        columns = dict(zip(Step._fields, zip(*steps, strict=True), strict=True))
        ctx.tx.execute(_LOG, given(_STEPS, **columns) | {"now": ctx.now})


def people(chosen: Sequence[Person]) -> Chosen:
    """``customer_id`` of people, as tags, experiments and customers take it."""
    relation = unnest("b", customer_id=(Integer(), [one.customer_id for one in chosen]))
    return select(relation.c.customer_id)


def people_since(chosen: Sequence[Person], name: str) -> Chosen:
    """``customer_id, since`` as segments takes it; ``name``: the time of a person from which events count."""
    relation = unnest(
        "b",
        customer_id=(Integer(), [one.customer_id for one in chosen]),
        since=(Time, [getattr(one, name) for one in chosen]),
    )
    return select(relation.c.customer_id, relation.c.since)


def people_from(since: Mapping[int, datetime]) -> Chosen:
    """``customer_id, since`` as segments takes it."""
    relation = unnest("b", customer_id=(Integer(), list(since)), since=(Time, list(since.values())))
    return select(relation.c.customer_id, relation.c.since)


_BEFORE = rows("b", customer_id=Integer(), enrolment_id=BigInteger())
_MOVED_BEFORE = (
    select(step.c.customer_id, func.max(step.c.at))
    .join(
        _BEFORE,
        (step.c.customer_id == _BEFORE.c.customer_id) & (step.c.enrolment_id == _BEFORE.c.enrolment_id),
    )
    .where(step.c.node == bindparam("target", type_=Text), step.c.edge == bindparam("edge", type_=Text))
    .group_by(step.c.customer_id)
)


def moved_before(ctx: Ctx, chosen: Sequence[Person], target: str, edge: str) -> dict[int, datetime]:
    """When people in one journey last took an edge to a node, by customer; only those who did."""
    ids = given(
        _BEFORE,
        customer_id=[one.customer_id for one in chosen],
        enrolment_id=[one.enrolment_id for one in chosen],
    )
    found = ctx.tx.execute(_MOVED_BEFORE, ids | {"target": target, "edge": edge})
    return {row[0]: row[1] for row in found}


def request_key(one: Any) -> str:
    """The key of the request of a person at a send, unique for one visit of one person to one step."""
    return f"j{one.journey_id}:{one.enrolment_id}:{one.node}:{one.visit}"


def requested(
    chosen: Sequence[Person],
    *,
    answers: bool = False,
    wanted: Sequence[datetime | None] | None = None,
    until: Sequence[datetime | None] | None = None,
) -> dict[str, Any]:
    """The parameters of ``REQUESTS`` for people at a send.

    ``wanted``: from when each is, None: now; ``until``: from when each is not any more, None: outreach's patience.
    """
    return given(
        _REQUESTED,
        customer_id=[one.customer_id for one in chosen],
        key=[request_key(one) for one in chosen],
        answers=[one.answer_event if answers else None for one in chosen],
        wanted=[None] * len(chosen) if wanted is None else wanted,
        until=[None] * len(chosen) if until is None else until,
    )


def stage_keys(journey_id: int, which: Sequence[tuple[int, int]]) -> Chosen:
    """``customer_id, key, node`` of every request that enrolments ``(customer_id, enrolment_id)`` may have asked for:
    one for each step that they took."""
    ones = unnest(
        "ones",
        customer_id=(Integer(), [customer_id for customer_id, _ in which]),
        enrolment_id=(BigInteger(), [enrolment_id for _, enrolment_id in which]),
    )
    key = func.concat(f"j{journey_id}:", step.c.enrolment_id, ":", step.c.node, ":", step.c.visit)
    return select(step.c.customer_id, key.label("key"), step.c.node).join(
        ones, (ones.c.customer_id == step.c.customer_id) & (ones.c.enrolment_id == step.c.enrolment_id)
    )
