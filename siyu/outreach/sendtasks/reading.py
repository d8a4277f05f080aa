"""Private: what is planned for a sender, what of the day is used up, and the day as the desk shows it."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Date,
    DateTime,
    Integer,
    Row,
    Text,
    and_,
    bindparam,
    case,
    func,
    literal_column,
    or_,
    select,
)

from siyu.kernel.ctx import Ctx
from siyu.kernel.db import given, rows
from siyu.outreach.policy import midnight
from siyu.outreach.sendtasks.delays import delays
from siyu.outreach.sendtasks.people import Group
from siyu.outreach.sendtasks.planner import Piece, Plan, Post, Taken, plan
from siyu.outreach.sendtasks.rounds import part_at
from siyu.outreach.store import message, recipient, task
from siyu.outreach.types import DayPart, Origin, Route, SendDay, SendTask, TaskRules, TaskState

NO_TASKS = (TaskState.FAILED.value, TaskState.CANCELLED.value)
"""Tasks that cost the sender no time."""
_STAFF = bindparam("of_staff", type_=Text)
_ACCOUNT = bindparam("of_account", type_=Integer)
_UNTIL = bindparam("until", type_=DateTime(timezone=True))
planned = recipient.c.state == literal_column("'planned'", Text())
"""Recipients that wait for a round."""
post = recipient.c.route == literal_column(f"'{Route.MOMENTS}'", Text())
"""Recipients of a Moments post."""
POSTED = (TaskState.CONFIRMED.value, TaskState.DONE.value)
_mine, _theirs = message.alias("mine"), message.alias("theirs")
_stands = case((task.c.state == TaskState.HANDING.value, 1), (task.c.state == TaskState.OPEN.value, 2), else_=3)
earlier_post = (
    select(func.max(_stands))
    .select_from(_mine)
    .join(_theirs, _theirs.c.said == _mine.c.said)
    .join(task, task.c.message_id == _theirs.c.message_id)
    .where(
        _mine.c.message_id == recipient.c.message_id,
        post,
        task.c.staff == recipient.c.staff,
        task.c.account_id == recipient.c.account_id,
        task.c.route == literal_column(f"'{Route.MOMENTS}'", Text()),
        # What nobody can say may be out: it is not posted a second time.
        task.c.state.in_((TaskState.HANDING.value, TaskState.OPEN.value, *POSTED, TaskState.UNKNOWN.value)),
    )
    .correlate(recipient)
    .scalar_subquery()
)
POSTS: dict[int | None, Post] = {1: "handing", 2: "open", 3: "posted"}
_PIECES = (
    select(
        recipient.c.message_id,
        recipient.c.choice,
        recipient.c.due_at,
        func.count().label("people"),
        func.max(recipient.c.priority).label("priority"),
        func.min(recipient.c.expires_at).label("expires_at"),
        recipient.c.route,
        earlier_post.label("post"),
    )
    .where(planned, recipient.c.staff == _STAFF, recipient.c.due_at < _UNTIL)
    .where(func.coalesce(_ACCOUNT, recipient.c.account_id) == recipient.c.account_id)
    .group_by(
        recipient.c.message_id,
        recipient.c.choice,
        recipient.c.due_at,
        recipient.c.route,
        recipient.c.staff,
        recipient.c.account_id,
    )
    .order_by(recipient.c.due_at, recipient.c.message_id, recipient.c.choice)
)


def pieces(ctx: Ctx, staff: str, until: datetime, account_id: int | None = None) -> list[Piece]:
    """What is planned for a sender before ``until``, of one account or of all."""
    found = ctx.tx.execute(_PIECES, {"of_staff": staff, "until": until, "of_account": account_id}).all()
    return [Piece(**{**row._asdict(), "post": POSTS.get(row.post)}) for row in found]


_DAY = bindparam("on_day", type_=Date)
_of_day = task.c.day == _DAY
# What was not confirmed on an earlier day still costs the sender today's time.
_stands_open = or_(_of_day, task.c.state == TaskState.OPEN.value)
_month = task.c.day.between(bindparam("first", type_=Date), _DAY)
_moments = task.c.route == Route.MOMENTS.value
_TAKEN = select(
    func.count().filter(_stands_open),
    func.array_agg(task.c.part.distinct()).filter(_of_day),
    func.count().filter(_of_day, _moments),
    func.count().filter(_moments, _month),
).where(
    task.c.staff == _STAFF,
    or_(_month, task.c.state == TaskState.OPEN.value),
    task.c.state.not_in(NO_TASKS),
)


def taken(ctx: Ctx, staff: str) -> Taken:
    """What of the sender's present day, and of its month, is used up; tasks that stand open from before count too."""
    today = ctx.now.astimezone(ctx.zone).date()
    values = {"of_staff": staff, "on_day": today, "first": today.replace(day=1)}
    tasks, parts, posts, month = ctx.tx.execute(_TAKEN, values).one()
    return Taken(tasks, frozenset(DayPart(part) for part in parts or ()), posts, month)


