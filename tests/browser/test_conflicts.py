"""Two people edit one segment: who changed what is said, and nobody's work is lost unless they say so."""

import re

import pytest
from playwright.sync_api import Page, expect

# The first test also waits for the company to start.
pytestmark = pytest.mark.timeout(300)

BEFORE = {"all": [{"kind": "pushes"}, {"kind": "owner"}]}
THEIRS = {"all": [{"kind": "pushes"}, {"kind": "account"}]}


def _made(page: Page, company: str, name: str) -> str:
    made = page.request.post(f"{company}/api/segments", data={"name": name, "condition": BEFORE})
    return f"{company}/api/segments/{made.json()['segment_id']}"


def _edited(page: Page, company: str, path: str, name: str) -> None:
    """Open the segment, write another name and save it, after somebody else has changed or deleted the segment."""
    page.goto(path.replace("/api", ""))
    page.get_by_label("人群名称").fill(name)


def _save(page: Page) -> None:
    page.get_by_label("人群名称").press("Enter")


def test_a_conflict_says_who_changed_what_and_mine_may_replace_it(editor: Page, company: str) -> None:
    path = _made(editor, company, "冲突甲")
    _edited(editor, company, path, "冲突甲（我的）")
    assert editor.request.put(path, data={"name": "冲突甲", "condition": THEIRS}).ok
    _save(editor)
    dialog = editor.get_by_role("dialog", name="别人刚刚改过这个人群")
    expect(dialog.get_by_text("林小满（运营）在")).to_be_visible()
    expect(dialog.get_by_text("增加：正在关注任一账号")).to_be_visible()
    expect(dialog.get_by_text("删除：已有归属员工")).to_be_visible()
    expect(dialog.get_by_text("名称由“冲突甲”改为“冲突甲（我的）”")).to_be_visible()
    dialog.get_by_role("button", name="留在这里").click()
    expect(dialog).to_have_count(0)
    assert editor.request.get(path).json()["condition"] == THEIRS
    _save(editor)
    dialog.get_by_role("button", name="用我的覆盖").click()
    expect(editor.get_by_role("heading", name="冲突甲（我的）")).to_be_visible()
    expect(dialog).to_have_count(0)
    now = editor.request.get(path).json()
    assert (now["name"], now["condition"]) == ("冲突甲（我的）", BEFORE)


def test_their_version_is_loaded_or_mine_becomes_a_segment_of_its_own(editor: Page, company: str) -> None:
    path = _made(editor, company, "冲突乙")
    _edited(editor, company, path, "冲突乙（我的）")
    assert editor.request.put(path, data={"name": "冲突乙（对方）", "condition": THEIRS}).ok
    _save(editor)
    dialog = editor.get_by_role("dialog", name="别人刚刚改过这个人群")
    expect(dialog.get_by_label("另存为新人群，原来的不动")).to_have_value("冲突乙（我的）（另存）")
    dialog.get_by_label("另存为新人群，原来的不动").fill("冲突乙（对方）")
    dialog.get_by_role("button", name="另存为新人群").click()
    expect(dialog.get_by_text("已有同名的人群")).to_be_visible()
    dialog.get_by_label("另存为新人群，原来的不动").fill("冲突丙")
    dialog.get_by_role("button", name="另存为新人群").click()
    expect(editor.get_by_role("heading", name="冲突丙")).to_be_visible()
    number = editor.url.rsplit("/", 1)[1]
    mine = editor.request.get(f"{company}/api/segments/{number}").json()
    assert (mine["name"], mine["condition"]) == ("冲突丙", BEFORE)
    assert editor.request.get(path).json()["name"] == "冲突乙（对方）"

    _edited(editor, company, path, "冲突乙（又改）")
    assert editor.request.put(path, data={"name": "冲突丁", "condition": THEIRS}).ok
    _save(editor)
    editor.get_by_role("button", name="放弃我的，载入对方的").click()
    expect(editor.get_by_role("heading", name="冲突丁")).to_be_visible()
    expect(editor.get_by_label("人群名称")).to_have_value("冲突丁")


def test_a_segment_that_was_deleted_meanwhile_is_saved_as_a_new_one(editor: Page, company: str) -> None:
    path = _made(editor, company, "将被删除")
    _edited(editor, company, path, "被删除后另存")
    assert editor.request.delete(path).ok
    _save(editor)
    dialog = editor.get_by_role("dialog", name="这个人群已被删除")
    dialog.get_by_role("button", name="另存为新人群").click()
    expect(editor.get_by_role("heading", name="被删除后另存")).to_be_visible()
    number = editor.url.rsplit("/", 1)[1]
    assert editor.request.get(f"{company}/api/segments/{number}").json()["condition"] == BEFORE


def test_every_unfinished_condition_is_marked(editor: Page, company: str) -> None:
    editor.goto(f"{company}/segments/new")
    for kind in ("标签", "人群", "行为"):
        editor.get_by_role("button", name=re.compile("添加条件$")).click()
        editor.get_by_role("menuitem", name=kind, exact=True).click()
    editor.get_by_label("人群名称").fill("没填完")
    _save(editor)
    for said in ("请选择标签", "请选择人群", "请选择行为"):
        expect(editor.get_by_role("alert").filter(has_text=said)).to_be_visible()
