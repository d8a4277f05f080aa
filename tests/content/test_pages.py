"""Links, views, reading, clicks: what a browser does and what is known of it afterwards."""

from __future__ import annotations

import re
from typing import Any

import pytest

from siyu.content import actions, codes, queries
from siyu.content.types import LinkContext
from siyu.customers import actions as customers
from siyu.customers.types import Identity, Record
from siyu.kernel.db import ids_of
from tests.content.conftest import GOOD, PHONE, browser, landed
from tests.support.world import World


def link(world: World, content_id: int, owner: int = codes.SHARED) -> str:
    with world.open() as ctx:
        return f"/p/{codes.code(actions.ensure_link(ctx, content_id, LinkContext('test')), owner)}"


def person(world: World, key: str, profiling: bool = False) -> int:
    with world.open() as ctx:
        record = Record("crm", key, (Identity("crm_id", key, "crm"),), ctx.now, {"name": key})
        (customer_id,) = customers.identify(ctx, [record])
        if profiling:
            customers.consent(ctx, ids_of([customer_id]), "profiling", given=True, why="test")
        return customer_id


def events(world: World, customer_id: int) -> list[str]:
    rows = landed(world).rows(
        "select type from event where customer_id = :c and source = 'content' order by event_id", c=customer_id
    )
    return [row.type for row in rows]


def seen(world: World, sql: str) -> list[tuple[object, ...]]:
    return [tuple(row) for row in world.rows(sql)]


def view_of(html: str) -> str:
    found = re.search(r'data-view="([^"]+)"', html)
    assert found
    return found[1]


def hrefs(html: str) -> list[str]:
    return [found.replace("&amp;", "&") for found in re.findall(r'href="([^"]+)" data-cta', html)]


def test_the_owner_of_a_personal_link_is_known_but_only_the_click_without_consent(
    world: World, shelf: dict[str, int]
) -> None:
    owner = person(world, "王芳")
    page = browser(world).get(link(world, shelf["book"], owner))
    assert page.status_code == 200
    assert 'data-pages="3"' in page.text
    assert 'data-beacon="/t/view"' in page.text
    assert events(world, owner) == ["link_clicked"]
    assert seen(world, "select known, forward, wechat from content_view") == [(True, False, False)]


def test_reading_of_a_person_with_consent_is_in_the_timeline_page_by_page(world: World, shelf: dict[str, int]) -> None:
    owner = person(world, "王芳", profiling=True)
    reader = browser(world)
    view = view_of(reader.get(link(world, shelf["book"], owner)).text)
    for pages in ([[1, 4000], [2, 9000]], [[1, 4000]], [[2, 9100], [1, 3000], [2, 9500]], [[2, 3000]]):
        assert reader.post("/t/view", json={"view": view, "read": pages}).status_code == 204
    assert events(world, owner) == ["link_clicked", "content_viewed", "page_read", "page_read", "page_read"]
    read = world.rows(
        "select props->>'page' p, sum((props->>'ms')::int) ms from event where type = 'page_read' group by 1"
    )
    assert {row.p: row.ms for row in read} == {"1": 4000, "2": 9500}
    assert seen(world, "select ms, pages from content_view") == [(13500, 2)]


def test_reading_without_consent_is_counted_and_tied_to_nobody(world: World, shelf: dict[str, int]) -> None:
    owner = person(world, "王芳")
    reader = browser(world)
    view = view_of(reader.get(link(world, shelf["book"], owner)).text)
    reader.post("/t/view", json={"view": view, "read": [[1, 4000]]})
    assert events(world, owner) == ["link_clicked"]
    assert seen(world, "select ms, pages from content_view") == [(4000, 1)]
    assert world.rows("select count(*) from visitor_event") == [(0,)]


def test_a_personal_link_that_another_opens_is_a_forward_and_counts_once_per_opener(
    world: World, shelf: dict[str, int]
) -> None:
    owner = person(world, "王芳")
    reader = browser(world)
    path = link(world, shelf["form"])
    form = {**GOOD, "name": "李雷", "view": view_of(reader.get(path).text)}
    reader.post(path.replace("/p/", "/f/"), data=form)  # now this browser is known
    friend = world.value("select customer_id from customer where name = '李雷'")
    for _ in range(2):
        assert reader.get(link(world, shelf["article"], owner)).status_code == 200
    assert events(world, owner) == ["forwarded"]
    assert events(world, friend)[-4:] == ["link_clicked", "content_viewed"] * 2
    assert [row.f for row in world.rows("select forward f from content_view order by view_id")] == [False, True, True]


