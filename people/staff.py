"""What members of staff do about a task that waits for them in their client: at once, late, partly or never."""

from __future__ import annotations

import dataclasses
import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

from people.draw import units
from people.habits import HOUR_MS

Manner = Literal["at_once", "late", "partly", "never", "hand"]
MANNERS: tuple[Manner, ...] = ("at_once", "late", "partly", "never", "hand")
DAY_MS = 24 * HOUR_MS
_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True)
class StaffModel:
    """The staff's rates, as data; docs/people.md explains each. What the first three leave is never confirmed."""

    at_once_rate: float = 0.55
    late_rate: float = 0.25
    partly_rate: float = 0.1
    spread: float = 0.5
    at_once_minutes: float = 6.0  # median delay of who confirms at once; partly the same
    late_hours: float = 4.0  # median delay of who confirms late
    delay_sigma: float = 0.8
    partly_share: float = 0.6  # share of the recipients that a partly confirmed task reaches
    remind_rate: float = 0.6  # chance that a reminder moves who has not confirmed
    remind_minutes: float = 10.0
    work_hours: tuple[float, float] = (9.0, 21.0)
    utc_offset_hours: float = 8.0

    def __post_init__(self) -> None:
        rates = ("at_once_rate", "late_rate", "partly_rate", "spread", "partly_share", "remind_rate")
        for name in rates:
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ValueError(f"{name} must lie in [0, 1], not {getattr(self, name)}")
        if self.at_once_rate + self.late_rate + self.partly_rate > 1.0 + 1e-9:
            raise ValueError("at_once_rate, late_rate and partly_rate must not pass 1 together")
        for name in ("at_once_minutes", "late_hours", "delay_sigma", "remind_minutes"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be positive")
        begin, end = self.work_hours
        if not 0.0 <= begin < end <= 24.0:
            raise ValueError("work_hours must be two hours of one day, the first one earlier")


@dataclass(frozen=True, slots=True)
class Confirm:
    """What a member does with a task: at `due_ms` (None: never) it goes to `share` of its recipients."""

    manner: Manner
    due_ms: int | None
    share: float = 1.0


def staff_model_from(base: StaffModel, changes: Mapping[str, object]) -> StaffModel:
    """`base` with some fields replaced (from JSON). Unknown names or bad values: ValueError."""
    known = {f.name for f in dataclasses.fields(StaffModel)}
    values: dict[str, object] = {}
    for name, value in changes.items():
        if name not in known:
            raise ValueError(f"unknown staff parameter {name}")
        if name == "work_hours":
            if not isinstance(value, list | tuple) or len(value) != 2:
                raise ValueError("work_hours must be two hours")
            values[name] = (float(value[0]), float(value[1]))
        elif isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError(f"{name} must be a number")
        else:
            values[name] = float(value)
    return dataclasses.replace(base, **values)  # type: ignore[arg-type]  # checked against the fields above


def _who(userid: str) -> int:
    """A member as a number for the draws."""
    return int.from_bytes(hashlib.blake2b(userid.encode(), digest_size=6).digest(), "big")


def _delay(median_ms: float, sigma: float, u: float) -> int:
    return int(median_ms * math.exp(sigma * _NORMAL.inv_cdf(min(max(u, 1e-9), 1 - 1e-9))))


def at_work(model: StaffModel, at_ms: int, u: float) -> int:
    """`at_ms` when that is in working hours, else within the first half hour of the next ones."""
    offset = int(model.utc_offset_hours * HOUR_MS)
    day = (at_ms + offset) // DAY_MS * DAY_MS - offset
    begin, end = (int(hour * HOUR_MS) for hour in model.work_hours)
    if day + begin <= at_ms < day + end:
        return at_ms
    return (day if at_ms < day + begin else day + DAY_MS) + begin + int(u * HOUR_MS / 2)


def _shares(model: StaffModel, diligence: float) -> tuple[float, float, float]:
    """(at once, late, partly) of a member, diligence uniform in [0, 1): who is less diligent leaves more undone."""
    factor = 1.0 + model.spread * (2.0 * diligence - 1.0)
    first = min(1.0, model.at_once_rate * factor)
    rest = model.late_rate + model.partly_rate
    scale = min(1.0, (1.0 - first) / rest) if rest else 0.0
    return first, model.late_rate * scale, model.partly_rate * scale


def _drawn(model: StaffModel, diligence: float, u: float) -> Manner:
    first, late, partly = _shares(model, diligence)
    if u < first:
        return "at_once"
    if u < first + late:
        return "late"
    return "partly" if u < first + late + partly else "never"


def confirm(model: StaffModel, seed: int, userid: str, key: str, at_ms: int, given: Manner | None = None) -> Confirm:
    """What a member does with a task that appears at `at_ms`; `key` names the task, `given` is a manner set by hand."""
    u = units(seed, _who(userid), f"confirm:{key}")
    manner = given or _drawn(model, units(seed, _who(userid), "diligence")[0], u[0])
    if manner in ("never", "hand"):
        return Confirm(manner, None)
    median = model.late_hours * HOUR_MS if manner == "late" else model.at_once_minutes * 60_000
    due = at_work(model, at_ms + _delay(median, model.delay_sigma, u[1]), u[2])
    return Confirm(manner, due, model.partly_share if manner == "partly" else 1.0)


def reminded(model: StaffModel, seed: int, userid: str, key: str, at_ms: int, given: Manner | None = None) -> Confirm:
    """What a reminder at `at_ms` does to who has not confirmed; never for whom nothing or only a hand moves."""
    u = units(seed, _who(userid), f"remind:{key}")
    if given in ("never", "hand") or u[0] >= model.remind_rate:
        return Confirm("never", None)
    due = at_work(model, at_ms + _delay(model.remind_minutes * 60_000, model.delay_sigma, u[1]), u[2])
    return Confirm("at_once", due)
