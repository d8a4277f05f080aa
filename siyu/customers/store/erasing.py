"""Statements that erase: personal values go, rows that counts rest on stay."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Integer, Text, Uuid, cast, delete, exists, func, insert, literal, select, text, update

from siyu.customers.store.events import forget_waiting
from siyu.customers.store.tables import (
    assertion,
    case_member,
    consent,
    erasure,
    event_key,
    fact,
    follow,
    identity,
    orders,
    review_case,
    touch,
    visitor,
    visitor_event,
)
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import unnest


def set_values(ctx: Ctx, rows: Sequence[tuple[int, str]]) -> None:
    """Replace the values of identities (identity_id, value)."""
    if not rows:
        return
    ordered = sorted(rows)
    new = unnest("n", identity_id=(Integer(), [row[0] for row in ordered]), value=(Text(), [row[1] for row in ordered]))
    ctx.tx.execute(update(identity).where(identity.c.identity_id == new.c.identity_id).values(value=new.c.value))


def told_only_by(ctx: Ctx, origins: Iterable[int], source: str, kinds: Sequence[str]) -> Sequence[Any]:
    """Identities of these kinds that the origins have and that nobody but ``source`` asserts."""
    asked = unnest("o", origin_id=(Integer(), sorted(set(origins))))
    other = assertion.alias("other")
    statement = (
        select(identity.c.identity_id, identity.c.kind, identity.c.scope, identity.c.value)
        .join(assertion, assertion.c.identity_id == identity.c.identity_id)
        .join(asked, asked.c.origin_id == assertion.c.origin_id)
        .where(assertion.c.source == source, identity.c.kind.in_(kinds), ~identity.c.value.startswith("\x01"))
        .where(~exists().where(other.c.identity_id == identity.c.identity_id, other.c.source != source))
        .distinct()
    )
    return ctx.tx.execute(statement).all()


_STRIP_TEXTS = """
update event set props = props - 'text' where customer_id = any(:homes) and origin_id = any(:origins)
and type = 'message_received' and props ->> 'account' = :account and props ? 'text'
"""


def strip_texts(ctx: Ctx, origins: Iterable[int], homes: Iterable[int], account_id: int) -> None:
    """Take the text out of messages that the origins sent to one account."""
    values = {"homes": sorted(set(homes)), "origins": sorted(set(origins)), "account": str(account_id)}
    ctx.tx.execute(text(_STRIP_TEXTS), values)


_STRIP_CHANGES = """
update event set props = props - 'old' - 'new' where customer_id = any(:homes) and type = 'attribute_changed'
and props ->> 'name' = any(:names)
"""


def strip_changes(ctx: Ctx, homes: Iterable[int], names: Iterable[str]) -> None:
    """Take the values out of what the timeline says about changes of these attributes."""
    ctx.tx.execute(text(_STRIP_CHANGES), {"homes": sorted(set(homes)), "names": sorted(names)})


# What counts rest on are numbers (accounts, contents, amounts); words may name the person, keys may hold an id.
_ANONYMISE = """
update event set key = 'erased:' || event_id, props = coalesce(
  (select jsonb_object_agg(k, v) from jsonb_each(props) p(k, v) where jsonb_typeof(v) in ('number', 'boolean')), '{}')
