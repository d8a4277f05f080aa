"""Private: the push desk over HTTP: a staff member's send tasks of a day, and the team's day in numbers. Those of
others need ``outreach.read``."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import Annotated
from urllib.parse import quote, urlsplit

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel

from siyu.content import queries as content
from siyu.kernel.ctx import Ctx
from siyu.kernel.errors import Forbidden, Invalid, NotFound
from siyu.kernel.http import ApiRoute, raises, requires
from siyu.kernel.paging import BadCursor
from siyu.kernel.text import CleanText
from siyu.outreach import queries
from siyu.outreach.bodies import ReasonBody
from siyu.outreach.reasons import REASONS
from siyu.outreach.sendtasks import people, reading, telling
from siyu.outreach.sendtasks.people import Fate, read_key
from siyu.outreach.types import DayPart, Route, SendTask, State, TaskState
from siyu.platforms import queries as platforms
from siyu.segments import queries as segments
from siyu.team import queries as team
from siyu.team.types import Staff

router = APIRouter(prefix="/api/outreach/desk", tags=["outreach"], route_class=ApiRoute)

Read = Annotated[Ctx, requires("tasks.read")]
ReadAll = Annotated[Ctx, requires("outreach.read")]
Whose = Annotated[int | None, Query(ge=1, le=2**31 - 1, description="Whose desk; left out: one's own.", examples=[1])]
OnDay = Annotated[date | None, Query(description="A local day; left out: today.", examples=["2026-03-02"])]
PREVIEW = 200
"""Characters of a text that the desk shows."""


class DeskTask(BaseModel):
    """One send task: a group send or a Moments post. `task_id` null: planned, `at` is its round; else `at` is when it
    was handed over. `key`: by which `/api/outreach/desk/tasks/{key}/people` knows it. Of the `recipients`: `received`,
    `failed` (certainly not reached by this task), `unknown` (nobody can say). `says`: the title of the content, or the
    beginning of the text, its content fields as they were written; `links`: the titles of the pages that it links to
    as {{link:key}}, by key."""

    task_id: int | None
    key: str
    route: Route
    part: DayPart
    state: TaskState
    says: str
    links: dict[str, str]
    content_id: int | None
    recipients: int
    received: int
    failed: int
    unknown: int
    at: datetime
    expires_at: datetime
    confirmed_at: datetime | None
    reminders: int


class DeskBody(BaseModel):
    """A staff member's send tasks of a day. `seconds_left`: for what is not confirmed yet, planned tasks included;
    `delay_s`: how late the member confirms as a rule. `moved`: planned people without a place in this day.
    `assistant_url`: where they are confirmed, null: in the WeCom client."""

    staff_id: int
    name: str
    userid: str | None
    day: date
    tasks: list[DeskTask]
    tasks_day: int
    seconds_left: int
    delay_s: int | None
    moved: int
    assistant_url: str | None


class TeamMember(BaseModel):
    """One sender's day. Tasks: `planned` are to come, `waiting` stand in the assistant, the oldest since `since`.
    People of all these tasks: `people`, of whom `received`, `failed` and `unknown`; `moved`: planned ones without a
    place in this day. `seconds_left`: for what is not confirmed. `staff_id` null: nobody of the team has this
    userid."""

    staff_id: int | None
    name: str
    userid: str
    planned: int
    waiting: int
    since: datetime | None
    confirmed: int
    expired: int
    people: int
    received: int
    failed: int
    unknown: int
    moved: int
    seconds_left: int


class TeamDayBody(BaseModel):
    """The send tasks of a day by sender, who keeps people waiting longest first. `tasks_day`: so many a sender gets."""

    day: date
    tasks_day: int
    members: list[TeamMember]


class OnwardBody(BaseModel):
    """How the request of somebody who left a task went on: `route` null: not decided yet; `until`: when one that waits
    is looked at next."""

    route: Route | None
    state: State
    reason: str
    until: datetime | None


class TaskPersonBody(BaseModel):
    """One person of a task: what became of it there, why and when (of a planned task: its round). `name` and `known`:
    null and false when the customer's data were erased. `detail`: what the platform said, or who withdrew it said, for
    those who read outreach. `onward`: how the request went on after this task."""

    customer_id: int
    known: bool
    name: str | None
    fate: Fate
    reason: str
    detail: str | None
    at: datetime
    onward: OnwardBody | None


class TaskPeopleBody(BaseModel):
    """A page of the people of a send task. `counts`: how many of all its people stand where. `reasons`: the words of
    the reasons of this page."""

    counts: dict[Fate, int]
    items: list[TaskPersonBody]
    reasons: list[ReasonBody]
    next: str | None


@router.get("", responses=raises(Forbidden, NotFound, Invalid))
def push_desk(ctx: Read, staff_id: Whose = None, day: OnDay = None) -> DeskBody:
    """The send tasks of a staff member on a day."""
    member = _member(ctx, staff_id)
    on = _on(ctx, day)
    rules = queries.policy(ctx).tasks
    if member.userid is None:
        return _body(ctx, member, on, [], rules.tasks_day, None, 0)
    found = queries.send_day(ctx, member.userid, on)
    titles = content.titles(ctx, [task.content_id for task in found.tasks if task.content_id is not None])
    links = content.linked_titles(ctx, [task.text for task in found.tasks if task.text is not None])
    tasks = [_task(task, titles.get(task.content_id or 0, ""), links) for task in found.tasks]
    left = sum(task.seconds for task in found.tasks if task.state in (TaskState.PLANNED, TaskState.OPEN))
    body = _body(ctx, member, on, tasks, rules.tasks_day, found.delay_s, found.moved)
    return body.model_copy(update={"seconds_left": left})


@router.get("/tasks/{key}/people", responses=raises(Forbidden, NotFound, BadCursor))
def task_people(
    ctx: Read,
    key: Annotated[CleanText, Path(max_length=80, description="The `key` of a task of the desk.", examples=["t12"])],
    staff_id: Whose = None,
    fate: Annotated[Fate | None, Query(description="Only those of whom this became.")] = None,
    after: Annotated[str | None, Query(max_length=200, description="The cursor `next` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> TaskPeopleBody:
    """The people of a send task of a staff member's desk: what became of each, why and when."""
    member = _member(ctx, staff_id)
    named = read_key(key)
    userid = member.userid or ""
    if named is None or (isinstance(named, int) and not reading.has(ctx, userid, named)):
        raise NotFound("this desk has no such task", field="key")
    if isinstance(named, int):
        counted, page = people.counts(ctx, named), people.of_task(ctx, named, fate, after, limit)
    else:
        counted, page = people.of_group(ctx, userid, named, fate, after, limit)
    names = segments.names(ctx, [one.customer_id for one in page.items])
    operator = ctx.actor.may("outreach.read")
    items = [_person(one, names, operator) for one in page.items]
    said = {code for one in items for code in (one.reason, one.detail, one.onward and one.onward.reason) if code}
    words = [ReasonBody.model_validate(one) for code, one in REASONS.items() if code in said]
    return TaskPeopleBody(counts=counted, items=items, reasons=words, next=page.next)


