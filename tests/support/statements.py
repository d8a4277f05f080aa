"""Counts the SQL statements that SQLAlchemy sends, so that a loop over customers cannot hide."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine import ExecutionContext

OF_A_SECOND = ("FROM special_day", "FROM workday_year")
"""Read once a second and not once a round, so that counts would hang on the machine."""


class Statements:
    """``texts`` since the last ``reset``. An executemany counts once per row: it is a loop in disguise."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    @property
    def count(self) -> int:
        return len(self.texts)

    def reset(self) -> None:
        self.texts.clear()

    def _seen(
        self,
        connection: Connection,
        cursor: object,
        statement: str,
        parameters: Sequence[object],
        context: ExecutionContext | None,
        many: bool,
    ) -> None:
        if any(table in statement for table in OF_A_SECOND):
            return
        self.texts.extend([statement] * (len(parameters) if many else 1))


@contextmanager
def counting() -> Iterator[Statements]:
    """Counts on every engine of this process while the block runs."""
    statements = Statements()
    target: Any = Engine
    event.listen(target, "before_cursor_execute", statements._seen)
    try:
        yield statements
    finally:
        event.remove(target, "before_cursor_execute", statements._seen)
