"""The tables of the room. Identity look-ups are keyed by their own value; all else carries customer_id in its keys."""

from datetime import date, datetime

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Index,
    Integer,
    Named,
    Sequence,
    SmallInteger,
    Table,
    Text,
    TypedColumns,
    Uuid,
    text,
)
from sqlalchemy import Identity as Counter
from sqlalchemy.dialects.postgresql import JSONB

from siyu.kernel.db import metadata

Time = DateTime(timezone=True)

origin_ids = Sequence("origin_id_seq", metadata=metadata, data_type=Integer)
event_ids = Sequence("event_id_seq", metadata=metadata, data_type=BigInteger)


class IdentityColumns(TypedColumns):
    identity_id = Column(Integer, Counter(), primary_key=True)
    kind: Named[str] = Column(Text)
    scope: Named[str] = Column(Text)
    value: Named[str] = Column(Text)
    origin_id: Named[int | None] = Column(Integer)


class OriginColumns(TypedColumns):
    origin_id = Column(Integer, primary_key=True, autoincrement=False)
    customer_id: Named[int] = Column(Integer, index=True)
    created_at: Named[datetime] = Column(Time)


class AssertionColumns(TypedColumns):
    origin_id = Column(Integer, primary_key=True, autoincrement=False)
    identity_id = Column(Integer, primary_key=True, autoincrement=False)
    source = Column(Text, primary_key=True)
    at: Named[datetime] = Column(Time)


class VisitorColumns(TypedColumns):
    anonymous_id = Column(Text, primary_key=True)
    origin_id: Named[int] = Column(Integer, index=True)
    seen_at: Named[datetime] = Column(Time)


class DecisionColumns(TypedColumns):
    decision_id = Column(Integer, Counter(), primary_key=True)
    verdict: Named[str] = Column(Text)
    case_id: Named[int | None] = Column(Integer, index=True)
    decided_at: Named[datetime] = Column(Time)
    actor: Named[str] = Column(Text)
    undone_at: Named[datetime | None] = Column(Time)


class DecisionMemberColumns(TypedColumns):
    origin_id = Column(Integer, primary_key=True, autoincrement=False)
    decision_id = Column(Integer, primary_key=True, autoincrement=False, index=True)
    group_no: Named[int] = Column(Integer)


class CaseColumns(TypedColumns):
    case_id = Column(Integer, Counter(), primary_key=True)
    state: Named[str] = Column(Text)
    opened_at: Named[datetime] = Column(Time)
    closed_at: Named[datetime | None] = Column(Time)


class CaseMemberColumns(TypedColumns):
    origin_id = Column(Integer, primary_key=True, autoincrement=False)
    case_id = Column(Integer, primary_key=True, autoincrement=False, index=True)
    group_no: Named[int] = Column(Integer)


class MoveColumns(TypedColumns):
    move_id = Column(BigInteger, Counter(), primary_key=True)
    origin_id: Named[int] = Column(Integer, index=True)
    from_id: Named[int] = Column(Integer)
    to_id: Named[int] = Column(Integer)
    at: Named[datetime] = Column(Time)
    barrier: Named[int | None] = Column(BigInteger)
    settled: Named[bool] = Column(Boolean)


class CustomerColumns(TypedColumns):
    customer_id = Column(Integer, primary_key=True, autoincrement=False)
    status: Named[str] = Column(Text)
    name: Named[str | None] = Column(Text)
    name_key: Named[str] = Column(Text)
    gender: Named[str | None] = Column(Text)
    phone: Named[str | None] = Column(Text)
    email: Named[str | None] = Column(Text)
    region: Named[str | None] = Column(Text)
    city: Named[str | None] = Column(Text)
    company: Named[str | None] = Column(Text)
    position: Named[str | None] = Column(Text)
    industry: Named[str | None] = Column(Text)
    birthday: Named[date | None] = Column(Date)
    avatar: Named[str | None] = Column(Text)
    custom: Named[dict[str, object]] = Column(JSONB)
    grams: Named[list[str]] = Column(ARRAY(Text))
    owner_id: Named[int | None] = Column(Integer)
    source_kind: Named[str | None] = Column(Text)
    source_code: Named[str | None] = Column(Text)
    source_at: Named[datetime | None] = Column(Time)
    latest_source_kind: Named[str | None] = Column(Text)
    latest_source_code: Named[str | None] = Column(Text)
    latest_source_at: Named[datetime | None] = Column(Time)
    opted_out_at: Named[datetime | None] = Column(Time)
    blacklisted: Named[bool] = Column(Boolean)
    contact_consent: Named[bool] = Column(Boolean)
    profiling_consent: Named[bool] = Column(Boolean)
    created_at: Named[datetime] = Column(Time)


