"""Second greetings go when they are decided; the rules of replies lose what nobody reads."""

from collections.abc import Sequence

from alembic import op

revision: str = "0024"
down_revision: str | Sequence[str] | None = "0023"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Few rows are left once those that ended are gone, so the new index is made in a moment."""
    op.execute("delete from second_greeting where outcome is not null")
    op.execute("alter table second_greeting\n-- squawk-ignore ban-drop-column\ndrop column outcome")
    op.execute(
        "alter table reply_rules\n-- squawk-ignore ban-drop-column\ndrop column archive;\n"
        "-- squawk-ignore require-concurrent-index-creation\n"
        "create index ix_second_greeting_due on second_greeting (due_at)"
    )
