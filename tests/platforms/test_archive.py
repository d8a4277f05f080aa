"""The archive behind its adapter: the sandbox's own, and one that the installation brings along."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from siyu.kernel.settings import know
from siyu.platforms import queries
from siyu.platforms.types import Account
from siyu.platforms.wecom.archive import ArchiveMessage, ArchiveUnavailable, open_archive
from tests.platforms.sandboxed import CORPID, Platforms, platforms
from tests.support.world import World


class Native:
    """What a company would wrap around WeCom's library."""

    def __init__(self, account: Account) -> None:
        self.account = account

    def fetch(self, seq: int, limit: int) -> Sequence[ArchiveMessage]:
        return [ArchiveMessage(seq + 1, {"msgid": "m1", "from": self.account.appid})]

    def media(self, sdkfileid: str) -> bytes:
        return sdkfileid.encode()


@pytest.fixture
def both(world: World, tmp_path: Path) -> Iterator[Platforms]:
    with platforms(world, tmp_path) as found:
        yield found
    know(wecom_archive="")


def account(both: Platforms) -> Account:
    with both.world.open() as ctx:
        return queries.account(ctx, both.wecom)


def test_the_sandboxs_archive_is_read_in_pages(both: Platforms) -> None:
    member = {"userid": "lisi", "archive": True}
    both.sandbox.set_accounts(wecom=[{"corpid": CORPID, "members": [member]}])
    both.sandbox.add_people(count=2, seed=1, model={"chat_rate": 0.0})
    for userid in ("lisi", "wangwu"):
        both.sandbox.act(1, "add_member", corpid=CORPID, userid=userid)
        both.sandbox.act(1, "chat", corpid=CORPID, userid=userid, text="在吗👋")
    both.sandbox.member_act("lisi", "chat", corpid=CORPID, person=1, text="在的")
    know(wecom_archive="sandbox")
    archive = open_archive(account(both))
    assert archive is not None
    (first,) = archive.fetch(0, 1)
    (second,) = archive.fetch(first.seq, 10)
    assert archive.fetch(second.seq, 10) == []
    contact = both.sandbox.person(1)["contacts"][0]["external_userid"]
    said = [(one.body["from"], one.body["tolist"], one.body["text"]) for one in (first, second)]
    assert said == [(contact, ["lisi"], {"content": "在吗👋"}), ("lisi", [contact], {"content": "在的"})]
    assert first.body["msgtime"] == int(both.world.now.timestamp() * 1000)
    with pytest.raises(ValueError, match="1000"):
        archive.fetch(0, 1001)
    with pytest.raises(ArchiveUnavailable):
        archive.media("file")
    both.wait(days=5, minutes=1)
    assert archive.fetch(0, 10) == [], "older messages are gone for good"


def test_a_librarys_adapter_plugs_in_by_name(both: Platforms) -> None:
    assert open_archive(account(both)) is None
    know(wecom_archive="tests.platforms.test_archive:Native")
    archive = open_archive(account(both))
    assert archive is not None
    assert archive.fetch(7, 10) == [ArchiveMessage(8, {"msgid": "m1", "from": CORPID})]
    for wrong in ("tests.platforms.nowhere:Native", "tests.platforms.test_archive:Nobody", "native"):
        know(wecom_archive=wrong)
        with pytest.raises(ArchiveUnavailable, match="SIYU_WECOM_ARCHIVE"):
            open_archive(account(both))
