"""Private: the tables of replies and their statements."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    FromClause,
    Identity,
    Index,
    Integer,
    Interval,
    Named,
    Row,
    Select,
    SmallInteger,
    Table,
    Text,
    TypedColumns,
    and_,
    cast,
    delete,
    exists,
    func,
    insert,
    literal,
    select,
    true,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import insert as upsert

from siyu.kernel.ctx import Ctx
from siyu.kernel.db import given, metadata, rows

Time = DateTime(timezone=True)


class WelcomeColumns(TypedColumns):
    welcome_id = Column(Integer, Identity(), primary_key=True)
    name: Named[str] = Column(Text)
    scope: Named[str] = Column(Text)
    ref: Named[str] = Column(Text)
    text: Named[str | None] = Column(Text)
    content_id: Named[int | None] = Column(Integer)
    condition: Named[dict[str, object] | None] = Column(JSONB(none_as_null=True))
    priority: Named[int] = Column(SmallInteger)
    second_after: Named[timedelta | None] = Column(Interval)
    second_text: Named[str] = Column(Text)
    second_ways: Named[list[dict[str, object]] | None] = Column(JSONB(none_as_null=True))
    active: Named[bool] = Column(Boolean)
    changed_at: Named[datetime] = Column(Time)
    changed_by: Named[str] = Column(Text)


class ReplyColumns(TypedColumns):
    reply_id = Column(Integer, Identity(), primary_key=True)
    kind: Named[str] = Column(Text)
    name: Named[str] = Column(Text)
    match: Named[str] = Column(Text)
    words: Named[list[str]] = Column(ARRAY(Text))
    text: Named[str | None] = Column(Text)
    content_id: Named[int | None] = Column(Integer)
    account_id: Named[int | None] = Column(Integer)
    condition: Named[dict[str, object] | None] = Column(JSONB(none_as_null=True))
    always: Named[bool] = Column(Boolean)
    priority: Named[int] = Column(SmallInteger)
    active: Named[bool] = Column(Boolean)
    changed_at: Named[datetime] = Column(Time)
    changed_by: Named[str] = Column(Text)


class RulesColumns(TypedColumns):
    rules_id = Column(SmallInteger, primary_key=True, autoincrement=False)
    to_people: Named[dict[str, object] | None] = Column(JSONB(none_as_null=True))
    fallback: Named[bool] = Column(Boolean)


class HandledColumns(TypedColumns):
    # What became of each message, menu click and add: also what keeps it from being answered twice.
    customer_id = Column(Integer, primary_key=True, autoincrement=False)
    event_id = Column(BigInteger, primary_key=True, autoincrement=False)
    at: Named[datetime] = Column(Time)
    outcome: Named[str] = Column(Text)
    reply_id: Named[int | None] = Column(Integer)


class QuestionColumns(TypedColumns):
    question_id = Column(Integer, Identity(), primary_key=True)
    words: Named[str] = Column(Text, unique=True)
    times: Named[int] = Column(Integer)
    first_at: Named[datetime] = Column(Time)
    last_at: Named[datetime] = Column(Time)
    state: Named[str] = Column(Text)
    reply_id: Named[int | None] = Column(Integer)


class ExampleColumns(TypedColumns):
    customer_id = Column(Integer, primary_key=True, autoincrement=False)
    event_id = Column(BigInteger, primary_key=True, autoincrement=False)
    question_id: Named[int] = Column(Integer)
    at: Named[datetime] = Column(Time)
    text: Named[str] = Column(Text)


welcome = Table("welcome", metadata, WelcomeColumns)
reply = Table("auto_reply", metadata, ReplyColumns)
rules = Table("reply_rules", metadata, RulesColumns)
handled = Table("reply_handled", metadata, HandledColumns, Index(None, "event_id"), Index(None, "at"))
question = Table("unanswered_question", metadata, QuestionColumns, Index(None, "state", "times", "question_id"))
example = Table("unanswered_example", metadata, ExampleColumns, Index(None, "question_id", "at"))


def put(ctx: Ctx, table: Table, key: str, number: int | None, values: Mapping[str, Any]) -> int | None:
    """Insert, or overwrite the row ``number``; its id, None when there is no such row."""
    row = {**values, "changed_at": ctx.now, "changed_by": ctx.actor.label}
    column = table.c[key]
    if number is None:
        made: int = ctx.tx.execute(insert(table).values(row).returning(column)).scalar_one()
        return made
    changed = ctx.tx.execute(update(table).where(column == number).values(row)).rowcount
    return number if changed else None


def drop(ctx: Ctx, table: Table, key: str, number: int) -> bool:
    return ctx.tx.execute(delete(table).where(table.c[key] == number)).rowcount == 1


_WELCOMES = select(welcome).order_by(welcome.c.welcome_id)
_REPLIES = select(reply).order_by(reply.c.reply_id)
_RULES = select(rules.c.to_people, rules.c.fallback).where(rules.c.rules_id == 1)


def welcomes(ctx: Ctx, *, active: bool = False) -> Sequence[Row[Any]]:
    return ctx.tx.execute(_WELCOMES.where(welcome.c.active) if active else _WELCOMES).all()


def replies(ctx: Ctx, *, active: bool = False) -> Sequence[Row[Any]]:
    return ctx.tx.execute(_REPLIES.where(reply.c.active) if active else _REPLIES).all()


def rules_row(ctx: Ctx) -> Row[dict[str, object] | None, bool] | None:
    return ctx.tx.execute(_RULES).one_or_none()


def save_rules(ctx: Ctx, **values: Any) -> None:
    statement = upsert(rules).values(rules_id=1, **values)
    ctx.tx.execute(statement.on_conflict_do_update(index_elements=[rules.c.rules_id], set_=values))


_HANDLED = rows("h", customer_id=Integer(), event_id=BigInteger(), outcome=Text(), reply_id=Integer())
_KNOWN = rows("k", event_id=BigInteger())
_IS_KNOWN = select(handled.c.event_id).where(handled.c.event_id.in_(select(_KNOWN.c.event_id)))


def known(ctx: Ctx, event_ids: Sequence[int]) -> set[int]:
    """Which events were looked at before."""
    return set(ctx.tx.execute(_IS_KNOWN, given(_KNOWN, event_id=event_ids)).scalars())


def note(ctx: Ctx, found: Sequence[tuple[int, int, str, int | None]]) -> None:
    """Write what became of events: (customer_id, event_id, outcome, reply_id or welcome_id)."""
    chosen = select(
        _HANDLED.c.customer_id, _HANDLED.c.event_id, literal(ctx.now, Time), _HANDLED.c.outcome, _HANDLED.c.reply_id
    )
    statement = upsert(handled).from_select(["customer_id", "event_id", "at", "outcome", "reply_id"], chosen)
    ctx.tx.execute(
        statement.on_conflict_do_nothing(),
        given(
            _HANDLED,
            customer_id=[one[0] for one in found],
            event_id=[one[1] for one in found],
            outcome=[one[2] for one in found],
            reply_id=[one[3] for one in found],
        ),
    )


oldest = select(func.min(handled.c.at))
"""When the oldest event was looked at that is still noted."""


def purge(ctx: Ctx, before: datetime, limit: int) -> int:
    """Forget what became of events long ago; how many."""
    old = select(handled.c.customer_id, handled.c.event_id).where(handled.c.at < before).limit(limit)
    gone = tuple_(handled.c.customer_id, handled.c.event_id).in_(old.with_for_update(skip_locked=True))
    return ctx.tx.execute(delete(handled).where(gone)).rowcount


_TOLD = rows("t", customer_id=Integer(), source=Text(), key=Text(), occurred_at=Time)


def recorded(ctx: Ctx, events: FromClause, told: Sequence[tuple[int, str, str, datetime]]) -> Sequence[Row[Any]]:
    """The rows of the timeline of (customer_id, source, key, occurred_at), in order of event_id."""
    same = and_(
        events.c.customer_id == _TOLD.c.customer_id,
        events.c.occurred_at == _TOLD.c.occurred_at,
        events.c.source == _TOLD.c.source,
        events.c.key == _TOLD.c.key,
    )
    names = ("event_id", "customer_id", "type", "occurred_at", "source", "key", "content_id", "props")
    found = select(*(events.c[name] for name in names)).join_from(_TOLD, events, same).order_by(events.c.event_id)
    customer_ids, sources, keys, times = zip(*told, strict=True)
    return ctx.tx.execute(
        found, given(_TOLD, customer_id=customer_ids, source=sources, key=keys, occurred_at=times)
    ).all()


_MISSED = rows("m", words=Text(), count=Integer(), at=Time)
_SAMPLE = rows("s", customer_id=Integer(), event_id=BigInteger(), words=Text(), at=Time, text=Text())


def count_questions(ctx: Ctx, missed: Mapping[str, tuple[int, datetime]]) -> None:
    """Add to the counts of questions: words -> (how often, last asked). What was dismissed stays so."""
    words = sorted(missed)
    chosen = select(_MISSED.c.words, _MISSED.c.count, _MISSED.c.at, _MISSED.c.at, literal("open"), cast(None, Integer))
    names = ["words", "times", "first_at", "last_at", "state", "reply_id"]
    statement = upsert(question).from_select(names, chosen)
    ctx.tx.execute(
        statement.on_conflict_do_update(
            index_elements=[question.c.words],
            set_={
                "times": question.c.times + statement.excluded.times,
                "last_at": func.greatest(question.c.last_at, statement.excluded.last_at),
                # Answered once and missed again: the reply was deleted or does not fit any more.
                "state": func.replace(question.c.state, "answered", "open"),
            },
        ),
        given(_MISSED, words=words, count=[missed[one][0] for one in words], at=[missed[one][1] for one in words]),
    )


def keep_examples(ctx: Ctx, samples: Sequence[tuple[int, int, str, datetime, str]]) -> None:
    """Keep messages (customer_id, event_id, words, at, text) as examples of their questions."""
    chosen = select(
        _SAMPLE.c.customer_id, _SAMPLE.c.event_id, question.c.question_id, _SAMPLE.c.at, _SAMPLE.c.text
    ).join_from(_SAMPLE, question, question.c.words == _SAMPLE.c.words)
    names = ["customer_id", "event_id", "question_id", "at", "text"]
    customer_ids, event_ids, words, times, texts = zip(*samples, strict=True)
    ctx.tx.execute(
        upsert(example).from_select(names, chosen).on_conflict_do_nothing(),
        given(_SAMPLE, customer_id=customer_ids, event_id=event_ids, words=words, at=times, text=texts),
    )


def questions(ctx: Ctx, state: str, after: tuple[int, int] | None, limit: int) -> Sequence[Row[Any]]:
    """Questions in a state, most asked first, with up to five examples."""
    latest = (
        select(example.c.text)
        .where(example.c.question_id == question.c.question_id)
        .order_by(example.c.at.desc(), example.c.event_id.desc())
        .limit(5)
        .correlate(question)
        .scalar_subquery()
    )
    found = select(question, func.array(latest).label("examples")).where(question.c.state == state)
    if after is not None:
        found = found.where(tuple_(question.c.times, question.c.question_id) < after)
    return ctx.tx.execute(found.order_by(question.c.times.desc(), question.c.question_id.desc()).limit(limit)).all()


def lock_question(ctx: Ctx, question_id: int) -> Row[Any] | None:
    chosen = select(question).where(question.c.question_id == question_id).with_for_update()
    return ctx.tx.execute(chosen).one_or_none()


def close_question(ctx: Ctx, question_id: int, state: str, reply_id: int | None) -> None:
    ctx.tx.execute(update(question).where(question.c.question_id == question_id).values(state=state, reply_id=reply_id))


_GONE = rows("gone", customer_id=Integer())


def forget(ctx: Ctx, customer_ids: Sequence[int]) -> None:
    """Forget erased people: their messages, and questions that nobody else asked."""
    values = given(_GONE, customer_id=customer_ids)
    mine = select(_GONE.c.customer_id)
    asked = select(example.c.question_id).where(example.c.customer_id.in_(mine))
    others = select(true()).where(example.c.question_id == question.c.question_id, example.c.customer_id.not_in(mine))
    ctx.tx.execute(
        delete(question).where(question.c.question_id.in_(asked), ~exists(others.correlate(question))), values
    )
    for table in (example, handled):
        # set-loop: two tables of one form
        ctx.tx.execute(delete(table).where(table.c.customer_id.in_(mine)), values)


WANTED = rows("wanted", customer_id=Integer(), key=Text(), answers=BigInteger(), expires_at=Time)
"""Requests to outreach, filled by ``given``."""
asking: Select[Any] = select(
    WANTED.c.customer_id,
    WANTED.c.key,
    WANTED.c.answers,
    cast(None, Time).label("wanted_at"),
    WANTED.c.expires_at,
)
"""The Select that outreach takes for them."""
