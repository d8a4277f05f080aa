"""Logs: lines of JSON from the chosen level on, without what a row of the database says."""

from __future__ import annotations

import json

import psycopg
import pytest
import structlog

from siyu.app.logs import configure
from siyu.kernel.db import engine_for


def test_a_failure_is_logged_without_personal_data(
    database_url: str, engine: object, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = structlog.get_config()
    configure("INFO")
    log = structlog.get_logger("siyu.test")
    own = engine_for(database_url, pool=1)
    try:
        with own.connect() as connection:
            try:
                connection.exec_driver_sql("select %(phone)s::int", {"phone": "13812341234"})
            except Exception:
                log.exception("rows_not_stored", rows=1)
        log.debug("not_shown")
    finally:
        own.dispose()
        structlog.configure(**kept)
    (line,) = capsys.readouterr().err.splitlines()
    said = json.loads(line)
    assert (said["event"], said["level"], said["rows"], said["error"]) == ("rows_not_stored", "error", 1, "DataError")
    assert "test_logs.py" in said["frames"][0]
    assert "13812341234" not in line


def test_an_error_of_the_database_does_not_quote_its_parameters(database_url: str, engine: object) -> None:
    own = engine_for(database_url, pool=1)
    with own.connect() as connection, pytest.raises(Exception, match="nowhere") as caught:
        connection.exec_driver_sql("select * from nowhere where phone = %(phone)s", {"phone": "13812341234"})
    own.dispose()
    assert isinstance(caught.value.__cause__, psycopg.Error)
    assert "13812341234" not in str(caught.value)
