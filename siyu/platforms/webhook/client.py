"""The webhook sender. The receiver recomputes HMAC-SHA256 over ``timestamp.body`` and drops repeats by the key."""

import hashlib
import hmac
from dataclasses import dataclass
from urllib.parse import urlsplit

from siyu.kernel.clock import machine
from siyu.kernel.secrets import derived
from siyu.platforms.book import Book
from siyu.platforms.transport import Http, NotSent, Uncertain, encoded, exchange
from siyu.platforms.types import LOCAL_CODES, Call, Outcome


def house_secret() -> str:
    """The signing secret of webhooks that name no account (account_id 0)."""
    return derived("webhook").hex()


@dataclass
class WebhookSender:
    """A Sender. ``Call.body`` is {"url", "payload"}; account_id 0 signs with the house's secret."""

    http: Http
    book: Book

    def send(self, call: Call) -> Outcome:
        """POST the payload as JSON; 2xx is done, 408, 429 and 5xx may be repeated, other answers are refusals."""
        url = str(call.body.get("url", ""))
        if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
            return Outcome(False, -103, "the address is not http:// or https://", {})
        entry = self.book.entry(call.account_id) if call.account_id else None
        if call.account_id and (entry is None or not entry.secret):
            return Outcome(False, -103, LOCAL_CODES[-103], {})
        payload = call.body.get("payload")
        content = encoded(payload if isinstance(payload, dict) else {"value": payload})
        stamp = str(int(machine()))
        secret = entry.secret if entry else house_secret()
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Idempotency-Key": call.key,
            "X-Siyu-Timestamp": stamp,
            "X-Siyu-Signature": sign(secret, stamp, content),
        }
        try:
            status, _ = exchange(self.http, "POST", url, query={}, content=content, headers=headers)
        except NotSent as error:
            return Outcome(False, -100, str(error), {}, retryable=True)
        except Uncertain as error:
            return Outcome(False, -101, str(error), {}, retryable=bool(call.key), uncertain=True)
        if 200 <= status < 300:
            return Outcome(True, 0, "", {"status": status})
        return Outcome(
            False, status, f"HTTP {status}", {"status": status}, retryable=status in (408, 429) or status >= 500
        )


def sign(secret: str, stamp: str, content: bytes) -> str:
    """``sha256=<hex>`` over the timestamp, a dot and the body."""
    return "sha256=" + hmac.new(secret.encode(), f"{stamp}.".encode() + content, hashlib.sha256).hexdigest()
