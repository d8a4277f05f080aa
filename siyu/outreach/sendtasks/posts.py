"""Private: what is particular to Moments posts (朋友圈). All of a member's customers see them, so one content is posted
once; WeCom takes a few tasks a minute; what became of a post is asked of its job, its member and the feeds it reached.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import BigInteger, DateTime, Integer, Text, and_, bindparam, literal, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from siyu.customers import queries as customers
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import given, rows
from siyu.outreach import spending, telling
from siyu.outreach.queries import policy as current_policy
from siyu.outreach.sendtasks import recipients
from siyu.outreach.sendtasks.looks import Look, Seen, objects, pages, unknown
from siyu.outreach.sendtasks.planner import AGAIN
from siyu.outreach.sendtasks.reading import planned, post
from siyu.outreach.store import message, recipient, request, seen, task
from siyu.outreach.types import Route, State, TaskState
from siyu.platforms import queries as platforms
from siyu.platforms.types import Call, Sender

RUN = 3
"""The status of a job that is done."""
PAGE = 5_000
said = message.alias("said")


def full(ctx: Ctx) -> list[int]:
    """Accounts with a Moments post due whose tasks of this minute are used up."""
    due = ctx.tx.execute(_POSTS_DUE, {"now": ctx.now}).scalars().all()
    quotas = current_policy(ctx).quotas if due else None
    # set-loop: one look per account, of which there are a handful
    return [one for one in due if quotas and spending.minute_left(ctx, quotas, one, spending.POSTS_MINUTE) <= 0]


_POSTS_DUE = (
    select(recipient.c.account_id)
    .distinct()
    .where(planned, post, recipient.c.due_at <= bindparam("now", type_=DateTime(timezone=True)))
)


_OPEN_POST = (
    select(task.c.task_id)
    .join(said, said.c.message_id == task.c.message_id)
    .where(
        task.c.staff == bindparam("of_staff", type_=Text),
        task.c.account_id == bindparam("of_account", type_=Integer),
        task.c.route == Route.MOMENTS.value,
        task.c.state == TaskState.OPEN.value,
        said.c.said.in_(
            select(message.c.said)
            .join(request, request.c.message_id == message.c.message_id)
            .where(request.c.batch_id == bindparam("batch", type_=BigInteger))
        ),
    )
    .limit(1)
    .with_for_update(of=task)
)


def join(ctx: Ctx, batch_id: int, account_id: int, staff: str) -> None:
    """The sender's post of this content waits to be confirmed: who is asked for now will see it too. When it is
    meanwhile no longer open, they wait for the next plan, which knows."""
    values = {"batch": batch_id, "of_staff": staff, "of_account": account_id}
    task_id = ctx.tx.execute(_OPEN_POST, values).scalar_one_or_none()
    mine = and_(request.c.batch_id == batch_id, request.c.state == State.CLAIMED.value)
    if task_id is None:
        put: dict[str, Any] = {"state": State.PLANNED.value, "reason": "planned", "due_at": ctx.now + AGAIN}
        put |= {"batch_id": None, "claimed_at": None, "claimed_day": None, "address": None}
    else:
        spending.take(ctx, batch_id, windows=False)
        put = {"state": State.HANDED.value, "reason": "handed", "task_id": task_id, "batch_id": None}
    joined = ctx.tx.execute(
        update(request).where(mine).values(**put).returning(request.c.customer_id, request.c.request_id)
    ).all()
    if task_id is not None:
        grown = {"recipients": task.c.recipients + len(joined)}
        ctx.tx.execute(update(task).where(task.c.task_id == task_id).values(**grown))
    telling.moved(ctx, [(row.customer_id, row.request_id) for row in joined])
    recipients.follow(ctx, [row[:2] for row in joined])


def look(sender: Sender, one: Look) -> Seen:
    """What became of a post: of its job, of the member, of the feeds. Cancelled where that is wanted and the member has
    not posted it."""
    made = one.moment_id or _made(sender, one)
    if not isinstance(made, str):
        return made
    body = {"moment_id": made}
    told = sender.send(Call(one.account_id, "moment_task", body))
    if not told.ok:
        return replace(unknown(told), moment_id=made)
    if any(
        row.get("userid") == one.staff and row.get("publish_status") == 1 for row in objects(told.data.get("task_list"))
    ):
        return Seen(True, moment_id=made, posted=True, results=_reached(sender, one, made))
    if not one.withdraw:
        return Seen(True, moment_id=made)
    cancelled = sender.send(Call(one.account_id, "moment_cancel", body))
    if not cancelled.ok:
        # It may have been posted between the two calls, or may be yet; the next look tells.
        return Seen(True, moment_id=made, kept=one.expired, results={} if one.expired else None)
    return Seen(True, moment_id=made, withdrawn=True, results={})


def _made(sender: Sender, one: Look) -> str | Seen:
    """The moment of a job; while there is none, what is known instead."""
    told = sender.send(Call(one.account_id, "moment_result", {"jobid": one.platform_id}))
    if not told.ok:
        return unknown(told)
    if told.data.get("status") != RUN:
        return Seen()
    result = told.data.get("result")
    found: Mapping[str, object] = result if isinstance(result, Mapping) else {}
    invalid = found.get("invalid_sender_list")
    users = invalid.get("user_list") if isinstance(invalid, Mapping) else None
    if found.get("moment_id") and not (isinstance(users, list) and one.staff in users):
        return str(found["moment_id"])
    return Seen(True, refused=f"{found.get('errcode')} {found.get('errmsg')}"[:300], results={})


def _reached(sender: Sender, one: Look, moment_id: str) -> Mapping[str, tuple[int, None]] | None:
    """Who has the post in the feed; None when one of the pages could not be read."""
    body = {"moment_id": moment_id, "userid": one.staff, "limit": PAGE}
    found = pages(sender, Call(one.account_id, "moment_reached", body), "customer_list")
    return None if found is None else {str(row.get("external_userid")): (1, None) for row in found}


_UIDS = rows("feed", value=Text())
_SHOWN = (
    upsert(seen)
    .from_select(
        ["customer_id", "content_id", "request_id", "at"],
        select(
            customers.people.c.customer_id,
            message.c.said,
            literal(0, BigInteger()),
            bindparam("now", type_=DateTime(timezone=True)),
        )
        .distinct()
        .join_from(
            _UIDS,
            customers.people,
            and_(
                customers.people.c.kind == "external_userid",
                customers.people.c.scope == bindparam("corpid", type_=Text),
                customers.people.c.value == _UIDS.c.value,
            ),
        )
        .join(message, message.c.message_id == bindparam("of_message", type_=Integer))
        .where(message.c.said.is_not(None)),
    )
    .on_conflict_do_nothing()
)


def shown(ctx: Ctx, account_id: int, message_id: int, uids: Iterable[str]) -> None:
    """Keep that these people have seen the content, whether they were asked for or not."""
    corps = {account.account_id: account.appid for account in platforms.accounts(ctx, "wecom")}
    values: dict[str, Any] = given(_UIDS, value=sorted(uids))
    ctx.tx.execute(_SHOWN, values | {"corpid": corps.get(account_id, ""), "of_message": message_id, "now": ctx.now})
