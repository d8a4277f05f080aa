"""The routes from request to receipt."""

from __future__ import annotations

from datetime import timedelta

from siyu.outreach import actions, jobs
from siyu.outreach.types import Message, Receipt, Route, RouteChoice
from tests.outreach.town import Town


def test_mass_send_reaches_all_once_and_counts_come_back(town: Town) -> None:
    article = town.article()
    assert town.ask(message=Message(content_id=article)) == 5
    assert town.ask(message=Message(content_id=article)) == 0
    town.work()
    assert town.platform.of("mass_send") == ["o0", "o1", "o2", "o3", "o4"]
    assert town.platform.calls == {"material_add": 1, "draft_add": 1, "mass_send": 1}
    assert town.tally() == {("accepted", "now"): 5}
    events = town.events()
    assert [event.type for event in events] == ["delivery_accepted"] * 5
    assert {event.content_id for event in events} == {article}
    assert events[0].props["request_key"] == "k"
    assert events[0].props["route"] == "oa_mass"
    msgid = town.world.value("select platform_id from outreach_batch")
    with town.world.open() as ctx:
        receipt = Receipt(town.account, "mass", msgid, "send success", ctx.now, 5, 5, 4, 1)
        actions.receipts(ctx, [receipt, receipt])
    (batch,) = town.world.rows("select state, total, filtered, sent, errors from outreach_batch")
    assert tuple(batch) == ("finished", 5, 5, 4, 1)
    assert town.tally() == {("accepted", "now"): 5}


def test_the_cover_is_uploaded_once_per_account(town: Town) -> None:
    article = town.article()
    for key in ("a", "b"):
        town.ask(town.people[:2] if key == "a" else town.people[2:], message=Message(content_id=article), key=key)
        town.work()
    assert town.platform.calls["material_add"] == 1
    assert len(town.platform.of("mass_send")) == 5


def test_customer_message_inside_the_window_else_the_next_route(town: Town) -> None:
    article = town.article()
    town.opens(town.people[:2])
    town.ask(message=Message(content_id=article), routes=(town.custom, town.template))
    town.work()
    assert sorted(town.platform.of("custom_send")) == ["o0", "o1"]
    assert sorted(town.platform.of("template_send")) == ["o2", "o3", "o4"]
    assert town.tally() == {("sent", "now"): 2, ("accepted", "now"): 3}
    links = {words for name, _, words in town.platform.received if name == "custom_send"}
    assert len(links) == 2, "each person gets a link of their own"
    moves = town.world.rows("select state, reason, route from outreach_move")
    assert [tuple(move) for move in moves] == [("waiting", "window_closed", "oa_custom")] * 3


def test_a_template_receipt_may_come_before_and_after_and_says_the_end(town: Town) -> None:
    article = town.article()
    with town.world.open() as ctx:
        actions.receipts(ctx, [Receipt(town.account, "template", "1000", "success", ctx.now)])
    town.ask(town.people[:2], message=Message(content_id=article), routes=(town.template,))
    town.work()
    blocked = Receipt(town.account, "template", "1001", "failed:user block", town.world.now)
    with town.world.open() as ctx:
        actions.receipts(ctx, [blocked])
    assert town.tally() == {("received", "now"): 1, ("failed", "blocked"): 1}
    kinds = sorted(event.type for event in town.events())
    assert kinds == ["delivery_accepted", "delivery_accepted", "delivery_failed", "delivery_received"]
    assert town.world.value("select count(*) from outreach_seen") == 1, "who did not get it has not seen it"


def test_a_rejected_mass_send_gives_everything_back(town: Town) -> None:
    article = town.article()
    town.ask(message=Message(content_id=article))
    town.work()
    msgid = town.world.value("select platform_id from outreach_batch")
    with town.world.open() as ctx:
        actions.receipts(ctx, [Receipt(town.account, "mass", msgid, "err(20001)", ctx.now, 5, 0, 0, 0)])
    assert town.tally() == {("failed", "mass_rejected"): 5}
    assert town.world.value("select count(*) from outreach_seen") == 0
    assert town.world.value("select sum(sends) from outreach_tally") == 0


def test_late_entrants_are_gathered_until_the_full_hour_and_one_alone_takes_the_next_route(town: Town) -> None:
    article = town.article()
    hourly = (town.custom, town.mass(timedelta(hours=1)), town.template)
    town.ask(town.people[:2], message=Message(content_id=article), routes=hourly, key="a")
    town.world.wait(minutes=20)
    town.ask(town.people[2:3], message=Message(content_id=article), routes=hourly, key="b")
    town.work()
    assert town.platform.received == []
    town.play(town.world.now + timedelta(minutes=40))
    assert town.platform.of("mass_send") == ["o0", "o1", "o2"]
    town.world.wait(minutes=1)
    town.ask(town.people[3:4], message=Message(content_id=article), routes=hourly, key="c")
    town.play(town.world.now + timedelta(hours=1))
    assert town.platform.of("template_send") == ["o3"]
    moves = town.world.rows("select customer_id, reason from outreach_move order by move_id")
    late = [move.reason for move in moves if move.customer_id == town.people[3]]
    assert late == ["window_closed", "gathering", "gather_too_few"]


def test_a_wave_asked_for_at_one_moment_does_not_wait_for_the_full_hour(town: Town) -> None:
    town.ask(routes=(town.mass(timedelta(hours=1), at_once=5),))
    town.work()
    assert len(town.platform.of("mass_send")) == 5
    assert town.platform.calls["mass_send"] == 1


def test_webhook_is_signed_out_with_its_payload(town: Town) -> None:
    message = Message(url="http://127.0.0.1/hook", body={"why": "test"})
    town.ask(town.people[:1], message=message, routes=(RouteChoice(Route.WEBHOOK, 0),))
    town.work()
    assert town.tally() == {("sent", "now"): 1}
    assert town.platform.calls == {"post": 1}


def test_the_fast_lane_serves_answers_and_short_windows_alone(town: Town) -> None:
    article, other = town.article("a1"), town.article("a2")
    town.opens(town.people[:1])
    town.opens(town.people[1:2], "follow")
    town.ask(town.people[:1], key="answer", message=Message(content_id=article), routes=(town.custom,), answers=1)
    town.ask(town.people[1:2], key="follow", message=Message(content_id=article), routes=(town.custom,))
    town.ask(town.people[2:], key="push", message=Message(content_id=other), routes=(town.template,))
    with town.world.open() as ctx:
        assert jobs.tick(ctx, 100) == 3
    for phased in jobs.PHASES:
        town.world.run(phased, town.platform.senders)
    assert town.platform.calls == {"template_send": 3}
    for phased in jobs.FAST_PHASES:
        town.world.run(phased, town.platform.senders)
    assert town.platform.calls == {"template_send": 3, "custom_send": 2}