def _person(one: people.TaskPerson, names: Mapping[int, str | None], operator: bool) -> TaskPersonBody:
    # Of what was withdrawn everybody may know why, in words; what a platform answered says nothing to salespeople.
    told = one.detail if operator or one.detail in REASONS else None
    return TaskPersonBody(
        customer_id=one.customer_id,
        known=one.customer_id in names,
        name=names.get(one.customer_id),
        fate=one.fate,
        reason=one.reason,
        detail=told,
        at=one.at,
        onward=None if one.onward is None else OnwardBody(**asdict(one.onward)),
    )


@router.get("/team", responses=raises(Invalid))
def team_desk(ctx: ReadAll, day: OnDay = None) -> TeamDayBody:
    """The day of everybody through whom something is sent: salespeople, and who else has send tasks."""
    on = _on(ctx, day)
    members = {member.userid: member for member in team.staff(ctx) if member.userid is not None}
    rules = queries.policy(ctx).tasks
    days = {one.staff: one for one in telling.team_day(ctx, rules, members, on)}
    sellers = {userid for userid, member in members.items() if member.active and "sales" in member.roles}
    rows = [_row(userid, members.get(userid), days.get(userid)) for userid in {*sellers, *days}]
    # Who keeps people waiting longest stands first.
    rows.sort(key=lambda row: (row.since is None, row.since or ctx.now, -row.planned, row.name, row.userid))
    return TeamDayBody(day=on, tasks_day=rules.tasks_day, members=rows)


def _row(userid: str, member: Staff | None, day: telling.SenderDay | None) -> TeamMember:
    told = day or telling.SenderDay(userid)
    return TeamMember(
        staff_id=member.staff_id if member else None,
        name=member.name if member else userid,
        userid=userid,
        planned=told.planned,
        waiting=told.waiting,
        since=told.since,
        confirmed=told.confirmed,
        expired=told.expired,
        people=told.people,
        received=told.received,
        failed=told.failed,
        unknown=told.unknown,
        moved=told.moved,
        seconds_left=told.seconds,
    )


def _on(ctx: Ctx, day: date | None) -> date:
    today = ctx.now.astimezone(ctx.zone).date()
    on = day or today
    if abs(on - today) > timedelta(days=400):
        raise Invalid("a day of the past or the next 400", field="day")
    return on


def _member(ctx: Ctx, staff_id: int | None) -> Staff:
    own = ctx.actor.id if ctx.actor.kind == "staff" else None
    wanted = own if staff_id is None else staff_id
    if wanted is None:
        raise NotFound("this key belongs to no staff member: name one", field="staff_id")
    if wanted != own:
        ctx.require("outreach.read")
    member = team.member(ctx, wanted)
    if member is None:
        raise NotFound("there is no such staff member", field="staff_id")
    return member


def _body(
    ctx: Ctx, member: Staff, day: date, tasks: list[DeskTask], tasks_day: int, delay_s: int | None, moved: int
) -> DeskBody:
    return DeskBody(
        staff_id=member.staff_id,
        name=member.name,
        userid=member.userid,
        day=day,
        tasks=tasks,
        tasks_day=tasks_day,
        seconds_left=0,
        delay_s=delay_s,
        moved=moved,
        assistant_url=None if member.userid is None else _assistant(ctx, member.userid),
    )


def _assistant(ctx: Ctx, userid: str) -> str | None:
    """Where tasks are confirmed in the sandbox. WeCom's own assistant has no address: it is opened in the client."""
    for account in platforms.accounts(ctx, "wecom"):
        if account.active and urlsplit(account.config["base_url"]).hostname != "qyapi.weixin.qq.com":
            return f"{account.config['oauth_url']}/assistant/{quote(userid, safe='')}"
    return None


def _task(task: SendTask, title: str, links: Mapping[str, str]) -> DeskTask:
    said = title or _beginning(task.text or "")
    shown = {name: getattr(task, name) for name in DeskTask.model_fields if name not in ("says", "links")}
    return DeskTask(says=said, links={key: links[key] for key in links if f":{key}" in said}, **shown)


def _beginning(text: str) -> str:
    """At most PREVIEW characters; a content field is shown whole or not at all."""
    if len(text) <= PREVIEW:
        return text
    start = text[:PREVIEW]
    cut = start.rfind("{{")
    return f"{start if start.rfind('}}') > cut or cut < 0 else start[:cut]}…"
