"""Door: the values that go in and out of the room, and its errors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement

from siyu.customers.errors import (
    AttributeTaken as AttributeTaken,
)
from siyu.customers.errors import (
    BadAttribute as BadAttribute,
)
from siyu.customers.errors import (
    BadDecision as BadDecision,
)
from siyu.customers.errors import (
    BadEvent as BadEvent,
)
from siyu.customers.errors import (
    BadIdentity as BadIdentity,
)
from siyu.customers.errors import (
    BatchFault as BatchFault,
)
from siyu.customers.errors import (
    EventConflict as EventConflict,
)
from siyu.customers.errors import (
    NoIdentity as NoIdentity,
)
from siyu.customers.errors import (
    OrderConflict as OrderConflict,
)
from siyu.customers.errors import (
    TooOld as TooOld,
)
from siyu.customers.errors import (
    UnknownAttribute as UnknownAttribute,
)
from siyu.customers.errors import (
    UnknownCase as UnknownCase,
)
from siyu.customers.errors import (
    UnknownCustomer as UnknownCustomer,
)
from siyu.customers.errors import (
    UnknownDecision as UnknownDecision,
)

EXCLUSIVE = ("unionid", "external_userid", "oa_openid", "crm_id")
"""Kinds of which a customer has one value per scope; they merge at once (PRODUCT.md, K1)."""
WEAK = ("phone", "email")
"""Kinds that merge only where no two values of an exclusive kind would meet."""
ANONYMOUS = "anonymous_id"
"""Points at a customer once recognised; never merges anybody and never makes a customer."""
RECORD = "record"
"""The kind given to an arrival without an exclusive identity: (value, scope) is its (key, source). Not exclusive."""
KINDS = (*EXCLUSIVE, *WEAK, ANONYMOUS)

AttributeType = Literal["text", "int", "number", "bool", "date", "time", "enum", "money"]
Verdict = Literal["same", "different"]


def oa_source(account_id: int) -> str:
    """The source of facts that came from an Official Account; unsubscribing erases them (R5)."""
    return f"oa:{account_id}"


def wecom_source(account_id: int) -> str:
    """The source of facts that came from a WeCom app."""
    return f"wecom:{account_id}"


@dataclass(frozen=True, slots=True)
class Identity:
    """``scope`` is the account_id (text) of an oa_openid, the corp of an external_userid, the source of a crm_id."""

    kind: str
    value: str
    scope: str = ""

    def __hash__(self) -> int:
        # The text remembers its hash; one of all three fields was a tenth of recognising people (measured).
        return hash(self.value)


@dataclass(frozen=True, slots=True)
class Touch:
    """How a person arrived (K3): ``kind`` such as oa_scene, link, url, form, import; ``code`` the scene or link."""

    kind: str
    code: str = ""
    params: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Record:
    """One arrival of facts about one person; repeating it changes nothing.

    ``source`` is stable per origin of facts (``oa_source(3)``, ``import:12``, ``form:7``, ``api:crm``); ``key`` names
    the arrival inside it. The first exclusive identity is the one that what happens belongs to after a split.
    """

    source: str
    key: str
    identities: tuple[Identity, ...]
    seen_at: datetime
    attributes: Mapping[str, object] = field(default_factory=dict)
    touch: Touch | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """Whom a record means: the customer now, and the origin that rows should carry so that a split takes them along."""

    customer_id: int
    origin_id: int


@dataclass(frozen=True, slots=True)
class NewEvent:
    """``customer_id`` may be any id that ever was a customer's. ``origin_id``: see Person; default ``customer_id``."""

    source: str
    key: str
    type: str
    occurred_at: datetime
    customer_id: int
    content_id: int | None = None
    props: Mapping[str, object] = field(default_factory=dict)
    origin_id: int | None = None


@dataclass(frozen=True, slots=True)
class NewVisit:
    """An event of a visitor known only by an anonymous id; it waits aside until the visitor is recognised (K1)."""

    anonymous_id: str
    source: str
    key: str
    type: str
    occurred_at: datetime
    content_id: int | None = None
    props: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Recorded:
    """How many events were new and how many were repetitions."""

    new: int
    duplicate: int


