"""Private: bodies of the room's routes."""

from datetime import datetime, timedelta
from typing import Annotated, Any, cast

from pydantic import BaseModel, ConfigDict, Field

from siyu.kernel.http import Id
from siyu.kernel.text import CleanText
from siyu.replies.types import (
    Candidate,
    Cause,
    GreetingWay,
    Json,
    Match,
    NewReply,
    NewWelcome,
    Outcome,
    Question,
    QuestionState,
    Reply,
    ReplyKind,
    Rules,
    Said,
    Scope,
    SecondRoute,
    Trial,
    Welcome,
)

Condition = Annotated[
    dict[str, Any] | None, Field(description="a condition of segments; null: for everybody", examples=[None])
]
Shown = Annotated[dict[str, Any] | None, Field(description="the condition with names in place of ids")]
Priority = Annotated[int, Field(ge=-1000, le=1000, description="higher first")]


class _Input(BaseModel):
    model_config = ConfigDict(extra="forbid")


class SecondWayForm(_Input):
    """One route of a second greeting, tried in order."""

    route: SecondRoute
    account_id: Id


class SecondWayBody(BaseModel):
    """One route of a second greeting."""

    route: SecondRoute
    account_id: int


class WelcomeIn(_Input):
    """A welcome. `ref`: state or scene of a channel, userid of a staff member, number of an account,
    open_kfid of customer service, else empty."""

    name: CleanText = Field(min_length=1, max_length=60, examples=["通用欢迎语"])
    scope: Scope = Field(examples=["wecom"])
    ref: CleanText = Field(default="", max_length=128)
    text: CleanText | None = Field(default=None, max_length=2000, examples=["您好，很高兴认识您，想先了解哪方面？"])
    content_id: Id | None = Field(default=None, description="a piece of content in place of a text")
    condition: Condition = None
    priority: Priority = 0
    second_after_minutes: int | None = Field(
        default=None, ge=5, le=4320, description="greet again when nobody was seen to reply; null: never"
    )
    second_text: CleanText = Field(default="", max_length=600, description="words proposed for the second greeting")
    second_ways: list[SecondWayForm] = Field(
        default=[], max_length=5, description="routes of the second greeting; none, or none can: a staff task"
    )
    active: bool = True

    def value(self) -> NewWelcome:
        """As the room takes it."""
        after = None if self.second_after_minutes is None else timedelta(minutes=self.second_after_minutes)
        said = Said(self.text, self.content_id)
        return NewWelcome(
            self.name,
            self.scope,
            self.ref,
            said,
            self.condition,
            self.priority,
            after,
            self.second_text,
            self.active,
            tuple(GreetingWay(one.route, one.account_id) for one in self.second_ways),
        )


class WelcomeBody(BaseModel):
    """A stored welcome."""

    welcome_id: int
    name: str
    scope: Scope
    ref: str
    text: str | None
    content_id: int | None
    condition: Shown
    priority: int
    second_after_minutes: int | None
    second_text: str
    second_ways: list[SecondWayBody]
    active: bool
    changed_at: datetime
    changed_by: str

    @classmethod
    def of(cls, found: Welcome, condition: Json | None) -> "WelcomeBody":
        """``condition`` as it is shown."""
        new = found.new
        after = None if new.second_after is None else int(new.second_after.total_seconds()) // 60
        return cls(
            welcome_id=found.welcome_id,
            name=new.name,
            scope=new.scope,
            ref=new.ref,
            text=new.said.text,
            content_id=new.said.content_id,
            condition=condition,
            priority=new.priority,
            second_after_minutes=after,
            second_text=new.second_text,
            second_ways=[
                SecondWayBody(route=cast(SecondRoute, one.route), account_id=one.account_id) for one in new.second_ways
            ],
            active=new.active,
            changed_at=found.changed_at,
            changed_by=found.changed_by,
        )


