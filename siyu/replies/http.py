"""Private: welcomes, automatic replies and unanswered questions over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query

from siyu.content.types import (
    BadContent,
    FieldsNotAllowed,
    NoSuchContent,
    NotPublished,
    NotSendable,
    UnknownContent,
    UnknownField,
)
from siyu.customers import queries as customers
from siyu.customers.types import UnknownCustomer
from siyu.kernel.ctx import Ctx
from siyu.kernel.errors import BadText, BadTime, NotFound
from siyu.kernel.http import ApiRoute, Id, raises, requires
from siyu.kernel.paging import BadCursor
from siyu.kernel.settings import settings
from siyu.platforms import queries as platforms
from siyu.replies import actions, queries
from siyu.replies.bodies import (
    QuestionBody,
    QuestionsBody,
    ReplyBody,
    ReplyIn,
    ReplyMade,
    RulesBody,
    RulesIn,
    TrialBody,
    TrialIn,
    WelcomeBody,
    WelcomeIn,
    WelcomeMade,
)
from siyu.replies.types import (
    BadPattern,
    BadReply,
    Json,
    QuestionClosed,
    QuestionState,
    Rules,
    UnknownQuestion,
    UnknownReply,
    UnknownWelcome,
)
from siyu.segments import queries as segments
from siyu.segments.types import BadCondition, UnknownCondition, UnknownSegment

router = APIRouter(prefix="/api/replies", tags=["replies"], route_class=ApiRoute)
Read = Annotated[Ctx, requires("replies.read")]
Write = Annotated[Ctx, requires("replies.write")]
CONDITIONS = (BadCondition, UnknownCondition, UnknownSegment, BadText, BadTime)
CONTENT = (NoSuchContent, NotPublished)
WORDS = (FieldsNotAllowed, NotSendable, BadContent, UnknownField, UnknownContent)


def _named(ctx: Ctx, condition: Json | None) -> Json | None:
    return None if condition is None else segments.named(ctx, segments.load(condition))


@router.get("/welcomes", operation_id="list_welcomes")
def list_welcomes(ctx: Read) -> list[WelcomeBody]:
    """All welcomes, oldest first."""
    return [WelcomeBody.of(one, _named(ctx, one.new.condition)) for one in queries.welcomes(ctx)]


@router.post(
    "/welcomes",
    operation_id="add_welcome",
    status_code=201,
    responses=raises(BadReply, *CONTENT, *WORDS, *CONDITIONS),
)
def add_welcome(ctx: Write, body: WelcomeIn) -> WelcomeMade:
    """Add a welcome; it greets from now on."""
    return WelcomeMade(welcome_id=actions.save_welcome(ctx, body.value()))


@router.put(
    "/welcomes/{welcome_id}",
    operation_id="change_welcome",
    status_code=204,
    responses=raises(UnknownWelcome, BadReply, *CONTENT, *WORDS, *CONDITIONS),
)
def change_welcome(ctx: Write, welcome_id: Id, body: WelcomeIn) -> None:
    """Replace a welcome."""
    actions.save_welcome(ctx, body.value(), welcome_id)


@router.delete(
    "/welcomes/{welcome_id}", operation_id="delete_welcome", status_code=204, responses=raises(UnknownWelcome)
)
def delete_welcome(ctx: Write, welcome_id: Id) -> None:
    """Delete a welcome; whom it was to greet again is left alone."""
    actions.delete_welcome(ctx, welcome_id)


@router.get("/rules", operation_id="get_reply_rules")
def get_reply_rules(ctx: Read) -> RulesBody:
    """The room's rules."""
    return _rules(ctx, queries.rules(ctx))


@router.put("/rules", operation_id="save_reply_rules", responses=raises(*CONDITIONS))
def save_reply_rules(ctx: Write, body: RulesIn) -> RulesBody:
    """Replace the room's rules; messages that come from now on are dealt with by them."""
    actions.save_rules(ctx, body.value())
    return _rules(ctx, queries.rules(ctx))


def _rules(ctx: Ctx, rules: Rules) -> RulesBody:
    archive = bool(settings().wecom_archive)
    return RulesBody(to_people=_named(ctx, rules.to_people), fallback=rules.fallback, archive=archive)


@router.post("/try", operation_id="try_reply", responses=raises(UnknownCustomer, NotFound, BadReply, BadText))
def try_reply(ctx: Read, body: TrialIn) -> TrialBody:
    """What a message would be answered now, for this customer or for a stranger, and why. Sends nothing."""
    if bool(body.text) == bool(body.key):
        raise BadReply("try either a text or a menu key", field="text")
    if body.account_id not in {account.account_id for account in platforms.accounts(ctx)}:
        raise NotFound("there is no such account", field="account_id")
    customer_id = 0 if body.customer_id is None else customers.profile(ctx, body.customer_id).customer_id
    found = queries.trial(ctx, account_id=body.account_id, text=body.text, key=body.key, customer_id=customer_id)
    return TrialBody.of(found)


@router.get("/questions", operation_id="list_questions", responses=raises(BadCursor))
def list_questions(
    ctx: Read,
    state: QuestionState = "open",
    cursor: Annotated[str | None, Query(max_length=500, description="`next` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> QuestionsBody:
    """Questions that nothing answered, most asked first."""
    page = queries.questions(ctx, state, cursor, limit)
    return QuestionsBody(items=[QuestionBody.of(one) for one in page.items], next=page.next)


@router.post(
    "/questions/{question_id}/dismiss",
    operation_id="dismiss_question",
    status_code=204,
    responses=raises(UnknownQuestion, QuestionClosed),
)
def dismiss_question(ctx: Write, question_id: Id) -> None:
    """Nobody needs to answer it. It goes on being counted."""
    actions.dismiss(ctx, question_id)


@router.post(
    "/questions/{question_id}/answer",
    operation_id="answer_question",
    status_code=201,
    responses=raises(UnknownQuestion, QuestionClosed, BadReply, BadPattern, *CONTENT, *WORDS, *CONDITIONS),
)
def answer_question(ctx: Write, question_id: Id, body: ReplyIn) -> ReplyMade:
    """Turn the question into an automatic reply."""
    return ReplyMade(reply_id=actions.answer(ctx, question_id, body.value()))


@router.get("", operation_id="list_replies")
def list_replies(ctx: Read) -> list[ReplyBody]:
    """All automatic replies, oldest first."""
    return [ReplyBody.of(one, _named(ctx, one.new.condition)) for one in queries.replies(ctx)]


@router.post(
    "",
    operation_id="add_reply",
    status_code=201,
    responses=raises(BadReply, BadPattern, *CONTENT, *WORDS, *CONDITIONS),
)
def add_reply(ctx: Write, body: ReplyIn) -> ReplyMade:
    """Add an automatic reply; it answers from now on."""
    return ReplyMade(reply_id=actions.save_reply(ctx, body.value()))


@router.put(
    "/{reply_id}",
    operation_id="change_reply",
    status_code=204,
    responses=raises(UnknownReply, BadReply, BadPattern, *CONTENT, *WORDS, *CONDITIONS),
)
def change_reply(ctx: Write, reply_id: Id, body: ReplyIn) -> None:
    """Replace an automatic reply."""
    actions.save_reply(ctx, body.value(), reply_id)


@router.delete("/{reply_id}", operation_id="delete_reply", status_code=204, responses=raises(UnknownReply))
def delete_reply(ctx: Write, reply_id: Id) -> None:
    """Delete an automatic reply."""
    actions.delete_reply(ctx, reply_id)
