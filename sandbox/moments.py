"""Moments (客户朋友圈) as members and customers live them: publishing a task, seeing, liking, commenting."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping

from people import confirm, unit
from sandbox.broadcasts import contents_of, manner_of
from sandbox.engine import Engine, Work
from sandbox.inbox import hand_over_pieces
from sandbox.world import Unknown, World, digest

WITHIN_MS = 12 * 3_600_000
"""Customers like and comment within this time."""


def appear(world: World, corpid: str, moment_id: str, at: int) -> None:
    """The task stands in the members' clients: when each will publish it becomes due, as broadcasts are confirmed."""
    data = _data(world, moment_id)
    contents = contents_of(data)
    key = f"moment|{digest(contents[0].title, contents[0].text)}|{at}"
    for row in world.db.all("select userid from moment_task where moment_id = ? order by userid", moment_id):
        userid = str(row["userid"])
        plan = confirm(world.staff_model, world.seed, userid, key, at, manner_of(world, corpid, userid))
        if plan.due_ms is not None:
            work = {"corpid": corpid, "moment_id": moment_id, "userid": userid}
            world.schedule(world.grained(plan.due_ms), "publish", 0, work)


def _data(world: World, moment_id: str) -> dict[str, object]:
    row = world.db.one("select data from moment where moment_id = ?", moment_id)
    return dict(json.loads(row["data"])) if row else {}


def visible(world: World, corpid: str, userid: str, data: Mapping[str, object]) -> list[tuple[int, str]]:
    """(person, uid) of the member's customers who may see it: all, or those with one of its tags."""
    tags = data.get("tags")
    rows = world.db.all(
        "select c.person, f.external_userid, f.data from follow f join contact c on c.corpid = f.corpid and "
        "c.external_userid = f.external_userid where f.corpid = ? and f.userid = ? and f.ended = '' order by 2",
        corpid, userid,
    )  # fmt: skip
    wanted = set(tags) if isinstance(tags, list) else set()
    return [(int(r[0]), str(r[1])) for r in rows if not wanted or wanted & _carried(r)]


def _carried(row: sqlite3.Row) -> set[object]:
    return {t.get("tag_id") for t in json.loads(row[2]).get("tags", [])}


def due(engine: Engine, work: Work, at: int) -> None:
    """A member gets to the task."""
    publish(engine.world, str(work["corpid"]), str(work["userid"]), str(work["moment_id"]), at)
    engine.totals.acted += 1


def by_hand(world: World, corpid: str, userid: str, work: Work, at: int) -> None:
    """Publishes one task (moment_id) or all open ones. Raises Unknown when there is none."""
    wanted = str(work.get("moment_id") or "")
    rows = world.db.all(
        "select t.moment_id from moment_task t join moment m on m.moment_id = t.moment_id where m.corpid = ? and "
        "t.userid = ? and t.status = 0 and m.cancelled = 0 order by m.rowid", corpid, userid,
    )  # fmt: skip
    waiting = [str(r[0]) for r in rows if not wanted or r[0] == wanted]
    if wanted and not waiting:
        raise Unknown(f"open moment {wanted} of {userid}")
    for moment_id in waiting:
        publish(world, corpid, userid, moment_id, at)


def publish(world: World, corpid: str, userid: str, moment_id: str, at: int) -> None:
    """The member publishes: customers who may see it have it in their feed, some like it, some open or comment."""
    changed = world.db.run(
        "update moment_task set status = 1, at = ? where moment_id = ? and userid = ? and status = 0 and exists "
        "(select 1 from moment m where m.moment_id = ? and m.cancelled = 0)", at, moment_id, userid, moment_id,
    )  # fmt: skip
    if not changed:
        return
    data = _data(world, moment_id)
    to = visible(world, corpid, userid, data)
    world.db.many(
        "insert or ignore into moment_seen (moment_id, userid, uid) values (?, ?, ?)",
        [(moment_id, userid, uid) for _, uid in to],
    )
    world.log("act", "member_publish", at, account=corpid, uid=userid, key=moment_id, data={"seen": len(to)})
    contents = contents_of(data)
    # A feed is nobody's message: it counts for nobody's annoyance, and is answered by likes and comments alone.
    hand_over_pieces(
        world, account=corpid, userid=userid, route="moments", manner="feed", msgid=moment_id, contents=contents,
        to=to, at=at, greeting=True,
    )  # fmt: skip
    for person, _ in to:
        for act, rate in (("like_moment", world.model.like_rate), ("comment_moment", world.model.comment_rate)):
            if unit(world.seed, person, f"{userid}|{moment_id}", act) < rate:
                wait = int(unit(world.seed, person, f"{userid}|{moment_id}", f"{act}_at") * WITHIN_MS)
                told = {"person": person, "act": act, "corpid": corpid, "userid": userid, "moment_id": moment_id}
                world.schedule(world.grained(at + 60_000 + wait), "act", person, told)


def react(world: World, work: Work, at: int) -> None:
    """A customer likes or comments a moment that is in the feed; each once."""
    corpid, userid, moment_id = (str(work.get(name) or "") for name in ("corpid", "userid", "moment_id"))
    person, act = int(str(work["person"])), str(work["act"])
    uid = world.external_userid(corpid, person)
    seen = "select 1 from moment_seen where moment_id = ? and userid = ? and uid = ?"
    if world.db.one(seen, moment_id, userid, uid) is None:
        return
    kind = act.partition("_")[0]
    added = world.db.run(
        "insert or ignore into moment_reaction (moment_id, userid, uid, kind, at) values (?, ?, ?, ?, ?)",
        moment_id, userid, uid, kind, at,
    )  # fmt: skip
    if added:
        world.log("act", act, at, account=corpid, person=person, uid=uid, key=moment_id, data={"userid": userid})
