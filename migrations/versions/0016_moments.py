"""Outreach: Moments posts beside group sends, and texts that are no content of the library known by a number."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0016"
down_revision: str | Sequence[str] | None = "0015"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Expand: old code must still run on the new tables."""
    op.create_table(
        "outreach_text",
        sa.Column("text_id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("text_id", name=op.f("pk_outreach_text")),
        sa.UniqueConstraint("digest", name=op.f("uq_outreach_text_digest")),
    )
    op.add_column("outreach_message", sa.Column("said", sa.Integer(), nullable=True))
    # One row per step of a journey: few, whatever the number of people.
    op.execute(
        "insert into outreach_text (digest) select distinct encode(sha256(convert_to(text, 'UTF8')), 'hex') "
        "from outreach_message where content_id is null and text is not null"
    )
    op.execute(
        "update outreach_message set said = coalesce(content_id, (select - text_id from outreach_text "
        "where digest = encode(sha256(convert_to(text, 'UTF8')), 'hex')))"
    )
    for name in ("outreach_task", "outreach_recipient"):
        default = sa.text("'wecom_group_send'")
        op.add_column(name, sa.Column("route", sa.Text(), server_default=default, nullable=False))
    op.add_column("outreach_task", sa.Column("moment_id", sa.Text(), nullable=True))
