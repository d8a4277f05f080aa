"""What a sound journey will not do as its author may think: it is said, and refuses nothing."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from siyu.journeys import files, http
from siyu.journeys.definition import plain
from siyu.kernel.settings import know
from siyu.platforms import actions as platforms
from tests.journeys.test_stages import piece
from tests.journeys.town import Town
from tests.support.http import room_client
from tests.support.world import World

EXAMPLES = sorted((Path(__file__).parents[2] / "examples" / "journeys").glob("stages-*.yaml"))
WROTE: dict[str, Any] = {"kind": "event", "type": "message_received", "since": "entered"}
JOURNEY: dict[str, Any] = {
    "key": "j",
    "name": "J",
    "entry": {"condition": {"kind": "event", "type": "message_received", "where": {"via": "oa"}}},
    "goals": [{"name": "spoke", "when": WROTE, "ends": False}],
    "stages": [
        {
            "id": "aware",
            "name": "认知",
            "enter": [{"reason": "silent", "from": ["keen"], "after": "7d", "when": {"all": [{"not": WROTE}]}}],
            "pieces": [piece("hello")],
        },
        {"id": "keen", "name": "有兴趣", "enter": [{"reason": "wrote", "when": WROTE}], "pieces": [piece("price")]},
    ],
}
SILENT = "stages.aware.enter.0.when.all.0.not"
NEEDING = {"goals.0.when", SILENT, "stages.keen.enter.0.when"}


@pytest.fixture
def town(world: World) -> Town:
    return Town(world)


@pytest.fixture
def archive() -> Iterator[None]:
    know(wecom_archive="sandbox")
    yield
    know(wecom_archive="")


WORKDAYS = [piece(f"day-{n}", days_off="next_workday") for n in range(1, 8)]


def crowded(town: Town, pieces: list[dict[str, Any]]) -> list[dict[str, Any]]:
    definition = JOURNEY | {"stages": [{"id": "aware", "name": "认知", "pieces": pieces}], "goals": []}
    answer = room_client(town.world, http.router).post("/api/journeys/validate", json={"definition": definition})
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["warnings"]
    return found


def test_pieces_that_days_off_move_onto_one_day_are_named_with_the_days(town: Town) -> None:
    (warned,) = crowded(town, WORKDAYS)
    assert (warned["field"], warned["code"]) == ("stages.aware", "same_day")
    # The longest holiday of 2026 after the test's 2 March begins on Thursday, 1 October and ends on the 7th.
    first = warned["detail"]["days"][0]
    assert first == {"day": "2026-10-08", "entered": "2026-10-01", "pieces": [f"day-{n}" for n in range(1, 8)]}
    assert "on 2026-10-08 (entered on 2026-10-01) day-1, day-2" in warned["message"]
    assert warned["detail"]["more"] > 30


def test_what_the_caps_let_through_is_not_warned_of(town: Town) -> None:
    assert crowded(town, [one | {"days_off": "skip"} for one in WORKDAYS]) == []
    assert crowded(town, [one | {"days_off": "keep"} for one in WORKDAYS]) == []
    # Two messages a day are permitted; a third day between Saturday and Monday there is not, but in holidays there is.
    assert crowded(town, WORKDAYS[:2]) == []
    apart = [piece(f"day-{n}", day=n * 20, days_off="next_workday") for n in range(1, 5)]
    assert crowded(town, apart) == []


def corp(town: Town) -> None:
    with town.world.open() as ctx:
        platforms.save_account(ctx, kind="wecom", key="ww0123456789abcdef-1000002", name="企业微信", secret="s")


def warned(town: Town, path: str, definition: dict[str, Any]) -> dict[str, str]:
    answer = room_client(town.world, http.router).post(path, json={"definition": definition})
    assert answer.status_code == 200, answer.text
    assert {one["code"] for one in answer.json()["warnings"]} <= {"needs_archive"}
    return {one["field"]: one["message"] for one in answer.json()["warnings"]}


def test_conditions_on_replies_need_the_archive_where_staff_chats_count(town: Town) -> None:
    assert warned(town, "/api/journeys/validate", JOURNEY) == {}
    corp(town)
    told = warned(town, "/api/journeys/validate", JOURNEY)
    assert told.keys() == NEEDING
    assert told[SILENT].startswith("needs archive: ")
    assert "may pass for silent" in told[SILENT]
    assert "may be missed" in told["stages.keen.enter.0.when"]
    # Saved all the same, as a new version and once more unchanged.
    for _ in range(2):
        assert warned(town, "/api/journeys", JOURNEY).keys() == NEEDING


def test_a_wait_for_a_reply_needs_it_too(town: Town) -> None:
    corp(town)
    steps = [{"id": "w", "kind": "wait_for", "event": {"type": "message_received"}, "timeout": "2d"}]
    flow = {key: JOURNEY[key] for key in ("key", "name", "entry")} | {"steps": steps}
    (message,) = warned(town, "/api/journeys/validate", flow).values()
    assert "may be missed and who writes to staff may pass for silent" in message
    steps[0]["event"] = {"type": "message_received", "where": {"via": "oa"}}
    assert warned(town, "/api/journeys/validate", flow) == {}


def test_with_the_archive_nothing_is_said(town: Town, archive: None) -> None:
    corp(town)
    assert warned(town, "/api/journeys/validate", JOURNEY) == {}


def test_warnings_stand_beside_the_faults_of_a_draft(town: Town) -> None:
    corp(town)
    draft = JOURNEY | {"entry": {"segment": "nobody knows it"}}
    refused = room_client(town.world, http.router).post("/api/journeys/validate", json={"definition": draft})
    detail = refused.json()["detail"]
    assert [one["field"] for one in detail["errors"]] == ["entry.segment"]
    assert {one["field"] for one in detail["warnings"]} == NEEDING


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_no_example_calls_somebody_silent_for_chats_alone(path: Path) -> None:
    definition: Any = plain(files.load(path.read_text(encoding="utf-8")))
    for stage in definition["stages"]:
        for rule in stage.get("enter", []):
            for types in _denied(rule["when"]):
                if "message_received" in types:
                    assert types >= {"link_clicked", "reply_marked"}, rule["reason"]


def _denied(condition: dict[str, Any]) -> Iterator[set[str]]:
    """The event types of the leaves that must not have happened."""
    if "not" in condition and condition["not"].get("kind") == "event":
        types = condition["not"]["type"]
        yield {types} if isinstance(types, str) else set(types)
    for part in (*condition.get("all", ()), *condition.get("any", ())):
        yield from _denied(part)
