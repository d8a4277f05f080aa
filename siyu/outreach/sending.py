"""Private: act. Calls the platforms, in threads where each person is a call; no transaction, no context."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from siyu.content import queries as content
from siyu.kernel.clock import machine
from siyu.kernel.jobs import Senders
from siyu.outreach.types import Route
from siyu.outreach.work import Results, Send, Way, Work
from siyu.platforms.types import Call, Outcome, Sender

THREADS = 16
"""Calls at once; at 50 ms each this is 300 a second."""

ENDPOINTS: Mapping[str, str] = {
    Route.OA_CUSTOM: "custom_send",
    Route.OA_TEMPLATE: "template_send",
    Route.OA_MASS: "mass_send",
    Route.WEBHOOK: "post",
}


def act(work: Work, senders: Senders) -> Results:
    """Do the calls of a batch. A send whose turn comes after ``work.start_before`` is not begun."""
    if not work.sends:
        return Results(())
    if work.kind == "mass":
        return _mass(work, senders)
    if len(work.sends) == 1:
        return Results((_one(work, work.sends[0], senders),))
    with ThreadPoolExecutor(min(THREADS, len(work.sends)), "outreach") as pool:
        return Results(tuple(pool.map(lambda send: _one(work, send, senders), work.sends)))


def _one(work: Work, send: Send, senders: Senders) -> Outcome | None:
    if machine() > work.start_before:
        return None
    way = work.ways[send.way]
    sender: Sender = senders["webhook" if way.route == Route.WEBHOOK else "official_account"]
    return sender.send(Call(way.account_id, ENDPOINTS[way.route], _body(way, send), send.key))


def _body(way: Way, send: Send) -> dict[str, Any]:
    if way.outgoing is None:
        return {"url": way.url, "payload": dict(way.payload or {}) | {"customer_id": send.customer_id}}
    return {"touser": send.openid, **content.personalise(way.outgoing, send.customer_id, send.fields)}


def _mass(work: Work, senders: Senders) -> Results:
    """One call for all. A page needs a draft first, and that a cover; neither reaches anybody, so they may be made
    twice."""
    sender: Sender = senders["official_account"]
    way = work.ways[0]
    assert way.outgoing is not None
    people = len(work.sends)
    if machine() > work.start_before:
        return Results((None,) * people)
    media_id: str | None = None
    thumb = way.thumb
    if way.outgoing.draft is not None:
        if thumb is None:
            picture = {"type": "image", "content": way.cover, "filename": "cover.jpg", "content_type": "image/jpeg"}
            made = sender.send(Call(way.account_id, "material_add", picture))
            if not made.ok:
                return Results((_before(made),) * people)
            thumb = str(made.data["media_id"])
        article = {**way.outgoing.draft, "thumb_media_id": thumb}
        drafted = sender.send(Call(way.account_id, "draft_add", {"articles": [article]}))
        if not drafted.ok:
            return Results((_before(drafted),) * people, None if way.thumb else thumb)
        media_id = str(drafted.data["media_id"])
    body = {"touser": [send.openid for send in work.sends], **content.mass_body(way.outgoing, media_id)}
    if media_id is not None:
        body["send_ignore_reprint"] = 1
    outcome = sender.send(Call(way.account_id, ENDPOINTS[Route.OA_MASS], body, work.key))
    return Results((outcome,) * people, None if way.thumb else thumb)


def _before(outcome: Outcome) -> Outcome:
    """A preparation that failed: whatever became of it, nothing was sent."""
    return Outcome(
        False,
        outcome.code,
        outcome.message,
        outcome.data,
        retryable=outcome.retryable or outcome.uncertain,
        retry_at=outcome.retry_at,
    )
