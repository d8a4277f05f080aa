"""Rows follow their person when customers are merged and split."""

from __future__ import annotations

from datetime import timedelta

from siyu.customers import actions as customers
from siyu.customers.types import Identity, Record
from siyu.kernel.ctx import Ctx
from siyu.outreach import jobs
from siyu.outreach.types import Message
from tests.outreach.town import Town


def unite(town: Town, number: int, phone: str) -> None:
    """The person turns out to be the one with this CRM id."""
    with town.world.open() as ctx:
        ids = (Identity("oa_openid", f"o{number}", str(town.account)), Identity("crm_id", phone, "crm"))
        customers.identify(ctx, [Record("test", f"merge{number}", ids, ctx.now)])


def pulse(town: Town) -> None:
    with town.world.open() as ctx:
        while (taken := customers.take_pulse(ctx, 0, 256, 1000)).events:
            jobs.pulse(ctx, taken)


def stranger(ctx: Ctx, crm: str) -> int:
    return customers.identify(ctx, [Record("test", crm, (Identity("crm_id", crm, "crm"),), ctx.now)])[0]


def test_requests_and_the_seen_set_follow_a_merge(town: Town) -> None:
    article = town.article()
    with town.world.open() as ctx:
        other = stranger(ctx, "c1")
    message = Message(content_id=article)
    town.ask(town.people[:2], message=message, key="seen")
    town.work()
    town.ask(
        [other], message=message, key="waiting", routes=(town.template,), wanted_at=town.world.now + timedelta(hours=1)
    )
    town.ask(
        [other], message=message, key="seen", routes=(town.template,), wanted_at=town.world.now + timedelta(hours=1)
    )
    unite(town, 0, "c1")
    pulse(town)
    rows = town.world.rows("select customer_id, key, state, reason from outreach_request order by request_id")
    kept = {row.customer_id for row in rows}
    assert len(kept) == 2, "the rows of both are under one customer now"
    assert [(row.key.split("~")[0], row.state, row.reason) for row in rows[2:]] == [
        ("waiting", "waiting", "asked"),
        ("seen", "not_sent", "merged"),
    ]
    assert len({(row.customer_id, row.key) for row in rows}) == 4
    town.play(town.world.now + timedelta(hours=2))
    assert town.world.value("select reason from outreach_request where key = 'waiting'") == "already_had_content"
    assert town.platform.of("template_send") == []


def test_a_claim_finds_who_was_merged_before_the_pulse_came_by(town: Town) -> None:
    with town.world.open() as ctx:
        other = stranger(ctx, "c2")
    town.ask([other, town.people[0]], message=Message(content_id=town.article()), routes=(town.template,))
    unite(town, 0, "c2")
    town.work()
    assert town.platform.of("template_send") == ["o0"]
    reasons = [row.reason for row in town.world.rows("select reason from outreach_request order by reason")]
    assert reasons in (["merged", "now"], ["already_had_content", "now"])


def test_caps_of_both_count_together(town: Town) -> None:
    unite(town, 0, "c3")
    for number in range(3):
        town.ask(
            town.people[:2],
            key=f"k{number}",
            routes=(town.mass(),),
            message=Message(content_id=town.article(f"a{number}")),
        )
    town.work()
    assert len(town.platform.of("mass_send")) == 4


def test_nothing_goes_to_the_erased(town: Town) -> None:
    message = Message(content_id=town.article())
    town.opens(town.people[:2])
    town.ask(town.people[:2], key="now", message=message, routes=(town.custom,))
    town.ask(town.people[:2], key="later", routes=(town.custom,), wanted_at=town.world.now + timedelta(days=1))
    with town.world.open() as ctx:
        customers.erase(ctx, town.people[0])
    town.work()
    assert town.platform.of("custom_send") == ["o1"]
    pulse(town)
    assert town.states() == [
        (0, "not_sent", "erased"),
        (1, "sent", "now"),
        (0, "not_sent", "erased"),
        (1, "waiting", "asked"),
    ]
    assert town.world.value("select count(*) from outreach_window where customer_id = :one", one=town.people[0]) == 0
