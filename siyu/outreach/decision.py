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
    Boolean,
    ColumnElement,
    DateTime,
    Integer,
    Row,
    Subquery,
    TableValuedAlias,
    Text,
    and_,
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
    update,
)

from siyu.customers import queries as customers
from siyu.kernel.clock import machine
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import ids_of, unnest
from siyu.outreach.policy import Times
from siyu.outreach.reasons import codes
from siyu.outreach.store import refusal, request, seen, tally, window
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
    """A locked request with the choice that is to be judged; ``own``: it answers the person's own act."""

    customer_id: int
    request_id: int
    message_id: int
    choice: int
    expires_at: datetime
    own: bool


@dataclass(frozen=True, slots=True)
class Way:
    """What is the same for all requests that stand at one choice of one message.

    ``account``: it is usable. ``content``: it can be sent by this route. ``calls``: the account has some left today.
    """

    message_id: int
    choice: int
    route: str
    account_id: int
    content_id: int | None
    exempt: bool
    has_next: bool
    gather_until: datetime
    account: bool
    content: bool
    calls: bool


@dataclass(frozen=True, slots=True)
class Rules:
    """What is the same for all requests of one decision."""

    policy: Policy
    times: Times
    ways: Sequence[Way]


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
            request.c.choice == found.c.choice,
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
    """Every candidate with its verdict (a reason's code), until when, and what a send would use.

    Everything known already comes along as arrays and the rest is looked up person by person by primary key, so that no
    plan depends on what the planner guesses: joined with tables that nobody had analysed yet, 4,000 rows took minutes.
    """
    given, way = _given(ctx, rules, candidates), _ways(rules)
    reach = customers.reachability
    counts = way.c.route.not_in(UNCOUNTED)
    pushed = and_(counts, ~given.c.own)
    counted = and_(pushed, ~way.c.exempt)
    official = way.c.route != Route.WEBHOOK.value
    custom = way.c.route == Route.OA_CUSTOM.value
    times = rules.times
    trigger = _open_window(ctx, rules.policy, given, way, spent=False)
    any_window = _open_window(ctx, rules.policy, given, way, spent=True)
    whens: list[tuple[ColumnElement[bool], str]] = [
        (reach.c.customer_id.is_(None), "erased"),
        (given.c.expires_at <= ctx.now, "expired"),
        (and_(way.c.content_id.is_not(None), _seen(given, way)), "already_had_content"),
        (and_(counts, reach.c.blacklisted), "blacklisted"),
        (and_(pushed, reach.c.opted_out), "opted_out"),
        (and_(pushed, ~reach.c.contact_consent), "no_consent"),
        (and_(counted, literal(times.quiet_until is not None)), "quiet_hours"),
        *((and_(counted, _capped(cap, times, given, way)), _cap_code(cap)) for cap in _caps(rules.policy)),
        (~way.c.account, "account_missing"),
        (and_(official, given.c.openid.is_(None)), "unreachable"),
        (and_(official, ~given.c.followed), "not_following"),
        (and_(official, _refused(given, way)), "blocked"),
        (~way.c.content, "content_unusable"),
        (and_(custom, trigger.is_(None), any_window.is_not(None)), "window_full"),
        (and_(custom, trigger.is_(None)), "window_closed"),
        (
            and_(way.c.route == Route.OA_MASS.value, _month(times, given, way) >= rules.policy.quotas.mass_month),
            "quota_month",
        ),
        (~way.c.calls, "quota_day"),
    ]
    # OFFSET 0 is a fence: without it the verdict is planned and run anew for each column that uses it (measured: 0.6 s
    # for one row instead of 0.06 s).
    base = (
        select(
            given.c.customer_id,
            given.c.request_id,
            given.c.expires_at,
            given.c.openid,
            way.c.choice,
            way.c.route,
            way.c.account_id,
            way.c.has_next,
            way.c.gather_until,
            case((custom, trigger), else_=null()).label("trigger"),
            case(*whens, else_="now").label("verdict"),
        )
        .join_from(given, way, way.c.number == given.c.way)
        .outerjoin(reach, reach.c.customer_id == given.c.customer_id)
        .offset(0)
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


def _given(ctx: Ctx, rules: Rules, candidates: Sequence[Candidate]) -> TableValuedAlias:
    numbers = {(way.message_id, way.choice): number for number, way in enumerate(rules.ways)}
    stands = [numbers[item.message_id, item.choice] for item in candidates]
    wanted = [(item.customer_id, rules.ways[number]) for item, number in zip(candidates, stands, strict=True)]
    found = addresses(ctx, [(one, way.account_id) for one, way in wanted if way.route != Route.WEBHOOK])
    known = [found.get((one, way.account_id)) for one, way in wanted]
    return unnest(
        "given",
        customer_id=(Integer(), [item.customer_id for item in candidates]),
        request_id=(BigInteger(), [item.request_id for item in candidates]),
        expires_at=(DateTime(timezone=True), [item.expires_at for item in candidates]),
        own=(Boolean(), [item.own for item in candidates]),
        way=(Integer(), stands),
        openid=(Text(), [one[0] if one else None for one in known]),
        followed=(Boolean(), [bool(one and one[1]) for one in known]),
    )


def _ways(rules: Rules) -> TableValuedAlias:
    ways = rules.ways
    return unnest(
        "way",
        number=(Integer(), list(range(len(ways)))),
        choice=(Integer(), [way.choice for way in ways]),
        route=(Text(), [way.route for way in ways]),
        account_id=(Integer(), [way.account_id for way in ways]),
        content_id=(Integer(), [way.content_id for way in ways]),
        exempt=(Boolean(), [way.exempt for way in ways]),
        has_next=(Boolean(), [way.has_next for way in ways]),
        gather_until=(DateTime(timezone=True), [way.gather_until for way in ways]),
        account=(Boolean(), [way.account for way in ways]),
        content=(Boolean(), [way.content for way in ways]),
        calls=(Boolean(), [way.calls for way in ways]),
    )


def _moment(value: datetime | None) -> ColumnElement[datetime]:
    return literal(value, DateTime(timezone=True))


def addresses(ctx: Ctx, wanted: Iterable[tuple[int, int]]) -> dict[tuple[int, int], tuple[str, bool]]:
    """(openid, follows) of (customer_id, account_id), for those who have an openid."""
    by_account: dict[int, list[int]] = {}
    for customer_id, account_id in wanted:
        by_account.setdefault(account_id, []).append(customer_id)
    found: dict[tuple[int, int], tuple[str, bool]] = {}
    for account_id, ids in sorted(by_account.items()):
        # set-loop: one statement per account, of which there are a handful
        relation = customers.openids(account_id)
        who = ids_of(ids).subquery("who")
        rows = ctx.tx.execute(
            select(relation.c.customer_id, relation.c.openid, relation.c.followed)
            .join_from(who, relation, relation.c.customer_id == who.c.customer_id)
            .order_by(relation.c.followed)
        )
        found.update({(one, account_id): (openid, followed) for one, openid, followed in rows.all()})
    return found


def _seen(given: TableValuedAlias, way: TableValuedAlias) -> ColumnElement[bool]:
    return exists(
        select(true())
        .select_from(seen)
        .where(seen.c.customer_id == given.c.customer_id, seen.c.content_id == way.c.content_id)
        .correlate(given, way)
    )


def _refused(given: TableValuedAlias, way: TableValuedAlias) -> ColumnElement[bool]:
    return exists(
        select(true())
        .select_from(refusal)
        .where(refusal.c.customer_id == given.c.customer_id, refusal.c.account_id == way.c.account_id)
        .correlate(given, way)
    )


def _caps(policy: Policy) -> list[Cap]:
    """Weeks before days: the longer wait is the true one."""
    return sorted(policy.caps, key=lambda cap: (cap.period != "week", cap.route is not None))


def _cap_code(cap: Cap) -> str:
    return f"cap_{cap.period}" if cap.route is None else f"cap_route_{cap.period}"


def _capped(cap: Cap, times: Times, given: TableValuedAlias, way: TableValuedAlias) -> ColumnElement[bool]:
    first = times.today if cap.period == "day" else times.monday
    total = select(func.coalesce(func.sum(tally.c.capped), 0))
    total = total.where(tally.c.customer_id == given.c.customer_id, tally.c.day >= first)
    if cap.route is not None:
        total = total.where(tally.c.route == cap.route.value)
    reached = total.correlate(given, way).scalar_subquery() >= cap.most
    return reached if cap.route is None else and_(way.c.route == cap.route.value, reached)


def _month(times: Times, given: TableValuedAlias, way: TableValuedAlias) -> ColumnElement[int]:
    """Mass sends of the account to this follower in this natural month, exempt ones included."""
    return (
        select(func.coalesce(func.sum(tally.c.sends), 0))
        .where(
            tally.c.customer_id == given.c.customer_id,
            tally.c.day >= times.first,
            tally.c.route == Route.OA_MASS.value,
            tally.c.account_id == way.c.account_id,
        )
        .correlate(given, way)
        .scalar_subquery()
    )


def _open_window(
    ctx: Ctx, policy: Policy, given: TableValuedAlias, way: TableValuedAlias, *, spent: bool
) -> ColumnElement[str]:
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
        .where(window.c.customer_id == given.c.customer_id, window.c.account_id == way.c.account_id)
        .where(or_(false(), *fits))
        .order_by(order)
        .limit(1)
        .correlate(given, way)
        .scalar_subquery()
    )
