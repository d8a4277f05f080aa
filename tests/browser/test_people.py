"""Who may see what, and ways through the screens: the session, the address, the keyboard."""

import re

import httpx2
import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import LOGIN, PASSWORD, choose
from tests.support.waiting import until

# The first test also waits for the company to start.
pytestmark = pytest.mark.timeout(300)


def enter(page: Page, login: str) -> None:
    """Fill in the sign-in that is shown and send it with the keyboard."""
    page.get_by_label("账号", exact=True).fill(login)
    page.get_by_label("密码", exact=True).fill(PASSWORD)
    page.keyboard.press("Enter")


def test_a_link_waits_for_the_sign_in_and_an_ended_session_is_renewed_over_the_page(
    visitor: Page, company: str
) -> None:
    visitor.goto(f"{company}/customers?sort=activity")
    visitor.wait_for_url("**/sign-in?next=*")
    enter(visitor, LOGIN)
    visitor.wait_for_url("**/customers?sort=activity")
    expect(visitor).to_have_title("客户 · 思域")
    visitor.context.clear_cookies()
    # The screen itself notices: nobody clicks.
    expect(visitor.get_by_role("dialog", name="登录已失效，请重新登录")).to_be_visible()
    visitor.get_by_role("button", name="去登录页").click()
    visitor.wait_for_url("**/sign-in?next=*")
    expect(visitor.get_by_text("登录后回到刚才的页面")).to_be_visible()
    enter(visitor, LOGIN)
    visitor.wait_for_url("**/customers?sort=activity")


def test_what_was_being_saved_when_the_session_ended_is_saved_after_signing_in_again(
    visitor: Page, company: str
) -> None:
    visitor.goto(f"{company}/sign-in")
    enter(visitor, LOGIN)
    visitor.wait_for_url("**/journeys")
    visitor.goto(f"{company}/segments/new")
    visitor.get_by_label("人群名称").fill("登录过期时写的人群")

    def ends(route: Route) -> None:
        """The session ends while the save is under way: earlier, the page would notice before anybody can save."""
        cookies = {str(one["name"]): str(one["value"]) for one in route.request.frame.page.context.cookies()}
        httpx2.post(f"{company}/api/team/sign-out", cookies=cookies, trust_env=False).raise_for_status()
        route.continue_()

    visitor.route("**/api/segments", ends, times=1)
    visitor.get_by_role("button", name=re.compile("保.?存")).click()
    dialog = visitor.get_by_role("dialog", name="登录已失效，请重新登录")
    enter(visitor, LOGIN)
    expect(dialog).to_have_count(0)
    visitor.wait_for_url(re.compile(r"/segments/\d+$"))
    expect(visitor.get_by_label("人群名称")).to_have_value("登录过期时写的人群")

    # A colleague's session must not go on with this page.
    visitor.context.clear_cookies()
    expect(dialog).to_be_visible()
    enter(visitor, "sales")
    expect(visitor.get_by_role("dialog", name="现在登录的是")).to_be_visible()
    visitor.get_by_role("button", name="重新载入").click()
    expect(visitor.locator(".siyu-person")).to_contain_text("销售")


def test_an_address_that_is_none_keeps_the_menu_and_the_keyboard_reaches_the_page(operator: Page, company: str) -> None:
    operator.goto(f"{company}/nowhere/at/all")
    expect(operator.get_by_text("没有这个页面")).to_be_visible()
    expect(operator).to_have_title("没有这个页面 · 思域")
    operator.keyboard.press("Tab")
    expect(operator.get_by_role("button", name="跳到正文")).to_be_focused()
    operator.keyboard.press("Enter")
    expect(operator.get_by_role("main")).to_be_focused()
    operator.get_by_role("link", name="人群", exact=True).click()
    expect(operator).to_have_title("人群 · 思域")
    expect(operator.get_by_role("main")).to_be_focused()


def test_the_rules_for_sending_are_changed_and_a_second_cap_of_a_kind_is_told(operator: Page, company: str) -> None:
    before = operator.request.get(f"{company}/api/outreach/policy").json()
    operator.goto(f"{company}/outreach")
    operator.get_by_role("radio", name="放假期间不推送").check()
    expect(operator.get_by_text("农历除夕、春节 02-15 – 02-23 · 9 天")).to_be_visible()
    operator.get_by_role("button", name="下一年").click()
    expect(operator.get_by_text("2027 年的放假安排还没有公布")).to_be_visible()
    operator.get_by_role("button", name="加一条上限").click()
    operator.get_by_role("button", name=re.compile("保.?存")).click()
    expect(operator.get_by_text("同一通路和周期已有一条上限")).to_be_visible()
    choose(operator, "触达通路", "公众号群发")
    operator.get_by_role("button", name=re.compile("保.?存")).click()
    expect(operator.get_by_text("触达规则已保存")).to_be_visible()
    cap = {"route": "oa_mass", "period": "day", "most": 1}
    saved = operator.request.get(f"{company}/api/outreach/policy").json()
    assert saved == {**before, "holidays": "hold", "caps": [*before["caps"], cap]}
    operator.reload()
    expect(operator.get_by_role("radio", name="放假期间不推送")).to_be_checked()
    operator.request.put(f"{company}/api/outreach/policy", data=before)


