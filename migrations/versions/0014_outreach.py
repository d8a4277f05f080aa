"""Outreach: the chat in which a window of WeChat customer service is open."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0014"
down_revision: str | Sequence[str] | None = "0013"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Expand: old code must still run on the new tables."""
    op.add_column("outreach_window", sa.Column("place", sa.Text(), server_default=sa.text("''"), nullable=False))
