"""Door: what one callback means, and the state of reading back from the platforms."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from siyu.customers.types import Follow, NewEvent, Person, Record, Unfollow
from siyu.groups.types import ChatChange
from siyu.outreach.types import Receipt, Trigger
from siyu.tags.types import Carried

LookupKind = Literal[
    "oa_user", "oa_follower", "oa_mass", "wecom_contact", "wecom_chat", "wecom_kf", "wecom_kf_customer"
]
"""``oa_follower``: an openid found by reconciliation, whose follow was not known; ``oa_mass``: an unfinished send;
``wecom_kf``: messages of an account of customer service, ``wecom_kf_customer``: who one of its customers is."""

RoundKind = Literal["oa_followers", "oa_tags", "wecom_contacts", "wecom_chats", "wecom_directory", "wecom_kf"]


@dataclass(frozen=True, slots=True)
class Arrival:
    """What one message or reading means, before it is known whose it is: rows carry customer_id 0 until then.

    ``revoked``: the openid of a user, maybe no customer at all, who withdrew the authorisation to know them. ``left``:
    the userid of a staff member who is no longer in the corp's directory. ``kf``: (account_id, open_kfid, token) of
    customer service messages that wait. ``place``: the open_kfid of the chat that opens the window ``kf``.
    ``archive``: archived messages wait; the account that stands for the corp. ``carried``: which tags a follow carries
    there. ``taxonomy``: the account whose tags were changed.
    """

    account_id: int
    at: datetime
    record: Record | None = None
    events: tuple[NewEvent, ...] = ()
    follow: Follow | None = None
    unfollow: Unfollow | None = None
    window: Trigger | None = None
    place: str = ""
    opt_out: str | None = None
    revoked: str | None = None
    receipt: Receipt | None = None
    chat: ChatChange | None = None
    kf: tuple[int, str, str] | None = None
    archive: int | None = None
    left: str | None = None
    carried: Carried | None = None
    taxonomy: int | None = None
    lookups: tuple[tuple[int, LookupKind, str], ...] = ()
    start: tuple[int, RoundKind] | None = None
    ignored: str | None = None


Taken = tuple[Arrival, Person]
"""What was taken in, and whose it is."""


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
class ArchiveState:
    """How far a corp's conversation archive was read. ``read_at``: when last without an error; None: never."""

    account_id: int
    seq: int
    next_at: datetime
    read_at: datetime | None
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
    """What reading a message needs to know beside it: the account, and the accounts that stand for its corp.

    Several apps of one corp hear the same events; all of them count for the first (``home_id``), so each counts once.
    The first that is switched on (``speaker_id``) asks on behalf of all.
    """

    account_id: int
    home_id: int
    speaker_id: int
    corpid: str = field(default="")
