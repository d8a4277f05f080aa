"""The conversation archive (会话内容存档): what members with a seat and their customers wrote, decrypted."""

from __future__ import annotations

import json
from collections.abc import Mapping

from sandbox.callbacks import raise_wecom
from sandbox.store import dumps
from sandbox.world import World, token_text

KEPT_MS, NOTIFY_MS, MOST = 5 * 86_400_000, 15_000, 1_000


def has_seat(world: World, corpid: str, userid: str) -> bool:
    """Whether the chats of a member are archived (`archive` of the member)."""
    row = world.db.one("select data from member where corpid = ? and userid = ?", corpid, userid)
    return bool(row and json.loads(row["data"]).get("archive"))


def agreed(world: World, corpid: str, userid: str, uid: str) -> bool:
    """Whether the customer agreed in this chat; where the corp asks nobody (no `archive_consent`), everybody did."""
    if not world.corps[corpid].get("archive_consent"):
        return True
    row = world.db.one(
        "select data from follow where corpid = ? and userid = ? and external_userid = ?", corpid, userid, uid
    )
    return bool(row and json.loads(row["data"]).get("agreed"))


def keep(
    world: World, corpid: str, userid: str, uid: str, at: int, text: str, link: tuple[str, str] = ("", ""), *,
    by_member: bool,
) -> None:  # fmt: skip
    """One message between a member and a customer, `link` (title, url); without a seat or consent nothing is kept."""
    if not has_seat(world, corpid, userid) or not agreed(world, corpid, userid, uid):
        return
    sender, receiver = (userid, uid) if by_member else (uid, userid)
    title, url = link
    part = {"title": title, "description": text, "link_url": url, "image_url": ""} if url else {"content": text}
    _put(world, corpid, at, sender, [receiver], "", "link" if url else "text", part)


def keep_room(world: World, corpid: str, chat_id: str, sender: str, at: int, text: str) -> None:
    """One message in a group; kept where one of its members has a seat."""
    rows = world.db.all("select uid, kind from chat_member where corpid = ? and chat_id = ?", corpid, chat_id)
    if any(row["kind"] == 1 and has_seat(world, corpid, row["uid"]) for row in rows):
        others = [str(row["uid"]) for row in rows if row["uid"] != sender]
        _put(world, corpid, at, sender, others, chat_id, "text", {"content": text})


def _put(
    world: World, corpid: str, at: int, sender: str, to: list[str], roomid: str, kind: str, part: Mapping[str, str]
) -> None:
    number = world.counter("archive")
    told: dict[str, object] = {
        "msgid": f"{token_text('archive', corpid, number, size=20)}_external", "action": "send", "from": sender,
        "tolist": to, "roomid": roomid, "msgtime": at, "msgtype": kind, kind: dict(part),
    }  # fmt: skip
    world.db.run("insert into archive (seq, corpid, at, data) values (?, ?, ?, ?)", number, corpid, at, dumps(told))
    _notify(world, corpid, at)


def _notify(world: World, corpid: str, at: int) -> None:
    """Tells that there is something new: at most once in 15 seconds, and after the last message certainly."""
    name = f"archive_told:{corpid}"
    told = int(str(world.db.setting(name, -NOTIFY_MS)))
    if told > at:
        return
    when = max(at, told + NOTIFY_MS)
    world.db.keep(name, when)
    raise_wecom(world, corpid, "archive", when, [("Event", "msgaudit_notify")])


def page(world: World, query: Mapping[str, str]) -> dict[str, object]:
    """GET /_sandbox/archive: what the native SDK would bring and decrypt, after `seq`, of the last 5 days."""
    limit = int(query.get("limit") or MOST)
    if not 1 <= limit <= MOST:
        raise ValueError(f"limit must lie in 1..{MOST}")
    rows = world.db.all(
        "select seq, data from archive where corpid = ? and seq > ? and at > ? order by seq limit ?",
        query["corpid"], int(query.get("seq") or 0), world.clock.now() - KEPT_MS, limit,
    )  # fmt: skip
    return {"messages": [{"seq": r["seq"], **json.loads(r["data"])} for r in rows]}
