"""Tags in step with the platforms: taxonomy and who carries what, both ways, over the real sandbox."""

from __future__ import annotations

import pytest

from siyu.intake import actions as intake
from siyu.intake.lookups import LOOKUPS
from siyu.kernel.db import ids_of
from siyu.lifecycle import actions as lifecycle
from siyu.platforms import actions as inbox
from siyu.tags import actions, queries
from siyu.tags.marking import MARKS
from siyu.tags.types import TagReadOnly
from tests.platforms.sandboxed import CORPID, Platforms
from tests.tags.sandboxed import both as both
from tests.tags.sandboxed import call, corp_tags, customer, hand, here, reconcile, rest, there


def test_the_corps_tags_come_in_and_who_set_them(both: Platforms) -> None:
    for name in ("高", "低"):
        both.sandbox.member_act("lisi", "tag_create", corpid=CORPID, group="意向", name=name)
    hand(both, "lisi", 1, add=("意向/高",))
    rest(both)
    assert here(both, 1) == {"意向/高"}
    one = customer(both, 1)
    with both.world.open() as ctx:
        (found,) = queries.assignments(ctx, one)
        staff = both.world.value("select staff_id from staff where userid = 'lisi'")
        assert (found.by, found.why) == (f"staff:{staff}", f"wecom:{both.wecom}")
    # The union over the follows: it goes with the last that carries it.
    hand(both, "wangwu", 1, add=("意向/高", "意向/低"))
    hand(both, "lisi", 1, remove=("意向/高",))
    rest(both)
    assert here(both, 1) == {"意向/高", "意向/低"}
    hand(both, "wangwu", 1, remove=("意向/高",))
    rest(both)
    assert here(both, 1) == {"意向/低"}
    ids = corp_tags(both)
    both.sandbox.member_act("lisi", "tag_rename", corpid=CORPID, id=ids["意向/低"], name="较低")
    rest(both)
    assert here(both, 1) == {"意向/较低"}
    both.sandbox.member_act("lisi", "tag_delete", corpid=CORPID, id=ids["意向/低"])
    rest(both)
    assert here(both, 1) == set()
    with both.world.open() as ctx:
        known = queries.by_paths(ctx, ["意向/高", "意向/较低"])
        assert [known[path].retired for path in ("意向/高", "意向/较低")] == [False, True]
        with pytest.raises(TagReadOnly):
            actions.change_tag(ctx, known["意向/高"].tag_id, name="最高")


def test_what_only_the_platform_gives_is_only_read(both: Platforms) -> None:
    rest(both)
    both.sandbox.member_act("lisi", "tag_create", corpid=CORPID, group="分层", name="金", rules=True)
    both.sandbox.member_act("lisi", "tag", corpid=CORPID, person=1, add=["分层/金"], own=["爱喝茶"])
    rest(both)
    both_kinds = {"员工个人标签/爱喝茶", "分层（规则组）/金"}
    assert here(both, 1) == both_kinds
    one = customer(both, 1)
    with both.world.open() as ctx:
        tea = queries.by_paths(ctx, ["员工个人标签/爱喝茶"])["员工个人标签/爱喝茶"]
        star = next(tag for group in queries.taxonomy(ctx) for tag in group.tags if tag.name == "星标组")
        assert tea.read_only
        assert star.read_only
        for refused in (
            lambda: actions.add(ctx, tag_id=tea.tag_id, who=ids_of([one]), why="试"),
            lambda: actions.remove(ctx, tag_id=tea.tag_id, who=ids_of([one]), why="试"),
            lambda: actions.delete(ctx, tea.tag_id),
            lambda: actions.merge(ctx, tea.tag_id, star.tag_id),
            lambda: actions.set_outward(ctx, tea.group_id, both.wecom, on=True),
        ):
            with pytest.raises(TagReadOnly):
                refused()
        with pytest.raises(TagReadOnly):
            lifecycle.save_tag_rule(ctx, name="茶", tag_id=tea.tag_id, events={"type": "followed"})
    reconcile(both)
    assert here(both, 1) == both_kinds, "a batch does not tell all of them"
    both.sandbox.member_act("lisi", "tag", corpid=CORPID, person=1, remove=["分层/金"], own=[])
    rest(both)
    assert here(both, 1) == set()


