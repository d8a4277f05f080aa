"""A town for the tests of outreach: followers of one Official Account, and a platform that keeps its own truth."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, DateTime, Integer, Select, literal, select

from siyu.content import actions as content
from siyu.customers import actions as customers
from siyu.customers.types import Follow, Identity, Record
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import unnest
from siyu.kernel.probes import answer
from siyu.outreach import actions, jobs
from siyu.outreach.types import Message, Origin, Route, RouteChoice, WindowOpening
from siyu.platforms import actions as platforms
from siyu.platforms.types import Call, Outcome
from tests.support.world import World

ORIGIN = Origin("journey", 1, 1, "push")
HELLO = Message(text="你好")
OK: Mapping[str, object] = {"errcode": 0}


def refused(code: int, *, retryable: bool = False, retry_at: datetime | None = None) -> Outcome:
    return Outcome(False, code, "refused", {}, retryable=retryable, retry_at=retry_at)


LOST = Outcome(False, -101, "the connection died after sending", {}, uncertain=True)


@dataclass
class Platform:
    """Carries calls out as the Official Account does: mass and template calls once per key. ``answers`` are refusals by
    openid (or "*"); ``lost``: so many answers get lost although the call was carried out."""

    received: list[tuple[str, str, str]] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)
    answers: dict[str, Outcome] = field(default_factory=dict)
    lost: int = 0
    keys: dict[str, str] = field(default_factory=dict)
    bodies: list[Mapping[str, Any]] = field(default_factory=list)
    guard: threading.Lock = field(default_factory=threading.Lock)

    def send(self, call: Call) -> Outcome:
        with self.guard:
            self.calls[call.endpoint] += 1
            self.bodies.append(call.body)
            return self._send(call)

    def _send(self, call: Call) -> Outcome:
        body: Any = call.body
        if call.endpoint in ("draft_add", "material_add"):
            return Outcome(True, 0, "", {"media_id": f"media{sum(self.calls.values())}"})
        to = body["touser"] if call.endpoint == "mass_send" else [_recipient(body)]
        for openid in to:
            answer = self.answers.get(openid) or self.answers.get("*")
            if answer is not None:
                return answer
        words = str(body.get("text", body.get("mpnews", body.get("data", body.get("news", body.get("payload"))))))
        if call.endpoint == "welcome_send" and to[0] in self.of("welcome_send"):
            return refused(41051)
        known = self.keys.get(call.key) if call.endpoint not in ("custom_send", "welcome_send") else None
        msgid = known or str(1000 + len(self.received))
        if known is None:
            self.received += [(call.endpoint, openid, words) for openid in to]
            if call.key:
                self.keys[call.key] = msgid
        if self.lost > 0:
            self.lost -= 1
            return LOST
        return Outcome(True, 0 if known is None else 45065, "", {"msg_id": msgid, "msgid": msgid})

    def of(self, endpoint: str) -> list[str]:
        """The openids that an endpoint's calls reached, in order."""
        return [openid for name, openid, _ in self.received if name == endpoint]

    @property
    def senders(self) -> dict[str, Any]:
        return {"official_account": self, "wecom": self, "webhook": self}


def _recipient(body: Mapping[str, Any]) -> str:
    return str(body.get("touser") or body.get("welcome_code") or "webhook")


