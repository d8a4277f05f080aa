"""Private: what archived conversations (会话内容存档) tell. Pure: one page of messages at a time."""

import re
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime

from siyu.customers.types import NewEvent, Record, wecom_source
from siyu.intake import official_account, readings, wecom
from siyu.intake.types import Arrival, Known
from siyu.intake.words import opt_out_word

OUTSIDER = re.compile(r"w[mo][0-9A-Za-z_-]{16,62}")
"""How external_userids look; a userid may look so too, which the directory decides."""
SILENT = frozenset({"agree", "disagree", "revoke"})
"""Entries that are nobody's words."""
TITLED = frozenset({"link", "weapp", "chatrecord"})
"""Kinds whose title is what the person sent."""

Body = Mapping[str, object]


def contacts(page: Iterable[Body], staff: Collection[str]) -> set[str]:
    """The external_userids that the messages of a page are about."""
    return {contact for body in page for contact in (_about(body, staff)[1],) if contact}


def messages(page: Iterable[Body], known: Known, staff: Collection[str], there: Collection[str]) -> list[Arrival]:
    """What the messages of a page mean. ``staff``: userids of the corp; ``there``: contacts who are customers already.

    A customer's words to a member are ``message_received``, a member's ``staff_message``. Words in a group are the
    speaker's ``group_message``, if he is a customer already, and answer nobody: no reply, no opting out.
    """
    return [arrival for body in page for arrival in _told(body, known, staff, there)]


def _about(body: Body, staff: Collection[str]) -> tuple[str, str, str]:
    """(event type, external_userid, the member's userid); empty for what no timeline tells."""
    if readings.said(body, "action") != "send" or readings.said(body, "msgtype") in SILENT:
        return "", "", ""
    sender, listed = readings.said(body, "from"), body.get("tolist")
    receivers = [one for one in listed if isinstance(one, str)] if isinstance(listed, list) else []
    outside = [one for one in receivers if _outsider(one, staff)]
    if _outsider(sender, staff):
        if readings.said(body, "roomid"):
            return "group_message", sender, ""
        return ("message_received", sender, receivers[0]) if receivers else ("", "", "")
    if readings.said(body, "roomid") or not sender or len(outside) != 1:
        return "", "", ""
    return "staff_message", outside[0], sender


def _outsider(one: str, staff: Collection[str]) -> bool:
    return one not in staff and OUTSIDER.fullmatch(one) is not None


def _told(body: Body, known: Known, staff: Collection[str], there: Collection[str]) -> list[Arrival]:
    kind, contact, member = _about(body, staff)
    msgid, at = readings.said(body, "msgid"), _at(body)
    if not kind or not msgid or at is None or (kind == "group_message" and contact not in there):
        return []
    form = readings.said(body, "msgtype")
    text = _text(body, form)
    props: dict[str, object] = {
        "account": known.home_id,
        "text": text[: official_account.TEXT_LIMIT],
        "msg_id": msgid,
        "via": "archive",
    }
    props |= {"staff": member} if member else {"chat_id": readings.said(body, "roomid")}
    if form != "text":
        props["kind"] = form
    source = wecom_source(known.home_id)
    key = f"archive:{msgid if len(msgid) <= 200 else official_account.short(msgid)}"
    return [
        Arrival(
            known.home_id,
            at,
            record=Record(source, contact, wecom.person(known.corpid, contact), at),
            events=(NewEvent(source, key, kind, at, 0, props=props),),
            opt_out=opt_out_word(text) if kind == "message_received" and form == "text" else None,
            lookups=() if contact in there else ((known.home_id, "wecom_contact", contact),),
        )
    ]


def _text(body: Body, form: str) -> str:
    part = readings.part(body, form)
    return readings.said(part, "content" if form == "text" else "title") if form in {"text", *TITLED} else ""


def _at(body: Body) -> datetime | None:
    found = body.get("msgtime")
    try:
        return datetime.fromtimestamp(found / 1000, UTC) if isinstance(found, int) and found > 0 else None
    except (ValueError, OverflowError, OSError):
        return None
