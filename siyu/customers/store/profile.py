"""Statements that keep the profile row equal to the facts about its origins.

A profile is a projection. Facts are stored per origin and source; the customer's value is the winner over all of them
(hand before sources, then the latest), so merging and splitting only re-read.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Date,
    Integer,
    TableValuedAlias,
    Text,
    TextualSelect,
    bindparam,
    case,
    cast,
    column,
    func,
    literal_column,
    select,
    text,
    true,
)
from sqlalchemy.dialects.postgresql import JSONB, Insert
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.types import TypeEngine

from siyu.customers import normal
from siyu.customers.attributes import COLUMNS
from siyu.customers.store.facts import as_json
from siyu.customers.store.newcomers import Sources, Values
from siyu.customers.store.tables import Time, customer
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import given, notation, rows

SOURCES = ("source_kind", "source_code", "source_at", "latest_source_kind", "latest_source_code", "latest_source_at")
"""The columns that tell how a customer arrived first and last."""


@dataclass(frozen=True, slots=True)
class Change:
    """An attribute of a customer whose shown value changed."""

    customer_id: int
    name: str
    old: Any
    new: Any


def shown(row: Any) -> dict[str, Any]:
    """The attributes in a customer row, in their stored form."""
    values = {name: getattr(row, name) for name in COLUMNS}
    if row.birthday is not None:
        values["birthday"] = row.birthday.isoformat()
    return {**row.custom, **{name: value for name, value in values.items() if value is not None}}


_IDS = rows("i", customer_id=Integer())
_LOCK = (
    select(customer.c.customer_id)
    .join(_IDS, _IDS.c.customer_id == customer.c.customer_id)
    .order_by(customer.c.customer_id)
    .with_for_update(of=customer)
)


def lock_rows(ctx: Ctx, ids: Iterable[int]) -> None:
    """Lock the rows of these customers, in order of id.

    A projection reads facts and then overwrites the row. Two at once would each miss what the other wrote; with the
    row locked first, the second reads the facts after the first has committed.
    """
    ctx.tx.execute(_LOCK, given(_IDS, customer_id=sorted(set(ids))))


_SHOWN = "c.custom || jsonb_strip_nulls(jsonb_build_object({}))".format(
    ", ".join(f"'{name}', c.{name}" for name in COLUMNS)
)


def _differing(after: str, chosen: str) -> TextualSelect:
    """Rows (customer_id, status, before, after) of those whose profile is not what the facts say.

    Compared on the server: people about whom nothing changed, the most of a repeated import, cost one row each there
    and none here. Lateral, because without statistics the server would read all facts there are.
    """
    return text(
        f"""select customer_id, status, before, after from (
          select i.customer_id, c.status, c.before, {after} as after
          from unnest(cast(:ids as int[])) as i(customer_id)
          left join lateral (
            select c.status, {_SHOWN} as before from customer c where c.customer_id = i.customer_id
          ) c on true
          left join lateral (
            select jsonb_object_agg(f.name, f.value) filter (where f.value <> 'null') as told from (
              select distinct on (f.name) f.name, f.value from attribute_fact f
              where f.customer_id = i.customer_id {chosen}
              order by f.name, f.rank desc, f.at desc, f.source, cast(f.value as text)
            ) f
          ) w on true
        ) d where status is null or status = 'merged' or before <> after"""  # noqa: S608 - constants of this file
    ).columns(column("customer_id", Integer), column("status", Text), column("before", JSONB), column("after", JSONB))


_ALL = _differing("coalesce(w.told, '{}')", "")
_SOME = _differing(
    "coalesce(c.before, '{}') - cast(:names as text[]) || coalesce(w.told, '{}')",
    "and f.name = any(cast(:names as text[]))",
)


def project(
    ctx: Ctx,
    ids: Iterable[int],
    *,
    new: Iterable[int] = (),
    names: Sequence[str] | None = None,
    told: Values | None = None,
    sources: Sources | None = None,
) -> list[Change]:
    """Make the profile rows of ``ids`` say what the facts say; ``new`` have no row yet. ``names`` limits what is read.

    ``told`` and ``sources``: what is known of new ones without reading (store/newcomers.py).
    Returns the visible changes of customers that were there before.
    """
    fresh = set(new)
    known = sorted(set(ids) - fresh)
    if known:
        lock_rows(ctx, known)
    written: list[tuple[int, Any]] = [(one, (told or {})[one]) for one in sorted(fresh) if one in (told or {})]
    changes: list[Change] = []
    unread = known + sorted(fresh - (told or {}).keys())
    if unread:
        asked = {"ids": notation(Integer(), unread)}
        if names is not None:
            asked["names"] = notation(Text(), names)
        found = ctx.tx.execute(_ALL if names is None else _SOME, asked).all()
        for customer_id, status, before, after in sorted(found, key=lambda row: row[0]):
            if status == "active":
                differing = [name for name in {*before, *after} if before.get(name) != after.get(name)]
                changes.extend(
                    Change(customer_id, name, before.get(name), after.get(name)) for name in sorted(differing)
                )
            written.append((customer_id, after))
    _add(ctx, [row for row in written if row[0] in fresh], sources or {})
    _write(ctx, [row for row in written if row[0] not in fresh])
    return changes


_BUILT_IN: ColumnElement[Any] = literal_column(f"cast('{{{','.join(COLUMNS)}}}' as text[])")
_TYPES: dict[str, TypeEngine[Any]] = {"birthday": Date(), "owner_id": Integer()}
_KEPT = frozenset(
    ["customer_id", "created_at", "blacklisted", "contact_consent", "profiling_consent", "status", *SOURCES]
)


def _statement(*, new: bool) -> tuple[TableValuedAlias, Insert]:
    """The relation of profiles to write and its statement; ``new``: of rows that nobody has, with their sources.

    Looking for the row that is not there took a third of writing it (measured).
    """
    sources: dict[str, TypeEngine[Any]] = {name: Time if name.endswith("_at") else Text() for name in SOURCES}
    profiles = rows("n", customer_id=Integer(), told=Text(), name_key=Text(), grams=Text(), **(sources if new else {}))
    told = cast(profiles.c.told, JSONB)
    values = (
        func.jsonb_to_record(told)
        .table_valued(*(column(name, _TYPES.get(name, Text())) for name in COLUMNS))
        .render_derived("v", with_types=True)
    )
    columns: dict[str, Any] = {
        "customer_id": profiles.c.customer_id,
        "name_key": profiles.c.name_key,
        "grams": func.string_to_array(profiles.c.grams, " "),
        "custom": told.op("-", return_type=JSONB())(_BUILT_IN),
        "status": literal_column("'active'"),
        "created_at": bindparam("now", type_=Time),
    }
    columns |= {name: values.c[name] for name in COLUMNS}
    columns |= {name: profiles.c[name] for name in SOURCES if new}
    columns |= dict.fromkeys(("blacklisted", "contact_consent", "profiling_consent"), literal_column("false"))
    statement = upsert(customer).from_select(
        list(columns), select(*columns.values()).select_from(profiles.join(values, true()))
    )
    if new:
        return profiles, statement
    changed: dict[str, Any] = {name: statement.excluded[name] for name in columns if name not in _KEPT}
    changed["status"] = case((customer.c.status == "erased", "erased"), else_="active")
    return profiles, statement.on_conflict_do_update(index_elements=[customer.c.customer_id], set_=changed)


_NEW, _ADD = _statement(new=True)
_PROFILES, _SAVE = _statement(new=False)
Profiles = Sequence[tuple[int, Mapping[str, Any]]]


def _columns(profiles: Profiles) -> dict[str, list[Any]]:
    told = [values for _, values in profiles]
    return {
        "customer_id": [customer_id for customer_id, _ in profiles],
        "told": [as_json(values) for values in told],
        "name_key": [normal.name_key(values.get("name")) for values in told],
        "grams": [
            " ".join(normal.grams(values.get("name"), values.get("company"), values.get("phone"))) for values in told
        ],
    }


def _write(ctx: Ctx, profiles: Profiles) -> None:
    if profiles:
        ctx.tx.execute(_SAVE, given(_PROFILES, **_columns(profiles)) | {"now": ctx.now})


def _add(ctx: Ctx, profiles: Profiles, sources: Sources) -> None:
    if not profiles:
        return
    columns = _columns(profiles)
    ends = [sources.get(customer_id, (None, None)) for customer_id, _ in profiles]
    for place, prefix in enumerate(("source", "latest_source")):
        mine = [pair[place] for pair in ends]
        columns[f"{prefix}_kind"] = [one and one.kind for one in mine]
        columns[f"{prefix}_code"] = [one and one.code for one in mine]
        columns[f"{prefix}_at"] = [one and one.at for one in mine]
    ctx.tx.execute(_ADD, given(_NEW, **columns) | {"now": ctx.now})
