"""Door: what the callback route needs, pure: verify the platform's URL check, decode and verify a delivery.

Nothing here touches the database or the clock, so that the route can decode inline and commit in groups.
"""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache

from siyu.kernel.secrets import decrypt as unseal
from siyu.platforms.crypto import BadEnvelope, check_signature, decrypt
from siyu.platforms.types import Account, CallbackRefused, InboxRow
from siyu.platforms.xml import BadXml, parse, text

FAST_EVENTS = frozenset({"subscribe", "unsubscribe", "scan", "click", "scancode_push", "scancode_waitmsg"})
"""Official Account events of lane 0; messages, adds with a welcome code and customer service are fast
too."""


def verify_url(account: Account, query: Mapping[str, str]) -> bytes:
    """Answer the platform's URL check: the bytes to send back. Raises CallbackRefused."""
    _live(account)
    echo = query.get("echostr", "")
    try:
        if account.kind == "wecom":
            _check(account, query, "msg_signature", echo)
            return decrypt(_open(account.sealed.aes_key), echo, account.appid)
        _check(account, query, "signature")
    except BadEnvelope as error:
        raise CallbackRefused(str(error)) from None
    return echo.encode()


def accept(account: Account, query: Mapping[str, str], body: bytes) -> InboxRow:
    """Verify and decode one delivery. Raises CallbackRefused; the row's dedupe key is the same for every retry."""
    _live(account)
    try:
        outer = parse(body)
        plain = body
        encrypted = text(outer, "Encrypt")
        if account.kind == "wecom" or account.config.get("mode", "plain") != "plain" or encrypted:
            _check(account, query, "msg_signature", encrypted)
            plain = decrypt(_open(account.sealed.aes_key), encrypted, account.appid)
            fields = parse(plain)
        else:
            _check(account, query, "signature")
            fields = outer
        created = datetime.fromtimestamp(int(text(fields, "CreateTime")), UTC)
    except (BadEnvelope, BadXml) as error:
        raise CallbackRefused(str(error)) from None
    except (ValueError, OverflowError, OSError):
        raise CallbackRefused("the callback has no CreateTime") from None
    expected = account.config.get("gh_id", "") if account.kind == "oa" else account.appid
    if expected and text(fields, "ToUserName") != expected:
        raise CallbackRefused("the callback is for another account")
    kind = _kind(fields)
    return InboxRow(
        account_id=account.account_id,
        dedupe=hashlib.sha256(f"{account.account_id}:".encode() + plain).hexdigest()[:40],
        lane=0 if _fast(account.kind, kind, fields) else 1,
        kind=kind,
        body=fields,
        created_at=created,
    )


def _live(account: Account) -> None:
    if not account.active or account.kind == "webhook":
        raise CallbackRefused("this account takes no callbacks")


@lru_cache(maxsize=256)
def _open(sealed: str) -> str:
    # Kept in memory, because a door that takes 1,500 callbacks a second cannot pay for Fernet at each.
    return unseal(sealed) if sealed else ""


def _check(account: Account, query: Mapping[str, str], name: str, *more: str) -> None:
    # No rule about the timestamp's age: reordering delays deliveries and a simulated clock is far from ours. A replay
    # is harmless, because the same content has the same key.
    token = _open(account.sealed.token)
    if not token:
        raise BadEnvelope("the account has no callback token")
    check_signature(query.get(name, ""), token, query.get("timestamp", ""), query.get("nonce", ""), *more)


def _kind(fields: Mapping[str, object]) -> str:
    if text(fields, "MsgType").lower() != "event":
        return "message"
    event, change = text(fields, "Event").lower(), text(fields, "ChangeType").lower()
    return f"{event}.{change}" if change else event


def _fast(account_kind: str, kind: str, fields: Mapping[str, object]) -> bool:
    if account_kind == "oa":
        return kind == "message" or kind in FAST_EVENTS
    return kind == "kf_msg_or_event" or bool(text(fields, "WelcomeCode"))
