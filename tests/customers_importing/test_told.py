"""What an import leaves to be seen: on timelines, in counts, in a list of its people; what taking it back tells."""

from typing import Any

import pytest

from siyu.customers import actions as customers
from siyu.customers.importing import jobs
from siyu.customers.types import Identity, Record
from siyu.segments import actions as segments
from siyu.segments import jobs as segment_jobs
from siyu.tags import jobs as tag_jobs
from tests.customers_importing.desk import Desk
from tests.support.world import World

HEADER = "客户编号,姓名,手机"


def file(*lines: str) -> bytes:
    return "\n".join([HEADER, *lines]).encode()


def pulses(world: World) -> None:
    for _ in range(4):
        with world.open() as ctx:
            pulse = customers.take_pulse(ctx, 0, 256, 5000)
            tag_jobs.pulse(ctx, pulse)
            segment_jobs.pulse(ctx, pulse)


def people(desk: Desk, import_id: int, limit: int = 200) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor = None
    while True:
        query = {"limit": limit, **({"cursor": cursor} if cursor else {})}
        answer = desk.client.get(f"/api/imports/{import_id}/people", params=query)
        assert answer.status_code == 200, answer.text
        found += answer.json()["items"]
        cursor = answer.json()["next"]
        if cursor is None:
            return found


def test_every_row_that_was_written_is_on_the_timeline_once_quietly(world: World) -> None:
    desk = Desk.of(world)
    done = desk.imported(file("K1,张三,13800000001", "K2,李四,13800000002", "K2,李四,13800000002"), "展会名单.csv")
    told = world.rows("select customer_id, key, props from event where type = 'imported' order by key")
    assert [(row.key, row.props["row"], row.props["file"]) for row in told] == [
        (f"row:{n}", n, "展会名单.csv") for n in (2, 3, 4)
    ]
    assert told[1].customer_id == told[2].customer_id
    assert {row.props["by"] for row in told} == {"staff:1"}
    assert world.value("select count(*) from customer_activity") == 0
    desk.step(done["import_id"], "cancel")
    assert world.value("select count(*) from event where type = 'imported'") == 0


def test_counts_say_why_there_are_fewer_people_than_rows(world: World) -> None:
    with world.open() as ctx:
        old = Record("shop", "1", (Identity("phone", "13800000009"),), ctx.now, {"name": "老客户"})
        customers.recognise(ctx, [old])
    desk = Desk.of(world)
    done = desk.imported(
        file(
            "K1,张三,13800000001",
            "K1,张三,13800000001",
            "K2,李四,13800000002",
            "K9,老客户,13800000009",
            ",老客户,13800000009",
            "K4,王五,123",
        )
    )
    counts = done["counts"]
    assert {name: counts[name] for name in ("applied", "created", "known", "doubled", "customers", "error")} == {
        "applied": 5, "created": 2, "known": 1, "doubled": 2, "customers": 3, "error": 1,
    }  # fmt: skip
    assert (done["applied_by"], done["cancelled_by"]) == ("staff:1", None)
    ended = desk.step(done["import_id"], "cancel")
    assert (ended["state"], ended["counts"], ended["cancelled_by"]) == ("taken_back", counts, "staff:1")


def test_people_who_become_one_later_in_the_file_are_counted_as_one(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "CHUNK", 1)
    lines = ["姓名,手机,邮箱", "甲,13800000001,", "甲,,a@example.com", "甲,13800000001,a@example.com"]
    done = Desk.of(world).imported("\n".join(lines).encode())
    counts = done["counts"]
    assert {name: counts[name] for name in ("applied", "created", "known", "doubled", "customers")} == {
        "applied": 3, "created": 1, "known": 0, "doubled": 2, "customers": 1,
    }  # fmt: skip


def test_an_import_cancelled_before_it_wrote_was_not_taken_back(world: World) -> None:
    desk = Desk.of(world)
    shown = desk.upload(file("K1,张三,13800000001"))
    desk.mapped(shown, source_name="crm")
    desk.step(shown["import_id"], "check")
    ended = desk.step(shown["import_id"], "cancel")
    assert (ended["state"], ended["applied_at"], ended["cancelled_by"]) == ("cancelled", None, "staff:1")


