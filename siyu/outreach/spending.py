"""Private: what a claim takes and a failure gives back: seen-set, tallies, windows, quotas of accounts."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from sqlalchemy import (
    BigInteger,
    Integer,
    SmallInteger,
    Text,
    and_,
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
from siyu.kernel.db import unnest
from siyu.outreach.decision import UNCOUNTED
from siyu.outreach.store import message, quota, request, seen, tally, window
from siyu.outreach.telling import Ids, given
from siyu.outreach.types import Quotas, Route, State

DAILY = {Route.OA_CUSTOM: "custom_day", Route.OA_TEMPLATE: "template_day", Route.OA_MASS: "mass_day"}
MINUTE = "mass_minute"


class Beaten(Exception):
    """Another worker spent the rest of a quota first; the claim is taken back and tried again later."""


def minute_window() -> str:
    """The running minute of machine time, in which the platform counts calls a minute."""
    return f"m{int(machine() // 60)}"


def limit_of(quotas: Quotas, name: str) -> int:
    """The limit of a quota by its name."""
    return int(getattr(quotas, name))


def left(ctx: Ctx, quotas: Quotas, account_ids: Iterable[int], day: date) -> dict[tuple[str, int], int]:
    """What is left of each daily quota, by (route, account_id)."""
    accounts = sorted(set(account_ids))
    rows = ctx.tx.execute(
        select(quota.c.account_id, quota.c.quota, quota.c.used).where(
            quota.c.account_id.in_(accounts), quota.c.window == day.isoformat(), quota.c.quota.in_(list(DAILY.values()))
        )
    ).all()
    used = {(row.quota, row.account_id): row.used for row in rows}
    return {
        (route.value, account_id): limit_of(quotas, name) - used.get((name, account_id), 0)
        for route, name in DAILY.items()
        for account_id in accounts
    }


def minute_left(ctx: Ctx, quotas: Quotas, account_id: int) -> int:
    """Mass calls left in the running minute."""
    used = ctx.tx.execute(
        select(quota.c.used).where(
            quota.c.account_id == account_id, quota.c.quota == MINUTE, quota.c.window == minute_window()
        )
    ).scalar_one_or_none()
    return quotas.mass_minute - (used or 0)


def spend(ctx: Ctx, quotas: Quotas, calls: Counter[tuple[str, int]], day: date) -> None:
    """Take calls, by (quota, account_id), out of the windows of ``day`` and of this minute; raises Beaten.

    Last in its transaction: the rows of an account are the one place where workers meet.
    """
    wanted = sorted(calls.items())
    if not wanted:
        return
    rows = unnest(
        "spent",
        account_id=(Integer(), [account_id for (_, account_id), _ in wanted]),
        quota=(Text(), [name for (name, _), _ in wanted]),
        window=(Text(), [minute_window() if name == MINUTE else day.isoformat() for (name, _), _ in wanted]),
        used=(Integer(), [count for _, count in wanted]),
        most=(Integer(), [limit_of(quotas, name) for (name, _), _ in wanted]),
    )
    statement = upsert(quota).from_select(
        ["account_id", "quota", "window", "used"],
        select(rows.c.account_id, rows.c.quota, rows.c.window, rows.c.used).where(rows.c.used <= rows.c.most),
    )
    most = case(*((quota.c.quota == name, limit_of(quotas, name)) for name in (*DAILY.values(), MINUTE)), else_=0)
    statement = statement.on_conflict_do_update(
        index_elements=["account_id", "quota", "window"],
        set_={"used": quota.c.used + statement.excluded.used},
        where=quota.c.used + statement.excluded.used <= most,
    )
    if len(ctx.tx.execute(statement.returning(quota.c.account_id)).all()) < len(wanted):
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


def take(ctx: Ctx, batch_id: int) -> None:
    """What the claimed requests of a batch use up for their persons: content seen, messages counted, windows."""
    claimed = and_(request.c.batch_id == batch_id, request.c.state == State.CLAIMED.value)
    joined = message.c.message_id == request.c.message_id
    ctx.tx.execute(
        upsert(seen).from_select(
            ["customer_id", "content_id", "request_id", "at"],
            select(request.c.customer_id, message.c.content_id, request.c.request_id, literal(ctx.now))
            .join_from(request, message, joined)
            .where(claimed, message.c.content_id.is_not(None)),
        )
    )
    counted = select(
        request.c.customer_id,
        request.c.claimed_day,
        request.c.route,
        request.c.account_id,
        literal(1, SmallInteger()).label("sends"),
        _counts().label("capped"),
    ).join_from(request, message, joined)
    statement = upsert(tally).from_select(
        ["customer_id", "day", "route", "account_id", "sends", "capped"], counted.where(claimed)
    )
    ctx.tx.execute(
        statement.on_conflict_do_update(
            index_elements=["customer_id", "day", "route", "account_id"],
            set_={"sends": tally.c.sends + 1, "capped": tally.c.capped + statement.excluded.capped},
        )
    )
    ctx.tx.execute(update(window).where(claimed, *_same_window()).values(used=window.c.used + 1))


def give_back(ctx: Ctx, ids: Ids) -> None:
    """The reverse of ``take`` and of the daily quota, for requests of which it is certain that nothing was sent."""
    if not ids:
        return
    these = given(ids)
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
    ctx.tx.execute(
        update(window)
        .where(mine, *_same_window(), window.c.opened_at <= request.c.claimed_at)
        .values(used=cast(func.greatest(window.c.used - 1, 0), SmallInteger()))
    )


def unspend(ctx: Ctx, calls: Sequence[tuple[str, int, date]]) -> None:
    """Give calls back to daily quotas, as (route, account_id, day of the claim)."""
    counted = sorted(
        Counter((DAILY[Route(route)], account_id, day) for route, account_id, day in calls if route in DAILY).items()
    )
    if not counted:
        return
    rows = unnest(
        "back",
        account_id=(Integer(), [key[1] for key, _ in counted]),
        quota=(Text(), [key[0] for key, _ in counted]),
        window=(Text(), [key[2].isoformat() for key, _ in counted]),
        calls=(Integer(), [count for _, count in counted]),
    )
    ctx.tx.execute(
        update(quota)
        .where(quota.c.account_id == rows.c.account_id, quota.c.quota == rows.c.quota, quota.c.window == rows.c.window)
        .values(used=func.greatest(quota.c.used - rows.c.calls, 0))
    )


def close_windows(ctx: Ctx, ids: Ids) -> None:
    """The platform says that these requests' windows are over or used up: believe it until the next one opens."""
    if ids:
        these = given(ids)
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


def _counts() -> Any:
    free = or_(message.c.exempt, request.c.answers.is_not(None), request.c.route.in_(UNCOUNTED))
    return case((free, literal(0, SmallInteger())), else_=literal(1, SmallInteger()))


def _same_window() -> tuple[Any, ...]:
    return (
        window.c.customer_id == request.c.customer_id,
        window.c.account_id == request.c.account_id,
        window.c.trigger == request.c.trigger,
    )


__all__ = [
    "MINUTE",
    "Beaten",
    "BigInteger",
    "close_windows",
    "fill",
    "give_back",
    "left",
    "minute_left",
    "spend",
    "take",
    "unspend",
]
