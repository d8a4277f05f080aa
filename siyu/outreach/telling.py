"""Private: what became of requests is told to the timeline, and each step of a decision is kept as a move."""

from collections.abc import Sequence

from sqlalchemy import BigInteger, Integer, Subquery, Text, and_, case, cast, func, insert, literal, null, select
from sqlalchemy.dialects.postgresql import JSONB

from siyu.customers import actions as customers
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import unnest
from siyu.outreach.store import message, move, request
from siyu.outreach.types import State

Ids = Sequence[tuple[int, int]]
"""(customer_id, request_id) of requests."""


def given(ids: Ids) -> Subquery:
    """The ids as a relation (customer_id, request_id)."""
    relation = unnest(
        "ids", customer_id=(Integer(), [one for one, _ in ids]), request_id=(BigInteger(), [two for _, two in ids])
    )
    return select(relation.c.customer_id, relation.c.request_id).subquery("given")


def ended(ctx: Ctx, ids: Ids) -> None:
    """Write the event of each request's present state: delivery_sent, _accepted, _received, _failed or _not_sent.

    A send happened at its claim (PRODUCT: waits count from there), so that no answer can seem to come before it.
    """
    if not ids:
        return
    these = given(ids)
    went = request.c.state.in_((State.SENT.value, State.ACCEPTED.value))
    props = func.jsonb_strip_nulls(
        func.jsonb_build_object(
            "request_key",
            request.c.key,
            "route",
            request.c.route,
            "account",
            request.c.account_id,
            "reason",
            case((went, null()), (request.c.state == State.RECEIVED.value, null()), else_=request.c.reason),
            "detail",
            request.c.detail,
            "origin",
            func.concat(message.c.origin_kind, ":", message.c.origin_id),
            "version",
            message.c.origin_version,
            "node",
            message.c.origin_node,
            "at_platform",
            case((went, request.c.claimed_at), else_=null()),
        ),
        type_=JSONB,
    )
    events = (
        select(
            request.c.customer_id,
            func.concat("delivery_", request.c.state).label("type"),
            case((went, request.c.claimed_at), else_=request.c.done_at).label("occurred_at"),
            literal("outreach").label("source"),
            func.concat(cast(request.c.request_id, Text()), ":", request.c.state).label("key"),
            message.c.content_id,
            props.label("props"),
            request.c.origin_customer_id.label("origin_id"),
        )
        .join_from(
            these,
            request,
            and_(request.c.customer_id == these.c.customer_id, request.c.request_id == these.c.request_id),
        )
        .join(message, message.c.message_id == request.c.message_id)
    )
    customers.record_from(ctx, events)


def moved(ctx: Ctx, ids: Ids) -> None:
    """Keep the present state and reason of each request as a step of its history."""
    if not ids:
        return
    these = given(ids)
    ctx.tx.execute(
        insert(move).from_select(
            ["customer_id", "request_id", "at", "state", "reason", "route", "account_id", "until"],
            select(
                request.c.customer_id,
                request.c.request_id,
                literal(ctx.now),
                request.c.state,
                request.c.reason,
                request.c.route,
                request.c.account_id,
                case((request.c.due_at > ctx.now, request.c.due_at), else_=null()),
            ).join_from(
                these,
                request,
                and_(request.c.customer_id == these.c.customer_id, request.c.request_id == these.c.request_id),
            ),
        )
    )
