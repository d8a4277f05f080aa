"""Private: what each callback of a WeCom app means. Pure: one function per message kind."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from siyu.customers.types import Follow, Identity, NewEvent, Record, Touch, Unfollow, wecom_source
from siyu.groups.types import ChatChange
from siyu.intake.official_account import BadMessage
from siyu.intake.types import Arrival, Known
from siyu.platforms.types import InboxMessage
from siyu.platforms.xml import text, texts


def _pair(message: InboxMessage) -> tuple[str, str]:
    staff, contact = text(message.body, "UserID"), text(message.body, "ExternalUserID")
    if not staff or not contact:
        raise BadMessage("UserID or ExternalUserID is missing")
    return staff, contact


def person(corpid: str, external_userid: str, unionid: str = "") -> tuple[Identity, ...]:
    """The identities of a contact."""
    found = (Identity("external_userid", external_userid, corpid),)
    return (*found, Identity("unionid", unionid)) if unionid else found


def contact_added(
    known: Known, staff: str, contact: str, at: datetime, state: str, *, welcome_code: str = "", add_way: int = 0
) -> NewEvent:
    """The event of an add: one key whether the callback (``welcome_code``) or reconciliation (``add_way``) brought it.

    Whoever is second has other props; ``take_in`` leaves its event out.
    """
    props: dict[str, object] = {"account": known.home_id, "staff": staff}
    if state:
        props["state"] = state
    if welcome_code:
        props["welcome_code"] = welcome_code
    if add_way:
        props["add_way"] = add_way
    key = f"add:{staff}:{contact}:{int(at.timestamp())}"
    return NewEvent(wecom_source(known.home_id), key, "contact_added", at, 0, props=props)


def welcome_offered(known: Known, staff: str, contact: str, at: datetime, state: str, welcome_code: str) -> NewEvent:
    """A welcome that the platform allows beside an add: at half an add, or when archiving was agreed to."""
    props: dict[str, object] = {"account": known.home_id, "staff": staff, "welcome_code": welcome_code}
    if state:
        props["state"] = state
    return NewEvent(wecom_source(known.home_id), f"welcome:{welcome_code}", "welcome_offered", at, 0, props=props)


def contact_lost(known: Known, staff: str, contact: str, at: datetime, by: str) -> NewEvent:
    """The event of a lost contact; ``by`` is staff, customer or unknown."""
    key = f"lost:{staff}:{contact}:{int(at.timestamp())}"
    props: dict[str, object] = {"account": known.home_id, "staff": staff, "by": by}
    return NewEvent(wecom_source(known.home_id), key, "contact_lost", at, 0, props=props)


def _record(message: InboxMessage, known: Known, contact: str, touch: Touch | None = None) -> Record:
    key = contact if touch is None else f"{contact}:{touch.kind}:{touch.code}:{int(message.created_at.timestamp())}"
    return Record(wecom_source(known.home_id), key, person(known.corpid, contact), message.created_at, touch=touch)


def _added(message: InboxMessage, known: Known) -> Arrival:
    staff, contact = _pair(message)
    state, code = text(message.body, "State"), text(message.body, "WelcomeCode")
    touch = Touch("wecom_state", state) if state else Touch("wecom_add", params={"staff": staff})
    return Arrival(
        message.account_id,
        message.created_at,
        record=_record(message, known, contact, touch),
        events=(contact_added(known, staff, contact, message.created_at, state, welcome_code=code),),
        follow=Follow(0, "wecom", known.home_id, message.created_at, staff=staff, scene=state or None),
        lookups=((known.home_id, "wecom_contact", contact),),
    )


def _half_added(message: InboxMessage, known: Known) -> Arrival:
    # The full add may follow when the staff member acts; only that one is the event of an add.
    return replace(_added(message, known), events=_welcome(message, known))


def _agreed(message: InboxMessage, known: Known) -> Arrival:
    _, contact = _pair(message)
    return Arrival(
        message.account_id,
        message.created_at,
        record=_record(message, known, contact),
        events=_welcome(message, known),
    )


def _welcome(message: InboxMessage, known: Known) -> tuple[NewEvent, ...]:
    staff, contact = _pair(message)
    code = text(message.body, "WelcomeCode")
    state = text(message.body, "State")
    return (welcome_offered(known, staff, contact, message.created_at, state, code),) if code else ()


def _edited(message: InboxMessage, known: Known) -> Arrival:
    _, contact = _pair(message)
    return Arrival(message.account_id, message.created_at, lookups=((known.home_id, "wecom_contact", contact),))


def _lost(by: str) -> Callable[[InboxMessage, Known], Arrival]:
    def handle(message: InboxMessage, known: Known) -> Arrival:
        staff, contact = _pair(message)
        return Arrival(
            message.account_id,
            message.created_at,
            record=_record(message, known, contact),
            events=(contact_lost(known, staff, contact, message.created_at, by),),
            unfollow=Unfollow(0, "wecom", known.home_id, message.created_at, staff=staff, by=by),
        )

    return handle


def _chat_started(message: InboxMessage, known: Known) -> Arrival:
    """The first words of one who came by an acquisition link: that they wrote is seen, what they wrote is not."""
    staff, contact = _pair(message)
    props: dict[str, object] = {"account": known.home_id, "staff": staff, "link": text(message.body, "LinkId")}
    key = f"chat:{staff}:{contact}:{int(message.created_at.timestamp())}"
    event = NewEvent(wecom_source(known.home_id), key, "chat_started", message.created_at, 0, props=props)
    return Arrival(message.account_id, message.created_at, record=_record(message, known, contact), events=(event,))


def _service(message: InboxMessage, known: Known) -> Arrival:
    open_kfid = text(message.body, "OpenKfId")
    if not open_kfid:
        raise BadMessage("OpenKfId is missing")
    return Arrival(
        message.account_id,
        message.created_at,
        kf=(known.home_id, open_kfid, text(message.body, "Token")),
        lookups=((known.home_id, "wecom_kf", open_kfid),),
    )


def _archived(message: InboxMessage, known: Known) -> Arrival:
    return Arrival(message.account_id, message.created_at, archive=known.home_id)


def _chat(message: InboxMessage, known: Known) -> Arrival:
    chat_id = text(message.body, "ChatId")
    if not chat_id:
        raise BadMessage("ChatId is missing")
    detail = text(message.body, "UpdateDetail")
    change = ChatChange(
        account_id=known.home_id,
        chat_id=chat_id,
        change=text(message.body, "ChangeType").lower(),
        detail=detail,
        members=tuple(texts(message.body, "MemChangeList", "Item")),
        scene=text(message.body, "JoinScene") if detail == "add_member" else text(message.body, "QuitScene"),
        version_before=text(message.body, "LastMemVer"),
        version_after=text(message.body, "CurMemVer"),
        at=message.created_at,
    )
    if change.change == "dismiss":
        return Arrival(message.account_id, message.created_at, chat=change)
    return Arrival(
        message.account_id, message.created_at, chat=change, lookups=((known.home_id, "wecom_chat", chat_id),)
    )


def _directory(message: InboxMessage, known: Known) -> Arrival:
    return Arrival(message.account_id, message.created_at, start=(known.speaker_id, "wecom_directory"))


def _left(message: InboxMessage, known: Known) -> Arrival:
    # The directory only lists who is there, and whom it does not list may be outside the app's range.
    return replace(_directory(message, known), left=text(message.body, "UserID") or None)


def _tags(message: InboxMessage, known: Known) -> Arrival:
    # Groups that go tell nothing of their tags, and a list that was shuffled nothing at all: it is read whole.
    return Arrival(message.account_id, message.created_at, taxonomy=known.home_id)


HANDLERS: Mapping[str, Callable[[InboxMessage, Known], Arrival]] = {
    "change_external_contact.add_external_contact": _added,
    "change_external_contact.add_half_external_contact": _half_added,
    "change_external_contact.edit_external_contact": _edited,
    "change_external_contact.msg_audit_approved": _agreed,
    "change_external_contact.del_external_contact": _lost("staff"),
    "change_external_contact.del_follow_user": _lost("customer"),
    "customer_acquisition.customer_start_chat": _chat_started,
    "kf_msg_or_event": _service,
    "msgaudit_notify": _archived,
    "change_external_chat.create": _chat,
    "change_external_chat.update": _chat,
    "change_external_chat.dismiss": _chat,
    "change_external_tag.create": _tags,
    "change_external_tag.update": _tags,
    "change_external_tag.delete": _tags,
    "change_external_tag.shuffle": _tags,
    "change_contact.create_user": _directory,
    "change_contact.update_user": _directory,
    "change_contact.delete_user": _left,
    "change_contact.create_party": _directory,
    "change_contact.update_party": _directory,
    "change_contact.delete_party": _directory,
}
