"""How far each corp's conversation archive was read."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0012"
down_revision: str | Sequence[str] | None = "0011"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Expand: old code must still run on the new tables. Corps that are known already are read from now on."""
    op.create_table(
        "intake_archive",
        sa.Column("account_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("serial", sa.Integer(), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("lease_machine", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_intake_archive")),
    )
    op.execute(
        "insert into intake_archive (account_id, seq, due_at, serial, failures, error, lease_machine) "
        "select min(account_id), 0, min(created_at), 1, 0, '', 0 from platform_account where kind = 'wecom' "
        "group by config ->> 'corpid'"
    )
