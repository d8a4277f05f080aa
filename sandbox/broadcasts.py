"""Broadcasts (企业群发) as members and customers live them: tasks in the client, confirming, quotas, reminders."""

from __future__ import annotations

import json
from calendar import monthrange
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone

from people import MANNERS, Manner, confirm, reminded, unit
from sandbox.engine import Engine, Work
from sandbox.inbox import Content, hand_over_pieces
from sandbox.world import Unknown, World, digest

UNSENT, SENT, GONE, OVER = 0, 1, 2, 3
"""What became of a recipient: not sent, sent, no friend any more, quota used up."""
TASK_SENT = 2
POLICIES = ("monthly_days", "weekly7", "daily", "monthly4")
SHANGHAI = timezone(timedelta(hours=8))


def quota(policy: str, at: int) -> tuple[int, int]:
    """(start of the running period in Unix ms, broadcasts a customer or group may get in it), as A.10 states."""
    local = datetime.fromtimestamp(at / 1000, UTC).astimezone(SHANGHAI)
    day = local.replace(hour=0, minute=0, second=0, microsecond=0)
    if policy == "daily":
        start, most = day, 1
    elif policy == "weekly7":
        start, most = day - timedelta(days=day.weekday()), 7
    else:
        start = day.replace(day=1)
        most = 4 if policy == "monthly4" else monthrange(day.year, day.month)[1]
    return round(start.timestamp() * 1000), most


def policy_of(world: World, corpid: str) -> str:
    """The corp's rule for broadcasts (群发规则)."""
    return str(world.corps[corpid].get("broadcast_quota") or POLICIES[0])


def over_quota(world: World, corpid: str, msgid: str, at: int) -> set[str]:
    """The recipients of a broadcast who have had as many as the corp's policy allows in the running period."""
    start, most = quota(policy_of(world, corpid), at)
    rows = world.db.all(
        "select target from broadcast_target where status = 1 and sent_at >= ? and target in (select target from "
        "broadcast_target where msgid = ?) group by target having count(*) >= ?", start, msgid, most,
    )  # fmt: skip
    return {str(r[0]) for r in rows}


def manner_of(world: World, corpid: str, userid: str) -> Manner | None:
    """How a member confirms by the account's settings; None: as the model draws."""
    row = world.db.one("select data from member where corpid = ? and userid = ?", corpid, userid)
    wanted = json.loads(row["data"]).get("confirm") if row else None
    return next((manner for manner in MANNERS if manner == wanted), None)


def contents_of(data: Mapping[str, object]) -> list[Content]:
    """The pieces of a stored broadcast."""
    pieces = data["pieces"]
    return [Content(*(str(part) for part in piece)) for piece in pieces] if isinstance(pieces, list) else []


def appear(world: World, corpid: str, msgid: str, userids: Sequence[str], contents: Sequence[Content], at: int) -> None:
    """The task stands in the members' clients: when each will confirm it becomes due."""
    key = _key(contents, at)
    for userid in userids:
        manner = manner_of(world, corpid, userid)
        plan = confirm(world.staff_model, world.seed, userid, key, at, manner)
        _plan(world, corpid, msgid, userid, plan.due_ms, plan.share)


def _key(contents: Sequence[Content], at: int) -> str:
    # Not the msgid: numbers given in the order of arrival differ from one run to the next.
    return f"{digest(contents[0].title, contents[0].text)}|{at}"


def _plan(world: World, corpid: str, msgid: str, userid: str, due: int | None, share: float) -> None:
    if due is not None:
        work = {"corpid": corpid, "msgid": msgid, "userid": userid, "share": share}
        world.schedule(world.grained(due), "confirm", 0, work)


def remind(world: World, corpid: str, msgid: str, at: int) -> None:
    """A reminder: some of the members who have not confirmed will."""
    row = world.db.one("select created, data from broadcast where msgid = ?", msgid)
    assert row is not None
    contents = contents_of(json.loads(row["data"]))
    for task in world.db.all("select userid from broadcast_task where msgid = ? and status = 0", msgid):
        userid = str(task["userid"])
        plan = reminded(
            world.staff_model, world.seed, userid, f"{_key(contents, row['created'])}|{at}", at,
            manner_of(world, corpid, userid),
        )  # fmt: skip
        world.log("act", "member_reminded", at, account=corpid, uid=userid, key=msgid)
        _plan(world, corpid, msgid, userid, plan.due_ms, plan.share)


def due(engine: Engine, work: Work, at: int) -> None:
    """A member gets to the task."""
    send(
        engine.world, str(work["corpid"]), str(work["userid"]), str(work["msgid"]), at, float(str(work.get("share", 1)))
    )
    engine.totals.acted += 1


