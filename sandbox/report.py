"""The truth to compare with: counts and lists out of the log."""

from __future__ import annotations

import dataclasses
import json
import sqlite3
from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import urlsplit

from sandbox.clock import iso, parse_time
from sandbox.store import dumps
from sandbox.world import World, digest

FOREVER = 1 << 62
FATES = ("unsent", "sent", "gone", "over")


class Ready(str):
    """An answer that is JSON already."""

    __slots__ = ()


def span(query: Mapping[str, str]) -> tuple[int, int]:
    """(since, until) in Unix ms, until excluded. Raises ValueError."""
    since = parse_time(query["since"].replace(" ", "+")) if query.get("since") else 0
    return since, parse_time(query["until"].replace(" ", "+")) if query.get("until") else FOREVER


def entry(row: sqlite3.Row) -> dict[str, object]:
    """One log entry as JSON; the data's fields of a receipt stand beside it."""
    made = {k: row[k] for k in row.keys() if k != "data"}  # noqa: SIM118  # a sqlite3.Row iterates over values
    made["at"] = iso(row["at"])
    made["data"] = json.loads(row["data"]) if row["data"] else {}
    if row["kind"] == "received":
        made |= {"digest": row["key"], "title": made["data"].get("title", ""), "url": made["data"].get("url", "")}
    elif row["kind"] == "api":
        made |= {"method": row["key"], "path": row["name"], "errcode": int(row["result"])}
    return made


_quoted = json.encoder.encode_basestring
_iso = lru_cache(4096)(iso)
PLAIN = ("act", "callback")


def _plain(row: sqlite3.Row) -> str:
    """What `entry` makes of the kinds without fields of their own, as JSON; their data is JSON already."""
    number, at, kind, name, account, person, uid, route, msgid, key, result, data = row
    return (
        f'{{"id":{number},"at":"{_iso(at)}","kind":"{kind}","name":{_quoted(name)},"account":{_quoted(account)},'
        f'"person":{person},"uid":{_quoted(uid)},"route":{_quoted(route)},"msgid":{_quoted(msgid)},'
        f'"key":{_quoted(key)},"result":{_quoted(result)},"data":{data or "{}"}}}'
    )


def log_page(world: World, query: Mapping[str, str]) -> Ready:
    """Entries after since_id, oldest first."""
    limit = min(int(query.get("limit") or 1000), 10_000)
    where, args = "id > ?", [int(query.get("since_id") or 0)]
    texts: list[str] = []
    for name in ("kind", "name", "account", "uid", "route", "result"):
        if query.get(name):
            where += f" and +{name} = ?"  # the plus keeps SQLite on the ids, so that a page costs only its rows
            texts.append(query[name])
    if query.get("person"):
        where += " and person = ?"
        texts.append(str(world.person(query["person"])))
    rows = world.db.all(f"select * from log where {where} order by id limit ?", *args, *texts, limit)  # noqa: S608  # only names of our own in the text
    entries = ",".join([_plain(row) if row["kind"] in PLAIN else dumps(entry(row)) for row in rows])
    last = rows[-1]["id"] if rows else args[0]
    return Ready(f'{{"entries":[{entries}],"last_id":{last}}}')


def _url(raw: str) -> str:
    parts = urlsplit(raw)
    return f"{parts.scheme}://{parts.netloc}{parts.path}" if parts.scheme else ""


