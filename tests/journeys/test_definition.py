"""The form of journeys: faults are named by step, all at once; the graph; waits in local time."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import ColumnElement, DateTime, Integer, Interval, Text, column, func, literal, select

from siyu.journeys import timing
from siyu.journeys.definition import parse
from siyu.journeys.graph import Graph
from siyu.journeys.store import Time
from siyu.journeys.types import BadJourney
from siyu.kernel.ctx import Ctx


def journey(*steps: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"key": "j", "name": "J", "entry": {"segment": 1}, "steps": list(steps), **more}


SEND = {"kind": "send", "text": "hi", "routes": ["oa_custom"]}
REPLY = {"kind": "wait_for", "event": {"type": "message_received"}, "timeout": "1h"}


def form_faults(data: object) -> dict[str, str]:
    with pytest.raises(BadJourney) as caught:
        parse(data)
    errors: Any = caught.value.detail["errors"]
    assert caught.value.field == errors[0]["field"]
    return {error["field"]: error["message"] for error in errors}


def graph_faults(*steps: dict[str, Any]) -> set[str]:
    return {problem.field for problem in Graph(parse(journey(*steps))).problems}


def test_every_fault_of_form_is_named_by_step_and_parameter() -> None:
    faults = form_faults(
        journey(
            {"id": "a", "kind": "wait", "for": "soon"},
            {"id": "b", "kind": "send", "text": "x", "content": "y", "routes": ["oa_custom"]},
            {"id": "c", "kind": "send", "text": "x", "routes": [{"route": "oa_custom", "template": "t"}]},
            {"id": "d", "kind": "fly"},
            {"id": "e", "kind": "exit", "surprise": 1},
            {"id": "f", "kind": "split", "arms": [{"name": "a"}, {"name": "a"}]},
            {"id": "g", "kind": "send", "text": "nul \x00", "routes": ["oa_custom"]},
            mode="pool",
        )
    )
    assert {field.removeprefix("steps.") for field in faults} >= {
        "a.for",
        "b",
        "d.kind",
        "e.surprise",
        "f",
        "g.text",
        "mode",
    }
    assert "steps.c.routes.0" in faults
    assert "90s, 45m, 12h" in faults["steps.a.for"]


@pytest.mark.parametrize("data", [None, [], "x", {"steps": {"a": 1}}, {"steps": [1]}, journey()])
def test_anything_else_is_refused_too(data: object) -> None:
    assert form_faults(data)


def test_missing_targets_doubled_ids_and_unreachable_steps_are_found_together() -> None:
    assert graph_faults(
        {"id": "a", **SEND, "on_sent": "nowhere"},
        {"id": "b", "kind": "goto", "to": "d"},
        {"id": "c", **SEND},
        {"id": "d", "kind": "exit"},
        {"id": "d", "kind": "exit"},
    ) == {"steps.a.on_sent", "steps.c.id", "steps.d.id"}


def test_a_cycle_needs_a_wait() -> None:
    again = {"id": "b", "kind": "goto", "to": "a"}
    assert graph_faults({"id": "a", **SEND}, again) == {"steps.a.next", "steps.b.next"}
    assert graph_faults({"id": "b", "kind": "goto", "to": "b"}) == {"steps.b.next"}
    graph = Graph(parse(journey({"id": "a", "kind": "wait", "for": "1d"}, {"id": "s", **SEND}, again)))
    assert not graph.problems
    assert graph.cyclic == {"a", "s", "b"}


def test_answers_only_straight_after_an_awaited_act() -> None:
    answer = {"id": "s", **SEND, "answers": True}
    branch = {"id": "x", "kind": "branch", "when": {"kind": "tag"}}
    out = {"id": "out", "kind": "exit"}
    wait = {"id": "w", **REPLY, "on_timeout": "out"}
    assert graph_faults(wait, branch, answer, out) == set()
    assert graph_faults(answer) == {"steps.s.answers"}
    assert graph_faults({"id": "w", **REPLY}, answer) == {"steps.s.answers"}, "reached by the timeout as well"
    viewed = {**wait, "event": {"type": "content_viewed"}}
    assert graph_faults(viewed, answer, out) == {"steps.s.answers"}, "reading asks for no answer"
    assert graph_faults(wait, {"id": "p", "kind": "wait", "for": "1h"}, answer, out) == {"steps.s.answers"}


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("1d12h", 129_600), ("45m", 2_700), ("366d", 366 * 86_400)])
def test_durations(text: str, seconds: int) -> None:
    assert timing.seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "0h", "12", "h", "-1h", "12h1d", "367d", "1.5h", "１h"])
def test_malformed_durations_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="duration"):
        timing.seconds(text)


def test_a_wait_until_a_local_time_ends_strictly_after_its_base() -> None:
    zone = ZoneInfo("Asia/Shanghai")
    monday_nine = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
    assert timing.wait_end(monday_nine, 0, 540, (), zone) == monday_nine + timedelta(days=1)
    assert timing.wait_end(monday_nine, 0, 541, (), zone) == monday_nine + timedelta(minutes=1)
    assert timing.wait_end(monday_nine, 0, 540, (0,), zone) == monday_nine + timedelta(days=7)
    assert timing.wait_end(monday_nine, 86_400, 7 * 60, (5, 6), zone) == datetime(2026, 3, 6, 23, 0, tzinfo=UTC)


def wait_end_sql(
    base: ColumnElement[datetime], length: int, at: int | None, days: Sequence[int], zone: ZoneInfo
) -> ColumnElement[datetime]:
    """The same question to PostgreSQL, which knows zones and calendars by itself."""
    end = base + literal(timedelta(seconds=length), Interval)
    if at is None:
        return end
    name = literal(zone.key, Text)
    midnight = func.date_trunc("day", func.timezone(name, end))
    offset = func.generate_series(0, 8).table_valued(column("n", Integer)).render_derived("day")
    one_day = literal(timedelta(days=1), Interval)
    local = midnight + offset.c.n * one_day + literal(timedelta(minutes=at), Interval)
    moment = func.timezone(name, local, type_=DateTime(timezone=True))
    chosen = select(func.min(moment)).where(moment > end)
    if days:
        chosen = chosen.where((func.extract("isodow", local) - 1).in_(list(days)))
    return chosen.scalar_subquery()


@settings(max_examples=60)
@given(
    after=st.timedeltas(timedelta(0), timedelta(days=730)),
    length=st.integers(0, 10 * 86_400),
    at=st.none() | st.integers(0, 1439),
    days=st.lists(st.integers(0, 6), unique=True, max_size=3),
)
def test_waits_end_as_postgresql_says(
    ctx_of_module: Ctx, after: timedelta, length: int, at: int | None, days: list[int]
) -> None:
    ctx = ctx_of_module
    base = ctx.now + after
    found = ctx.tx.execute(select(wait_end_sql(literal(base, Time), length, at, days, ctx.zone))).scalar_one()
    assert found == timing.wait_end(base, length, at, days, ctx.zone)
