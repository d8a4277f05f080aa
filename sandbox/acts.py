"""What people do on the platforms: state changes, log entries and the callbacks they raise."""

from __future__ import annotations

from collections.abc import Callable

from people import followed
from sandbox import acquisition, groups, kf, moments, relations
from sandbox.callbacks import raise_oa
from sandbox.engine import Engine, Work
from sandbox.world import Unknown, World, token_text

SCENES = {"": "ADD_SCENE_SEARCH", "qr": "ADD_SCENE_QR_CODE"}


def _text(work: Work, name: str) -> str:
    value = work.get(name)
    return value if isinstance(value, str) else ""


def _oa(world: World, work: Work) -> tuple[str, int, str]:
    """(appid, person, openid) of an act on an Official Account."""
    appid = _text(work, "account")
    if appid not in world.oa:
        raise Unknown(f"account {appid}")
    person = int(str(work["person"]))
    return appid, person, world.openid(appid, person)


def subscribe(world: World, work: Work, at: int) -> None:
    """Follows (with a scene: by a parameter QR code). A follower stays one and raises nothing."""
    appid, person, openid = _oa(world, work)
    row = world.oa_user(appid, openid)
    if row is not None and row["subscribed"]:
        return
    scene = _text(work, "scene")
    world.db.run(
        "update oa_user set subscribed = 1, subscribe_at = ?, scene_kind = ?, scene = ?, blocked = 0, "
        "short_machine = ?, short_used = 0, "
        "talk_at = null, talk_used = 0 where appid = ? and openid = ?",
        at, SCENES["qr" if scene else ""], scene, world.clock.short(), appid, openid,
    )  # fmt: skip
    world.log("act", "subscribe", at, account=appid, person=person, uid=openid, key=scene)
    fields: list[tuple[str, object]] = [("MsgType", "event"), ("Event", "subscribe")]
    fields.append(("EventKey", f"qrscene_{scene}" if scene else ""))
    if scene:
        fields.append(("Ticket", _ticket(world, appid, scene)))
    raise_oa(world, appid, openid, person, at, fields)
    menu = world.db.setting(f"menu:{appid}")
    keys = _menu_keys(menu) if isinstance(menu, dict) else []
    for reaction in followed(world.model, world.seed, person, f"{appid}|{at}", keys, at, world.own.get(person)):
        what = {"person": person, "act": "click_menu", "account": appid, "key": reaction.text}
        world.schedule(world.grained(reaction.due_ms), "act", person, what)


def _ticket(world: World, appid: str, scene: str) -> str:
    row = world.db.one(
        "select ticket from qr where appid = ? and scene = ? order by permanent desc, expires desc", appid, scene
    )
    return str(row[0]) if row else "gQ" + token_text("ticket", appid, scene, size=40)


def _menu_keys(menu: dict[str, object]) -> list[str]:
    keys: list[str] = []
    buttons = menu.get("button")
    for button in buttons if isinstance(buttons, list) else []:
        for leaf in button.get("sub_button") or [button]:
            keys += [str(leaf["key"])] if leaf.get("type") == "click" else []
    return keys


def unsubscribe(world: World, work: Work, at: int) -> None:
    """Stops following; one who does not follow raises nothing."""
    appid, person, openid = _oa(world, work)
    changed = world.db.run(
        "update oa_user set subscribed = 0, short_machine = null, talk_at = null where appid = ? and openid = ? "
        "and subscribed = 1",
        appid, openid,
    )  # fmt: skip
    if changed:
        world.db.run("delete from oa_user_tag where appid = ? and openid = ?", appid, openid)
        world.log("act", "unsubscribe", at, account=appid, person=person, uid=openid)
        raise_oa(world, appid, openid, person, at, [("MsgType", "event"), ("Event", "unsubscribe"), ("EventKey", "")])


def block(world: World, work: Work, at: int) -> None:
    """Refuses messages (`block`) or takes them again (`unblock`)."""
    appid, person, openid = _oa(world, work)
    name = _text(work, "act")
    world.db.run("update oa_user set blocked = ? where appid = ? and openid = ?", int(name == "block"), appid, openid)
    world.log("act", name, at, account=appid, person=person, uid=openid)


