"""The ten-minute desk of one salesperson with many customers: planning, handing over, reading, reconciling the day.

``python -m bench.push_desk [PEOPLE]``. Everybody is due in one round of twenty messages. The baseline is an UPDATE of
as many requests by their key: it says what writing them once costs. The desk is read over HTTP, in this process.
"""

import os
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import FastAPI, Request
from fastapi.testclient import TestClient
from sqlalchemy import BigInteger, DateTime, Engine, Integer, Text, cast, literal, null, select, text, update

from migrations.schema import upgrade
from siyu.customers import actions as customers
from siyu.customers.types import Follow, Identity, Record
from siyu.kernel import jobs as work
from siyu.kernel.clock import VirtualClock
from siyu.kernel.ctx import SYSTEM, Actor, Ctx
from siyu.kernel.db import engine_for, given, rows, transaction, unnest
from siyu.kernel.postgres import EmbeddedServer
from siyu.outreach import actions, jobs
from siyu.outreach.sendtasks.http import router
from siyu.outreach.store import request
from siyu.outreach.types import Message, Origin, Route, RouteChoice
from siyu.platforms import actions as platforms
from siyu.platforms.types import Call, Outcome
from siyu.team import actions as team

START = datetime(2026, 3, 2, 1, tzinfo=UTC)
NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)
PEOPLE, TASKS, READS = 20_000, 20, 40
PAGE = 1_000
WRITTEN = rows("b", customer_id=Integer(), request_id=BigInteger())
BARE = (
    update(request)
    .where(request.c.customer_id == WRITTEN.c.customer_id, request.c.request_id == WRITTEN.c.request_id)
    .values(detail=literal("bare", Text()), decided_at=literal(START, DateTime(timezone=True)))
)


@dataclass
class Assistant:
    """WeCom's side: takes every task; confirmed ones were sent to everybody, told a page at a time."""

    tasks: list[list[str]] = field(default_factory=list)
    confirmed: datetime | None = None

    def send(self, call: Call) -> Outcome:
        """The answer of one call."""
        body: Any = call.body
        if call.endpoint == "group_send_add":
            self.tasks.append(body["external_userid"])
            return Outcome(True, 0, "", {"msgid": str(len(self.tasks) - 1), "fail_list": []})
        sent = {"status": 0} if self.confirmed is None else {"status": 2, "send_time": int(self.confirmed.timestamp())}
        if call.endpoint == "group_send_task":
            return Outcome(True, 0, "", {"task_list": [{"userid": "zhang", **sent}]})
        people, first = self.tasks[int(body["msgid"])], int(body.get("cursor") or 0)
        page = [{"external_userid": one, **sent, "status": 1} for one in people[first : first + PAGE]]
        more = str(first + PAGE) if first + PAGE < len(people) else ""
        return Outcome(True, 0, "", {"send_list": page, "next_cursor": more})


@dataclass
class Edge:
    """Every request of the desk comes from the salesperson."""

    bench: "Bench"
    actor: Actor

    def request(self, request: Request, permission: str | None) -> AbstractContextManager[Ctx]:
        """A transaction of the salesperson's."""
        return self.bench.open(self.actor)


