"""Text and attachments of welcomes, broadcasts and moments: checked, and as people see them."""

from __future__ import annotations

import hashlib

from sandbox.api import Call
from sandbox.errors import Refused
from sandbox.inbox import Content
from sandbox.media import media

MOST = 9


def pieces(call: Call, text_bytes: int = 4_000) -> list[Content]:
    """What a customer gets, in order: the text first, then each attachment. Both missing is 40063.

    Refuses 45002 for a long text, 41064 for more than 9 attachments, 41065 for an unknown kind, 40007 for a file that
    is not there, 40058 and 40035 for a field that is missing or too long.
    """
    found: list[Content] = []
    text = call.body.get("text")
    content = text.get("content") if isinstance(text, dict) else None
    if content is not None and not isinstance(content, str):
        raise Refused(40035, "text")
    if content:
        if len(content.encode()) > text_bytes:
            raise Refused(45002)
        found.append(Content("", content))
    attached = call.body.get("attachments") or []
    if not isinstance(attached, list):
        raise Refused(40035, "attachments")
    if len(attached) > MOST:
        raise Refused(41064)
    found += [_piece(call, one) for one in attached]
    if not found:
        raise Refused(40063)
    return found


def _field(part: dict[str, object], name: str, most: int, required: bool = True) -> str:
    value = part.get(name, "")
    if not isinstance(value, str) or len(value.encode()) > most:
        raise Refused(40035, name)
    if required and not value:
        raise Refused(40058, name)
    return value


def _piece(call: Call, one: object) -> Content:
    kind = one.get("msgtype") if isinstance(one, dict) else None
    part = one.get(str(kind)) if isinstance(one, dict) else None
    if kind not in ("image", "link", "miniprogram", "video", "file"):
        raise Refused(41065)
    if not isinstance(part, dict):
        raise Refused(40058, str(kind))
    if kind == "link":
        _field(part, "picurl", 2_048, False)
        return Content(_field(part, "title", 128), _field(part, "desc", 512, False), _field(part, "url", 2_048))
    if kind == "miniprogram":
        media(call.world, call.account, part.get("pic_media_id"), ("image",), call.at)
        return Content(_field(part, "title", 64), f"[小程序] {_field(part, 'appid', 64)} {_field(part, 'page', 1_024)}")
    if kind == "image" and not part.get("media_id"):
        url = _field(part, "pic_url", 2_048)
        row = call.world.db.one(
            "select body from media where account = ? and kind = 'uploadimg' and media_id = ?",
            call.account, url.removeprefix(f"{call.world.url}/media/"),
        )  # fmt: skip
        if row is None:
            raise Refused(40035, "pic_url")
        return file_content("image", bytes(row["body"]))
    return file_content(kind, media(call.world, call.account, part.get("media_id"), (kind,), call.at))


def file_content(kind: str, body: bytes) -> Content:
    """A file as people see it: by its bytes, not its media_id, because uploaded again it is the same to them."""
    name = {"image": "图片", "video": "视频", "file": "文件"}[kind]
    return Content("", f"[{name}] {hashlib.sha256(body).hexdigest()[:16]}")
