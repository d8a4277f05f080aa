"""Tags come and go by rule, and a rule takes off only what it gave."""

from __future__ import annotations

from typing import Any

import pytest

from siyu.customers import actions as customers
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import ids_of
from siyu.kernel.errors import SiyuError
from siyu.lifecycle import actions, queries
from siyu.segments import actions as segments
from siyu.tags import actions as tags
from siyu.tags import queries as tag_queries
from siyu.tags.types import TagInUse, TagRetired
from tests.lifecycle.living import act, later, people, react

BUSY = {"kind": "event", "type": "page_read", "count": {"ge": 3}, "within": "30d"}


def carries(ctx: Ctx, tag_id: int) -> set[int]:
    relation = tag_queries.customer_tags
    rows = ctx.tx.execute(relation.select())
    return {row.customer_id for row in rows if tag_id in row.tags}


@pytest.fixture
def tag_id(ctx: Ctx) -> int:
    return tags.ensure(ctx, "活跃/近期活跃")


def test_three_reads_in_a_month_tag_and_time_untags(ctx: Ctx, tag_id: int) -> None:
    ann, bob = people(ctx, "ann", "bob")
    for number in range(3):
        act(ctx, ann, "page_read", f"a{number}")
    act(ctx, bob, "page_read", "b")
    segment_id = segments.save(ctx, name="近期活跃", condition=BUSY)
    rule_id = actions.save_tag_rule(ctx, name="近期活跃", tag_id=tag_id, segment_id=segment_id)
    assert carries(ctx, tag_id) == {ann}, "who is in the segment already has the tag at once"
    react(ctx)
    (why,) = tag_queries.assignments(ctx, ann)
    assert (why.by, why.why) == (f"tag-rule:{rule_id}", "近期活跃")
    for number in range(2):
        act(later(ctx, days=2), bob, "page_read", f"b{number}")
    react(later(ctx, days=2))
    assert carries(ctx, tag_id) == {ann, bob}
    react(later(ctx, days=30, seconds=2))
    assert carries(ctx, tag_id) == set(), "of bob's three reads one is older than 30 days now"


def test_a_rule_leaves_a_tag_alone_that_it_did_not_give(ctx: Ctx, tag_id: int) -> None:
    ann, bob = people(ctx, "ann", "bob")
    tags.add(ctx, tag_id=tag_id, who=ids_of([ann]), why="by hand")
    for one in (ann, bob):
        for number in range(3):
            act(ctx, one, "page_read", f"{one}-{number}")
    segment_id = segments.save(ctx, name="近期活跃", condition=BUSY)
    rule_id = actions.save_tag_rule(ctx, name="近期活跃", tag_id=tag_id, segment_id=segment_id)
    react(ctx)
    assert carries(ctx, tag_id) == {ann, bob}
    tags.remove(ctx, tag_id=tag_id, who=ids_of([bob]), why="no")
    react(ctx)
    tags.add(ctx, tag_id=tag_id, who=ids_of([bob]), why="yes, by hand")
    react(ctx)
    react(later(ctx, days=31))
    assert carries(ctx, tag_id) == {ann, bob}
    actions.delete_tag_rule(ctx, rule_id)
    assert carries(ctx, tag_id) == {ann, bob}


def test_of_two_rules_the_other_goes_on(ctx: Ctx, tag_id: int) -> None:
    (ann,) = people(ctx, "ann")
    for number in range(3):
        act(ctx, ann, "page_read", f"a{number}")
    first = segments.save(ctx, name="一", condition=BUSY)
    second = segments.save(ctx, name="二", condition=BUSY | {"within": "60d"})
    one = actions.save_tag_rule(ctx, name="一", tag_id=tag_id, segment_id=first)
    other = actions.save_tag_rule(ctx, name="二", tag_id=tag_id, segment_id=second)
    react(ctx)
    react(later(ctx, days=31))
    assert carries(ctx, tag_id) == {ann}
    react(later(ctx, days=61))
    assert carries(ctx, tag_id) == set()
    with pytest.raises(TagInUse) as refused:
        tags.delete(ctx, tag_id)
    assert refused.value.detail["used_by"] == [
        {"kind": "tag_rule", "id": one, "name": "一"},
        {"kind": "tag_rule", "id": other, "name": "二"},
    ]
    for rule_id in (one, other):
        actions.delete_tag_rule(ctx, rule_id)
    tags.delete(ctx, tag_id)
    segments.delete(ctx, first)
    segments.delete(ctx, second)


