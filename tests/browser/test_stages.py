"""An operator builds a stage journey with its pieces, is told what is missing where it is missing, and puts it live."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import choose

pytestmark = pytest.mark.timeout(300)

DONE = re.compile("完.?成")


@pytest.fixture
def page(visitor: Page) -> Page:
    """As elsewhere, but the 422 by which the server says what is missing is no fault here."""
    return visitor


def test_a_stage_journey_is_built_and_put_live(operator: Page) -> None:
    operator.get_by_role("link", name="新建阶段旅程").click()
    operator.get_by_label("旅程名称").fill("新客培育")
    operator.get_by_label("哪些人进入").click()
    operator.locator(".ant-select-dropdown:visible .ant-select-item-option").first.click()
    operator.get_by_label("现有成员也进入").check()
    stages = operator.get_by_label("旅程阶段")

    stages.get_by_role("button", name="您好，很高兴认识您！").click()
    piece = operator.get_by_role("dialog", name="这一条内容")
    piece.get_by_label("触达通路").click()
    operator.locator(".ant-select-dropdown:visible .ant-select-item-option", has_text="客服消息").click()
    operator.locator(".ant-select-dropdown:visible .ant-select-item-option", has_text="企业微信群发").click()
    piece.get_by_role("button", name=DONE).click()
    expect(piece).not_to_be_visible()

    stages.get_by_role("button", name="加一条内容").first.click()
    expect(piece).to_be_visible()
    piece.get_by_role("button", name=DONE).click()
    refused = stages.get_by_role("alert")
    expect(refused.filter(has_text="文字")).to_have_count(1)
    stages.get_by_role("button", name="（还没写）").click()
    piece.get_by_label("文字", exact=True).last.fill("三分钟看懂同行怎么做")
    choose(operator, "时间", "指定钟点")
    piece.get_by_label("指定钟点").fill("22:00")
    piece.get_by_role("button", name=DONE).click()
    expect(refused).to_have_count(0)
    expect(stages.get_by_text("第 2 天")).to_be_visible()

    operator.get_by_role("tab", name="YAML").click()
    expect(operator.get_by_role("textbox", name="YAML")).to_contain_text("三分钟看懂同行怎么做")
    operator.get_by_role("tab", name="阶段画布").click()
    expect(stages.get_by_text("22:00")).to_be_visible()

    operator.get_by_role("button", name="保存并启动").click()
    expect(operator.get_by_text("运行中").first).to_be_visible()
    expect(operator.get_by_role("heading", name="认知期")).to_be_visible()
    operator.get_by_role("button", name="查看名单：认知期").click()
    people = operator.get_by_role("dialog", name="处于「认知期」阶段")
    expect(people.get_by_test_id("counted")).to_contain_text("人")
    expect(people.get_by_role("link").first).to_be_visible()

    operator.keyboard.press("Escape")
    expect(people).not_to_be_visible()

    faces = operator.get_by_role("group", name="最近进入的人").first.get_by_role("button")
    expect(faces).to_have_count(6)
    name = faces.first.inner_text()
    faces.filter(has_text=name).first.press("Enter")
    ask = operator.get_by_role("dialog", name=f"移动客户：{name}")
    choose(operator, "目标阶段", "决策期")
    expect(ask.get_by_label("接下来会收到")).to_contain_text("还没有内容")
    expect(ask.get_by_role("button", name="确认移动")).to_be_disabled()
    ask.get_by_label("移动原因").fill("电话里约了演示")
    ask.get_by_label("移动原因").press("Enter")
    expect(operator.get_by_role("button", name="查看名单：决策期 1")).to_be_visible()

    moved = operator.get_by_role("group", name="最近进入的人").last.get_by_role("button", name=f"移动 {name}")
    moved.drag_to(operator.get_by_role("heading", name="认知期"))
    expect(ask.get_by_label("接下来会收到")).to_contain_text("三分钟看懂同行怎么做")
    ask.get_by_label("移动原因").fill("还要再想想")
    ask.get_by_role("button", name="确认移动").click()
    expect(operator.get_by_role("button", name="查看名单：决策期")).to_have_count(0)
