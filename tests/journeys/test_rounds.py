"""Pieces that salespeople confirm and that are asked for when the hour of their round is over are caught up with."""

from datetime import datetime
from typing import Any

import pytest

import siyu.journeys.jobs
import siyu.outreach.jobs
import siyu.segments.jobs
from siyu.customers import actions as customers
from siyu.journeys import actions, moves
from siyu.kernel import notices
from siyu.kernel.probes import answer
from tests.outreach.sales import Sales, company
from tests.support.world import ZONE, World

ROOMS: tuple[Any, ...] = (siyu.segments.jobs, siyu.outreach.jobs, siyu.journeys.jobs)
ENTRY = {"condition": {"kind": "attribute", "name": "region", "op": "eq", "value": "上海"}}


def rest(sales: Sales) -> None:
    """Work until nothing is left at the present time."""
    for _ in range(100):
        with sales.world.open() as ctx:
            told = notices.take(ctx)
            if told:
                siyu.journeys.jobs.notice(ctx, told)
        with sales.world.open() as ctx:
            pulse = customers.take_pulse(ctx, 0, 256, 5_000)
            for room in ROOMS:
                if pulse.events:
                    room.pulse(ctx, pulse)
        with sales.world.open() as ctx:
            moved = siyu.segments.jobs.tick(ctx, 10_000) + siyu.journeys.jobs.tick(ctx, 10_000)
        if not (told or pulse.events or moved or sales.work()):
            return
    raise AssertionError("no rest")


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-03-{text}").replace(tzinfo=ZONE)


def until(sales: Sales, text: str) -> None:
    """Live on, from due time to due time, until a local time of March 2026."""
    while True:
        rest(sales)
        with sales.world.open() as ctx:
            found = [answer(ctx, room.DUE) for room in ROOMS]
        due = min(time for time in [*found, at(text)] if time is not None and time > sales.world.now)
        sales.world.clock.move_to(due)
        if due >= at(text):
            return rest(sales)


def piece(name: str, **more: Any) -> dict[str, Any]:
    return {"id": name, "text": name, "routes": ["wecom_group_send"], **more}


def begin(sales: Sales, key: str, person: int, *pieces: dict[str, Any]) -> int:
    """Take somebody into a journey that begins with these pieces."""
    stages = [{"id": "lived", "name": key, "pieces": list(pieces)}]
    if key == "moved":
        stages.insert(0, {"id": "before", "name": key, "pieces": []})
    with sales.world.open() as ctx:
        data = {"key": key, "name": key, "entry": ENTRY, "stages": stages}
        journey_id = actions.start(ctx, actions.apply(ctx, data).journey_id).journey_id
        actions.enrol(ctx, journey_id, [person], "hand")
    rest(sales)
    return journey_id


@pytest.mark.timeout(300)
def test_a_piece_whose_round_is_over_goes_within_the_tolerance(world: World) -> None:
    sales = company(world, 6)
    moved, late, hour, outage, paused, morning = sales.people
    next_ = {"part": "morning", "day": 4}
    begin(sales, "outage", outage, piece("out", part="morning", day=2), piece("out2", part="morning", day=3))
    stood = begin(sales, "paused", paused, piece("stood", part="morning", day=3), piece("stood2", **next_))
    other = begin(sales, "moved", moved, piece("noon", part="noon"), piece("noon2", **next_))
    until(sales, "02 12:30")
    with world.open() as ctx:
        moves.by_hand(ctx, other, [moved], "lived", "约了演示")
    rest(sales)
    until(sales, "02 17:00")
    begin(sales, "early", morning, piece("early", at="09:00", late="next_day"), piece("early2", at="09:00"))
    until(sales, "02 20:40")
    begin(sales, "hour", hour, piece("hour", at="21:00", late="next_day"), piece("hour2", **next_))
    until(sales, "02 20:45")
    begin(sales, "late", late, piece("late", part="evening", late="next_day"), piece("late2", part="morning"))
    until(sales, "03 05:00")
    world.clock.move_to(at("03 09:30"))
    until(sales, "03 23:00")
    with world.open() as ctx:
        actions.pause(ctx, stood)
    until(sales, "04 09:10")
    with world.open() as ctx:
        actions.start(ctx, stood)
    until(sales, "04 09:20")
    rows = world.rows(
        "select m.origin_node, t.handed_at from outreach_request r join outreach_message m using (message_id)"
        " join outreach_task t on t.task_id = r.task_id"
    )
    handed = {row.origin_node: f"{row.handed_at.astimezone(ZONE):%d %H:%M}" for row in rows}
    assert {name: handed.get(name) for name in ("noon", "early", "hour", "late", "out", "stood")} == {
        "noon": "02 12:30",
        "early": "02 18:30",
        "hour": "02 20:40",
        "late": "02 20:45",
        "out": "03 09:30",
        "stood": "04 09:10",
    }