def test_an_event_tags_for_a_time(ctx: Ctx, tag_id: int) -> None:
    ann, bob = people(ctx, "ann", "bob")
    rule_id = actions.save_tag_rule(
        ctx, name="问过价", tag_id=tag_id, events={"type": "message_received", "where": {"text": "价格"}}, days=7
    )
    act(ctx, ann, "message_received", "1", text="价格")
    act(ctx, bob, "message_received", "2", text="你好")
    react(ctx)
    assert carries(ctx, tag_id) == {ann}
    act(later(ctx, days=5), ann, "message_received", "3", text="价格")
    react(later(ctx, days=5))
    react(later(ctx, days=8))
    assert carries(ctx, tag_id) == {ann}, "asking again prolongs it"
    react(later(ctx, days=12, seconds=1))
    assert carries(ctx, tag_id) == set()
    actions.save_tag_rule(
        ctx, name="问过价", tag_id=tag_id, events={"type": "message_received"}, active=False, rule_id=rule_id
    )
    act(later(ctx, days=13), ann, "message_received", "4", text="价格")
    react(later(ctx, days=13))
    assert carries(ctx, tag_id) == set()


def test_a_deleted_rule_of_events_takes_its_tags_along_and_no_others(ctx: Ctx, tag_id: int) -> None:
    ann, bob, cat = people(ctx, "ann", "bob", "cat")
    tags.add(ctx, tag_id=tag_id, who=ids_of([bob]), why="by hand")
    rule_id = actions.save_tag_rule(ctx, name="填过表", tag_id=tag_id, events={"type": "form_submitted"})
    for one in (ann, bob, cat):
        act(ctx, one, "form_submitted", f"f{one}")
    react(ctx)
    assert carries(ctx, tag_id) == {ann, bob, cat}
    tags.remove(ctx, tag_id=tag_id, who=ids_of([cat]), why="no")
    react(ctx)
    tags.add(ctx, tag_id=tag_id, who=ids_of([cat]), why="yes, by hand")
    react(ctx)
    actions.delete_tag_rule(ctx, rule_id)
    assert carries(ctx, tag_id) == {bob, cat}


def test_what_an_event_gives_for_good_outlasts_the_segment_and_for_a_time_does_not_last_for_ever(
    ctx: Ctx, tag_id: int
) -> None:
    ann, bob = people(ctx, "ann", "bob")
    for_a_time = tags.ensure(ctx, "活跃/一时")
    segment_id = segments.save(ctx, name="近期活跃", condition=BUSY)
    for name, tag, days in (("永久", tag_id, None), ("一时", for_a_time, 90)):
        actions.save_tag_rule(ctx, name=name, tag_id=tag, events={"type": "form_submitted"}, days=days)
        actions.save_tag_rule(ctx, name=f"{name}在内", tag_id=tag, segment_id=segment_id)
    act(ctx, bob, "form_submitted", "b")
    react(ctx)
    for one in (ann, bob):
        for number in range(3):
            act(ctx, one, "page_read", f"{one}-{number}")
    react(ctx)
    act(ctx, ann, "form_submitted", "a")
    react(ctx)
    assert carries(ctx, tag_id) == carries(ctx, for_a_time) == {ann, bob}
    react(later(ctx, days=31))
    assert carries(ctx, tag_id) == {ann, bob}
    assert carries(ctx, for_a_time) == set()


def test_a_stopped_or_changed_rule_takes_its_tags_along(ctx: Ctx, tag_id: int) -> None:
    (ann,) = people(ctx, "ann")
    everybody = segments.save(ctx, name="所有人", condition={"all": []})
    nobody = segments.save(ctx, name="无人", condition={"not": {"all": []}})
    rule: dict[str, Any] = {"name": "在内", "tag_id": tag_id}
    rule_id = actions.save_tag_rule(ctx, **rule, segment_id=everybody)
    assert carries(ctx, tag_id) == {ann}
    actions.save_tag_rule(ctx, **rule, segment_id=nobody, rule_id=rule_id)
    assert carries(ctx, tag_id) == set()
    actions.save_tag_rule(ctx, **rule, segment_id=everybody, rule_id=rule_id)
    actions.save_tag_rule(ctx, **rule, segment_id=everybody, active=False, rule_id=rule_id)
    assert carries(ctx, tag_id) == set()
    assert [one.active for one in queries.tag_rules(ctx)] == [False]


