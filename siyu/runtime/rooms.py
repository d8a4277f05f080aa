"""The table of every room's reactions, in the order in which they run: lower rooms first."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import ModuleType
from typing import Any

import siyu.channels.jobs
import siyu.content.jobs
import siyu.customers.collecting.jobs
import siyu.customers.importing.jobs
import siyu.customers.jobs
import siyu.groups.jobs
import siyu.intake.jobs
import siyu.journeys.jobs
import siyu.lifecycle.jobs
import siyu.outreach.jobs
import siyu.platforms.jobs
import siyu.replies.jobs
import siyu.segments.jobs
import siyu.tags.jobs
import siyu.tasks.jobs
import siyu.team.jobs
from siyu.kernel.ctx import Ctx
from siyu.kernel.jobs import Phased, Pulse
from siyu.kernel.notices import Notice
from siyu.kernel.probes import Due, ask, least
from siyu.runtime import uses

uses.register()  # here, because whoever works reads conditions, in processes without HTTP too


@dataclass(frozen=True, slots=True)
class Room:
    """What one room offers to the runtime; each part is optional (kernel.jobs.RoomJobs)."""

    name: str
    pulse: Callable[[Ctx, Pulse], None] | None
    notice: Callable[[Ctx, Sequence[Notice]], None] | None
    tick: Callable[[Ctx, int], int] | None
    due: Due | None
    phases: tuple[Phased[Any, Any], ...]
    fast_phases: tuple[Phased[Any, Any], ...]


def _room(module: ModuleType) -> Room:
    return Room(
        name=module.__name__.removeprefix("siyu.").removesuffix(".jobs"),
        pulse=getattr(module, "pulse", None),
        notice=getattr(module, "notice", None),
        tick=getattr(module, "tick", None),
        due=getattr(module, "DUE", None),
        phases=tuple(getattr(module, "PHASES", ())),
        fast_phases=tuple(getattr(module, "FAST_PHASES", ())),
    )


ROOMS: tuple[Room, ...] = tuple(
    _room(module)
    for module in (
        siyu.platforms.jobs,
        siyu.team.jobs,
        siyu.customers.jobs,
        siyu.customers.importing.jobs,
        siyu.customers.collecting.jobs,
        siyu.tags.jobs,
        siyu.groups.jobs,
        siyu.lifecycle.jobs,
        siyu.segments.jobs,
        siyu.content.jobs,
        siyu.tasks.jobs,
        siyu.channels.jobs,
        siyu.outreach.jobs,
        siyu.intake.jobs,
        siyu.replies.jobs,
        siyu.journeys.jobs,
    )
)


def next_due(ctx: Ctx) -> datetime | None:
    """The earliest time at which any room will have something to do."""
    return least(ask(ctx, tuple(room.due for room in ROOMS if room.due is not None)))