@dataclass
class Town:
    """``people``: customer ids; the openid of the n-th is ``o<n>``."""

    world: World
    account: int
    people: list[int]
    platform: Platform
    template_id: str = "T1"

    def ask(
        self,
        who: Sequence[int] | None = None,
        *,
        routes: Sequence[RouteChoice] | None = None,
        message: Message = HELLO,
        origin: Origin = ORIGIN,
        key: str = "k",
        answers: int | None = None,
        wanted_at: datetime | None = None,
        expires_at: datetime | None = None,
        exempt: bool = False,
        priority: int = 0,
    ) -> int:
        """Request a send to ``who`` (everybody) in a transaction of its own; by default a mass send at once, of words
        of the key's own: the same never come twice."""
        if message is HELLO and key != "k":
            message = Message(text=f"你好 {key}")
        with self.world.open() as ctx:
            return actions.request(
                ctx,
                asked(self.people if who is None else who, key, answers, wanted_at, expires_at),
                message=message,
                routes=tuple(routes or (self.mass(),)),
                origin=origin,
                exempt=exempt,
                priority=priority,
            )

    def mass(self, gather: timedelta | None = None, at_once: int = 100) -> RouteChoice:
        return RouteChoice(Route.OA_MASS, self.account, gather=gather, at_once=at_once)

    @property
    def custom(self) -> RouteChoice:
        return RouteChoice(Route.OA_CUSTOM, self.account)

    @property
    def template(self) -> RouteChoice:
        return RouteChoice(Route.OA_TEMPLATE, self.account, template=self.template_id)

    def opens(self, who: Sequence[int], trigger: Any = "message", at: datetime | None = None) -> None:
        with self.world.open() as ctx:
            rows = [WindowOpening(one, self.account, trigger, at or ctx.now) for one in who]
            actions.open_window(ctx, rows)

    def work(self, lease: float = 60.0) -> int:
        """Tick and run every phase until nothing is left now; returns the rounds that did something."""
        for rounds in range(1000):
            with self.world.open() as ctx:
                did = jobs.tick(ctx, 10_000) > 0
            for phased in (*jobs.fast_phases(lease), *jobs.phases(lease)):
                did = self.world.run(phased, self.platform.senders) or did
            if not did:
                return rounds
        raise AssertionError("outreach does not come to rest")

    def play(self, until: datetime) -> None:
        """Work, jump to the next due time, and so on, as the driver does."""
        while True:
            self.work()
            with self.world.open() as ctx:
                due = answer(ctx, jobs.DUE)
            if due is None or due > until:
                self.world.clock.move_to(until)
                return
            if due <= self.world.now:
                self.leases_end()
            self.world.clock.move_to(due)

    def leases_end(self) -> None:
        """Machine time passes: what was in flight is over. Fails when nothing was, because then ``next_due`` lied."""
        with self.world.engine.begin() as connection:
            ended = connection.exec_driver_sql(
                "update outreach_batch set lease_machine = 0 where open and lease_machine > 0"
            )
        assert ended.rowcount, "next_due names work that is due now and was not done"

    def states(self) -> list[tuple[int, str, str]]:
        """(person's number, state, reason) of all requests, in order of asking."""
        rows = self.world.rows(
            """select customer_id, state, reason from outreach_request
            where customer_id = any(:people) order by request_id""",
            people=self.people,
        )
        return [(self.people.index(row.customer_id), row.state, row.reason) for row in rows]

    def tally(self) -> Counter[tuple[str, str]]:
        """How many requests stand in each (state, reason)."""
        return Counter((state, reason) for _, state, reason in self.states())

    def events(self, kind: str = "delivery_%") -> list[Any]:
        return list(self.world.rows("select * from event where type like :kind order by event_id", kind=kind))

    def article(self, key: str = "a1") -> int:
        with self.world.open() as ctx:
            body = {
                "html": "<p>正文</p>",
                "message": "给您: {{link}}",
                "template": {"template_id": "T1", "data": {"thing1": "提醒"}},
            }
            return content.save_content(ctx, key=key, kind="article", title=key, body=body, publish=True).content_id


def asked(
    who: Sequence[int],
    key: str,
    answers: int | None = None,
    wanted_at: datetime | None = None,
    expires_at: datetime | None = None,
) -> Select[Any]:
    """The relation that ``actions.request`` takes."""
    ids = unnest("who", customer_id=(Integer(), who))
    return select(
        ids.c.customer_id,
        literal(key).label("key"),
        literal(answers, BigInteger()).label("answers"),
        literal(wanted_at, DateTime(timezone=True)).label("wanted_at"),
        literal(expires_at, DateTime(timezone=True)).label("expires_at"),
    )


def settle(world: World, count: int, key: str = "wx1") -> Town:
    """A town with ``count`` followers of the account ``key``."""
    with world.open() as ctx:
        account = platforms.save_account(
            ctx, kind="oa", key=key, name="号", config={"base_url": "http://127.0.0.1:1", "gh_id": "gh_1"}, secret="s"
        )
        people = arrive(ctx, account, 0, count)
    return Town(world, account, people, Platform())


def arrive(ctx: Ctx, account: int, first: int, count: int) -> list[int]:
    """People ``first`` .. follow the account."""
    records = [
        Record("test", f"{account}:p{number}", (Identity("oa_openid", f"o{number}", str(account)),), ctx.now)
        for number in range(first, first + count)
    ]
    people = customers.identify(ctx, records)
    customers.follow(ctx, [Follow(one, "oa", account, ctx.now) for one in people])
    return people
