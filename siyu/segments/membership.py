"""Private: keeping members current. A pulse and a tick look only at the segments and customers concerned."""

import json
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from siyu.customers import actions as customers
from siyu.customers import queries as customer_queries
from siyu.customers.types import NewEvent
from siyu.kernel import notices
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import ids_of
from siyu.kernel.jobs import Pulse
from siyu.segments import compile as compiled
from siyu.segments import store
from siyu.segments.frame import Who
from siyu.segments.parse import depends, load
from siyu.segments.types import Condition, Depends

ALL_CONCERNED = frozenset({"created", "merged", "split", "split_off", "erased", "unfollowed"})
"""Events after which every segment looks at the customers anew: they came, went, got other people's past, or left an
account, by which texts that it told are erased from events of any type."""
Pairs = list[tuple[int, int]]
"""(segment_id, customer_id) each."""
Touched = dict[int, set[int]]
"""segment_id -> the customers to look at again."""


@dataclass(frozen=True, slots=True)
class Definition:
    """A saved segment as evaluating needs it."""

    segment_id: int
    name: str
    condition: Condition
    depends: Depends
    listened: bool
    evaluated_at: datetime
    due_at: datetime | None


@lru_cache(maxsize=2000)
def _loaded(text: str) -> tuple[Condition, Depends]:
    condition = load(json.loads(text))
    return condition, depends(condition)


def definitions(ctx: Ctx) -> dict[int, Definition]:
    """All saved segments."""
    return {
        row.segment_id: Definition(
            row.segment_id, row.name, *_loaded(row.condition), row.listened, row.evaluated_at, row.due_at
        )
        for row in store.definitions(ctx)
    }


def levels(known: Mapping[int, Definition]) -> list[list[int]]:
    """The segments so that each stands after those that its condition refers to."""
    depth: dict[int, int] = {}

    def deep(segment_id: int) -> int:
        if segment_id not in depth:
            inner = [deep(other) for other in known[segment_id].depends.segments if other in known]
            depth[segment_id] = 1 + max(inner, default=-1)
        return depth[segment_id]

    for segment_id in known:
        deep(segment_id)
    found: list[list[int]] = [[] for _ in range(1 + max(depth.values(), default=-1))]
    for segment_id, level in depth.items():
        found[level].append(segment_id)
    return found


def concerned(known: Mapping[int, Definition], pulse: Pulse) -> Touched:
    """Which segments must look at which customers again after these events."""
    by_key: dict[tuple[str, object], list[int]] = {}
    for segment_id, definition in known.items():
        needs = definition.depends
        keys: list[tuple[str, object]] = [("event", name) for name in needs.events]
        keys += [("attribute", name) for name in needs.attributes] + [("tag", tag_id) for tag_id in needs.tags]
        for key in [*keys, *([("any", None)] if needs.everything else [])]:
            by_key.setdefault(key, []).append(segment_id)
    touched: Touched = {}
    for event in pulse.events:
        people = {event.customer_id}
        if event.type in ALL_CONCERNED:
            people |= {int(str(event.props[name])) for name in ("from_id", "to_id") if name in event.props}
            segments: Iterable[int] = known
        else:
            segments = [*by_key.get(("event", event.type), ()), *by_key.get(("any", None), ())]
            if event.type == "attribute_changed":
                segments += by_key.get(("attribute", event.props.get("name")), ())
            elif event.type in ("tag_added", "tag_removed"):
                segments += by_key.get(("tag", event.props.get("tag_id")), ())
        for segment_id in segments:
            touched.setdefault(segment_id, set()).update(people)
    return touched


def follow(
    ctx: Ctx, known: Mapping[int, Definition], touched: Touched, *, shared: bool, quiet: Set[int] = frozenset()
) -> int:
    """Bring the members up to date for the customers touched, inner segments first; returns how many pairs changed.

    ``shared``: other transactions may do the same at once for other customers (pulses of other slots). Statements
    are bounded by the segments concerned, not by the customers. ``quiet``: customers of whom only an import without
    leave told something; their segment_entered says so, and no journey starts.
    """
    if not touched:
        return 0
    dependents: dict[int, list[int]] = {}
    for segment_id, definition in known.items():
        for inner in definition.depends.segments:
            dependents.setdefault(inner, []).append(segment_id)
    store.lock(ctx, sorted(_with_outer(touched, dependents)), shared=shared)
    gained: Pairs = []
    lost: Pairs = []
    for level in levels(known):
        entering: Pairs = []
        leaving: Pairs = []
        for segment_id in level:  # set-loop: one statement per segment concerned
            if not touched.get(segment_id):
                continue
            who = ids_of(sorted(touched[segment_id]))
            inside = compiled.members(ctx, known[segment_id].condition, who)
            more, fewer = store.differences(ctx, segment_id, who, inside)
            entering += [(segment_id, customer_id) for customer_id in more]
            leaving += [(segment_id, customer_id) for customer_id in fewer]
            for outer in dependents.get(segment_id, ()) if more or fewer else ():
                touched.setdefault(outer, set()).update(more, fewer)
        if entering:
            store.enter(ctx, entering)
        if leaving:
            store.leave(ctx, leaving)
        gained += entering
        lost += leaving
    _tell(ctx, known, gained, lost, quiet)
    return len(gained) + len(lost)


