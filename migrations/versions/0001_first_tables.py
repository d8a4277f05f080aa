"""The first tables of every room. What tables cannot express (partitions) rooms prepare at start: migrations/schema.py."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.schema import create_extensions

revision: str = "0001"
down_revision: str | Sequence[str] | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Expand: old code must still run on the new tables."""
    create_extensions(op.get_bind())
    op.execute(sa.schema.CreateSequence(sa.Sequence("event_id_seq", data_type=sa.BigInteger())))
    op.execute(sa.schema.CreateSequence(sa.Sequence("origin_id_seq", data_type=sa.Integer())))
    op.execute(sa.schema.CreateSequence(sa.Sequence("segment_change_seq", data_type=sa.BigInteger())))
    op.create_table(
        "api_key",
        sa.Column("key_id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("key_hash", sa.Text(), nullable=False),
        sa.Column("scopes", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("key_id", name=op.f("pk_api_key")),
        sa.UniqueConstraint("key_hash", name=op.f("uq_api_key_key_hash")),
    )
    op.create_table(
        "assertion",
        sa.Column("origin_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("identity_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("origin_id", "identity_id", "source", name=op.f("pk_assertion")),
    )
    op.create_index(op.f("ix_assertion_identity_id_origin_id"), "assertion", ["identity_id", "origin_id"], unique=False)
    op.create_index(op.f("ix_assertion_source_origin_id"), "assertion", ["source", "origin_id"], unique=False)
    op.create_table(
        "attribute_definition",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("options", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_attribute_definition")),
    )
    op.create_table(
        "attribute_fact",
        sa.Column("customer_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("origin_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("value", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("rank", sa.SmallInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "origin_id", "name", "source", name=op.f("pk_attribute_fact")),
    )
    op.create_table(
        "audit_log",
        sa.Column("audit_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("object_kind", sa.Text(), nullable=False),
        sa.Column("object_id", sa.Text(), nullable=False),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("audit_id", name=op.f("pk_audit_log")),
    )
    op.create_index(
        op.f("ix_audit_log_object_kind_object_id_at"), "audit_log", ["object_kind", "object_id", "at"], unique=False
    )
    op.create_table(
        "case_member",
        sa.Column("origin_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("case_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("group_no", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("origin_id", "case_id", name=op.f("pk_case_member")),
    )
    op.create_index(op.f("ix_case_member_case_id"), "case_member", ["case_id"], unique=False)
    op.create_table(
        "chat",
        sa.Column("account_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("chat_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("notice", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("dismissed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "chat_id", name=op.f("pk_chat")),
    )
    op.create_table(
        "chat_member",
        sa.Column("account_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("chat_id", sa.Text(), nullable=False),
        sa.Column("member", sa.Text(), nullable=False),
        sa.Column("staff", sa.Boolean(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("scene", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=True),
        sa.Column("origin_id", sa.Integer(), nullable=True),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("told_inside", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "chat_id", "member", name=op.f("pk_chat_member")),
    )
    op.create_index(op.f("ix_chat_member_customer_id"), "chat_member", ["customer_id"], unique=False)
    op.create_index(op.f("ix_chat_member_member"), "chat_member", ["member"], unique=False)
    op.create_index(op.f("ix_chat_member_origin_id"), "chat_member", ["origin_id"], unique=False)
    op.create_table(
        "collect_dropped",
        sa.Column("site_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("events", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("site_id", "day", "reason", name=op.f("pk_collect_dropped")),
    )
    op.create_table(
        "collect_site",
        sa.Column("site_id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("origins", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("site_id", name=op.f("pk_collect_site")),
        sa.UniqueConstraint("key", name=op.f("uq_collect_site_key")),
    )
    op.create_table(
        "collect_visitor",
        sa.Column("anonymous_id", sa.Text(), nullable=False),
        sa.Column("minute", sa.DateTime(timezone=True), nullable=False),
        sa.Column("events", sa.Integer(), nullable=False),
        sa.Column("touch", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("anonymous_id", name=op.f("pk_collect_visitor")),
    )
    op.create_index(op.f("ix_collect_visitor_seen_at"), "collect_visitor", ["seen_at"], unique=False)
    op.create_table(
        "consent",
        sa.Column("customer_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("origin_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("given", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "origin_id", "kind", name=op.f("pk_consent")),
    )
    op.create_table(
        "content",
        sa.Column("content_id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("latest", sa.Integer(), nullable=False),
        sa.Column("published", sa.Integer(), nullable=True),
        sa.Column("archived", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("content_id", name=op.f("pk_content")),
        sa.UniqueConstraint("key", name=op.f("uq_content_key")),
    )
    op.create_table(
        "content_file",
        sa.Column("file_id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("pages", sa.Integer(), nullable=True),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("file_id", name=op.f("pk_content_file")),
        sa.UniqueConstraint("sha256", name=op.f("uq_content_file_sha256")),
    )
    op.create_table(
        "content_view",
        sa.Column("view_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("content_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("form_id", sa.Integer(), nullable=True),
        sa.Column("form_version", sa.Integer(), nullable=True),
        sa.Column("link_id", sa.Integer(), nullable=False),
        sa.Column("reader", sa.LargeBinary(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("known", sa.Boolean(), nullable=False),
        sa.Column("forward", sa.Boolean(), nullable=False),
        sa.Column("wechat", sa.Boolean(), nullable=False),
        sa.Column("touch", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("ms", sa.BigInteger(), nullable=False),
        sa.Column("pages", sa.Integer(), nullable=False),
        sa.Column("clicks", sa.Integer(), nullable=False),
        sa.Column("started", sa.Boolean(), nullable=False),
        sa.Column("last_field", sa.Text(), nullable=True),
        sa.Column("submissions", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("view_id", name=op.f("pk_content_view")),
    )
    op.create_index(
        op.f("ix_content_view_content_id_opened_at"), "content_view", ["content_id", "opened_at"], unique=False
    )
    op.create_index(op.f("ix_content_view_form_id_opened_at"), "content_view", ["form_id", "opened_at"], unique=False)
    op.create_index(op.f("ix_content_view_link_id_reader"), "content_view", ["link_id", "reader"], unique=False)
    op.create_table(
        "content_view_page",
        sa.Column("view_id", sa.BigInteger(), nullable=False),
        sa.Column("page", sa.Integer(), nullable=False),
        sa.Column("content_id", sa.Integer(), nullable=False),
        sa.Column("ms", sa.Integer(), nullable=False),
        sa.Column("gained", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("view_id", "page", name=op.f("pk_content_view_page")),
    )
    op.create_index(
        op.f("ix_content_view_page_content_id_page"), "content_view_page", ["content_id", "page"], unique=False
    )
    op.create_table(
        "customer",
        sa.Column("customer_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("name_key", sa.Text(), nullable=False),
        sa.Column("gender", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("region", sa.Text(), nullable=True),
        sa.Column("city", sa.Text(), nullable=True),
        sa.Column("company", sa.Text(), nullable=True),
        sa.Column("position", sa.Text(), nullable=True),
        sa.Column("industry", sa.Text(), nullable=True),
        sa.Column("birthday", sa.Date(), nullable=True),
        sa.Column("avatar", sa.Text(), nullable=True),
        sa.Column("custom", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("grams", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=True),
        sa.Column("source_kind", sa.Text(), nullable=True),
        sa.Column("source_code", sa.Text(), nullable=True),
        sa.Column("source_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("latest_source_kind", sa.Text(), nullable=True),
        sa.Column("latest_source_code", sa.Text(), nullable=True),
        sa.Column("latest_source_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("opted_out_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("blacklisted", sa.Boolean(), nullable=False),
        sa.Column("contact_consent", sa.Boolean(), nullable=False),
        sa.Column("profiling_consent", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_customer")),
    )
    op.create_index(
        "ix_customer_created_at",
        "customer",
        ["created_at", "customer_id"],
        unique=False,
        postgresql_where=sa.text("status = 'active'"),
    )
    op.create_index("ix_customer_grams", "customer", ["grams"], unique=False, postgresql_using="gin")
    op.create_index(
        "ix_customer_name_key",
        "customer",
        ["name_key", "customer_id"],
        unique=False,
        postgresql_where=sa.text("status = 'active'"),
    )
    op.create_index(
        "ix_customer_owner_id",
        "customer",
        ["owner_id"],
        unique=False,
        postgresql_where=sa.text("owner_id is not null"),
    )
    op.create_table(
        "customer_activity",
        sa.Column("customer_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last_activity_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_customer_activity")),
    )
    op.create_index(
        op.f("ix_customer_activity_last_activity_at_customer_id"),
        "customer_activity",
        ["last_activity_at", "customer_id"],
        unique=False,
    )
    op.create_table(
        "customer_housekeeping",
        sa.Column("only", sa.Boolean(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("only", name=op.f("pk_customer_housekeeping")),
    )
    op.create_table(
        "customer_order",
        sa.Column("customer_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("order_no", sa.Text(), nullable=False),
        sa.Column("origin_id", sa.Integer(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lines", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "source", "order_no", name=op.f("pk_customer_order")),
    )
    op.create_index(op.f("ix_customer_order_placed_at"), "customer_order", ["placed_at"], unique=False)
    op.create_table(
        "customer_tags",
        sa.Column("customer_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("tags", postgresql.ARRAY(sa.Integer()), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_customer_tags")),
    )
    op.create_index(op.f("ix_customer_tags_tags"), "customer_tags", ["tags"], unique=False, postgresql_using="gin")
    op.create_table(
        "decision",
        sa.Column("decision_id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("decision_id", name=op.f("pk_decision")),
    )
    op.create_index(op.f("ix_decision_case_id"), "decision", ["case_id"], unique=False)
    op.create_table(
        "decision_member",
        sa.Column("origin_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("decision_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("group_no", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("origin_id", "decision_id", name=op.f("pk_decision_member")),
    )
    op.create_index(op.f("ix_decision_member_decision_id"), "decision_member", ["decision_id"], unique=False)
    op.create_table(
        "enrolment",
        sa.Column("customer_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("enrolment_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("journey_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("slot", sa.SmallInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("node", sa.Text(), nullable=False),
        sa.Column("visit", sa.Integer(), nullable=False),
        sa.Column("waiting", sa.Text(), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("node_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("anchor", sa.DateTime(timezone=True), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent", sa.Boolean(), nullable=False),
        sa.Column("answer_event", sa.BigInteger(), nullable=True),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("origin_id", sa.Integer(), nullable=False),
        sa.Column("entry_key", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "enrolment_id", name=op.f("pk_enrolment")),
    )
    op.create_index(
        op.f("ix_enrolment_due_at"),
        "enrolment",
        ["due_at"],
        unique=False,
        postgresql_using="brin",
        postgresql_with={"pages_per_range": 8},
    )
    op.create_index("ix_enrolment_journey", "enrolment", ["journey_id", "version", "enrolment_id"], unique=False)
    op.create_index(
        "uq_enrolment_active",
        "enrolment",
        ["customer_id", "journey_id"],
        unique=True,
        postgresql_where=sa.text("state = 'active'"),
    )
    op.create_index(
        "uq_enrolment_entry", "enrolment", ["customer_id", "journey_id", "entry_key", "origin_id"], unique=True
    )
    op.create_table(
        "enrolment_goal",
        sa.Column("customer_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("enrolment_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("goal", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "enrolment_id", "goal", name=op.f("pk_enrolment_goal")),
    )
    op.create_table(
        "enrolment_step",
        sa.Column("customer_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("enrolment_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("visit", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("node", sa.Text(), nullable=False),
        sa.Column("edge", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "enrolment_id", "visit", name=op.f("pk_enrolment_step")),
    )
    op.create_table(
        "erasure",
        sa.Column("erasure_id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("hashes", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("erasure_id", name=op.f("pk_erasure")),
    )
    op.create_index(op.f("ix_erasure_customer_id"), "erasure", ["customer_id"], unique=False)
    op.create_table(
        "event",
        sa.Column("customer_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("event_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("origin_id", sa.Integer(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("content_id", sa.Integer(), nullable=True),
        sa.Column("props", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "occurred_at", "event_id", name=op.f("pk_event")),
        postgresql_partition_by="RANGE (occurred_at)",
    )
    op.create_index("ix_event_time", "event", ["occurred_at"], unique=False, postgresql_using="brin")
    op.create_index(
        "ix_event_type",
        "event",
        ["type", "occurred_at"],
        unique=False,
        postgresql_include=["customer_id", "content_id"],
    )
    op.create_table(
        "event_key",
        sa.Column("key_hash", sa.Uuid(), nullable=False),
        sa.Column("content_hash", sa.BigInteger(), nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("key_hash", name=op.f("pk_event_key")),
    )
    op.create_index("ix_event_key_day", "event_key", ["day"], unique=False, postgresql_using="brin")
    op.create_table(
        "experiment_assignment",
        sa.Column("customer_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("experiment", sa.Text(), nullable=False),
        sa.Column("origin_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("arm", sa.Text(), nullable=False),
        sa.Column("assigned_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "experiment", "origin_id", name=op.f("pk_experiment_assignment")),
    )
    op.create_table(
        "follow",
        sa.Column("customer_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("origin_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("staff", sa.Text(), nullable=False),
        sa.Column("followed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lost_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("following", sa.Boolean(), nullable=False),
        sa.Column("scene", sa.Text(), nullable=True),
        sa.Column("remark", sa.Text(), nullable=True),
        sa.Column("lost_by", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("customer_id", "origin_id", "kind", "account_id", "staff", name=op.f("pk_follow")),
    )
    op.create_index(
        op.f("ix_follow_kind_account_id_followed_at"), "follow", ["kind", "account_id", "followed_at"], unique=False
    )
    op.create_table(
        "form_fault",
        sa.Column("content_id", sa.Integer(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("fault", sa.Text(), nullable=False),
        sa.Column("times", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("content_id", "field", "fault", name=op.f("pk_form_fault")),
    )
    op.create_table(
        "form_submission",
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("submission_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("origin_id", sa.Integer(), nullable=False),
        sa.Column("content_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("view_id", sa.BigInteger(), nullable=False),
        sa.Column("link_id", sa.Integer(), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("mapped", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("consents", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "submission_id", name=op.f("pk_form_submission")),
    )
    op.create_index(
        op.f("ix_form_submission_content_id_submitted_at"),
        "form_submission",
        ["content_id", "submitted_at"],
        unique=False,
    )
    op.create_index(op.f("ix_form_submission_origin_id"), "form_submission", ["origin_id"], unique=False)
    op.create_table(
        "form_submission_key",
        sa.Column("view_id", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("view_id", "digest", name=op.f("pk_form_submission_key")),
    )
    op.create_table(
        "idempotency_key",
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("stands_for", sa.Text(), nullable=False),
        sa.Column("machine", sa.Double(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("media_type", sa.Text(), nullable=True),
        sa.Column("body", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("actor", "key", name=op.f("pk_idempotency_key")),
    )
    op.create_index(op.f("ix_idempotency_key_machine"), "idempotency_key", ["machine"], unique=False)
    op.create_table(
        "identity",
        sa.Column("identity_id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("origin_id", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("identity_id", name=op.f("pk_identity")),
    )
    op.create_index(
        "ix_identity_origin_id",
        "identity",
        ["origin_id"],
        unique=False,
        postgresql_where=sa.text("origin_id is not null"),
    )
    op.create_index(
        "ix_identity_value",
        "identity",
        ["value"],
        unique=False,
        postgresql_where=sa.text("kind not in ('phone', 'email', 'record')"),
    )
    op.create_index("uq_identity_kind", "identity", ["kind", "scope", "value"], unique=True)
    op.create_table(
        "identity_move",
        sa.Column("move_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("origin_id", sa.Integer(), nullable=False),
        sa.Column("from_id", sa.Integer(), nullable=False),
        sa.Column("to_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("barrier", sa.BigInteger(), nullable=True),
        sa.Column("settled", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("move_id", name=op.f("pk_identity_move")),
    )
    op.create_index(op.f("ix_identity_move_origin_id"), "identity_move", ["origin_id"], unique=False)
    op.create_index(
        "ix_identity_move_unsettled",
        "identity_move",
        ["move_id"],
        unique=False,
        postgresql_where=sa.text("not settled"),
    )
    op.create_table(
        "import",
        sa.Column("import_id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("reading", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("sample", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("mapping", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("counts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("rows_total", sa.Integer(), nullable=False),
        sa.Column("rows_checked", sa.Integer(), nullable=False),
        sa.Column("rows_done", sa.Integer(), nullable=False),
        sa.Column("cursor", sa.Integer(), nullable=False),
        sa.Column("machine_from", sa.Float(precision=53), nullable=False),
        sa.Column("machine_to", sa.Float(precision=53), nullable=False),
        sa.Column("start_journeys", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("applied_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("purge_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("applied_by", sa.Text(), nullable=True),
        sa.Column("cancelled_by", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("import_id", name=op.f("pk_import")),
    )
    op.create_index(op.f("ix_import_purge_at"), "import", ["purge_at"], unique=False)
    op.create_index(op.f("ix_import_state"), "import", ["state"], unique=False)
    op.create_table(
        "import_finding",
        sa.Column("import_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("row_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("faults", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("warnings", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("import_id", "row_no", name=op.f("pk_import_finding")),
    )
    op.create_index(
        op.f("ix_import_finding_import_id_outcome_row_no"),
        "import_finding",
        ["import_id", "outcome", "row_no"],
        unique=False,
    )
    op.create_table(
        "import_identity",
        sa.Column("import_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("row_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("import_id", "row_no", "kind", "scope", "value", name=op.f("pk_import_identity")),
    )
    op.create_index(
        op.f("ix_import_identity_import_id_kind_scope_value"),
        "import_identity",
        ["import_id", "kind", "scope", "value"],
        unique=False,
    )
    op.create_table(
        "import_part",
        sa.Column("import_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("part_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("import_id", "part_no", name=op.f("pk_import_part")),
    )
    op.create_table(
        "import_row",
        sa.Column("import_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("row_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("cells", sa.ARRAY(sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("import_id", "row_no", name=op.f("pk_import_row")),
    )
    op.create_table(
        "intake_ignored",
        sa.Column("account_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("callbacks", sa.BigInteger(), nullable=False),
        sa.Column("latest_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "kind", name=op.f("pk_intake_ignored")),
    )
    op.create_table(
        "intake_lookup",
        sa.Column("account_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("serial", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lease_machine", sa.Double(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "kind", "value", name=op.f("pk_intake_lookup")),
    )
    op.create_index(op.f("ix_intake_lookup_due_at"), "intake_lookup", ["due_at"], unique=False)
    op.create_table(
        "intake_round",
        sa.Column("account_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("running", sa.Boolean(), nullable=False),
        sa.Column("again", sa.Boolean(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cursor", sa.Text(), nullable=False),
        sa.Column("seen", sa.Integer(), nullable=False),
        sa.Column("healed", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("lease_machine", sa.Double(), nullable=False),
        sa.Column("claims", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "kind", name=op.f("pk_intake_round")),
    )
    op.create_table(
        "intake_seen",
        sa.Column("account_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("staff", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "kind", "value", "staff", name=op.f("pk_intake_seen")),
    )
    op.create_table(
        "join_way",
        sa.Column("join_way_id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("config_id", sa.Text(), nullable=False),
        sa.Column("remark", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("chat_ids", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("qr_code", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("join_way_id", name=op.f("pk_join_way")),
        sa.UniqueConstraint("account_id", "config_id", name=op.f("uq_join_way_account_id_config_id")),
    )
    op.create_table(
        "journey",
        sa.Column("journey_id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("segment_id", sa.Integer(), nullable=True),
        sa.Column("own_segment_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fill_cursor", sa.Integer(), nullable=True),
        sa.Column("fill_done", sa.Integer(), nullable=True),
        sa.Column("fill_total", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("journey_id", name=op.f("pk_journey")),
        sa.UniqueConstraint("key", name=op.f("uq_journey_key")),
    )
    op.create_table(
        "journey_edge",
        sa.Column("edge_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("journey_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("edge", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("edge_id", name=op.f("pk_journey_edge")),
    )
    op.create_index(op.f("ix_journey_edge_journey_id_version"), "journey_edge", ["journey_id", "version"], unique=False)
    op.create_table(
        "journey_version",
        sa.Column("journey_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("definition", sa.JSON(), nullable=False),
        sa.Column("program", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("journey_id", "version", name=op.f("pk_journey_version")),
    )
    op.create_table(
        "merged_tags",
        sa.Column("customer_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("origin_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("tags", postgresql.ARRAY(sa.Integer()), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "origin_id", name=op.f("pk_merged_tags")),
    )
    op.create_table(
        "notice",
        sa.Column("notice_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("notice_id", name=op.f("pk_notice")),
    )
    op.create_table(
        "notice_queue",
        sa.Column("notice_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("notice_id", name=op.f("pk_notice_queue")),
    )
    op.create_table(
        "order_key",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("order_no", sa.Text(), nullable=False),
        sa.Column("origin_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("source", "order_no", name=op.f("pk_order_key")),
    )
    op.create_table(
        "origin",
        sa.Column("origin_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("origin_id", name=op.f("pk_origin")),
    )
    op.create_index(op.f("ix_origin_customer_id"), "origin", ["customer_id"], unique=False)
    op.create_table(
        "outreach_batch",
        sa.Column("batch_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("lane", sa.SmallInteger(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_machine", sa.Double(), nullable=False),
        sa.Column("attempts", sa.SmallInteger(), nullable=False),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("recipients", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.Integer(), nullable=True),
        sa.Column("choice", sa.SmallInteger(), nullable=True),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("platform_id", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=True),
        sa.Column("total", sa.Integer(), nullable=True),
        sa.Column("filtered", sa.Integer(), nullable=True),
        sa.Column("sent", sa.Integer(), nullable=True),
        sa.Column("errors", sa.Integer(), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("batch_id", name=op.f("pk_outreach_batch")),
    )
    op.create_index(
        "ix_outreach_batch_open", "outreach_batch", ["lease_machine"], unique=False, postgresql_where=sa.text("open")
    )
    op.create_index(
        "ix_outreach_batch_platform",
        "outreach_batch",
        ["account_id", "platform_id"],
        unique=False,
        postgresql_where=sa.text("platform_id is not null"),
    )
    op.create_table(
        "outreach_choice",
        sa.Column("message_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("choice", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("route", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("template", sa.Text(), nullable=True),
        sa.Column("gather_s", sa.Integer(), nullable=True),
        sa.Column("at_once", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("message_id", "choice", name=op.f("pk_outreach_choice")),
    )
    op.create_table(
        "outreach_material",
        sa.Column("account_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("file_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("media_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "file_id", name=op.f("pk_outreach_material")),
    )
    op.create_table(
        "outreach_message",
        sa.Column("message_id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("content_id", sa.Integer(), nullable=True),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("origin_kind", sa.Text(), nullable=False),
        sa.Column("origin_id", sa.BigInteger(), nullable=False),
        sa.Column("origin_version", sa.Integer(), nullable=False),
        sa.Column("origin_node", sa.Text(), nullable=False),
        sa.Column("exempt", sa.Boolean(), nullable=False),
        sa.Column("choices", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_outreach_message")),
        sa.UniqueConstraint("digest", name=op.f("uq_outreach_message_digest")),
    )
    op.create_index(
        op.f("ix_outreach_message_origin_kind_origin_id"),
        "outreach_message",
        ["origin_kind", "origin_id"],
        unique=False,
    )
    op.create_table(
        "outreach_move",
        sa.Column("customer_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("move_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("request_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("route", sa.Text(), nullable=True),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("customer_id", "move_id", name=op.f("pk_outreach_move")),
    )
    op.create_index(
        op.f("ix_outreach_move_customer_id_request_id"), "outreach_move", ["customer_id", "request_id"], unique=False
    )
    op.create_table(
        "outreach_person",
        sa.Column("customer_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_outreach_person")),
    )
    op.create_table(
        "outreach_policy",
        sa.Column("policy_id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("document", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("policy_id", name=op.f("pk_outreach_policy")),
    )
    op.create_table(
        "outreach_quota",
        sa.Column("account_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("quota", sa.Text(), nullable=False),
        sa.Column("window", sa.Text(), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "quota", "window", name=op.f("pk_outreach_quota")),
    )
    op.create_table(
        "outreach_receipt",
        sa.Column("account_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("platform_id", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("total", sa.Integer(), nullable=True),
        sa.Column("filtered", sa.Integer(), nullable=True),
        sa.Column("sent", sa.Integer(), nullable=True),
        sa.Column("errors", sa.Integer(), nullable=True),
        sa.Column("applied", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "kind", "platform_id", name=op.f("pk_outreach_receipt")),
    )
    op.create_index(op.f("ix_outreach_receipt_at"), "outreach_receipt", ["at"], unique=False)
    op.create_index(
        "ix_outreach_receipt_open", "outreach_receipt", ["kind"], unique=False, postgresql_where=sa.text("not applied")
    )
    op.create_table(
        "outreach_refusal",
        sa.Column("customer_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("account_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "account_id", name=op.f("pk_outreach_refusal")),
    )
    op.create_table(
        "outreach_request",
        sa.Column("customer_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("request_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("origin_customer_id", sa.Integer(), nullable=False),
        sa.Column("slot", sa.SmallInteger(), nullable=False),
        sa.Column("message_id", sa.Integer(), nullable=False),
        sa.Column("answers", sa.BigInteger(), nullable=True),
        sa.Column("lane", sa.SmallInteger(), nullable=False),
        sa.Column("priority", sa.SmallInteger(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("choice", sa.SmallInteger(), nullable=False),
        sa.Column("route", sa.Text(), nullable=True),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("trigger", sa.Text(), nullable=True),
        sa.Column("attempts", sa.SmallInteger(), nullable=False),
        sa.Column("batch_id", sa.BigInteger(), nullable=True),
        sa.Column("platform_id", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("claimed_day", sa.Date(), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("customer_id", "key", name=op.f("pk_outreach_request")),
        postgresql_with={"fillfactor": 70},
    )
    op.create_index(
        "ix_outreach_request_batch",
        "outreach_request",
        ["batch_id"],
        unique=False,
        postgresql_where=sa.text("batch_id is not null"),
    )
    op.create_index(
        "ix_outreach_request_due",
        "outreach_request",
        ["lane", "state", "due_at", sa.literal_column("priority desc"), "request_id"],
        unique=False,
        postgresql_where=sa.text("state in ('waiting', 'ready')"),
    )
    op.create_index(
        "ix_outreach_request_gathered",
        "outreach_request",
        ["account_id", "message_id", "due_at"],
        unique=False,
        postgresql_where=sa.text("state = 'gathered'"),
    )
    op.create_index(
        "ix_outreach_request_message",
        "outreach_request",
        ["message_id", "state", "reason", "request_id"],
        unique=False,
    )
    op.create_index(
        "ix_outreach_request_platform",
        "outreach_request",
        ["account_id", "platform_id"],
        unique=False,
        postgresql_where=sa.text("platform_id is not null"),
    )
    op.create_table(
        "outreach_seen",
        sa.Column("customer_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("content_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("request_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "content_id", name=op.f("pk_outreach_seen")),
    )
    op.create_table(
        "outreach_tally",
        sa.Column("customer_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("route", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sends", sa.SmallInteger(), nullable=False),
        sa.Column("capped", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "day", "route", "account_id", name=op.f("pk_outreach_tally")),
    )
    op.create_index(op.f("ix_outreach_tally_day"), "outreach_tally", ["day"], unique=False)
    op.create_table(
        "outreach_window",
        sa.Column("customer_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("account_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("trigger", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_machine", sa.Double(), nullable=False),
        sa.Column("used", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "account_id", "trigger", name=op.f("pk_outreach_window")),
    )
    op.create_table(
        "parked_work",
        sa.Column("parked_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("room", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("work", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("retry_machine", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("parked_id", name=op.f("pk_parked_work")),
    )
    op.create_index(op.f("ix_parked_work_retry_machine"), "parked_work", ["retry_machine"], unique=False)
    op.create_table(
        "platform_account",
        sa.Column("account_id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("config", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("aes_key", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_platform_account")),
        sa.UniqueConstraint("kind", "key", name=op.f("uq_platform_account_kind_key")),
    )
    op.create_table(
        "platform_block",
        sa.Column("account_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("endpoint", sa.Text(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("until_machine", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("account_id", "endpoint", name=op.f("pk_platform_block")),
    )
    op.create_table(
        "platform_inbox",
        sa.Column("dedupe", sa.Text(), nullable=False),
        sa.Column("inbox_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("lane", sa.SmallInteger(), nullable=False),
        sa.Column("state", sa.SmallInteger(), nullable=False),
        sa.Column("attempts", sa.SmallInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retry_machine", sa.Double(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("dedupe", name=op.f("pk_platform_inbox")),
    )
    op.create_index(
        "ix_platform_inbox_done", "platform_inbox", ["received_at"], unique=False, postgresql_where=sa.text("state = 1")
    )
    op.create_index(
        "ix_platform_inbox_parked",
        "platform_inbox",
        ["state", "retry_machine"],
        unique=False,
        postgresql_where=sa.text("state in (2, 3)"),
    )
    op.create_index(
        "ix_platform_inbox_waiting",
        "platform_inbox",
        ["lane", "inbox_id"],
        unique=False,
        postgresql_where=sa.text("state = 0"),
    )
    op.create_table(
        "platform_token",
        sa.Column("account_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("serial", sa.Integer(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_by", sa.Text(), nullable=False),
        sa.Column("lease_machine", sa.Double(), nullable=False),
        sa.Column("refused_machine", sa.Double(), nullable=False),
        sa.Column("refused_code", sa.Integer(), nullable=False),
        sa.Column("refusal", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "purpose", name=op.f("pk_platform_token")),
    )
    op.create_table(
        "pulse_queue",
        sa.Column("customer_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("event_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("slot", sa.SmallInteger(), nullable=False),
        sa.Column("origin_id", sa.Integer(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "event_id", name=op.f("pk_pulse_queue")),
    )
    op.create_index(op.f("ix_pulse_queue_slot_event_id"), "pulse_queue", ["slot", "event_id"], unique=False)
    op.create_table(
        "review_case",
        sa.Column("case_id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_review_case")),
    )
    op.create_index(
        "ix_review_case_open", "review_case", ["case_id"], unique=False, postgresql_where=sa.text("state = 'open'")
    )
    op.create_table(
        "segment",
        sa.Column("segment_id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("condition", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.Column("evaluated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("segment_id", name=op.f("pk_segment")),
        sa.UniqueConstraint("name", name=op.f("uq_segment_name")),
    )
    op.create_index(op.f("ix_segment_due_at"), "segment", ["due_at"], unique=False)
    op.create_table(
        "segment_due",
        sa.Column("customer_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("segment_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "segment_id", name=op.f("pk_segment_due")),
    )
    op.create_index(op.f("ix_segment_due_segment_id"), "segment_due", ["segment_id"], unique=False)
    op.create_table(
        "segment_member",
        sa.Column("customer_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("segment_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "segment_id", name=op.f("pk_segment_member")),
    )
    op.create_index(
        op.f("ix_segment_member_segment_id_customer_id"), "segment_member", ["segment_id", "customer_id"], unique=False
    )
    op.create_table(
        "sign_in_attempt",
        sa.Column("attempt_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("machine", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("attempt_id", name=op.f("pk_sign_in_attempt")),
    )
    op.create_index(op.f("ix_sign_in_attempt_login_machine"), "sign_in_attempt", ["login", "machine"], unique=False)
    op.create_index(op.f("ix_sign_in_attempt_machine"), "sign_in_attempt", ["machine"], unique=False)
    op.create_table(
        "staff",
        sa.Column("staff_id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("login", sa.Text(), nullable=True),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("userid", sa.Text(), nullable=True),
        sa.Column("departments", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("roles", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("switched_off", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("staff_id", name=op.f("pk_staff")),
        sa.UniqueConstraint("login", name=op.f("uq_staff_login")),
        sa.UniqueConstraint("userid", name=op.f("uq_staff_userid")),
    )
    op.create_table(
        "staff_session",
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("expires", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_staff_session")),
    )
    op.create_index(op.f("ix_staff_session_expires"), "staff_session", ["expires"], unique=False)
    op.create_index(op.f("ix_staff_session_staff_id"), "staff_session", ["staff_id"], unique=False)
    op.create_table(
        "tag_change",
        sa.Column("change_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("added", sa.Boolean(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("change_id", name=op.f("pk_tag_change")),
    )
    op.create_table(
        "tag_change_part",
        sa.Column("change_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("tag_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("chunk", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("ids", postgresql.ARRAY(sa.Integer()), nullable=False),
        sa.PrimaryKeyConstraint("change_id", "tag_id", "chunk", name=op.f("pk_tag_change_part")),
    )
    op.create_index(op.f("ix_tag_change_part_tag_id_chunk"), "tag_change_part", ["tag_id", "chunk"], unique=False)
    op.create_table(
        "tag_expiry",
        sa.Column("customer_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("tag_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("origin_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "tag_id", "origin_id", name=op.f("pk_tag_expiry")),
    )
    op.create_index(op.f("ix_tag_expiry_expires_at"), "tag_expiry", ["expires_at"], unique=False)
    op.create_table(
        "tag_group",
        sa.Column("group_id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("group_id", name=op.f("pk_tag_group")),
        sa.UniqueConstraint("name", name=op.f("uq_tag_group_name")),
    )
    op.create_table(
        "touch",
        sa.Column("customer_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("origin_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("latest", sa.Boolean(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("params", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "origin_id", "source", "latest", name=op.f("pk_touch")),
    )
    op.create_table(
        "visitor",
        sa.Column("anonymous_id", sa.Text(), nullable=False),
        sa.Column("origin_id", sa.Integer(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("anonymous_id", name=op.f("pk_visitor")),
    )
    op.create_index(op.f("ix_visitor_origin_id"), "visitor", ["origin_id"], unique=False)
    op.create_table(
        "visitor_event",
        sa.Column("anonymous_id", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("content_id", sa.Integer(), nullable=True),
        sa.Column("props", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("anonymous_id", "source", "key", name=op.f("pk_visitor_event")),
    )
    op.create_index(op.f("ix_visitor_event_occurred_at"), "visitor_event", ["occurred_at"], unique=False)
    op.create_table(
        "waiting_event",
        sa.Column("customer_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("waiting_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("slot", sa.SmallInteger(), nullable=False),
        sa.Column("origin_id", sa.Integer(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("content_id", sa.Integer(), nullable=True),
        sa.Column("props", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "waiting_id", name=op.f("pk_waiting_event")),
    )
    op.create_index(op.f("ix_waiting_event_origin_id"), "waiting_event", ["origin_id"], unique=False)
    op.create_index(op.f("ix_waiting_event_slot_waiting_id"), "waiting_event", ["slot", "waiting_id"], unique=False)
    op.create_table(
        "world_clock",
        sa.Column("world", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("base", sa.DateTime(timezone=True), nullable=False),
        sa.Column("factor", sa.Double(), nullable=False),
        sa.Column("anchor", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("world", name=op.f("pk_world_clock")),
    )
    op.create_table(
        "content_link",
        sa.Column("link_id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("content_id", sa.Integer(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["content_id"], ["content.content_id"], name=op.f("fk_content_link_content_id")),
        sa.PrimaryKeyConstraint("link_id", name=op.f("pk_content_link")),
        sa.UniqueConstraint(
            "content_id", "purpose", "account_id", name=op.f("uq_content_link_content_id_purpose_account_id")
        ),
    )
    op.create_table(
        "content_version",
        sa.Column("content_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["content_id"], ["content.content_id"], name=op.f("fk_content_version_content_id")),
        sa.PrimaryKeyConstraint("content_id", "version", name=op.f("pk_content_version")),
    )
    op.create_table(
        "segment_listener",
        sa.Column("segment_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("listener", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["segment_id"], ["segment.segment_id"], name=op.f("fk_segment_listener_segment_id")),
        sa.PrimaryKeyConstraint("segment_id", "listener", name=op.f("pk_segment_listener")),
    )
    op.create_table(
        "tag",
        sa.Column("tag_id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["group_id"], ["tag_group.group_id"], name=op.f("fk_tag_group_id")),
        sa.PrimaryKeyConstraint("tag_id", name=op.f("pk_tag")),
        sa.UniqueConstraint("group_id", "name", name=op.f("uq_tag_group_id_name")),
    )
