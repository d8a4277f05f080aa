"""Statements about visitors whom nobody has recognised yet: what they do is kept aside."""

import typing
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ARRAY, Integer, Select, Text, bindparam, cast, delete, func, literal, select, tuple_
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import insert as upsert

from siyu.customers.store.events import dumped
from siyu.customers.store.tables import Time, visitor, visitor_event
from siyu.customers.types import NewVisit
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import given, notation, rows

_VISITS = rows(
    "n",
    anonymous_id=Text(),
    source=Text(),
    key=Text(),
    type=Text(),
    occurred_at=Time,
    content_id=Integer(),
    props=Text(),
)
_VISIT_COLUMNS = {one.name: one for one in _VISITS.c} | {"props": cast(_VISITS.c.props, JSONB)}
_ADD_VISITS = (
    upsert(visitor_event).from_select(list(_VISIT_COLUMNS), select(*_VISIT_COLUMNS.values())).on_conflict_do_nothing()
)


def add_visits(ctx: Ctx, visits: Sequence[NewVisit]) -> int:
    """Keep events of unknown visitors aside; returns how many were new."""
    parameters = given(
        _VISITS,
        anonymous_id=[one.anonymous_id for one in visits],
        source=[one.source for one in visits],
        key=[one.key for one in visits],
        type=[one.type for one in visits],
        occurred_at=[one.occurred_at for one in visits],
        content_id=[one.content_id for one in visits],
        props=[dumped(one.props, f"visits.{place}.props") for place, one in enumerate(visits)],
    )
    return ctx.tx.execute(_ADD_VISITS, parameters, execution_options={"preserve_rowcount": True}).rowcount


_MINE = visitor_event.c.anonymous_id == func.any(cast(bindparam("visitors", type_=Text()), ARRAY(Text)))
_VISITED = select(select(visitor_event.c.key).where(_MINE).exists())
_DROP_VISITS = delete(visitor_event).where(_MINE)


def visited(ctx: Ctx, anonymous_ids: Sequence[str]) -> bool:
    """Whether events of these visitors are kept aside: mostly not, and asking saves three statements."""
    return bool(ctx.tx.execute(_VISITED, {"visitors": notation(Text(), anonymous_ids)}).scalar_one())


def visits_of(anonymous_ids: Sequence[str]) -> Select[Any]:
    """The kept events of visitors that are recognised by now, as record_from takes them."""
    chosen = (
        select(
            visitor.c.origin_id.label("customer_id"),
            visitor.c.origin_id,
            visitor_event.c.type,
            visitor_event.c.occurred_at,
            visitor_event.c.source,
            visitor_event.c.key,
            visitor_event.c.content_id,
            visitor_event.c.props,
        )
        .join(visitor, visitor.c.anonymous_id == visitor_event.c.anonymous_id)
        .where(visitor_event.c.anonymous_id == func.any(literal(list(anonymous_ids), ARRAY(Text))))
    )
    return typing.cast("Select[Any]", chosen)


def drop_visits(ctx: Ctx, anonymous_ids: Sequence[str]) -> None:
    """Forget the kept events of these visitors."""
    ctx.tx.execute(_DROP_VISITS, {"visitors": notation(Text(), anonymous_ids)})


def drop_old_visits(ctx: Ctx, before: Any, limit: int) -> int:
    """Forget kept events that occurred before ``before``."""
    columns = (visitor_event.c.anonymous_id, visitor_event.c.source, visitor_event.c.key)
    old = (
        select(*columns).where(visitor_event.c.occurred_at < before).order_by(visitor_event.c.occurred_at).limit(limit)
    )
    return ctx.tx.execute(delete(visitor_event).where(tuple_(*columns).in_(old))).rowcount
