"""Private: how journeys react to events and to time."""

import re
from collections.abc import Sequence
from datetime import datetime

from siyu.customers import queries as customers
from siyu.journeys import engine, entries, merges, store, store_enrolments
from siyu.journeys.engine import Place, Round
from siyu.journeys.program import Program, WaitFor, load
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import ring
from siyu.kernel.jobs import Pulse, PulseEvent
from siyu.kernel.notices import Notice
from siyu.outreach import actions as outreach
from siyu.outreach.types import Origin

OUTCOMES = {"delivery_sent": True, "delivery_accepted": True, "delivery_failed": False, "delivery_not_sent": False}
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
        entries.note_ended(ctx, store_enrolments.end_everywhere(ctx, erased, "erased"))
    rows = store.programs(ctx, KEPT)
    programs = {(row.journey_id, row.version): load(row.program) for row in rows}
    if not programs:
        return
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
    if entered or woken:
        ring(ctx, "tick")


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
    work = Round(ctx, programs)
    for (journey_id, version), program in programs.items():
        # set-loop: per version with rules that these events may concern
        concerned = {
            rule.name: sorted(
                {event.customer_id for event in pulse.events if not rule.types or event.type in rule.types}
            )
            for rule in program.guards
        }
        customers_touched = sorted({customer for ids in concerned.values() for customer in ids})
        if not customers_touched:
            continue
        batch = store_enrolments.active_of(ctx, journey_id, version, customers_touched)
        if not batch:
            continue
        rules = [rule for rule in program.guards if concerned[rule.name]]
        for place, rows in store_enrolments.places(ctx, batch).items():
            # set-loop: per node at which touched people stand
            engine.guard(work, Place(journey_id, version, *place), rows, rules)
    work.finish()


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
            entered += entries.enrol(ctx, journey_id, version, program, entries.arrivals(rows))
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
    done = _fills(ctx) + _stops(ctx, limit) + engine.advance(ctx, limit, slots)
    if done:
        store.fold_edges(ctx)
    return done


def _fills(ctx: Ctx) -> int:
    done = 0
    programs = None
    for row in store.filling(ctx, lock=True):
        # set-loop: one chunk per journey that takes in existing members
        programs = programs or engine.running(ctx)
        done += entries.fill(ctx, row, programs[row.journey_id, row.version])
    return done


def _stops(ctx: Ctx, limit: int) -> int:
    done = 0
    for row in store.journey_rows(ctx, ["stopping"]):
        # set-loop: one chunk per journey that is being stopped
        batch = store_enrolments.some_active(ctx, row.journey_id, limit)
        ended = store_enrolments.end(ctx, batch, "stopped") if batch else []
        entries.note_ended(ctx, ended)
        if ended:
            who = store_enrolments.people(ended)
            outreach.cancel(ctx, who, Origin("journey", row.journey_id), "journey_stopped")
        done += len(ended)
        if not batch and not store_enrolments.any_active(ctx, row.journey_id):
            store.change_journey(ctx, row.journey_id, state="stopped", stopped_at=ctx.now)
            done += 1
    return done


def next_due(ctx: Ctx) -> datetime | None:
    """When somebody is due next; now while members are taken in or a journey is being stopped."""
    if store.filling(ctx) or store.journey_rows(ctx, ["stopping"]):
        return ctx.now
    return store_enrolments.next_due(ctx)
