"""Private: which requests are taken up, in which order and by whom: sorting, claiming, recovering what a worker lost.

The lock is the person's row (``outreach_person``), not the request's: else two workers would judge two requests of one
person by caps and a seen-set without the other's claim. A second statement judges: its snapshot holds what was locked.
"""

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal

from sqlalchemy import (
    ColumnElement,
    DateTime,
    Integer,
    Row,
    Select,
    SmallInteger,
    and_,
    bindparam,
    case,
    func,
    insert,
    literal,
    null,
    select,
    text,
    update,
)

from siyu.kernel.clock import machine
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import SLOTS, savepoint, unnest
from siyu.outreach import spending, telling, ways
from siyu.outreach.decision import Candidate, Rules, Way, decide
from siyu.outreach.merging import follow_merges
from siyu.outreach.policy import from_json, gathered_until, times
from siyu.outreach.queries import policy as current_policy
from siyu.outreach.sendtasks import recipients
from siyu.outreach.store import batch, choice, in_state, message, person, request
from siyu.outreach.store import policy as policies
from siyu.outreach.types import TASK_ROUTES, WELCOMES, Policy, Route, State
from siyu.outreach.verdicts import BATCHED, Mode
from siyu.outreach.work import LEASE, Work
from siyu.outreach.work import Way as SendWay
from siyu.platforms import queries as platforms
from siyu.workdays import queries as workdays

PEOPLE = 1_000
"""Sends of one claim: a few seconds of calls."""
UNKEYED = 250
"""Customer messages among them: the most that a killed worker leaves uncertain."""
MASS = 10_000
"""Openids of one mass call."""
ALL_SLOTS = (0, SLOTS - 1)
KINDS = {Route.WEBHOOK: "webhook"} | dict.fromkeys((*WELCOMES, Route.KF, *TASK_ROUTES), "wecom")
"""The kind of a route's account where it is not an Official Account."""


def sort(ctx: Ctx, limit: int, slots: tuple[int, int] = ALL_SLOTS) -> int:
    """Decide up to ``limit`` waiting requests of the slow lane without claiming; returns how many were looked at."""
    candidates = _lock(ctx, 1, (State.WAITING,), limit, slots)
    if candidates:
        judge(ctx, candidates, "sort")
    return len(candidates)


def people(
    ctx: Ctx, lane: int, limit: int = PEOPLE, lease: float = LEASE, slots: tuple[int, int] = ALL_SLOTS
) -> Work | None:
    """Claim sends that are calls of their own. The fast lane (0) is decided here too, in the same statement."""
    states = (State.WAITING, State.READY) if lane == 0 else (State.READY,)
    try:
        with savepoint(ctx):
            candidates = _lock(ctx, lane, states, limit, slots)
            if not candidates:
                return None
            judged = judge(ctx, candidates, "people")
            return claimed_work(ctx, judged, "people", lane, lease, Counter(_calls(judged.claimed)))
    except spending.Beaten:
        return None


def mass(ctx: Ctx, lease: float = LEASE) -> Work | None:
    """Claim the recipients of one mass send whose time has come; fewer than two take their next choice."""
    try:
        with savepoint(ctx):
            group = _due_group(ctx)
            return None if group is None else _claim_group(ctx, group, lease)
    except spending.Beaten:
        return None


def _claim_group(ctx: Ctx, group: Row[*tuple[Any, ...]], lease: float) -> Work | None:
    same = and_(
        in_state(State.GATHERED),
        request.c.account_id == group.account_id,
        request.c.message_id == group.message_id,
        request.c.due_at <= ctx.now,
    )
    size = MASS // 2 if group.people == MASS + 1 else MASS
    # Waits for persons that another worker holds, instead of skipping them: whoever is left over alone could not be
    # sent to.
    held = first_of_each(ctx, ctx.tx.execute(locked_due(same, skip=False), {"most": size}).all())
    if not held:
        return None
    judged = judge(ctx, held, "mass")
    if len(judged.claimed) == 1:
        _alone(ctx, judged.batch_id)
        judged = replace(judged, claimed=())
    calls = {("mass_day", group.account_id): 1, (spending.MINUTE, group.account_id): 1} if judged.claimed else {}
    return claimed_work(ctx, judged, "mass", 1, lease, Counter(calls))


