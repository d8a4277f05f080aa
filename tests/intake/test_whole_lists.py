"""Who is gone, and what keeps a round from ever ending: lists that change, leave out, refuse or hold nonsense."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from siyu.customers import queries as customer_queries
from siyu.customers.types import Identity
from siyu.groups import queries as groups
from siyu.intake import actions as intake
from siyu.intake import queries
from siyu.intake.lookups import LOOKUPS
from siyu.intake.rounds import ROUNDS, Step
from siyu.intake.types import Arrival, Round, RoundKind
from siyu.platforms import actions as accounts
from siyu.platforms.types import Outcome
from siyu.team import queries as team
from tests.intake.test_reconciliation import both as both
from tests.intake.test_reconciliation import events, followers, settle, truth
from tests.platforms.sandboxed import AGENTID, APPID, CORPID, KEY, Platforms


def ok(**data: object) -> Outcome:
    return Outcome(True, 0, "", data)


def claimed(both: Platforms, kind: RoundKind) -> Step:
    while True:
        with both.world.open() as ctx:
            step = ROUNDS.claim(ctx)
        assert step is not None
        if step.kind == kind:
            return step


def told(both: Platforms, kind: RoundKind, *outcomes: Outcome) -> None:
    """The next page of a round brings this."""
    step = claimed(both, kind)
    with both.world.open() as ctx:
        ROUNDS.record(ctx, step, list(outcomes))


def state(both: Platforms, kind: RoundKind) -> Round:
    with both.world.open() as ctx:
        [found] = [one for one in queries.rounds(ctx) if one.kind == kind and one.started_at]
    return found


def contacts(both: Platforms) -> int:
    return int(both.world.value("select count(*) from follow where kind = 'wecom' and following"))


def next_morning(both: Platforms) -> None:
    settle(both)
    both.wait(days=1)


def test_people_who_leave_between_two_pages_take_nobody_with_them(both: Platforms) -> None:
    next_morning(both)
    openids = sorted(followers(both))
    told(both, "oa_followers", ok(total=25, data={"openid": openids[:20]}, next_openid=openids[19]))
    # Three of the first page left: the total is now what was read, and yet three are still to come.
    told(both, "oa_followers", ok(total=22, data={"openid": openids[20:22]}, next_openid=openids[21]))
    told(both, "oa_followers", ok(total=22, data={"openid": openids[22:]}, next_openid=""))
    told(both, "oa_followers")
    assert followers(both) == set(openids)
    assert not state(both, "oa_followers").running


def test_a_list_without_a_total_says_of_nobody_that_he_is_gone(both: Platforms) -> None:
    next_morning(both)
    believed = followers(both)
    told(both, "oa_followers", ok())
    assert "of None" in state(both, "oa_followers").error
    both.wait(hours=1)
    settle(both)
    assert followers(both) == believed == truth(both)
    assert events(both, "unfollowed") == 0


def test_who_followed_just_before_the_round_may_be_missing_from_its_list(both: Platforms) -> None:
    next_morning(both)
    openids = sorted(followers(both))
    both.sandbox.act(27, "subscribe", account=APPID)
    with both.world.open() as ctx:
        intake.handle(ctx, accounts.take_inbox(ctx, 0, 10))
    assert len(followers(both)) == 26
    both.wait(seconds=5)
    told(both, "oa_followers", ok(total=25, data={"openid": openids}, next_openid=openids[-1]))
    told(both, "oa_followers")
    assert len(followers(both)) == 26
    assert events(both, "unfollowed") == 0


def test_members_without_a_licence_do_not_lose_their_contacts(both: Platforms) -> None:
    next_morning(both)
    before = contacts(both)
    assert before == 8
    told(both, "wecom_contacts", ok(follow_user=["lisi", "wangwu"]))
    unlicensed = {"unlicensed_userid_list": ["lisi", "wangwu"]}
    told(both, "wecom_contacts", ok(external_contact_list=[], next_cursor="", fail_info=unlicensed))
    told(both, "wecom_contacts")
    assert contacts(both) == before
    assert not state(both, "wecom_contacts").running


def test_a_member_who_leaves_during_a_round_does_not_hold_it_up(both: Platforms) -> None:
    next_morning(both)
    told(both, "wecom_contacts", ok(follow_user=["lisi", "wangwu"]))
    both.sandbox.member_act("wangwu", "leave", corpid=CORPID)
    step = claimed(both, "wecom_contacts")
    answers = ROUNDS.act(step, both.senders)
    assert [one.ok for one in answers] == [False]
    with both.world.open() as ctx:
        ROUNDS.record(ctx, step, answers)
    both.wait(minutes=5)
    settle(both)
    found = state(both, "wecom_contacts")
    assert (found.running, found.error, found.failures) == (False, "", 0)


def test_members_without_any_contact_are_asked_one_by_one(both: Platforms) -> None:
    next_morning(both)
    before = contacts(both)
    nobody = Outcome(False, 84061, "not external contact", {})
    told(both, "wecom_contacts", ok(follow_user=["lisi", "wangwu", "zhaoliu"]))
    told(both, "wecom_contacts", nobody)
    step = claimed(both, "wecom_contacts")
    assert step.cursor["batch"] == 1
    answers = ROUNDS.act(step, both.senders)
    with both.world.open() as ctx:
        ROUNDS.record(ctx, step, answers)
    step = claimed(both, "wecom_contacts")
    assert step.cursor["at"] == 1
    answers = ROUNDS.act(step, both.senders)
    with both.world.open() as ctx:
        ROUNDS.record(ctx, step, answers)
    told(both, "wecom_contacts", nobody)
    told(both, "wecom_contacts")
    assert contacts(both) == before
    assert not state(both, "wecom_contacts").running


def relation(name: str, userid: str, createtime: int) -> Mapping[str, Any]:
    return {
        "external_contact": {"external_userid": name, "name": name, "type": 1},
        "follow_info": {"userid": userid, "createtime": createtime},
    }


@pytest.mark.parametrize("createtime", [1_900_000_000_000_000, 4_000_000_000], ids=["no-time", "far-ahead"])
def test_one_contact_that_cannot_be_taken_in_keeps_the_others_and_closes_nothing(
    both: Platforms, createtime: int
) -> None:
    next_morning(both)
    before = contacts(both)
    told(both, "wecom_contacts", ok(follow_user=["lisi", "wangwu"]))
    listed = [relation("wmnew", "lisi", 1_772_000_000), relation("wmbad", "lisi", createtime)]
    told(both, "wecom_contacts", ok(external_contact_list=listed, next_cursor=""))
    told(both, "wecom_contacts")
    with both.world.open() as ctx:
        assert customer_queries.find(ctx, Identity("external_userid", "wmnew", CORPID)) is not None
    assert contacts(both) == before + 1
    assert state(both, "wecom_contacts").error == "a list that could not be taken in: 1"


def second_app(both: Platforms) -> int:
    with both.world.open() as ctx:
        return accounts.save_account(
            ctx,
            kind="wecom",
            key=f"{CORPID}-1000003",
            name="新应用",
            config={"base_url": both.sandbox.wecom_url, "oauth_url": both.sandbox.url},
            secret="second-secret",
            token="wetoken",
            aes_key=KEY,
        )


def test_another_app_of_the_corp_goes_on_when_the_first_is_switched_off(both: Platforms) -> None:
    settle(both)
    app = {"token": "wetoken", "aes_key": KEY, "callback_url": "", "callable": True, "trusted_domains": []}
    both.sandbox.set_accounts(
        wecom=[
            {
                "corpid": CORPID,
                "apps": [
                    {"agentid": AGENTID, "secret": "app-secret", **app},
                    {"agentid": 1000003, "secret": "second-secret", **app},
                ],
            }
        ]
    )
    second_app(both)
    with both.world.open() as ctx:
        accounts.save_account(
            ctx,
            kind="wecom",
            key=f"{CORPID}-{AGENTID}",
            name="旧应用",
            config={"base_url": both.sandbox.wecom_url, "oauth_url": both.sandbox.url},
            active=False,
        )
    both.sandbox.act(20, "add_member", corpid=CORPID, userid="lisi", state="booth")
    settle(both)
    both.wait(days=1)
    settle(both)
    assert contacts(both) == 9
    rows = both.world.rows("select distinct account_id from follow where kind = 'wecom'")
    assert [row.account_id for row in rows] == [both.wecom], "one corp, one account that its people belong to"
    with both.world.open() as ctx:
        assert queries.readings_waiting(ctx) == 0


def test_one_openid_that_the_platform_does_not_know_hides_no_others(both: Platforms) -> None:
    settle(both)
    openids = [both.openid(n) for n in range(1, 6)]
    with both.world.open() as ctx:
        ctx.tx.exec_driver_sql("delete from identity where kind = 'unionid'")
        named = [*openids, "o-forged"]
        intake.take_in(
            ctx, [Arrival(both.oa, both.world.now, lookups=((both.oa, "oa_user", one),)) for one in named], {}
        )
    while both.world.run(LOOKUPS, both.senders):
        pass
    assert both.world.value("select count(*) from identity where kind = 'unionid'") == 5
    with both.world.open() as ctx:
        assert queries.readings_waiting(ctx) == 0


def test_a_member_who_left_the_company_may_not_sign_in_any_more(both: Platforms) -> None:
    settle(both)
    both.sandbox.member_act("wangwu", "leave", corpid=CORPID)
    both.wait(minutes=1)
    settle(both)
    with both.world.open() as ctx:
        assert {one.userid: one.active for one in team.staff(ctx)}["wangwu"] is False
        assert {one.userid: one.active for one in team.staff(ctx)}["lisi"] is True


def test_a_group_whose_dismissal_was_not_heard_is_found_out(both: Platforms) -> None:
    settle(both)
    with both.world.open() as ctx:
        [chat] = groups.chats(ctx)
    assert chat.dismissed_at is None
    both.wait(days=1)
    told(both, "wecom_chats", ok(group_chat_list=[], next_cursor=""))
    told(both, "wecom_chats")
    with both.world.open() as ctx:
        work = LOOKUPS.claim(ctx)
    assert work is not None
    [reading] = [one for one in work.readings if one.kind == "wecom_chat"]
    with both.world.open() as ctx:
        LOOKUPS.record(ctx, work, [(reading, Outcome(False, 49008, "group dismissed", {}))])
    with both.world.open() as ctx:
        [chat] = groups.chats(ctx)
    assert chat.dismissed_at == both.world.now


def test_groups_of_a_large_company_are_listed_by_their_owners(both: Platforms) -> None:
    next_morning(both)
    told(both, "wecom_chats", Outcome(False, 81017, "too many items", {}))
    settle(both)
    found = state(both, "wecom_chats")
    assert (found.running, found.error, found.seen) == (False, "", 1)


def test_who_joins_a_group_while_its_list_is_under_way_has_not_left(both: Platforms) -> None:
    settle(both)
    both.sandbox.act(1, "join_group", corpid=CORPID, chat_id="wrtest1")
    with both.world.open() as ctx:
        intake.handle(ctx, accounts.take_inbox(ctx, 0, 10) + accounts.take_inbox(ctx, 1, 10))
        work = LOOKUPS.claim(ctx)
    assert work is not None
    answers = LOOKUPS.act(work, both.senders)
    both.wait(seconds=30)
    both.sandbox.act(2, "join_group", corpid=CORPID, chat_id="wrtest1")
    both.wait(seconds=30)
    with both.world.open() as ctx:
        intake.handle(ctx, accounts.take_inbox(ctx, 0, 10) + accounts.take_inbox(ctx, 1, 10))
    with both.world.open() as ctx:
        LOOKUPS.record(ctx, work, answers)
    assert (events(both, "group_joined"), events(both, "group_left")) == (2, 0)
