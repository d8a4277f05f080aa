"""Private: what becomes of send tasks in WeCom: confirmed or not, received or not, reminded, withdrawn.

A look moves the task's next one on before it calls, so that a worker that dies costs one look; everything that it asks
may be asked again.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Row, and_, bindparam, func, select, update

from siyu.kernel.ctx import Ctx
from siyu.kernel.jobs import Senders
from siyu.outreach import telling
from siyu.outreach.policy import allowed_at
from siyu.outreach.queries import policy as current_policy
from siyu.outreach.sendtasks import delays, posts, recipients
from siyu.outreach.sendtasks import people as task_people
from siyu.outreach.sendtasks.looks import Look, Seen, Watch, objects, pages, unknown
from siyu.outreach.sendtasks.people import STOPS
from siyu.outreach.sendtasks.recalling import WITHDRAWN
from siyu.outreach.settling import lock_people, settle_handed
from siyu.outreach.store import recipient, request, task
from siyu.outreach.types import Route, State, TaskRules, TaskState
from siyu.outreach.work import Settled
from siyu.platforms.types import Call, Outcome, Sender, send_all
from siyu.workdays import queries as workdays

TASKS = 20
"""Tasks of one look."""
RECALL = 0.1
"""A larger share of people to be withdrawn has the task made anew (PRODUCT.md N1)."""
RESULTS = timedelta(hours=24)
"""So long after the confirmation results may come in; so long after its time a task that could not be cancelled may yet
be confirmed."""
UNREAD = timedelta(days=3)
"""So long after that, results that nobody could read are waited for no more."""
NIGHT = timedelta(hours=12)
"""So long at most an unconfirmed task is not looked at, however long no pushes go out."""
LIVE = (TaskState.OPEN.value, TaskState.CONFIRMED.value)
REMINDED_ENOUGH = 41094


def claim(ctx: Ctx) -> Watch | None:
    """Take up the tasks that are to be looked at, and decide what their people who were withdrawn mean for them."""
    found = ctx.tx.execute(
        select(task)
        .where(task.c.look_at <= ctx.now)
        .order_by(task.c.look_at, task.c.task_id)
        .limit(TASKS)
        .with_for_update(skip_locked=True)
    ).all()
    if not found:
        return None
    ctx.tx.execute(
        update(task)
        .where(task.c.task_id.in_([row.task_id for row in found]))
        .values(look_at=ctx.now + timedelta(minutes=10))
    )
    recalled = _recalled(ctx, [row.task_id for row in found])
    anew = {
        row.task_id
        for row in found
        if row.state == TaskState.OPEN and _worth_recalling(row, recalled.get(row.task_id, 0))
    }
    _cannot_recall(ctx, [task_id for task_id in recalled if task_id not in anew])
    rules = current_policy(ctx).tasks
    awake = _awake(ctx) <= ctx.now
    return Watch(
        [
            Look(
                row.task_id,
                row.account_id,
                row.route,
                row.staff,
                row.platform_id or "",
                row.moment_id,
                withdraw=row.state == TaskState.OPEN and (row.task_id in anew or row.expires_at <= ctx.now),
                expired=row.expires_at <= ctx.now,
                remind=awake and _may_remind(row, rules, ctx.now),
            )
            for row in found
        ]
    )


def _worth_recalling(row: Row[*tuple[Any, ...]], people: int) -> bool:
    """Whether a task is cancelled for the sake of the people withdrawn. A Moments post is for everybody: only when
    nobody is left for whom it was asked for."""
    if row.route == Route.MOMENTS:
        return bool(0 < row.recipients <= people)
    return bool(not row.again and people > RECALL * row.recipients)


def _may_remind(row: Row[*tuple[Any, ...]], rules: TaskRules, now: datetime) -> bool:
    due = row.remind_at is not None and row.remind_at <= now
    return bool(due and row.state == TaskState.OPEN and row.reminders < rules.reminders)


def _awake(ctx: Ctx, at: datetime | None = None) -> datetime:
    """From when on, not before ``at`` (now), salespeople may be reminded: not in the hours and on the days without
    pushes."""
    return allowed_at(current_policy(ctx), at or ctx.now, ctx.zone, workdays.current(ctx))


def _recalled(ctx: Ctx, task_ids: Sequence[int]) -> dict[int, int]:
    """How many of the people of each task with some who are to be withdrawn were withdrawn, earlier ones included."""
    counted = (
        select(recipient.c.task_id, func.count().label("people"))
        .where(recipient.c.task_id.in_(task_ids), recipient.c.state == State.HANDED.value)
        .where(recipient.c.reason.in_(WITHDRAWN))
        .group_by(recipient.c.task_id)
        .having(func.count().filter(recipient.c.reason == "recalling") > 0)
    )
    return {row.task_id: row.people for row in ctx.tx.execute(counted).all() if row.task_id is not None}


def _recalling(task_ids: Sequence[int]) -> ColumnElement[bool]:
    return and_(
        recipient.c.task_id.in_(task_ids), recipient.c.state == State.HANDED.value, recipient.c.reason == "recalling"
    )


def _cannot_recall(ctx: Ctx, task_ids: Sequence[int]) -> None:
    if not task_ids:
        return
    marked = ctx.tx.execute(
        update(request)
        .where(_recalling(task_ids))
        .where(request.c.customer_id == recipient.c.customer_id, request.c.request_id == recipient.c.request_id)
        .values(reason="could_not_recall")
        .returning(request.c.customer_id, request.c.request_id)
    ).all()
    telling.moved(ctx, [(row.customer_id, row.request_id) for row in marked])
    recipients.follow(ctx, [row[:2] for row in marked])


def act(watch: Watch, senders: Senders) -> list[Seen]:
    """Ask WeCom about each task; cancel and remind where that is wanted and nothing was confirmed."""
    sender: Sender = senders["wecom"]
    sends = [look for look in watch.looks if look.route != Route.MOMENTS]
    told = send_all(sender, [Call(one.account_id, "group_send_task", {"msgid": one.platform_id}) for one in sends])
    asked = {one.task_id: answer for one, answer in zip(sends, told, strict=True)}
    return [
        _look(sender, look, asked[look.task_id]) if look.task_id in asked else posts.look(sender, look)
        for look in watch.looks
    ]


def _look(sender: Sender, look: Look, told: Outcome) -> Seen:
    if not told.ok:
        return unknown(told)
    body = {"msgid": look.platform_id}
    confirmed_at = _confirmed(told, look.staff)
    if confirmed_at is not None:
        return Seen(True, confirmed_at, results=_results(sender, look))
    if look.withdraw:
        cancelled = sender.send(Call(look.account_id, "group_send_cancel", body))
        if not cancelled.ok:
            # The sender may have confirmed between the two calls, or may yet: nobody of it is sent to another way.
            return _kept(sender, look)
        # Some may have been sent to between the two calls.
        results = _results(sender, look)
        return Seen(True, withdrawn=results is not None, results=results)
    if look.remind:
        outcome = sender.send(Call(look.account_id, "group_send_remind", body))
        return Seen(True, reminded=outcome.ok or outcome.code == REMINDED_ENOUGH)
    return Seen(True)


def _kept(sender: Sender, look: Look) -> Seen:
    told = sender.send(Call(look.account_id, "group_send_task", {"msgid": look.platform_id}))
    confirmed_at = _confirmed(told, look.staff) if told.ok else None
    if confirmed_at is not None:
        return Seen(True, confirmed_at, results=_results(sender, look))
    return Seen(True, kept=look.expired, results=_results(sender, look) if look.expired else None)


def _confirmed(told: Outcome, staff: str) -> datetime | None:
    for one in objects(told.data.get("task_list")):
        if one.get("userid") == staff and one.get("status") == 2:
            return _time(one.get("send_time"))
    return None


def _results(sender: Sender, look: Look) -> dict[str, tuple[int, datetime | None]] | None:
    """What became of each recipient; None when a page could not be read."""
    body = {"msgid": look.platform_id, "userid": look.staff, "limit": 1_000}
    rows = pages(sender, Call(look.account_id, "group_send_result", body), "send_list")
    if rows is None:
        return None
    return {
        str(one.get("external_userid")): (status, _time(one.get("send_time")))
        for one in rows
        if isinstance(status := one.get("status"), int)
    }


def _time(value: object) -> datetime | None:
    return datetime.fromtimestamp(value, UTC) if isinstance(value, int) and value > 0 else None


def record(ctx: Ctx, watch: Watch, seen: list[Seen]) -> None:
    """Write what WeCom said."""
    rules = current_policy(ctx).tasks
    learned: list[tuple[str, int]] = []
    for look, told in zip(watch.looks, seen, strict=True):
        # set-loop: at most TASKS tasks
        lock_people(ctx, task_id=look.task_id)
        row = ctx.tx.execute(
            select(task).where(task.c.task_id == look.task_id, task.c.state.in_(LIVE)).with_for_update()
        ).one_or_none()
        if row is not None and told.moment_id not in (None, row.moment_id):
            ctx.tx.execute(update(task).where(task.c.task_id == row.task_id).values(moment_id=told.moment_id))
        if row is None or not (told.asked or _time_over(row, ctx.now if told.lost else ctx.now - UNREAD)):
            continue
        # WeCom tells that a post is out, not since when: now at the latest.
        one = replace(told, confirmed_at=row.confirmed_at or ctx.now) if told.posted else told
        if one.results is None and _time_over(row, ctx.now - UNREAD):
            one = replace(one, lost=one.lost or "no results")
        if one.posted:
            posts.shown(ctx, row.account_id, row.message_id, one.results or ())
        if one.confirmed_at is not None and row.confirmed_at is None:
            learned.append((row.staff, int((one.confirmed_at - row.handed_at).total_seconds())))
        left = _settle(ctx, row, one, rules)
        _write(ctx, row, one, rules, left)
    delays.learn(ctx, learned)


_PEOPLE = (
    select(request.c.customer_id, request.c.request_id, request.c.address, request.c.reason, request.c.detail)
    .join_from(
        recipient,
        request,
        and_(request.c.customer_id == recipient.c.customer_id, request.c.request_id == recipient.c.request_id),
    )
    .where(recipient.c.task_id == bindparam("task", type_=BigInteger), request.c.state == State.HANDED.value)
    .order_by(request.c.customer_id)
)


def _settle(ctx: Ctx, row: Row[*tuple[Any, ...]], one: Seen, rules: TaskRules) -> int:
    """Write what became of each recipient; returns of how many it is not known yet (-1: nothing was read)."""
    if one.results is None and one.lost is None:
        return -1
    over = (
        one.lost is not None
        or one.withdrawn
        or one.refused is not None
        or (one.confirmed_at is not None and one.confirmed_at + RESULTS <= ctx.now)
        or (one.kept and row.expires_at + RESULTS <= ctx.now)
    )
    people = ctx.tx.execute(_PEOPLE, {"task": row.task_id}).all()
    words = [word for person in people if (word := _word(ctx, row, one, rules, person, over)) is not None]
    settle_handed(ctx, row.task_id, words)
    return len(people) - len(words)


def _word(
    ctx: Ctx,
    row: Row[*tuple[Any, ...]],
    one: Seen,
    rules: TaskRules,
    person: Row[*tuple[Any, ...]],
    over: bool,
) -> Settled | None:
    status, sent_at = (one.results or {}).get(str(person.address), (0, None))
    recalled = person.reason in WITHDRAWN
    if status == 1 and row.route == Route.MOMENTS:
        reason = "could_not_recall" if recalled else "posted"
        return Settled(person.request_id, State.ACCEPTED, reason, free=False, at=one.confirmed_at)
    if status == 1:
        at = sent_at or one.confirmed_at or ctx.now
        reason = "could_not_recall" if recalled else "now"
        return Settled(person.request_id, State.RECEIVED, reason, free=False, at=at)
    if status in (2, 3):
        return Settled(person.request_id, None, "not_contact" if status == 2 else "quota_broadcast", f"status {status}")
    if not over:
        return None
    if one.lost is not None:
        return Settled(person.request_id, State.FAILED, "uncertain", one.lost, free=False)
    if recalled:
        stopped = person.detail in STOPS
        detail = None if stopped else person.detail
        return Settled(person.request_id, State.NOT_SENT, person.detail if stopped else "cancelled", detail)
    if one.kept:
        return Settled(person.request_id, State.NOT_SENT, "not_confirmed")
    if one.refused is not None:
        return Settled(person.request_id, None, "platform_refused", one.refused)
    if one.posted:
        return Settled(person.request_id, None, "not_shown")
    if one.withdrawn and row.expires_at > ctx.now:
        return Settled(person.request_id, State.PLANNED, "planned")
    return Settled(person.request_id, State.NOT_SENT if rules.unconfirmed == "drop" else None, "not_confirmed")


def _write(ctx: Ctx, row: Row[*tuple[Any, ...]], one: Seen, rules: TaskRules, left: int) -> None:
    values: dict[str, Any] = {} if left == -1 else task_people.numbers_of(ctx, row.task_id)
    if one.confirmed_at is not None:
        values |= {"state": TaskState.CONFIRMED.value, "confirmed_at": row.confirmed_at or one.confirmed_at}
    if one.reminded:
        values |= {"reminders": row.reminders + 1, "remind_at": ctx.now + rules.remind_after}
    if one.withdrawn:
        values["state"] = TaskState.EXPIRED.value if row.expires_at <= ctx.now else TaskState.CANCELLED.value
    elif one.kept and left == 0:
        values["state"] = TaskState.EXPIRED.value
    elif one.refused is not None:
        values["state"] = TaskState.FAILED.value
    elif one.lost is not None:
        values["state"] = TaskState.UNKNOWN.value
    elif left == 0:
        values["state"] = TaskState.DONE.value
    if one.withdrawn or one.lost is not None or left == 0:
        values |= {"closed_at": ctx.now, "look_at": None}
    else:
        values["look_at"] = _next(ctx, row, rules, int(values.get("reminders", row.reminders)), one)
    ctx.tx.execute(update(task).where(task.c.task_id == row.task_id).values(**values))


def _time_over(row: Row[*tuple[Any, ...]], now: datetime) -> bool:
    """Whether nothing more is waited for, of a confirmation or of results."""
    results = row.expires_at if row.confirmed_at is None else row.confirmed_at + RESULTS
    return bool(max(row.expires_at, results) <= now)


def _next(ctx: Ctx, row: Row[*tuple[Any, ...]], rules: TaskRules, reminders: int, one: Seen) -> datetime:
    """When a task is looked at again: soon at first, more rarely the older it is, and unconfirmed not at night."""
    now = ctx.now
    age = now - row.handed_at
    step = next((minutes for hours, minutes in ((2, 10), (8, 30)) if age < timedelta(hours=hours)), 60)
    times = [now + timedelta(minutes=step)]
    if one.confirmed_at is None and row.confirmed_at is None and row.expires_at > now:
        # Few confirm while no pushes go out, and what follows a push would wait for the end of these hours anyway.
        times = [min(_awake(ctx, times[0]), now + NIGHT)]
    if one.confirmed_at is None and row.expires_at > now:
        times.append(max(row.expires_at, now + timedelta(minutes=1)))
        if row.remind_at is not None and reminders < rules.reminders:
            remind_at = now + rules.remind_after if one.reminded else row.remind_at
            times.append(max(remind_at, _awake(ctx), now + timedelta(minutes=1)))
    return min(times)
