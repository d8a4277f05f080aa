"""Outreach: when, in machine time, a welcome was asked for."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0003"
down_revision: str | Sequence[str] | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Expand: old code must still run on the new tables."""
    op.add_column("outreach_request", sa.Column("asked_machine", sa.Double(), nullable=True))
