"""Forms: faults on the page, submissions that count once, prefill only for the proven, consent."""

from __future__ import annotations

import re
from typing import Any

import pytest

from siyu.content import actions
from siyu.content.reading.visitor import COOKIE, new_visitor, view_token
from siyu.customers import actions as customers
from siyu.customers.types import Identity, Record
from tests.content.conftest import GOOD, browser, landed
from tests.content.test_pages import events, hrefs, link, person, seen, view_of
from tests.support.world import World


def open_form(world: World, shelf: dict[str, int], owner: int = 0) -> tuple[Any, str, str]:
    """(browser, address to post to, view token)."""
    reader = browser(world)
    path = link(world, shelf["form"], owner)
    return reader, path.replace("/p/", "/f/"), view_of(reader.get(path).text)


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("name", "", "请填写此项"),
        ("name", "王" * 21, "最多 20 个字"),
        ("name", "a\x00b", "无法保存"),
        ("mobile", "1381234", "手机号格式不对"),
        ("trade", "挖矿", "请从选项中选择"),
        ("staff", "许多", "请填写数字"),
        ("staff", "1001", "1 至 1000"),
        ("agree", "", "勾选同意"),
    ],
)
def test_a_fault_is_told_at_its_field_and_what_was_typed_stays(
    world: World, shelf: dict[str, int], field: str, value: str, words: str
) -> None:
    reader, address, view = open_form(world, shelf)
    page = reader.post(address, data={**GOOD, field: value, "view": view})
    assert page.status_code == 422
    (told,) = re.findall(rf'id="f-{field}-fault">([^<]+)<', page.text)
    assert words in told
    if field != "name":
        assert 'value="王芳"' in page.text
    assert world.rows("select count(*) from form_submission") == [(0,)]
    assert world.rows("select count(*) from customer") == [(0,)]
    assert [(row.field, row.times) for row in world.rows("select field, times from form_fault")] == [(field, 1)]
    assert reader.post(address, data={**GOOD, "view": view}).status_code == 303


def test_a_form_sent_twice_counts_once_and_a_correction_counts_again(world: World, shelf: dict[str, int]) -> None:
    reader, address, view = open_form(world, shelf)
    first = reader.post(address, data={**GOOD, "view": view})
    second = reader.post(address, data={**GOOD, "view": view})
    assert (first.status_code, second.status_code) == (303, 303)
    assert world.rows("select count(*) from form_submission") == [(1,)]
    thanks = reader.get(first.headers["location"])
    assert "已发送" in thanks.text
    assert reader.get(hrefs(thanks.text)[0]).headers["location"] == "https://example.com/join/1"
    reader.post(address, data={**GOOD, "name": "王方", "view": view})
    assert world.rows("select count(*) from form_submission") == [(2,)]
    assert world.rows("select name from customer where status = 'active'") == [("王方",)]
    for turn in range(3):
        reader.post(address, data={**GOOD, "name": f"王{turn}", "view": view})
    assert reader.post(address, data={**GOOD, "name": "王九", "view": view}).status_code == 429
    assert world.rows("select count(*) from form_submission") == [(5,)]


def test_a_submission_becomes_event_attributes_identities_and_consent_with_its_words(
    world: World, shelf: dict[str, int]
) -> None:
    reader, address, view = open_form(world, shelf)
    reader.post(address, data={**GOOD, "company": "星河", "view": view})
    (row,) = world.rows("select * from form_submission")
    assert row.answers == {"name": "王芳", "mobile": "+8613812341234", "company": "星河", "trade": "零售", "staff": 12}
    assert row.consents == [
        {"field": "agree", "purpose": "profiling", "text": "我同意根据阅读与填写的内容为我推荐资料", "version": 1}
    ]
    (customer,) = world.rows("select name, company, industry, phone from customer where status = 'active'")
    assert tuple(customer) == ("王芳", "星河", "零售", "+8613812341234")
    (event,) = landed(world).rows("select content_id, props from event where type = 'form_submitted'")
    assert event.content_id == shelf["form"]
    assert event.props["trade"] == "零售"
    assert "13812341234" not in str(event.props)
    (consent,) = world.rows("select kind, given, why from consent where kind = 'profiling'")
    assert tuple(consent) == ("profiling", True, f"form:{shelf['form']}:v1:agree")


def test_a_typed_phone_shows_nothing_of_the_person_who_has_it(world: World, shelf: dict[str, int]) -> None:
    with world.open() as ctx:
        known = (Identity("crm_id", "7", "crm"), Identity("phone", "13812341234"))
        customers.identify(ctx, [Record("crm", "7", known, ctx.now, {"name": "秘密", "company": "暗河"})])
    reader, address, view = open_form(world, shelf)
    reader.post(address, data={**GOOD, "view": view})
    again = reader.get(address.replace("/f/", "/p/")).text
    for secret in ("秘密", "暗河", "138****1234", "王芳"):
        assert secret not in again


def test_the_link_of_another_proves_nobody(world: World, shelf: dict[str, int]) -> None:
    owner = person(world, "王芳")
    reader, address, view = open_form(world, shelf, owner)
    assert not view_token(view).certain
    reader.post(address, data={**GOOD, "mobile": "13900000001", "name": "李雷", "view": view})
    assert world.rows("select name from customer where customer_id = :c", c=owner) == [("王芳",)]
    assert world.rows("select phone from customer where customer_id = :c", c=owner) == [(None,)]


