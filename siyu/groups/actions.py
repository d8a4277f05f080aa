"""Door: take over what WeCom reports about groups; keep join ways."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from siyu.customers import actions as customers
from siyu.customers import queries as customer_queries
from siyu.customers.types import Identity, NewEvent, Person, Record, Touch, wecom_source
from siyu.groups import store
from siyu.groups.merging import MemberRow, blank, is_inside, join, leave, listed, news
from siyu.groups.types import ChatChange, ChatRead
from siyu.kernel import audit
from siyu.kernel.ctx import Ctx

Key = tuple[int, str, str]
TELLABLE = timedelta(days=34)
"""What is older is no news for the timeline, which takes none older than 35 days."""


def apply(ctx: Ctx, changes: Sequence[ChatChange], corpids: dict[int, str]) -> None:
    """Take over callbacks, in any order. ``corpids`` maps account_id to the corp that its contacts' ids belong to.

    Members that are known customers get group_joined and group_left events at once, others when they become known.
    """
    if not changes:
        return
    pairs = sorted({(change.account_id, change.chat_id) for change in changes})
    store.add_chats(ctx, pairs)
    rows = _rows(ctx, pairs)
    named = {(change.account_id, name) for change in changes for name in change.members}
    people = _known(ctx, [(account_id, corpids[account_id], name) for account_id, name in sorted(named)])
    touched: set[Key] = set()
    events: list[NewEvent] = []
    for change in sorted(changes, key=lambda item: item.at):
        pair = (change.account_id, change.chat_id)
        members = list(change.members)
        if change.change == "dismiss":
            members = [key[2] for key, row in rows.items() if key[:2] == pair and is_inside(row)]
        for name in members:
            key = (*pair, name)
            row = rows.setdefault(key, blank(*key))
            _identify(row, people.get((change.account_id, name)))
            if change.change == "dismiss" or change.detail == "del_member":
                leave(row, change.at)
            elif change.detail == "add_member":
                # By which way, only the list tells.
                row |= {"scene": change.scene} | ({"state": ""} if join(row, change.at) else {})
            touched.add(key)
            _tell(row, events, ctx.now - TELLABLE)
    gone = [(change.account_id, change.chat_id, change.at) for change in changes if change.change == "dismiss"]
    if gone:
        store.dismiss(ctx, gone)
    _write(ctx, rows, touched, events)


def read(ctx: Ctx, chats: Sequence[ChatRead]) -> None:
    """Take over readings of whole groups: who is listed is inside, who is not listed has left by then.

    A member who is known by unionid only (a follower of the Official Account who came by the invitation) gets the
    external_userid as a further identity. The state of the join way that a customer came by is a source of theirs (K3).
    """
    if not chats:
        return
    chats = sorted(chats, key=lambda chat: chat.read_at)
    latest = {(chat.account_id, chat.chat_id): chat for chat in chats}
    pairs = sorted(latest)
    store.put_chats(ctx, [_chat(latest[pair]) for pair in pairs])
    rows = _rows(ctx, pairs)
    people = _people(ctx, chats)
    touched: set[Key] = set()
    events: list[NewEvent] = []
    touches: dict[tuple[Key, datetime], Record] = {}
    for chat in chats:
        present = set()
        after = max(chat.since, ctx.now - TELLABLE)
        for found in chat.members:
            key = (chat.account_id, chat.chat_id, found.member)
            present.add(key)
            row = rows.setdefault(key, blank(*key))
            before = _way(row)
            row |= {"staff": found.staff, "name": found.name, "scene": found.scene, "state": found.state}
            _identify(row, people.get((chat.account_id, found.member)))
            listed(row, found.joined_at)
            _tell(row, events, after)
            if found.state and row["customer_id"] is not None and _way(row) != before and row["joined_at"] >= after:
                touches[key, row["joined_at"]] = _touch(row, chat.corpid)
        for key, row in rows.items():
            if key[:2] == (chat.account_id, chat.chat_id) and key not in present and _left_since(row, chat.read_at):
                leave(row, chat.read_at)
                _tell(row, events, after)
        touched |= {key for key in rows if key[:2] == (chat.account_id, chat.chat_id)}
    _write(ctx, rows, touched, events)
    if touches:
        customers.recognise(ctx, [touches[key] for key in sorted(touches)])


def _way(row: MemberRow) -> tuple[object, ...]:
    """Who came by which way, and when."""
    return row["customer_id"], row["state"], row["joined_at"]


def _touch(row: MemberRow, corpid: str) -> Record:
    at, state, name = row["joined_at"], row["state"], row["member"]
    key = f"{name}:wecom_join:{state}:{int(at.timestamp())}"
    who = (Identity("external_userid", name, corpid),)
    return Record(wecom_source(row["account_id"]), key, who, at, touch=Touch("wecom_join", state))


def _left_since(row: MemberRow, read_at: datetime) -> bool:
    # Somebody who joined after the list was made is missing from it for that reason alone.
    return is_inside(row) and row["joined_at"] < read_at


def _people(ctx: Ctx, chats: Sequence[ChatRead]) -> dict[tuple[int, str], Person]:
    outside = [(chat, found) for chat in chats for found in chat.members if not found.staff]
    unionids = {Identity("unionid", found.unionid) for _, found in outside if found.unionid}
    known = customer_queries.resolve(ctx, sorted(unionids, key=lambda identity: identity.value))
    names = [
        (chat.account_id, chat.corpid, found.member, found.unionid)
        for chat, found in outside
        if Identity("unionid", found.unionid) in known
    ]
    return _known(ctx, [(chat.account_id, chat.corpid, found.member) for chat, found in outside], names)


def _known(
    ctx: Ctx, names: Iterable[tuple[int, str, str]], by_unionid: Iterable[tuple[int, str, str, str]] = ()
) -> dict[tuple[int, str], Person]:
    """The members who are customers, by (account_id, member); those known by unionid only become known by both."""
    wanted = {(account_id, name): Identity("external_userid", name, corpid) for account_id, corpid, name in names}
    found = customer_queries.resolve(ctx, list(dict.fromkeys(wanted.values()))) if wanted else {}
    records: dict[tuple[int, str], tuple[str, str, tuple[Identity, ...]]] = {
        (account_id, name): (wecom_source(account_id), name, (wanted[account_id, name],))
        for account_id, name in wanted
        if wanted[account_id, name] in found
    }
    for account_id, _, name, unionid in by_unionid:
        identities = (wanted[account_id, name], Identity("unionid", unionid))
        records[account_id, name] = (wecom_source(account_id), f"{name}:{unionid}", identities)
    if not records:
        return {}
    people = customers.recognise(ctx, [Record(*records[key], seen_at=ctx.now) for key in sorted(records)])
    return dict(zip(sorted(records), people, strict=True))


def _rows(ctx: Ctx, pairs: Sequence[tuple[int, str]]) -> dict[Key, MemberRow]:
    return {(row.account_id, row.chat_id, row.member): dict(row._mapping) for row in store.members_of(ctx, pairs)}


def _identify(row: MemberRow, person: Person | None) -> None:
    if person is not None:
        row["customer_id"], row["origin_id"] = person.customer_id, person.origin_id


def _tell(row: MemberRow, events: list[NewEvent], after: datetime) -> None:
    told = news(row)
    if told is None or told[1] < after:
        return
    kind, at = told
    events.append(
        NewEvent(
            wecom_source(row["account_id"]),
            f"{kind}:{row['chat_id']}:{row['member']}:{int(at.timestamp())}",
            kind,
            at,
            row["customer_id"],
            props={"chat_id": row["chat_id"], "account": row["account_id"]},
            origin_id=row["origin_id"],
        )
    )


def _write(ctx: Ctx, rows: dict[Key, MemberRow], touched: set[Key], events: list[NewEvent]) -> None:
    if touched:
        store.put_members(ctx, [rows[key] for key in sorted(touched)])
    if events:
        customers.record(ctx, events)


def _chat(chat: ChatRead) -> dict[str, object]:
    return {
        "account_id": chat.account_id,
        "chat_id": chat.chat_id,
        "name": chat.name,
        "owner": chat.owner,
        "notice": chat.notice,
        "created_at": chat.created_at,
        "read_at": chat.read_at,
        "version": chat.version,
    }


def keep_join_way(
    ctx: Ctx, *, account_id: int, config_id: str, remark: str, state: str, chat_ids: Sequence[str], qr_code: str
) -> int:
    """Store a join way that the platform made; returns join_way_id."""
    join_way_id = store.add_join_way(
        ctx,
        account_id=account_id,
        config_id=config_id,
        remark=remark,
        state=state,
        chat_ids=list(chat_ids),
        qr_code=qr_code,
    )
    audit.record(ctx, "groups.add_join_way", "join_way", join_way_id, account_id=account_id)
    return join_way_id
