"""Private: the tables of outreach."""

from datetime import date, datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Date,
    DateTime,
    Double,
    Identity,
    Index,
    Integer,
    Named,
    SmallInteger,
    Table,
    Text,
    TypedColumns,
    UniqueConstraint,
    literal_column,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from siyu.kernel.db import metadata


class MessageColumns(TypedColumns):
    message_id = Column(Integer, Identity(), primary_key=True)
    digest: Named[str] = Column(Text)
    content_id: Named[int | None] = Column(Integer)
    text: Named[str | None] = Column(Text)
    url: Named[str | None] = Column(Text)
    body: Named[dict[str, object] | None] = Column(JSONB)
    origin_kind: Named[str] = Column(Text)
    origin_id: Named[int] = Column(BigInteger)
    origin_version: Named[int] = Column(Integer)
    origin_node: Named[str] = Column(Text)
    said: Named[int | None] = Column(Integer)
    exempt: Named[bool] = Column(Boolean)
    choices: Named[int] = Column(SmallInteger)


class TextColumns(TypedColumns):
    text_id = Column(Integer, Identity(), primary_key=True)
    digest: Named[str] = Column(Text)


class ChoiceColumns(TypedColumns):
    message_id = Column(Integer, primary_key=True, autoincrement=False)
    choice = Column(SmallInteger, primary_key=True, autoincrement=False)
    route: Named[str] = Column(Text)
    account_id: Named[int] = Column(Integer)
    template: Named[str | None] = Column(Text)
    gather_s: Named[int | None] = Column(Integer)
    at_once: Named[int] = Column(Integer)
    part: Named[str | None] = Column(Text)
    sender: Named[str | None] = Column(Text)


class RequestColumns(TypedColumns):
    customer_id = Column(Integer, primary_key=True, autoincrement=False)
    key = Column(Text, primary_key=True)
    request_id: Named[int] = Column(BigInteger, Identity())
    origin_customer_id: Named[int] = Column(Integer)
    slot: Named[int] = Column(SmallInteger)
    message_id: Named[int] = Column(Integer)
    answers: Named[int | None] = Column(BigInteger)
    lane: Named[int] = Column(SmallInteger)
    priority: Named[int] = Column(SmallInteger)
    asked_at: Named[datetime] = Column(DateTime(timezone=True))
    due_at: Named[datetime] = Column(DateTime(timezone=True))
    expires_at: Named[datetime] = Column(DateTime(timezone=True))
    state: Named[str] = Column(Text)
    reason: Named[str] = Column(Text)
    detail: Named[str | None] = Column(Text)
    choice: Named[int] = Column(SmallInteger)
    route: Named[str | None] = Column(Text)
    account_id: Named[int | None] = Column(Integer)
    trigger: Named[str | None] = Column(Text)
    attempts: Named[int] = Column(SmallInteger)
    batch_id: Named[int | None] = Column(BigInteger)
    platform_id: Named[str | None] = Column(Text)
    decided_at: Named[datetime | None] = Column(DateTime(timezone=True))
    claimed_at: Named[datetime | None] = Column(DateTime(timezone=True))
    claimed_day: Named[date | None] = Column(Date)
    done_at: Named[datetime | None] = Column(DateTime(timezone=True))
    asked_machine: Named[float | None] = Column(Double)
    staff: Named[str | None] = Column(Text)
    address: Named[str | None] = Column(Text)
    task_id: Named[int | None] = Column(BigInteger)


class PersonColumns(TypedColumns):
    customer_id = Column(Integer, primary_key=True, autoincrement=False)


class SeenColumns(TypedColumns):
    customer_id = Column(Integer, primary_key=True, autoincrement=False)
    content_id = Column(Integer, primary_key=True, autoincrement=False)
    request_id: Named[int] = Column(BigInteger)
    at: Named[datetime] = Column(DateTime(timezone=True))


class TallyColumns(TypedColumns):
    customer_id = Column(Integer, primary_key=True, autoincrement=False)
    day = Column(Date, primary_key=True)
    route = Column(Text, primary_key=True)
    account_id = Column(Integer, primary_key=True, autoincrement=False)
    sends: Named[int] = Column(SmallInteger)
    capped: Named[int] = Column(SmallInteger)


class WindowColumns(TypedColumns):
    customer_id = Column(Integer, primary_key=True, autoincrement=False)
    account_id = Column(Integer, primary_key=True, autoincrement=False)
    trigger = Column(Text, primary_key=True)
    opened_at: Named[datetime] = Column(DateTime(timezone=True))
    opened_machine: Named[float] = Column(Double)
    used: Named[int] = Column(SmallInteger)
    place: Named[str] = Column(Text, server_default=text("''"))


class RefusalColumns(TypedColumns):
    customer_id = Column(Integer, primary_key=True, autoincrement=False)
    account_id = Column(Integer, primary_key=True, autoincrement=False)
    reason: Named[str] = Column(Text)
    at: Named[datetime] = Column(DateTime(timezone=True))


