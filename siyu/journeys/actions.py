"""Door: every write of journeys."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row

from siyu.customers.types import UnknownCustomer
from siyu.journeys import compile as compiler
from siyu.journeys import entries, queries, store
from siyu.journeys.definition import Definition, parse, plain
from siyu.journeys.program import dump, load
from siyu.journeys.types import Caution, Journey, JourneyKind, JourneyState, WrongState
from siyu.kernel import audit, notices
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import lock, ring
from siyu.segments import actions as segments

OWN_SEGMENT = "进入旅程「{name}」（{key}）"
"""What the segment that is made of a journey's own condition is called."""


def validate(ctx: Ctx, definition: Definition) -> list[Caution]:
    """Check a definition whole against this installation, and say what it will not do as its author may think.

    Raises BadJourney with every fault.
    """
    return compiler.checked(ctx, definition)


def apply(ctx: Ctx, data: object) -> Journey:
    """Save a definition: a new journey (as draft), a new version, or nothing when it equals the live version.

    People inside stay in the version they entered; who enters from now on lives the new one. Raises BadJourney,
    WrongState for a stopped journey.
    """
    definition = data if isinstance(data, Definition) else parse(data)
    lock(ctx, f"journey:{definition.key}")
    row = store.journey_row(ctx, key=definition.key, lock=True)
    if row is not None and row.state in (JourneyState.STOPPING, JourneyState.STOPPED):
        raise WrongState("this journey was stopped; give the new one another key", field="key")
    form = plain(definition)
    if row is not None and row.version:
        (live,) = store.version_rows(ctx, row.journey_id, row.version)
        if live.definition == form:
            return queries.journey(ctx, row.journey_id)
    program = compiler.compiled(ctx, definition)
    segment_id, own = _segment(ctx, definition, row.own_segment_id if row else None)
    face = {"name": definition.name, "mode": definition.mode.value, "segment_id": segment_id, "own_segment_id": own}
    face |= {"kind": (JourneyKind.STAGES if definition.stages else JourneyKind.FLOW).value}
    journey_id = row.journey_id if row else store.add_journey(ctx, definition.key, **face)
    number = (row.version if row else 0) + 1
    store.add_version(ctx, journey_id, number, form, dump(program))
    store.change_journey(ctx, journey_id, version=number, **face)
    if row is not None and row.state in (JourneyState.RUNNING, JourneyState.PAUSED) and row.segment_id != segment_id:
        segments.unlisten(ctx, row.segment_id, by=_listener(journey_id))
        segments.listen(ctx, segment_id, by=_listener(journey_id))
        if program.existing:
            entries.begin_fill(ctx, journey_id, segment_id)
    if row is not None and row.fill_cursor is not None and not program.existing:
        entries.end_fill(ctx, row)
    audit.record(ctx, "journeys.apply", "journey", journey_id, version=number)
    notices.write(ctx, "journeys.version_saved", journey_id=journey_id, version=number)
    return queries.journey(ctx, journey_id)


def start(ctx: Ctx, journey_id: int) -> Journey:
    """Start a draft, or let a paused journey go on. Raises UnknownJourney, WrongState."""
    row = _row(ctx, journey_id, (JourneyState.DRAFT, JourneyState.PAUSED))
    if row.state == JourneyState.DRAFT:
        (live,) = store.program_rows(ctx, journey_id, row.version)
        store.change_journey(ctx, journey_id, started_at=ctx.now)
        segments.listen(ctx, row.segment_id, by=_listener(journey_id))
        if load(live.program).existing:
            entries.begin_fill(ctx, journey_id, row.segment_id)
    return _to(ctx, journey_id, JourneyState.RUNNING, "started")


def pause(ctx: Ctx, journey_id: int) -> Journey:
    """Stand still: nobody moves and nothing new is asked of outreach; people still enter, and wait.

    What was asked of outreach before still goes out. Raises UnknownJourney, WrongState.
    """
    _row(ctx, journey_id, (JourneyState.RUNNING,))
    return _to(ctx, journey_id, JourneyState.PAUSED, "paused")


def stop(ctx: Ctx, journey_id: int) -> Journey:
    """End the journey for everybody, for good; open sends are cancelled. Raises UnknownJourney, WrongState."""
    row = _row(ctx, journey_id, (JourneyState.DRAFT, JourneyState.RUNNING, JourneyState.PAUSED))
    if row.state != JourneyState.DRAFT:
        segments.unlisten(ctx, row.segment_id, by=_listener(journey_id))
    entries.end_fill(ctx, row)
    return _to(ctx, journey_id, JourneyState.STOPPING, "stopped")


def enrol(ctx: Ctx, journey_id: int, who: Sequence[int], key: str) -> int:
    """Take customers into a running or paused journey by hand or by API; returns how many entered.

    ``key`` makes it repeatable: nobody enters twice under one key. The re-entry rule applies. Raises UnknownJourney,
    WrongState, UnknownCustomer.
    """
    row = _row(ctx, journey_id, (JourneyState.RUNNING, JourneyState.PAUSED))
    (live,) = store.program_rows(ctx, journey_id, row.version)
    if (nobody := entries.unknown(ctx, who)) is not None:
        raise UnknownCustomer(f"there is no customer {nobody}", field="customers")
    arrivals = [(customer_id, f"hand:{key}", ctx.now) for customer_id in who]
    entered = entries.enrol(ctx, journey_id, row.version, load(live.program), arrivals)
    audit.record(ctx, "journeys.enrol", "journey", journey_id, key=key, entered=entered)
    ring(ctx, "tick")
    return entered


def _listener(journey_id: int) -> str:
    """Each journey listens for itself: another one on the same segment goes on when this one stops."""
    return f"journey:{journey_id}"


def _segment(ctx: Ctx, definition: Definition, own: int | None) -> tuple[int, int | None]:
    """The segment of the entry and, when it is the journey's own, that one: made from the entry's condition."""
    entry = definition.entry
    compiling = compiler.Compiler(ctx, definition)
    if entry.segment is not None:
        return compiling.entry_segment(), own
    name = OWN_SEGMENT.format(name=definition.name, key=definition.key)
    segment_id = segments.save(ctx, segment_id=own, name=name, condition=compiling.entry_condition())
    return segment_id, segment_id


def _row(ctx: Ctx, journey_id: int, states: Sequence[JourneyState]) -> Row[*tuple[Any, ...]]:
    row = queries.row(ctx, journey_id, lock=True)
    if row.state not in states:
        raise WrongState(f"the journey is {row.state}", field="state", detail={"state": row.state})
    return row


def _to(ctx: Ctx, journey_id: int, state: JourneyState, verb: str) -> Journey:
    store.change_journey(ctx, journey_id, state=state.value)
    audit.record(ctx, f"journeys.{verb}", "journey", journey_id)
    notices.write(ctx, f"journeys.{verb}", journey_id=journey_id)
    ring(ctx, "tick")
    return queries.journey(ctx, journey_id)
