"""Private: act. Calls the platforms, in threads where each person is a call; no transaction, no context."""

import hashlib
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
    Route.WECOM_WELCOME: "welcome_send",
    Route.KF_WELCOME: "kf_send_on_event",
    Route.WECOM_GROUP_SEND: "group_send_add",
    Route.MOMENTS: "moment_add",
    Route.KF: "kf_send",
    Route.WEBHOOK: "post",
}
SENDERS: Mapping[str, str] = {
    Route.WECOM_WELCOME: "wecom",
    Route.KF_WELCOME: "wecom",
    Route.WECOM_GROUP_SEND: "wecom",
    Route.MOMENTS: "wecom",
    Route.KF: "wecom",
    Route.WEBHOOK: "webhook",
}
"""The senders of the routes that are not an Official Account's."""
CHATS = (Route.KF, Route.KF_WELCOME)
"""The routes into customer service."""
_ADDRESSED: Mapping[str, str] = {Route.WECOM_WELCOME: "welcome_code", Route.KF_WELCOME: "code"}
INVALID = 40096
"""WeCom's code for an external_userid that it does not know; said of those in the ``fail_list`` of a group send."""


def act(work: Work, senders: Senders) -> Results:
    """Do the calls of a batch. A send whose turn comes after ``work.start_before`` is not begun."""
    if not work.sends:
        return Results(())
    if work.kind == "mass":
        return _mass(work, senders)
    if work.kind == "task":
        return _tasks(work, senders)
    if len(work.sends) == 1:
        return Results((_one(work, work.sends[0], senders),))
    with ThreadPoolExecutor(min(THREADS, len(work.sends)), "outreach") as pool:
        return Results(tuple(pool.map(lambda send: _one(work, send, senders), work.sends)))


def _one(work: Work, send: Send, senders: Senders) -> Outcome | None:
    if machine() > work.start_before:
        return None
    way = work.ways[send.way]
    sender: Sender = senders[SENDERS.get(way.route, "official_account")]
    key = msgid(send.key) if way.route in CHATS else send.key
    return sender.send(Call(way.account_id, ENDPOINTS[way.route], _body(way, send), key))


def msgid(key: str) -> str:
    """By what customer service knows the message of a send: at most 32 characters."""
    return hashlib.blake2b(key.encode(), digest_size=16).hexdigest()


def _body(way: Way, send: Send) -> dict[str, Any]:
    if way.outgoing is None:
        return {"url": way.url, "payload": dict(way.payload or {}) | {"customer_id": send.customer_id}}
    said = content.personalise(way.outgoing, send.customer_id, send.fields)
    if way.route == Route.KF:
        open_kfid, touser = send.address.split(" ")
        return {"touser": touser, "open_kfid": open_kfid, **said}
    return {_ADDRESSED.get(way.route, "touser"): send.address, **said}


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
    body = {"touser": [send.address for send in work.sends], **content.mass_body(way.outgoing, media_id)}
    if media_id is not None:
        body["send_ignore_reprint"] = 1
    outcome = sender.send(Call(way.account_id, ENDPOINTS[Route.OA_MASS], body, work.key))
    return Results((outcome,) * people, None if way.thumb else thumb)


def _tasks(work: Work, senders: Senders) -> Results:
    """One call for each send task."""
    people: dict[int, list[str]] = {}
    for send in work.sends:
        people.setdefault(send.way, []).append(send.address)

    def add(number: int) -> Outcome | None:
        if machine() > work.start_before:
            return None
        way = work.ways[number]
        assert way.outgoing is not None
        if way.route == Route.MOMENTS:
            return _post(way, work.staff, senders)
        body = {
            "chat_type": "single",
            "external_userid": people[number],
            "sender": work.staff,
            **content.mass_body(way.outgoing, None),
        }
        sender: Sender = senders[SENDERS[way.route]]
        return sender.send(Call(way.account_id, ENDPOINTS[way.route], body, f"{work.key}-{number}"))

    with ThreadPoolExecutor(min(THREADS, len(people)), "outreach") as pool:
        told = dict(zip(people, pool.map(add, people), strict=True))
    refused = {number: _fail_list(outcome) for number, outcome in told.items()}
    without = Outcome(False, INVALID, "in the fail_list of the group send", {})
    return Results(tuple(without if send.address in refused[send.way] else told[send.way] for send in work.sends))


def _post(way: Way, staff: str, senders: Senders) -> Outcome:
    """A Moments task of one member, for all customers of that member: WeCom knows no narrower audience than tags."""
    sender: Sender = senders[SENDERS[way.route]]
    assert way.outgoing is not None
    body = content.mass_body(way.outgoing, None)
    if way.cover:
        picture = {"content": way.cover, "filename": "cover.jpg", "content_type": "image/jpeg"}
        kind = {"media_type": "image", "attachment_type": 1}
        made = sender.send(Call(way.account_id, "attachment_upload", {**kind, **picture}))
        if not made.ok:
            return _before(made)
        (shared,) = body["attachments"]
        body["attachments"] = [{**shared, "link": {**shared["link"], "media_id": str(made.data["media_id"])}}]
    body["visible_range"] = {"sender_list": {"user_list": [staff]}}
    return sender.send(Call(way.account_id, ENDPOINTS[way.route], body))


def _fail_list(outcome: Outcome | None) -> frozenset[str]:
    listed = outcome.data.get("fail_list") if outcome is not None and outcome.ok else None
    return frozenset(str(one) for one in listed) if isinstance(listed, list) else frozenset()


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
