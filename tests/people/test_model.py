"""The behaviour model: rates, hours, agreement of the two ways to ask, and what people write."""

from __future__ import annotations

import dataclasses
from collections import Counter

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from people import (
    Cta,
    Field,
    Message,
    Model,
    Page,
    StaffModel,
    asked,
    browse,
    confirm,
    fill,
    habits,
    links,
    model_from,
    profile,
    react,
    receive,
    reminded,
    staff_model_from,
)

AT = 1_772_416_800_000  # 2026-03-02 10:00 in Shanghai
HOUR = 3_600_000
WAVE = Message("m1", "mass", '新书上架，回复"电子书"领取。不想收到请回复TD退订', title="电子书首发")
PEOPLE = list(range(1, 1001))


def test_a_fifth_replies_within_twelve_hours_and_half_of_them_fill_the_form() -> None:
    model = Model()
    replies = [r for r in receive(model, 7, PEOPLE, WAVE, AT) if r.text == "电子书"]
    assert 160 <= len(replies) <= 240
    assert all(AT < r.due_ms <= AT + 12 * HOUR for r in replies)
    link = Message("m2", "custom", "下载：http://127.0.0.1/l/1", answer=True)
    opened = [o for r in replies for o in react(model, 7, r.person, link, r.due_ms)]
    assert all(o.url == "http://127.0.0.1/l/1" for o in opened)
    filled = [o for o in opened if browse(model, 7, o.person, Page("p", 1, form=True), o.due_ms).then == "fill"]
    assert 0.4 <= len(filled) / len(replies) <= 0.6


@settings(max_examples=60)
@given(
    st.integers(0, 2**31), st.integers(0, 48), st.sampled_from(["mass", "custom", "template", "welcome"]),
    st.booleans(),
    st.sampled_from(["", "http://a.cn/x"]), st.floats(0, 1), st.floats(0, 1), st.integers(0, 30),
)  # fmt: skip
def test_many_at_once_agree_with_one_by_one_and_nobody_is_early_or_late(
    seed: int, hours: int, route: str, answer: bool, url: str, reply: float, click: float, heat: int
) -> None:
    model = Model(
        reply_rate=reply, click_rate=click, mass_click_rate=click, template_click_rate=click, topics={"理财": ("基金",)}
    )
    message = Message(f"k{seed}", route, "基金课：回复1 退订回TD", url=url, answer=answer)  # type: ignore[arg-type]  # sampled
    persons, at = [seed % 977 + i for i in range(60)], AT + hours * HOUR
    own = {persons[3]: {"reply_rate": 1.0, "click_rate": 0.0}}
    warmth = [float(heat)] * len(persons)
    together = receive(model, seed, persons, message, at, warmth, own)
    single = [r for p in persons for r in react(model, seed, p, message, at, float(heat), own.get(p))]
    assert together == single
    assert all(at < r.due_ms <= at + 12 * HOUR for r in together)


@given(st.floats(0.02, 0.98), st.integers(0, 1000))
@settings(max_examples=25)
def test_the_mean_over_people_is_the_rate_given(rate: float, seed: int) -> None:
    model = Model(reply_rate=rate)
    rates = [habits(model, seed, p).reply_rate for p in PEOPLE]
    assert all(0 <= r <= 1 for r in rates)
    assert abs(sum(rates) / len(rates) - rate) < 0.06 * min(1.0, rate * 3)
    assert len({round(r, 6) for r in rates}) > 900


def test_people_act_in_their_waking_hours() -> None:
    model = Model(reply_rate=1.0, spread=0.0, leave_rate=0.0, optout_rate=0.0)
    for at in (AT, AT + 9 * HOUR):  # 10:00, 19:00
        for r in receive(model, 3, PEOPLE, WAVE, at):
            local = ((r.due_ms + 8 * HOUR) % (24 * HOUR)) / HOUR
            who = habits(model, 3, r.person)
            assert who.wake <= local or local + 24 < who.sleep
            assert local < who.sleep or local >= who.wake


def test_too_many_messages_drive_people_away_and_answers_do_not() -> None:
    def leavers(heat: float, **more: object) -> int:
        message = dataclasses.replace(WAVE, **more)  # type: ignore[arg-type]  # fields of Message
        return sum(r.kind == "leave" for r in receive(Model(), 7, PEOPLE, message, AT, [heat] * 1000))

    assert leavers(1) <= 5 < 100 < leavers(9) < leavers(15)
    assert leavers(15, answer=True) == 0


def test_interest_in_a_topic_is_a_persons_own_and_lasts() -> None:
    model = Model(reply_rate=0.3, topics={"理财": ("基金",), "育儿": ("绘本",)})
    fans = {p: habits(model, 7, p, "理财").reply_rate for p in PEOPLE}
    keen = [p for p in PEOPLE if fans[p] > 0.4]
    dull = [p for p in PEOPLE if fans[p] < 0.2]

    def share(persons: list[int], text: str) -> float:
        found = [
            r
            for k in range(6)
            for r in receive(model, 7, persons, Message(f"{text}{k}", "mass", text), AT)
            if r.kind == "reply"
        ]
        return len(found) / len(persons) / 6

    assert share(keen, "基金入门，回复【资料】") > 2 * share(dull, "基金入门，回复【资料】")
    assert share(keen, "绘本推荐，回复【资料】") < 1.3 * share(dull, "绘本推荐，回复【资料】")


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ('回复"电子书"领取', "电子书"), ("请回复【资料】即可", "资料"), ("回复「干货」", "干货"),
        ("回复关键词：“报名”", "报名"),
        ("回复1参加", "1"), ("回复TD退订", ""), ("回复“退订”不再接收，回复“书”领书", "书"), ("感谢关注", ""),
    ],
)  # fmt: skip
def test_the_keyword_a_text_asks_for(text: str, word: str) -> None:
    assert asked(text) == word


