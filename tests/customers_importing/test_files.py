"""Files as they come: encodings, headers, workbooks, and what must be refused."""

import io
import zipfile
from pathlib import Path

import pytest
import xlsxwriter

from siyu.customers.attributes import BUILTIN
from siyu.customers.importing import headers, reading, workbook
from siyu.customers.importing.types import BadImportFile, CompressedBomb, ImportTooLarge, Look, Wanted
from tests.customers_importing.desk import Desk
from tests.support.world import World

TITLES = headers.titles_of(BUILTIN.values())
TEXT = "姓名,手机,公司\r\n" + "".join(f"王小明{n},1381234{n:04d},上海好望科技有限公司\r\n" for n in range(40))


def look(folder: Path, data: bytes, wanted: Wanted = Wanted()) -> Look:  # noqa: B008 - frozen
    path = folder / "file"
    path.write_bytes(data)
    return reading.look(path, wanted, TITLES)


@pytest.mark.parametrize(
    ("encoding", "found", "certain"),
    [
        ("utf-8", "utf-8", True),
        ("utf-8-sig", "utf-8-sig", True),
        ("utf-16", "utf-16", True),
        ("utf-16-le", "utf-16-le", False),
        ("utf-16-be", "utf-16-be", False),
        ("gb18030", "gb18030", False),
    ],
)
def test_encodings_are_detected(tmp_path: Path, encoding: str, found: str, certain: bool) -> None:
    seen = look(tmp_path, TEXT.encode(encoding))
    assert (seen.reading.encoding, seen.reading.certain) == (found, certain)
    assert seen.reading.columns == ("姓名", "手机", "公司")
    assert seen.sample[0] == (2, ["王小明0", "13812340000", "上海好望科技有限公司"])
    assert len(list(reading.rows(tmp_path / "file", seen.reading))) == 40


def test_traditional_chinese_and_japanese_are_not_taken_for_gb18030(tmp_path: Path) -> None:
    taiwan = "姓名,電話,公司\n" + "陳志豪,0912345678,臺北資訊股份有限公司這裡是說明文字我們會與您聯絡\n" * 30
    japan = "氏名,電話,会社\n" + "山田たろう,0312345678,これはテストのデータです。よろしくおねがいします\n" * 30
    assert look(tmp_path, taiwan.encode("big5hkscs")).reading.encoding == "big5hkscs"
    assert look(tmp_path, japan.encode("cp932")).reading.encoding == "cp932"


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
def test_delimiters_and_quoted_line_ends(tmp_path: Path, delimiter: str) -> None:
    rows = [["姓名", "手机", "备注"], ["张三", "13800000001", '"两行\n备注"'], ["李四", "13800000002", "好"]]
    seen = look(tmp_path, "\r\n".join(delimiter.join(row) for row in rows).encode())
    assert seen.reading.delimiter == delimiter
    assert [number for number, _ in reading.rows(tmp_path / "file", seen.reading)] == [2, 3]
    assert seen.sample[0][1][2] == "两行\n备注"


def test_headers_groups_titles_empty_and_missing(tmp_path: Path) -> None:
    grouped = ",,,\n客户总表,,,\n姓名,联系方式,,所在地\n,手机,邮箱,城市\n张三,13800000001,a@example.com,上海\n"
    seen = look(tmp_path, grouped.encode())
    assert seen.reading.header_row == 4
    assert seen.reading.columns == ("姓名", "联系方式/手机", "联系方式/邮箱", "所在地/城市")
    assert [use.name for use in headers.suggest(seen.reading.columns, TITLES)] == ["name", "phone", "email", "city"]
    gaps = look(tmp_path, "姓名,,手机,姓名\n张三,x,13800000001,y\n".encode())
    assert gaps.reading.columns == ("姓名", "列2", "手机", "姓名 2")
    none = look(tmp_path, "张三,13800000001\n李四,13800000002\n".encode())
    assert (none.reading.header_row, none.reading.columns, len(none.sample)) == (0, ("列1", "列2"), 2)
    told = look(tmp_path, grouped.encode(), Wanted(header_row=5))
    assert (told.reading.columns[0], told.sample) == ("张三", [])


def test_a_quotation_mark_that_never_closes_does_not_swallow_rows(tmp_path: Path) -> None:
    data = '姓名,手机\n张三,13800000001\n李四,"13800000002\n王五,13800000003\n'.encode()
    with pytest.raises(BadImportFile) as refused:
        look(tmp_path, data)
    assert refused.value.detail["row"] == 3


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b" \r\n\r\n",
        b",,,\n,,\n",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        b"\x89PNG\r\n\x1a\n\0\0\0\xff\xfe\xfd",
        b"PK\x03\x04oops",
    ],
)
def test_what_is_no_table_is_refused(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(BadImportFile):
        look(tmp_path, data)


def bomb(parts: dict[str, int]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, size in parts.items():
            with archive.open(name, "w", force_zip64=True) as part:
                for _ in range(size // 2**20):
                    part.write(b" " * 2**20)
    return out.getvalue()


def test_a_bomb_is_refused_by_its_directory_alone(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> None:
        raise AssertionError("the workbook was opened")

    monkeypatch.setattr(workbook, "lines", never)
    desk = Desk.of(world)
    data = bomb({"xl/workbook.xml": 0, "xl/worksheets/sheet1.xml": 200 * 2**20})
    assert len(data) < 2**20
    answer = desk.client.post("/api/imports", files={"file": ("客户.xlsx", data)})
    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (422, "compressed_bomb", "file")
    assert world.value("select count(*) from import") == 0


def test_two_cells_a_million_columns_apart_end_their_reader_not_the_server(tmp_path: Path) -> None:
    path = tmp_path / "sparse.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write(0, 0, "姓名")
        sheet.write(1048575, 16383, "远")
    with pytest.raises((CompressedBomb, ImportTooLarge)):
        reading.look(path, Wanted(), TITLES)


def test_too_large_is_refused_before_the_body_is_read(world: World) -> None:
    desk = Desk.of(world)
    headers_ = {"content-type": "multipart/form-data; boundary=x", "content-length": str(300 * 2**20)}
    answer = desk.client.post("/api/imports", content=b"--x\r\n", headers=headers_)
    assert (answer.status_code, answer.json()["code"]) == (413, "import_too_large")


def test_a_workbook_of_many_sheets_is_read_as_told(world: World, tmp_path: Path) -> None:
    path = tmp_path / "two.xlsx"
    with xlsxwriter.Workbook(path) as book:
        for name, phone in (("一月", "13800000001"), ("二月", "13800000002")):
            sheet = book.add_worksheet(name)
            sheet.write_row(0, 0, ["姓名", "手机"])
            sheet.write_row(1, 0, ["张三", float(phone)])
    desk = Desk.of(world)
    shown = desk.upload(path.read_bytes(), "two.xlsx")
    assert (shown["reading"]["sheets"], shown["sample"][0]["cells"]) == (["一月", "二月"], ["张三", "13800000001"])
    again = desk.put(shown["import_id"], "reading", {"sheet": "二月"})
    assert again["sample"][0]["cells"] == ["张三", "13800000002"]
    answer = desk.client.put(f"/api/imports/{shown['import_id']}/reading", json={"sheet": "三月"})
    assert (answer.status_code, answer.json()["field"]) == (422, "sheet")
