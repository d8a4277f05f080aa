"""Private: score rules, the ledger of points, standings, the ladder, tag rules."""

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Double,
    Identity,
    Index,
    Integer,
    Named,
    Table,
    Text,
    TypedColumns,
    text,
)
from sqlalchemy import (
    Sequence as Counter,
)
from sqlalchemy.dialects.postgresql import JSONB

from siyu.kernel.db import metadata

Time = DateTime(timezone=True)
gain_ids = Counter("lifecycle_gain_seq", metadata=metadata, data_type=BigInteger)
change_ids = Counter("lifecycle_change_seq", metadata=metadata, data_type=BigInteger)


class ScoreRuleColumns(TypedColumns):
    rule_id = Column(Integer, Identity(), primary_key=True)
    name: Named[str] = Column(Text, unique=True)
    events: Named[dict[str, object]] = Column(JSONB)
    points: Named[int] = Column(Integer)
    daily_cap: Named[int | None] = Column(Integer)
    total_cap: Named[int | None] = Column(Integer)
    active: Named[bool] = Column(Boolean)
    changed_at: Named[datetime] = Column(Time)


class TagRuleColumns(TypedColumns):
    rule_id = Column(Integer, Identity(), primary_key=True)
    name: Named[str] = Column(Text, unique=True)
    tag_id: Named[int] = Column(Integer)
    segment_id: Named[int | None] = Column(Integer)
    events: Named[dict[str, object] | None] = Column(JSONB(none_as_null=True))
    days: Named[int | None] = Column(Integer)
    active: Named[bool] = Column(Boolean)
    changed_at: Named[datetime] = Column(Time)


class GivenColumns(TypedColumns):
    customer_id = Column(Integer, primary_key=True, autoincrement=False)
    rule_id = Column(Integer, primary_key=True, autoincrement=False)
    origin_id = Column(Integer, primary_key=True, autoincrement=False)


class GainColumns(TypedColumns):
    customer_id = Column(Integer, primary_key=True, autoincrement=False)
    gain_id = Column(BigInteger, primary_key=True, autoincrement=False)
    origin_id: Named[int] = Column(Integer)
    rule_id: Named[int | None] = Column(Integer)
    event_id: Named[int | None] = Column(BigInteger)
    points: Named[int] = Column(Integer)
    at: Named[datetime] = Column(Time)
    by: Named[str] = Column(Text)


class StandingColumns(TypedColumns):
    customer_id = Column(Integer, primary_key=True, autoincrement=False)
    value: Named[float] = Column(Double)
    rate: Named[float] = Column(Double)
    as_of: Named[datetime] = Column(Time)
    key: Named[float | None] = Column(Double)
    level: Named[str | None] = Column(Text)
    ruled: Named[str | None] = Column(Text)
    since: Named[datetime | None] = Column(Time)
    falls_at: Named[datetime | None] = Column(Time)


class LadderColumns(TypedColumns):
    ladder_id = Column(Integer, primary_key=True, autoincrement=False)
    levels: Named[list[dict[str, object]]] = Column(JSONB)
    half_life_days: Named[int | None] = Column(Integer)
    margin: Named[int] = Column(Integer)
    sweep_after: Named[int | None] = Column(Integer)
    changed_at: Named[datetime] = Column(Time)


score_rule = Table("score_rule", metadata, ScoreRuleColumns)
tag_rule = Table("tag_rule", metadata, TagRuleColumns)
given_tag = Table("tag_rule_given", metadata, GivenColumns)
gain = Table("score_gain", metadata, GainColumns)
standing = Table(
    "lifecycle_standing",
    metadata,
    StandingColumns,
    Index(None, "key"),
    Index(None, "level"),
    Index("ix_lifecycle_standing_falls_at", "falls_at", postgresql_where=text("falls_at is not null")),
)
ladder = Table("lifecycle_ladder", metadata, LadderColumns)