def test_a_foreign_address_after_the_sign_in_is_not_followed_and_a_missing_customer_is_said(
    visitor: Page, company: str
) -> None:
    visitor.goto(f"{company}/sign-in?next=//example.com/")
    enter(visitor, LOGIN)
    visitor.wait_for_url(f"{company}/journeys")
    visitor.goto(f"{company}/customers/999999")
    expect(visitor.get_by_text("没有这位客户")).to_be_visible()


def test_find_a_customer_by_keyboard_and_return_to_the_same_tab(operator: Page, company: str) -> None:
    known = operator.request.get(f"{company}/api/customers?limit=50").json()["items"]
    name = next(one["name"] for one in known if one["name"])
    expect(operator.get_by_label("搜索客户")).to_be_visible()
    operator.keyboard.press("/")
    operator.keyboard.type(name)
    expect(operator.locator(".siyu-found", has_text=name).first).to_be_visible()
    operator.keyboard.press("Enter")
    expect(operator).to_have_title(f"{name} · 思域")
    operator.get_by_role("tab", name="旅程", exact=True).click()
    operator.wait_for_url("**tab=journeys")
    operator.reload()
    expect(operator.get_by_role("tab", name="旅程", exact=True)).to_have_attribute("aria-selected", "true")
    operator.go_back()
    operator.wait_for_url("**/journeys")


def test_sales_see_masked_phones_and_not_why_a_send_was_decided(visitor: Page, company: str) -> None:
    visitor.goto(f"{company}/sign-in")
    enter(visitor, "sales")
    visitor.wait_for_url("**/journeys")

    def known() -> list[dict[str, str]]:
        asked = {"condition": {"kind": "account"}, "limit": 200}
        listed = visitor.request.post(f"{company}/api/segments/people", data=asked).json()["items"]
        return [row for row in listed if row["phone"]]

    until(known, "somebody left a phone in the form", seconds=120)
    one = known()[0]
    assert re.fullmatch(r"1\d\d\*{4}\d{4}", one["phone"])
    visitor.goto(f"{company}/customers/{one['customer_id']}")
    expect(visitor.get_by_text(one["phone"]).first).to_be_visible()
    assert not re.search(r"\b1[3-9]\d{9}\b", visitor.inner_text("body"))
    expect(visitor.get_by_role("tab", name="触达与原因")).to_have_count(0)
    expect(visitor.get_by_text("云启软件（服务号）").first).to_be_visible()
    refused = visitor.request.get(f"{company}/api/customers/{one['customer_id']}?clear=true")
    assert refused.status == 403


def test_the_server_goes_away_before_a_screen_is_loaded_and_comes_back(visitor: Page, company: str) -> None:
    visitor.goto(f"{company}/sign-in")
    enter(visitor, LOGIN)
    visitor.wait_for_url("**/journeys")
    expect(visitor.get_by_role("link", name="电子书波次")).to_be_visible()
    visitor.context.set_offline(True)
    visitor.get_by_role("link", name="人群").click()
    expect(visitor.get_by_text("连接不上服务器，请稍后再试")).to_be_visible()
    expect(visitor.get_by_text("画面停在最后一次更新")).to_be_visible()
    visitor.context.set_offline(False)
    expect(visitor.get_by_role("link", name="电子书人群", exact=True)).to_be_visible()
    expect(visitor.get_by_text("画面停在最后一次更新")).to_have_count(0)


NESTED = {
    "all": [
        {"kind": "event", "type": "form_submitted", "count": {"ge": 1, "lt": 9}, "within": "30d"},
        {"not": {"any": [{"kind": "date", "age": {"ge": 18, "lt": 30}}, {"kind": "owner"}]}},
    ]
}


def test_an_untouched_segment_stays_as_it_is_a_fault_marks_its_field_and_edits_are_not_lost(
    visitor: Page, company: str
) -> None:
    visitor.goto(f"{company}/sign-in")
    enter(visitor, LOGIN)
    visitor.wait_for_url("**/journeys")
    made = visitor.request.post(f"{company}/api/segments", data={"name": "填过表的人", "condition": NESTED}).json()
    kept = visitor.request.get(f"{company}/api/segments/{made['segment_id']}").json()["condition"]
    visitor.goto(f"{company}/segments/{made['segment_id']}")
    expect(visitor.get_by_test_id("reads")).to_contain_text("最近 30 天提交表单至少 1且少于 9 次")
    expect(visitor.get_by_text("有修改尚未保存")).to_have_count(0)

    visitor.get_by_label("人群名称").fill("交过表单的人")
    visitor.get_by_role("link", name="客户", exact=True).click()
    visitor.get_by_role("button", name="留在这里").click()
    expect(visitor.get_by_role("dialog")).to_have_count(0)
    expect(visitor.get_by_text("有修改尚未保存")).to_be_visible()
    visitor.get_by_label("人群名称").press("Enter")
    expect(visitor.get_by_role("heading", name="交过表单的人")).to_be_visible()
    saved = visitor.request.get(f"{company}/api/segments/{made['segment_id']}").json()
    assert saved["condition"] == kept

    # Seventy years: the server refuses it and names the parameter.
    visitor.get_by_label("最近", exact=True).fill("3660")
    visitor.get_by_label("时间单位").click()
    visitor.locator(".ant-select-item-option", has_text="周").click()
    expect(visitor.get_by_role("alert").filter(has_text="时间要是一个正数加单位")).to_be_visible()
    expect(visitor.locator(".ant-input-number-status-error")).to_have_count(1)
    visitor.get_by_role("link", name="客户", exact=True).click()
    visitor.get_by_role("button", name="放弃修改").click()
    visitor.wait_for_url("**/customers")
