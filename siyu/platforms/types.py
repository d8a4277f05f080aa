"""Door: accounts, calls and their outcomes, inbox messages, errors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from siyu.kernel.errors import Conflict, Invalid, SiyuError

AccountKind = Literal["oa", "wecom", "webhook"]
SENDERS: Mapping[AccountKind, str] = {"oa": "official_account", "wecom": "wecom", "webhook": "webhook"}
"""Under which name ``act`` finds the sender of an account's kind."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """An account's secrets as they are stored: encrypted under the master key, empty when not set."""

    secret: str
    token: str
    aes_key: str


@dataclass(frozen=True, slots=True)
class Account:
    """One Official Account (key: appid), WeCom app (key: corpid-agentid) or webhook signer (key: its name).

    ``config`` holds what is not secret: base_url, oauth_url, qr_url, mode, gh_id, corpid, agentid.
    """

    account_id: int
    kind: AccountKind
    key: str
    name: str
    config: Mapping[str, str]
    active: bool
    created_at: datetime
    changed_at: datetime
    sealed: Sealed = field(repr=False)

    @property
    def appid(self) -> str:
        """The appid or corpid that the platform knows the account by."""
        return self.config.get("corpid", self.key)

    @property
    def callback_path(self) -> str:
        """The path below the public URL that the platform's console must be given."""
        return f"/callback/{self.account_id}"


@dataclass(frozen=True, slots=True)
class Call:
    """One call of ``endpoint`` (a name of the endpoint table). ``key`` makes it idempotent where the platform can."""

    account_id: int
    endpoint: str
    body: Mapping[str, object]
    key: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a call. ``uncertain``: the connection died after sending, so it may have been done.

    ``retryable``: the same call may succeed later, and was certainly not done. ``retry_at`` (business time) is
    the earliest sensible moment when the platform's block is known. ``code`` is the platform's errcode; negative
    codes other than -1 are ours (``LOCAL_CODES``).
    """

    ok: bool
    code: int
    message: str
    data: Mapping[str, object]
    retryable: bool = False
    uncertain: bool = False
    retry_at: datetime | None = None


LOCAL_CODES: Mapping[int, str] = {
    -100: "no connection to the platform",
    -101: "the connection died after sending",
    -102: "the answer is not an envelope",
    -103: "the account is unknown, switched off or has no secret",
    -104: "the platform refused our credentials",
    -105: "our own pace limit for this endpoint",
    -106: "a list that is shorter than the platform's own count",
    -107: "a list that could not be taken in",
}
"""Codes of ours in ``Outcome.code``."""


class Sender(Protocol):
    """Calls one platform. Raises nothing for business errors: the outcome says what happened. Thread-safe."""

    def send(self, call: Call) -> Outcome:
        """Do one call."""


def send_all(sender: Sender, calls: Sequence[Call], threads: int = 16) -> list[Outcome]:
    """Do independent calls, ``threads`` at a time; the outcomes come in the order of the calls."""
    if len(calls) < 2:
        return [sender.send(call) for call in calls]
    from concurrent.futures import ThreadPoolExecutor

    from siyu.kernel.db import forbid_transaction

    forbid_transaction()
    with ThreadPoolExecutor(min(threads, len(calls)), "send") as pool:
        return list(pool.map(sender.send, calls))


@dataclass(frozen=True, slots=True)
class InboxRow:
    """A verified callback before it is stored. ``dedupe`` is a hash over account and decrypted content.

    ``lane`` 0 is the fast lane: follows, messages, menu clicks, scans, adds with a welcome code, customer service.
    """

    account_id: int
    dedupe: str
    lane: int
    kind: str
    body: Mapping[str, object]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class InboxMessage:
    """A stored callback as ``take_inbox`` hands it out. ``created_at`` is the platform's CreateTime.

    ``kind``: ``message`` for user messages, else the event's name in lower case; WeCom changes ``event.changetype``.
    """

    inbox_id: int
    account_id: int
    account_kind: AccountKind
    lane: int
    kind: str
    body: Mapping[str, object]
    created_at: datetime
    attempts: int


@dataclass(frozen=True, slots=True)
class Parked:
    """An inbox message that failed. ``gave_up``: it is not retried by itself any more."""

    inbox_id: int
    account_id: int
    kind: str
    created_at: datetime
    attempts: int
    error: str
    gave_up: bool


class CallbackRefused(SiyuError):
    """The callback's signature, receiver or form is wrong; nothing was stored."""

    status = 403
    code = "callback_refused"


class AccountTaken(Conflict):
    """Another account has this key."""

    code = "account_taken"


class BadAccount(Invalid):
    """A field of the account's configuration is missing or malformed."""

    code = "bad_account"


class BadScene(Invalid):
    """The scene or the life of a parameter QR code is outside the platform's limits."""

    code = "bad_scene"


class CallFailed(SiyuError):
    """The platform refused a call that this request needs; detail holds its code."""

    status = 502
    code = "platform_call_failed"


class CodeRefused(SiyuError):
    """The OAuth code is unknown, used or expired."""

    status = 422
    code = "oauth_code_refused"
