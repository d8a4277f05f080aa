"""Private: phased work that keeps each channel's code on its platform as it should be.

A look compares what the channel asks for now (whose turn it is, which groups are not full) with what the platform last
took, and calls only for a difference; once a day it asks the platform what it really has.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

from sqlalchemy import Row

from siyu.allocation.rotation import Place, serving
from siyu.allocation.types import Standing
from siyu.channels import queries, store_codes
from siyu.channels.types import ChannelDefinition, ChannelKind
from siyu.groups import queries as groups
from siyu.groups.types import Chat
from siyu.kernel.clock import machine
from siyu.kernel.ctx import Ctx
from siyu.kernel.jobs import Phased, Senders
from siyu.kernel.probes import least
from siyu.kernel.settings import settings
from siyu.platforms import queries as platforms
from siyu.platforms.types import SENDERS, Account, Call, Outcome
from siyu.team import queries as team

LIMIT = 50
COMPARE = timedelta(days=1)
AGAIN = timedelta(minutes=1)
LONGEST = timedelta(hours=1)
REGROUP = timedelta(minutes=30)
"""So often it is seen how full groups are: who is no customer joins without an event."""
OPEN_GROUPS = 5
"""As many groups as a join way leads to (docs/platform.md A.5.5)."""
GONE = frozenset({41044})
"""The platform does not know the code any more."""
NOBODY_SERVES = "nobody_serves"
GROUPS_FULL = "groups_full"
CODE_LOST = "code_lost"


@dataclass(frozen=True, slots=True)
class Endpoints:
    """The calls about one kind of code, where their answers hold it, and what an update may not name."""

    add: str
    get: str
    update: str
    delete: str
    found: str
    list: str = ""
    fixed: frozenset[str] = frozenset()
    id: str = "config_id"


CALLS: Mapping[ChannelKind, Endpoints] = {
    "wecom_live_code": Endpoints(
        "contact_way_add",
        "contact_way_get",
        "contact_way_update",
        "contact_way_delete",
        "contact_way",
        "contact_way_list",
        frozenset({"type", "scene"}),
    ),
    "group_live_code": Endpoints("join_way_add", "join_way_get", "join_way_update", "join_way_delete", "join_way"),
    "acquisition_link": Endpoints(
        "acquisition_link_add",
        "acquisition_link_get",
        "acquisition_link_update",
        "acquisition_link_delete",
        "link",
        id="link_id",
    ),
}


@dataclass(frozen=True, slots=True)
class Wish:
    """What one channel's code should be. ``body`` None: taken from the platform. ``kept``: its row as it stood."""

    kind: ChannelKind
    account: Account
    state: str
    body: Mapping[str, object] | None
    staff_id: int | None
    until: datetime | None
    problem: str
    kept: Mapping[str, Any]

    @property
    def channel_id(self) -> int:
        return int(self.kept["channel_id"])

    @property
    def config_id(self) -> str:
        return str(self.kept["config_id"])


@dataclass(frozen=True, slots=True)
class Work:
    """Claimed wishes. ``compare``: the channels whose code is to be read from the platform."""

    now: datetime
    wishes: tuple[Wish, ...]
    compare: frozenset[int]


@dataclass(slots=True)
class Done:
    """What became of a wish: changes of its row, and the call that failed."""

    values: dict[str, Any] = field(default_factory=dict)
    failed: Outcome | None = None


def _claim(ctx: Ctx) -> Work | None:
    at = machine()
    ids = store_codes.claim(ctx, LIMIT, at, at + settings().lease_seconds)
    if not ids:
        return None
    accounts = {account.account_id: account for account in platforms.accounts(ctx)}
    today = ctx.now.astimezone(ctx.zone).date()
    standings, place = queries.standings(ctx, ids, today), queries.place(ctx)
    userids = {member.staff_id: member.userid for member in team.staff(ctx) if member.userid}
    chats = {(chat.account_id, chat.chat_id): chat for chat in groups.chats(ctx)}
    wishes = tuple(
        _wish(ctx.now, row, accounts[row.account_id], standings[row.channel_id], place, userids, chats)
        for row in store_codes.code_rows(ctx, ids)
    )
    store_codes.adding(ctx, [one.channel_id for one in wishes if one.body is not None and not _stands(one)])
    compare = frozenset(
        one.channel_id
        for one in wishes
        if one.config_id and (one.kept["compared_at"] or one.kept["created_at"]) + COMPARE <= ctx.now
    )
    return Work(ctx.now, wishes, compare)


def _stands(wish: Wish) -> bool:
    return bool(wish.config_id or wish.kept["url"])