def test_one_cancelled_on_its_way_tells_what_it_had_written(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "CHUNK", 3)
    desk = Desk.of(world)
    shown = desk.upload(file(*(f"K{n},客户{n},1380000000{n}" for n in range(8))))
    desk.mapped(shown, source_name="crm")
    desk.step(shown["import_id"], "check")
    path = f"/api/imports/{shown['import_id']}"
    desk.client.post(f"{path}/apply")
    with world.open() as ctx:
        jobs.tick(ctx, 5000)
    going = desk.client.post(f"{path}/cancel").json()
    with world.open() as ctx:
        jobs.tick(ctx, 2)
    going = desk.shown(shown["import_id"])
    assert (going["state"], going["progress"]["done"], going["progress"]["total"]) == ("taking_back", 2, 3)
    desk.work()
    ended = desk.shown(shown["import_id"])
    assert {name: ended["counts"][name] for name in ("applied", "created", "customers")} == {
        "applied": 3, "created": 3, "customers": 3,
    }  # fmt: skip
    assert ended["state"] == "taken_back"


def test_the_people_of_an_import_are_listed_each_once_until_it_is_taken_back(world: World) -> None:
    with world.open() as ctx:
        known = Identity("crm_id", "K2", "crm")
        customers.recognise(ctx, [Record("crm", "1", (known,), ctx.now, {"name": "老客户"})])
    desk = Desk.of(world)
    other = desk.imported(file("X1,别人,13700000001"))
    done = desk.imported(
        file("K1,张三,13800000001", "K2,李四,13800000002", "K1,张三,13800000001", "K3,王五,13800000003")
    )
    found = people(desk, done["import_id"], limit=1)
    assert [(one["name"], one["phone"], one["created"]) for one in found] == [
        ("李四", "138****0002", False), ("张三", "138****0001", True), ("王五", "138****0003", True),
    ]  # fmt: skip
    assert found == people(desk, done["import_id"])
    read = desk.upload(file("Y1,还没写入,13700000009"))
    assert people(desk, read["import_id"]) == []
    assert [one["name"] for one in people(desk, other["import_id"])] == ["别人"]
    desk.step(done["import_id"], "cancel")
    assert people(desk, done["import_id"]) == []
    assert desk.client.get("/api/imports/999999/people").json()["code"] == "unknown_import"
    strange = desk.client.get(f"/api/imports/{done['import_id']}/people", params={"cursor": "nonsense"})
    assert (strange.status_code, strange.json()["code"]) == (422, "bad_cursor")


def test_tags_of_an_import_are_given_by_who_confirmed_it_and_taken_by_who_took_it_back(world: World) -> None:
    desk = Desk.of(world)
    with world.open() as ctx:
        known = Identity("crm_id", "K1", "crm")
        customers.recognise(ctx, [Record("crm", "1", (known,), ctx.now, {"name": "老客户"})])
    done = desk.imported(file("K1,张三,13800000001"), tags=["导入/三月"])
    pulses(world)
    (given,) = world.rows("select props from event where type = 'tag_added'")
    assert (given.props["by"], given.props["why"]) == ("staff:1", f"import:{done['import_id']}")
    desk.step(done["import_id"], "cancel")
    pulses(world)
    (taken,) = world.rows("select props from event where type = 'tag_removed'")
    assert taken.props["by"] == "staff:1"


def test_who_stays_after_taking_back_leaves_the_segment_of_the_import(world: World) -> None:
    desk = Desk.of(world)
    done = desk.imported(file("K1,张三,13800000001", "K2,李四,13800000002"))
    with world.open() as ctx:
        also = Identity("crm_id", "K1", "crm")
        customers.recognise(ctx, [Record("api:crm", "K1", (also,), ctx.now, {"name": "张三"})])
        via = {"kind": "source", "via": ["import"], "code": [str(done["import_id"])]}
        segments.save(ctx, name="来自这次导入", condition=via)
    pulses(world)
    assert world.value("select count(*) from segment_member") == 2
    desk.step(done["import_id"], "cancel")
    pulses(world)
    assert world.value("select count(*) from segment_member") == 0
    told = world.rows("select props from event where type = 'attribute_changed' and props->>'name' = 'source'")
    assert [row.props["new"] for row in told] == [None]
