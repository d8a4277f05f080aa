"""Stages over sets: who comes to which piece when, and who is moved to another stage."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from siyu.journeys import facts, store, store_rounds
from siyu.journeys.days import Local
from siyu.journeys.program import Move, Node, Piece, Program, Rest, Stage
from siyu.journeys.program import Route as Choice
from siyu.journeys.reference import INSTANT
from siyu.journeys.round import Group, Place, Round
from siyu.journeys.store_rounds import Person
from siyu.journeys.turns import ASKED, Turn, stage_of, turn
from siyu.kernel.ctx import Ctx
from siyu.outreach import actions as outreach
from siyu.outreach import queries as outreach_queries
from siyu.outreach.types import TASK_ROUTES, DayPart, Message, Origin, Route, RouteChoice
from siyu.workdays import queries as workdays


def local(ctx: Ctx) -> Local:
    """The company's zone, quiet hours and workdays."""
    policy = outreach_queries.policy(ctx)
    first, last = policy.quiet_from, policy.quiet_to
    quiet = first.hour * 60 + first.minute, last.hour * 60 + last.minute
    return Local(ctx.zone, quiet, workdays.current(ctx))


def choices(routes: Sequence[Choice], part: DayPart | None = None) -> tuple[RouteChoice, ...]:
    """Routes as outreach takes them; ``part``: in which round of the day salespeople confirm."""
    return tuple(
        RouteChoice(
            Route(one.route),
            one.account_id,
            one.template,
            timedelta(seconds=one.gather) if one.gather else None,
            part=part if one.route in TASK_ROUTES else None,
        )
        for one in routes
    )


def moving(ctx: Ctx, program: Program, node: Node, group: Group) -> tuple[list[tuple[Move, Group]], Group]:
    """Those whom a rule moves into another stage, by the first such rule, and who stays."""
    stage = stage_of(program, node)
    found: list[tuple[Move, Group]] = []
    for rule in program.moves:
        # set-loop: one statement per rule of the journey
        if stage is None or stage.id not in rule.sources:
            continue
        ripe = [one for one in group if one.anchor + timedelta(seconds=rule.after) <= ctx.now]
        held = facts.holding(ctx, rule.condition, store_rounds.people_since(ripe, "anchor")) if ripe else set()
        if fulfilled := _anew(ctx, rule, [one for one in ripe if one.customer_id in held]):
            found.append((rule, fulfilled))
            moved = {one.customer_id for one in fulfilled}
            group = [one for one in group if one.customer_id not in moved]
    return found, group


def _anew(ctx: Ctx, rule: Move, group: Group) -> Group:
    """Those of people who fulfil a rule whom it may move: it never did, or something that it depends on has happened to
    them since."""
    if rule.again is None or not group:
        return group
    before = store_rounds.moved_before(ctx, group, rule.target, f"{store.MOVE}{rule.reason}")
    if not before:
        return group
    since = {customer_id: at + INSTANT for customer_id, at in before.items()}
    again = facts.holding(ctx, rule.again, store_rounds.people_from(since))
    return [one for one in group if one.customer_id not in before or one.customer_id in again]


def run(work: Round, ctx: Ctx, place: Place, node: Stage | Piece | Rest, group: Group) -> None:
    """Run the head, a piece or the rest of a stage over the people who stand there."""
    program = work.programs[place.journey_id, place.version]
    here = local(ctx)
    turns: dict[datetime, Turn] = {}
    taken: dict[tuple[str, str], list[Person]] = {}
    asked: dict[str, list[tuple[Person, Turn]]] = {}
    for one in group:
        found = turns.get(one.anchor)
        if found is None:
            found = turns[one.anchor] = turn(program, node, one.anchor, ctx.now, here)
        if found.target is None:
            one.waiting, one.due_at = found.waiting, found.due_at
            continue
        taken.setdefault((found.edge, found.target), []).append(one)
        if found.edge == ASKED and found.part:
            asked.setdefault(found.part, []).append((one, found))
    if isinstance(node, Piece):
        for part, due in asked.items():
            # set-loop: one request per part of the day in which people come to it
            _ask(ctx, place, program.priority, node, part, due)
    for (edge, target), some in taken.items():
        work.go(place, edge, target, some)


def _ask(ctx: Ctx, place: Place, priority: int, node: Piece, part: str, asked: Sequence[tuple[Person, Turn]]) -> None:
    outreach.request(
        ctx,
        store_rounds.REQUESTS,
        values=store_rounds.requested(
            [one for one, _ in asked],
            wanted=[found.wanted for _, found in asked],
            until=[found.until for _, found in asked],
        ),
        message=Message(content_id=node.content_id, text=node.text),
        routes=choices(node.routes, DayPart(part)),
        origin=Origin("journey", place.journey_id, place.version, node.id),
        priority=priority,
    )
