"""A mass send whose finish event was lost is asked about 30 minutes later, for a day at most."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import DateTime, Integer, Text, cast, func, literal, null, select

from siyu.customers import actions as customers
from siyu.customers import queries as customer_queries
from siyu.intake import actions as intake
from siyu.intake import jobs, lookups, queries
from siyu.kernel import notices
from siyu.kernel.ctx import Ctx
from siyu.kernel.jobs import Pulse
from siyu.kernel.probes import answer
from siyu.outreach import actions as outreach
from siyu.outreach import jobs as outreach_jobs
from siyu.outreach import queries as outreach_queries
from siyu.outreach.types import Message, Origin, Route, RouteChoice
from siyu.platforms import actions as inbox
from siyu.platforms.types import Call, Outcome, Sender
from tests.platforms.sandboxed import APPID, Platforms, platforms
from tests.support.world import World


@pytest.fixture
def both(world: World, tmp_path: Path) -> Iterator[Platforms]:
    with platforms(world, tmp_path) as found:
        found.sandbox.add_people(
            key="p",
            seed=1,
            count=6,
            model={"reply_rate": 0},
            follow=[{"account": APPID, "at": "2026-02-01T09:00:00+08:00", "count": 6}],
        )
        yield found


def settle(both: Platforms) -> None:
    """Intake and outreach work until nothing is left to do at this time."""
    busy = True
    while busy:
        with both.world.open() as ctx:
            jobs.notice(ctx, notices.take(ctx))
            messages = inbox.take_inbox(ctx, 0, 1000) + inbox.take_inbox(ctx, 1, 1000)
            intake.handle(ctx, messages)
            events = customers.take_pulse(ctx, 0, 256, 5_000).events
            for room in (outreach_jobs, jobs):
                room.pulse(ctx, Pulse(events))
            outreach_jobs.tick(ctx, 10_000)
        busy = bool(messages or events)
        for phased in (*outreach_jobs.FAST_PHASES, *outreach_jobs.PHASES, *jobs.PHASES):
            while both.world.run(phased, both.senders):
                busy = True


def ask(ctx: Ctx, account_id: int) -> None:
    """A text to every follower by mass send, at once."""
    everybody: Any = customer_queries.openids(account_id)
    who = select(
        everybody.c.customer_id,
        func.concat("t:", cast(everybody.c.customer_id, Text)).label("key"),
        cast(null(), Integer).label("answers"),
        literal(ctx.now, DateTime(timezone=True)).label("wanted_at"),
        cast(null(), DateTime(timezone=True)).label("expires_at"),
    )
    routes = (RouteChoice(Route.OA_MASS, account_id, at_once=2),)
    assert outreach.request(ctx, who, message=Message(text="新书到了"), routes=routes, origin=Origin("journey", 1)) == 6


@pytest.mark.parametrize("lost", [True, False])
def test_finish_of_a_mass_send(both: Platforms, lost: bool) -> None:
    settle(both)
    both.sandbox.set_faults(seed=1, lose=1.0 if lost else 0.0)
    with both.world.open() as ctx:
        ask(ctx, both.oa)
    settle(both)
    both.wait(minutes=2)
    settle(both)
    with both.world.open() as ctx:
        (send,) = outreach_queries.mass_sends(ctx).items
        assert (send.finished_at is None) == lost
        assert queries.readings_waiting(ctx) == int(lost)
        due = answer(ctx, jobs.DUE)
    assert due is not None
    if lost:
        assert due == send.claimed_at + timedelta(minutes=30)
        both.wait(minutes=28)
        settle(both)
        with both.world.open() as ctx:
            (send,) = outreach_queries.mass_sends(ctx).items
            assert send.finished_at is not None
            assert send.status == "send success"
            assert queries.readings_waiting(ctx) == 0
    counts = both.sandbox.counts()
    assert counts["duplicate_count"] == 0
    assert [row["persons"] for row in counts["received"]] == [6]
    assert sum(row["calls"] for row in counts["api"] if row["path"].endswith("/mass/get")) == int(lost)


class Stuck:
    """An Official Account that never says what became of a mass send."""

    def __init__(self, real: Sender) -> None:
        self.real = real

    def send(self, call: Call) -> Outcome:
        found = self.real.send(call)
        return replace(found, data={**found.data, "msg_status": "SENDING"}) if call.endpoint == "mass_get" else found


def test_a_mass_send_that_stays_sending_is_given_up_after_a_day_and_counts_as_accepted(
    both: Platforms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookups, "LOOKS", 1)
    settle(both)
    monkeypatch.setitem(both.senders, "official_account", Stuck(both.senders["official_account"]))
    both.sandbox.set_faults(seed=1, lose=1.0)
    with both.world.open() as ctx:
        ask(ctx, both.oa)
    settle(both)
    for minutes, waiting in ((31, 1), (11, 0)):
        both.wait(minutes=minutes)
        settle(both)
        with both.world.open() as ctx:
            assert queries.readings_waiting(ctx) == waiting
    with both.world.open() as ctx:
        (send,) = outreach_queries.mass_sends(ctx).items
        assert (send.state, send.status) == ("unknown", "unknown")
    assert both.world.value("select count(*) from outreach_request where state = 'accepted'") == 6
    assert both.world.value("select count(*) from outreach_tally") == 6, "it may have reached them"
