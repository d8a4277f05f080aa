"""Private: who is withdrawn from WeCom's assistant before the salesperson confirms (PRODUCT.md N1)."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Text, and_, literal_column, or_, select, true, update

from siyu.kernel.ctx import Ctx
from siyu.kernel.db import ids_of, ring
from siyu.outreach import telling
from siyu.outreach.sendtasks import recipients
from siyu.outreach.sendtasks.people import STOPS
from siyu.outreach.store import person, request, task
from siyu.outreach.types import TASK_ROUTES, State

WITHDRAWN = ("recalling", "could_not_recall")
"""The reasons of requests that were withdrawn after their claim."""
standing = and_(
    request.c.route.in_([literal_column(f"'{route}'", Text()) for route in TASK_ROUTES]),
    or_(
        and_(request.c.state == State.HANDED.value, request.c.reason == "handed"),
        # A worker is handing it over right now: it will be withdrawn when that is recorded.
        and_(request.c.state == State.CLAIMED.value, request.c.reason.not_in(WITHDRAWN)),
    ),
)
"""Requests that stand in the assistant unconfirmed, or are on their way there."""


def recall(ctx: Ctx, mine: ColumnElement[bool], detail: str) -> None:
    """Withdraw those of these requests that stand in the assistant; the caller has locked the persons."""
    recalled = ctx.tx.execute(
        update(request)
        .where(mine, standing)
        .values(reason="recalling", detail=detail)
        .returning(request.c.customer_id, request.c.request_id, request.c.task_id)
    ).all()
    if not recalled:
        return
    telling.moved(ctx, [(row.customer_id, row.request_id) for row in recalled])
    recipients.follow(ctx, [row[:2] for row in recalled])
    ids = sorted({row.task_id for row in recalled if row.task_id is not None})
    ctx.tx.execute(update(task).where(task.c.task_id.in_(ids), task.c.look_at > ctx.now).values(look_at=ctx.now))
    ring(ctx, "outreach")


def stop(ctx: Ctx, customer_ids: Sequence[int], why: str) -> None:
    """Nothing more may reach these people by pushes (``why``: one of STOPS)."""
    assert why in STOPS
    if not customer_ids:
        return
    ids = ids_of(customer_ids).scalar_subquery()
    ctx.tx.execute(
        select(person.c.customer_id)
        .where(person.c.customer_id.in_(ids))
        .order_by(person.c.customer_id)
        .with_for_update()
    )
    pushes = request.c.answers.is_(None) if why in ("opted_out", "no_consent") else true()
    recall(ctx, and_(request.c.customer_id.in_(ids), pushes), why)