class QuotaColumns(TypedColumns):
    account_id = Column(Integer, primary_key=True, autoincrement=False)
    quota = Column(Text, primary_key=True)
    window = Column(Text, primary_key=True)
    used: Named[int] = Column(Integer)


class BatchColumns(TypedColumns):
    batch_id = Column(BigInteger, Identity(), primary_key=True)
    kind: Named[str] = Column(Text)
    lane: Named[int] = Column(SmallInteger)
    key: Named[str] = Column(Text)
    claimed_at: Named[datetime] = Column(DateTime(timezone=True))
    lease_machine: Named[float] = Column(Double)
    attempts: Named[int] = Column(SmallInteger)
    open: Named[bool] = Column(Boolean)
    state: Named[str] = Column(Text)
    recipients: Named[int] = Column(Integer)
    message_id: Named[int | None] = Column(Integer)
    choice: Named[int | None] = Column(SmallInteger)
    account_id: Named[int | None] = Column(Integer)
    platform_id: Named[str | None] = Column(Text)
    status: Named[str | None] = Column(Text)
    total: Named[int | None] = Column(Integer)
    filtered: Named[int | None] = Column(Integer)
    sent: Named[int | None] = Column(Integer)
    errors: Named[int | None] = Column(Integer)
    finished_at: Named[datetime | None] = Column(DateTime(timezone=True))


class MoveColumns(TypedColumns):
    customer_id = Column(Integer, primary_key=True, autoincrement=False)
    move_id = Column(BigInteger, Identity(), primary_key=True)
    request_id: Named[int] = Column(BigInteger)
    at: Named[datetime] = Column(DateTime(timezone=True))
    state: Named[str] = Column(Text)
    reason: Named[str] = Column(Text)
    route: Named[str | None] = Column(Text)
    account_id: Named[int | None] = Column(Integer)
    until: Named[datetime | None] = Column(DateTime(timezone=True))


class ReceiptColumns(TypedColumns):
    account_id = Column(Integer, primary_key=True, autoincrement=False)
    kind = Column(Text, primary_key=True)
    platform_id = Column(Text, primary_key=True)
    status: Named[str] = Column(Text)
    at: Named[datetime] = Column(DateTime(timezone=True))
    total: Named[int | None] = Column(Integer)
    filtered: Named[int | None] = Column(Integer)
    sent: Named[int | None] = Column(Integer)
    errors: Named[int | None] = Column(Integer)
    applied: Named[bool] = Column(Boolean)


class MaterialColumns(TypedColumns):
    account_id = Column(Integer, primary_key=True, autoincrement=False)
    file_id = Column(Integer, primary_key=True, autoincrement=False)
    media_id: Named[str] = Column(Text)


class PolicyColumns(TypedColumns):
    policy_id = Column(SmallInteger, primary_key=True, autoincrement=False)
    document: Named[dict[str, object]] = Column(JSONB)


class TaskColumns(TypedColumns):
    task_id = Column(BigInteger, Identity(), primary_key=True)
    account_id: Named[int] = Column(Integer)
    route: Named[str] = Column(Text, server_default=text("'wecom_group_send'"))
    staff: Named[str] = Column(Text)
    day: Named[date] = Column(Date)
    part: Named[str] = Column(Text)
    message_id: Named[int] = Column(Integer)
    choice: Named[int] = Column(SmallInteger)
    batch_id: Named[int] = Column(BigInteger)
    again: Named[bool] = Column(Boolean)
    state: Named[str] = Column(Text)
    platform_id: Named[str | None] = Column(Text)
    moment_id: Named[str | None] = Column(Text)
    recipients: Named[int] = Column(Integer)
    handed_at: Named[datetime] = Column(DateTime(timezone=True))
    expires_at: Named[datetime] = Column(DateTime(timezone=True))
    confirmed_at: Named[datetime | None] = Column(DateTime(timezone=True))
    closed_at: Named[datetime | None] = Column(DateTime(timezone=True))
    received: Named[int] = Column(Integer, server_default=text("0"))
    failed: Named[int] = Column(Integer, server_default=text("0"))
    unknown: Named[int] = Column(Integer, server_default=text("0"))
    reminders: Named[int] = Column(SmallInteger)
    remind_at: Named[datetime | None] = Column(DateTime(timezone=True))
    look_at: Named[datetime | None] = Column(DateTime(timezone=True))


class RecipientColumns(TypedColumns):
    customer_id = Column(Integer, primary_key=True, autoincrement=False)
    request_id = Column(BigInteger, primary_key=True, autoincrement=False)
    staff: Named[str] = Column(Text)
    account_id: Named[int] = Column(Integer)
    route: Named[str] = Column(Text, server_default=text("'wecom_group_send'"))
    message_id: Named[int] = Column(Integer)
    choice: Named[int] = Column(SmallInteger)
    priority: Named[int] = Column(SmallInteger)
    due_at: Named[datetime] = Column(DateTime(timezone=True))
    expires_at: Named[datetime] = Column(DateTime(timezone=True))
    state: Named[str] = Column(Text)
    reason: Named[str] = Column(Text)
    task_id: Named[int | None] = Column(BigInteger)
    claimed_day: Named[date | None] = Column(Date)


