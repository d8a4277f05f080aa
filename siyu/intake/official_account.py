"""Private: what each callback of an Official Account means. Pure: one function per message kind."""

import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime

from siyu.customers.types import Follow, Identity, NewEvent, Record, Touch, Unfollow, oa_source
from siyu.intake.types import Arrival, Known
from siyu.intake.words import opt_out_word
from siyu.outreach.types import Receipt
from siyu.platforms.types import InboxMessage
from siyu.platforms.xml import text

TEXT_LIMIT = 2_000
"""Characters of a message that the timeline keeps."""


class BadMessage(ValueError):
    """The callback lacks a field that its kind must have."""


def _openid(message: InboxMessage) -> str:
    openid = text(message.body, "FromUserName")
    if not openid or len(openid) > 128:
        raise BadMessage("FromUserName is missing")
    return openid


def person(account_id: int, openid: str, unionid: str = "") -> tuple[Identity, ...]:
    """The identities of a follower."""
    found = (Identity("oa_openid", openid, str(account_id)),)
    return (*found, Identity("unionid", unionid)) if unionid else found


def _record(message: InboxMessage, openid: str, touch: Touch | None = None) -> Record:
    key = openid if touch is None else f"{openid}:{touch.kind}:{touch.code}:{_stamp(message)}"
    return Record(
        oa_source(message.account_id), key, person(message.account_id, openid), message.created_at, touch=touch
    )


def _stamp(message: InboxMessage) -> int:
    return int(message.created_at.timestamp())


def short(value: str) -> str:
    """A short name for a long value inside a key."""
    return hashlib.sha256(value.encode()).hexdigest()[:16]


def _event(message: InboxMessage, kind: str, key: str, /, **props: object) -> NewEvent:
    source = oa_source(message.account_id)
    key = key if len(key) <= 200 else key[:100] + short(key)
    return NewEvent(source, key, kind, message.created_at, 0, props={"account": message.account_id, **props})


def followed(account_id: int, openid: str, at: datetime, scene: str) -> NewEvent:
    """The event of a follow: the same whether the callback or reconciliation brought it."""
    props: dict[str, object] = {"account": account_id}
    if scene:
        props["scene"] = scene
    key = f"follow:{openid}:{int(at.timestamp())}"
    return NewEvent(oa_source(account_id), key, "followed", at, 0, props=props)


def unfollowed(account_id: int, openid: str, at: datetime) -> NewEvent:
    """The event of an unfollow."""
    key = f"unfollow:{openid}:{int(at.timestamp())}"
    return NewEvent(oa_source(account_id), key, "unfollowed", at, 0, props={"account": account_id})


def _subscribe(message: InboxMessage, known: Known) -> Arrival:
    openid = _openid(message)
    scene = text(message.body, "EventKey").removeprefix("qrscene_")
    touch = Touch("oa_scene", scene) if scene else Touch("oa_follow")
    return Arrival(
        message.account_id,
        message.created_at,
        record=_record(message, openid, touch),
        events=(followed(message.account_id, openid, message.created_at, scene),),
        follow=Follow(0, "oa", message.account_id, message.created_at, scene=scene or None),
        window="follow",
        lookups=((message.account_id, "oa_user", openid),),
    )


def _unsubscribe(message: InboxMessage, known: Known) -> Arrival:
    # Known also when nobody is: the subscribe may still be under way, and must find that it is over.
    openid = _openid(message)
    return Arrival(
        message.account_id,
        message.created_at,
        record=_record(message, openid),
        events=(unfollowed(message.account_id, openid, message.created_at),),
        unfollow=Unfollow(0, "oa", message.account_id, message.created_at),
    )


