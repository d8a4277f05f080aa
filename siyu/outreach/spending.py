"""Private: what a claim takes and a failure gives back: seen-set, tallies, windows, quotas of accounts."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from sqlalchemy import (
    BigInteger,
    Date,
    DateTime,
    FromClause,
    Integer,
    SmallInteger,
    Text,
    and_,
    bindparam,
    case,
    cast,
    delete,
    exists,
    func,
    literal,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert

from siyu.kernel.clock import machine
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import given, rows, unnest
from siyu.outreach.store import message, quota, request, seen, tally, window
from siyu.outreach.telling import Ids
from siyu.outreach.telling import given as these_of
from siyu.outreach.types import Quotas, Route, State
from siyu.outreach.verdicts import UNCAPPED

DAILY = {Route.OA_CUSTOM: "custom_day", Route.OA_TEMPLATE: "template_day", Route.OA_MASS: "mass_day"}
MINUTE, POSTS_MINUTE = "mass_minute", "moments_minute"
POSTS_MONTH = "moments_month"


class Beaten(Exception):
    """Another worker spent the rest of a quota first; the claim is taken back and tried again later."""


def minute_window() -> str:
    """The running minute of machine time, in which the platform counts calls a minute."""
    return f"m{int(machine() // 60)}"


def _window(name: str, day: date) -> str:
    """The window of a quota in which a claim of ``day`` lies."""
    if name in (MINUTE, POSTS_MINUTE):
        return minute_window()
    return day.isoformat()[:7] if name == POSTS_MONTH else day.isoformat()


def limit_of(quotas: Quotas, name: str) -> int:
    """The limit of a quota by its name."""
    return int(getattr(quotas, name))


_ACCOUNTS = rows("a", account_id=Integer())
_USED = select(quota.c.account_id, quota.c.quota, quota.c.used).where(
    quota.c.account_id == _ACCOUNTS.c.account_id,
    quota.c.window == case((quota.c.quota == POSTS_MONTH, bindparam("month")), else_=bindparam("day", type_=Text)),
)


def left(ctx: Ctx, quotas: Quotas, account_ids: Iterable[int], day: date) -> dict[tuple[str, int], int]:
    """What is left of each daily quota, and of the month's Moments tasks, by (route, account_id)."""
    accounts = sorted(set(account_ids))
    values = given(_ACCOUNTS, account_id=accounts) | {"day": day.isoformat(), "month": _window(POSTS_MONTH, day)}
    used = {(row.quota, row.account_id): row.used for row in ctx.tx.execute(_USED, values)}
    return {
        (route.value, account_id): limit_of(quotas, name) - used.get((name, account_id), 0)
        for route, name in (*DAILY.items(), (Route.MOMENTS, POSTS_MONTH))
        for account_id in accounts
    }


def minute_left(ctx: Ctx, quotas: Quotas, account_id: int, name: str = MINUTE) -> int:
    """Mass calls, or Moments tasks, left in the running minute."""
    used = ctx.tx.execute(
        select(quota.c.used).where(
            quota.c.account_id == account_id, quota.c.quota == name, quota.c.window == minute_window()
        )
    ).scalar_one_or_none()
    return limit_of(quotas, name) - (used or 0)


LIMITED = (*DAILY.values(), MINUTE, POSTS_MINUTE, POSTS_MONTH)
_SPENT = rows("spent", account_id=Integer(), quota=Text(), window=Text(), used=Integer(), most=Integer())
_MOST = case(*((quota.c.quota == name, bindparam(f"most_{name}", type_=Integer)) for name in LIMITED), else_=0)
_NEW = upsert(quota).from_select(
    ["account_id", "quota", "window", "used"],
    select(_SPENT.c.account_id, _SPENT.c.quota, _SPENT.c.window, _SPENT.c.used).where(_SPENT.c.used <= _SPENT.c.most),
)
_SPEND = _NEW.on_conflict_do_update(
    index_elements=["account_id", "quota", "window"],
    set_={"used": quota.c.used + _NEW.excluded.used},
    where=quota.c.used + _NEW.excluded.used <= _MOST,
).returning(quota.c.account_id)