def _wish(
    now: datetime,
    row: Row[Any],
    account: Account,
    standing: Standing,
    place: Place,
    userids: Mapping[int, str],
    chats: Mapping[tuple[int, str], Chat],
) -> Wish:
    definition, kept = ChannelDefinition.model_validate(row.definition), dict(row._mapping)
    if row.archived_at is not None:
        return Wish(row.kind, account, row.state, None, None, None, "", kept)
    body: dict[str, object] = {"remark": definition.name, "state": row.state}
    if row.kind == "kf_link":
        body = {"open_kfid": definition.open_kfid, "scene": row.state}
    staff_id, until, problem = None, None, ""
    if definition.rotation is not None:
        answer = serving(definition.rotation, standing, now, place)
        staff_id, until = answer.staff_id, answer.until
        if staff_id is None or staff_id not in userids:
            # The platform takes no code without anybody: it goes on leading to whom it led to.
            return Wish(
                row.kind, account, row.state, kept["shown"] or None, kept["staff_id"], until, NOBODY_SERVES, kept
            )
        if row.kind == "acquisition_link":
            body = {"link_name": definition.name, "range": {"user_list": [userids[staff_id]]}}
        else:
            body |= {"type": 2, "scene": 2, "user": [userids[staff_id]]}
        body["skip_verify"] = definition.skip_verify
    if definition.chats:
        until = now + REGROUP
        open_, problem = _open_groups(definition, [chats.get((account.account_id, one)) for one in definition.chats])
        own = bool(definition.room_base_name)
        body |= {"scene": 2, "chat_id_list": open_, "auto_create_room": int(own)}
        if own:
            body["room_base_name"] = definition.room_base_name
    return Wish(row.kind, account, row.state, body, staff_id, until, problem, kept)


def _open_groups(definition: ChannelDefinition, chats: Sequence[Chat | None]) -> tuple[list[str], str]:
    """The first groups that take more people; when none does, the last ones, of which the platform may open another."""
    known = [chat for chat in chats if chat is not None and chat.dismissed_at is None]
    room = [chat.chat_id for chat in known if chat.people < definition.chat_limit][:OPEN_GROUPS]
    if room:
        return room, ""
    last = [chat.chat_id for chat in known][-OPEN_GROUPS:] or list(definition.chats[-OPEN_GROUPS:])
    return last, "" if definition.room_base_name else GROUPS_FULL


def _act(work: Work, senders: Senders) -> list[Done]:
    return [_one(work, wish, senders) for wish in work.wishes]


def _one(work: Work, wish: Wish, senders: Senders) -> Done:
    done = Done()

    def call(endpoint: str, **body: object) -> Outcome:
        outcome: Outcome = senders[SENDERS[wish.account.kind]].send(Call(wish.account.account_id, endpoint, body))
        if not outcome.ok:
            done.failed = outcome
        return outcome

    if wish.kind == "oa_qr":
        _parameter_code(wish, done, call)
    elif wish.kind == "kf_link":
        _service_link(wish, done, call)
    elif wish.kind in CALLS:
        _way(work, wish, done, call)
    return done


def _parameter_code(wish: Wish, done: Done, call: Any) -> None:
    # Permanent, and the platform answers the same code for the same scene: it may be asked again and is never deleted.
    if wish.body is None or wish.kept["url"]:
        return
    scene = {"scene": {"scene_str": wish.state}}
    made = call("qrcode_create", action_name="QR_LIMIT_STR_SCENE", action_info=scene)
    if made.ok:
        shown = (
            f"{wish.account.config['qr_url']}/cgi-bin/showqrcode?ticket={quote(str(made.data.get('ticket')), safe='')}"
        )
        done.values = {"url": str(made.data.get("url", "")), "image_url": shown, "shown": dict(wish.body)}


def _service_link(wish: Wish, done: Done, call: Any) -> None:
    # The same account and scene give a link that works like the one before; none can be taken back.
    if wish.body is None or (wish.kept["url"] and wish.kept["shown"] == wish.body):
        return
    made = call("kf_contact_way", **wish.body)
    if made.ok:
        done.values = {"url": str(made.data.get("url", "")), "shown": dict(wish.body)}


def _way(work: Work, wish: Wish, done: Done, call: Any) -> None:
    calls = CALLS[wish.kind]
    if wish.body is None:
        if wish.config_id:
            gone = call(calls.delete, **{calls.id: wish.config_id})
            if gone.ok or gone.code in GONE:
                done.failed = None
                done.values = {"config_id": "", "url": "", "image_url": "", "staff_id": None, "shown": {}}
                done.values["compared_at"] = None
        return
    if wish.config_id:
        _refresh(work, wish, done, call)
    else:
        _make(wish, done, call)


def _make(wish: Wish, done: Done, call: Any, **told: object) -> None:
    """Ask for a new code. One that was asked for without hearing the answer is looked for first, where it can be."""
    calls, config_id = CALLS[wish.kind], ""
    if calls.list and wish.kept["adding_since"] is not None:
        config_id = _asked_before(wish, call)
        if done.failed is not None:
            return
    if not config_id:
        added = call(calls.add, **(wish.body or {}))
        if not added.ok:
            return
        made = added.data if calls.id in added.data else added.data.get(calls.found)
        config_id = str(made.get(calls.id, "")) if isinstance(made, Mapping) else ""
    done.values = {"config_id": config_id, "staff_id": wish.staff_id, "shown": dict(wish.body or {}), **told}
    got = call(calls.get, **{calls.id: config_id})
    if got.ok:
        done.values |= _code(wish, got)


