"""Send tasks: how many of a task's people received it, and how many did not."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0010"
down_revision: str | Sequence[str] | None = "0009"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Expand: old code must still run on the new tables."""
    for name in ("received", "failed"):
        op.add_column("outreach_task", sa.Column(name, sa.Integer(), server_default=sa.text("0"), nullable=False))
