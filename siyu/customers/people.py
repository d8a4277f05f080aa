"""Private: from touched origins to customers: load the facts, resolve, and make rows and review cases follow."""

from collections.abc import Iterable, Mapping, Sequence

from siyu.customers import recording
from siyu.customers.resolve import Graph, Outcome, Slot, Statement, resolve
from siyu.customers.store import identities, moves, profile, standing
from siyu.customers.store.events import QUIET_TYPES, event_numbers
from siyu.customers.store.profile import Change
from siyu.customers.types import EXCLUSIVE, NewEvent
from siyu.kernel.ctx import Ctx

SOURCE = "customers"


def load(ctx: Ctx, seeds: Iterable[int]) -> tuple[Graph, dict[int, int]]:
    """The closed graph around the seeds, and the customer each origin has now."""
    nodes, facts, members = identities.graph_rows(ctx, identities.closure(ctx, seeds))
    now = {origin_id: customer_id for origin_id, customer_id, _, _ in nodes}
    slots: dict[int, Slot | None] = {
        origin_id: (kind, scope) if kind in EXCLUSIVE else None for origin_id, _, kind, scope in nodes
    }
    links = [(origin_id, own) for origin_id, _, own in facts if own is not None and own != origin_id]
    weak: dict[int, list[int]] = {}
    for origin_id, identity_id, own in facts:
        if own is None:
            weak.setdefault(identity_id, []).append(origin_id)
    groups: dict[tuple[int, str], dict[int, set[int]]] = {}
    for decision_id, verdict, group_no, origin_id in members:
        groups.setdefault((decision_id, verdict), {}).setdefault(group_no, set()).add(origin_id)
    statements = [
        Statement(decision_id, verdict == "same", tuple(frozenset(found[number]) for number in sorted(found)))
        for (decision_id, verdict), found in groups.items()
    ]
    return Graph(slots, links, weak, statements), now


def settle(ctx: Ctx, seeds: Iterable[int], fresh: set[int], *, prefer: Sequence[int] = ()) -> dict[int, int]:
    """Resolve around the seeds and write the outcome; returns origin -> customer of all origins concerned.

    ``fresh`` origins were made in this transaction and own no rows. ``prefer``: closed cases to open again when their
    people are undecided once more.
    """
    graph, before = load(ctx, seeds)
    outcome = resolve(graph)
    after = {origin: min(person) for person in outcome.people for origin in person}
    changed = [(origin, to) for origin, to in sorted(after.items()) if before[origin] != to]
    if changed:
        identities.move_origins(ctx, changed)
    if real := [(origin, before[origin], to) for origin, to in changed if origin not in fresh]:
        _carry(ctx, real, set(after.values()))
    sync_cases(ctx, outcome, list(before), prefer)
    return after


def _carry(ctx: Ctx, real: list[moves.Move], homes: set[int]) -> None:
    """Carry the rows of moved origins; empty the customers that ended; tell the timeline."""
    moves.carry(ctx, real)
    gone = {old for _, old, _ in real} - homes
    if gone:
        moves.retire(ctx, gone)
    targets = {to for _, _, to in real}
    live = targets | {old for _, old, _ in real} & homes
    missing = targets - moves.present(ctx, targets)
    standing.carry_activity(ctx, {(old, to) for _, old, to in real})
    refresh(ctx, live, missing)
    standing.project_activity(ctx, gone, QUIET_TYPES)
    events = created_events(ctx, missing)
    for number, (origin, old, to) in zip(moves.log(ctx, real), real, strict=True):
        props = {"origin_id": origin, "from_id": old, "to_id": to}
        kind = "merged" if old in gone else "split"
        events.append(NewEvent(SOURCE, f"move:{number}", kind, ctx.now, to, props=props, origin_id=origin))
        if old in homes:
            events.append(NewEvent(SOURCE, f"left:{number}", "split_off", ctx.now, old, props=props))
    recording.record(ctx, (), own=events)


def refresh(ctx: Ctx, ids: set[int], new: set[int] | None = None) -> None:
    """Make the profiles say what the rows of these customers say; ``new`` ones have no profile yet."""
    missing = new or set()
    profile.project(ctx, ids - missing, new=missing)
    standing.project_touches(ctx, ids)
    standing.project_consents(ctx, ids)
    standing.project_activity(ctx, ids, QUIET_TYPES)


def last_carry(ctx: Ctx, limit: int) -> int:
    """Carry what transactions wrote under the old customer while a merge or split committed; returns moves settled."""
    settled = moves.settle(ctx, limit)
    homes = identities.customers_of(ctx, [origin for origin, _, _ in settled])
    late = sorted({(origin, old, homes[origin]) for origin, old, _ in settled if homes[origin] != old})
    if late and moves.carry(ctx, late):
        refresh(ctx, {to for _, _, to in late})
    return len(settled)


def created_events(ctx: Ctx, ids: Iterable[int], sources: Mapping[int, str] | None = None) -> list[NewEvent]:
    """The first event of each new customer; ``sources`` says who brought them (default: a split)."""
    named = sources or {}
    return [
        NewEvent(SOURCE, f"created:{one}", "created", ctx.now, one, props={"source": named.get(one, SOURCE)})
        for one in sorted(ids)
    ]


def change_events(ctx: Ctx, changes: Sequence[Change], *, told: bool = True) -> list[NewEvent]:
    """An ``attribute_changed`` for each change, without the values when not ``told`` (because they were erased)."""
    numbers = event_numbers(ctx, len(changes))
    return [
        NewEvent(
            SOURCE,
            f"change:{number}",
            "attribute_changed",
            ctx.now,
            change.customer_id,
            props={"name": change.name, "by": ctx.actor.label}
            | ({"old": change.old, "new": change.new} if told else {}),
        )
        for number, change in zip(numbers, changes, strict=True)
    ]


def sync_cases(ctx: Ctx, outcome: Outcome, origins: Sequence[int], prefer: Sequence[int] = ()) -> None:
    """Make the open review cases around these origins those of ``outcome``; a case keeps its id while it overlaps."""
    stored = identities.open_cases(ctx, origins)
    if not stored and not outcome.cases:
        return
    reusable = dict(sorted(stored.items()))
    back = identities.case_members(ctx, prefer) if prefer else {}
    chosen: list[tuple[int | None, tuple[frozenset[int], ...]]] = []
    reopened: list[int] = []
    for case in sorted(outcome.cases, key=lambda groups: min(map(min, groups))):
        everybody = frozenset().union(*case)
        match = next((case_id for case_id, members in reusable.items() if members & everybody), None)
        if match is not None:
            del reusable[match]
        else:
            match = next((case_id for case_id, members in back.items() if members & everybody), None)
            if match is not None:
                del back[match]
                reopened.append(match)
        chosen.append((match, case))
    if reusable:
        identities.close_cases(ctx, list(reusable), "resolved")
    if reopened:
        identities.reopen_case(ctx, reopened)
    made = iter(identities.open_new_cases(ctx, sum(match is None for match, _ in chosen)))
    rows = [
        (case_id, number, member)
        for match, case in chosen
        for case_id in [next(made) if match is None else match]
        for number, group in enumerate(case)
        for member in sorted(group)
    ]
    if rows:
        identities.set_case_members(ctx, rows)
