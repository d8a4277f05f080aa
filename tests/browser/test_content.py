"""An editor writes an article and a form, sees them as a customer does, publishes them and opens the page."""

import re

import pytest
from playwright.sync_api import Page, expect

# The first test also waits for the company to start.
pytestmark = pytest.mark.timeout(300)


def test_an_operator_writes_a_form_and_an_article_and_their_pages_are_open(editor: Page, company: str) -> None:
    editor.goto(f"{company}/content")
    editor.get_by_role("button", name="新建素材").click()
    editor.get_by_role("link", name=re.compile("^表单")).click()
    preview = editor.frame_locator('iframe[title="预览"]')
    editor.get_by_role("button", name="保存并发布").click()
    expect(editor.get_by_text("标题：请填写")).to_be_visible()
    editor.get_by_label("标题", exact=True).fill("预约试听")
    expect(preview.get_by_role("heading", name="预约试听")).to_be_visible()
    editor.get_by_role("button", name="添加一项").click()
    editor.get_by_label("问什么（第 4 项）").fill("孩子几年级")
    expect(preview.get_by_label("孩子几年级")).to_be_visible()
    expect(editor.get_by_label("编号")).to_have_attribute("placeholder", "yu-yue-shi-ting")
    editor.get_by_role("button", name="保存并发布").click()
    editor.wait_for_url(re.compile(r"/content\?open=\d+"))

    editor.goto(f"{company}/content/new?kind=article")
    editor.get_by_label("标题", exact=True).fill("试听课讲什么")
    editor.get_by_role("textbox", name="正文").fill("三十分钟，老师一对一。")
    editor.get_by_role("button", name="添加按钮").click()
    editor.get_by_label("按钮文字（第 1 个按钮）").fill("去预约")
    editor.get_by_label("素材（第 1 个按钮）").click()
    editor.locator(".ant-select-dropdown:visible .ant-select-item-option", has_text="预约试听").click()
    expect(preview.get_by_text("三十分钟，老师一对一。")).to_be_visible()
    expect(preview.get_by_role("link", name="去预约")).to_be_visible()
    editor.get_by_text("聊天里的样子").click()
    expect(editor.get_by_text("没有写模板消息的内容")).to_be_visible()
    editor.get_by_role("button", name="保存并发布").click()
    editor.wait_for_url(re.compile(r"/content\?open=\d+"))
    content = editor.url.rpartition("=")[2]

    link = editor.request.post(f"{company}/api/content/{content}/link?purpose=test").json()["url"]
    editor.goto(company + link[link.index("/p/") :])
    expect(editor.get_by_text("三十分钟，老师一对一。")).to_be_visible()
    editor.get_by_role("link", name="去预约").click()
    expect(editor.get_by_label("孩子几年级")).to_be_visible()
