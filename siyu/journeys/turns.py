"""What is to be done with somebody at a node of a stage: pure, the same for everybody who entered it at one time."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from siyu.journeys import days
from siyu.journeys.days import DayPart, Local
from siyu.journeys.program import Node, Piece, Program, Rest, Stage

LOOK_AT = 4 * 60
"""The local minute at which rules are looked at that time alone may fulfil, for people to whom nothing happens."""
ASKED = "asked"
"""The edge behind a piece that outreach was asked to send."""
LATE = "too_late"
"""The edge by which a piece is passed that had given way before the engine came to it (a journey that was paused)."""

LAST_WAITS = timedelta(days=7)
"""So long after its time the last piece of a sequence, to which none comes after, is not begun any more."""


@dataclass(frozen=True, slots=True)
class Turn:
    """Go over ``edge`` to ``target``, or (without a target) wait until ``due_at``.

    Of a piece asked for: from when it is ``wanted``, ``until`` when, and in which ``part`` salespeople confirm it.
    """

    edge: str = ""
    target: str | None = None
    waiting: str | None = None
    due_at: datetime | None = None
    wanted: datetime | None = None
    until: datetime | None = None
    part: DayPart | None = None


def stage_of(program: Program, node: Node) -> Stage | None:
    """The stage to which a node belongs; None in a flow."""
    of = node.stage if isinstance(node, Piece | Rest) else node.id
    return next((stage for stage in program.stages if stage.id == of), None)


def turn(program: Program, node: Stage | Piece | Rest, entered: datetime, now: datetime, local: Local) -> Turn:
    """What is to be done now with whoever entered the node's stage at ``entered``."""
    stage = stage_of(program, node)
    assert stage is not None
    plan = days.plan(stage.sequence, entered, local)
    if isinstance(node, Stage):
        return Turn("begun", plan[0].piece if plan else stage.rest)
    look = _next_look(program, stage, entered, now, local)
    if isinstance(node, Rest):
        return Turn(waiting="rest", due_at=look)
    place = [one.piece for one in plan].index(node.id)
    mine = plan[place]
    following = plan[place + 1].piece if place + 1 < len(plan) else stage.rest
    if mine.skip:
        return Turn(mine.skip, following)
    if mine.at > now:
        return Turn(waiting="time", due_at=min(mine.at, look) if look else mine.at)
    if now >= (mine.until or mine.at + LAST_WAITS):
        return Turn(LATE, following)
    return Turn(ASKED, following, wanted=_wanted(mine.at, now, local), until=mine.until, part=mine.part)


def _wanted(at: datetime, now: datetime, local: Local) -> datetime:
    """A piece that the engine comes to late is wanted from its own time on, so that the round that it was to go in can
    still be caught up with; of another day there is none."""
    same = at.astimezone(local.zone).date() == now.astimezone(local.zone).date()
    return at if same else now


def _next_look(program: Program, stage: Stage, entered: datetime, now: datetime, local: Local) -> datetime | None:
    """When the rules that lead out of a stage are looked at next though nothing happens; None without such rules."""
    rules = [rule for rule in program.moves if stage.id in rule.sources]
    if not rules:
        return None
    today = now.astimezone(local.zone).date()
    looks = [local.moment(today + timedelta(days=n), LOOK_AT) for n in (0, 1)]
    looks += [entered + timedelta(seconds=rule.after) for rule in rules if rule.after]
    return min(look for look in looks if look > now)
