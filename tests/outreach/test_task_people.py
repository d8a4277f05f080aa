"""The people of a send task: what became of each there, why, and how it went on; counts that are the task's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from siyu.customers import actions as customers
from siyu.kernel.db import ids_of
from siyu.outreach import jobs, merging
from siyu.outreach.types import DayPart, Message, Route, RouteChoice, TaskRules
from tests.outreach.sales import Sales, company
from tests.outreach.test_desk import client, desk
from tests.outreach.test_rules import rule
from tests.outreach.test_send_tasks import withdraw
from tests.outreach.town import refused
from tests.support.world import World

HOOK = Message(text="你好", url="http://127.0.0.1/hook")
AND_HOOK = RouteChoice(Route.WEBHOOK, 0)


@pytest.fixture
def sales(world: World) -> Sales:
    """Zhang with six customers, Monday 09:05."""
    return company(world, 6)


def listed(sales: Sales, task: Any, userid: str = "zhang", *may: str, **params: Any) -> Any:
    """The first page of the people of a task of the desk; its counts are the task's numbers."""
    answer = client(sales, userid, *may).get(f"/api/outreach/desk/tasks/{task['key']}/people", params=params)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    counts = Counter(body["counts"])
    missed = ("failed", "expired", "withdrawn", "moved") if task["state"] != "failed" else ("not_handed",)
    assert sum(counts[one] for one in missed) == task["failed"]
    assert (counts["received"], counts["unknown"]) == (task["received"], task["unknown"])
    assert counts.total() - (counts["not_handed"] if task["state"] != "failed" else 0) == task["recipients"]
    words = {one["code"] for one in body["reasons"]}
    assert {one["reason"] for one in body["items"]} <= words, "no raw code without its words"
    return body


def fates(sales: Sales, body: Any) -> list[tuple[Any, ...]]:
    return [(sales.people.index(one["customer_id"]), one["fate"], one["reason"]) for one in body["items"]]


def tasks(sales: Sales, **params: Any) -> list[Any]:
    found: list[Any] = desk(sales, **params)["tasks"]
    return found


def test_from_planned_to_what_became_of_each(sales: Sales) -> None:
    sales.assistant.unknown = {"x5"}
    sales.ask(routes=(sales.group(DayPart.NOON),))
    sales.work()
    (task,) = tasks(sales)
    body = listed(sales, task)
    assert fates(sales, body) == [(n, "planned", "planned") for n in range(6)]
    assert {one["at"] for one in body["items"]} == {task["at"]}
    at = sales.until(12, 1)
    (task,) = tasks(sales)
    body = listed(sales, task)
    assert fates(sales, body) == [*((n, "waiting", "handed") for n in range(5)), (5, "not_handed", "unreachable")]
    (given,) = sales.assistant.open()
    given.fates = {"x1": 2, "x2": 3, "x3": 0}
    sales.assistant.confirm(at)
    sales.until(13)
    (task,) = tasks(sales)
    assert (task["state"], task["received"], task["failed"]) == ("confirmed", 2, 2)
    body = listed(sales, task)
    partly = [
        (0, "received", "now"),
        (1, "failed", "not_contact"),
        (2, "failed", "quota_broadcast"),
        (3, "waiting", "handed"),
        (4, "received", "now"),
        (5, "not_handed", "unreachable"),
    ]
    assert fates(sales, body) == partly
    assert body["items"][0]["at"] == at.isoformat().replace("+08:00", "Z").replace("T12", "T04")
    sales.until(13, days=1)
    (task,) = tasks(sales, day="2026-03-02")
    assert fates(sales, listed(sales, task)) == [*partly[:3], (3, "expired", "not_confirmed"), *partly[4:]]


def pages(sales: Sales) -> list[int]:
    """The people of the one task of the desk, in pages of two."""
    (task,) = tasks(sales)
    seen: list[int] = []
    params: dict[str, Any] = {"limit": 2}
    while True:
        body = listed(sales, task, **params)
        seen += [sales.people.index(one["customer_id"]) for one in body["items"]]
        if body["next"] is None:
            return seen
        params["after"] = body["next"]


