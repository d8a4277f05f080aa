"""Whole tasks of an operator, in a browser, against a really running company."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

# The first test also waits for the company to start.
pytestmark = pytest.mark.timeout(300)

DIRTY = (
    "姓名,手机,公司,城市\r\n"
    "李🌟蕾,１３８００００７７７７,星河贸易,北京\r\n"
    "欧阳静,13800008888,远山科技,上海\r\n"
    "欧阳静,13800008888,远山科技,上海\r\n"
    "张三,1.38E+10,丙公司,广州\r\n"
    "孙七,1390000444,短号公司,重庆\r\n"
)


def grown(page: Page, edge: str, beyond: int) -> None:
    """Wait until the drawing, untouched, shows more people on an edge."""
    page.wait_for_function(
        '([edge, most]) => Number(document.querySelector(`[data-edge="${edge}"][data-count]`)?.dataset.count) > most',
        arg=[edge, beyond],
        timeout=120_000,
    )


def moves(page: Page) -> None:
    """Wait until the drawing, untouched, shows that somebody took a step, whatever hour the company has by now."""
    total = "[...document.querySelectorAll('[data-count]')].reduce((sum, one) => sum + Number(one.dataset.count), 0)"
    page.wait_for_function(f"before => {total} > before", arg=page.evaluate(total), timeout=180_000)


def walker(page: Page, company: str) -> int:
    """Somebody whom the first push reached: the oldest enrolment."""
    shown = page.request.get(f"{company}/api/journeys/1/enrolments?limit=200").json()["items"]
    return int(shown[-1]["customer_id"])


def choose(page: Page, label: str, option: str) -> None:
    """Choose an option of a select by its words."""
    page.get_by_label(label, exact=True).last.click()
    page.locator(".ant-select-dropdown:visible .ant-select-item-option", has_text=option).first.click()
    page.keyboard.press("Escape")


def test_watch_the_wave_grow_and_see_what_a_step_sent(operator: Page) -> None:
    operator.get_by_role("link", name="电子书波次").click()
    expect(operator.get_by_text("运行中")).to_be_visible()
    grown(operator, "@entry>entered>article", 0)
    grown(operator, "article>sent>reply", 0)
    grown(operator, "reply>happened>form-link", 0)
    moves(operator)
    expect(operator.get_by_text("实时", exact=True)).to_be_visible()
    operator.locator("[data-step=article]").click()
    sends = operator.get_by_role("row").filter(has_text="公众号群发")
    expect(sends).to_contain_text("平台已受理")
    assert int(sends.get_by_role("cell").last.inner_text()) > 30
    operator.get_by_role("button", name="YAML").click()
    expect(operator.get_by_text("key: ebook-wave")).to_be_visible()


def test_open_a_customer_see_why_and_tag_with_a_reason(operator: Page, company: str) -> None:
    operator.get_by_role("link", name="电子书波次").click()
    grown(operator, "article>sent>reply", 0)
    operator.goto(f"{company}/customers/{walker(operator, company)}")
    expect(operator.get_by_text("进入旅程「电子书波次」").first).to_be_visible()
    operator.get_by_role("tab", name="触达与原因").click()
    expect(operator.get_by_text("提出发送请求").first).to_be_visible()
    expect(operator.get_by_text("不在客服消息时间窗口内").first).to_be_visible()
    operator.get_by_role("tab", name="旅程", exact=True).click()
    expect(operator.get_by_text("推送电子书文章").first).to_be_visible()

    operator.get_by_role("button", name="加标签").click()
    operator.get_by_label("新建标签").fill("意向/高")
    operator.get_by_role("button", name=re.compile("添.?加")).click()
    expect(operator.get_by_role("dialog").get_by_text("意向/高")).to_be_visible()
    operator.get_by_role("dialog").get_by_label("原因").fill("展会上当面确认有需求")
    operator.get_by_role("button", name=re.compile("保.?存")).click()
    expect(operator.get_by_text("展会上当面确认有需求").first).to_be_visible()
    operator.get_by_role("tab", name="时间线").click()
    expect(operator.get_by_text("打上标签「意向/高」，原因：展会上当面确认有需求")).to_be_visible()


def test_build_a_segment_with_an_estimate_and_save_it(operator: Page, company: str) -> None:
    operator.goto(f"{company}/segments/new")
    expect(operator.get_by_test_id("reads")).to_contain_text("所有客户")
    operator.get_by_role("button", name=re.compile("添加条件$")).click()
    operator.get_by_role("menuitem", name="关注账号").click()
    operator.get_by_role("button", name=re.compile("保.?存")).click()
    expect(operator.get_by_text("请填写名称")).to_be_visible()
    expect(operator.get_by_text("请选择账号")).to_be_visible()
    choose(operator, "选择账号", "服务号")
    expect(operator.get_by_test_id("reads")).to_contain_text("正在关注「云启软件（服务号）」")
    expect(operator.get_by_test_id("estimate")).to_have_text(re.compile(r"^[1-9]\d* 人$"))
    operator.get_by_label("人群名称").fill("正在关注的人")
    operator.get_by_role("button", name=re.compile("保.?存")).click()
    operator.wait_for_url(re.compile(r"/segments/\d+$"))
    operator.goto(f"{company}/segments")
    expect(operator.get_by_role("row").filter(has_text="正在关注的人")).to_contain_text(
        "正在关注「云启软件（服务号）」"
    )


def test_import_a_dirty_file_and_take_it_back(operator: Page, company: str, tmp_path: Path) -> None:
    file = tmp_path / "客户.csv"
    file.write_bytes(DIRTY.encode("gb18030"))
    operator.goto(f"{company}/imports")
    operator.locator("input[type=file]").set_input_files(file)
    operator.wait_for_url(re.compile(r"/imports/\d+$"))
    expect(operator.get_by_text("GB18030 / GBK")).to_be_visible()
    expect(operator.get_by_role("cell", name="欧阳静").first).to_be_visible()
    operator.get_by_role("button", name="文字正确，下一步").click()
    operator.get_by_role("button", name="检查全部行").click()
    expect(operator.get_by_role("row").filter(has_text="1.38E+10")).to_contain_text("科学计数法")
    expect(operator.get_by_role("row").filter(has_text="1390000444")).to_contain_text("有错，不导入")
    operator.get_by_role("button", name="导入 3 行").click()
    operator.get_by_role("dialog").get_by_role("button", name="导入 3 行").click()
    expect(operator.get_by_text("导入完成：2 位客户，其中新建 2 位")).to_be_visible()

    operator.goto(f"{company}/customers")
    operator.get_by_placeholder("姓名 / 拼音 / 公司 / 手机尾号").fill("ouyang")
    found = operator.get_by_role("row").filter(has_text="欧阳静")
    expect(found).to_contain_text("138****8888")
    operator.goto(f"{company}/imports")
    operator.get_by_role("link", name="客户.csv").click()
    operator.get_by_role("button", name="撤回整批").click()
    operator.get_by_role("dialog").get_by_role("button", name="撤回整批").click()
    expect(operator.get_by_text("这次导入已取消，写入的内容已全部撤回")).to_be_visible()
    operator.goto(f"{company}/customers?q=ouyang")
    expect(operator.get_by_text("没有符合的客户")).to_be_visible()
