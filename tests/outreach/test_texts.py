"""Words are content too: what a text said to somebody is not said again, whoever asks by whatever route."""

from __future__ import annotations

from datetime import timedelta

import pytest

from siyu.outreach.types import BadRequest, Message, Origin
from tests.outreach.sales import company
from tests.outreach.test_rules import rule
from tests.outreach.town import Town, refused
from tests.support.world import World

WORDS = Message(text="{{name|您}}好，周三有直播")
ELSEWHERE = Origin("journey", 2, 1, "x")
HAD = ("not_sent", "already_had_content")


def test_the_same_words_never_come_twice_whatever_asks(town: Town) -> None:
    town.opens(town.people)
    town.ask(town.people[:2], message=WORDS, routes=(town.custom,))
    town.work()
    town.ask(town.people[:2], message=WORDS, key="again", routes=(town.custom,))
    town.ask(town.people, message=WORDS, key="other", routes=(town.custom,), origin=ELSEWHERE)
    town.work()
    assert town.tally() == {("sent", "now"): 5, HAD: 4}
    assert sorted(town.platform.of("custom_send")) == [f"o{number}" for number in range(5)]
    town.ask(town.people[:1], message=Message(text="您好，周三有直播"), key="said", routes=(town.custom,))
    town.work()
    assert town.tally()["sent", "now"] == 6, "other words, though they read alike when the field is filled"


def test_answers_and_welcomes_are_said_again_but_nothing_repeats_them(town: Town) -> None:
    rule(town, caps=())
    town.opens(town.people)
    for number in range(2):
        town.ask(town.people[:1], message=WORDS, key=f"a{number}", routes=(town.custom,), answers=number + 1)
        town.ask(town.people[1:2], message=WORDS, key=f"e{number}", routes=(town.custom,), exempt=True)
        town.work()
    assert town.tally() == {("sent", "now"): 4}
    town.ask(town.people[:3], message=WORDS, key="push", routes=(town.custom,), origin=ELSEWHERE)
    town.work()
    assert town.tally() == {("sent", "now"): 5, HAD: 2}


def test_words_that_did_not_arrive_may_come_again(town: Town) -> None:
    town.opens(town.people)
    town.platform.answers = {"o0": refused(40097)}
    town.ask(town.people[:1], message=WORDS, routes=(town.custom,))
    town.work()
    assert town.tally() == {("failed", "platform_refused"): 1}
    town.platform.answers = {}
    town.ask(town.people[:1], message=WORDS, key="k2", routes=(town.custom,), origin=ELSEWHERE)
    town.work()
    assert town.tally() == {("failed", "platform_refused"): 1, ("sent", "now"): 1}


def test_yearly_words_come_every_year_and_a_content_does_not(town: Town) -> None:
    wishes = Message(text="生日快乐", again=True)
    for year in range(2):
        town.opens(town.people)
        town.ask(message=wishes, key=f"y{year}", routes=(town.custom,))
        town.work()
        town.world.wait(days=365)
    assert town.tally() == {("sent", "now"): 10}
    with pytest.raises(BadRequest) as caught:
        town.ask(message=Message(content_id=town.article(), again=True), key="no")
    assert caught.value.field == "message.again"


def test_words_by_a_salesperson_are_not_said_again_by_another(world: World) -> None:
    sales = company(world, 2)
    rule(sales, caps=())
    words = Message(text="周三有直播")
    sales.ask(message=words, routes=(sales.group(),))
    at = sales.until(12, 1)
    sales.ask(message=words, key="open", routes=(sales.group(),), origin=ELSEWHERE)
    sales.until(12, 5)
    assert sales.tally() == {("handed", "handed"): 2, HAD: 2}, "what stands with the salesperson counts"
    sales.assistant.confirm(at + timedelta(minutes=2))
    sales.until(13)
    assert sales.tally() == {("received", "now"): 2, HAD: 2}
