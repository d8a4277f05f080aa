"""Outreach: what became of each person of each send task."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0019"
down_revision: str | Sequence[str] | None = "0018"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Expand: old code must still run on the new tables."""
    op.add_column("outreach_task", sa.Column("unknown", sa.Integer(), server_default=sa.text("0"), nullable=False))
    op.create_table(
        "outreach_task_person",
        sa.Column("customer_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("request_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("task_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "request_id", "task_id", name=op.f("pk_outreach_task_person")),
        postgresql_with={"fillfactor": 70},
    )
    op.create_index(
        op.f("ix_outreach_task_person_task_id_customer_id_request_id"),
        "outreach_task_person",
        ["task_id", "customer_id", "request_id"],
    )
    # The people of the tasks that stand in the assistant now; those of tasks that ended before are not known.
    op.execute(
        """insert into outreach_task_person (customer_id, request_id, task_id, state, reason, detail, at)
        select r.customer_id, r.request_id, r.task_id,
            case when r.state = 'handed' then 'waiting' when r.state = 'claimed' then 'handing'
                when r.state in ('received', 'accepted') then 'received' else 'failed' end,
            r.reason, r.detail, coalesce(r.done_at, t.handed_at)
        from outreach_request r join outreach_task t on t.task_id = r.task_id
        where t.state in ('handing', 'open', 'confirmed')"""
    )
