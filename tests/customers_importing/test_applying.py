"""Applying: exactly once, entirely or not, quietly, and all of it can be taken back."""

import csv
import io
from pathlib import Path
from typing import Any

import pytest

from siyu.customers import actions as customers
from siyu.customers.importing import jobs, store
from siyu.customers.types import Identity, NewEvent, Record
from siyu.segments import actions as segments
from siyu.segments import jobs as segment_jobs
from siyu.team.types import ROLES
from tests.customers_importing.desk import Desk
from tests.support.statements import Statements
from tests.support.world import World

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "import"
PEOPLE = (
    """select name, phone, company, region, c.status, source_kind, custom::text from customer c order by customer_id"""
)


def rows(count: int, start: int = 0, region: str = "上海") -> bytes:
    lines = [f"K{n},客户{n},138{n:08d},{region}" for n in range(start, start + count)]
    return "\n".join(["客户编号,姓名,手机,地区", *lines]).encode()


def state(world: World) -> list[tuple[Any, ...]]:
    """What is known of living customers: profile and identities."""
    people = world.rows("select * from customer where status = 'active' order by customer_id")
    known = world.rows(
        """select o.customer_id, i.kind, i.scope, i.value, a.source from assertion a join origin o using (origin_id)
        join identity i on i.identity_id = a.identity_id order by 1, 2, 3, 4, 5"""
    )
    return [tuple(row) for row in (*people, *known)]


@pytest.mark.parametrize("name", ["dirty-customers-gb18030.csv", "dirty-customers.xlsx"])
def test_the_example_files_are_imported_and_taken_back(world: World, name: str) -> None:
    desk = Desk.of(world)
    done = desk.imported((EXAMPLES / name).read_bytes(), name, tags=["导入/三月"])
    counts = done["counts"]
    assert done["state"] == "complete"
    assert {name: count for name, count in counts.items() if count} == {
        "new": 46, "duplicate": 4, "conflict": 1, "error": 8, "warnings": 3, "cases": 1,
        "applied": 51, "created": 47, "doubled": 4, "customers": 47,
    }  # fmt: skip
    assert done["progress"]["done"] == done["progress"]["total"] == 59
    codes = [fault["code"] for row in desk.rows(done["import_id"], outcome="error") for fault in row["faults"]]
    assert sorted(codes) == [
        "ambiguous_date", "bad_date", "bad_email", "bad_option", "bad_phone", "damaged_number", "damaged_number",
        "no_identity",
    ]  # fmt: skip
    assert world.value("select count(*) from customer where status = 'active' and name like '%🌞%'") == 1
    assert world.value("select count(*) from customer where birthday = '1988-07-15'") == 1
    told = world.rows("select props from event where type = 'imported' and (props->>'row')::int = 8")
    assert told[0].props["tags"].startswith("导入/三月")
    ended = desk.step(done["import_id"], "cancel")
    assert (ended["state"], ended["counts"]) == ("taken_back", counts)
    assert world.value("select count(*) from customer where status = 'active'") == 0
    assert world.value("select count(*) from review_case where state = 'open'") == 0
    assert world.value("select count(*) from identity") == 0


def test_cancelling_in_the_middle_takes_back_what_was_written_and_leaves_what_was_there(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "CHUNK", 20)
    with world.open() as ctx:
        third = (Identity("crm_id", "K3", "crm"), Identity("email", "k3@example.com"))
        known = [
            Record("crm", "1", third, ctx.now, {"region": "北京", "company": "原公司"}),
            Record("shop", "2", (Identity("phone", "13800000005"),), ctx.now, {"name": "五号"}),
        ]  # fmt: skip
        customers.recognise(ctx, known)
    before = state(world)
    world.wait(hours=1)
    desk = Desk.of(world)
    shown = desk.upload(rows(60))
    desk.mapped(shown, source_name="crm")
    checked = desk.step(shown["import_id"], "check")
    assert (checked["counts"]["new"], checked["counts"]["update"]) == (58, 2)
    desk.client.post(f"/api/imports/{shown['import_id']}/apply")
    for _ in range(2):
        with world.open() as ctx:
            assert jobs.tick(ctx, 1000) == 20
    assert desk.shown(shown["import_id"])["progress"]["done"] == 40
    assert world.value("select region from customer where company = '原公司'") == "上海"
    assert world.value("select count(*) from customer where status = 'active'") == 40
    desk.step(shown["import_id"], "cancel")
    assert state(world) == before
    again = desk.imported(rows(60))
    assert (again["counts"]["customers"], again["counts"]["created"]) == (60, 58)


