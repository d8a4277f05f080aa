"""Door: groups, who is in them, join ways."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, select

from siyu.groups import store
from siyu.groups.types import Chat, JoinWay, UnknownChat
from siyu.kernel.ctx import Ctx


def chats(ctx: Ctx, account_id: int | None = None) -> list[Chat]:
    """All groups, or those of one account, by name."""
    return [_chat(row) for row in store.chat_rows(ctx, account_id)]


def chat(ctx: Ctx, account_id: int, chat_id: str) -> Chat:
    """One group; raises UnknownChat."""
    rows = store.chat_rows(ctx, account_id, chat_id)
    if not rows:
        raise UnknownChat("no such group", field="chat_id")
    return _chat(rows[0])


def members(account_id: int, chat_id: str | None = None) -> Select[Any]:
    """Relation: customer_id of the customers who are in a group now (or in any group of the account); may repeat."""
    statement = select(store.member.c.customer_id).where(
        store.member.c.account_id == account_id, store.member.c.customer_id.is_not(None), store.inside
    )
    return statement if chat_id is None else statement.where(store.member.c.chat_id == chat_id)


def joined(ctx: Ctx, since: datetime, until: datetime) -> dict[str, int]:
    """How many people joined groups by ways of each state in [since, until), also those who are no customers."""
    return store.joined(ctx, since, until)


def join_ways(ctx: Ctx) -> list[JoinWay]:
    """All join ways, deleted ones included."""
    return [
        JoinWay(
            row.join_way_id,
            row.account_id,
            row.config_id,
            row.remark,
            row.state,
            tuple(row.chat_ids),
            row.qr_code,
            row.created_at,
            row.deleted_at,
        )
        for row in store.join_way_rows(ctx)
    ]


def _chat(row: Row[Any]) -> Chat:
    return Chat(
        row.account_id, row.chat_id, row.name, row.owner, row.created_at, row.dismissed_at, row.people, row.customers
    )