def test_pages_follow_each_other_and_one_fate_is_listed_alone(sales: Sales) -> None:
    sales.ask(routes=(sales.group(),))
    sales.work()
    assert pages(sales) == [0, 1, 2, 3, 4, 5], "of the planned task"
    sales.until(12, 1)
    (given,) = sales.assistant.open()
    given.fates = {"x1": 2}
    sales.assistant.confirm(sales.world.now)
    sales.until(12, 30)
    assert pages(sales) == [0, 1, 2, 3, 4, 5]
    (task,) = tasks(sales)
    body = listed(sales, task, fate="failed")
    assert fates(sales, body) == [(1, "failed", "not_contact")]
    assert body["counts"] == {"received": 5, "failed": 1}
    assert listed(sales, task, fate="unknown")["items"] == []


def test_not_confirmed_and_by_which_way_it_went_on(sales: Sales) -> None:
    rule(sales, tasks=TaskRules(expiry=timedelta(hours=2)))
    sales.ask(sales.people[:2], routes=(sales.group(), AND_HOOK), message=HOOK)
    sales.ask(sales.people[2:4], routes=(sales.group(), sales.group(DayPart.EVENING)), message=Message(text="再"))
    sales.ask(sales.people[4:], routes=(sales.group(),), message=Message(text="只此"))
    sales.until(14, 30)
    found = {one["says"]: one for one in tasks(sales) if one["task_id"] is not None}
    assert {one["state"] for one in found.values()} == {"expired"}
    hooked = listed(sales, found["你好"])
    assert [(n, fate) for n, fate, _ in fates(sales, hooked)] == [(0, "expired"), (1, "expired")]
    onward = {"route": "webhook", "state": "sent", "reason": "now", "until": None}
    assert [one["onward"] for one in hooked["items"]] == [onward, onward]
    again = listed(sales, found["再"])["items"][0]
    assert (again["fate"], again["onward"]["route"], again["onward"]["state"]) == (
        "expired",
        "wecom_group_send",
        "planned",
    )
    ended = listed(sales, found["只此"])["items"]
    assert [(one["fate"], one["reason"], one["onward"]) for one in ended] == [("expired", "not_confirmed", None)] * 2
    sales.until(20, 35)
    sales.assistant.confirm(sales.world.now)
    sales.until(21)
    again = listed(sales, found["再"])["items"][0]
    assert (again["fate"], again["onward"]["state"]) == ("expired", "received"), "it stays a row of the first task"


def test_who_is_withdrawn_is_told_and_the_others_are_in_the_task_made_anew(sales: Sales) -> None:
    sales.ask(routes=(sales.group(),))
    sales.until(12, 1)
    withdraw(sales, sales.people[:1], "stage_left")
    (task,) = tasks(sales)
    recalling = listed(sales, task)
    assert fates(sales, recalling)[0] == (0, "waiting", "recalling")
    assert recalling["items"][0]["detail"] == "stage_left"
    assert "stage_left" in {one["code"] for one in recalling["reasons"]}
    sales.until(12, 5)
    anew, first = tasks(sales) if tasks(sales)[0]["state"] == "open" else tasks(sales)[::-1]
    assert (first["state"], anew["state"], first["failed"]) == ("cancelled", "open", 6)
    body = listed(sales, first)
    assert fates(sales, body) == [(0, "withdrawn", "cancelled"), *((n, "moved", "planned") for n in range(1, 6))]
    assert [one["onward"] and one["onward"]["state"] for one in body["items"]] == [None, *["handed"] * 5]
    assert fates(sales, listed(sales, anew)) == [(n, "waiting", "handed") for n in range(1, 6)]
    withdraw(sales, sales.people[1:2])
    sales.until(12, 10)
    assert fates(sales, listed(sales, anew))[0] == (1, "waiting", "could_not_recall")
    sales.assistant.confirm(sales.world.now)
    sales.until(13)
    (anew,) = [one for one in tasks(sales) if one["state"] == "done"]
    assert fates(sales, listed(sales, anew))[0] == (1, "received", "could_not_recall")


def test_by_policy_dropped_people_end_there(sales: Sales) -> None:
    rule(sales, tasks=TaskRules(unconfirmed="drop", expiry=timedelta(hours=2)))
    sales.ask(routes=(sales.group(), AND_HOOK), message=HOOK)
    sales.until(15)
    (task,) = tasks(sales)
    body = listed(sales, task)
    assert [one["onward"] for one in body["items"]] == [None] * 6
    assert body["counts"] == {"expired": 6}


