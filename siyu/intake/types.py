"""Door: what one callback means, and the state of reading back from the platforms."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from siyu.customers.types import Follow, NewEvent, Record, Unfollow
from siyu.groups.types import ChatChange
from siyu.outreach.types import Receipt, Trigger

LookupKind = Literal["oa_user", "oa_follower", "oa_mass", "wecom_contact", "wecom_chat"]
"""``oa_follower``: an openid found by reconciliation, whose follow was not known; ``oa_mass``: an unfinished send."""

RoundKind = Literal["oa_followers", "wecom_contacts", "wecom_chats", "wecom_directory"]


@dataclass(frozen=True, slots=True)
class Arrival:
    """What one message or reading means, before it is known whose it is: rows carry customer_id 0 until then."""

    account_id: int
    at: datetime
    record: Record | None = None
    events: tuple[NewEvent, ...] = ()
    follow: Follow | None = None
    unfollow: Unfollow | None = None
    window: Trigger | None = None
    opt_out: str | None = None
    receipt: Receipt | None = None
    chat: ChatChange | None = None
    lookups: tuple[tuple[int, LookupKind, str], ...] = ()
    start: tuple[int, RoundKind] | None = None
    ignored: str | None = None


@dataclass(frozen=True, slots=True)
class Round:
    """A reconciliation of one account: when it starts next, or how far it is. ``seen``: rows of the platform so far."""

    account_id: int
    kind: RoundKind
    next_at: datetime
    running: bool
    started_at: datetime | None
    finished_at: datetime | None
    seen: int
    healed: int
    failures: int
    error: str


@dataclass(frozen=True, slots=True)
class Ignored:
    """Callbacks of a kind that Siyu has no use for; they are counted, not kept."""

    account_id: int
    kind: str
    count: int
    latest_at: datetime


@dataclass(frozen=True, slots=True)
class Known:
    """What reading a message needs to know beside it: the account, and the account that stands for its corp.

    Several apps of one corp hear the same events; all of them count for the first, so each counts once.
    """

    account_id: int
    home_id: int
    corpid: str = field(default="")
