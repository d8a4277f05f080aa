"""The snippet in a real browser: what it sends is what the endpoint takes."""

from __future__ import annotations

from playwright.sync_api import Page, Route

from siyu.customers.collecting.http import public, router
from tests.support.http import room_client
from tests.support.waiting import until
from tests.support.world import World

SHOP, SIYU = "https://shop.example.com", "https://siyu.example.com"


def test_pages_events_and_address_changes_arrive(world: World, page: Page) -> None:
    client = room_client(world, router, public)
    key = client.post("/api/collect/sites", json={"name": "官网", "origins": [SHOP]}).json()["key"]
    html = f'<title>价格</title><script src="{SIYU}/collect.js" data-site="{key}" data-consent="wait"></script>'

    def siyu(route: Route) -> None:
        """Siyu's server: the routes themselves, behind the browser's network."""
        asked = route.request
        headers: dict[str, str] = {
            name: asked.headers[name] for name in ("origin", "content-type") if name in asked.headers
        }
        path = asked.url.removeprefix(SIYU)
        agent = "Mozilla/5.0 (Windows NT 10.0) Chrome/140"
        answer = client.request(
            asked.method, path, content=asked.post_data_buffer, headers={**headers, "user-agent": agent}
        )
        route.fulfill(status=answer.status_code, headers={**answer.headers}, body=answer.content)

    page.route(f"{SHOP}/**", lambda route: route.fulfill(content_type="text/html; charset=utf-8", body=html))
    page.route(f"{SIYU}/**", siyu)
    page.goto(f"{SHOP}/pricing?utm_source=xhs&session=secret")
    page.wait_for_function("window.siyu")
    assert page.evaluate("localStorage.length") == 0
    page.evaluate("siyu.start(); siyu.track('trial_started', {plan: 'a'}); history.pushState({}, '', '/second')")

    def arrived() -> list[tuple[str, str]]:
        page.wait_for_timeout(20)
        rows = world.rows("select type, props from visitor_event order by type, props->>'url'")
        return [(row.type, str(row.props["url"])) for row in rows]

    until(lambda: len(arrived()) == 3, "three events")
    assert arrived() == [
        ("trial_started", f"{SHOP}/pricing"),
        ("web_visited", f"{SHOP}/pricing"),
        ("web_visited", f"{SHOP}/second"),
    ]
    first = world.rows(
        "select anonymous_id, props from visitor_event where props ? 'utm_source' and type = 'web_visited'"
    )
    assert first[0].props["utm_source"] == "xhs"
    assert first[0].props["title"] == "价格"
    assert "secret" not in str(first[0].props)
    assert first[0].anonymous_id.endswith(page.evaluate("siyu.visitor()"))
