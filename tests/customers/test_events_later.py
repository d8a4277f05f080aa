"""Events of single requests: kept at once, in the timeline with the next pulse."""

from datetime import timedelta

import pytest

from siyu.customers import actions, queries
from siyu.customers.types import Identity, NewEvent, Record
from siyu.kernel.ctx import Ctx
from siyu.kernel.errors import BadTime
from siyu.kernel.probes import answer
from tests.support.world import World


def people(ctx: Ctx, count: int, prefix: str) -> list[int]:
    records = [Record("t", f"{prefix}{n}", (Identity("crm_id", f"{prefix}{n}", "t"),), ctx.now) for n in range(count)]
    return actions.identify(ctx, records)


def test_what_is_recorded_for_later_lands_with_the_pulse_of_its_slot_once(world: World) -> None:
    with world.open() as ctx:
        one, two = people(ctx, 2, "l")
        while actions.take_pulse(ctx, 0, 256, 5_000).events:
            pass
    told = [
        NewEvent("content", f"view:{who}", "content_viewed", world.now, who, None, {"n": who}) for who in (one, two)
    ]
    for _ in range(2):
        with world.open() as ctx:
            actions.record_later(ctx, told)
            assert answer(ctx, queries.PULSE)
    kept = "select count(*) from event where type = 'content_viewed'"
    assert world.value(kept) == 0
    with world.open() as ctx:
        taken = actions.take_pulse(ctx, one & 255, (one & 255) + 1, 5_000).events
    assert [(event.customer_id, event.type, event.props) for event in taken] == [(one, "content_viewed", {"n": one})]
    with world.open() as ctx:
        assert [event.customer_id for event in actions.take_pulse(ctx, 0, 256, 5_000).events] == [two]
        assert not answer(ctx, queries.PULSE)
    assert world.value(kept) == 2


def test_what_waits_follows_a_merge_and_is_forgotten_with_the_person(world: World) -> None:
    with world.open() as ctx:
        gone, first, second = everybody = people(ctx, 3, "m")
        actions.record_later(
            ctx,
            [NewEvent("content", f"w:{one}", "page_read", world.now, one, None, {"page": 1}) for one in everybody],
        )
        actions.join(ctx, [first, second])
        actions.erase(ctx, gone)
        home = queries.origins(ctx, [second])[second]
    assert world.value("select count(*) from waiting_event") == 2
    with world.open() as ctx:
        actions.take_pulse(ctx, 0, 256, 5_000)
    rows = world.rows("select customer_id, origin_id from event where type = 'page_read' order by origin_id")
    assert [tuple(row) for row in rows] == [(home, first), (home, second)]


def test_a_faulty_event_for_later_is_refused_and_writes_nothing(world: World) -> None:
    with pytest.raises(BadTime), world.open() as ctx:
        actions.record_later(ctx, [NewEvent("content", "k", "page_read", world.now + timedelta(hours=1), 1)])
    assert world.value("select count(*) from waiting_event") == 0
