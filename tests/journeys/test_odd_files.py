"""Odd journey files: each is refused with the field and the reason, quickly, and changes nothing."""

from __future__ import annotations

from typing import Any

import pytest

from siyu.journeys import http
from siyu.journeys.files import LARGEST
from tests.support.http import room_client
from tests.support.world import World

HEAD = "key: odd\nname: 怪\nentry:\n  condition: {all: []}\n"
GOOD = HEAD + "steps:\n  - {id: a, kind: exit}\n"


def steps(*lines: str) -> str:
    return HEAD + "steps:\n" + "".join(f"  - {line}\n" for line in lines)


def wait(what: str) -> str:
    return steps("{id: a, kind: wait, " + what + "}")


def arms(what: str) -> str:
    return steps("{id: a, kind: split, arms: [" + what + "]}")


def sends(what: str) -> str:
    return steps("{id: a, kind: send, " + what + "}")


def hook(body: str) -> str:
    return steps("{id: a, kind: webhook, url: 'https://example.com', body: " + body + "}")


def attribute(name: str, value: str) -> str:
    return steps("{id: a, kind: set_attribute, name: " + name + ", value: " + value + "}")


def branch(when: str) -> str:
    return steps("{id: a, kind: branch, when: " + when + "}")


ODD: dict[str, tuple[str, str, str]] = {
    "a reason of Siyu's own": (steps("{id: a, kind: exit, reason: merged}"), "steps.a.reason", "Siyu's own"),
    "a rule with a reason of Siyu's own": (
        GOOD + "exit_rules:\n  - {reason: stopped, when: {all: []}}\n",
        "exit_rules.0.reason",
        "Siyu's own",
    ),
    "nothing": ("", "text", "key, name, entry and steps"),
    "a list": ("- a\n", "text", "key, name, entry and steps"),
    "two documents": (GOOD + "---\n" + GOOD, "text", "another document"),
    "tabs": ("key: odd\n\tname: x\n", "text", "line 2, column 1"),
    "control characters": ("\x01", "text", "U+0001"),
    "unclosed": ("key: [a", "text", "line 1"),
    "alias bomb": ("a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n", "text", "anchors are not read"),
    "alias of nothing": ("a: *b\n", "text", "aliases are not read"),
    "python": ("key: !!python/object/apply:os.system [ls]", "text", "tags such as"),
    "a tag that fails": ("key: !!bool maybe", "text", "tags such as"),
    "not a number": (attribute("city", "!!float .nan"), "text", "tags such as"),
    "a list as key": ("? [a]\n: 1\n", "text", "a key is a word"),
    "doubled key": (GOOD + "name: 再\n", "text", "the key name stands twice"),
    "merge key": ("<<: {key: odd}\n", "key", "missing"),
    "deep brackets": ("key: " + "[" * 20_000, "text", "nests at most 40"),
    "deep lines": ("".join(" " * n + "a:\n" for n in range(300)), "text", "nests at most 40"),
    "deep condition": (branch("{not: " * 20 + "{all: []}" + "}" * 20), "steps.a.when" + ".not" * 12, "at most 12"),
    "huge number": (attribute("city", "9" * 5000), "text", "too many digits"),
    "infinite number": (attribute("city", "9" * 400 + ".0"), "steps.a.value", ""),
    "chinese key": (GOOD + "步骤: 1\n", "步骤", "no such field"),
    "number as key": (GOOD.replace("key: odd", "key: 12"), "key", "quotes"),
    "number as name": (GOOD.replace("name: 怪", "name: 12"), "name", "quotes"),
    "null as name": (GOOD.replace("name: 怪", "name:"), "name", "text is expected"),
    "number as id": (steps("{id: 1, kind: exit}"), "steps.1.id", "quotes"),
    "chinese id": (steps("{id: 步, kind: exit}"), "steps.步.id", "a letter a to z"),
    "map as id": (steps("{id: {x: 1}, kind: exit}"), "steps.0.id", "text is expected"),
    "no steps": (HEAD, "steps", "missing"),
    "steps as map": (HEAD + "steps: {a: {kind: exit}}\n", "steps", "a list"),
    "step as word": (steps("exit"), "steps.0", "name: value"),
    "step without kind": (steps("{id: a}"), "steps.a.kind", "missing"),
    "unknown kind": (steps("{id: a, kind: email}"), "steps.a.kind", "no step of kind email"),
    "kind as list": (steps("{id: a, kind: [exit]}"), "steps.a.kind", "no step of kind"),
    "doubled id": (steps("{id: a, kind: wait, for: 1h}", "{id: a, kind: exit}"), "steps.a.id", "two steps"),
    "goto nowhere": (steps("{id: a, kind: goto, to: b}"), "steps.a.to", "no step b"),
    "goto itself": (steps("{id: a, kind: goto, to: a}"), "steps.a.next", "without a wait"),
    "off is a word": (steps("{id: on, kind: goto, to: off}"), "steps.on.to", "no step off"),
    "unreachable": (steps("{id: a, kind: exit}", "{id: b, kind: exit}"), "steps.b.id", "no path"),
    "too many steps": (
        steps(*(f"{{id: a{n}, kind: wait, for: 1h}}" for n in range(201))),
        "steps",
        "at most 200",
    ),
    "weight zero": (arms("{name: x, weight: 0}, {name: y}"), "steps.a.arms.0.weight", "1"),
    "weight octal": (arms("{name: x, weight: 012}, {name: y}"), "steps.a.arms.0.weight", "integer"),
    "weight true": (arms("{name: x, weight: true}, {name: y}"), "steps.a.arms.0.weight", "integer"),
    "one arm": (arms("{name: x}"), "steps.a.arms", "at least 2"),
    "no arms": (steps("{id: a, kind: split}"), "steps.a.arms", "missing"),
    "same arms": (arms("{name: x}, {name: x}"), "steps.a", "must differ"),
    "negative wait": (wait("for: -1h"), "steps.a.for", "90s, 45m"),
    "endless wait": (wait("for: 9999d"), "steps.a.for", "366d"),
    "wait of full width": (wait("for: １h"), "steps.a.for", "90s, 45m"),
    "wait until a date": (wait("until: 2026-01-01 09:00"), "steps.a.until", "HH:MM"),
    "wait until 24": (wait("until: 24:00"), "steps.a.until", "HH:MM"),
    "wait for nothing": (wait("base: send"), "steps.a", "give for, until"),
    "day names": (wait("until: 9:00, days: [weekday]"), "steps.a.days.0", "'mon'"),
    "event as word": (steps("{id: a, kind: wait_for, event: x, timeout: 1h}"), "steps.a.event", "name: value"),
    "event without type": (steps("{id: a, kind: wait_for, event: {}, timeout: 1h}"), "steps.a.event.type", ""),
    "no message": (sends("routes: [oa_custom]"), "steps.a", "content or text"),
    "no route": (sends("text: x, routes: []"), "steps.a.routes", "at least 1"),
    "route as number": (sends("text: x, routes: [1]"), "steps.a.routes.0", "name: value"),
    "template with text": (sends("text: x, routes: [oa_custom, oa_template]"), "steps.a", "oa_template carries"),
    "unknown content": (sends("content: none, routes: [oa_custom]"), "steps.a.content", "no such content"),
    "unknown tag": (steps("{id: a, kind: set_tag, tag: 无/有}"), "steps.a.tag", "no tag"),
    "tag without group": (steps("{id: a, kind: set_tag, tag: 没有组}"), "steps.a.tag", "group/name"),
    "attribute of another type": (attribute("birthday", "2026-02-30"), "steps.a.value", "must be a date"),
    "address": (steps("{id: a, kind: webhook, url: 'file:///x'}"), "steps.a.url", "http:// or https://"),
    "NUL in a body": (hook('{a: ["\\0"]}'), "steps.a.body", "NUL"),
    "half a character in a body": (hook('{a: "\\ud800"}'), "steps.a.body", "lone surrogate"),
    "number in a body": (hook("{a: " + "9" * 400 + "}"), "steps.a.body", "too large"),
    "unknown condition": (branch("{kind: nope}"), "steps.a.when.kind", "no condition of kind"),
    "NUL in a content key": (branch('{kind: event, type: x, content: "a\\0"}'), "steps.a.when", "NUL"),
    "no contents": (branch("{kind: event, type: x, content: []}"), "steps.a.when.content", ""),
    "segment of nowhere": (GOOD.replace("condition: {all: []}", "segment: 没有"), "entry.segment", "no such segment"),
    "segment far away": (GOOD.replace("condition: {all: []}", "segment: 99999999999999999999"), "entry.segment", ""),
    "segment true": (GOOD.replace("condition: {all: []}", "segment: true"), "entry.segment", "integer"),
}