def test_a_chunk_that_dies_is_done_again_and_every_row_is_in_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "CHUNK", 10)
    desk = Desk.of(world)
    shown = desk.upload(rows(35))
    desk.mapped(shown, source_name="crm", tags=["导入/三月"])

    def dying() -> None:
        """Every second tick loses its transaction after all its work, as a killed worker does."""
        for number in range(40):
            try:
                with world.open() as ctx:
                    jobs.tick(ctx, 1000)
                    if number % 2:
                        raise ConnectionError
            except ConnectionError:
                continue

    for verb, at_end in (("check", "checked"), ("apply", "complete")):
        assert desk.client.post(f"/api/imports/{shown['import_id']}/{verb}").status_code == 200
        dying()
        assert desk.shown(shown["import_id"])["state"] == at_end
    done = desk.shown(shown["import_id"])
    assert (done["progress"]["done"], done["counts"]["new"], done["counts"]["created"]) == (35, 35, 35)
    assert world.value("select count(*) from customer") == 35
    assert world.value("select count(*) from event where type = 'created'") == 35
    assert world.value("select count(*) from event where type = 'imported'") == 35


def test_the_same_file_again_changes_nobody_and_says_so(world: World) -> None:
    desk = Desk.of(world)
    first = desk.imported(rows(30))
    people = world.rows(PEOPLE)
    second = desk.upload(rows(30))
    assert second["same_file_as"] == first["import_id"]
    done = desk.imported(rows(30))
    assert (done["counts"]["update"], done["counts"]["created"]) == (30, 0)
    assert world.rows(PEOPLE) == people
    assert people[0].source_kind == "import"
    desk.step(done["import_id"], "cancel")
    assert world.rows(PEOPLE) == people


def test_rows_that_join_known_customers_are_foretold(world: World) -> None:
    with world.open() as ctx:
        customers.recognise(
            ctx,
            [
                Record("a", "1", (Identity("phone", "13800000001"),), ctx.now),
                Record("a", "2", (Identity("email", "x@example.com"),), ctx.now),
                Record("a", "3", (Identity("crm_id", "OTHER", "crm"), Identity("phone", "13800000002")), ctx.now),
            ],
        )
    desk = Desk.of(world)
    data = "客户编号,姓名,手机,邮箱\n,张三,13800000001,x@example.com\nK1,李四,13800000002,\n".encode()
    done = desk.imported(data)
    assert {name: done["counts"][name] for name in ("merge", "conflict", "cases", "customers")} == {
        "merge": 1, "conflict": 1, "cases": 1, "customers": 2,
    }  # fmt: skip
    assert world.value("select count(*) from event where type = 'merged'") == 1


@pytest.mark.parametrize("journeys", [False, True])
def test_journeys_start_for_imported_people_only_if_told(world: World, journeys: bool) -> None:
    condition = {"kind": "attribute", "name": "region", "op": "eq", "value": "上海"}
    with world.open() as ctx:
        segment_id = segments.save(ctx, name="上海", condition=condition)
        segments.listen(ctx, segment_id)
    desk = Desk.of(world)
    desk.imported(rows(3), start_journeys=journeys)
    for _ in range(3):
        with world.open() as ctx:
            segment_jobs.pulse(ctx, customers.take_pulse(ctx, 0, 256, 5000))
    entered = world.rows("select props from event where type = 'segment_entered'")
    assert [one.props.get("quiet", False) for one in entered] == [not journeys] * 3


