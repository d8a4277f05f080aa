"""Links of customer service over the sandbox: made, opened, counted once, moved to another account, refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from siyu.platforms.types import Call
from siyu.tags import actions as tags
from tests.channels.shop import Shop
from tests.platforms.sandboxed import CORPID, platforms
from tests.support.world import World

PNG = b"\x89PNG\r\n\x1a\n" + b"p" * 40


@pytest.fixture
def shop(world: World, tmp_path: Path) -> Iterator[Shop]:
    with platforms(world, tmp_path) as outside:
        outside.sandbox.add_people(key="p", seed=1, count=2)
        shop = Shop(outside)
        shop.meet()
        yield shop


def account(shop: Shop, name: str) -> str:
    send, wecom = shop.outside.senders["wecom"].send, shop.outside.wecom
    picture = {"type": "image", "filename": "a.png", "content_type": "image/png", "content": PNG}
    media = send(Call(wecom, "media_upload", picture)).data["media_id"]
    return str(send(Call(wecom, "kf_account_add", {"name": name, "media_id": media})).data["open_kfid"])


def test_who_opens_the_link_comes_by_the_channel(shop: Shop) -> None:
    presale, after = account(shop, "售前"), account(shop, "售后")
    listed = shop.ask("GET", "/service-accounts", account_id=shop.outside.wecom)
    assert listed == [{"open_kfid": presale, "name": "售前"}, {"open_kfid": after, "name": "售后"}]
    with shop.outside.world.open() as ctx:
        tag_id = tags.ensure(ctx, "来源/客服")
    channel_id = shop.add("kf_link", state="menu-kf", open_kfid=presale, tags=[tag_id])
    code = shop.ask("GET", f"/{channel_id}")["code"]
    assert code["url"] == f"{shop.outside.sandbox.url}/kf/{presale}?scene=menu-kf"
    assert (code["problem"], code["waiting"]) == ("", False)
    shop.outside.sandbox.set_faults(duplicate=1.0)
    shop.outside.sandbox.act(1, "open_url", url=code["url"], account=CORPID)
    shop.outside.wait(minutes=1)
    shop.rest()
    assert shop.figures(channel_id) == (1, 1, 0, None), "a doubled callback is one arrival"
    rows = shop.outside.world.rows("select source_kind, source_code from customer")
    assert [tuple(row) for row in rows] == [("kf_scene", "menu-kf")]
    given = shop.outside.world.rows("select props from event where type = 'tag_added'")
    assert [row.props["tag_id"] for row in given] == [tag_id]
    shop.outside.sandbox.set_faults(duplicate=0)
    shop.change(channel_id, open_kfid=after)
    moved = shop.ask("GET", f"/{channel_id}")["code"]["url"]
    assert moved == f"{shop.outside.sandbox.url}/kf/{after}?scene=menu-kf"
    shop.outside.sandbox.act(2, "open_url", url=moved, account=CORPID)
    shop.rest()
    assert shop.figures(channel_id) == (2, 2, 0, None)
    shop.ask("POST", f"/{channel_id}/archive")
    shop.rest()
    shop.outside.sandbox.act(2, "open_url", url=code["url"], account=CORPID)
    shop.rest()
    counted = shop.outside.world.value("select sum(arrivals) from channel_day where channel_id = :id", id=channel_id)
    assert counted == 3, "an old link still opens the chat, and counts"
    assert len(shop.outside.world.rows("select 1 from event where type = 'tag_added'")) == 2


def test_an_account_that_the_platform_does_not_know_is_said_and_can_be_put_right(shop: Shop) -> None:
    channel_id = shop.add("kf_link", open_kfid="wknobody")
    code = shop.ask("GET", f"/{channel_id}")["code"]
    assert code["problem"].startswith("95000")
    assert not code["waiting"]
    shop.change(channel_id, open_kfid=account(shop, "售前"))
    code = shop.ask("GET", f"/{channel_id}")["code"]
    assert (code["problem"], "?scene=expo" in code["url"]) == ("", True)
    assert shop.ask("GET", "/service-accounts", status=422, account_id=shop.outside.oa)["code"] == "bad_channel"
