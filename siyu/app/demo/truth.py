"""Siyu's numbers beside the sandbox's own: not only counts, also who."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import column, func, select

from siyu.app.demo import company, materials
from siyu.customers import queries as customers
from siyu.intake.queries import next_turn
from siyu.journeys import queries as journeys
from siyu.kernel.ctx import Ctx
from siyu.outreach import queries as outreach
from siyu.outreach.types import Origin
from siyu.platforms.sandbox_control.client import SandboxControl
from siyu.runtime.house import House

UNNAMED = "customer "
SENT = ("sent", "accepted", "received")
ROUTES = {
    "oa_mass": "经公众号群发 by mass send",
    "oa_custom": "经客服消息 by customer message",
    "oa_template": "经模板消息 by template message",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One compared number; ``note`` says how the sets of people differ."""

    title: str
    ours: int
    theirs: int
    note: str = ""

    @property
    def right(self) -> bool:
        """Whether count and people agree."""
        return self.ours == self.theirs and not self.note


@dataclass(frozen=True, slots=True)
class Figures:
    """How much was done."""

    events: int
    steps: int
    sends: int
    callbacks: int


def compare(house: House, control: SandboxControl, built: company.Company, since: datetime) -> list[Row]:
    """The funnel of story 1, row by row."""
    with house.open() as ctx:
        names = _names(ctx, built.account_id)
        keyword = _replied(ctx, names)
        forms = _did(ctx, names, "form_submitted")
        unknown = {one for one in forms if one.startswith(UNNAMED)} - _did(ctx, names, "unfollowed")
        gone = _did(ctx, names, "unfollowed", since=since)
        article = _sent(ctx, built, names, "article")
        link = _sent(ctx, built, names, "form-link")
        invitation = _sent(ctx, built, names, "invitation")
        reminder = _sent(ctx, built, names, "reminder")
        late = _entered_late(ctx, built, names, since)
        routes = _routes(ctx, built)
        unsure = {node: _unsure(ctx, built, names, node) for node in ("article", "form-link", "invitation", "reminder")}
        end, zone = ctx.now, ctx.zone
    told = Told.read(control)
    away = _left(control, since)
    noticed = away - told.unnoticed_leavers(end, zone)
    replied = {uid for uid, texts in told.heard.items() if any(materials.KEYWORD in text for _, text in texts)}
    articles = {
        "oa_mass": _received(control, match=materials.ARTICLE, route="oa_mass"),
        "oa_custom": _received(control, match=materials.ARTICLE, route="oa_custom"),
        "oa_template": _received(control, match=materials.ARTICLE_FIRST, route="oa_template"),
    }
    links = _received(control, match=materials.LINK_TEXT, route="oa_custom")
    invited = _received(control, match=materials.GROUP_TEXT, route="oa_custom")
    reminded = _received(control, match=materials.REMINDER_FIRST, route="oa_template")
    arrived = _arrived(control, since) - told.unnoticed_arrivals(zone)
    rows = [
        _people("推送 e-book sent", article, set[str]().union(*articles.values()), away, unsure["article"]),
        *(
            Row(f"  {ROUTES[route]}", routes.get(("article", route), 0), len(got - unsure["article"]))
            for route, got in articles.items()
        ),
        _people("回复关键词 replied", keyword, replied, away),
        _people("下载链接 link sent", link, links, away, unsure["form-link"]),
        _forms(forms, _acted(control, "form"), away, len(unknown)),
        _people("进群邀请 group invitation", invitation, invited, away, unsure["invitation"]),
        _people("提醒 reminder", reminder, reminded, away, unsure["reminder"]),
        _people("后来者 late entrants", late, arrived, away),
        _people("取消关注 unfollowed", gone, noticed, away),
    ]
    counts = control.counts()
    rows.append(Row("同一内容收到两次 got anything twice", 0, int(counts["duplicate_count"])))
    return rows


def figures(house: House, control: SandboxControl) -> Figures:
    """How much was done, for the speed line."""
    with house.open() as ctx:
        events = ctx.tx.execute(select(func.count()).select_from(customers.events)).scalar_one()
        # set-loop: the demo's few journeys
        wave = [journeys.wave(ctx, found.journey_id) for found in journeys.journeys(ctx)]
        sends = ctx.tx.execute(
            select(func.count()).select_from(outreach.outcomes().subquery("outcomes")).where(column("state").in_(SENT))
        ).scalar_one()
    steps = sum(edge.count for one in wave for edge in one.edges)
    return Figures(events, steps, sends, int(control.counts()["callbacks"]["delivered"]))


