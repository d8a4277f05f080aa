"""Door: react to what people do, write welcomes, replies and rules, deal with unanswered questions."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from siyu.customers import queries as customers
from siyu.intake.types import Taken
from siyu.kernel import audit
from siyu.kernel.ctx import Ctx
from siyu.kernel.jobs import PulseEvent
from siyu.kernel.text import clean
from siyu.replies import answering, checks, greeting, matching, reading, store
from siyu.replies.answering import register_first
from siyu.replies.types import (
    EVERYBODY,
    ONCE,
    SCOPES,
    BadReply,
    Match,
    NewReply,
    NewWelcome,
    QuestionClosed,
    ReplyKind,
    Rules,
    UnknownQuestion,
    UnknownReply,
    UnknownWelcome,
)

TYPES = (*greeting.TYPES, *answering.TYPES)
"""Events that the room reacts to."""
MOST_WORDS, LONGEST_WORD, LONGEST_TEXT = 50, 100, 600
ANSWERS = {"oa": "oa_custom", "wecom": "kf"}
"""By which route a message is answered, by the kind of the account that it was written to."""
FIRST, LAST = timedelta(minutes=5), timedelta(days=3)
"""Between these a second greeting comes after the first."""


def react_to(ctx: Ctx, taken: Sequence[Taken]) -> None:
    """React to what intake has just taken in, in the same transaction (the fast lane)."""
    told = [
        (person.customer_id, event.source, event.key, event.occurred_at)
        for arrival, person in taken
        for event in arrival.events
        if event.type in TYPES
    ]
    if told:
        rows = store.recorded(ctx, customers.events, told)
        react(ctx, [PulseEvent(**row._mapping) for row in rows])


def react(ctx: Ctx, events: Sequence[PulseEvent]) -> None:
    """Welcome, answer, hand to people: once per event, whoever calls first."""
    if not events:
        return
    known = store.known(ctx, [event.event_id for event in events])
    new = [event for event in events if event.event_id not in known]
    greeting.greet(ctx, [event for event in new if event.type in greeting.TYPES])
    answering.answer(ctx, [event for event in new if event.type in answering.TYPES])


def save_welcome(ctx: Ctx, new: NewWelcome, welcome_id: int | None = None) -> int:
    """Add a welcome, or replace one; returns its id.

    Raises BadReply, BadText, UnknownWelcome, the faults of conditions, NoSuchContent, NotPublished, NotSendable,
    FieldsNotAllowed, BadContent, UnknownField, UnknownContent.
    """
    checks.named(new.name)
    if new.scope not in SCOPES:
        raise BadReply(f"the scope is one of {', '.join(SCOPES)}", field="scope")
    ref = clean(new.ref, "ref").strip()
    if (new.scope in EVERYBODY) != (ref == ""):
        raise BadReply(f"{', '.join(sorted(EVERYBODY))} have no ref, the other scopes need one", field="ref")
    if new.scope == "account" and not re.fullmatch("[0-9]{1,9}", ref):
        raise BadReply("an account is named by its number", field="ref")
    text = checks.said(ctx, new.said, LONGEST_TEXT)
    checks.sendable(ctx, new.said, checks.welcome_routes(ctx, replace(new, ref=ref)))
    if new.second_after is not None and new.scope in ONCE:
        raise BadReply("who added no staff member is not greeted again", field="second_after_minutes")
    if new.second_after is not None and not FIRST <= new.second_after <= LAST:
        raise BadReply("a second greeting comes 5 minutes to 3 days after the first", field="second_after_minutes")
    if len(clean(new.second_text, "second_text")) > LONGEST_TEXT:
        raise BadReply(f"a text has at most {LONGEST_TEXT} characters", field="second_text")
    checks.second(ctx, new)
    values = {
        "name": new.name.strip(),
        "scope": new.scope,
        "ref": ref,
        "text": text,
        "content_id": new.said.content_id,
        "condition": checks.condition(ctx, new.condition, "condition"),
        "priority": new.priority,
        "second_after": new.second_after,
        "second_text": new.second_text,
        "second_ways": reading.stored_ways(new.second_ways),
        "active": new.active,
    }
    saved = store.put(ctx, store.welcome, "welcome_id", welcome_id, values)
    if saved is None:
        raise UnknownWelcome("there is no such welcome", field="welcome_id")
    audit.record(ctx, "replies.save_welcome", "welcome", saved, scope=new.scope, active=new.active)
    return saved


def delete_welcome(ctx: Ctx, welcome_id: int) -> None:
    """Delete a welcome; whom it asked to greet again is left alone. Raises UnknownWelcome."""
    if not store.drop(ctx, store.welcome, "welcome_id", welcome_id):
        raise UnknownWelcome("there is no such welcome", field="welcome_id")
    audit.record(ctx, "replies.delete_welcome", "welcome", welcome_id)


def save_reply(ctx: Ctx, new: NewReply, reply_id: int | None = None) -> int:
    """Add an automatic reply, or replace one; returns its id.

    Raises BadReply, BadPattern, BadText, UnknownReply, the faults of conditions, NoSuchContent, NotPublished,
    NotSendable, BadContent, UnknownField, UnknownContent.
    """
    checks.named(new.name)
    words = tuple(dict.fromkeys(clean(word, "words").strip() for word in new.words))
    if not 1 <= len(words) <= MOST_WORDS or any(not 1 <= len(word) <= LONGEST_WORD for word in words):
        raise BadReply(f"1 to {MOST_WORDS} words of 1 to {LONGEST_WORD} characters each", field="words")
    compared = new.kind is not ReplyKind.MENU and new.match is not Match.PATTERN
    if compared and (empty := [word for word in words if not matching.normal(word)]):
        raise BadReply(f"{empty[0]!r} has no letter or digit to compare", field="words")
    if new.kind is ReplyKind.FAQ and new.match is Match.PATTERN:
        raise BadReply("questions are compared as words, not as patterns", field="match")
    if new.match is Match.PATTERN:
        for word in words:
            if matching.pattern(word).search("") is not None:
                raise BadReply(f"{word!r} would fit every message", field="words")
    text = checks.said(ctx, new.said, LONGEST_TEXT)
    kind = None if new.account_id is None else checks.account_kind(ctx, new.account_id, "account_id")
    checks.sendable(ctx, new.said, [route for of, route in ANSWERS.items() if kind in (None, of)])
    values = {
        "kind": new.kind.value,
        "name": new.name.strip(),
        "match": new.match.value,
        "words": list(words),
        "text": text,
        "content_id": new.said.content_id,
        "account_id": new.account_id,
        "condition": checks.condition(ctx, new.condition, "condition"),
        "always": new.always,
        "priority": new.priority,
        "active": new.active,
    }
    saved = store.put(ctx, store.reply, "reply_id", reply_id, values)
    if saved is None:
        raise UnknownReply("there is no such automatic reply", field="reply_id")
    audit.record(ctx, "replies.save_reply", "reply", saved, kind=new.kind.value, active=new.active)
    return saved


def delete_reply(ctx: Ctx, reply_id: int) -> None:
    """Delete an automatic reply. Raises UnknownReply."""
    if not store.drop(ctx, store.reply, "reply_id", reply_id):
        raise UnknownReply("there is no such automatic reply", field="reply_id")
    audit.record(ctx, "replies.delete_reply", "reply", reply_id)


def save_rules(ctx: Ctx, rules: Rules) -> None:
    """Replace the room's rules. Raises the faults of conditions."""
    to_people = checks.condition(ctx, rules.to_people, "to_people")
    store.save_rules(ctx, to_people=to_people, fallback=rules.fallback)
    audit.record(ctx, "replies.save_rules", "rules", 1, fallback=rules.fallback)


def dismiss(ctx: Ctx, question_id: int) -> None:
    """Nobody needs to answer this. It goes on being counted. Raises UnknownQuestion, QuestionClosed."""
    _close(ctx, question_id, "dismissed", None)


def answer(ctx: Ctx, question_id: int, new: NewReply) -> int:
    """Turn an unanswered question into an automatic reply; returns its id.

    Raises UnknownQuestion, QuestionClosed, and as save_reply.
    """
    reply_id = save_reply(ctx, new)
    _close(ctx, question_id, "answered", reply_id)
    return reply_id


def _close(ctx: Ctx, question_id: int, state: str, reply_id: int | None) -> None:
    row = store.lock_question(ctx, question_id)
    if row is None:
        raise UnknownQuestion("there is no such question", field="question_id")
    if row.state != "open":
        raise QuestionClosed("the question is dealt with", field="question_id", detail={"state": row.state})
    store.close_question(ctx, question_id, state, reply_id)
    audit.record(ctx, f"replies.{state}", "question", question_id)


__all__ = [
    "TYPES",
    "answer",
    "delete_reply",
    "delete_welcome",
    "dismiss",
    "react",
    "react_to",
    "register_first",
    "save_reply",
    "save_rules",
    "save_welcome",
]
