"""Door: ask for a send, withdraw it, tell what opens windows and what the platform reported, change the policy."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    DateTime,
    Double,
    Integer,
    Select,
    SmallInteger,
    Text,
    and_,
    delete,
    exists,
    literal,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert

from siyu.kernel import audit
from siyu.kernel.clock import machine
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import unnest
from siyu.outreach import asking, telling
from siyu.outreach import receipts as incoming
from siyu.outreach.policy import checked, to_json
from siyu.outreach.sendtasks import recalling, recipients
from siyu.outreach.store import message, person, refusal, window
from siyu.outreach.store import policy as policies
from siyu.outreach.store import request as requests
from siyu.outreach.types import TASK_ROUTES, Message, Origin, Policy, Receipt, RouteChoice, State, WindowOpening

OPEN = (State.WAITING.value, State.READY.value, State.GATHERED.value, State.PLANNED.value)


def request(
    ctx: Ctx,
    who: Select[*tuple[Any, ...]],
    *,
    message: Message,
    routes: Sequence[RouteChoice],
    origin: Origin,
    exempt: bool = False,
    priority: int = 0,
    values: Mapping[str, Any] | None = None,
) -> int:
    """Ask for a send to each of ``who``; returns how many requests were new.

    ``who`` has the columns customer_id, key, answers, wanted_at, expires_at. (customer_id, key) is unique: a repeated
    request does nothing. ``answers``: the event_id of the person's own act that this answers, else null; such a
    request and an ``exempt`` one are free of caps and quiet hours. ``wanted_at`` null: now. ``expires_at`` null: after
    the policy's patience, in which days without pushes do not count. Higher
    ``priority`` (-1000..1000) goes first where one person's requests compete. ``values``: the parameters of a ``who``
    that was built once and is asked for again and again. Raises BadRequest.
    """
    return asking.request(ctx, who, message, routes, origin, exempt, priority, values)


def cancel(ctx: Ctx, who: Select[*tuple[Any, ...]], origin: Origin, reason: str) -> int:
    """Withdraw what is asked for by ``origin`` (its kind and id; its node unless empty) for ``who`` and not yet
    claimed.

    ``who`` has the column customer_id and, where not all that is asked for them is meant, key. The requests end as not
    sent, ``cancelled``, with ``reason`` as detail. Returns how many. What stands in WeCom's assistant unconfirmed is
    withdrawn too, also what is being handed over right now, where the task can be made anew for its other people; else
    it is recorded ``could_not_recall``.
    """
    asked = select(message.c.message_id).where(message.c.origin_kind == origin.kind, message.c.origin_id == origin.id)
    if origin.node:
        asked = asked.where(message.c.origin_node == origin.node)
    people = who.subquery("who")
    # Persons first and in order, as everybody who decides: a claim passes by whom it finds locked, instead of waiting
    # for one request while it holds another.
    theirs = and_(
        requests.c.customer_id == people.c.customer_id,
        requests.c.message_id.in_(asked.scalar_subquery()),
        *([requests.c.key == people.c.key] if "key" in people.c else []),
    )
    open_ones = and_(theirs, requests.c.state.in_(OPEN))
    mine = select(requests.c.customer_id).join_from(people, requests, or_(open_ones, and_(theirs, recalling.standing)))
    locked = select(person.c.customer_id).where(person.c.customer_id.in_(mine)).order_by(person.c.customer_id)
    if not ctx.tx.execute(locked.with_for_update()).all():
        return 0
    ended = ctx.tx.execute(
        update(requests)
        .where(open_ones)
        .values(state=State.NOT_SENT.value, reason="cancelled", detail=reason, decided_at=ctx.now, done_at=ctx.now)
        .returning(requests.c.customer_id, requests.c.request_id, requests.c.route)
    ).all()
    telling.ended(ctx, [(row.customer_id, row.request_id) for row in ended])
    recipients.follow(ctx, [row[:2] for row in ended if row.route in TASK_ROUTES])
    recalling.recall(ctx, theirs, reason)
    return len(ended)


def open_window(ctx: Ctx, rows: Sequence[WindowOpening]) -> None:
    """Note that people did what lets an account send them messages. Repeats and latecomers change nothing."""
    latest: dict[tuple[int, int, str], tuple[datetime, str]] = {}
    for row in rows:
        key, said = (row.customer_id, row.account_id, row.trigger), (row.at, row.place)
        latest[key] = max(said, latest.get(key, said))
    if not latest:
        return
    keys = sorted(latest)
    given = unnest(
        "opened",
        customer_id=(Integer(), [key[0] for key in keys]),
        account_id=(Integer(), [key[1] for key in keys]),
        trigger=(Text(), [key[2] for key in keys]),
        opened_at=(DateTime(timezone=True), [latest[key][0] for key in keys]),
        place=(Text(), [latest[key][1] for key in keys]),
    )
    columns = ["customer_id", "account_id", "trigger", "opened_at", "place", "opened_machine", "used"]
    source = select(given, literal(machine(), Double()), literal(0, SmallInteger()))
    statement = upsert(window).from_select(columns, source)
    ctx.tx.execute(
        statement.on_conflict_do_update(
            index_elements=["customer_id", "account_id", "trigger"],
            set_={
                "opened_at": statement.excluded.opened_at,
                "opened_machine": statement.excluded.opened_machine,
                "place": statement.excluded.place,
                "used": 0,
            },
            where=statement.excluded.opened_at > window.c.opened_at,
        )
    )
    # Who writes or follows again is worth another try, whatever the platform said last.
    ctx.tx.execute(
        delete(refusal).where(
            exists(
                select(true())
                .select_from(given)
                .where(
                    given.c.customer_id == refusal.c.customer_id,
                    given.c.account_id == refusal.c.account_id,
                    given.c.opened_at >= refusal.c.at,
                )
            )
        )
    )


def receipts(ctx: Ctx, rows: Sequence[Receipt]) -> None:
    """Take finish events in; they may come early, late, twice or for sends of nobody here."""
    incoming.keep(ctx, rows)
    incoming.apply(ctx)


def save_policy(ctx: Ctx, policy: Policy) -> Policy:
    """Replace the company's policy; what waits is judged by the new one when it is next due. Raises BadPolicy."""
    document = to_json(checked(policy))
    statement = upsert(policies).values(policy_id=1, document=document)
    ctx.tx.execute(statement.on_conflict_do_update(index_elements=["policy_id"], set_={"document": document}))
    audit.record(ctx, "outreach.save_policy", "policy", 1)
    return policy
