"""Journeys of stages: what a journey is made of, and the stage in which a person stands."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0005"
down_revision: str | Sequence[str] | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Expand: old code must still run on the new columns."""
    op.add_column("journey", sa.Column("kind", sa.Text(), server_default="flow", nullable=False))
    op.add_column("enrolment", sa.Column("stage", sa.Text(), nullable=True))
