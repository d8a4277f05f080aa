"""Two tags become one: who carried either carries the one, as long and for the reason that was known before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from siyu.customers import actions as customers
from siyu.customers.types import Identity, Record
from siyu.kernel import notices
from siyu.kernel.ctx import Actor, Ctx
from siyu.kernel.db import ids_of
from siyu.kernel.errors import SiyuError
from siyu.segments import actions as segments
from siyu.segments import jobs as segment_jobs
from siyu.segments import queries as segment_queries
from siyu.tags import actions, jobs, queries, telling
from siyu.tags.types import TagInUse, TagMerged, TagRetired, Use
from tests.support.racing import beside, waits
from tests.support.world import World


def people(ctx: Ctx, *names: str) -> list[int]:
    return customers.identify(ctx, [Record("test", name, (Identity("unionid", name),), ctx.now) for name in names])


def carried(ctx: Ctx, ids: Sequence[int]) -> list[set[int]]:
    found = queries.tags_of(ctx, ids)
    return [set(found[one]) for one in ids]


def two(ctx: Ctx) -> tuple[int, int]:
    return actions.ensure(ctx, "意向/高"), actions.ensure(ctx, "意向/很高")


def written(ctx: Ctx) -> list[object]:
    """Everything that a merge could have changed."""
    told = "select type, customer_id, props from event where type like 'tag%' order by event_id"
    everything = (
        told,
        "select * from customer_tags order by 1",
        "select * from tag order by 1",
        "select * from tag_expiry",
    )
    return [[tuple(row) for row in ctx.tx.execute(text(sql))] for sql in everything]


def test_the_union_stays_as_long_as_either_lasted_and_for_the_reason_known(ctx: Ctx) -> None:
    names = ("only old", "only new", "old for good", "new for good", "old longer", "new longer", "neither")
    ids = people(ctx, *names)
    one, other, good, kept, longer, shorter, nobody = ids
    old, new = two(ctx)
    hand = ctx.acting(Actor("staff", "staff:7", 7))
    days = [ctx.now + timedelta(days=n) for n in range(6)]

    def give(tag: int, who: int, until: int | None) -> None:
        expires_at = None if until is None else days[until]
        actions.add(hand, tag_id=tag, who=ids_of([who]), why=f"{tag} said", expires_at=expires_at)

    for tag, who, until in (
        (old, one, 3),
        (new, other, 2),
        (old, good, None),
        (new, good, 1),
        (old, kept, 1),
        (new, kept, None),
        (old, longer, 5),
        (new, longer, 1),
        (old, shorter, 1),
        (new, shorter, 4),
    ):
        give(tag, who, until)
    later = replace(ctx, now=ctx.now + timedelta(hours=1))
    assert actions.merge(later, old, new).count == 1

    assert carried(ctx, ids) == [{new}] * 6 + [set()]
    found = [queries.assignments(ctx, who)[0] for who in ids[:6]]
    assert [assigned.expires_at for assigned in found] == [days[3], days[2], None, None, days[5], days[4]]
    assert [(assigned.by, assigned.why, assigned.since) for assigned in found] == [
        ("staff:7", f"{tag} said", ctx.now) for tag in (old, new, new, new, new, new)
    ]
    told = ctx.tx.execute(
        text("select type, customer_id, props from event where type like 'tag%' and occurred_at = :at order by 1, 2"),
        {"at": later.now},
    )
    assert [tuple(row) for row in told] == [
        ("tag_added", one, {"tag_id": new, "why": f"tag:{old}", "by": "system", "merged_from": old}),
        *(
            ("tag_removed", who, {"tag_id": old, "why": f"tag:{new}", "by": "system"})
            for who in (one, good, kept, longer, shorter)
        ),
    ]
    assert jobs.tick(replace(ctx, now=days[2]), 10) == 1
    assert carried(ctx, [one, other, nobody]) == [{new}, set(), set()]
    merged = queries.by_ids(ctx, [old])[old]
    assert (merged.retired, merged.merged_into, merged.home) == (True, new, new)
    assert actions.ensure(ctx, "意向/高") == new
    assert ctx.tx.execute(text("select count(*) from tag_expiry where tag_id = :old"), {"old": old}).scalar_one() == 0


def test_of_merged_people_each_origin_keeps_its_own(ctx: Ctx) -> None:
    left, right = people(ctx, "left", "right")
    old, new = two(ctx)
    soon, late = ctx.now + timedelta(days=1), ctx.now + timedelta(days=9)
    actions.add(ctx, tag_id=old, who=ids_of([right]), why="own", expires_at=late)
    actions.add(ctx, tag_id=new, who=ids_of([left]), why="own", expires_at=soon)
    actions.move(ctx, {right: (right, left)})
    assert actions.merge(ctx, old, new).count == 0, "the merged person has the other tag already"
    assert carried(ctx, [left]) == [{new}]
    actions.move(ctx, {right: (left, right)})
    assert carried(ctx, [left, right]) == [{new}, {new}]
    assert jobs.tick(replace(ctx, now=soon), 10) == 1
    assert carried(ctx, [left, right]) == [set(), {new}]
    assert queries.assignments(ctx, right)[0].expires_at == late


def test_a_big_merge_writes_notices_and_still_knows_why(ctx: Ctx, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telling, "EVENTS_UP_TO", 1)
    ids = people(ctx, "a", "b", "c")
    old, new = two(ctx)
    actions.add(ctx, tag_id=old, who=ids_of(ids), why="import 12")
    notices.take(ctx)
    later = replace(ctx, now=ctx.now + timedelta(hours=1))
    assert actions.merge(later, old, new).count == 3
    told = [one.payload for one in notices.take(ctx) if one.kind == "tags.changed"]
    assert sorted((one["added"], one["tag_ids"], one["size"]) for one in told) == [(False, [old], 3), (True, [new], 3)]
    (assigned,) = queries.assignments(ctx, ids[0])
    assert (assigned.tag.tag_id, assigned.why, assigned.since) == (new, "import 12", ctx.now)
    again = replace(ctx, now=ctx.now + timedelta(hours=2))
    third = actions.ensure(ctx, "意向/最高")
    assert actions.merge(again, new, third).count == 3
    assert queries.by_ids(ctx, [old])[old].merged_into == third
    assert queries.assignments(ctx, ids[0])[0].why == "import 12"
    assert actions.delete(again, third).count == 3
    assert queries.by_ids(ctx, [old, new, third]) == {}


def test_what_cannot_be_merged_is_named_and_nothing_is_written(ctx: Ctx) -> None:
    (ann,) = people(ctx, "ann")
    old, new = two(ctx)
    done, gone = actions.ensure(ctx, "意向/旧"), actions.ensure(ctx, "意向/停")
    actions.merge(ctx, done, new)
    actions.retire(ctx, gone)
    actions.add(ctx, tag_id=old, who=ids_of([ann]), why="x", expires_at=ctx.now + timedelta(days=1))
    actions.register_use("test", lambda _ctx, tag_id: [Use("segment", 5, "高意向")] if tag_id == new else [])
    before = written(ctx)
    for tag_id, into, code, field in (
        (old, old, "bad_tag_merge", "into"),
        (old, 10**8, "unknown_tag", "into"),
        (10**8, old, "unknown_tag", "tag_id"),
        (old, gone, "tag_retired", "into"),
        (old, done, "tag_retired", "into"),
        (done, old, "tag_merged", "tag_id"),
        (new, old, "tag_in_use", "tag_id"),
    ):
        with pytest.raises(SiyuError) as refused:
            actions.merge(ctx, tag_id, into)
        assert (refused.value.code, refused.value.field) == (code, field)
    with pytest.raises(TagInUse) as used:
        actions.merge(ctx, new, old)
    assert used.value.detail["used_by"] == [{"kind": "segment", "id": 5, "name": "高意向"}]
    with pytest.raises(TagMerged):
        actions.revive(ctx, done)
    actions.register_use("test", lambda _ctx, _tag_id: [])
    assert written(ctx) == before


def test_segments_follow_and_name_the_tag_that_it_is_now(ctx: Ctx) -> None:
    ann, bob = people(ctx, "ann", "bob")
    old, new = two(ctx)
    actions.add(ctx, tag_id=old, who=ids_of([ann]), why="x")
    actions.add(ctx, tag_id=new, who=ids_of([bob]), why="x")
    segment = segments.save(ctx, name="很高", condition={"kind": "tag", "tag": "意向/很高"})
    actions.merge(ctx, old, new)
    segment_jobs.pulse(ctx, customers.take_pulse(ctx, 0, 256, 5000))
    assert set(ctx.tx.execute(segment_queries.members(ctx, segment)).scalars()) == {ann, bob}
    for named in ("意向/高", old):
        parsed = segment_queries.parse(ctx, {"kind": "tag", "tag": named}, "condition")
        assert segment_queries.dump(parsed)["tag"] == new


def test_whoever_gives_the_tag_meanwhile_comes_first_or_is_refused(world: World) -> None:
    with world.open() as ctx:
        ann, bob = people(ctx, "ann", "bob")
        old, new = two(ctx)

    def give(who: int) -> int:
        with world.open() as other:
            return actions.add(other, tag_id=old, who=ids_of([who]), why="test").count

    def merge() -> int:
        with world.open() as other:
            return actions.merge(other, old, new).count

    with world.open() as ctx:
        actions.add(ctx, tag_id=old, who=ids_of([ann]), why="first")
        merging = beside(merge)
        waits(world, merging)
    assert merging.result(30) == 1
    with world.open() as ctx:
        assert carried(ctx, [ann, bob]) == [{new}, set()]
    with world.open() as ctx:
        last, third = actions.ensure(ctx, "意向/三"), actions.ensure(ctx, "意向/四")

    def late() -> int:
        with world.open() as other:
            return actions.add(other, tag_id=last, who=ids_of([bob]), why="late").count

    with world.open() as ctx:
        actions.merge(ctx, last, third)
        giving = beside(late)
        waits(world, giving)
    with pytest.raises(TagRetired):
        giving.result(30)
