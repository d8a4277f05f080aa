"""An operator writes a welcome and a reply and tries it; a task is done on a phone."""

import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import choose


def test_an_operator_writes_a_welcome_and_a_reply_and_sees_what_would_be_answered(operator: Page, company: str) -> None:
    operator.goto(f"{company}/replies")
    operator.get_by_role("button", name="新增欢迎语").click()
    operator.get_by_role("button", name=re.compile("保.?存")).click()
    expect(operator.get_by_text("请填写名称")).to_be_visible()
    operator.get_by_label("名称").fill("通用欢迎语")
    operator.get_by_label("文字", exact=True).last.fill("您好，想先了解哪方面？")
    operator.get_by_label("再次问候的话").fill("在吗？")
    operator.get_by_role("button", name=re.compile("保.?存")).click()
    row = operator.get_by_role("row", name=re.compile("通用欢迎语"))
    expect(row).to_contain_text("120 分钟后")

    operator.get_by_role("tab", name="自动回复").click()
    operator.get_by_role("button", name="新增自动回复").first.click()
    operator.get_by_label("名称").fill("营业时间")
    words = operator.get_by_label("关键词和同义词")
    for word in ("几点开门", "营业时间"):
        words.fill(word)
        words.press("Enter")
    operator.get_by_label("文字", exact=True).last.fill("每天 10 点到 21 点")
    operator.get_by_role("button", name=re.compile("保.?存")).click()
    expect(operator.get_by_role("row", name=re.compile("几点开门"))).to_contain_text("每天 10 点到 21 点")
    operator.get_by_label("输入客户可能说的话").fill("请问 你们几点 开门？")
    operator.get_by_role("button", name="试一试").click()
    expect(operator.get_by_text("用「营业时间」回复")).to_be_visible()
    operator.get_by_label("输入客户可能说的话").fill("多少钱")
    operator.get_by_role("button", name="试一试").click()
    expect(operator.get_by_text("没有可用的回复")).to_be_visible()

    operator.get_by_role("tab", name="规则").click()
    name = operator.request.get(f"{company}/api/segments").json()["items"][0]["name"]
    choose(operator, "留给人工的客户", name)
    operator.get_by_role("button", name=re.compile("保.?存")).click()
    expect(operator.get_by_text("规则已保存")).to_be_visible()
    operator.reload()
    expect(operator.get_by_text(name, exact=True).last).to_be_visible()
    operator.get_by_role("tab", name="未答问题").click()
    expect(operator.get_by_role("tabpanel", name="未答问题")).to_be_visible()


def test_a_task_is_done_on_a_phone(operator: Page, company: str) -> None:
    me = operator.request.get(f"{company}/api/team/me").json()
    customers = operator.request.get(f"{company}/api/customers").json()["items"]
    ids = [one["customer_id"] for one in customers[:2]]
    new = {"customer_ids": ids, "title": "请她来试听", "say": "周六上午还有两个名额", "staff_id": me["staff_id"]}
    assert operator.request.post(f"{company}/api/tasks", data=new).status == 201
    operator.set_viewport_size({"width": 360, "height": 740})
    operator.goto(f"{company}/pushdesk")
    tasks = operator.get_by_test_id("task")
    expect(tasks).to_have_count(2)
    assert operator.evaluate("document.documentElement.scrollWidth") <= 360, "nothing sticks out sideways"
    tasks.first.get_by_role("button", name="客户已回复").click()
    expect(tasks).to_have_count(1)
    tasks.first.get_by_role("button", name=re.compile("退.?回")).click()
    operator.get_by_label("原因（可不填）").fill("不认识这位客户")
    operator.get_by_role("dialog").get_by_role("button", name=re.compile("退.?回")).click()
    expect(operator.get_by_text("今天没有任务")).to_be_visible()
    states = operator.request.get(f"{company}/api/tasks?staff_id={me['staff_id']}").json()["items"]
    assert sorted(one["state"] for one in states) == ["handed_back", "replied"]
