"""Setting the world up: accounts, people, who follows whom since when, arrivals."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from people import MANNERS, habits, unit
from sandbox.acts import SCENES
from sandbox.broadcasts import POLICIES
from sandbox.callbacks import raise_wecom
from sandbox.clock import parse_time
from sandbox.crypto import encrypt
from sandbox.groups import chat, create
from sandbox.relations import relate, way_of
from sandbox.store import dumps
from sandbox.world import Unknown, World

OA_FIELDS = {
    "appid", "secret", "gh_id", "token", "aes_key", "mode", "callback_url", "verified", "kind", "oauth_domains",
    "unionid_bound", "quota_scale", "name",
}  # fmt: skip


def items(body: Mapping[str, object], name: str) -> list[dict[str, object]]:
    """A list of objects in a control body, [] when absent. Raises ValueError."""
    value = body.get(name, [])
    if not isinstance(value, list) or not all(isinstance(v, dict) for v in value):
        raise ValueError(f"{name} must be a list of objects")
    return [dict(v) for v in value]


def text(body: Mapping[str, object], name: str) -> str:
    """A required text. Raises ValueError."""
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise ValueError(f"{name} is missing")
    return value


def count(body: Mapping[str, object], name: str, default: int = 0) -> int:
    """A non-negative integer. Raises ValueError."""
    value = body.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"{name} must be a whole number")
    return value


def _key(data: Mapping[str, object], safe: bool) -> None:
    if data.get("aes_key") or safe:
        encrypt(str(data.get("aes_key", "")), "check", "check")


def set_accounts(world: World, body: Mapping[str, object], at: int) -> None:
    """Creates or updates accounts; what a call does not name stays. Raises ValueError for bad fields."""
    db = world.db
    for entry in items(body, "official_accounts"):
        unknown = set(entry) - OA_FIELDS
        if unknown:
            raise ValueError(f"unknown field {min(unknown)}")
        data = world.oa.get(text(entry, "appid"), {"kind": "svc", "verified": True, "mode": "plain"}) | entry
        if data["kind"] not in ("svc", "sub") or data["mode"] not in ("plain", "compatible", "safe"):
            raise ValueError("kind must be svc or sub, mode plain, compatible or safe")
        _key(data, data["mode"] != "plain")
        db.run("insert or replace into oa (appid, data) values (?, ?)", str(entry["appid"]), dumps(data))
    for entry in items(body, "wecom"):
        corpid = text(entry, "corpid")
        fresh = corpid not in world.corps
        kept = {k: v for k, v in entry.items() if k not in ("apps", "departments", "members", "chats")}
        db.run(
            "insert or replace into corp (corpid, data) values (?, ?)",
            corpid,
            dumps(world.corps.get(corpid, {}) | kept),
        )
        for app in items(entry, "apps"):
            agentid = count(app, "agentid")
            data = world.apps.get((corpid, agentid), {"callable": True}) | app
            _key(data, bool(data.get("callback_url")))
            db.run(
                "insert or replace into corp_app (corpid, agentid, data) values (?, ?, ?)", corpid, agentid, dumps(data)
            )
        if entry.get("broadcast_quota", POLICIES[0]) not in POLICIES:
            raise ValueError(f"broadcast_quota must be one of {', '.join(POLICIES)}")
        world.load()
        for place in items(entry, "departments"):
            db.run(
                "insert or replace into department (corpid, id, data) values (?, ?, ?)",
                corpid,
                count(place, "id"),
                dumps(place),
            )
        for member in items(entry, "members"):
            _member(world, corpid, member, at, fresh)
        for group in items(entry, "chats"):
            if chat(world, corpid, text(group, "chat_id")) is None:
                create(world, corpid, str(group["chat_id"]), str(group.get("name", "群聊")), text(group, "owner"), at)
    world.load()


def _member(world: World, corpid: str, member: Mapping[str, object], at: int, fresh: bool) -> None:
    userid = text(member, "userid")
    if member.get("confirm") not in (None, *MANNERS):
        raise ValueError(f"confirm must be one of {', '.join(MANNERS)}")
    row = world.db.one("select data from member where corpid = ? and userid = ?", corpid, userid)
    old = json.loads(row["data"]) if row else None
    new = {"department": [1], "status": 1, "follow_user": True} | (old or {}) | dict(member)
    world.db.run("insert or replace into member (corpid, userid, data) values (?, ?, ?)", corpid, userid, dumps(new))
    if fresh or new == old:
        return
    change = "create_user" if old is None else "delete_user" if new["status"] == 5 else "update_user"
    fields = [("Event", "change_contact"), ("ChangeType", change), ("UserID", userid)]
    raise_wecom(world, corpid, userid, at, fields, contacts=False)


def shares(wanted: object, total: int, default: str = "") -> list[str]:
    """{"a": 2, "": 1} as ["a", "a", ""], filled up with `default` to `total`. Raises ValueError when it is more."""
    if not isinstance(wanted, Mapping):
        return [default] * total
    made = [str(name) for name, number in wanted.items() for _ in range(int(number))]
    if len(made) > total:
        raise ValueError("more scenes or tags than people")
    return made + [default] * (total - len(made))


def _shuffled(world: World, persons: Sequence[int], purpose: str) -> list[int]:
    return sorted(persons, key=lambda p: unit(world.seed, p, "shuffle", purpose))


def set_people(world: World, body: Mapping[str, object]) -> dict[str, object]:
    """POST /_sandbox/people. Raises ValueError or Unknown for bad input."""
    model = body.get("model", {})
    if not isinstance(model, Mapping):
        raise ValueError("model must be an object")
    seed = count(body, "seed") if "seed" in body else None
    grain = count(body, "grain_s") if "grain_s" in body else None
    if seed is not None or grain is not None or model or "topics" in body:
        world.configure(seed=seed, grain_s=grain, model=model, topics=body.get("topics"))
    named, number = items(body, "people"), count(body, "count")
    for one in named:
        _habits(world, one.get("habits"))
    if not named and not number:
        return {"first": 0, "last": 0, "ids": []}
    first, last = world.add_people(number, named)
    persons = list(range(first, last + 1))
    for entry in items(body, "follow"):
        _follow(world, entry, persons)
    for entry in items(body, "contacts"):
        _contacts(world, entry, persons)
    return {"first": first, "last": last, "ids": [first, last]}


def _habits(world: World, own: object) -> None:
    """Raises ValueError when somebody's habits name what is none, or hold no rates: they are used much later."""
    if own is None:
        return
    if not isinstance(own, Mapping) or not all(
        isinstance(value, int | float) and not isinstance(value, bool) and value >= 0 for value in own.values()
    ):
        raise ValueError("habits must be an object of numbers")
    habits(world.model, world.seed, 0, changes=own)


