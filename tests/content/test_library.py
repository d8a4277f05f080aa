"""Contents, versions, what routes send."""

from __future__ import annotations

from typing import Any

import pytest

from siyu.content import actions, codes, queries
from siyu.content.types import LinkContext
from siyu.kernel.ctx import Ctx
from siyu.kernel.errors import SiyuError
from tests.content.conftest import FORM, library, pdf
from tests.support.world import World

CONTEXT = LinkContext("journey:1/push")


def test_an_edit_keeps_the_old_version_readable_and_readers_wait_for_publishing(ctx: Ctx) -> None:
    first = actions.save_content(ctx, key="a", kind="article", title="一", body={"html": "<p>一</p>"}, publish=True)
    same = actions.save_content(ctx, key="a", kind="article", title="一", body={"html": "<p>一</p>"})
    assert same.version == 1
    second = actions.save_content(ctx, key="a", kind="article", title="二", body={"html": "<p>二</p>"})
    assert (second.content_id, second.version, second.published) == (first.content_id, 2, 1)
    assert queries.content(ctx, "a", published=True).title == "一"
    actions.publish(ctx, first.content_id)
    assert queries.content(ctx, "a", published=True).title == "二"
    assert queries.content(ctx, first.content_id, version=1).title == "一"
    assert [version for version, *_ in queries.versions(ctx, first.content_id)] == [2, 1]


def test_scripts_go_and_pictures_from_elsewhere_are_refused(ctx: Ctx) -> None:
    html = '<p onclick="x()">好<script>alert(1)</script><a href="javascript:x()">点</a></p>'
    saved = actions.save_content(ctx, key="a", kind="article", title="一", body={"html": html})
    body: Any = saved.body
    assert body.html == '<p>好<a rel="noopener">点</a></p>'
    with pytest.raises(SiyuError) as refused:
        actions.save_content(ctx, key="b", kind="article", title="一", body={"html": '<img src="https://x.com/1.png">'})
    assert (refused.value.code, refused.value.field) == ("bad_content", "body.html")


def test_a_message_is_not_sendable_before_what_it_links_to_is_published(ctx: Ctx) -> None:
    actions.save_content(ctx, key="page", kind="article", title="页", body={"html": "<p>页</p>"})
    text = actions.save_content(ctx, key="t", kind="text", title="题", body={"text": "{{link:page}}"}, publish=True)
    for check in (
        lambda: queries.check_sendable(ctx, text.content_id, None, ["oa_custom"]),
        lambda: queries.check_sendable(ctx, None, "{{link:page}}", ["oa_mass"]),
        lambda: actions.outgoing(ctx, text.content_id, "oa_custom", context=CONTEXT),
    ):
        with pytest.raises(SiyuError) as refused:
            check()
        assert (refused.value.code, refused.value.field) == ("not_published", "link:page")
    actions.publish(ctx, queries.content(ctx, "page").content_id)
    queries.check_sendable(ctx, text.content_id, "{{link:page}}", ["oa_custom", "oa_mass"])


@pytest.mark.parametrize(
    ("kind", "body", "code", "field"),
    [
        ("article", {"html": "<p>{{name}}好</p>"}, "fields_not_allowed", "body.html"),
        ("text", {"text": "{{shoe_size}}"}, "unknown_field", "body.text"),
        ("text", {"text": "{{name"}, "bad_content", "body.text"),
        ("text", {"text": "{{link:nothing}}"}, "unknown_content", "body.text"),
        ("text", {"text": "看{{link}}"}, "bad_content", "body.text"),
        ("text", {"text": "好" * 700}, "bad_content", "body.text"),
        ("text", {"text": "a\x00b"}, "bad_text", "body.text"),
        ("link", {"url": "javascript:alert(1)"}, "bad_content", "body.url"),
        ("link", {"url": "/p/x"}, "bad_content", "body.url"),
        ("ebook", {"file": 99999}, "bad_content", "body.file"),
        ("landing", {"blocks": [{"type": "form", "form": "nothing"}]}, "unknown_content", "body.blocks.0.form"),
        ("article", {"html": "", "ctas": [{"label": "去"}]}, "bad_content", "body.ctas.0"),
        ("form", {"fields": [{"name": "a", "label": "甲", "type": "select"}]}, "bad_content", "body.fields.0"),
        (
            "form",
            {"fields": [{"name": "a", "label": "甲", "type": "text", "maps_to": "shoe_size"}]},
            "unknown_field",
            "body.fields.0.maps_to",
        ),
        ("poem", {}, "bad_content", "kind"),
    ],
)
def test_a_bad_body_names_the_place_and_changes_nothing(
    ctx: Ctx, kind: str, body: dict[str, object], code: str, field: str
) -> None:
    with pytest.raises(SiyuError) as refused:
        actions.save_content(ctx, key="k", kind=kind, title="题", body=body)
    assert (refused.value.code, refused.value.field, refused.value.status) == (code, field, 422)
    assert not queries.contents(ctx).items