class Bench:
    """One salesperson's company."""

    def __init__(self, engine: Engine, people: int) -> None:
        self.engine, self.clock, self.size = engine, VirtualClock(START), people
        self.assistant = Assistant()
        with self.open() as ctx:
            config = {"corpid": "ww1", "agentid": "1"}
            self.account = platforms.save_account(ctx, kind="wecom", key="ww1-1", name="C", config=config, secret="s")
            self.staff = team.add_staff(ctx, name="zhang", roles=["sales"], userid="zhang")
            records = [
                Record("bench", str(n), (Identity("external_userid", f"x{n}", "ww1"),), ctx.now) for n in range(people)
            ]
            self.people = customers.identify(ctx, records)
            customers.follow(ctx, [Follow(one, "wecom", self.account, ctx.now, staff="zhang") for one in self.people])
            for number in range(TASKS):  # set-loop: twenty messages
                self.ask(ctx, number)
        with engine.begin() as connection:
            connection.execute(text("analyze"))

    def open(self, actor: Actor = SYSTEM) -> AbstractContextManager[Ctx]:
        """A transaction as a worker opens it."""
        return transaction(self.engine, self.clock, actor, ZoneInfo("Asia/Shanghai"))

    def ask(self, ctx: Ctx, number: int) -> None:
        """One message to its share of the people."""
        asked = unnest("who", customer_id=(Integer(), self.people[number::TASKS]))
        who = select(
            asked.c.customer_id,
            literal("k").label("key"),
            cast(null(), BigInteger).label("answers"),
            cast(null(), DateTime(timezone=True)).label("wanted_at"),
            cast(null(), DateTime(timezone=True)).label("expires_at"),
        )
        route = RouteChoice(Route.WECOM_GROUP_SEND, self.account)
        origin, said = Origin("bench", number), Message(text=f"message {number}")
        actions.request(ctx, who, message=said, routes=(route,), origin=origin)

    def timed(self, name: str, run: Callable[[], None], bare: float | None = None) -> float:
        """Run it and tell how long it took."""
        begun = time.perf_counter()
        run()
        took = time.perf_counter() - begun
        compared = "" if bare is None else f"   {took / bare:>6.1f} x the bare write"
        print(f"{name:<44}{took:>8.2f} s{compared}   {self.size / took:>9,.0f} people/s")
        return took

    def bare(self) -> None:
        """Write as many requests by their key."""
        with self.open() as ctx:
            found = ctx.tx.execute(select(request.c.customer_id, request.c.request_id)).all()
            ctx.tx.execute(BARE, given(WRITTEN, customer_id=[r[0] for r in found], request_id=[r[1] for r in found]))

    def decide(self) -> None:
        """Everybody is planned for the round."""
        while True:
            with self.open() as ctx:
                if not jobs.tick(ctx, 10_000):
                    return

    def work(self) -> None:
        """Run the phases until nothing is left now."""
        while sum(work.run(one, self.open, {"wecom": self.assistant}) for one in jobs.phases()):
            pass

    def desk(self, name: str) -> None:
        """Read the desk again and again."""
        app = FastAPI()
        app.include_router(router)
        app.state.edge = Edge(self, Actor("staff", "zhang", self.staff, frozenset({"tasks.read"})))
        with TestClient(app) as client:
            found = self.read(client, f"{name}: the desk", "/api/outreach/desk")
            self.read(client, f"{name}: its people", f"/api/outreach/desk/tasks/{found['tasks'][0]['key']}/people")

    def read(self, client: TestClient, name: str, path: str) -> Any:
        """Read one address and tell how long it takes; its last answer."""
        answer = client.get(path)
        took = []
        for _ in range(READS):
            begun = time.perf_counter()
            answer = client.get(path)
            took.append(1_000 * (time.perf_counter() - begun))
            assert answer.status_code == 200, answer.text
        cuts = quantiles(took, n=20)
        print(f"{name:<44}{cuts[9]:>7.1f} ms at p50 {cuts[18]:>7.1f} ms at p95")
        return answer.json()


def main(people: int) -> None:
    """Measure on a server of its own."""
    with TemporaryDirectory(prefix="siyu-bench-") as folder:
        os.environ.setdefault("SIYU_DATA_DIR", folder)
        with EmbeddedServer(Path(folder) / "pg", "demo") as server:
            upgrade(server.url())
            engine = engine_for(server.url(), pool=4)
            try:
                bench = Bench(engine, people)
                bare = bench.timed("UPDATE by key, bare", bench.bare)
                bench.timed("decided and planned for the round", bench.decide, bare)
                bench.desk("planned")
                bench.clock.move_to(NOON)
                bench.timed(f"the round handed over in {TASKS} tasks", bench.work, bare)
                assert len(bench.assistant.tasks) == TASKS, len(bench.assistant.tasks)
                bench.desk("handed")
                bench.assistant.confirmed = NOON + timedelta(minutes=5)
                bench.clock.move_to(NOON + timedelta(minutes=11))
                bench.timed("reconciled with the results, page by page", bench.work, bare)
                bench.desk("received")
            finally:
                engine.dispose()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else PEOPLE)
