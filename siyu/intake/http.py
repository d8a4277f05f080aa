"""Private: the state of reconciliation over HTTP."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel

from siyu.intake import actions, queries
from siyu.intake.rounds import KINDS
from siyu.intake.types import RoundKind
from siyu.kernel.ctx import Ctx
from siyu.kernel.errors import Invalid, NotFound
from siyu.kernel.http import ApiRoute, Id, raises, requires
from siyu.platforms import queries as platforms

router = APIRouter(prefix="/api/intake", tags=["intake"], route_class=ApiRoute)


class RoundBody(BaseModel):
    """A reconciliation of one account with the platform's list."""

    account_id: int
    kind: RoundKind
    next_at: datetime
    running: bool
    started_at: datetime | None
    finished_at: datetime | None
    seen: int
    healed: int
    failures: int
    error: str


class ArchiveBody(BaseModel):
    """How far a corp's conversation archive (会话内容存档) was read; ``read_at`` null: never yet."""

    account_id: int
    seq: int
    next_at: datetime
    read_at: datetime | None
    failures: int
    error: str


class IgnoredBody(BaseModel):
    """How many callbacks came of a kind without use."""

    account_id: int
    kind: str
    count: int
    latest_at: datetime


class IntakeState(BaseModel):
    """Reconciliations, readings still to be made, archives (none: none is configured), ignored callbacks."""

    rounds: list[RoundBody]
    readings_waiting: int
    archives: list[ArchiveBody]
    ignored: list[IgnoredBody]


@router.get("/state", operation_id="get_intake_state")
def get_intake_state(ctx: Annotated[Ctx, requires("intake.read")]) -> IntakeState:
    """How well Siyu agrees with the platforms."""
    return IntakeState(
        rounds=[
            RoundBody(
                account_id=one.account_id,
                kind=one.kind,
                next_at=one.next_at,
                running=one.running,
                started_at=one.started_at,
                finished_at=one.finished_at,
                seen=one.seen,
                healed=one.healed,
                failures=one.failures,
                error=one.error,
            )
            for one in queries.rounds(ctx)
        ],
        readings_waiting=queries.readings_waiting(ctx),
        archives=[
            ArchiveBody(
                account_id=one.account_id,
                seq=one.seq,
                next_at=one.next_at,
                read_at=one.read_at,
                failures=one.failures,
                error=one.error,
            )
            for one in (queries.archives(ctx) if platforms.archive_configured(ctx) else ())
        ],
        ignored=[
            IgnoredBody(account_id=one.account_id, kind=one.kind, count=one.count, latest_at=one.latest_at)
            for one in queries.ignored(ctx)
        ],
    )


@router.post(
    "/rounds/{account_id}/{kind}/start",
    operation_id="start_reconciliation",
    status_code=204,
    responses=raises(NotFound, Invalid),
)
def start_reconciliation(ctx: Annotated[Ctx, requires("intake.write")], account_id: Id, kind: RoundKind) -> None:
    """Reconcile now instead of at the next turn."""
    account = platforms.account(ctx, account_id)
    if kind not in KINDS[account.kind]:
        raise Invalid(f"{account.kind} accounts have no reconciliation of this kind", field="kind")
    actions.start_round(ctx, account_id, kind)