@dataclass(frozen=True, slots=True)
class Event:
    """One row of the timeline."""

    event_id: int
    customer_id: int
    type: str
    occurred_at: datetime
    source: str
    content_id: int | None
    props: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Follow:
    """A follow relation that began: of an OA account, or with a staff member (``staff`` = WeCom userid)."""

    customer_id: int
    kind: Literal["oa", "wecom"]
    account_id: int
    at: datetime
    staff: str = ""
    scene: str | None = None
    remark: str | None = None
    origin_id: int | None = None


@dataclass(frozen=True, slots=True)
class Unfollow:
    """A follow relation that ended; ``by`` says who ended it (``customer`` or ``staff``)."""

    customer_id: int
    kind: Literal["oa", "wecom"]
    account_id: int
    at: datetime
    staff: str = ""
    by: str = "customer"
    origin_id: int | None = None


@dataclass(frozen=True, slots=True)
class FollowState:
    """A follow relation as it stands."""

    kind: str
    account_id: int
    staff: str
    followed_at: datetime | None
    lost_at: datetime | None
    following: bool
    scene: str | None
    remark: str | None


@dataclass(frozen=True, slots=True)
class NewOrder:
    """An order; ``amount`` in 分. Sent again with a later ``changed_at`` it is updated, else ignored."""

    source: str
    order_no: str
    customer_id: int
    amount: int
    currency: str
    status: Literal["placed", "paid", "refunded", "cancelled"]
    placed_at: datetime
    changed_at: datetime
    items: Sequence[Mapping[str, Any]] = ()
    origin_id: int | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """An order as stored; ``amount`` in 分."""

    source: str
    order_no: str
    amount: int
    currency: str
    status: str
    placed_at: datetime
    changed_at: datetime
    items: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Definition:
    """An attribute: ``mode`` hand (people only), rule (rules and sources only) or both; ``options`` of an enum."""

    name: str
    title: str
    type: AttributeType
    options: tuple[str, ...] = ()
    mode: Literal["both", "hand", "rule"] = "both"
    builtin: bool = False


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute as an SQL expression over a row of ``queries.customer`` (or an alias of it)."""

    definition: Definition
    expression: ColumnElement[Any]


@dataclass(frozen=True, slots=True)
class Provenance:
    """Who wrote the present value of an attribute, and when."""

    name: str
    value: Any
    source: str
    actor: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Arrival:
    """A touch with its time."""

    kind: str
    code: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Facts:
    """What the in-memory reader of conditions knows of one customer. ``events`` ascend in time."""

    customer_id: int
    attributes: Mapping[str, Any]
    events: Sequence[Event]
    follows: Sequence[FollowState]
    orders: Sequence[Order]
    owner_id: int | None
    first_touch: Arrival | None
    latest_touch: Arrival | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Known:
    """An identity of a customer as it is shown; ``value`` is None when it was erased."""

    kind: str
    scope: str
    value: str | None
    sources: tuple[str, ...]
    origin_id: int


@dataclass(frozen=True, slots=True)
class Profile:
    """A customer with everything but the timeline. Phones are clear here; http.py masks them."""

    customer_id: int
    status: str
    name: str | None
    attributes: Mapping[str, Any]
    owner_id: int | None
    first_touch: Arrival | None
    latest_touch: Arrival | None
    follows: Sequence[FollowState]
    opted_out_at: datetime | None
    blacklisted: bool
    contact_consent: bool
    profiling_consent: bool
    created_at: datetime
    last_activity_at: datetime | None


@dataclass(frozen=True, slots=True)
class Listed:
    """A customer in a list; the phone is clear here, http.py masks it."""

    customer_id: int
    name: str | None
    phone: str | None
    company: str | None
    region: str | None
    owner_id: int | None
    created_at: datetime
    last_activity_at: datetime | None