def test_a_token_of_another_browser_is_refused(world: World, shelf: dict[str, int]) -> None:
    _, address, view = open_form(world, shelf)
    thief = browser(world)
    thief.cookies.set(COOKIE, new_visitor().cookie())
    page = thief.post(address, data={**GOOD, "view": view})
    assert page.status_code == 403
    assert "过期" in page.text
    assert thief.post(address, data={**GOOD, "view": "AAAA"}).status_code == 403
    assert thief.post(address, content=b"x" * 300_000).status_code == 413
    assert world.rows("select count(*) from form_submission") == [(0,)]


def test_the_version_that_was_shown_is_the_one_that_is_answered(world: World, shelf: dict[str, int]) -> None:
    reader, address, view = open_form(world, shelf)
    with world.open() as ctx:
        fields = [{"name": "mobile", "label": "手机", "type": "phone", "required": True, "maps_to": "phone"}]
        actions.save_content(ctx, key="form", kind="form", title="新版", body={"fields": fields}, publish=True)
    reader.post(address, data={**GOOD, "view": view})
    (row,) = world.rows("select version, answers from form_submission")
    assert (row.version, row.answers["trade"]) == (1, "零售")


def test_fields_are_lost_where_people_stop(world: World, shelf: dict[str, int]) -> None:
    reader, _, view = open_form(world, shelf)
    for last in ("mobile", "mobile", "trade"):
        if last == "trade" or world.value("select count(*) from content_view where started"):
            reader, _, view = open_form(world, shelf)
        for field in ("name", last):
            assert reader.post("/t/view", json={"view": view, "field": field}).status_code == 204
    assert reader.post("/t/view", json={"view": view, "field": "nothing"}).status_code == 404
    got: dict[str, Any] = reader.get(f"/api/content/{shelf['form']}/statistics").json()
    assert (got["form_views"], got["started"], got["submitted"]) == (3, 3, 0)
    assert {field["field"]: field["left_here"] for field in got["fields"] if field["left_here"]} == {
        "mobile": 2,
        "trade": 1,
    }


def test_a_form_inside_a_landing_page_is_the_forms_own(world: World, shelf: dict[str, int]) -> None:
    with world.open() as ctx:
        blocks: list[dict[str, object]] = [
            {"type": "heading", "text": "春季课"},
            {"type": "text", "text": "第一段\n\n第二段"},
            {"type": "button", "cta": {"label": "官网", "url": "https://example.com/"}},
            {"type": "form", "form": "form"},
        ]
        page = actions.save_content(
            ctx, key="spring", kind="landing", title="春", body={"blocks": blocks}, publish=True
        )
    reader = browser(world)
    path = link(world, page.content_id)
    view = view_of(reader.get(path).text)
    assert reader.post(path.replace("/p/", "/f/"), data={"view": view}).status_code == 422
    sent = reader.post(path.replace("/p/", "/f/"), data={**GOOD, "view": view})
    assert reader.get(sent.headers["location"]).status_code == 200
    assert reader.get(f"/api/content/{shelf['form']}/statistics").json()["submissions"] == 1
    assert reader.get(f"/t/go?view={view}&n=0").headers["location"] == "https://example.com/"


def test_answers_are_listed_masked_unless_phones_may_be_seen(world: World, shelf: dict[str, int]) -> None:
    from siyu.content.http import router
    from tests.support.http import room_client

    reader, address, view = open_form(world, shelf)
    reader.post(address, data={**GOOD, "view": view})
    path = f"/api/content/{shelf['form']}/submissions"
    masked = room_client(world, router, may=("content.read",)).get(path).json()
    assert masked["items"][0]["answers"]["mobile"] == "138****1234"
    clear = room_client(world, router, may=("content.read", "customers.phones")).get(path).json()
    assert clear["items"][0]["answers"]["mobile"] == "+8613812341234"
    assert world.rows("select action from audit_log where action = 'content.read_submissions'")


def test_an_answer_without_any_name_waits_aside(world: World, shelf: dict[str, int]) -> None:
    with world.open() as ctx:
        fields = [{"name": "mark", "label": "打分", "type": "number"}]
        survey = actions.save_content(
            ctx, key="survey", kind="form", title="打分", body={"fields": fields}, publish=True
        )
    reader = browser(world)
    path = link(world, survey.content_id)
    sent = reader.post(path.replace("/p/", "/f/"), data={"mark": "9", "view": view_of(reader.get(path).text)})
    assert sent.status_code == 303
    assert seen(world, "select customer_id, answers from form_submission") == [(0, {"mark": 9})]
    assert [row.type for row in world.rows("select type from visitor_event where type like 'form%' order by type")] == [
        "form_started",
        "form_submitted",
    ]
    owner = person(world, "王芳")
    path = link(world, survey.content_id, owner)
    other = browser(world)
    other.post(path.replace("/p/", "/f/"), data={"mark": "3", "view": view_of(other.get(path).text)})
    assert "form_submitted" not in events(world, owner), "the link may have been passed on"
    assert seen(world, "select distinct customer_id from form_submission") == [(0,)]
