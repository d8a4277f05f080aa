"""Codes over the sandbox: scan, follow, source, tags, counts; who serves on the platform, and what goes wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from siyu.intake import actions as intake
from siyu.platforms.types import Call
from siyu.tags import actions as tags
from siyu.team import actions as team
from tests.channels.shop import Shop
from tests.platforms.sandboxed import APPID, CORPID, platforms
from tests.support.world import ZONE, World

OFFICE = {"days": ["workday"], "start": "09:00", "until": "18:00"}


@pytest.fixture
def shop(world: World, tmp_path: Path) -> Iterator[Shop]:
    with platforms(world, tmp_path) as outside:
        outside.sandbox.add_people(key="p", seed=1, count=20)
        shop = Shop(outside)
        shop.meet()
        yield shop


def on_platform(shop: Shop, channel_id: int) -> dict[str, Any]:
    """The contact way as the platform has it."""
    call = Call(shop.outside.wecom, "contact_way_get", {"config_id": shop.config(channel_id)})
    way = shop.outside.senders["wecom"].send(call).data["contact_way"]
    assert isinstance(way, dict)
    return way


def test_a_scan_brings_source_tags_with_why_counts_and_an_event(shop: Shop) -> None:
    with shop.outside.world.open() as ctx:
        tag_id = tags.ensure(ctx, "来源/展会")
    channel_id = shop.add(
        "wecom_live_code", rotation={"members": shop.members("lisi")}, tags=[tag_id], hook="电子书", skip_verify=True
    )
    code = shop.ask("GET", f"/{channel_id}")["code"]
    assert code["image_url"].startswith(shop.outside.sandbox.url)
    picture = shop.http.get(f"/api/channels/{channel_id}/image")
    assert (picture.headers["content-type"], picture.content[:4]) == ("image/png", b"\x89PNG")
    assert (code["problem"], code["waiting"], code["staff_id"]) == ("", False, shop.staff["lisi"])
    assert shop.scan(shop.config(channel_id), [1, 2]) == ["lisi", "lisi"]
    rows = shop.outside.world.rows("select source_kind, source_code from customer")
    assert [tuple(row) for row in rows] == [("wecom_state", "expo")] * 2
    events = shop.outside.world.rows("select props from event where type = 'channel_arrived'")
    assert [(e.props["channel_id"], e.props["channel"], e.props["staff"]) for e in events] == [
        (channel_id, "展会", "lisi")
    ] * 2
    given = shop.outside.world.rows("select props from event where type = 'tag_added'")
    assert {(e.props["tag_id"], e.props["by"], e.props["why"]) for e in given} == {
        (tag_id, f"channel:{channel_id}", "通过渠道「展会」到来")
    }
    assert len(given) == 2
    assert shop.figures(channel_id) == (2, 2, 0, None)
    days = shop.ask("GET", f"/{channel_id}/days")
    assert days == [{"day": "2026-03-02", "staff_id": shop.staff["lisi"], "arrivals": 2}]
    condition = {"kind": "channel", "channel": ["expo"]}
    people = shop.http.post("/api/segments/people", json={"condition": condition}).json()["items"]
    assert len(people) == 2


def test_weights_limits_and_fallback_hold_on_the_platform(shop: Shop) -> None:
    members = [
        {"staff_id": shop.staff["lisi"], "weight": 3, "daily_limit": 6},
        {"staff_id": shop.staff["wangwu"], "weight": 1, "daily_limit": 20},
    ]
    channel_id = shop.add("wecom_live_code", rotation={"members": members, "fallback": [shop.staff["wangwu"]]})
    whom = shop.scan(shop.config(channel_id), range(1, 9))
    assert Counter(whom) == {"lisi": 6, "wangwu": 2}
    assert set(shop.scan(shop.config(channel_id), [9, 10])) == {"wangwu"}
    serving = shop.ask(
        "POST",
        "/serving",
        {"rotation": {"members": members, "fallback": [shop.staff["wangwu"]]}, "channel_id": channel_id},
    )
    states = {one["staff_id"]: (one["state"], one["today"]) for one in serving["members"]}
    assert states == {shop.staff["lisi"]: ("full", 6), shop.staff["wangwu"]: ("serving", 4)}


def test_hours_a_change_and_leaving_change_the_code_by_themselves(shop: Shop) -> None:
    rotation = {"members": shop.members("lisi", shifts=[OFFICE]), "fallback": [shop.staff["wangwu"]]}
    channel_id = shop.add("wecom_live_code", rotation=rotation)
    config = shop.config(channel_id)
    assert on_platform(shop, channel_id)["user"] == ["lisi"]
    due = shop.outside.world.value("select look_at from channel_code")
    assert due == datetime(2026, 3, 2, 18, tzinfo=ZONE)
    shop.outside.wait(hours=9)
    shop.rest()
    assert on_platform(shop, channel_id)["user"] == ["wangwu"]
    shop.outside.wait(hours=15)
    shop.rest()
    assert on_platform(shop, channel_id)["user"] == ["lisi"]
    shop.change(channel_id, rotation={"members": shop.members("lisi", paused=True), "fallback": [shop.staff["wangwu"]]})
    assert on_platform(shop, channel_id)["user"] == ["wangwu"]
    shop.change(channel_id, rotation={"members": shop.members("lisi", "wangwu")}, name="展会二")
    assert (on_platform(shop, channel_id)["user"], on_platform(shop, channel_id)["remark"]) == (["lisi"], "展会二")
    with shop.outside.world.open() as ctx:
        team.change_staff(ctx, shop.staff["lisi"], active=False)
    shop.rest()
    assert on_platform(shop, channel_id)["user"] == ["wangwu"]
    assert shop.config(channel_id) == config
    assert [one["version"] for one in shop.ask("GET", f"/{channel_id}/history")] == [3, 2, 1]


def test_what_somebody_changed_at_the_platform_is_put_right_within_a_day(shop: Shop) -> None:
    channel_id = shop.add("wecom_live_code", rotation={"members": shop.members("lisi")})
    send = shop.outside.senders["wecom"].send
    changed = {"config_id": shop.config(channel_id), "remark": "x", "user": ["wangwu"]}
    assert send(Call(shop.outside.wecom, "contact_way_update", changed)).ok
    shop.outside.wait(hours=24)
    shop.rest()
    assert (on_platform(shop, channel_id)["user"], on_platform(shop, channel_id)["remark"]) == (["lisi"], "展会")
    lost = shop.config(channel_id)
    assert send(Call(shop.outside.wecom, "contact_way_delete", {"config_id": lost})).ok
    shop.outside.wait(hours=24)
    shop.rest()
    assert shop.config(channel_id) != lost
    assert on_platform(shop, channel_id)["user"] == ["lisi"]
    assert shop.ask("GET", f"/{channel_id}")["code"]["problem"] == "code_lost"


def test_a_lost_answer_makes_no_second_code(shop: Shop) -> None:
    shop.outside.sandbox.set_faults(seed=1, drop_answers=1)
    channel_id = shop.add("wecom_live_code", rotation={"members": shop.members("lisi")})
    assert shop.config(channel_id) == ""
    shop.outside.sandbox.set_faults(drop_answers=0)
    for _ in range(3):
        shop.outside.wait(minutes=10)
        shop.rest()
    assert on_platform(shop, channel_id)["user"] == ["lisi"]
    listed = shop.outside.senders["wecom"].send(Call(shop.outside.wecom, "contact_way_list", {"limit": 100})).data
    assert listed["contact_way"] == [{"config_id": shop.config(channel_id)}]


def test_a_refusal_is_shown_and_tried_again(shop: Shop) -> None:
    with shop.outside.world.open() as ctx:
        shop.staff["zhaoliu"] = team.add_staff(ctx, name="赵六", roles=["sales"], userid="zhaoliu")
    channel_id = shop.add("wecom_live_code", rotation={"members": shop.members("zhaoliu")})
    code = shop.ask("GET", f"/{channel_id}")["code"]
    assert code["problem"].startswith("40003")
    assert not code["waiting"]
    shop.change(channel_id, rotation={"members": shop.members("lisi")})
    assert shop.ask("GET", f"/{channel_id}")["code"]["problem"] == ""


def test_an_archived_code_is_taken_from_the_platform_and_gives_no_tags(shop: Shop) -> None:
    channel_id = shop.add("wecom_live_code", rotation={"members": shop.members("lisi")})
    old = shop.config(channel_id)
    shop.ask("POST", f"/{channel_id}/archive")
    shop.rest()
    assert shop.config(channel_id) == ""
    assert shop.ask("GET", f"/{channel_id}/image", status=409)["code"] == "channel_no_code"
    assert shop.ask("GET", "")["items"] == []
    shop.ask("POST", f"/{channel_id}/revive")
    shop.rest()
    assert shop.config(channel_id) not in ("", old)
    history = shop.ask("GET", f"/{channel_id}/history")
    assert [one["archived"] for one in history] == [False, True, False]


def test_an_acquisition_link_leads_to_whose_turn_it_is(shop: Shop) -> None:
    channel_id = shop.add("acquisition_link", state="seo", rotation={"members": shop.members("lisi", "wangwu")})
    link = shop.config(channel_id)
    url = shop.ask("GET", f"/{channel_id}")["code"]["url"]
    assert url == f"{shop.outside.sandbox.url}/ca/{link}?customer_channel=seo"

    def range_of() -> Any:
        return shop.outside.senders["wecom"].send(Call(shop.outside.wecom, "acquisition_link_get", {"link_id": link}))

    assert range_of().data["range"]["user_list"] == ["lisi"]
    shop.outside.sandbox.act(1, "use_link", link_id=link, customer_channel="seo")
    shop.rest()
    assert range_of().data["range"]["user_list"] == ["wangwu"]
    assert shop.figures(channel_id) == (1, 1, 0, None)
    changed = {"link_id": link, "range": {"user_list": ["lisi"]}}
    assert shop.outside.senders["wecom"].send(Call(shop.outside.wecom, "acquisition_link_update", changed)).ok
    shop.outside.wait(hours=24)
    shop.rest()
    assert range_of().data["range"]["user_list"] == ["wangwu"]
    shop.ask("POST", f"/{channel_id}/archive")
    shop.rest()
    assert not range_of().ok
    assert shop.ask("GET", f"/{channel_id}")["code"]["url"] == ""


def test_a_parameter_code_of_an_official_account_counts_follows_and_later_scans(shop: Shop) -> None:
    channel_id = shop.add("oa_qr", state="booth-7")
    code = shop.ask("GET", f"/{channel_id}")["code"]
    assert code["url"]
    assert "showqrcode" in code["image_url"]
    for _ in range(2):
        shop.outside.sandbox.act(3, "scan", account=APPID, scene="booth-7")
        shop.rest()
    assert shop.figures(channel_id) == (2, 1, 0, None)


def test_a_group_code_moves_on_when_a_group_is_full(shop: Shop) -> None:
    shop.outside.sandbox.set_accounts(
        wecom=[{"corpid": "wwtest", "chats": [{"chat_id": "wrtest2", "name": "读者群 2", "owner": "lisi"}]}]
    )
    with shop.outside.world.open() as ctx:
        intake.start_round(ctx, shop.outside.wecom, "wecom_chats")
    shop.rest()
    channel_id = shop.add("group_live_code", state="reader", chats=["wrtest1", "wrtest2"], chat_limit=2)
    config = shop.config(channel_id)

    def leads_to() -> list[str]:
        call = Call(shop.outside.wecom, "join_way_get", {"config_id": config})
        way = shop.outside.senders["wecom"].send(call).data["join_way"]
        assert isinstance(way, dict)
        return list(way["chat_id_list"])

    assert leads_to() == ["wrtest1", "wrtest2"]
    assert shop.http.get(f"/api/channels/{channel_id}/image").content[:4] == b"\x89PNG"
    shop.outside.sandbox.act(1, "add_member", corpid=CORPID, userid="lisi")
    shop.rest()
    shop.outside.wait(minutes=1)
    for person in (1, 2):
        shop.outside.sandbox.act(person, "join_group", config_id=config)
        shop.rest()
    shop.outside.wait(minutes=31)
    shop.rest()
    assert leads_to() == ["wrtest2"]
    assert shop.figures(channel_id)[:2] == (2, 0), "one of them is no customer; the other was one before"
    (came,) = shop.outside.world.rows("select customer_id from event where type = 'channel_arrived'")
    latest = "select latest_source_kind, latest_source_code from customer where customer_id = :id"
    assert tuple(shop.outside.world.rows(latest, id=came.customer_id)[0]) == ("wecom_join", "reader")
    shop.outside.sandbox.set_faults(lose=1.0)
    shop.outside.sandbox.act(3, "join_group", corpid=CORPID, chat_id="wrtest2")
    shop.outside.sandbox.act(4, "join_group", config_id=config)
    shop.outside.wait(minutes=5)
    shop.rest()
    shop.outside.wait(days=1)
    shop.rest()
    assert shop.figures(channel_id, until="2026-03-02")[0] == 3, "whom somebody invited did not come by the code"
