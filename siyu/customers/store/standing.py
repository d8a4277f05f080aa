"""Statements that keep the rest of the profile row true: how people arrived, their consents, their last activity."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Integer,
    Text,
    Update,
    and_,
    bindparam,
    cast,
    delete,
    false,
    func,
    literal_column,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.dialects.postgresql import insert as upsert

from siyu.customers.store.profile import SOURCES, Change, lock_rows
from siyu.customers.store.tables import activity, consent, customer, event, housekeeping, touch
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import given, notation, rows

_IDS = rows("i", customer_id=Integer())


def _touches() -> Update:
    mine = select(touch).join(_IDS, _IDS.c.customer_id == touch.c.customer_id)
    order: tuple[ColumnElement[Any], ...] = (touch.c.at, touch.c.kind, touch.c.code)
    first = (
        mine.where(~touch.c.latest)
        .ext(distinct_on(touch.c.customer_id))
        .order_by(touch.c.customer_id, *order)
        .subquery("f")
    )
    backwards = (column.desc() for column in order)
    latest = (
        mine.where(touch.c.latest)
        .ext(distinct_on(touch.c.customer_id))
        .order_by(touch.c.customer_id, *backwards)
        .subquery("l")
    )
    both = (
        select(
            _IDS.c.customer_id,
            first.c.kind.label("source_kind"),
            first.c.code.label("source_code"),
            first.c.at.label("source_at"),
            latest.c.kind.label("latest_source_kind"),
            latest.c.code.label("latest_source_code"),
            latest.c.at.label("latest_source_at"),
        )
        .join(first, first.c.customer_id == _IDS.c.customer_id, isouter=True)
        .join(latest, latest.c.customer_id == _IDS.c.customer_id, isouter=True)
        .subquery("b")
    )
    differs = or_(*(customer.c[name].is_distinct_from(both.c[name]) for name in SOURCES))
    return (
        update(customer)
        .where(customer.c.customer_id == both.c.customer_id, differs)
        .values({name: both.c[name] for name in SOURCES})
        .returning(customer.c.customer_id, customer.c.latest_source_kind, customer.c.latest_source_code)
    )


_TOUCHES = _touches()


def project_touches(ctx: Ctx, ids: Collection[int], *, locked: Collection[int] = ()) -> list[Change]:
    """Set first and latest source of the customers from their origins' touches; returns whose changed.

    ``locked``: whose rows this transaction has locked already.
    """
    ordered = sorted(set(ids))
    if not set(ordered) <= set(locked):
        lock_rows(ctx, ordered)
    done = ctx.tx.execute(_TOUCHES, given(_IDS, customer_id=ordered))
    return [Change(row[0], "source", None, f"{row[1]}/{row[2]}" if row[1] else None) for row in done]


def _consents() -> Update:
    latest = (
        select(consent.c.customer_id, consent.c.kind, consent.c.given, consent.c.at)
        .join(_IDS, _IDS.c.customer_id == consent.c.customer_id)
        .ext(distinct_on(consent.c.customer_id, consent.c.kind))
        .order_by(consent.c.customer_id, consent.c.kind, consent.c.at.desc(), consent.c.given)
        .subquery("l")
    )
    flags = (
        select(
            _IDS.c.customer_id,
            func.max(latest.c.at).filter(and_(latest.c.kind == "push", ~latest.c.given)).label("opted_out_at"),
            *(
                func.coalesce(func.bool_or(latest.c.given).filter(latest.c.kind == kind), false()).label(name)
                for kind, name in (
                    ("contact", "contact_consent"),
                    ("profiling", "profiling_consent"),
                    ("blacklist", "blacklisted"),
                )
            ),
        )
        .join(latest, latest.c.customer_id == _IDS.c.customer_id, isouter=True)
        .group_by(_IDS.c.customer_id)
        .subquery("f")
    )
    names = ("opted_out_at", "contact_consent", "profiling_consent", "blacklisted")
    differs = or_(*(customer.c[name].is_distinct_from(flags.c[name]) for name in names))
    return (
        update(customer)
        .where(customer.c.customer_id == flags.c.customer_id, differs)
        .values({name: flags.c[name] for name in names})
    )


_CONSENTS = _consents()


def project_consents(ctx: Ctx, ids: Collection[int], *, locked: bool = False) -> None:
    """Set the consent flags from the latest statement of each kind over all origins; at the same time no beats yes.

    ``locked``: this transaction has locked their rows already, before it wrote the statements.
    """
    if not locked:
        lock_rows(ctx, ids)
    ctx.tx.execute(_CONSENTS, given(_IDS, customer_id=sorted(set(ids))))


_last = (
    select(func.max(event.c.occurred_at).label("at"))
    .where(
        event.c.customer_id == _IDS.c.customer_id,
        event.c.type != func.all(cast(bindparam("quiet", type_=Text), ARRAY(Text))),
    )
    .lateral("e")
)
_active = upsert(activity).from_select(
    ["customer_id", "last_activity_at"],
    select(_IDS.c.customer_id, _last.c.at).join(_last, true()).where(_last.c.at.is_not(None)),
)
_ACTIVITY = _active.on_conflict_do_update(
    index_elements=[activity.c.customer_id],
    set_={"last_activity_at": func.greatest(activity.c.last_activity_at, _active.excluded.last_activity_at)},
)
# What lies before the events that are kept (retention) cannot be read from them again.
_KEPT_FROM = func.coalesce(select(housekeeping.c.events_from).scalar_subquery(), literal_column("'-infinity'"))
_NO_ACTIVITY = delete(activity).where(
    activity.c.customer_id.in_(select(_IDS.c.customer_id)), activity.c.last_activity_at >= _KEPT_FROM
)
_PAIRS = rows("p", from_id=Integer(), to_id=Integer())
_old = (
    select(_PAIRS.c.to_id, func.max(activity.c.last_activity_at))
    .join(activity, activity.c.customer_id == _PAIRS.c.from_id)
    .where(activity.c.last_activity_at < _KEPT_FROM)
    .group_by(_PAIRS.c.to_id)
)
_carried = upsert(activity).from_select(["customer_id", "last_activity_at"], _old)
_CARRY_ACTIVITY = _carried.on_conflict_do_update(
    index_elements=[activity.c.customer_id],
    set_={"last_activity_at": func.greatest(activity.c.last_activity_at, _carried.excluded.last_activity_at)},
)


def carry_activity(ctx: Ctx, moves: Iterable[tuple[int, int]]) -> None:
    """Before a projection: an activity whose event is not kept any more goes along, (from_id, to_id)."""
    pairs = sorted(set(moves))
    ctx.tx.execute(_CARRY_ACTIVITY, given(_PAIRS, from_id=[one for one, _ in pairs], to_id=[to for _, to in pairs]))


def project_activity(ctx: Ctx, ids: Iterable[int], quiet: Sequence[str]) -> None:
    """Set the last activity from the events that are kept (after a merge or split)."""
    asked = given(_IDS, customer_id=sorted(set(ids)))
    ctx.tx.execute(_NO_ACTIVITY, asked)
    ctx.tx.execute(_ACTIVITY, asked | {"quiet": notation(Text(), quiet)})
