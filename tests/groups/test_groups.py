"""Groups: who is inside follows from times; rows follow merges and splits; join ways over HTTP."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

from siyu.customers import actions as customers
from siyu.customers import queries as customer_queries
from siyu.customers.types import Identity, Record
from siyu.groups import actions, jobs, phases, queries
from siyu.groups.http import router
from siyu.groups.types import BadJoinWay, ChatChange, ChatRead, MemberRead
from siyu.kernel.ctx import Ctx
from siyu.kernel.jobs import Pulse
from siyu.platforms import actions as platforms
from siyu.platforms.types import Call, Outcome
from tests.support.http import room_client
from tests.support.world import START, World

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
CORP = "wwg"
CORPIDS = {1: CORP}


def change(detail: str, at: datetime, *members: str, kind: str = "update") -> ChatChange:
    return ChatChange(1, "wr1", kind, detail, members, "3", "", "", at)


def listed(at: datetime, *members: tuple[str, datetime], unionids: dict[str, str] | None = None) -> ChatRead:
    rows = tuple(
        MemberRead(name, False, joined, "3", "", "", (unionids or {}).get(name, "")) for name, joined in members
    )
    return ChatRead(1, CORP, "wr1", "读者群", "lisi", "", START, "v1", rows, at, START - DAY)


def known(ctx: Ctx, value: str, kind: str = "external_userid") -> int:
    scope = CORP if kind == "external_userid" else ""
    (customer_id,) = customers.identify(ctx, [Record("test", value, (Identity(kind, value, scope),), START)])
    return customer_id


def told(ctx: Ctx, customer_id: int) -> list[tuple[str, datetime]]:
    found = customer_queries.timeline(ctx, customer_id, types=("group_joined", "group_left")).items
    return [(event.type, event.occurred_at) for event in found[::-1]]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_the_last_news_decides_in_any_order_of_arrival(ctx: Ctx, order: tuple[int, ...]) -> None:
    customer_id = known(ctx, "wm1")
    news = [
        change("add_member", START + MINUTE, "wm1"),
        change("del_member", START + 5 * MINUTE, "wm1"),
        change("add_member", START + 9 * MINUTE, "wm1"),
    ]
    for index in order:
        actions.apply(ctx, [news[index]], CORPIDS)
        actions.apply(ctx, [news[index]], CORPIDS)
    (chat,) = queries.chats(ctx)
    assert (chat.people, chat.customers) == (1, 1)
    assert told(ctx, customer_id)[-1][0] == "group_joined"
    kinds = [kind for kind, _ in told(ctx, customer_id)]
    assert kinds in (["group_joined"], ["group_joined", "group_left", "group_joined"])


def test_a_reading_makes_up_for_what_was_lost(ctx: Ctx) -> None:
    ctx = replace(ctx, now=START + DAY)
    first, second = known(ctx, "wm1"), known(ctx, "wm2")
    actions.apply(ctx, [change("add_member", START, "wm1")], CORPIDS)
    # the list's own time of a joining differs by seconds; wm2's joining was lost
    actions.read(ctx, [listed(START + 10 * MINUTE, ("wm1", START + timedelta(seconds=3)), ("wm2", START + MINUTE))])
    assert told(ctx, first) == [("group_joined", START)]
    assert told(ctx, second) == [("group_joined", START + MINUTE)]
    actions.read(ctx, [listed(START + 20 * MINUTE, ("wm2", START + MINUTE))])
    assert told(ctx, first)[-1] == ("group_left", START + 20 * MINUTE)
    actions.apply(ctx, [change("del_member", START + 15 * MINUTE, "wm1")], CORPIDS)  # the true time, late
    assert len(told(ctx, first)) == 2
    actions.apply(ctx, [change("", START + 30 * MINUTE, kind="dismiss")], CORPIDS)
    assert told(ctx, second)[-1] == ("group_left", START + 30 * MINUTE)
    assert queries.chat(ctx, 1, "wr1").dismissed_at == START + 30 * MINUTE


def test_old_members_are_taken_over_in_silence(ctx: Ctx) -> None:
    customer_id = known(ctx, "wm1")
    actions.read(ctx, [listed(START, ("wm1", START - 400 * DAY))])
    assert told(ctx, customer_id) == []
    assert queries.chat(ctx, 1, "wr1").customers == 1
    later = replace(ctx, now=START + DAY)
    actions.read(later, [listed(START + DAY)])
    assert told(ctx, customer_id) == [("group_left", START + DAY)]


def test_a_follower_who_comes_by_the_invitation_is_recognised_by_unionid(ctx: Ctx) -> None:
    customer_id = known(ctx, "u-7", "unionid")
    actions.apply(ctx, [change("add_member", START, "wm7", "wm8")], CORPIDS)
    assert told(ctx, customer_id) == []
    actions.read(ctx, [listed(START + MINUTE, ("wm7", START), ("wm8", START), unionids={"wm7": "u-7", "wm8": "u-8"})])
    assert told(ctx, customer_id) == [("group_joined", START)]
    assert customer_queries.find(ctx, Identity("external_userid", "wm7", CORP)) == customer_id
    assert customer_queries.find(ctx, Identity("unionid", "u-8")) is None  # strangers in a group are no customers
    assert [row.customer_id for row in ctx.tx.execute(queries.members(1, "wr1"))] == [customer_id]


def test_rows_follow_a_merge(ctx: Ctx) -> None:
    by_contact = known(ctx, "wm1")
    by_union = known(ctx, "u-1", "unionid")
    actions.apply(ctx, [change("add_member", START, "wm1")], CORPIDS)
    both = (Identity("external_userid", "wm1", CORP), Identity("unionid", "u-1"))
    (merged,) = customers.identify(ctx, [Record("test", "both", both, START)])
    assert {by_contact, by_union} >= {merged}
    taken = customers.take_pulse(ctx, 0, 256, 1_000)
    jobs.pulse(ctx, Pulse(taken.events))
    assert [row.customer_id for row in ctx.tx.execute(queries.members(1))] == [merged]


def test_of_who_is_erased_neither_name_nor_id_stays_in_a_group(ctx: Ctx) -> None:
    ann, bob = known(ctx, "wm1"), known(ctx, "wm2")
    reading = listed(START, ("wm1", START), ("wm2", START))
    named = tuple(replace(found, name=f"name of {found.member}") for found in reading.members)
    actions.read(ctx, [replace(reading, members=named)])
    customers.erase(ctx, ann)
    taken = customers.take_pulse(ctx, 0, 256, 1_000)
    jobs.pulse(ctx, Pulse(taken.events))
    rows = ctx.tx.execute(text("select member, name, customer_id from chat_member")).all()
    assert [tuple(row) for row in rows] == [("wm2", "name of wm2", bob)]


def test_two_readings_of_a_group_in_one_batch_count_in_their_order(ctx: Ctx) -> None:
    first, second = listed(START, ("wm1", START), ("wm2", START)), listed(START + MINUTE, ("wm2", START))
    actions.read(ctx, [second, first])
    assert queries.chat(ctx, 1, "wr1").people == 1


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_who_leaves_and_comes_back_within_a_minute_is_inside(ctx: Ctx, order: tuple[int, ...]) -> None:
    news = [
        change("add_member", START, "wm1"),
        change("del_member", START + timedelta(seconds=20), "wm1"),
        change("add_member", START + timedelta(seconds=30), "wm1"),
    ]
    for index in order:
        actions.apply(ctx, [news[index]], CORPIDS)
    assert queries.chat(ctx, 1, "wr1").people == 1


class Refusing:
    """A platform that says no."""

    def send(self, call: Call) -> Outcome:
        return Outcome(False, 41091, "too many groups", {})


def test_join_way_that_the_platform_refuses_is_not_kept(world: World) -> None:
    with world.open() as ctx:
        account_id = platforms.save_account(ctx, kind="wecom", key=f"{CORP}-1", name="x")
    client = room_client(world, router, senders={"wecom": Refusing()})
    answer = client.post("/api/groups/join-ways", json={"account_id": account_id, "chat_ids": ["wr1"]})
    assert (answer.status_code, answer.json()["code"]) == (502, "platform_call_failed")
    assert answer.json()["detail"]["code"] == 41091
    assert client.get("/api/groups/join-ways").json() == []
    missing = client.post("/api/groups/join-ways", json={"account_id": 99, "chat_ids": ["wr1"]})
    assert missing.json()["code"] == "not_found"
    assert client.post("/api/groups/join-ways", json={"account_id": account_id, "chat_ids": []}).status_code == 422
    with pytest.raises(BadJoinWay):
        phases.new_join_way(phases.NewJoinWay(1, "x" * 31, "", ("wr1",)), phases.Made())
    reader = room_client(world, router, may=("groups.read",))
    refused = reader.post("/api/groups/join-ways", json={"account_id": account_id, "chat_ids": ["wr1"]})
    assert refused.json()["code"] == "forbidden"
