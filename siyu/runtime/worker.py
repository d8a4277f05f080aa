"""The rounds of a worker: each a short transaction or a phased piece of work, and says whether it did anything."""

import traceback
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any

import structlog
from sqlalchemy.exc import OperationalError

from siyu.customers import actions as customers
from siyu.customers import queries as customer_queries
from siyu.intake import actions as intake
from siyu.kernel import notices
from siyu.kernel.clock import machine
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import SLOTS, savepoint
from siyu.kernel.jobs import Phased, Pulse, PulseEvent
from siyu.kernel.notices import Notice
from siyu.kernel.probes import Probe, ask
from siyu.platforms import actions as platforms
from siyu.platforms import queries as platform_queries
from siyu.runtime import store
from siyu.runtime.house import House
from siyu.runtime.rooms import ROOMS, Room

log = structlog.get_logger(__name__)

PULSE_ROWS = 5_000
TICK_ROWS = 10_000
INBOX_ROWS = 1_000
LONGEST_REST = 30.0
"""Machine seconds that failing work rests at most."""
QUEUES = (platform_queries.INBOX, notices.PENDING, customer_queries.PULSE, store.PARKED)
_WAITING = tuple(room for room in ROOMS if room.due is not None)
FAST_PHASES = tuple(phased for room in ROOMS for phased in room.fast_phases)
_ASKED = tuple(phased for room in ROOMS for phased in (*room.phases, *room.fast_phases) if phased.ready is not None)
_QUESTIONS: tuple[Probe[Any], ...] = (
    *QUEUES,
    *(room.due for room in _WAITING if room.due),
    *(phased.ready for phased in _ASKED if phased.ready),
)
_WIDTH = SLOTS // store.RANGES


def inbox_round(house: House, lane: int) -> bool:
    """Hand raw inbox rows of one lane (0 fast, 1 other) to intake."""
    with house.open() as ctx:
        messages = platforms.take_inbox(ctx, lane, INBOX_ROWS)
        taken = intake.handle(ctx, messages) if messages else []
        if lane == 0:
            intake.at_once(ctx, taken)
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
                _react(ctx, "pulse", partial(_encode, pulse), 1, partial(_pulse, ctx, pulse), rooms)
    return took


def notice_round(house: House, rooms: Sequence[Room] = ROOMS) -> bool:
    """Hand notices to the rooms."""
    with house.open() as ctx:
        taken = notices.take(ctx)
        if taken:
            _react(ctx, "notice", partial(_told, taken), 1, partial(_notice, ctx, taken), rooms)
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
            _react(ctx, row.kind, lambda: row.work, row.attempts + 1, partial(_pulse, ctx, pulse), concerned)
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
            _react(ctx, row.kind, lambda: row.work, row.attempts + 1, partial(_notice, ctx, again), concerned)
    return True


@dataclass
class Failures:
    """Work that failed in this process, by name: how often in a row, and the machine second until which it rests."""

    works: dict[str, tuple[int, float]] = field(default_factory=dict)

    def spare(self, name: str, step: Callable[[], bool]) -> bool:
        """Do a step and say whether it did anything; one that raises rests, and keeps nothing else from work.

        A server that went away is everybody's trouble and is raised: nothing may rest when it is back.
        """
        times, until = self.works.get(name, (0, 0.0))
        if 0 < until - machine() <= LONGEST_REST:
            return False
        try:
            did = step()
        except Exception as error:
            if isinstance(error, OperationalError):
                raise
            rest = min(LONGEST_REST, 2.0 ** (times + 1))
            self.works[name] = times + 1, machine() + rest
            trace = "".join(traceback.format_tb(error.__traceback__))
            log.error("work_failed", work=name, failures=times + 1, error=type(error).__name__, trace=trace)
            return False
        self.works.pop(name, None)
        return did


def tick_round(house: House, rooms: Sequence[Room] = ROOMS, failures: Failures | None = None) -> bool:
    """Let rooms do what their due columns ask for, each in a transaction of its own.

    With ``failures`` a room that raises keeps nobody else from work; without, it is raised.
    """
    done = False
    for room in rooms:
        if room.tick is not None:
            # set-loop: one transaction per room, not per row
            done = _spared(failures, f"tick of {room.name}", partial(_tick, house, room)) or done
    return done


def _tick(house: House, room: Room) -> bool:
    assert room.tick is not None
    with house.open() as ctx:
        return room.tick(ctx, TICK_ROWS) > 0


def _spared(failures: Failures | None, name: str, step: Callable[[], bool]) -> bool:
    return step() if failures is None else failures.spare(name, step)


def phase_round(house: House, phases: Sequence[Phased[Any, Any]], failures: Failures | None = None) -> bool:
    """One round of phased work. ``failures``: see ``tick_round``."""
    done = False
    for phased in phases:
        done = _spared(failures, phased.name, partial(house.run, phased)) or done
    return done


