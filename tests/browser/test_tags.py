"""The taxonomy is tidied and two tags become one; a rule, a level and points are set and show in a customer's page."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import choose
from tests.browser.test_screens import RAW

# The first test also waits for the company to start.
pytestmark = pytest.mark.timeout(300)


def _post(page: Page, path: str, body: object) -> Any:
    answer = page.request.post(path, data=body)
    assert answer.ok, answer.text()
    return answer.json() if answer.status != 204 else None


def _tag(page: Page, company: str, group_id: int, name: str) -> int:
    tag_id: int = _post(page, f"{company}/api/tags/groups/{group_id}/tags", {"name": name})["tag_id"]
    return tag_id


def _people(page: Page, company: str, many: int) -> list[int]:
    items = [
        {"key": f"tags-{n}", "identities": [{"kind": "crm_id", "scope": "tags", "value": f"tags-{n}"}]}
        for n in range(many)
    ]
    told = _post(page, f"{company}/api/customers", {"source": "tags", "items": items})
    return [one["customer_id"] for one in told["items"]]


def test_two_tags_of_the_same_people_become_one_after_what_needs_them_is_changed(operator: Page, company: str) -> None:
    group = _post(operator, f"{company}/api/tags/groups", {"name": "整理"})["group_id"]
    old, new = _tag(operator, company, group, "高意向客户"), _tag(operator, company, group, "意向很高")
    ids = _people(operator, company, 7)
    for tag, some in ((old, ids[:6]), (new, ids)):
        _post(operator, f"{company}/api/tags/{tag}/add", {"customer_ids": some, "why": "展会上聊过"})
    needing = {"name": "要整理的", "condition": {"kind": "tag", "tag": old}}
    segment = _post(operator, f"{company}/api/segments", needing)["segment_id"]

    operator.get_by_role("link", name="标签", exact=True).click()
    operator.get_by_role("tab", name="待整理").click()
    operator.wait_for_url("**/tags?tab=hygiene")
    pair = operator.get_by_role("group", name="整理/高意向客户、整理/意向很高")
    expect(pair.get_by_text("85% 相同，共同 6 人")).to_be_visible()
    expect(pair.get_by_role("link", name="查看带有“整理/意向很高”的 7 位客户")).to_be_visible()
    pair.get_by_role("button", name="合并到…").click()
    dialog = operator.get_by_role("dialog", name="把“整理/高意向客户”合并到另一个标签")
    expect(dialog.get_by_text("这些地方正在用它")).to_be_visible()
    expect(dialog.get_by_role("link", name="人群「要整理的」")).to_be_visible()
    expect(dialog.get_by_role("button", name="合并到…")).to_be_disabled()
    dialog.get_by_role("button", name=re.compile("取.?消|Close")).last.click()

    assert operator.request.delete(f"{company}/api/segments/{segment}").ok
    operator.reload()
    pair.get_by_role("button", name="合并到…").click()
    dialog.get_by_role("button", name="合并到…").click()
    expect(operator.get_by_text("已合并，0 位客户因此带上保留的标签")).to_be_visible()
    expect(pair).to_have_count(0)

    operator.goto(f"{company}/tags?open={old}")
    drawer = operator.get_by_role("dialog")
    expect(drawer.get_by_text("这个标签已合并，现在就是“整理/意向很高”")).to_be_visible()
    drawer.get_by_role("button", name=re.compile("打.?开")).click()
    operator.wait_for_url(f"**/tags?open={new}")
    expect(drawer.get_by_text("打给 7 位客户 · 展会上聊过")).to_be_visible()
    drawer.get_by_label("说明").fill("见面聊过两次以上")
    drawer.get_by_role("button", name=re.compile("保.?存")).click()
    expect(operator.get_by_text("已保存")).to_be_visible()

    operator.goto(f"{company}/customers/{ids[0]}")
    tags = operator.locator(".ant-card", has=operator.get_by_text("标签", exact=True)).last
    expect(operator.get_by_role("link", name="整理/意向很高")).to_be_visible()
    expect(tags.get_by_text("展会上聊过").first).to_be_visible()


def test_a_score_rule_is_made_with_its_reach_and_a_level_is_added_without_losing_the_others(
    operator: Page, company: str
) -> None:
    operator.goto(f"{company}/lifecycle?tab=points")
    operator.get_by_role("button", name="新建积分规则").click()
    dialog = operator.get_by_role("dialog")
    dialog.get_by_label("规则").fill("发来消息就加分")
    dialog.get_by_role("button", name=re.compile("保.?存")).click()
    expect(dialog.get_by_text("请选择行为").last).to_be_visible()
    choose(operator, "选择行为", "发来消息")
    expect(dialog.get_by_test_id("reach")).to_have_text(re.compile(r"最近 30 天做过的有 (约 )?[\d,]+ 位客户"))
    dialog.get_by_label("每人每天最多").fill("3")
    dialog.get_by_role("button", name=re.compile("保.?存")).click()
    expect(dialog.get_by_text("不能少于一次的分数")).to_be_visible()
    dialog.get_by_label("每人每天最多").fill("20")
    dialog.get_by_role("button", name=re.compile("保.?存")).click()
    expect(dialog).to_have_count(0)
    row = operator.locator("tr", has_text="发来消息就加分")
    expect(row.get_by_text("每天 20 分")).to_be_visible()

    operator.get_by_role("tab", name="生命周期阶梯").click()
    before = operator.request.get(f"{company}/api/lifecycle/ladder").json()["levels"]
    operator.get_by_role("button", name="加一个层级").click()
    operator.get_by_label("层级名称").last.fill("老友")
    operator.get_by_role("button", name=re.compile("保.?存")).click()
    expect(operator.get_by_text("已保存，正在后台重新看一遍所有客户")).to_be_visible()
    after = operator.request.get(f"{company}/api/lifecycle/ladder").json()["levels"]
    assert [one["key"] for one in after] == [*(one["key"] for one in before), "level_1"]
    expect(operator.get_by_role("link", name=re.compile("查看在“新粉”的"))).to_be_visible()


def test_points_of_a_customer_say_why(operator: Page, company: str) -> None:
    (one,) = _people(operator, company, 1)
    given = {"customer_ids": [one], "points": 12, "why": "线下见面"}
    _post(operator, f"{company}/api/lifecycle/points", given)
    operator.goto(f"{company}/customers/{one}")
    operator.get_by_role("button", name="积分明细").click()
    dialog = operator.get_by_role("dialog", name="积分明细")
    expect(dialog.get_by_text("林小满（运营）：线下见面")).to_be_visible()
    expect(dialog.get_by_text("+12")).to_be_visible()


def test_the_screens_fit_and_have_their_words(operator: Page, company: str) -> None:
    paths = ("/tags?open=1", "/tags?tab=hygiene", "/lifecycle", "/lifecycle?tab=points", "/lifecycle?tab=tags")
    for language, width in (("zh", 1440), ("en", 360)):
        operator.evaluate("language => localStorage.setItem('siyu.language', language)", language)
        operator.set_viewport_size({"width": width, "height": 900})
        for path in paths:
            operator.goto(company + path)
            expect(operator.locator(".ant-tabs-tab-active")).to_be_visible()
            expect(operator.get_by_text("正在加载…" if language == "zh" else "Loading…")).to_have_count(0)
            page = operator.locator("body").inner_text()
            assert not RAW.search(page), f"{path} {language}: {RAW.search(page)}"
            beyond = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            assert operator.evaluate(beyond) == 0, f"{path} {language} is wider than the screen"
