"""Small and middle sets: what a person costs when few arrive at a time, in Python, in the server and in statements.

``python -m bench.small_sets [PEOPLE]``. The baseline is the same transaction with one trivial statement: it says what a
round trip costs today. Processor time, not the clock: machines have neighbours. The server's time is the kernel's count
of the backend's running time (Linux; 0 elsewhere).
"""

import gc
import itertools
import os
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, event, text

from migrations.schema import upgrade
from siyu.customers import actions as customers
from siyu.customers.types import Follow, Identity, NewEvent, Person, Record, Touch, oa_source
from siyu.intake import actions as intake
from siyu.kernel.clock import VirtualClock
from siyu.kernel.ctx import SYSTEM, Ctx
from siyu.kernel.db import engine_for, ids_of, transaction
from siyu.kernel.postgres import EmbeddedServer
from siyu.platforms import actions as platforms
from siyu.platforms.types import InboxRow

SIZES = (5, 50, 500)
START = datetime(2026, 3, 2, 1, tzinfo=UTC)
Call = Callable[[Ctx, Sequence[int]], object]


class Bench:
    """One installation, its connection and what was counted on it."""

    def __init__(self, engine: Engine, people: int) -> None:
        self.engine, self.people = engine, people
        self.clock = VirtualClock(START)
        self.statements = 0
        event.listen(engine, "before_cursor_execute", self._count)
        self.numbers = itertools.count(1)

    def _count(self, *_: Any) -> None:
        self.statements += 1

    def open(self) -> Any:
        """A transaction as a worker opens it."""
        return transaction(self.engine, self.clock, SYSTEM, ZoneInfo("Asia/Shanghai"))

    def server_seconds(self, ctx: Ctx) -> float:
        """Processor time of this connection's backend."""
        pid = ctx.tx.execute(text("select pg_backend_pid()")).scalar_one()
        counted = Path(f"/proc/{pid}/schedstat")
        return int(counted.read_text().split()[0]) / 1e9 if counted.exists() else 0.0

    def measure(self, name: str, size: int, call: Call, before: Call | None = None, first: int = 0) -> None:
        """Call with ``size`` people at a time and tell what each cost; ``before`` prepares and is not counted."""
        python = server = 0.0
        statements = calls = 0
        for start in range(first, first + max(self.people, size * 3), size):
            ids = range(start, start + size)
            with self.open() as ctx:
                if before is not None:
                    before(ctx, ids)
                at, counted, cpu = self.server_seconds(ctx), self.statements, time.process_time()
                call(ctx, ids)
                python += time.process_time() - cpu
                statements += self.statements - counted
                server += self.server_seconds(ctx) - at
                calls += 1
            self.clock.move_to(self.clock.now() + timedelta(seconds=1))
        each = 1e6 / (calls * size)
        print(
            f"{name:<34}{size:>5}   {python * each:>7.0f} us Python {server * each:>7.0f} us server"
            f" {(python + server) * each:>7.0f} us a person   {statements / calls:>5.1f} statements a call"
        )


def _records(ctx: Ctx, ids: Sequence[int], kind: str) -> list[Record]:
    source = oa_source(1)
    touch = Touch("oa_scene", "fair") if kind == "new" else None
    described: dict[str, object] = {"name": "王伟芳", "company": "杭州伟芳贸易有限公司", "city": "杭州"}
    return [
        Record(
            source,
            f"{kind}{one}",
            (Identity("oa_openid", f"o{one}", "1"), *([Identity("phone", f"138{one:08d}")] if kind == "form" else [])),
            ctx.now,
            described if kind == "form" else {},
            touch,
        )
        for one in ids
    ]


def recognise(kind: str) -> Call:
    """New followers, the same again, or forms that they fill in."""
    return lambda ctx, ids: customers.recognise(ctx, _records(ctx, ids, kind))


