"""Writes examples/import/dirty-customers*: two files as dirty as real ones.

Run: .venv/bin/python -m tools.dirty_customers. The files are committed, so that the example, the demo and the
tests read the same bytes; the seed keeps them stable.
"""

import csv
import io
import random
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import xlsxwriter

FOLDER = Path(__file__).resolve().parents[1] / "examples" / "import"
SURNAMES = "王李张刘陈杨黄赵周吴徐孙马朱胡郭何林罗高"
GIVEN = [
    "伟",
    "芳",
    "娜",
    "敏",
    "静",
    "丽",
    "强",
    "磊",
    "洋",
    "艳",
    "勇",
    "杰",
    "娟",
    "涛",
    "明",
    "超",
    "秀英",
    "霞",
    "平",
    "桂英",
    "子涵",
    "浩然",
    "欣怡",
    "梓萱",
    "宇轩",
    "诗雨",
]
CITIES = [
    ("上海", "上海"),
    ("北京", "北京"),
    ("广东", "深圳"),
    ("广东", "广州"),
    ("浙江", "杭州"),
    ("四川", "成都"),
    ("湖北", "武汉"),
]
COMPANIES = ["好望科技", "青禾教育", "云上餐饮", "木兰服饰", "百草园药业", "远航物流", "晨曦设计", "一诺装饰"]
GOOD = 46
Row = list[str]


def people(seed: int) -> list[Row]:
    """Plain rows: CRM id, name, phone, email, province, city, company, gender, birthday, tags, note."""
    chance = random.Random(seed)
    rows = []
    for number in range(GOOD):
        name = chance.choice(SURNAMES) + chance.choice(GIVEN)
        province, city = chance.choice(CITIES)
        born = date(1965, 1, 1) + timedelta(days=chance.randrange(15_000))
        phone = f"1{chance.choice('35789')}{chance.randrange(10**9):09d}"
        rows.append(
            [
                f"K{1001 + number}",
                name,
                phone,
                f"user{number}@example.com" if number % 3 == 0 else "",
                province,
                city,
                chance.choice(COMPANIES) if number % 4 else "",
                chance.choice(["男", "女"]),
                born.isoformat() if number % 2 else "",
                chance.choice(["老客户", "意向高,电子书", "线下活动", ""]),
                "",
            ]
        )
    return rows


def spoil(rows: list[Row]) -> list[Row]:
    """What happens to a list that ten people kept for five years."""
    rows[2][2] = "１３８００１３８０００"  # full width
    rows[3][2] = "138 0013 8001"
    rows[4][2] = "+86-138-0013-8002"
    rows[5][10] = "🎉 2024 年会抽奖一等奖 🎁"
    rows[6][1] = "小太阳🌞妈妈"
    rows[7][1] = "欧阳娜娜\u3000"
    rows[8][8] = "1990年3月2日"
    rows[9][8] = "1988/7/15"
    rows[10][10] = '要求周末回电，说"便宜就买"\n第二行备注'
    rows[11][10] = '=HYPERLINK("http://evil.example","点我")'
    rows[12][2] = "021-62345678"
    rows[13][7] = "先生"
    bad = [
        ["K2001", "钱坏号", "1.38E+10", "", "上海", "上海", "", "男", "", "", "科学计数法的手机号"],
        ["110101199003074000", "孙截断", "13800138101", "", "北京", "北京", "", "女", "", "", "编号被截成 15 位"],
        ["K2003", "李短号", "1380013", "", "", "", "", "女", "", "", "手机少几位"],
        ["K2004", "周坏邮", "13800138103", "zhou#example.com", "", "", "", "男", "", "", "邮箱不对"],
        ["K2005", "吴坏日", "13800138104", "", "", "", "", "男", "03/02/1990", "", "日月不明"],
        ["K2006", "郑没有", "13800138105", "", "", "", "", "男", "1990-02-30", "", "没有这一天"],
        ["K2007", "王性别", "13800138106", "", "", "", "", "保密", "", "", "选项里没有"],
        ["", "", "", "", "广东", "深圳", "某公司", "", "", "", "不知道是谁"],
    ]
    doubled = [list(rows[0]), [*rows[1][:6], "升职后的新公司", *rows[1][7:]]]
    contradictory = [
        [rows[14][0], rows[14][1], "13900139001", *rows[14][3:]],  # one id, another phone
        ["K3001", "同号不同编", rows[15][2], "", "", "", "", "男", "", "", "手机与 " + rows[15][0] + " 相同"],
        ["", "同号不同名", rows[16][2], "", "", "", "", "女", "", "", "夫妻共用手机"],
    ]
    return rows[:20] + bad[:4] + doubled + [[""] * 11] + rows[20:] + bad[4:] + contradictory


HEADER = ["CRM编号", "客户姓名", "手机号码", "电子邮箱", "省份", "城市", "公司名称", "性别", "出生日期", "标签", "备注"]


def write_csv(path: Path) -> None:
    """GB18030, a title row, CRLF: as Chinese Excel saves it."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(["2026 年客户总表（市场部导出）", *[""] * 10])
    writer.writerow([f"{title}（必填）" if place == 2 else title for place, title in enumerate(HEADER)])
    writer.writerows(spoil(people(7)))
    path.write_bytes(out.getvalue().encode("gb18030"))


def write_xlsx(path: Path) -> None:
    """A title, a header in two merged rows, numbers instead of texts, serial dates, a hidden empty first sheet."""
    with xlsxwriter.Workbook(path) as book:
        book.set_properties({"created": datetime(2026, 1, 1, tzinfo=UTC)})
        book.add_worksheet("说明")
        sheet = book.add_worksheet("客户")
        middle = book.add_format({"align": "center", "bold": True})
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        sheet.merge_range(0, 0, 0, 10, "2026 年客户总表", middle)
        groups = [(2, 3, "联系方式"), (4, 5, "所在地")]
        for left, right, title in groups:
            sheet.merge_range(1, left, 1, right, title, middle)
        inside = {place for left, right, _ in groups for place in range(left, right + 1)}
        for place, title in enumerate(HEADER):
            if place in inside:
                sheet.write(2, place, title, middle)
            else:
                sheet.merge_range(1, place, 2, place, title, middle)
        for number, row in enumerate(spoil(people(8)), 3):
            for place, cell in enumerate(row):
                if place == 2 and cell.isascii() and cell.isdigit() and number % 2:
                    sheet.write_number(number, place, float(cell))
                elif place == 0 and len(cell) == 18:
                    sheet.write_number(number, place, 110101199003074512.0)
                elif place == 8 and len(cell) == 10 and cell[4] == "-" and cell != "1990-02-30":
                    serial = (date.fromisoformat(cell) - date(1899, 12, 30)).days
                    sheet.write_number(number, place, serial, *([day] if number % 3 else []))
                elif cell:
                    sheet.write_string(number, place, cell)


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    write_csv(FOLDER / "dirty-customers-gb18030.csv")
    write_xlsx(FOLDER / "dirty-customers.xlsx")
