"""Door: welcomes, automatic replies, rules, what would be answered, unanswered questions, uses of segments."""

from collections.abc import Iterator

from siyu.content.types import Use as ContentUse
from siyu.kernel.ctx import Ctx
from siyu.kernel.paging import Page, cursor, numbers
from siyu.replies import answering, store
from siyu.replies.answering import Heard
from siyu.replies.greetings import queries as greetings
from siyu.replies.greetings.types import NewGreeting
from siyu.replies.reading import replies, rules, welcomes
from siyu.replies.types import (
    Json,
    NewReply,
    NewWelcome,
    Question,
    QuestionState,
    Reply,
    Trial,
    UnknownReply,
    UnknownWelcome,
    Welcome,
)
from siyu.segments import queries as segments
from siyu.segments.types import Depends, Use
from siyu.tags.types import Use as TagUse


def welcome(ctx: Ctx, welcome_id: int) -> Welcome:
    """One welcome; raises UnknownWelcome."""
    for found in welcomes(ctx):
        if found.welcome_id == welcome_id:
            return found
    raise UnknownWelcome("there is no such welcome", field="welcome_id")


def reply(ctx: Ctx, reply_id: int) -> Reply:
    """One automatic reply; raises UnknownReply."""
    for found in replies(ctx):
        if found.reply_id == reply_id:
            return found
    raise UnknownReply("there is no such automatic reply", field="reply_id")


def trial(ctx: Ctx, *, account_id: int, text: str = "", key: str = "", customer_id: int = 0) -> Trial:
    """What a message (or menu key) would be answered now and why.

    Without a customer it is answered as to somebody who fulfils no condition.
    """
    return answering.trial(ctx, Heard(customer_id, account_id, text, key))


def questions(ctx: Ctx, state: QuestionState = "open", after: str | None = None, limit: int = 50) -> Page[Question]:
    """Unanswered questions, most asked first. Raises BadCursor."""
    place = None
    if after is not None:
        count, last = numbers(after, 2)
        place = count, last
    found = store.questions(ctx, state, place, limit + 1)
    items = [
        Question(
            row.question_id,
            row.words,
            row.times,
            row.first_at,
            row.last_at,
            row.state,
            row.reply_id,
            tuple(row.examples),
        )
        for row in found[:limit]
    ]
    return Page(items, cursor(items[-1].count, items[-1].question_id) if len(found) > limit else None)


def uses_segment(ctx: Ctx, segment_id: int) -> list[Use]:
    """What of this room needs the segment; ``app`` registers it (segments.uses)."""
    return [Use(kind, number, name) for kind, number, name, on in _depending(ctx) if segment_id in on.segments]


def uses_tag(ctx: Ctx, tag_id: int) -> list[TagUse]:
    """As ``uses_segment``, of a tag; ``app`` registers it with ``tags.uses``."""
    return [TagUse(kind, number, name) for kind, number, name, on in _depending(ctx) if tag_id in on.tags]


def uses_content(ctx: Ctx, content_id: int) -> list[ContentUse]:
    """Which active welcomes, replies and greetings send a content; ``app`` registers it with ``content.uses``."""
    said: list[tuple[str, int, NewWelcome | NewReply | NewGreeting]] = [
        *(("welcome", one.welcome_id, one.new) for one in welcomes(ctx, active=True)),
        *(("reply", one.reply_id, one.new) for one in replies(ctx, active=True)),
        *(("greeting", one.greeting_id, one.new) for one in greetings.greetings(ctx) if one.new.active),
    ]
    return [ContentUse(kind, number, new.name) for kind, number, new in said if new.said.content_id == content_id]


def _depending(ctx: Ctx) -> Iterator[tuple[str, int, str, Depends]]:
    conditions: list[tuple[str, int, str, Json | None]] = [
        *(("welcome", one.welcome_id, one.new.name, one.new.condition) for one in welcomes(ctx)),
        *(("reply", one.reply_id, one.new.name, one.new.condition) for one in replies(ctx)),
        *(("greeting", one.greeting_id, one.new.name, one.new.condition) for one in greetings.greetings(ctx)),
        ("reply_rules", 1, "留给人工", rules(ctx).to_people),
    ]
    for kind, number, name, condition in conditions:
        if condition is not None:
            yield kind, number, name, segments.depends(segments.load(condition))


__all__ = [
    "questions",
    "replies",
    "reply",
    "rules",
    "trial",
    "uses_content",
    "uses_segment",
    "uses_tag",
    "welcome",
    "welcomes",
]
