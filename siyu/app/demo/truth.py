"""Siyu's numbers beside the sandbox's own: not only counts, also who."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import column, func, select

from siyu.app.demo import company, materials
from siyu.customers import queries as customers
from siyu.journeys import queries as journeys
from siyu.kernel.ctx import Ctx
from siyu.outreach import queries as outreach
from siyu.outreach.types import Origin
from siyu.platforms.sandbox_control.client import SandboxControl
from siyu.runtime.house import House

UNNAMED = "customer "
SENT = ("sent", "accepted", "received")


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
        keyword = _did(ctx, names, "message_received", lambda props: materials.KEYWORD in str(props.get("text", "")))
        forms = _did(ctx, names, "form_submitted")
        gone = _did(ctx, names, "unfollowed", since=since)
        article = _sent(ctx, built, names, "article")
        link = _sent(ctx, built, names, "form-link")
        invitation = _sent(ctx, built, names, "invitation")
        reminder = _sent(ctx, built, names, "reminder")
        late = _entered_late(ctx, built, names, since)
        routes = _routes(ctx, built)
    heard, away = _heard(control, since), _left(control, since)
    replied = {uid for uid, texts in heard.items() if any(materials.KEYWORD in text for text in texts)}
    rows = [
        _people("推送 e-book sent", article, _received(control, match=materials.ARTICLE), away),
        *(
            Row(
                f"  经 {route} / by {route}",
                routes.get(("article", route), 0),
                len(_received(control, match=materials.ARTICLE, route=route)),
            )
            for route in ("oa_mass", "oa_custom", "oa_template")
        ),
        _people("回复关键词 replied", keyword, replied, away),
        _people("下载链接 link sent", link, _received(control, match=materials.LINK_TEXT, route="oa_custom"), away),
        _people("填写表单 form", forms, _acted(control, "form"), away),
        _people("进群邀请 group invitation", invitation, _received(control, match=materials.GROUP_TEXT), away),
        _people(
            "提醒 reminder", reminder, _received(control, match=materials.REMINDER_TITLE, route="oa_template"), away
        ),
        _people("后来者 late entrants", late, _arrived(control, since), away),
        _people("取消关注 unfollowed", gone, away, away),
    ]
    counts = control.counts()
    rows.append(Row("同一内容收到两次 got anything twice", 0, int(counts["duplicate_count"])))
    return rows


def figures(house: House, control: SandboxControl) -> Figures:
    """How much was done, for the speed line."""
    with house.open() as ctx:
        events = ctx.tx.execute(select(func.count()).select_from(customers.events)).scalar_one()
        wave = [journeys.wave(ctx, found.journey_id) for found in journeys.journeys(ctx)]
        sends = ctx.tx.execute(
            select(func.count()).select_from(outreach.outcomes().subquery("outcomes")).where(column("state").in_(SENT))
        ).scalar_one()
    steps = sum(edge.count for one in wave for edge in one.edges)
    return Figures(events, steps, sends, int(control.counts()["callbacks"]["delivered"]))


def _people(title: str, ours: set[str], theirs: set[str], gone: set[str]) -> Row:
    """Compare who. ``gone`` unfollowed: Siyu has erased their openids (R5), so they count but have no name."""
    differ = []
    named = {name for name in ours if not name.startswith(UNNAMED)}
    if only := named - theirs:
        differ.append(f"{len(only)} only here: {', '.join(sorted(only)[:3])}")
    if only := theirs - named - gone:
        differ.append(f"{len(only)} only there: {', '.join(sorted(only)[:3])}")
    return Row(title, len(ours), len(theirs), "; ".join(differ))


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


def _sent(ctx: Ctx, built: company.Company, names: dict[int, str], node: str) -> set[str]:
    outcomes = outreach.outcomes().subquery("outcomes")
    statement = select(outcomes.c.customer_id).where(
        outcomes.c.key.like(f"j{built.journey_id}:%:{node}:%"), outcomes.c.state.in_(SENT)
    )
    return _named(ctx.tx.execute(statement).scalars(), names)


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


def _heard(control: SandboxControl, since: datetime) -> dict[str, set[str]]:
    """What people wrote that really reached Siyu: texts whose callback was answered (a lost one nobody can know)."""
    heard: dict[str, set[str]] = {}
    lost = {
        (entry["uid"], entry["at"])
        for entry in _entries(control, "callback")
        if entry["result"] == "lost" and entry["name"] == "text"
    }
    for entry in _entries(control, "act"):
        if entry["name"] == "text" and (entry["uid"], entry["at"]) not in lost:
            heard.setdefault(entry["uid"], set()).add(str(entry["key"]))
    return heard


def _entries(control: SandboxControl, kind: str) -> Iterable[dict[str, Any]]:
    since = 0
    while True:
        answer = control.log(kind=kind, since_id=since, limit=10_000)
        yield from answer["entries"]
        if not answer["entries"]:
            return
        since = int(answer["last_id"])