class TaskPersonColumns(TypedColumns):
    customer_id = Column(Integer, primary_key=True, autoincrement=False)
    request_id = Column(BigInteger, primary_key=True, autoincrement=False)
    task_id = Column(BigInteger, primary_key=True, autoincrement=False)
    state: Named[str] = Column(Text)
    reason: Named[str] = Column(Text)
    detail: Named[str | None] = Column(Text)
    at: Named[datetime] = Column(DateTime(timezone=True))


class SenderColumns(TypedColumns):
    staff = Column(Text, primary_key=True)
    confirms: Named[int] = Column(Integer)
    delay_s: Named[int] = Column(Integer)


message = Table(
    "outreach_message",
    metadata,
    MessageColumns,
    UniqueConstraint("digest"),
    Index(None, "origin_kind", "origin_id"),
)
# The texts that are no content of the library: their numbers, negative, stand in the seen-set beside those of contents.
texts = Table("outreach_text", metadata, TextColumns, UniqueConstraint("digest"))
choice = Table("outreach_choice", metadata, ChoiceColumns)
request = Table(
    "outreach_request",
    metadata,
    RequestColumns,
    # Partial indexes of the open states stay as small as the work at hand, whatever the ledger's length.
    Index(
        "ix_outreach_request_due",
        "lane",
        "state",
        "due_at",
        text("priority desc"),
        "request_id",
        postgresql_where=text("state in ('waiting', 'ready')"),
    ),
    Index(
        "ix_outreach_request_gathered",
        "account_id",
        "message_id",
        "due_at",
        postgresql_where=text("state = 'gathered'"),
    ),
    Index("ix_outreach_request_batch", "batch_id", postgresql_where=text("batch_id is not null")),
    Index(
        "ix_outreach_request_platform", "account_id", "platform_id", postgresql_where=text("platform_id is not null")
    ),
    # With the number, so that the people behind a count are read newest first, page by page.
    Index("ix_outreach_request_message", "message_id", "state", "reason", "request_id"),
    postgresql_with={"fillfactor": 70},
)
person = Table("outreach_person", metadata, PersonColumns)
seen = Table("outreach_seen", metadata, SeenColumns)
tally = Table("outreach_tally", metadata, TallyColumns, Index(None, "day"))
window = Table("outreach_window", metadata, WindowColumns)
refusal = Table("outreach_refusal", metadata, RefusalColumns)
quota = Table("outreach_quota", metadata, QuotaColumns)
batch = Table(
    "outreach_batch",
    metadata,
    BatchColumns,
    Index("ix_outreach_batch_open", "lease_machine", postgresql_where=text("open")),
    Index("ix_outreach_batch_platform", "account_id", "platform_id", postgresql_where=text("platform_id is not null")),
)
move = Table("outreach_move", metadata, MoveColumns, Index(None, "customer_id", "request_id"))
receipt = Table(
    "outreach_receipt",
    metadata,
    ReceiptColumns,
    Index(None, "at"),
    Index("ix_outreach_receipt_open", "kind", postgresql_where=text("not applied")),
)
material = Table("outreach_material", metadata, MaterialColumns)
policy = Table("outreach_policy", metadata, PolicyColumns)
task = Table(
    "outreach_task",
    metadata,
    TaskColumns,
    Index(None, "staff", "day"),
    Index(None, "batch_id"),
    Index("ix_outreach_task_look", "look_at", postgresql_where=text("look_at is not null")),
)
sender = Table("outreach_sender", metadata, SenderColumns)
# The open requests that go through a sender, as narrow rows by sender and by task: what a round needs is read without
# the ledger, however long that is.
recipient = Table(
    "outreach_recipient",
    metadata,
    RecipientColumns,
    Index("ix_outreach_recipient_due", "due_at", "account_id", "staff", postgresql_where=text("state = 'planned'")),
    Index("ix_outreach_recipient_staff", "staff", "due_at", postgresql_where=text("state = 'planned'")),
    Index("ix_outreach_recipient_task", "task_id", "state", postgresql_where=text("task_id is not null")),
    postgresql_with={"fillfactor": 70},
)
# What became of each person of each send task; it stays when the request goes on by another way.
task_person = Table(
    "outreach_task_person",
    metadata,
    TaskPersonColumns,
    Index(None, "task_id", "customer_id", "request_id"),
    postgresql_with={"fillfactor": 70},
)


def in_state(*states: str) -> ColumnElement[bool]:
    """Requests in these states, written into the statement as constants: a generic plan could not prove from parameters
    that a partial index holds them, and would be kept while the table grows."""
    return request.c.state.in_([literal_column(f"'{state}'", Text()) for state in states])
