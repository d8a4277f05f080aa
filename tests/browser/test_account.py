"""A colleague changes the password, hears at the field what is wrong, signs out everywhere; an administrator helps."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import PASSWORD, PATIENCE
from tests.support.browsing import opened

# The first test also waits for the company to start.
pytestmark = pytest.mark.timeout(300)
FIRST, SECOND, THIRD = "the first passphrase", "the second passphrase", "the third passphrase"


def _sign_in(page: Page, company: str, login: str, password: str) -> None:
    page.goto(f"{company}/sign-in")
    page.get_by_label("账号").fill(login)
    page.get_by_label("密码").fill(password)
    page.get_by_role("button", name=re.compile("登.?录")).click()
    expect(page.locator(".siyu-person")).to_be_visible()


def test_a_password_is_changed_given_anew_and_sessions_end(visitor: Page, company: str, browser: Browser) -> None:
    with opened(browser, refusals=True) as boss:
        boss.set_default_timeout(PATIENCE)
        _sign_in(boss, company, "admin", PASSWORD)
        body = {"name": "钱多多", "login": "qian", "password": FIRST, "roles": ["sales"]}
        assert boss.request.post(f"{company}/api/team/staff", data=body).status == 201

        _sign_in(visitor, company, "qian", FIRST)
        visitor.get_by_role("link", name=re.compile("钱多多")).click()
        visitor.wait_for_url("**/account")
        expect(visitor.get_by_text("同事的登录")).to_have_count(0)
        for current, told in (("not the passphrase", "现在的密码不对"), (FIRST, "密码已修改")):
            visitor.get_by_label("现在的密码").fill(current)
            visitor.get_by_label("新密码", exact=True).fill(SECOND)
            visitor.get_by_label("再输一次新密码").fill(SECOND)
            visitor.get_by_role("button", name="修改密码").click()
            expect(visitor.get_by_text(told).first).to_be_visible()

        boss.goto(f"{company}/account")
        row = boss.get_by_role("row", name=re.compile("钱多多"))
        row.get_by_role("button", name="重设密码").click()
        boss.get_by_role("dialog").get_by_label("新密码").fill(THIRD)
        boss.get_by_role("dialog").get_by_role("button", name="重设密码").click()
        expect(boss.get_by_text("已给钱多多重设密码")).to_be_visible()

        visitor.goto(f"{company}/account")
        visitor.wait_for_url("**/sign-in**")
        _sign_in(visitor, company, "qian", THIRD)
        visitor.goto(f"{company}/account")
        visitor.get_by_role("button", name="退出所有设备").click()
        visitor.get_by_role("tooltip").get_by_role("button", name="退出所有设备").click()
        visitor.wait_for_url("**/sign-in**")
        assert visitor.request.get(f"{company}/api/team/me").status == 401
