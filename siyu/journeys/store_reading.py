"""Private: statements that only read enrolments, for lists and for why."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BigInteger, Integer, Row, Select, Text, and_, bindparam, func, literal, select, tuple_

from siyu.journeys import store_rounds
from siyu.journeys.store import enrolment, goal, step
from siyu.kernel.ctx import Ctx
from siyu.outreach import queries as outreach

e = enrolment.c
LOOKED = 20_000
"""Members that a page of passages looks at, at most: whatever is asked for, however rare it is."""


def listed(
    ctx: Ctx,
    journey_id: int,
    number: int,
    *,
    node: str | None,
    stage: str | None,
    active: bool | None,
    reason: str | None,
    before: int | None,
    limit: int,
) -> Sequence[Row[*tuple[Any, ...]]]:
    """Enrolments of a version, newest first."""
    statement = select(enrolment).where(e.journey_id == journey_id, e.version == number)
    if node is not None:
        statement = statement.where(e.node == node)
    if stage is not None:
        statement = statement.where(e.stage == stage)
    if active is not None:
        statement = statement.where(e.state == "active" if active else e.state != "active")
    if reason is not None:
        statement = statement.where(e.reason == reason)
    if before is not None:
        statement = statement.where(e.enrolment_id < before)
    return ctx.tx.execute(statement.order_by(e.enrolment_id.desc()).limit(limit)).all()


_OF_VERSION = and_(e.journey_id == bindparam("journey", type_=Integer), e.version == bindparam("number", type_=Integer))
_HIGHEST = bindparam("highest", type_=BigInteger)
_WITHIN = and_(_OF_VERSION, e.enrolment_id >= bindparam("lowest", type_=BigInteger), e.enrolment_id <= _HIGHEST)
_LOOKED_AT = (
    select(e.enrolment_id)
    .where(_OF_VERSION, e.enrolment_id <= _HIGHEST)
    .order_by(e.enrolment_id.desc())
    .limit(bindparam("looked", type_=Integer))
    .subquery("looked_at")
)
_REACH = select(func.min(_LOOKED_AT.c.enrolment_id), func.count())

_taken, _before = step.alias("taken"), step.alias("before")
_COMES_FROM = (
    select(_before.c.node)
    .where(
        _before.c.customer_id == _taken.c.customer_id,
        _before.c.enrolment_id == _taken.c.enrolment_id,
        _before.c.visit == _taken.c.visit - 1,
    )
    .scalar_subquery()
)
_PASSED = (
    select(e.enrolment_id, _taken.c.visit, e.customer_id, _taken.c.at)
    .join_from(
        enrolment,
        _taken,
        and_(_taken.c.customer_id == e.customer_id, _taken.c.enrolment_id == e.enrolment_id),
    )
    .where(
        _WITHIN,
        tuple_(e.enrolment_id, _taken.c.visit) < tuple_(_HIGHEST, bindparam("visit", type_=Integer)),
        _taken.c.node == bindparam("target", type_=Text),
        _taken.c.edge == bindparam("edge", type_=Text),
        func.coalesce(_COMES_FROM, "") == bindparam("source", type_=Text),
    )
    .order_by(e.enrolment_id.desc(), _taken.c.visit.desc())
    .limit(bindparam("most", type_=Integer))
)
_REACHED = (
    select(e.enrolment_id, literal(0, Integer), e.customer_id, goal.c.at)
    .join_from(enrolment, goal, and_(goal.c.customer_id == e.customer_id, goal.c.enrolment_id == e.enrolment_id))
    .where(_WITHIN, e.enrolment_id < _HIGHEST, goal.c.goal == bindparam("goal", type_=Text))
    .order_by(e.enrolment_id.desc())
    .limit(bindparam("most", type_=Integer))
)
Place = tuple[int, int]
"""``enrolment_id, visit``: a list goes on below it."""
TOP: Place = (2**63 - 1, 0)


def passed(
    ctx: Ctx, journey_id: int, number: int, source: str, edge: str, target: str, below: Place, limit: int
) -> tuple[Sequence[Row[*tuple[Any, ...]]], Place | None]:
    """``enrolment_id, visit, customer_id, at`` of who took an edge ('' stands for outside the journey), who entered
    last first; and where to go on, None at the end. ``limit`` rows at most, of ``LOOKED`` members at most."""
    return _page(ctx, _PASSED, journey_id, number, {"source": source, "edge": edge, "target": target}, below, limit)


def reached(
    ctx: Ctx, journey_id: int, number: int, name: str, below: Place, limit: int
) -> tuple[Sequence[Row[*tuple[Any, ...]]], Place | None]:
    """As ``passed``, of who reached a goal."""
    return _page(ctx, _REACHED, journey_id, number, {"goal": name}, below, limit)


def _page(
    ctx: Ctx,
    statement: Select[*tuple[Any, ...]],
    journey_id: int,
    number: int,
    wanted: dict[str, str],
    below: Place,
    limit: int,
) -> tuple[Sequence[Row[*tuple[Any, ...]]], Place | None]:
    highest, visit = below
    values: dict[str, Any] = {"journey": journey_id, "number": number, "highest": highest, "visit": visit}
    values["looked"] = LOOKED
    lowest, looked_at = ctx.tx.execute(_REACH, values).one()
    if not looked_at:
        return (), None
    values |= {"lowest": lowest, "most": limit + 1} | wanted
    found = ctx.tx.execute(statement, values).all()
    if len(found) > limit:
        return found[:limit], (found[limit - 1][0], found[limit - 1][1])
    return found, (lowest, 0) if looked_at == LOOKED else None


def of_customer(ctx: Ctx, customer_id: int, journey_id: int | None) -> Sequence[Row[*tuple[Any, ...]]]:
    """Enrolments of a customer, newest first."""
    statement = select(enrolment).where(e.customer_id == customer_id).order_by(e.enrolment_id.desc())
    return ctx.tx.execute(statement if journey_id is None else statement.where(e.journey_id == journey_id)).all()


def steps_of(ctx: Ctx, customer_id: int) -> Sequence[Row[*tuple[Any, ...]]]:
    """The step log of a customer, in order."""
    chosen = select(step).where(step.c.customer_id == customer_id)
    return ctx.tx.execute(chosen.order_by(step.c.enrolment_id, step.c.visit)).all()


def goals_of(ctx: Ctx, customer_id: int) -> Sequence[Row[*tuple[Any, ...]]]:
    """The goals that a customer reached, in order."""
    return ctx.tx.execute(select(goal).where(goal.c.customer_id == customer_id).order_by(goal.c.at)).all()


def stages(ctx: Ctx, who: Select[Any]) -> dict[int, dict[int, str]]:
    """In which stage each of ``who`` is now, by journey."""
    asked = who.subquery("who")
    chosen = select(e.customer_id, e.journey_id, e.stage).join(asked, asked.c.customer_id == e.customer_id)
    found: dict[int, dict[int, str]] = {}
    for row in ctx.tx.execute(chosen.where(e.state == "active", e.stage.is_not(None))):
        found.setdefault(row.customer_id, {})[row.journey_id] = row.stage
    return found


_WITHDRAWABLE = ("waiting", "ready", "gathered", "planned", "handed")


def still_open(ctx: Ctx, journey_id: int, which: Sequence[tuple[int, int]]) -> Sequence[Row[*tuple[Any, ...]]]:
    """``node, handed, people`` of what enrolments ``(customer_id, enrolment_id)`` have asked for and a move withdraws;
    ``handed``: it stands in a salesperson's assistant."""
    asked = store_rounds.stage_keys(journey_id, which).subquery("asked")
    told = outreach.outcomes().subquery("told")
    handed = (told.c.state == "handed").label("handed")
    return ctx.tx.execute(
        select(asked.c.node, handed, func.count().label("people"))
        .join_from(asked, told, and_(told.c.customer_id == asked.c.customer_id, told.c.key == asked.c.key))
        .where(told.c.state.in_(_WITHDRAWABLE))
        .group_by(asked.c.node, handed)
        .order_by(asked.c.node, handed)
    ).all()
