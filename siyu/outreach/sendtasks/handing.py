"""Private: a sender's round is planned, claimed and handed to WeCom as send tasks, group sends and Moments posts."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    DateTime,
    Integer,
    SmallInteger,
    Text,
    and_,
    bindparam,
    case,
    exists,
    func,
    insert,
    literal,
    literal_column,
    null,
    or_,
    select,
    text,
    true,
    tuple_,
    update,
)

from siyu.kernel.ctx import Ctx
from siyu.kernel.db import given, rows, savepoint
from siyu.outreach import claims, spending, telling
from siyu.outreach.decision import SOON
from siyu.outreach.policy import midnight
from siyu.outreach.queries import policy as current_policy
from siyu.outreach.sendtasks import posts, recipients
from siyu.outreach.sendtasks.kinds import KINDS
from siyu.outreach.sendtasks.people import Fate
from siyu.outreach.sendtasks.planner import Piece, Plan, plan
from siyu.outreach.sendtasks.reading import pieces, planned, post, taken
from siyu.outreach.sendtasks.rounds import part_at
from siyu.outreach.store import message, person, recipient, request, task, task_person
from siyu.outreach.types import Route, State, TaskRules, TaskState
from siyu.outreach.work import LEASE, Results, Work

FIRST_LOOK = timedelta(minutes=10)
"""After so long it is asked for the first time whether a task was confirmed."""
SENDERS = 20
"""So many senders are tried while other workers plan those before them."""


def claim(ctx: Ctx, lease: float = LEASE) -> Work | None:
    """Claim the recipients of one sender's round as far as one batch holds them; what has no place is moved."""
    try:
        with savepoint(ctx):
            found = _due_sender(ctx)
            return None if found is None else _claim(ctx, *found, lease)
    except spending.Beaten:
        return None


def _claim(ctx: Ctx, account_id: int, staff: str, lease: float) -> Work | None:
    rules = current_policy(ctx).tasks
    today = ctx.now.astimezone(ctx.zone).date()
    until = midnight(today + timedelta(days=1), ctx.zone)
    made = plan(pieces(ctx, staff, until, account_id), taken(ctx, staff), rules, ctx.now, ctx.zone)
    _move(ctx, account_id, staff, made)
    hand = [piece for piece in made.hand if not piece.kind.shared or account_id not in posts.full(ctx)]
    chosen = _fitting(hand)
    if not chosen:
        return Work(0, "task", "", 0.0) if made.moved or made.posted else None
    kind = hand[0].kind
    values = {"of_account": account_id, "of_staff": staff, "now": ctx.now, "most": kind.most} | given(
        _CHOSEN, message_id=[one for one, _ in chosen], choice=[two for _, two in chosen]
    )
    # Waits for persons that another worker holds, as mass sends do: who is left over would be a task of one person.
    held = claims.first_of_each(ctx, ctx.tx.execute(_DUE, values).all())
    judged = claims.judge(ctx, held, "mass")
    _strays(ctx, judged.batch_id, staff)
    judged = replace(judged, claimed=[row for row in judged.claimed if row.staff == staff])
    if hand[0].post == "open" and judged.claimed:
        posts.join(ctx, judged.batch_id, account_id, staff)
        judged = replace(judged, claimed=())
    calls: Counter[tuple[str, int]] = Counter()
    if judged.claimed:
        _tasks(ctx, judged.batch_id, account_id, staff, rules, judged.claimed)
        calls = Counter((name, account_id) for name in kind.quotas)
    return replace(claims.claimed_work(ctx, judged, "task", 1, lease, calls), staff=staff)


def _fitting(hand: Sequence[Piece]) -> list[tuple[int, int]]:
    """The messages whose people fit into one batch, in their order; the first in any case. A Moments post is a batch of
    its own."""
    chosen: dict[tuple[int, int], None] = {}
    people = 0
    if hand and hand[0].kind.shared:
        return [(hand[0].message_id, hand[0].choice)]
    for piece in hand:
        if piece.kind.shared:
            continue
        people += piece.people
        if chosen and people > piece.kind.most and (piece.message_id, piece.choice) not in chosen:
            break
        chosen[piece.message_id, piece.choice] = None
    return list(chosen)


