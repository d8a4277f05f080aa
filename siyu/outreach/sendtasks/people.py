"""Private: what became of each person of each send task, kept when the request goes on by another way."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    DateTime,
    Integer,
    Row,
    Text,
    and_,
    bindparam,
    case,
    func,
    literal,
    literal_column,
    null,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert

from siyu.kernel.ctx import Ctx
from siyu.kernel.db import given, ids_of, rows
from siyu.kernel.paging import Page, cursor, numbers
from siyu.outreach.store import recipient, request, task, task_person
from siyu.outreach.telling import Ids
from siyu.outreach.types import Route, State

STOPS = ("opted_out", "no_consent", "blacklisted", "erased")
"""Why a person is to be sent no more: such a request ends with this reason."""


class Fate(StrEnum):
    """What became of a person in one send task. PLANNED is no row of it yet; HANDING and WAITING are open.

    NOT_HANDED: WeCom did not take the person into the task. FAILED: not reached, as WeCom says. EXPIRED: not confirmed
    in time. WITHDRAWN: not to be sent to any more. MOVED: goes in another task. UNKNOWN: nobody can say.
    """

    PLANNED = "planned"
    HANDING = "handing"
    WAITING = "waiting"
    RECEIVED = "received"
    NOT_HANDED = "not_handed"
    FAILED = "failed"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    MOVED = "moved"
    UNKNOWN = "unknown"


OPEN = (Fate.HANDING, Fate.WAITING)
MISSED = (Fate.FAILED, Fate.EXPIRED, Fate.WITHDRAWN, Fate.MOVED)
"""People who were in a task and are certainly not reached by it."""
GOES_ON = (State.WAITING, State.READY, State.GATHERED, State.PLANNED)


@dataclass(frozen=True, slots=True)
class Onward:
    """How the request of a person who left a task goes on or went on: by ``route`` (None: not decided yet), until when
    it waits (None: it does not)."""

    route: Route | None
    state: State
    reason: str
    until: datetime | None


@dataclass(frozen=True, slots=True)
class TaskPerson:
    """One person of a send task: what became of it there, why (a reason's code, with what was said of it) and when;
    ``onward`` where the request went on afterwards."""

    customer_id: int
    request_id: int
    fate: Fate
    reason: str
    detail: str | None
    at: datetime
    onward: Onward | None = None


def _word(value: str) -> Any:
    return literal_column(f"'{value}'", Text())


_fate = case(
    (request.c.state == _word(State.CLAIMED), _word(Fate.HANDING)),
    (request.c.state == _word(State.HANDED), _word(Fate.WAITING)),
    (request.c.state.in_([_word(State.RECEIVED), _word(State.ACCEPTED)]), _word(Fate.RECEIVED)),
    (request.c.reason == _word("uncertain"), _word(Fate.UNKNOWN)),
    (request.c.reason == _word("not_confirmed"), _word(Fate.EXPIRED)),
    (request.c.reason.in_([_word(one) for one in ("cancelled", "merged", *STOPS)]), _word(Fate.WITHDRAWN)),
    (request.c.state == _word(State.PLANNED), _word(Fate.MOVED)),
    else_=_word(Fate.FAILED),
)
_IDS = rows("ids", customer_id=Integer(), request_id=BigInteger())
_NAMES = ["customer_id", "request_id", "task_id", "state", "reason", "detail", "at"]
_NEW = upsert(task_person).from_select(
    _NAMES,
    select(
        request.c.customer_id,
        request.c.request_id,
        request.c.task_id,
        _fate,
        request.c.reason,
        request.c.detail,
        func.coalesce(request.c.done_at, bindparam("now", type_=DateTime(timezone=True))),
    )
    .join_from(
        _IDS,
        request,
        and_(request.c.customer_id == _IDS.c.customer_id, request.c.request_id == _IDS.c.request_id),
    )
    .where(request.c.task_id.is_not(None)),
)
# Who left a task is written no more: the request still names it while it goes another way.
_FOLLOW = _NEW.on_conflict_do_update(
    index_elements=["customer_id", "request_id", "task_id"],
    set_={
        "state": case(
            (
                and_(task_person.c.state == _word(Fate.HANDING), _NEW.excluded.state == _word(Fate.FAILED)),
                _word(Fate.NOT_HANDED),
            ),
            else_=_NEW.excluded.state,
        ),
        "reason": _NEW.excluded.reason,
        "detail": _NEW.excluded.detail,
        "at": _NEW.excluded.at,
    },
    where=task_person.c.state.in_([_word(one) for one in OPEN]),
)


def follow(ctx: Ctx, ids: Ids) -> None:
    """Bring what is kept of these requests' tasks in line with the requests."""
    if ids:
        values = given(_IDS, customer_id=[one for one, _ in ids], request_id=[two for _, two in ids])
        ctx.tx.execute(_FOLLOW, values | {"now": ctx.now})


def forget(ctx: Ctx, customer_ids: Sequence[int]) -> None:
    """Drop what the platform said of erased customers; that they were in a task stays as a number."""
    these = ids_of(customer_ids).scalar_subquery()
    mine = and_(task_person.c.customer_id.in_(these), task_person.c.detail.is_not(None))
    ctx.tx.execute(update(task_person).where(mine).values(detail=None))


_COUNTS = (
    select(task_person.c.state, func.count().label("people"))
    .where(task_person.c.task_id == bindparam("of_task", type_=BigInteger))
    .group_by(task_person.c.state)
)


def counts(ctx: Ctx, task_id: int) -> dict[Fate, int]:
    """How many people of a task stand where."""
    return {Fate(row.state): row.people for row in ctx.tx.execute(_COUNTS, {"of_task": task_id})}


def numbers_of(ctx: Ctx, task_id: int) -> dict[str, int]:
    """A task's numbers of people, as it keeps them."""
    found = counts(ctx, task_id)
    return {
        "received": found.get(Fate.RECEIVED, 0),
        "failed": sum(found.get(one, 0) for one in MISSED),
        "unknown": found.get(Fate.UNKNOWN, 0),
    }


_TASK = bindparam("of_task", type_=BigInteger)
_ONWARD = or_(
    request.c.task_id != task_person.c.task_id,
    request.c.choice != task.c.choice,
    request.c.state.in_([_word(one) for one in GOES_ON]),
)
_waits = request.c.state.in_([_word(one) for one in GOES_ON])
_PEOPLE = (
    select(
        *(task_person.c[name] for name in _NAMES if name != "task_id"),
        case((_ONWARD, request.c.state), else_=null()).label("then_state"),
        request.c.reason.label("then_reason"),
        request.c.route.label("then_route"),
        case((_waits, request.c.due_at), else_=null()).label("then_until"),
    )
    .join_from(task_person, task, task.c.task_id == task_person.c.task_id)
    .outerjoin(
        request,
        and_(
            request.c.customer_id == task_person.c.customer_id,
            request.c.request_id == task_person.c.request_id,
            task_person.c.state.in_([_word(one) for one in (Fate.NOT_HANDED, *MISSED)]),
        ),
    )
    .where(
        task_person.c.task_id == _TASK,
        func.coalesce(bindparam("of_state", type_=Text), task_person.c.state) == task_person.c.state,
        tuple_(task_person.c.customer_id, task_person.c.request_id)
        > tuple_(bindparam("last_customer", type_=Integer), bindparam("last_request", type_=BigInteger)),
    )
    .order_by(task_person.c.customer_id, task_person.c.request_id)
    .limit(bindparam("most", type_=Integer))
)


def of_task(ctx: Ctx, task_id: int, fate: Fate | None, after: str | None, limit: int) -> Page[TaskPerson]:
    """The people of a task, all or those of one fate. Raises BadCursor."""
    values = {"of_task": task_id, "of_state": fate and fate.value, "most": limit + 1} | _after(after)
    found = ctx.tx.execute(_PEOPLE, values).all()
    return _page([_person(row) for row in found], limit)


def _after(after: str | None) -> dict[str, int]:
    customer_id, request_id = numbers(after, 2) if after else (0, 0)
    return {"last_customer": customer_id, "last_request": request_id}


def _page(found: list[TaskPerson], limit: int) -> Page[TaskPerson]:
    shown = found[:limit]
    more = cursor(shown[-1].customer_id, shown[-1].request_id) if len(found) > limit else None
    return Page(shown, more)


def _person(row: Row[*tuple[Any, ...]]) -> TaskPerson:
    onward = None
    if row.then_state is not None:
        # A request that waits to be decided names the route of before.
        route = None if row.then_state == State.WAITING else Route(row.then_route)
        onward = Onward(route, State(row.then_state), row.then_reason, row.then_until)
    return TaskPerson(row.customer_id, row.request_id, Fate(row.state), row.reason, row.detail, row.at, onward)


@dataclass(frozen=True, slots=True)
class Group:
    """The people of a planned task: of one choice of one message, due between two moments."""

    message_id: int
    choice: int
    first: datetime
    last: datetime

    @property
    def key(self) -> str:
        """How the desk names it."""
        return f"p{self.message_id}-{self.choice}-{_micros(self.first)}-{_micros(self.last)}"


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _micros(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(microseconds=1)


def read_key(key: str) -> Group | int | None:
    """What a key of the desk names: a planned group, or a task by its number; None: nothing."""
    parts = key[1:].split("-")
    if not all(part.isascii() and part.isdigit() and len(part) <= 18 for part in parts):
        return None
    if key[:1] == "t" and len(parts) == 1:
        return int(parts[0])
    if key[:1] == "p" and len(parts) == 4:
        message_id, choice, first, last = map(int, parts)
        if message_id < 2**31 and choice < 2**15 and max(first, last) < 2**52:
            return Group(message_id, choice, *(_EPOCH + timedelta(microseconds=one) for one in (first, last)))
    return None


_GROUP = and_(
    recipient.c.state == _word("planned"),
    recipient.c.staff == bindparam("of_staff", type_=Text),
    recipient.c.message_id == bindparam("of_message", type_=Integer),
    recipient.c.choice == bindparam("of_choice", type_=Integer),
    recipient.c.due_at.between(
        bindparam("first", type_=DateTime(timezone=True)), bindparam("last", type_=DateTime(timezone=True))
    ),
)
_COUNT = select(func.count()).where(_GROUP)
_PLANNED = (
    select(
        recipient.c.customer_id,
        recipient.c.request_id,
        literal(Fate.PLANNED.value).label("state"),
        recipient.c.reason,
        literal(None, Text()).label("detail"),
        recipient.c.due_at.label("at"),
        literal(None, Text()).label("then_state"),
    )
    .where(
        _GROUP,
        tuple_(recipient.c.customer_id, recipient.c.request_id)
        > tuple_(bindparam("last_customer", type_=Integer), bindparam("last_request", type_=BigInteger)),
    )
    .order_by(recipient.c.customer_id, recipient.c.request_id)
    .limit(bindparam("most", type_=Integer))
)


def of_group(
    ctx: Ctx, staff: str, group: Group, fate: Fate | None, after: str | None, limit: int
) -> tuple[dict[Fate, int], Page[TaskPerson]]:
    """How many people a planned task of a sender has, and who; ``at`` is their round. Raises BadCursor."""
    values: dict[str, Any] = {
        "of_staff": staff,
        "of_message": group.message_id,
        "of_choice": group.choice,
        "first": group.first,
        "last": group.last,
    }
    people = ctx.tx.execute(_COUNT, values).scalar_one()
    counted = {Fate.PLANNED: people} if people else {}
    if fate not in (None, Fate.PLANNED):
        return counted, Page([], None)
    found = ctx.tx.execute(_PLANNED, values | _after(after) | {"most": limit + 1}).all()
    return counted, _page([_person(row) for row in found], limit)
