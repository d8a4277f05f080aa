"""Whole tasks of an operator, in a browser, against a really running company."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import choose

# The first test also waits for the company to start.
pytestmark = pytest.mark.timeout(300)


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
    """Somebody whom the first push reached by mass send, because nothing else was possible: of the oldest."""
    shown = page.request.get(f"{company}/api/journeys/1/enrolments?limit=200").json()["items"]
    for one in reversed(shown):
        ledger = page.request.get(f"{company}/api/outreach/customers/{one['customer_id']}/ledger").text()
        if '"oa_mass"' in ledger:
            return int(one["customer_id"])
    raise AssertionError("the first push reached nobody by mass send")


def test_watch_the_wave_grow_and_see_what_a_step_sent(operator: Page) -> None:
    operator.get_by_role("link", name="电子书波次").click()
    expect(operator.get_by_text("运行中").first).to_be_visible()
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


def followed(page: Page) -> int:
    """Read the whole list behind a count, which names as many people as the count; close it. Returns how many."""
    drawer = page.get_by_role("dialog")
    count = int(re.sub(r"\D", "", drawer.get_by_test_id("counted").inner_text()))
    people = drawer.get_by_role("listitem")
    expect(people.first).to_be_visible()
    while (more := drawer.get_by_role("button", name="加载更多")).count():
        before = people.count()
        more.click()
        expect(people).not_to_have_count(before)
    shown = people.count()
    # Who came while the list was read is told, not shown.
    assert shown == count or drawer.get_by_text("人数已变为").count()
    page.keyboard.press("Escape")
    expect(drawer).to_have_count(0)
    return shown


def test_every_count_of_the_wave_leads_to_its_people(operator: Page) -> None:
    operator.get_by_role("link", name="电子书波次").click()
    grown(operator, "reply>happened>form-link", 2)
    operator.locator("[data-edge='reply>happened>form-link'][data-count]").click()
    expect(operator.get_by_role("dialog")).to_contain_text("等待回复关键词 · 已回复 → 发送下载链接")
    assert followed(operator) >= 3
    operator.get_by_role("button", name="查看名单：进入").click()
    assert followed(operator) >= 40
    operator.locator("[data-step=article]").click()
    sends = operator.get_by_role("row").filter(has_text="平台已受理").filter(has_text="公众号群发")
    sends.get_by_role("button").click()
    expect(operator.get_by_role("dialog")).to_contain_text("推送电子书文章 · 平台已受理 · 公众号群发")
    assert followed(operator) >= 30


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


RAW = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d|\[object|undefined|NaN"
    r"|\b(?:app|customers?|edge|ended|error|event|form|identity|imports?|journeys?|kind|leaf|lifecycle|nav|op|order|reviews?"
    r"|route|policy|said|seen|segments?|send|shared|source|state|tags|theme|touch|wave)\.[a-z_]+\b"
)
"""What a person never wants to read: machine times, objects, and words that nobody wrote."""


def test_every_screen_is_quiet_fits_its_width_and_has_its_words(operator: Page, company: str) -> None:
    operator.get_by_role("link", name="电子书波次").click()
    grown(operator, "article>sent>reply", 0)
    one = walker(operator, company)
    paths = ["/journeys", "/journeys/1", "/customers", "/segments", "/segments/1", "/segments/new", "/content"]
    paths += ["/imports", "/reviews", "/outreach", "/nowhere", f"/customers/{one}"]
    paths += [f"/customers/{one}?tab={tab}" for tab in ("journeys", "ledger", "orders")]
    told: list[str] = []
    operator.on("console", lambda message: told.append(message.text) if message.type == "warning" else None)
    for language, width in (("zh", 1440), ("en", 1024), ("en", 360)):
        operator.evaluate("language => localStorage.setItem('siyu.language', language)", language)
        operator.set_viewport_size({"width": width, "height": 900})
        for path in paths:
            operator.goto(company + path)
            expect(operator.get_by_role("heading").first).to_be_visible()
            expect(operator.get_by_text("正在加载…" if language == "zh" else "Loading…")).to_have_count(0)
            where = f"{path} {language} {width}"
            page = operator.locator("body").inner_text()
            assert not RAW.search(page), f"{where}: {RAW.search(page)}"
            beyond = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            assert operator.evaluate(beyond) == 0, f"{where} is wider than the screen"
    assert told == []