def _moments(world: World, entry: Mapping[str, object], persons: Sequence[int], start: str, end: str) -> list[int]:
    begin = parse_time(entry.get(start))
    if end not in entry:
        return [begin] * len(persons)
    span = parse_time(entry[end]) - begin
    if span <= 0:
        raise ValueError(f"{end} must lie after {start}")
    return [world.grained(begin + int(unit(world.seed, p, "arrive", str(begin)) * span)) for p in persons]


def _follow(world: World, entry: Mapping[str, object], everybody: Sequence[int]) -> None:
    appid = text(entry, "account")
    if appid not in world.oa:
        raise Unknown(f"account {appid}")
    persons = everybody[: count(entry, "count", len(everybody))]
    whens = _moments(world, entry, persons, "at", "until")
    scene_of = dict(zip(_shuffled(world, persons, "scene"), shares(entry.get("scenes"), len(persons)), strict=True))
    if "until" in entry:
        world.schedule_many(
            (at, "act", p, {"person": p, "act": "subscribe", "account": appid, "scene": scene_of[p]})
            for p, at in zip(persons, whens, strict=True)
        )
        return
    world.db.many(
        "insert into oa_user (appid, openid, person, subscribed, subscribe_at, scene_kind, scene) values (?, ?, "
        "?, 1, ?, ?, ?)",
        [
            (appid, world.new_openid(appid, p), p, at, SCENES["qr" if scene_of[p] else ""], scene_of[p])
            for p, at in zip(persons, whens, strict=True)
        ],
    )
    tags = entry.get("tags", {})
    for name, number in tags.items() if isinstance(tags, Mapping) else []:
        row = world.db.one("select id from oa_tag where appid = ? and name = ?", appid, name)
        tag = int(row[0]) if row else max(world.db.value("select max(id) from oa_tag where appid = ?", appid), 99) + 1
        world.db.run("insert or ignore into oa_tag (appid, id, name) values (?, ?, ?)", appid, tag, name)
        chosen = _shuffled(world, persons, f"tag:{name}")[: int(number)]
        rows = [(appid, tag, world.new_openid(appid, p)) for p in chosen]
        world.db.many("insert or ignore into oa_user_tag (appid, tag, openid) values (?, ?, ?)", rows)