def test_a_kind_is_for_ever(ctx: Ctx) -> None:
    library(ctx)
    with pytest.raises(SiyuError) as refused:
        actions.save_content(ctx, key="form", kind="text", title="题", body={"text": "好"})
    assert refused.value.code == "kind_fixed"


def test_a_customer_message_is_personal_and_its_links_stand_for_the_person(ctx: Ctx) -> None:
    shelf = library(ctx)
    made = actions.outgoing(ctx, shelf["hello"], "oa_custom", context=CONTEXT)
    assert (made.personal, made.fields) == (True, ("name",))
    sent = queries.personalise(made, 4711, {"name": "王芳"})
    text = sent["text"]["content"]
    assert text.startswith("王芳好，点这里：http://testserver/p/")
    link_id, owner = codes.read(text.rpartition("/")[2])
    found = queries.link(ctx, link_id)
    assert found is not None
    assert (owner, found.content_id, found.purpose) == (4711, shelf["form"], "journey:1/push")
    unnamed = queries.personalise(made, 4712, {"name": None})
    assert unnamed["text"]["content"].startswith("您好，")
    again = actions.outgoing(ctx, shelf["hello"], "oa_custom", context=CONTEXT)
    assert again == made


def test_a_page_goes_as_a_card_a_template_or_a_draft(ctx: Ctx) -> None:
    shelf = library(ctx)
    card = queries.personalise(actions.outgoing(ctx, shelf["form"], "oa_custom", context=CONTEXT), 1, {})
    assert card["news"]["articles"][0]["title"] == "领取电子书"
    template = queries.personalise(
        actions.outgoing(ctx, shelf["reminder"], "oa_template", context=CONTEXT), 1, {"name": "李"}
    )
    assert template["data"] == {"first": {"value": "李还没领取"}, "k1": {"value": "电子书"}}
    assert codes.read(template["url"].rpartition("/")[2])[1] == 1
    other = actions.outgoing(ctx, shelf["reminder"], "oa_template", context=CONTEXT, template="T2")
    assert queries.personalise(other, 1, {})["template_id"] == "T2"
    draft = actions.outgoing(ctx, shelf["book"], "oa_mass", context=CONTEXT)
    assert draft.draft is not None
    assert not draft.personal
    assert codes.read(str(draft.draft["content_source_url"]).rpartition("/")[2])[1] == codes.SHARED
    assert queries.mass_body(draft, "M1") == {"msgtype": "mpnews", "mpnews": {"media_id": "M1"}}
    assert queries.cover(ctx, draft)[:3] == b"\xff\xd8\xff"