class ReplyIn(_Input):
    """An automatic reply: `words` are keywords with their synonyms, patterns (RE2), menu keys, or ways to ask."""

    kind: ReplyKind = Field(default=ReplyKind.KEYWORD)
    name: CleanText = Field(min_length=1, max_length=60, examples=["营业时间"])
    match: Match = Field(default=Match.CONTAINS)
    words: list[CleanText] = Field(min_length=1, max_length=50, examples=[["营业时间", "几点开门"]])
    text: CleanText | None = Field(default=None, max_length=2000, examples=["我们每天 10:00 到 21:00 营业。"])
    content_id: Id | None = Field(default=None, description="a piece of content in place of a text")
    account_id: Id | None = Field(default=None, description="one Official Account; null: all")
    condition: Condition = None
    always: bool = Field(default=False, description="also for those who are left to people")
    priority: Priority = 0
    active: bool = True

    def value(self) -> NewReply:
        """As the room takes it."""
        return NewReply(
            self.kind,
            self.name,
            self.match,
            tuple(self.words),
            Said(self.text, self.content_id),
            self.account_id,
            self.condition,
            self.always,
            self.priority,
            self.active,
        )


class ReplyBody(BaseModel):
    """A stored automatic reply."""

    reply_id: int
    kind: ReplyKind
    name: str
    match: Match
    words: list[str]
    text: str | None
    content_id: int | None
    account_id: int | None
    condition: Shown
    always: bool
    priority: int
    active: bool
    changed_at: datetime
    changed_by: str

    @classmethod
    def of(cls, found: Reply, condition: Json | None) -> "ReplyBody":
        """``condition`` as it is shown."""
        new = found.new
        return cls(
            reply_id=found.reply_id,
            kind=new.kind,
            name=new.name,
            match=new.match,
            words=list(new.words),
            text=new.said.text,
            content_id=new.said.content_id,
            account_id=new.account_id,
            condition=condition,
            always=new.always,
            priority=new.priority,
            active=new.active,
            changed_at=found.changed_at,
            changed_by=found.changed_by,
        )


class RulesIn(_Input):
    """The room's rules."""

    to_people: Condition = None
    fallback: bool = Field(default=True, description="what nobody answers becomes a staff task of the owner")

    def value(self) -> Rules:
        """As the room takes it."""
        return Rules(self.to_people, self.fallback)


class RulesBody(BaseModel):
    """The room's rules as they stand. `archive`: chats are read by the archive (setting SIYU_WECOM_ARCHIVE)."""

    to_people: Shown
    fallback: bool
    archive: bool


class TrialIn(_Input):
    """A message or menu key to try."""

    account_id: Id
    text: CleanText = Field(default="", max_length=2000, examples=["你们几点开门？"])
    key: CleanText = Field(default="", max_length=128, description="a menu key in place of a text")
    customer_id: Id | None = None


class CandidateBody(BaseModel):
    """A reply whose words match, and why it was chosen or not."""

    reply_id: int
    name: str
    word: str
    cause: Cause

    @classmethod
    def of(cls, one: Candidate) -> "CandidateBody":
        """As it is shown."""
        return cls(reply_id=one.reply_id, name=one.name, word=one.word, cause=one.cause)


class TrialBody(BaseModel):
    """What would be answered now, and why; a journey that waits for the words would come first."""

    outcome: Outcome
    reply_id: int | None
    candidates: list[CandidateBody]

    @classmethod
    def of(cls, found: Trial) -> "TrialBody":
        """As it is shown."""
        candidates = [CandidateBody.of(one) for one in found.candidates]
        return cls(outcome=found.outcome, reply_id=found.reply_id, candidates=candidates)


class QuestionBody(BaseModel):
    """A question that nothing answered; `examples`: up to five messages, latest first."""

    question_id: int
    words: str
    count: int
    first_at: datetime
    last_at: datetime
    state: QuestionState
    reply_id: int | None
    examples: list[str]

    @classmethod
    def of(cls, one: Question) -> "QuestionBody":
        """As it is shown."""
        return cls(
            question_id=one.question_id,
            words=one.words,
            count=one.count,
            first_at=one.first_at,
            last_at=one.last_at,
            state=one.state,
            reply_id=one.reply_id,
            examples=list(one.examples),
        )


class QuestionsBody(BaseModel):
    """A page of unanswered questions, most asked first; `next` is the cursor of the following page."""

    items: list[QuestionBody]
    next: str | None


class WelcomeMade(BaseModel):
    """The number of a new welcome."""

    welcome_id: int


class ReplyMade(BaseModel):
    """The number of a new automatic reply."""

    reply_id: int
