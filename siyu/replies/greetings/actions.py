"""Door: write greetings; ask for those whose time has come."""

from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Select

from siyu.content import queries as content
from siyu.customers import queries as customers
from siyu.kernel import audit
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import ring
from siyu.outreach import actions as outreach
from siyu.outreach.types import DayPart, Message, Origin, Route, RouteChoice
from siyu.replies import checks
from siyu.replies import store as rows
from siyu.replies.greetings import occasions, reading, store
from siyu.replies.greetings.types import (
    BadGreeting,
    Birthday,
    Greeting,
    GreetingWay,
    NewGreeting,
    Occasion,
    UnknownGreeting,
    Yearly,
)
from siyu.replies.reading import stored_ways
from siyu.tasks import actions as tasks
from siyu.tasks.types import NewTask, TaskKind, TaskWhy

LONGEST_TEXT = 600
MOST = 100
"""Greetings of a company."""
PRIORITY = 100
"""Whoever has a birthday gets its greeting before other pushes of the day."""


def save(ctx: Ctx, new: NewGreeting, greeting_id: int | None = None) -> int:
    """Add a greeting, or replace one; returns its id. It greets from its next occasion whose hour is still to come.

    Raises BadGreeting, BadReply, BadText, UnknownGreeting, the faults of conditions, NoSuchContent, NotPublished,
    NotSendable, FieldsNotAllowed, BadContent, UnknownField, UnknownContent.
    """
    checks.named(new.name)
    text = checks.said(ctx, new.said, LONGEST_TEXT)
    _check_occasion(ctx, new.occasion)
    _check_ways(ctx, new, text)
    values = {
        "name": new.name.strip(),
        "occasion": reading.stored_of(new.occasion),
        "text": text,
        "content_id": new.said.content_id,
        "at": new.at,
        "ways": stored_ways(new.ways),
        "condition": checks.condition(ctx, new.condition, "condition"),
        "active": new.active,
    }
    before = None if greeting_id is None else store.locked(ctx, greeting_id)
    if before is None and len(store.all_rows(ctx)) >= MOST:
        raise BadGreeting(f"at most {MOST} greetings", field="name")
    saved = rows.put(ctx, store.greeting, "greeting_id", greeting_id, {"after_id": 0, **values})
    if saved is None:
        raise UnknownGreeting("there is no such greeting", field="greeting_id")
    today = ctx.now.astimezone(ctx.zone).date()
    # One that is being asked for goes on; otherwise an hour that has passed today is too late for today.
    under_way = before is not None and before.next_day == today and before.next_at <= ctx.now
    first = occasions.next_day(new.occasion, today) if new.active else None
    if first == today and not under_way and occasions.asked_at(new, today, ctx.zone) < ctx.now:
        first = occasions.next_day(new.occasion, today + timedelta(days=1))
    store.plan(ctx, saved, first, None if first is None else occasions.asked_at(new, first, ctx.zone))
    audit.record(ctx, "replies.save_greeting", "greeting", saved, active=new.active)
    ring(ctx, "replies")
    return saved


def delete(ctx: Ctx, greeting_id: int) -> None:
    """Delete a greeting; what it asked for stays asked for. Raises UnknownGreeting."""
    if not rows.drop(ctx, store.greeting, "greeting_id", greeting_id):
        raise UnknownGreeting("there is no such greeting", field="greeting_id")
    audit.record(ctx, "replies.delete_greeting", "greeting", greeting_id)


def greet(ctx: Ctx, limit: int) -> int:
    """Ask for the greeting that is due first, for the next ``limit`` people; returns how many rows were looked at.

    Once a year and person by its key. A day that is over is passed by: nobody wants yesterday's wishes.
    """
    row = store.first_due(ctx)
    if row is None:
        return 0
    one = reading.greeting_of(row)
    day = ctx.now.astimezone(ctx.zone).date()
    if one.next_day != day:
        _on(ctx, one, day)
        return 1
    people = reading.concerned(ctx, one.new.occasion, day)
    last, found = store.chunk(ctx, customers.customer, people, row.after_id, limit)
    if last is not None:
        _ask(ctx, one, store.between(customers.customer, people, row.after_id, last))
    if last is not None and found == limit:
        store.plan(ctx, one.greeting_id, day, one.next_at, last)
    else:
        _on(ctx, one, day + timedelta(days=1))
    return max(found, 1)


