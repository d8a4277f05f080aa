"""Private: one page of each kind of reconciliation: what to ask, what to do with the answer, where to go on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from siyu.customers import actions as customers
from siyu.customers import queries as customer_queries
from siyu.customers.types import Unfollow
from siyu.groups import queries as groups
from siyu.intake import actions, official_account, readings, store, tagging, wecom
from siyu.intake.types import Known, RoundKind
from siyu.kernel.ctx import Ctx
from siyu.platforms.types import LOCAL_CODES, Account, Call, Outcome, Sender, send_all
from siyu.team import actions as team

STAFF_BATCH = 100
KF_BATCH = 100
CLOSE_LIMIT = 5_000
LAG = timedelta(minutes=10)
"""Who follows for less when a round begins may be missing from its list: lists lag, and clocks differ."""
NOBODY, TOO_MANY = 84061, 81017
"""Refusals that only want to be asked otherwise: members without any contact, groups of more than 1,000 members."""

NO_SERVICE = frozenset({48002, 60011, 95017})
"""Refusals that say that customer service is not used, or not by this app."""

Cursor = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class At:
    """Where a round stands when an answer comes."""

    account: Account
    known: Mapping[int, Known]
    cursor: Cursor
    started_at: datetime
    asked_at: datetime
    position: int


@dataclass(frozen=True, slots=True)
class Turned:
    """What a page brought: the next cursor (None: the round is over), rows seen, follows or losses made up for.

    ``error``: what keeps the round from saying who is gone.
    """

    cursor: dict[str, Any] | None
    seen: int = 0
    healed: int = 0
    error: str = ""


def ask(sender: Sender, kind: RoundKind, account_id: int, cursor: Cursor) -> list[Outcome]:
    """The platform's answers for this page; stops at the first refusal. The closing page asks nothing."""

    def call(endpoint: str, **body: object) -> Outcome:
        return sender.send(Call(account_id, endpoint, {name: value for name, value in body.items() if value != ""}))

    if cursor.get("closing"):
        return []
    if kind == "wecom_kf":
        return [call("kf_account_list", offset=cursor.get("read", 0), limit=KF_BATCH)]
    if kind == "oa_followers":
        return [call("user_get", next_openid=cursor.get("next", ""))]
    if kind == "oa_tags":
        return tagging.ask(call, cursor)
    staff, following = cursor.get("staff"), cursor.get("next", "")
    some = staff[cursor["at"] : cursor["at"] + _batch(cursor)] if staff else []
    if kind == "wecom_chats" and (some or staff is None):
        owners: dict[str, object] = {"owner_filter": {"userid_list": some}} if some else {}
        return [call("groupchat_list", status_filter=0, limit=1_000, cursor=following, **owners)]
    if kind == "wecom_contacts" and some:
        return [call("contacts_by_user", userid_list=some, limit=100, cursor=following)]
    if kind != "wecom_directory":
        return [call("follow_users")]
    departments = call("department_list")
    ids = [row.get("id") for row in readings.objects(departments.data.get("department"))]
    calls = [Call(account_id, "user_list", {"department_id": one}) for one in ids]
    return [departments, *(send_all(sender, calls, threads=8) if departments.ok else [])]


def _batch(cursor: Cursor) -> int:
    return int(cursor.get("batch", STAFF_BATCH))


def otherwise(kind: RoundKind, cursor: Cursor, refused: Outcome) -> Turned | None:
    """How to go on after a refusal; None: not at all, before it is over."""
    if kind == "wecom_contacts" and refused.code == NOBODY:
        # Of several members one may have no contact, or none of them: asked one by one it is certain.
        return Turned({**cursor, "batch": 1, "next": ""}) if _batch(cursor) > 1 else _next_staff(cursor)
    if kind == "wecom_chats" and refused.code == TOO_MANY and "staff" not in cursor:
        return Turned({"staff": []})
    if kind == "wecom_kf" and refused.code in NO_SERVICE:
        return Turned(None)
    return None


def _next_staff(cursor: Cursor, seen: int = 0, healed: int = 0) -> Turned:
    further = cursor["at"] + _batch(cursor)
    if further < len(cursor["staff"]):
        return Turned({**cursor, "at": further, "next": ""}, seen, healed)
    return Turned({**cursor, "closing": True}, seen, healed)