where customer_id = any(:homes) and origin_id = any(:origins)
"""


def forget_people(ctx: Ctx, origins: Sequence[int], homes: Sequence[int]) -> None:
    """Erase what these origins carry: identities that are only theirs, facts, texts, visitors; numbers stay."""
    asked = unnest("o", origin_id=(Integer(), origins))
    mine = select(asked.c.origin_id)
    ids = list(
        ctx.tx.execute(select(assertion.c.identity_id).where(assertion.c.origin_id.in_(mine)).distinct()).scalars()
    )
    ids += list(ctx.tx.execute(select(identity.c.identity_id).where(identity.c.origin_id.in_(mine))).scalars())
    ctx.tx.execute(delete(assertion).where(assertion.c.origin_id.in_(mine)))
    own = unnest("i", identity_id=(Integer(), sorted(set(ids))))
    dead = select(identity.c.identity_id).join(own, own.c.identity_id == identity.c.identity_id)
    dead = dead.where(
        identity.c.origin_id.in_(mine) | ~exists().where(assertion.c.identity_id == identity.c.identity_id)
    )
    gone = list(ctx.tx.execute(dead).scalars())
    ctx.tx.execute(delete(assertion).where(assertion.c.identity_id.in_(gone)))
    ctx.tx.execute(delete(identity).where(identity.c.identity_id.in_(gone)))
    seen = select(visitor.c.anonymous_id).where(visitor.c.origin_id.in_(mine))
    ctx.tx.execute(delete(visitor_event).where(visitor_event.c.anonymous_id.in_(seen)))
    forget_waiting(ctx, mine)
    cases = list(ctx.tx.execute(select(case_member.c.case_id).where(case_member.c.origin_id.in_(mine))).scalars())
    for table in (visitor, fact, touch, consent, case_member):  # set-loop: one statement per table
        columns: Any = table.c
        ctx.tx.execute(delete(table).where(columns.origin_id.in_(mine)))
    # Cases that keep somebody are settled by the caller; those that lost everybody have nobody left to ask about.
    empty = ~exists().where(case_member.c.case_id == review_case.c.case_id)
    closed = update(review_case).where(review_case.c.case_id.in_(cases), review_case.c.state == "open", empty)
    ctx.tx.execute(closed.values(state="resolved", closed_at=ctx.now))
    ctx.tx.execute(update(follow).where(follow.c.origin_id.in_(mine)).values(remark=None, scene=None, following=False))
    ctx.tx.execute(update(orders).where(orders.c.origin_id.in_(mine)).values(lines=[]))
    ctx.tx.execute(text(_ANONYMISE), {"homes": list(homes), "origins": list(origins)})


def add_erasure(ctx: Ctx, customer_id: int, hashes: Sequence[str]) -> None:
    """Write the erasure down, done in this transaction."""
    values = {"customer_id": customer_id, "hashes": list(hashes), "asked_at": ctx.now, "done_at": ctx.now}
    ctx.tx.execute(insert(erasure).values(actor=ctx.actor.label, **values))


def add_replayed(ctx: Ctx, erasures: Sequence[tuple[datetime, Sequence[str]]]) -> None:
    """Write down erasures of the file that were done again just now."""
    values = [
        {"customer_id": 0, "hashes": list(hashes), "asked_at": at, "done_at": ctx.now, "filed_at": ctx.now}
        for at, hashes in erasures
    ]
    ctx.tx.execute(insert(erasure).values(actor=ctx.actor.label), values)


def erasures(ctx: Ctx) -> Sequence[Any]:
    """All erasures: when they were asked for, and whose."""
    return ctx.tx.execute(select(erasure.c.asked_at, erasure.c.hashes)).all()


any_unfiled = select(erasure.c.erasure_id).where(erasure.c.filed_at.is_(None)).exists()
"""Whether an erasure is not in the file yet."""


def unfiled(ctx: Ctx, limit: int) -> Sequence[Any]:
    """Erasures that are not in the file yet, the oldest first; nobody else files them meanwhile."""
    waiting = select(erasure.c.erasure_id, erasure.c.asked_at, erasure.c.hashes).where(erasure.c.filed_at.is_(None))
    locked = waiting.order_by(erasure.c.erasure_id).limit(min(limit, 500)).with_for_update(skip_locked=True)
    return ctx.tx.execute(locked).all()


def set_filed(ctx: Ctx, ids: Sequence[int]) -> None:
    """These erasures are in the file."""
    ctx.tx.execute(update(erasure).where(erasure.c.erasure_id.in_(ids)).values(filed_at=ctx.now))


def owned(ctx: Ctx, after: int, limit: int) -> Sequence[Any]:
    """Identities that are exclusively somebody's, by identity_id."""
    columns = (identity.c.identity_id, identity.c.kind, identity.c.scope, identity.c.value, identity.c.origin_id)
    chosen = select(*columns).where(identity.c.origin_id.is_not(None), identity.c.identity_id > after)
    return ctx.tx.execute(chosen.order_by(identity.c.identity_id).limit(limit)).all()


def told_by(ctx: Ctx, source: str, limit: int) -> list[int]:
    """Origins about which ``source`` asserts something."""
    statement = select(assertion.c.origin_id).where(assertion.c.source == source).distinct()
    return list(ctx.tx.execute(statement.order_by(assertion.c.origin_id).limit(limit)).scalars())


_EVENTS_OF = "delete from event where customer_id = any(:homes) and origin_id = any(:origins) and source = :source"


def withdraw(ctx: Ctx, source: str, origins: Sequence[int], homes: Iterable[int]) -> None:
    """Delete what ``source`` said about these origins: assertions, facts, touches, events with their keys."""
    asked = unnest("o", origin_id=(Integer(), origins))
    mine = select(asked.c.origin_id)
    gone = delete(assertion).where(assertion.c.origin_id.in_(mine), assertion.c.source == source)
    told = unnest("t", identity_id=(Integer(), list(ctx.tx.execute(gone.returning(assertion.c.identity_id)).scalars())))
    # A phone or email that nobody names any more is personal data of nobody.
    orphan = identity.c.origin_id.is_(None) & ~exists().where(assertion.c.identity_id == identity.c.identity_id)
    ctx.tx.execute(delete(identity).where(identity.c.identity_id.in_(select(told.c.identity_id)), orphan))
    for table in (fact, touch):  # set-loop: one statement per table
        columns: Any = table.c
        ctx.tx.execute(delete(table).where(columns.origin_id.in_(mine), columns.source == source))
    values = {"homes": sorted(set(homes)), "origins": list(origins), "source": source}
    rows = "select key from event where customer_id = any(:homes) and origin_id = any(:origins) and source = :source"
    keys = list(ctx.tx.execute(text(rows), values).scalars())
    hashes = unnest("k", key=(Text(), keys))
    digest = func.md5(literal(source) + "\x1f" + hashes.c.key)
    ctx.tx.execute(delete(event_key).where(event_key.c.key_hash.in_(select(cast(digest, Uuid)))))
    ctx.tx.execute(text(_EVENTS_OF), values)


def unasserted(ctx: Ctx, origins: Sequence[int]) -> set[int]:
    """Origins about which nobody asserts anything."""
    asked = unnest("o", origin_id=(Integer(), origins))
    statement = select(asked.c.origin_id).where(~exists().where(assertion.c.origin_id == asked.c.origin_id))
    return set(ctx.tx.execute(statement).scalars())


def consents_of(ctx: Ctx, customer_id: int) -> list[dict[str, Any]]:
    """Consent statements of a customer."""
    columns = (consent.c.kind, consent.c.given, consent.c.at, consent.c.why, consent.c.actor)
    rows = ctx.tx.execute(select(*columns).where(consent.c.customer_id == customer_id).order_by(consent.c.at))
    return [dict(row._mapping) for row in rows]
