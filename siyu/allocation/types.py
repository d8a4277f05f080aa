"""Door: rotations, what stands of one, who serves and why, errors."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from siyu.kernel.errors import Invalid

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MOST_MEMBERS = 100
"""Of a rotation: as many as a contact way takes (docs/platform.md A.5.2)."""

Day = Literal["workday", "mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Clock = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", examples=["09:00"])]
StaffId = Annotated[int, Field(strict=True, ge=1, le=2**31 - 1)]


class BadRotation(Invalid):
    """A rotation that cannot serve: nobody in it, somebody twice, or hours and limits without fallback staff."""

    code = "bad_rotation"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Shift(_Part):
    """Working hours in the company's zone. ``until`` at or before ``start`` ends on the next day; ``days`` are those on
    which it starts, ``workday`` follows China's calendar with its adjusted workdays."""

    days: tuple[Day, ...] = Field(min_length=1, max_length=8, examples=[["workday"]])
    start: Clock
    until: Clock


class Member(_Part):
    """One staff member of a rotation. ``daily_limit`` counts a local day, None is none; no ``shifts``: at any hour."""

    staff_id: StaffId
    weight: Annotated[int, Field(strict=True, ge=1, le=1_000)] = 1
    daily_limit: Annotated[int, Field(strict=True, ge=1, le=100_000)] | None = None
    shifts: tuple[Shift, ...] = Field(default=(), max_length=14)
    paused: bool = False


_EXAMPLE = {
    "staff_id": 1,
    "weight": 2,
    "daily_limit": 50,
    "shifts": [{"days": ["workday"], "start": "09:00", "until": "18:00"}],
}


class Rotation(_Part):
    """Who takes turns, and who steps in (in this order of equal turns, without hours or limits) when all are out."""

    members: tuple[Member, ...] = Field(min_length=1, max_length=MOST_MEMBERS, examples=[[_EXAMPLE]])
    fallback: tuple[StaffId, ...] = Field(default=(), max_length=MOST_MEMBERS, examples=[[2]])


@dataclass(frozen=True, slots=True)
class Standing:
    """What came of a rotation so far, by staff_id: how many each got on the local ``day``, and how many each is still
    owed by its weight (negative: got more), counted over the whole time."""

    day: date
    today: Mapping[int, int] = field(default_factory=dict)
    owed: Mapping[int, float] = field(default_factory=dict)


State = Literal["serving", "ready", "paused", "absent", "off_hours", "full"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why one staff member serves or not. ``share``: of the next ones among those who are there (0 to 1).

    ``absent``: switched off or left; ``full``: the daily limit is reached; ``ready``: others come first in turn.
    """

    staff_id: int
    state: State
    today: int
    daily_limit: int | None
    share: float
    owed: float


@dataclass(frozen=True, slots=True)
class Serving:
    """Who serves. ``by``: in turn, as fallback because all members are out, or nobody (also the fallback is absent or
    paused).

    ``until``: when hours or a new day may change the answer by themselves; None: never.
    """

    staff_id: int | None
    by: Literal["turn", "fallback", "nobody"]
    members: tuple[Verdict, ...]
    fallback: tuple[Verdict, ...]
    until: datetime | None


def check(rotation: Rotation, field: str = "rotation") -> None:
    """Raise ``BadRotation`` for doubled staff members, or hours and limits without anybody to fall back to."""
    listed = [member.staff_id for member in rotation.members]
    for index, staff_id in enumerate(listed):
        if staff_id in listed[:index]:
            raise BadRotation("this staff member is in the rotation twice", field=f"{field}.members.{index}.staff_id")
    for index, staff_id in enumerate(rotation.fallback):
        if staff_id in rotation.fallback[:index]:
            raise BadRotation("this staff member is in the fallback twice", field=f"{field}.fallback.{index}")
    if not rotation.fallback and all(one.shifts or one.daily_limit or one.paused for one in rotation.members):
        raise BadRotation(
            "all members have hours, limits or a pause: say who steps in when all are out", field=f"{field}.fallback"
        )
