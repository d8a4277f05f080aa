"""Private: what a team and the people of send tasks are told about: the day of all senders at once."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import Date, DateTime, Text, and_, bindparam, func, select

from siyu.kernel.ctx import Ctx
from siyu.kernel.db import given, rows
from siyu.outreach.policy import midnight
from siyu.outreach.sendtasks.planner import Piece, Taken, plan
from siyu.outreach.sendtasks.reading import NO_TASKS, POSTED, POSTS, earlier_post, planned
from siyu.outreach.store import recipient, task
from siyu.outreach.types import DayPart, Route, TaskRules, TaskState

OLDEST = timedelta(days=31)
"""A task that still stands in the assistant is no older than this: the policy's expiry is at most a week."""


@dataclass(frozen=True, slots=True)
class SenderDay:
    """A sender's day in numbers. Tasks: ``planned`` of rounds to come, ``waiting`` in the assistant (``since`` the
    oldest), ``confirmed``, ``expired``. People: ``people`` of all these tasks, of whom ``received``, ``failed`` and
    ``unknown`` (nobody can say); ``moved``: planned ones without a place in this day. ``seconds``: for what is planned
    or waits."""

    staff: str
    planned: int = 0
    waiting: int = 0
    since: datetime | None = None
    confirmed: int = 0
    expired: int = 0
    people: int = 0
    received: int = 0
    failed: int = 0
    unknown: int = 0
    moved: int = 0
    seconds: int = 0


_STAFF = rows("members", staff=Text())
_DAY = bindparam("on_day", type_=Date)
_of_day = task.c.day == _DAY
_waits = task.c.state.in_((TaskState.HANDING.value, TaskState.OPEN.value))
# What was not confirmed yesterday still stands in the assistant today.
_shown = _of_day | and_(bindparam("still", type_=Text) == task.c.state, task.c.day < _DAY)
_posts = task.c.route == Route.MOMENTS.value
_TASKS = (
    select(
        task.c.staff,
        func.count().filter(_of_day).label("tasks"),
        func.array_agg(task.c.part.distinct()).filter(_of_day).label("parts"),
        func.count().filter(_of_day, _posts).label("posts"),
        func.count().filter(_posts, task.c.day >= bindparam("month", type_=Date)).label("month"),
        func.count().filter(_shown, _waits).label("waiting"),
        func.count().filter(_shown, task.c.state == TaskState.OPEN.value).label("open"),
        func.min(task.c.handed_at).filter(_shown, _waits).label("since"),
        func.count().filter(_shown, task.c.state.in_(POSTED)).label("confirmed"),
        func.count().filter(_shown, task.c.state == TaskState.EXPIRED.value).label("expired"),
        func.coalesce(func.sum(task.c.recipients).filter(_shown), 0).label("people"),
        func.coalesce(func.sum(task.c.received).filter(_shown), 0).label("received"),
        func.coalesce(func.sum(task.c.failed).filter(_shown), 0).label("failed"),
        func.coalesce(func.sum(task.c.unknown).filter(_shown), 0).label("unknown"),
    )
    .join_from(_STAFF, task, task.c.staff == _STAFF.c.staff)
    .where(task.c.day.between(bindparam("first", type_=Date), _DAY), task.c.state.not_in(NO_TASKS))
    .group_by(task.c.staff)
)
_PIECES = (
    select(
        recipient.c.staff,
        recipient.c.message_id,
        recipient.c.choice,
        recipient.c.due_at,
        func.count().label("people"),
        func.max(recipient.c.priority).label("priority"),
        func.min(recipient.c.expires_at).label("expires_at"),
        recipient.c.route,
        earlier_post.label("post"),
    )
    .where(
        planned,
        recipient.c.due_at < bindparam("until", type_=DateTime(timezone=True)),
        recipient.c.due_at >= bindparam("since", type_=DateTime(timezone=True)),
    )
    .group_by(
        recipient.c.message_id,
        recipient.c.choice,
        recipient.c.due_at,
        recipient.c.route,
        recipient.c.staff,
        recipient.c.account_id,
    )
    .order_by(recipient.c.staff, recipient.c.due_at, recipient.c.message_id, recipient.c.choice)
)
_EVER = datetime(1970, 1, 1, tzinfo=UTC)


def team_day(ctx: Ctx, rules: TaskRules, members: Iterable[str], day: date) -> list[SenderDay]:
    """The days of these senders (userids), and of others for whom something is planned: of each what ``send_day``
    tells, in two statements for all."""
    today = ctx.now.astimezone(ctx.zone).date()
    start, until = midnight(day, ctx.zone), midnight(day + timedelta(days=1), ctx.zone)
    found: dict[str, list[Piece]] = {}
    if day >= today:
        when = {"until": until, "since": _EVER if day == today else start}
        for piece in ctx.tx.execute(_PIECES, when):
            made = piece._asdict() | {"post": POSTS.get(piece.post)}
            found.setdefault(made.pop("staff"), []).append(Piece(**made))
    values = given(_STAFF, staff=sorted({*members, *found})) | {
        "on_day": day,
        "first": day - OLDEST,
        "month": day.replace(day=1),
        "still": TaskState.OPEN.value if day == today else "",
    }
    told = {row.staff: row for row in ctx.tx.execute(_TASKS, values)}
    days = []
    for staff in sorted({*found, *told}):
        row = told.get(staff)
        used = Taken()
        if row is not None and day == today:
            used = Taken(row.tasks, frozenset(DayPart(part) for part in row.parts or ()), row.posts, row.month)
        tasks, people, moved = _to_come(ctx, rules, found.get(staff, []), used, max(ctx.now, start), until)
        days.append(
            SenderDay(
                staff=staff,
                planned=tasks,
                waiting=row.waiting if row else 0,
                since=row.since if row else None,
                confirmed=row.confirmed if row else 0,
                expired=row.expired if row else 0,
                people=(row.people if row else 0) + people,
                received=row.received if row else 0,
                failed=row.failed if row else 0,
                unknown=row.unknown if row else 0,
                moved=moved,
                seconds=(tasks + (row.open if row else 0)) * rules.task_seconds,
            )
        )
    return days


def _to_come(
    ctx: Ctx, rules: TaskRules, found: list[Piece], used: Taken, now: datetime, until: datetime
) -> tuple[int, int, int]:
    """Tasks and people of a sender's rounds to come, and the people without a place in them."""
    made = plan(found, used, rules, now, ctx.zone)
    later = {id(one.piece): one.until for one in made.moved}
    placed = [(later.get(id(piece), max(piece.due_at, now)), piece) for piece in found if piece not in made.posted]
    stay = [(at, piece) for at, piece in placed if at < until]
    tasks = {(at, piece.message_id, piece.choice) for at, piece in stay}
    moved = sum(one.piece.people for one in made.moved if one.until >= until)
    return len(tasks), sum(piece.people for _, piece in stay), moved