def test_an_edit_of_the_segment_reaches_the_tags(ctx: Ctx, tag_id: int) -> None:
    (ann,) = people(ctx, "ann")
    segment_id = segments.save(ctx, name="谁", condition={"all": []})
    actions.save_tag_rule(ctx, name="在内", tag_id=tag_id, segment_id=segment_id)
    react(ctx)
    segments.save(ctx, name="谁", condition={"not": {"all": []}}, segment_id=segment_id)
    react(ctx)
    assert carries(ctx, tag_id) == set()
    segments.save(ctx, name="谁", condition={"all": []}, segment_id=segment_id)
    react(ctx)
    assert carries(ctx, tag_id) == {ann}


def test_a_merged_person_keeps_what_rules_gave_and_loses_it_once(ctx: Ctx, tag_id: int) -> None:
    ann, bob = people(ctx, "ann", "bob")
    for number in range(3):
        act(ctx, bob, "page_read", f"b{number}")
    segment_id = segments.save(ctx, name="近期活跃", condition=BUSY)
    actions.save_tag_rule(ctx, name="近期活跃", tag_id=tag_id, segment_id=segment_id)
    react(ctx)
    customers.join(ctx, [ann, bob])
    react(ctx)
    (home,) = carries(ctx, tag_id)
    react(later(ctx, days=31))
    assert carries(ctx, tag_id) == set()
    assert home in (ann, bob)


@pytest.mark.parametrize(
    ("values", "code", "field"),
    [
        ({"segment_id": None}, "bad_rule", "segment_id"),
        ({"events": {"type": "x"}}, "bad_rule", "segment_id"),
        ({"days": 3}, "bad_rule", "days"),
        ({"segment_id": None, "events": {"type": "x"}, "days": 0}, "bad_rule", "days"),
        ({"segment_id": 10**8}, "unknown_segment", "segment_id"),
        ({"tag_id": 10**8}, "unknown_tag", "tag_id"),
        ({"name": ""}, "bad_rule", "name"),
        ({"rule_id": 10**8}, "unknown_rule", "rule_id"),
    ],
)
def test_bad_rules_name_the_part(ctx: Ctx, tag_id: int, values: dict[str, Any], code: str, field: str) -> None:
    segment_id = segments.save(ctx, name="所有人", condition={"all": []})
    with pytest.raises(SiyuError) as refused:
        actions.save_tag_rule(ctx, **{"name": "r", "tag_id": tag_id, "segment_id": segment_id, **values})
    assert (refused.value.code, refused.value.field) == (code, field)
    assert queries.tag_rules(ctx) == []


def test_a_tag_that_was_retired_is_given_no_more_and_holds_up_nobody(ctx: Ctx, tag_id: int) -> None:
    ann, bob = people(ctx, "ann", "bob")
    buyer = tags.ensure(ctx, "关系/成交客户")
    segment_id = segments.save(ctx, name="近期活跃", condition=BUSY)
    by_segment: dict[str, Any] = {"name": "近期活跃", "tag_id": tag_id, "segment_id": segment_id}
    rule_id = actions.save_tag_rule(ctx, **by_segment)
    forms: dict[str, Any] = {"events": {"type": "form_submitted"}}
    actions.save_tag_rule(ctx, name="成交", tag_id=buyer, **forms)
    for number in range(3):
        act(ctx, ann, "page_read", f"a{number}")
    react(ctx)
    tags.retire(ctx, tag_id)
    for number in range(3):
        act(ctx, bob, "page_read", f"b{number}")
    act(ctx, bob, "form_submitted", "f")
    react(ctx)
    assert (carries(ctx, tag_id), carries(ctx, buyer)) == ({ann}, {bob})
    react(later(ctx, days=31))
    assert carries(ctx, tag_id) == set(), "what the rule gave goes as it said"
    for refused in (by_segment | {"rule_id": rule_id}, {"name": "又一条", "tag_id": tag_id, **forms}):
        with pytest.raises(TagRetired):
            actions.save_tag_rule(ctx, **refused)
    actions.save_tag_rule(ctx, **by_segment, rule_id=rule_id, active=False)
    tags.retire(ctx, buyer)
    assert tag_queries.givers(ctx)[buyer][0].name == "成交"
