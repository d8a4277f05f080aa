"""Private: staff tasks over HTTP. Own tasks; those of others need ``tasks.all``."""

from datetime import datetime, timedelta
from hashlib import sha256
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import DateTime, Integer, Text, cast, literal, select

from siyu.customers import queries as customers
from siyu.customers.types import UnknownCustomer
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import ids_of
from siyu.kernel.errors import BadText, Forbidden
from siyu.kernel.http import ApiRoute, BigId, Id, raises, requires
from siyu.kernel.paging import BadCursor, Page
from siyu.kernel.text import CleanText, Moment
from siyu.tasks import actions, queries
from siyu.tasks.queries import EVERYBODY
from siyu.tasks.types import BadTask, NewTask, Task, TaskClosed, TaskKind, TaskState, UnknownMember, UnknownTask
from siyu.team import queries as team

router = APIRouter(prefix="/api/tasks", tags=["tasks"], route_class=ApiRoute)
Read = Annotated[Ctx, requires("tasks.read")]
Write = Annotated[Ctx, requires("tasks.write")]
Cursor = Annotated[str | None, Query(max_length=500, description="`next` of the page before")]
Limit = Annotated[int, Query(ge=1, le=200)]


class _Input(BaseModel):
    model_config = ConfigDict(extra="forbid")


class TaskBody(BaseModel):
    """A staff task; `staff_id` null: nobody's yet. `why` is a known reason or a text; `title` empty: see `kind`."""

    task_id: int
    customer_id: int
    customer: str | None
    kind: TaskKind
    staff_id: int | None
    staff: str | None
    title: str
    why: str
    detail: str
    say: str
    origin: str
    created_at: datetime
    due_at: datetime
    expires_at: datetime | None
    state: TaskState
    changed_at: datetime
    changed_by: str
    note: str


class TasksBody(BaseModel):
    """A page of tasks; `next` is the cursor of the following page."""

    items: list[TaskBody]
    next: str | None


class CountsBody(BaseModel):
    """How a member's day stands: open by its end, of these due before today, later ones, ended today."""

    open: int
    overdue: int
    later: int
    done: int
    replied: int
    handed_back: int


class TodayBody(TasksBody):
    """One member's open tasks of today with how the day stands."""

    counts: CountsBody


class NewTaskBody(_Input):
    """A task by hand for up to 1,000 customers. The same title and time again for a customer changes nothing."""

    customer_ids: list[Id] = Field(min_length=1, max_length=1000, examples=[[1, 2]])
    title: CleanText = Field(min_length=1, max_length=60, examples=["请她来试听"])
    why: CleanText = Field(default="", max_length=300, examples=["上周问过课程时间"])
    say: CleanText = Field(default="", max_length=2000, examples=["您好，周六上午的试听课还有两个名额"])
    staff_id: Id | None = Field(default=None, description="default: each customer's owner")
    due_at: Moment | None = Field(default=None, description="default now")
    expires_at: Moment | None = Field(default=None, description="default 7 days after it is due")


class Added(BaseModel):
    """How many tasks are new."""

    added: int


class NoteBody(_Input):
    """What the staff member wants to say about it."""

    note: CleanText = Field(default="", max_length=500, examples=["已微信联系"])


class GiveBody(_Input):
    """Who shall do it."""

    staff_id: Id


def _whose(ctx: Ctx, staff_id: int | None) -> int | None:
    """The member whose tasks are asked for; raises Forbidden for another's without the permission."""
    mine = ctx.actor.id if ctx.actor.kind == "staff" else None
    if (staff_id is not None and staff_id != mine) or mine is None:
        ctx.require(EVERYBODY)
    return mine if staff_id is None else staff_id


def _names(ctx: Ctx) -> dict[int, str]:
    return {member.staff_id: member.name for member in team.staff(ctx)}


def _shown(task: Task, names: dict[int, str]) -> TaskBody:
    return TaskBody(
        task_id=task.task_id,
        customer_id=task.customer_id,
        customer=task.customer,
        kind=TaskKind(task.kind),
        staff_id=task.staff_id,
        staff=None if task.staff_id is None else names.get(task.staff_id),
        title=task.title,
        why=task.why,
        detail=task.detail,
        say=task.say,
        origin=task.origin,
        created_at=task.created_at,
        due_at=task.due_at,
        expires_at=task.expires_at,
        state=task.state,
        changed_at=task.changed_at,
        changed_by=task.changed_by,
        note=task.note,
    )


def _page(ctx: Ctx, page: Page[Task]) -> list[TaskBody]:
    names = _names(ctx)
    return [_shown(one, names) for one in page.items]


@router.get("/today", operation_id="list_tasks_today", responses=raises(BadCursor, Forbidden))
def list_tasks_today(ctx: Read, staff_id: Id | None = None, cursor: Cursor = None, limit: Limit = 50) -> TodayBody:
    """One member's open tasks due by the end of today, earliest first; default: one's own."""
    whose = _whose(ctx, staff_id)
    page = queries.today(ctx, whose, cursor, limit) if whose is not None else Page[Task]([], None)
    day = queries.counts(ctx, whose or 0)
    counts = CountsBody(
        open=day.open,
        overdue=day.overdue,
        later=day.later,
        done=day.done,
        replied=day.replied,
        handed_back=day.handed_back,
    )
    return TodayBody(items=_page(ctx, page), next=page.next, counts=counts)


