"""Files as people have them: each ends in customers, in row errors, or in a typed error; none in a 500 or half done."""

import io
import zipfile

import pytest
import xlsxwriter

from tests.customers_importing.desk import Desk
from tests.support.world import World

PLAIN = "姓名,手机,城市\n张三,13800000001,上海\n李四,13800000002,北京\n"
OLE = bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 504


def workbook(rows: list[list[object]], merged: str = "") -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate(rows):
            for place, cell in enumerate(row):
                sheet.write(number, place, cell)
        if merged:
            sheet.merge_range(merged, str(rows[0][0]))
    return out.getvalue()


def zipped(name: str, body: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(name, body)
    return out.getvalue()


GOOD: dict[str, tuple[bytes, int, int]] = {
    "gb18030": (PLAIN.encode("gb18030"), 2, 0),
    "utf-16 with a mark": (PLAIN.encode("utf-16"), 2, 0),
    "utf-16 without one": (PLAIN.encode("utf-16-le"), 2, 0),
    "semicolons": (PLAIN.replace(",", ";").encode(), 2, 0),
    "tabs": (PLAIN.replace(",", "\t").encode("utf-16"), 2, 0),
    "old Mac line ends": (PLAIN.replace("\n", "\r").encode(), 2, 0),
    "quoted newlines": ('姓名,手机,公司\n张三,13800000001,"一行\n两行,""引号"""\n'.encode(), 1, 0),
    "empty columns": ("姓名,,手机,,\n张三,,13800000001,,\n".encode(), 1, 0),
    "double headers": ("姓名,手机,手机,姓名\n张三,13800000001,13800000009,x\n".encode(), 1, 0),
    "a title above": ("客户名单（三月）,,\n姓名,手机,城市\n张三,13800000001,上海\n".encode(), 1, 0),
    "two header rows": ("基本信息,,地址\n姓名,手机,城市\n张三,13800000001,上海\n".encode(), 1, 0),
    "ragged rows": ("姓名,手机,城市\n张三,13800000001\n李四,13800000002,上海,多,余\n\n,,\n".encode(), 2, 0),
    "+86 and its friends": (
        "姓名,手机\na,+8613800000001\nb,0086 138 0000 0002\nc,86-13800000003\nd,１３８００００００４４\n".encode(),
        4,
        0,
    ),
    "emoji": ("姓名,手机\n🌞小太阳👨‍👩‍👧,13800000001\n".encode(), 1, 0),
    "a cell with a NUL": ("姓名,手机\n张\0三,13800000001\n李四,13800000002\n".encode(), 1, 1),
    "a huge cell": (f"姓名,手机,公司\n张三,13800000001,{'长' * 100_000}\n李四,13800000002,好\n".encode(), 1, 1),
    "phones as floats": ("姓名,手机\n张三,1.38E+10\n李四,13800000002.0\n王五,13800000003\n".encode(), 1, 2),
    "phones as numbers": (workbook([["姓名", "手机"], ["张三", 13800000001], ["李四", 13800000002.0]]), 2, 0),
    "dates as serials": (workbook([["姓名", "手机", "生日"], ["张三", "13800000001", 32874]]), 1, 0),
    "merged headers": (
        workbook([["基本信息", "", "城市"], ["姓名", "手机", ""], ["张三", "13800000001", "上海"]], "A1:B1"),
        1,
        0,
    ),
    "formulas": (workbook([["姓名", "手机", "备注"], ["张三", "13800000001", "=1+1"]]), 1, 0),
    "another name at the end": (workbook([["姓名", "手机"], ["张三", "13800000001"]]), 1, 0),
}
BAD: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "bad_import_file"),
    "spaces": (b" \n \n", "bad_import_file"),
    "an old workbook": (OLE, "bad_import_file"),
    "a locked workbook": (OLE + "EncryptedPackage".encode("utf-16-le"), "bad_import_file"),
    "a renamed archive": (zipped("a.csv", PLAIN.encode()), "bad_import_file"),
    "a cut workbook": (workbook([["姓名", "手机"], ["张三", "13800000001"]])[:900], "bad_import_file"),
    "a workbook without sheets": (zipped("xl/workbook.xml", b"<x/>"), "bad_import_file"),
    "an empty workbook": (workbook([]), "bad_import_file"),
    "an open quotation mark": ('姓名,手机\n"张三,13800000001\n李四,13800000002\n'.encode(), "bad_import_file"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20, "bad_import_file"),
    "too many columns": (("姓名," + ",".join("x" * 300) + "\n").encode(), "import_too_large"),
}


@pytest.mark.parametrize("name", GOOD)
def test_odd_files_end_in_customers_and_row_errors(world: World, name: str) -> None:
    data, customers, errors = GOOD[name]
    desk = Desk.of(world)
    done = desk.imported(data, "客户.csv")
    told = [row["faults"] for row in desk.rows(done["import_id"], outcome="error")]
    assert (done["state"], done["counts"]["customers"], len(told)) == ("complete", customers, errors), (done, told)
    assert all(fault["zh"] and fault["en"] and fault["column"] for faults in told for fault in faults)


@pytest.mark.parametrize("name", BAD)
def test_files_that_are_none_are_refused_and_leave_nothing(world: World, name: str) -> None:
    data, code = BAD[name]
    desk = Desk.of(world)
    answer = desk.client.post("/api/imports", files={"file": ("客户.xlsx", data)})
    assert answer.status_code in (413, 422), answer.text
    assert (answer.json()["code"], answer.json()["field"]) == (code, "file")
    assert answer.json()["message"]
    assert world.value("select count(*) from import") == 0


def test_a_header_without_rows_imports_nobody_and_says_so(world: World) -> None:
    desk = Desk.of(world)
    shown = desk.upload("姓名,手机\n".encode())
    desk.mapped(shown)
    assert desk.step(shown["import_id"], "check")["progress"]["total"] == 0
    answer = desk.client.post(f"/api/imports/{shown['import_id']}/apply")
    assert (answer.status_code, answer.json()["code"]) == (409, "import_state")


def test_a_cell_beyond_all_measure_is_named_with_its_row(world: World) -> None:
    data = f"姓名,手机,公司\n李四,13800000002,好\n张三,13800000001,{'长' * 200_000}\n".encode()
    answer = Desk.of(world).client.post("/api/imports", files={"file": ("客户.csv", data)})
    found = answer.json()
    assert (answer.status_code, found["code"], found["field"]) == (422, "bad_import_file", "file")
    assert found["message"] == "in row 3 a cell has more than 100,000 characters"
    assert world.value("select count(*) from import") == 0
