"""Private: how a request is asked for: its message is found or made, and one row per person written."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    Boolean,
    Date,
    DateTime,
    Double,
    Insert,
    Integer,
    Interval,
    Select,
    SmallInteger,
    Text,
    and_,
    bindparam,
    case,
    cast,
    exists,
    func,
    literal,
    literal_column,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import insert as upsert

from siyu.kernel.clock import machine
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import SLOTS, given, keep_statistics, ring, rows
from siyu.outreach.policy import from_json, longer_by
from siyu.outreach.store import choice, message, person, texts, window
from siyu.outreach.store import policy as policies
from siyu.outreach.store import request as requests
from siyu.outreach.types import TASK_ROUTES, WELCOMES, BadRequest, Message, Origin, Policy, Route, RouteChoice, State
from siyu.workdays import queries as workdays

Who = Select[*tuple[Any, ...]]
LATER = ("part", "sender")
"""What choices could not say at first."""

_LONGER = rows("longer", day=Date(), days=Integer())
_KNOWN = select(
    select(message.c.message_id).where(message.c.digest == bindparam("digest", type_=Text)).scalar_subquery(),
    select(policies.c.document).where(policies.c.policy_id == 1).scalar_subquery(),
)


def request(
    ctx: Ctx,
    who: Who,
    said: Message,
    routes: Sequence[RouteChoice],
    origin: Origin,
    exempt: bool,
    priority: int,
    values: Mapping[str, Any] | None,
) -> int:
    """See actions.request."""
    _check(said, routes, priority)
    message_id, policy = _message(ctx, said, routes, origin, exempt)
    persons, asked = (_statements if values is None else _kept)(who)
    values = dict(values or {})
    ctx.tx.execute(persons, values)
    longer = longer_by(policy, ctx.now.astimezone(ctx.zone).date(), workdays.current(ctx))
    triggers = [rule.trigger for rule in policy.windows if rule.seconds <= 60]
    seconds = max((rule.seconds for rule in policy.windows if rule.seconds <= 60), default=0)
    values |= given(_LONGER, day=list(longer), days=list(longer.values())) | {
        "asked_at": ctx.now,
        "asked_message": message_id,
        "asked_priority": priority,
        "patience": policy.patience,
        "zone": ctx.zone.key,
        # The first choice is a customer message and a window of a minute or less may be open: this cannot wait in the
        # slow lane.
        "short": triggers if routes[0].route is Route.OA_CUSTOM else [],
        "short_account": routes[0].account_id,
        "by_system": ctx.system_time,
        "opened_since": ctx.now - timedelta(seconds=seconds),
        "opened_machine": machine() - seconds,
        # The welcome's 20 seconds are machine time unless the clock is the system clock.
        "asked_machine": machine() if any(one.route in WELCOMES for one in routes) else None,
    }
    added = ctx.tx.execute(asked, values).rowcount
    if added:
        keep_statistics(ctx, requests, added)
        keep_statistics(ctx, person, added)
        ring(ctx, "outreach")
    return added


def _statements(who: Who) -> tuple[Insert, Insert]:
    """The person's rows, which are what claims lock, and the requests."""
    asked = who.subquery("asked")
    # In order: two who ask for the same new people wait for each other, never in a circle.
    people = select(asked.c.customer_id).distinct().order_by(asked.c.customer_id)
    persons = upsert(person).from_select(["customer_id"], people)
    now = bindparam("asked_at", type_=DateTime(timezone=True))
    wanted = func.coalesce(asked.c.wanted_at, now)
    columns = {
        "customer_id": asked.c.customer_id,
        "key": asked.c.key,
        "origin_customer_id": asked.c.customer_id,
        "slot": cast(asked.c.customer_id.op("&")(SLOTS - 1), SmallInteger()),
        "message_id": bindparam("asked_message", type_=Integer),
        "answers": asked.c.answers,
        "lane": cast(
            case((asked.c.answers.is_not(None), 0), (_in_short_window(asked.c.customer_id), 0), else_=1),
            SmallInteger(),
        ),
        "priority": bindparam("asked_priority", type_=SmallInteger),
        "asked_at": now,
        "due_at": wanted,
        "expires_at": func.coalesce(asked.c.expires_at, wanted + _patience(wanted)),
        "state": literal(State.WAITING.value),
        "reason": literal("asked"),
        "choice": literal(0, SmallInteger()),
        "attempts": literal(0, SmallInteger()),
        "asked_machine": bindparam("asked_machine", type_=Double),
    }
    statement = upsert(requests).from_select(list(columns), select(*columns.values())).on_conflict_do_nothing()
    return persons.on_conflict_do_nothing(), statement.execution_options(preserve_rowcount=True)