def counts(world: World, query: Mapping[str, str]) -> dict[str, object]:
    """GET /_sandbox/counts. Raises ValueError for bad times."""
    db, when = world.db, span(query)
    clause = "kind = ? and at >= ? and at < ?"

    def acts(names: str) -> list[sqlite3.Row]:
        return db.all(
            f"select name, account, key, count(distinct person) persons, count(*) n, sum(result = '200') good from log "  # noqa: S608  # only names of our own in the text
            f"where {clause} and name in ({names}) group by name, account, key order by name, account, n desc", "act",
            *when,
        )  # fmt: skip

    received = db.all(
        f"select account, route, key, min(data) data, count(distinct person) persons, count(*) n from log where "  # noqa: S608  # only names of our own in the text
        f"{clause} "
        "group by account, route, key order by min(id)", "received", *when,
    )  # fmt: skip
    twice = db.all(
        f"select person, max(uid) uid, key, max(name) name, count(*) n from log where {clause} and route <> "  # noqa: S608  # only names of our own in the text
        "'oa_preview' "
        "group by person, key having n > 1 order by person", "received", *when,
    )  # fmt: skip
    follows = acts("'subscribe', 'unsubscribe'")
    by_code = f"select name, result, count(*) n from log where {clause} group by name, result order by name"  # noqa: S608  # only names of our own in the text
    calls = db.all(by_code, "api", *when)
    followers = db.all("select appid, count(*) n from oa_user where subscribed = 1 group by appid")
    return {
        "now": iso(world.clock.now()),
        "people": db.value("select count(*) from person"),
        "followers": {r["appid"]: r["n"] for r in followers},
        "received": [_received(r) for r in received],
        "duplicates": [
            {"person": r["person"], "uid": r["uid"], "digest": r["key"], "title": r["name"], "times": r["n"]}
            for r in twice[:1000]
        ],
        "duplicate_count": len(twice),
        "replies": [
            {"account": r["account"], "text": r["key"], "persons": r["persons"], "messages": r["n"]}
            for r in acts("'text'")
        ],
        "opens": [{"page": r["key"], "persons": r["persons"], "opens": r["n"]} for r in acts("'open'")],
        "forms": [
            {"page": r["key"], "persons": r["persons"], "submissions": r["n"], "accepted": r["good"]}
            for r in acts("'form'")
        ],
        "joins": [{"corpid": r["account"], "chat_id": r["key"], "persons": r["persons"]} for r in acts("'join'")],
        "follows": sum(r["n"] for r in follows if r["name"] == "subscribe"),
        "unfollows": sum(r["n"] for r in follows if r["name"] == "unsubscribe"),
        "follows_by_scene": _by_scene(follows),
        "callbacks": _callbacks(world, when),
        "api": [{"path": r["name"], "errcode": int(r["result"]), "calls": r["n"]} for r in calls],
    }


def _received(row: sqlite3.Row) -> dict[str, object]:
    data = json.loads(row["data"])
    shown = data["title"] or data["text"].replace("\n", " ")[:40]
    return {
        "account": row["account"], "route": row["route"], "title": shown, "url": _url(data["url"]),
        "digest": row["key"],
        "persons": row["persons"], "messages": row["n"],
    }  # fmt: skip


def _by_scene(rows: list[sqlite3.Row]) -> dict[str, int]:
    found: dict[str, int] = {}
    for row in rows:
        if row["name"] == "subscribe":
            found[row["key"]] = found.get(row["key"], 0) + row["n"]
    return found


def _callbacks(world: World, when: tuple[int, int]) -> dict[str, int]:
    rows = world.db.all(
        "select result, key, data <> '' attempt, count(*) n from log where kind = 'callback' and at >= ? and at "
        "< ? group by 1, 2, 3",
        *when,
    )

    def total(result: str = "", fault: str = "", attempt: bool | None = None) -> int:
        return sum(
            r["n"] for r in rows
            if (not result or r["result"] == result)
            and (not fault or r["key"] == fault)
            and (attempt is None or bool(r["attempt"]) == attempt)
        )  # fmt: skip

    delivered, lost, failed = total("delivered"), total("lost"), total("failed")
    again = total("delivered", "duplicated") + total("failed", "duplicated")
    return {
        "raised": delivered + lost + failed - again, "delivered": delivered, "lost": lost, "failed": failed,
        "attempts": total(attempt=True),
        "duplicated": again, "reordered": total("delivered", "reordered") + total("failed", "reordered"),
        "pending": world.db.value("select count(*) from due where kind = 'callback'"),
    }  # fmt: skip


def _persons(rows: list[sqlite3.Row]) -> dict[str, object]:
    return {
        "uids": sorted({r["uid"] for r in rows if r["uid"]}), "persons": sorted({r["person"] for r in rows}),
        "count": len({r["person"] for r in rows}), "messages": len(rows),
    }  # fmt: skip