def _due_sender(ctx: Ctx) -> tuple[int, str] | None:
    """The sender whose round waits longest and whom no other worker plans; locked until the transaction ends."""
    first = (
        select(recipient.c.account_id, recipient.c.staff)
        .where(planned, recipient.c.due_at <= ctx.now)
        .where(or_(~post, recipient.c.account_id.not_in(posts.full(ctx))))
        .order_by(recipient.c.due_at, recipient.c.account_id, recipient.c.staff)
        .limit(1)
    )
    tried: list[tuple[int, str]] = []
    for _ in range(SENDERS):
        # set-loop: a step per sender whom another worker plans right now
        others = tuple_(recipient.c.account_id, recipient.c.staff).not_in(tried) if tried else true()
        row = ctx.tx.execute(first.where(others)).one_or_none()
        if row is None:
            return None
        if _lock(ctx, row.staff):
            return row.account_id, row.staff
        tried.append((row.account_id, row.staff))
    return None


def _lock(ctx: Ctx, staff: str) -> bool:
    key = {"key": f"outreach:tasks:{staff}"}
    return bool(ctx.tx.execute(text("select pg_try_advisory_xact_lock(hashtextextended(:key, 0))"), key).scalar_one())


_CHOSEN = rows("chosen", message_id=Integer(), choice=SmallInteger())
_DUE = (
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
    .join_from(
        recipient,
        request,
        and_(request.c.customer_id == recipient.c.customer_id, request.c.request_id == recipient.c.request_id),
    )
    .join(person, person.c.customer_id == recipient.c.customer_id)
    .join(_CHOSEN, and_(_CHOSEN.c.message_id == recipient.c.message_id, _CHOSEN.c.choice == recipient.c.choice))
    .where(
        planned,
        recipient.c.staff == bindparam("of_staff", type_=Text),
        recipient.c.account_id == bindparam("of_account", type_=Integer),
        recipient.c.due_at <= bindparam("now", type_=DateTime(timezone=True)),
        request.c.state == State.PLANNED.value,
    )
    .order_by(recipient.c.customer_id, recipient.c.request_id)
    .limit(bindparam("most", type_=Integer))
    .with_for_update(of=person)
)
_STAFF = bindparam("of_staff", type_=Text)
_ACCOUNT = bindparam("of_account", type_=Integer)
_MOVED = rows(
    "moved",
    message_id=Integer(),
    choice=SmallInteger(),
    due_at=DateTime(timezone=True),
    until=DateTime(timezone=True),
    reason=Text(),
)
_onward = and_(
    _MOVED.c.reason != "joined",
    _MOVED.c.choice + 1 < message.c.choices,
    or_(_MOVED.c.until.is_(None), _MOVED.c.until > bindparam("soon", type_=DateTime(timezone=True))),
)
_lost = and_(_MOVED.c.reason != "joined", _MOVED.c.until >= request.c.expires_at)
_never = _MOVED.c.reason == "already_posted"
_state = case(
    (_onward, literal_column("'waiting'", Text())),
    (or_(_never, _lost), literal_column("'not_sent'", Text())),
    else_=literal_column("'planned'", Text()),
)
_NOW = bindparam("now", type_=DateTime(timezone=True))
_MOVE = (
    update(request)
    .where(
        planned,
        recipient.c.account_id == _ACCOUNT,
        recipient.c.staff == _STAFF,
        recipient.c.message_id == _MOVED.c.message_id,
        recipient.c.choice == _MOVED.c.choice,
        recipient.c.due_at == _MOVED.c.due_at,
        request.c.customer_id == recipient.c.customer_id,
        request.c.request_id == recipient.c.request_id,
        request.c.state == State.PLANNED.value,
        message.c.message_id == request.c.message_id,
    )
    .values(
        state=_state,
        reason=_MOVED.c.reason,
        choice=request.c.choice + case((_onward, 1), else_=0),
        due_at=case((or_(_onward, _never), _NOW), else_=_MOVED.c.until),
        decided_at=_NOW,
        done_at=case((_state == State.NOT_SENT.value, _NOW), else_=null()),
    )
    .returning(request.c.customer_id, request.c.request_id, request.c.state)
)


