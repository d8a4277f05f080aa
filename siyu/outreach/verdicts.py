"""Private: the statement of the decision: the order of the reasons, what each looks at, what is written for each."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any, Literal

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Date,
    DateTime,
    Double,
    Integer,
    Subquery,
    Text,
    and_,
    bindparam,
    case,
    cast,
    exists,
    false,
    func,
    literal_column,
    null,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.sql.dml import ReturningUpdate

from siyu.customers import queries as customers
from siyu.kernel.clock import machine
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import rows, unguessed
from siyu.outreach.reasons import codes
from siyu.outreach.store import recipient, refusal, request, seen, tally, window
from siyu.outreach.types import TASK_ROUTES, WELCOMES, Cap, Route, State, WindowRule

Mode = Literal["sort", "people", "mass"]
"""sort: decide only (a person's send becomes ready, a mass send gathered). people / mass: claim what may go now."""

BATCHED = (Route.OA_MASS, *TASK_ROUTES)
"""Routes whose recipients are gathered into one call."""
UNCOUNTED = (Route.WEBHOOK,)
"""Routes that carry no message to the person: caps, quiet hours, opt-out and consent do not concern them."""
UNCAPPED = (*UNCOUNTED, Route.MOMENTS)
"""Routes that count for no person's cap."""
TIMES = ("quiet_until", "quiet_why", "today", "monday", "first", "day_free", "week_free", "month_free", "tomorrow")
BROADCAST = ("broadcast_from", "broadcast_most", "broadcast_free")
"""The parameters that are times of ``policy.Times``."""

GIVEN = rows(
    "given",
    customer_id=Integer(),
    request_id=BigInteger(),
    expires_at=DateTime(timezone=True),
    own=Boolean(),
    way=Integer(),
    address=Text(),
    open=Boolean(),
    staff=Text(),
    left=Boolean(),
    round_at=DateTime(timezone=True),
)
WAY = rows(
    "way",
    number=Integer(),
    choice=Integer(),
    route=Text(),
    account_id=Integer(),
    said=Integer(),
    exempt=Boolean(),
    has_next=Boolean(),
    gather_until=DateTime(timezone=True),
    account=Boolean(),
    content=Boolean(),
    calls=Boolean(),
)
_NOW = bindparam("now", type_=DateTime(timezone=True))
_TODAY = bindparam("today", type_=Date)


@lru_cache(maxsize=64)
def statement(
    mode: Mode, caps: Sequence[Cap], windows: Sequence[WindowRule], mass_month: int, system_time: bool
) -> ReturningUpdate[*tuple[Any, ...]]:
    """The statement of a mode under the parts of a policy that shape it; what changes with time are parameters."""
    found = _judged(caps, windows, mass_month, system_time)
    verdict, until = found.c.verdict, found.c.until
    later, routed = verdict.in_(_texts(codes("later"))), verdict.in_(_texts(codes("route")))
    in_time = and_(until.is_not(None), or_(until < found.c.expires_at, verdict == _text("push_open")))
    soon = and_(in_time, until <= bindparam("soon", type_=DateTime(timezone=True)))
    onward = and_(routed, found.c.has_next, ~func.coalesce(soon, false()))
    put_off = and_(or_(later, routed), func.coalesce(in_time, false()), ~onward)
    goes = verdict == _text("now")
    task = found.c.route.in_(_texts(TASK_ROUTES))
    # Whom it went to must not change before it is repeated or looked up.
    kept = or_(task, found.c.route == _text(Route.KF))
    gathering = and_(goes, found.c.route.in_(_texts(BATCHED))) if mode != "mass" else false()
    planned = and_(gathering, task)
    claimed = and_(goes, ~gathering) if mode != "sort" else false()
    state = case(
        (planned, _text(State.PLANNED)),
        (gathering, _text(State.GATHERED)),
        (claimed, _text(State.CLAIMED)),
        (goes, _text(State.READY)),
        (or_(onward, put_off), _text(State.WAITING)),
        else_=_text(State.NOT_SENT),
    )
    return (
        update(request)
        .where(
            request.c.customer_id == found.c.customer_id,
            request.c.request_id == found.c.request_id,
            unguessed(
                request.c.state.in_(_texts((State.WAITING, State.READY, State.GATHERED, State.PLANNED))),
                request.c.due_at <= _NOW,
                request.c.choice == found.c.choice,
            ),
        )
        .values(
            state=state,
            reason=case((planned, _text("planned")), (gathering, _text("gathering")), else_=verdict),
            detail=null(),
            choice=found.c.choice + case((onward, 1), else_=0),
            due_at=case((put_off, until), (planned, found.c.round_at), (gathering, found.c.gather_until), else_=_NOW),
            route=found.c.route,
            account_id=found.c.account_id,
            staff=case((task, found.c.staff), else_=null()),
            address=case((and_(claimed, kept), found.c.address), else_=null()),
            trigger=case((claimed, found.c.trigger), else_=null()),
            decided_at=_NOW,
            batch_id=case((claimed, bindparam("batch_id", type_=BigInteger)), else_=null()),
            claimed_at=case((claimed, _NOW), else_=null()),
            claimed_day=case((claimed, _TODAY), else_=null()),
            done_at=case((state == _text(State.NOT_SENT), _NOW), else_=null()),
        )
        .returning(
            request.c.customer_id,
            request.c.request_id,
            request.c.state,
            request.c.reason,
            request.c.message_id,
            request.c.choice,
            request.c.route,
            request.c.account_id,
            request.c.trigger,
            found.c.address,
            found.c.staff,
        )
    )


def _judged(caps: Sequence[Cap], windows: Sequence[WindowRule], mass_month: int, system_time: bool) -> Subquery:
    """Every candidate with its verdict (a reason's code), until when, and what a send would use.

    Everything known already comes along as arrays and the rest is looked up person by person by primary key, so that no
    plan depends on what the planner guesses: joined with tables that nobody had analysed yet, 4,000 rows took minutes.
    """
    given, way = GIVEN, WAY
    reach = customers.reachability
    counts = way.c.route.not_in(_texts(UNCOUNTED))
    pushed = and_(counts, ~given.c.own)
    counted = and_(pushed, ~way.c.exempt)
    capped = and_(counted, way.c.route.not_in(_texts(UNCAPPED)))
    official = way.c.route.in_(_texts((Route.OA_MASS, Route.OA_CUSTOM, Route.OA_TEMPLATE)))
    task = way.c.route.in_(_texts(TASK_ROUTES))
    group_send = way.c.route == _text(Route.WECOM_GROUP_SEND)
    welcome = way.c.route.in_(_texts(WELCOMES))
    windowed = way.c.route.in_(_texts((Route.OA_CUSTOM, Route.KF)))
    known = way.c.route.not_in(_texts((Route.WEBHOOK, *WELCOMES)))
    trigger = _open_window(windows, system_time, spent=False)
    any_window = _open_window(windows, system_time, spent=True)
    quiet_until = _moment("quiet_until")
    whens: list[tuple[ColumnElement[bool], ColumnElement[str]]] = [
        (reach.c.customer_id.is_(None), _text("erased")),
        (given.c.expires_at <= _NOW, _text("expired")),
        # A text may be said again in answer, or as a welcome; a content of the library never comes twice.
        (and_(or_(way.c.said > 0, and_(way.c.said < 0, counted)), _seen()), _text("already_had_content")),
        (and_(counts, reach.c.blacklisted), _text("blacklisted")),
        (and_(pushed, reach.c.opted_out), _text("opted_out")),
        (and_(pushed, ~reach.c.contact_consent), _text("no_consent")),
        (and_(counted, quiet_until.is_not(None)), bindparam("quiet_why", type_=Text)),
        *(when for cap in _caps(caps) for when in _cap_whens(cap, capped)),
        (~way.c.account, _text("account_missing")),
        (and_(welcome, given.c.address.is_(None)), _text("no_welcome_code")),
        (and_(welcome, ~given.c.open), _text("welcome_late")),
        (and_(known, given.c.address.is_(None)), _text("unreachable")),
        (and_(task, given.c.left), _text("sender_left")),
        (and_(task, ~given.c.open), _text("not_contact")),
        (and_(official, ~given.c.open), _text("not_following")),
        (and_(official, _refused()), _text("blocked")),
        (~way.c.content, _text("content_unusable")),
        (and_(windowed, trigger.is_(None), any_window.is_not(None)), _text("window_full")),
        (and_(windowed, trigger.is_(None)), _text("window_closed")),
        (and_(way.c.route == _text(Route.OA_MASS), _month() >= mass_month), _text("quota_month")),
        (and_(group_send, _broadcast() >= bindparam("broadcast_most", type_=Integer)), _text("quota_broadcast")),
        (and_(way.c.route == _text(Route.MOMENTS), ~way.c.calls), _text("quota_moments")),
        (~way.c.calls, _text("quota_day")),
    ]
    # OFFSET 0 is a fence: without it the verdict is planned and run anew for each column that uses it (measured: 0.6 s
    # for one row instead of 0.06 s).
    base = (
        select(
            given.c.customer_id,
            given.c.request_id,
            given.c.expires_at,
            given.c.address,
            given.c.staff,
            given.c.round_at,
            way.c.choice,
            way.c.route,
            way.c.account_id,
            way.c.has_next,
            way.c.gather_until,
            case((windowed, trigger), else_=null()).label("trigger"),
            case(*whens, else_=_text("now")).label("verdict"),
        )
        .join_from(given, way, way.c.number == given.c.way)
        .outerjoin(reach, reach.c.customer_id == given.c.customer_id)
        .offset(literal_column("0"))
        .subquery("base")
    )
    until = case(
        (base.c.verdict.in_(_texts(("quiet_hours", "holiday"))), quiet_until),
        (base.c.verdict.in_(_texts(("cap_day", "cap_route_day"))), _moment("day_free")),
        (base.c.verdict.in_(_texts(("cap_week", "cap_route_week"))), _moment("week_free")),
        (base.c.verdict.in_(_texts(("quota_month", "quota_moments"))), _moment("month_free")),
        (base.c.verdict == _text("quota_broadcast"), _moment("broadcast_free")),
        # It is decided again as soon as the earlier one is settled; by then it should be.
        (base.c.verdict == _text("push_open"), func.least(_moment("settled_by"), base.c.expires_at)),
        (base.c.verdict == _text("quota_day"), _moment("tomorrow")),
        else_=null(),
    )
    last = select(*base.c, cast(until, DateTime(timezone=True)).label("until"))
    return last.offset(literal_column("0")).subquery("judged")


def _moment(name: str) -> ColumnElement[datetime]:
    return bindparam(name, type_=DateTime(timezone=True))


def _text(value: str) -> ColumnElement[str]:
    """A word of this file as a constant of the statement, not as one of a hundred parameters."""
    return literal_column(f"'{value}'", Text())


def _texts(values: Iterable[str]) -> list[ColumnElement[str]]:
    return [_text(value) for value in values]


def _seen() -> ColumnElement[bool]:
    return exists(
        select(true())
        .select_from(seen)
        .where(seen.c.customer_id == GIVEN.c.customer_id, seen.c.content_id == WAY.c.said)
        .correlate(GIVEN, WAY)
    )


def _refused() -> ColumnElement[bool]:
    return exists(
        select(true())
        .select_from(refusal)
        .where(refusal.c.customer_id == GIVEN.c.customer_id, refusal.c.account_id == WAY.c.account_id)
        .correlate(GIVEN, WAY)
    )


def _caps(caps: Sequence[Cap]) -> list[Cap]:
    """Weeks before days: the longer wait is the true one."""
    return sorted(caps, key=lambda cap: (cap.period != "week", cap.route is not None))


def _cap_code(cap: Cap) -> str:
    return f"cap_{cap.period}" if cap.route is None else f"cap_route_{cap.period}"


def _cap_whens(cap: Cap, capped: ColumnElement[bool]) -> Iterator[tuple[ColumnElement[bool], ColumnElement[str]]]:
    reached = and_(capped, _capped(cap))
    if cap.route is Route.WECOM_GROUP_SEND and cap.period == "day":
        # On which day it will count is not known before it is settled.
        yield and_(reached, _open_pushes() > 0), _text("push_open")
    yield reached, _text(_cap_code(cap))


def _capped(cap: Cap) -> ColumnElement[bool]:
    first = _TODAY if cap.period == "day" else bindparam("monday", type_=Date)
    total = select(func.coalesce(func.sum(tally.c.capped), 0))
    total = total.where(tally.c.customer_id == GIVEN.c.customer_id, tally.c.day >= first)
    if cap.route is not None:
        total = total.where(tally.c.route == _text(cap.route))
    count: ColumnElement[Any] = total.correlate(GIVEN, WAY).scalar_subquery()
    if cap.route in (None, Route.WECOM_GROUP_SEND):
        count = count + _open_pushes(before=first)
    reached = count >= cap.most
    return reached if cap.route is None else and_(WAY.c.route == _text(cap.route), reached)


def _open_pushes(before: ColumnElement[date] | None = None) -> ColumnElement[int]:
    """Group sends to this person that are with a salesperson or on their way there, of all days or of those before one:
    they may be received today, whenever they were handed over."""
    mine = [
        recipient.c.customer_id == GIVEN.c.customer_id,
        recipient.c.route == _text(Route.WECOM_GROUP_SEND),
        recipient.c.state.in_(_texts((State.CLAIMED, State.HANDED))),
    ]
    if before is not None:
        mine.append(recipient.c.claimed_day < before)
    return select(func.count()).select_from(recipient).where(*mine).correlate(GIVEN, WAY).scalar_subquery()


def _month() -> ColumnElement[int]:
    """Mass sends of the account to this follower in this natural month, exempt ones included."""
    return _sends(Route.OA_MASS, "first")


def _broadcast() -> ColumnElement[int]:
    """Group sends to this customer in the period that WeCom counts, exempt ones included, and those of before that may
    be received in it."""
    since = bindparam("broadcast_from", type_=Date)
    return _sends(Route.WECOM_GROUP_SEND, "broadcast_from") + _open_pushes(before=since)


def _sends(route: Route, since: str) -> ColumnElement[int]:
    return (
        select(func.coalesce(func.sum(tally.c.sends), 0))
        .where(
            tally.c.customer_id == GIVEN.c.customer_id,
            tally.c.day >= bindparam(since, type_=Date),
            tally.c.route == _text(route),
            tally.c.account_id == WAY.c.account_id,
        )
        .correlate(GIVEN, WAY)
        .scalar_subquery()
    )


def _shortest(windows: Sequence[WindowRule]) -> list[WindowRule]:
    return sorted(windows, key=lambda rule: rule.seconds)


def _by_machine(rule: WindowRule, system_time: bool) -> bool:
    """Windows of a minute or less count in machine time unless the clock is the system clock (ARCHITECTURE.md section
    4)."""
    return rule.seconds <= 60 and not system_time


def opened(ctx: Ctx, windows: Sequence[WindowRule]) -> Iterator[datetime | float]:
    """Since when each window must have been opened to be open, shortest first."""
    for rule in _shortest(windows):
        if _by_machine(rule, ctx.system_time):
            yield machine() - rule.seconds
        else:
            yield ctx.now - timedelta(seconds=rule.seconds)


def _open_window(windows: Sequence[WindowRule], system_time: bool, *, spent: bool) -> ColumnElement[str]:
    """The trigger of the shortest window that is open; ``spent``: whatever was used of it, else with messages left."""
    rules = _shortest(windows)
    fits = []
    for number, rule in enumerate(rules):
        if _by_machine(rule, system_time):
            opened = window.c.opened_machine > bindparam(f"opened_{number}", type_=Double)
        else:
            opened = window.c.opened_at > bindparam(f"opened_{number}", type_=DateTime(timezone=True))
        left = true() if spent else window.c.used < rule.messages
        fits.append(and_(window.c.trigger == rule.trigger, opened, left))
    order = case(*((window.c.trigger == rule.trigger, rule.seconds) for rule in rules), else_=0)
    return (
        select(window.c.trigger)
        .where(window.c.customer_id == GIVEN.c.customer_id, window.c.account_id == WAY.c.account_id)
        .where(or_(false(), *fits))
        .order_by(order)
        .limit(literal_column("1"))
        .correlate(GIVEN, WAY)
        .scalar_subquery()
    )
