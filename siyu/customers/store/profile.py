"""Statements that keep the profile row equal to the facts: attributes, touches, consents.

A profile is a projection. Facts are stored per origin and source; the customer's value is the winner over all of them
(hand before sources, then the latest), so merging and splitting only re-read.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    Date,
    Integer,
    SmallInteger,
    Text,
    and_,
    case,
    cast,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB, distinct_on
from sqlalchemy.dialects.postgresql import insert as upsert

from siyu.customers import normal
from siyu.customers.attributes import COLUMNS
from siyu.customers.store.tables import Time, activity, consent, customer, definition, event, fact, touch
from siyu.customers.types import Definition
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import unnest

HAND, AUTOMATIC = 1, 0


@dataclass(frozen=True, slots=True)
class FactRow:
    """One stored statement about an attribute."""

    customer_id: int
    origin_id: int
    name: str
    source: str
    value: Any
    rank: int
    at: datetime
    actor: str


@dataclass(frozen=True, slots=True)
class TouchRow:
    """One touch of an origin."""

    customer_id: int
    origin_id: int
    source: str
    kind: str
    code: str
    params: Mapping[str, str]
    at: datetime


@dataclass(frozen=True, slots=True)
class Change:
    """An attribute of a customer whose shown value changed."""

    customer_id: int
    name: str
    old: Any
    new: Any


def as_json(value: Any) -> str:
    """JSON text for a cast in the statement: arrays of jsonb parameters take a list inside for a dimension."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def definitions(ctx: Ctx) -> dict[str, Definition]:
    """The custom attributes."""
    rows = ctx.tx.execute(select(definition).order_by(definition.c.name))
    return {row.name: Definition(row.name, row.title, row.type, tuple(row.options), row.mode) for row in rows}


def save_definition(ctx: Ctx, new: Definition) -> str:
    """Insert or change title, options and mode; returns the type that is stored."""
    values = {"title": new.title, "options": list(new.options), "mode": new.mode}
    statement = upsert(definition).values(name=new.name, type=new.type, created_at=ctx.now, **values)
    return ctx.tx.execute(
        statement.on_conflict_do_update(index_elements=[definition.c.name], set_=values).returning(definition.c.type)
    ).scalar_one()


def save_facts(ctx: Ctx, rows: Sequence[FactRow]) -> None:
    """Upsert; of one (origin, name, source) the latest stays, at the same time the greater value."""
    latest: dict[tuple[int, str, str], FactRow] = {}
    for row in rows:
        key = (row.origin_id, row.name, row.source)
        if key not in latest or (latest[key].at, repr(latest[key].value)) <= (row.at, repr(row.value)):
            latest[key] = row
    kept = [latest[key] for key in sorted(latest)]
    new = unnest(
        "n",
        customer_id=(Integer(), [row.customer_id for row in kept]),
        origin_id=(Integer(), [row.origin_id for row in kept]),
        name=(Text(), [row.name for row in kept]),
        source=(Text(), [row.source for row in kept]),
        value=(Text(), [as_json(row.value) for row in kept]),
        rank=(SmallInteger(), [row.rank for row in kept]),
        at=(Time, [row.at for row in kept]),
        actor=(Text(), [row.actor for row in kept]),
    )
    columns = {column.name: column for column in new.c} | {"value": cast(new.c.value, JSONB)}
    statement = upsert(fact).from_select(list(columns), select(*columns.values()))
    given = statement.excluded
    newer = or_(fact.c.at < given.at, and_(fact.c.at == given.at, cast(fact.c.value, Text) < cast(given.value, Text)))
    ctx.tx.execute(
        statement.on_conflict_do_update(
            index_elements=[fact.c.customer_id, fact.c.origin_id, fact.c.name, fact.c.source],
            set_={"value": given.value, "rank": given.rank, "at": given.at, "actor": given.actor},
            where=newer,
        )
    )


def drop_facts(ctx: Ctx, origins: Iterable[int], source: str) -> set[str]:
    """Forget what ``source`` said about the attributes of these origins; returns the names concerned."""
    ids = unnest("o", origin_id=(Integer(), sorted(set(origins))))
    mine = fact.c.origin_id.in_(select(ids.c.origin_id))
    return set(ctx.tx.execute(delete(fact).where(mine, fact.c.source == source).returning(fact.c.name)).scalars())


