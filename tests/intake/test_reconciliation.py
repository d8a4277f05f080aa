"""What the platforms lost on the way is read back from their lists; over the real sandbox."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from siyu.customers import queries as customers
from siyu.customers.types import Identity
from siyu.groups import phases as group_phases
from siyu.groups import queries as groups
from siyu.intake import actions as intake
from siyu.intake import jobs, queries
from siyu.intake.rounds import ROUNDS, Step
from siyu.kernel import notices
from siyu.kernel.clock import machine
from siyu.kernel.ctx import Ctx
from siyu.kernel.probes import answer
from siyu.platforms import actions as inbox
from siyu.platforms import queries as platform_queries
from siyu.platforms.types import Outcome
from siyu.team import queries as team
from tests.platforms.sandboxed import APPID, CORPID, Platforms, platforms
from tests.support.world import World


@pytest.fixture
def both(world: World, tmp_path: Path) -> Iterator[Platforms]:
    with platforms(world, tmp_path) as found:
        found.sandbox.add_people(
            key="p",
            seed=1,
            count=30,
            model={"reply_rate": 0},
            follow=[
                {
                    "account": APPID,
                    "at": "2026-02-01T09:00:00+08:00",
                    "count": 25,
                    "scenes": {"ebook": 10, "": 15},
                }
            ],
            contacts=[
                {
                    "corpid": CORPID,
                    "userids": ["lisi", "wangwu"],
                    "count": 8,
                    "at": "2026-01-10T09:00:00+08:00",
                    "state": "card",
                }
            ],
        )
        yield found


def _of(ctx: Ctx, kind: str) -> Step:
    """The claimed page of a kind's round; those of other kinds stay leased."""
    while True:
        step = ROUNDS.claim(ctx)
        assert step is not None
        if step.kind == kind:
            return step


def settle(both: Platforms) -> None:
    """Let intake work until nothing is left to do at this time."""
    busy = True
    while busy:
        with both.world.open() as ctx:
            jobs.notice(ctx, notices.take(ctx))
            messages = inbox.take_inbox(ctx, 0, 1000) + inbox.take_inbox(ctx, 1, 1000)
            intake.handle(ctx, messages)
        busy = bool(messages)
        for phased in (*jobs.PHASES, *jobs.FAST_PHASES):
            while both.world.run(phased, both.senders):
                busy = True
    with both.world.open() as ctx:
        assert [one.error for one in queries.rounds(ctx) if one.error] == []
        assert platform_queries.parked(ctx).items == []


def followers(both: Platforms) -> set[str]:
    """Who follows, as Siyu believes."""
    rows = both.world.rows(
        "select i.value from follow f join identity i on i.origin_id = f.origin_id and i.kind = 'oa_openid'"
        " where f.kind = 'oa' and f.following and f.account_id = :account",
        account=both.oa,
    )
    return {row.value for row in rows}


def truth(both: Platforms) -> set[str]:
    """Who follows, as the platform knows."""
    people = both.sandbox.people(account=APPID, limit=1000)["people"]
    return {one["openid"] for one in people if one["subscribed"]}


def events(both: Platforms, kind: str) -> int:
    return int(both.world.value("select count(*) from event where type = :kind", kind=kind))


def test_new_accounts_are_read_whole(both: Platforms) -> None:
    settle(both)
    assert followers(both) == truth(both)
    assert len(followers(both)) == 25
    assert events(both, "followed") == 0  # they came before Siyu listened
    contact, openid = both.sandbox.person(1), both.openid(1)
    with both.world.open() as ctx:
        by_contact = customers.find(ctx, Identity("external_userid", contact["contacts"][0]["external_userid"], CORPID))
        by_openid = customers.find(ctx, Identity("oa_openid", openid, str(both.oa)))
        assert by_contact is not None
        assert by_contact == by_openid  # the unionid is the bridge
        profile = customers.profile(ctx, by_contact)
        assert sorted(follow.kind for follow in profile.follows) == ["oa", "wecom"]
        assert profile.name == contact["profile"]["name"]
        assert {member.userid for member in team.staff(ctx)} >= {"lisi", "wangwu"}
        assert [chat.name for chat in groups.chats(ctx)] == ["读者群 1"]
        assert queries.readings_waiting(ctx) == 0
    scenes = both.world.rows(
        "select source_code, count(*) as people from customer where source_kind = 'oa_scene' group by 1"
    )
    assert [(row.source_code, row.people) for row in scenes] == [("ebook", 10)]


