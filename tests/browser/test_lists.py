"""A number leads to the people behind it; the list of customers filters, tags many and saves a segment."""

import json
import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import choose
from tests.support.waiting import until

# The first test also waits for the company to start.
pytestmark = pytest.mark.timeout(300)


def _post(page: Page, path: str, body: object) -> Any:
    answer = page.request.post(path, data=body)
    assert answer.ok, answer.text()
    return answer.json()


def _tag(page: Page, company: str, group: str, name: str) -> int:
    group_id = _post(page, f"{company}/api/tags/groups", {"name": group})["group_id"]
    tag_id: int = _post(page, f"{company}/api/tags/groups/{group_id}/tags", {"name": name})["tag_id"]
    return tag_id


def _new(page: Page, company: str, names: list[str]) -> list[int]:
    """People of the test's own: of somebody whom the demo's rules tag meanwhile, a row shows other tags first."""
    items = [
        {
            "key": name,
            "identities": [{"kind": "crm_id", "scope": "lists", "value": name}],
            "attributes": {"name": name},
        }
        for name in names
    ]
    told = _post(page, f"{company}/api/customers", {"source": "lists", "items": items})
    return [one["customer_id"] for one in told["items"]]


def test_the_size_of_a_segment_leads_to_its_people_and_all_of_them_are_tagged(operator: Page, company: str) -> None:
    high, called = _tag(operator, company, "展会", "高意向"), _tag(operator, company, "回访", "已电话")
    ids = _new(operator, company, ["何一", "何二", "何三", "何四", "何五", "何六", "何七"])
    _post(operator, f"{company}/api/tags/{high}/add", {"customer_ids": ids, "why": "展会"})
    condition = {"kind": "tag", "tag": high}
    segment = _post(operator, f"{company}/api/segments", {"name": "高意向", "condition": condition})["segment_id"]

    operator.goto(f"{company}/segments")
    operator.get_by_role("link", name="查看“高意向”的 7 位成员").click()
    operator.wait_for_url(f"**/customers?segment={segment}")
    expect(operator.get_by_test_id("total")).to_have_text("共 7 位客户")
    expect(operator.get_by_role("button", name="加标签")).to_be_disabled()
    operator.locator("thead").get_by_role("checkbox").check()
    expect(operator.get_by_text("已选 7 位客户")).to_be_visible()
    operator.get_by_role("button", name="加标签").click()
    dialog = operator.get_by_role("dialog", name="给 7 位客户加标签")
    dialog.get_by_role("button", name="加标签").click()
    expect(dialog.get_by_text("请写明原因")).to_be_visible()
    dialog.get_by_label("标签", exact=True).click()
    operator.keyboard.type("已电话")  # of many tags only the first few are drawn
    operator.locator(".ant-select-dropdown:visible .ant-select-item-option", has_text="回访/已电话").click()
    dialog.get_by_label("原因").fill("首轮回访")
    dialog.get_by_role("button", name="加标签").click()
    expect(operator.get_by_text("已给 7 位客户加上标签")).to_be_visible()
    expect(dialog).to_have_count(0)

    # A tag in a row leads to everybody who has it; Back leads to the segment again.
    operator.locator("tbody").get_by_role("link", name="回访/已电话").first.click()
    operator.wait_for_url(f"**/customers?tag={called}")
    expect(operator.get_by_test_id("total")).to_have_text("共 7 位客户")
    operator.go_back()
    operator.wait_for_url(f"**/customers?segment={segment}")
    operator.locator("tbody a").first.click()
    operator.wait_for_url(re.compile(r"/customers/\d+"))
    operator.go_back()
    operator.wait_for_url(f"**/customers?segment={segment}")
    expect(operator.get_by_test_id("total")).to_have_text("共 7 位客户")


