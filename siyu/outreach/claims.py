"""Private: which requests are taken up, in which order and by whom: sorting, claiming, recovering what a worker lost.

The lock is the person's row (``outreach_person``), not the request's: two requests of one person must not be judged by
two workers at once, or caps and the seen-set would be read before the other's claim is there. A second statement
judges, so that its snapshot holds what the former holder of the lock wrote.
"""

import uuid
from collections import Counter
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, case, delete, func, insert, literal, null, select, text, update

from siyu.kernel.clock import machine
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import SLOTS, savepoint
from siyu.outreach import spending, telling, ways
from siyu.outreach.decision import BATCHED, Candidate, Mode, Rules, Way, decide
from siyu.outreach.merging import follow_merges
from siyu.outreach.policy import gathered_until, times
from siyu.outreach.queries import policy as current_policy
from siyu.outreach.store import batch, choice, in_state, message, person, request
from siyu.outreach.types import Route, State
from siyu.outreach.work import LEASE, Work
from siyu.platforms import queries as platforms

PEOPLE = 1_000
"""Sends of one claim: a few seconds of calls."""
UNKEYED = 250
"""Customer messages among them: the most that a killed worker leaves uncertain."""
MASS = 10_000
"""Openids of one mass call."""
ALL_SLOTS = (0, SLOTS - 1)


def sort(ctx: Ctx, limit: int, slots: tuple[int, int] = ALL_SLOTS) -> int:
    """Decide up to ``limit`` waiting requests of the slow lane without claiming; returns how many were looked at."""
    candidates = _lock(ctx, 1, (State.WAITING,), limit, slots)
    if candidates:
        _judge(ctx, candidates, "sort", None)
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
            opened = _open(ctx, "people", lane, lease)
            rows = [row for row in _judge(ctx, candidates, "people", opened.batch_id) if row.state == State.CLAIMED]
            return _claimed(ctx, opened, rows, Counter(_calls(rows)))
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
    held = _candidates(ctx, same, size, skip=False)
    if not held:
        return None
    opened = _open(ctx, "mass", 1, lease)
    rows = [row for row in _judge(ctx, held, "mass", opened.batch_id) if row.state == State.CLAIMED]
    if len(rows) == 1:
        _alone(ctx, opened.batch_id)
        rows = []
    if rows:
        first = rows[0]
        ctx.tx.execute(
            update(batch)
            .where(batch.c.batch_id == opened.batch_id)
            .values(message_id=first.message_id, choice=first.choice, account_id=first.account_id)
        )
    calls = Counter({("mass_day", group.account_id): 1, (spending.MINUTE, group.account_id): 1}) if rows else Counter()
    return _claimed(ctx, opened, rows, calls)


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


def _lock(ctx: Ctx, lane: int, states: Sequence[State], limit: int, slots: tuple[int, int]) -> list[Candidate]:
    due = and_(
        request.c.lane == lane,
        in_state(*states),
        request.c.due_at <= ctx.now,
        *([] if slots == ALL_SLOTS else [request.c.slot.between(*slots)]),
    )
    return _candidates(ctx, due, limit, skip=True)


def _candidates(ctx: Ctx, due: ColumnElement[bool], limit: int, *, skip: bool) -> list[Candidate]:
    """Lock persons with due requests; of each person the request that goes first."""
    order = (
        (request.c.due_at, request.c.priority.desc(), request.c.request_id)
        if skip
        else (request.c.customer_id, request.c.request_id)
    )
    found = ctx.tx.execute(
        select(
            request.c.customer_id,
            request.c.request_id,
            request.c.message_id,
            request.c.choice,
            request.c.expires_at,
            request.c.answers.is_not(None),
            request.c.priority,
        )
        .join_from(request, person, person.c.customer_id == request.c.customer_id)
        .where(due)
        .order_by(*order)
        .limit(limit)
        .with_for_update(of=person, skip_locked=skip)
    ).all()
    moved = follow_merges(ctx, [row[0] for row in found])
    first: dict[int, tuple[int, Candidate]] = {}
    for customer_id, request_id, message_id, number, expires_at, own, priority in found:
        known = first.get(customer_id)
        if customer_id not in moved and (known is None or (-priority, request_id) < (-known[0], known[1].request_id)):
            first[customer_id] = priority, Candidate(customer_id, request_id, message_id, number, expires_at, own)
    return [candidate for _, candidate in first.values()]