def _people(title: str, ours: set[str], theirs: set[str], gone: set[str], unsure: frozenset[str] = frozenset()) -> Row:
    """Compare who. ``gone`` unfollowed: Siyu has erased their openids (R5), so they count but have no name.

    ``unsure``: Siyu says itself that it cannot know whether they got the message, because a worker or a connection was
    lost on the way and the call carries no key (docs/adr/0041): they are counted apart, on neither side.
    """
    differ = []
    theirs = theirs - unsure
    if unsure:
        title = f"{title} (+{len(unsure):,} 结果不明 uncertain)"
    named = {name for name in ours if not name.startswith(UNNAMED)}
    if only := named - theirs:
        differ.append(f"{len(only)} only here: {', '.join(sorted(only)[:3])}")
    if only := theirs - named - gone:
        differ.append(f"{len(only)} only there: {', '.join(sorted(only)[:3])}")
    return Row(title, len(ours), len(theirs), "; ".join(differ))


def _forms(ours: set[str], theirs: set[str], gone: set[str], unknown: int) -> Row:
    """Compare who sent the form. ``unknown``: readers of whom WeChat did not say who they are, so that Siyu knows them
    by the phone that they typed alone (docs/adr/0046): counted apart, on neither side."""
    row = _people("填写表单 form", ours, theirs, gone)
    if not unknown:
        return row
    unseen = theirs - ours
    title = f"{row.title} (+{unknown:,} 未认出 not recognised)"
    note = "" if len(unseen - gone) <= unknown <= len(unseen) else row.note or f"{len(unseen - gone)} only there"
    return Row(title, row.ours - unknown, row.theirs - unknown, note)


def _names(ctx: Ctx, account_id: int) -> dict[int, str]:
    relation = customers.openids(account_id)
    return {row.customer_id: row.openid for row in ctx.tx.execute(select(relation.c.customer_id, relation.c.openid))}


def _named(ids: Iterable[int], names: dict[int, str]) -> set[str]:
    return {names.get(customer_id, f"{UNNAMED}{customer_id}") for customer_id in ids}


def _did(
    ctx: Ctx,
    names: dict[int, str],
    kind: str,
    holds: Callable[[dict[str, Any]], bool] = lambda _: True,
    since: datetime | None = None,
) -> set[str]:
    events = customers.events
    statement = select(events.c.customer_id, events.c.props).where(events.c.type == kind)
    if since is not None:
        statement = statement.where(events.c.occurred_at >= since)
    return _named({row.customer_id for row in ctx.tx.execute(statement) if holds(row.props)}, names)


def _replied(ctx: Ctx, names: dict[int, str]) -> set[str]:
    """Who said the keyword. What people said who left is erased (R5): they wrote, and asked for no more pushes or said
    the keyword, for the model's people say nothing else."""
    said = _did(ctx, names, "message_received", lambda props: materials.KEYWORD in str(props.get("text", "")))
    erased = _did(ctx, names, "message_received", lambda props: "text" not in props)
    return said | (erased - _did(ctx, names, "opted_out"))


def _sent(ctx: Ctx, built: company.Company, names: dict[int, str], node: str) -> set[str]:
    outcomes = outreach.outcomes().subquery("outcomes")
    statement = select(outcomes.c.customer_id).where(
        outcomes.c.key.like(f"j{built.journey_id}:%:{node}:%"), outcomes.c.state.in_(SENT)
    )
    return _named(ctx.tx.execute(statement).scalars(), names)


def _unsure(ctx: Ctx, built: company.Company, names: dict[int, str], node: str) -> frozenset[str]:
    events = customers.events
    statement = select(events.c.customer_id).where(
        events.c.type == "delivery_failed",
        events.c.props["reason"].astext == "uncertain",
        events.c.props["request_key"].astext.like(f"j{built.journey_id}:%:{node}:%"),
    )
    return frozenset(_named(ctx.tx.execute(statement).scalars(), names))


