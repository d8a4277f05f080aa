"""What is to be read from the platforms, reconciliation rounds, places in archives, counts of ignored callbacks."""

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    DateTime,
    Double,
    Index,
    Integer,
    Named,
    Table,
    Text,
    TypedColumns,
    or_,
)

from siyu.kernel.db import metadata

Time = DateTime(timezone=True)


class LookupColumns(TypedColumns):
    account_id = Column(Integer, primary_key=True, autoincrement=False)
    kind = Column(Text, primary_key=True)
    value = Column(Text, primary_key=True)
    due_at: Named[datetime] = Column(Time)
    serial: Named[int] = Column(Integer)
    attempts: Named[int] = Column(Integer)
    lease_machine: Named[float] = Column(Double)
    error: Named[str] = Column(Text)


class RoundColumns(TypedColumns):
    account_id = Column(Integer, primary_key=True, autoincrement=False)
    kind = Column(Text, primary_key=True)
    next_at: Named[datetime] = Column(Time)
    running: Named[bool] = Column(Boolean)
    again: Named[bool] = Column(Boolean)
    started_at: Named[datetime | None] = Column(Time)
    finished_at: Named[datetime | None] = Column(Time)
    cursor: Named[str] = Column(Text)
    seen: Named[int] = Column(Integer)
    healed: Named[int] = Column(Integer)
    failures: Named[int] = Column(Integer)
    error: Named[str] = Column(Text)
    lease_machine: Named[float] = Column(Double)
    claims: Named[int] = Column(Integer)


class SeenColumns(TypedColumns):
    account_id = Column(Integer, primary_key=True, autoincrement=False)
    kind = Column(Text, primary_key=True)
    value = Column(Text, primary_key=True)
    staff = Column(Text, primary_key=True)


class IgnoredColumns(TypedColumns):
    account_id = Column(Integer, primary_key=True, autoincrement=False)
    kind = Column(Text, primary_key=True)
    callbacks: Named[int] = Column(BigInteger)
    latest_at: Named[datetime] = Column(Time)


class KfColumns(TypedColumns):
    account_id = Column(Integer, primary_key=True, autoincrement=False)
    open_kfid = Column(Text, primary_key=True)
    cursor: Named[str] = Column(Text)
    token: Named[str] = Column(Text)
    token_at: Named[datetime] = Column(Time)


class ArchiveColumns(TypedColumns):
    account_id = Column(Integer, primary_key=True, autoincrement=False)
    seq: Named[int] = Column(BigInteger)
    due_at: Named[datetime] = Column(Time)
    serial: Named[int] = Column(Integer)
    read_at: Named[datetime | None] = Column(Time)
    failures: Named[int] = Column(Integer)
    error: Named[str] = Column(Text)
    lease_machine: Named[float] = Column(Double)


LONGEST_LEASE = 7_200.0
"""Seconds: twice what the setting allows."""


def free(lease: ColumnElement[float], machine: ColumnElement[float]) -> ColumnElement[bool]:
    """Not leased at a machine second. A lease that ends later than any could is of a clock that was set back since."""
    return or_(lease < machine, lease > machine + LONGEST_LEASE)


lookup = Table("intake_lookup", metadata, LookupColumns, Index(None, "due_at"))
round_ = Table("intake_round", metadata, RoundColumns)
kf = Table("intake_kf", metadata, KfColumns)
archive = Table("intake_archive", metadata, ArchiveColumns)
seen = Table("intake_seen", metadata, SeenColumns)
ignored = Table("intake_ignored", metadata, IgnoredColumns)
