"""Private: welcomes of those who add, follow or enter customer service; second greetings of those who say nothing."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import DateTime, Integer, Text, cast, select

from siyu.customers import queries as customers
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import given, unnest
from siyu.kernel.jobs import PulseEvent
from siyu.outreach import actions as outreach
from siyu.outreach.types import Message, Origin, Route, RouteChoice
from siyu.replies import answering, reading, store, store_seconds
from siyu.replies.types import SCOPES, Welcome
from siyu.tasks import actions as tasks
from siyu.tasks.types import REPLY_MARKED, NewTask, TaskKind, TaskWhy
from siyu.team import queries as team

TYPES = ("contact_added", "welcome_offered", "followed", "kf_entered")
SECOND_KEPT = timedelta(days=2)
"""So long a second greeting is worth making."""
SECOND_WAITS = timedelta(days=1)
"""So long a second greeting waits for a route (quiet hours, caps, a salesperson's confirmation); then it is a task."""
OLDEST_ADD = timedelta(days=7)
"""An add whose second greeting nothing carried is younger: at most three days until it is due, and one of waiting."""
SECOND = "second"
"""Tells second greetings from the welcome itself, in the origin of a request."""
LOST = ("delivery_not_sent", "delivery_failed")
Person = tuple[int, int, str]
"""(customer_id, event_id of the add, userid of who was added)."""
REPLIES = (
    "message_received",
    "menu_clicked",
    "link_clicked",
    "content_viewed",
    "form_started",
    "form_submitted",
    "chat_started",
    REPLY_MARKED,
)
"""Events that count as a reply (PRODUCT.md, "What counts as a reply")."""


def greet(ctx: Ctx, events: Sequence[PulseEvent]) -> None:
    """Welcome those who added a staff member, followed an account or entered customer service, and note whom to greet
    again."""
    # Whoever comes back to customer service was greeted, or wrote there: only a code says that one may greet.
    events = [event for event in events if event.type != "kf_entered" or event.props.get("welcome_code")]
    welcomes = reading.welcomes(ctx, active=True) if events else []
    if not welcomes:
        return
    chosen = choose(ctx, welcomes, events)
    noted = [
        (event.customer_id, event.event_id, "welcomed" if found else "no_welcome", found.welcome_id if found else None)
        for event, found in zip(events, chosen, strict=True)
    ]
    store.note(ctx, noted)
    groups: dict[tuple[int, int, Route], list[PulseEvent]] = {}
    known = {one.welcome_id: one for one in welcomes}
    plans = []
    for event, found in zip(events, chosen, strict=True):
        if found is None:
            continue
        account = int(str(event.props.get("account", 0)))
        if event.type == "followed":
            groups.setdefault((found.welcome_id, account, Route.OA_CUSTOM), []).append(event)
            continue
        if event.type == "kf_entered":
            groups.setdefault((found.welcome_id, account, Route.KF_WELCOME), []).append(event)
            continue
        # Without a code WeCom greets itself, or the two chat already.
        if event.props.get("welcome_code"):
            groups.setdefault((found.welcome_id, account, Route.WECOM_WELCOME), []).append(event)
        if found.new.second_after is not None and event.type == "contact_added":
            at = event.occurred_at
            staff = str(event.props.get("staff", ""))
            plans.append(
                (
                    event.customer_id,
                    event.event_id,
                    event.customer_id,
                    found.welcome_id,
                    account,
                    staff,
                    at,
                    at + found.new.second_after,
                )
            )
    for (welcome_id, account_id, route), group in sorted(groups.items()):
        # set-loop: one request per welcome and account, over all who came
        said = known[welcome_id].new.said
        answering.ask(
            ctx,
            [(event, f"welcome:{event.event_id}") for event in group],
            Message(content_id=said.content_id, text=said.text),
            RouteChoice(route, account_id),
            Origin("welcome", welcome_id),
        )
    if plans:
        store_seconds.plan(ctx, plans)


def choose(ctx: Ctx, welcomes: Sequence[Welcome], events: Sequence[PulseEvent]) -> list[Welcome | None]:
    """The welcome of each event: the narrowest scope, the highest priority, the older one, whose condition holds."""
    ordered = sorted(welcomes, key=lambda one: (SCOPES.index(one.new.scope), -one.new.priority, one.welcome_id))
    fitting = [[one for one in ordered if _fits(one, event)] for event in events]
    concerned: dict[int, list[int]] = {}
    for event, found in zip(events, fitting, strict=True):
        for one in found:
            concerned.setdefault(one.welcome_id, []).append(event.customer_id)
    conditions = {one.welcome_id: one.new.condition for one in welcomes}
    allowed = reading.allowed(ctx, conditions, concerned)
    return [
        next((one for one in found if event.customer_id in allowed[one.welcome_id]), None)
        for event, found in zip(events, fitting, strict=True)
    ]


def _fits(welcome: Welcome, event: PulseEvent) -> bool:
    new, props = welcome.new, event.props
    added = event.type in ("contact_added", "welcome_offered")
    match new.scope:
        case "channel":
            return new.ref == str(props.get("state" if added else "scene", ""))
        case "staff":
            return added and new.ref == props.get("staff")
        case "account":
            return event.type != "kf_entered" and new.ref == str(props.get("account"))
        case "kf_account":
            return event.type == "kf_entered" and new.ref == props.get("open_kfid")
        case "wecom":
            return added
        case "oa":
            return event.type == "followed"
        case "kf":
            return event.type == "kf_entered"


def greet_again(ctx: Ctx, limit: int) -> int:
    """Greet again who was welcomed and said nothing: by the welcome's routes, else as a staff task; returns how many
    were looked at.

    Who was seen to reply, and who is no contact any more, is left alone. Where the archive does not tell of the chat
    nobody knows whether the person replied: the task says so (ADR 124).
    """
    due = store_seconds.due(ctx, customers.events, customers.follows, REPLIES, limit)
    if not due:
        return 0
    welcomes = {one.welcome_id: one for one in reading.welcomes(ctx)}
    again: dict[int, list[Person]] = {}
    for row in due:
        found = welcomes.get(row.welcome_id)
        stands = found is not None and found.new.active and found.new.second_after is not None
        if stands and row.follows and not row.replied:
            again.setdefault(row.welcome_id, []).append((row.customer_id, row.event_id, row.staff))
    store_seconds.end(ctx, [(row.customer_id, row.event_id) for row in due])
    for welcome_id, people in sorted(again.items()):
        # set-loop: one request or one set of tasks per welcome
        if welcomes[welcome_id].new.second_ways:
            _send(ctx, welcomes[welcome_id], people)
        else:
            _give(ctx, welcomes[welcome_id], people)
    return len(due)


def fall_back(ctx: Ctx, events: Sequence[PulseEvent]) -> None:
    """Second greetings that no route carried become staff tasks. Those withdrawn do not."""
    lost: dict[int, list[tuple[int, int]]] = {}
    for event in events:
        kind, _, number = str(event.props.get("origin", "")).partition(":")
        if kind == "welcome" and event.props.get("node") == SECOND and event.props.get("reason") != "cancelled":
            key = int(str(event.props["request_key"]).removeprefix("second:"))
            lost.setdefault(int(number), []).append((event.customer_id, key))
    if not lost:
        return
    welcomes = {one.welcome_id: one for one in reading.welcomes(ctx, active=True)}
    since = ctx.now - OLDEST_ADD
    for welcome_id, ids in sorted(lost.items()):
        # set-loop: one set of tasks per welcome
        if welcome_id in welcomes and (people := store_seconds.those(ctx, customers.events, ids, since)):
            _give(ctx, welcomes[welcome_id], people)


def replied(ctx: Ctx, events: Sequence[PulseEvent]) -> None:
    """Withdraw second greetings that still wait for their hour from those who reply meanwhile."""
    sending = [one for one in reading.welcomes(ctx) if one.new.second_ways] if events else []
    ids = sorted({event.customer_id for event in events})
    for welcome in sending:
        # set-loop: one withdrawal per welcome that greets again by routes
        who = select(unnest("replied", customer_id=(Integer(), ids)).c.customer_id)
        outreach.cancel(ctx, who, Origin("welcome", welcome.welcome_id, node=SECOND), "replied")


def _send(ctx: Ctx, welcome: Welcome, people: Sequence[Person]) -> None:
    values = given(
        store.WANTED,
        customer_id=[customer_id for customer_id, _, _ in people],
        key=[f"second:{event_id}" for _, event_id, _ in people],
        answers=[None for _ in people],
        expires_at=[ctx.now + SECOND_WAITS for _ in people],
    )
    outreach.request(
        ctx,
        store.asking,
        message=Message(text=welcome.new.second_text),
        routes=[RouteChoice(Route(way.route), way.account_id) for way in welcome.new.second_ways],
        origin=Origin("welcome", welcome.welcome_id, node=SECOND),
        values=values,
    )


def _give(ctx: Ctx, welcome: Welcome, people: Sequence[Person]) -> None:
    staff = {member.userid: member.staff_id for member in team.staff(ctx) if member.userid and member.active}
    watched = store_seconds.watched(ctx, customers.events, people, ctx.now - OLDEST_ADD)
    whys = [TaskWhy.NO_REPLY if one[:2] in watched else TaskWhy.REPLY_UNKNOWN for one in people]
    asked = unnest(
        "asked",
        customer_id=(Integer(), [customer_id for customer_id, _, _ in people]),
        key=(Text(), [f"second:{event_id}" for _, event_id, _ in people]),
        staff_id=(Integer(), [staff.get(userid) for _, _, userid in people]),
        why=(Text(), [why.value for why in whys]),
    )
    time = DateTime(timezone=True)
    who = select(
        asked.c.customer_id,
        asked.c.key,
        asked.c.staff_id,
        cast(None, time).label("due_at"),
        cast(ctx.now + SECOND_KEPT, time).label("expires_at"),
        asked.c.why,
        cast(None, Text).label("detail"),
    )
    origin = f"welcome:{welcome.welcome_id}"
    task = NewTask(TaskKind.SECOND_GREETING, TaskWhy.REPLY_UNKNOWN, origin, say=welcome.new.second_text)
    tasks.add(ctx, who, task=task)
