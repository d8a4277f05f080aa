"""Send tasks: what goes through a salesperson, planned in rounds and confirmed in WeCom."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0009"
down_revision: str | Sequence[str] | None = "0008"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Expand: old code must still run on the new tables."""
    op.create_table(
        "outreach_sender",
        sa.Column("staff", sa.Text(), nullable=False),
        sa.Column("confirms", sa.Integer(), nullable=False),
        sa.Column("delay_s", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("staff", name=op.f("pk_outreach_sender")),
    )
    op.create_table(
        "outreach_task",
        sa.Column("task_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("staff", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Integer(), nullable=False),
        sa.Column("choice", sa.SmallInteger(), nullable=False),
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("again", sa.Boolean(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("platform_id", sa.Text(), nullable=True),
        sa.Column("recipients", sa.Integer(), nullable=False),
        sa.Column("handed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reminders", sa.SmallInteger(), nullable=False),
        sa.Column("remind_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("look_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("task_id", name=op.f("pk_outreach_task")),
    )
    op.create_index(op.f("ix_outreach_task_batch_id"), "outreach_task", ["batch_id"], unique=False)
    op.create_index(
        "ix_outreach_task_look",
        "outreach_task",
        ["look_at"],
        unique=False,
        postgresql_where=sa.text("look_at is not null"),
    )
    op.create_index(op.f("ix_outreach_task_staff_day"), "outreach_task", ["staff", "day"], unique=False)
    op.add_column("outreach_choice", sa.Column("part", sa.Text(), nullable=True))
    op.add_column("outreach_choice", sa.Column("sender", sa.Text(), nullable=True))
    op.add_column("outreach_request", sa.Column("staff", sa.Text(), nullable=True))
    op.add_column("outreach_request", sa.Column("address", sa.Text(), nullable=True))
    op.add_column("outreach_request", sa.Column("task_id", sa.BigInteger(), nullable=True))
    op.create_table(
        "outreach_recipient",
        sa.Column("customer_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("request_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("staff", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.Integer(), nullable=False),
        sa.Column("choice", sa.SmallInteger(), nullable=False),
        sa.Column("priority", sa.SmallInteger(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("task_id", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("customer_id", "request_id", name=op.f("pk_outreach_recipient")),
        postgresql_with={"fillfactor": 70},
    )
    op.create_index(
        "ix_outreach_recipient_due",
        "outreach_recipient",
        ["due_at", "account_id", "staff"],
        unique=False,
        postgresql_where=sa.text("state = 'planned'"),
    )
    op.create_index(
        "ix_outreach_recipient_staff",
        "outreach_recipient",
        ["staff", "due_at"],
        unique=False,
        postgresql_where=sa.text("state = 'planned'"),
    )
    op.create_index(
        "ix_outreach_recipient_task",
        "outreach_recipient",
        ["task_id", "state"],
        unique=False,
        postgresql_where=sa.text("task_id is not null"),
    )
