"""What fails is told as it is: the database that is away, a route that breaks, a library that logs by itself."""

from __future__ import annotations

import base64
import io
import json
import logging
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path

import httpx2
import psycopg
import pytest
import structlog
from fastapi.testclient import TestClient
from sqlalchemy import text

from siyu.app.description import description
from siyu.app.http import create_app
from siyu.app.logs import configure
from siyu.app.server import listening, serving
from siyu.content import codes
from siyu.kernel.clock import VirtualClock
from siyu.kernel.db import engine_for
from siyu.runtime.house import House
from tests.app.conftest import Office
from tests.support.installation import settled
from tests.support.world import ZONE


@pytest.fixture
def away(clock: VirtualClock, tmp_path: Path) -> Iterator[TestClient]:
    """An application whose database nobody reaches."""
    engine = engine_for("postgresql://nobody@127.0.0.1:1/none")
    application = create_app(House(engine, clock, ZONE))
    with settled(tmp_path), TestClient(application, raise_server_exceptions=False) as client:
        yield client
    engine.dispose()


@pytest.mark.parametrize("address", ["/healthz", "/api/customers", "/p/{code}", "/callback/1?signature=x"])
def test_a_database_that_is_away_is_told_as_such(away: TestClient, address: str) -> None:
    headers = {"authorization": "Bearer siyu_any"}
    answer = away.get(address.format(code=codes.code(1)), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (503, "database_away")
    assert "127.0.0.1" not in answer.text


def test_metrics_tell_that_the_database_is_away(away: TestClient) -> None:
    answer = away.get("/metrics")
    assert answer.status_code == 200
    assert "\nsiyu_database_up 0.0\n" in answer.text


def test_metrics_count_the_whole_company_and_name_the_process_that_answers(
    house: House, office: Office, client: TestClient
) -> None:
    with house.open() as ctx:
        ctx.tx.execute(text("insert into notice_queue (notice_id) values (1), (2)"))
    told = client.get("/metrics").text
    assert "\nsiyu_database_up 1.0\n" in told
    assert "\nsiyu_notices_waiting 2.0\n" in told
    assert "\nsiyu_inbox_waiting 0.0\n" in told
    assert re.search(r'\nsiyu_answering_process_info\{pid="\d+"\} 1\.0\n', told)


def test_a_flood_route_that_breaks_says_nothing_of_the_inside(house: House, client: TestClient) -> None:
    with house.open() as ctx:
        ctx.tx.execute(text("alter table content_link rename to content_link_hidden"))
    try:
        answer = client.get(f"/p/{codes.code(1)}")
    finally:
        with house.open() as ctx:
            ctx.tx.execute(text("alter table content_link_hidden rename to content_link"))
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert "content_link" not in answer.text


def test_a_transaction_that_the_database_ends_for_another_may_be_asked_again(house: House, office: Office) -> None:
    client = office.sign_in("operator")
    with house.open() as ctx:
        ctx.tx.execute(
            text(
                "create function ended() returns trigger language plpgsql as "
                "$$ begin raise exception 'deadlock detected' using errcode = '40P01'; end $$"
            )
        )
        ctx.tx.execute(text("create trigger ended before insert on tag_group execute function ended()"))
    try:
        answer = client.post("/api/tags/groups", json={"name": "来源"})
    finally:
        with house.open() as ctx:
            ctx.tx.execute(text("drop function ended cascade"))
    assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (503, "collided", "1")
    assert client.post("/api/tags/groups", json={"name": "来源"}).status_code == 201


@contextmanager
def _logging() -> Iterator[io.StringIO]:
    """Logging as processes have it, into this text."""
    kept, handlers, level = structlog.get_config(), logging.root.handlers[:], logging.root.level
    written = io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stderr", written)
        configure("INFO")
    structlog.configure(cache_logger_on_first_use=False)  # a module's logger would keep this test's stream
    try:
        yield written
    finally:
        structlog.configure(**kept)
        logging.root.handlers[:] = handlers
        logging.root.setLevel(level)


def test_a_route_that_breaks_under_the_server_is_logged_in_lines_without_rows(house: House, office: Office) -> None:
    """The row that the database quotes in its message is a person's."""
    client = office.sign_in("operator")
    with house.open() as ctx:
        ctx.tx.execute(
            text(
                "create function broken() returns trigger language plpgsql as "
                "$$ begin raise exception 'Key (phone)=(13812341234) already exists'; end $$"
            )
        )
        ctx.tx.execute(text("create trigger broken before insert on tag_group execute function broken()"))
    bound = listening("127.0.0.1", 0)
    cookie = {"cookie": f"siyu_session={client.cookies['siyu_session']}"}
    try:
        with _logging() as written, serving(house, bound), httpx2.Client(trust_env=False, timeout=20) as http:
            address = f"http://127.0.0.1:{bound.getsockname()[1]}"
            for _ in range(2):
                answer = http.post(f"{address}/api/tags/groups", json={"name": "来源"}, headers=cookie)
                assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    finally:
        with house.open() as ctx:
            ctx.tx.execute(text("drop function broken cascade"))
    said = written.getvalue()
    assert "13812341234" not in said
    assert [json.loads(line)["event"] for line in said.splitlines()] == ["request_failed"] * 2


def test_what_libraries_log_becomes_lines_without_their_data() -> None:
    with _logging() as written:
        try:
            raise psycopg.DataError("Key (phone)=(13812341234)")
        except psycopg.DataError:
            logging.getLogger("asyncio").exception("Task exception was never retrieved\nfuture: 13812341234")
        logging.getLogger("httpx").info("GET https://api.example/?secret=1")
    (line,) = written.getvalue().splitlines()
    said = json.loads(line)
    assert (said["event"], said["logger"], said["error"]) == ("library_said", "asyncio", "DataError")
    assert said["said"] == "Task exception was never retrieved"
    assert "13812341234" not in line


VALUES: tuple[object, ...] = (
    "x",
    -1,
    0,
    2**70,
    -(2**63),
    1.5,
    None,
    True,
    {},
    [],
    float("inf"),
    float("nan"),
    "\0",
    "2026-13-45",
)
VALUES += ("2026-03-02T09:00:00", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00")
KNOWN = (1, "a", "2026-03-02T09:00:00+08:00")


def _cursors() -> list[str]:
    """Cursors of no list: readable, of any length, with anything in any place; and unreadable ones."""
    found = [json.dumps([value]) for value in VALUES]
    for fill, value in product(KNOWN, VALUES):
        found += [json.dumps(keys) for keys in ([value, fill], [fill, value], [fill, fill, value])]
    found += ["[" * 100, "{}", "1", ""]
    return ["é", "%", "W"] + [base64.urlsafe_b64encode(one.encode()).decode().rstrip("=") for one in found]


LISTS = sorted(
    (path, parameter["name"])
    for path, item in description()["paths"].items()
    for parameter in item.get("get", {}).get("parameters", ())
    if parameter["in"] == "query" and parameter["name"] in ("cursor", "after")
)


def test_a_cursor_that_was_tampered_with_is_refused_on_every_list(office: Office) -> None:
    assert len(LISTS) > 9
    client = office.sign_in("admin")
    made = client.post("/api/customers", json={"source": "crm", "items": [{"key": "C-1"}]}).json()
    assert made
    failed = {}
    for path, name in LISTS:
        address = re.sub(r"\{\w+\}", "1", path)
        if client.get(address).status_code == 404:
            continue
        for cursor in _cursors():
            status = client.get(address, params={name: cursor}).status_code
            if status not in (200, 422):
                failed[path, cursor] = status
    assert failed == {}
