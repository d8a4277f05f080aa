"""Whatever is asked, whenever, and however the platform answers: no cap, no quota, no content twice, always a
reason."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import dataclass, replace
from datetime import date, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from siyu.customers import actions as customers
from siyu.kernel.db import ids_of
from siyu.outreach import actions
from siyu.outreach.reasons import REASONS
from siyu.outreach.types import Cap, Message, Policy, Quotas, Route, State
from tests.outreach.town import LOST, Town, refused, settle
from tests.support.world import ZONE, World

NUMBERS = itertools.count()
PEOPLE = 4


@dataclass(frozen=True)
class Ask:
    person: int
    content: int
    routes: tuple[str, ...]
    hours: int
    answers: bool
    exempt: bool


@dataclass(frozen=True)
class Act:
    """Something that happens beside the requests."""

    kind: str
    person: int
    hours: int


asks = st.builds(
    Ask,
    person=st.integers(0, PEOPLE - 1),
    content=st.integers(0, 4),
    routes=st.lists(st.sampled_from(["custom", "template", "mass", "hourly"]), min_size=1, max_size=3).map(tuple),
    hours=st.integers(0, 60),
    answers=st.booleans(),
    exempt=st.booleans(),
)
acts = st.builds(
    Act,
    kind=st.sampled_from(["message", "opt_out", "busy", "lost", "refuses"]),
    person=st.integers(0, PEOPLE - 1),
    hours=st.integers(0, 60),
)
policies = st.builds(
    lambda day, week, template, quota: replace(
        Policy(),
        caps=(Cap(None, "day", day), Cap(None, "week", week), Cap(Route.OA_TEMPLATE, "day", template)),
        quotas=Quotas(mass_month=2, mass_day=2, template_day=quota),
        patience=timedelta(days=5),
    ),
    st.integers(0, 2),
    st.integers(1, 4),
    st.integers(1, 2),
    st.integers(1, 4),
)


@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(asks, min_size=1, max_size=14), st.lists(acts, max_size=6), policies)
def test_no_cap_no_quota_no_content_twice_and_always_a_reason(
    world: World, wanted: list[Ask], happening: list[Act], policy: Policy
) -> None:
    town = settle(world, PEOPLE, f"wx{next(NUMBERS)}")
    contents = [town.article(f"{town.account}-{number}") for number in range(5)]
    with world.open() as ctx:
        actions.save_policy(ctx, policy)
    start = world.now
    steps: list[tuple[int, Ask | Act]] = [
        *((one.hours, one) for one in wanted),
        *((one.hours, one) for one in happening),
    ]
    for number, (hours, step) in enumerate(sorted(steps, key=lambda one: one[0])):
        town.play(start + timedelta(hours=hours))
        if isinstance(step, Act):
            happen(town, step)
            continue
        ways = {
            "custom": town.custom,
            "template": town.template,
            "mass": town.mass(),
            "hourly": town.mass(timedelta(hours=1)),
        }
        town.ask(
            [town.people[step.person]],
            key=f"k{number}",
            message=Message(content_id=contents[step.content]),
            routes=[ways[name] for name in step.routes],
            answers=number if step.answers else None,
            exempt=step.exempt,
        )
    town.play(start + timedelta(days=9))
    check(town, policy)


def happen(town: Town, act: Act) -> None:
    person = town.people[act.person]
    town.platform.answers = {}
    match act.kind:
        case "message":
            town.opens([person])
        case "opt_out":
            with town.world.open() as ctx:
                customers.opt_out(ctx, ids_of([person]), "TD")
        case "busy":
            town.platform.answers = {f"o{act.person}": refused(-1, retryable=True)}
        case "refuses":
            town.platform.answers = {f"o{act.person}": refused(48002)}
        case "lost":
            town.platform.lost = 1
            assert LOST.uncertain


def check(town: Town, policy: Policy) -> None:
    rows = town.world.rows(
        """select r.*, m.content_id, (r.answers is not null or m.exempt) as free
        from outreach_request r join outreach_message m using (message_id)
        where r.customer_id = any(:people)""",
        people=town.people,
    )
    gone = {State.SENT, State.ACCEPTED, State.RECEIVED}
    for row in rows:
        assert row.state in {*gone, State.NOT_SENT, State.FAILED}, "every request ends"
        assert row.reason in REASONS
        assert REASONS[row.reason].kind != "go" or row.state in gone
    went = [row for row in rows if row.state in gone or row.reason == "uncertain"]
    days: Counter[tuple[int, date, str | None]] = Counter()
    for row in went:
        day = row.claimed_at.astimezone(ZONE).date()
        monday = day - timedelta(days=day.weekday())
        if not row.free:
            assert 7 * 60 <= minutes(row.claimed_at.astimezone(ZONE)) < 22 * 60 + 30, "quiet hours"
            days[row.customer_id, day, None] += 1
            days[row.customer_id, monday, "week"] += 1
            days[row.customer_id, day, row.route] += 1
    caps = {cap.period if cap.route is None else "route": cap.most for cap in policy.caps}
    for (_, _, kind), count in days.items():
        if kind is None:
            assert count <= caps["day"]
        elif kind == "week":
            assert count <= caps["week"]
        elif kind == Route.OA_TEMPLATE:
            assert count <= caps["route"]
    assert max(Counter((row.customer_id, row.content_id) for row in went).values(), default=0) <= 1
    months = Counter((row.customer_id, row.claimed_at.month) for row in went if row.route == Route.OA_MASS)
    assert max(months.values(), default=0) <= policy.quotas.mass_month
    templates = Counter(row.claimed_at.astimezone(ZONE).date() for row in went if row.route == Route.OA_TEMPLATE)
    assert max(templates.values(), default=0) <= policy.quotas.template_day
    batches = Counter(
        (row.batch_id, row.claimed_at.astimezone(ZONE).date()) for row in went if row.route == Route.OA_MASS
    )
    assert max(Counter(day for _, day in batches).values(), default=0) <= policy.quotas.mass_day
    reached = Counter(openid for _, openid, _ in town.platform.received)
    known = Counter(f"o{town.people.index(row.customer_id)}" for row in went)
    assert reached == known, "the ledger and the platform tell the same"
    tallied = town.world.value(
        "select coalesce(sum(sends), 0) from outreach_tally where customer_id = any(:people)", people=town.people
    )
    assert tallied == len(went)


def minutes(moment: object) -> int:
    return moment.hour * 60 + moment.minute  # type: ignore[attr-defined, no-any-return]  # a datetime from a row
