"""What visitors of a site do: heard, refused, counted, and theirs once they are recognised."""

import base64
import hmac
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fastapi.testclient import TestClient

from siyu.customers import actions as customers
from siyu.customers.collecting import jobs
from siyu.customers.collecting.http import public, router
from siyu.customers.types import Identity, Record
from siyu.kernel.probes import answer
from tests.support.http import room_client
from tests.support.world import World

SHOP = "https://shop.example.com"
BROWSER = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 MicroMessenger/8.0.50"
)
VISITOR = "0123456789abcdef0123456789abcdef"


class Shop:
    """A site with its server and its visitors' browsers."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.client: TestClient = room_client(world, router, public)
        self.site = self.client.post("/api/collect/sites", json={"name": "官网", "origins": [SHOP]}).json()

    def post(self, body: dict[str, Any] | bytes, origin: str | None = SHOP, agent: str = BROWSER) -> Any:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"user-agent": agent, "content-type": "text/plain"} | ({"origin": origin} if origin else {})
        return self.client.post("/collect", content=raw, headers=headers)

    def send(self, *events: dict[str, Any], visitor: str = VISITOR, **more: Any) -> Any:
        """Events through /collect; what is in ``more`` goes into the body, but origin and agent into the headers."""
        headers = {name: more.pop(name) for name in ("origin", "agent") if name in more}
        return self.post({"site": self.site["key"], "visitor": visitor, "events": list(events), **more}, **headers)

    def dropped(self) -> dict[str, int]:
        return dict(self.client.get("/api/collect/sites").json()["items"][0]["dropped"])

    def token(self, secret: str, **claims: Any) -> str:
        """A JWT as any server library makes it."""
        said = {"aud": self.site["key"], "exp": int(self.world.now.timestamp()) + 600, "source": "shop", **claims}
        parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in ({"alg": "HS256"}, said)]
        signature = hmac.digest(secret.encode(), b".".join(parts), "sha256")
        return b".".join([*parts, base64.urlsafe_b64encode(signature).rstrip(b"=")]).decode()


def page(number: int, url: str = f"{SHOP}/pricing", **more: Any) -> dict[str, Any]:
    return {"id": f"event-{number}", "type": "web_visited", "url": url, **more}


@pytest.fixture
def shop(world: World) -> Shop:
    return Shop(world)


def test_what_an_unknown_visitor_did_waits_and_becomes_the_customers_with_how_they_came(
    shop: Shop, world: World
) -> None:
    answer = shop.send(page(1, f"{SHOP}/?utm_source=xhs&utm_campaign=spring&session=secret"), page(2, ago_ms=60_000))
    assert (answer.status_code, answer.content, answer.headers["access-control-allow-origin"]) == (204, b"", SHOP)
    assert world.value("select count(*) from customer") == 0
    secret = shop.client.post(f"/api/collect/sites/{shop.site['site_id']}/secret").json()["secret"]
    world.wait(days=3)
    assert shop.send(token=shop.token(secret, sub="C-77", phone="13812341234")).status_code == 204
    (person,) = world.rows("select customer_id, phone, source_kind, source_code from customer where status = 'active'")
    assert tuple(person)[1:] == ("+8613812341234", "url", "xhs")
    visits = world.rows(
        "select props from event where type = 'web_visited' and customer_id = :id", id=person.customer_id
    )
    assert len(visits) == 2
    first = next(one.props for one in visits if "utm_source" in one.props)
    assert first == {"url": f"{SHOP}/", "utm_source": "xhs", "utm_campaign": "spring"}
    shop.send({"id": "later", "type": "trial_started", "props": {"plan": "a"}})
    assert (
        world.value(
            "select count(*) from event where type = 'trial_started' and customer_id = :id", id=person.customer_id
        )
        == 1
    )
    assert shop.dropped() == {}


def test_only_a_token_of_the_sites_own_server_says_who_somebody_is(shop: Shop, world: World) -> None:
    with world.open() as ctx:
        customers.recognise(ctx, [Record("test", "1", (Identity("crm_id", "C-1", "shop"),), ctx.now, {"name": "张三"})])
    secret = shop.client.post(f"/api/collect/sites/{shop.site['site_id']}/secret").json()["secret"]
    good = {"sub": "C-1"}
    unsigned = base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=") + shop.token(secret, **good)[20:]
    for token in (
        shop.token("another secret", **good),
        shop.token(secret, **good, exp=int(world.now.timestamp()) - 1),
        shop.token(secret, **good, exp=int(world.now.timestamp()) + 10**7),
        shop.token(secret, **good, aud="x" * 20),
        shop.token(secret, **good, vid="f" * 32),
        unsigned,
        "13812341234",
    ):
        assert shop.send(page(1), token=token, phone="13812341234").status_code == 204
    assert world.value("select count(*) from visitor") == 0
    assert shop.dropped()["bad_token"] == 7
    shop.send(page(1), token=shop.token(secret, **good, vid=VISITOR))
    assert world.value("select count(*) from visitor") == 1
    assert world.value("select count(*) from customer where status = 'active'") == 1


def test_other_origins_bots_and_floods_are_dropped_and_counted(shop: Shop, world: World) -> None:
    refused = shop.send(page(1), origin="https://evil.example.com")
    assert (refused.status_code, "access-control-allow-origin" in refused.headers) == (204, False)
    shop.send(page(1), origin=None)
    shop.send(page(1), agent="Mozilla/5.0 (compatible; Baiduspider/2.0)")
    shop.send(page(1), {"id": "x", "type": "delivery_sent"}, {"id": "y", "type": "web_visited", "props": {"a": "\0"}})
    for start in range(0, 80, 20):
        assert shop.send(*(page(number) for number in range(start, start + 20))).status_code == 204
    assert world.value("select count(*) from visitor_event") == 59
    assert shop.dropped() == {"origin": 2, "bot": 1, "malformed": 2, "too_many": 21}
    shop.send(page(500), visitor="another-visitor-here")
    world.wait(minutes=1)
    shop.send(page(501))
    assert world.value("select count(*) from visitor_event") == 61


def test_repeated_events_count_once(shop: Shop, world: World) -> None:
    for _ in range(2):
        shop.send(page(1), page(2))
    secret = shop.client.post(f"/api/collect/sites/{shop.site['site_id']}/secret").json()["secret"]
    shop.send(token=shop.token(secret, sub="C-1"))
    shop.send(page(3))
    world.wait(seconds=5)
    shop.send(page(3), page(4))
    assert world.value("select count(*) from event where type = 'web_visited'") == 4
    assert shop.dropped() == {"conflict": 1}


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"no json", 422, "bad_site_key"),
        (b"[]", 422, "bad_site_key"),
        (b'{"site": "short"}', 422, "bad_site_key"),
        (b'{"site": "%s"}' % (b"x" * 20), 422, "bad_site_key"),
        (b"[" * 8000, 422, "bad_site_key"),
        (b"x" * 8193, 413, "body_too_large"),
    ],
)
def test_what_no_site_can_have_sent_is_an_error(shop: Shop, body: bytes, status: int, code: str) -> None:
    answer = shop.post(body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_mini_programs_are_known_by_their_appid_and_a_site_can_be_closed(shop: Shop, world: World) -> None:
    mini = "https://servicewechat.com/wx0123456789abcdef"
    body = {"name": "小程序", "origins": [mini], "active": True}
    changed = shop.client.put(f"/api/collect/sites/{shop.site['site_id']}", json=body)
    assert changed.json()["origins"] == [mini]
    raw = json.dumps({"site": shop.site["key"], "visitor": VISITOR, "events": [page(1)]}).encode()
    headers = {"user-agent": BROWSER, "referer": f"{mini}/12/page-frame.html", "content-type": "application/json"}
    assert shop.client.post("/collect", content=raw, headers=headers).status_code == 204
    assert world.value("select count(*) from visitor_event") == 1
    shop.client.put(f"/api/collect/sites/{shop.site['site_id']}", json={**body, "active": False})
    shop.client.post("/collect", content=raw, headers=headers)
    assert shop.dropped() == {"inactive": 1}
    bad = shop.client.put(f"/api/collect/sites/{shop.site['site_id']}", json={**body, "origins": ["*"]})
    assert (bad.status_code, bad.json()["code"], bad.json()["field"]) == (422, "bad_origin", "origins")


def test_visitors_are_forgotten_after_ninety_days(shop: Shop, world: World) -> None:
    shop.send(page(1))
    world.wait(days=92)
    with world.open() as ctx:
        due = answer(ctx, jobs.DUE)
        assert due is not None
        assert due <= ctx.now
        assert jobs.tick(ctx, 100) == 1
        assert answer(ctx, jobs.DUE) is None


def test_a_flood_in_parallel_is_cut_at_sixty_too(shop: Shop, world: World) -> None:
    def flood(start: int) -> int:
        status: int = shop.send(*(page(number) for number in range(start, start + 20))).status_code
        return status

    with ThreadPoolExecutor(6) as pool:
        assert set(pool.map(flood, range(0, 120, 20))) == {204}
    assert world.value("select count(*) from visitor_event") == 60
    assert shop.dropped() == {"too_many": 60}


def test_a_phone_whose_maker_ends_in_bot_is_a_person(shop: Shop, world: World) -> None:
    shop.send(page(1), agent="Mozilla/5.0 (Linux; Android 13; CUBOT P80) Chrome/120 Mobile")
    assert world.value("select count(*) from visitor_event") == 1


def test_one_token_in_two_browsers_is_one_person(shop: Shop, world: World) -> None:
    secret = shop.client.post(f"/api/collect/sites/{shop.site['site_id']}/secret").json()["secret"]
    token = shop.token(secret, sub="C-1")
    for number, visitor in enumerate(("a" * 32, "b" * 32)):
        assert shop.send(page(number), visitor=visitor, token=token).status_code == 204
    assert world.value("select count(*) from customer where status = 'active'") == 1
    assert world.value("select count(*) from event where type = 'web_visited'") == 2
    assert shop.dropped() == {}


@pytest.mark.parametrize(
    "claims", [{"exp": 10**400}, {"exp": True}, {"sub": "\0"}, {"sub": "\ud800"}, {"sub": ["C"]}, {"aud": []}]
)
def test_odd_claims_of_the_sites_own_server_are_not_believed(shop: Shop, world: World, claims: dict[str, Any]) -> None:
    secret = shop.client.post(f"/api/collect/sites/{shop.site['site_id']}/secret").json()["secret"]
    assert shop.send(page(1), token=shop.token(secret, **{"sub": "C-1", **claims})).status_code == 204
    assert shop.dropped() == {"bad_token": 1}
    assert world.value("select count(*) from customer") == 0


@pytest.mark.parametrize(
    "body",
    [
        {"visitor": 7},
        {"visitor": "\ud800" * 20},
        {"events": {"id": "a"}},
        {"events": [None, 1, [], "x"]},
        {"events": [{"id": "a", "type": "web_visited", "ago_ms": 1e400}]},
        {"events": [{"id": "a", "type": "web_visited", "ago_ms": -1}]},
        {"events": [{"id": "a", "type": "web_visited", "props": {"a": 10**400}}]},
        {"events": [{"id": "a", "type": "web_visited", "props": {"a": {"b": 1}}}]},
        {"events": [{"id": "a", "type": "web_visited", "props": {"\ud800": 1}}]},
        {"events": [{"id": "a", "type": "delivery_sent"}]},
        {"events": [{"id": "a b", "type": "web_visited"}]},
        {"token": {"a": 1}},
        {"token": ".".join(["[" * 1000] * 3)},
    ],
)
def test_whatever_a_script_sends_is_dropped_and_counted(shop: Shop, world: World, body: dict[str, Any]) -> None:
    answer = shop.post({"site": shop.site["key"], "visitor": VISITOR, "events": [], **body})
    assert answer.status_code == 204
    assert world.value("select count(*) from visitor_event") == 0
    assert sum(shop.dropped().values()) >= 1
