"""The push desk: the day of one salesperson as send tasks."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from siyu.kernel.ctx import Actor
from siyu.outreach.sendtasks.http import router
from siyu.outreach.types import DayPart, Message, TaskRules
from siyu.team.actions import add_staff
from tests.outreach.sales import Sales, company
from tests.outreach.test_rules import rule
from tests.support.http import room_client
from tests.support.statements import Statements
from tests.support.world import World


@pytest.fixture
def sales(world: World) -> Sales:
    """Zhang and Li with three customers each, Monday 09:05."""
    return company(world, 6, ("zhang", "li"))


def client(sales: Sales, userid: str = "zhang", *may: str) -> TestClient:
    """The desk on behalf of a salesperson."""
    api = room_client(sales.world, router)
    assert isinstance(api.app, FastAPI)
    staff_id = sales.staff[userid]
    actor = Actor("staff", f"staff:{staff_id}", staff_id, frozenset(may or ("tasks.read",)))
    api.app.state.edge.actor = actor
    return api


def desk(sales: Sales, userid: str = "zhang", **params: Any) -> Any:
    answer = client(sales, userid).get("/api/outreach/desk", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def shown(body: Any) -> list[tuple[Any, ...]]:
    return [(task["part"], task["state"], task["says"], task["recipients"], task["received"]) for task in body["tasks"]]


def test_the_day_is_shown_from_planned_to_received(sales: Sales) -> None:
    article = sales.article()
    sales.ask(routes=(sales.group(DayPart.NOON),), message=Message(content_id=article), priority=2)
    sales.ask(sales.people[:2], key="k2", routes=(sales.group(DayPart.EVENING),), message=Message(text="晚" * 300))
    rule(sales, caps=())
    sales.work()
    body = desk(sales)
    assert shown(body) == [("noon", "planned", "a1", 3, 0), ("evening", "planned", "晚" * 200 + "…", 1, 0)]
    assert (body["seconds_left"], body["tasks_day"], body["delay_s"], body["moved"]) == (60, 20, None, 0)
    assert body["assistant_url"] is None
    sales.until(12, 1)
    assert shown(desk(sales))[0] == ("noon", "open", "a1", 3, 0)
    at = sales.until(12, 30)
    (task,) = sales.assistant.open("zhang")
    task.fates = {task.people[0]: 2}
    sales.assistant.confirm(at, "zhang")
    sales.until(13)
    body = desk(sales)
    assert shown(body)[0] == ("noon", "done", "a1", 3, 2)
    assert (body["tasks"][0]["failed"], body["seconds_left"], body["delay_s"]) == (1, 30, 30 * 60)
    assert [task["state"] for task in desk(sales, "li")["tasks"]] == ["open", "planned"]


def test_what_was_not_confirmed_yesterday_still_stands_there(sales: Sales) -> None:
    sales.ask(routes=(sales.group(DayPart.EVENING),))
    sales.until(9, days=1)
    assert [(task["part"], task["state"]) for task in desk(sales)["tasks"]] == [("evening", "open")]
    yesterday = desk(sales, day="2026-03-02")
    assert [(task["part"], task["state"]) for task in yesterday["tasks"]] == [("evening", "open")]
    assert desk(sales, day="2026-03-01")["tasks"] == []


def test_what_has_no_place_today_is_counted(sales: Sales) -> None:
    rule(sales, caps=(), tasks=replace(TaskRules(), tasks_day=1))
    sales.ask(routes=(sales.group(DayPart.NOON),), priority=1)
    sales.ask(key="k2", routes=(sales.group(DayPart.NOON),), message=Message(text="第二"))
    sales.work()
    body = desk(sales)
    assert (shown(body), body["moved"]) == ([("noon", "planned", "你好", 3, 0)], 3)
    sales.until(12, 1)
    assert shown(desk(sales)) == [("noon", "open", "你好", 3, 0)]
    tomorrow = desk(sales, day="2026-03-03")
    assert shown(tomorrow) == [("noon", "planned", "第二", 3, 0)]


def test_own_desk_only_unless_the_role_reads_all(sales: Sales) -> None:
    zhang, li = sales.staff["zhang"], sales.staff["li"]
    own = client(sales, "zhang")
    assert own.get("/api/outreach/desk", params={"staff_id": zhang}).status_code == 200
    answer = own.get("/api/outreach/desk", params={"staff_id": li})
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    manager = client(sales, "zhang", "tasks.read", "outreach.read")
    assert manager.get("/api/outreach/desk", params={"staff_id": li}).json()["userid"] == "li"
    assert manager.get("/api/outreach/desk", params={"staff_id": 10**6}).json()["field"] == "staff_id"
    assert own.get("/api/outreach/desk", params={"day": "9999-12-31"}).json()["field"] == "day"


def test_in_the_sandbox_the_desk_leads_to_its_assistant(sales: Sales) -> None:
    with sales.world.engine.begin() as connection:
        connection.exec_driver_sql(
            """update platform_account set config = config
            || '{"base_url": "http://127.0.0.1:9/wecom", "oauth_url": "http://127.0.0.1:9"}'"""
        )
    assert desk(sales)["assistant_url"] == "http://127.0.0.1:9/assistant/zhang"


def test_twenty_thousand_customers_cost_no_more_statements_than_three(sales: Sales, statements: Statements) -> None:
    sales.ask(routes=(sales.group(DayPart.NOON),))
    sales.work()
    statements.reset()
    assert desk(sales)["tasks"][0]["recipients"] == 3
    few = statements.count
    with sales.world.engine.begin() as connection:
        connection.exec_driver_sql(
            """insert into outreach_recipient
            (customer_id, request_id, staff, account_id, message_id, choice, priority, due_at, expires_at, state,
            reason) select 1000000 + n, 1000000 + n, 'zhang', r.account_id, r.message_id, 0, 0, r.due_at, r.expires_at,
            'planned', 'planned' from outreach_recipient r, generate_series(1, 20000) n
            where r.customer_id = (select min(customer_id) from outreach_recipient)"""
        )
        connection.exec_driver_sql("analyze outreach_recipient")
    statements.reset()
    assert desk(sales)["tasks"][0]["recipients"] == 20_003
    assert statements.count == few


def test_the_team_s_day_is_each_member_s_day_in_numbers(sales: Sales, statements: Statements) -> None:
    """One statement per question, whatever the number of members."""
    rule(sales, caps=(), tasks=replace(TaskRules(), expiry=timedelta(hours=6)))
    sales.ask(routes=(sales.group(DayPart.NOON),), priority=2)
    sales.ask(sales.people[:2], key="k2", routes=(sales.group(DayPart.EVENING),), message=Message(text="晚"))
    sales.until(12, 1)
    (task,) = sales.assistant.open("zhang")
    task.fates = {task.people[0]: 2}
    sales.assistant.confirm(sales.until(12, 30), "zhang")
    sales.until(13)
    statements.reset()
    members = team(sales)
    two = statements.count
    assert [member["userid"] for member in members] == ["li", "zhang"], "who keeps people waiting stands first"
    for member in members:
        own = desk(sales, member["userid"])
        tasks = own["tasks"]
        states = Counter(one["state"] for one in tasks)
        assert (member["planned"], member["waiting"]) == (states["planned"], states["open"])
        assert member["confirmed"] == states["confirmed"] + states["done"]
        assert member["people"] == sum(one["recipients"] for one in tasks)
        assert [member["received"], member["failed"]] == [sum(one[n] for one in tasks) for n in ("received", "failed")]
        assert (member["seconds_left"], member["moved"]) == (own["seconds_left"], own["moved"])
        assert member["since"] == next((one["at"] for one in tasks if one["state"] == "open"), None)
    assert (members[1]["received"], members[1]["failed"], members[0]["people"]) == (2, 1, 4)
    with sales.world.open() as ctx:
        add_staff(ctx, name="Wang", roles=["sales"], userid="wang")
        add_staff(ctx, name="Boss", roles=["manager"], userid="boss")
    statements.reset()
    assert [(member["userid"], member["people"]) for member in team(sales)][1:] == [("zhang", 4), ("wang", 0)]
    assert statements.count == two
    sales.until(20)
    assert [(member["expired"], member["since"]) for member in team(sales)] == [(1, None), (0, None), (0, None)]


def team(sales: Sales) -> Any:
    answer = client(sales, "zhang", "outreach.read").get("/api/outreach/desk/team")
    assert answer.status_code == 200, answer.text
    return answer.json()["members"]


def test_the_team_s_day_is_for_those_who_read_all(sales: Sales) -> None:
    assert client(sales).get("/api/outreach/desk/team").status_code == 403
    manager = client(sales, "zhang", "outreach.read")
    assert manager.get("/api/outreach/desk/team", params={"day": "9999-12-31"}).json()["field"] == "day"


def test_a_text_s_links_are_named_and_no_field_is_cut(sales: Sales) -> None:
    sales.article("case-story")
    words = "{{name|您}}好，看看 {{link:case-story}}"
    rule(sales, caps=())
    sales.ask(routes=(sales.group(DayPart.NOON),), priority=2, message=Message(text=words))
    sales.ask(key="k2", routes=(sales.group(DayPart.NOON),), message=Message(text="长" * 195 + "{{link:case-story}}"))
    sales.work()
    first, second = desk(sales)["tasks"]
    assert (first["says"], first["links"]) == (words, {"case-story": "case-story"})
    assert (second["says"], second["links"]) == ("长" * 195 + "…", {})