class ActivityColumns(TypedColumns):
    customer_id = Column(Integer, primary_key=True, autoincrement=False)
    last_activity_at: Named[datetime] = Column(Time)


class DefinitionColumns(TypedColumns):
    name = Column(Text, primary_key=True)
    title: Named[str] = Column(Text)
    type: Named[str] = Column(Text)
    options: Named[list[str]] = Column(ARRAY(Text))
    mode: Named[str] = Column(Text)
    created_at: Named[datetime] = Column(Time)


class FactColumns(TypedColumns):
    customer_id = Column(Integer, primary_key=True, autoincrement=False)
    origin_id = Column(Integer, primary_key=True, autoincrement=False)
    name = Column(Text, primary_key=True)
    source = Column(Text, primary_key=True)
    value: Named[object] = Column(JSONB)
    rank: Named[int] = Column(SmallInteger)
    at: Named[datetime] = Column(Time)
    actor: Named[str] = Column(Text)


class TouchColumns(TypedColumns):
    customer_id = Column(Integer, primary_key=True, autoincrement=False)
    origin_id = Column(Integer, primary_key=True, autoincrement=False)
    source = Column(Text, primary_key=True)
    latest = Column(Boolean, primary_key=True)
    kind: Named[str] = Column(Text)
    code: Named[str] = Column(Text)
    params: Named[dict[str, object]] = Column(JSONB)
    at: Named[datetime] = Column(Time)


class FollowColumns(TypedColumns):
    customer_id = Column(Integer, primary_key=True, autoincrement=False)
    origin_id = Column(Integer, primary_key=True, autoincrement=False)
    kind = Column(Text, primary_key=True)
    account_id = Column(Integer, primary_key=True, autoincrement=False)
    staff = Column(Text, primary_key=True)
    followed_at: Named[datetime | None] = Column(Time)
    lost_at: Named[datetime | None] = Column(Time)
    following: Named[bool] = Column(Boolean)
    scene: Named[str | None] = Column(Text)
    remark: Named[str | None] = Column(Text)
    lost_by: Named[str | None] = Column(Text)


class OrderColumns(TypedColumns):
    customer_id = Column(Integer, primary_key=True, autoincrement=False)
    source = Column(Text, primary_key=True)
    order_no = Column(Text, primary_key=True)
    origin_id: Named[int] = Column(Integer)
    amount: Named[int] = Column(BigInteger)
    currency: Named[str] = Column(Text)
    status: Named[str] = Column(Text)
    placed_at: Named[datetime] = Column(Time)
    changed_at: Named[datetime] = Column(Time)
    lines: Named[list[object]] = Column(JSONB)


class OrderKeyColumns(TypedColumns):
    source = Column(Text, primary_key=True)
    order_no = Column(Text, primary_key=True)
    origin_id: Named[int] = Column(Integer)


class ConsentColumns(TypedColumns):
    customer_id = Column(Integer, primary_key=True, autoincrement=False)
    origin_id = Column(Integer, primary_key=True, autoincrement=False)
    kind = Column(Text, primary_key=True)
    given: Named[bool] = Column(Boolean)
    at: Named[datetime] = Column(Time)
    why: Named[str] = Column(Text)
    actor: Named[str] = Column(Text)


class EventColumns(TypedColumns):
    # The key in this order is the timeline of a customer: no other index has to say it.
    customer_id = Column(Integer, primary_key=True, autoincrement=False)
    occurred_at = Column(Time, primary_key=True)
    event_id = Column(BigInteger, primary_key=True, autoincrement=False)
    origin_id: Named[int] = Column(Integer)
    recorded_at: Named[datetime] = Column(Time)
    type: Named[str] = Column(Text)
    source: Named[str] = Column(Text)
    key: Named[str] = Column(Text)
    content_id: Named[int | None] = Column(Integer)
    props: Named[dict[str, object]] = Column(JSONB)


class EventKeyColumns(TypedColumns):
    key_hash = Column(Uuid, primary_key=True)
    content_hash: Named[int] = Column(BigInteger)
    event_id: Named[int] = Column(BigInteger)
    day: Named[date] = Column(Date)


class QueueColumns(TypedColumns):
    customer_id = Column(Integer, primary_key=True, autoincrement=False)
    event_id = Column(BigInteger, primary_key=True, autoincrement=False)
    slot: Named[int] = Column(SmallInteger)
    origin_id: Named[int] = Column(Integer)
    occurred_at: Named[datetime] = Column(Time)


class WaitingColumns(TypedColumns):
    customer_id = Column(Integer, primary_key=True, autoincrement=False)
    waiting_id = Column(BigInteger, Counter(), primary_key=True)
    slot: Named[int] = Column(SmallInteger)
    origin_id: Named[int] = Column(Integer, index=True)
    type: Named[str] = Column(Text)
    occurred_at: Named[datetime] = Column(Time)
    source: Named[str] = Column(Text)
    key: Named[str] = Column(Text)
    content_id: Named[int | None] = Column(Integer)
    props: Named[dict[str, object]] = Column(JSONB)


