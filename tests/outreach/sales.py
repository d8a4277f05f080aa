"""A company with salespeople and their customers in WeCom, and an assistant that keeps its own truth."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any

from siyu.customers import actions as customers
from siyu.customers.types import Follow, Identity, Record
from siyu.outreach.types import DayPart, Route, RouteChoice
from siyu.platforms import actions as platforms
from siyu.platforms.types import Call, Outcome
from siyu.team import actions as team
from tests.outreach.town import Platform, Town
from tests.support.world import ZONE, World


@dataclass
class Given:
    """A task in somebody's assistant. ``fates``: statuses other than 1 (sent), by external_userid."""

    sender: str
    people: list[str]
    words: str
    confirmed_at: datetime | None = None
    cancelled: bool = False
    reminders: int = 0
    fates: dict[str, int] = field(default_factory=dict)


@dataclass
class Assistant(Platform):
    """WeCom's group-send assistant; an answer of ``answers`` is by the sender's userid, one of ``refusals`` by
    endpoint. ``hasty``: when the sender confirmed that which is to be cancelled, a moment before."""

    tasks: dict[str, Given] = field(default_factory=dict)
    unknown: set[str] = field(default_factory=set)
    refusals: dict[str, Outcome] = field(default_factory=dict)
    hasty: datetime | None = None

    def _send(self, call: Call) -> Outcome:
        if not call.endpoint.startswith("group_send_"):
            return super()._send(call)
        body: Any = call.body
        if call.endpoint == "group_send_add":
            return self._add(body)
        task = self.tasks[body["msgid"]]
        if self.hasty is not None and call.endpoint == "group_send_cancel":
            task.confirmed_at, self.hasty = self.hasty, None
            task.fates = dict.fromkeys(task.people, 0)
            return Outcome(False, 41063, "is being sent", {})
        if call.endpoint in self.refusals:
            return self.refusals[call.endpoint]
        return Outcome(True, 0, "", getattr(self, f"_{call.endpoint.removeprefix('group_send_')}")(task, body))

    def _add(self, body: Any) -> Outcome:
        answer = self.answers.get(body["sender"])
        if answer is not None:
            return answer
        people = [one for one in body["external_userid"] if one not in self.unknown]
        msgid = f"msg{len(self.tasks)}"
        words = body.get("text", {}).get("content") or str(body["attachments"])
        self.tasks[msgid] = Given(body["sender"], people, words)
        if self.lost > 0:
            self.lost -= 1
            return Outcome(False, -101, "the connection died after sending", {}, uncertain=True)
        return Outcome(True, 0, "", {"msgid": msgid, "fail_list": sorted(self.unknown & {*body["external_userid"]})})

    def _task(self, task: Given, body: Any) -> dict[str, Any]:
        sent = {"status": 2, "send_time": int(task.confirmed_at.timestamp())} if task.confirmed_at else {"status": 0}
        return {"task_list": [{"userid": task.sender, **sent}], "next_cursor": ""}

    def _result(self, task: Given, body: Any) -> dict[str, Any]:
        start = int(body.get("cursor") or 0)
        size = 2
        rows = []
        for one in task.people[start : start + size]:
            row: dict[str, Any] = {"external_userid": one, "userid": task.sender, "status": 0}
            if task.confirmed_at:
                row["status"] = task.fates.get(one, 1)
                if row["status"] == 1:
                    row["send_time"] = int(task.confirmed_at.timestamp())
            rows.append(row)
        more = start + size < len(task.people)
        return {"send_list": rows, "next_cursor": str(start + size) if more else ""}

    def _cancel(self, task: Given, body: Any) -> dict[str, Any]:
        task.cancelled = True
        return {}

    def _remind(self, task: Given, body: Any) -> dict[str, Any]:
        task.reminders += 1
        return {}

    def open(self, sender: str | None = None) -> list[Given]:
        """The tasks that stand unconfirmed in the assistant."""
        return [
            one
            for one in self.tasks.values()
            if one.confirmed_at is None and not one.cancelled and sender in (None, one.sender)
        ]

    def confirm(self, at: datetime, sender: str | None = None) -> int:
        """Confirm what stands there; how many tasks that were."""
        found = self.open(sender)
        for one in found:
            one.confirmed_at = at
        return len(found)

    def reached(self) -> Counter[tuple[str, str]]:
        """How often each person received which words."""
        return Counter(
            (one, task.words)
            for task in self.tasks.values()
            if task.confirmed_at
            for one in task.people
            if task.fates.get(one, 1) == 1
        )


@dataclass
class Sales(Town):
    """A town whose people are WeCom contacts; the external_userid of the n-th is ``x<n>``."""

    staff: dict[str, int] = field(default_factory=dict)

    @property
    def assistant(self) -> Assistant:
        assert isinstance(self.platform, Assistant)
        return self.platform

    def group(self, part: DayPart | None = None, sender: str | None = None) -> RouteChoice:
        return RouteChoice(Route.WECOM_GROUP_SEND, self.account, part=part, sender=sender)

    def until(self, hour: int, minute: int = 0, days: int = 0) -> datetime:
        """Work until a local time of today, or so many days later."""
        day = self.world.now.astimezone(ZONE).date() + timedelta(days=days)
        at = datetime.combine(day, time(hour, minute), ZONE)
        self.play(at)
        return at

    def times(self, reason: str) -> int:
        """How often a reason stands in the history."""
        return int(self.world.value("select count(*) from outreach_move where reason = :reason", reason=reason))


def company(world: World, count: int, sellers: Sequence[str] = ("zhang",)) -> Sales:
    """``count`` customers, dealt to the sellers in turn."""
    with world.open() as ctx:
        account = platforms.save_account(
            ctx, kind="wecom", key="ww1-1", name="企业", config={"corpid": "ww1", "agentid": "1"}, secret="s"
        )
        staff = {userid: team.add_staff(ctx, name=userid, roles=["sales"], userid=userid) for userid in sellers}
        records = [
            Record("test", f"x{number}", (Identity("external_userid", f"x{number}", "ww1"),), ctx.now)
            for number in range(count)
        ]
        people = customers.identify(ctx, records)
        customers.follow(
            ctx,
            [
                Follow(one, "wecom", account, ctx.now, staff=sellers[number % len(sellers)])
                for number, one in enumerate(people)
            ],
        )
    world.wait(minutes=5)  # the morning's round is over
    return Sales(world, account, people, Assistant(), staff=staff)


__all__ = ["Assistant", "Given", "Sales", "company"]