def short(kind: RoundKind, cursor: Cursor, outcomes: Sequence[Outcome]) -> str:
    """What is wrong with a list of followers that ends before the number that the platform itself gives; else "".

    Who is not listed counts as gone and is forgotten for good (R5), so a list with holes must not close a round. People
    come and go while it is read: one in a hundred may be missing, and ten in any case.
    """
    if kind != "oa_followers" or cursor.get("closing"):
        return ""
    data = outcomes[0].data
    total, read, last = data.get("total"), *_read(cursor, data)
    if not last or (isinstance(total, int) and total - read <= max(10, total // 100)):
        return ""
    return f"{LOCAL_CODES[-106]}: {read} of {total}"


def _read(cursor: Cursor, data: Mapping[str, object]) -> tuple[int, bool]:
    """How many followers were listed with this page, and whether it is the last."""
    openids = _openids(data)
    following = readings.said(data, "next_openid")
    read, total = cursor.get("read", 0) + len(openids), data.get("total")
    last = not openids or not following or following == cursor.get("next")
    # Only the first page and its total are of one moment: later the total sinks by those who were read and left since.
    return read, last or (not cursor.get("next") and isinstance(total, int) and read >= total)


def _openids(data: Mapping[str, object]) -> list[str]:
    listed = readings.part(data, "data").get("openid")
    return [one for one in listed if isinstance(one, str)] if isinstance(listed, list) else []


def take(ctx: Ctx, at: At, kind: RoundKind, outcomes: Sequence[Outcome]) -> Turned:
    """Write what a page brought."""
    if kind == "oa_followers":
        return _close_followers(ctx, at) if at.cursor.get("closing") else _followers(ctx, at, outcomes[0].data)
    if kind == "oa_tags":
        return _followers_tags(ctx, at, outcomes)
    if kind == "wecom_contacts":
        return _close_contacts(ctx, at) if at.cursor.get("closing") else _contacts(ctx, at, outcomes[0].data)
    if kind == "wecom_chats":
        return _close_chats(ctx, at) if at.cursor.get("closing") else _chats(ctx, at, outcomes[0].data)
    if kind == "wecom_kf":
        return _service(ctx, at, outcomes[0].data)
    users = [user for outcome in outcomes[1:] for user in readings.objects(outcome.data.get("userlist"))]
    members = readings.directory(outcomes[0].data.get("department"), users)
    team.save_directory(ctx, members)
    return Turned(None, seen=len(members))


def _followers(ctx: Ctx, at: At, data: Mapping[str, object]) -> Turned:
    openids = _openids(data)
    if openids:
        store.note_seen(ctx, at.account.account_id, "oa_followers", [(openid, "") for openid in openids])
    read, last = _read(at.cursor, data)
    if last:
        return Turned({"closing": True}, seen=len(openids))
    return Turned({"next": readings.said(data, "next_openid"), "read": read}, seen=len(openids))


def _close_followers(ctx: Ctx, at: At) -> Turned:
    account_id = at.account.account_id
    here = customer_queries.openids(account_id)
    found = 0 if at.cursor.get("asked") else store.want_unknown_followers(ctx, account_id, here)
    gone = store.gone_followers(ctx, account_id, here, at.started_at - LAG, CLOSE_LIMIT)
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


def _followers_tags(ctx: Ctx, at: At, outcomes: Sequence[Outcome]) -> Turned:
    """Who carries each tag is listed tag by tag; at the end every follower is compared with what was listed."""
    account_id, cursor = at.account.account_id, dict(at.cursor)
    if cursor.get("closing"):
        return _close_followers_tags(ctx, at)
    data = outcomes[0].data
    if "tags" not in cursor:
        listed = [row.get("id") for row in readings.objects(data.get("tags"))]
        waiting = [one for one in listed if isinstance(one, int) and one > tagging.RESERVED]
        begun = {"asked_at": at.asked_at.isoformat(), "position": at.position}
        return Turned({"tags": waiting, "next": "", "closing": not waiting, **begun})
    openids, following = _openids(data), readings.said(data, "next_openid")
    if openids:
        store.note_seen(ctx, account_id, "oa_tags", [(openid, str(cursor["tags"][0])) for openid in openids])
    if openids and following and following != cursor["next"]:
        return Turned({**cursor, "next": following}, seen=len(openids))
    left = cursor["tags"][1:]
    return Turned({**cursor, "tags": left, "next": "", "closing": not left}, seen=len(openids))


def _close_followers_tags(ctx: Ctx, at: At) -> Turned:
    account_id = at.account.account_id
    here = customer_queries.openids(account_id)
    rows = store.followers_tags(ctx, account_id, here, at.cursor.get("after", ""), CLOSE_LIMIT)
    asked_at = datetime.fromisoformat(at.cursor["asked_at"])
    tagging.take_listed(ctx, account_id, rows, asked_at, at.cursor["position"])
    if len(rows) < CLOSE_LIMIT:
        return Turned(None)
    return Turned({**at.cursor, "after": rows[-1].openid})


def _contacts(ctx: Ctx, at: At, data: Mapping[str, object]) -> Turned:
    home = at.known[at.account.account_id]
    if "staff" not in at.cursor:
        return _staff(data)
    arrivals = readings.contacts(data, home, at.account.created_at, ctx.now)
    arrivals = tagging.stamped(arrivals, at.asked_at, at.position)
    fresh = actions.without_known(ctx, arrivals, home.home_id)
    whose = actions.take_in_each(ctx, fresh, at.known)
    pairs = [(str(person.origin_id), arrival.follow.staff) for arrival, person in whose if arrival.follow]
    if pairs:
        store.note_seen(ctx, home.home_id, "wecom_contacts", pairs)
    healed = sum(bool(arrival.events) for arrival, _ in whose)
    listed = readings.objects(data.get("external_contact_list"))
    cursor = {
        **at.cursor,
        "unlisted": [*at.cursor.get("unlisted", []), *_unlicensed(data)],
        "holes": at.cursor.get("holes", 0) + len(listed) - len(pairs),
    }
    following = readings.said(data, "next_cursor")
    if following:
        return Turned({**cursor, "next": following}, len(pairs), healed)
    return _next_staff(cursor, len(pairs), healed)


def _staff(data: Mapping[str, object]) -> Turned:
    users = data.get("follow_user")
    staff = [one for one in users if isinstance(one, str)] if isinstance(users, list) else []
    return Turned({"staff": staff, "at": 0, "next": ""} if staff else None)


def _unlicensed(data: Mapping[str, object]) -> list[str]:
    """Members whose contacts a page leaves out because they have no licence."""
    named = readings.part(data, "fail_info").get("unlicensed_userid_list")
    return [one for one in named if isinstance(one, str)] if isinstance(named, list) else []


def _close_contacts(ctx: Ctx, at: At) -> Turned:
    home = at.known[at.account.account_id]
    if at.cursor.get("holes"):
        return Turned(None, error=f"{LOCAL_CODES[-107]}: {at.cursor['holes']}")
    unlisted = set(at.cursor.get("unlisted", []))
    follows, staff = customer_queries.follows, [one for one in at.cursor["staff"] if one not in unlisted]
    gone = store.gone_contacts(ctx, home.home_id, follows, staff, at.started_at - LAG, CLOSE_LIMIT)
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
    if at.cursor.get("staff") == []:
        return _staff(data)
    named = (readings.said(row, "chat_id") for row in readings.objects(data.get("group_chat_list")))
    listed = [chat_id for chat_id in named if chat_id]
    if listed:
        store.note_seen(ctx, home.home_id, "wecom_chats", [(chat_id, "") for chat_id in listed])
        store.want(ctx, [(home.home_id, "wecom_chat", chat_id) for chat_id in listed])
    following = readings.said(data, "next_cursor")
    if following:
        return Turned({**at.cursor, "next": following}, seen=len(listed))
    if "staff" in at.cursor:
        return _next_staff(at.cursor, len(listed))
    return Turned({"closing": True}, seen=len(listed))


def _service(ctx: Ctx, at: At, data: Mapping[str, object]) -> Turned:
    """Accounts of customer service are read on from where they stand: the callback of a message may be lost."""
    home = at.known[at.account.account_id]
    named = (readings.said(row, "open_kfid") for row in readings.objects(data.get("account_list")))
    listed = [open_kfid for open_kfid in named if open_kfid]
    if listed:
        store.put_kf_tokens(ctx, [(home.home_id, open_kfid, "", at.account.created_at) for open_kfid in listed])
        store.want(ctx, [(home.home_id, "wecom_kf", open_kfid) for open_kfid in listed])
    read = at.cursor.get("read", 0) + len(listed)
    return Turned({"read": read} if len(listed) == KF_BATCH else None, seen=len(listed))


def _close_chats(ctx: Ctx, at: At) -> Turned:
    """Groups that stand here and were not listed are read too: the platform says of each whether it was dismissed."""
    home = at.known[at.account.account_id]
    standing = [one.chat_id for one in groups.chats(ctx, home.home_id) if one.dismissed_at is None]
    missing = store.unlisted(ctx, home.home_id, "wecom_chats", standing)
    if missing:
        store.want(ctx, [(home.home_id, "wecom_chat", chat_id) for chat_id in missing])
    return Turned(None)
