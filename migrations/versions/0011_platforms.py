"""Customer service: how far each account's messages were read."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0011"
down_revision: str | Sequence[str] | None = "0010"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Expand: old code must still run on the new tables."""
    op.create_table(
        "intake_kf",
        sa.Column("account_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("open_kfid", sa.Text(), nullable=False),
        sa.Column("cursor", sa.Text(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("token_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "open_kfid", name=op.f("pk_intake_kf")),
    )
