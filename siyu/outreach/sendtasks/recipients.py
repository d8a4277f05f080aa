"""Private: the open requests of senders' rounds and tasks, as rows of their own that follow the requests; what is kept
of each task's people follows with them."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Delete,
    Integer,
    TableValuedAlias,
    Text,
    and_,
    delete,
    exists,
    literal_column,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import Insert
from sqlalchemy.dialects.postgresql import insert as upsert

from siyu.kernel.ctx import Ctx
from siyu.kernel.db import given, rows
from siyu.outreach.sendtasks import people
from siyu.outreach.store import recipient, request
from siyu.outreach.telling import Ids
from siyu.outreach.types import TASK_ROUTES, State

OPEN = (State.PLANNED, State.CLAIMED, State.HANDED)
_open = and_(
    request.c.route.in_([literal_column(f"'{route}'", Text()) for route in TASK_ROUTES]),
    request.c.state.in_([literal_column(f"'{state}'", Text()) for state in OPEN]),
)
_NAMES = [column.name for column in recipient.c]


def _gone(these: TableValuedAlias, mine: ColumnElement[bool]) -> Delete:
    there = exists(
        select(true())
        .select_from(request)
        .where(request.c.customer_id == recipient.c.customer_id, request.c.request_id == recipient.c.request_id, _open)
        .correlate(recipient)
    )
    return delete(recipient).where(exists(select(true()).select_from(these).where(mine).correlate(recipient)), ~there)


def _there(these: TableValuedAlias, mine: ColumnElement[bool]) -> Insert:
    source = select(*(request.c[name] for name in _NAMES)).join_from(these, request, mine).where(_open)
    statement = upsert(recipient).from_select(_NAMES, source)
    changed = {name: statement.excluded[name] for name in _NAMES if name not in ("customer_id", "request_id")}
    return statement.on_conflict_do_update(index_elements=["customer_id", "request_id"], set_=changed)


_IDS = rows("ids", customer_id=Integer(), request_id=BigInteger())
_PEOPLE = rows("people", customer_id=Integer())


def _same(table: Any) -> ColumnElement[bool]:
    return and_(table.c.customer_id == _IDS.c.customer_id, table.c.request_id == _IDS.c.request_id)


_FOLLOW = (_gone(_IDS, _same(recipient)), _there(_IDS, _same(request)))
_FOLLOW_ALL = (
    _gone(_PEOPLE, recipient.c.customer_id == _PEOPLE.c.customer_id),
    _there(_PEOPLE, request.c.customer_id == _PEOPLE.c.customer_id),
)


def follow(ctx: Ctx, ids: Ids) -> None:
    """Bring the rows of these requests, of whatever route, in line with the requests."""
    if ids:
        values = given(_IDS, customer_id=[one for one, _ in ids], request_id=[two for _, two in ids])
        for statement in _FOLLOW:  # set-loop: two statements
            ctx.tx.execute(statement, values)
        people.follow(ctx, ids)


def follow_people(ctx: Ctx, customer_ids: Sequence[int]) -> None:
    """The same for all requests of these customers."""
    if customer_ids:
        values = given(_PEOPLE, customer_id=sorted(set(customer_ids)))
        for statement in _FOLLOW_ALL:  # set-loop: two statements
            ctx.tx.execute(statement, values)
