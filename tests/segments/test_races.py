"""Edits, pulses and ticks at the same time: members stay right, nobody waits for ever, the second edit is told."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import text

from siyu.customers import actions as customers
from siyu.segments import actions, http, jobs, membership, queries, store
from siyu.segments.types import BadCondition, SegmentCycle, SegmentInUse, SegmentNameTaken
from siyu.tags import actions as tags
from siyu.tags.types import TagInUse
from tests.segments.populations import happened, plain
from tests.support.http import room_client
from tests.support.racing import beside, waits
from tests.support.world import World

WROTE = {"kind": "event", "type": "message_received"}
READ = {"kind": "event", "type": "page_read"}
LATELY = {**WROTE, "within": "12h"}
EVERYBODY: dict[str, Any] = {"all": []}


def drain(world: World) -> None:
    with world.open() as ctx:
        jobs.pulse(ctx, customers.take_pulse(ctx, 0, 256, 5000))


def person(world: World) -> int:
    with world.open() as ctx:
        (ann,) = plain(ctx, "ann")
    drain(world)
    return ann


def saved(world: World, condition: dict[str, Any], name: str = "x", segment_id: int | None = None) -> int:
    with world.open() as ctx:
        return actions.save(ctx, segment_id=segment_id, name=name, condition=condition)


def inside(world: World, segment_id: int) -> set[int]:
    with world.open() as ctx:
        return set(ctx.tx.execute(queries.members(ctx, segment_id)).scalars())


@pytest.mark.parametrize(("before", "after"), [(None, WROTE), (READ, WROTE), (WROTE, READ)])
def test_an_event_that_commits_during_a_save_is_counted_by_what_the_save_made(
    world: World, before: dict[str, Any] | None, after: dict[str, Any]
) -> None:
    ann = person(world)
    segment_id = saved(world, before) if before else None
    with world.open() as save:
        with world.open() as event:
            happened(event, ann, "message_received")
            made = actions.save(save, segment_id=segment_id, name="x", condition=after)
        pulse = beside(lambda: drain(world))
        waits(world, pulse)
    pulse.result(30)
    assert inside(world, made) == ({ann} if after == WROTE else set())


def test_an_edit_waits_for_a_pulse_and_neither_fails(world: World) -> None:
    ann = person(world)
    segment_id = saved(world, LATELY)
    with world.open() as ctx:
        happened(ctx, ann, "message_received")
    api = room_client(world, http.router)
    with world.open() as ctx:
        jobs.pulse(ctx, customers.take_pulse(ctx, 0, 256, 5000))
        body = {"name": "x", "condition": READ}
        edit = beside(lambda: api.put(f"/api/segments/{segment_id}", json=body).status_code)
        waits(world, edit)
        assert not edit.done()
        happened(ctx, ann, "message_received", ctx.now - timedelta(hours=1))
        jobs.pulse(ctx, customers.take_pulse(ctx, 0, 256, 5000))
    assert edit.result(30) == 200
    assert inside(world, segment_id) == set()


def test_of_two_edits_at_once_the_second_is_told_of_the_cycle(world: World) -> None:
    one, two = saved(world, EVERYBODY, "one"), saved(world, EVERYBODY, "two")
    with world.open() as ctx:
        actions.save(ctx, segment_id=one, name="one", condition={"kind": "segment", "segment": two})
        other = beside(lambda: saved(world, {"kind": "segment", "segment": one}, "two", two))
        waits(world, other)
    with pytest.raises(SegmentCycle):
        other.result(30)


def test_of_two_edits_at_once_the_second_is_told_that_the_name_is_taken(world: World) -> None:
    one, two = saved(world, EVERYBODY, "one"), saved(world, EVERYBODY, "two")
    with world.open() as ctx:
        actions.save(ctx, segment_id=one, name="same", condition=EVERYBODY)
        other = beside(lambda: saved(world, EVERYBODY, "same", two))
        waits(world, other)
    with pytest.raises(SegmentNameTaken):
        other.result(30)


def test_a_segment_that_a_save_refers_to_meanwhile_is_not_deleted(world: World) -> None:
    inner = saved(world, EVERYBODY, "inner")

    def delete() -> None:
        with world.open() as ctx:
            actions.delete(ctx, inner)

    with world.open() as ctx:
        actions.save(ctx, name="outer", condition={"kind": "segment", "segment": inner})
        deletion = beside(delete)
        waits(world, deletion)
    with pytest.raises(SegmentInUse):
        deletion.result(30)


def test_a_tag_that_a_save_refers_to_meanwhile_is_not_deleted(world: World) -> None:
    tags.register_use("segments", queries.uses_tag)
    with world.open() as ctx:
        tag = tags.ensure(ctx, "意向/高")

    def delete() -> None:
        with world.open() as ctx:
            tags.delete(ctx, tag)

    with world.open() as ctx:
        actions.save(ctx, name="x", condition={"kind": "tag", "tag": tag})
        deletion = beside(delete)
        waits(world, deletion)
    with pytest.raises(TagInUse):
        deletion.result(30)


def test_a_save_that_refers_to_a_tag_being_deleted_is_refused(world: World) -> None:
    with world.open() as ctx:
        tag = tags.ensure(ctx, "意向/高")
    with world.open() as ctx:
        tags.delete(ctx, tag)
        save = beside(lambda: saved(world, {"kind": "tag", "tag": tag}))
        waits(world, save)
    with pytest.raises(BadCondition):
        save.result(30)


def test_two_ticks_at_once_do_not_wait_for_each_other_for_ever(world: World) -> None:
    ann = person(world)
    first, second = saved(world, WROTE, "first"), saved(world, LATELY, "second")
    with world.open() as ctx:
        happened(ctx, ann, "message_received")
    drain(world)
    with world.open() as ctx:
        store.put_due(ctx, [first, second], queries.members(ctx, second))

    def tick() -> int:
        with world.open() as ctx:
            return jobs.tick(ctx, 100)

    with world.open() as pulse:
        store.lock(pulse, [first], shared=True)
        looking = beside(tick)  # has taken the pairs and waits for the first segment
        waits(world, looking)
        world.wait(hours=12, seconds=1)
        noting = beside(tick)  # the second segment is due: its pair is noted again
        waits(world, looking, noting, number=2)
    assert (looking.result(30), noting.result(30)) == (2, 1)


def test_two_pulses_that_bring_the_same_due_times_forward_do_not_deadlock(world: World) -> None:
    with world.open() as ctx:
        ids = [actions.save(ctx, name=f"s{n}", condition={**LATELY, "type": f"type_{n}"}) for n in range(300)]
    a, b, first, second = ids[:4]

    def forward(order: list[int]) -> None:
        with world.open() as ctx:
            store.lock(ctx, sorted(order), shared=True)
            store.sooner(ctx, [(one, ctx.now + timedelta(hours=1)) for one in order])

    with world.open() as ctx:
        ctx.tx.execute(text("select 1 from segment where segment_id in (:a, :b) for update"), {"a": first, "b": second})
        pulses = [beside(partial(forward, order)) for order in ([a, first, b], [b, second, a])]
        waits(world, *pulses, number=2)
    for pulse in pulses:
        pulse.result(30)
    with world.open() as ctx:
        assert {row.segment_id for row in membership.definitions(ctx).values() if row.due_at} == {a, b, first, second}