def by_hand(world: World, corpid: str, userid: str, work: Work, at: int) -> None:
    """Confirms one task (msgid) or all open ones; `share` of the recipients. Raises Unknown when there is none."""
    msgid, share = str(work.get("msgid") or ""), work.get("share", 1)
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 < share <= 1:
        raise ValueError("share must lie in (0, 1]")
    waiting = [one for one in open_tasks(world, corpid, userid) if not msgid or one == msgid]
    if msgid and not waiting:
        raise Unknown(f"open task {msgid} of {userid}")
    for one in waiting:
        send(world, corpid, userid, one, at, float(share))


def open_tasks(world: World, corpid: str, userid: str) -> list[str]:
    """The msgids that wait for a member, oldest first."""
    rows = world.db.all(
        "select t.msgid from broadcast_task t join broadcast b on b.msgid = t.msgid where b.corpid = ? and "
        "t.userid = ? and t.status = 0 and b.cancelled = 0 order by b.created, b.rowid",
        corpid, userid,
    )  # fmt: skip
    return [str(r[0]) for r in rows]


def send(world: World, corpid: str, userid: str, msgid: str, at: int, share: float = 1.0) -> None:
    """The member confirms: it goes to `share` of the recipients; what is over quota or no friend any more does not.

    A task that was confirmed or cancelled before is left alone. Quotas count when it is sent.
    """
    row = world.db.one(
        "select b.* from broadcast b join broadcast_task t on t.msgid = b.msgid where b.msgid = ? and t.userid = ? and "
        "t.status = 0 and b.cancelled = 0", msgid, userid,
    )  # fmt: skip
    if row is None:
        return
    rows = world.db.all("select target from broadcast_target where msgid = ? and userid = ?", msgid, userid)
    targets = sorted((str(r[0]) for r in rows), key=lambda t: unit(world.seed, 0, f"{userid}|{at}", t))
    chosen = targets[: max(1, round(share * len(targets)))]
    over, here = over_quota(world, corpid, msgid, at), _reachable(world, corpid, userid, row["chat_type"])
    state = {t: GONE if t not in here else OVER if t in over else SENT for t in chosen}
    world.db.many(
        "update broadcast_target set status = ?, sent_at = ? where msgid = ? and userid = ? and target = ?",
        [(code, at if code == SENT else None, msgid, userid, t) for t, code in state.items()],
    )
    world.db.run(
        "update broadcast_task set status = ?, sent_at = ? where msgid = ? and userid = ?", TASK_SENT, at, msgid, userid
    )
    codes = list(state.values())
    told = {
        "sent": codes.count(SENT), "gone": codes.count(GONE), "over": codes.count(OVER),
        "unsent": len(targets) - len(chosen),
    }  # fmt: skip
    world.log("act", "member_confirm", at, account=corpid, uid=userid, key=msgid, data=told)
    contents = contents_of(json.loads(row["data"]))
    reached = sorted(t for t, code in state.items() if code == SENT)
    if row["chat_type"] == "group":
        for chat_id in reached:
            _hand_over(world, corpid, userid, msgid, contents, _inside(world, corpid, chat_id), at, chat_id)
    else:
        _hand_over(world, corpid, userid, msgid, contents, sorted((here[t], t) for t in reached), at)


def _hand_over(
    world: World, corpid: str, userid: str, msgid: str, contents: Sequence[Content], to: Sequence[tuple[int, str]],
    at: int, chat_id: str = "",
) -> None:  # fmt: skip
    route = "wecom_group_chat" if chat_id else "wecom_group_send"
    hand_over_pieces(
        world, account=corpid, userid=userid, route=route, manner="member", msgid=msgid, contents=contents, to=to,
        at=at, chat_id=chat_id,
    )  # fmt: skip


def _reachable(world: World, corpid: str, userid: str, chat_type: str) -> dict[str, int]:
    """Whom or what the member can still send to: customers with their person, groups with 0."""
    if chat_type == "group":
        rows = world.db.all("select chat_id, data from chat where corpid = ?", corpid)
        chats = {str(r[0]): json.loads(r[1]) for r in rows}
        return {c: 0 for c, data in chats.items() if data["owner"] == userid and not data.get("dismissed")}
    rows = world.db.all(
        "select c.external_userid, c.person from follow f join contact c on c.corpid = f.corpid and c.external_userid "
        "= f.external_userid where f.corpid = ? and f.userid = ? and f.ended = ''", corpid, userid,
    )  # fmt: skip
    return {str(r[0]): int(r[1]) for r in rows}


def _inside(world: World, corpid: str, chat_id: str) -> list[tuple[int, str]]:
    rows = world.db.all(
        "select person, uid from chat_member where corpid = ? and chat_id = ? and kind = 2 order by person",
        corpid, chat_id,
    )  # fmt: skip
    return [(int(r[0]), str(r[1])) for r in rows]
