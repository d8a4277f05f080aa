"""Files of a corp: temporary ones (3 days), images with an address, attachments of moments."""

from __future__ import annotations

from collections.abc import Mapping

from sandbox.api import Call, Endpoint
from sandbox.clock import day, month
from sandbox.errors import Refused
from sandbox.media import keep
from sandbox.wecom.directory import OK

MB = 1 << 20
LEAST = 6  # bytes: "larger than 5 B"
SIZES = {"image": 10 * MB, "voice": 2 * MB, "video": 10 * MB, "file": 20 * MB}
IMAGES_A_DAY, IMAGES_A_MONTH = 1_000, 3_000


def _file(call: Call, kind: str, most: int) -> tuple[str, bytes]:
    if "media" not in call.files:
        raise Refused(40058, "media")
    name, body = call.files["media"]
    if len(body) < LEAST:
        raise Refused(40006)
    if len(body) > most:
        raise Refused(45001)
    fits = {
        "image": body[:3] == b"\xff\xd8\xff" or body[:4] == b"\x89PNG",
        "voice": body[:5] == b"#!AMR",
        "video": body[4:8] == b"ftyp",
    }
    if not fits.get(kind, True):
        raise Refused(40005)
    return name, body


def upload(call: Call) -> Mapping[str, object]:
    """A temporary file for messages and broadcasts."""
    kind = call.query.get("type", "")
    if kind not in SIZES:
        raise Refused(40004)
    name, body = _file(call, kind, SIZES[kind])
    return OK | {"type": kind, "media_id": keep(call, kind, name, body, False), "created_at": str(call.at // 1000)}


def upload_image(call: Call) -> Mapping[str, object]:
    """An image that stays, by its address; 1000 a day, 3000 a month."""
    name, body = _file(call, "image", 2 * MB)
    for period, most in ((day(call.at), IMAGES_A_DAY), (month(call.at), IMAGES_A_MONTH)):
        used = call.world.db.value(
            "insert into quota (account, api, day, n) values (?, 'uploadimg', ?, 1) on conflict (account, api, day) "
            "do update set n = n + 1 returning n", call.account, period,
        )  # fmt: skip
        if used > most:
            raise Refused(45009)
    return OK | {"url": f"{call.world.url}/media/{keep(call, 'uploadimg', name, body, True)}"}


def upload_attachment(call: Call) -> Mapping[str, object]:
    """A temporary file for moments (attachment_type 1) or the product album (2)."""
    kind = call.query.get("media_type", "")
    if kind not in ("image", "video", "file"):
        raise Refused(40004)
    if call.query.get("attachment_type") not in ("1", "2"):
        raise Refused(40035, "attachment_type")
    name, body = _file(call, kind, 10 * MB)
    media_id = keep(call, f"moment_{kind}", name, body, False)
    return OK | {"type": kind, "media_id": media_id, "created_at": call.at // 1000}


ENDPOINTS = [
    Endpoint("wecom", "POST", "/cgi-bin/media/upload", upload),
    Endpoint("wecom", "POST", "/cgi-bin/media/uploadimg", upload_image),
    Endpoint("wecom", "POST", "/cgi-bin/media/upload_attachment", upload_attachment),
]
