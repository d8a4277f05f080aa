"""What a review case shows of its people, so that somebody can say who is who, and what decisions say afterwards."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from siyu.customers import actions
from siyu.customers.http import router
from siyu.customers.types import Follow, Identity, NewEvent, NewOrder, Record, Touch
from siyu.kernel.ctx import Actor
from siyu.team import actions as team
from tests.support.http import room_client
from tests.support.statements import Statements
from tests.support.world import World

PHONE = "13812341234"


@pytest.fixture
def client(world: World) -> TestClient:
    return room_client(world, router)


def arrive(world: World, union: str, name: str, phone: str = PHONE) -> int:
    identities = (Identity("unionid", union), Identity("phone", phone))
    attributes = {"name": name, "email": f"{union.lower()}.li@example.com"}
    with world.open() as ctx:
        record = Record("oa:1", union, identities, ctx.now, attributes, Touch("oa_scene", f"scene-{union}"))
        (person,) = actions.recognise(ctx, [record])
    return person.customer_id


def cases(client: TestClient, **query: Any) -> list[dict[str, Any]]:
    answer = client.get("/api/customers/cases", params=query)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


def test_a_case_shows_what_is_known_of_each_side_and_what_contradicts(client: TestClient, world: World) -> None:
    a = arrive(world, "UA", "张三")
    b = arrive(world, "UB", "张三丰")
    world.wait(hours=1)
    with world.open() as ctx:
        team.add_staff(ctx, name="小李", roles=["sales"], userid="lin")
        actions.follow(ctx, [Follow(a, "wecom", 1, ctx.now, "lin"), Follow(a, "oa", 2, ctx.now)])
        actions.record(ctx, [NewEvent("web", f"v{n}", "web_visited", ctx.now, a) for n in range(3)])
        orders = [
            NewOrder("shop", "1", a, 19900, "CNY", "paid", ctx.now, ctx.now),
            NewOrder("shop", "2", a, 100, "CNY", "placed", ctx.now, ctx.now),
            NewOrder("shop", "3", a, 5000, "CNY", "refunded", ctx.now, ctx.now),
            NewOrder("shop", "4", a, 700, "USD", "paid", ctx.now, ctx.now),
        ]
        actions.save_orders(ctx, orders)
    (case,) = cases(client)
    left, right = case["members"]
    assert (left["customer_id"], left["name"], left["phone"], left["email"]) == (
        a, "张三", "138****1234", "u****@example.com",
    )  # fmt: skip
    assert (left["first_touch"]["code"], left["latest_touch"]["code"]) == ("scene-UA", "scene-UA")
    assert left["last_activity_at"] > left["created_at"]
    told = world.value("select count(*) from event where customer_id = :id", id=a)
    assert (left["events"], left["orders"]) == (told, 4)
    assert left["spent"] == [{"currency": "CNY", "amount": 20000}, {"currency": "USD", "amount": 700}]
    assert [(one["kind"], one["staff"], one["staff_name"]) for one in left["follows"]] == [
        ("oa", "", None), ("wecom", "lin", "小李"),
    ]  # fmt: skip
    assert (right["customer_id"], right["orders"], right["spent"], right["follows"]) == (b, 0, [], [])
    assert right["last_activity_at"] is None
    assert case["contradictions"] == [
        {
            "kind": "unionid",
            "scope": "",
            "values": [{"customer_id": a, "value": "UA"}, {"customer_id": b, "value": "UB"}],
        }
    ]
    assert (case["kept_apart"], case["decision"]) == ([], None)
    shown = client.get(f"/api/customers/cases/{case['case_id']}", params={"clear": True}).json()
    assert shown["members"][0]["phone"] == f"+86{PHONE}"
    assert client.get(f"/api/customers/cases/{case['case_id']}").json() == case


def test_decisions_name_their_people_also_after_they_became_one(client: TestClient, world: World) -> None:
    with world.open() as ctx:
        staff_id = team.add_staff(ctx, name="王经理", roles=["manager"])
        key_id, _ = team.add_key(ctx, "审核脚本", ["customers.write"])
    a, b = arrive(world, "UA", "张三"), arrive(world, "UB", "张三丰")
    (case,) = cases(client)
    path = f"/api/customers/cases/{case['case_id']}"
    world.wait(minutes=5)
    decided_at = world.now
    with world.open(Actor("staff", f"staff:{staff_id}", staff_id)) as ctx:
        made = actions.decide(ctx, case["case_id"], "same")
    (told,) = client.get("/api/customers/decisions").json()["items"]
    assert (told["decision_id"], told["verdict"], told["actor_name"]) == (made, "same", "王经理")
    assert told["decided_at"] == decided_at.isoformat().replace("+00:00", "Z")
    assert told["people"] == [[{"customer_id": a, "name": "张三"}, {"customer_id": a, "name": "张三丰"}]]
    assert client.get(path).json()["decision"] == told
    client.delete(f"/api/customers/decisions/{made}")
    assert client.get(path).json()["decision"] is None
    with world.open(Actor("api_key", f"api_key:{key_id}", key_id)) as ctx:
        actions.decide(ctx, case["case_id"], "different")
    (settled,) = cases(client, state="different")
    assert settled["decision"]["people"] == [
        [{"customer_id": a, "name": "张三"}],
        [{"customer_id": b, "name": "张三丰"}],
    ]
    assert settled["decision"]["actor_name"] == "审核脚本"


def test_a_case_says_which_decision_keeps_its_people_apart(client: TestClient, world: World) -> None:
    def known(key: str, *phones: str) -> int:
        identities = tuple(Identity("phone", phone) for phone in phones)
        with world.open() as ctx:
            (person,) = actions.recognise(ctx, [Record("shop", key, identities, ctx.now, {"name": key})])
        return person.customer_id

    one = known("甲", "13800000001")
    assert known("乙", "13800000001") == one
    origins = client.get(f"/api/customers/{one}/identities").json()
    other = max(row["origin_id"] for row in origins)
    client.post(f"/api/customers/{one}/separations", json={"origins": [other]})
    assert cases(client) == []
    third = known("丙", "13800000001")
    (case,) = cases(client)
    assert {member["customer_id"] for member in case["members"]} == {one, other, third}
    assert case["contradictions"] == []
    (apart,) = case["kept_apart"]
    assert [[person["name"] for person in group] for group in apart["people"]] == [["甲"], ["乙"]]


def test_a_page_of_cases_takes_as_many_statements_as_one_case(
    client: TestClient, world: World, statements: Statements
) -> None:
    counts = []
    for number in range(2):
        for n in range(1 + 3 * number):
            phone = f"139{number}{n:07d}"
            arrive(world, f"A{number}{n}", "甲", phone)
            arrive(world, f"B{number}{n}", "乙", phone)
        statements.reset()
        assert len(cases(client)) == 1 + 4 * number
        counts.append(statements.count)
    assert counts[0] == counts[1] <= 12