def _message(message: InboxMessage, known: Known) -> Arrival:
    openid, body = _openid(message), message.body
    msg_id = text(body, "MsgId")
    kind = text(body, "MsgType").lower()
    said = text(body, "Content") if kind == "text" else text(body, "Recognition")
    props: dict[str, object] = {"text": said[:TEXT_LIMIT], "msg_id": msg_id, "via": "oa"}
    if kind != "text":
        props["kind"] = kind
    if text(body, "bizmsgmenuid"):
        props["choice"] = text(body, "bizmsgmenuid")
    key = f"msg:{msg_id}" if msg_id else f"msg:{openid}:{_stamp(message)}"
    return Arrival(
        message.account_id,
        message.created_at,
        record=_record(message, openid),
        events=(_event(message, "message_received", key, **props),),
        window="message",
        opt_out=opt_out_word(said) if kind == "text" else None,
    )


def _click(message: InboxMessage, known: Known) -> Arrival:
    openid, pressed = _openid(message), text(message.body, "EventKey")
    event = _event(message, "menu_clicked", f"menu:{openid}:{_stamp(message)}:{pressed}", key=pressed)
    return Arrival(
        message.account_id, message.created_at, record=_record(message, openid), events=(event,), window="menu"
    )


def _view(message: InboxMessage, known: Known) -> Arrival:
    # Opening a page from the menu opens no window for customer messages.
    openid, url = _openid(message), text(message.body, "EventKey")
    event = _event(message, "menu_viewed", f"view:{openid}:{_stamp(message)}:{url}", url=url[:1024])
    return Arrival(message.account_id, message.created_at, record=_record(message, openid), events=(event,))


def _scan(message: InboxMessage, known: Known) -> Arrival:
    openid, scene = _openid(message), text(message.body, "EventKey").removeprefix("qrscene_")
    event = _event(message, "qr_scanned", f"scan:{openid}:{_stamp(message)}:{scene}", scene=scene)
    touch = Touch("oa_scene", scene) if scene else None
    return Arrival(
        message.account_id, message.created_at, record=_record(message, openid, touch), events=(event,), window="scan"
    )


def _revoked(message: InboxMessage, known: Known) -> Arrival:
    # The sender is the platform's own account; OpenID says whose authorisation it is.
    openid, what = text(message.body, "OpenID"), text(message.body, "RevokeInfo")[:100]
    if not openid or len(openid) > 128:
        raise BadMessage("OpenID is missing")
    props = {"info": what} if what else {}
    event = _event(message, "authorization_revoked", f"revoked:{openid}:{_stamp(message)}:{what}", **props)
    return Arrival(message.account_id, message.created_at, events=(event,), revoked=openid)


def _template_finished(message: InboxMessage, known: Known) -> Arrival:
    return Arrival(message.account_id, message.created_at, receipt=_receipt(message, "template"))


def _mass_finished(message: InboxMessage, known: Known) -> Arrival:
    return Arrival(message.account_id, message.created_at, receipt=_receipt(message, "mass"))


def _receipt(message: InboxMessage, kind: str) -> Receipt:
    body = message.body
    platform_id = text(body, "MsgID") or text(body, "MsgId")
    if not platform_id:
        raise BadMessage("MsgID is missing")
    counts = {
        name: int(text(body, field))
        for name, field in (
            ("total", "TotalCount"),
            ("filtered", "FilterCount"),
            ("sent", "SentCount"),
            ("errors", "ErrorCount"),
        )
        if kind == "mass" and text(body, field).isdigit()
    }
    return Receipt(
        message.account_id,
        "mass" if kind == "mass" else "template",
        platform_id,
        text(body, "Status"),
        message.created_at,
        total=counts.get("total"),
        filtered=counts.get("filtered"),
        sent=counts.get("sent"),
        errors=counts.get("errors"),
    )


HANDLERS: Mapping[str, Callable[[InboxMessage, Known], Arrival]] = {
    "subscribe": _subscribe,
    "unsubscribe": _unsubscribe,
    "message": _message,
    "click": _click,
    "scancode_push": _click,
    "scancode_waitmsg": _click,
    "view": _view,
    "scan": _scan,
    "user_authorization_revoke": _revoked,
    "user_authorization_cancellation": _revoked,
    "templatesendjobfinish": _template_finished,
    "masssendjobfinish": _mass_finished,
}