def test_an_unknown_reader_waits_aside_and_is_joined_by_the_form(world: World, shelf: dict[str, int]) -> None:
    reader = browser(world)
    view = view_of(reader.get(link(world, shelf["article"]) + "?utm_source=wechat&utm_campaign=spring").text)
    reader.post("/t/view", json={"view": view, "read": [[1, 7000]]})
    assert landed(world).rows("select count(*) from event where source = 'content'") == [(0,)]
    assert [row.type for row in world.rows("select type from visitor_event order by type")] == [
        "content_viewed",
        "page_read",
    ]
    path = link(world, shelf["form"])
    sent = reader.post(path.replace("/p/", "/f/"), data={**GOOD, "view": view_of(reader.get(path).text)})
    assert sent.status_code == 303
    (customer,) = world.rows("select customer_id, name, phone, profiling_consent from customer where status = 'active'")
    assert (customer.name, customer.phone, customer.profiling_consent) == ("王芳", "+8613812341234", True)
    assert set(events(world, customer.customer_id)) >= {"content_viewed", "page_read", "form_started", "form_submitted"}


def test_machines_see_the_page_and_count_nowhere(world: World, shelf: dict[str, int]) -> None:
    owner = person(world, "王芳")
    for agent in ("Mozilla/5.0 (compatible; bingbot/2.0)", "WhatsApp/2.0", "curl/8.0", ""):
        page = browser(world, agent).get(link(world, shelf["article"], owner))
        assert page.status_code == 200
        assert "data-view" not in page.text
    prefetch = browser(world, PHONE).get(link(world, shelf["article"], owner), headers={"sec-purpose": "prefetch"})
    assert prefetch.status_code == 200
    assert world.rows("select count(*) from content_view") == [(0,)]
    assert events(world, owner) == []


@pytest.mark.parametrize("code", ["", "x", "AAAAAAAAAAAAAAAAAAAA", codes.varint(5).hex()])
def test_a_link_that_leads_nowhere_says_so_kindly(world: World, shelf: dict[str, int], code: str) -> None:
    page = browser(world).get(f"/p/{code or 'none'}")
    assert page.status_code == 404
    assert "打不开" in page.text
    english = browser(world).get(f"/p/{code or 'none'}", headers={"accept-language": "en-GB,en;q=0.9"})
    assert "does not work" in english.text


def test_outside_addresses_and_the_group_are_counted_on_the_way(world: World, shelf: dict[str, int]) -> None:
    owner = person(world, "王芳", profiling=True)
    reader = browser(world)
    text = reader.get(link(world, shelf["article"], owner)).text
    (out,) = [found.replace("&amp;", "&") for found in re.findall(r'<a href="(/t/go[^"]+)"', text)]
    away = reader.get(out)
    assert (away.status_code, away.headers["location"]) == (302, "https://example.com/a?x=1&y=2")
    assert reader.get(out.replace("n=0", "n=7")).status_code == 404
    group = reader.get(link(world, shelf["group"], owner))
    assert (group.status_code, group.headers["location"]) == (302, "https://example.com/join/1")
    assert events(world, owner) == ["link_clicked", "content_viewed", "link_clicked", "link_clicked", "content_viewed"]
    (form,) = hrefs(text)
    assert codes.read(form.rpartition("/")[2])[1] == owner, "the next page goes on knowing who reads"


def test_a_book_is_shown_page_by_page_to_those_who_got_it(world: World, shelf: dict[str, int]) -> None:
    reader = browser(world)
    text = reader.get(link(world, shelf["book"])).text
    sheets = [found.replace("&amp;", "&") for found in re.findall(r'src="(/e/[^"]+)"', text)]
    assert len(sheets) == 3
    for _ in range(2):  # rendered, then from the cache
        sheet = reader.get(sheets[2])
        assert (sheet.status_code, sheet.headers["content-type"], sheet.content[:4]) == (200, "image/png", b"\x89PNG")
        assert "immutable" in sheet.headers["cache-control"]
    assert reader.get(sheets[0].replace("/1.png", "/4.png")).status_code == 404
    assert reader.get(re.sub("k=[0-9a-f]+", "k=0", sheets[0])).status_code == 404
    (pdf,) = hrefs(text)
    book = reader.get(pdf)
    assert book.content[:5] == b"%PDF-"
    assert [row.type for row in world.rows("select type from visitor_event where type = 'downloaded'")] == [
        "downloaded"
    ]


def test_pages_bring_nothing_from_elsewhere_and_say_so(world: World, shelf: dict[str, int]) -> None:
    reader = browser(world)
    for key in ("article", "book", "form"):
        page = reader.get(link(world, shelf[key]))
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        loaded = re.findall(r'(?:src|<link[^>]*href)="([^"]+)"', page.text)
        assert loaded
        for address in loaded:
            if address != "data:,":
                assert reader.get(address.replace("&amp;", "&")).status_code == 200
        assert "<script>" not in page.text
        assert "style=" not in page.text


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"{", None),
        (b'{"view": 5}', "view"),
        (b'{"view": "nonsense", "read": [[1, 1]]}', "view"),
        (b'{"view": "VIEW"}', "read"),
        (b'{"view": "VIEW", "read": []}', "read"),
        (b'{"view": "VIEW", "read": {"1": 1}}', "read"),
        (b'{"view": "VIEW", "read": [[1]]}', "read"),
        (b'{"view": "VIEW", "read": [[0, 1]]}', "read"),
        (b'{"view": "VIEW", "read": [[1, 1], [true, 1]]}', "read"),
        (b'{"view": "VIEW", "read": [[1, -1]]}', "read"),
        (b'{"view": "VIEW", "read": [[1, 1e999]]}', "read"),
        (b'{"view": "VIEW", "read": ' + b"[" * 100_000, None),
        (b"\xff\xfe", None),
    ],
)
def test_a_bad_beacon_names_its_fault(world: World, shelf: dict[str, int], body: bytes, field: str | None) -> None:
    reader = browser(world)
    view = view_of(reader.get(link(world, shelf["article"])).text)
    answer = reader.post("/t/view", content=body.replace(b"VIEW", view.encode()))
    assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert world.rows("select ms from content_view") == [(0,)]


