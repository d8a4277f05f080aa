"""Arrays that are sent as one text come back as they were."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies as st
from sqlalchemy import Boolean, Integer, Interval, LargeBinary, Text, select
from sqlalchemy.dialects.postgresql import JSONB

from siyu.customers.store.tables import Time
from siyu.kernel.db import Engine, given, rows, unnest

WORDS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
ODD = st.sampled_from(["", "NULL", "null", "{}", '"', "\\", '\\"', "a,b", " ", "'", "{a}", "\n\t", "🌞", "\\N"])
TIMES = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001 - bounds


@hypothesis.given(
    st.lists(st.tuples(st.none() | WORDS | ODD, st.none() | st.integers(-(2**31), 2**31 - 1), st.none() | TIMES))
)
def test_every_text_number_and_time_comes_back(session_engine: Engine, told: list[tuple[object, ...]]) -> None:
    relation = unnest(
        "g",
        word=(Text(), [row[0] for row in told]),
        number=(Integer(), [row[1] for row in told]),
        at=(Time, [row[2] for row in told]),
    )
    with session_engine.connect() as connection:
        assert [tuple(row) for row in connection.execute(select(*relation.c))] == told


def test_truth_values_bytes_objects_and_other_zones_too(session_engine: Engine) -> None:
    at = datetime(2026, 3, 2, 9, 0, tzinfo=timezone(timedelta(hours=8)))
    relation = rows("g", yes=Boolean(), at=Time, data=LargeBinary(), props=JSONB())
    columns: dict[str, list[Any]] = {
        "yes": [True, False, None],
        "at": [at, at, at],
        "data": [b"", b'\x00\\\xff"', None],
        "props": [{"a": ['"', "\\", "字", 1.5, None]}, [], None],
    }
    with session_engine.connect() as connection:
        found = connection.execute(select(*relation.c), given(relation, **columns))
        assert [tuple(row) for row in found] == list(zip(*columns.values(), strict=True))


def test_a_statement_built_once_takes_other_rows_each_time(session_engine: Engine) -> None:
    relation = rows("g", word=Text(), number=Integer())
    statement = select(*relation.c)
    with session_engine.connect() as connection:
        for words, numbers in ((["a", "b"], [1, None]), ([], []), (["c"], [3])):
            found = connection.execute(statement, given(relation, word=words, number=numbers))
            assert [tuple(row) for row in found] == list(zip(words, numbers, strict=True))


def test_a_kind_without_a_notation_is_said_so() -> None:
    with pytest.raises(TypeError, match="no array notation"):
        unnest("g", one=(Interval(), [timedelta(1)]))
