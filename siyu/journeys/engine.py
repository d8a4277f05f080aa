"""The engine: moves everybody who is due, node by node, over sets (ARCHITECTURE.md section 6).

One call takes a share of the due people, groups them by (version, node) and runs each node kind's statements over the
group; whoever lands on a step that takes no time goes on in the same call. ``reference.step`` is the meaning.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, NamedTuple

from sqlalchemy import Interval, and_, literal

from siyu.customers import actions as customers
from siyu.experiments import actions as experiments
from siyu.experiments import queries as arms
from siyu.experiments.arms import arm
from siyu.journeys import facts, store, store_enrolments, timing
from siyu.journeys.program import (
    Branch,
    Exit,
    Program,
    Send,
    SetAttribute,
    Split,
    Tagging,
    Target,
    Wait,
    WaitFor,
    Webhook,
    load,
)
from siyu.journeys.reference import INSTANT
from siyu.journeys.store_enrolments import Batch, e, move
from siyu.kernel.ctx import Actor, Ctx
from siyu.kernel.db import SLOTS
from siyu.outreach import actions as outreach
from siyu.outreach.types import Message, Origin, Route, RouteChoice
from siyu.tags import actions as tags

ALL_SLOTS = (0, SLOTS - 1)


class Place(NamedTuple):
    """Where a group of people stands."""

    journey_id: int
    version: int
    node: str
    waiting: str | None


@dataclass(slots=True)
class Round:
    """What one call has to do and has done."""

    ctx: Ctx
    programs: dict[tuple[int, int], Program]
    groups: dict[Place, list[tuple[int, int]]] = field(default_factory=dict)
    edges: Counter[tuple[int, int, str, str, str]] = field(default_factory=Counter)
    ended: list[tuple[int, int]] = field(default_factory=list)
    steps: int = 0

    def moved(self, place: Place, edge: str, target: Target, rows: Batch) -> None:
        """Note that ``rows`` took an edge; they stand at its target now, or have ended."""
        if not rows:
            return
        self.steps += len(rows)
        self.edges[place.journey_id, place.version, place.node, edge, target or ""] += len(rows)
        if target is None:
            self.ended.extend(rows)
        else:
            self.groups.setdefault(Place(place.journey_id, place.version, target, None), []).extend(rows)

    def finish(self) -> None:
        """Write the counters of edges and the events of those who ended."""
        names = ("journey_id", "version", "source", "edge", "target")
        store.count_edges(
            self.ctx, [dict(zip(names, key, strict=True)) | {"n": n} for key, n in sorted(self.edges.items())]
        )
        if self.ended:
            customers.record_from(self.ctx, store_enrolments.ended_events(self.ended))


def running(ctx: Ctx, states: Sequence[str] = ("running",)) -> dict[tuple[int, int], Program]:
    """The programs of all versions of the journeys in these states."""
    return {(row.journey_id, row.version): load(row.program) for row in store.programs(ctx, states)}


def advance(ctx: Ctx, limit: int, slots: tuple[int, int] = ALL_SLOTS) -> int:
    """Move up to ``limit`` due people of a range of slots, each until they have to wait; returns how many were due."""
    programs = running(ctx)
    if not programs:
        return 0
    due = store_enrolments.claim(ctx, sorted({journey_id for journey_id, _ in programs}), limit, slots)
    work = Round(ctx, programs)
    for row in due:
        place = Place(row.journey_id, row.version, row.node, row.waiting)
        work.groups.setdefault(place, []).append((row.customer_id, row.enrolment_id))
    while work.groups:
        # set-loop: one round per node reached, not per person; steps without waiting cannot form a cycle
        place = next(iter(work.groups))
        _run(work, place, work.groups.pop(place))
    if due:
        work.finish()
    return len(due)


def guard(work: Round, place: Place, batch: Batch, guards: Iterable[Any]) -> Batch:
    """End, or mark, those who fulfil an exit rule or reach a goal; returns those who go on."""
    for rule in guards:
        # set-loop: one statement per rule of the journey
        held = facts.holding(work.ctx, rule.condition, store_enrolments.people(batch, e.entered_at))
        if rule.goal:
            fulfilled = [row for row in batch if row[0] in held]
            store_enrolments.reach(work.ctx, fulfilled, rule.name)
        if rule.ends and held:
            end(work, place, [row for row in batch if row[0] in held], rule.reason)
            batch = [row for row in batch if row[0] not in held]
    return batch


def end(work: Round, place: Place, batch: Batch, reason: str) -> None:
    """End people where they stand; what outreach has not yet claimed of theirs is cancelled."""
    ended = store_enrolments.end(work.ctx, batch, reason)
    if place.waiting == "outcome":
        origin = Origin("journey", place.journey_id, place.version, place.node)
        outreach.cancel(work.ctx, store_enrolments.people(ended), origin, "journey_ended")
    work.moved(place, f"{store.END}{reason}", None, ended)


def _run(work: Round, place: Place, batch: Batch) -> None:
    """Run the statements of one node over the people who stand there."""
    program = work.programs[place.journey_id, place.version]
    node = program.node(place.node)
    ctx = work.ctx.acting(Actor("rule", f"journey:{program.key}/{node.id}", place.journey_id))
    batch = guard(work, place, batch, program.guards)
    if not batch:
        return
    match node:
        case Send() | Webhook():
            if place.waiting in ("sent", "not_sent"):
                target = node.on_sent if place.waiting == "sent" else node.on_not_sent
                work.moved(place, place.waiting, target, move(ctx, batch, place.waiting, target))
            elif place.waiting is None:
                _request(ctx, place, node, store_enrolments.set_waiting(ctx, batch, "outcome", None))
        case Wait():
            _wait(work, ctx, place, node, batch)
        case WaitFor():
            _wait_for(work, ctx, place, node, batch)
        case Branch():
            since = e.since if node.since_send else e.entered_at
            for case in node.cases:
                # set-loop: one statement per case of the branch
                held = facts.holding(ctx, case.condition, store_enrolments.people(batch, since))
                chosen = [row for row in batch if row[0] in held]
                work.moved(place, case.name, case.next, move(ctx, chosen, case.name, case.next))
                batch = [row for row in batch if row[0] not in held]
            work.moved(place, node.other, node.next, move(ctx, batch, node.other, node.next))
        case Split():
            _split(work, ctx, place, node, batch)
        case Tagging():
            who = store_enrolments.people(batch)
            if node.kind == "set_tag":
                expires = ctx.now + timedelta(seconds=node.expires) if node.expires else None
                tags.add(ctx, tag_id=node.tag_id, who=who, why=ctx.actor.label, expires_at=expires)
            else:
                tags.remove(ctx, tag_id=node.tag_id, who=who, why=ctx.actor.label)
            work.moved(place, "next", node.next, move(ctx, batch, "next", node.next))
        case SetAttribute():
            customers.set_attributes(ctx, store_enrolments.people(batch), {node.name: node.value}, why=ctx.actor.label)
            work.moved(place, "next", node.next, move(ctx, batch, "next", node.next))
        case Exit():
            end(work, place, batch, node.reason)


def _request(ctx: Ctx, place: Place, node: Send | Webhook, batch: Batch) -> None:
    if not batch:
        return
    if isinstance(node, Send):
        message = Message(content_id=node.content_id, text=node.text)
        routes = tuple(
            RouteChoice(
                Route(one.route), one.account_id, one.template, timedelta(seconds=one.gather) if one.gather else None
            )
            for one in node.routes
        )
        answers = node.answers
    else:
        message, routes, answers = Message(url=node.url, body=node.body), (RouteChoice(Route.WEBHOOK, 0),), False
    origin = Origin("journey", place.journey_id, place.version, node.id)
    outreach.request(ctx, store_enrolments.requests(ctx, batch, answers), message=message, routes=routes, origin=origin)


def _wait(work: Round, ctx: Ctx, place: Place, node: Wait, batch: Batch) -> None:
    base = e.anchor if node.from_send else e.node_at
    due = timing.wait_end_sql(base, node.length, node.at, node.days, ctx.zone)
    if node.skip:
        batch = _skip(work, ctx, place, node.next, batch)
    passed = move(ctx, batch, "next", node.next, where=due <= ctx.now, anchor=due)
    work.moved(place, "next", node.next, passed)
    store_enrolments.set_waiting(ctx, _without(batch, passed), "time", due)


def _wait_for(work: Round, ctx: Ctx, place: Place, node: WaitFor, batch: Batch) -> None:
    if node.skip:
        batch = _skip(work, ctx, place, node.on_timeout, batch)
    # Looked at again when the time is out: the event may be on the timeline while its pulse still waits.
    events = facts.occurred(node.condition, store_enrolments.people(batch, e.since)).subquery("occurred")
    happened = move(
        ctx,
        batch,
        "happened",
        node.on_happened,
        where=events.c.customer_id == e.customer_id,
        since=events.c.occurred_at + literal(INSTANT, Interval),
        anchor=events.c.occurred_at,
        answer_event=events.c.event_id,
    )
    work.moved(place, "happened", node.on_happened, happened)
    batch = _without(batch, happened)
    due = (e.anchor if node.from_send else e.node_at) + literal(timedelta(seconds=node.timeout), Interval)
    late = move(ctx, batch, "timeout", node.on_timeout, where=due <= ctx.now, anchor=due)
    work.moved(place, "timeout", node.on_timeout, late)
    store_enrolments.set_waiting(ctx, _without(batch, late), "event", due)


def _skip(work: Round, ctx: Ctx, place: Place, target: Target, batch: Batch) -> Batch:
    """Pass those whose last send did not go out: this wait would have counted from it."""
    skipped = move(ctx, batch, "skipped", target, where=e.sent.is_(False))
    work.moved(place, "skipped", target, skipped)
    return _without(batch, skipped)


def _split(work: Round, ctx: Ctx, place: Place, node: Split, batch: Batch) -> None:
    experiments.assign(ctx, node.experiment, store_enrolments.people(batch), node.arms)
    held = arms.arms(node.experiment).subquery("held")
    rest = batch
    for path in node.paths:
        # set-loop: one statement per arm of the split
        chosen = move(
            ctx, rest, path.name, path.next, where=and_(held.c.customer_id == e.customer_id, held.c.arm == path.name)
        )
        work.moved(place, path.name, path.next, chosen)
        rest = _without(rest, chosen)
    # Whoever holds an arm that a later version dropped: the rule decides among those that are left.
    for path in node.paths if rest else ():
        # set-loop: one statement per arm of the split
        again = [row for row in rest if arm(node.experiment, row[0], node.arms) == path.name]
        work.moved(place, path.name, path.next, move(ctx, again, path.name, path.next))


def _without(batch: Batch, rows: Batch) -> Batch:
    if not rows:
        return batch
    gone = set(rows)
    return [row for row in batch if row not in gone]