def test_a_refused_task_and_one_of_unknown_fate_are_told_apart(world: World) -> None:
    sales = company(world, 4, ("zhang", "li"))
    sales.assistant.answers = {"zhang": refused(41048), "li": refused(-1, retryable=True)}
    sales.ask(routes=(sales.group(),))
    sales.until(12)
    (task,) = tasks(sales)
    assert (task["state"], task["failed"], task["unknown"]) == ("failed", 2, 0)
    told = listed(sales, task)
    assert [(one["fate"], one["reason"], one["detail"]) for one in told["items"]] == [
        ("not_handed", "quota_broadcast", None)
    ] * 2
    told = listed(sales, task, "zhang", "tasks.read", "outreach.read")
    assert told["items"][0]["detail"] == "41048 refused", "only who reads outreach sees what the platform answered"
    assert [one["state"] for one in desk(sales, "li")["tasks"]] == ["planned"], "what is tried again is no task"
    del sales.assistant.answers["li"]
    sales.assistant.lost = 1
    sales.until(12, 5)
    (task,) = desk(sales, "li")["tasks"]
    assert (task["state"], task["failed"], task["unknown"]) == ("unknown", 0, 2)
    body = listed(sales, task, "li")
    assert {(one["fate"], one["reason"]) for one in body["items"]} == {("unknown", "uncertain")}


def test_two_who_are_the_same_person_are_two_rows_of_that_person(sales: Sales) -> None:
    sales.ask(routes=(sales.group(),))
    sales.until(12, 1)
    with sales.world.open() as ctx:
        merging.step_over(ctx, [(sales.people[1], sales.people[1], sales.people[0])])
    (task,) = tasks(sales)
    body = listed(sales, task)
    assert body["counts"] == {"waiting": 6}
    assert sorted(Counter(one["customer_id"] for one in body["items"]).values()) == [1, 1, 1, 1, 2]
    sales.assistant.confirm(sales.world.now)
    sales.until(13)
    assert listed(sales, tasks(sales)[0])["counts"] == {"received": 6}


def test_only_the_own_tasks_people_unless_the_role_reads_all(world: World) -> None:
    sales = company(world, 4, ("zhang", "li"))
    sales.ask(routes=(sales.group(DayPart.NOON),))
    sales.work()
    planned = tasks(sales)[0]
    sales.until(12, 1)
    key = tasks(sales)[0]["key"]
    path = f"/api/outreach/desk/tasks/{key}/people"
    li = client(sales, "li")
    answer = li.get(path)
    assert (answer.status_code, answer.json()["field"]) == (404, "key")
    assert li.get(path, params={"staff_id": sales.staff["zhang"]}).status_code == 403
    assert li.get(f"/api/outreach/desk/tasks/{planned['key']}/people").json()["items"] == []
    boss = client(sales, "li", "tasks.read", "outreach.read")
    assert len(boss.get(path, params={"staff_id": sales.staff["zhang"]}).json()["items"]) == 2
    own = client(sales)
    for wrong in ("t0", "t99999999", "t9999999999999999999", "p1-2-3", "p1-2-3-x", "x", "p-1-0-1-1", "t1²"):
        answer = own.get(f"/api/outreach/desk/tasks/{wrong}/people")
        assert (answer.status_code, answer.json()["field"]) == (404, "key"), wrong
    answer = own.get(path, params={"after": "nonsense"})
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_cursor")


@pytest.mark.parametrize(
    ("stop", "reason"),
    [
        (lambda ctx, one: customers.blacklist(ctx, ids_of([one]), True, "tester"), "blacklisted"),
        (customers.erase, "erased"),
    ],
)
def test_who_is_erased_stays_as_a_number_only(sales: Sales, stop: Callable[..., object], reason: str) -> None:
    pulse(sales)
    sales.ask(routes=(sales.group(),))
    sales.until(12, 1)
    with sales.world.open() as ctx:
        stop(ctx, sales.people[0])
    pulse(sales)
    sales.until(12, 5)
    (first,) = [one for one in tasks(sales) if one["state"] == "cancelled"]
    told = listed(sales, first, "zhang", "tasks.read", "outreach.read")["items"][0]
    assert (told["fate"], told["reason"], told["detail"]) == ("withdrawn", reason, None)
    assert (told["known"], told["name"]) == (reason != "erased", None)


def pulse(sales: Sales) -> None:
    with sales.world.open() as ctx:
        jobs.pulse(ctx, customers.take_pulse(ctx, 0, 256, 5000))
