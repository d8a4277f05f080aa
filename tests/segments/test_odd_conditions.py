"""Odd conditions: each is refused with the field and the reason by every door of HTTP, quickly, and changes nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from siyu.segments import http
from tests.support.http import room_client
from tests.support.world import World

BIG = 10**400
NAN, INFINITE = float("nan"), float("inf")


def event(**more: Any) -> dict[str, Any]:
    return {"kind": "event", "type": "x", **more}


def attribute(name: str, op: str, *value: Any) -> dict[str, Any]:
    return {"kind": "attribute", "name": name, "op": op, **({"value": value[0]} if value else {})}


def sequence(**more: Any) -> dict[str, Any]:
    return {"kind": "sequence", "first": {"type": "a"}, "then": {"type": "b"}, "within": "1h", **more}


ODD: list[tuple[Any, str, str]] = [
    ({}, "", "exactly one of"),
    ({"all": "x"}, "all", "takes a list"),
    ({"any": []}, "any", "at least one part"),
    ({"not": []}, "not", "is an object"),
    ({"all": [], "any": []}, "", "exactly one of"),
    ({"all": [], "x": 1}, "x", "does not belong"),
    ({"kind": None}, "kind", "no condition of kind"),
    ({"kind": ["tag"]}, "kind", "no condition of kind"),
    ({"kind": "😀"}, "kind", "no condition of kind"),
    ({"kind": "a\x00"}, "kind", "NUL"),
    ({"all": [event()] * 201}, "", "at most 200"),
    ({"any": [attribute("city", "in", ["a"] * 500)] * 140}, "any.4", "at most 2000"),
    ({"kind": "tag"}, "tag", "required"),
    ({"kind": "tag", "tag": "无/有"}, "tag", "no tag"),
    ({"kind": "tag", "tag": 10**30}, "tag", "less than"),
    ({"kind": "tag", "tag": -1}, "tag", "greater than"),
    ({"kind": "tag", "tag": True}, "tag", "of this kind"),
    ({"kind": "tag", "tag": 1.5}, "tag", "of this kind"),
    ({"kind": "tag", "tag": NAN}, "tag", ""),
    ({"kind": "tag", "tag": []}, "tag", "1 to 500"),
    ({"kind": "tag", "tag": "a/b", "zz": 1}, "zz", ""),
    ({"kind": "segment", "segment": "没有"}, "segment", "no segment"),
    ({"kind": "segment", "segment": 2**40}, "segment", "less than"),
    ({"kind": "segment", "segment": True}, "segment", "of this kind"),
    ({"kind": "owner", "staff": [2**40]}, "staff.0", "less than"),
    ({"kind": "owner", "staff": ["nobody"]}, "staff.0", "no staff member"),
    ({"kind": "account", "account_id": BIG}, "account_id", "less than"),
    (attribute("nope", "eq", 1), "name", "no attribute"),
    (attribute("city", "like", "x"), "op", ""),
    (attribute("city", "eq"), "value", "takes one value"),
    (attribute("city", "eq", "\ud800"), "value", "surrogate"),
    (attribute("city", "eq", 1), "value", "type text"),
    (attribute("city", "in", []), "value", "1 to 500"),
    (attribute("city", "gt", "a"), "op", "city is text"),
    (attribute("birthday", "eq", "2026-02-30"), "value", "no date"),
    (attribute("birthday", "lt", "10000-01-01"), "value", "no date"),
    (attribute("birthday", "lt", "2026/1/1"), "value", "no date"),
    (attribute("created_at", "gt", "2026-01-01T00:00:00"), "value", "no time zone offset"),
    (attribute("created_at", "gt", "0001-01-01T00:00:00+14:00"), "value", "neither"),
    (attribute("created_at", "gt", INFINITE), "value", ""),
    (event(type="报名"), "type", "an event type"),
    (event(type=[]), "type", "an event type"),
    (event(within="-3d"), "within", "a duration is"),
    (event(within="３d"), "within", "a duration is"),
    (event(within="36500d"), "within", "ten years"),
    (event(within="3d", period="today"), "", "one of within"),
    (event(period="decade"), "period", ""),
    (event(since="entered"), "since", "only a journey"),
    (event(count={}), "count", "at least one"),
    (event(count={"ge": True}), "count.ge", "of this kind"),
    (event(count={"ge": NAN}), "count.ge", ""),
    (event(**{"from": "2026-03-01T00:00:00Z", "to": "2026-02-01T00:00:00Z"}), "", "earlier"),
    (event(**{"from": 1e308}), "from", "neither"),
    (event(**{"from": "2026-02-29T00:00:00Z"}), "from", "neither"),
    (event(to="2026-03-01T00:00:00+99:00"), "to", "neither"),
    (event(content=BIG), "content", "less than"),
    (event(content=[]), "content", ""),
    (event(where={"a": {"like": "x"}}), "where.a.like", ""),
    (event(where={"a": {}}), "where.a", "at least one operator"),
    (event(where={"a": {"eq": None}}), "where.a.eq", "needs a value"),
    (event(where={"a": {"ge": 1, "in": None}}), "where.a.in", "needs a value"),
    (sequence(then={"type": "b", "where": {"a": {"exists": None}}}), "then.where.a.exists", "needs a value"),
    (event(where={"a": {"eq": {"b": 1}}}), "where.a.eq", ""),
    (event(where={str(number): {"eq": 1} for number in range(11)}), "where", ""),
    (sequence(within="0h"), "within", "a duration is"),
    (sequence(then_not={"type": "c"}), "", "one of then"),
    (sequence(first="a"), "first", ""),
    ({"kind": "order", "currency": "¥"}, "currency", ""),
    ({"kind": "date", "name": "city", "today": True}, "name", "not a date"),
    ({"kind": "date", "name": "birthday", "month": []}, "", "one of today"),
]
PATHS = ("/estimate", "/sample", "/explain", "")


def answers(world: World, text: str) -> list[Any]:
    with room_client(world, http.router) as api:
        bodies = {"/explain": ', "customer_id": 1', "": ', "name": "怪"'}
        return [
            api.post(
                f"/api/segments{path}",
                content='{"condition": ' + text + bodies.get(path, "") + "}",
                headers={"content-type": "application/json"},
            )
            for path in PATHS
        ]


@pytest.mark.parametrize(("condition", "field", "said"), ODD, ids=range(len(ODD)))
def test_odd_conditions_are_refused_by_field_and_reason(world: World, condition: Any, field: str, said: str) -> None:
    for answer in answers(world, json.dumps(condition)):
        assert answer.status_code == 422, answer.text
        assert answer.json()["code"] in {"bad_condition", "unknown_condition", "bad_text", "bad_time"}
        assert answer.json()["field"] == ("condition." + field).rstrip(".")
        assert said in answer.json()["message"]
    assert world.value("select count(*) from segment") == 0


@pytest.mark.parametrize(("before", "after"), [('{"not": ', "}"), ('{"all": [', "]}")])
@pytest.mark.parametrize("depth", [12, 200, 900, 20_000])
def test_what_nests_too_deep_is_refused(world: World, before: str, after: str, depth: int) -> None:
    for answer in answers(world, before * depth + '{"all": []}' + after * depth):
        assert answer.status_code in {400, 422}, answer.text
    assert world.value("select count(*) from segment") == 0


def test_large_numbers_are_compared_exactly_and_break_nothing(world: World) -> None:
    sound = [
        event(count={"ge": BIG}),
        event(count={"le": -1}),
        event(where={"a": {"gt": BIG}}),
        event(where={"a'\"$.*": {"eq": -0.0}}),
        {"kind": "order", "amount": {"le": 1e308}},
        {"kind": "date", "name": "birthday", "age": {"ge": -(10**9)}},
        {"kind": "date", "name": "birthday", "days_until": {"le": 10**9}},
    ]
    with room_client(world, http.router) as api:
        for condition in sound:
            answer = api.post("/api/segments/estimate", json={"condition": condition})
            assert answer.status_code == 200, (condition, answer.text)
