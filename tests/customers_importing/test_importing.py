"""Whole imports: dirty files over HTTP into rows."""

from tests.customers_importing.desk import Desk
from tests.support.world import World

DIRTY = """三月线下活动客户名单,,,,,,,
姓名,手机,公司,地区,客户编号,生日,性别,备注
张伟,１３８１２３４１２３４,好公司,上海,C1,1990-3-2,男,🎉老客户
李娜,1.38E+10,好公司,北京,C2,,女,
王芳,13800000003,"逗号,公司",广州,C3,1991年12月1日,女,
王芳,13800000003,新公司,广州,C3,,女,
赵云,13900000009,,,C3,,男,
钱多,13800000003,,,C9,,男,
孙悟,12345,,,C10,,男,
,,,,,,,
周末,13800000010,,,110101199003074000,,男,
吴畏,,,,,,男,
""".encode("gb18030")


def test_a_dirty_gb18030_file_is_checked_row_by_row_and_its_good_rows_become_customers(world: World) -> None:
    desk = Desk.of(world)
    shown = desk.upload(DIRTY)
    assert (shown["reading"]["encoding"], shown["reading"]["certain"], shown["reading"]["header_row"]) == (
        "gb18030",
        False,
        2,
    )
    assert shown["sample"][0]["cells"][0] == "张伟"
    assert [(one["use"], one["name"]) for one in shown["columns"]] == [
        ("attribute", "name"),
        ("identity", "phone"),
        ("attribute", "company"),
        ("attribute", "region"),
        ("identity", "crm_id"),
        ("attribute", "birthday"),
        ("attribute", "gender"),
        ("ignore", ""),
    ]
    desk.mapped(shown, source_name="crm")
    checked = desk.step(shown["import_id"], "check")
    counts = checked["counts"]
    assert {name: counts[name] for name in ("new", "duplicate", "conflict", "error")} == {
        "new": 3, "duplicate": 2, "conflict": 1, "error": 3,
    }  # fmt: skip
    found = {one["row"]: one for one in desk.rows(shown["import_id"])}
    assert {row: [fault["code"] for fault in one["faults"]] for row, one in found.items() if one["faults"]} == {
        4: ["damaged_number"],
        9: ["bad_phone"],
        11: ["damaged_number"],
    }
    assert found[7]["warnings"][0]["code"] == "other_phone"
    assert found[8]["outcome"] == "conflict"
    done = desk.step(shown["import_id"], "apply")
    assert (done["state"], done["progress"]["done"], done["counts"]["customers"], done["counts"]["cases"]) == (
        "complete", 9, 4, 1,
    )  # fmt: skip
    people = world.rows(
        "select name, phone, company, birthday::text, gender from customer where status = 'active' order by 1"
    )
    assert ("张伟", "+8613812341234", "好公司", "1990-03-02", "male") in [tuple(one) for one in people]
    assert ("赵云", "+8613900000009", "新公司", "1991-12-01", "male") in [tuple(one) for one in people]
    cases = desk.client.get("/api/customers/cases").json()["items"]
    assert [len(one["members"]) for one in cases] == [2]
