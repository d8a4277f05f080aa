"""Private: the tables and statements of customers."""

from datetime import UTC, datetime

from sqlalchemy import Connection

from siyu.customers.store import tables
from siyu.customers.store.partitions import ensure_partitions

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def prepare(connection: Connection) -> None:
    """What declarations cannot express: the partition that takes events of months without one. Idempotent."""
    ensure_partitions(connection, None)


__all__ = ["ensure_partitions", "prepare", "tables"]
