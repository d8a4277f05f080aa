"""One round of the engine in memory: where groups of people stand, and what is written at its end (docs/adr/0093)."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from siyu.journeys import store, store_rounds, telling
from siyu.journeys.program import Program, Target, load
from siyu.journeys.store_rounds import Person, Step
from siyu.journeys.telling import Moved
from siyu.kernel.ctx import Ctx

Group = Sequence[Person]


class Place(NamedTuple):
    """Where a group of people stands. ``checked``: exit rules and goals were looked at in this round, and nothing that
    the round itself did since can have changed them."""

    journey_id: int
    version: int
    node: str
    waiting: str | None
    checked: bool


@dataclass(slots=True)
class Round:
    """What one call has to do and has done."""

    ctx: Ctx
    programs: dict[tuple[int, int], Program]
    groups: dict[Place, list[Person]] = field(default_factory=dict)
    edges: Counter[store.Edge] = field(default_factory=Counter)
    steps: list[Step] = field(default_factory=list)
    moved: list[Moved] = field(default_factory=list)

    def go(self, place: Place, edge: str, target: Target, group: Group, *, checked: bool = True) -> None:
        """Let a group take an edge: it stands at its target now and is due at once, or has completed its journey."""
        if not group:
            return
        self.edges[place.journey_id, place.version, place.node, edge, target or ""] += len(group)
        if target is None:
            for one in group:
                one.reason = "completed"
            return
        now = self.ctx.now
        for one in group:
            one.node, one.waiting = target, None
            one.visit += 1
            one.due_at = one.node_at = now
            self.steps.append(Step(one.customer_id, one.enrolment_id, one.visit, target, edge))
        onward = Place(place.journey_id, place.version, target, None, checked)
        self.groups.setdefault(onward, []).extend(group)

    def end(self, place: Place, group: Group, reason: str) -> None:
        """End people where they stand. ``waiting`` and ``due_at`` stay, so that a split revives them."""
        if group:
            self.edges[place.journey_id, place.version, place.node, f"{store.END}{reason}", ""] += len(group)
        for one in group:
            one.reason = reason

    def move(self, place: Place, group: Group, target: str, why: str, by: str, note: str = "") -> None:
        """Let people stand in another stage: their sequence is swapped at once, and what the former one has asked for
        and is not yet handed over is withdrawn."""
        if not group:
            return
        telling.withdraw(self.ctx, group, "stage_left")
        now = self.ctx.now
        for one in group:
            assert one.stage is not None
            who = (one.customer_id, one.enrolment_id, one.journey_id, one.visit + 1)
            self.moved.append(Moved(*who, one.stage, target, why, by, note))
            one.stage = target
            one.anchor = one.since = now
        self.go(place, f"{store.MOVE}{why}", target, group)

    def finish(self, claimed: Group) -> None:
        """Write where everybody stands, their steps, the counters of edges and the events of those who ended."""
        store_rounds.write(self.ctx, claimed)
        store_rounds.log(self.ctx, self.steps)
        store.count_edges(self.ctx, self.edges)
        if self.moved:
            telling.moved(self.ctx, self.moved)
        telling.ended(self.ctx, [one for one in claimed if one.reason is not None])


def programs_of(rows: Iterable[store.ProgramRow]) -> dict[tuple[int, int], Program]:
    """The programs by (journey_id, version)."""
    return {(row.journey_id, row.version): load(row.program) for row in rows}
