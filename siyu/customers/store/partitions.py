"""Month partitions of the timeline: made ahead, dropped when their time is over."""

import re
from datetime import UTC, datetime

from sqlalchemy import Connection, text

_NAME = re.compile(r"event_\d{6}")


def _month(moment: datetime, plus: int = 0) -> datetime:
    months = moment.year * 12 + moment.month - 1 + plus
    return datetime(months // 12, months % 12 + 1, 1, tzinfo=UTC)


def kept_from(now: datetime, months: int) -> datetime:
    """The start of the month (UTC) from which on events are kept: the running month and ``months`` before it."""
    return _month(now.astimezone(UTC), -months)


_PARTITIONS = "select inhrelid::regclass::text from pg_inherits where inhparent = 'event'::regclass"


def drop_oldest(connection: Connection, before: datetime) -> str | None:
    """Drop the oldest month of which all lies before ``before``; its name, None when there is none."""
    last = f"event_{_month(before, -1):%Y%m}"
    names: list[str] = sorted(n for n in connection.execute(text(_PARTITIONS)).scalars() if _NAME.fullmatch(n))
    if not names or names[0] > last:
        return None
    connection.execute(text(f"drop table {names[0]}"))
    return names[0]


def ensure_partitions(connection: Connection, around: datetime | None) -> list[str]:
    """Make the default partition and, unless ``around`` is None, those of its month, the one before and two after.

    Returns the names made. Rows that waited in the default partition are moved into a new month (a partition
    cannot be attached over them). Months are UTC.
    """
    connection.execute(text("create table if not exists event_rest partition of event default"))
    if around is None:
        return []
    there = set(connection.execute(text(_PARTITIONS)).scalars())
    made: list[str] = []
    for plus in (-1, 0, 1, 2):  # set-loop: four months, DDL has no sets
        start, end = _month(around.astimezone(UTC), plus), _month(around.astimezone(UTC), plus + 1)
        name = f"event_{start:%Y%m}"
        if name in there:
            continue
        bounds = f"'{start.isoformat()}' and occurred_at < '{end.isoformat()}'"
        connection.execute(text(f"create table {name} (like event including defaults)"))
        moved = connection.execute(
            text(f"insert into {name} select * from event_rest where occurred_at >= {bounds}")  # noqa: S608 our own literals
        ).rowcount
        if moved:
            connection.execute(text(f"delete from event_rest where occurred_at >= {bounds}"))  # noqa: S608 our own literals
        connection.execute(
            text(
                f"alter table event attach partition {name}"
                f" for values from ('{start.isoformat()}') to ('{end.isoformat()}')"
            )
        )
        made.append(name)
    return made
