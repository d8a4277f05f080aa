"""Customers over HTTP: lists, profiles, edits, batches, review; what is masked and what is audited."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

import pytest
from fastapi.testclient import TestClient

from siyu.customers.http import router
from siyu.kernel.paging import cursor
from tests.support.http import room_client
from tests.support.world import START, World

PEOPLE = [
    ("C1", "张三", "13812341234", {"region": "上海", "company": "好公司"}),
    ("C2", "单雄信", "13900005678", {"region": "上海"}),
    ("C3", "王小明😀", "13700001234", {"region": "杭州"}),
    ("C4", "Alice Zhang", "13600009999", {"region": "杭州"}),
    ("C5", "重庆火锅", "13500008888", {}),
]


@pytest.fixture
def client(world: World) -> TestClient:
    return room_client(world, router)


def saved(client: TestClient, people: list[Any] = PEOPLE) -> dict[str, int]:
    items = [
        {"key": key, "identities": [{"kind": "phone", "value": phone}], "attributes": {"name": name, **more}}
        for key, name, phone, more in people
    ]
    answer = client.post("/api/customers", json={"source": "crm", "items": items})
    assert answer.status_code == 200, answer.text
    return {item["key"]: item["customer_id"] for item in answer.json()["items"]}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("张", {"C1"}),
        ("张三", {"C1"}),
        ("雄信", {"C2"}),
        ("小明", {"C3"}),
        ("好公司", {"C1"}),
        ("zhang", {"C1", "C4"}),
        ("zhangsan", {"C1"}),
        ("sanzhang", set()),
        ("wangxiaoming", {"C3"}),
        ("xiaoming", {"C3"}),
        ("wangming", set()),
        ("chongqinghuoguo", {"C5"}),
        ("haogong", {"C1"}),
        ("hgs", {"C1"}),
        ("w", {"C3"}),
        ("zs", {"C1"}),
        ("shan", {"C2"}),
        ("chongqing", {"C5"}),
        ("wxm", {"C3"}),
        ("ali", {"C4"}),
        ("1234", {"C1", "C3"}),
        ("13812341234", {"C1"}),
        ("zhang 1234", {"C1"}),
        ("😀", {"C3"}),
        ("李", set()),
        ("三张", set()),
    ],
)
def test_people_are_found_as_people_look_for_them(client: TestClient, query: str, found: set[str]) -> None:
    keys = {customer_id: key for key, customer_id in saved(client).items()}
    answer = client.get("/api/customers", params={"q": query}).json()
    assert {keys[one["customer_id"]] for one in answer["items"]} == found


def test_lists_sort_by_pinyin_and_page_without_gaps(client: TestClient) -> None:
    saved(client)
    names: list[str] = []
    place = None
    while True:
        params = {"limit": 2, **({"cursor": place} if place else {})}
        page = client.get("/api/customers", params=params).json()
        names += [one["name"] for one in page["items"]]
        place = page["next"]
        if place is None:
            break
    assert names == ["Alice Zhang", "重庆火锅", "单雄信", "王小明😀", "张三"]
    in_hangzhou = client.get("/api/customers", params={"region": "杭州", "sort": "created"}).json()["items"]
    assert [one["name"] for one in in_hangzhou] == ["Alice Zhang", "王小明😀"]


LISTS = ["?sort=name", "?sort=created", "?sort=activity", "/1/timeline?", "/cases?", "/decisions?"]


@pytest.mark.parametrize("path", LISTS)
def test_foreign_cursors_are_refused(client: TestClient, path: str) -> None:
    path = path.replace("/1/", f"/{saved(client)['C1']}/")
    keys: list[list[Any]] = [["a"], [1, 2], ["x", "y"], [str(START), 2**70], ["\x00", 1], [None, None], [1e300, 1]]
    for strange in ("nonsense", *(cursor(*held) for held in keys)):
        answer = client.get(f"/api/customers{path}&cursor={strange}")
        assert answer.status_code == 422, strange
        assert answer.json()["code"] in ("bad_cursor", "bad_text")


def test_a_batch_repeated_changes_nothing_and_a_faulty_one_writes_nothing(client: TestClient, world: World) -> None:
    first = saved(client)
    before = world.value("select count(*) from event")
    assert saved(client) == first
    assert world.value("select count(*) from event") == before
    items: list[dict[str, Any]] = [
        {"key": "N1", "attributes": {"name": "新人"}},
        {"key": "N2", "identities": [{"kind": "phone", "value": "1.38E+10"}]},
        {"key": "N3", "attributes": {"birthday": "2. März"}},
        {"key": "N4", "attributes": {"shoe": 43}},
        {"key": "N5", "identities": [{"kind": "wechat", "value": "x"}]},
    ]
    answer = client.post("/api/customers", json={"source": "crm", "items": items})
    body = answer.json()
    assert (answer.status_code, body["code"], body["field"]) == (422, "batch_fault", "items.1.identities.0.value")
    assert [(one["index"], one["code"], one["field"]) for one in body["detail"]["items"]] == [
        (1, "bad_identity", "items.1.identities.0.value"),
        (2, "bad_attribute", "items.2.attributes.birthday"),
        (3, "unknown_attribute", "items.3.attributes.shoe"),
        (4, "bad_identity", "items.4.identities.0.kind"),
    ]
    assert world.value("select count(*) from customer") == len(PEOPLE)


def test_personal_data_is_masked_and_seeing_it_is_audited(client: TestClient, world: World) -> None:
    one = saved(client)["C1"]
    item = {"identity": {"kind": "crm_id", "value": "C1", "scope": "crm"}, "key": "call-1", "type": "call_noted"}
    item |= {
        "occurred_at": world.now.isoformat(),
        "props": {
            "note": "回电 13812341234、138 1234 1234、+86-138-1234-1234 或 １３８１２３４１２３４",
            "mail": "邮箱：wu.li@example.com 谢谢",
        },
    }
    assert client.post("/api/customers/events", json={"source": "callcenter", "items": [item]}).json() == {
        "new": 1,
        "duplicate": 0,
    }
    for path in ("", f"/{one}", f"/{one}/identities", f"/{one}/timeline"):
        shown = client.get(f"/api/customers{path}").text
        assert "13812341234" not in re.sub(r"[-\s]", "", unicodedata.normalize("NFKC", shown))
        assert "138****1234" in shown
        assert "wu.li@" not in shown
    assert "邮箱：w****@example.com" in client.get(f"/api/customers/{one}/timeline").text
    assert world.value("select count(*) from audit_log where action = 'customers.read_clear'") == 0
    assert "13812341234" in client.get(f"/api/customers/{one}", params={"clear": True}).text
    assert world.value("select object_id from audit_log where action = 'customers.read_clear'") == str(one)
    sales = room_client(world, router, may=("customers.read",))
    refused = sales.get(f"/api/customers/{one}", params={"clear": True})
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert sales.get(f"/api/customers/{one}/export").status_code == 403


def test_attributes_are_defined_edited_by_hand_and_know_their_writer(client: TestClient, world: World) -> None:
    one = saved(client)["C1"]
    path = "/api/customers/attributes"
    made = client.put(f"{path}/course", json={"title": "意向课程", "type": "enum", "options": ["钢琴", "绘画"]})
    assert made.json()["name"] == "course"
    assert client.put(f"{path}/course", json={"title": "课程", "type": "text"}).json()["code"] == "attribute_taken"
    assert client.put(f"{path}/name", json={"title": "名", "type": "text"}).json()["code"] == "attribute_taken"
    assert client.put(f"{path}/score", json={"title": "分", "type": "int", "mode": "rule"}).status_code == 200

    def edit(values: dict[str, Any]) -> Any:
        return client.patch(f"/api/customers/{one}/attributes", json={"attributes": values})

    shown = edit({"course": "钢琴", "company": "手写公司", "region": None}).json()
    assert shown["attributes"] == {"name": "张三", "phone": "138****1234", "course": "钢琴", "company": "手写公司"}
    writers = {row["name"]: (row["source"], row["actor"]) for row in shown["written_by"]}
    assert writers == {
        "name": ("api:crm", "api:crm"),
        "phone": ("api:crm", "api:crm"),
        "course": ("hand", "staff:1"),
        "company": ("hand", "staff:1"),
    }
    wrong = edit({"course": "游泳"})
    assert (wrong.json()["code"], wrong.json()["field"]) == ("bad_attribute", "attributes.course")
    assert edit({"score": 3}).json()["field"] == "attributes.score"
    world.wait(hours=1)
    saved(client)
    assert client.get(f"/api/customers/{one}").json()["attributes"]["company"] == "手写公司"
    changed = client.get(f"/api/customers/{one}/timeline", params={"type": ["attribute_changed"]}).json()["items"]
    assert {(event["props"]["name"], event["props"]["old"], event["props"]["new"]) for event in changed} == {
        ("course", None, "钢琴"),
        ("company", "好公司", "手写公司"),
        ("region", "上海", None),
    }


def test_orders_come_once_change_and_stay_with_their_customer(client: TestClient, world: World) -> None:
    ids = saved(client)
    whose = {"identity": {"kind": "crm_id", "value": "C1", "scope": "crm"}}
    order = {**whose, "order_no": "O1", "amount": 19900, "status": "placed", "placed_at": world.now.isoformat()}

    def send(*orders: dict[str, Any]) -> Any:
        return client.post("/api/customers/orders", json={"source": "shop", "items": list(orders)})

    assert send(order).json() == {"new": 1, "duplicate": 0}
    assert send(order).json() == {"new": 0, "duplicate": 1}
    paid = {**order, "status": "paid", "changed_at": world.wait(minutes=5).isoformat()}
    assert send(paid, order).json() == {"new": 1, "duplicate": 1}
    (stored,) = client.get(f"/api/customers/{ids['C1']}/orders").json()
    assert (stored["amount"], stored["status"]) == (19900, "paid")
    corrected = {**paid, "amount": 18900, "changed_at": world.wait(minutes=5).isoformat()}
    assert send(corrected).json() == {"new": 1, "duplicate": 0}
    (stored,) = client.get(f"/api/customers/{ids['C1']}/orders").json()
    assert (stored["amount"], stored["status"]) == (18900, "paid")
    told = client.get(f"/api/customers/{ids['C1']}/timeline", params={"type": ["order_placed", "order_paid"]}).json()[
        "items"
    ]
    assert [event["type"] for event in told] == ["order_paid", "order_placed"]
    other = {**order, "identity": None, "customer_id": ids["C2"]}
    assert (send(other).status_code, send(other).json()["code"]) == (409, "order_conflict")
    nobody = {**order, "order_no": "O2", "identity": {"kind": "phone", "value": "13800000000"}}
    assert send(nobody).json()["detail"]["items"][0]["field"] == "items.0.customer"


def test_events_that_only_siyu_writes_are_refused(client: TestClient, world: World) -> None:
    ids = saved(client)
    at = world.now.isoformat()
    items = [
        {"customer_id": ids["C1"], "key": "1", "type": "store_visited", "occurred_at": at},
        {"customer_id": ids["C1"], "key": "2", "type": "delivery_sent", "occurred_at": at},
        {"customer_id": 999999, "key": "3", "type": "store_visited", "occurred_at": at},
        {"customer_id": ids["C1"], "key": "4", "type": "store_visited", "occurred_at": "2020-01-01T00:00:00Z"},
        {"customer_id": ids["C1"], "key": "5", "type": "lifecycle_changed", "occurred_at": at},
        {"customer_id": ids["C1"], "key": "6", "type": "reply_marked", "occurred_at": at},
    ]
    body = client.post("/api/customers/events", json={"source": "pos", "items": items}).json()
    assert [(one["index"], one["code"]) for one in body["detail"]["items"]] == [
        (1, "invalid"),
        (2, "unknown_customer"),
        (3, "too_old"),
        (4, "invalid"),
        (5, "invalid"),
    ]
    assert world.value("select count(*) from event where type = 'store_visited'") == 0
    assert client.post("/api/customers/events", json={"source": "pos", "items": items[:1]}).json()["new"] == 1
    changed = [{**items[0], "props": {"store": "徐汇"}}]
    conflict = client.post("/api/customers/events", json={"source": "pos", "items": changed})
    assert (conflict.status_code, conflict.json()["code"]) == (409, "event_conflict")


def test_a_case_is_shown_decided_and_taken_back(client: TestClient, world: World) -> None:
    phone = "13812341234"
    ids = saved(client, [("A", "张三", phone, {}), ("B", "张三丰", phone, {})])
    (case,) = client.get("/api/customers/cases").json()["items"]
    assert {member["name"] for member in case["members"]} == {"张三", "张三丰"}
    assert case["shared"] == [{"kind": "phone", "value": "138****1234"}]
    path = f"/api/customers/cases/{case['case_id']}"
    decision = client.post(f"{path}/decision", json={"verdict": "same"}).json()["decision_id"]
    assert client.get(f"/api/customers/{ids['B']}").json()["customer_id"] == ids["A"]
    assert client.get(path).json()["state"] == "same"
    again = client.post(f"{path}/decision", json={"verdict": "different"})
    assert (again.status_code, again.json()["code"]) == (404, "unknown_case")
    listed = client.get("/api/customers/decisions", params={"customer_id": ids["B"]}).json()["items"]
    assert [(one["decision_id"], one["actor"]) for one in listed] == [(decision, "staff:1")]
    assert client.delete(f"/api/customers/decisions/{decision}").status_code == 204
    assert client.get(path).json()["state"] == "open"
    assert client.get(f"/api/customers/{ids['B']}").json()["customer_id"] == ids["B"]
    assert (
        world.value("select count(*) from audit_log where action in ('customers.decide', 'customers.undo_decision')")
        == 2
    )


def test_a_merge_is_undone_over_http(client: TestClient) -> None:
    phone = {"kind": "phone", "value": "13812341234"}
    body = {"source": "crm", "items": [{"key": "A", "identities": [phone], "attributes": {"name": "甲"}}]}
    client.post("/api/customers", json=body)
    body["source"] = "shop"
    (item,) = client.post("/api/customers", json=body).json()["items"]
    one = item["customer_id"]
    known = client.get(f"/api/customers/{one}/identities").json()
    (shop,) = {row["origin_id"] for row in known if row["scope"] == "shop"}
    everything = sorted({row["origin_id"] for row in known})
    refused = client.post(f"/api/customers/{one}/separations", json={"origins": [*everything, 5]})
    assert (refused.status_code, refused.json()["code"]) == (422, "bad_decision")
    assert client.post(f"/api/customers/{one}/separations", json={"origins": [shop]}).status_code == 200
    assert client.get(f"/api/customers/{shop}").json()["customer_id"] == shop
    joined = client.post("/api/customers/joins", json={"customer_ids": [one, shop]})
    assert joined.status_code == 200
    assert client.get(f"/api/customers/{shop}").json()["customer_id"] == one


def test_erasing_needs_its_own_permission_and_then_nobody_is_there(client: TestClient, world: World) -> None:
    one = saved(client)["C1"]
    operator = room_client(world, router, may=("customers.read", "customers.write"))
    assert operator.delete(f"/api/customers/{one}").status_code == 403
    assert client.delete(f"/api/customers/{one}").status_code == 204
    gone = client.get(f"/api/customers/{one}")
    assert (gone.status_code, gone.json()["code"]) == (404, "unknown_customer")
    assert client.get("/api/customers", params={"q": "张三"}).json()["items"] == []
