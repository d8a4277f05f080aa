"""Private: what arrives at /collect, read and judged. Pure."""

import base64
import binascii
import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from siyu.customers import normal
from siyu.customers.batch import RESERVED
from siyu.customers.collecting.types import OLDEST, BadOrigin, BadSiteKey, Seen, Told
from siyu.customers.recording import TYPE
from siyu.customers.types import Identity
from siyu.kernel.errors import SiyuError
from siyu.kernel.text import text_fault

KEY = re.compile(r"[A-Za-z0-9]{20}")
VISITOR = re.compile(r"[A-Za-z0-9_-]{16,64}")
_EVENT_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:\d{1,5})?")
_MINI = re.compile(r"https://servicewechat\.com/wx[0-9a-z]{16}")
_BOT = re.compile(
    r"(?<!cu)bot\b|spider|crawl|slurp|preview|headless|lighthouse|curl/|wget/|python-|go-http|okhttp|java/|libwww|monitor|scan",
    re.IGNORECASE,
)
PAGE = "web_visited"
TOUCH = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content", "channel")
_PROPS, _TEXT = 30, 1000


def origin(text: str) -> str:
    """An entry of a site's origin list in its normal form. Raises BadOrigin."""
    found = text.strip().lower().rstrip("/")
    if not (_ORIGIN.fullmatch(found) or _MINI.fullmatch(found)):
        raise BadOrigin(
            "write an origin as https://www.example.com or https://servicewechat.com/wx...", field="origins"
        )
    return found


def origin_of(header: str | None, referer: str | None) -> str:
    """Where a request comes from; a mini-program sends no Origin but a Referer of servicewechat.com/appid/..."""
    if header:
        return header.lower()
    if (found := _MINI.match((referer or "").lower())) is not None:
        return found[0]
    return ""


def is_bot(agent: str) -> bool:
    """Whether this is a machine, or something that names no browser."""
    return not agent or bool(_BOT.search(agent))


def body(raw: bytes) -> dict[str, Any]:
    """The JSON object with a well-formed site key. Raises BadSiteKey."""
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        raise BadSiteKey("the body is no JSON", field="body") from None
    if not isinstance(found, dict) or not isinstance(found.get("site"), str) or not KEY.fullmatch(found["site"]):
        raise BadSiteKey("a site key has 20 letters and digits", field="site")
    return found


def _text(given: object, most: int = _TEXT) -> str:
    """A text cut to ``most`` characters; what is no storable text is empty."""
    return given[:most] if isinstance(given, str) and not text_fault(given) else ""


def event(given: object) -> Seen | None:
    """One event; None when it is malformed or of a type that Siyu alone writes."""
    if not isinstance(given, dict):
        return None
    kind, number, ago = given.get("type", PAGE), given.get("id"), given.get("ago_ms", 0)
    if not isinstance(kind, str) or not TYPE.fullmatch(kind) or kind in RESERVED:
        return None
    if not isinstance(number, str) or not _EVENT_ID.fullmatch(number):
        return None
    if not isinstance(ago, int | float) or isinstance(ago, bool) or not 0 <= ago <= OLDEST / timedelta(milliseconds=1):
        return None
    props = given.get("props", {})
    if not isinstance(props, dict) or len(props) > _PROPS or not all(map(_flat, props.items())):
        return None
    url, referrer, title = (_text(given.get(name)) for name in ("url", "referrer", "title"))
    return Seen(number, kind, timedelta(milliseconds=ago), url, referrer, title, props)


def _flat(pair: tuple[object, object]) -> bool:
    name, value = pair
    if not isinstance(name, str) or not 1 <= len(name) <= 64 or text_fault(name):
        return False
    if isinstance(value, str):
        return len(value) <= _TEXT and not text_fault(value)
    return value is None or isinstance(value, bool) or (isinstance(value, int | float) and abs(value) < 2**53)


def touch(url: str) -> dict[str, str]:
    """The parameters of an address that say where somebody comes from."""
    try:
        given = parse_qsl(urlsplit(url).query, max_num_fields=100)
    except ValueError:
        return {}
    return {name: value[:200] for name, value in given if name in TOUCH and value and not text_fault(value)}


def props(seen: Seen) -> dict[str, object]:
    """What is kept of an event. Parameters other than those of ``touch`` are cut off addresses: they may be secrets."""
    address = seen.url.partition("#")[0].partition("?")[0]
    told = {"url": address, "referrer": seen.referrer.partition("?")[0], "title": seen.title, **touch(seen.url)}
    return {**{name: value for name, value in told.items() if value}, **seen.props}


def _part(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def token(given: object, secret: str, key: str, visitor: str, now: datetime) -> Told | None:
    """Who a JWT (HS256, signed with the site's secret) says the visitor is; None when it is not to be believed.

    Claims: aud = the site key, sub = the CRM id, source = its system, exp within 24 hours; vid = the visitor, optional.
    """
    if not isinstance(given, str) or len(given) > 4096 or given.count(".") != 2:
        return None
    head, claims, signature = given.split(".")
    try:
        good = hmac.digest(secret.encode(), f"{head}.{claims}".encode(), "sha256")
        if not hmac.compare_digest(good, _part(signature)):
            return None
        header, said = json.loads(_part(head)), json.loads(_part(claims))
    except (ValueError, binascii.Error, RecursionError):
        return None
    if not isinstance(header, dict) or not isinstance(said, dict) or header.get("alg") != "HS256":
        return None
    expires = said.get("exp")
    at = now.timestamp()
    if not isinstance(expires, int | float) or not at < expires <= at + OLDEST.total_seconds():
        return None
    if said.get("aud") != key or said.get("vid", visitor) != visitor:
        return None
    identities = _identities(said)
    return Told(identities, hashlib.sha256(given.encode()).hexdigest()[:32]) if identities else None


def _identities(said: Mapping[str, Any]) -> list[Identity]:
    """The identities of a token: the CRM id, and beside it phone, email, unionid that the site's server knows."""
    given = [("crm_id", said.get("sub"), str(said.get("source", "crm")))]
    given += [(kind, said.get(kind), "") for kind in ("phone", "email", "unionid")]
    try:
        return [
            normal.identity(Identity(kind, value, scope), kind)
            for kind, value, scope in given
            if isinstance(value, str)
        ]
    except SiyuError:
        return []
