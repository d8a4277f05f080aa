"""Private: how journeys react to events and to time."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from siyu.customers import queries as customers
from siyu.journeys import engine, entries, merges, store, store_enrolments, store_rounds, telling
from siyu.journeys.program import Program, WaitFor, load
from siyu.journeys.round import programs_of
from siyu.journeys.store_rounds import Person
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import ring
from siyu.kernel.jobs import Pulse, PulseEvent
from siyu.kernel.notices import Notice
from siyu.kernel.probes import Due, Probe

OUTCOMES = {
    "delivery_sent": True,
    "delivery_accepted": True,
    "delivery_received": True,
    "delivery_failed": False,
    "delivery_not_sent": False,
}
_KEY = re.compile(r"j(\d+):(\d+):([a-z][a-z0-9_-]*):(\d+)")
KEPT = ("running", "paused")
"""States in which people are taken in and woken; only running journeys move them."""


def pulse(ctx: Ctx, pulse: Pulse) -> None:
    """Follow merges, then exits before entries before wakes; moving on is left to ``tick``."""
    changed = pulse.of("merged", "split")
    if changed:
        merges.follow(ctx, changed)
    erased = sorted({event.customer_id for event in pulse.of("erased")})
    if erased:
        telling.note_ended(ctx, store_enrolments.end_everywhere(ctx, erased, "erased"))
    rows = store.programs(ctx, KEPT)
    if not rows:
        return
    programs = programs_of(rows)
    _exits(ctx, pulse, programs)
    live: dict[int, list[tuple[int, int]]] = {}
    for row in rows:
        if row.live and row.segment_id is not None:
            live.setdefault(row.segment_id, []).append((row.journey_id, row.version))
    entered = _entries(ctx, pulse, programs, live)
    woken = store_enrolments.outcomes(ctx, outcomes(pulse.events), customers.canonical)
    awaited = [
        (journey_id, version, node.id, type_)
        for (journey_id, version), program in programs.items()
        for node in program.nodes
        if isinstance(node, WaitFor)
        for type_ in node.types
    ]
    types = {row[3] for row in awaited}
    touched = sorted({(event.customer_id, event.type) for event in pulse.events if event.type in types})
    woken += store_enrolments.wake(ctx, touched, awaited)
    concerned = [
        (journey_id, version, type_)
        for (journey_id, version), program in programs.items()
        for type_ in moving_types(program, {event.type for event in pulse.events})
    ]
    types = {row[2] for row in concerned}
    touched = sorted({(event.customer_id, event.type) for event in pulse.events if event.type in types})
    woken += store_enrolments.look(ctx, touched, concerned)
    if entered or woken:
        ring(ctx, "tick")


def moving_types(program: Program, happened: set[str]) -> set[str]:
    """The types, of those that happened, after which somebody may move to another stage."""
    return {type_ for rule in program.moves for type_ in happened if not rule.types or type_ in rule.types}


def outcomes(events: Sequence[PulseEvent]) -> list[tuple[int, int, str, int, bool, datetime]]:
    """The first outcome of each of the journeys' requests: (customer_id, enrolment_id, node, visit, sent, at)."""
    found: dict[tuple[int, str, int], tuple[int, int, str, int, bool, datetime]] = {}
    for event in events:
        if event.type in OUTCOMES and (key := _KEY.fullmatch(str(event.props.get("request_key", "")))):
            _, enrolment_id, node, visit = key.groups()
            found.setdefault(
                (int(enrolment_id), node, int(visit)),
                (event.customer_id, int(enrolment_id), node, int(visit), OUTCOMES[event.type], event.occurred_at),
            )
    return list(found.values())