def test_the_error_report_keeps_the_rows_and_hides_formulas(world: World) -> None:
    desk = Desk.of(world)
    data = '姓名,手机,备注\n=cmd|calc,12345,"@SUM(A1)，""好"""\n+1,1.38E+10,-2\n'.encode()
    done = desk.upload(data)
    desk.mapped(done)
    checked = desk.step(done["import_id"], "check")
    assert checked["counts"]["error"] == 2
    assert desk.client.post(f"/api/imports/{done['import_id']}/apply").json()["code"] == "import_state"
    answer = desk.client.get(f"/api/imports/{done['import_id']}/errors.csv")
    assert answer.content.startswith(b"\xef\xbb\xbf")
    found = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert found[0] == ["行号 row", "姓名", "手机", "备注", "原因", "reason"]
    assert found[1][:4] == ["2", "'=cmd|calc", "12345", '\'@SUM(A1)，"好"']
    assert found[2][:4] == ["3", "'+1", "1.38E+10", "'-2"]
    assert "科学计数法" in found[2][4]


def test_definitions_that_change_between_check_and_apply_refuse_rows_whole(world: World) -> None:
    with world.open() as ctx:
        customers.define_attribute(ctx, "level", "等级", "enum", ("金卡", "银卡"))
    desk = Desk.of(world)
    shown = desk.upload("姓名,手机,等级\n张三,13800000001,金卡\n李四,13800000002,银卡\n".encode())
    assert [column["name"] for column in shown["columns"]] == ["name", "phone", "level"]
    desk.mapped(shown)
    desk.step(shown["import_id"], "check")
    with world.open() as ctx:
        customers.define_attribute(ctx, "level", "等级", "enum", ("银卡",))
    done = desk.step(shown["import_id"], "apply")
    assert (done["counts"]["refused"], done["counts"]["created"], done["progress"]["errors"]) == (1, 1, 1)
    (row,) = desk.rows(shown["import_id"], outcome="error")
    assert (row["row"], row["faults"][0]["code"]) == (2, "bad_option")
    assert [one.name for one in world.rows("select name from customer")] == ["李四"]


def test_statements_of_a_chunk_do_not_grow_with_its_rows(world: World, statements: Statements) -> None:
    desk = Desk.of(world)
    desk.imported(rows(1, start=5000))
    found: dict[str, list[int]] = {"check": [], "apply": []}
    for place, count in enumerate((60, 300)):  # both above what `store.few` records
        data = rows(count, start=1000 * place) + f"\nK5000,客户,1390000000{place},北京{place}".encode()
        shown = desk.upload(data)
        desk.mapped(shown, source_name="crm")
        for verb in ("check", "apply"):
            desk.client.post(f"/api/imports/{shown['import_id']}/{verb}")
            statements.reset()
            with world.open() as ctx:
                jobs.tick(ctx, 1000)
            found[verb].append(statements.count)
    assert found["check"][0] == found["check"][1] <= 15
    assert found["apply"][0] == found["apply"][1] <= 60


def test_files_and_rows_are_gone_a_day_after_the_end_and_drafts_too(world: World) -> None:
    desk = Desk.of(world)
    done = desk.imported(rows(5) + b"\nK9,x,123,y")
    draft = desk.upload(rows(3))
    assert world.value("select count(*) from import_part where import_id = :id", id=done["import_id"]) == 0
    assert world.value("select count(*) from import_row") == 1
    world.wait(hours=25)
    desk.work()
    assert [
        world.value(f"select count(*) from {table}")
        for table in ("import_part", "import_row", "import_finding", "import_identity")
    ] == [0] * 4
    assert desk.shown(draft["import_id"])["state"] == "cancelled"
    assert desk.shown(done["import_id"])["sample"] == []


def test_what_is_not_possible_now_or_not_allowed_changes_nothing(world: World) -> None:
    desk = Desk.of(world)
    shown = desk.upload(rows(3))
    path = f"/api/imports/{shown['import_id']}"
    columns = [{key: column[key] for key in ("index", "use", "name", "scope")} for column in shown["columns"]]
    bad: list[tuple[dict[str, Any], str]] = [
        ({"columns": columns}, "source_name"),
        ({"columns": [{"index": 99, "use": "ignore"}]}, "columns.0.index"),
        ({"columns": [{"index": 0, "use": "attribute", "name": "shoe_size"}]}, "columns.0.name"),
        ({"columns": [{"index": 3, "use": "attribute", "name": "region"}]}, "columns"),
        ({"columns": columns, "source_name": "crm", "tags": ["no group"]}, "tags.0"),
    ]
    for body, field in bad:
        answer = desk.client.put(f"{path}/mapping", json=body)
        assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (422, "bad_mapping", field)
    assert desk.client.post(f"{path}/apply").json()["code"] == "import_state"
    assert desk.client.post("/api/imports/999999/check").json()["code"] == "unknown_import"
    reader = Desk.of(world, may=("customers.read",))
    assert reader.client.post(f"{path}/cancel").status_code == 403
    assert reader.shown(shown["import_id"])["sample"][0]["cells"][2] == "138****0000"
    with world.open() as ctx:
        row = store.one(ctx, shown["import_id"])
        assert row is not None
        assert row.state == "draft"


