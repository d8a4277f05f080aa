"""What platforms know of tags, what follows carry there, of whom platforms are still to be told."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0017"
down_revision: str | Sequence[str] | None = "0016"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Expand: old code must still run on the new tables."""
    op.execute(sa.schema.CreateSequence(sa.Sequence("tag_position_seq", data_type=sa.BigInteger())))
    op.create_table(
        "tag_look",
        sa.Column("account_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("serial", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lease_machine", sa.Double(), nullable=False),
        sa.Column("looked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_tag_look")),
    )
    op.create_table(
        "tag_mark",
        sa.Column("customer_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("account_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("tags", postgresql.ARRAY(sa.Integer()), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("serial", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lease_machine", sa.Double(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "account_id", name=op.f("pk_tag_mark")),
    )
    op.create_index(op.f("ix_tag_mark_due_at"), "tag_mark", ["due_at"], unique=False)
    op.create_table(
        "tag_place",
        sa.Column("customer_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("origin_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("account_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("staff", sa.Text(), nullable=False),
        sa.Column("tags", postgresql.ARRAY(sa.Integer()), nullable=False),
        sa.Column("kept", postgresql.ARRAY(sa.Integer()), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("whole", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "origin_id", "account_id", "staff", name=op.f("pk_tag_place")),
    )
    op.create_table(
        "tag_remote_group",
        sa.Column("account_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("group_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("remote_id", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("rights", sa.Text(), nullable=False),
        sa.Column("outward", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["group_id"], ["tag_group.group_id"], name=op.f("fk_tag_remote_group_group_id")),
        sa.PrimaryKeyConstraint("account_id", "group_id", name=op.f("pk_tag_remote_group")),
        sa.UniqueConstraint("account_id", "remote_id", name=op.f("uq_tag_remote_group_account_id_remote_id")),
    )
    op.create_table(
        "tag_link",
        sa.Column("link_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("tag_id", sa.Integer(), nullable=True),
        sa.Column("remote_id", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("rights", sa.Text(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["tag_id"], ["tag.tag_id"], name=op.f("fk_tag_link_tag_id")),
        sa.PrimaryKeyConstraint("link_id", name=op.f("pk_tag_link")),
        sa.UniqueConstraint("account_id", "remote_id", name=op.f("uq_tag_link_account_id_remote_id")),
        sa.UniqueConstraint("tag_id", "account_id", name=op.f("uq_tag_link_tag_id_account_id")),
    )