def test_what_is_given_here_is_seen_there(both: Platforms) -> None:
    rest(both)
    one, two = customer(both, 1), customer(both, 2)
    with both.world.open() as ctx:
        vip = actions.ensure(ctx, "价值/VIP")
        actions.add(ctx, tag_id=vip, who=ids_of([one, two]), why="大客户")
    rest(both)
    assert corp_tags(both) == {}, "what only Siyu knows stays here"
    with both.world.open() as ctx:
        group_id = queries.by_ids(ctx, [vip])[vip].group_id
        actions.set_outward(ctx, group_id, both.wecom, on=True)
        actions.set_outward(ctx, group_id, both.oa, on=True)
    rest(both)
    assert set(corp_tags(both)) == {"价值/VIP"}
    assert there(both, 1) == {"lisi": {"价值/VIP"}, "wangwu": {"价值/VIP"}}
    listed = call(both, "oa", "tag_list").data["tags"]
    assert isinstance(listed, list)
    assert [(one["name"], one["count"]) for one in listed if one["id"] > 2] == [("价值/VIP", 2)]
    added = both.world.value("select count(*) from event where type = 'tag_added'")
    reconcile(both)
    assert both.world.value("select count(*) from event where type = 'tag_added'") == added, "no echo"
    with both.world.open() as ctx:
        actions.remove(ctx, tag_id=vip, who=ids_of([one]), why="不再是")
        actions.change_tag(ctx, vip, name="贵宾")
    rest(both)
    assert there(both, 1) == {"lisi": set(), "wangwu": set()}
    assert there(both, 2)["lisi"] == {"价值/贵宾"}
    assert both.world.value("select count(*) from tag_mark") == 0
    with both.world.open() as ctx:
        actions.delete(ctx, vip)
    rest(both)
    assert corp_tags(both) == {}
    assert both.world.rows("select name from tag_link where rights <> 'read'") == []


def test_a_reading_that_is_older_than_our_own_change_says_nothing(both: Platforms) -> None:
    both.sandbox.member_act("lisi", "tag_create", corpid=CORPID, group="意向", name="高")
    both.sandbox.member_act("lisi", "tag_create", corpid=CORPID, group="意向", name="低")
    rest(both)
    one = customer(both, 1)
    hand(both, "lisi", 1, add=("意向/低",))
    with both.world.open() as ctx:
        intake.handle(ctx, inbox.take_inbox(ctx, 1, 100))
    with both.world.open() as ctx:
        reading = LOOKUPS.claim(ctx)
    assert reading is not None
    read = LOOKUPS.act(reading, both.senders)
    with both.world.open() as ctx:
        high = queries.by_paths(ctx, ["意向/高"])["意向/高"].tag_id
        actions.add(ctx, tag_id=high, who=ids_of([one]), why="这边")
    while both.world.run(MARKS, both.senders):
        pass
    with both.world.open() as ctx:
        LOOKUPS.record(ctx, reading, read)
    assert here(both, 1) == {"意向/高"}
    rest(both)
    assert here(both, 1) == {"意向/高", "意向/低"}


def test_who_cannot_be_told_of_stays_with_the_reason(both: Platforms) -> None:
    names = [f"t{number:02}" for number in range(21)]
    rest(both)
    one, two = customer(both, 1), customer(both, 2)
    with both.world.open() as ctx:
        tags = [actions.ensure(ctx, f"兴趣/{name}") for name in names]
        group_id = queries.by_ids(ctx, tags[:1])[tags[0]].group_id
        for tag_id in tags:
            actions.add(ctx, tag_id=tag_id, who=ids_of([one] if tag_id == tags[0] else [one, two]), why="问卷")
        actions.set_outward(ctx, group_id, both.oa, on=True)
    rest(both)
    with both.world.open() as ctx:
        (state,) = (one for one in queries.sync_states(ctx) if one.account_id == both.oa)
        assert [(one.problem, one.waits, one.customers) for one in state.untold] == [("too_many_tags", False, 1)]
    counts = call(both, "oa", "tag_list").data["tags"]
    assert isinstance(counts, list)
    assert sum(tag["count"] for tag in counts) == 40
    with both.world.open() as ctx:
        actions.remove(ctx, tag_id=tags[5], who=ids_of([one]), why="不再感兴趣")
    rest(both)
    with both.world.open() as ctx:
        assert all(state.untold == () for state in queries.sync_states(ctx))