@router.get("", operation_id="list_tasks", responses=raises(BadCursor, Forbidden))
def list_tasks(
    ctx: Read,
    staff_id: Id | None = None,
    unassigned: Annotated[bool, Query(description="only those that are nobody's")] = False,
    customer_id: Id | None = None,
    state: Annotated[list[TaskState], Query(max_length=6)] = [],  # noqa: B006 FastAPI copies defaults
    cursor: Cursor = None,
    limit: Limit = 50,
) -> TasksBody:
    """Tasks by due time. Without tasks.all only one's own."""
    if ctx.actor.may(EVERYBODY):
        whose = staff_id
    else:
        whose = _whose(ctx, staff_id)
        unassigned = False
    page = queries.tasks(
        ctx,
        staff_id=whose,
        unassigned=unassigned,
        customer_id=customer_id,
        states=state,
        after=cursor,
        limit=limit,
    )
    return TasksBody(items=_page(ctx, page), next=page.next)


@router.post(
    "",
    operation_id="add_tasks",
    status_code=201,
    responses=raises(UnknownCustomer, UnknownMember, Forbidden, BadTask, BadText),
)
def add_tasks(ctx: Write, body: NewTaskBody) -> Added:
    """Ask for a task by hand. For others than oneself it needs tasks.all."""
    staff_id = body.staff_id
    if not ctx.actor.may(EVERYBODY):
        staff_id = _whose(ctx, staff_id)
    if staff_id is not None and ((member := team.member(ctx, staff_id)) is None or not member.active):
        raise UnknownMember("there is no such active staff member", field="staff_id")
    homes = customers.origins(ctx, body.customer_ids)
    for index, one in enumerate(body.customer_ids):
        if one not in homes:
            raise UnknownCustomer("no such customer", field=f"customer_ids.{index}")
    due_at = body.due_at or ctx.now
    expires_at = body.expires_at or due_at + timedelta(days=7)
    if expires_at <= max(due_at, ctx.now):
        raise BadTask("a task expires after it is due, and not in the past", field="expires_at")
    people = ids_of(sorted(set(homes.values()))).subquery("people")
    name = sha256(f"{body.title}\n{body.due_at}\n{staff_id}".encode()).hexdigest()[:16]
    time = DateTime(timezone=True)
    who = select(
        people.c.customer_id,
        literal(f"hand:{name}").label("key"),
        cast(staff_id, Integer).label("staff_id"),
        literal(due_at, time).label("due_at"),
        literal(expires_at, time).label("expires_at"),
        cast(None, Text).label("why"),
        cast(None, Text).label("detail"),
    )
    task = NewTask(TaskKind.BY_HAND, body.why, ctx.actor.label, body.title, body.say)
    return Added(added=actions.add(ctx, who, task=task))


@router.get("/{task_id}", operation_id="get_task", responses=raises(UnknownTask))
def get_task(ctx: Read, task_id: BigId) -> TaskBody:
    """One task."""
    return _shown(queries.task(ctx, task_id), _names(ctx))


@router.post(
    "/{task_id}/done", operation_id="do_task", status_code=204, responses=raises(UnknownTask, TaskClosed, BadText)
)
def do_task(ctx: Write, task_id: BigId, body: NoteBody) -> None:
    """It is done."""
    actions.done(ctx, task_id, note=body.note)


@router.post(
    "/{task_id}/replied", operation_id="mark_replied", status_code=204, responses=raises(UnknownTask, TaskClosed)
)
def mark_replied(ctx: Write, task_id: BigId) -> None:
    """It is done and the customer replied, as seen in the chat: counts as a reply everywhere."""
    actions.replied(ctx, task_id)


@router.post(
    "/{task_id}/hand-back",
    operation_id="hand_back_task",
    status_code=204,
    responses=raises(UnknownTask, TaskClosed, BadText),
)
def hand_back_task(ctx: Write, task_id: BigId, body: NoteBody) -> None:
    """Somebody else should do it."""
    actions.hand_back(ctx, task_id, note=body.note)


@router.post(
    "/{task_id}/give",
    operation_id="give_task",
    status_code=204,
    responses=raises(UnknownTask, TaskClosed, UnknownMember, Forbidden),
)
def give_task(ctx: Write, task_id: BigId, body: GiveBody) -> None:
    """Give an open or handed back task to a member; needs tasks.all."""
    ctx.require(EVERYBODY)
    actions.give(ctx, task_id, staff_id=body.staff_id)


@router.post(
    "/{task_id}/cancel",
    operation_id="cancel_task",
    status_code=204,
    responses=raises(UnknownTask, TaskClosed, Forbidden),
)
def cancel_task(ctx: Write, task_id: BigId) -> None:
    """Withdraw a task; needs tasks.all."""
    ctx.require(EVERYBODY)
    actions.drop(ctx, task_id)