def spend(ctx: Ctx, quotas: Quotas, calls: Counter[tuple[str, int]], day: date) -> None:
    """Take calls, by (quota, account_id), out of the windows of ``day`` and of this minute; raises Beaten.

    Last in its transaction: the rows of an account are the one place where workers meet.
    """
    wanted = sorted(calls.items())
    if not wanted:
        return
    values = given(
        _SPENT,
        account_id=[account_id for (_, account_id), _ in wanted],
        quota=[name for (name, _), _ in wanted],
        window=[_window(name, day) for (name, _), _ in wanted],
        used=[count for _, count in wanted],
        most=[limit_of(quotas, name) for (name, _), _ in wanted],
    )
    limits = {f"most_{name}": limit_of(quotas, name) for name in LIMITED}
    if len(ctx.tx.execute(_SPEND, values | limits).all()) < len(wanted):
        raise Beaten


def fill(ctx: Ctx, quotas: Quotas, pairs: Iterable[tuple[str, int]], day: date) -> None:
    """The platform says that the quota of (route, account_id) is used up: believe it until the window ends."""
    rows = [
        {"account_id": account_id, "quota": name, "window": day.isoformat(), "used": limit_of(quotas, name)}
        for name, account_id in sorted({(DAILY[Route(route)], account_id) for route, account_id in pairs})
    ]
    if rows:
        statement = upsert(quota).values(rows)
        ctx.tx.execute(
            statement.on_conflict_do_update(
                index_elements=["account_id", "quota", "window"],
                set_={"used": func.greatest(quota.c.used, statement.excluded.used)},
            )
        )


def _counts() -> Any:
    free = or_(message.c.exempt, request.c.answers.is_not(None), request.c.route.in_(UNCAPPED))
    return case((free, literal(0, SmallInteger())), else_=literal(1, SmallInteger()))


def _same_window() -> tuple[Any, ...]:
    return (
        window.c.customer_id == request.c.customer_id,
        window.c.account_id == request.c.account_id,
        window.c.trigger == request.c.trigger,
    )


_CLAIMED = and_(request.c.batch_id == bindparam("batch", type_=BigInteger), request.c.state == State.CLAIMED.value)
_SAYS = message.c.message_id == request.c.message_id
_SAW = upsert(seen).from_select(
    ["customer_id", "content_id", "request_id", "at"],
    select(
        request.c.customer_id,
        message.c.said,
        request.c.request_id,
        bindparam("now", type_=DateTime(timezone=True)),
    )
    .join_from(request, message, _SAYS)
    .where(_CLAIMED, message.c.said.is_not(None)),
)
# A text that was said again in answer is known already.
_SEEN = _SAW.on_conflict_do_nothing()
_COUNTED = upsert(tally).from_select(
    ["customer_id", "day", "route", "account_id", "sends", "capped"],
    select(
        request.c.customer_id,
        request.c.claimed_day,
        request.c.route,
        request.c.account_id,
        literal(1, SmallInteger()).label("sends"),
        _counts().label("capped"),
    )
    .join_from(request, message, _SAYS)
    .where(_CLAIMED),
)
_TALLY = _COUNTED.on_conflict_do_update(
    index_elements=["customer_id", "day", "route", "account_id"],
    set_={"sends": tally.c.sends + 1, "capped": tally.c.capped + _COUNTED.excluded.capped},
)
_WINDOWS = update(window).where(_CLAIMED, *_same_window()).values(used=window.c.used + 1)


def take(ctx: Ctx, batch_id: int, *, seen_set: bool = True, windows: bool = True) -> None:
    """What the claimed requests of a batch use up for their persons: content seen, messages counted, windows.

    ``seen_set``, ``windows``: whether any of them says what is kept there, or goes through a window.
    """
    if seen_set:
        ctx.tx.execute(_SEEN, {"batch": batch_id, "now": ctx.now})
    ctx.tx.execute(_TALLY, {"batch": batch_id})
    if windows:
        ctx.tx.execute(_WINDOWS, {"batch": batch_id})


def give_back(ctx: Ctx, ids: Ids) -> None:
    """The reverse of ``take`` and of the daily quota, for requests of which it is certain that nothing was sent."""
    if not ids:
        return
    these = these_of(ids)
    mine = and_(request.c.customer_id == these.c.customer_id, request.c.request_id == these.c.request_id)
    ctx.tx.execute(
        delete(seen).where(
            exists(
                select(true())
                .select_from(these)
                .where(these.c.customer_id == seen.c.customer_id, these.c.request_id == seen.c.request_id)
                .correlate(seen)
            )
        )
    )
    _uncount(ctx, these)
    ctx.tx.execute(
        update(window)
        .where(mine, *_same_window(), window.c.opened_at <= request.c.claimed_at)
        .values(used=cast(func.greatest(window.c.used - 1, 0), SmallInteger()))
    )


