"""The API of outreach."""

from __future__ import annotations

from fastapi.testclient import TestClient

from siyu.outreach.http import router
from siyu.outreach.reasons import REASONS
from siyu.outreach.types import Message
from tests.outreach.town import Town
from tests.support.http import room_client


def client(town: Town, *may: str) -> TestClient:
    return room_client(town.world, router, may=may or ("outreach.read", "outreach.write"))


def test_the_policy_is_read_changed_and_checked(town: Town) -> None:
    api = client(town)
    policy = api.get("/api/outreach/policy").json()
    assert (policy["quiet_from"], policy["quiet_to"]) == ("22:30:00", "07:00:00")
    assert policy["caps"] == [
        {"route": None, "period": "day", "most": 2},
        {"route": None, "period": "week", "most": 7},
        {"route": "wecom_group_send", "period": "day", "most": 1},
    ]
    changed = policy | {"caps": [{"route": "oa_mass", "period": "day", "most": 1}], "quiet_days": ["2026-05-01"]}
    assert api.put("/api/outreach/policy", json=changed).json() == changed
    assert api.get("/api/outreach/policy").json() == changed
    doubled = changed | {"caps": changed["caps"] * 2}
    answer = api.put("/api/outreach/policy", json=doubled)
    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (422, "bad_policy", "caps.1")
    assert api.put("/api/outreach/policy", json=policy | {"more": 1}).status_code == 422
    assert api.get("/api/outreach/policy").json() == changed
    assert town.world.value("select count(*) from audit_log where action = 'outreach.save_policy'") == 1


def test_the_rules_of_send_tasks_are_read_changed_and_checked(town: Town) -> None:
    api = client(town)
    policy = api.get("/api/outreach/policy").json()
    assert policy["broadcast"] == "monthly_days"
    tasks = policy["tasks"]
    assert (tasks["rounds_day"], tasks["tasks_day"], tasks["task_seconds"]) == (3, 20, 30)
    later = [one | {"at": "08:15:00"} if one["part"] == "morning" else one for one in tasks["rounds"]]
    changed = policy | {"broadcast": "weekly7", "tasks": tasks | {"rounds": later, "tasks_day": 12, "lead_s": 600}}
    assert api.put("/api/outreach/policy", json=changed).json() == changed == api.get("/api/outreach/policy").json()
    early = [one | {"at": "08:00:00"} if one["part"] == "noon" else one for one in later]
    twice = [later[0], later[0], *later[2:]]
    for wrong in ({"rounds": early}, {"rounds": twice}):
        answer = api.put("/api/outreach/policy", json=changed | {"tasks": tasks | wrong})
        assert (answer.status_code, answer.json()["field"]) == (422, "tasks.rounds")
    for out_of_range in ({"rounds_day": 4}, {"reminders": 4}, {"rounds": later[:4]}, {"expiry_s": 60}):
        assert api.put("/api/outreach/policy", json=changed | {"tasks": tasks | out_of_range}).status_code == 422
    assert api.get("/api/outreach/policy").json() == changed
    without = {name: value for name, value in policy.items() if name not in ("broadcast", "tasks")}
    assert api.put("/api/outreach/policy", json=without).json() == policy


def test_holidays_are_held_by_the_policy_and_told_by_the_calendar(town: Town) -> None:
    api = client(town)
    policy = api.get("/api/outreach/policy").json()
    assert policy["holidays"] == "send"
    held = policy | {"holidays": "hold"}
    assert api.put("/api/outreach/policy", json=held).json() == held == api.get("/api/outreach/policy").json()
    answer = api.put("/api/outreach/policy", json=policy | {"holidays": "maybe"})
    assert (answer.status_code, api.get("/api/outreach/policy").json()["holidays"]) == (422, "hold")
    this = api.get("/api/outreach/calendar").json()
    assert (this["year"], this["known"]) == (2026, True)
    assert {"day": "2026-02-28", "kind": "adjusted_workday", "name": "调休上班"} in this["days"]
    assert {"day": "2026-10-01", "kind": "holiday", "name": "国庆节"} in this["days"]
    unknown = api.get("/api/outreach/calendar", params={"year": this["last_year"] + 1}).json()
    assert (unknown["known"], unknown["days"]) == (False, [])
    assert api.get("/api/outreach/calendar", params={"year": 10_000}).status_code == 422


def test_ledger_steps_and_mass_sends_are_paged(town: Town) -> None:
    api = client(town)
    for number in range(3):
        town.ask(town.people[:2], key=f"k{number}", message=Message(content_id=town.article(f"a{number}")))
        town.work()
    first = api.get(f"/api/outreach/customers/{town.people[0]}/ledger", params={"limit": 2}).json()
    rest = api.get(
        f"/api/outreach/customers/{town.people[0]}/ledger", params={"limit": 2, "after": first["next"]}
    ).json()
    assert [one["key"] for one in first["items"] + rest["items"]] == ["k2", "k1", "k0"]
    assert rest["next"] is None
    assert first["items"][0]["reason"] == "cap_day"
    assert [move["reason"] for move in first["items"][0]["moves"]] == ["cap_day"]
    steps = api.get("/api/outreach/steps", params={"kind": "journey", "id": 1, "node": "push"}).json()
    assert {(step["state"], step["reason"]): step["requests"] for step in steps} == {
        ("accepted", "now"): 4,
        ("waiting", "cap_day"): 2,
    }
    sends = api.get("/api/outreach/mass-sends", params={"kind": "journey", "id": 1, "limit": 1}).json()
    assert sends["items"][0]["recipients"] == 2
    assert sends["items"][0]["total"] is None
    later = api.get("/api/outreach/mass-sends", params={"after": sends["next"]}).json()
    assert [len(later["items"]), later["next"]] == [1, None]
    assert api.get("/api/outreach/mass-sends", params={"after": "x"}).json()["code"] == "bad_cursor"
    assert api.get("/api/outreach/steps", params={"kind": "journey", "id": 2}).json() == []


def test_the_blacklist_stops_everything(town: Town) -> None:
    api = client(town)
    path = f"/api/outreach/blacklist/{town.people[0]}"
    listed = {"customer_id": town.people[0], "listed": True}
    assert api.put(path, json={"listed": True, "why": "投诉"}).json() == listed
    assert api.put(path, json={"listed": True, "why": "投诉"}).json() == listed
    assert town.world.value("select count(*) from event where type = 'blacklisted'") == 1
    town.ask(town.people[:1], message=Message(content_id=town.article()), routes=(town.template,), answers=1)
    town.work()
    assert town.tally() == {("not_sent", "blacklisted"): 1}
    assert api.put("/api/outreach/blacklist/999999999", json={"listed": True, "why": "x"}).status_code == 404


def test_reasons_have_words_and_permissions_hold(town: Town) -> None:
    reader = client(town, "outreach.read")
    reasons = reader.get("/api/outreach/reasons").json()
    assert [one["code"] for one in reasons] == list(REASONS)
    assert all(one["zh"] and one["en"] for one in reasons)
    policy = reader.get("/api/outreach/policy").json()
    assert reader.put("/api/outreach/policy", json=policy).status_code == 403