def test_emails_in_cells_and_faults_are_masked_as_phones_are(world: World) -> None:
    desk = Desk.of(world)
    shown = desk.upload("姓名,手机,邮箱\n张三,13800138001,zhang.san@example.com\n李四,12,li.si@example.com\n".encode())
    path = f"/api/imports/{shown['import_id']}"
    desk.mapped(shown)
    desk.client.post(f"{path}/check")
    desk.work()
    reader = Desk.of(world, may=("customers.read",))
    told = reader.client.get(path).text + reader.client.get(f"{path}/rows").text
    assert "z****@example.com" in told
    assert "l****@example.com" in told
    assert "zhang.san" not in told
    assert "li.si" not in told


def test_sales_may_look_at_imports_but_not_run_them(world: World) -> None:
    operator = Desk.of(world, may=tuple(ROLES["operator"]))
    shown = operator.upload(rows(3))
    sales = Desk.of(world, may=tuple(ROLES["sales"]))
    path = f"/api/imports/{shown['import_id']}"
    assert sales.client.get(path).status_code == 200
    tries = [
        sales.client.post("/api/imports", files={"file": ("x.csv", rows(3))}),
        sales.client.put(f"{path}/reading", json={}),
        sales.client.put(f"{path}/mapping", json={"columns": [{"index": 0, "use": "ignore"}]}),
        *(sales.client.post(f"{path}/{verb}") for verb in ("check", "apply", "cancel")),
        sales.client.get(f"{path}/errors.csv"),
    ]
    assert [one.status_code for one in tries] == [403] * 7
    assert {one.json()["field"] for one in tries} <= {"customers.import", None}
    assert operator.shown(shown["import_id"])["state"] == "draft"
    assert world.value("select count(*) from import") == 1


def test_an_event_that_somebody_sent_under_the_key_of_a_row_does_not_stop_the_import(world: World) -> None:
    desk = Desk.of(world)
    shown = desk.upload(rows(3))
    desk.mapped(shown, source_name="crm")
    desk.step(shown["import_id"], "check")
    with world.open() as ctx:
        [person] = customers.identify(ctx, [Record("shop", "1", (Identity("phone", "13900000001"),), ctx.now)])
        squatter = NewEvent(f"import:{shown['import_id']}", "row:3", "visited", ctx.now, person)
        customers.record(ctx, [squatter])
    done = desk.step(shown["import_id"], "apply")
    assert (done["state"], done["counts"]["applied"]) == ("complete", 3)
    assert world.value("select count(*) from event where type = 'imported'") == 3
    assert desk.step(shown["import_id"], "cancel")["state"] == "taken_back"
    assert world.value("select count(*) from event where type = 'imported'") == 0


def test_an_owner_beyond_all_numbers_is_a_row_error_and_does_not_stop_the_others(world: World) -> None:
    desk = Desk.of(world)
    lines = ["手机,归属员工", "13800000001,2147483648", "13800000002,-1", "13800000003,7"]
    shown = desk.upload("\n".join(lines).encode())
    use = [("identity", "phone"), ("attribute", "owner_id")]
    columns = [{"index": n, "use": kind, "name": name, "scope": ""} for n, (kind, name) in enumerate(use)]
    desk.put(shown["import_id"], "mapping", {"columns": columns})
    assert desk.step(shown["import_id"], "check")["counts"]["error"] == 2
    assert {row["faults"][0]["code"] for row in desk.rows(shown["import_id"], outcome="error")} == {"bad_attribute"}
    assert desk.step(shown["import_id"], "apply")["counts"]["applied"] == 1
    assert world.value("select owner_id from customer") == 7