def _uncount(ctx: Ctx, these: FromClause) -> None:
    """Take these requests out of the tallies of the days on which they count."""
    mine = and_(request.c.customer_id == these.c.customer_id, request.c.request_id == these.c.request_id)
    back = (
        select(
            request.c.customer_id,
            request.c.claimed_day,
            request.c.route,
            request.c.account_id,
            func.count().label("sends"),
            func.sum(_counts()).label("capped"),
        )
        .join_from(these, request, mine)
        .join(message, message.c.message_id == request.c.message_id)
        .group_by(request.c.customer_id, request.c.claimed_day, request.c.route, request.c.account_id)
        .subquery("back")
    )
    ctx.tx.execute(
        update(tally)
        .where(
            tally.c.customer_id == back.c.customer_id,
            tally.c.day == back.c.claimed_day,
            tally.c.route == back.c.route,
            tally.c.account_id == back.c.account_id,
        )
        .values(
            sends=cast(func.greatest(tally.c.sends - back.c.sends, 0), SmallInteger()),
            capped=cast(func.greatest(tally.c.capped - back.c.capped, 0), SmallInteger()),
        )
    )


_LATER = rows("later", customer_id=Integer(), request_id=BigInteger(), day=Date())
_RECOUNTED = upsert(tally).from_select(
    ["customer_id", "day", "route", "account_id", "sends", "capped"],
    select(
        request.c.customer_id,
        _LATER.c.day,
        request.c.route,
        request.c.account_id,
        cast(func.count(), SmallInteger()),
        cast(func.sum(_counts()), SmallInteger()),
    )
    .join_from(
        _LATER,
        request,
        and_(request.c.customer_id == _LATER.c.customer_id, request.c.request_id == _LATER.c.request_id),
    )
    .join(message, _SAYS)
    .group_by(request.c.customer_id, _LATER.c.day, request.c.route, request.c.account_id),
)
_RECOUNT = _RECOUNTED.on_conflict_do_update(
    index_elements=["customer_id", "day", "route", "account_id"],
    set_={
        "sends": tally.c.sends + _RECOUNTED.excluded.sends,
        "capped": tally.c.capped + _RECOUNTED.excluded.capped,
    },
)


def received_on(ctx: Ctx, when: Sequence[tuple[int, int, date]]) -> None:
    """Count requests, as (customer_id, request_id, local day), on the day on which they were received instead of that
    of their claim. The caller writes the day as ``claimed_day``."""
    if when:
        _uncount(ctx, these_of([(customer_id, request_id) for customer_id, request_id, _ in when]))
        columns = dict(zip(("customer_id", "request_id", "day"), map(list, zip(*when, strict=True)), strict=True))
        ctx.tx.execute(_RECOUNT, given(_LATER, **columns))


def unspend(ctx: Ctx, calls: Sequence[tuple[str, int, date]]) -> None:
    """Give calls back to daily quotas, as (route, account_id, day of the claim)."""
    counted = sorted(
        Counter((DAILY[Route(route)], account_id, day) for route, account_id, day in calls if route in DAILY).items()
    )
    if not counted:
        return
    back = unnest(
        "back",
        account_id=(Integer(), [key[1] for key, _ in counted]),
        quota=(Text(), [key[0] for key, _ in counted]),
        window=(Text(), [key[2].isoformat() for key, _ in counted]),
        calls=(Integer(), [count for _, count in counted]),
    )
    ctx.tx.execute(
        update(quota)
        .where(quota.c.account_id == back.c.account_id, quota.c.quota == back.c.quota, quota.c.window == back.c.window)
        .values(used=func.greatest(quota.c.used - back.c.calls, 0))
    )


def close_windows(ctx: Ctx, ids: Ids) -> None:
    """The platform says that these requests' windows are over or used up: believe it until the next one opens."""
    if ids:
        these = these_of(ids)
        ctx.tx.execute(
            update(window)
            .where(
                window.c.customer_id == these.c.customer_id,
                request.c.customer_id == these.c.customer_id,
                request.c.request_id == these.c.request_id,
                window.c.account_id == request.c.account_id,
                window.c.opened_at <= request.c.claimed_at,
            )
            .values(used=32_000)
        )


__all__ = [
    "MINUTE",
    "POSTS_MINUTE",
    "POSTS_MONTH",
    "Beaten",
    "BigInteger",
    "close_windows",
    "fill",
    "give_back",
    "left",
    "minute_left",
    "received_on",
    "spend",
    "take",
    "unspend",
]
