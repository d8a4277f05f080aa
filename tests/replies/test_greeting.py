"""Welcomes and second greetings: the narrowest welcome, once; nobody seen to reply is greeted again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from siyu.customers import actions as customers
from siyu.customers.types import Unfollow
from siyu.kernel.errors import SiyuError
from siyu.kernel.probes import answer
from siyu.replies import actions, jobs
from siyu.replies.types import (
    BadReply,
    GreetingWay,
    Match,
    NewReply,
    NewWelcome,
    ReplyKind,
    Said,
    UnknownWelcome,
)
from tests.replies.town import Town, in_region
from tests.support.world import START, World

TWO_HOURS = timedelta(hours=2)


@pytest.fixture
def town(world: World) -> Town:
    return Town(world)


def test_the_narrowest_welcome_greets_once(town: Town) -> None:
    ann, bob, cid, dan = town.people("ann", "bob", "cid", "dan")
    (eve,) = town.people("eve", region="上海")
    town.welcome("大家好")
    town.welcome("我是王敏", "staff", "wang")
    town.welcome("展会来的您好", "channel", "fair")
    town.welcome("上海的您好", "staff", "wang", condition=in_region("上海"), priority=1)
    town.add(ann, "zhang")
    town.add(bob, "wang")
    town.add(cid, "wang", state="fair")
    town.add(dan, "zhang", code="")
    town.add(eve, "wang")
    assert town.asked() == [
        (ann, "wecom_welcome", "大家好"),
        (bob, "wecom_welcome", "我是王敏"),
        (cid, "wecom_welcome", "展会来的您好"),
        (eve, "wecom_welcome", "上海的您好"),
    ]
    assert town.outcomes() == ["welcomed"] * 5, "without a code WeCom greets itself"


def test_a_follower_is_welcomed_by_account_or_scene(town: Town) -> None:
    ann, bob = town.people("ann", "bob")
    town.welcome("企业微信的", "wecom")
    town.follow(ann)
    assert town.asked() == []
    town.welcome("欢迎关注", "account", str(town.oa))
    town.welcome("扫码来的", "channel", "poster")
    town.follow(ann)
    town.follow(bob, scene="poster")
    assert town.asked() == [(ann, "oa_custom", "欢迎关注"), (bob, "oa_custom", "扫码来的")]


def test_who_says_nothing_for_two_hours_is_greeted_again_by_a_task(town: Town) -> None:
    ann, bob, cid, dan, eve = town.people("ann", "bob", "cid", "dan", "eve")
    town.welcome("您好", second_after=TWO_HOURS, second_text="在吗？")
    for one in (ann, bob, cid, dan, eve):
        town.add(one)
    town.world.wait(hours=1)
    town.say(bob, "你好")
    town.happen("reply_marked", cid)
    town.happen("chat_started", eve)
    with town.world.open() as ctx:
        customers.unfollow(ctx, [Unfollow(dan, "wecom", town.wecom, ctx.now, staff="wang")])
        assert answer(ctx, jobs.DUE) == START + TWO_HOURS
    assert town.tick() == 0
    town.world.wait(hours=1)
    assert town.tick() == 5
    assert town.tick() == 0
    ((task),) = town.tasks()
    assert (task.customer_id, task.staff_id, task.kind, task.why, task.say) == (
        ann,
        town.wang,
        "second_greeting",
        "reply_unknown",
        "在吗？",
    )
    assert town.world.value("select count(*) from second_greeting") == 0, "what was decided is not kept"


def test_where_the_archive_tells_of_the_chat_a_missing_reply_is_known(town: Town) -> None:
    ann, bob, cid = town.people("ann", "bob", "cid")
    town.keyword("您好")
    town.welcome("您好", second_after=TWO_HOURS)
    town.say_by_hand(cid, "别家的客户", staff="li")
    town.say_by_hand(cid, "上次聊到哪了")
    for one in (ann, bob, cid):
        town.add(one)
    town.say_by_hand(ann, "您好")
    town.say_by_hand(bob, "您好")
    town.say_by_hand(cid, "您好", staff="li")
    town.world.wait(hours=1)
    town.archived(bob, "您好")
    town.world.wait(hours=1)
    town.tick()
    known = {task.customer_id: task.why for task in town.tasks()}
    assert known == {ann: "no_reply", cid: "reply_unknown"}, "the chats of a member without a seat are not read"
    assert [route for _, route, _ in town.asked()] == ["wecom_welcome"] * 3, (
        "what is said to a member is theirs to answer"
    )


def test_who_adds_again_is_greeted_again_once(town: Town) -> None:
    (ann,) = town.people("ann")
    town.welcome("您好", second_after=TWO_HOURS)
    town.add(ann)
    town.world.wait(hours=1)
    town.add(ann, code="LATER")
    town.world.wait(hours=1, minutes=30)
    assert town.tick() == 0
    town.world.wait(minutes=30)
    assert town.tick() == 1
    assert len(town.tasks()) == 1


def test_a_second_greeting_by_routes_is_a_task_only_where_none_carries_it(town: Town) -> None:
    ann, bob, cid = town.people("ann", "bob", "cid")
    ways = (GreetingWay("kf", town.wecom), GreetingWay("oa_custom", town.oa))
    welcome = town.welcome("您好", second_after=TWO_HOURS, second_text="在吗？", second_ways=ways)
    for one in (ann, bob, cid):
        town.add(one)
    town.world.wait(hours=2)
    assert town.tick() == 3
    again = "join outreach_message m using (message_id) where m.origin_node = 'second'"
    asked = town.world.rows(f"select r.*, m.text, m.exempt from outreach_request r {again} order by request_id")
    assert [(row.customer_id, row.text, row.exempt) for row in asked] == [
        (one, "在吗？", False) for one in (ann, bob, cid)
    ]
    routes = town.world.rows(f"select c.route from outreach_choice c {again} order by c.choice")
    assert [row.route for row in routes] == ["kf", "oa_custom"]
    assert town.tasks() == []
    town.say(bob, "在的")
    found = town.world.rows(f"select r.customer_id, r.reason from outreach_request r {again}")
    reasons = {row.customer_id: row.reason for row in found}
    assert reasons == {ann: "asked", bob: "cancelled", cid: "asked"}, "who replies is not greeted any more"
    for who, end, reason in ((ann, "not_sent", "expired"), (bob, "not_sent", "cancelled"), (cid, "sent", None)):
        key = next(row.key for row in asked if row.customer_id == who)
        props = {"origin": f"welcome:{welcome}", "node": "second", "request_key": key, "reason": reason}
        town.happen(f"delivery_{end}", who, **props)
        town.happen(f"delivery_{end}", who, **props)
    ((task),) = town.tasks()
    assert (task.customer_id, task.staff_id, task.kind, task.say) == (ann, town.wang, "second_greeting", "在吗？")


def test_a_welcome_withdrawn_meanwhile_asks_for_nothing(town: Town) -> None:
    (ann,) = town.people("ann")
    welcome = town.welcome("您好", second_after=TWO_HOURS)
    town.add(ann)
    with town.world.open() as ctx:
        actions.delete_welcome(ctx, welcome)
        with pytest.raises(UnknownWelcome):
            actions.delete_welcome(ctx, welcome)
    town.world.wait(hours=2)
    assert town.tick() == 1
    assert town.tasks() == []


def test_second_greetings_follow_a_merge_and_go_with_an_erasure(town: Town) -> None:
    ann, bob = town.people("ann", "bob")
    town.welcome("您好", second_after=TWO_HOURS)
    town.keyword("电子书")
    town.add(ann)
    town.say(ann, "我的电话13812341234")
    town.happen("merged", bob, origin_id=ann, from_id=ann, to_id=bob)
    assert town.world.value("select customer_id from second_greeting") == bob
    town.happen("erased", bob)
    town.happen("erased", ann)
    for table in ("second_greeting", "reply_handled", "unanswered_example", "unanswered_question"):
        assert town.world.value(f"select count(*) from {table}") == 0, table


def test_bad_welcomes_are_named(town: Town) -> None:
    good = NewWelcome("x", "staff", "wang", Said("您好"))
    with town.world.open() as ctx:
        for bad, field in (
            (replace(good, ref=""), "ref"),
            (replace(good, scope="wecom"), "ref"),
            (replace(good, scope="account", ref="号"), "ref"),
            (replace(good, said=Said("")), "text"),
            (replace(good, second_after=timedelta(minutes=1)), "second_after_minutes"),
            (replace(good, second_ways=(GreetingWay("kf", town.wecom),)), "second_text"),
            (replace(good, second_text="{{name}}好", second_ways=(GreetingWay("kf", town.wecom),)), "second_text"),
            (replace(good, second_text="在", second_ways=(GreetingWay("kf", town.oa),)), "second_ways.0.account_id"),
            (replace(good, second_text="在", second_ways=(GreetingWay("oa_mass", town.oa),)), "second_ways.0.route"),
        ):
            with pytest.raises(BadReply) as refused:
                actions.save_welcome(ctx, bad)
            assert refused.value.field == field
        with pytest.raises(UnknownWelcome):
            actions.save_welcome(ctx, good, 10**6)


def test_what_could_never_be_sent_is_refused_when_it_is_written(town: Town) -> None:
    good = NewWelcome("x", "wecom", "", Said("您好"))
    word = NewReply(ReplyKind.KEYWORD, "k", Match.CONTAINS, ("价格",), Said("三百八"))
    with town.world.open() as ctx:
        for bad, field in (
            (replace(good, said=Said("请看 {{link:nothing-there}}")), "text"),
            (replace(good, said=Said("{{nobody|您}}好")), "text"),
            (replace(good, said=Said("{{name|您好")), "text"),
            (replace(good, scope="account", ref="999999"), "ref"),
            (replace(good, scope="account", ref="１"), "ref"),
        ):
            with pytest.raises(SiyuError) as refused:
                actions.save_welcome(ctx, bad)
            assert refused.value.field == field
            assert refused.value.status == 422
        for reply, field in (
            (replace(word, said=Said("{{link:nothing-there}}")), "text"),
            (replace(word, account_id=999_999), "account_id"),
        ):
            with pytest.raises(SiyuError) as refused:
                actions.save_reply(ctx, reply)
            assert refused.value.field == field
            assert refused.value.status == 422
        actions.save_welcome(ctx, replace(good, said=Said("{{name|您}}好")))
        actions.save_reply(ctx, replace(word, account_id=town.wecom))
