"""Outreach over the real HTTP client against the sandbox: what it counts is what the simulated platform counted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from siyu.customers import actions as customers
from siyu.customers.types import Follow, Identity, Record
from siyu.intake import actions as intake
from siyu.outreach.types import Message
from siyu.platforms import actions as inbox
from tests.outreach.town import Platform, Town
from tests.platforms.sandboxed import APPID, Platforms, platforms
from tests.support.world import World


class Real(Platform):
    """The real senders in the twin's place."""

    real: dict[str, Any]

    @property
    def senders(self) -> dict[str, Any]:
        return self.real


@pytest.fixture
def both(world: World, tmp_path: Path) -> Iterator[tuple[Town, Platforms]]:
    with platforms(world, tmp_path) as outside:
        follow = [{"account": APPID, "at": "2026-02-01T09:00:00+08:00", "count": 12}]
        outside.sandbox.add_people(key="p", seed=1, count=12, model={"reply_rate": 0}, follow=follow)
        openids = [outside.openid(number) for number in range(1, 13)]
        with world.open() as ctx:
            records = [
                Record("test", openid, (Identity("oa_openid", openid, str(outside.oa)),), ctx.now) for openid in openids
            ]
            people = customers.identify(ctx, records)
            customers.follow(ctx, [Follow(one, "oa", outside.oa, ctx.now - timedelta(days=20)) for one in people])
        real = Real()
        real.real = dict(outside.senders)
        yield Town(world, outside.oa, people, real, template_of(outside)), outside


def template_of(outside: Platforms) -> str:
    """A template that the account took from the library, as an operator does in the console."""
    base = f"{outside.sandbox.oa_url}/cgi-bin"
    with httpx2.Client() as http:
        grant = {"grant_type": "client_credential", "appid": APPID, "secret": "oa-secret"}
        token = http.post(f"{base}/stable_token", json=grant).json()["access_token"]
        body = {"template_id_short": "remind", "keyword_name_list": ["first"]}
        made = http.post(f"{base}/template/api_add_template", params={"access_token": token}, json=body).json()
    return str(made["template_id"])


def hear(town: Town) -> None:
    """Let intake read what the platform called back with."""
    with town.world.open() as ctx:
        for lane in (0, 1):
            intake.handle(ctx, inbox.take_inbox(ctx, lane, 1000))


def test_three_routes_arrive_and_their_receipts_come_back(both: tuple[Town, Platforms]) -> None:
    town, outside = both
    wave, link, reminder = (Message(content_id=town.article(key)) for key in ("wave", "link", "reminder"))
    town.ask(message=wave)
    town.work()
    outside.wait(minutes=2)
    hear(town)
    assert outside.sandbox.received(route="oa_mass")["count"] == 12
    (batch,) = town.world.rows("select state, total, filtered, sent, errors from outreach_batch where kind = 'mass'")
    assert tuple(batch) == ("finished", 12, 12, 12, 0)
    for number in (1, 2, 3):
        outside.sandbox.act(number, "text", account=APPID, text="电子书")
    hear(town)
    town.ask(town.people[:4], key="link", message=link, routes=(town.custom,), answers=1)
    town.work()
    received = outside.sandbox.received(route="oa_custom")
    assert (received["count"], received["messages"]) == (3, 3)
    assert town.tally()["not_sent", "window_closed"] == 1
    town.ask(town.people[4:], key="remind", message=reminder, routes=(town.template,))
    town.work()
    outside.wait(minutes=1)
    hear(town)
    assert outside.sandbox.received(route="oa_template")["count"] == 8
    assert town.tally()["received", "now"] == 8
    assert outside.sandbox.counts()["duplicate_count"] == 0


def test_lost_answers_double_nothing(both: tuple[Town, Platforms]) -> None:
    town, outside = both
    outside.sandbox.act(1, "text", account=APPID, text="你好")
    hear(town)
    outside.sandbox.set_faults(seed=1, drop_answers=0.5)
    town.ask(message=Message(content_id=town.article("wave")))
    town.ask(town.people, key="t", message=Message(content_id=town.article("reminder")), routes=(town.template,))
    town.ask(town.people[:1], key="c", message=Message(content_id=town.article("link")), routes=(town.custom,))
    for _ in range(12):
        town.work()
        if not town.world.value("select count(*) from outreach_batch where open"):
            break
        town.leases_end()
    outside.sandbox.set_faults(drop_answers=0)
    town.work()
    outside.wait(minutes=1)
    hear(town)
    counts = outside.sandbox.counts()
    assert counts["duplicate_count"] == 0
    received = {
        route: outside.sandbox.received(route=route)["messages"] for route in ("oa_mass", "oa_template", "oa_custom")
    }
    rows = town.world.rows(
        "select route, count(*) as n from outreach_request where claimed_day is not null group by route"
    )
    ledger = {row.route: row.n for row in rows}
    unsure = town.world.value("select count(*) from outreach_request where reason = 'uncertain'")
    assert received["oa_mass"] == ledger["oa_mass"] == 12
    assert received["oa_template"] == ledger["oa_template"] == 12
    assert abs(sum(received.values()) - sum(ledger.values())) <= unsure
    assert town.tally()["waiting", "asked"] == 0