def test_wecom_gets_a_text_or_a_card_personal_in_a_welcome_and_shared_in_a_group_send(ctx: Ctx) -> None:
    shelf = library(ctx)
    card = actions.outgoing(ctx, shelf["form"], "wecom_welcome", context=CONTEXT)
    (attachment,) = queries.personalise(card, 7, {})["attachments"]
    assert (attachment["msgtype"], attachment["link"]["title"]) == ("link", "领取电子书")
    assert codes.read(attachment["link"]["url"].rpartition("/")[2])[1] == 7
    hello = actions.outgoing(ctx, shelf["hello"], "wecom_welcome", context=CONTEXT)
    assert queries.personalise(hello, 7, {"name": "王芳"})["text"]["content"].startswith("王芳好")
    shared = actions.outgoing(ctx, shelf["form"], "wecom_group_send", context=CONTEXT)
    (attachment,) = queries.mass_body(shared, None)["attachments"]
    assert codes.read(attachment["link"]["url"].rpartition("/")[2])[1] == codes.SHARED
    with pytest.raises(SiyuError) as refused:
        actions.outgoing(ctx, shelf["hello"], "wecom_group_send", context=CONTEXT)
    assert (refused.value.code, refused.value.detail) == (
        "fields_not_allowed",
        {"fields": ["name"], "route": "wecom_group_send"},
    )
    with pytest.raises(SiyuError) as long:
        queries.check_text(ctx, "好" * 1334, "wecom_welcome")
    assert (long.value.code, long.value.field) == ("not_sendable", "text")


def test_fields_are_refused_where_everybody_gets_the_same_words(ctx: Ctx) -> None:
    shelf = library(ctx)
    with pytest.raises(SiyuError) as refused:
        actions.outgoing(ctx, shelf["hello"], "oa_mass", context=CONTEXT)
    assert (refused.value.code, refused.value.detail) == (
        "fields_not_allowed",
        {"fields": ["name"], "route": "oa_mass"},
    )
    with pytest.raises(SiyuError) as checked:
        queries.check_sendable(ctx, None, "{{name}}好", ["oa_custom", "oa_mass"])
    assert (checked.value.code, checked.value.field) == ("fields_not_allowed", "text")
    shared = actions.outgoing_text(ctx, "领取：{{link:form}}", "oa_mass", context=CONTEXT)
    text: Any = queries.mass_body(shared, None)["text"]
    assert codes.read(text["content"].rpartition("/")[2])[1] == codes.SHARED
    with pytest.raises(SiyuError) as wrong:
        actions.outgoing(ctx, shelf["hello"], "oa_template", context=CONTEXT)
    assert wrong.value.code == "not_sendable"


def test_only_what_is_published_is_sent(ctx: Ctx) -> None:
    draft = actions.save_content(ctx, key="d", kind="text", title="题", body={"text": "好"})
    with pytest.raises(SiyuError) as refused:
        actions.outgoing(ctx, draft.content_id, "oa_custom", context=CONTEXT)
    assert refused.value.code == "not_published"


def test_a_code_bears_no_change(ctx: Ctx) -> None:
    code = codes.code(300, 70000)
    assert codes.read(code) == (300, 70000)
    for at in range(len(code) - 1):
        changed = code[:at] + ("A" if code[at] != "A" else "B") + code[at + 1 :]
        with pytest.raises(ValueError, match="token"):
            codes.read(changed)
    for nonsense in ("", "a", "é" * 10, "A" * 500, "AAAA"):
        with pytest.raises(ValueError, match="token"):
            codes.read(nonsense)


def test_a_book_is_what_its_bytes_say(ctx: Ctx) -> None:
    data = pdf(2)  # once: a PDF bears the second in which it was made
    book = actions.upload(ctx, data, "书.pdf")
    assert (book.kind, book.pages, book.media_type) == ("pdf", 2, "application/pdf")
    assert actions.upload(ctx, data, "again.pdf").file_id == book.file_id
    for data, words in (
        (b"", "empty"),
        (b"hello", "neither"),
        (b"%PDF-1.7 broken", "damaged"),
        (b"\x89PNG broken", "damaged"),
    ):
        with pytest.raises(SiyuError, match=words) as refused:
            actions.upload(ctx, data, "x.pdf")
        assert (refused.value.code, refused.value.field) == ("bad_file", "file")


def test_two_people_who_make_the_same_content_at_once_make_one(world: World) -> None:
    with world.open() as one:
        actions.save_content(one, key="form", kind="form", title="甲", body=FORM | {"after": {}})
    with world.open() as two:
        actions.save_content(two, key="form", kind="form", title="乙", body=FORM | {"after": {}})
    assert world.rows("select latest from content where key = 'form'") == [(2,)]
