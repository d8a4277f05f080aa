"""Staff tasks."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0002"
down_revision: str | Sequence[str] | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Expand: old code must still run on the new tables."""
    op.create_table(
        "staff_task",
        sa.Column("customer_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("task_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("origin_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("say", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "task_id", name=op.f("pk_staff_task")),
        sa.UniqueConstraint("customer_id", "key", name=op.f("uq_staff_task_customer_id_key")),
    )
    op.create_index(
        "ix_staff_task_expiry",
        "staff_task",
        ["expires_at"],
        unique=False,
        postgresql_where=sa.text("state = 'open' and expires_at is not null"),
    )
    op.create_index(
        "ix_staff_task_open",
        "staff_task",
        ["staff_id", "due_at", "task_id"],
        unique=False,
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_index(
        op.f("ix_staff_task_staff_id_state_changed_at"), "staff_task", ["staff_id", "state", "changed_at"], unique=False
    )
    op.create_index(op.f("ix_staff_task_task_id"), "staff_task", ["task_id"], unique=False)
