"""Tags: who carries what, why, until when, and what a merge does to it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from siyu.customers import actions as customers
from siyu.customers.types import Identity, NewEvent, Record
from siyu.kernel import notices
from siyu.kernel.ctx import Actor, Ctx
from siyu.kernel.db import ids_of
from siyu.kernel.errors import SiyuError
from siyu.kernel.jobs import Pulse
from siyu.kernel.probes import answer
from siyu.tags import actions, jobs, queries, store, telling
from siyu.tags.types import TagInUse, TagRetired, Use
from tests.support.statements import Statements


def people(ctx: Ctx, *names: str) -> list[int]:
    records = [Record("test", name, (Identity("unionid", name),), ctx.now) for name in names]
    return customers.identify(ctx, records)


def pulse(ctx: Ctx) -> Pulse:
    return customers.take_pulse(ctx, 0, 256, 5000)


def carried(ctx: Ctx, ids: Sequence[int]) -> list[set[int]]:
    found = queries.tags_of(ctx, ids)
    return [set(found[one]) for one in ids]


def events(ctx: Ctx, *types: str) -> list[tuple[str, int, dict[str, Any]]]:
    rows = ctx.tx.execute(
        text("select type, customer_id, props from event where type = any(:types) order by event_id"),
        {"types": list(types)},
    )
    return [(row.type, row.customer_id, row.props) for row in rows]


def test_only_who_changes_is_changed_and_each_change_says_why(ctx: Ctx) -> None:
    ann, bob, cat = people(ctx, "ann", "bob", "cat")
    high = actions.ensure(ctx, "意向/高")
    actions.add(ctx, tag_id=high, who=ids_of([ann]), why="replied")
    salesperson = ctx.acting(Actor("staff", "staff:7", 7))
    assert actions.add(salesperson, tag_id=high, who=ids_of([ann, bob, bob]), why="met at the fair").count == 1
    assert actions.remove(ctx, tag_id=high, who=ids_of([ann, cat]), why="went cold").count == 1
    assert carried(ctx, [ann, bob, cat]) == [set(), {high}, set()]
    assert events(ctx, "tag_added", "tag_removed") == [
        ("tag_added", ann, {"tag_id": high, "why": "replied", "by": "system"}),
        ("tag_added", bob, {"tag_id": high, "why": "met at the fair", "by": "staff:7"}),
        ("tag_removed", ann, {"tag_id": high, "why": "went cold", "by": "system"}),
    ]
    (assignment,) = queries.assignments(ctx, bob)
    assert (assignment.tag.path, assignment.by, assignment.why, assignment.since) == (
        "意向/高",
        "staff:7",
        "met at the fair",
        ctx.now,
    )
    assert queries.counts(ctx) == {high: 1}


def test_a_big_change_writes_one_notice_and_still_knows_why(ctx: Ctx, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telling, "EVENTS_UP_TO", 3)
    ids = people(ctx, "a", "b", "c", "d")
    tag = actions.ensure(ctx, "活动/展会")
    changed = actions.add(ctx, tag_id=tag, who=ids_of(ids), why="import 12")
    assert events(ctx, "tag_added") == []
    row = ctx.tx.execute(text("select kind, payload from notice order by notice_id desc limit 1")).one()
    assert (row.kind, row.payload) == (
        "tags.changed",
        {"change_id": changed.change_id, "added": True, "size": 4, "tag_ids": [tag]},
    )
    assert set(ctx.tx.execute(queries.changed(changed.change_id or 0)).scalars()) == set(ids)
    assert [found.why for found in queries.assignments(ctx, ids[2])] == ["import 12"]
    later = replace(ctx, now=ctx.now + timedelta(hours=1))
    actions.remove(later, tag_id=tag, who=ids_of(ids[2:3]), why="mistake")
    actions.add(later, tag_id=tag, who=ids_of(ids[2:3]), why="no mistake")
    assert [found.why for found in queries.assignments(ctx, ids[2])] == ["no mistake"]


def test_statements_do_not_grow_with_the_set(ctx: Ctx, statements: Statements) -> None:
    ids = people(ctx, *(f"p{n}" for n in range(60)))
    tag = actions.ensure(ctx, "意向/中")
    statements.reset()
    actions.add(ctx, tag_id=tag, who=ids_of(ids[:1]), why="one")
    one = statements.count
    statements.reset()
    actions.add(ctx, tag_id=tag, who=ids_of(ids), why="many")
    assert statements.count <= one + 1  # the timeline may ring or clear once more
    assert one <= 24


def test_tags_go_when_their_time_comes(ctx: Ctx) -> None:
    ann, bob, cat = people(ctx, "ann", "bob", "cat")
    tag = actions.ensure(ctx, "活跃/近期")
    soon, late = ctx.now + timedelta(days=1), ctx.now + timedelta(days=3)
    actions.add(ctx, tag_id=tag, who=ids_of([ann, bob]), why="came", expires_at=soon)
    actions.add(ctx, tag_id=tag, who=ids_of([cat]), why="for good")
    actions.add(ctx, tag_id=tag, who=ids_of([bob, cat]), why="came again", expires_at=late)
    assert answer(ctx, jobs.DUE) == soon
    assert jobs.tick(ctx, 100) == 0
    assert jobs.tick(replace(ctx, now=soon), 100) == 1
    assert carried(ctx, [ann, bob, cat]) == [set(), {tag}, {tag}]
    assert events(ctx, "tag_removed") == [("tag_removed", ann, {"tag_id": tag, "why": "expired", "by": "system"})]
    assert answer(ctx, jobs.DUE) == late
    actions.add(ctx, tag_id=tag, who=ids_of([bob]), why="stays")
    assert answer(ctx, jobs.DUE) is None
    with pytest.raises(SiyuError) as refused:
        actions.add(ctx, tag_id=tag, who=ids_of([bob]), why="late", expires_at=ctx.now)
    assert refused.value.field == "expires_at"


def test_a_merge_unites_tags_and_its_undoing_gives_them_back(ctx: Ctx) -> None:
    left, right = people(ctx, "left", "right")
    red, green, blue = (actions.ensure(ctx, f"颜色/{name}") for name in ("红", "绿", "蓝"))
    actions.add(ctx, tag_id=red, who=ids_of([left]), why="own")
    actions.add(ctx, tag_id=green, who=ids_of([right]), why="own", expires_at=ctx.now + timedelta(days=2))
    actions.add(ctx, tag_id=green, who=ids_of([left]), why="own", expires_at=ctx.now + timedelta(days=1))
    actions.move(ctx, {right: (right, left)})
    actions.add(ctx, tag_id=blue, who=ids_of([left]), why="after the merge")
    assert carried(ctx, [left, right]) == [{red, green, blue}, set()]
    assert jobs.tick(replace(ctx, now=ctx.now + timedelta(days=1)), 10) == 1
    assert carried(ctx, [left]) == [{red, green, blue}], "the other origin still holds it"
    actions.move(ctx, {right: (left, right)})
    assert carried(ctx, [left, right]) == [{red, blue}, {green}]
    assert jobs.tick(replace(ctx, now=ctx.now + timedelta(days=2)), 10) == 1
    assert carried(ctx, [left, right]) == [{red, blue}, set()]


def test_the_pulse_follows_merges_of_customers(ctx: Ctx) -> None:
    wecom, oa = customers.identify(
        ctx,
        [
            Record("w", "1", (Identity("external_userid", "e1", "corp"),), ctx.now),
            Record("o", "1", (Identity("oa_openid", "o1", "3"),), ctx.now),
        ],
    )
    tag, other = actions.ensure(ctx, "来源/企微"), actions.ensure(ctx, "来源/公众号")
    actions.add(ctx, tag_id=tag, who=ids_of([wecom]), why="add")
    actions.add(ctx, tag_id=other, who=ids_of([oa]), why="follow")
    pulse(ctx)
    united = (Identity("external_userid", "e1", "corp"), Identity("oa_openid", "o1", "3"), Identity("unionid", "u1"))
    (one,) = customers.identify(ctx, [Record("r", "2", united, ctx.now)])
    jobs.pulse(ctx, pulse(ctx))
    assert carried(ctx, [one]) == [{tag, other}]


def test_an_import_gives_tags_and_takes_back_only_its_own(ctx: Ctx) -> None:
    ann, bob = people(ctx, "ann", "bob")
    had, old = actions.ensure(ctx, "行业/零售"), actions.ensure(ctx, "行业/旧")
    actions.add(ctx, tag_id=had, who=ids_of([ann]), why="by hand")
    actions.retire(ctx, old)
    told = {"import_id": 4, "tags": "行业/零售\n行业/旧\n没有组\n地区/华东", "quiet": True}
    for one in (ann, bob):
        customers.record(ctx, [NewEvent("import", f"4:{one}", "imported", ctx.now, one, props=told)])
    jobs.pulse(ctx, pulse(ctx))
    east = queries.by_paths(ctx, ["地区/华东"])["地区/华东"].tag_id
    assert carried(ctx, [ann, bob]) == [{had, east}, {had, east}]
    assert all(props.get("quiet") for _, one, props in events(ctx, "tag_added") if one == bob)
    refused = [notice.payload for notice in notices.take(ctx) if notice.kind == "tags.refused"]
    assert [(one["tag"], one["customers"], one["code"]) for one in refused] == [
        ("没有组", 2, "bad_tag_name"),
        ("行业/旧", 2, "tag_retired"),
    ]
    customers.record(
        ctx,
        [NewEvent("import", f"back:{n}", "import_withdrawn", ctx.now, n, props={"import_id": 4}) for n in (ann, bob)],
    )
    jobs.pulse(ctx, pulse(ctx))
    assert carried(ctx, [ann, bob]) == [{had}, set()]


def test_what_was_given_by_hand_after_an_import_is_not_taken_back_with_it(ctx: Ctx) -> None:
    (ann,) = people(ctx, "ann")
    told = {"import_id": 4, "tags": "行业/零售"}
    customers.record(ctx, [NewEvent("import", f"4:{ann}", "imported", ctx.now, ann, props=told)])
    jobs.pulse(ctx, pulse(ctx))
    tag = actions.ensure(ctx, "行业/零售")
    actions.remove(ctx, tag_id=tag, who=ids_of([ann]), why="wrong")
    actions.add(ctx, tag_id=tag, who=ids_of([ann]), why="by hand")
    back = NewEvent("import", f"back:{ann}", "import_withdrawn", ctx.now, ann, props={"import_id": 4})
    customers.record(ctx, [back])
    jobs.pulse(ctx, pulse(ctx))
    assert carried(ctx, [ann]) == [{tag}]


def test_of_merged_people_big_changes_are_still_told_and_expiry_only_where_nobody_holds_it_for_good(
    ctx: Ctx, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telling, "EVENTS_UP_TO", 1)
    left, right, other = people(ctx, "left", "right", "other")
    big, lasting = actions.ensure(ctx, "a/b"), actions.ensure(ctx, "a/c")
    actions.add(ctx, tag_id=big, who=ids_of([right, other]), why="big")
    actions.add(ctx, tag_id=lasting, who=ids_of([left]), why="for good")
    actions.add(ctx, tag_id=lasting, who=ids_of([right]), why="a day", expires_at=ctx.now + timedelta(days=1))
    actions.move(ctx, {right: (right, left)})
    first, second = queries.assignments(ctx, left)
    assert (first.tag.tag_id, first.by, first.why) == (big, "system", "big")
    assert (second.tag.tag_id, second.expires_at) == (lasting, None)
    jobs.tick(replace(ctx, now=ctx.now + timedelta(days=1)), 10)
    assert carried(ctx, [left]) == [{big, lasting}]


def test_erasure_forgets_tags_and_where_they_came_from(ctx: Ctx, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telling, "EVENTS_UP_TO", 1)
    ann, bob = people(ctx, "ann", "bob")
    tag = actions.ensure(ctx, "意向/高")
    actions.add(ctx, tag_id=tag, who=ids_of([ann, bob]), why="import", expires_at=ctx.now + timedelta(days=1))
    customers.erase(ctx, ann)
    jobs.pulse(ctx, pulse(ctx))
    assert carried(ctx, [ann, bob]) == [set(), {tag}]
    assert [list(ids) for ids in ctx.tx.execute(text("select ids from tag_change_part")).scalars()] == [[bob]]
    assert jobs.tick(replace(ctx, now=ctx.now + timedelta(days=1)), 10) == 1


def test_retired_tags_stay_and_deleted_ones_go(ctx: Ctx) -> None:
    (ann,) = people(ctx, "ann")
    tag = actions.ensure(ctx, "旧/标签")
    actions.add(ctx, tag_id=tag, who=ids_of([ann]), why="old")
    actions.retire(ctx, tag)
    with pytest.raises(TagRetired):
        actions.add(ctx, tag_id=tag, who=ids_of([ann]), why="again")
    assert carried(ctx, [ann]) == [{tag}]
    actions.register_use("test", lambda _ctx, tag_id: [Use("segment", 5, "高意向")] if tag_id == tag else [])
    with pytest.raises(TagInUse) as refused:
        actions.delete(ctx, tag)
    assert refused.value.detail["used_by"] == [{"kind": "segment", "id": 5, "name": "高意向"}]
    actions.register_use("test", lambda _ctx, _tag_id: [])
    assert actions.delete(ctx, tag).count == 1
    assert carried(ctx, [ann]) == [set()]
    assert queries.by_ids(ctx, [tag]) == {}


@pytest.mark.parametrize("path", ["无组名", "a/b/c", "/b", "a/", "组/" + "长" * 31, "组/\x00"])
def test_bad_names_are_refused_and_change_nothing(ctx: Ctx, path: str) -> None:
    with pytest.raises(SiyuError) as refused:
        actions.ensure(ctx, path)
    assert (refused.value.status, refused.value.field) == (422, "tag")
    assert queries.taxonomy(ctx) == []


def test_the_index_serves_who_carries_a_tag(ctx: Ctx) -> None:
    """An intarray beside the index, or a changed operator, would turn this into a scan."""
    ctx.tx.execute(text("insert into customer_tags select n, array[n % 1000] from generate_series(1, 20000) n"))
    ctx.tx.execute(text("analyze customer_tags"))
    compiled = store.carriers(7).compile(ctx.tx.engine, compile_kwargs={"literal_binds": True})
    plan = "\n".join(ctx.tx.execute(text(f"explain {compiled}")).scalars())
    assert "ix_customer_tags_tags" in plan
