"""Private: the statement that reads who changed level, from the timeline."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ARRAY, ColumnElement, FromClause, Integer, Row, Text, cast, func, literal, select, tuple_

from siyu.kernel.ctx import Ctx
from siyu.lifecycle.store import Time


def page(
    ctx: Ctx,
    events: FromClause,
    people: FromClause,
    *,
    to: str | None,
    way: tuple[Literal["up", "down"], Sequence[str]] | None,
    since: datetime | None,
    until: datetime | None,
    before: tuple[datetime, int] | None,
    limit: int,
) -> Sequence[Row[Any]]:
    """Changes of level, latest first, older than ``before`` = (at, event_id).

    ``way``: up or down on a ladder of these keys, the lowest first; a change from or to another level is neither.
    """
    props = events.c.props
    came, went = props["from"].astext, props["to"].astext
    # Outside systems may tell such events too, under their own sources; of an erased person's only numbers are left.
    wanted: list[ColumnElement[bool]] = [
        events.c.type == "lifecycle_changed",
        events.c.source == "lifecycle",
        went.is_not(None),
    ]
    if to is not None:
        wanted.append(went == to)
    if way is not None:
        keys = literal(list(way[1]), ARRAY(Text))
        lower, higher = (came, went) if way[0] == "up" else (went, came)
        wanted.append(func.array_position(keys, lower) < func.array_position(keys, higher))
    if since is not None:
        wanted.append(events.c.occurred_at >= literal(since, Time))
    if until is not None:
        wanted.append(events.c.occurred_at < literal(until, Time))
    if before is not None:
        at = literal(before[0], Time)
        # The first bound alone leaves out the months that are read already.
        wanted += [events.c.occurred_at <= at, tuple_(events.c.occurred_at, events.c.event_id) < tuple_(at, before[1])]
    latest = (
        select(
            events.c.event_id,
            events.c.occurred_at.label("at"),
            events.c.customer_id,
            came.label("came"),
            went.label("went"),
            cast(props["score"].astext, Integer).label("score"),
            props["why"].astext.label("why"),
        )
        .where(*wanted)
        .order_by(events.c.occurred_at.desc(), events.c.event_id.desc())
        .limit(limit)
        .subquery("latest")
    )
    columns: list[Any] = [*latest.c, people.c.name]
    named = select(*columns).join_from(latest, people, people.c.customer_id == latest.c.customer_id, isouter=True)
    return ctx.tx.execute(named.order_by(latest.c.at.desc(), latest.c.event_id.desc())).all()