def _touch(world: World, appid: str, openid: str) -> None:
    world.db.run(
        "update oa_user set short_machine = ?, short_used = 0 where appid = ? and openid = ?",
        world.clock.short(),
        appid,
        openid,
    )


def scan(world: World, work: Work, at: int) -> None:
    """Scans a parameter QR code: a follower raises SCAN, another person follows with that scene."""
    appid, person, openid = _oa(world, work)
    scene, ticket = _text(work, "scene"), _text(work, "ticket")
    if ticket:
        row = world.db.one(
            "select scene from qr where appid = ? and ticket = ? and (permanent = 1 or expires > ?)", appid, ticket, at
        )
        if row is None:
            raise Unknown(f"ticket {ticket}")
        scene = str(row[0])
    user = world.oa_user(appid, openid)
    if user is None or not user["subscribed"]:
        subscribe(world, dict(work, scene=scene), at)
        return
    _touch(world, appid, openid)
    world.log("act", "scan", at, account=appid, person=person, uid=openid, key=scene)
    fields = [
        ("MsgType", "event"),
        ("Event", "SCAN"),
        ("EventKey", scene),
        ("Ticket", ticket or _ticket(world, appid, scene)),
    ]
    raise_oa(world, appid, openid, person, at, fields)


def say(world: World, work: Work, at: int) -> None:
    """Writes a text to the account; only followers can."""
    appid, person, openid = _oa(world, work)
    user = world.oa_user(appid, openid)
    if user is None or not user["subscribed"]:
        return
    text = _text(work, "text")
    world.db.run("update oa_user set talk_at = ?, talk_used = 0 where appid = ? and openid = ?", at, appid, openid)
    msgid = 24_000_000_000_000_000 + world.counter("msgid")
    world.log("act", "text", at, account=appid, person=person, uid=openid, msgid=str(msgid), key=text)
    raise_oa(world, appid, openid, person, at, [("MsgType", "text"), ("Content", text), ("MsgId", msgid)])


def click_menu(world: World, work: Work, at: int) -> None:
    """Taps a menu entry: CLICK with a key, or VIEW with a url, which is then opened."""
    appid, person, openid = _oa(world, work)
    user = world.oa_user(appid, openid)
    if user is None or not user["subscribed"]:
        return
    key, url = _text(work, "key"), _text(work, "url")
    if key:
        _touch(world, appid, openid)
    world.log("act", "click_menu", at, account=appid, person=person, uid=openid, key=key or url)
    event = [("MsgType", "event"), ("Event", "CLICK" if key else "VIEW"), ("EventKey", key or url)]
    raise_oa(world, appid, openid, person, at, event)
    if url:
        world.schedule(at, "visit", person, {"person": person, "url": url, "account": appid})


def open_url(world: World, work: Work, at: int) -> None:
    """Opens a link in the person's browser."""
    person = int(str(work["person"]))
    visit = {k: work[k] for k in ("url", "account", "fields", "fill") if k in work}
    world.schedule(at, "visit", person, visit | {"person": person})


def fill_form(world: World, work: Work, at: int) -> None:
    """Opens a page and submits its form for certain."""
    open_url(world, dict(work, fill=True), at)


HANDLERS: dict[str, Callable[[World, Work, int], None]] = {
    "subscribe": subscribe, "unsubscribe": unsubscribe, "block": block, "unblock": block, "scan": scan, "text": say,
    "click_menu": click_menu, "add_member": relations.add_member, "scan_way": relations.scan_way,
    "use_link": acquisition.use_link, "delete_member": relations.delete_member, "chat": relations.chat,
    "open_url": open_url, "fill_form": fill_form, "join_group": groups.join, "leave_group": groups.leave,
    "group_text": groups.say,
    "kf_enter": kf.enter, "kf_text": kf.say, "kf_refuse": kf.refuse, "agree_archive": relations.agree,
    "like_moment": moments.react, "comment_moment": moments.react,
}  # fmt: skip


def do(engine: Engine, work: Work, at: int) -> None:
    """Performs one due act."""
    HANDLERS[str(work["act"])](engine.world, work, at)
    engine.totals.acted += 1