def test_links_end_where_chinese_begins() -> None:
    assert links("点 http://a.cn/l/1?x=2，或 https://b.cn/y。") == ["http://a.cn/l/1?x=2", "https://b.cn/y"]


def test_every_person_has_a_valid_phone_of_their_own_and_fills_a_form_with_it() -> None:
    phones = {profile(7, p).phone for p in range(1, 20_001)}
    assert len(phones) == 20_000
    assert all(phonenumbers.is_valid_number(phonenumbers.parse(p, "CN")) for p in list(phones)[:300])
    who = profile(7, 5, {"name": "韩梅梅"})
    fields = [
        Field("csrf", "hidden", "t"), Field("mobile", label="您的手机"), Field("f2", label="称呼"),
        Field("mail", "email"),
        Field("size", "select", options=("", "s", "m")), Field("ok", "checkbox", "1"), Field("go", "submit", "x"),
        Field("note", "textarea"),
    ]  # fmt: skip
    values = fill(7, 5, who, fields, {"note": "急"})
    assert values.pop("size") in ("s", "m")
    assert values == {"csrf": "t", "mobile": who.phone, "f2": "韩梅梅", "mail": who.email, "ok": "1", "note": "急"}


def test_a_page_is_read_from_the_front_and_then_one_thing_is_done() -> None:
    model = Model(read_on=0.7)
    page = Page("p", 8, ctas=(Cta("group", "http://x/join"),))
    plans = [browse(model, 7, p, page, AT) for p in PEOPLE]
    for plan in plans:
        assert [k for k, _ in plan.reads] == list(range(1, len(plan.reads) + 1))
        assert all(1_000 <= ms <= 300_000 for _, ms in plan.reads)
        assert plan.due_ms >= AT + sum(ms for _, ms in plan.reads)
    joined = [plan for plan in plans if plan.then == "follow"]
    assert 0.6 < len(joined) / len(plans) < 0.8
    assert {plan.url for plan in joined} == {"http://x/join"}
    assert 2 < sum(len(plan.reads) for plan in plans) / len(plans) < 4.5


def test_bad_parameters_are_named() -> None:
    with pytest.raises(ValueError, match="reply_rate"):
        Model(reply_rate=1.2)
    with pytest.raises(ValueError, match="nonsense"):
        model_from(Model(), {"nonsense": 1})
    with pytest.raises(ValueError, match="form_rate"):
        model_from(Model(), {"form_rate": "high"})
    changed = model_from(Model(), {"wake_hours": [7, 8], "topics": {"a": ["b"]}})
    assert (changed.wake_hours, changed.topics) == ((7.0, 8.0), {"a": ("b",)})
    with pytest.raises(ValueError, match="mood"):
        habits(Model(), 1, 1, "", {"mood": 1})


TEAM = [f"m{n}" for n in range(400)]


def test_staff_confirm_in_the_shares_of_the_model_and_in_working_hours() -> None:
    plans = {userid: confirm(StaffModel(), 7, userid, "t1", AT) for userid in TEAM}
    manners = Counter(plan.manner for plan in plans.values())
    assert 180 <= manners["at_once"] <= 260
    assert 60 <= manners["late"] <= 140
    assert 15 <= manners["partly"] <= 70
    assert manners["never"] == 400 - manners["at_once"] - manners["late"] - manners["partly"] > 0
    assert plans == {userid: confirm(StaffModel(), 7, userid, "t1", AT) for userid in TEAM}
    dues = [plan.due_ms for plan in plans.values() if plan.due_ms is not None]
    assert all(due > AT for due in dues)
    assert all(9 <= (due // HOUR + 8) % 24 < 21 for due in dues)
    assert {plan.share for plan in plans.values() if plan.manner == "partly"} == {0.6}
    night = [confirm(StaffModel(), 7, userid, "t2", AT + 12 * HOUR, "at_once").due_ms or 0 for userid in TEAM]
    assert all(AT + 23 * HOUR <= due < AT + 24 * HOUR for due in night)


def test_reminders_move_some_but_not_those_who_never_do() -> None:
    moved = [userid for userid in TEAM if reminded(StaffModel(), 7, userid, "t1", AT).due_ms is not None]
    assert 200 <= len(moved) <= 280
    assert reminded(StaffModel(remind_rate=1.0), 7, "m1", "t1", AT, "never").due_ms is None
    assert confirm(StaffModel(), 7, "m1", "t1", AT, "hand").due_ms is None
    with pytest.raises(ValueError, match="unknown staff parameter"):
        staff_model_from(StaffModel(), {"mood": 1})
    with pytest.raises(ValueError, match="together"):
        staff_model_from(StaffModel(), {"at_once_rate": 0.9})


def test_members_are_answered_in_own_words() -> None:
    answers = [
        r
        for r in receive(Model(chat_rate=0.5), 7, PEOPLE, Message("g1", "member", "新课上线"), AT)
        if r.kind == "reply"
    ]
    assert 420 <= len(answers) <= 580
    assert all(r.text for r in answers)
    assert not [r for r in receive(Model(), 7, PEOPLE, Message("g2", "mass", "新课上线"), AT) if r.kind == "reply"]