def _alone(ctx: Ctx, batch_id: int) -> None:
    """One person cannot be sent a mass message: the next choice, or not sent."""
    onward = request.c.choice + 1 < message.c.choices
    row = ctx.tx.execute(
        update(request)
        .where(request.c.batch_id == batch_id, message.c.message_id == request.c.message_id)
        .values(
            state=case((onward, State.WAITING.value), else_=State.NOT_SENT.value),
            choice=case((onward, request.c.choice + 1), else_=request.c.choice),
            done_at=case((onward, null()), else_=literal(ctx.now)),
            reason="gather_too_few",
            batch_id=None,
            claimed_at=None,
            claimed_day=None,
        )
        .returning(request.c.customer_id, request.c.request_id, request.c.state)
    ).one()
    tell = telling.moved if row.state == State.WAITING else telling.ended
    tell(ctx, [(row.customer_id, row.request_id)])


def _due_group(ctx: Ctx) -> Row[*tuple[Any, ...]] | None:
    """The group that waits longest and whose account may call; its account is locked until the transaction ends."""
    due = (
        select(request.c.account_id, request.c.message_id, func.count().label("people"))
        .where(in_state(State.GATHERED), request.c.due_at <= ctx.now)
        .group_by(request.c.account_id, request.c.message_id)
        .order_by(func.min(request.c.due_at), request.c.message_id)
    )
    quotas = current_policy(ctx).quotas
    tried: set[int] = set()
    for group in ctx.tx.execute(due.limit(100)).all():
        if group.account_id in tried:
            continue
        tried.add(group.account_id)
        # set-loop: one look per account, of which there are a handful
        if spending.minute_left(ctx, quotas, group.account_id) > 0 and _lock_account(ctx, group.account_id):
            return ctx.tx.execute(due.where(request.c.account_id == group.account_id).limit(1)).one_or_none()
    return None


def _lock_account(ctx: Ctx, account_id: int) -> bool:
    key = {"key": f"outreach:mass:{account_id}"}
    return bool(ctx.tx.execute(text("select pg_try_advisory_xact_lock(hashtextextended(:key, 0))"), key).scalar_one())


@lru_cache(maxsize=16)
def _due(lane: int, states: tuple[State, ...], every_slot: bool) -> Select[*tuple[Any, ...]]:
    slots = request.c.slot.between(bindparam("first_slot"), bindparam("last_slot"))
    due = and_(
        request.c.lane == lane,
        in_state(*states),
        request.c.due_at <= bindparam("now", type_=DateTime(timezone=True)),
        *([] if every_slot else [slots]),
    )
    return locked_due(due, skip=True)


def _lock(ctx: Ctx, lane: int, states: tuple[State, ...], limit: int, slots: tuple[int, int]) -> list[Candidate]:
    values = {"now": ctx.now, "most": limit}
    if slots != ALL_SLOTS:
        values |= {"first_slot": slots[0], "last_slot": slots[1]}
    return first_of_each(ctx, ctx.tx.execute(_due(lane, states, slots == ALL_SLOTS), values).all())


def locked_due(due: ColumnElement[bool], *, skip: bool) -> Select[*tuple[Any, ...]]:
    """Lock persons with due requests."""
    order = (
        (request.c.due_at, request.c.priority.desc(), request.c.request_id)
        if skip
        else (request.c.customer_id, request.c.request_id)
    )
    return (
        select(
            request.c.customer_id,
            request.c.request_id,
            request.c.message_id,
            request.c.choice,
            request.c.expires_at,
            request.c.answers.is_not(None),
            request.c.priority,
            request.c.due_at,
        )
        .join_from(request, person, person.c.customer_id == request.c.customer_id)
        .where(due)
        .order_by(*order)
        .limit(bindparam("most", type_=Integer))
        .with_for_update(of=person, skip_locked=skip)
    )