def received(world: World, query: Mapping[str, str]) -> dict[str, object]:
    """GET /_sandbox/received: who got it."""
    since, until = span(query)
    where, args = "kind = 'received' and at >= ? and at < ?", [str(since), str(until)]
    for name, column in (("route", "route"), ("digest", "key"), ("account", "account"), ("msgid", "msgid")):
        if query.get(name):
            where += f" and {column} = ?"
            args.append(query[name])
    if query.get("match"):
        where += " and instr(data, ?) > 0"
        args.append(query["match"])
    rows = world.db.all(f"select person, uid from log where {where}", since, until, *args[2:])  # noqa: S608  # only names of our own in the text
    return _persons(rows)


def acted(world: World, query: Mapping[str, str]) -> dict[str, object]:
    """GET /_sandbox/acted: who did it."""
    since, until = span(query)
    where, args = "kind = 'act' and at >= ? and at < ?", list[str]()
    for name, column in (("act", "name"), ("account", "account"), ("result", "result")):
        if query.get(name):
            where += f" and {column} = ?"
            args.append(query[name])
    if query.get("match"):
        where += " and instr(key, ?) > 0"
        args.append(query["match"])
    return _persons(world.db.all(f"select person, uid from log where {where}", since, until, *args))  # noqa: S608  # only names of our own in the text


def broadcasts(world: World, query: Mapping[str, str]) -> dict[str, object]:
    """GET /_sandbox/broadcasts: those made within a span, with each member's task and the fate of its recipients."""
    since, until = span(query)
    found = world.db.all(
        "select rowid, * from broadcast where created >= ? and created < ? and (? = '' or corpid = ?) order by rowid",
        since, until, query.get("corpid", ""), query.get("corpid", ""),
    )  # fmt: skip
    return {"broadcasts": [_broadcast(world, row) for row in found]}


def _broadcast(world: World, row: sqlite3.Row) -> dict[str, object]:
    title, text, _ = json.loads(row["data"])["pieces"][0]
    fates: dict[str, dict[str, int]] = {}
    for one in world.db.all(
        "select userid, status, count(*) n from broadcast_target where msgid = ? group by 1, 2", row["msgid"]
    ):
        fates.setdefault(one["userid"], dict.fromkeys(FATES, 0))[FATES[one["status"]]] = one["n"]
    tasks = world.db.all("select * from broadcast_task where msgid = ? order by userid", row["msgid"])
    return {
        "msgid": row["msgid"], "corpid": row["corpid"], "chat_type": row["chat_type"], "created": iso(row["created"]),
        "cancelled": bool(row["cancelled"]), "reminders": len(json.loads(row["reminded"])),
        "title": title or text.replace("\n", " ")[:40], "digest": digest(title, text),
        "tasks": [
            {"userid": t["userid"], "sent_at": iso(t["sent_at"]) if t["sent_at"] is not None else None,
             **fates[t["userid"]]}
            for t in tasks
        ],
    }  # fmt: skip


def person(world: World, number: int) -> dict[str, object]:
    """Everything about one person."""
    db = world.db
    follows = db.all(
        "select appid, openid, subscribed, subscribe_at, scene, blocked from oa_user where person = ?", number
    )
    contacts = db.all(
        "select c.corpid, c.external_userid, f.userid, f.at, f.ended from contact c left join follow f "
        "on f.corpid = c.corpid and f.external_userid = c.external_userid where c.person = ?", number,
    )  # fmt: skip
    kinds = {
        k: db.all("select * from log where person = ? and kind = ? order by id", number, k) for k in ("received", "act")
    }
    return {
        "person": number, "unionid": world.unionid(number), "profile": dataclasses.asdict(world.profile(number)),
        "follows": [dict(r) | {"subscribe_at": iso(r["subscribe_at"])} for r in follows],
        "contacts": [dict(r) for r in contacts],
        "inbox": [entry(r) for r in kinds["received"]], "acts": [entry(r) for r in kinds["act"]],
    }  # fmt: skip


def people(world: World, query: Mapping[str, str]) -> dict[str, object]:
    """GET /_sandbox/people: a page of persons of an account (or all)."""
    after, limit = int(query.get("after") or 0), min(int(query.get("limit") or 1000), 10_000)
    if query.get("account"):
        rows = world.db.all(
            "select person, openid, subscribed from oa_user where appid = ? and person > ? order by person limit ?",
            query["account"],
            after,
            limit,
        )
    else:
        rows = world.db.all("select id person, unionid from person where id > ? order by id limit ?", after, limit)
    return {"people": [dict(r) for r in rows], "last": rows[-1]["person"] if rows else after}
