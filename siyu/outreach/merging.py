"""Private: rows follow their person when customers are merged or split (ARCHITECTURE.md section 6, Merges).

A request belongs to the customer that its origin stands for now. What a person has seen is united and never undone;
tallies are counted anew from the requests, so that they are right on both sides, however often rows move.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    Integer,
    SmallInteger,
    TableValuedAlias,
    Text,
    and_,
    case,
    cast,
    delete,
    exists,
    func,
    literal,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.dialects.postgresql import insert as upsert

from siyu.customers import queries as customers
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import given, ids_of, rows, unnest
from siyu.outreach import telling
from siyu.outreach.sendtasks import people as task_people
from siyu.outreach.sendtasks import recalling, recipients
from siyu.outreach.store import message, move, person, refusal, request, seen, tally, task_person, window
from siyu.outreach.types import State
from siyu.outreach.verdicts import UNCAPPED

Step = tuple[int, int, int]
"""(origin_id, from_id, to_id): the rows of an origin leave one customer for another."""

OPEN = (State.WAITING.value, State.READY.value, State.GATHERED.value, State.PLANNED.value)


_THESE = rows("these", customer_id=Integer())
_FOLLOWED = (
    select(request.c.origin_customer_id, request.c.customer_id, customers.canonical.c.customer_id.label("to_id"))
    .distinct()
    .join_from(_THESE, request, request.c.customer_id == _THESE.c.customer_id)
    .join(customers.canonical, customers.canonical.c.origin_id == request.c.origin_customer_id)
    .where(customers.canonical.c.customer_id != request.c.customer_id)
)


def follow_merges(ctx: Ctx, customer_ids: Sequence[int]) -> set[int]:
    """Move the requests of those among the customers that meanwhile stand for another; returns the customers left
    behind.

    The pulse does it too; until it came by, claims would send to somebody who is no more.
    """
    if not customer_ids:
        return set()
    found = ctx.tx.execute(_FOLLOWED, given(_THESE, customer_id=sorted(set(customer_ids)))).all()
    step_over(ctx, [(row.origin_customer_id, row.customer_id, row.to_id) for row in found])
    return {row.customer_id for row in found}


def step_over(ctx: Ctx, steps: Sequence[Step]) -> None:
    """Move requests and their history, unite what was seen, windows and refusals, count tallies anew."""
    steps = sorted({step for step in steps if step[1] != step[2]})
    if not steps:
        return
    people = sorted({to for _, _, to in steps} | {left for _, left, _ in steps})
    ctx.tx.execute(upsert(person).from_select(["customer_id"], ids_of(people)).on_conflict_do_nothing())
    locked = select(person.c.customer_id).where(person.c.customer_id.in_(ids_of(people).scalar_subquery()))
    ctx.tx.execute(locked.order_by(person.c.customer_id).with_for_update())
    moving = unnest(
        "moving",
        origin_id=(Integer(), [step[0] for step in steps]),
        from_id=(Integer(), [step[1] for step in steps]),
        to_id=(Integer(), [step[2] for step in steps]),
    )
    _history(ctx, moving)
    _requests(ctx, moving)
    _unite(ctx, sorted({(left, to) for _, left, to in steps}))
    recount(ctx, people)
    recipients.follow_people(ctx, people)


def _requests(ctx: Ctx, moving: TableValuedAlias) -> None:
    mine = and_(request.c.customer_id == moving.c.from_id, request.c.origin_customer_id == moving.c.origin_id)
    other = request.alias("other")
    twice = exists(
        select(true())
        .select_from(other)
        .where(other.c.customer_id == moving.c.to_id, other.c.key == request.c.key)
        .correlate(moving, request)
    )
    doubled = and_(twice, request.c.state.in_(OPEN))
    changed: dict[str, Any] = {
        "customer_id": moving.c.to_id,
        "key": case((twice, func.concat(request.c.key, "~", cast(moving.c.origin_id, Text()))), else_=request.c.key),
        "slot": cast(moving.c.to_id.op("&")(255), SmallInteger()),
        "state": case((doubled, State.NOT_SENT.value), else_=request.c.state),
        "reason": case((doubled, "merged"), else_=request.c.reason),
        "done_at": case((doubled, literal(ctx.now)), else_=request.c.done_at),
    }
    names = [column.name for column in request.c]
    source = select(*(changed.get(name, request.c[name]) for name in names)).join_from(moving, request, mine)
    arrived = ctx.tx.execute(
        upsert(request)
        .from_select(names, source)
        .returning(request.c.customer_id, request.c.request_id, request.c.state, request.c.reason, request.c.done_at)
    ).all()
    ctx.tx.execute(delete(request).where(mine))
    dropped = [
        row for row in arrived if row.reason == "merged" and row.state == State.NOT_SENT and row.done_at == ctx.now
    ]
    telling.ended(ctx, [(row.customer_id, row.request_id) for row in dropped])


def _history(ctx: Ctx, moving: TableValuedAlias) -> None:
    """Before the requests, by which the rows are found."""
    mine = and_(request.c.customer_id == moving.c.from_id, request.c.origin_customer_id == moving.c.origin_id)
    for table in (move, task_person):
        # set-loop: two tables of one form
        step = and_(table.c.customer_id == request.c.customer_id, table.c.request_id == request.c.request_id)
        names = [column.name for column in table.c]
        source = select(*(moving.c.to_id if name == "customer_id" else table.c[name] for name in names))
        ctx.tx.execute(upsert(table).from_select(names, source.join_from(moving, request, mine).join(table, step)))
        ctx.tx.execute(delete(table).where(mine, step))


def _unite(ctx: Ctx, pairs: Sequence[tuple[int, int]]) -> None:
    pair = unnest("pair", from_id=(Integer(), [one for one, _ in pairs]), to_id=(Integer(), [two for _, two in pairs]))
    for table in (seen, refusal):
        # set-loop: two tables of one form
        names = [column.name for column in table.c]
        source = select(*(pair.c.to_id if name == "customer_id" else table.c[name] for name in names))
        ctx.tx.execute(
            upsert(table)
            .from_select(names, source.join_from(pair, table, table.c.customer_id == pair.c.from_id))
            .on_conflict_do_nothing()
        )
    source = (
        select(
            pair.c.to_id,
            window.c.account_id,
            window.c.trigger,
            func.max(window.c.opened_at),
            func.max(window.c.opened_machine),
            func.max(window.c.used),
            func.array_agg(aggregate_order_by(window.c.place, window.c.opened_at.desc()))[1],
        )
        .join_from(pair, window, window.c.customer_id == pair.c.from_id)
        .group_by(pair.c.to_id, window.c.account_id, window.c.trigger)
    )
    statement = upsert(window).from_select(
        ["customer_id", "account_id", "trigger", "opened_at", "opened_machine", "used", "place"], source
    )
    ctx.tx.execute(
        statement.on_conflict_do_update(
            index_elements=["customer_id", "account_id", "trigger"],
            set_={
                "opened_at": statement.excluded.opened_at,
                "opened_machine": statement.excluded.opened_machine,
                "used": statement.excluded.used,
                "place": statement.excluded.place,
            },
            where=statement.excluded.opened_at > window.c.opened_at,
        )
    )


def recount(ctx: Ctx, customer_ids: Sequence[int]) -> None:
    """Count the tallies of these customers anew from their requests; what was given back has no claimed day."""
    these = ids_of(customer_ids).subquery("these")
    ctx.tx.execute(delete(tally).where(tally.c.customer_id == these.c.customer_id))
    free = or_(message.c.exempt, request.c.answers.is_not(None), request.c.route.in_(UNCAPPED))
    counted = (
        select(
            request.c.customer_id,
            request.c.claimed_day,
            request.c.route,
            request.c.account_id,
            cast(func.count(), SmallInteger()),
            cast(func.count().filter(~free), SmallInteger()),
        )
        .join_from(these, request, request.c.customer_id == these.c.customer_id)
        .join(message, message.c.message_id == request.c.message_id)
        .where(request.c.claimed_day.is_not(None))
        .group_by(request.c.customer_id, request.c.claimed_day, request.c.route, request.c.account_id)
    )
    ctx.tx.execute(upsert(tally).from_select(["customer_id", "day", "route", "account_id", "sends", "capped"], counted))


def forget(ctx: Ctx, customer_ids: Sequence[int]) -> None:
    """End what is open for erased customers, and drop what the platform said of them; counts and the seen-set stay."""
    these = ids_of(customer_ids).subquery("these")
    mine = request.c.customer_id == these.c.customer_id
    ended = ctx.tx.execute(
        update(request)
        .where(mine, request.c.state.in_(OPEN))
        .values(state=State.NOT_SENT.value, reason="erased", decided_at=ctx.now, done_at=ctx.now)
        .returning(request.c.customer_id, request.c.request_id)
    ).all()
    telling.ended(ctx, [(row.customer_id, row.request_id) for row in ended])
    ctx.tx.execute(update(request).where(mine, request.c.detail.is_not(None)).values(detail=None))
    # A task that cannot be recalled may still reach them; nobody can tell any more.
    ctx.tx.execute(update(request).where(mine, request.c.address.is_not(None)).values(address=None))
    recipients.follow_people(ctx, customer_ids)
    task_people.forget(ctx, customer_ids)
    recalling.stop(ctx, customer_ids, "erased")
    for table in (window, refusal):
        # set-loop: two tables of one form
        ctx.tx.execute(delete(table).where(table.c.customer_id == these.c.customer_id))
