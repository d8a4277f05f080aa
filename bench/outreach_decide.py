"""Deciding sends: people a second that get their decision, when tables are new and when statistics are old.

``python -m bench.outreach_decide [PEOPLE]``. The baseline is an UPDATE of as many requests by their key, from arrays:
it says what writing them costs. Later waves come when all earlier ones are over and the tables were analysed: a plan
that believes that nothing waits must not join each request with each. Below 1,000 people nothing looks at the
statistics on the way, so 990 people are the hard case.
"""

import os
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import BigInteger, DateTime, Engine, Integer, Text, cast, literal, null, select, text, update

from migrations.schema import upgrade
from siyu.customers import actions as customers
from siyu.customers.types import Follow, Identity, Record
from siyu.kernel.clock import VirtualClock
from siyu.kernel.ctx import SYSTEM
from siyu.kernel.db import engine_for, given, rows, transaction, unnest
from siyu.kernel.postgres import EmbeddedServer
from siyu.outreach import actions, claims
from siyu.outreach.store import request
from siyu.outreach.types import Message, Origin, Route, RouteChoice, WindowOpening
from siyu.platforms import actions as platforms

START = datetime(2026, 3, 2, 1, tzinfo=UTC)
TARGET = 10_000
"""People a second (docs/status.md)."""
WRITTEN = rows("b", customer_id=Integer(), request_id=BigInteger())
BARE = (
    update(request)
    .where(request.c.customer_id == WRITTEN.c.customer_id, request.c.request_id == WRITTEN.c.request_id)
    .values(detail=literal("bare", Text()), decided_at=literal(START, DateTime(timezone=True)))
)


class Bench:
    """One installation with followers of one account."""

    def __init__(self, engine: Engine, people: int) -> None:
        self.engine = engine
        self.clock = VirtualClock(START)
        with self.open() as ctx:
            self.account = platforms.save_account(ctx, kind="oa", key="wx1", name="OA", config={}, secret="s")
            records = [
                Record("bench", str(n), (Identity("oa_openid", f"o{n}", str(self.account)),), ctx.now)
                for n in range(people)
            ]
            self.people: Sequence[int] = customers.identify(ctx, records)
            customers.follow(ctx, [Follow(one, "oa", self.account, ctx.now) for one in self.people])

    def open(self) -> Any:
        """A transaction as a worker opens it."""
        return transaction(self.engine, self.clock, SYSTEM, ZoneInfo("Asia/Shanghai"))

    def ask(self, wave: int, route: RouteChoice) -> None:
        """A request for everybody, with an open window."""
        self.clock.move_to(self.clock.now() + timedelta(days=1))
        with self.open() as ctx:
            openings = [WindowOpening(one, self.account, "message", ctx.now) for one in self.people]
            actions.open_window(ctx, openings)
            asked = unnest("who", customer_id=(Integer(), self.people))
            who = select(
                asked.c.customer_id,
                literal(f"w{wave}").label("key"),
                cast(null(), BigInteger).label("answers"),
                cast(null(), DateTime(timezone=True)).label("wanted_at"),
                cast(null(), DateTime(timezone=True)).label("expires_at"),
            )
            origin = Origin("bench", wave)
            actions.request(ctx, who, message=Message(text=f"wave {wave}"), routes=(route,), origin=origin)

    def decide(self, name: str, bare: float | None = None) -> None:
        """Decide for everybody and tell how fast."""
        with self.open() as ctx:
            clock, cpu = time.perf_counter(), time.process_time()
            looked = claims.sort(ctx, len(self.people))
            clock, cpu = time.perf_counter() - clock, time.process_time() - cpu
        assert looked == len(self.people), (looked, len(self.people))
        compared = "" if bare is None else f"   {clock / bare:>5.1f} x the bare write"
        print(
            f"{name:<44}{looked / clock:>9,.0f} people/s{compared}   "
            f"{1e6 * clock / looked:>5.0f} us a person, {1e6 * cpu / looked:.0f} of them in Python"
        )

    def bare(self) -> float:
        """Seconds to write as many requests by their key."""
        with self.open() as ctx:
            found = ctx.tx.execute(select(request.c.customer_id, request.c.request_id)).all()
            started = time.perf_counter()
            ctx.tx.execute(BARE, given(WRITTEN, customer_id=[r[0] for r in found], request_id=[r[1] for r in found]))
            return time.perf_counter() - started

    def over(self) -> None:
        """Everything asked for is over, and the statistics know it."""
        with self.engine.begin() as connection:
            connection.execute(
                text("update outreach_request set state = 'sent', done_at = due_at, claimed_at = due_at")
            )
            connection.execute(text("analyze"))


def main(people: int) -> None:
    """Measure on a server of its own."""
    with TemporaryDirectory(prefix="siyu-bench-") as folder:
        os.environ.setdefault("SIYU_DATA_DIR", folder)
        with EmbeddedServer(Path(folder) / "pg", "demo") as server:
            upgrade(server.url())
            engine = engine_for(server.url(), pool=2)
            try:
                bench = Bench(engine, people)
                custom, mass = (RouteChoice(route, bench.account) for route in (Route.OA_CUSTOM, Route.OA_MASS))
                bench.ask(1, custom)
                bare = bench.bare()
                print(f"{'UPDATE by key, bare':<44}{people / bare:>9,.0f} people/s")
                bench.decide("customer messages, tables are new", bare)
                bench.over()
                bench.ask(2, mass)
                bench.decide("mass send, statistics of a wave that is over", bare)
                bench.over()
                bench.ask(3, custom)
                bench.decide("customer messages, the same", bare)
            finally:
                engine.dispose()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else TARGET)
