"""The callback door: platforms post here; verified, decoded and committed in groups, then answered.

Async and with a group-commit writer, because a thread per callback and a commit each reached 650 to 1,070
callbacks a second on 2 cores, this 1,670 and more (measured while the tool chain was chosen).
"""

import asyncio
import queue
import threading
from concurrent.futures import Future
from dataclasses import dataclass, field

import structlog
from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from siyu.kernel.clock import machine
from siyu.platforms import actions as platforms
from siyu.platforms import callbacks as door
from siyu.platforms import queries
from siyu.platforms.types import Account, CallbackRefused, InboxRow
from siyu.runtime.house import House

log = structlog.get_logger(__name__)
router = APIRouter()
ACCOUNT_SECONDS = 5.0
GROUP_ROWS = 500


@dataclass
class Door:
    """Keeps the accounts' keys for a few seconds and owns the writer thread."""

    house: House
    _accounts: dict[int, Account] = field(default_factory=dict)
    _read_at: float = 0.0
    _queue: "queue.SimpleQueue[tuple[InboxRow, Future[None]] | None]" = field(default_factory=queue.SimpleQueue)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the writer."""
        self._thread = threading.Thread(target=self._write, name="siyu-callbacks", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Write what is queued, then end."""
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join(30)

    async def account(self, account_id: int) -> Account | None:
        """The account, from memory if it was read within 5 seconds."""
        if machine() - self._read_at > ACCOUNT_SECONDS or account_id not in self._accounts:
            self._accounts = await run_in_threadpool(self._read)
            self._read_at = machine()
        return self._accounts.get(account_id)

    async def store(self, row: InboxRow) -> None:
        """Return when the row is committed."""
        done: Future[None] = Future()
        self._queue.put((row, done))
        await asyncio.wrap_future(done)

    def _read(self) -> dict[int, Account]:
        with self.house.open() as ctx:
            return {account.account_id: account for account in queries.accounts(ctx)}

    def _write(self) -> None:
        while True:
            first = self._queue.get()
            if first is None:
                return
            group, ended = [first], False
            while len(group) < GROUP_ROWS and not self._queue.empty():
                item = self._queue.get()
                if item is None:
                    ended = True
                    break
                group.append(item)
            try:
                # set-loop: one statement per group commit, not per callback
                with self.house.open() as ctx:
                    platforms.receive(ctx, [row for row, _ in group])
                for _, done in group:
                    done.set_result(None)
            except Exception as error:
                log.exception("callbacks_not_stored", rows=len(group))
                for _, done in group:
                    done.set_exception(error)
            if ended:
                return


@router.get("/callback/{account_id}", include_in_schema=False)
async def verify(account_id: int, request: Request) -> Response:
    """URL verification (docs/platform.md A.2 step 1, B.1 server check)."""
    callback: Door = request.app.state.callbacks
    account = await callback.account(account_id)
    if account is None:
        return Response("unknown account", 404)
    try:
        return Response(door.verify_url(account, dict(request.query_params)), media_type="text/plain")
    except CallbackRefused as error:
        return Response(error.message, 403)


@router.post("/callback/{account_id}", include_in_schema=False)
async def deliver(account_id: int, request: Request) -> Response:
    """Accept one callback; ``success`` only after it is committed, so that the platform re-sends what was lost."""
    callback: Door = request.app.state.callbacks
    account = await callback.account(account_id)
    if account is None:
        return Response("unknown account", 404)
    try:
        row = door.accept(account, dict(request.query_params), await request.body())
    except CallbackRefused as error:
        log.warning("callback_refused", account=account_id, reason=error.code)
        return Response(error.message, 403)
    await callback.store(row)
    return Response("success", media_type="text/plain")
