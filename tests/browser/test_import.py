"""A dirty customer file: from the upload to its people on a journey, who is who, and all of it taken back."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import PATIENCE

# The first test also waits for the company to start.
pytestmark = pytest.mark.timeout(480)

FILE = Path(__file__).resolve().parents[2] / "examples" / "import" / "dirty-customers-gb18030.csv"
JOURNEY = {
    "key": "fair",
    "name": "展会客户",
    "entry": {"condition": {"kind": "tag", "tag": "活动/三月展会"}, "existing": False},
    "steps": [
        {"id": "mark", "kind": "set_tag", "title": "记下来过", "tag": "旅程/来过现场"},
        {
            "id": "hello",
            "kind": "send",
            "title": "问候",
            "text": "谢谢来访",
            "routes": ["oa_custom"],
            "on_not_sent": "out",
        },
        {"id": "done", "kind": "exit", "reason": "greeted"},
        {"id": "out", "kind": "exit", "reason": "not_reached"},
    ],
}
DIRTY = (
    "姓名,手机,公司,城市\r\n"
    "李🌟蕾,１３８００００７７７７,星河贸易,北京\r\n"
    "欧阳静,13800008888,远山科技,上海\r\n"
    "欧阳静,13800008888,远山科技,上海\r\n"
    "张三,1.38E+10,丙公司,广州\r\n"
    "孙七,1390000444,短号公司,重庆\r\n"
)


def begin(page: Page, company: str) -> int:
    """A running journey for whoever gets the tag of the fair; its id."""
    for group, tag in (("活动", "三月展会"), ("旅程", "来过现场")):
        made = page.request.post(f"{company}/api/tags/groups", data={"name": group}).json()["group_id"]
        page.request.post(f"{company}/api/tags/groups/{made}/tags", data={"name": tag, "note": ""})
    applied = page.request.post(f"{company}/api/journeys", data={"definition": JOURNEY})
    assert applied.ok, applied.text()
    journey = int(applied.json()["journey_id"])
    assert page.request.post(f"{company}/api/journeys/{journey}/start").ok
    return journey


def upload(page: Page, company: str, file: Path) -> None:
    page.goto(f"{company}/imports")
    page.locator("input[type=file]").set_input_files(file)
    page.wait_for_url(re.compile(r"/imports/\d+$"))
    expect(page.get_by_text("GB18030 / GBK")).to_be_visible()


def confirm(page: Page, action: str) -> None:
    """Agree in the dialog that a button opened."""
    page.get_by_role("dialog").get_by_role("button", name=action).click()
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_a_dirty_file_is_imported_its_people_are_waved_and_its_doubts_are_decided(
    operator: Page, company: str, tmp_path: Path
) -> None:
    journey = begin(operator, company)
    upload(operator, company, FILE)
    expect(operator.get_by_text("文字编码是推测的")).to_be_visible()
    operator.get_by_role("button", name="文字正确，下一步").click()
    operator.get_by_role("button", name="检查全部数据").click()
    expect(operator.get_by_text("请用小写字母、数字写出来源系统")).to_be_visible()
    operator.get_by_label("编号来自哪个系统").fill("crm")
    operator.get_by_label("标签组").fill("客户来源")
    operator.get_by_label("给这批客户打标签（组/名）", exact=True).last.click()
    operator.keyboard.type("三月展会")  # of many tags only the first few are drawn
    operator.locator(".ant-select-dropdown:visible .ant-select-item-option", has_text="活动/三月展会").first.click()
    operator.keyboard.press("Escape")
    operator.get_by_role("switch", name="允许这批客户进入旅程").click()
    operator.get_by_role("button", name="检查全部数据").click()

    expect(operator.get_by_role("row").filter(has_text="1.38E+10")).to_contain_text("科学计数法")
    expect(operator.get_by_role("row").filter(has_text="周坏邮")).to_contain_text("不是有效的邮箱地址")
    expect(operator.get_by_role("row").filter(has_text="需人工审核")).to_contain_text("客户编号不同")
    with operator.expect_download() as report:
        operator.get_by_role("link", name="下载错误行").click()
    report.value.save_as(tmp_path / "errors.csv")
    faulty = (tmp_path / "errors.csv").read_text("utf-8-sig")
    assert "1.38E+10" in faulty
    assert len(faulty.strip().splitlines()) == 1 + 8
    operator.get_by_role("button", name="导入 51 行").click()
    confirm(operator, "导入 51 行")
    done = operator.get_by_text(re.compile(r"导入完成：\d+ 位客户"))
    expect(done).to_be_visible()
    people = int(re.search(r"(\d+) 位客户", done.inner_text()).group(1))  # type: ignore[union-attr]
    assert people > 40

    operator.get_by_role("link", name="去合并审核").click()
    # The company's own people may leave doubts too.
    operator.get_by_role("navigation", name="待审核").get_by_role("button", name="同号不同编").click()
    expect(operator.get_by_role("row").filter(has_text="CRM 编号（crm）")).to_contain_text("矛盾")
    expect(operator.get_by_text("2 位客户合并为一位")).to_be_visible()
    expect(operator.locator("section[aria-busy=false]")).to_be_visible()
    operator.get_by_role("button", name="不是同一人").click()
    expect(operator.get_by_text("已判定林洋、同号不同编不是同一人")).to_be_visible()

    operator.goto(f"{company}/journeys/{journey}")
    operator.wait_for_function(
        "most => Number(document.querySelector('[data-edge=\"@entry>entered>mark\"]')?.dataset.count) === most",
        arg=people,
        timeout=120_000,
    )
    operator.locator("[data-step=hello]").click()
    # If it is night in the demo company, that is decided only when the quiet hours (a minute here) are over.
    expect(operator.get_by_role("row").filter(has_text="不发送")).to_be_visible(timeout=3 * PATIENCE)
    operator.goto(f"{company}/customers?q=ouyang")
    operator.get_by_role("link", name="欧阳娜娜").click()
    expect(operator.get_by_text("进入旅程「展会客户」")).to_be_visible()
    expect(operator.get_by_text("旅程/来过现场").first).to_be_visible()


def test_import_a_dirty_file_and_take_it_back(operator: Page, company: str, tmp_path: Path) -> None:
    file = tmp_path / "客户.csv"
    file.write_bytes(DIRTY.encode("gb18030"))
    upload(operator, company, file)
    expect(operator.get_by_role("cell", name="欧阳静").first).to_be_visible()
    operator.get_by_role("button", name="文字正确，下一步").click()
    operator.get_by_role("button", name="检查全部数据").click()
    expect(operator.get_by_role("row").filter(has_text="1.38E+10")).to_contain_text("科学计数法")
    expect(operator.get_by_role("row").filter(has_text="1390000444")).to_contain_text("有错，不导入")
    operator.get_by_role("button", name="导入 3 行").click()
    confirm(operator, "导入 3 行")
    expect(operator.get_by_text("导入完成：2 位客户，其中新建 2 位")).to_be_visible()
    assert sums(operator) == [
        "5行在文件里−2行有错，不导入=3行已写入−1行与别的行是同一人=2位客户",
        "其中2位新建+0位原来就有",
    ]
    expect(operator.get_by_role("row").filter(has_text="李🌟蕾")).to_contain_text("新建")
    operator.get_by_role("tab", name="没有导入的行（2）").click()
    expect(operator.get_by_role("row").filter(has_text="张三")).to_contain_text("科学计数法")
    operator.get_by_role("button", name="建成人群").click()
    operator.wait_for_url(re.compile(r"/segments/\d+$"))
    expect(operator.get_by_text("2人", exact=True).or_(operator.get_by_text("2 人", exact=True)).first).to_be_visible()

    operator.goto(f"{company}/customers")
    operator.get_by_placeholder("姓名 / 拼音 / 公司 / 手机尾号").fill("ouyangjing")
    found = operator.get_by_role("row").filter(has_text="欧阳静")
    expect(found).to_contain_text("138****8888")
    operator.goto(f"{company}/imports")
    operator.get_by_role("link", name="客户.csv").click()
    expect(operator.get_by_role("link", name="打开这个人群")).to_be_visible()
    operator.get_by_role("button", name="撤回整批").click()
    confirm(operator, "撤回整批")
    expect(operator.get_by_text("写入的内容已全部收回")).to_contain_text("林小满")
    operator.get_by_role("link", name="全部导入").click()
    expect(operator.get_by_role("row").filter(has_text="客户.csv")).to_contain_text("已撤回")
    operator.goto(f"{company}/customers?q=ouyangjing")
    expect(operator.get_by_text("没有符合的客户")).to_be_visible()


def test_who_confirms_second_is_told_and_sees_how_it_stands(company: str, editor: Page, tmp_path: Path) -> None:
    file = tmp_path / "两个窗口.csv"
    file.write_text("姓名,手机\n赵一,13900000001\n钱二,13900000002\n", "utf-8")
    editor.goto(f"{company}/imports")
    editor.locator("input[type=file]").set_input_files(file)
    editor.get_by_role("button", name="文字正确，下一步").click()
    editor.get_by_role("button", name="检查全部数据").click()
    editor.get_by_role("button", name="导入 2 行").click()
    number = editor.url.rsplit("/", 1)[1]
    # Meanwhile somebody else confirms; this page still shows the question.
    assert editor.request.post(f"{company}/api/imports/{number}/apply").ok
    confirm(editor, "导入 2 行")
    expect(editor.get_by_text("没有成功：林小满（运营）已经")).to_be_visible()
    expect(editor.get_by_text("导入完成：2 位客户，其中新建 2 位")).to_be_visible()


def test_a_file_that_cannot_be_imported_says_why_and_nothing_is_sent(
    company: str, operator: Page, tmp_path: Path
) -> None:
    sent: list[str] = []
    operator.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    operator.goto(f"{company}/imports")
    for name, why in (("旧.xls", "另存为 .xlsx"), ("照片.png", "只能导入 CSV 或 Excel"), ("空.csv", "没有内容")):
        file = tmp_path / name
        file.write_bytes(b"" if name == "空.csv" else b"x")
        operator.locator("input[type=file]").set_input_files(file)
        expect(operator.get_by_role("alert").filter(has_text=name)).to_contain_text(why)
    assert sent == []


def test_from_the_file_to_the_customers_by_keyboard_alone(company: str, operator: Page, tmp_path: Path) -> None:
    file = tmp_path / "键盘.csv"
    file.write_text("姓名,手机\n孙三,13900000003\n", "utf-8")
    # Asked for well before the key: the browser is told without an answer, and in 7 of 51 times Enter came first
    # and the dialog was the browser's own.
    with operator.expect_file_chooser() as chooser:
        operator.goto(f"{company}/imports")
        tab_to(operator, operator.get_by_role("button", name="点击选择文件"))
        operator.keyboard.press("Enter")
    chooser.value.set_files(file)
    for step in ("文字正确，下一步", "检查全部数据", "导入 1 行"):
        button = operator.get_by_role("button", name=step)
        expect(button).to_be_visible()
        tab_to(operator, button)
        operator.keyboard.press("Enter")
    # The dialog holds the focus on its answer.
    expect(operator.get_by_role("dialog").get_by_role("button", name="导入 1 行")).to_be_focused()
    operator.keyboard.press("Enter")
    expect(operator.get_by_text("导入完成：1 位客户")).to_be_visible()


def tab_to(page: Page, wanted: Locator) -> None:
    """Press Tab until it is there."""
    for _ in range(60):
        if wanted.evaluate("node => node === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError("the keyboard does not get there")


def sums(page: Page) -> list[str]:
    """The sums that explain an import, line by line."""
    return [line.inner_text().replace("\n", "").replace(" ", "") for line in page.locator(".siyu-sum").all()]
