"""Door: welcomes, automatic replies, unanswered questions, the room's rules, errors."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal

from siyu.kernel.errors import Conflict, Invalid, NotFound

Json = dict[str, object]

Scope = Literal["channel", "staff", "account", "kf_account", "wecom", "oa", "kf"]
"""For whom a welcome is: ``channel`` (ref: its state or scene), ``staff`` (ref: userid), ``account`` (ref: account_id),
``kf_account`` (ref: open_kfid of customer service), everybody who adds by ``wecom``, follows an ``oa`` or enters
customer service ``kf`` (ref empty). The narrower comes first, in this order."""
SCOPES: tuple[Scope, ...] = ("channel", "staff", "account", "kf_account", "wecom", "oa", "kf")
EVERYBODY: frozenset[Scope] = frozenset({"wecom", "oa", "kf"})
"""The scopes without a ref."""
ONCE: frozenset[Scope] = frozenset({"oa", "kf_account", "kf"})
"""The scopes of people who added nobody, and so are not greeted again."""


class ReplyKind(StrEnum):
    """``keyword``: an answer to words; ``menu``: to a menu key; ``faq``: to a non-business question."""

    KEYWORD = "keyword"
    MENU = "menu"
    FAQ = "faq"


class Match(StrEnum):
    """How words are compared with a message: the whole message, a part of it, or a regular expression in it."""

    EXACT = "exact"
    CONTAINS = "contains"
    PATTERN = "pattern"


@dataclass(frozen=True, slots=True)
class Said:
    """What is sent: a text or a piece of content, exactly one of them."""

    text: str | None = None
    content_id: int | None = None


GreetingRoute = Literal["wecom_group_send", "oa_custom", "oa_template", "oa_mass", "kf"]


@dataclass(frozen=True, slots=True)
class GreetingWay:
    """One route of a greeting, tried in order. ``template``: the platform's id, for ``oa_template`` only."""

    route: GreetingRoute
    account_id: int
    template: str | None = None


SecondRoute = Literal["wecom_group_send", "oa_custom", "kf"]
"""Routes that carry words to one person at any hour that the push rules permit."""
SECOND_ROUTES: tuple[SecondRoute, ...] = ("wecom_group_send", "oa_custom", "kf")


@dataclass(frozen=True, slots=True)
class NewWelcome:
    """A welcome as somebody writes it. ``condition``: for whom only; ``priority``: higher first within a scope and ref.

    ``second_after``: how long to wait for a reply until the person is greeted again (None: never), in the words
    ``second_text``: by the first of ``second_ways`` that can, or by a staff task where there is none or none can.
    """

    name: str
    scope: Scope
    ref: str
    said: Said
    condition: Json | None = None
    priority: int = 0
    second_after: timedelta | None = None
    second_text: str = ""
    active: bool = True
    second_ways: tuple[GreetingWay, ...] = ()


@dataclass(frozen=True, slots=True)
class Welcome:
    """A stored welcome."""

    welcome_id: int
    new: NewWelcome
    changed_at: datetime
    changed_by: str


@dataclass(frozen=True, slots=True)
class NewReply:
    """An automatic reply as somebody writes it.

    ``words``: keywords and their synonyms, patterns, menu keys, or the ways to ask a question. ``account_id`` None: in
    every Official Account. ``condition``: for whom only. ``always``: also for those who are left to people.
    """

    kind: ReplyKind
    name: str
    match: Match
    words: tuple[str, ...]
    said: Said
    account_id: int | None = None
    condition: Json | None = None
    always: bool = False
    priority: int = 0
    active: bool = True


@dataclass(frozen=True, slots=True)
class Reply:
    """A stored reply."""

    reply_id: int
    new: NewReply
    changed_at: datetime
    changed_by: str


@dataclass(frozen=True, slots=True)
class Rules:
    """The room's rules. ``to_people``: a condition; whoever fulfils it is answered by people, not automatically.

    ``fallback``: what nobody answers becomes a staff task.
    """

    to_people: Json | None = None
    fallback: bool = True


class Outcome(StrEnum):
    """What became of a message or menu click."""

    ANSWERED = "answered"
    JOURNEY = "journey"
    TO_PEOPLE = "to_people"
    NO_ANSWER = "no_answer"
    OPT_OUT = "opt_out"
    NO_WORDS = "no_words"
    LATE = "late"


Cause = Literal["chosen", "other_account", "not_for_them", "left_to_people", "later_in_order"]
"""Why a reply whose words match was chosen or not."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A reply whose words match, in the order in which they are asked. ``word``: the one that matched."""

    reply_id: int
    name: str
    word: str
    cause: Cause


@dataclass(frozen=True, slots=True)
class Trial:
    """What would be answered, and why."""

    outcome: Outcome
    reply_id: int | None
    candidates: tuple[Candidate, ...]


QuestionState = Literal["open", "dismissed", "answered"]


@dataclass(frozen=True, slots=True)
class Question:
    """A question that nothing answered. ``examples``: up to five messages as they were written, latest first."""

    question_id: int
    words: str
    count: int
    first_at: datetime
    last_at: datetime
    state: QuestionState
    reply_id: int | None
    examples: tuple[str, ...]


class BadReply(Invalid):
    """A field of a welcome or a reply is outside its limits; ``field`` names it."""

    code = "bad_reply"


class BadPattern(Invalid):
    """The pattern is no regular expression of the permitted kind (RE2: no look-around, no back-references)."""

    code = "bad_pattern"


class UnknownWelcome(NotFound):
    """There is no such welcome."""

    code = "unknown_welcome"


class UnknownReply(NotFound):
    """There is no such automatic reply."""

    code = "unknown_reply"


class UnknownQuestion(NotFound):
    """There is no such unanswered question."""

    code = "unknown_question"


class QuestionClosed(Conflict):
    """The question was dismissed or answered before."""

    code = "question_closed"
