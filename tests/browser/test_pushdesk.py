"""A salesperson on a phone goes from the push desk to WeCom's assistant, confirms, and sees on the desk who got it."""

import re
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Page, expect

from siyu.app.demo.company import CORPID
from siyu.app.demo.firm import KEYS
from siyu.platforms.sandbox_control.client import SandboxControl
from tests.browser.conftest import LOGIN, PASSWORD, PATIENCE
from tests.support.waiting import until

pytestmark = pytest.mark.timeout(600)

WORDS = "浏览器测试：这周三下午两点有一场直播，给您留了座位"
ROUND = 240_000
"""Milliseconds until the next noon, at most: a simulated day, and a busy machine. At noon, because on the desk of the
next day what was confirmed today is gone."""
PEOPLE, STATE = 4, "browser"
PHONE = {"width": 360, "height": 740}


def _pushed(company: str) -> None:
    """A push to people of this test's own, all at one moment and so in one send task. Nothing else is pushed: the
    company's own stage journeys, which would compete for the people's day, are stopped."""
    with httpx2.Client(base_url=company, timeout=60) as http:

        def asked(path: str, body: object = None) -> Any:
            answer = http.post(path, json=body) if body is not None else http.post(path)
            assert answer.is_success, answer.text
            return answer.json()

        def journeys() -> Any:
            answer = http.get("/api/journeys")
            assert answer.is_success, answer.text
            return answer.json()

        def stages() -> list[int]:
            live = [one for one in journeys() if one["state"] == "running"]
            return [one["journey_id"] for one in live if one["key"] in KEYS]

        def contacts() -> list[int]:
            condition = {"kind": "source", "via": ["wecom_state"], "code": [STATE]}
            return [one["customer_id"] for one in asked("/api/segments/people", {"condition": condition})["items"]]

        asked("/api/team/sign-in", {"login": LOGIN, "password": PASSWORD})
        until(lambda: len(stages()) == len(KEYS), "the company's stage journeys run", seconds=120)
        for journey_id in stages():
            asked(f"/api/journeys/{journey_id}/stop")
        with _sandbox(http) as sandbox:
            first = int(sandbox.add_people(count=PEOPLE)["first"])
            for person in range(first, first + PEOPLE):
                sandbox.act(person, "add_member", corpid=CORPID, userid="lisi", state=STATE)
        until(lambda: len(contacts()) == PEOPLE, "the test's people are known", seconds=120)
        nobody = {"condition": {"kind": "attribute", "name": "region", "op": "eq", "value": "nowhere"}}
        invite = {"id": "invite", "text": WORDS, "part": "noon", "late": "next_day", "routes": ["wecom_group_send"]}
        invited = [{"id": "invited", "name": "邀请", "pieces": [invite]}]
        definition = {"key": "browser-push", "name": "直播邀请", "entry": nobody, "stages": invited}
        journey_id = asked("/api/journeys", {"definition": definition})["journey_id"]
        asked(f"/api/journeys/{journey_id}/start")
        asked(f"/api/journeys/{journey_id}/enrolments", {"customers": contacts(), "key": "browser"})


def _sandbox(http: httpx2.Client) -> SandboxControl:
    """The platforms, where the assistant of the first member who has one stands."""
    for staff_id in range(1, 9):
        desk = http.get("/api/outreach/desk", params={"staff_id": staff_id}).json()
        if url := desk.get("assistant_url"):
            return SandboxControl(url.partition("/assistant/")[0])
    raise AssertionError("nobody confirms in the sandbox")


def _narrow(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], "nothing sticks out sideways"


def test_a_salesperson_confirms_the_day_on_a_phone(page: Page, company: str) -> None:
    _pushed(company)
    page.set_default_timeout(PATIENCE)
    expect.set_options(timeout=PATIENCE)
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]  # the two sizes
    page.goto(f"{company}/sign-in?next=/pushdesk")
    page.get_by_label("账号").fill("sales")
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name=re.compile("登.?录")).click()
    page.wait_for_url("**/pushdesk")

    card = page.get_by_role("region", name="群发任务").locator(".ant-card", has_text=WORDS).first
    expect(card).to_contain_text("待确认", timeout=ROUND)
    expect(card).to_contain_text(f"{PEOPLE} 位客户 · 还剩 ")
    expect(page.get_by_role("heading", name=re.compile(r"[1-9] 个任务待确认"))).to_be_visible()
    expect(page.get_by_text(re.compile("今天还需约 [0-9.]+ 分钟")).first).to_be_visible()
    _narrow(page)

    with page.expect_popup() as opened:
        page.get_by_role("link", name="去群发助手确认").click()
    assistant = opened.value
    assistant.set_viewport_size(PHONE)  # type: ignore[arg-type]  # the two sizes
    expect(assistant.get_by_role("heading", name="群发助手 · 李四")).to_be_visible()
    waiting = assistant.locator("section", has_text=WORDS).filter(has=assistant.get_by_role("button", name="发送"))
    expect(waiting).to_have_count(1)
    _narrow(assistant)
    waiting.get_by_role("button", name="发送").click()
    expect(waiting).to_have_count(0)
    expect(assistant.locator("section", has_text=WORDS)).to_contain_text("已发送给")
    assistant.close()

    expect(card).to_contain_text(re.compile("已确认|已完成"))
    expect(card).to_contain_text(f"已送达 {PEOPLE} / {PEOPLE}")
    _narrow(page)
    card.get_by_role("link", name="客户名单").click()
    people = page.get_by_role("dialog")
    expect(people.get_by_role("group", name="任务的客户名单")).to_contain_text(f"已送达 {PEOPLE}")
    expect(people.get_by_role("listitem")).to_have_count(PEOPLE)
    _narrow(page)
    people.get_by_role("listitem").first.get_by_role("link").click()
    page.wait_for_url("**/customers/*")
    page.go_back()
    expect(people.get_by_role("listitem")).to_have_count(PEOPLE)
    page.keyboard.press("Escape")
    page.wait_for_url("**/pushdesk")
    got = page.evaluate("fetch('/api/outreach/desk').then(one => one.json())")["assistant_url"]
    with SandboxControl(got.partition("/assistant/")[0]) as sandbox:
        assert sandbox.received(route="wecom_group_send", match=WORDS)["count"] == PEOPLE
