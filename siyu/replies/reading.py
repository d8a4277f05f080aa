"""Private: rows of the room as its types, and whom a condition lets through."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Row

from siyu.kernel.ctx import Ctx
from siyu.kernel.db import ids_of
from siyu.replies import store
from siyu.replies.types import GreetingWay, Json, Match, NewReply, NewWelcome, Reply, ReplyKind, Rules, Said, Welcome
from siyu.segments import queries as segments


def welcomes(ctx: Ctx, *, active: bool = False) -> list[Welcome]:
    """All welcomes, oldest first."""
    return [_welcome(row) for row in store.welcomes(ctx, active=active)]


def replies(ctx: Ctx, *, active: bool = False) -> list[Reply]:
    """All automatic replies, oldest first."""
    return [_reply(row) for row in store.replies(ctx, active=active)]


def rules(ctx: Ctx) -> Rules:
    """The room's rules."""
    return saved_rules(ctx) or Rules()


def saved_rules(ctx: Ctx) -> Rules | None:
    """The rules that somebody saved; None: nobody has looked at them yet."""
    row = store.rules_row(ctx)
    return None if row is None else Rules(row.to_people, row.fallback)


def allowed(ctx: Ctx, conditions: Mapping[int, Json | None], who: Mapping[int, Iterable[int]]) -> dict[int, set[int]]:
    """Per number the customers of ``who`` whom its condition lets through; without one everybody."""
    found: dict[int, set[int]] = {}
    for number, ids in who.items():
        # set-loop: one statement per condition that somebody's message or arrival asks for
        condition = conditions[number]
        found[number] = set(ids) if condition is None else fulfilling(ctx, condition, sorted(set(ids)))
    return found


def fulfilling(ctx: Ctx, condition: Json, ids: Sequence[int]) -> set[int]:
    """The customers of ``ids`` who fulfil a stored condition now."""
    return set(ctx.tx.execute(segments.within(ctx, segments.load(condition), ids_of(ids))).scalars())


def ways_of(stored: Sequence[Mapping[str, Any]]) -> tuple[GreetingWay, ...]:
    """Routes from what ``stored_ways`` made of them."""
    return tuple(GreetingWay(one["route"], one["account_id"], one["template"]) for one in stored)


def stored_ways(ways: Sequence[GreetingWay]) -> list[Json]:
    """Routes as they are stored."""
    return [{"route": one.route, "account_id": one.account_id, "template": one.template} for one in ways]


def _welcome(row: Row[Any]) -> Welcome:
    new = NewWelcome(
        row.name,
        row.scope,
        row.ref,
        Said(row.text, row.content_id),
        row.condition,
        row.priority,
        row.second_after,
        row.second_text,
        row.active,
        ways_of(row.second_ways or []),
    )
    return Welcome(row.welcome_id, new, row.changed_at, row.changed_by)


def _reply(row: Row[Any]) -> Reply:
    new = NewReply(
        ReplyKind(row.kind),
        row.name,
        Match(row.match),
        tuple(row.words),
        Said(row.text, row.content_id),
        row.account_id,
        row.condition,
        row.always,
        row.priority,
        row.active,
    )
    return Reply(row.reply_id, new, row.changed_at, row.changed_by)
