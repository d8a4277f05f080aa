"""Callbacks to rows: once, in any order, over the set; a poisoned one stops no other."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from siyu.customers import actions as customer_actions
from siyu.customers import queries as customers
from siyu.customers.types import Identity, Record, oa_source
from siyu.intake import actions as intake
from siyu.intake import queries as intake_queries
from siyu.intake import readings
from siyu.intake.types import Known
from siyu.intake.words import opt_out_word
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import ids_of
from siyu.platforms import actions as platforms
from siyu.platforms import queries as platform_queries
from siyu.platforms.types import InboxRow
from tests.support.statements import Statements
from tests.support.world import START, World

NUMBERS = itertools.count(1)


def row(account_id: int, at: datetime, **fields: object) -> InboxRow:
    """A verified callback as the door would store it."""
    body = {"CreateTime": str(int(at.timestamp())), **fields}
    event = str(body.get("Event", "")).lower()
    change = str(body.get("ChangeType", "")).lower()
    kind = "message" if body.get("MsgType") != "event" else f"{event}.{change}" if change else event
    return InboxRow(account_id, f"k{next(NUMBERS)}", 0, kind, body, at)


def subscribe(account_id: int, openid: str, at: datetime = START, scene: str = "") -> InboxRow:
    key = f"qrscene_{scene}" if scene else ""
    return row(account_id, at, MsgType="event", Event="subscribe", FromUserName=openid, EventKey=key)


def unsubscribe(account_id: int, openid: str, at: datetime) -> InboxRow:
    return row(account_id, at, MsgType="event", Event="unsubscribe", FromUserName=openid, EventKey="")


def say(account_id: int, openid: str, text: str, msg_id: int, at: datetime = START) -> InboxRow:
    return row(account_id, at, MsgType="text", FromUserName=openid, Content=text, MsgId=str(msg_id))


def arrive(world: World, rows: Sequence[InboxRow]) -> None:
    """Store, then handle everything there is."""
    with world.open() as ctx:
        platforms.receive(ctx, rows)
    with world.open() as ctx:
        intake.handle(ctx, platforms.take_inbox(ctx, 0, 10_000))


def types_of(ctx: Ctx, openid: str, account_id: int) -> list[str]:
    """The events of a follower, oldest first, without those that customers writes about itself."""
    customer_id = customers.find(ctx, Identity("oa_openid", openid, str(account_id)))
    assert customer_id is not None
    found = [event.type for event in customers.timeline(ctx, customer_id, limit=200).items][::-1]
    return [kind for kind in found if kind not in ("created", "attribute_changed")]


@pytest.fixture
def oa(world: World) -> int:
    with world.open() as ctx:
        return platforms.save_account(ctx, kind="oa", key="wxintake", name="号", secret="s", token="t")


@pytest.fixture
def wecom(world: World) -> int:
    with world.open() as ctx:
        return platforms.save_account(ctx, kind="wecom", key="wwcorp-1", name="企业", secret="s", token="t")


def test_follow_with_scene_message_menu_and_scan(world: World, oa: int) -> None:
    later = [START + timedelta(minutes=n) for n in range(5)]
    arrive(
        world,
        [
            subscribe(oa, "o1", scene="ebook"),
            say(oa, "o1", "想要电子书👋", 1, later[1]),
            row(oa, later[2], MsgType="event", Event="CLICK", FromUserName="o1", EventKey="BOOK"),
            row(oa, later[3], MsgType="event", Event="SCAN", FromUserName="o1", EventKey="fair", Ticket="t"),
            row(oa, later[4], MsgType="event", Event="VIEW", FromUserName="o1", EventKey="https://example.com/"),
        ],
    )
    with world.open() as ctx:
        assert types_of(ctx, "o1", oa) == ["followed", "message_received", "menu_clicked", "qr_scanned", "menu_viewed"]
        customer_id = customers.find(ctx, Identity("oa_openid", "o1", str(oa)))
        assert customer_id is not None
        profile = customers.profile(ctx, customer_id)
        assert profile.first_touch is not None
        assert profile.latest_touch is not None
        assert (profile.first_touch.kind, profile.first_touch.code) == ("oa_scene", "ebook")
        assert profile.latest_touch.code == "fair"
        assert profile.follows[0].scene == "ebook"
        assert profile.contact_consent
        said = {event.type: event.props for event in customers.timeline(ctx, customer_id).items}
        assert said["message_received"] == {"account": oa, "text": "想要电子书👋", "msg_id": "1", "via": "oa"}
        assert said["menu_clicked"] == {"account": oa, "key": "BOOK"}
        assert intake_queries.readings_waiting(ctx) == 1
    opened = world.rows('select "trigger" from outreach_window order by 1')
    assert opened, "a message opens a window for customer messages"


def revoke(account_id: int, openid: str, at: datetime, event: str = "user_authorization_revoke") -> InboxRow:
    fields = {"FromUserName": "gh_platform", "OpenID": openid, "AppID": "wxintake", "RevokeInfo": "205"}
    return row(account_id, at, MsgType="event", Event=event, **fields)


def test_a_follower_who_withdraws_the_authorisation_is_read_anonymously_from_then_on(world: World, oa: int) -> None:
    arrive(world, [subscribe(oa, "o1"), subscribe(oa, "o2")])
    with world.open() as ctx:
        both = [customers.find(ctx, Identity("oa_openid", one, str(oa))) for one in ("o1", "o2")]
        customer_actions.consent(ctx, ids_of([one for one in both if one]), "profiling", given=True, why="表单")
    at = START + timedelta(minutes=1)
    arrive(world, [revoke(oa, "o1", at), revoke(oa, "o1", at), revoke(oa, "nobody", at)])
    with world.open() as ctx:
        assert set(types_of(ctx, "o1", oa)[-2:]) == {"authorization_revoked", "consent_withdrawn"}
        assert "authorization_revoked" not in types_of(ctx, "o2", oa)
        one, other = (customers.profile(ctx, customer_id) for customer_id in both if customer_id)
        assert (one.profiling_consent, other.profiling_consent) == (False, True)
        assert (one.contact_consent, one.follows[0].following) == (True, True), "the account is still followed"
        assert customers.find(ctx, Identity("oa_openid", "nobody", str(oa))) is None, "reading makes nobody a customer"
        assert intake_queries.ignored(ctx) == []


def test_what_an_account_told_of_a_reader_who_does_not_follow_goes_with_the_authorisation(
    world: World, oa: int
) -> None:
    openid, phone = Identity("oa_openid", "o3", str(oa)), Identity("phone", "+8613812341234")
    with world.open() as ctx:
        told = Record(oa_source(oa), "o3", (openid,), START, {"name": "小张"})
        customer_actions.identify(ctx, [told, Record("form:1", "f1", (openid, phone), START, {"company": "好公司"})])
        told = Record(oa_source(oa), "o4", (Identity("oa_openid", "o4", str(oa)),), START, {"name": "小李"})
        customer_actions.identify(ctx, [told])
    at = START + timedelta(minutes=1)
    arrive(world, [revoke(oa, "o3", at), revoke(oa, "o4", at, "user_authorization_cancellation")])
    with world.open() as ctx:
        customer_id = customers.find(ctx, phone)
        assert customer_id is not None
        assert customers.profile(ctx, customer_id).attributes == {"phone": "+8613812341234", "company": "好公司"}
        assert customers.find(ctx, Identity("oa_openid", "o4", str(oa))) is None, "only a keyed hash is kept"
    assert world.value("select count(*) from customer where name is not null") == 0


def test_a_withdrawal_that_names_nobody_is_parked(world: World, oa: int) -> None:
    arrive(world, [revoke(oa, "", START)])
    assert "OpenID is missing" in str(world.value("select error from platform_inbox"))


def test_any_order_and_repetition_end_alike(world: World, oa: int) -> None:
    rows = [
        subscribe(oa, "o2", START),
        unsubscribe(oa, "o2", START + timedelta(minutes=1)),
        subscribe(oa, "o2", START + timedelta(minutes=2)),
        unsubscribe(oa, "o2", START + timedelta(minutes=3)),
        say(oa, "o3", "在吗", 9),
    ]
    for seed in range(3):
        shuffled = [*rows, *rows]
        random.Random(seed).shuffle(shuffled)
        for one in shuffled:  # one transaction each, with keys that the inbox cannot fold
            again = InboxRow(one.account_id, f"k{next(NUMBERS)}", 0, one.kind, one.body, one.created_at)
            arrive(world, [again])
    with world.open() as ctx:
        customer_id = customers.find(ctx, Identity("oa_openid", "o2", str(oa)))
        assert customer_id is not None
        assert [follow.following for follow in customers.profile(ctx, customer_id).follows] == [False]
        assert types_of(ctx, "o2", oa) == ["followed", "unfollowed"] * 2
        assert types_of(ctx, "o3", oa) == ["message_received"]


def test_a_batch_takes_as_many_statements_as_one_hundred(world: World, oa: int, statements: Statements) -> None:
    counts = []
    for size in (100, 800):
        rows = [subscribe(oa, f"s{size}-{n}", scene="a") for n in range(size)]
        rows += [say(oa, f"s{size}-{n}", "你好", size * 1000 + n) for n in range(size)]
        with world.open() as ctx:
            platforms.receive(ctx, rows)
            messages = platforms.take_inbox(ctx, 0, 10_000)
            statements.reset()
            intake.handle(ctx, messages)
            counts.append(statements.count)
    assert counts[1] <= counts[0] + 2, counts
    assert counts[0] < 80, counts


def test_poisoned_messages_are_parked_and_stop_no_other(world: World, oa: int) -> None:
    rows = [subscribe(oa, f"p{n}") for n in range(20)]
    rows.insert(7, row(oa, START, MsgType="event", Event="subscribe", EventKey=""))  # nobody
    rows.insert(13, subscribe(oa, "far", START + timedelta(days=3)))  # from the future: the timeline refuses it
    arrive(world, rows)
    with world.open() as ctx:
        assert customers.openids(oa) is not None
        parked = platform_queries.parked(ctx).items
        assert len(parked) == 2
        assert "FromUserName" in parked[0].error
        assert "ahead" in parked[1].error
        assert platform_queries.inbox_pending(ctx) == 0
    assert world.value("select count(*) from follow where following") == 20
    world.wait(days=3)
    with world.open() as ctx:
        platforms.retry_inbox(ctx)
        intake.handle(ctx, platforms.take_inbox(ctx, 0, 10))
        assert types_of(ctx, "far", oa) == ["followed"]
        assert len(platform_queries.parked(ctx).items) == 1


@pytest.mark.parametrize(
    "text", ["退订", " 退 订。", "ＴＤ", "td", "Td!", "取消推送", "取消推送～", "退訂", "回TD退订", "我要退订"]
)
def test_opt_out_words(text: str) -> None:
    assert opt_out_word(text) is not None


@pytest.mark.parametrize("text", ["我想退订这个", "", "TD-LTE 是什么", "取消", "好的", "退订" * 30])
def test_other_words(text: str) -> None:
    assert opt_out_word(text) is None


def test_opting_out_stops_pushes(world: World, oa: int) -> None:
    arrive(world, [subscribe(oa, "o5"), say(oa, "o5", "ＴＤ", 77), subscribe(oa, "o6")])
    with world.open() as ctx:
        assert types_of(ctx, "o5", oa).count("opted_out") == 1
        customer_id = customers.find(ctx, Identity("oa_openid", "o5", str(oa)))
        assert customer_id is not None
        assert customers.profile(ctx, customer_id).opted_out_at is not None
        other = customers.find(ctx, Identity("oa_openid", "o6", str(oa)))
        assert other is not None
        assert customers.profile(ctx, other).opted_out_at is None


def test_unknown_kinds_are_counted(world: World, oa: int) -> None:
    rows = [row(oa, START, MsgType="event", Event="LOCATION", FromUserName="o9") for _ in range(3)]
    arrive(world, rows)
    with world.open() as ctx:
        (seen,) = intake_queries.ignored(ctx)
        assert (seen.kind, seen.count, seen.latest_at) == ("location", 3, START)


def contact(account_id: int, change: str, at: datetime, **fields: object) -> InboxRow:
    named = {"FromUserName": "sys", "UserID": "lisi", "ExternalUserID": "wm1", **fields}
    return row(account_id, at, MsgType="event", Event="change_external_contact", ChangeType=change, **named)


def test_wecom_contacts_come_and_go_once_for_two_apps(world: World, wecom: int) -> None:
    with world.open() as ctx:
        second = platforms.save_account(ctx, kind="wecom", key="wwcorp-2", name="二", secret="s", token="t")
    minute = timedelta(minutes=1)
    rows = [
        contact(account, change, at, **more)
        for account in (wecom, second)
        for change, at, more in (
            ("add_half_external_contact", START, {"State": "card"}),
            ("add_external_contact", START + minute, {"State": "card", "WelcomeCode": "w"}),
            ("edit_external_contact", START + 2 * minute, {}),
            ("del_follow_user", START + 3 * minute, {}),
        )
    ]
    arrive(world, rows[::-1])
    with world.open() as ctx:
        customer_id = customers.find(ctx, Identity("external_userid", "wm1", "wwcorp"))
        assert customer_id is not None
        timeline = customers.timeline(ctx, customer_id).items[::-1]
        events = [event for event in timeline if event.type.startswith("contact_")]
        assert [event.type for event in events] == ["contact_added", "contact_lost"]
        assert events[1].props == {"account": wecom, "staff": "lisi", "by": "customer"}
        (follow,) = customers.profile(ctx, customer_id).follows
        assert (follow.account_id, follow.staff, follow.following) == (wecom, "lisi", False)
        touch = customers.profile(ctx, customer_id).first_touch
        assert touch is not None
        assert (touch.kind, touch.code) == ("wecom_state", "card")


def test_adds_carry_their_welcome_code_and_no_second_telling_is_refused(world: World, wecom: int) -> None:
    with world.open() as ctx:
        second = platforms.save_account(ctx, kind="wecom", key="wwcorp-2", name="二", secret="s", token="t")
    minute = timedelta(minutes=1)
    arrive(
        world,
        [
            contact(wecom, "add_half_external_contact", START, State="expo", WelcomeCode="h"),
            contact(wecom, "add_external_contact", START + minute, State="expo", WelcomeCode="w1"),
            contact(second, "add_external_contact", START + minute, State="expo", WelcomeCode="w2"),
            contact(wecom, "msg_audit_approved", START + 2 * minute, WelcomeCode="a"),
        ],
    )
    arrive(world, [contact(second, "add_external_contact", START + minute, State="expo", WelcomeCode="w3")])
    known = Known(wecom, wecom, wecom, "wwcorp")
    read = readings.contact(
        {"external_userid": "wm1"},
        {"userid": "lisi", "createtime": int((START + minute).timestamp()), "state": "expo", "add_way": 1},
        known,
        START - minute,
        START + 3 * minute,
    )
    fresh = readings.contact(
        {"external_userid": "wm2"},
        {"userid": "lisi", "createtime": int(START.timestamp()), "add_way": 16},
        known,
        START - minute,
        START + 3 * minute,
    )
    assert read is not None
    assert fresh is not None
    with world.open() as ctx:
        intake.take_in(ctx, [read, fresh], {wecom: known})
    with world.open() as ctx:
        assert platform_queries.parked(ctx).items == []
    told = world.rows("select type, props from event where type in ('contact_added', 'welcome_offered') order by 1, 2")
    home = {"account": wecom, "staff": "lisi"}
    assert [(row.type, row.props) for row in told] == [
        ("contact_added", home | {"add_way": 16}),
        ("contact_added", home | {"state": "expo", "welcome_code": "w1"}),
        ("welcome_offered", home | {"welcome_code": "a"}),
        ("welcome_offered", home | {"state": "expo", "welcome_code": "h"}),
    ]


def test_first_words_after_an_acquisition_link_are_seen(world: World, wecom: int) -> None:
    fields = {"FromUserName": "sys", "UserID": "lisi", "ExternalUserID": "wm1", "LinkId": "caw1"}
    said = {"MsgType": "event", "Event": "customer_acquisition", "ChangeType": "customer_start_chat", **fields}
    arrive(world, [contact(wecom, "add_external_contact", START), row(wecom, START + timedelta(minutes=3), **said)])
    (told,) = world.rows("select occurred_at, props from event where type = 'chat_started'")
    assert told.occurred_at == START + timedelta(minutes=3)
    assert told.props == {"account": wecom, "staff": "lisi", "link": "caw1"}


def test_group_joins_in_any_order(world: World, wecom: int) -> None:
    def chat(detail: str, at: datetime, *members: str) -> InboxRow:
        return row(
            wecom,
            at,
            MsgType="event",
            Event="change_external_chat",
            ChangeType="update",
            ChatId="wr1",
            UpdateDetail=detail,
            JoinScene="3",
            QuitScene="0",
            MemChangeList={"Item": list(members) if len(members) > 1 else members[0]},
        )

    minute = timedelta(minutes=1)
    arrive(world, [contact(wecom, "add_external_contact", START, WelcomeCode="w")])
    arrive(world, [chat("del_member", START + 2 * minute, "wm1")])
    arrive(world, [chat("add_member", START + minute, "wm1", "wm2", "lisi")])
    arrive(world, [chat("add_member", START + 5 * minute, "wm1"), chat("add_member", START + 5 * minute, "wm1")])
    with world.open() as ctx:
        customer_id = customers.find(ctx, Identity("external_userid", "wm1", "wwcorp"))
        assert customer_id is not None
        joined = [e for e in customers.timeline(ctx, customer_id).items if e.type.startswith("group_")]
        assert [(e.type, e.occurred_at) for e in joined] == [("group_joined", START + 5 * minute)]
    assert world.value("select count(*) from chat_member where customer_id is not null") == 1
    assert world.value("select count(*) from chat_member") == 3