@lru_cache(maxsize=32)
def _kept(who: Who) -> tuple[Insert, Insert]:
    return _statements(who)


def _in_short_window(customer_id: Any) -> Any:
    """Whether one of the triggers ``short`` opened a window that may still be open; by machine time unless the clock is
    the system clock (ARCHITECTURE.md section 4)."""
    by_system = bindparam("by_system", type_=Boolean)
    opened = case(
        (by_system, window.c.opened_at > bindparam("opened_since", type_=DateTime(timezone=True))),
        else_=window.c.opened_machine > bindparam("opened_machine", type_=Double),
    )
    return exists(
        select(true())
        .select_from(window)
        .where(
            and_(
                window.c.customer_id == customer_id,
                window.c.account_id == bindparam("short_account", type_=Integer),
                window.c.trigger == func.any(bindparam("short", type_=ARRAY(Text))),
                opened,
            )
        )
        .correlate_except(window)
    )


def _patience(wanted: Any) -> Any:
    """By how much a request outlives the moment for which it is wanted."""
    local = cast(func.timezone(bindparam("zone", type_=Text), wanted), Date())
    days = func.coalesce(select(_LONGER.c.days).where(_LONGER.c.day == local).scalar_subquery(), 0)
    return bindparam("patience", type_=Interval) + days * literal_column("interval '1 day'")


def _check(message: Message, routes: Sequence[RouteChoice], priority: int) -> None:
    if not routes:
        raise BadRequest("a request names at least one route", field="routes")
    if not -1000 <= priority <= 1000:
        raise BadRequest("priority lies between -1000 and 1000", field="priority")
    if message.content_id is not None and message.text is not None:
        raise BadRequest("a message is a content or a text, not both", field="message")
    if message.content_id is not None and message.again:
        raise BadRequest("a content never comes to the same person again", field="message.again")
    for number, named in enumerate(routes):
        if named.route is Route.WEBHOOK:
            if not message.url:
                raise BadRequest("a webhook needs a url", field="message.url")
        elif message.content_id is None and message.text is None:
            raise BadRequest("a message needs a content or a text", field="message")
        if named.route is Route.OA_TEMPLATE and message.content_id is None:
            raise BadRequest("a template message needs a content", field=f"routes.{number}")
        if (named.part or named.sender) and named.route not in TASK_ROUTES:
            raise BadRequest("only wecom_group_send and moments have a day part and a sender", field=f"routes.{number}")
        if named.gather is not None and (named.route is not Route.OA_MASS or named.gather.total_seconds() < 60):
            raise BadRequest("only oa_mass gathers, over a minute or longer", field=f"routes.{number}.gather")


def _message(
    ctx: Ctx, said: Message, routes: Sequence[RouteChoice], origin: Origin, exempt: bool
) -> tuple[int, Policy]:
    """The id of the row that stands for this message by these routes from this origin, made when new; the policy."""
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
            "part": named.part,
            "sender": named.sender,
        }
        for number, named in enumerate(routes)
    ]
    # Only what is said, so that messages of before stay the same when routes learn to say more.
    said_ways = [{name: one for name, one in way.items() if one is not None or name not in LATER} for way in ways]
    meant = columns | ({"again": True} if said.again else {})
    digest = hashlib.sha256(json.dumps([meant, said_ways], sort_keys=True, ensure_ascii=False).encode()).hexdigest()
    found, document = ctx.tx.execute(_KNOWN, {"digest": digest}).one()
    policy = Policy() if document is None else from_json(document)
    return (_made(ctx, digest, columns, ways, said.again) if found is None else found), policy


def _made(ctx: Ctx, digest: str, columns: Mapping[str, Any], ways: Sequence[Mapping[str, Any]], again: bool) -> int:
    made = ctx.tx.execute(
        upsert(message)
        .values(digest=digest, said=None if again else _said(ctx, columns), **columns)
        .on_conflict_do_nothing()
        .returning(message.c.message_id)
    ).scalar_one_or_none()
    if made is None:
        return ctx.tx.execute(select(message.c.message_id).where(message.c.digest == digest)).scalar_one()
    ctx.tx.execute(upsert(choice), [{"message_id": made, **way} for way in ways])
    return made


def _said(ctx: Ctx, columns: Mapping[str, Any]) -> int | None:
    """By what the seen-set knows the message: its content's number, or that of its words as they were written, content
    fields unfilled, negative."""
    content_id: int | None = columns["content_id"]
    if content_id is not None or columns["text"] is None:
        return content_id
    digest = hashlib.sha256(columns["text"].encode()).hexdigest()
    ctx.tx.execute(upsert(texts).values(digest=digest).on_conflict_do_nothing())
    number: int = ctx.tx.execute(select(texts.c.text_id).where(texts.c.digest == digest)).scalar_one()
    return -number
