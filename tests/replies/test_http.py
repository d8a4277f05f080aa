"""Welcomes, replies and unanswered questions over HTTP: call, then what the next call shows."""

from __future__ import annotations

import pytest

from siyu.replies import http
from tests.replies.town import Town, in_region
from tests.support.http import room_client
from tests.support.world import World


@pytest.fixture
def town(world: World) -> Town:
    return Town(world)


def test_a_reply_from_writing_to_deletion_and_what_it_would_answer(town: Town) -> None:
    client = room_client(town.world, http.router)
    (ann,) = town.people("ann", region="上海")
    new = {"name": "营业时间", "words": ["几点开门", "营业时间"], "text": "10 点", "condition": in_region("上海")}
    made = client.post("/api/replies", json=new)
    assert made.status_code == 201
    number = made.json()["reply_id"]
    asked = {"account_id": town.oa, "text": "你们几点开门？"}
    stranger = client.post("/api/replies/try", json=asked).json()
    assert (stranger["outcome"], stranger["candidates"][0]["cause"]) == ("no_answer", "not_for_them")
    known = client.post("/api/replies/try", json=asked | {"customer_id": ann}).json()
    assert known == {
        "outcome": "answered",
        "reply_id": number,
        "candidates": [{"reply_id": number, "name": "营业时间", "word": "几点开门", "cause": "chosen"}],
    }
    assert town.asked() == [], "trying sends nothing"
    assert client.put(f"/api/replies/{number}", json=new | {"active": False, "condition": None}).status_code == 204
    (shown,) = client.get("/api/replies").json()
    assert (shown["active"], shown["condition"], shown["changed_by"]) == (False, None, "staff:1")
    assert client.post("/api/replies/try", json=asked).json()["candidates"] == []
    assert client.delete(f"/api/replies/{number}").status_code == 204
    assert client.delete(f"/api/replies/{number}").json()["code"] == "unknown_reply"


def test_a_welcome_and_the_rules(town: Town) -> None:
    client = room_client(town.world, http.router)
    new = {"name": "通用", "scope": "wecom", "text": "您好", "second_after_minutes": 120, "second_text": "在吗"}
    number = client.post("/api/replies/welcomes", json=new).json()["welcome_id"]
    (shown,) = client.get("/api/replies/welcomes").json()
    assert (shown["second_after_minutes"], shown["ref"], shown["text"]) == (120, "", "您好")
    assert client.put(f"/api/replies/welcomes/{number}", json=new | {"text": "你好"}).status_code == 204
    assert client.get("/api/replies/welcomes").json()[0]["text"] == "你好"
    assert client.get("/api/replies/rules").json() == {"to_people": None, "fallback": True, "archive": False}
    saved = client.put("/api/replies/rules", json={"to_people": in_region("上海"), "fallback": True})
    assert saved.json()["to_people"] == in_region("上海")
    assert client.delete(f"/api/replies/welcomes/{number}").status_code == 204


def test_a_question_is_answered_over_http(town: Town) -> None:
    client = room_client(town.world, http.router)
    (ann,) = town.people("ann")
    town.keyword("电子书")
    town.say(ann, "几点开门？")
    (question,) = client.get("/api/replies/questions").json()["items"]
    assert (question["words"], question["count"], question["examples"]) == ("几点开门", 1, ["几点开门？"])
    answered = {"kind": "faq", "name": "营业时间", "words": ["几点开门"], "text": "10 点"}
    path = f"/api/replies/questions/{question['question_id']}"
    assert client.post(f"{path}/answer", json=answered).status_code == 201
    refused = client.post(f"{path}/dismiss")
    assert (refused.status_code, refused.json()["detail"]) == (409, {"state": "answered"})


def test_bad_input_is_named_and_changes_nothing(town: Town) -> None:
    client = room_client(town.world, http.router)
    good = {"name": "x", "words": ["电子书"], "text": "给你"}
    for bad, code, field in (
        ({"match": "pattern", "words": ["("]}, "bad_pattern", "words"),
        ({"text": None}, "bad_reply", "text"),
        ({"content_id": 5}, "bad_reply", "text"),
        ({"text": None, "content_id": 10**6}, "no_such_content", "content"),
        ({"condition": {"kind": "nope"}}, "unknown_condition", "condition.kind"),
    ):
        answer = client.post("/api/replies", json=good | bad)
        assert (answer.status_code in (404, 422), answer.json()["code"], answer.json()["field"]) == (True, code, field)
    assert client.get("/api/replies").json() == []
    assert client.post("/api/replies/try", json={"account_id": town.oa}).json()["field"] == "text"
    assert client.post("/api/replies/try", json={"account_id": 10**6, "text": "x"}).json()["field"] == "account_id"
    reader = room_client(town.world, http.router, may=("replies.read",))
    assert reader.post("/api/replies", json=good).status_code == 403
