"""Journeys as files and over HTTP: every fault at once, round trips, plans, versions, the wave."""

from pathlib import Path
from typing import Any

import pytest

from siyu.journeys import actions, files, http, queries
from siyu.journeys.definition import parse, plain
from siyu.journeys.types import BadJourney, UnknownJourney
from siyu.kernel.ctx import Ctx
from siyu.kernel.errors import BadText
from siyu.segments import actions as segments
from siyu.tags import actions as tags
from tests.journeys.town import Town
from tests.support.http import room_client
from tests.support.world import World

EXAMPLES = Path(__file__).parents[2] / "examples" / "journeys"
WAVE = (EXAMPLES / "ebook-wave.yaml").read_text(encoding="utf-8")


@pytest.fixture
def town(world: World) -> Town:
    return Town(world)


def furnished(town: Town) -> None:
    """What ebook-wave.yaml needs."""
    town.content("ebook-article", "ebook-form-link", "group-invitation", "ebook-reminder", "ebook-form")
    with town.world.open() as ctx:
        condition = {"kind": "attribute", "name": "region", "op": "eq", "value": "上海"}
        segments.save(ctx, name="电子书人群", condition=condition)
        for path in ("意向/要过电子书", "意向/已留资"):
            tags.ensure(ctx, path)


def faults(ctx: Ctx, text: str) -> dict[str, str]:
    with pytest.raises(BadJourney) as caught:
        actions.validate(ctx, files.load(text))
    errors: Any = caught.value.detail["errors"]
    return {error["field"]: error["message"] for error in errors}


def test_yaml_is_read_as_version_1_2_reads_it() -> None:
    text = "until: 22:30\nyes: no\non: off\nn: 012\ni: 12\nf: 1.5\nd: 2026-01-01\nt: true\ne: ~\n"
    assert files.data(text) == {
        "until": "22:30",
        "yes": "no",
        "on": "off",
        "n": "012",
        "i": 12,
        "f": 1.5,
        "d": "2026-01-01",
        "t": True,
        "e": None,
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [1, 2", "line 1"),
        ("a: 1\na: 2\n", "the key a stands twice"),
        ("a: &x [1]\nb: *x\n", "anchors are not read"),
        ("a: !!python/object/apply:os.system [ls]", "line 1"),
        ("x" * (files.LARGEST + 1), "at most"),
    ],
)
def test_what_is_no_file_is_refused_with_the_place(text: str, said: str) -> None:
    with pytest.raises(BadJourney, match=said) as caught:
        files.load(text)
    assert caught.value.field == "text"


def test_nul_in_a_file_is_bad_text() -> None:
    with pytest.raises(BadText):
        files.load("key: a\x00b")


def test_every_unknown_name_is_found_at_once(town: Town) -> None:
    with town.world.open() as ctx:
        tag_id = tags.ensure(ctx, "组/旧")
        tags.retire(ctx, tag_id)
        found = faults(
            ctx,
            """
key: j
name: J
account: wxnone
entry: {segment: 没有}
exit_rules: [{reason: out, when: {kind: teleport}}]
goals: [{name: won, when: {kind: attribute, name: nothing, op: eq, value: 1}}]
steps:
  - {id: a, kind: send, content: missing, routes: [oa_custom]}
  - {id: b, kind: set_tag, tag: 组/旧}
  - {id: c, kind: remove_tag, tag: 组/无}
  - {id: d, kind: set_attribute, name: nothing, value: 1}
  - {id: e, kind: branch, when: {any: [{kind: event, type: form_submitted, content: missing-form}]}}
  - {id: f, kind: wait_for, event: {type: message_received, within: 1h}, timeout: 1h}
  - {id: g, kind: wait_for, event: {type: message_received, where: {text: {like: x}}}, timeout: 1h, on_timeout: z}
  - {id: h, kind: branch, when: {kind: segment, segment: 12345}}
""",
        )
    assert set(found) >= {
        "entry.segment",
        "steps.a.content",
        "steps.a.account",
        "steps.b.tag",
        "steps.c.tag",
        "steps.d.name",
        "steps.e.when.any.0.content",
        "steps.f.event.within",
        "steps.g.on_timeout",
        "exit_rules.0.when.kind",
    }
    assert any(field.startswith("goals.0.when") for field in found)
    assert any(field.startswith("steps.g.event.where") for field in found)
    assert any(field.startswith("steps.h.when") for field in found)
    assert town.world.value("select count(*) from journey") == 0


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.yaml")), ids=lambda path: path.stem)
def test_examples_round_trip(path: Path) -> None:
    definition = files.load(path.read_text(encoding="utf-8"))
    assert files.load(files.dump(definition)) == definition
    assert parse(plain(definition)) == definition


