"""Private: what answers messages and menu clicks: a running journey first, then replies, then people."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import DateTime, Integer, Text, cast, select

from siyu.intake import queries as intake
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import given, unnest
from siyu.kernel.jobs import PulseEvent
from siyu.outreach import actions as outreach
from siyu.outreach.types import Message, Origin, Route, RouteChoice
from siyu.replies import matching, reading, store
from siyu.replies.matching import Hit
from siyu.replies.types import Candidate, Cause, Outcome, Reply, ReplyKind, Rules, Trial
from siyu.tasks import actions as tasks
from siyu.tasks.types import NewTask, TaskKind, TaskWhy

TYPES = ("message_received", "menu_clicked")
TIMELY = timedelta(hours=2)
"""An answer that comes later than this after the message is none."""
EXAMPLE = 200
"""Characters of a message kept as an example of a question, and shown in the task."""

Claim = Callable[[Ctx, Sequence[PulseEvent]], set[int]]
_first: dict[str, Claim] = {}


def register_first(name: str, claim: Claim) -> None:
    """Let an upper room say which events it answers itself (event_ids); ``runtime`` composes, repeating is harmless."""
    _first[name] = claim


@dataclass(frozen=True, slots=True)
class Heard:
    """One message or menu click: ``text`` what was said, ``key`` what was tapped; one of them is empty."""

    customer_id: int
    account_id: int
    text: str
    key: str = ""


def answer(ctx: Ctx, events: Sequence[PulseEvent]) -> None:
    """Answer messages and menu clicks that nobody looked at yet, one answer to each: of Official Accounts and of
    customer service. What is written to a staff member is theirs to answer."""
    events = [event for event in events if _route(event) is not None]
    if not events:
        return
    replies = reading.replies(ctx, active=True)
    rules = reading.saved_rules(ctx)
    if rules is None and not replies:
        return
    rules = rules or Rules()
    first = set[int]().union(*(claim(ctx, events) for claim in _first.values()))
    heard = {event.event_id: _heard(event) for event in events}
    outcomes: dict[int, tuple[Outcome, Hit | None]] = {}
    asked: list[PulseEvent] = []
    for event in events:
        if event.event_id in first:
            outcomes[event.event_id] = Outcome.JOURNEY, None
        elif event.occurred_at < ctx.now - TIMELY:
            outcomes[event.event_id] = Outcome.LATE, None
        else:
            asked.append(event)
    found = decide(ctx, replies, rules, [heard[event.event_id] for event in asked])
    for event, (outcome, hit, _) in zip(asked, found, strict=True):
        outcomes[event.event_id] = outcome, hit
    store.note(
        ctx,
        [
            (event.customer_id, event.event_id, outcome.value, hit.reply.reply_id if hit else None)
            for event in events
            for outcome, hit in (outcomes[event.event_id],)
        ],
    )
    _send(ctx, [(event, hit) for event in asked for _, hit in (outcomes[event.event_id],) if hit])
    missed = [event for event in asked if outcomes[event.event_id][0] is Outcome.NO_ANSWER]
    left = [event for event in asked if outcomes[event.event_id][0] is Outcome.TO_PEOPLE]
    _count(ctx, missed, heard)
    if rules.fallback:
        _to_people(ctx, [*missed, *left], heard)


def decide(
    ctx: Ctx, replies: Sequence[Reply], rules: Rules, heard: Sequence[Heard]
) -> list[tuple[Outcome, Hit | None, list[Candidate]]]:
    """What answers each, with every reply whose words match and why it was chosen or not."""
    hits = [matching.pressed(replies, one.key) if one.key else matching.hits(replies, one.text) for one in heard]
    speakers = sorted({one.customer_id for one in heard if one.customer_id})
    left: set[int] = set()
    if rules.to_people is not None and speakers:
        left = reading.fulfilling(ctx, rules.to_people, speakers)
    concerned: dict[int, list[int]] = {}
    for one, found in zip(heard, hits, strict=True):
        for hit in found:
            concerned.setdefault(hit.reply.reply_id, []).append(one.customer_id)
    conditions = {reply.reply_id: reply.new.condition for reply in replies}
    fits = reading.allowed(ctx, conditions, concerned)
    return [_decided(one, found, one.customer_id in left, fits) for one, found in zip(heard, hits, strict=True)]


def _decided(
    one: Heard, hits: Sequence[Hit], left: bool, fits: Mapping[int, set[int]]
) -> tuple[Outcome, Hit | None, list[Candidate]]:
    if not one.key and not matching.normal(one.text):
        return Outcome.NO_WORDS, None, []
    if not one.key and intake.is_opt_out(one.text):
        return Outcome.OPT_OUT, None, []
    chosen: Hit | None = None
    candidates = []
    for hit in hits:
        cause = _cause(one, hit, left, fits, chosen)
        if cause == "chosen":
            chosen = hit
        candidates.append(Candidate(hit.reply.reply_id, hit.reply.new.name, hit.word, cause))
    if chosen:
        return Outcome.ANSWERED, chosen, candidates
    if one.key:
        return Outcome.NO_WORDS, None, candidates
    return (Outcome.TO_PEOPLE if left else Outcome.NO_ANSWER), None, candidates


def _cause(one: Heard, hit: Hit, left: bool, fits: Mapping[int, set[int]], chosen: Hit | None) -> Cause:
    new = hit.reply.new
    if chosen is not None:
        return "later_in_order"
    if new.account_id is not None and new.account_id != one.account_id:
        return "other_account"
    if one.customer_id not in fits[hit.reply.reply_id]:
        return "not_for_them"
    # What somebody taps in the menu is no chat: it is answered for everybody.
    if left and not new.always and new.kind is not ReplyKind.MENU:
        return "left_to_people"
    return "chosen"


def trial(ctx: Ctx, heard: Heard) -> Trial:
    """What would be answered now, and why. A journey that waits for the words is not asked: nobody has said them."""
    ((outcome, hit, candidates),) = decide(ctx, reading.replies(ctx, active=True), reading.rules(ctx), [heard])
    return Trial(outcome, hit.reply.reply_id if hit else None, tuple(candidates))


def _heard(event: PulseEvent) -> Heard:
    account = event.props.get("account")
    text = event.props.get("text")
    key = event.props.get("key") if event.type == "menu_clicked" else ""
    return Heard(event.customer_id, account if isinstance(account, int) else 0, str(text or ""), str(key or ""))


def _route(event: PulseEvent) -> Route | None:
    """By which route an event is answered; None: not by itself."""
    if event.source.startswith("oa:"):
        return Route.OA_CUSTOM
    return Route.KF if event.source.startswith("wecom:") and event.props.get("via") == "kf" else None


def _send(ctx: Ctx, chosen: Iterable[tuple[PulseEvent, Hit]]) -> None:
    groups: dict[tuple[int, int, Route], list[PulseEvent]] = {}
    replies: dict[int, Reply] = {}
    for event, hit in chosen:
        account, route = event.props.get("account"), _route(event)
        assert route is not None
        replies[hit.reply.reply_id] = hit.reply
        groups.setdefault((hit.reply.reply_id, account if isinstance(account, int) else 0, route), []).append(event)
    for (reply_id, account_id, route), events in sorted(groups.items()):
        # set-loop: one request per reply and account, over all who asked for it
        said = replies[reply_id].new.said
        ask(
            ctx,
            [(event, f"reply:{event.event_id}") for event in events],
            Message(content_id=said.content_id, text=said.text),
            RouteChoice(route, account_id),
            Origin("reply", reply_id),
        )


def ask(
    ctx: Ctx,
    who: Sequence[tuple[PulseEvent, str]],
    message: Message,
    route: RouteChoice,
    origin: Origin,
) -> None:
    """Ask outreach to answer events, each under a key of its own."""
    values = given(
        store.WANTED,
        customer_id=[event.customer_id for event, _ in who],
        key=[key for _, key in who],
        answers=[event.event_id for event, _ in who],
        expires_at=[event.occurred_at + TIMELY for event, _ in who],
    )
    outreach.request(ctx, store.asking, message=message, routes=(route,), origin=origin, exempt=True, values=values)


def _count(ctx: Ctx, missed: Sequence[PulseEvent], heard: Mapping[int, Heard]) -> None:
    if not missed:
        return
    words = {event.event_id: matching.question(heard[event.event_id].text) for event in missed}
    counts: dict[str, tuple[int, datetime]] = {}
    for event in missed:
        before, at = counts.get(words[event.event_id], (0, event.occurred_at))
        counts[words[event.event_id]] = before + 1, max(at, event.occurred_at)
    store.count_questions(ctx, counts)
    store.keep_examples(
        ctx,
        [
            (
                event.customer_id,
                event.event_id,
                words[event.event_id],
                event.occurred_at,
                heard[event.event_id].text[:EXAMPLE],
            )
            for event in missed
        ],
    )


FALLBACK = NewTask(TaskKind.QUESTION, TaskWhy.NO_ANSWER, "reply:0")
"""A person asked something that is not answered automatically; one task a day and person."""


def _to_people(ctx: Ctx, events: Sequence[PulseEvent], heard: Mapping[int, Heard]) -> None:
    first: dict[int, PulseEvent] = {}
    for event in events:
        first.setdefault(event.customer_id, event)
    if not first:
        return
    day = ctx.now.astimezone(ctx.zone).date()
    asked = unnest(
        "asked",
        customer_id=(Integer(), list(first)),
        detail=(Text(), [heard[event.event_id].text[:EXAMPLE] for event in first.values()]),
        expires_at=(DateTime(timezone=True), [event.occurred_at + timedelta(days=3) for event in first.values()]),
    )
    who = select(
        asked.c.customer_id,
        cast(f"question:{day}", Text).label("key"),
        cast(None, Integer).label("staff_id"),
        cast(None, DateTime(timezone=True)).label("due_at"),
        asked.c.expires_at,
        cast(None, Text).label("why"),
        asked.c.detail,
    )
    tasks.add(ctx, who, task=FALLBACK)
