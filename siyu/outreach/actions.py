"""Door: ask for a send, withdraw it, tell what opens windows and what the platform reported, change the policy."""

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    DateTime,
    Double,
    Integer,
    Select,
    SmallInteger,
    Text,
    and_,
    case,
    cast,
    delete,
    exists,
    false,
    func,
    literal,
    select,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert

from siyu.kernel import audit
from siyu.kernel.clock import machine
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import SLOTS, ring, unnest
from siyu.outreach import receipts as incoming
from siyu.outreach import telling
from siyu.outreach.policy import checked, to_json
from siyu.outreach.queries import policy as current_policy
from siyu.outreach.store import choice, message, person, refusal, window
from siyu.outreach.store import policy as policies
from siyu.outreach.store import request as requests
from siyu.outreach.types import BadRequest, Message, Origin, Policy, Receipt, Route, RouteChoice, State, WindowOpening

OPEN = (State.WAITING.value, State.READY.value, State.GATHERED.value)


def request(
    ctx: Ctx,
    who: Select[*tuple[Any, ...]],
    *,
    message: Message,
    routes: Sequence[RouteChoice],
    origin: Origin,
    exempt: bool = False,
    priority: int = 0,
) -> int:
    """Ask for a send to each of ``who``; returns how many requests were new.

    ``who`` has the columns customer_id, key, answers, wanted_at, expires_at. (customer_id, key) is unique: a repeated
    request does nothing. ``answers``: the event_id of the person's own act that this answers, else null; such a
    request and an ``exempt`` one are free of caps and quiet hours. ``wanted_at`` null: now. ``expires_at`` null: after
    the policy's patience. Higher ``priority`` (-1000..1000) goes first where one person's requests compete. Raises
    BadRequest.
    """
    _check(message, routes, priority)
    message_id = _message(ctx, message, routes, origin, exempt)
    asked = who.subquery("asked")
    ctx.tx.execute(
        upsert(person).from_select(["customer_id"], select(asked.c.customer_id).distinct()).on_conflict_do_nothing()
    )
    now = literal(ctx.now, DateTime(timezone=True))
    wanted = func.coalesce(asked.c.wanted_at, now)
    patience = current_policy(ctx).patience
    columns = {
        "customer_id": asked.c.customer_id,
        "key": asked.c.key,
        "origin_customer_id": asked.c.customer_id,
        "slot": cast(asked.c.customer_id.op("&")(SLOTS - 1), SmallInteger()),
        "message_id": literal(message_id),
        "answers": asked.c.answers,
        "lane": cast(
            case((asked.c.answers.is_not(None), 0), (_in_short_window(ctx, routes, asked.c.customer_id), 0), else_=1),
            SmallInteger(),
        ),
        "priority": literal(priority, SmallInteger()),
        "asked_at": now,
        "due_at": wanted,
        "expires_at": func.coalesce(asked.c.expires_at, wanted + literal(patience)),
        "state": literal(State.WAITING.value),
        "reason": literal("asked"),
        "choice": literal(0, SmallInteger()),
        "attempts": literal(0, SmallInteger()),
    }
    added = ctx.tx.execute(
        upsert(requests)
        .from_select(list(columns), select(*columns.values()))
        .on_conflict_do_nothing()
        .execution_options(preserve_rowcount=True)
    ).rowcount
    if added:
        ring(ctx, "outreach")
    return added


def cancel(ctx: Ctx, who: Select[*tuple[Any, ...]], origin: Origin, reason: str) -> int:
    """Withdraw what is asked for by ``origin`` (its kind and id; its node unless empty) for ``who`` and not yet
    claimed.

    The requests end as not sent, ``cancelled``, with ``reason`` as detail. Returns how many.
    """
    asked = select(message.c.message_id).where(message.c.origin_kind == origin.kind, message.c.origin_id == origin.id)
    if origin.node:
        asked = asked.where(message.c.origin_node == origin.node)
    people = who.subquery("who")
    ended = ctx.tx.execute(
        update(requests)
        .where(
            requests.c.customer_id == people.c.customer_id,
            requests.c.message_id.in_(asked.scalar_subquery()),
            requests.c.state.in_(OPEN),
        )
        .values(state=State.NOT_SENT.value, reason="cancelled", detail=reason, decided_at=ctx.now, done_at=ctx.now)
        .returning(requests.c.customer_id, requests.c.request_id)
    ).all()
    telling.ended(ctx, [(row.customer_id, row.request_id) for row in ended])
    return len(ended)


