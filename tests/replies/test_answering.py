"""Answers to messages and menu clicks: one each, a journey first, people last, and what nobody answers is counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from siyu.customers import actions as customers
from siyu.customers.types import NewEvent, oa_source
from siyu.kernel.ctx import Ctx
from siyu.kernel.jobs import PulseEvent
from siyu.kernel.paging import BadCursor
from siyu.replies import actions, answering, queries
from siyu.replies.types import (
    BadPattern,
    BadReply,
    Match,
    NewReply,
    Outcome,
    QuestionClosed,
    ReplyKind,
    Rules,
    Said,
    UnknownReply,
)
from siyu.segments.types import BadCondition
from tests.replies.town import Town, in_region
from tests.support.statements import Statements
from tests.support.world import World


@pytest.fixture
def town(world: World) -> Town:
    return Town(world)


def test_a_message_is_answered_once_by_its_best_rule_at_any_hour(town: Town) -> None:
    (ann,) = town.people("ann")
    town.keyword("书", text="短")
    best = town.keyword("电子书", text="长")
    town.world.wait(hours=15)  # midnight
    town.say(ann, "我要电子书")
    assert town.asked() == [(ann, "oa_custom", "长")]
    (request,) = town.world.rows(
        "select r.answers, m.exempt, m.origin_kind, m.origin_id, r.lane from outreach_request r"
        " join outreach_message m using (message_id)"
    )
    event = town.world.value("select event_id from event where type = 'message_received'")
    assert tuple(request) == (event, True, "reply", best, 0)
    with town.world.open() as ctx:  # the fast lane and the pulse both meet the event
        columns = "event_id, customer_id, type, occurred_at, source, key, content_id, props"
        rows = town.world.rows(f"select {columns} from event")
        actions.react(ctx, [PulseEvent(**row._mapping) for row in rows])
    assert len(town.asked()) == 1
    assert town.tasks() == []


def test_a_rule_for_some_is_for_nobody_else(town: Town) -> None:
    (ann,) = town.people("ann", region="上海")
    (bob,) = town.people("bob", region="北京")
    town.keyword("地址", text="上海店", condition=in_region("上海"), priority=5)
    town.keyword("地址", text="总部")
    town.keyword("地址", text="另一个号", account_id=town.wecom, priority=9)
    town.say(ann, "地址")
    town.say(bob, "地址")
    assert town.asked() == [(ann, "oa_custom", "上海店"), (bob, "oa_custom", "总部")]
    with town.world.open() as ctx:
        trial = queries.trial(ctx, account_id=town.oa, text="地址", customer_id=bob)
        assert (trial.outcome, [one.cause for one in trial.candidates]) == (
            Outcome.ANSWERED,
            ["other_account", "not_for_them", "chosen"],
        )
        nobody = queries.trial(ctx, account_id=town.oa, text="地址")
        assert [one.cause for one in nobody.candidates] == ["other_account", "not_for_them", "chosen"]


def test_a_running_journey_comes_first(town: Town) -> None:
    (ann,) = town.people("ann")
    town.keyword("电子书")

    def claims(ctx: Ctx, events: Sequence[PulseEvent]) -> set[int]:
        return {one.event_id for one in events if one.props["text"] == "电子书"}

    answering.register_first("test", claims)
    try:
        town.say(ann, "电子书")
        town.say(ann, "我也要电子书")
    finally:
        answering.register_first("test", lambda ctx, events: set())
    assert town.outcomes() == ["journey", "answered"]
    assert len(town.asked()) == 1


def test_what_nobody_answers_falls_to_a_person_once_a_day_and_is_counted(town: Town) -> None:
    ann, bob = town.people("ann", "bob")
    town.keyword("电子书")
    town.say(ann, "课程多少钱？")
    town.say(ann, "课程 多少钱")
    town.say(bob, "课程多少钱！！")
    town.say(bob, "[玫瑰]")
    town.say(bob, "😀")
    town.say(bob, "退订")
    assert town.asked() == []
    assert [(task.customer_id, task.kind, task.why, task.detail) for task in town.tasks()] == [
        (ann, "question", "no_answer", "课程多少钱？"),
        (bob, "question", "no_answer", "课程多少钱！！"),
    ]
    with town.world.open() as ctx:
        page = queries.questions(ctx)
        assert [(one.words, one.count, one.examples) for one in page.items] == [
            ("课程多少钱", 3, ("课程多少钱！！", "课程 多少钱", "课程多少钱？")),
            ("玫瑰", 1, ("[玫瑰]",)),
        ]
        first = queries.questions(ctx, limit=1)
        assert [one.words for one in queries.questions(ctx, after=first.next).items] == ["玫瑰"]
        with pytest.raises(BadCursor):
            queries.questions(ctx, after="xx")
    assert town.outcomes()[-2:] == ["no_words", "opt_out"]
    town.world.wait(days=1)
    town.say(ann, "课程多少钱？")
    assert len(town.tasks()) == 3


def test_a_question_is_turned_into_a_reply_or_dismissed(town: Town) -> None:
    (ann,) = town.people("ann")
    town.keyword("电子书")
    town.say(ann, "几点开门")
    town.say(ann, "哈哈")
    with town.world.open() as ctx:
        asked = {one.words: one.question_id for one in queries.questions(ctx).items}
        new = NewReply(ReplyKind.FAQ, "营业时间", Match.CONTAINS, ("几点开门", "营业时间"), Said("10 点到 21 点"))
        actions.answer(ctx, asked["几点开门"], new)
        actions.dismiss(ctx, asked["哈哈"])
        with pytest.raises(QuestionClosed):
            actions.dismiss(ctx, asked["哈哈"])
        with pytest.raises(QuestionClosed):
            actions.answer(ctx, asked["几点开门"], new)
    town.say(ann, "你们几点开门呀")
    assert town.asked() == [(ann, "oa_custom", "10 点到 21 点")]
    town.say(ann, "哈哈")
    with town.world.open() as ctx:
        assert queries.questions(ctx).items == []
        assert [one.count for one in queries.questions(ctx, "dismissed").items] == [2]


def test_prospects_past_the_greeting_are_left_to_people(town: Town) -> None:
    (ann,) = town.people("ann", region="上海")
    town.keyword("价格", text="见官网")
    town.keyword("退货", text="7 天内", always=True)
    town.keyword("menu1", text="菜单", kind=ReplyKind.MENU, match=Match.EXACT)
    with town.world.open() as ctx:
        actions.save_rules(ctx, Rules(to_people=in_region("上海")))
    town.say(ann, "价格")
    assert town.asked() == []
    assert [task.detail for task in town.tasks()] == ["价格"]
    assert town.outcomes() == ["to_people"]
    town.say(ann, "退货")
    town.tap(ann, "menu1")
    town.tap(ann, "menu2")
    assert [what for _, _, what in town.asked()] == ["7 天内", "菜单"]
    assert len(town.tasks()) == 1, "a menu key without a reply is no question"
    assert town.world.value("select count(*) from unanswered_question") == 0
    with town.world.open() as ctx:
        actions.save_rules(ctx, Rules(fallback=False))
    town.world.wait(days=1)
    town.say(ann, "在吗")
    assert len(town.tasks()) == 1


def test_old_messages_and_other_sources_are_not_answered(town: Town) -> None:
    (ann,) = town.people("ann")
    town.keyword("电子书")
    town.say(ann, "电子书", source="api:crm")
    with town.world.open() as ctx:
        at = ctx.now - answering.TIMELY * 1.01
        props = {"account": town.oa, "text": "电子书"}
        customers.record(ctx, [NewEvent(oa_source(town.oa), "late", "message_received", at, ann, props=props)])
    town.pulse()
    assert town.asked() == []
    assert town.outcomes() == ["late"]


def test_customer_service_is_answered_where_it_was_written(town: Town) -> None:
    ann, bob = town.people("ann", "bob")
    town.keyword("发票", text="只在公众号", account_id=town.oa, priority=1)
    town.keyword("发票", text="开票请点这里")
    town.ask_service(ann, "怎么开发票？")
    town.say(bob, "怎么开发票？")
    town.ask_service(bob, "今天会下雨吗")
    assert town.asked() == [(ann, "kf", "开票请点这里"), (bob, "oa_custom", "只在公众号")]
    assert [(task.customer_id, task.kind) for task in town.tasks()] == [(bob, "question")]


def test_rules_that_were_saved_hold_without_any_reply(town: Town) -> None:
    (ann,) = town.people("ann")
    town.say(ann, "你们在哪里")
    assert town.outcomes() == [], "nobody has looked at automatic replies yet"
    with town.world.open() as ctx:
        actions.save_rules(ctx, Rules())
    town.say(ann, "你们在哪里")
    assert town.outcomes() == ["no_answer"]
    assert len(town.tasks()) == 1


def test_bad_rules_are_named_and_change_nothing(town: Town) -> None:
    good = NewReply(ReplyKind.KEYWORD, "x", Match.CONTAINS, ("电子书",), Said("给你"))
    with town.world.open() as ctx:
        for bad, field in (
            (replace(good, name=" "), "name"),
            (replace(good, words=()), "words"),
            (replace(good, words=("？！",)), "words"),
            (replace(good, words=("长" * 101,)), "words"),
            (replace(good, match=Match.PATTERN, words=("a*",)), "words"),
            (replace(good, said=Said()), "text"),
            (replace(good, said=Said("x", 1)), "text"),
            (replace(good, said=Said("长" * 601)), "text"),
            (replace(good, kind=ReplyKind.FAQ, match=Match.PATTERN, words=("a+",)), "match"),
        ):
            with pytest.raises(BadReply) as refused:
                actions.save_reply(ctx, bad)
            assert refused.value.field == field
        with pytest.raises(BadPattern):
            actions.save_reply(ctx, replace(good, match=Match.PATTERN, words=("(",)))
        with pytest.raises(BadCondition):
            actions.save_reply(ctx, replace(good, condition={"kind": "attribute", "name": "nope", "op": "eq"}))
        with pytest.raises(UnknownReply):
            actions.save_reply(ctx, good, 10**6)
    assert town.world.value("select count(*) from auto_reply") == 0


def test_a_wave_of_messages_costs_as_many_statements_as_a_few(town: Town, statements: Statements) -> None:
    town.keyword("电子书")
    ids = town.people(*(f"p{number}" for number in range(60)))
    counts = []
    for wave in (ids[:5], ids[5:]):
        with town.world.open() as ctx:
            props = {"account": town.oa, "text": "电子书"}
            source = oa_source(town.oa)
            new = [NewEvent(source, f"w{one}", "message_received", ctx.now, one, props=props) for one in wave]
            customers.record(ctx, new)
        statements.reset()
        town.pulse()
        counts.append(statements.count)
    assert len(town.asked()) == 60
    assert counts[1] <= counts[0] + 2, counts
