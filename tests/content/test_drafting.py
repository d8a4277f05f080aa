"""A content that is being written: previewed as it would be, checked as it will be, saved over nobody's work."""

from __future__ import annotations

from typing import Any

import pytest

from siyu.content import actions, naming
from siyu.customers import actions as customers
from siyu.customers.types import Identity, Record
from siyu.kernel.ctx import Ctx
from siyu.kernel.errors import SiyuError
from tests.content.conftest import FORM, browser, pdf, png
from tests.support.world import World

TABLES = ("content", "content_version", "content_link", "content_view")


def counts(world: World) -> list[int]:
    return [world.value(f"select count(*) from {table}") for table in TABLES]


def draft(kind: str, body: dict[str, object], title: str = "私域运营入门", **more: object) -> dict[str, object]:
    return {"kind": kind, "title": title, "body": body, **more}


def by_route(told: Any) -> dict[str, Any]:
    return {way["route"]: way for way in told["routes"]}


def test_a_draft_is_shown_as_its_reader_would_see_it_and_nothing_is_written(
    world: World, shelf: dict[str, int]
) -> None:
    desk = browser(world)
    before = counts(world)
    body: dict[str, object] = {
        "html": "<p onclick='x()'>三步</p>",
        "ctas": [{"label": "领取", "kind": "form", "content": "form"}],
    }
    told = desk.post("/api/content/preview", json=draft("article", body)).json()
    assert (told["key"], told["taken"]) == ("si-yu-yun-ying-ru-men", False)
    assert "<p>三步</p>" in told["html"]
    assert ">领取</a>" in told["html"]
    card = by_route(told)["oa_custom"]["message"]
    assert (card["kind"], card["personal"]) == ("news", True)
    assert card["body"]["news"]["articles"][0]["title"] == "私域运营入门"
    steps = desk.post("/api/content/preview", json=draft("form", FORM)).json()["html"]
    assert "手机号" in steps
    assert "data-preview" in steps
    assert counts(world) == before


def test_a_message_shows_its_defaults_or_a_customer_and_says_which_routes_cannot(
    world: World, shelf: dict[str, int]
) -> None:
    desk = browser(world)
    with world.open() as ctx:
        (who,) = customers.identify(
            ctx, [Record("crm", "7", (Identity("crm_id", "7", "crm"),), ctx.now, {"name": "王芳"})]
        )
    words = draft("text", {"text": "{{name|您}}好：{{link:form}}"})
    ways = by_route(desk.post("/api/content/preview", json=words).json())
    assert ways["oa_custom"]["message"]["body"]["text"]["content"] == "您好：http://testserver/p/preview"
    assert (ways["wecom_group_send"]["message"], ways["wecom_group_send"]["code"]) == (None, "fields_not_allowed")
    assert (ways["oa_template"]["code"], ways["oa_template"]["field"]) == ("not_sendable", "route")
    ways = by_route(desk.post(f"/api/content/preview?customer_id={who}", json=words).json())
    assert ways["wecom_welcome"]["message"]["body"]["text"]["content"].startswith("王芳好")
    assert world.value("select count(*) from audit_log where action = 'content.preview'") == 1
    assert desk.post("/api/content/preview?customer_id=999", json=words).status_code == 404


def test_a_book_is_leafed_through_before_it_is_saved(world: World) -> None:
    desk = browser(world)
    book = desk.post("/api/content/files", files={"file": ("书.pdf", pdf(2))}).json()["file_id"]
    picture = desk.post("/api/content/files", files={"file": ("a.png", png())}).json()["file_id"]
    html = desk.post("/api/content/preview", json=draft("ebook", {"file": book})).json()["html"]
    sheet = f"/api/content/files/{book}/pages/2"
    assert sheet in html
    assert desk.get(sheet).content[:4] == b"\x89PNG"
    for address in (f"/api/content/files/{book}/pages/3", f"/api/content/files/{picture}/pages/1"):
        assert desk.get(address).status_code == 404


def test_a_draft_is_refused_as_saving_refuses_it_and_every_fault_has_its_place(
    world: World, shelf: dict[str, int]
) -> None:
    desk = browser(world)
    fields = [{"name": "a", "label": "", "type": "text"}, {"name": "b", "label": "乙", "type": "select"}]
    for wrong in (
        draft("form", {"fields": fields}),
        draft("text", {"text": "{{shoe_size}}"}),
        draft("text", {"text": "好"}, key="form"),
        draft("text", {"text": "好"}, title=" ", key="x"),
    ):
        shown = desk.post("/api/content/preview", json=wrong)
        saved = desk.put("/api/content", json={"key": "new", **wrong})
        assert (shown.status_code, shown.json()) == (saved.status_code, saved.json())
        assert shown.status_code in (409, 422)
    told = desk.post("/api/content/preview", json=draft("form", {"fields": fields})).json()
    assert [(one["field"], one["fault"]) for one in told["detail"]["errors"]] == [
        ("body.fields.0.label", "too_short"),
        ("body.fields.1", "options"),
    ]


def test_a_key_is_what_the_title_sounds_like_and_free(ctx: Ctx) -> None:
    assert naming.key_of("2026 春季《私域》运营 ABC!") == "2026-chun-ji-si-yu-yun-ying-abc"
    assert naming.key_of("！？") == "content"
    assert naming.key_of("汉" * 64) == "-".join(["han"] * 12)
    for wanted in ("wen-hou", "wen-hou-2", "wen-hou-3"):
        made = actions.draft(ctx, kind="text", title="问候", body={"text": "好"})
        assert (made.key, made.content_id) == (wanted, 0)
        actions.save_content(ctx, key=made.key, kind="text", title="问候", body={"text": "好"}, after=0)


def test_nobody_overwrites_what_another_saved_meanwhile(ctx: Ctx) -> None:
    def save(text: str, after: int | None) -> int:
        return actions.save_content(ctx, key="a", kind="text", title="甲", body={"text": text}, after=after).version

    assert save("一", 0) == 1
    with pytest.raises(SiyuError) as taken:
        save("另", 0)
    assert (taken.value.code, taken.value.field) == ("key_taken", "key")
    assert save("二", 1) == 2
    with pytest.raises(SiyuError) as changed:
        save("三", 1)
    assert (changed.value.code, changed.value.detail) == ("content_changed", {"latest": 2})
    assert save("二", 1) == 2, "the same words are nobody's loss"
    assert save("三", None) == 3


def test_the_list_shows_covers_pictures_and_first_pages(world: World, shelf: dict[str, int]) -> None:
    desk = browser(world)
    cover = desk.post("/api/content/files", files={"file": ("a.png", png())}).json()["file_id"]
    with world.open() as ctx:
        actions.save_content(ctx, key="form", kind="form", title="封面", body={**FORM, "cover": cover})
        actions.save_content(ctx, key="poster", kind="image", title="海报", body={"file": cover})
    shown = {one["key"]: one["picture"] for one in desk.get("/api/content").json()["items"]}
    assert (shown["form"], shown["poster"], shown["hello"]) == (f"/m/{cover}", f"/m/{cover}", None)
    assert desk.get(shown["book"]).content[:4] == b"\x89PNG"