def open_window(ctx: Ctx, rows: Sequence[WindowOpening]) -> None:
    """Note that people did what lets an account send them customer messages. Repeats and latecomers change nothing."""
    latest: dict[tuple[int, int, str], datetime] = {}
    for row in rows:
        key = (row.customer_id, row.account_id, row.trigger)
        latest[key] = max(row.at, latest.get(key, row.at))
    if not latest:
        return
    keys = sorted(latest)
    given = unnest(
        "opened",
        customer_id=(Integer(), [key[0] for key in keys]),
        account_id=(Integer(), [key[1] for key in keys]),
        trigger=(Text(), [key[2] for key in keys]),
        opened_at=(DateTime(timezone=True), [latest[key] for key in keys]),
    )
    columns = ["customer_id", "account_id", "trigger", "opened_at", "opened_machine", "used"]
    source = select(given, literal(machine(), Double()), literal(0, SmallInteger()))
    statement = upsert(window).from_select(columns, source)
    ctx.tx.execute(
        statement.on_conflict_do_update(
            index_elements=["customer_id", "account_id", "trigger"],
            set_={
                "opened_at": statement.excluded.opened_at,
                "opened_machine": statement.excluded.opened_machine,
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


def _check(message: Message, routes: Sequence[RouteChoice], priority: int) -> None:
    if not routes:
        raise BadRequest("a request names at least one route", field="routes")
    if not -1000 <= priority <= 1000:
        raise BadRequest("priority lies between -1000 and 1000", field="priority")
    if message.content_id is not None and message.text is not None:
        raise BadRequest("a message is a content or a text, not both", field="message")
    for number, named in enumerate(routes):
        if named.route is Route.WEBHOOK:
            if not message.url:
                raise BadRequest("a webhook needs a url", field="message.url")
        elif message.content_id is None and message.text is None:
            raise BadRequest("a message needs a content or a text", field="message")
        if named.route is Route.OA_TEMPLATE and message.content_id is None:
            raise BadRequest("a template message needs a content", field=f"routes.{number}")
        if named.gather is not None and (named.route is not Route.OA_MASS or named.gather.total_seconds() < 60):
            raise BadRequest("only oa_mass gathers, over a minute or longer", field=f"routes.{number}.gather")


def _message(ctx: Ctx, said: Message, routes: Sequence[RouteChoice], origin: Origin, exempt: bool) -> int:
    """The id of the row that stands for this message by these routes from this origin; made when new."""
    columns: dict[str, Any] = {
        "content_id": said.content_id,
        "text": said.text,
        "url": said.url,
        "body": None if said.body is None else dict(said.body),
        "origin_kind": origin.kind,
        "origin_id": origin.id,
        "origin_version": origin.version,
        "origin_node": origin.node,
        "exempt": exempt,
        "choices": len(routes),
    }
    ways: list[dict[str, Any]] = [
        {
            "choice": number,
            "route": named.route.value,
            "account_id": named.account_id,
            "template": named.template,
            "gather_s": None if named.gather is None else int(named.gather.total_seconds()),
            "at_once": named.at_once,
        }
        for number, named in enumerate(routes)
    ]
    digest = hashlib.sha256(json.dumps([columns, ways], sort_keys=True, ensure_ascii=False).encode()).hexdigest()
    found = ctx.tx.execute(select(message.c.message_id).where(message.c.digest == digest)).scalar_one_or_none()
    if found is not None:
        return found
    made = ctx.tx.execute(
        upsert(message).values(digest=digest, **columns).on_conflict_do_nothing().returning(message.c.message_id)
    ).scalar_one_or_none()
    if made is None:
        return ctx.tx.execute(select(message.c.message_id).where(message.c.digest == digest)).scalar_one()
    ctx.tx.execute(upsert(choice), [{"message_id": made, **way} for way in ways])
    return made


def _in_short_window(ctx: Ctx, routes: Sequence[RouteChoice], customer_id: Any) -> Any:
    """The first choice is a customer message and a window of a minute or less may be open: this cannot wait in the
    slow lane."""
    if routes[0].route is not Route.OA_CUSTOM:
        return false()
    rules = {rule.trigger: rule.seconds for rule in current_policy(ctx).windows if rule.seconds <= 60}
    opened = (
        window.c.opened_at > ctx.now - timedelta(seconds=max(rules.values(), default=0))
        if ctx.system_time
        else window.c.opened_machine > machine() - max(rules.values(), default=0)
    )
    return exists(
        select(true())
        .select_from(window)
        .where(
            and_(
                window.c.customer_id == customer_id,
                window.c.account_id == routes[0].account_id,
                window.c.trigger.in_(list(rules)),
                opened,
            )
        )
        .correlate_except(window)
    )
