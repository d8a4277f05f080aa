"""Outreach: the day on which an open push counts."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0022"
down_revision: str | Sequence[str] | None = "0021"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Expand: old code must still run on the new tables."""
    op.add_column("outreach_recipient", sa.Column("claimed_day", sa.Date(), nullable=True))
    # Those that stand in the assistant now: at most a few days' pushes.
    op.execute(
        """update outreach_recipient p set claimed_day = r.claimed_day from outreach_request r
        where p.state in ('claimed', 'handed') and r.customer_id = p.customer_id and r.request_id = p.request_id"""
    )
