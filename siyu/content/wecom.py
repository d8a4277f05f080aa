"""The form in which the routes of WeCom carry a text or a page (docs/platform.md A.5.3, A.5.6, A.5.7, A.9). Pure."""

from typing import Any

from siyu.content.types import NotSendable

ROUTES = frozenset({"wecom_welcome", "wecom_group_send"})
CHATS = frozenset({"kf", "kf_welcome"})
TEXT, TITLE, DIGEST, CHAT = 4000, 128, 512, 2048
"""Bytes of UTF-8 that WeCom takes of a text, of a card's title and description, of a text in customer service."""


def text(words: str, field: str) -> dict[str, Any]:
    """The payload of a plain text; raises NotSendable when it is longer than WeCom takes."""
    if len(words.encode()) > TEXT:
        raise NotSendable(f"WeCom takes a text of at most {TEXT} bytes", field=field)
    return {"text": {"content": words}}


def chat(words: str, field: str) -> dict[str, Any]:
    """The payload of a text in customer service; raises NotSendable when it is longer than WeCom takes."""
    if len(words.encode()) > CHAT:
        raise NotSendable(f"WeCom customer service takes a text of at most {CHAT} bytes", field=field)
    return {"msgtype": "text", "text": {"content": words}}


MOMENT = 2000
"""Characters of a Moments post."""


def moment(words: str, field: str) -> dict[str, Any]:
    """The payload of a Moments post that is a text; raises NotSendable when it is longer than WeCom takes."""
    if len(words) > MOMENT:
        raise NotSendable(f"Moments take a text of at most {MOMENT} characters", field=field)
    return {"text": {"content": words}}


def shared(words: str, title: str, url: str) -> dict[str, Any]:
    """The payload of a Moments post that shares a page; the sender adds the ``media_id`` of its picture."""
    link = {"title": _cut(title, TITLE), "url": url}
    return {"text": {"content": words[:MOMENT]}, "attachments": [{"msgtype": "link", "link": link}]}


def card(title: str, digest: str, url: str, picture: str | None) -> dict[str, Any]:
    """The payload of a link card."""
    link = {"title": _cut(title, TITLE), "desc": _cut(digest, DIGEST), "url": url}
    return {"attachments": [{"msgtype": "link", "link": link | ({"picurl": picture} if picture else {})}]}


def _cut(words: str, most: int) -> str:
    return words.encode()[:most].decode(errors="ignore")