def _contacts(world: World, entry: Mapping[str, object], everybody: Sequence[int]) -> None:
    corpid, users = text(entry, "corpid"), entry.get("userids")
    if corpid not in world.corps or not isinstance(users, list) or not users:
        raise Unknown(f"corp {corpid} or its userids")
    persons = everybody[: count(entry, "count", len(everybody))]
    state = str(entry.get("state", ""))
    for i, (person, at) in enumerate(zip(persons, _moments(world, entry, persons, "at", "until"), strict=True)):
        userid = str(users[i % len(users)])
        if "until" in entry:
            act = {"person": person, "act": "add_member", "corpid": corpid, "userid": userid, "state": state}
            world.schedule(at, "act", person, act)
        else:
            relate(world, corpid, userid, world.external_userid(corpid, person), at, state, 1 if state else 2)


def _doing(world: World, body: Mapping[str, object]) -> dict[str, object]:
    """What those who arrive do, but for following; raises Unknown."""
    config_id, open_kfid = str(body.get("config_id") or ""), str(body.get("open_kfid") or "")
    if open_kfid:
        if world.db.one("select 1 from kf_account where open_kfid = ?", open_kfid) is None:
            raise Unknown(f"customer service account {open_kfid}")
        return {"act": "kf_enter", "open_kfid": open_kfid, "scene": str(body.get("scene") or "")}
    if not config_id:
        return {}
    if way_of(world, config_id) is not None:
        return {"act": "scan_way", "config_id": config_id}
    if world.db.one("select 1 from join_way where config_id = ?", config_id) is None:
        raise Unknown(f"contact way {config_id}")
    return {"act": "join_group", "config_id": config_id}


def set_arrivals(world: World, body: Mapping[str, object]) -> dict[str, object]:
    """POST /_sandbox/arrivals: new people who follow an account, scan a contact way or a group's join way, or enter
    customer service, within [from, to).

    Raises ValueError or Unknown.
    """
    number, doing = count(body, "count"), _doing(world, body)
    appid = "" if doing else text(body, "account")
    scenes = body.get("scenes") or ({str(body["scene"]): number} if body.get("scene") else None)
    first, last = world.add_people(number)
    entry = {"account": appid, "at": body.get("from"), "until": body.get("to"), "scenes": scenes}
    if entry["until"] is None:
        raise ValueError("to is missing")
    persons = list(range(first, last + 1))
    if doing:
        world.schedule_many(
            (at, "act", p, {"person": p, **doing})
            for p, at in zip(persons, _moments(world, entry, persons, "at", "until"), strict=True)
        )
    else:
        _follow(world, entry, persons)
    return {"first": first, "last": last, "ids": [first, last]}
