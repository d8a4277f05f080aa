"""Send tasks over the real HTTP client against the sandbox's assistant: what is told is what people received."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from siyu.customers import actions as customers
from siyu.customers.types import Follow, Identity, Record
from siyu.outreach.types import DayPart, Message
from siyu.platforms.types import Call
from siyu.team import actions as team
from tests.outreach.sales import Sales
from tests.outreach.test_sandbox import Real
from tests.platforms.sandboxed import CORPID, platforms
from tests.support.waiting import until
from tests.support.world import ZONE, World


def test_a_salesperson_confirms_in_the_sandbox_and_each_result_comes_back(world: World, tmp_path: Path) -> None:
    with platforms(world, tmp_path) as outside:
        quiet = {"chat_rate": 0.0, "click_rate": 0.0, "leave_rate": 0.0, "annoyed_leave_rate": 0.0}
        hand = [{"userid": "lisi", "confirm": "hand"}]
        outside.sandbox.set_accounts(wecom=[{"corpid": CORPID, "members": hand}])
        contacts = [{"corpid": CORPID, "at": "2026-02-01T09:00:00+08:00", "userids": ["lisi"]}]
        outside.sandbox.add_people(key="c", count=6, seed=3, model=quiet, contacts=contacts)
        call = Call(outside.wecom, "contacts_by_user", {"userid_list": ["lisi"], "limit": 100})
        listed: Any = outside.senders["wecom"].send(call).data["external_contact_list"]
        known = sorted(one["external_contact"]["external_userid"] for one in listed)
        assert len(known) == 6
        with world.open() as ctx:
            team.add_staff(ctx, name="李四", roles=["sales"], userid="lisi")
            records = [Record("test", one, (Identity("external_userid", one, CORPID),), ctx.now) for one in known]
            people = customers.identify(ctx, records)
            customers.follow(ctx, [Follow(one, "wecom", outside.wecom, ctx.now, staff="lisi") for one in people])
        real = Real()
        real.real = dict(outside.senders)
        sales = Sales(world, outside.wecom, people, real)
        sales.ask(routes=(sales.group(DayPart.NOON),), message=Message(content_id=sales.article()))
        sales.work()
        noon = world.now.astimezone(ZONE).replace(hour=12, minute=0)
        outside.wait(seconds=(noon - world.now).total_seconds())
        sales.work()
        assert sales.tally() == {("handed", "handed"): 6}
        assert outside.sandbox.received(route="wecom_group_send")["count"] == 0
        outside.wait(minutes=30)
        sales.work()
        outside.sandbox.member_act("lisi", "confirm", corpid=CORPID)

        def known_of_all() -> bool:
            # WeCom answers 41063 right after a task was made, and the clock here runs ahead of the machine's.
            outside.wait(minutes=11)
            sales.work()
            return sales.tally() == {("received", "now"): 6}

        until(known_of_all, "the results are read", seconds=30)
        assert outside.sandbox.received(route="wecom_group_send")["count"] == 6
        (event, *_) = sales.events()
        assert event.occurred_at == noon + timedelta(minutes=30)