def _rules(ctx: Ctx, pairs: set[ways.Pair], mode: Mode) -> tuple[Rules, dict[tuple[str, int], int]]:
    """The rules for the choices that the candidates stand at, and what is left of the accounts' daily calls."""
    policy = current_policy(ctx)
    clock = times(policy, ctx.now, ctx.zone)
    usable = {(account.account_id, account.kind) for account in platforms.accounts(ctx) if account.active}
    usable.add((0, "webhook"))
    rows = ways.rows(ctx, pairs)
    unusable = ways.unusable(ctx, rows) if mode != "sort" else set()
    left = spending.left(ctx, policy.quotas, {row.account_id for row in rows.values()}, clock.today)
    found = [
        Way(
            message_id=row.message_id,
            choice=row.choice,
            route=row.route,
            account_id=row.account_id,
            content_id=row.content_id,
            exempt=row.exempt,
            has_next=row.choice + 1 < row.choices,
            gather_until=gathered_until(clock, row.gather_s),
            account=(row.account_id, "webhook" if row.route == Route.WEBHOOK else "oa") in usable,
            content=pair not in unusable,
            calls=left.get((row.route, row.account_id), 1) > 0,
        )
        for pair, row in rows.items()
    ]
    return Rules(policy, clock, found), left


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


def _judge(
    ctx: Ctx, candidates: Sequence[Candidate], mode: Mode, batch_id: int | None
) -> Sequence[Row[*tuple[Any, ...]]]:
    """Decide, keep history, tell who is not sent to; every row as ``decision.decide`` gives it."""
    rules, left = _rules(ctx, {(item.message_id, item.choice) for item in candidates}, mode)
    kept = _within(candidates, rules, left) if mode == "people" else candidates
    rows = decide(ctx, rules, kept, mode, batch_id)
    telling.moved(
        ctx, [(row.customer_id, row.request_id) for row in rows if row.state in (State.WAITING, State.GATHERED)]
    )
    telling.ended(ctx, [(row.customer_id, row.request_id) for row in rows if row.state == State.NOT_SENT])
    if mode != "mass" and any(row.state == State.GATHERED for row in rows):
        _waves_go(ctx, {row.message_id for row in rows if row.state == State.GATHERED})
    return rows


def _waves_go(ctx: Ctx, message_ids: set[int]) -> None:
    """Many people asked for at one moment are a wave of their own: it goes now instead of at the full hour."""
    gathered = and_(in_state(State.GATHERED), request.c.message_id.in_(sorted(message_ids)))
    wave = (
        select(request.c.message_id, request.c.account_id, request.c.choice, request.c.asked_at)
        .join(choice, and_(choice.c.message_id == request.c.message_id, choice.c.choice == request.c.choice))
        .where(gathered, request.c.due_at > ctx.now)
        .group_by(request.c.message_id, request.c.account_id, request.c.choice, request.c.asked_at, choice.c.at_once)
        .having(func.count() >= choice.c.at_once)
        .subquery("wave")
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


def _open(ctx: Ctx, kind: str, lane: int, lease: float) -> Row[*tuple[Any, ...]]:
    return ctx.tx.execute(
        insert(batch)
        .values(
            kind=kind,
            lane=lane,
            # Random, because the platform remembers keys longer than a database that is made anew.
            key=uuid.uuid4().hex,
            claimed_at=ctx.now,
            lease_machine=machine() + lease,
            attempts=1,
            open=True,
            state="claimed",
            recipients=0,
        )
        .returning(batch.c.batch_id, batch.c.kind, batch.c.key, batch.c.lease_machine)
    ).one()


def _claimed(
    ctx: Ctx, opened: Row[*tuple[Any, ...]], rows: Sequence[Row[*tuple[Any, ...]]], calls: Counter[tuple[str, int]]
) -> Work:
    """Use up what the claim needs and make the work of it; a batch without sends is taken away again."""
    start_before = (machine() + opened.lease_machine) / 2
    if not rows:
        ctx.tx.execute(delete(batch).where(batch.c.batch_id == opened.batch_id))
        return Work(opened.batch_id, opened.kind, opened.key, start_before)
    ctx.tx.execute(update(batch).where(batch.c.batch_id == opened.batch_id).values(recipients=len(rows)))
    spending.take(ctx, opened.batch_id)
    used, sends = ways.prepare(
        ctx, opened.key, [(row.customer_id, row.request_id, (row.message_id, row.choice), row.openid) for row in rows]
    )
    policy = current_policy(ctx)
    spending.spend(ctx, policy.quotas, calls, times(policy, ctx.now, ctx.zone).today)
    return Work(opened.batch_id, opened.kind, opened.key, start_before, used, sends)


def _calls(rows: Sequence[Row[*tuple[Any, ...]]]) -> list[tuple[str, int]]:
    return [(spending.DAILY[Route(row.route)], row.account_id) for row in rows if Route(row.route) in spending.DAILY]