def _entered_late(ctx: Ctx, built: company.Company, names: dict[int, str], since: datetime) -> set[str]:
    events = customers.events
    journey = events.c.props["journey_id"].astext == str(built.journey_id)
    statement = select(events.c.customer_id).where(events.c.type == "journey_entered", journey)
    entered = set(ctx.tx.execute(statement).scalars())
    followed = set(
        ctx.tx.execute(
            select(events.c.customer_id).where(events.c.type == "followed", events.c.occurred_at >= since)
        ).scalars()
    )
    return _named(entered & followed, names)


def _routes(ctx: Ctx, built: company.Company) -> dict[tuple[str, str], int]:
    found: dict[tuple[str, str], int] = {}
    for step in outreach.by_step(ctx, Origin("journey", built.journey_id)):
        if step.state.value in SENT and step.route is not None:
            key = (step.node, step.route.value)
            found[key] = found.get(key, 0) + step.requests
    return found


def _received(control: SandboxControl, **filters: object) -> set[str]:
    return set(control.received(account=company.APPID, **filters)["uids"])


def _acted(control: SandboxControl, act: str) -> set[str]:
    """Who did it; persons are turned into openids of the account."""
    return _openids(control, control.acted(act=act)["persons"])


def _arrived(control: SandboxControl, since: datetime) -> set[str]:
    """Who followed by the wave's own QR code since the wave began."""
    return set(control.acted(act="subscribe", match=company.SCENE, account=company.APPID, since=since)["uids"])


def _left(control: SandboxControl, since: datetime) -> set[str]:
    return set(control.acted(act="unsubscribe", account=company.APPID, since=since)["uids"])


def _openids(control: SandboxControl, persons: list[int]) -> set[str]:
    wanted = set(persons)
    found: set[str] = set()
    after = 0
    while True:
        page = control.people(account=company.APPID, limit=10_000, after=after)["people"]
        if not page:
            return found
        found |= {str(item["openid"]) for item in page if item["person"] in wanted}
        after = int(page[-1]["person"])


@dataclass(frozen=True, slots=True)
class Told:
    """What the platform told Siyu and what was lost on the way: a lost callback is made up for by the reading of all
    followers at 04:00, a lost text by nothing. Moments by openid."""

    heard: dict[str, list[tuple[datetime, str]]]
    unheard_arrivals: list[tuple[str, datetime]]
    unheard_leavers: list[tuple[str, datetime]]
    left: dict[str, list[datetime]]

    @classmethod
    def read(cls, control: SandboxControl) -> "Told":
        """From the sandbox's log of attempts and acts."""
        lost = {
            (str(entry["name"]), str(entry["uid"]), str(entry["at"]))
            for entry in _entries(control, "callback")
            if entry["result"] == "lost"
        }
        told = cls({}, [], [], {})
        for entry in _entries(control, "act"):
            name, uid, at = str(entry["name"]), str(entry["uid"]), datetime.fromisoformat(str(entry["at"]))
            unheard = (name, uid, str(entry["at"])) in lost
            if name == "text" and not unheard:
                told.heard.setdefault(uid, []).append((at, str(entry["key"])))
            elif name == "unsubscribe":
                told.left.setdefault(uid, []).append(at)
                if unheard:
                    told.unheard_leavers.append((uid, at))
            elif name == "subscribe" and unheard:
                told.unheard_arrivals.append((uid, at))
        return told

    def unnoticed_arrivals(self, zone: ZoneInfo) -> set[str]:
        """Who came unheard and left again before anything made up for it."""
        return {
            uid
            for uid, at in self.unheard_arrivals
            for left in self.left.get(uid, ())
            if at <= left < next_turn(at, zone) and not any(at <= said < left for said, _ in self.heard.get(uid, ()))
        }

    def unnoticed_leavers(self, end: datetime, zone: ZoneInfo) -> set[str]:
        """Who left unheard after the last reading of all followers before ``end``."""
        return {uid for uid, at in self.unheard_leavers if next_turn(at, zone) > end}


def _entries(control: SandboxControl, kind: str) -> Iterable[dict[str, Any]]:
    since = 0
    while True:
        answer = control.log(kind=kind, since_id=since, limit=10_000)
        yield from answer["entries"]
        if not answer["entries"]:
            return
        since = int(answer["last_id"])
