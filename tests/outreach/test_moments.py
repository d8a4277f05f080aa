"""Moments posts: one task for everybody who is the member's customer, confirmed by the member, told from the feeds."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from siyu.customers import actions as customers
from siyu.customers.types import Follow, Identity, Record
from siyu.kernel.db import ids_of
from siyu.kernel.probes import answer
from siyu.outreach import actions, jobs, queries
from siyu.outreach.types import Cap, DayPart, Message, Quotas, Route, RouteChoice, TaskRules, TaskState
from siyu.platforms.types import Call, Outcome
from siyu.team import actions as team
from tests.outreach.sales import Assistant, Sales, company
from tests.outreach.test_rules import rule
from tests.outreach.test_sandbox import Real
from tests.outreach.test_send_tasks import withdraw
from tests.outreach.town import ORIGIN, refused
from tests.platforms.sandboxed import CORPID, platforms
from tests.support.waiting import until
from tests.support.world import START, ZONE, World


@dataclass
class Posts(Assistant):
    """WeCom's Moments beside its assistant. ``feeds``: who has a sender's posts in the feed."""

    posts: list[dict[str, Any]] = field(default_factory=list)
    feeds: dict[str, list[str]] = field(default_factory=dict)

    def _send(self, call: Call) -> Outcome:
        if call.endpoint == "attachment_upload":
            return Outcome(True, 0, "", {"media_id": "m"})
        if not call.endpoint.startswith("moment_"):
            return super()._send(call)
        body: Any = call.body
        if call.endpoint == "moment_add":
            if (answer := self.answers.get("*")) is not None:
                return answer
            (sender,) = body["visible_range"]["sender_list"]["user_list"]
            self.posts.append({"sender": sender, "words": body["text"]["content"], "out": False, "cancelled": False})
            return Outcome(True, 0, "", {"jobid": f"job{len(self.posts) - 1}"})
        if call.endpoint == "moment_result":
            made = {"errcode": 0, "moment_id": body["jobid"].removeprefix("job")}
            return Outcome(True, 0, "", {"status": 3, "result": made})
        post = self.posts[int(body["moment_id"])]
        if call.endpoint == "moment_cancel":
            post["cancelled"] = True
        told = {"task_list": [{"userid": post["sender"], "publish_status": int(post["out"])}]}
        if call.endpoint == "moment_reached":
            feed = self.feeds.get(post["sender"], []) if post["out"] else []
            told = {"customer_list": [{"external_userid": one} for one in feed]}
        return Outcome(True, 0, "", told)

    def publish(self) -> None:
        for post in self.posts:
            post["out"] = True


@pytest.fixture
def sales(world: World) -> Sales:
    """Zhang with five customers, Monday 09:05 in Shanghai."""
    found = company(world, 5)
    found.platform = Posts(feeds={"zhang": [f"x{number}" for number in range(5)]})
    return found


def feed(sales: Sales) -> Posts:
    assert isinstance(sales.platform, Posts)
    return sales.platform


def moments(sales: Sales, part: DayPart | None = None) -> RouteChoice:
    return RouteChoice(Route.MOMENTS, sales.account, part=part)


def desk(sales: Sales) -> list[tuple[Route, TaskState, int]]:
    with sales.world.open() as ctx:
        today = ctx.now.astimezone(ZONE).date()
        return [(one.route, one.state, one.recipients) for one in queries.send_day(ctx, "zhang", today).tasks]


def test_people_of_one_member_are_one_post_that_waits_for_the_member(sales: Sales) -> None:
    rule(sales, caps=(Cap(None, "day", 1),))
    sales.ask(sales.people[:2], key="push", routes=(sales.group(DayPart.NOON),))
    sales.ask(sales.people[:3], routes=(moments(sales, DayPart.NOON),), message=Message(text="午间一读"))
    sales.work()
    assert (Route.MOMENTS, TaskState.PLANNED, 3) in desk(sales)
    at = sales.until(12, 1)
    assert [post["words"] for post in feed(sales).posts] == ["午间一读"]
    assert sales.tally() == {("handed", "handed"): 5}, "a post counts for no person's cap"
    noon = (moments(sales, DayPart.NOON),)
    sales.ask(sales.people[3:4], key="late", routes=noon, message=Message(text="午间一读"), wanted_at=START)
    sales.until(12, 15)
    assert len(feed(sales).posts) == 1, "who is asked for while the post is open will see it too"
    feed(sales).publish()
    sales.until(12, 45)
    assert sales.tally() == {("handed", "handed"): 2, ("accepted", "posted"): 4}
    posted = sales.events("delivery_accepted")
    assert len(posted) == 4
    assert all(at < event.occurred_at <= sales.world.now for event in posted)
    (row,) = sales.world.rows("select state, recipients, received from outreach_task where route = 'moments'")
    assert tuple(row) == ("done", 4, 4)
    assert feed(sales).open() != [], "the group send still waits"


def test_what_a_member_posted_is_not_posted_again_and_counts_as_seen_by_all_who_saw_it(sales: Sales) -> None:
    article = sales.article()
    sales.ask(sales.people[:1], routes=(moments(sales),), message=Message(content_id=article))
    sales.until(12, 1)
    feed(sales).publish()
    feed(sales).feeds["zhang"].remove("x4")
    sales.until(13)
    assert sales.states() == [(0, "accepted", "posted")]
    routes = (moments(sales), sales.group())
    sales.ask(sales.people[1:], key="later", routes=routes, message=Message(content_id=article))
    sales.until(19)
    assert len(feed(sales).posts) == 1
    assert [(who, reason) for who, _, reason in sales.states()[1:4]] == [(n, "already_had_content") for n in (1, 2, 3)]
    assert [task.people for task in feed(sales).tasks.values()] == [["x4"]], "who did not see it takes the next choice"
    assert sales.times("already_posted") == 1


def test_a_member_posts_few_times_a_day(sales: Sales) -> None:
    rule(sales, tasks=replace(TaskRules(), posts_day=1))
    for number in range(2):
        words = Message(text=f"文{number}")
        sales.ask(key=f"k{number}", routes=(moments(sales, DayPart.NOON),), message=words, priority=-number)
    sales.until(23)
    assert sales.tally() == {("handed", "handed"): 5, ("planned", "posts_full"): 5}
    sales.until(12, 1, days=1)
    assert [post["words"] for post in feed(sales).posts] == ["文0", "文1"]


def test_a_post_that_nobody_makes_is_withdrawn_and_one_for_nobody_is_cancelled(sales: Sales) -> None:
    sales.ask(routes=(moments(sales),), message=Message(text="晨读"))
    sales.until(12, 1)
    withdraw(sales, sales.people[:3])
    sales.until(12, 5)
    assert sales.tally() == {("handed", "handed"): 2, ("handed", "could_not_recall"): 3}
    sales.until(12, 30, days=1)
    assert sales.tally() == {("not_sent", "not_confirmed"): 2, ("not_sent", "cancelled"): 3}
    assert [post["cancelled"] for post in feed(sales).posts] == [True]
    sales.ask(key="again", routes=(moments(sales),), message=Message(text="晚读"))
    sales.until(18, 31)
    with sales.world.open() as ctx:
        actions.cancel(ctx, ids_of(sales.people), ORIGIN, "stage")
    sales.until(18, 45)
    assert [post["cancelled"] for post in feed(sales).posts] == [True, True]
    assert sales.world.value("select count(*) from outreach_request where state = 'handed'") == 0


def test_a_minute_s_and_a_month_s_tasks_of_the_company_are_kept(world: World) -> None:
    sales = company(world, 4, [f"s{number}" for number in range(4)])
    sales.platform = Posts()
    rule(sales, quotas=Quotas(moments_minute=0))
    sales.ask(routes=(moments(sales, DayPart.NOON),), message=Message(text="午间一读"))
    world.wait(hours=4)
    sales.work()
    assert (len(feed(sales).posts), sales.tally()) == (0, {("planned", "planned"): 4})
    with world.open() as ctx:
        assert answer(ctx, jobs.DUE) == ctx.now, "the minute that is awaited is machine time"
    rule(sales, quotas=Quotas(moments_month=3))
    sales.work()
    assert len(feed(sales).posts) == 3
    assert sales.tally() == {("handed", "handed"): 3, ("not_sent", "quota_moments"): 1}


def test_who_is_not_shown_the_post_takes_the_next_choice(sales: Sales) -> None:
    feed(sales).feeds["zhang"] = ["x0"]
    sales.ask(sales.people[:2], routes=(moments(sales), sales.group()), message=Message(text="晨读"))
    sales.until(12, 1)
    feed(sales).publish()
    sales.until(14)
    assert sales.states() == [(0, "accepted", "posted"), (1, "handed", "handed")]
    sales.until(18, 45, days=1)
    assert [task.people for task in feed(sales).tasks.values()] == [["x1"]]
    assert sales.times("not_shown") == 1


def test_a_refused_post_is_told_as_it_is(sales: Sales) -> None:
    sales.platform.answers = {"*": refused(41211)}
    sales.ask(sales.people[:1], routes=(moments(sales),), message=Message(text="晨读"))
    sales.until(12, 1)
    assert sales.states() == [(0, "failed", "platform_refused")]
    assert sales.world.value("select state from outreach_task") == "failed"


def test_a_salesperson_posts_in_the_sandbox_and_its_feeds_are_told(world: World, tmp_path: Path) -> None:
    with platforms(world, tmp_path) as outside:
        quiet = {"chat_rate": 0.0, "click_rate": 0.0, "leave_rate": 0.0, "annoyed_leave_rate": 0.0}
        outside.sandbox.set_accounts(wecom=[{"corpid": CORPID, "members": [{"userid": "lisi", "confirm": "hand"}]}])
        contacts = [{"corpid": CORPID, "at": "2026-02-01T09:00:00+08:00", "userids": ["lisi"]}]
        outside.sandbox.add_people(key="c", count=4, seed=3, model=quiet, contacts=contacts)
        call = Call(outside.wecom, "contacts_by_user", {"userid_list": ["lisi"], "limit": 100})
        listed: Any = outside.senders["wecom"].send(call).data["external_contact_list"]
        known = sorted(one["external_contact"]["external_userid"] for one in listed)
        with world.open() as ctx:
            team.add_staff(ctx, name="李四", roles=["sales"], userid="lisi")
            records = [Record("test", one, (Identity("external_userid", one, CORPID),), ctx.now) for one in known]
            people = customers.identify(ctx, records)
            customers.follow(ctx, [Follow(one, "wecom", outside.wecom, ctx.now, staff="lisi") for one in people])
        real = Real()
        real.real = dict(outside.senders)
        sales = Sales(world, outside.wecom, people, real)
        sales.ask(people[:3], routes=(moments(sales, DayPart.NOON),), message=Message(content_id=sales.article()))
        sales.work()
        noon: datetime = world.now.astimezone(ZONE).replace(hour=12, minute=0)
        outside.wait(seconds=(noon - world.now).total_seconds())
        sales.work()
        assert sales.tally() == {("handed", "handed"): 3}
        outside.wait(minutes=30)
        sales.work()
        assert outside.sandbox.received(route="moments")["count"] == 0
        outside.sandbox.member_act("lisi", "publish", corpid=CORPID)

        def told() -> bool:
            outside.wait(minutes=11)
            sales.work()
            return sales.tally() == {("accepted", "posted"): 3}

        until(told, "the feeds are read", seconds=30)
        assert outside.sandbox.received(route="moments")["count"] == 4, "all customers of the member see it"
        assert world.value("select count(*) from outreach_seen") == 4