def save_touches(ctx: Ctx, rows: Sequence[TouchRow]) -> None:
    """Keep the first and the latest touch of each origin and source."""
    for last in (False, True):  # set-loop: two statements, first and latest
        best: dict[tuple[int, str], TouchRow] = {}
        for row in rows:
            key, held = (row.at, row.kind, row.code), best.get((row.origin_id, row.source))
            if held is None or (key > (held.at, held.kind, held.code)) == last:
                best[row.origin_id, row.source] = row
        kept = [best[key] for key in sorted(best)]
        new = unnest(
            "n",
            customer_id=(Integer(), [row.customer_id for row in kept]),
            origin_id=(Integer(), [row.origin_id for row in kept]),
            source=(Text(), [row.source for row in kept]),
            kind=(Text(), [row.kind for row in kept]),
            code=(Text(), [row.code for row in kept]),
            params=(Text(), [as_json(dict(row.params)) for row in kept]),
            at=(Time, [row.at for row in kept]),
        )
        columns = {column.name: column for column in new.c} | {"params": cast(new.c.params, JSONB)}
        statement = upsert(touch).from_select([*columns, "latest"], select(*columns.values(), literal(last)))
        given = statement.excluded
        here, there = (touch.c.at, given.at) if last else (given.at, touch.c.at)
        ctx.tx.execute(
            statement.on_conflict_do_update(
                index_elements=[touch.c.customer_id, touch.c.origin_id, touch.c.source, touch.c.latest],
                set_={"kind": given.kind, "code": given.code, "params": given.params, "at": given.at},
                where=here < there,
            )
        )


def winners(ctx: Ctx, ids: Sequence[int], names: Sequence[str] | None) -> dict[int, dict[str, Any]]:
    """customer_id -> attribute -> value that wins; emptied ones are missing."""
    asked = unnest("i", customer_id=(Integer(), ids))
    statement = (
        select(fact.c.customer_id, fact.c.name, fact.c.value)
        .join(asked, asked.c.customer_id == fact.c.customer_id)
        .ext(distinct_on(fact.c.customer_id, fact.c.name))
        .order_by(
            fact.c.customer_id,
            fact.c.name,
            fact.c.rank.desc(),
            fact.c.at.desc(),
            fact.c.source,
            cast(fact.c.value, Text),
        )
    )
    if names is not None:
        statement = statement.where(fact.c.name == func.any(literal(list(names), ARRAY(Text))))
    found: dict[int, dict[str, Any]] = {customer_id: {} for customer_id in ids}
    for customer_id, name, value in ctx.tx.execute(statement):
        if value is not None:
            found[customer_id][name] = value
    return found


def shown(row: Any) -> dict[str, Any]:
    """The attributes in a customer row, in their stored form."""
    values = {name: getattr(row, name) for name in COLUMNS}
    if row.birthday is not None:
        values["birthday"] = row.birthday.isoformat()
    return {**row.custom, **{name: value for name, value in values.items() if value is not None}}


def lock_rows(ctx: Ctx, ids: Iterable[int]) -> list[Any]:
    """The rows of these customers, locked in order of id.

    A projection reads facts and then overwrites the row. Two at once would each miss what the other wrote; with the
    row locked first, the second reads the facts after the first has committed.
    """
    asked = unnest("i", customer_id=(Integer(), sorted(set(ids))))
    statement = select(customer).join(asked, asked.c.customer_id == customer.c.customer_id)
    return list(ctx.tx.execute(statement.order_by(customer.c.customer_id).with_for_update(of=customer)).all())


def project(
    ctx: Ctx, ids: Iterable[int], *, new: Iterable[int] = (), names: Sequence[str] | None = None
) -> list[Change]:
    """Make the profile rows of ``ids`` say what the facts say; ``new`` have no row yet. ``names`` limits what is read.

    Returns the visible changes of customers that were there before.
    """
    fresh = set(new)
    ordered = sorted(fresh | set(ids))
    if not ordered:
        return []
    known = [one for one in ordered if one not in fresh]
    rows = {}
    if known:
        rows = {row.customer_id: row for row in lock_rows(ctx, known)}
    changes: list[Change] = []
    written: list[tuple[int, dict[str, Any]]] = []
    for customer_id, values in winners(ctx, ordered, names).items():
        old = shown(rows[customer_id]) if customer_id in rows else {}
        after = values if names is None else {**{k: v for k, v in old.items() if k not in names}, **values}
        differing = [name for name in {*old, *after} if old.get(name) != after.get(name)]
        if customer_id in rows and rows[customer_id].status == "active":
            changes.extend(Change(customer_id, name, old.get(name), after.get(name)) for name in sorted(differing))
        if differing or customer_id not in rows or rows[customer_id].status == "merged":
            written.append((customer_id, after))
    if written:
        _write(ctx, written)
    return changes