def _move(ctx: Ctx, account_id: int, staff: str, made: Plan) -> None:
    going: list[tuple[Piece, datetime | None, str]] = [(one.piece, one.until, one.reason) for one in made.moved]
    going += [(piece, None, "already_posted") for piece in made.posted]
    if not going:
        return
    values: dict[str, Any] = given(
        _MOVED,
        message_id=[piece.message_id for piece, _, _ in going],
        choice=[piece.choice for piece, _, _ in going],
        due_at=[piece.due_at for piece, _, _ in going],
        until=[until for _, until, _ in going],
        reason=[reason for _, _, reason in going],
    )
    values |= {"of_account": account_id, "of_staff": staff, "now": ctx.now, "soon": ctx.now + SOON}
    done = ctx.tx.execute(_MOVE, values).all()
    telling.moved(ctx, [(row.customer_id, row.request_id) for row in done if row.state != State.NOT_SENT])
    telling.ended(ctx, [(row.customer_id, row.request_id) for row in done if row.state == State.NOT_SENT])
    recipients.follow(ctx, [row[:2] for row in done])


def _strays(ctx: Ctx, batch_id: int, staff: str) -> None:
    """People whose sender is meanwhile another: they wait for that one's round, which is now."""
    strays = ctx.tx.execute(
        update(request)
        .where(request.c.batch_id == batch_id, request.c.staff != staff)
        .values(
            state=State.PLANNED.value,
            reason="planned",
            batch_id=None,
            claimed_at=None,
            claimed_day=None,
            address=None,
        )
        .returning(request.c.customer_id, request.c.request_id)
    ).all()
    recipients.follow(ctx, [row[:2] for row in strays])


_WITHDRAWN = (
    select(request.c.message_id)
    .distinct()
    .join(task, task.c.task_id == request.c.task_id)
    .where(request.c.batch_id == bindparam("batch", type_=BigInteger), task.c.state == TaskState.CANCELLED.value)
)


def _tasks(ctx: Ctx, batch_id: int, account_id: int, staff: str, rules: TaskRules, claimed: Iterable[Any]) -> None:
    sizes = Counter((row.message_id, row.choice) for row in claimed)
    # Whose task was withdrawn for others' sake: a task is made anew only once.
    again = set(ctx.tx.execute(_WITHDRAWN, {"batch": batch_id}).scalars())
    claimed = list(claimed)
    reminded = KINDS[Route(claimed[0].route)].reminded
    shared = {
        "account_id": account_id,
        "route": claimed[0].route,
        "staff": staff,
        "day": ctx.now.astimezone(ctx.zone).date(),
        "part": part_at(rules, ctx.now, ctx.zone).value,
        "batch_id": batch_id,
        "state": TaskState.HANDING.value,
        "handed_at": ctx.now,
        "expires_at": ctx.now + rules.expiry,
        "remind_at": ctx.now + rules.remind_after if rules.reminders and reminded else None,
        "reminders": 0,
    }
    ctx.tx.execute(
        insert(task),
        [
            {**shared, "message_id": pair[0], "choice": pair[1], "again": pair[0] in again, "recipients": people}
            for pair, people in sorted(sizes.items())
        ],
    )
    placed = ctx.tx.execute(
        update(request)
        .where(
            request.c.batch_id == batch_id,
            task.c.batch_id == batch_id,
            task.c.state == TaskState.HANDING.value,
            task.c.message_id == request.c.message_id,
            task.c.choice == request.c.choice,
        )
        .values(task_id=task.c.task_id)
        .returning(request.c.customer_id, request.c.request_id)
    ).all()
    recipients.follow(ctx, [row[:2] for row in placed])


