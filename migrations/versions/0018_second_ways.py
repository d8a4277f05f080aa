"""Second greetings by routes."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0018"
down_revision: str | Sequence[str] | None = "0017"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Expand: old code must still run on the new tables."""
    op.add_column(
        "welcome",
        sa.Column("second_ways", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
    )