def _write(ctx: Ctx, rows: Sequence[tuple[int, dict[str, Any]]]) -> None:
    values = [row[1] for row in rows]
    texts = [name for name in COLUMNS if name not in ("birthday", "owner_id")]
    grams = [" ".join(normal.grams(v.get("name"), v.get("company"), v.get("phone"))) for v in values]
    given = unnest(
        "n",
        customer_id=(Integer(), [row[0] for row in rows]),
        name_key=(Text(), [normal.name_key(v.get("name")) for v in values]),
        birthday=(Text(), [v.get("birthday") for v in values]),
        owner_id=(Integer(), [v.get("owner_id") for v in values]),
        custom=(Text(), [as_json({k: x for k, x in v.items() if k not in COLUMNS}) for v in values]),
        grams=(Text(), grams),
        **{name: (Text(), [v.get(name) for v in values]) for name in texts},
    )
    columns: dict[str, Any] = {name: given.c[name] for name in texts}
    columns |= {"customer_id": given.c.customer_id, "name_key": given.c.name_key, "owner_id": given.c.owner_id}
    columns |= {
        "birthday": cast(given.c.birthday, Date),
        "custom": cast(given.c.custom, JSONB),
        "status": literal("active"),
    }
    columns |= {"grams": func.string_to_array(given.c.grams, " "), "created_at": literal(ctx.now, Time)}
    columns |= dict.fromkeys(("blacklisted", "contact_consent", "profiling_consent"), literal(False))
    statement = upsert(customer).from_select(list(columns), select(*columns.values()))
    kept = {"customer_id", "created_at", "blacklisted", "contact_consent", "profiling_consent", "status"}
    changed: dict[str, Any] = {name: statement.excluded[name] for name in columns if name not in kept}
    changed["status"] = case((customer.c.status == "erased", "erased"), else_="active")
    ctx.tx.execute(statement.on_conflict_do_update(index_elements=[customer.c.customer_id], set_=changed))


def project_touches(ctx: Ctx, ids: Collection[int]) -> list[Change]:
    """Set first and latest source of the customers from their origins' touches; returns whose changed."""
    lock_rows(ctx, ids)
    asked = unnest("i", customer_id=(Integer(), sorted(set(ids))))
    mine = select(touch).join(asked, asked.c.customer_id == touch.c.customer_id)
    order = (touch.c.at, touch.c.kind, touch.c.code)
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
            asked.c.customer_id,
            first.c.kind.label("source_kind"),
            first.c.code.label("source_code"),
            first.c.at.label("source_at"),
            latest.c.kind.label("latest_source_kind"),
            latest.c.code.label("latest_source_code"),
            latest.c.at.label("latest_source_at"),
        )
        .join(first, first.c.customer_id == asked.c.customer_id, isouter=True)
        .join(latest, latest.c.customer_id == asked.c.customer_id, isouter=True)
        .subquery("b")
    )
    names = ("source_kind", "source_code", "source_at", "latest_source_kind", "latest_source_code", "latest_source_at")
    differs = or_(*(customer.c[name].is_distinct_from(both.c[name]) for name in names))
    done = ctx.tx.execute(
        update(customer)
        .where(customer.c.customer_id == both.c.customer_id, differs)
        .values({name: both.c[name] for name in names})
        .returning(customer.c.customer_id, customer.c.latest_source_kind, customer.c.latest_source_code)
    )
    return [Change(row[0], "source", None, f"{row[1]}/{row[2]}" if row[1] else None) for row in done]


def project_consents(ctx: Ctx, ids: Collection[int]) -> None:
    """Set the consent flags from the latest statement of each kind over all origins; at the same time no beats yes."""
    lock_rows(ctx, ids)
    asked = unnest("i", customer_id=(Integer(), sorted(set(ids))))
    latest = (
        select(consent.c.customer_id, consent.c.kind, consent.c.given, consent.c.at)
        .join(asked, asked.c.customer_id == consent.c.customer_id)
        .ext(distinct_on(consent.c.customer_id, consent.c.kind))
        .order_by(consent.c.customer_id, consent.c.kind, consent.c.at.desc(), consent.c.given)
        .subquery("l")
    )
    flags = (
        select(
            asked.c.customer_id,
            func.max(latest.c.at).filter(and_(latest.c.kind == "push", ~latest.c.given)).label("opted_out_at"),
            *(
                func.coalesce(func.bool_or(latest.c.given).filter(latest.c.kind == kind), False).label(name)
                for kind, name in (
                    ("contact", "contact_consent"),
                    ("profiling", "profiling_consent"),
                    ("blacklist", "blacklisted"),
                )
            ),
        )
        .join(latest, latest.c.customer_id == asked.c.customer_id, isouter=True)
        .group_by(asked.c.customer_id)
        .subquery("f")
    )
    names = ("opted_out_at", "contact_consent", "profiling_consent", "blacklisted")
    differs = or_(*(customer.c[name].is_distinct_from(flags.c[name]) for name in names))
    ctx.tx.execute(
        update(customer)
        .where(customer.c.customer_id == flags.c.customer_id, differs)
        .values({name: flags.c[name] for name in names})
    )


def project_activity(ctx: Ctx, ids: Iterable[int], quiet: Sequence[str]) -> None:
    """Set the last activity from the events (after a merge or split)."""
    ordered = sorted(set(ids))
    asked = unnest("i", customer_id=(Integer(), ordered))
    ctx.tx.execute(delete(activity).where(activity.c.customer_id.in_(ordered)))
    last = (
        select(func.max(event.c.occurred_at).label("at"))
        .where(event.c.customer_id == asked.c.customer_id, event.c.type.not_in(quiet))
        .lateral("e")
    )
    chosen = select(asked.c.customer_id, last.c.at).join(last, true()).where(last.c.at.is_not(None))
    ctx.tx.execute(insert(activity).from_select(["customer_id", "last_activity_at"], chosen))
