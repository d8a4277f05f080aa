"""Welcomes, automatic replies, unanswered questions, second greetings."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0008"
down_revision: str | Sequence[str] | None = "0007"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Expand: old code must still run on the new tables."""
    op.create_table(
        "auto_reply",
        sa.Column("reply_id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("match", sa.Text(), nullable=False),
        sa.Column("words", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("content_id", sa.Integer(), nullable=True),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("condition", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("always", sa.Boolean(), nullable=False),
        sa.Column("priority", sa.SmallInteger(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("reply_id", name=op.f("pk_auto_reply")),
    )
    op.create_table(
        "reply_handled",
        sa.Column("customer_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("event_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("reply_id", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("customer_id", "event_id", name=op.f("pk_reply_handled")),
    )
    op.create_index(op.f("ix_reply_handled_at"), "reply_handled", ["at"], unique=False)
    op.create_index(op.f("ix_reply_handled_event_id"), "reply_handled", ["event_id"], unique=False)
    op.create_table(
        "reply_rules",
        sa.Column("rules_id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("to_people", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("fallback", sa.Boolean(), nullable=False),
        sa.Column("archive", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("rules_id", name=op.f("pk_reply_rules")),
    )
    op.create_table(
        "second_greeting",
        sa.Column("customer_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("event_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("origin_id", sa.Integer(), nullable=False),
        sa.Column("welcome_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("staff", sa.Text(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("customer_id", "event_id", name=op.f("pk_second_greeting")),
    )
    op.create_index(
        "ix_second_greeting_due",
        "second_greeting",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("outcome is null"),
    )
    op.create_table(
        "unanswered_example",
        sa.Column("customer_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("event_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("question_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "event_id", name=op.f("pk_unanswered_example")),
    )
    op.create_index(
        op.f("ix_unanswered_example_question_id_at"), "unanswered_example", ["question_id", "at"], unique=False
    )
    op.create_table(
        "unanswered_question",
        sa.Column("question_id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reply_id", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("question_id", name=op.f("pk_unanswered_question")),
        sa.UniqueConstraint("words", name=op.f("uq_unanswered_question_words")),
    )
    op.create_index(
        op.f("ix_unanswered_question_state_times_question_id"),
        "unanswered_question",
        ["state", "times", "question_id"],
        unique=False,
    )
    op.create_table(
        "welcome",
        sa.Column("welcome_id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("content_id", sa.Integer(), nullable=True),
        sa.Column("condition", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("priority", sa.SmallInteger(), nullable=False),
        sa.Column("second_after", sa.Interval(), nullable=True),
        sa.Column("second_text", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("welcome_id", name=op.f("pk_welcome")),
    )
