"""Health and operation: is the database there, what waits, what failed."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel
from sqlalchemy import text

from siyu.channels import queries as channels
from siyu.kernel import notices
from siyu.kernel.ctx import Ctx
from siyu.kernel.http import ApiRoute, requires
from siyu.platforms import queries as platforms
from siyu.platforms.types import AccountKind
from siyu.runtime import queries as runtime
from siyu.team import queries as team

router = APIRouter(tags=["operation"], route_class=ApiRoute)


class Health(BaseModel):
    """``ok`` while the database answers."""

    ok: bool
    now: datetime


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
    return Health(ok=True, now=ctx.now)


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