def first_of_each(ctx: Ctx, found: Sequence[Row[*tuple[Any, ...]]]) -> list[Candidate]:
    """Of each locked person the request that goes first."""
    moved = follow_merges(ctx, [row[0] for row in found])
    first: dict[int, tuple[int, Candidate]] = {}
    for customer_id, request_id, message_id, number, expires_at, own, priority, due_at in found:
        known = first.get(customer_id)
        if customer_id not in moved and (known is None or (-priority, request_id) < (-known[0], known[1].request_id)):
            one = Candidate(customer_id, request_id, message_id, number, expires_at, own, due_at)
            first[customer_id] = priority, one
    return [candidate for _, candidate in first.values()]


@dataclass(frozen=True, slots=True)
class Judged:
    """What a decision found: the claimed rows as ``decision.decide`` gives them, under a batch number that is reserved;
    the policy, and what each choice sends."""

    batch_id: int
    claimed: Sequence[Row[*tuple[Any, ...]]]
    rules: Rules
    ways: Mapping[ways.Pair, SendWay]


_KNOWN = select(
    func.nextval(func.pg_get_serial_sequence("outreach_batch", "batch_id")),
    select(policies.c.document).where(policies.c.policy_id == 1).scalar_subquery(),
)


def _rules(
    ctx: Ctx, policy: Policy, pairs: set[ways.Pair], mode: Mode
) -> tuple[Rules, dict[tuple[str, int], int], Mapping[ways.Pair, SendWay]]:
    """The rules for the choices that the candidates stand at, what is left of the accounts' daily calls, and, unless
    it is only decided, what each choice sends."""
    clock = times(policy, ctx.now, ctx.zone, workdays.current(ctx))
    usable = {(account.account_id, account.kind) for account in platforms.accounts(ctx) if account.active}
    usable.add((0, "webhook"))
    found = ways.rows(ctx, pairs)
    sends = ways.usable(ctx, found) if mode != "sort" else {}
    left = spending.left(ctx, policy.quotas, {row.account_id for row in found.values()}, clock.today)
    chosen = [
        Way(
            message_id=row.message_id,
            choice=row.choice,
            route=row.route,
            account_id=row.account_id,
            said=row.said,
            exempt=row.exempt,
            has_next=row.choice + 1 < row.choices,
            gather_until=gathered_until(clock, row.gather_s),
            part=row.part,
            sender=row.sender,
            account=(row.account_id, KINDS.get(row.route, "oa")) in usable,
            content=mode == "sort" or pair in sends,
            calls=left.get((row.route, row.account_id), 1) > 0,
        )
        for pair, row in found.items()
    ]
    return Rules(policy, clock, chosen), left, sends


def _within(candidates: Sequence[Candidate], rules: Rules, left: dict[tuple[str, int], int]) -> list[Candidate]:
    """Candidates of a claim of single sends, cut where a daily quota or the number of unkeyed calls ends; the rest is
    judged by the next claim, which finds the quota used up."""
    where = {(way.message_id, way.choice): way for way in rules.ways}
    room = {pair: calls for pair, calls in left.items() if calls > 0 and pair[0] not in BATCHED}
    unkeyed = UNKEYED
    kept: list[Candidate] = []
    for item in candidates:
        way = where[item.message_id, item.choice]
        pair = (way.route, way.account_id)
        plain = way.route == Route.OA_CUSTOM
        if room.get(pair) == 0 or (plain and unkeyed == 0):
            continue
        if pair in room:
            room[pair] -= 1
        unkeyed -= plain
        kept.append(item)
    return kept


def judge(ctx: Ctx, candidates: Sequence[Candidate], mode: Mode) -> Judged:
    """Decide, keep history, tell who is not sent to."""
    batch_id, document = ctx.tx.execute(_KNOWN).one()
    policy = Policy() if document is None else from_json(document)
    rules, left, sends = _rules(ctx, policy, {(item.message_id, item.choice) for item in candidates}, mode)
    kept = _within(candidates, rules, left) if mode == "people" else candidates
    rows = decide(ctx, rules, kept, mode, batch_id)
    put_off = (State.WAITING, State.GATHERED, State.PLANNED)
    telling.moved(ctx, [(row.customer_id, row.request_id) for row in rows if row.state in put_off])
    telling.ended(ctx, [(row.customer_id, row.request_id) for row in rows if row.state == State.NOT_SENT])
    recipients.follow(ctx, [row[:2] for row in rows if row.route in TASK_ROUTES])
    if mode != "mass" and any(row.state == State.GATHERED for row in rows):
        _waves_go(ctx, {row.message_id for row in rows if row.state == State.GATHERED})
    # Sends begin in the order in which they were taken up, whatever the plan answered first.
    order = {item.request_id: number for number, item in enumerate(kept)}
    claimed = sorted((row for row in rows if row.state == State.CLAIMED), key=lambda row: order[row.request_id])
    return Judged(batch_id, claimed, rules, sends)


