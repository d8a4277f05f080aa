"""The engine: moves everybody who is due, node by node, over sets (ARCHITECTURE.md section 6).

One call claims a share of the due people, groups them by (version, node) and runs each node kind over the group;
whoever lands on a step that takes no time goes on in the same call. Statements ask about a group and act on it; where
people stand is kept in memory, because their rows are locked, and written once at the end (docs/adr/0093).
``reference.step`` is the meaning.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from siyu.customers import actions as customers
from siyu.experiments import actions as experiments
from siyu.experiments import queries as arms
from siyu.experiments.arms import arm
from siyu.journeys import facts, sequences, store, store_enrolments, store_rounds, timing
from siyu.journeys.program import (
    Branch,
    Exit,
    Guard,
    Piece,
    Rest,
    Send,
    SetAttribute,
    Split,
    Stage,
    Tagging,
    Target,
    Wait,
    WaitFor,
    Webhook,
)
from siyu.journeys.reference import INSTANT
from siyu.journeys.round import Group, Place, Round, programs_of
from siyu.journeys.store_rounds import Person, people
from siyu.kernel import audit
from siyu.kernel.ctx import Actor, Ctx
from siyu.kernel.db import SLOTS
from siyu.outreach import actions as outreach
from siyu.outreach.types import Message, Origin, Route, RouteChoice
from siyu.tags import actions as tags
from siyu.tags.types import TagReadOnly, TagRetired

ALL_SLOTS = (0, SLOTS - 1)


def advance(
    ctx: Ctx, limit: int, slots: tuple[int, int] = ALL_SLOTS, rows: Sequence[store.ProgramRow] | None = None
) -> int:
    """Move up to ``limit`` due people of a range of slots, each until they have to wait; returns how many were due.

    ``rows``: the versions of running journeys, when the caller has read them already.
    """
    rows = store.programs(ctx, ["running"]) if rows is None else rows
    if not rows:
        return 0
    claimed = store_rounds.claim(ctx, sorted({row.journey_id for row in rows}), limit, slots)
    if not claimed:
        return 0
    work = Round(ctx, programs_of(rows))
    for one in claimed:
        place = Place(one.journey_id, one.version, one.node, one.waiting, False)
        work.groups.setdefault(place, []).append(one)
    live(work)
    work.finish(claimed)
    return len(claimed)


def live(work: Round) -> None:
    """Let everybody go on until they have to wait."""
    while work.groups:
        # set-loop: one round per node reached, not per person; steps without waiting cannot form a cycle
        place = next(iter(work.groups))
        _run(work, place, work.groups.pop(place))


def check(ctx: Ctx, rules: Iterable[Guard], group: Group) -> tuple[list[tuple[Guard, Group]], Group]:
    """Mark goals of people in one version; returns those who fulfil a rule that ends the journey, by the first such
    rule, and who goes on."""
    ending: list[tuple[Guard, Group]] = []
    for rule in rules:
        # set-loop: one statement per rule of the journey
        if not group:
            break
        held = facts.holding(ctx, rule.condition, store_rounds.people_since(group, "entered_at"))
        if not held:
            continue
        fulfilled = [one for one in group if one.customer_id in held]
        if rule.goal and (reached := store_enrolments.reach(ctx, fulfilled, rule.name)):
            one = fulfilled[0]
            store.count_edges(ctx, {(one.journey_id, one.version, "", f"{store.GOAL}{rule.name}", ""): reached})
        if rule.ends:
            ending.append((rule, fulfilled))
            group = [one for one in group if one.customer_id not in held]
    return ending, group


def _run(work: Round, place: Place, group: Group) -> None:
    """Run one node over the people who stand there."""
    program = work.programs[place.journey_id, place.version]
    node = program.node(place.node)
    ctx = work.ctx.acting(Actor("rule", f"journey:{program.key}/{node.id}", place.journey_id))
    if program.guards and not place.checked:
        ending, group = check(ctx, program.guards, group)
        for guard, fulfilled in ending:
            work.end(place, fulfilled, guard.reason)
    if program.moves and not place.checked:
        moving, group = sequences.moving(ctx, program, node, group)
        for rule, fulfilled in moving:
            work.move(place, fulfilled, rule.target, rule.reason, ctx.actor.label)
    if not group:
        return
    match node:
        case Stage() | Piece() | Rest():
            sequences.run(work, ctx, place, node, group)
        case Send() | Webhook():
            if place.waiting in ("sent", "not_sent"):
                work.go(place, place.waiting, node.on_sent if place.waiting == "sent" else node.on_not_sent, group)
            elif place.waiting is None:
                _request(ctx, place, program.priority, node, group)
        case Wait():
            _wait(work, place, node, group)
        case WaitFor():
            _wait_for(work, place, node, group)
        case Branch():
            since = "since" if node.since_send else "entered_at"
            for case in node.cases:
                # set-loop: one statement per case of the branch
                if not group:
                    break
                held = facts.holding(ctx, case.condition, store_rounds.people_since(group, since))
                work.go(place, case.name, case.next, [one for one in group if one.customer_id in held])
                group = [one for one in group if one.customer_id not in held]
            work.go(place, node.other, node.next, group)
        case Split():
            _split(work, ctx, place, node, group)
        case Tagging():
            if node.kind == "set_tag":
                _give(ctx, place, node, group)
            else:
                _take(ctx, node, group)
            work.go(place, "next", node.next, group, checked=False)
        case SetAttribute():
            customers.set_attributes(ctx, people(group), {node.name: node.value}, why=ctx.actor.label)
            work.go(place, "next", node.next, group, checked=False)
        case Exit():
            work.end(place, group, node.reason)


def _give(ctx: Ctx, place: Place, node: Tagging, group: Group) -> None:
    """Give the tag. One that was retired since is given to nobody, which is noted, and the people go on."""
    expires = ctx.now + timedelta(seconds=node.expires) if node.expires else None
    try:
        tags.add(ctx, tag_id=node.tag_id, who=people(group), why=ctx.actor.label, expires_at=expires)
    except TagRetired as refused:
        audit.record(ctx, "journeys.tag_not_given", "tag", node.tag_id, reason=refused.code, people=len(group))


def _take(ctx: Ctx, node: Tagging, group: Group) -> None:
    """Take the tag. One that by now only its platform takes stays, which is noted, and the people go on."""
    try:
        tags.remove(ctx, tag_id=node.tag_id, who=people(group), why=ctx.actor.label)
    except TagReadOnly as refused:
        audit.record(ctx, "journeys.tag_not_taken", "tag", node.tag_id, reason=refused.code, people=len(group))


def _request(ctx: Ctx, place: Place, priority: int, node: Send | Webhook, group: Group) -> None:
    """Ask outreach for a send; the people wait for its outcome."""
    if isinstance(node, Send):
        message, routes = Message(content_id=node.content_id, text=node.text), sequences.choices(node.routes)
        answers = node.answers
    else:
        message, routes, answers = Message(url=node.url, body=node.body), (RouteChoice(Route.WEBHOOK, 0),), False
    origin = Origin("journey", place.journey_id, place.version, node.id)
    values = store_rounds.requested(group, answers=answers)
    outreach.request(
        ctx, store_rounds.REQUESTS, values=values, message=message, routes=routes, origin=origin, priority=priority
    )
    for one in group:
        one.waiting, one.due_at = "outcome", None


def _wait(work: Round, place: Place, node: Wait, group: Group) -> None:
    ctx = work.ctx
    if node.skip:
        group = _skip(work, place, node.next, group)
    ends: dict[datetime, datetime] = {}
    passed = []
    for one in group:
        base = one.anchor if node.from_send else one.node_at
        due = ends.get(base)
        if due is None:
            due = ends[base] = timing.wait_end(base, node.length, node.at, node.days, ctx.zone)
        if due <= ctx.now:
            one.anchor = due
            passed.append(one)
        else:
            one.waiting, one.due_at = "time", due
    work.go(place, "next", node.next, passed)


def _wait_for(work: Round, place: Place, node: WaitFor, group: Group) -> None:
    if node.skip:
        group = _skip(work, place, node.on_timeout, group)
    if not group:
        return
    # Looked at again when the time is out: the event may be on the timeline while its pulse still waits.
    events = facts.occurred(work.ctx, node.condition, [(one.customer_id, one.since) for one in group])
    length = timedelta(seconds=node.timeout)
    happened, late = [], []
    for one in group:
        event = events.get(one.customer_id)
        due = (one.anchor if node.from_send else one.node_at) + length
        if event is not None:
            one.answer_event, one.anchor = event
            one.since = one.anchor + INSTANT
            happened.append(one)
        elif due <= work.ctx.now:
            one.anchor = due
            late.append(one)
        else:
            one.waiting, one.due_at = "event", due
    work.go(place, "happened", node.on_happened, happened)
    work.go(place, "timeout", node.on_timeout, late)


def _skip(work: Round, place: Place, target: Target, group: Group) -> Group:
    """Pass those whose last send did not go out: this wait would have counted from it."""
    work.go(place, "skipped", target, [one for one in group if not one.sent])
    return [one for one in group if one.sent]


def _split(work: Round, ctx: Ctx, place: Place, node: Split, group: Group) -> None:
    experiments.assign(ctx, node.experiment, people(group), node.arms)
    held = arms.held(ctx, node.experiment, people(group))
    paths = {path.name: path for path in node.paths}
    taken: dict[str, list[Person]] = {}
    for one in group:
        # Whoever holds an arm that a later version dropped: the rule decides among those that are left.
        name = held.get(one.customer_id)
        name = name if name in paths else arm(node.experiment, one.customer_id, node.arms)
        taken.setdefault(name, []).append(one)
    for name, path in paths.items():
        work.go(place, name, path.next, taken.get(name, ()), checked=False)
