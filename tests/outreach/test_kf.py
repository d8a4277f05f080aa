"""WeChat customer service as a route: its chat, its 48 hours, its five messages, over the sandbox's own rules."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from siyu.customers import queries as customers
from siyu.customers.types import Identity
from siyu.outreach import actions
from siyu.outreach.policy import from_json, to_json
from siyu.outreach.types import Message, Policy, Route, RouteChoice, WindowOpening
from siyu.platforms.types import Call
from tests.intake.test_customer_service import account
from tests.intake.test_reconciliation import settle
from tests.outreach.sales import company
from tests.outreach.test_sandbox import Real
from tests.outreach.town import Town
from tests.platforms.sandboxed import CORPID, Platforms, platforms
from tests.support.world import World


def inbox(both: Platforms, number: int) -> list[str]:
    """What a person read in customer service."""
    return [one["data"]["text"] for one in both.sandbox.person(number)["inbox"] if one["route"] == "kf"]


def test_it_goes_into_the_chat_in_which_the_person_wrote_within_its_window(world: World, tmp_path: Path) -> None:
    with platforms(world, tmp_path) as both:
        both.sandbox.add_people(key="p", seed=1, count=4, model={"reply_rate": 0})
        here, elsewhere = account(both)[0], account(both)[0]
        for number, chat in ((1, elsewhere), (1, here), (2, here), (3, here)):
            both.sandbox.act(number, "kf_text", open_kfid=chat, text="多少钱")
            both.wait(minutes=1)
        settle(both)
        uids = [both.sandbox.person(number)["contacts"][0]["external_userid"] for number in (1, 2, 3)]
        with world.open() as ctx:
            people = [customers.find(ctx, Identity("external_userid", uid, CORPID)) for uid in uids]
        assert None not in people
        real = Real()
        real.real = dict(both.senders)
        town = Town(world, both.wecom, [one for one in people if one], real)
        kf = (RouteChoice(Route.KF, both.wecom),)
        town.ask(town.people[:1], key="push", routes=kf)
        town.work()
        assert town.states() == [(0, "not_sent", "no_consent")], "who writes to customer service did not ask for pushes"
        town.ask(message=Message(content_id=town.article()), routes=kf, answers=1)
        trans = {"open_kfid": here, "external_userid": uids[1], "service_state": 2}
        assert both.senders["wecom"].send(Call(both.wecom, "kf_state_change", trans)).ok
        town.work()
        assert town.states()[1:] == [(0, "sent", "now"), (1, "not_sent", "session_taken"), (2, "sent", "now")]
        links = {said for number in (1, 3) for said in inbox(both, number)}
        assert len(links) == 2, "the link of each is personal"

        for number in range(5):
            more = Message(text=f"{{{{name|您}}}}好{number}")
            town.ask(town.people[:1], key=f"more{number}", message=more, routes=kf, answers=1)
            town.work()
        assert [reason for who, _, reason in town.states() if who == 0][2:] == ["now"] * 4 + ["window_full"]
        assert inbox(both, 1)[1:] == [f"您好{number}" for number in range(4)]

        both.wait(hours=49)
        town.ask(town.people[2:], key="late", message=Message(text="还在吗"), routes=kf, answers=1)
        town.work()
        assert town.states()[-1] == (2, "not_sent", "window_closed")
        both.sandbox.act(3, "kf_text", open_kfid=here, text="在")
        settle(both)
        town.ask(town.people[2:], key="again", message=Message(text="在的"), routes=kf, answers=1)
        town.work()
        assert town.states()[-1] == (2, "sent", "now")


def test_a_lost_answer_is_repeated_into_the_chat_that_was_claimed(world: World) -> None:
    sales = company(world, 1)

    def writes(place: str) -> None:
        with world.open() as ctx:
            actions.open_window(ctx, [WindowOpening(sales.people[0], sales.account, "kf", ctx.now, place)])
        world.wait(minutes=1)

    writes("wkA")
    sales.assistant.lost = 1
    sales.ask(routes=(RouteChoice(Route.KF, sales.account),))
    sales.work()
    assert sales.states() == [(0, "claimed", "now")]
    writes("wkB")
    sales.leases_end()
    sales.work()
    assert sales.states() == [(0, "sent", "now")]
    assert sales.assistant.of("kf_send") == ["x0"]
    assert {call["open_kfid"] for call in sales.assistant.bodies} == {"wkA"}


def test_a_policy_of_before_customer_service_has_its_window() -> None:
    before = to_json(replace(Policy(), windows=Policy().windows[:2]))
    assert [one.trigger for one in from_json(before).windows] == ["message", "menu", "kf"]