def test_everybody_who_matches_is_meant_beyond_the_rows_that_are_shown(operator: Page, company: str) -> None:
    tag = _tag(operator, company, "批量", "全部")
    people = operator.request.post(f"{company}/api/segments/people/total", data={"condition": {"all": []}}).json()
    assert people["count"] > 50
    operator.goto(f"{company}/customers?pushes=in")
    operator.locator("thead").get_by_role("checkbox").check()
    expect(operator.get_by_text("已选 50 位客户")).to_be_visible()
    operator.get_by_role("button", name=re.compile("选择全部")).click()
    expect(operator.get_by_text("已选全部符合条件的")).to_be_visible()
    operator.get_by_role("button", name="加标签").click()
    dialog = operator.get_by_role("dialog")
    dialog.get_by_label("标签", exact=True).click()
    operator.keyboard.type("批量")
    operator.locator(".ant-select-dropdown:visible .ant-select-item-option", has_text="批量/全部").click()
    dialog.get_by_label("原因").fill("春季活动")
    dialog.get_by_role("button", name="加标签").click()
    expect(dialog).to_have_count(0)
    tagged = _post(operator, f"{company}/api/segments/people/total", {"condition": {"kind": "tag", "tag": tag}})
    assert tagged["count"] > 50


def test_filters_stand_in_the_address_and_become_a_segment_without_the_search(operator: Page, company: str) -> None:
    vip = _tag(operator, company, "名单", "春季")
    named = {"all": [{"kind": "account"}, {"kind": "attribute", "name": "name", "op": "exists"}]}

    def some() -> list[Any]:
        items: list[Any] = _post(operator, f"{company}/api/segments/people", {"condition": named})["items"]
        return items[:3]

    # Followers get their names by and by: from forms, and from the salespeople whom they add.
    until(lambda: len(some()) == 3, "three followers have names", seconds=120)
    known = some()
    _post(
        operator,
        f"{company}/api/tags/{vip}/add",
        {"customer_ids": [one["customer_id"] for one in known], "why": "名单"},
    )
    operator.goto(f"{company}/customers")
    choose(operator, "标签", "名单/春季")
    operator.wait_for_url(f"**/customers?tag={vip}")
    expect(operator.get_by_test_id("total")).to_have_text("共 3 位客户")
    choose(operator, "关注状态", "从未关注")
    expect(operator.get_by_test_id("total")).to_have_text("共 0 位客户")
    expect(operator.get_by_text("没有符合的客户")).to_be_visible()
    operator.go_back()
    expect(operator.get_by_test_id("total")).to_have_text("共 3 位客户")
    choose(operator, "关注状态", "关注中")
    operator.get_by_label("搜索", exact=True).fill(known[0]["name"])
    operator.wait_for_url(re.compile(r"[?&]q="))
    expect(operator.get_by_role("link", name=known[1]["name"], exact=True)).to_have_count(0)
    operator.reload()
    expect(operator.get_by_label("搜索", exact=True)).to_have_value(known[0]["name"])
    expect(operator.locator("tbody").get_by_role("link", name=known[0]["name"], exact=True)).to_be_visible()

    operator.get_by_role("button", name="存为人群").click()
    dialog = operator.get_by_role("dialog", name="存为人群")
    expect(dialog.get_by_text("带有标签「名单/春季」，并且正在关注任一账号")).to_be_visible()
    expect(dialog.get_by_text(f"搜索词“{known[0]['name']}”不会存入人群")).to_be_visible()
    dialog.get_by_label("人群名称").fill("春季名单")
    dialog.get_by_role("button", name=re.compile("保.?存")).click()
    operator.wait_for_url(re.compile(r"/segments/\d+"))
    number = operator.url.rsplit("/", 1)[1]
    saved = operator.request.get(f"{company}/api/segments/{number}").json()
    assert saved["condition"] == {"all": [{"kind": "tag", "tag": vip}, {"kind": "account"}]}
    # What is counted beside the editor leads to the same people, also of a condition that nobody saved.
    operator.get_by_test_id("estimate").get_by_role("link").click()
    operator.wait_for_url(f"**/customers?segment={number}")


def test_any_condition_can_stand_in_the_address_and_is_said_in_words(operator: Page, company: str) -> None:
    where = json.dumps({"not": {"kind": "follow", "staff": ["nobody"]}}, separators=(",", ":"))
    operator.goto(f"{company}/customers?where={where}")
    expect(operator.get_by_text("不是（跟进人是nobody）")).to_be_visible()
    expect(operator.locator("tbody tr[data-row-key]").first).to_be_visible()
    operator.get_by_role("button", name="清除筛选").click()
    operator.wait_for_url(f"{company}/customers")
