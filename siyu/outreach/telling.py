"""Private: what became of requests is told to the timeline, and each step of a decision is kept as a move."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    DateTime,
    FromClause,
    Integer,
    Select,
    Subquery,
    Text,
    and_,
    bindparam,
    case,
    cast,
    func,
    insert,
    literal,
    null,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB

from siyu.customers import actions as customers
from siyu.customers.types import NewEvent
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import given as parameters
from siyu.kernel.db import rows, unnest
from siyu.outreach.store import message, move, request
from siyu.outreach.types import Route, State

Ids = Sequence[tuple[int, int]]
"""(customer_id, request_id) of requests."""


FEW = 40
"""So many events are told one by one, which takes four statements; more as a set, which takes nine."""


def given(ids: Ids) -> Subquery:
    """The ids as a relation (customer_id, request_id)."""
    relation = unnest(
        "ids", customer_id=(Integer(), [one for one, _ in ids]), request_id=(BigInteger(), [two for _, two in ids])
    )
    return select(relation.c.customer_id, relation.c.request_id).subquery("given")


_IDS = rows("ids", customer_id=Integer(), request_id=BigInteger())
_WENT = request.c.state.in_((State.SENT.value, State.ACCEPTED.value))
# A Moments post goes out when the salesperson confirms it.
_AT_CLAIM = and_(_WENT, request.c.route != Route.MOMENTS.value)


def _ended(these: FromClause) -> Select[*tuple[Any, ...]]:
    """The events of the requests' present states, with the columns of ``NewEvent`` in their order."""
    props = func.jsonb_strip_nulls(
        func.jsonb_build_object(
            "request_key",
            request.c.key,
            "route",
            request.c.route,
            "account",
            request.c.account_id,
            "reason",
            case((_WENT, null()), (request.c.state == State.RECEIVED.value, null()), else_=request.c.reason),
            "detail",
            request.c.detail,
            "origin",
            func.concat(message.c.origin_kind, ":", message.c.origin_id),
            "version",
            message.c.origin_version,
            "node",
            message.c.origin_node,
            "at_platform",
            case((_AT_CLAIM, request.c.claimed_at), else_=null()),
        ),
        type_=JSONB,
    )
    return (
        select(
            literal("outreach").label("source"),
            func.concat(cast(request.c.request_id, Text()), ":", request.c.state).label("key"),
            func.concat("delivery_", request.c.state).label("type"),
            case((_AT_CLAIM, request.c.claimed_at), else_=request.c.done_at).label("occurred_at"),
            request.c.customer_id,
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


_ENDED = _ended(_IDS)


def ended(ctx: Ctx, ids: Ids) -> None:
    """Write the event of each request's present state: delivery_sent, _accepted, _received, _failed or _not_sent.

    A send happened at its claim (PRODUCT: waits count from there), so that no answer can seem to come before it.
    """
    if not ids:
        return
    if len(ids) > FEW:
        customers.record_from(ctx, _ended(given(ids)))
        return
    events = [NewEvent(*row) for row in ctx.tx.execute(_ENDED, _parameters(ids))]
    # As imported: a send that ends after weeks is told all the same.
    customers.record(ctx, events, imported=True)


def _parameters(ids: Ids) -> dict[str, str]:
    return parameters(_IDS, customer_id=[one for one, _ in ids], request_id=[two for _, two in ids])


_MOVED = insert(move).from_select(
    ["customer_id", "request_id", "at", "state", "reason", "route", "account_id", "until"],
    select(
        request.c.customer_id,
        request.c.request_id,
        bindparam("now", type_=DateTime(timezone=True)),
        request.c.state,
        request.c.reason,
        request.c.route,
        request.c.account_id,
        case((request.c.due_at > bindparam("now", type_=DateTime(timezone=True)), request.c.due_at), else_=null()),
    ).join_from(
        _IDS,
        request,
        and_(request.c.customer_id == _IDS.c.customer_id, request.c.request_id == _IDS.c.request_id),
    ),
)


def moved(ctx: Ctx, ids: Ids) -> None:
    """Keep the present state and reason of each request as a step of its history."""
    if ids:
        ctx.tx.execute(_MOVED, _parameters(ids) | {"now": ctx.now})