def _on(ctx: Ctx, one: Greeting, first: date) -> None:
    """The greeting waits for its next occasion, from a day on."""
    day = occasions.next_day(one.new.occasion, first)
    store.plan(ctx, one.greeting_id, day, None if day is None else occasions.asked_at(one.new, day, ctx.zone))


def _ask(ctx: Ctx, one: Greeting, people: Select[Any]) -> None:
    day = one.next_day
    assert day is not None
    new = one.new
    who = reading.audience(ctx, new, people)
    key = f"greeting:{one.greeting_id}:{occasions.year_of(new.occasion, day)}"
    over = occasions.moment(day + timedelta(days=1), time(), ctx.zone)
    if not new.ways:
        why = TaskWhy.BIRTHDAY if isinstance(new.occasion, Birthday) else TaskWhy.HOLIDAY
        task = NewTask(TaskKind.GREETING, why, f"greeting:{one.greeting_id}", say=new.said.text or "")
        tasks.add(ctx, store.errands(who, key, over), task=task)
        return
    confirmed = new.ways[0].route == "wecom_group_send"
    wanted: datetime | None = None if confirmed else occasions.moment(day, new.at, ctx.zone)
    outreach.request(
        ctx,
        store.sends(who, key, wanted, over),
        message=Message(content_id=new.said.content_id, text=new.said.text, again=new.said.content_id is None),
        routes=tuple(_choice(way, new.at) for way in new.ways),
        origin=Origin("greeting", one.greeting_id),
        priority=PRIORITY,
    )


def _choice(way: GreetingWay, at: time) -> RouteChoice:
    part = part_of(at) if way.route == "wecom_group_send" else None
    return RouteChoice(Route(way.route), way.account_id, template=way.template, part=part)


def part_of(at: time) -> DayPart:
    """The round in which a salesperson confirms what is to be said at an hour."""
    for until, part in ((11, DayPart.MORNING), (17, DayPart.NOON), (20, DayPart.AFTER_WORK)):
        if at.hour < until:
            return part
    return DayPart.EVENING


def _check_occasion(ctx: Ctx, occasion: Occasion) -> None:
    if isinstance(occasion, Birthday):
        types = {known.name: known.type for known in customers.definitions(ctx)}
        if types.get(occasion.attribute) != "date":
            raise BadGreeting(f"there is no date called {occasion.attribute}", field="occasion.attribute")
        if occasion.lunar_if is not None and types.get(occasion.lunar_if) != "bool":
            raise BadGreeting(f"there is no yes or no called {occasion.lunar_if}", field="occasion.lunar_if")
        if occasion.lunar_if is not None and occasion.calendar == "solar":
            raise BadGreeting("say by which lunar date those are celebrated", field="occasion.calendar")
    if isinstance(occasion, Yearly):
        longest = 30 if occasion.lunar else [*occasions.DAYS[:1], 29, *occasions.DAYS[2:]][occasion.month - 1]
        if occasion.day > longest:
            raise BadGreeting(f"this month has at most {longest} days", field="occasion.day")


def _check_ways(ctx: Ctx, new: NewGreeting, text: str | None) -> None:
    if not new.ways and text is None:
        raise BadGreeting("a staff member is given words, not a content", field="content_id")
    if not new.ways and text is not None and "{{" in text:
        raise BadGreeting("a staff member writes the name; fields are filled in messages only", field="text")
    if wrong := checks.without_account(ctx, new.ways):
        raise BadGreeting("the route has no such account", field=f"ways.{wrong[0]}.account_id")
    for place, way in enumerate(new.ways):
        if (way.route == "oa_template") != (way.template is not None):
            raise BadGreeting("oa_template names its template, no other route does", field=f"ways.{place}.template")
        if way.route == "oa_template" and text is not None:
            raise BadGreeting("a template message carries a content, not a text", field=f"ways.{place}.route")
    content.check_sendable(ctx, new.said.content_id, text, [way.route for way in new.ways])
