"""WeChat customer service (微信客服) as customers live it: entering, writing; sessions and what waits to be fetched."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from people import entered
from sandbox.callbacks import raise_wecom
from sandbox.engine import Work
from sandbox.inbox import Content, Spoken, hand_over
from sandbox.store import dumps
from sandbox.world import Unknown, World, token_text

UNTREATED, ROBOT, POOL, HUMAN, ENDED = range(5)
CUSTOMER, SYSTEM, SERVICER = 3, 4, 5
WINDOW_MS, ANSWER_MS = 48 * 3_600_000, 3 * 3_600_000
TOKEN_MS = 600_000
REFUSED_BY_USER = 10
"""The fail_type of what a customer refuses."""


def account(world: World, open_kfid: str) -> tuple[str, dict[str, object]] | None:
    """(corpid, data) of a customer service account."""
    row = world.db.one("select corpid, data from kf_account where open_kfid = ?", open_kfid)
    return (str(row["corpid"]), dict(json.loads(row["data"]))) if row else None


def session(world: World, open_kfid: str, uid: str) -> dict[str, object]:
    """state, servicer, at (Unix ms of the enquiry, 0 none), used (messages since), greeted, entered; for 48 h."""
    row = world.db.one("select data from kf_session where open_kfid = ? and uid = ?", open_kfid, uid)
    kept: dict[str, object] = {"state": ENDED, "servicer": "", "at": 0, "used": 0, "greeted": 0}
    kept |= json.loads(row["data"]) if row else {}
    if world.clock.now() - int(str(kept["at"])) >= WINDOW_MS:
        kept |= {"state": ENDED, "servicer": ""}
    return kept


def save(world: World, open_kfid: str, uid: str, data: Mapping[str, object]) -> None:
    """Stores a session."""
    world.db.run(
        "insert or replace into kf_session (open_kfid, uid, data) values (?, ?, ?)", open_kfid, uid, dumps(dict(data))
    )


def code(world: World, open_kfid: str, uid: str, kind: str, state: int, at: int) -> str:
    """A code for one message on an event: `welcome` and `end` for 20 s, `pool` and `taken` for 48 h."""
    made = token_text("kf_code", open_kfid, uid, kind, world.counter("kf_code"), size=40)
    world.db.run(
        "insert into kf_code (code, open_kfid, uid, kind, state, at, machine) values (?, ?, ?, ?, ?, ?, ?)",
        made, open_kfid, uid, kind, state, at, world.clock.short(),
    )  # fmt: skip
    return made


def put(
    world: World, corpid: str, open_kfid: str, uid: str, at: int, origin: int, kind: str, content: Mapping[str, object],
    servicer: str = "",
) -> str:  # fmt: skip
    """A message or event that waits to be fetched, and the callback that says so; returns its msgid."""
    number = world.counter("kf_msg")
    msgid = token_text("kf_msg", open_kfid, number, size=32)
    said: dict[str, object] = {"msgid": msgid, "open_kfid": open_kfid, "send_time": at // 1000, "origin": origin}
    if kind != "event":
        said["external_userid"] = uid
    if servicer:
        said["servicer_userid"] = servicer
    world.db.run(
        "insert into kf_msg (seq, open_kfid, at, data) values (?, ?, ?, ?)",
        number, open_kfid, at, dumps(said | {"msgtype": kind, kind: dict(content)}),
    )  # fmt: skip
    token = token_text("kf_token", open_kfid, number, size=40)
    world.db.run("insert into kf_token (token, open_kfid, at) values (?, ?, ?)", token, open_kfid, at)
    fields: list[tuple[str, object]] = [("Event", "kf_msg_or_event"), ("Token", token), ("OpenKfId", open_kfid)]
    raise_wecom(world, corpid, uid, at, fields, source="")
    return msgid


def _who(world: World, work: Work) -> tuple[str, str, int, str]:
    """(corpid, open_kfid, person, external_userid) of an act."""
    open_kfid, person = str(work.get("open_kfid") or ""), int(str(work["person"]))
    found = account(world, open_kfid)
    if found is None:
        raise Unknown(f"customer service account {open_kfid}")
    return found[0], open_kfid, person, world.external_userid(found[0], person)


def enter(world: World, work: Work, at: int) -> None:
    """Opens the account's link: enter_session, with a welcome code unless greeted or heard from within 48 h."""
    corpid, open_kfid, person, uid = _who(world, work)
    scene, parameter = str(work.get("scene") or ""), str(work.get("scene_param") or "")
    world.log("act", "kf_enter", at, account=corpid, person=person, uid=uid, key=scene, data={"open_kfid": open_kfid})
    here = session(world, open_kfid, uid)
    event: dict[str, object] = {
        "event_type": "enter_session", "open_kfid": open_kfid, "external_userid": uid, "scene": scene,
        "scene_param": parameter,
    }  # fmt: skip
    quiet = at - max(int(str(here["at"])), int(str(here["greeted"]))) >= WINDOW_MS
    if quiet:
        event["welcome_code"] = code(world, open_kfid, uid, "welcome", int(str(here["state"])), at)
    save(world, open_kfid, uid, here | {"entered": at})
    put(world, corpid, open_kfid, uid, at, SYSTEM, "event", event)
    for reaction in entered(world.model, world.seed, person, f"{open_kfid}|{at}", at, world.own.get(person)):
        what = {"person": person, "act": "kf_text", "open_kfid": open_kfid, "text": reaction.text}
        world.schedule(world.grained(reaction.due_ms), "act", person, what)


