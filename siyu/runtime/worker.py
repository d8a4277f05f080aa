"""The rounds of a worker: each a short transaction or a phased piece of work, and says whether it did anything."""

import traceback
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from functools import partial

import structlog

from siyu.customers import actions as customers
from siyu.customers import queries as customer_queries
from siyu.intake import actions as intake
from siyu.kernel import notices
from siyu.kernel.clock import machine
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import SLOTS, savepoint
from siyu.kernel.jobs import Pulse, PulseEvent
from siyu.kernel.notices import Notice
from siyu.platforms import actions as platforms
from siyu.platforms import queries as platform_queries
from siyu.runtime import store
from siyu.runtime.house import House
from siyu.runtime.rooms import ROOMS, Room

log = structlog.get_logger(__name__)

PULSE_ROWS = 5_000
TICK_ROWS = 10_000
INBOX_ROWS = 1_000
_WIDTH = SLOTS // store.RANGES


def inbox_round(house: House, lane: int) -> bool:
    """Hand raw inbox rows of one lane (0 fast, 1 other) to intake."""
    with house.open() as ctx:
        messages = platforms.take_inbox(ctx, lane, INBOX_ROWS)
        if messages:
            intake.handle(ctx, messages)
    return bool(messages)


def pulse_round(house: House, worker: int = 0, workers: int = 1, rooms: Sequence[Room] = ROOMS) -> bool:
    """Let every room react to the next events of this worker's slot ranges."""
    share = -(-store.RANGES // workers)
    with house.open() as ctx:
        ranges = store.lock_ranges(ctx, worker * share % store.RANGES, share)
        took = False
        for first, last in _runs(ranges):
            # set-loop: one run per contiguous stretch of slot ranges; a single stretch unless another worker holds some
            pulse = customers.take_pulse(ctx, first * _WIDTH, (last + 1) * _WIDTH, PULSE_ROWS)
            if pulse.events:
                took = True
                _react(ctx, "pulse", _encode(pulse), 1, partial(_pulse, ctx, pulse), rooms)
    return took


def notice_round(house: House, rooms: Sequence[Room] = ROOMS) -> bool:
    """Hand notices to the rooms."""
    with house.open() as ctx:
        taken = notices.take(ctx)
        if taken:
            work = [
                {"notice_id": n.notice_id, "at": n.at.isoformat(), "kind": n.kind, "payload": n.payload} for n in taken
            ]
            _react(ctx, "notice", work, 1, partial(_notice, ctx, taken), rooms)
    return bool(taken)


def parked_round(house: House, rooms: Sequence[Room] = ROOMS) -> bool:
    """Try one parked share again."""
    with house.open() as ctx:
        row = store.take_parked(ctx, machine())
        if row is None:
            return False
        concerned = [room for room in rooms if room.name == row.room]
        if row.kind == "pulse":
            pulse = _decode(row.work)
            _react(ctx, row.kind, row.work, row.attempts + 1, partial(_pulse, ctx, pulse), concerned)
        else:
            again = [
                Notice(
                    int(str(n["notice_id"])),
                    datetime.fromisoformat(str(n["at"])),
                    str(n["kind"]),
                    _object(n["payload"]),
                )
                for n in row.work
            ]
            _react(ctx, row.kind, row.work, row.attempts + 1, partial(_notice, ctx, again), concerned)
    return True


def tick_round(house: House, rooms: Sequence[Room] = ROOMS) -> bool:
    """Let rooms do what their due columns ask for, each in a transaction of its own."""
    done = False
    for room in rooms:
        if room.tick is not None:
            # set-loop: one transaction per room, not per row
            with house.open() as ctx:
                done = room.tick(ctx, TICK_ROWS) > 0 or done
    return done


def phase_round(house: House, rooms: Sequence[Room] = ROOMS, *, fast: bool = False) -> bool:
    """One round of the rooms' phased work, of the fast lane or of the other."""
    done = False
    for room in rooms:
        for phased in room.fast_phases if fast else room.phases:
            done = house.run(phased) or done
    return done


@dataclass(frozen=True, slots=True)
class Waiting:
    """What there is to do now; ``rooms`` are those whose due time has come."""

    inbox: tuple[bool, bool]
    notices: bool
    pulse: bool
    parked: bool
    rooms: tuple[Room, ...]

    @property
    def any(self) -> bool:
        """Whether there is anything to do."""
        return any(self.inbox) or self.notices or self.pulse or self.parked or bool(self.rooms)


def look(house: House) -> Waiting:
    """One transaction that asks every queue and due column.

    Measured on the e-book wave with 60 people: asking first and calling only rooms that have work takes 8
    statements where calling everybody took about 50, in each of 340 rounds.
    """
    with house.open() as ctx:
        lanes = platform_queries.inbox_lanes(ctx)
        return Waiting(
            inbox=(0 in lanes, 1 in lanes),
            notices=notices.pending(ctx) > 0,
            pulse=customer_queries.pulse_waiting(ctx),
            parked=store.parked_due(ctx, machine()),
            rooms=tuple(room for room in ROOMS if _due(ctx, room)),
        )


def quiet(house: House) -> bool:
    """Whether the house rests, all its processes taken together: nothing waits, nothing is claimed and under way.

    One snapshot (repeatable read): work that moves from one queue to the next between two of the questions would
    otherwise be in neither.
    """
    return not look(replace(house, engine=house.engine.execution_options(isolation_level="REPEATABLE READ"))).any


def _due(ctx: Ctx, room: Room) -> bool:
    due = room.next_due(ctx) if room.next_due is not None else None
    return due is not None and due <= ctx.now


def fast_round(house: House) -> bool:
    """The fast lane: lane 0 of the inbox, then the sends that answer a person's own act."""
    done = inbox_round(house, 0)
    return phase_round(house, fast=True) or done


def work_round(house: House, waiting: Waiting, worker: int = 0, workers: int = 1, *, fast: bool = True) -> int:
    """Do what ``look`` saw, once; returns how many kinds of work did something. ``fast``: the fast lane too."""
    did = [
        fast and waiting.inbox[0] and inbox_round(house, 0),
        waiting.inbox[1] and inbox_round(house, 1),
        waiting.notices and notice_round(house),
        waiting.pulse and pulse_round(house, worker, workers),
        tick_round(house, waiting.rooms),
        fast and phase_round(house, waiting.rooms, fast=True),
        phase_round(house, waiting.rooms),
        waiting.parked and parked_round(house),
    ]
    return sum(did)


def drain(house: House, *, limit: int = 1_000_000) -> int:
    """Work until nothing is left at the present time; returns the number of rounds that did something."""
    busy = 0
    for _ in range(limit):
        waiting = look(house)
        did = work_round(house, waiting) if waiting.any else 0
        if not did:
            return busy
        busy += did
    raise RuntimeError("the house does not come to rest: a room reports work without end")


def _pulse(ctx: Ctx, pulse: Pulse, room: Room) -> None:
    if room.pulse is not None:
        room.pulse(ctx, pulse)


def _notice(ctx: Ctx, taken: Sequence[Notice], room: Room) -> None:
    if room.notice is not None:
        room.notice(ctx, taken)


def _react(
    ctx: Ctx,
    kind: str,
    work: list[dict[str, object]],
    attempt: int,
    call: Callable[[Room], None],
    rooms: Sequence[Room],
) -> None:
    """Call each room inside a savepoint; a room that fails is rolled back, its share parked, the others go on."""
    for room in rooms:
        try:
            with savepoint(ctx):
                call(room)
        except Exception as error:  # noqa: BLE001 - whatever a room raises must not stop the others; it is parked and logged
            log.error(
                "room_failed",
                room=room.name,
                kind=kind,
                attempt=attempt,
                error=type(error).__name__,
                trace=traceback.format_exc(),
            )
            wait = min(3600.0, 2.0**attempt)
            store.park(ctx, room.name, kind, work, f"{type(error).__name__}: {error}"[:2000], attempt, machine() + wait)


def _runs(ranges: list[int]) -> list[tuple[int, int]]:
    runs: list[tuple[int, int]] = []
    for number in ranges:
        if runs and runs[-1][1] == number - 1:
            runs[-1] = (runs[-1][0], number)
        else:
            runs.append((number, number))
    return runs


def _encode(pulse: Pulse) -> list[dict[str, object]]:
    return [{**asdict(event), "occurred_at": event.occurred_at.isoformat()} for event in pulse.events]


def _decode(work: list[dict[str, object]]) -> Pulse:
    return Pulse(
        [
            PulseEvent(
                event_id=int(str(item["event_id"])),
                customer_id=int(str(item["customer_id"])),
                type=str(item["type"]),
                occurred_at=datetime.fromisoformat(str(item["occurred_at"])),
                source=str(item["source"]),
                key=str(item["key"]),
                content_id=None if item["content_id"] is None else int(str(item["content_id"])),
                props=_object(item["props"]),
            )
            for item in work
        ]
    )


def _object(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise TypeError("parked work holds something that is not an object")
    return value
