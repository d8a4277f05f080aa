"""Tags that were merged, and how many got or lost each tag by a change."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0006"
down_revision: str | Sequence[str] | None = "0005"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Expand: old code must still run on the new tables."""
    op.add_column("tag", sa.Column("merged_into", sa.Integer(), nullable=True))
    # Not validated: the column is new and empty, and looking at old rows would keep their readers waiting.
    op.create_foreign_key(
        op.f("fk_tag_merged_into"), "tag", "tag", ["merged_into"], ["tag_id"], postgresql_not_valid=True
    )
    op.add_column("tag_change", sa.Column("merged_from", sa.Integer(), nullable=True))
    op.create_table(
        "tag_change_size",
        sa.Column("tag_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("change_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tag_id", "change_id", name=op.f("pk_tag_change_size")),
    )