@dataclass(frozen=True, slots=True)
class Waiting:
    """What there is to do now; ``rooms`` are those whose due time has come, ``phases`` those of theirs that may find
    something."""

    inbox: tuple[bool, bool]
    notices: bool
    pulse: bool
    parked: bool
    rooms: tuple[Room, ...]
    phases: frozenset[str]

    @property
    def any(self) -> bool:
        """Whether there is anything to do."""
        return any(self.inbox) or self.notices or self.pulse or self.parked or bool(self.rooms)

    @property
    def fast_phases(self) -> list[Phased[Any, Any]]:
        """Phases of the fast lane that may find something."""
        return [phased for room in self.rooms for phased in room.fast_phases if self._may(phased)]

    @property
    def slow_phases(self) -> list[Phased[Any, Any]]:
        """The other phases that may find something."""
        return [phased for room in self.rooms for phased in room.phases if self._may(phased)]

    def _may(self, phased: Phased[Any, Any]) -> bool:
        return phased.ready is None or phased.name in self.phases


def look(house: House) -> Waiting:
    """Ask every queue and due column, in one statement."""
    with house.open() as ctx:
        (inbox, told, pulse, parked), times, ready = _parts(ask(ctx, _QUESTIONS), len(QUEUES), len(_WAITING))
        due = tuple(room for room, time in zip(_WAITING, times, strict=True) if time is not None and time <= ctx.now)
    phases = frozenset(phased.name for phased, is_ready in zip(_ASKED, ready, strict=True) if is_ready)
    return Waiting(inbox, told, pulse, parked, due, phases)


def _parts(answers: list[Any], first: int, second: int) -> tuple[list[Any], list[Any], list[Any]]:
    return answers[:first], answers[first : first + second], answers[first + second :]


def quiet(house: House) -> bool:
    """Whether the house rests, all its processes taken together: nothing waits, nothing is claimed and under way.

    One snapshot (repeatable read): work that moves from one queue to the next between two of the questions would
    otherwise be in neither.
    """
    return not look(replace(house, engine=house.engine.execution_options(isolation_level="REPEATABLE READ"))).any


def fast_round(house: House, failures: Failures | None = None) -> bool:
    """The fast lane: lane 0 of the inbox, messages of customer service, the sends that answer a person's own act."""
    done = _spared(failures, "inbox 0", partial(inbox_round, house, 0))
    return phase_round(house, FAST_PHASES, failures) or done


def work_round(
    house: House,
    waiting: Waiting,
    worker: int = 0,
    workers: int = 1,
    *,
    fast: bool = True,
    failures: Failures | None = None,
) -> int:
    """Do what ``look`` saw, once; returns how many kinds of work did something. ``fast``: the fast lane too.
    ``failures``: see ``tick_round``."""

    def spared(name: str, step: Callable[[], bool]) -> bool:
        return _spared(failures, name, step)

    did = [
        fast and waiting.inbox[0] and spared("inbox 0", partial(inbox_round, house, 0)),
        waiting.inbox[1] and spared("inbox 1", partial(inbox_round, house, 1)),
        waiting.notices and spared("notices", partial(notice_round, house)),
        waiting.pulse and spared("pulse", partial(pulse_round, house, worker, workers)),
        tick_round(house, waiting.rooms, failures),
        fast and phase_round(house, waiting.fast_phases, failures),
        phase_round(house, waiting.slow_phases, failures),
        waiting.parked and spared("parked work", partial(parked_round, house)),
    ]
    return sum(did)


def drain(house: House, worker: int = 0, workers: int = 1, *, limit: int = 1_000_000) -> int:
    """Work until nothing is left at the present time; returns the number of rounds that did something.

    Of several ``workers`` that do so together each stops when it finds nothing; what others have under way may leave
    more to do.
    """
    busy = 0
    for _ in range(limit):
        waiting = look(house)
        did = work_round(house, waiting, worker, workers) if waiting.any else 0
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
    work: Callable[[], list[dict[str, object]]],
    attempt: int,
    call: Callable[[Room], None],
    rooms: Sequence[Room],
) -> None:
    """Let every room react. A room that fails is rolled back alone, its share (``work``) parked, the others go on.

    First all of them under one savepoint, because failures are rare: a savepoint for each room took 22 of the
    30 statements of a small pulse. When one fails, all are rolled back and called again, each under its own.
    """
    if len(rooms) > 1 and _all_react(ctx, kind, call, rooms):
        return
    for room in rooms:  # set-loop: rooms, not rows
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
            store.park(
                ctx, room.name, kind, work(), f"{type(error).__name__}: {error}"[:2000], attempt, machine() + wait
            )


def _all_react(ctx: Ctx, kind: str, call: Callable[[Room], None], rooms: Sequence[Room]) -> bool:
    try:
        with savepoint(ctx):
            for room in rooms:
                call(room)
    except Exception as error:  # noqa: BLE001 - called again room by room, where it is parked and logged
        log.info("reaction_rolled_back", kind=kind, error=type(error).__name__)
        return False
    return True


def _runs(ranges: list[int]) -> list[tuple[int, int]]:
    runs: list[tuple[int, int]] = []
    for number in ranges:
        if runs and runs[-1][1] == number - 1:
            runs[-1] = (runs[-1][0], number)
        else:
            runs.append((number, number))
    return runs


def _told(taken: Sequence[Notice]) -> list[dict[str, object]]:
    return [{"notice_id": n.notice_id, "at": n.at.isoformat(), "kind": n.kind, "payload": n.payload} for n in taken]


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
