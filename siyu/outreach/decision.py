"""Private: the decision. One statement gives each of a set of requests exactly one outcome with its reason.

The caller has locked the persons (``outreach_person``) and holds at most one request of each, so that what this
statement reads about a person (seen-set, tallies, windows) cannot change before it is written.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    DateTime,
    Float,
    Integer,
    Row,
    Subquery,
    Text,
    and_,
    bindparam,
    case,
    cast,
    exists,
    false,
    func,
    literal,
    null,
    or_,
    select,
    true,
    union_all,
    update,
)
from sqlalchemy.types import TypeEngine

from siyu.customers import queries as customers
from siyu.kernel.clock import machine
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import unnest
from siyu.outreach.policy import Times
from siyu.outreach.reasons import codes
from siyu.outreach.store import choice, message, refusal, request, seen, tally, window
from siyu.outreach.types import Cap, Policy, Route, State

Mode = Literal["sort", "people", "mass"]
"""sort: decide only (a person's send becomes ready, a mass send gathered). people / mass: claim what may go now."""

SOON = timedelta(hours=1)
"""A request waits at most so long for a route's quota while another choice is named."""

BATCHED = (Route.OA_MASS,)
"""Routes whose recipients are gathered into one call."""
UNCOUNTED = (Route.WEBHOOK,)
"""Routes that carry no message to the person: caps, quiet hours, opt-out and consent do not concern them."""


class Candidate(NamedTuple):
    """A locked request with the choice that is to be judged."""

    customer_id: int
    request_id: int
    message_id: int
    choice: int
    route: str
    account_id: int


@dataclass(frozen=True, slots=True)
class Rules:
    """What is the same for all requests of one decision.

    ``accounts``: usable (account_id, kind). ``exhausted``: (route, account_id) whose calls of this day are used up.
    ``unusable``: (message_id, choice) that content cannot make a message of.
    """

    policy: Policy
    times: Times
    accounts: Sequence[tuple[int, str]]
    exhausted: Sequence[tuple[str, int]]
    unusable: Sequence[tuple[int, int]]


def decide(
    ctx: Ctx, rules: Rules, candidates: Sequence[Candidate], mode: Mode, batch_id: int | None = None
) -> Sequence[Row[*tuple[Any, ...]]]:
    """Decide and write; a request that was withdrawn meanwhile is left out.

    Rows: (customer_id, request_id, state, reason, message_id, choice, route, account_id, trigger, openid).
    """
    found = _judged(ctx, rules, candidates, mode)
    verdict, until = found.c.verdict, found.c.until
    later, routed = verdict.in_(codes("later")), verdict.in_(codes("route"))
    in_time = and_(until.is_not(None), until < found.c.expires_at)
    soon = and_(in_time, until <= ctx.now + SOON)
    onward = and_(routed, found.c.has_next, ~func.coalesce(soon, False))
    put_off = and_(or_(later, routed), func.coalesce(in_time, False), ~onward)
    goes = verdict == "now"
    batched = found.c.route.in_(BATCHED)
    gathering = and_(goes, batched, literal(mode != "mass"))
    claimed = and_(goes, ~gathering, literal(mode != "sort"))
    state = case(
        (gathering, State.GATHERED.value),
        (claimed, State.CLAIMED.value),
        (goes, State.READY.value),
        (or_(onward, put_off), State.WAITING.value),
        else_=State.NOT_SENT.value,
    )
    now = literal(ctx.now, DateTime(timezone=True))
    changed = (
        update(request)
        .where(
            request.c.customer_id == found.c.customer_id,
            request.c.request_id == found.c.request_id,
            request.c.state.in_((State.WAITING.value, State.READY.value, State.GATHERED.value)),
            request.c.due_at <= ctx.now,
        )
        .values(
            state=state,
            reason=case((gathering, "gathering"), else_=verdict),
            detail=null(),
            choice=found.c.choice + case((onward, 1), else_=0),
            due_at=case((put_off, until), (gathering, found.c.gather_until), else_=now),
            route=found.c.route,
            account_id=found.c.account_id,
            trigger=case((claimed, found.c.trigger), else_=null()),
            decided_at=ctx.now,
            batch_id=case((claimed, literal(batch_id, BigInteger())), else_=null()),
            claimed_at=case((claimed, now), else_=null()),
            claimed_day=case((claimed, literal(rules.times.today)), else_=null()),
            done_at=case((state == State.NOT_SENT.value, now), else_=null()),
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
            found.c.openid,
        )
    )
    return ctx.tx.execute(changed).all()


def _judged(ctx: Ctx, rules: Rules, candidates: Sequence[Candidate], mode: Mode) -> Subquery:
    """Every candidate with its verdict (a reason's code), until when, and what a send would use."""
    given = unnest(
        "given",
        customer_id=(Integer(), [item.customer_id for item in candidates]),
        request_id=(BigInteger(), [item.request_id for item in candidates]),
    )
    reach = customers.reachability
    openids = addresses({item.account_id for item in candidates if item.route != Route.WEBHOOK})
    counted = and_(choice.c.route.not_in(UNCOUNTED), ~message.c.exempt, request.c.answers.is_(None))
    pushed = and_(choice.c.route.not_in(UNCOUNTED), request.c.answers.is_(None))
    official = choice.c.route.in_([route.value for route in (Route.OA_MASS, Route.OA_CUSTOM, Route.OA_TEMPLATE)])
    trigger = _open_window(ctx, rules.policy, spent=False)
    times = rules.times
    whens: list[tuple[ColumnElement[bool], str]] = [
        (reach.c.customer_id.is_(None), "erased"),
        (request.c.expires_at <= ctx.now, "expired"),
        (and_(message.c.content_id.is_not(None), _seen()), "already_had_content"),
        (and_(choice.c.route.not_in(UNCOUNTED), reach.c.blacklisted), "blacklisted"),
        (and_(pushed, reach.c.opted_out), "opted_out"),
        (and_(pushed, ~reach.c.contact_consent), "no_consent"),
        (and_(counted, literal(times.quiet_until is not None)), "quiet_hours"),
        *((and_(counted, _capped(cap, times)), _cap_code(cap)) for cap in _caps(rules.policy)),
        (~_pair_in(choice.c.account_id, _kind(), rules.accounts), "account_missing"),
        (and_(official, openids.c.openid.is_(None)), "unreachable"),
        (and_(official, ~openids.c.followed), "not_following"),
        (and_(official, _refused()), "blocked"),
        (_pair_in(request.c.message_id, choice.c.choice, rules.unusable), "content_unusable"),
        (
            and_(
                choice.c.route == Route.OA_CUSTOM.value,
                trigger.is_(None),
                _open_window(ctx, rules.policy, spent=True).is_not(None),
            ),
            "window_full",
        ),
        (and_(choice.c.route == Route.OA_CUSTOM.value, trigger.is_(None)), "window_closed"),
        (and_(choice.c.route == Route.OA_MASS.value, _month(times) >= rules.policy.quotas.mass_month), "quota_month"),
        (_pair_in(choice.c.route, choice.c.account_id, rules.exhausted), "quota_day"),
    ]
    # OFFSET 0 is a fence: without it the verdict is planned and run anew for each column that uses it (measured: 0.6 s
    # for one row instead of 0.06 s).
    base = (
        select(
            given.c.customer_id,
            given.c.request_id,
            request.c.choice,
            request.c.expires_at,
            choice.c.route,
            choice.c.account_id,
            (request.c.choice + 1 < message.c.choices).label("has_next"),
            openids.c.openid,
            case((choice.c.route == Route.OA_CUSTOM.value, trigger), else_=null()).label("trigger"),
            _gather_until(times).label("gather_until"),
            case(*whens, else_="now").label("verdict"),
        )
        .join_from(
            given,
            request,
            and_(request.c.customer_id == given.c.customer_id, request.c.request_id == given.c.request_id),
        )
        .join(message, message.c.message_id == request.c.message_id)
        .join(choice, and_(choice.c.message_id == request.c.message_id, choice.c.choice == request.c.choice))
        .outerjoin(reach, reach.c.customer_id == given.c.customer_id)
        .offset(0)
        .outerjoin(
            openids, and_(openids.c.customer_id == given.c.customer_id, openids.c.account_id == choice.c.account_id)
        )
        .subquery("base")
    )
    until = case(
        (base.c.verdict == "quiet_hours", _moment(times.quiet_until)),
        (base.c.verdict.in_(("cap_day", "cap_route_day")), _moment(times.day_free)),
        (base.c.verdict.in_(("cap_week", "cap_route_week")), _moment(times.week_free)),
        (base.c.verdict == "quota_month", _moment(times.month_free)),
        (base.c.verdict == "quota_day", _moment(times.tomorrow)),
        else_=null(),
    )
    return select(*base.c, cast(until, DateTime(timezone=True)).label("until")).offset(0).subquery("judged")


def _moment(value: datetime | None) -> ColumnElement[datetime]:
    return literal(value, DateTime(timezone=True))


def _kind() -> ColumnElement[str]:
    return case((choice.c.route == Route.WEBHOOK.value, "webhook"), else_="oa")


def _pair_in(
    first: ColumnElement[Any], second: ColumnElement[Any], pairs: Sequence[tuple[Any, Any]]
) -> ColumnElement[bool]:
    """(first, second) is one of the pairs; two parameters whatever their number."""
    if not pairs:
        return false()
    kinds: dict[type, TypeEngine[Any]] = {int: Integer(), str: Text()}
    relation = unnest(
        "pairs",
        a=(kinds[type(pairs[0][0])], [pair[0] for pair in pairs]),
        b=(kinds[type(pairs[0][1])], [pair[1] for pair in pairs]),
    )
    return exists(select(true()).select_from(relation).where(relation.c.a == first, relation.c.b == second))


def addresses(account_ids: Iterable[int]) -> Subquery:
    """(customer_id, account_id, openid, followed) over the given Official Accounts."""
    parts = []
    for account_id in sorted(set(account_ids)):
        relation = customers.openids(account_id)
        account = literal(account_id, Integer()).label("account_id")
        parts.append(select(relation.c.customer_id, account, relation.c.openid, relation.c.followed))
    if not parts:
        nobody = (cast(null(), Integer()).label("customer_id"), cast(null(), Integer()).label("account_id"))
        return select(*nobody, cast(null(), Text()).label("openid"), false().label("followed")).subquery("openids")
    return union_all(*parts).subquery("openids") if len(parts) > 1 else parts[0].subquery("openids")


def _seen() -> ColumnElement[bool]:
    return exists(
        select(true())
        .select_from(seen)
        .where(seen.c.customer_id == request.c.customer_id, seen.c.content_id == message.c.content_id)
        .correlate(request, message)
    )


def _refused() -> ColumnElement[bool]:
    return exists(
        select(true())
        .select_from(refusal)
        .where(refusal.c.customer_id == request.c.customer_id, refusal.c.account_id == choice.c.account_id)
        .correlate(request, choice)
    )


def _caps(policy: Policy) -> list[Cap]:
    """Weeks before days: the longer wait is the true one."""
    return sorted(policy.caps, key=lambda cap: (cap.period != "week", cap.route is not None))


def _cap_code(cap: Cap) -> str:
    return f"cap_{cap.period}" if cap.route is None else f"cap_route_{cap.period}"


def _capped(cap: Cap, times: Times) -> ColumnElement[bool]:
    first = times.today if cap.period == "day" else times.monday
    total = select(func.coalesce(func.sum(tally.c.capped), 0)).where(
        tally.c.customer_id == request.c.customer_id, tally.c.day >= first
    )
    if cap.route is not None:
        total = total.where(tally.c.route == cap.route.value)
    reached = total.correlate(request).scalar_subquery() >= cap.most
    return reached if cap.route is None else and_(choice.c.route == cap.route.value, reached)


def _month(times: Times) -> ColumnElement[int]:
    """Mass sends of the account to this follower in this natural month, exempt ones included."""
    return (
        select(func.coalesce(func.sum(tally.c.sends), 0))
        .where(
            tally.c.customer_id == request.c.customer_id,
            tally.c.day >= times.first,
            tally.c.route == Route.OA_MASS.value,
            tally.c.account_id == choice.c.account_id,
        )
        .correlate(request, choice)
        .scalar_subquery()
    )


def _open_window(ctx: Ctx, policy: Policy, *, spent: bool) -> ColumnElement[str]:
    """The trigger of the shortest window that is open; ``spent``: whatever was used of it, else with messages left.

    Windows of a minute or less count in machine time unless the clock is the system clock (ARCHITECTURE.md section 4).
    """
    rules = sorted(policy.windows, key=lambda rule: rule.seconds)
    fits = []
    for rule in rules:
        if rule.seconds <= 60 and not ctx.system_time:
            opened = window.c.opened_machine > machine() - rule.seconds
        else:
            opened = window.c.opened_at > ctx.now - timedelta(seconds=rule.seconds)
        left = true() if spent else window.c.used < rule.messages
        fits.append(and_(window.c.trigger == rule.trigger, opened, left))
    order = case(*((window.c.trigger == rule.trigger, rule.seconds) for rule in rules), else_=0)
    return (
        select(window.c.trigger)
        .where(
            window.c.customer_id == request.c.customer_id,
            window.c.account_id == choice.c.account_id,
            or_(false(), *fits),
        )
        .order_by(order)
        .limit(1)
        .correlate(request, choice)
        .scalar_subquery()
    )


def _gather_until(times: Times) -> ColumnElement[datetime]:
    """The next multiple of the choice's span in local time; now when it does not gather."""
    offset = times.offset.total_seconds()
    local = bindparam("local_now", times.now.timestamp() + offset, type_=Float(), unique=True)
    span = cast(choice.c.gather_s, Float())
    ends = (func.floor(local / span) + 1) * span - offset
    return case((choice.c.gather_s.is_(None), _moment(times.now)), else_=func.to_timestamp(ends))
