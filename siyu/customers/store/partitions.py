"""Month partitions of the timeline."""

from datetime import UTC, datetime

from sqlalchemy import Connection, text


def _month(moment: datetime, plus: int = 0) -> datetime:
    months = moment.year * 12 + moment.month - 1 + plus
    return datetime(months // 12, months % 12 + 1, 1, tzinfo=UTC)


def ensure_partitions(connection: Connection, around: datetime | None) -> list[str]:
    """Make the default partition and, unless ``around`` is None, those of its month, the one before and two after.

    Returns the names made. Rows that waited in the default partition are moved into a new month (a partition
    cannot be attached over them). Months are UTC.
    """
    connection.execute(text("create table if not exists event_rest partition of event default"))
    if around is None:
        return []
    there = set(
        connection.execute(
            text("select inhrelid::regclass::text from pg_inherits where inhparent = 'event'::regclass")
        ).scalars()
    )
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