def say(world: World, work: Work, at: int) -> None:
    """Writes a text: the 48 hours and the five messages begin anew, an ended session begins again untreated."""
    corpid, open_kfid, person, uid = _who(world, work)
    text = str(work.get("text") or "")
    here = session(world, open_kfid, uid)
    state = UNTREATED if here["state"] == ENDED else here["state"]
    save(world, open_kfid, uid, here | {"state": state, "at": at, "used": 0})
    world.log("act", "kf_text", at, account=corpid, person=person, uid=uid, key=text, data={"open_kfid": open_kfid})
    put(world, corpid, open_kfid, uid, at, CUSTOMER, "text", {"content": text})


def reply(world: World, corpid: str, userid: str, work: Work, at: int) -> None:
    """A servicer writes to a customer by hand: the session is in human hands from then on."""
    person = world.person(str(work["person"]))
    _, open_kfid, _, uid = _who(world, dict(work, person=person))
    here = session(world, open_kfid, uid)
    save(world, open_kfid, uid, here | {"state": HUMAN, "servicer": userid})
    text = str(work.get("text") or "")
    put(world, corpid, open_kfid, uid, at, SERVICER, "text", {"content": text}, userid)
    deliver(world, corpid, open_kfid, uid, Content("", text), f"kf_hand{world.counter('kf_hand')}", at)


def refuse(world: World, work: Work, at: int) -> None:
    """Refuses messages of the account from now on, or with `refuse` false takes them again."""
    corpid, open_kfid, person, uid = _who(world, work)
    refuses = work.get("refuse") is not False
    save(world, open_kfid, uid, session(world, open_kfid, uid) | {"refuses": refuses})
    key = "refuse" if refuses else "take"
    world.log("act", "kf_refuse", at, account=corpid, person=person, uid=uid, key=key, data={"open_kfid": open_kfid})


def fail(world: World, corpid: str, open_kfid: str, uid: str, msgid: str, fail_type: int, at: int) -> None:
    """A message that was taken and does not arrive: msg_send_fail."""
    event = {
        "event_type": "msg_send_fail", "open_kfid": open_kfid, "external_userid": uid, "fail_msgid": msgid,
        "fail_type": fail_type,
    }  # fmt: skip
    put(world, corpid, open_kfid, uid, at, SYSTEM, "event", event)


def deliver(world: World, corpid: str, open_kfid: str, uid: str, content: Content, msgid: str, at: int) -> None:
    """A message of the account reaches the customer, who may answer it there."""
    talked = int(str(session(world, open_kfid, uid)["at"]))
    hand_over(
        world, account=corpid, route="kf", manner="custom", msgid=msgid, content=content,
        to=[(world.person(uid), uid)], at=at, answer=bool(talked) and at - talked <= ANSWER_MS,
        spoken=Spoken(open_kfid=open_kfid),
    )  # fmt: skip


def waiting(world: World, open_kfid: str, after: int, since: int, limit: int) -> Sequence[tuple[int, str]]:
    """(seq, JSON) of messages after a position that are not older than `since`."""
    rows = world.db.all(
        "select seq, data from kf_msg where open_kfid = ? and seq > ? and at > ? order by seq limit ?",
        open_kfid, after, since, limit,
    )  # fmt: skip
    return [(int(r[0]), str(r[1])) for r in rows]
