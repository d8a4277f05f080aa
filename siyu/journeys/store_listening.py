"""Private: where people stand, for the question whether a journey answers what they say."""

from collections.abc import Sequence

from sqlalchemy import Integer, Row, select

from siyu.journeys.store import enrolment
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import given, rows, unguessed

e = enrolment.c
_THESE = rows("these", customer_id=Integer())
_STANDING = select(e.customer_id, e.journey_id, e.version, e.node, e.waiting).join_from(
    _THESE, enrolment, (e.customer_id == _THESE.c.customer_id) & unguessed(e.state == "active")
)


def standing(ctx: Ctx, customer_ids: Sequence[int]) -> Sequence[Row[int, int, int, str, str | None]]:
    """The active enrolments of some customers."""
    return ctx.tx.execute(_STANDING, given(_THESE, customer_id=customer_ids)).all()
