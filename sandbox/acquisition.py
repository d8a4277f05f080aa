"""Acquisition links (获客链接) as people use them: opening, adding by quota, the first words."""

from __future__ import annotations

import json
from collections.abc import Mapping

from people import unit
from sandbox import relations
from sandbox.callbacks import raise_wecom
from sandbox.engine import Work
from sandbox.store import dumps
from sandbox.world import Unknown, World, token_text

BALANCE, LOW = 1_000, 20
TOLD = (3, 5, 10)
"""Which of a customer's messages raise message_from_customer."""
KEY_MS = 30 * 60_000


def link_of(world: World, link_id: str) -> tuple[str, dict[str, object]] | None:
    """(corpid, data) of a link."""
    row = world.db.one("select corpid, data from acquisition_link where link_id = ?", link_id)
    return (str(row["corpid"]), dict(json.loads(row["data"]))) if row else None


def total(world: World, corpid: str) -> int:
    """Adds that the corp has bought."""
    return int(str(world.corps[corpid].get("acquisition_balance", BALANCE)))


def balance(world: World, corpid: str) -> int:
    """Adds that are left."""
    return max(0, total(world, corpid) - int(str(world.db.setting(f"acquired:{corpid}", 0))))


def _event(world: World, corpid: str, lane: str, at: int, change: str, *fields: tuple[str, object]) -> None:
    head: list[tuple[str, object]] = [("Event", "customer_acquisition"), ("ChangeType", change)]
    raise_wecom(world, corpid, lane, at, [*head, *fields])


def use_link(world: World, work: Work, at: int) -> None:
    """Opens a link and adds one of its members, while the corp has adds left; else `link_refused` in the log."""
    person, link_id = int(str(work["person"])), str(work.get("link_id") or "")
    found = link_of(world, link_id)
    if found is None:
        raise Unknown(f"acquisition link {link_id}")
    corpid, link = found
    state = str(work.get("customer_channel") or "")
    uid = world.external_userid(corpid, person)
    about: list[tuple[str, object]] = [("LinkId", link_id), *([("State", state)] if state else [])]
    _event(world, corpid, uid, at, "open_profile", *about)
    world.log("act", "open_link", at, account=corpid, person=person, uid=uid, key=link_id, data={"state": state})
    way = {"user": link["user_list"], "party": link["department_list"]}
    userid = relations.picked(world, corpid, uid, way, f"{link_id}|{person}") if balance(world, corpid) else ""
    if not userid:
        world.log("act", "link_refused", at, account=corpid, person=person, uid=uid, key=link_id)
        return
    added: dict[str, object] = {
        "person": person, "act": "add_member", "corpid": corpid, "userid": userid, "state": state, "add_way": 16,
        "link_id": link_id,
    }  # fmt: skip
    if link["skip_verify"]:
        relations.add_member(world, added, at)
        return
    _event(world, corpid, uid, at, "friend_request", *about)
    wait = 5_000 + int(unit(world.seed, person, "accept", f"{link_id}|{at}") * relations.ACCEPT_MS)
    world.schedule(world.grained(at + wait), "act", person, added)


def acquired(world: World, corpid: str, uid: str, at: int) -> None:
    """One add is used up; tells when few are left, and when none is."""
    used = int(str(world.db.setting(f"acquired:{corpid}", 0))) + 1
    world.db.keep(f"acquired:{corpid}", used)
    left = balance(world, corpid)
    if left == LOW - 1:
        _event(world, corpid, uid, at, "balance_low")
    if left == 0:
        _event(world, corpid, uid, at, "balance_exhausted")


def spoke(world: World, corpid: str, userid: str, uid: str, relation: Mapping[str, object], at: int) -> None:
    """A customer of a link wrote their `said`-th message to the member."""
    link_id, said = str(relation.get("link_id") or ""), int(str(relation.get("said") or 0))
    if not link_id:
        return
    if said == 1:
        pair = (("UserID", userid), ("ExternalUserID", uid))
        _event(world, corpid, uid, at, "customer_start_chat", *pair, ("LinkId", link_id))
    if said in TOLD:
        key = token_text("chat_key", corpid, userid, uid, at, size=32)
        told = {"corpid": corpid, "userid": userid, "uid": uid, "said": said, "link_id": link_id, "at": at}
        world.db.run("insert or replace into chat_key (key, at, data) values (?, ?, ?)", key, at, dumps(told))
        _event(world, corpid, uid, at, "message_from_customer", ("LinkId", link_id), ("ChatKey", key))