def test_lost_callbacks_are_healed_at_four_in_the_morning(both: Platforms) -> None:
    settle(both)
    both.sandbox.set_faults(seed=2, lose=1.0)
    for person in (26, 27, 28):
        both.sandbox.act(person, "subscribe", account=APPID, scene="fair")
    for person in (1, 2):
        both.sandbox.act(person, "unsubscribe", account=APPID)
    both.sandbox.act(9, "add_member", corpid=CORPID, userid="lisi", state="booth")
    both.sandbox.member_act("wangwu", "delete_customer", corpid=CORPID, person=2)
    settle(both)
    assert followers(both) != truth(both)
    with both.world.open() as ctx:
        due = answer(ctx, jobs.DUE)
        assert due is not None
        assert due.astimezone(ctx.zone).hour == 4
    both.wait(seconds=(due - both.world.now).total_seconds())
    settle(both)
    assert followers(both) == truth(both)
    assert (events(both, "followed"), events(both, "unfollowed")) == (3, 2)
    assert events(both, "contact_added") == 1
    assert both.world.value("select count(*) from follow where kind = 'wecom' and not following") == events(
        both, "contact_lost"
    )
    openid = both.openid(27)
    with both.world.open() as ctx:
        healed = {one.kind: one.healed for one in queries.rounds(ctx)}
        assert healed["oa_followers"] == 5
        customer_id = customers.find(ctx, Identity("oa_openid", openid, str(both.oa)))
        assert customer_id is not None
        source = customers.profile(ctx, customer_id).first_touch
        assert source is not None
        assert source.code == "fair"


def test_a_worker_that_lost_its_lease_does_not_close_the_round_again(both: Platforms) -> None:
    settle(both)
    believed = followers(both)
    with both.world.open() as ctx:
        due = answer(ctx, jobs.DUE)
    assert due is not None
    both.wait(seconds=(due - both.world.now).total_seconds())
    while True:  # until a worker holds the page that closes the followers' round
        with both.world.open() as ctx:
            late = ROUNDS.claim(ctx)
        assert late is not None
        answers = ROUNDS.act(late, both.senders)
        if late.kind == "oa_followers" and late.cursor.get("closing"):
            break
        with both.world.open() as ctx:
            ROUNDS.record(ctx, late, answers)
    with both.world.open() as ctx:
        ctx.tx.execute(text("update intake_round set lease_machine = 0"))  # it stands still until its lease is over
    settle(both)
    with both.world.open() as ctx:
        ROUNDS.record(ctx, late, answers)
    assert followers(both) == believed == truth(both)
    assert events(both, "unfollowed") == 0
    with both.world.open() as ctx:
        assert {one.kind for one in queries.rounds(ctx) if one.running} == set()


def test_a_list_shorter_than_its_total_unfollows_nobody(both: Platforms) -> None:
    settle(both)
    believed = followers(both)
    both.wait(days=1)
    with both.world.open() as ctx:
        step = _of(ctx, "oa_followers")
    with both.world.open() as ctx:
        short = Outcome(True, 0, "ok", {"total": 25, "count": 0, "next_openid": ""})
        ROUNDS.record(ctx, step, [short])
    with both.world.open() as ctx:
        [told] = [one for one in queries.rounds(ctx) if one.kind == "oa_followers"]
    assert "0 of 25" in told.error
    both.wait(hours=1)
    settle(both)
    assert followers(both) == believed
    assert events(both, "unfollowed") == 0


