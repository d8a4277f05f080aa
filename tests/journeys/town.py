"""A small town: people, an Official Account, and the rooms' work drained as the runtime does it.

Sends are not claimed here: the test says what became of each request by recording outreach's own events.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import siyu.journeys.jobs
import siyu.outreach.jobs
import siyu.segments.jobs
import siyu.tags.jobs
from siyu.content import actions as content
from siyu.customers import actions as customers
from siyu.customers.types import Identity, NewEvent, Record
from siyu.journeys import actions as journeys
from siyu.journeys.types import Journey
from siyu.kernel import notices
from siyu.kernel.ctx import Ctx
from siyu.platforms import actions as platforms
from tests.support.world import World

ROOMS: tuple[Any, ...] = (siyu.tags.jobs, siyu.segments.jobs, siyu.outreach.jobs, siyu.journeys.jobs)


class Town:
    """Committed work in virtual time."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._keys = 0
        with world.open() as ctx:
            self.account_id = platforms.save_account(ctx, kind="oa", key="wx0123456789abcdef", name="OA", secret="s")

    def people(self, count: int, region: str | None = None) -> list[int]:
        """New customers, each known by an openid."""
        attributes = {"region": region} if region else {}
        with self.world.open() as ctx:
            found = []
            for _ in range(count):
                self._keys += 1
                openid = Identity("oa_openid", f"o{self._keys:027d}", str(self.account_id))
                key = f"p{self._keys}"
                found.append(Record("test", key, (openid,), ctx.now, attributes))
            return customers.identify(ctx, found)

    def content(self, *keys: str) -> list[int]:
        """Contents of kind text."""
        with self.world.open() as ctx:
            return [
                content.save_content(ctx, key=key, kind="text", title=key, body={"text": key}, publish=True).content_id
                for key in keys
            ]

    def event(
        self, type: str, *who: int, at: datetime | None = None, content_id: int | None = None, **props: object
    ) -> None:
        """Something that each of ``who`` did, now unless ``at`` is given."""
        with self.world.open() as ctx:
            self._record(ctx, type, who, at or ctx.now, content_id, props)

    def _record(
        self, ctx: Ctx, type: str, who: Sequence[int], at: datetime, content_id: int | None, props: dict[str, object]
    ) -> None:
        events = []
        for customer_id in who:
            self._keys += 1
            events.append(NewEvent("test", f"e{self._keys}", type, at, customer_id, content_id, props))
        customers.record(ctx, events)

    def requests(self, node: str | None = None) -> list[Any]:
        """What outreach was asked for: customer_id, key, node, answers, due_at."""
        return list(
            self.world.rows(
                "select r.customer_id, r.key, m.origin_node as node, m.origin_id, r.answers, r.due_at, r.state,"
                " r.detail from outreach_request r join outreach_message m using (message_id)"
                " where m.origin_node = coalesce(:node, m.origin_node) order by r.request_id",
                node=node,
            )
        )

    def outcome(self, kind: str, *who: int, node: str | None = None, at: datetime | None = None) -> int:
        """Say what became of the latest request per journey of ``who`` (default: everybody)."""
        latest = {(row.origin_id, row.customer_id): row for row in self.requests(node)}
        chosen = [row for row in latest.values() if not who or row.customer_id in who]
        with self.world.open() as ctx:
            for row in chosen:
                props = {"request_key": row.key, "route": "oa_custom"}
                self._record(ctx, f"delivery_{kind}", [row.customer_id], at or ctx.now, None, props)
        self.drain()
        return len(chosen)

    def drain(self) -> None:
        """Notices, pulses and ticks until nothing is left at the present time."""
        for _ in range(200):
            with self.world.open() as ctx:
                told = notices.take(ctx)
                for room in ROOMS:
                    if told and hasattr(room, "notice"):
                        room.notice(ctx, told)
            with self.world.open() as ctx:
                pulse = customers.take_pulse(ctx, 0, 256, 5_000)
                for room in ROOMS:
                    if pulse.events:
                        room.pulse(ctx, pulse)
            with self.world.open() as ctx:
                done = sum(room.tick(ctx, 10_000) for room in ROOMS if room is not siyu.outreach.jobs)
            if not told and not pulse.events and not done:
                return
        raise AssertionError("the town does not come to rest")

    def wait(self, **duration: float) -> None:
        """Move the clock, then drain."""
        self.world.wait(**duration)
        self.drain()

    def start(self, *steps: dict[str, Any], entry: dict[str, Any] | None = None, **more: Any) -> Journey:
        """Apply and start a journey; entry by default: region 上海, existing members too."""
        default = {"condition": {"kind": "attribute", "name": "region", "op": "eq", "value": "上海"}, "existing": True}
        data = {"key": "j", "name": "J", "entry": default | (entry or {}), "steps": list(steps), **more}
        with self.world.open() as ctx:
            journey = journeys.start(ctx, journeys.apply(ctx, data).journey_id)
        self.drain()
        return journey

    def where(self, journey: Journey) -> dict[int, tuple[str, str | None]]:
        """customer_id -> (node, waiting) of the active, (node, reason) of the ended."""
        rows = self.world.rows(
            "select customer_id, node, case state when 'active' then waiting else reason end as what from enrolment"
            " where journey_id = :journey order by enrolment_id",
            journey=journey.journey_id,
        )
        return {row.customer_id: (row.node, row.what) for row in rows}
