"""Private: the statements that take people into journeys, wake them and end them; always over a set, built once.

What the engine moves stands in ``store_rounds``. Relations of other rooms arrive as arguments.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    FromClause,
    Insert,
    Integer,
    Interval,
    Row,
    Subquery,
    Text,
    Update,
    bindparam,
    case,
    exists,
    func,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.dialects.postgresql import insert as upsert

from siyu.journeys import store_rounds
from siyu.journeys.store import Time, enrolment, goal, journey
from siyu.journeys.store_rounds import Person, Step
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import SLOTS, given, keep_statistics, rows, unguessed

e = enrolment.c
Arrivals = Sequence[tuple[int, str, datetime]]
"""``customer_id, key, at``: who enters, the reason of entry (never twice under one key), and when."""

_NOW = bindparam("now", type_=Time)
_REASON = bindparam("reason", type_=Text)
_JOURNEY = bindparam("journey", type_=Integer)
ENDED = (e.customer_id, e.enrolment_id, e.journey_id, e.version, e.node, e.visit, e.waiting, e.reason, e.stage)
"""What is known of an enrolment that a statement ended."""

_LEAVING = rows("b", customer_id=Integer(), enrolment_id=BigInteger(), reason=Text())
_END = (
    update(enrolment)
    .where(e.customer_id == _LEAVING.c.customer_id, e.enrolment_id == _LEAVING.c.enrolment_id, e.state == "active")
    .values(state="ended", reason=_LEAVING.c.reason, ended_at=_NOW)
    .returning(*ENDED)
)
_GONE = rows("c", customer_id=Integer())
_END_EVERYWHERE = (
    update(enrolment)
    .where(e.customer_id == _GONE.c.customer_id, e.state == "active")
    .values(state="ended", reason=_REASON, ended_at=_NOW)
    .returning(*ENDED)
)


def end(ctx: Ctx, leaving: Sequence[tuple[int, int, str]]) -> Sequence[Row[*tuple[Any, ...]]]:
    """End enrolments ``(customer_id, enrolment_id, reason)``; returns those ended now (``ENDED``).

    ``waiting`` and ``due_at`` stay, so that a split revives them.
    """
    if not leaving:
        return ()
    ids, enrolments, reasons = zip(*leaving, strict=True)
    values = given(_LEAVING, customer_id=ids, enrolment_id=enrolments, reason=reasons)
    return ctx.tx.execute(_END, values | {"now": ctx.now}).all()


def end_everywhere(ctx: Ctx, customers: Sequence[int], reason: str) -> Sequence[Row[*tuple[Any, ...]]]:
    """End every active enrolment of some customers; returns those ended (``ENDED``)."""
    values = given(_GONE, customer_id=customers) | {"reason": reason, "now": ctx.now}
    return ctx.tx.execute(_END_EVERYWHERE, values).all()


_OUTCOMES = rows(
    "o",
    customer_id=Integer(),
    enrolment_id=BigInteger(),
    node=Text(),
    visit=Integer(),
    sent=Integer(),
    at=Time,
)


@cache
def _outcomes(canonical: FromClause) -> Update:
    o = _OUTCOMES
    found = (
        select(
            func.coalesce(canonical.c.customer_id, o.c.customer_id).label("customer_id"),
            o.c.enrolment_id,
            o.c.node,
            o.c.visit,
            o.c.sent,
            o.c.at,
        )
        .select_from(o.outerjoin(canonical, canonical.c.origin_id == o.c.customer_id))
        .subquery("found")
    )
    went = found.c.sent == 1
    return (
        update(enrolment)
        .where(
            e.customer_id == found.c.customer_id,
            e.enrolment_id == found.c.enrolment_id,
            # Also of who ended because of a merge: a split takes them up again, knowing what became of the send.
            unguessed(
                or_(e.state == "active", e.reason == "merged"),
                e.node == found.c.node,
                e.visit == found.c.visit,
                e.waiting == "outcome",
            ),
        )
        .values(
            waiting=case((went, "sent"), else_="not_sent"),
            due_at=_NOW,
            sent=went,
            anchor=case((went, found.c.at), else_=e.anchor),
            since=case((went, found.c.at), else_=e.since),
        )
    )


def outcomes(ctx: Ctx, told: Sequence[tuple[int, int, str, int, bool, datetime]], canonical: FromClause) -> int:
    """Write what became of requests: ``(customer_id, enrolment_id, node, visit, sent, at)``; the person is due at once.

    The base of waits and the time from which events count become the time of sending. Outcomes of steps that the person
    has left change nothing. ``canonical`` (origin_id, customer_id) finds people merged meanwhile.
    """
    if not told:
        return 0
    ids, enrolments, nodes, visits, sent, at = zip(*told, strict=True)
    values = given(
        _OUTCOMES,
        customer_id=ids,
        enrolment_id=enrolments,
        node=nodes,
        visit=visits,
        sent=[int(one) for one in sent],
        at=at,
    )
    return ctx.tx.execute(_outcomes(canonical), values | {"now": ctx.now}).rowcount


_TOUCHED = rows("t", customer_id=Integer(), type=Text())
_AWAITED = rows("a", journey_id=Integer(), version=Integer(), node=Text(), type=Text())
_WAKE = (
    update(enrolment)
    .where(
        e.customer_id == _TOUCHED.c.customer_id,
        _TOUCHED.c.type == _AWAITED.c.type,
        unguessed(
            e.journey_id == _AWAITED.c.journey_id,
            e.version == _AWAITED.c.version,
            e.node == _AWAITED.c.node,
            e.state == "active",
            e.waiting == "event",
        ),
    )
    .values(due_at=_NOW)
)


def wake(ctx: Ctx, touched: Sequence[tuple[int, str]], awaited: Sequence[tuple[int, int, str, str]]) -> int:
    """Make due whoever waits for an event of a type that came; the engine then looks whether it really matches.

    ``touched``: (customer_id, type); ``awaited``: (journey_id, version, node, type).
    """
    if not touched or not awaited:
        return 0
    ids, types = zip(*touched, strict=True)
    journeys, versions, nodes, waited = zip(*awaited, strict=True)
    values = given(_TOUCHED, customer_id=ids, type=types) | given(
        _AWAITED, journey_id=journeys, version=versions, node=nodes, type=waited
    )
    return ctx.tx.execute(_WAKE, values | {"now": ctx.now}).rowcount


_CONCERNED = rows("a", journey_id=Integer(), version=Integer(), type=Text())
_LOOK = (
    update(enrolment)
    .where(
        e.customer_id == _TOUCHED.c.customer_id,
        _TOUCHED.c.type == _CONCERNED.c.type,
        unguessed(
            e.journey_id == _CONCERNED.c.journey_id,
            e.version == _CONCERNED.c.version,
            e.state == "active",
            e.waiting.in_(["time", "rest"]),
        ),
    )
    .values(due_at=_NOW)
)


def look(ctx: Ctx, touched: Sequence[tuple[int, str]], concerned: Sequence[tuple[int, int, str]]) -> int:
    """Make due whoever is in a stage and did something of a type that may move them; the engine then looks.

    ``touched``: (customer_id, type); ``concerned``: (journey_id, version, type).
    """
    if not touched or not concerned:
        return 0
    ids, types = zip(*touched, strict=True)
    journeys, versions, looked = zip(*concerned, strict=True)
    values = given(_TOUCHED, customer_id=ids, type=types)
    values |= given(_CONCERNED, journey_id=journeys, version=versions, type=looked)
    return ctx.tx.execute(_LOOK, values | {"now": ctx.now}).rowcount


def some_active(ctx: Ctx, journey_id: int, limit: int) -> list[tuple[int, int]]:
    """Lock up to ``limit`` active enrolments of one journey."""
    found = ctx.tx.execute(
        select(e.customer_id, e.enrolment_id)
        .where(e.journey_id == journey_id, e.state == "active")
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return [(row[0], row[1]) for row in found]


_REACHED = rows("b", customer_id=Integer(), enrolment_id=BigInteger())
_REACH = (
    upsert(goal)
    .from_select(
        ["customer_id", "enrolment_id", "goal", "at"],
        select(_REACHED.c.customer_id, _REACHED.c.enrolment_id, bindparam("goal", type_=Text), _NOW),
    )
    .on_conflict_do_nothing()
    .execution_options(preserve_rowcount=True)
)


def reach(ctx: Ctx, people: Sequence[Person], name: str) -> int:
    """Mark a goal as reached; who had reached it before keeps the time. Returns how many reached it now."""
    values = given(
        _REACHED,
        customer_id=[one.customer_id for one in people],
        enrolment_id=[one.enrolment_id for one in people],
    )
    return ctx.tx.execute(_REACH, values | {"goal": name, "now": ctx.now}).rowcount


_ARRIVED = rows("who", customer_id=Integer(), key=Text(), at=Time)
_GAP = bindparam("gap", type_=Interval)


@cache
def _arrived(canonical: FromClause) -> Subquery:
    """Who enters, under the customer that they stand for now: of several who became one, the latest."""
    customer_id = func.coalesce(canonical.c.customer_id, _ARRIVED.c.customer_id)
    return (
        select(customer_id.label("customer_id"), _ARRIVED.c.key, _ARRIVED.c.at)
        .ext(distinct_on(customer_id))
        .select_from(_ARRIVED.outerjoin(canonical, canonical.c.origin_id == _ARRIVED.c.customer_id))
        .order_by(customer_id, _ARRIVED.c.at.desc())
        .subquery("new")
    )


@cache
def _restart(canonical: FromClause) -> Update:
    anew = _arrived(canonical)
    return (
        update(enrolment)
        .where(
            e.customer_id == anew.c.customer_id,
            unguessed(
                e.journey_id == _JOURNEY,
                e.state == "active",
                e.entered_at <= anew.c.at - _GAP,
                e.entry_key != anew.c.key,
            ),
        )
        .values(state="ended", reason="re_entered", ended_at=_NOW)
        .returning(*ENDED)
    )


@cache
def _enrol(canonical: FromClause, once: bool) -> Insert:
    new = _arrived(canonical)
    mine = (e.customer_id == new.c.customer_id) & (e.journey_id == _JOURNEY)
    barred = mine if once else mine & or_(e.state == "active", e.entered_at > new.c.at - _GAP)
    columns = {
        "customer_id": new.c.customer_id,
        "journey_id": _JOURNEY,
        "version": bindparam("number", type_=Integer),
        "slot": new.c.customer_id.op("&")(SLOTS - 1),
        "state": literal("active", Text),
        "stage": bindparam("stage", type_=Text),
        "node": bindparam("first", type_=Text),
        "visit": literal(0, Integer),
        "due_at": _NOW,
        "node_at": _NOW,
        "anchor": new.c.at,
        "since": new.c.at,
        "sent": literal(True),
        "entered_at": new.c.at,
        "origin_id": new.c.customer_id,
        "entry_key": new.c.key,
    }
    chosen = select(*columns.values()).where(~exists().where(barred))
    statement = upsert(enrolment).from_select(list(columns), chosen).on_conflict_do_nothing()
    return statement.returning(e.customer_id, e.enrolment_id, e.entered_at)


def _entering(who: Arrivals, journey_id: int, gap: timedelta) -> dict[str, Any]:
    ids, keys, at = zip(*who, strict=True)
    return given(_ARRIVED, customer_id=ids, key=keys, at=at) | {"journey": journey_id, "gap": gap}


def restart(
    ctx: Ctx, who: Arrivals, journey_id: int, gap: timedelta, canonical: FromClause
) -> Sequence[Row[*tuple[Any, ...]]]:
    """End the active enrolments of those who enter anew (``re_entry: always``), unless they entered within ``gap``;
    returns those ended (``ENDED``)."""
    return ctx.tx.execute(_restart(canonical), _entering(who, journey_id, gap) | {"now": ctx.now}).all()


def enrol(
    ctx: Ctx,
    who: Arrivals,
    journey_id: int,
    number: int,
    first: str,
    stage: str | None,
    canonical: FromClause,
    *,
    once: bool,
    gap: timedelta,
) -> list[tuple[int, int, datetime]]:
    """Take in ``who``; ``once``: nobody who ever was in. Returns the new enrolments with their time of entry.

    The unique keys decide races: one enrolment per (customer, journey, key) and one active per (customer, journey);
    the origin stands in the key so that two people who entered alike can become one.
    """
    values = _entering(who, journey_id, gap) | {"number": number, "first": first, "stage": stage, "now": ctx.now}
    entered = [(row[0], row[1], row[2]) for row in ctx.tx.execute(_enrol(canonical, once), values)]
    keep_statistics(ctx, enrolment, len(entered))
    store_rounds.log(ctx, [Step(row[0], row[1], 0, first, "entered") for row in entered])
    return entered


_running = select(journey.c.journey_id).where(journey.c.state == "running")
next_due = select(func.min(e.due_at)).where(e.state == "active", e.journey_id.in_(_running.scalar_subquery()))
"""The earliest due time in running journeys."""


def any_active(ctx: Ctx, journey_id: int) -> bool:
    """Whether anybody is still in the journey, rows held by another worker included."""
    found = select(exists().where(e.journey_id == journey_id, e.state == "active"))
    return bool(ctx.tx.execute(found).scalar_one())