def _asked_before(wish: Wish, call: Any) -> str:
    since = int((wish.kept["adding_since"] - timedelta(minutes=5)).timestamp())
    cursor = ""
    while True:
        page = call(CALLS[wish.kind].list, start_time=since, limit=1_000, **({"cursor": cursor} if cursor else {}))
        if not page.ok:
            return ""
        listed = page.data.get(CALLS[wish.kind].found)
        for one in listed if isinstance(listed, list) else []:
            got = call(CALLS[wish.kind].get, config_id=one.get("config_id"))
            way = got.data.get(CALLS[wish.kind].found)
            if got.ok and isinstance(way, dict) and way.get("state") == wish.state:
                return str(one["config_id"])
        cursor = str(page.data.get("next_cursor") or "")
        if not cursor:
            return ""


def _refresh(work: Work, wish: Wish, done: Done, call: Any) -> None:
    calls, body = CALLS[wish.kind], dict(wish.body or {})
    differs, unseen = body != wish.kept["shown"], not (wish.kept["image_url"] or wish.kept["url"])
    if wish.channel_id in work.compare or unseen:
        got = call(calls.get, **{calls.id: wish.config_id})
        if got.code in GONE:
            done.failed = None
            _make(wish, done, call, problem=CODE_LOST)
            return
        if not got.ok:
            return
        done.values = {"compared_at": work.now, **_code(wish, got)}
        stands = {**got.data, **_part(got, calls.found)}
        differs = any(not _same(stands.get(name), value) for name, value in body.items())
    if differs:
        said = {name: value for name, value in body.items() if name not in calls.fixed}
        updated = call(calls.update, **{calls.id: wish.config_id}, **said)
        if updated.code in GONE:
            done.failed = None
            _make(wish, done, call, problem=CODE_LOST)
            return
        if not updated.ok:
            return
    done.values |= {"staff_id": wish.staff_id, "shown": body}


def _part(got: Outcome, name: str) -> Mapping[str, Any]:
    found = got.data.get(name)
    return found if isinstance(found, Mapping) else {}


def _code(wish: Wish, got: Outcome) -> dict[str, Any]:
    """The image or link in the platform's answer; a link tells the channel by its parameter."""
    stands = _part(got, CALLS[wish.kind].found)
    if wish.kind == "acquisition_link":
        address = str(stands.get("url", ""))
        return {"url": f"{address}?{urlencode({'customer_channel': wish.state})}" if address else ""}
    return {"image_url": str(stands.get("qr_code", ""))}


def _same(stands: object, wanted: object) -> bool:
    """Whether a value of the platform says the same: truth as 0 and 1, lists in any order, of objects the parts."""
    if isinstance(wanted, dict):
        return isinstance(stands, Mapping) and all(_same(stands.get(name), value) for name, value in wanted.items())
    if isinstance(wanted, list):
        return isinstance(stands, list) and sorted(map(str, stands)) == sorted(map(str, wanted))
    return stands == wanted


def _record(ctx: Ctx, work: Work, results: list[Done]) -> None:
    finished = []
    for wish, done in zip(work.wishes, results, strict=True):
        row = dict(wish.kept)
        if wish.kept["adding_since"] is None and done.failed is not None and done.failed.uncertain:
            row["adding_since"] = work.now
        elif done.failed is None or not done.failed.uncertain:
            row["adding_since"] = None
        lost = wish.kept["problem"] == CODE_LOST
        row |= {"problem": wish.problem or (CODE_LOST if lost and wish.body is not None else "")} | done.values
        row |= _next(ctx, wish, row, done.failed)
        finished.append(row)
    store_codes.finish(ctx, finished)


def _next(ctx: Ctx, wish: Wish, row: Mapping[str, Any], failed: Outcome | None) -> dict[str, Any]:
    if failed is not None:
        attempts = wish.kept["attempts"] + 1
        wait = min(LONGEST, AGAIN * 2 ** min(attempts - 1, 10)) if failed.retryable or failed.uncertain else LONGEST
        at = max(failed.retry_at or ctx.now, ctx.now + wait)
        return {"attempts": attempts, "problem": f"{failed.code} {failed.message}"[:500], "look_at": at}
    compared = (row["compared_at"] or ctx.now) + COMPARE if row["config_id"] else None
    return {
        "attempts": 0,
        "look_at": least((wish.until, compared)),
        "compared_at": row["compared_at"] or (ctx.now if row["config_id"] else None),
    }


CODES = Phased("channels.codes", _claim, _act, _record, store_codes.READY)
