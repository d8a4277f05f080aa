"""Health and operation: is the database there, what waits, what failed."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel
from sqlalchemy import text

from siyu.kernel import notices
from siyu.kernel.ctx import Ctx
from siyu.kernel.http import requires
from siyu.platforms import queries as platforms
from siyu.runtime import queries as runtime

router = APIRouter(tags=["operation"])


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
        notices=notices.pending(ctx),
        parked=[Parked(**asdict(share)) for share in runtime.parked(ctx)],
    )