def _waves_go(ctx: Ctx, message_ids: set[int]) -> None:
    """Many people asked for at one moment are a wave of their own: it goes now instead of at the full hour."""
    gathered = and_(in_state(State.GATHERED), request.c.message_id.in_(sorted(message_ids)))
    # Two statements: as one, a plan without statistics counted the wave anew for each of its people (3 s for 5,000).
    waves = ctx.tx.execute(
        select(request.c.message_id, request.c.account_id, request.c.choice, request.c.asked_at)
        .join(choice, and_(choice.c.message_id == request.c.message_id, choice.c.choice == request.c.choice))
        .where(gathered, request.c.due_at > ctx.now)
        .group_by(request.c.message_id, request.c.account_id, request.c.choice, request.c.asked_at, choice.c.at_once)
        .having(func.count() >= choice.c.at_once)
    ).all()
    if not waves:
        return
    wave = unnest(
        "wave",
        message_id=(Integer(), [row.message_id for row in waves]),
        account_id=(Integer(), [row.account_id for row in waves]),
        choice=(SmallInteger(), [row.choice for row in waves]),
        asked_at=(DateTime(timezone=True), [row.asked_at for row in waves]),
    )
    ctx.tx.execute(
        update(request)
        .where(
            gathered,
            request.c.message_id == wave.c.message_id,
            request.c.account_id == wave.c.account_id,
            request.c.choice == wave.c.choice,
            request.c.asked_at == wave.c.asked_at,
        )
        .values(due_at=ctx.now)
    )


_OPEN = insert(batch).values(
    **{name: bindparam(name) for name in ("batch_id", "kind", "lane", "key", "claimed_at", "lease_machine")},
    **{name: bindparam(name) for name in ("recipients", "message_id", "choice", "account_id")},
    attempts=1,
    open=True,
    state="claimed",
)


def claimed_work(
    ctx: Ctx,
    judged: Judged,
    kind: Literal["people", "mass", "task"],
    lane: int,
    lease: float,
    calls: Counter[tuple[str, int]],
) -> Work:
    """Write the batch, use up what it needs and make the work of it; without sends there is none."""
    rows = judged.claimed
    at = machine()
    # Random, because the platform remembers keys longer than a database that is made anew.
    key = uuid.uuid4().hex
    if not rows:
        return Work(judged.batch_id, kind, key, at + lease / 2)
    one = rows[0] if kind == "mass" else None
    ctx.tx.execute(
        _OPEN,
        {
            "batch_id": judged.batch_id,
            "kind": kind,
            "lane": lane,
            "key": key,
            "claimed_at": ctx.now,
            "lease_machine": at + lease,
            "recipients": len(rows),
            "message_id": one.message_id if one else None,
            "choice": one.choice if one else None,
            "account_id": one.account_id if one else None,
        },
    )
    known = {(way.message_id, way.choice) for way in judged.rules.ways if way.said is not None}
    spending.take(
        ctx,
        judged.batch_id,
        seen_set=any((row.message_id, row.choice) in known for row in rows),
        windows=any(row.trigger is not None for row in rows),
    )
    claimed = [(row.customer_id, row.request_id, (row.message_id, row.choice), row.address) for row in rows]
    used, sends = ways.prepare(ctx, key, judged.ways, claimed)
    spending.spend(ctx, judged.rules.policy.quotas, calls, judged.rules.times.today)
    return Work(judged.batch_id, kind, key, at + lease / 2, used, sends)


def _calls(rows: Sequence[Row[*tuple[Any, ...]]]) -> list[tuple[str, int]]:
    return [(spending.DAILY[Route(row.route)], row.account_id) for row in rows if Route(row.route) in spending.DAILY]