_TASKS = (
    select(task, *(column for column in message.c if column.name != "message_id"))
    .join(message, message.c.message_id == task.c.message_id)
    .where(
        task.c.staff == _STAFF,
        # One of which nobody was part is only tried again.
        or_(task.c.state.not_in(NO_TASKS), task.c.recipients > 0),
        or_(
            task.c.day == bindparam("on_day"),
            # What was not confirmed yesterday still stands in the assistant.
            and_(bindparam("is_today", type_=Boolean), task.c.state == TaskState.OPEN.value),
        ),
    )
    .order_by(task.c.handed_at, task.c.task_id)
)
_TASK = select(task.c.task_id).where(task.c.task_id == bindparam("of_task", type_=BigInteger), task.c.staff == _STAFF)
_SAID = rows("said", message_id=Integer())
_MESSAGES = select(message).join_from(_SAID, message, message.c.message_id == _SAID.c.message_id)


def send_day(ctx: Ctx, rules: TaskRules, staff: str, day: date) -> SendDay:
    """See queries.send_day."""
    today = ctx.now.astimezone(ctx.zone).date()
    stored = ctx.tx.execute(_TASKS, {"of_staff": staff, "on_day": day, "is_today": day == today}).all()
    tasks = [_task(row, rules) for row in stored]
    moved = 0
    if day >= today:
        until = midnight(day + timedelta(days=1), ctx.zone)
        found = [one for one in pieces(ctx, staff, until) if day == today or one.due_at >= midnight(day, ctx.zone)]
        used = taken(ctx, staff) if day == today else Taken()
        made = plan(found, used, rules, max(ctx.now, midnight(day, ctx.zone)), ctx.zone)
        tasks += _to_come(ctx, staff, rules, found, made, until)
        moved = sum(one.piece.people for one in made.moved if one.until >= until)
    return SendDay(staff, day, tuple(tasks), delays(ctx, [staff]).get(staff), moved)


def has(ctx: Ctx, staff: str, task_id: int) -> bool:
    """Whether this is a task of the staff member's."""
    return ctx.tx.execute(_TASK, {"of_staff": staff, "of_task": task_id}).scalar_one_or_none() is not None


def _to_come(
    ctx: Ctx, staff: str, rules: TaskRules, found: Iterable[Piece], made: Plan, until: datetime
) -> list[SendTask]:
    moved = {id(one.piece): one.until for one in made.moved}
    rounds: dict[tuple[datetime, int, int], list[Piece]] = {}
    for piece in (one for one in found if one not in made.posted):
        at = moved.get(id(piece), max(piece.due_at, ctx.now))
        if at < until:
            rounds.setdefault((at, piece.message_id, piece.choice), []).append(piece)
    said = {
        row.message_id: row
        for row in ctx.tx.execute(_MESSAGES, given(_SAID, message_id=sorted({key[1] for key in rounds})))
    }
    return [
        SendTask(
            task_id=None,
            key=Group(message_id, group[0].choice, group[0].due_at, group[-1].due_at).key,
            staff=staff,
            route=Route(group[0].route),
            part=part_at(rules, at, ctx.zone),
            state=TaskState.PLANNED,
            origin=_origin(said[message_id]),
            content_id=said[message_id].content_id,
            text=said[message_id].text,
            recipients=sum(piece.people for piece in group),
            received=0,
            failed=0,
            unknown=0,
            at=at,
            expires_at=at + rules.expiry,
            confirmed_at=None,
            reminders=0,
            seconds=rules.task_seconds,
        )
        for (at, message_id, _), group in sorted(rounds.items(), key=lambda pair: pair[0])
    ]


def _task(row: Row[*tuple[Any, ...]], rules: TaskRules) -> SendTask:
    return SendTask(
        task_id=row.task_id,
        key=f"t{row.task_id}",
        staff=row.staff,
        route=Route(row.route),
        part=DayPart(row.part),
        state=TaskState(row.state),
        origin=_origin(row),
        content_id=row.content_id,
        text=row.text,
        recipients=row.recipients,
        received=row.received,
        failed=row.failed,
        unknown=row.unknown,
        at=row.handed_at,
        expires_at=row.expires_at,
        confirmed_at=row.confirmed_at,
        reminders=row.reminders,
        seconds=rules.task_seconds,
    )


def _origin(row: Any) -> Origin:
    return Origin(row.origin_kind, row.origin_id, row.origin_version, row.origin_node)