class Callbacks:
    """Callbacks of one Official Account, stored and handled as the worker does."""

    def __init__(self, bench: Bench, account_id: int) -> None:
        self.bench, self.account_id = bench, account_id
        self.taken: list[Any] = []

    def store(self, kind: str) -> Call:
        def run(ctx: Ctx, ids: Sequence[int]) -> None:
            rows = [self._row(ctx.now, kind, one) for one in ids]
            platforms.receive(ctx, rows)
            self.taken = platforms.take_inbox(ctx, 0, 10_000)
            assert len(self.taken) == len(rows)

        return run

    def _row(self, at: datetime, kind: str, one: int) -> InboxRow:
        number = next(self.bench.numbers)
        body = {"CreateTime": str(int(at.timestamp())), "FromUserName": f"c{one}"}
        if kind == "message":
            body |= {"MsgType": "text", "Content": "想要电子书", "MsgId": str(number)}
        else:
            body |= {"MsgType": "event", "Event": kind, "EventKey": "qrscene_fair" if kind == "subscribe" else "BOOK"}
        return InboxRow(self.account_id, f"k{number}", 0, kind, body, at)

    def handle(self, ctx: Ctx, _: Sequence[int]) -> None:
        intake.handle(ctx, self.taken)


def _follow(whose: dict[int, Person]) -> Call:
    return lambda ctx, ids: customers.follow(
        ctx,
        [Follow(whose[one].customer_id, "oa", 1, ctx.now, scene="fair", origin_id=whose[one].origin_id) for one in ids],
    )


def _consent(whose: dict[int, Person]) -> Call:
    return lambda ctx, ids: customers.consent(
        ctx, ids_of([whose[one].customer_id for one in ids]), "profiling", given=True, why="form"
    )


def _record(bench: Bench, whose: dict[int, Person]) -> Call:
    def run(ctx: Ctx, ids: Sequence[int]) -> None:
        people = [whose[one] for one in ids]
        customers.record(
            ctx,
            [
                NewEvent(
                    "bench", f"e{next(bench.numbers)}", "page_read", ctx.now, one.customer_id, None, {"seconds": 3}
                )
                for one in people
            ],
        )

    return run


@contextmanager
def _installation() -> Any:
    with TemporaryDirectory(prefix="siyu-bench-") as folder:
        os.environ.setdefault("SIYU_DATA_DIR", folder)
        with EmbeddedServer(Path(folder) / "pg", "demo") as server:
            upgrade(server.url())
            engine = engine_for(server.url(), pool=1)
            try:
                yield engine
            finally:
                engine.dispose()


def main(people: int) -> None:
    """Measure on a server of its own."""
    gc.freeze()  # as the application does after its imports
    with _installation() as engine:
        bench = Bench(engine, people)
        with bench.open() as ctx:
            account_id = platforms.save_account(ctx, kind="oa", key="wxbench", name="号", secret="s", token="t")
        callbacks = Callbacks(bench, account_id)
        for turn, size in enumerate((50, *SIZES)):  # the first turn warms the caches and is repeated
            first = turn * 1_000_000
            bench.measure("baseline: select 1", size, lambda ctx, _: ctx.tx.execute(text("select 1")), first=first)
            bench.measure("recognise, new", size, recognise("new"), first=first)
            bench.measure("recognise, known", size, recognise("known"), first=first)
            bench.measure("recognise, a form of a known one", size, recognise("form"), first=first)
            everybody = range(first, first + max(people, size * 3))
            with bench.open() as ctx:
                found = customers.recognise(ctx, _records(ctx, everybody, "known"))
            whose = dict(zip(everybody, found, strict=True))
            bench.measure("record", size, _record(bench, whose), first=first)
            bench.measure("follow", size, _follow(whose), first=first)
            bench.measure("consent", size, _consent(whose), first=first)
            bench.measure("intake, subscribe", size, callbacks.handle, callbacks.store("subscribe"), first=first)
            bench.measure("intake, message", size, callbacks.handle, callbacks.store("message"), first=first)
            bench.measure("intake, click", size, callbacks.handle, callbacks.store("click"), first=first)
            print()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 500)
