"""Since when events are kept."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0021"
down_revision: str | Sequence[str] | None = "0020"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Expand: old code must still run on the new tables."""
    op.add_column("customer_housekeeping", sa.Column("events_from", sa.DateTime(timezone=True), nullable=True))
