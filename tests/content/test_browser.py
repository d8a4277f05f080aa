"""The pages in a real browser: a small phone, form steps, reading time."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.content.conftest import GOOD, PHONE, served
from tests.content.test_pages import link, seen
from tests.support.browsing import opened
from tests.support.waiting import until
from tests.support.world import World


@pytest.fixture
def phone(browser: Browser) -> Iterator[Page]:
    """The smallest phone that we promise to fit."""
    with opened(browser, size=(360, 640), user_agent=PHONE, refusals=True) as page:
        yield page


def test_every_page_fits_a_small_phone_and_breaks_no_rule_of_its_own(
    world: World, shelf: dict[str, int], phone: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults: list[str] = []
    phone.on("console", lambda message: faults.append(message.text))
    phone.on("pageerror", lambda error: faults.append(str(error)))
    with served(world, monkeypatch) as base:
        for key in ("article", "book", "form"):
            phone.goto(base + link(world, shelf[key]), wait_until="networkidle")
            assert phone.evaluate("document.documentElement.scrollWidth") == 360
    assert faults == []


def test_a_form_leads_step_by_step_and_stops_at_what_is_wrong(
    world: World, shelf: dict[str, int], phone: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    with served(world, monkeypatch) as base:
        phone.goto(base + link(world, shelf["form"]))
        phone.get_by_label("姓名").fill(GOOD["name"])
        phone.get_by_label("手机号").fill("123")
        phone.get_by_role("button", name="下一步").click()
        assert phone.get_by_label("手机号").is_visible(), "123 is no phone number"
        phone.get_by_label("手机号").fill(GOOD["mobile"])
        phone.get_by_role("button", name="下一步").click()
        phone.get_by_label("行业").select_option("零售")
        phone.get_by_role("button", name="上一步").click()
        assert phone.get_by_label("姓名").input_value() == GOOD["name"]
        phone.get_by_role("button", name="下一步").click()
        phone.get_by_label("我同意").check()
        phone.get_by_role("button", name="提交").click()
        phone.get_by_role("heading", name="已发送").wait_for()
    assert seen(world, "select submissions, last_field from content_view") == [(1, "agree")]
    assert world.value("select answers->>'mobile' from form_submission") == "+8613812341234"


def test_reading_is_told_when_the_page_is_left(
    world: World, shelf: dict[str, int], phone: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    with served(world, monkeypatch) as base:
        phone.goto(base + link(world, shelf["book"]), wait_until="networkidle")
        _look(phone)
        phone.locator("[data-read='3']").scroll_into_view_if_needed()
        _look(phone)
        phone.goto(f"{base}/p/none")
        until(lambda: world.value("select count(*) from content_view_page where page = 3"), "page 3 is told")
    assert {row[0] for row in seen(world, "select page from content_view_page where ms >= 500")} >= {1, 3}


def _look(phone: Page) -> None:
    """Keep looking for more than a second of the page's own time."""
    until_then = phone.evaluate("performance.now()") + 1200
    until(lambda: phone.evaluate("performance.now()") > until_then, "the page's clock goes on")