def test_a_message_heals_a_lost_follow(both: Platforms) -> None:
    settle(both)
    both.sandbox.set_faults(seed=2, lose=1.0)
    both.sandbox.act(26, "subscribe", account=APPID, scene="fair")
    both.sandbox.set_faults(lose=0.0)
    both.wait(minutes=1)
    both.sandbox.act(26, "text", account=APPID, text="你好")
    settle(both)
    assert followers(both) == truth(both)
    assert (events(both, "followed"), events(both, "message_received")) == (1, 1)


def test_doubled_and_reordered_callbacks_count_once(both: Platforms) -> None:
    settle(both)
    both.sandbox.set_faults(seed=5, duplicate=1.0, reorder=0.5)
    for person in range(1, 11):
        both.sandbox.act(person, "text", account=APPID, text=f"你好 {person}")
        both.sandbox.act(person, "unsubscribe", account=APPID)
    both.wait(seconds=1)
    for person in range(1, 6):
        both.sandbox.act(person, "subscribe", account=APPID)
    both.wait(minutes=5)
    settle(both)
    both.wait(minutes=5)
    settle(both)
    assert followers(both) == truth(both)
    assert (events(both, "message_received"), events(both, "unfollowed"), events(both, "followed")) == (10, 10, 5)
    both.sandbox.set_faults(duplicate=0, reorder=0)
    both.wait(days=1)
    settle(both)
    assert (events(both, "message_received"), events(both, "unfollowed"), events(both, "followed")) == (10, 10, 5)


def test_refused_round_waits_and_goes_on(both: Platforms) -> None:
    both.sandbox.set_faults(ip_denied=True)
    with both.world.open() as ctx:
        jobs.notice(ctx, notices.take(ctx))
    for phased in jobs.PHASES:
        while both.world.run(phased, both.senders):
            pass
    with both.world.open() as ctx:
        assert {one.error[:5] for one in queries.rounds(ctx)} <= {"40164", "60020"}
        assert all(one.failures == 1 and one.next_at > both.world.now for one in queries.rounds(ctx))
    both.sandbox.set_faults(ip_denied=False)
    both.sandbox.move_to(both.world.wait(minutes=2))
    with both.world.engine.begin() as tx:  # a refused secret is not tried again for a minute of machine time
        tx.exec_driver_sql("update platform_token set refused_machine = 0")
    settle(both)
    assert followers(both) == truth(both)


@pytest.mark.parametrize("lease", [1.0, machine() + 28_800.0], ids=["over", "of-a-clock-set-back"])
def test_a_dead_worker_holds_nothing_up(both: Platforms, lease: float) -> None:
    with both.world.open() as ctx:
        jobs.notice(ctx, notices.take(ctx))
    for phased in jobs.PHASES[::-1]:
        with both.world.open() as ctx:
            phased.claim(ctx)  # and the worker dies here
    for table in ("intake_round", "intake_lookup"):
        with both.world.engine.begin() as tx:
            tx.exec_driver_sql(f"update {table} set lease_machine = {lease}")
    settle(both)
    assert followers(both) == truth(both)


def test_group_invitation_leads_known_people_into_the_group(both: Platforms) -> None:
    settle(both)
    made = group_phases.Made()
    wanted = group_phases.NewJoinWay(both.wecom, "电子书读者", "ebook", ("wrtest1",))
    assert both.world.run(group_phases.new_join_way(wanted, made), both.senders)
    assert made.config_id
    assert made.qr_code
    with both.world.open() as ctx:
        assert [way.config_id for way in groups.join_ways(ctx)] == [made.config_id]
    for person in (1, 20, 29):  # a contact, a follower only, a stranger
        both.sandbox.act(person, "join_group", config_id=made.config_id)
    settle(both)
    assert events(both, "group_joined") == 2
    with both.world.open() as ctx:
        (chat,) = groups.chats(ctx)
        assert (chat.people, chat.customers) == (3, 2)
    both.wait(minutes=1)
    both.sandbox.act(20, "leave_group", corpid=CORPID, chat_id="wrtest1")
    settle(both)
    assert events(both, "group_left") == 1
    both.wait(days=1)
    settle(both)
    assert (events(both, "group_joined"), events(both, "group_left")) == (2, 1)
