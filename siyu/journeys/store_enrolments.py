"""Private: the statements that take people into journeys, move them and end them; always over a set.

A *batch* is a list of (customer_id, enrolment_id), sent as two arrays and joined by primary key.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Row,
    Select,
    TableValuedAlias,
    Text,
    bindparam,
    case,
    cast,
    exists,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert

from siyu.journeys.store import Time, enrolment, goal, journey, step
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import SLOTS, unnest

Batch = Sequence[tuple[int, int]]
Chosen = Select[*tuple[Any, ...]]
e = enrolment.c


def relation(batch: Batch) -> TableValuedAlias:
    return unnest(
        "b", customer_id=(Integer(), [row[0] for row in batch]), enrolment_id=(BigInteger(), [row[1] for row in batch])
    )


def _in(rows: Any) -> ColumnElement[bool]:
    same: ColumnElement[bool] = (e.customer_id == rows.c.customer_id) & (e.enrolment_id == rows.c.enrolment_id)
    return same


def people(batch: Batch, since: ColumnElement[Any] | None = None) -> Chosen:
    """``customer_id[, since]`` of a batch, as segments and tags take it."""
    columns = [e.customer_id] if since is None else [e.customer_id, since.label("since")]
    return select(*columns).where(_in(relation(batch)))


def claim(ctx: Ctx, journeys: Sequence[int], limit: int, slots: tuple[int, int]) -> Sequence[Row[*tuple[Any, ...]]]:
    """Lock up to ``limit`` due rows of a range of slots; rows that another worker holds are left to it."""
    return ctx.tx.execute(
        select(e.customer_id, e.enrolment_id, e.journey_id, e.version, e.node, e.waiting)
        .where(e.state == "active", e.due_at <= ctx.now, e.journey_id.in_(list(journeys)), e.slot.between(*slots))
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()


def set_waiting(
    ctx: Ctx,
    batch: Batch,
    waiting: str,
    due: ColumnElement[Any] | None,
    *,
    where: ColumnElement[bool] | None = None,
) -> list[tuple[int, int]]:
    """Let people stand at their node until ``due`` (None: until an event); returns the rows changed."""
    rows = relation(batch)
    statement = update(enrolment).where(_in(rows)).values(waiting=waiting, due_at=null() if due is None else due)
    if where is not None:
        statement = statement.where(where)
    return [(row[0], row[1]) for row in ctx.tx.execute(statement.returning(e.customer_id, e.enrolment_id))]


def move(
    ctx: Ctx,
    batch: Batch,
    edge: str,
    target: str | None,
    *,
    where: ColumnElement[bool] | None = None,
    source: Any = None,
    **values: Any,
) -> list[tuple[int, int]]:
    """Move people over ``edge`` to ``target`` (due at once) and log the step; None ends the journey, ``completed``.

    ``where`` restricts the batch, ``source`` is a further relation that ``where`` and ``values`` refer to. Returns the
    rows moved.
    """
    if target is None:
        return end(ctx, batch, "completed", where=where, source=source)
    rows = relation(batch)
    statement = (
        update(enrolment)
        .where(_in(rows))
        .values(node=target, visit=e.visit + 1, waiting=null(), due_at=ctx.now, node_at=ctx.now, **values)
    )
    if where is not None:
        statement = statement.where(where)
    moved = [(row[0], row[1]) for row in ctx.tx.execute(statement.returning(e.customer_id, e.enrolment_id))]
    log_steps(ctx, moved, edge)
    return moved


def log_steps(ctx: Ctx, batch: Batch, edge: str) -> None:
    """Write where the people of a batch stand now into their step log."""
    if not batch:
        return
    rows = select(e.customer_id, e.enrolment_id, e.visit, e.node, literal(edge, Text), literal(ctx.now, Time)).where(
        _in(relation(batch))
    )
    ctx.tx.execute(insert(step).from_select(["customer_id", "enrolment_id", "visit", "node", "edge", "at"], rows))


def end(
    ctx: Ctx, batch: Batch, reason: str, *, where: ColumnElement[bool] | None = None, source: Any = None
) -> list[tuple[int, int]]:
    """End enrolments; returns those ended now. ``waiting`` and ``due_at`` stay, so that a split revives them."""
    rows = relation(batch)
    statement = (
        update(enrolment).where(_in(rows), e.state == "active").values(state="ended", reason=reason, ended_at=ctx.now)
    )
    if where is not None:
        statement = statement.where(where)
    return [(row[0], row[1]) for row in ctx.tx.execute(statement.returning(e.customer_id, e.enrolment_id))]


def end_everywhere(ctx: Ctx, customers: Sequence[int], reason: str) -> list[tuple[int, int]]:
    """End every active enrolment of some customers; returns those ended."""
    c = unnest("c", customer_id=(Integer(), customers))
    statement = update(enrolment).where(e.customer_id == c.c.customer_id, e.state == "active")
    ended = statement.values(state="ended", reason=reason, ended_at=ctx.now).returning(e.customer_id, e.enrolment_id)
    return [(row[0], row[1]) for row in ctx.tx.execute(ended)]


def standing(ctx: Ctx, batch: Batch) -> Sequence[Row[*tuple[Any, ...]]]:
    """``customer_id, enrolment_id, journey_id, version, node, reason`` of a batch."""
    columns = (e.customer_id, e.enrolment_id, e.journey_id, e.version, e.node, e.reason)
    return ctx.tx.execute(select(*columns).where(_in(relation(batch)))).all()


def request_key() -> ColumnElement[str]:
    """``j<journey>:<enrolment>:<node>:<visit>``, unique for one visit of one person to one step."""
    return func.concat("j", e.journey_id, ":", e.enrolment_id, ":", e.node, ":", e.visit)


def requests(ctx: Ctx, batch: Batch, answers: bool) -> Chosen:
    """``customer_id, key, answers, wanted_at, expires_at`` of a batch, as outreach takes it."""
    return select(
        e.customer_id,
        request_key().label("key"),
        (e.answer_event if answers else cast(null(), BigInteger)).label("answers"),
        literal(ctx.now, Time).label("wanted_at"),
        cast(null(), Time).label("expires_at"),
    ).where(_in(relation(batch)))


def outcomes(ctx: Ctx, rows: Sequence[tuple[int, int, str, int, bool, datetime]], canonical: Any) -> int:
    """Write what became of requests: ``(customer_id, enrolment_id, node, visit, sent, at)``; the person is due at once.

    The base of waits and the time from which events count become the time of sending. Outcomes of steps that the person
    has left change nothing. ``canonical`` (origin_id, customer_id) finds people merged meanwhile.
    """
    if not rows:
        return 0
    customer, enrolment_ids, nodes, visits, sent, at = (list(column) for column in zip(*rows, strict=True))
    o = unnest(
        "o",
        customer_id=(Integer(), customer),
        enrolment_id=(BigInteger(), enrolment_ids),
        node=(Text(), nodes),
        visit=(Integer(), visits),
        sent=(Integer(), [int(one) for one in sent]),
        at=(Time, at),
    )
    now_is = canonical
    found = (
        select(
            func.coalesce(now_is.c.customer_id, o.c.customer_id).label("customer_id"),
            o.c.enrolment_id,
            o.c.node,
            o.c.visit,
            o.c.sent,
            o.c.at,
        )
        .select_from(o.outerjoin(now_is, now_is.c.origin_id == o.c.customer_id))
        .subquery("found")
    )
    went = found.c.sent == 1
    return ctx.tx.execute(
        update(enrolment)
        .where(
            _in(found), e.state == "active", e.node == found.c.node, e.visit == found.c.visit, e.waiting == "outcome"
        )
        .values(
            waiting=case((went, "sent"), else_="not_sent"),
            due_at=ctx.now,
            sent=went,
            anchor=case((went, found.c.at), else_=e.anchor),
            since=case((went, found.c.at), else_=e.since),
        )
    ).rowcount


def wake(ctx: Ctx, touched: Sequence[tuple[int, str]], awaited: Sequence[tuple[int, int, str, str]]) -> int:
    """Make due whoever waits for an event of a type that came; the engine then looks whether it really matches.

    ``touched``: (customer_id, type); ``awaited``: (journey_id, version, node, type).
    """
    if not touched or not awaited:
        return 0
    t = unnest("t", customer_id=(Integer(), [row[0] for row in touched]), type=(Text(), [row[1] for row in touched]))
    a = unnest(
        "a",
        journey_id=(Integer(), [row[0] for row in awaited]),
        version=(Integer(), [row[1] for row in awaited]),
        node=(Text(), [row[2] for row in awaited]),
        type=(Text(), [row[3] for row in awaited]),
    )
    return ctx.tx.execute(
        update(enrolment)
        .where(
            e.customer_id == t.c.customer_id,
            t.c.type == a.c.type,
            e.journey_id == a.c.journey_id,
            e.version == a.c.version,
            e.node == a.c.node,
            e.state == "active",
            e.waiting == "event",
        )
        .values(due_at=ctx.now)
    ).rowcount


def active_of(ctx: Ctx, journey_id: int, number: int, customers: Sequence[int]) -> list[tuple[int, int]]:
    """The active enrolments of some customers in one version."""
    c = unnest("c", customer_id=(Integer(), customers))
    rows = ctx.tx.execute(
        select(e.customer_id, e.enrolment_id).where(
            e.customer_id == c.c.customer_id, e.journey_id == journey_id, e.version == number, e.state == "active"
        )
    )
    return [(row[0], row[1]) for row in rows]


def some_active(ctx: Ctx, journey_id: int, limit: int) -> list[tuple[int, int]]:
    """Lock up to ``limit`` active enrolments of one journey."""
    rows = ctx.tx.execute(
        select(e.customer_id, e.enrolment_id)
        .where(e.journey_id == journey_id, e.state == "active")
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return [(row[0], row[1]) for row in rows]


def reach(ctx: Ctx, batch: Batch, name: str) -> list[tuple[int, int]]:
    """Mark a goal as reached; returns those who had not reached it before."""
    rows = relation(batch)
    statement = upsert(goal).from_select(
        ["customer_id", "enrolment_id", "goal", "at"],
        select(rows.c.customer_id, rows.c.enrolment_id, literal(name, Text), literal(ctx.now, Time)),
    )
    found = ctx.tx.execute(statement.on_conflict_do_nothing().returning(goal.c.customer_id, goal.c.enrolment_id))
    return [(row[0], row[1]) for row in found]


def restart(ctx: Ctx, rows: Select[*tuple[Any, ...]], journey_id: int, gap: Any) -> list[tuple[int, int]]:
    """End the active enrolments of those who enter anew (``re_entry: always``), unless they entered within ``gap``."""
    anew = rows.subquery("anew")
    statement = (
        update(enrolment)
        .where(e.customer_id == anew.c.customer_id, e.journey_id == journey_id, e.state == "active")
        .where(e.entered_at <= anew.c.at - gap, e.entry_key != anew.c.key)
        .values(state="ended", reason="re_entered", ended_at=ctx.now)
    )
    return [(row[0], row[1]) for row in ctx.tx.execute(statement.returning(e.customer_id, e.enrolment_id))]


def enrol(
    ctx: Ctx, rows: Select[*tuple[Any, ...]], journey_id: int, number: int, first: str, *, once: bool, gap: Any
) -> list[tuple[int, int]]:
    """Take in ``rows`` (customer_id, key, at); ``once``: nobody who ever was in. Returns the new enrolments.

    The unique keys decide races: one enrolment per (customer, journey, key) and one active per (customer, journey);
    the origin stands in the key so that two people who entered alike can become one.
    """
    new = rows.subquery("new")
    mine = (e.customer_id == new.c.customer_id) & (e.journey_id == journey_id)
    barred = mine if once else mine & or_(e.state == "active", e.entered_at > new.c.at - gap)
    at = new.c.at
    chosen = select(
        new.c.customer_id,
        bindparam("journey", journey_id, Integer),
        bindparam("number", number, Integer),
        new.c.customer_id.op("&")(SLOTS - 1),
        literal("active", Text),
        literal(first, Text),
        literal(0, Integer),
        literal(ctx.now, Time),
        literal(ctx.now, Time),
        at,
        at,
        literal(True),
        at,
        new.c.customer_id,
        new.c.key,
    ).where(~exists().where(barred))
    names = [
        *("customer_id", "journey_id", "version", "slot", "state", "node", "visit"),
        *("due_at", "node_at", "anchor", "since", "sent", "entered_at", "origin_id", "entry_key"),
    ]
    statement = upsert(enrolment).from_select(names, chosen).on_conflict_do_nothing()
    entered = [(row[0], row[1]) for row in ctx.tx.execute(statement.returning(e.customer_id, e.enrolment_id))]
    log_steps(ctx, entered, "entered")
    return entered


def next_due(ctx: Ctx) -> datetime | None:
    """The earliest due time in running journeys."""
    running = select(journey.c.journey_id).where(journey.c.state == "running")
    return ctx.tx.execute(
        select(func.min(e.due_at)).where(e.state == "active", e.journey_id.in_(running.scalar_subquery()))
    ).scalar_one()


def entered_events(batch: Batch) -> Chosen:
    """The events ``journey_entered`` of a batch, as customers records them."""
    return _events(batch, "journey_entered", e.entered_at, "version", e.version)


def ended_events(batch: Batch) -> Chosen:
    """The events ``journey_ended`` of a batch."""
    return _events(batch, "journey_ended", func.coalesce(e.ended_at, e.entered_at), "reason", e.reason)


def _events(batch: Batch, type_: str, at: ColumnElement[Any], name: str, value: ColumnElement[Any]) -> Chosen:
    props = func.jsonb_build_object("journey_id", e.journey_id, "enrolment_id", e.enrolment_id, name, value)
    return select(
        e.customer_id,
        literal(type_, Text).label("type"),
        at.label("occurred_at"),
        literal("journeys", Text).label("source"),
        # With the time: a split takes an enrolment up again, which then ends once more.
        func.concat(e.enrolment_id, ":", type_, ":", func.extract("epoch", at)).label("key"),
        cast(null(), Integer).label("content_id"),
        props.label("props"),
    ).where(_in(relation(batch)))


def places(ctx: Ctx, batch: Batch) -> dict[tuple[str, str | None], list[tuple[int, int]]]:
    """The people of a batch by (node, waiting)."""
    found: dict[tuple[str, str | None], list[tuple[int, int]]] = {}
    rows = ctx.tx.execute(select(e.node, e.waiting, e.customer_id, e.enrolment_id).where(_in(relation(batch))))
    for node, waiting, customer_id, enrolment_id in rows:
        found.setdefault((node, waiting), []).append((customer_id, enrolment_id))
    return found


def any_active(ctx: Ctx, journey_id: int) -> bool:
    """Whether anybody is still in the journey, rows held by another worker included."""
    found = select(exists().where(e.journey_id == journey_id, e.state == "active"))
    return bool(ctx.tx.execute(found).scalar_one())
