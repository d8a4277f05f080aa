"""Private: what people do in WeChat customer service (微信客服), as its messages tell. Pure: one page at a time."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from siyu.customers.types import NewEvent, Record, Touch, wecom_source
from siyu.intake import official_account, readings, wecom
from siyu.intake.types import Arrival, Known
from siyu.intake.words import opt_out_word
from siyu.outreach.types import Receipt

CUSTOMER, SERVICER = 3, 5
"""The origins of what people wrote; the platform's own events have another."""


def messages(data: Mapping[str, object], known: Known) -> list[Arrival]:
    """A page of kf/sync_msg: who entered by which link, what customers wrote, what servicers answered by hand, and
    which messages did not arrive."""
    found: list[Arrival] = []
    for item in readings.objects(data.get("msg_list")):
        event = readings.part(item, "event")
        if item.get("msgtype") == "event" and event.get("event_type") == "enter_session":
            found += _entered(item, event, known)
        elif item.get("msgtype") == "event" and event.get("event_type") == "msg_send_fail":
            found += _failed(item, event, known)
        elif item.get("origin") == CUSTOMER:
            found += _said(item, known)
        elif item.get("origin") == SERVICER:
            found += _answered(item, known)
    return found


def _told(
    item: Mapping[str, object],
    contact: str,
    known: Known,
    kind: str,
    props: Mapping[str, object],
    touch: Touch | None = None,
) -> list[Arrival]:
    at, msgid = readings.moment(item, "send_time"), readings.said(item, "msgid")
    if at is None or not msgid or not contact:
        return []
    told = {"account": known.home_id, "open_kfid": readings.said(item, "open_kfid"), **props}
    source = wecom_source(known.home_id)
    record = Record(source, f"kf:{msgid}", wecom.person(known.corpid, contact), at, touch=touch)
    event = NewEvent(source, f"kf:{msgid}", kind, at, 0, props=told)
    return [Arrival(known.home_id, at, record=record, events=(event,))]


def _entered(item: Mapping[str, object], event: Mapping[str, object], known: Known) -> list[Arrival]:
    scene, contact = readings.said(event, "scene"), readings.said(event, "external_userid")
    names = {"scene": "scene", "scene_param": "scene_param", "welcome_code": "welcome_code"}
    props = {prop: readings.said(event, name) for prop, name in names.items() if readings.said(event, name)}
    touch = Touch("kf_scene", scene) if scene else Touch("kf_enter")
    arrivals = _told(item, contact, known, "kf_entered", props, touch)
    return [replace(one, lookups=((known.home_id, "wecom_kf_customer", contact),)) for one in arrivals]


def _failed(item: Mapping[str, object], event: Mapping[str, object], known: Known) -> list[Arrival]:
    """A message that customer service took and could not deliver."""
    at, msgid = readings.moment(item, "send_time"), readings.said(event, "fail_msgid")
    if at is None or not msgid:
        return []
    receipt = Receipt(known.home_id, "kf", msgid, readings.said(event, "fail_type") or "0", at)
    return [Arrival(known.home_id, at, receipt=receipt)]


def _words(item: Mapping[str, object]) -> dict[str, object]:
    kind = readings.said(item, "msgtype")
    part = readings.part(item, "text") if kind == "text" else {}
    text = readings.said(part, "content")[: official_account.TEXT_LIMIT]
    props: dict[str, object] = {"text": text, "msg_id": readings.said(item, "msgid"), "via": "kf"}
    if kind != "text":
        props["kind"] = kind
    if readings.said(part, "menu_id"):
        props["choice"] = readings.said(part, "menu_id")
    return props


def _said(item: Mapping[str, object], known: Known) -> list[Arrival]:
    props = _words(item)
    arrivals = _told(item, readings.said(item, "external_userid"), known, "message_received", props)
    stops = opt_out_word(str(props["text"]))
    place = readings.said(item, "open_kfid")
    return [replace(one, opt_out=stops, window="kf", place=place) for one in arrivals]


def _answered(item: Mapping[str, object], known: Known) -> list[Arrival]:
    props = _words(item) | {"staff": readings.said(item, "servicer_userid")}
    return _told(item, readings.said(item, "external_userid"), known, "staff_message", props)


def customers(data: Mapping[str, object], known: Known, now: datetime) -> list[Arrival]:
    """An answer of kf/customer/batchget: names and unionids of whom has entered or written."""
    found: list[Arrival] = []
    for row in readings.objects(data.get("customer_list")):
        contact, unionid = readings.said(row, "external_userid"), readings.said(row, "unionid")
        attributes: dict[str, object] = {}
        if readings.said(row, "nickname"):
            attributes["name"] = readings.said(row, "nickname")
        if row.get("gender") in (1, 2):
            attributes["gender"] = "male" if row.get("gender") == 1 else "female"
        if contact:
            key = f"kf:{contact}:{official_account.short(repr(sorted(attributes.items())) + unionid)}"
            who = wecom.person(known.corpid, contact, unionid)
            found.append(
                Arrival(known.home_id, now, Record(wecom_source(known.home_id), key, who, now, attributes=attributes))
            )
    return found
