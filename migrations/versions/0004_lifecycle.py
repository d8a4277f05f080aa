"""Score rules, points, standings, the ladder, tag rules."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0004"
down_revision: str | Sequence[str] | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Expand: old code must still run on the new tables."""
    op.execute(sa.schema.CreateSequence(sa.Sequence("lifecycle_gain_seq", data_type=sa.BigInteger())))
    op.execute(sa.schema.CreateSequence(sa.Sequence("lifecycle_change_seq", data_type=sa.BigInteger())))
    op.create_table(
        "lifecycle_ladder",
        sa.Column("ladder_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("levels", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("half_life_days", sa.Integer(), nullable=True),
        sa.Column("margin", sa.Integer(), nullable=False),
        sa.Column("sweep_after", sa.Integer(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("ladder_id", name=op.f("pk_lifecycle_ladder")),
    )
    op.create_table(
        "lifecycle_standing",
        sa.Column("customer_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.Column("rate", sa.Double(), nullable=False),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=False),
        sa.Column("key", sa.Double(), nullable=True),
        sa.Column("level", sa.Text(), nullable=True),
        sa.Column("ruled", sa.Text(), nullable=True),
        sa.Column("since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("falls_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_lifecycle_standing")),
    )
    op.create_index(
        "ix_lifecycle_standing_falls_at",
        "lifecycle_standing",
        ["falls_at"],
        unique=False,
        postgresql_where=sa.text("falls_at is not null"),
    )
    op.create_index(op.f("ix_lifecycle_standing_level"), "lifecycle_standing", ["level"], unique=False)
    op.create_index(op.f("ix_lifecycle_standing_key"), "lifecycle_standing", ["key"], unique=False)
    op.create_table(
        "score_gain",
        sa.Column("customer_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("gain_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("origin_id", sa.Integer(), nullable=False),
        sa.Column("rule_id", sa.Integer(), nullable=True),
        sa.Column("event_id", sa.BigInteger(), nullable=True),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "gain_id", name=op.f("pk_score_gain")),
    )
    op.create_table(
        "score_rule",
        sa.Column("rule_id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("events", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("daily_cap", sa.Integer(), nullable=True),
        sa.Column("total_cap", sa.Integer(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("rule_id", name=op.f("pk_score_rule")),
        sa.UniqueConstraint("name", name=op.f("uq_score_rule_name")),
    )
    op.create_table(
        "tag_rule",
        sa.Column("rule_id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("tag_id", sa.Integer(), nullable=False),
        sa.Column("segment_id", sa.Integer(), nullable=True),
        sa.Column("events", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("days", sa.Integer(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("rule_id", name=op.f("pk_tag_rule")),
        sa.UniqueConstraint("name", name=op.f("uq_tag_rule_name")),
    )
    op.create_table(
        "tag_rule_given",
        sa.Column("customer_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("rule_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("origin_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "rule_id", "origin_id", name=op.f("pk_tag_rule_given")),
    )