def _exits(ctx: Ctx, pulse: Pulse, programs: dict[tuple[int, int], Program]) -> None:
    """End or mark those touched who now fulfil an exit rule or reach a goal."""
    concerned = {
        (*place, rule.name): {event.customer_id for event in pulse.events if not rule.types or event.type in rule.types}
        for place, program in programs.items()
        for rule in program.guards
    }
    touched = {(journey_id, version, one) for (journey_id, version, _), ids in concerned.items() for one in ids}
    if not touched:
        return
    stand: dict[tuple[int, int], list[Person]] = {}
    for one in store_rounds.standing(ctx, sorted(touched)):
        stand.setdefault((one.journey_id, one.version), []).append(one)
    leaving: list[tuple[int, int, str]] = []
    for place, group in stand.items():
        # set-loop: per version in which touched people stand
        rules = [rule for rule in programs[place].guards if concerned[(*place, rule.name)]]
        ending, _ = engine.check(ctx, rules, group)
        leaving += [(one.customer_id, one.enrolment_id, rule.reason) for rule, held in ending for one in held]
    telling.note_ended(ctx, store_enrolments.end(ctx, leaving))


def _entries(
    ctx: Ctx,
    pulse: Pulse,
    programs: dict[tuple[int, int], Program],
    live: dict[int, list[tuple[int, int]]],
) -> int:
    entered = 0
    by_segment: dict[int, list[tuple[int, str, datetime]]] = {}
    for event in pulse.of("segment_entered"):
        segment_id = int(str(event.props.get("segment_id", 0)))
        if segment_id in live and not event.props.get("quiet"):
            row = (event.customer_id, f"event:{event.event_id}", event.occurred_at)
            by_segment.setdefault(segment_id, []).append(row)
    for segment_id, rows in by_segment.items():
        for journey_id, version in live[segment_id]:
            # set-loop: per journey that the segment enters
            program = programs[journey_id, version]
            entered += entries.enrol(ctx, journey_id, version, program, rows)
    return entered


def notice(ctx: Ctx, notices: Sequence[Notice]) -> None:
    """A re-based segment tells its new members by no event: journeys that took in existing members look again."""
    rebased = {int(str(one.payload["segment_id"])) for one in notices if one.kind == "segment.rebased"}
    if not rebased:
        return
    for row in store.programs(ctx, KEPT):
        # set-loop: per journey
        if row.live and row.segment_id in rebased and load(row.program).existing:
            entries.begin_fill(ctx, row.journey_id, row.segment_id)


def tick(ctx: Ctx, limit: int, slots: tuple[int, int] = engine.ALL_SLOTS) -> int:
    """Take in existing members, end those of stopped journeys, move whoever is due; returns how many rows that were."""
    rows = store.programs(ctx, ["running", "stopping"])
    running = [row for row in rows if row.state == "running"]
    done = _fills(ctx, running) if any(row.fill_cursor is not None for row in running) else 0
    for journey_id in sorted({row.journey_id for row in rows if row.state == "stopping"}):
        # set-loop: one chunk per journey that is being stopped
        done += _stop(ctx, journey_id, limit)
    return done + engine.advance(ctx, limit, slots, running)


def _fills(ctx: Ctx, running: Sequence[store.ProgramRow]) -> int:
    done = 0
    programs = programs_of(running)
    for row in store.filling(ctx, lock=True):
        # set-loop: one chunk per journey that takes in existing members; one that another worker has just started waits
        if (row.journey_id, row.version) in programs:
            done += entries.fill(ctx, row, programs[row.journey_id, row.version])
    return done


def _stop(ctx: Ctx, journey_id: int, limit: int) -> int:
    batch = store_enrolments.some_active(ctx, journey_id, limit)
    ended = store_enrolments.end(ctx, [(*one, "stopped") for one in batch])
    telling.note_ended(ctx, ended, "journey_stopped")
    if not batch and not store_enrolments.any_active(ctx, journey_id):
        store.change_journey(ctx, journey_id, state="stopped", stopped_at=ctx.now)
        return 1
    return len(ended)


def _next(ctx: Ctx, values: Sequence[Any]) -> datetime | None:
    busy, due = values
    return ctx.now if busy else due


DUE: Due = Probe((store.busy, store_enrolments.next_due.scalar_subquery()), _next)
"""When somebody is due next; now while members are taken in or a journey is being stopped."""
