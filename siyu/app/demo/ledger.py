"""What came of the fortnight: Siyu's numbers beside the sandbox's own, per channel, stage, salesperson and day."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from rich.console import Console
from rich.table import Table
from sqlalchemy import Select, select

from siyu.app.demo import company, firm, front
from siyu.channels import queries as channels
from siyu.customers import queries as customers
from siyu.journeys import queries as journeys
from siyu.kernel.ctx import Ctx
from siyu.outreach import queries as outreach
from siyu.platforms.sandbox_control.client import SandboxControl
from siyu.runtime.house import House


@dataclass(frozen=True, slots=True)
class Pair:
    """One number on both sides; ``theirs`` None: only Siyu can know it."""

    title: str
    ours: int
    theirs: int | None = None

    @property
    def right(self) -> bool:
        """Whether the two agree."""
        return self.theirs is None or self.ours == self.theirs


@dataclass(slots=True)
class Told:
    """Everything that is printed. ``days``: (userid, day) -> numbers of the desk on that day."""

    channels: list[tuple[Pair, int, int | None]] = field(default_factory=list)
    moves: list[tuple[str, str, str, str, int]] = field(default_factory=list)
    stages: list[tuple[str, str, int]] = field(default_factory=list)
    days: dict[tuple[str, date], "Day"] = field(default_factory=dict)
    sums: list[Pair] = field(default_factory=list)

    @property
    def right(self) -> bool:
        """Whether every number that both sides know agrees."""
        pairs = [pair for pair, _, _ in self.channels] + self.sums
        return all(pair.right for pair in pairs) and all(day.right for day in self.days.values())


@dataclass(slots=True)
class Day:
    """A salesperson's day: send tasks handed over, confirmed, and people who received, on both sides; minutes; replies
    that the salesperson marked, and of how many people the sandbox knows that they wrote."""

    tasks: int = 0
    confirmed: int = 0
    received: int = 0
    seconds: int = 0
    replies: int = 0
    their_tasks: int = 0
    their_confirmed: int = 0
    their_received: int = 0

    @property
    def right(self) -> bool:
        """Whether both sides agree."""
        return (self.tasks, self.confirmed, self.received) == (
            self.their_tasks,
            self.their_confirmed,
            self.their_received,
        )


def read(house: House, control: SandboxControl, made: firm.Firm, codes: Mapping[str, str], start: datetime) -> Told:
    """Everything, after the play."""
    told = Told()
    first = start.date()
    with house.open() as ctx:
        last = (ctx.now - timedelta(minutes=1)).astimezone(ctx.zone).date()
        figures = channels.figures(ctx, first, last)
        names = {number: state for state, number in made.channels.items()}
        greeted = _greeted(ctx)
        asked = _asked(ctx)
        unsure = _unsure(ctx, "welcome")
        told.moves = _moves(ctx, made)
        told.stages = _stages(ctx, made)
        told.days = _desk(ctx, first, last)
        marked = _marked(ctx)
    titles = {one.state: one.name for one in (*firm.CODES, *front.DOORS)}
    for number, state in names.items():  # set-loop: five channels
        found = figures[number]
        pair = Pair(titles[state], found.arrivals, _came(control, state, codes))
        told.channels.append((pair, found.cost, found.cost_per_person))
    _their_desk(control, told.days, house.zone)
    for (userid, day), one in told.days.items():
        one.replies = marked.get((userid, day), 0)
    added = control.acted(act="add_member", account=company.CORPID)["count"]
    scanned = {code.name for code in firm.CODES}
    ways = {"wecom_welcome": {"route": "wecom_welcome"}, "kf_welcome": {"route": "kf", "match": front.SERVICE_WELCOME}}
    got = {route: control.received(**by) for route, by in ways.items()}
    known = {route: one["messages"] - len(unsure.intersection(one["uids"])) for route, one in got.items()}
    told.sums = [
        Pair("加好友 people added", sum(pair.ours for pair, _, _ in told.channels if pair.title in scanned), added),
        Pair(f"欢迎语 welcomes{_apart(unsure)}", greeted["wecom_welcome"], known["wecom_welcome"]),
        Pair("微信客服欢迎语 customer service welcomes", greeted["kf_welcome"], known["kf_welcome"]),
        Pair("微信客服来信 customer service questions", asked, control.acted(act="kf_text")["messages"]),
        Pair("送达 pushes received", sum(one.received for one in told.days.values()), _pushed(control)),
        Pair("同一内容收到两次 got anything twice", 0, int(control.counts()["duplicate_count"])),
    ]
    return told


def _came(control: SandboxControl, state: str, codes: Mapping[str, str]) -> int:
    """How many came by a channel, as the sandbox counted."""
    if state == front.SERVICE.state:
        return int(control.acted(act="kf_enter", match=state)["messages"])
    if state == front.SALON.state:
        # set-loop: a handful of groups
        return sum(int(control.acted(act="join", match=one)["messages"]) for one, _, _ in front.SALON_CHATS)
    return int(control.acted(act="scan_way", match=codes[state])["messages"])


def _greeted(ctx: Ctx) -> Counter[str]:
    """How many welcomes went out, by route."""
    return Counter(
        row.props["route"]
        for row in ctx.tx.execute(_events("delivery_sent"))
        if str(row.props["request_key"]).startswith("welcome:")
    )


def _asked(ctx: Ctx) -> int:
    """How many messages customer service got."""
    return sum(row.props.get("via") == "kf" for row in ctx.tx.execute(_events("message_received")))


def _unsure(ctx: Ctx, kind: str) -> frozenset[str]:
    """Of whom (external_userid) Siyu says itself that it cannot know whether they got it, because a worker or a
    connection was lost on the way (docs/adr/0041): they are counted apart, on neither side."""
    events, people = customers.events, customers.people
    statement = (
        select(people.c.value)
        .join(events, events.c.customer_id == people.c.customer_id)
        .where(
            people.c.kind == "external_userid",
            events.c.type == "delivery_failed",
            events.c.props["reason"].astext == "uncertain",
            events.c.props["request_key"].astext.like(f"{kind}%"),
        )
    )
    return frozenset(ctx.tx.execute(statement).scalars())


def _apart(unsure: Collection[str]) -> str:
    return f" (+{len(unsure):,} 结果不明 uncertain)" if unsure else ""


def _events(kind: str) -> Select[Any]:
    events = customers.events
    return select(events.c.customer_id, events.c.occurred_at, events.c.props).where(events.c.type == kind)


def _moves(ctx: Ctx, made: firm.Firm) -> list[tuple[str, str, str, str, int]]:
    """(journey, from, to, why, people) of every stage change."""
    keys = {number: key for key, number in made.journeys.items()}
    counted = Counter(
        (keys.get(int(row.props["journey_id"]), ""), row.props["from"], row.props["to"], row.props["why"])
        for row in ctx.tx.execute(_events("stage_moved"))
    )
    return [(*move, number) for move, number in sorted(counted.items())]


def _stages(ctx: Ctx, made: firm.Firm) -> list[tuple[str, str, int]]:
    """(journey, stage, people in it now)."""
    found = []
    for key, number in made.journeys.items():  # set-loop: two journeys
        counted: Counter[str] = Counter()
        for node in journeys.wave(ctx, number).nodes:
            if node.stage:
                counted[node.stage] += node.here
        found += [(key, stage, people) for stage, people in counted.items()]
    return found


def _desk(ctx: Ctx, first: date, last: date) -> dict[tuple[str, date], Day]:
    found = {}
    for offset in range((last - first).days + 1):  # set-loop: a fortnight of six people
        day = first + timedelta(days=offset)
        for userid in company.MEMBERS:  # set-loop: six people
            tasks = [
                one
                for one in outreach.send_day(ctx, userid, day).tasks
                if one.at.astimezone(ctx.zone).date() == day and one.state in ("open", "confirmed", "done")
            ]
            found[userid, day] = Day(
                len(tasks),
                sum(one.confirmed_at is not None for one in tasks),
                sum(one.received for one in tasks),
                sum(one.seconds for one in tasks if one.confirmed_at is not None),
            )
    return found


def _marked(ctx: Ctx) -> Counter[tuple[str, date]]:
    """(userid, day) -> how many replies that member marked."""
    follows = customers.follows
    owner = {
        row.customer_id: row.staff
        for row in ctx.tx.execute(select(follows.c.customer_id, follows.c.staff).where(follows.c.kind == "wecom"))
    }
    return Counter(
        (owner.get(row.customer_id, ""), row.occurred_at.astimezone(ctx.zone).date())
        for row in ctx.tx.execute(_events("reply_marked"))
    )


def _their_desk(control: SandboxControl, days: dict[tuple[str, date], Day], zone: Any) -> None:
    for broadcast in control.broadcasts(corpid=company.CORPID)["broadcasts"]:
        day = datetime.fromisoformat(broadcast["created"]).astimezone(zone).date()
        if broadcast["cancelled"]:
            continue
        for task in broadcast["tasks"]:
            one = days.setdefault((task["userid"], day), Day())
            one.their_tasks += 1
            one.their_confirmed += task["sent_at"] is not None
            one.their_received += task["sent"]


def _pushed(control: SandboxControl) -> int:
    return sum(task["sent"] for one in control.broadcasts(corpid=company.CORPID)["broadcasts"] for task in one["tasks"])


def show(told: Told, console: Console, seconds: float) -> None:
    """Print it."""
    _table(
        console,
        "渠道 / channels",
        ("渠道 channel", "思域 Siyu", "平台 platform", "费用 cost ¥", "每人 per person ¥", ""),
        [
            (pair.title, pair.ours, pair.theirs, _yuan(cost), _yuan(each), _mark(pair.right))
            for pair, cost, each in told.channels
        ],
    )
    _table(
        console,
        "阶段 / who moved and why",
        ("旅程 journey", "从 from", "到 to", "原因 why", "人 people"),
        told.moves,
    )
    _table(console, "现在在哪 / who is where", ("旅程 journey", "阶段 stage", "人 people"), told.stages)
    _table(
        console,
        "销售每天 / each salesperson's days",
        ("员工 staff", "日期", "任务 tasks", "确认 sent", "送达 got", "平台 theirs", "分钟 min", "回复 said", ""),
        [
            (
                company.MEMBERS[userid][0],
                f"{day:%m-%d}",
                one.tasks,
                one.confirmed,
                one.received,
                f"{one.their_tasks} / {one.their_confirmed} / {one.their_received}",
                f"{one.seconds / 60:.1f}",
                one.replies,
                _mark(one.right),
            )
            for (userid, day), one in sorted(told.days.items())
            if one.tasks or one.their_tasks or one.replies
        ],
    )
    _table(
        console,
        "合计 / sums",
        ("", "思域 Siyu", "平台 platform", ""),
        [(pair.title, pair.ours, pair.theirs, _mark(pair.right)) for pair in told.sums],
    )
    console.print(f"{seconds:.1f} s")
    console.print(
        "全部一致 / every count agrees"
        if told.right
        else "有不一致，见标 ✗ 的行 / counts differ: see the rows marked ✗"
    )


def _table(console: Console, title: str, heads: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    table = Table(title=title)
    for place, head in enumerate(heads):
        table.add_column(head, justify="left" if place == 0 else "right")
    for row in rows:
        table.add_row(*(f"{cell:,}" if isinstance(cell, int) else "–" if cell is None else str(cell) for cell in row))
    console.print(table)


def _yuan(amount: int | None) -> str | None:
    return None if not amount else f"{amount / 100:,.2f}"


def _mark(right: bool) -> str:
    return "✓" if right else "✗"