_TOLD = rows("told", task_id=BigInteger(), platform_id=Text(), state=Text())
# Who was withdrawn while the task was being handed over.
_withdrawn = exists(
    select(true())
    .select_from(recipient)
    .where(recipient.c.task_id == task.c.task_id, recipient.c.reason == "recalling")
    .correlate(task)
)


def _people(fate: ColumnElement[str]) -> Any:
    """How many people of a task have this fate."""
    mine = (task_person.c.task_id == task.c.task_id, task_person.c.state == fate)
    return select(func.count()).select_from(task_person).where(*mine).correlate(task, _TOLD).scalar_subquery()


_stand = case((_TOLD.c.state == TaskState.UNKNOWN.value, Fate.UNKNOWN.value), else_=Fate.WAITING.value)
_HANDED = (
    update(task)
    .where(task.c.task_id == _TOLD.c.task_id, task.c.state == TaskState.HANDING.value)
    .values(
        state=_TOLD.c.state,
        platform_id=_TOLD.c.platform_id,
        closed_at=case((_TOLD.c.state == TaskState.OPEN.value, null()), else_=_NOW),
        look_at=case(
            (_TOLD.c.state != TaskState.OPEN.value, null()),
            (_withdrawn, _NOW),
            else_=bindparam("look", type_=DateTime(timezone=True)),
        ),
        # Of one that WeCom refused, whom it was for; who is only tried again is of no task.
        recipients=_people(case((_TOLD.c.state == TaskState.FAILED.value, Fate.NOT_HANDED.value), else_=_stand)),
        failed=case((_TOLD.c.state == TaskState.FAILED.value, _people(literal(Fate.NOT_HANDED.value))), else_=0),
        unknown=_people(literal(Fate.UNKNOWN.value)),
    )
)
_OF_BATCH = (
    select(task.c.task_id)
    .where(task.c.batch_id == bindparam("batch", type_=BigInteger))
    .order_by(task.c.message_id, task.c.choice)
)


def told(ctx: Ctx, work: Work, results: Results) -> None:
    """WeCom's answers about the tasks of a batch."""
    tasks = list(ctx.tx.execute(_OF_BATCH, {"batch": work.batch_id}).scalars())
    ids: dict[int, str] = {}
    unsure: set[int] = set()
    for send, outcome in zip(work.sends, results.outcomes, strict=True):
        if outcome is not None and outcome.ok:
            ids[send.way] = str(outcome.data.get("msgid") or outcome.data.get("jobid") or "")
        elif outcome is not None and outcome.uncertain:
            unsure.add(send.way)
    ends = [TaskState.UNKNOWN if number in unsure else TaskState.FAILED for number, _ in enumerate(tasks)]
    _tell(ctx, [(one, ids.get(number), end) for number, (one, end) in enumerate(zip(tasks, ends, strict=True))])


def lost(ctx: Ctx, batch_id: int) -> None:
    """The worker died before it could say what WeCom answered."""
    tasks = ctx.tx.execute(_OF_BATCH, {"batch": batch_id}).scalars()
    _tell(ctx, [(one, None, TaskState.UNKNOWN) for one in tasks])


def _tell(ctx: Ctx, tasks: Sequence[tuple[int, str | None, TaskState]]) -> None:
    """Tasks with WeCom's numbers; one without ended as its state says."""
    values = given(
        _TOLD,
        task_id=[one for one, _, _ in tasks],
        platform_id=[msgid for _, msgid, _ in tasks],
        state=[(end if msgid is None else TaskState.OPEN).value for _, msgid, end in tasks],
    )
    ctx.tx.execute(_HANDED, values | {"now": ctx.now, "look": ctx.now + FIRST_LOOK})
