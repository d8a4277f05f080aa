"""Merge review: people side by side, decided by keyboard, taken back, and told who was quicker."""

from functools import partial

import pytest
from playwright.sync_api import FilePayload, Page, expect

from tests.support.waiting import until

# The first test also waits for the company to start.
pytestmark = pytest.mark.timeout(480)


@pytest.fixture
def reviewer(editor: Page, company: str) -> Page:
    """The operator's page, no case open."""
    cases = f"{company}/api/customers/cases"
    for one in editor.request.get(cases).json()["items"]:
        assert editor.request.post(f"{cases}/{one['case_id']}/decision", data={"verdict": "different"}).ok
    return editor


def doubt(page: Page, company: str, system: str, rows: list[tuple[str, str]]) -> list[int]:
    """Doubtful people: those of one phone have a number of the same system each. The open cases, the latest first."""
    for turn in ("A", "B"):
        bring(page, company, system, [(f"{turn}{phone}", f"{name}{turn}", phone) for name, phone in rows])
    return [one["case_id"] for one in page.request.get(f"{company}/api/customers/cases").json()["items"]]


def bring(page: Page, company: str, system: str, rows: list[tuple[str, str, str]]) -> None:
    """Import customers: number, name and phone."""
    text = "\n".join(["客户编号,姓名,手机", *(",".join(row) for row in rows)])
    file: FilePayload = {"name": "customers.csv", "mimeType": "text/csv", "buffer": text.encode()}
    made = page.request.post(f"{company}/api/imports", multipart={"file": file}).json()
    path = f"{company}/api/imports/{made['import_id']}"
    columns = [{key: one[key] for key in ("index", "use", "name", "scope")} for one in made["columns"]]
    assert page.request.put(f"{path}/mapping", data={"columns": columns, "source_name": system}).ok
    for step, state in (("check", "checked"), ("apply", "complete")):
        assert page.request.post(f"{path}/{step}").ok
        until(partial(reached, page, path, state), f"the import is {state}", seconds=60)


def reached(page: Page, path: str, state: str) -> bool:
    """Whether an import is in a state."""
    return bool(page.request.get(path).json()["state"] == state)


def show(page: Page, name: str) -> None:
    """Choose somebody's case from the list: the company's own people may leave doubts too."""
    page.get_by_role("navigation", name="待审核").get_by_role("button", name=name).click()
    expect(page.get_by_role("columnheader", name=name)).to_be_visible()


def press(page: Page, key: str) -> None:
    """A key, when the case has been in view long enough for a person to have seen it."""
    expect(page.locator("section[aria-busy=false]")).to_be_visible()
    page.keyboard.press(key)


TWICE = """shown => new MutationObserver((_, watch) => {
    if (!document.body.innerText.includes(shown)) return
    watch.disconnect()
    dispatchEvent(new KeyboardEvent('keydown', {key: '2', bubbles: true}))
}).observe(document.body, {childList: true, subtree: true, characterData: true})"""
"""Presses 2 at the moment when something is shown."""


def test_cases_are_compared_and_decided_by_keyboard_and_a_decision_is_taken_back(reviewer: Page, company: str) -> None:
    doubt(reviewer, company, "keys", [("周", "13911110001"), ("吴", "13911110002")])
    reviewer.goto(f"{company}/reviews")
    show(reviewer, "吴A")
    against = reviewer.get_by_role("row").filter(has_text="CRM 编号（keys）")
    expect(against).to_contain_text("矛盾")
    expect(against).to_contain_text("A13911110002")
    expect(against).to_contain_text("B13911110002")
    expect(reviewer.get_by_role("row").filter(has_text="手机").nth(0)).to_contain_text("139****0002")
    expect(reviewer.get_by_text("手机（139****0002）相同，但「CRM 编号」不同")).to_be_visible()
    expect(reviewer.get_by_text("2 位客户合并为一位")).to_be_visible()

    press(reviewer, "1")
    expect(reviewer.get_by_text("已判定吴A、吴B是同一人，已合并")).to_be_visible()
    press(reviewer, "u")
    expect(reviewer.get_by_text("手机（139****0002）相同")).to_be_visible()
    press(reviewer, "ArrowRight")
    expect(reviewer.get_by_text("手机（139****0001）相同")).to_be_visible()
    press(reviewer, "2")
    expect(reviewer.get_by_text("已判定周A、周B不是同一人")).to_be_visible()
    show(reviewer, "吴A")
    press(reviewer, "1")
    expect(reviewer.get_by_text("已判定吴A、吴B是同一人，已合并")).to_be_visible()

    reviewer.get_by_role("tab", name="已做的决定").click()
    told = reviewer.get_by_role("row").filter(has_text="周A")
    expect(told).to_contain_text("≠")
    expect(told).to_contain_text("林小满（运营）")
    expect(told.get_by_role("link", name="周A")).to_be_visible()
    same = reviewer.get_by_role("row").filter(has_text="吴A")
    expect(same.filter(has_text="已撤销")).to_have_count(1)
    same.filter(has_not_text="已撤销").get_by_role("link").first.click()
    expect(reviewer.get_by_text("A13911110002")).to_be_visible()
    expect(reviewer.get_by_text("B13911110002")).to_be_visible()


def test_a_second_press_does_not_decide_a_case_that_nobody_saw(reviewer: Page, company: str) -> None:
    doubt(reviewer, company, "twice", [("郑", "13911110003"), ("王", "13911110004")])
    reviewer.goto(f"{company}/reviews")
    show(reviewer, "王A")
    reviewer.evaluate(TWICE, "手机（139****0003）相同")
    press(reviewer, "2")
    expect(reviewer.get_by_text("手机（139****0003）相同")).to_be_visible()
    expect(reviewer.locator("section[aria-busy=false]")).to_be_visible()
    items = reviewer.request.get(f"{company}/api/customers/cases").json()["items"]
    assert "郑A" in [member["name"] for one in items for member in one["members"]]


def test_a_case_that_somebody_else_settled_says_who_and_what(reviewer: Page, company: str) -> None:
    case = max(doubt(reviewer, company, "outrun", [("冯", "13911110005")]))
    reviewer.goto(f"{company}/reviews")
    show(reviewer, "冯A")
    path = f"{company}/api/customers/cases/{case}/decision"
    assert reviewer.request.post(path, data={"verdict": "different"}).ok
    expect(reviewer.locator("section[aria-busy=false]")).to_be_visible()
    reviewer.get_by_role("button", name="是同一人 1").click()
    expect(reviewer.get_by_text("林小满（运营）刚才已处理这一件：不是同一人")).to_be_visible()
    assert reviewer.request.get(f"{company}/api/customers/cases/{case}").json()["decision"]["verdict"] == "different"