class VisitorEventColumns(TypedColumns):
    anonymous_id = Column(Text, primary_key=True)
    source = Column(Text, primary_key=True)
    key = Column(Text, primary_key=True)
    type: Named[str] = Column(Text)
    occurred_at: Named[datetime] = Column(Time)
    content_id: Named[int | None] = Column(Integer)
    props: Named[dict[str, object]] = Column(JSONB)


class ErasureColumns(TypedColumns):
    erasure_id = Column(Integer, Counter(), primary_key=True)
    customer_id: Named[int] = Column(Integer, index=True)
    hashes: Named[list[str]] = Column(ARRAY(Text))
    asked_at: Named[datetime] = Column(Time)
    actor: Named[str] = Column(Text)
    done_at: Named[datetime | None] = Column(Time)
    filed_at: Named[datetime | None] = Column(Time)


class HousekeepingColumns(TypedColumns):
    only = Column(Boolean, primary_key=True)
    due_at: Named[datetime] = Column(Time)
    events_from: Named[datetime | None] = Column(Time)


identity = Table(
    "identity", metadata, IdentityColumns, Index("uq_identity_kind", "kind", "scope", "value", unique=True)
)
# Phones and emails have no origin, arrivals no value that anybody looks for: no index holds more than is asked of it.
LOOKED_FOR = text("identity.kind not in ('phone', 'email', 'record')")
Index("ix_identity_origin_id", identity.c.origin_id, postgresql_where=text("origin_id is not null"))
Index("ix_identity_value", identity.c.value, postgresql_where=text("kind not in ('phone', 'email', 'record')"))
origin = Table("origin", metadata, OriginColumns)
assertion = Table(
    "assertion", metadata, AssertionColumns, Index(None, "identity_id", "origin_id"), Index(None, "source", "origin_id")
)
visitor = Table("visitor", metadata, VisitorColumns)
decision = Table("decision", metadata, DecisionColumns)
decision_member = Table("decision_member", metadata, DecisionMemberColumns)
review_case = Table(
    "review_case",
    metadata,
    CaseColumns,
    Index("ix_review_case_open", "case_id", postgresql_where=text("state = 'open'")),
)
case_member = Table("case_member", metadata, CaseMemberColumns)
move = Table(
    "identity_move",
    metadata,
    MoveColumns,
    Index("ix_identity_move_unsettled", "move_id", postgresql_where=text("not settled")),
)
customer = Table(
    "customer",
    metadata,
    CustomerColumns,
    Index("ix_customer_name_key", "name_key", "customer_id", postgresql_where=text("status = 'active'")),
    Index("ix_customer_created_at", "created_at", "customer_id", postgresql_where=text("status = 'active'")),
    Index("ix_customer_owner_id", "owner_id", postgresql_where=text("owner_id is not null")),
    Index("ix_customer_grams", "grams", postgresql_using="gin"),
)
activity = Table("customer_activity", metadata, ActivityColumns, Index(None, "last_activity_at", "customer_id"))
definition = Table("attribute_definition", metadata, DefinitionColumns)
fact = Table("attribute_fact", metadata, FactColumns)
touch = Table("touch", metadata, TouchColumns)
follow = Table("follow", metadata, FollowColumns, Index(None, "kind", "account_id", "followed_at"))
orders = Table("customer_order", metadata, OrderColumns, Index(None, "placed_at"))
order_key = Table("order_key", metadata, OrderKeyColumns)
consent = Table("consent", metadata, ConsentColumns)
event = Table(
    "event",
    metadata,
    EventColumns,
    Index("ix_event_type", "type", "occurred_at", postgresql_include=["customer_id", "content_id"]),
    Index("ix_event_time", "occurred_at", postgresql_using="brin"),
    postgresql_partition_by="RANGE (occurred_at)",
)
event_key = Table("event_key", metadata, EventKeyColumns, Index("ix_event_key_day", "day", postgresql_using="brin"))
pulse_queue = Table("pulse_queue", metadata, QueueColumns, Index(None, "slot", "event_id"))
waiting_event = Table("waiting_event", metadata, WaitingColumns, Index(None, "slot", "waiting_id"))
visitor_event = Table("visitor_event", metadata, VisitorEventColumns, Index(None, "occurred_at"))
erasure = Table("erasure", metadata, ErasureColumns)
housekeeping = Table("customer_housekeeping", metadata, HousekeepingColumns)

MOVED = (event, pulse_queue, fact, touch, follow, orders, consent)
"""Tables whose rows go with their origin when it changes its customer."""