def _with_outer(touched: Touched, dependents: Mapping[int, list[int]]) -> set[int]:
    found, waiting = set[int](), list(touched)
    while waiting:
        segment_id = waiting.pop()
        if segment_id not in found:
            found.add(segment_id)
            waiting += dependents.get(segment_id, ())
    return found


def _tell(ctx: Ctx, known: Mapping[int, Definition], gained: Pairs, lost: Pairs, quiet: Set[int]) -> None:
    """Write segment_entered / segment_left for the segments that something listens to."""
    told = [
        (kind, pair)
        for kind, pairs in (("entered", gained), ("left", lost))
        for pair in pairs
        if known[pair[0]].listened
    ]
    if not told:
        return
    people = {customer_id for _, (_, customer_id) in told}
    active = customer_queries.active(ctx, sorted(people)) if lost else people
    change_id = store.next_change_id(ctx)
    events = [
        NewEvent(
            source="segments",
            key=f"{change_id}:{segment_id}:{customer_id}",
            type=f"segment_{kind}",
            occurred_at=ctx.now,
            customer_id=customer_id,
            props={"segment_id": segment_id} | ({"quiet": True} if customer_id in quiet else {}),
        )
        for kind, (segment_id, customer_id) in told
        if customer_id in active
    ]
    customers.record(ctx, events)


def rebase(ctx: Ctx, known: Mapping[int, Definition], segment_id: int) -> None:
    """Compute the members of a new or edited segment, and of those that refer to it, anew.

    The caller holds the definitions alone. One notice ``segment.rebased`` {segment_id, size} each stands for all the
    differences.
    """
    dependents: dict[int, list[int]] = {}
    for other, definition in known.items():
        for inner in definition.depends.segments:
            dependents.setdefault(inner, []).append(other)
    concerned_ids = _with_outer({segment_id: set()}, dependents)
    for level in levels(known):
        for other in level:  # set-loop: the edited segment and those that refer to it
            if other in concerned_ids:
                condition = known[other].condition
                size = store.rebase(ctx, other, compiled.members(ctx, condition))
                store.evaluated(ctx, other, next_change(ctx, condition))
                notices.write(ctx, "segment.rebased", segment_id=other, size=size)


def next_change(ctx: Ctx, condition: Condition, who: Who | None = None) -> datetime | None:
    """When time alone may next change the condition for somebody (of ``who``), rounded up to the second."""
    times = compiled.due(ctx, condition, who)
    known = [time for time in times if isinstance(time, datetime)]
    asked = [time for time in times if not isinstance(time, datetime)]
    found = store.earliest(ctx, asked) if asked else None
    earliest = min([*known, *([found] if found else [])], default=None)
    if earliest is None:
        return None
    return earliest if not earliest.microsecond else earliest.replace(microsecond=0) + timedelta(seconds=1)


def schedule(ctx: Ctx, known: Mapping[int, Definition], touched: Touched) -> None:
    """Bring the due times forward for what just happened to the customers touched."""
    dues: list[tuple[int, datetime]] = []
    for segment_id, people in touched.items():  # set-loop: one statement per segment concerned that time can change
        condition = known[segment_id].condition
        if compiled.timed(ctx, condition):
            time = next_change(ctx, condition, ids_of(sorted(people)))
            if time is not None:
                dues.append((segment_id, time))
    if dues:
        store.sooner(ctx, dues)


def advance(ctx: Ctx, known: Mapping[int, Definition]) -> int:
    """Note the customers for whom time has changed a due segment; returns how many segments were due."""
    ready = [
        definition for definition in known.values() if definition.due_at is not None and definition.due_at <= ctx.now
    ]
    if ready:
        store.lock(ctx, [definition.segment_id for definition in ready], shared=False)
    for definition in ready:  # set-loop: the segments that are due
        moved = compiled.changed(ctx, definition.condition, definition.evaluated_at)
        if moved is not None:
            store.put_due(ctx, [definition.segment_id], moved)
        store.evaluated(ctx, definition.segment_id, next_change(ctx, definition.condition))
    return len(ready)
