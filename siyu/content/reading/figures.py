"""Reads: what became of the contents of a page of the library, in numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Integer, and_, bindparam, distinct, func, select
from sqlalchemy.types import DateTime

from siyu.content.reading.store import submission, view
from siyu.content.store import content
from siyu.customers import queries as customers
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import given, rows

SENT_WITHIN = timedelta(days=90)
"""How far back sends are counted: their events are found by type and time, and there may be many millions of them."""
SENT = ("delivery_sent", "delivery_accepted")
"""The events that tell that a message reached, or was taken for, a person."""


@dataclass(frozen=True, slots=True)
class Figures:
    """``readers`` and ``views`` of whoever opened it, known or not; ``clicks``; ``answers`` to the form on it;
    ``sent``: people to whom it was sent in the last 90 days."""

    content_id: int
    readers: int
    views: int
    clicks: int
    answers: int
    sent: int


_IDS = rows("ids", content_id=Integer())
_OF = select(_IDS.c.content_id)
_event = customers.events.alias("sends")
_VIEWS = (
    select(
        view.c.content_id,
        func.count().label("views"),
        func.count(distinct(view.c.reader)).label("readers"),
        func.sum(view.c.clicks).label("clicks"),
        func.sum(view.c.submissions).label("answers"),
    )
    .where(view.c.content_id.in_(_OF))
    .group_by(view.c.content_id)
    .subquery("views")
)
_ANSWERS = (
    select(submission.c.content_id, func.count().label("n"))
    .where(submission.c.content_id.in_(_OF))
    .group_by(submission.c.content_id)
    .subquery("answers")
)
_SENT = (
    select(_event.c.content_id, func.count(distinct(_event.c.customer_id)).label("n"))
    .where(
        _event.c.type.in_(SENT),
        _event.c.occurred_at >= bindparam("since", type_=DateTime(timezone=True)),
        _event.c.content_id.in_(_OF),
    )
    .group_by(_event.c.content_id)
    .subquery("sent")
)
_FIGURES = (
    select(
        content.c.content_id,
        func.coalesce(_VIEWS.c.readers, 0).label("readers"),
        func.coalesce(_VIEWS.c.views, 0).label("views"),
        func.coalesce(_VIEWS.c.clicks, 0).label("clicks"),
        # A form is answered on landing pages too, which its own views do not tell.
        func.coalesce(_ANSWERS.c.n, _VIEWS.c.answers, 0).label("answers"),
        func.coalesce(_SENT.c.n, 0).label("sent"),
    )
    .join(_IDS, and_(_IDS.c.content_id == content.c.content_id))
    .join(_VIEWS, _VIEWS.c.content_id == content.c.content_id, isouter=True)
    .join(_ANSWERS, _ANSWERS.c.content_id == content.c.content_id, isouter=True)
    .join(_SENT, _SENT.c.content_id == content.c.content_id, isouter=True)
    .order_by(content.c.content_id)
)


def figures(ctx: Ctx, ids: Sequence[int]) -> list[Figures]:
    """The figures of these contents in one statement; ids that no content has are left out."""
    known = given(_IDS, content_id=sorted(set(ids)))
    return [Figures(**row._mapping) for row in ctx.tx.execute(_FIGURES, {**known, "since": ctx.now - SENT_WITHIN})]
