"""The callback door: platforms post here; verified, decoded and committed in groups, then answered.

Async and with a group-commit writer, because a thread per callback and a commit each reached 650 to 1,070
callbacks a second on 2 cores, this 1,670 and more (measured while the tool chain was chosen).
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from siyu.kernel.clock import machine
from siyu.kernel.ctx import Ctx
from siyu.kernel.grouping import Groups
from siyu.kernel.http import body_of
from siyu.platforms import actions as platforms
from siyu.platforms import callbacks as door
from siyu.platforms import queries
from siyu.platforms.types import Account, CallbackRefused, InboxRow
from siyu.runtime.house import House

log = structlog.get_logger(__name__)
MOST_BYTES = 1 << 20
"""Of a callback: the platforms' own are a few kilobytes (docs/platform.md)."""
ACCOUNT_SECONDS = 5.0


@dataclass
class Door:
    """Keeps the accounts' keys for a few seconds; what it accepted is committed in groups."""

    house: House
    groups: Groups
    _accounts: dict[int, Account] = field(default_factory=dict)
    _read_at: float = 0.0
    _reading: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def account(self, account_id: int) -> Account | None:
        """The account, from memory if it was read within 5 seconds."""
        if self._stale(account_id):
            async with self._reading:  # a flood reads them once, not once each
                if self._stale(account_id):
                    self._accounts = await run_in_threadpool(self._read)
                    self._read_at = machine()
        return self._accounts.get(account_id)

    def _stale(self, account_id: int) -> bool:
        return machine() - self._read_at > ACCOUNT_SECONDS or account_id not in self._accounts

    async def store(self, row: InboxRow) -> None:
        """Return when the row is committed."""
        await self.groups.together(receive_all, row)

    def _read(self) -> dict[int, Account]:
        with self.house.open() as ctx:
            return {account.account_id: account for account in queries.accounts(ctx)}


def receive_all(ctx: Ctx, rows: Sequence[InboxRow]) -> list[None]:
    """Store callbacks (a group's work)."""
    platforms.receive(ctx, rows)
    return [None] * len(rows)


async def verify(request: Request) -> Response:
    """URL verification (docs/platform.md A.2 step 1, B.1 server check)."""
    account = await _account(request)
    if account is None:
        return Response("unknown account", 404)
    try:
        return Response(door.verify_url(account, dict(request.query_params)), media_type="text/plain")
    except CallbackRefused as error:
        return Response(error.message, 403)


async def deliver(request: Request) -> Response:
    """Accept one callback; ``success`` only after it is committed, so that the platform re-sends what was lost."""
    body = await body_of(request, MOST_BYTES)
    account = await _account(request)
    if account is None:
        return Response("unknown account", 404)
    try:
        row = door.accept(account, dict(request.query_params), body)
    except CallbackRefused as error:
        log.warning("callback_refused", account=account.account_id, reason=error.code)
        return Response(error.message, 403)
    await _door(request).store(row)
    return Response("success", media_type="text/plain")


async def _account(request: Request) -> Account | None:
    return await _door(request).account(request.path_params["account_id"])


def _door(request: Request) -> Door:
    found: Door = request.app.state.callbacks
    return found


floods = (
    Route("/callback/{account_id:int}", verify, methods=["GET"]),
    Route("/callback/{account_id:int}", deliver, methods=["POST"]),
)
