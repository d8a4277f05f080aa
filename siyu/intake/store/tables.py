"""What is to be read from the platforms, reconciliation rounds, counts of ignored callbacks."""

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Double,
    Index,
    Integer,
    Named,
    Table,
    Text,
    TypedColumns,
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


lookup = Table("intake_lookup", metadata, LookupColumns, Index(None, "due_at"))
round_ = Table("intake_round", metadata, RoundColumns)
seen = Table("intake_seen", metadata, SeenColumns)
ignored = Table("intake_ignored", metadata, IgnoredColumns)