def refused(world: World, body: dict[str, Any], field: str, said: str) -> None:
    with room_client(world, http.router) as api:
        for path in ("/api/journeys/validate", "/api/journeys"):
            answer = api.post(path, json=body)
            assert answer.status_code == 422, answer.text
            assert (answer.json()["code"], answer.json()["field"]) == ("bad_journey", field)
            assert said in answer.json()["message"]
    assert world.value("select count(*) from journey") == 0


@pytest.mark.parametrize(("text", "field", "said"), ODD.values(), ids=ODD.keys())
def test_odd_files_are_refused_by_field_and_reason(world: World, text: str, field: str, said: str) -> None:
    refused(world, {"text": text}, field, said)


def definition(step: dict[str, Any]) -> dict[str, Any]:
    return {"key": "odd", "name": "怪", "entry": {"condition": {"all": []}}, "steps": [{"id": "a", **step}]}


def nested(depth: int) -> dict[str, Any]:
    found: dict[str, Any] = {"all": []}
    for _ in range(depth):
        found = {"not": found}
    return found


@pytest.mark.parametrize("depth", [60, 900])
def test_json_that_nests_too_deep_is_refused_as_files_are(world: World, depth: int) -> None:
    refused(world, {"definition": definition({"kind": "branch", "when": nested(depth)})}, "steps.a.when", "deep")
    body = definition({"kind": "webhook", "url": "https://example.com", "body": nested(depth)})
    refused(world, {"definition": body}, "steps.a.body", "deep")


def test_what_looks_odd_and_is_sound_is_taken(world: World) -> None:
    sound = {
        "a byte order mark": "\ufeff" + GOOD,
        "no is an id": steps("{id: no, kind: exit}"),
        "a date is a name": GOOD.replace("name: 怪", "name: 2026-01-01"),
        "keys of a body are text": hook("{1: x, yes: no, ~: null}"),
        "windows line ends": GOOD.replace("\n", "\r\n"),
        "the longest file": GOOD + "#" * (LARGEST - len(GOOD)),
    }
    with room_client(world, http.router) as api:
        for name, text in sound.items():
            answer = api.post("/api/journeys/validate", json={"text": text})
            assert answer.status_code == 200, (name, answer.text)
        api.post("/api/journeys", json={"text": sound["keys of a body are text"]}).raise_for_status()
    stored = world.value("select definition -> 'steps' -> 0 -> 'body' from journey_version")
    assert stored == {"1": "x", "yes": "no", "~": None}
