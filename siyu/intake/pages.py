"""Private: one page of each kind of reconciliation: what to ask, what to do with the answer, where to go on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from siyu.customers import actions as customers
from siyu.customers import queries as customer_queries
from siyu.customers.types import Unfollow
from siyu.intake import actions, official_account, readings, store, wecom
from siyu.intake.types import Known, RoundKind
from siyu.kernel.ctx import Ctx
from siyu.platforms.types import Account, Call, Outcome, Sender, send_all
from siyu.team import actions as team

STAFF_BATCH = 100
CLOSE_LIMIT = 5_000

Cursor = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class At:
    """Where a round stands when an answer comes."""

    account: Account
    known: Mapping[int, Known]
    cursor: Cursor
    started_at: datetime


@dataclass(frozen=True, slots=True)
class Turned:
    """What a page brought: the next cursor (None: the round is over), rows seen, follows or losses made up for."""

    cursor: dict[str, Any] | None
    seen: int = 0
    healed: int = 0


def ask(sender: Sender, kind: RoundKind, account_id: int, cursor: Cursor) -> list[Outcome]:
    """The platform's answers for this page; stops at the first refusal. The closing page asks nothing."""

    def call(endpoint: str, **body: object) -> Outcome:
        return sender.send(Call(account_id, endpoint, {name: value for name, value in body.items() if value != ""}))

    if cursor.get("closing"):
        return []
    if kind == "oa_followers":
        return [call("user_get", next_openid=cursor.get("next", ""))]
    if kind == "wecom_chats":
        return [call("groupchat_list", status_filter=0, limit=1_000, cursor=cursor.get("next", ""))]
    if kind == "wecom_contacts":
        if "staff" not in cursor:
            return [call("follow_users")]
        some = cursor["staff"][cursor["at"] : cursor["at"] + STAFF_BATCH]
        return [call("contacts_by_user", userid_list=some, limit=100, cursor=cursor.get("next", ""))]
    departments = call("department_list")
    ids = [row.get("id") for row in readings.objects(departments.data.get("department"))]
    calls = [Call(account_id, "user_list", {"department_id": one}) for one in ids]
    return [departments, *(send_all(sender, calls, threads=8) if departments.ok else [])]


def take(ctx: Ctx, at: At, kind: RoundKind, outcomes: Sequence[Outcome]) -> Turned:
    """Write what a page brought."""
    if kind == "oa_followers":
        return _close_followers(ctx, at) if at.cursor.get("closing") else _followers(ctx, at, outcomes[0].data)
    if kind == "wecom_contacts":
        return _close_contacts(ctx, at) if at.cursor.get("closing") else _contacts(ctx, at, outcomes[0].data)
    if kind == "wecom_chats":
        return _chats(ctx, at, outcomes[0].data)
    users = [user for outcome in outcomes[1:] for user in readings.objects(outcome.data.get("userlist"))]
    members = readings.directory(outcomes[0].data.get("department"), users)
    team.save_directory(ctx, members)
    return Turned(None, seen=len(members))


def _followers(ctx: Ctx, at: At, data: Mapping[str, object]) -> Turned:
    listed = readings.part(data, "data").get("openid")
    openids = [one for one in listed if isinstance(one, str)] if isinstance(listed, list) else []
    if openids:
        store.note_seen(ctx, at.account.account_id, "oa_followers", [(openid, "") for openid in openids])
    following = readings.said(data, "next_openid")
    total = data.get("total")
    done = not openids or not following or following == at.cursor.get("next")
    read = at.cursor.get("read", 0) + len(openids)
    if done or (isinstance(total, int) and read >= total):
        return Turned({"closing": True}, seen=len(openids))
    return Turned({"next": following, "read": read}, seen=len(openids))


def _close_followers(ctx: Ctx, at: At) -> Turned:
    account_id = at.account.account_id
    here = customer_queries.openids(account_id)
    found = 0 if at.cursor.get("asked") else store.want_unknown_followers(ctx, account_id, here)
    gone = store.gone_followers(ctx, account_id, here, at.started_at, CLOSE_LIMIT)
    if gone:
        customers.record(
            ctx,
            [
                replace(
                    official_account.unfollowed(account_id, row.openid, at.started_at),
                    customer_id=row.customer_id,
                    origin_id=row.origin_id,
                )
                for row in gone
            ],
        )
        customers.unfollow(
            ctx, [Unfollow(row.customer_id, "oa", account_id, at.started_at, origin_id=row.origin_id) for row in gone]
        )
    cursor = {"closing": True, "asked": True} if len(gone) == CLOSE_LIMIT else None
    return Turned(cursor, healed=found + len(gone))


def _contacts(ctx: Ctx, at: At, data: Mapping[str, object]) -> Turned:
    home = at.known[at.account.account_id]
    if "staff" not in at.cursor:
        users = data.get("follow_user")
        staff = [one for one in users if isinstance(one, str)] if isinstance(users, list) else []
        return Turned({"staff": staff, "at": 0, "next": ""} if staff else None)
    arrivals = readings.contacts(data, home, at.account.created_at, ctx.now)
    fresh = actions.without_known(ctx, arrivals, home.home_id)
    whose = actions.take_in(ctx, fresh, at.known)
    pairs = [(str(person.origin_id), arrival.follow.staff) for arrival, person in whose if arrival.follow]
    if pairs:
        store.note_seen(ctx, home.home_id, "wecom_contacts", pairs)
    healed = sum(bool(arrival.events) for arrival in fresh)
    following = readings.said(data, "next_cursor")
    if following:
        return Turned({**at.cursor, "next": following}, len(pairs), healed)
    further = at.cursor["at"] + STAFF_BATCH
    if further < len(at.cursor["staff"]):
        return Turned({**at.cursor, "at": further, "next": ""}, len(pairs), healed)
    return Turned({"closing": True, "staff": at.cursor["staff"]}, len(pairs), healed)


def _close_contacts(ctx: Ctx, at: At) -> Turned:
    home = at.known[at.account.account_id]
    follows, staff = customer_queries.follows, at.cursor["staff"]
    gone = store.gone_contacts(ctx, home.home_id, follows, staff, at.started_at, CLOSE_LIMIT)
    if gone:
        events = [
            replace(
                wecom.contact_lost(home, row.staff, str(row.origin_id), at.started_at, "unknown"),
                customer_id=row.customer_id,
                origin_id=row.origin_id,
            )
            for row in gone
        ]
        customers.record(ctx, events)
        customers.unfollow(
            ctx,
            [
                Unfollow(row.customer_id, "wecom", home.home_id, at.started_at, row.staff, "unknown", row.origin_id)
                for row in gone
            ],
        )
    return Turned(dict(at.cursor) if len(gone) == CLOSE_LIMIT else None, healed=len(gone))


def _chats(ctx: Ctx, at: At, data: Mapping[str, object]) -> Turned:
    home = at.known[at.account.account_id]
    listed = [readings.said(row, "chat_id") for row in readings.objects(data.get("group_chat_list"))]
    if listed:
        store.want(ctx, [(home.home_id, "wecom_chat", chat_id) for chat_id in listed if chat_id])
    following = readings.said(data, "next_cursor")
    return Turned({"next": following} if following else None, seen=len(listed))