def test_plan_apply_and_export(town: Town) -> None:
    furnished(town)
    with town.world.open() as ctx:
        definition = files.load(WAVE)
        actions.validate(ctx, definition)
        assert files.plan(ctx, definition).change == "create"
        with pytest.raises(UnknownJourney):
            files.export(ctx, "ebook-wave")
        files.apply(ctx, WAVE)
        assert files.load(files.export(ctx, "ebook-wave")) == definition
        unchanged = files.plan(ctx, definition)
        assert (unchanged.change, unchanged.version, unchanged.diff) == ("none", 1, "")
        assert parse(unchanged.definition) == files.load(unchanged.text) == definition
        changed = files.load(WAVE.replace("timeout: 12h", "timeout: 10h"))
        planned = files.plan(ctx, changed)
        assert (planned.change, planned.version) == ("change", 2)
        assert "-  timeout: 12h" in planned.diff.replace("    ", "  ")
        assert "+  timeout: 10h" in planned.diff.replace("    ", "  ")


def test_a_journey_over_http(town: Town) -> None:
    furnished(town)
    people = town.people(3, "上海")
    client = room_client(town.world, http.router, may=("journeys.read", "journeys.write"))
    refused = client.post("/api/journeys", json={"text": "key: x"})
    assert (refused.status_code, refused.json()["code"]) == (422, "bad_journey")
    planned = client.post("/api/journeys/validate", json={"text": WAVE})
    assert planned.json()["change"] == "create"
    assert client.get("/api/journeys").json() == []
    made = client.post("/api/journeys", json={"text": WAVE}).json()
    assert (made["state"], made["version"]) == ("draft", 1)
    base = f"/api/journeys/{made['journey_id']}"
    assert client.post(f"{base}/pause").json()["code"] == "wrong_state"
    assert client.post(f"{base}/start").json()["state"] == "running"
    town.drain()
    assert client.get(base).json()["fill_done"] == 3
    wave = client.get(f"{base}/wave").json()
    assert (wave["entered"], wave["active"]) == (3, 3)
    assert {node["id"]: node["here"] for node in wave["nodes"]}["article"] == 3
    assert {node["id"]: node["sends"] for node in wave["nodes"]}["article"] == {"waiting:asked": 3}
    first = client.get(f"{base}/enrolments", params={"limit": 2}).json()
    rest = client.get(f"{base}/enrolments", params={"limit": 2, "cursor": first["next"]}).json()
    assert [one["customer_id"] for one in first["items"] + rest["items"]] == sorted(people, reverse=True)
    assert rest["next"] is None
    (told,) = client.get(f"/api/journeys/customers/{people[0]}").json()
    assert [step["node"] for step in told["steps"]] == ["article"]
    assert [send["node"] for send in told["sends"]] == ["article"]
    text = client.get(f"{base}/file").json()["text"]
    assert client.post("/api/journeys", json={"text": text}).json()["version"] == 1
    assert len(client.get(f"{base}/versions").json()) == 1
    again = client.post(f"{base}/enrolments", json={"customers": people, "key": "k"})
    assert again.json() == {"entered": 0}
    assert client.post(f"{base}/stop").json()["state"] == "stopping"
    assert client.get("/api/journeys/999999").status_code == 404
    assert client.get(f"{base}/wave", params={"version": 7}).json()["code"] == "unknown_version"


def test_reading_needs_the_permission(town: Town) -> None:
    client = room_client(town.world, http.router, may=("customers.read",))
    assert client.get("/api/journeys").status_code == 403
    assert client.post("/api/journeys", json={"text": WAVE}).status_code == 403


def test_the_segment_and_tags_of_a_journey_are_known_as_used(town: Town) -> None:
    furnished(town)
    with town.world.open() as ctx:
        tag_id = tags.ensure(ctx, "意向/高")
        journey = files.apply(ctx, WAVE)
        data = queries.version(ctx, journey.journey_id).definition | {
            "key": "tagged",
            "steps": [{"id": "t", "kind": "set_tag", "tag": "意向/高"}],
        }
        actions.apply(ctx, data)
        assert journey.segment_id is not None
        assert [use.name for use in queries.uses_segment(ctx, journey.segment_id)] == ["电子书波次", "电子书波次"]
        assert [use.id for use in queries.uses_tag(ctx, tag_id)] == [journey.journey_id + 1]