def test_statistics_show_what_became_of_a_content(world: World, shelf: dict[str, int]) -> None:
    owner = person(world, "王芳")
    first, second = browser(world), browser(world)
    view = view_of(first.get(link(world, shelf["book"], owner)).text)
    second.get(link(world, shelf["book"]))
    second.get(link(world, shelf["book"]))
    first.post("/t/view", json={"view": view, "read": [[2, 3000]]})
    got: dict[str, Any] = first.get(f"/api/content/{shelf['book']}/statistics").json()
    assert {key: got[key] for key in ("views", "readers", "known_views", "ms", "forwarded_views")} == {
        "views": 3,
        "readers": 2,
        "known_views": 1,
        "ms": 3000,
        "forwarded_views": 0,
    }
    assert got["pages"] == [{"page": 2, "views": 1, "ms": 3000}]
    assert got["links"] == [{"link_id": got["links"][0]["link_id"], "purpose": "test", "views": 3, "readers": 2}]
    later = first.get(f"/api/content/{shelf['book']}/statistics", params={"since": "2026-03-03T00:00:00+08:00"})
    assert later.json()["views"] == 0


def test_an_old_link_stays_readable_when_its_content_is_archived(world: World, shelf: dict[str, int]) -> None:
    path = link(world, shelf["article"])
    reader = browser(world)
    assert reader.delete(f"/api/content/{shelf['article']}").status_code == 204
    assert reader.get(path).status_code == 200
    with world.open() as ctx:
        assert shelf["article"] not in {item.content_id for item in queries.contents(ctx).items}


def test_the_people_behind_the_counts_are_listed(world: World, shelf: dict[str, int]) -> None:
    silent, open_ = person(world, "王芳"), person(world, "李雷", profiling=True)
    reader = browser(world)
    for owner in (silent, open_):
        view = view_of(reader.get(link(world, shelf["book"], owner)).text)
        reader.post("/t/view", json={"view": view, "read": [[1, 4000], [3, 2000]]})
        world.wait(minutes=5)
    reader.get(link(world, shelf["book"]))
    landed(world)
    path = f"/api/content/{shelf['book']}/readers"
    told = reader.get(path).json()
    assert [(row["customer_id"], row["name"], row["opened"], row["page"], row["ms"]) for row in told["items"]] == [
        (open_, "李雷", 1, 3, 6000),
        (silent, "王芳", 1, None, None),
    ]
    first = reader.get(path, params={"limit": 1}).json()
    rest = reader.get(path, params={"limit": 1, "cursor": first["next"]}).json()
    assert [row["customer_id"] for row in (*first["items"], *rest["items"])] == [open_, silent]
    assert rest["next"] is None
    assert [row["customer_id"] for row in reader.get(path, params={"did": "read"}).json()["items"]] == [open_]
    assert reader.get(path, params={"did": "submitted"}).json()["items"] == []
    assert reader.get(path, params={"did": "clicked"}).json()["items"] == []
    href = hrefs(reader.get(link(world, shelf["book"], silent)).text)[-1]
    assert reader.get(href).headers["content-type"] == "application/pdf"
    landed(world)
    (row,) = reader.get(path, params={"did": "clicked"}).json()["items"]
    assert (row["customer_id"], row["opened"], row["clicks"], row["downloaded"]) == (silent, 2, 1, True)
    counted = reader.get(path.replace("readers", "statistics")).json()
    assert counted["clicks"] == 1, "the list and the count mean the same"
    assert reader.get(path, params={"did": "slept"}).status_code == 422
    assert reader.get(path, params={"cursor": "x"}).status_code == 422
    assert reader.get("/api/content/999999/readers").status_code == 404


def test_who_sent_a_form_is_listed_with_the_phone_masked(world: World, shelf: dict[str, int]) -> None:
    reader = browser(world)
    path = link(world, shelf["form"])
    reader.post(path.replace("/p/", "/f/"), data={**GOOD, "view": view_of(reader.get(path).text)})
    landed(world)
    (row,) = reader.get(f"/api/content/{shelf['form']}/readers", params={"did": "submitted"}).json()["items"]
    assert (row["name"], row["phone"], row["started"]) == ("王芳", "138****1234", True)
    assert row["submitted_at"] == "2026-03-02T01:00:00Z"
