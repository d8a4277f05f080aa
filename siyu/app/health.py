"""Health and operation: is the database there, what waits, what failed."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import BaseModel
from sqlalchemy import text

from siyu.channels import queries as channels
from siyu.kernel import notices
from siyu.kernel.ctx import Ctx
from siyu.kernel.errors import SiyuError
from siyu.kernel.http import ApiRoute, raises, requires
from siyu.kernel.settings import settings
from siyu.platforms import queries as platforms
from siyu.platforms.types import AccountKind
from siyu.runtime import queries as runtime
from siyu.team import queries as team

router = APIRouter(tags=["operation"], route_class=ApiRoute)


WorkerState = Literal["working", "silent", "none"]


class WorkersAway(SiyuError):
    """No worker of a lane has done a round for SIYU_SILENT_SECONDS, or there is none: nothing is sent or reacted to."""

    status = 503
    code = "workers_away"


class Health(BaseModel):
    """``ok`` while the database answers: callbacks are then taken in. ``workers`` may be silent all the same."""

    ok: bool
    now: datetime
    workers: WorkerState


class Lane(BaseModel):
    """Workers of one kind: machine seconds since one of them did a round."""

    name: str
    silent_seconds: float


class Workers(BaseModel):
    """Signs of life of the workers."""

    state: WorkerState
    lanes: list[Lane]


class Parked(BaseModel):
    """Work of one room that failed and will be tried again."""

    parked_id: int
    at: datetime
    room: str
    kind: str
    error: str
    attempts: int


class Operation(BaseModel):
    """What waits and what failed."""

    now: datetime
    zone: str
    virtual: bool
    inbox: int
    notices: int
    parked: list[Parked]


class AccountName(BaseModel):
    """What an account is called."""

    account_id: int
    kind: AccountKind
    name: str


class StaffName(BaseModel):
    """What a staff member is called; ``userid`` is the WeCom member id that follows are told by."""

    staff_id: int
    name: str
    userid: str | None


class ChannelName(BaseModel):
    """What a channel is called, also one that was put away."""

    channel_id: int
    name: str
    archived: bool


class Names(BaseModel):
    """The names behind numbers, for whoever is signed in: nothing of how an account is connected or what one may do."""

    accounts: list[AccountName]
    staff: list[StaffName]
    channels: list[ChannelName]


@router.get("/healthz")
def health(ctx: Annotated[Ctx, requires(None)]) -> Health:
    """Liveness for supervisors; needs no sign-in."""
    ctx.tx.execute(text("select 1"))
    return Health(ok=True, now=ctx.now, workers=_state(runtime.lanes(ctx)))


def _state(lanes: Sequence[runtime.Lane]) -> WorkerState:
    if {lane.name for lane in lanes} < {"fast", "work"}:
        return "none"
    most = settings().silent_seconds
    return "silent" if any(lane.silent_seconds > most for lane in lanes) else "working"


@router.get("/healthz/workers", responses=raises(WorkersAway))
def workers(ctx: Annotated[Ctx, requires(None)]) -> Workers:
    """Whether workers work, for alarms; apart from ``/healthz``, so that nobody stops the door because of them."""
    lanes = runtime.lanes(ctx)
    state = _state(lanes)
    if state != "working":
        told = {lane.name: round(lane.silent_seconds, 1) for lane in lanes}
        raise WorkersAway(f"the workers are {state}", detail={"state": state, "silent_seconds": told})
    return Workers(state=state, lanes=[Lane(**asdict(lane)) for lane in lanes])


@router.get("/api/operation")
def operation(ctx: Annotated[Ctx, requires("session")]) -> Operation:
    """Queues and parked work, and the company's present time."""
    return Operation(
        now=ctx.now,
        zone=ctx.zone.key,
        virtual=not ctx.system_time,
        inbox=platforms.inbox_pending(ctx),
        notices=notices.count(ctx),
        parked=[Parked(**asdict(share)) for share in runtime.parked(ctx)],
    )


@router.get("/api/operation/names")
def names(ctx: Annotated[Ctx, requires("session")]) -> Names:
    """What accounts, staff and channels are called: every screen that shows their number shows the name instead."""
    return Names(
        accounts=[
            AccountName(account_id=one.account_id, kind=one.kind, name=one.name) for one in platforms.accounts(ctx)
        ],
        staff=[StaffName(staff_id=one.staff_id, name=one.name, userid=one.userid) for one in team.staff(ctx)],
        channels=[
            ChannelName(channel_id=one.channel_id, name=one.definition.name, archived=one.archived_at is not None)
            for one in channels.channels(ctx, archived=None)
        ],
    )
