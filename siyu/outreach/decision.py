"""Private: the decision. One statement gives each of a set of requests exactly one outcome with its reason.

The caller has locked the persons (``outreach_person``) and holds at most one request of each, so that what this
statement reads about a person (seen-set, tallies, windows) cannot change before it is written.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Row

from siyu.kernel.ctx import Ctx
from siyu.kernel.db import given
from siyu.outreach.addresses import Address, Wanted, addresses
from siyu.outreach.policy import Times
from siyu.outreach.sendtasks.delays import delays
from siyu.outreach.sendtasks.rounds import hand_over
from siyu.outreach.types import TASK_ROUTES, DayPart, Policy
from siyu.outreach.verdicts import BROADCAST, GIVEN, TIMES, WAY, Mode, opened, statement

SOON = timedelta(hours=1)
"""A request waits at most so long for a route's quota while another choice is named."""


class Candidate(NamedTuple):
    """A locked request with the choice that is to be judged; ``own``: it answers the person's own act."""

    customer_id: int
    request_id: int
    message_id: int
    choice: int
    expires_at: datetime
    own: bool
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Way:
    """What is the same for all requests that stand at one choice of one message.

    ``said``: by what the seen-set knows the message. ``account``: it is usable. ``content``: it can be sent by this
    route. ``calls``: the account has some left today.
    """

    message_id: int
    choice: int
    route: str
    account_id: int
    said: int | None
    exempt: bool
    has_next: bool
    gather_until: datetime
    part: str | None
    sender: str | None
    account: bool
    content: bool
    calls: bool


@dataclass(frozen=True, slots=True)
class Rules:
    """What is the same for all requests of one decision."""

    policy: Policy
    times: Times
    ways: Sequence[Way]


def decide(
    ctx: Ctx, rules: Rules, candidates: Sequence[Candidate], mode: Mode, batch_id: int | None = None
) -> Sequence[Row[*tuple[Any, ...]]]:
    """Decide and write; a request that was withdrawn meanwhile is left out.

    Rows: (customer_id, request_id, state, reason, message_id, choice, route, account_id, trigger, address,
    staff).
    """
    if not candidates:
        return ()
    policy, times = rules.policy, rules.times
    chosen = statement(mode, policy.caps, policy.windows, policy.quotas.mass_month, ctx.system_time)
    values = _given(ctx, rules, candidates) | {
        **{name: getattr(times, name) for name in (*TIMES, *BROADCAST)},
        **{f"opened_{number}": since for number, since in enumerate(opened(ctx, policy.windows))},
        "now": ctx.now,
        "soon": ctx.now + SOON,
        "settled_by": ctx.now + policy.tasks.expiry,
        "batch_id": batch_id,
    }
    return ctx.tx.execute(chosen, values).all()


def _given(ctx: Ctx, rules: Rules, candidates: Sequence[Candidate]) -> dict[str, Any]:
    """The parameters of the candidates and of the ways at which they stand."""
    ways = rules.ways
    numbers = {(way.message_id, way.choice): number for number, way in enumerate(ways)}
    stands = [numbers[item.message_id, item.choice] for item in candidates]
    wanted = [
        Wanted(item.customer_id, item.request_id, way.route, way.account_id, way.sender)
        for item, number in zip(candidates, stands, strict=True)
        for way in (ways[number],)
    ]
    known = addresses(ctx, wanted)
    planned = _rounds(ctx, rules, [ways[number] for number in stands], candidates, known)
    asked = given(
        GIVEN,
        customer_id=[item.customer_id for item in candidates],
        request_id=[item.request_id for item in candidates],
        expires_at=[item.expires_at for item in candidates],
        own=[item.own for item in candidates],
        way=stands,
        address=[one.value if one else None for one in known],
        open=[bool(one and one.open) for one in known],
        staff=[one.staff if one else None for one in known],
        left=[bool(one and one.left) for one in known],
        round_at=planned,
    )
    alike = {column.name: [getattr(way, column.name) for way in ways] for column in WAY.c if column.name != "number"}
    return asked | given(WAY, number=list(range(len(ways))), **alike)


def _rounds(
    ctx: Ctx, rules: Rules, stands: Sequence[Way], candidates: Sequence[Candidate], known: Sequence[Address | None]
) -> list[datetime | None]:
    """When each recipient of a send task is handed to the sender."""
    if all(way.route not in TASK_ROUTES for way in stands):
        return [None] * len(stands)
    leads = delays(ctx, {one.staff for one in known if one and one.staff})
    tasks = rules.policy.tasks
    kept: dict[tuple[str | None, datetime, datetime, str | None], datetime] = {}
    found: list[datetime | None] = []
    for way, item, one in zip(stands, candidates, known, strict=True):
        if way.route not in TASK_ROUTES or one is None or one.staff is None:
            found.append(None)
            continue
        place = (way.part, item.due_at, item.expires_at, one.staff)
        if place not in kept:
            part = None if way.part is None else DayPart(way.part)
            lead = timedelta(seconds=leads.get(one.staff, 0))
            kept[place] = hand_over(tasks, part, item.due_at, ctx.now, lead, ctx.zone, item.expires_at)
        found.append(kept[place])
    return found
