"""Pure: what of one sender's day is handed over now, what is moved and why. Nothing is left out silently."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import combinations
from typing import Literal
from zoneinfo import ZoneInfo

from siyu.outreach.policy import midnight
from siyu.outreach.sendtasks.kinds import KINDS, Kind
from siyu.outreach.sendtasks.rounds import part_at, upcoming
from siyu.outreach.types import DayPart, Route, TaskRules

Post = Literal["handing", "open", "posted"]
"""Where a sender's Moments post stands: WeCom is being told, it waits for the sender, or it is out."""
AGAIN = timedelta(minutes=1)
"""After so long people whose post is just being handed over are looked at again."""


@dataclass(frozen=True, slots=True)
class Piece:
    """The people of one sender who are to get one choice of one message in one round. ``post``: the sender's earlier
    post of the same content."""

    message_id: int
    choice: int
    due_at: datetime
    people: int
    priority: int
    expires_at: datetime
    route: str = Route.WECOM_GROUP_SEND
    post: Post | None = None

    @property
    def kind(self) -> Kind:
        """What is particular to its route."""
        return KINDS[Route(self.route)]

    @property
    def tasks(self) -> int:
        """How many tasks they take."""
        if self.kind.shared:
            return 0 if self.post else 1
        return -(-self.people // self.kind.most)


@dataclass(frozen=True, slots=True)
class Taken:
    """What of the sender's day is used up: tasks, the day parts that had a round, Moments posts of the day and of the
    month."""

    tasks: int = 0
    parts: frozenset[DayPart] = frozenset()
    posts: int = 0
    month: int = 0


@dataclass(frozen=True, slots=True)
class Moved:
    """A piece that goes later than it was due. Reasons: joined, rounds_full, tasks_full, posts_full."""

    piece: Piece
    until: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Plan:
    """``hand``: to be handed over now, the most important first. ``posted``: never, the sender posted the same before.
    Pieces of later rounds that stay are in none."""

    hand: tuple[Piece, ...]
    moved: tuple[Moved, ...]
    posted: tuple[Piece, ...] = ()


def plan(pieces: Sequence[Piece], taken: Taken, rules: TaskRules, now: datetime, zone: ZoneInfo) -> Plan:
    """Plan the rest of the local day of ``now`` for one sender, whose pieces of this day are given."""
    posted = tuple(piece for piece in pieces if piece.post == "posted")
    placed = [(piece, max(piece.due_at, now)) for piece in pieces if piece.post != "posted"]
    placed, moved = _posts(placed, taken, rules, now, zone)
    placed, left = _rounds(placed, taken, rules, zone)
    moved += left
    if sum(piece.tasks for piece, _ in placed) > rules.tasks_day - taken.tasks:
        placed = _joined(placed, rules)
        placed, over = _ranked(placed, rules.tasks_day - taken.tasks)
        moved += [Moved(piece, _tomorrow(rules, at, zone), "tasks_full") for piece, at in over]
    moved += [Moved(piece, at, "joined") for piece, at in placed if at > max(piece.due_at, now)]
    hand = sorted((piece for piece, at in placed if at <= now), key=_rank)
    return Plan(tuple(hand), tuple(moved), posted)


Placed = list[tuple[Piece, datetime]]


def _rank(piece: Piece) -> tuple[int, datetime, int, int, int]:
    return -piece.priority, piece.expires_at, -piece.people, piece.message_id, piece.choice


def _tomorrow(rules: TaskRules, at: datetime, zone: ZoneInfo) -> datetime:
    """The same part of the next day."""
    day = (at + rules.lead).astimezone(zone).date()
    part = part_at(rules, at, zone)
    wanted = DayPart.MORNING if part is DayPart.WEEKEND_MORNING else part
    return upcoming(rules, wanted, midnight(day + timedelta(days=1), zone), zone)


def _posts(placed: Placed, taken: Taken, rules: TaskRules, now: datetime, zone: ZoneInfo) -> tuple[Placed, list[Moved]]:
    """All customers of the sender see each post, so there are few a day: the rest goes another day. Who is asked for
    while their post is being handed over waits until that is known."""
    shared = [(piece, at) for piece, at in placed if piece.kind.shared]
    if not shared:
        return placed, []
    stay, left = _ranked(shared, min(rules.posts_day - taken.posts, rules.posts_month - taken.month))
    moved = [Moved(piece, _tomorrow(rules, at, zone), "posts_full") for piece, at in left]
    moved += [Moved(piece, now + AGAIN, "joined") for piece, at in stay if piece.post == "handing" and at <= now]
    gone = {id(one.piece) for one in moved}
    return [(piece, at) for piece, at in placed if id(piece) not in gone], moved


def _rounds(placed: Placed, taken: Taken, rules: TaskRules, zone: ZoneInfo) -> tuple[Placed, list[Moved]]:
    """Move the pieces of rounds that are too many to a later round of the day within the tolerance, else to tomorrow;
    such that as few people as possible wait until tomorrow, and as few as possible are moved at all."""
    starts: dict[DayPart, datetime] = {}
    part_of = {at: part_at(rules, at, zone) for _, at in placed}
    for at, part in sorted(part_of.items()):
        starts.setdefault(part, at)
    new = [part for part in starts if part not in taken.parts]
    room = max(rules.rounds_day - len(taken.parts), 0)
    if len(new) <= room:
        return placed, []

    def moves(kept: Iterable[DayPart]) -> tuple[Placed, list[Moved], tuple[int, int]]:
        targets = sorted(starts[part] for part in starts if part in taken.parts or part in set(kept))
        stay, leave, waiting, shifted = [], [], 0, 0
        for piece, at in placed:
            if part_of[at] in taken.parts or part_of[at] in set(kept):
                stay.append((piece, at))
                continue
            shifted += piece.people
            target = next((one for one in targets if at < one <= piece.due_at + rules.tolerance), None)
            if target is None:
                waiting += piece.people
                leave.append(Moved(piece, _tomorrow(rules, at, zone), "rounds_full"))
            else:
                stay.append((piece, target))
        return stay, leave, (waiting, shifted)

    stay, leave, _ = min((moves(kept) for kept in combinations(new, room)), key=lambda found: found[2])
    return stay, leave


def _joined(placed: Placed, rules: TaskRules) -> Placed:
    """The same message in two rounds is one task of the later, where the tolerance allows it."""
    latest: dict[tuple[int, int], list[datetime]] = {}
    for piece, at in placed:
        latest.setdefault((piece.message_id, piece.choice), []).append(at)
    return [
        (
            piece,
            max(
                one for one in latest[piece.message_id, piece.choice] if one <= max(at, piece.due_at + rules.tolerance)
            ),
        )
        for piece, at in placed
    ]


def _ranked(placed: Placed, budget: int) -> tuple[Placed, Placed]:
    """What fits into the budget of tasks, and the rest. Pieces of one message in one round are one task."""
    groups: dict[tuple[int, int, datetime], Placed] = {}
    for piece, at in placed:
        groups.setdefault((piece.message_id, piece.choice, at), []).append((piece, at))
    kept: Placed = []
    left: Placed = []
    for group in sorted(groups.values(), key=lambda group: _rank(_whole(group))):
        tasks = _whole(group).tasks
        fits = tasks <= budget
        budget -= tasks if fits else 0
        (kept if fits else left).extend(group)
    return kept, left


def _whole(group: Placed) -> Piece:
    first = group[0][0]
    return replace(
        first,
        people=sum(piece.people for piece, _ in group),
        priority=max(piece.priority for piece, _ in group),
        expires_at=min(piece.expires_at for piece, _ in group),
    )
