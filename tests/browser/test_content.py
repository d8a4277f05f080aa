"""An operator writes an article and a form, sees them as a customer does, publishes them and opens the page."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import LOGIN, PASSWORD, PATIENCE

# The first test also waits for the company to start.
pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def operator(browser: Browser, company: str) -> Iterator[Page]:
    """A page on which the server may refuse half a draft (the console then tells of it); a script error fails."""
    context = browser.new_context(locale="zh-CN", timezone_id="Asia/Shanghai", viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    expect.set_options(timeout=PATIENCE)
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    assert page.request.post(f"{company}/api/team/sign-in", data={"login": LOGIN, "password": PASSWORD}).ok
    yield page
    context.close()
    assert faults == []


def test_an_operator_writes_a_form_and_an_article_and_their_pages_are_open(operator: Page, company: str) -> None:
    operator.goto(f"{company}/content")
    operator.get_by_role("button", name="新建素材").click()
    operator.get_by_role("link", name=re.compile("^表单")).click()
    preview = operator.frame_locator('iframe[title="预览"]')
    operator.get_by_role("button", name="保存并发布").click()
    expect(operator.get_by_text("标题：请填写")).to_be_visible()
    operator.get_by_label("标题", exact=True).fill("预约试听")
    expect(preview.get_by_role("heading", name="预约试听")).to_be_visible()
    operator.get_by_role("button", name="添加一项").click()
    operator.get_by_label("问什么（第 4 项）").fill("孩子几年级")
    expect(preview.get_by_label("孩子几年级")).to_be_visible()
    expect(operator.get_by_label("编号")).to_have_attribute("placeholder", "yu-yue-shi-ting")
    operator.get_by_role("button", name="保存并发布").click()
    operator.wait_for_url(re.compile(r"/content\?open=\d+"))

    operator.goto(f"{company}/content/new?kind=article")
    operator.get_by_label("标题", exact=True).fill("试听课讲什么")
    operator.get_by_role("textbox", name="正文").fill("三十分钟，老师一对一。")
    operator.get_by_role("button", name="添加按钮").click()
    operator.get_by_label("按钮文字（第 1 个按钮）").fill("去预约")
    operator.get_by_label("素材（第 1 个按钮）").click()
    operator.locator(".ant-select-dropdown:visible .ant-select-item-option", has_text="预约试听").click()
    expect(preview.get_by_text("三十分钟，老师一对一。")).to_be_visible()
    expect(preview.get_by_role("link", name="去预约")).to_be_visible()
    operator.get_by_text("聊天里的样子").click()
    expect(operator.get_by_text("没有写模板消息的内容")).to_be_visible()
    operator.get_by_role("button", name="保存并发布").click()
    operator.wait_for_url(re.compile(r"/content\?open=\d+"))
    content = operator.url.rpartition("=")[2]

    link = operator.request.post(f"{company}/api/content/{content}/link?purpose=test").json()["url"]
    operator.goto(company + link[link.index("/p/") :])
    expect(operator.get_by_text("三十分钟，老师一对一。")).to_be_visible()
    operator.get_by_role("link", name="去预约").click()
    expect(operator.get_by_label("孩子几年级")).to_be_visible()
