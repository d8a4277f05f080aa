"""Private: what customers look like over HTTP. Phones and emails are masked here unless the reader may see them."""

import re
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, StrictInt

from siyu.customers import normal
from siyu.customers.cases import Case, CaseMember
from siyu.customers.types import (
    AttributeType,
    Definition,
    Event,
    Known,
    Listed,
    Profile,
    Provenance,
    Verdict,
)
from siyu.kernel.text import CleanText

Scalar = CleanText | StrictInt | float | bool | None
# Files are full of full-width digits, which \d takes and the classes name, and of numbers in groups: +86-138-0013-8001.
_PHONES = re.compile(r"(?<!\d)(?:[+＋]?[8８][6６][-\s]?)?([1１][3-9３-９]\d)[-\s]?\d{4}[-\s]?(\d{4})(?!\d)")

_EMAILS = re.compile(
    r"([^\s@＠<>()（）\[\],，;；:：、\"'“”])[^\s@＠<>()（）\[\],，;；:：、\"'“”]*[@＠](?=[^\s@＠]+[.．。])"
)


class _Output(BaseModel):
    model_config = ConfigDict(from_attributes=True)


def masked(value: Any) -> Any:
    """``value`` with every mobile number and email address in its texts masked."""
    if isinstance(value, str):
        return _EMAILS.sub(r"\1****@", _PHONES.sub(r"\1****\2", value))
    if isinstance(value, Mapping):
        return {key: masked(inner) for key, inner in value.items()}
    return [masked(inner) for inner in value] if isinstance(value, list) else value


def _attribute(name: str, value: Any, clear: bool) -> Any:
    if clear:
        return value
    if name == "phone":
        return normal.masked_phone(value)
    return normal.masked_email(value) if name == "email" else value


class SavedCustomer(_Output):
    """What an item became."""

    key: str
    customer_id: int


class SavedCustomers(_Output):
    """What the items became, in their order."""

    items: list[SavedCustomer]


class Saved(_Output):
    """How many items were new, and how many repetitions."""

    new: int
    duplicate: int


class ArrivalOut(_Output):
    """A touch: how the person came."""

    kind: str
    code: str
    at: datetime


class ListedOut(_Output):
    """A customer in a list."""

    customer_id: int
    name: str | None
    phone: str | None
    company: str | None
    region: str | None
    owner_id: int | None
    created_at: datetime
    last_activity_at: datetime | None

    @classmethod
    def of(cls, one: Listed, clear: bool) -> "ListedOut":
        """With the phone masked unless ``clear``."""
        body = cls.model_validate(one)
        return body if clear else body.model_copy(update={"phone": normal.masked_phone(one.phone)})


class ListOut(_Output):
    """A page of customers; ``next`` is the cursor of the following one."""

    items: list[ListedOut]
    next: str | None


class FollowOut(_Output):
    """A follow relation as it stands."""

    kind: str
    account_id: int
    staff: str
    followed_at: datetime | None
    lost_at: datetime | None
    following: bool
    scene: str | None
    remark: str | None


class WrittenBy(_Output):
    """Who wrote the shown value of an attribute, and when."""

    name: str
    source: str
    actor: str
    at: datetime


class ProfileOut(_Output):
    """A customer."""

    customer_id: int
    name: str | None
    attributes: dict[str, Any]
    written_by: list[WrittenBy]
    owner_id: int | None
    first_touch: ArrivalOut | None
    latest_touch: ArrivalOut | None
    follows: list[FollowOut]
    opted_out_at: datetime | None
    blacklisted: bool
    contact_consent: bool
    profiling_consent: bool
    created_at: datetime
    last_activity_at: datetime | None

    @classmethod
    def of(cls, one: Profile, written: list[Provenance], clear: bool) -> "ProfileOut":
        """With phone and email masked unless ``clear``."""
        shown = {name: _attribute(name, value, clear) for name, value in one.attributes.items()}
        fields = {name: getattr(one, name) for name in cls.model_fields if name not in ("attributes", "written_by")}
        return cls.model_validate({**fields, "attributes": shown, "written_by": written})


class KnownOut(_Output):
    """An identity; ``value`` is null when it was erased, masked for phones and emails."""

    kind: str
    scope: str
    value: str | None
    sources: list[str]
    origin_id: int

    @classmethod
    def of(cls, one: Known, clear: bool) -> "KnownOut":
        """With phone and email masked unless ``clear``."""
        value = _attribute(one.kind, one.value, clear)
        return cls(kind=one.kind, scope=one.scope, value=value, sources=list(one.sources), origin_id=one.origin_id)


class EventOut(_Output):
    """One row of the timeline."""

    event_id: int
    type: str
    occurred_at: datetime
    source: str
    content_id: int | None
    props: dict[str, Any]

    @classmethod
    def of(cls, one: Event, clear: bool) -> "EventOut":
        """With mobile numbers and emails in its texts masked unless ``clear``."""
        body = cls.model_validate(one)
        return body if clear else body.model_copy(update={"props": masked(one.props)})


class TimelineOut(_Output):
    """A page of the timeline, newest first."""

    items: list[EventOut]
    next: str | None


class OrderOut(_Output):
    """An order; amount in 分."""

    source: str
    order_no: str
    amount: int
    currency: str
    status: str
    placed_at: datetime
    changed_at: datetime


class DefinitionOut(_Output):
    """An attribute, built in or custom."""

    name: str
    title: str
    type: AttributeType
    options: list[str]
    mode: Literal["both", "hand", "rule"]
    builtin: bool

    @classmethod
    def of(cls, one: Definition) -> "DefinitionOut":
        """As it is shown."""
        return cls.model_validate(one)


class CaseFollowOut(FollowOut):
    """A follow relation with the name of its staff member, where the directory knows it."""

    staff_name: str | None


class SpentOut(_Output):
    """The sum of orders in one currency, in 分, without refunded and cancelled ones."""

    currency: str
    amount: int


class MemberOut(_Output):
    """One side of a review case, with what tells who this is."""

    customer_id: int
    name: str | None
    phone: str | None
    email: str | None
    identities: list[KnownOut]
    first_touch: ArrivalOut | None
    latest_touch: ArrivalOut | None
    created_at: datetime
    last_activity_at: datetime | None
    events: int
    orders: int
    spent: list[SpentOut]
    follows: list[CaseFollowOut]

    @classmethod
    def of(cls, one: CaseMember, clear: bool) -> "MemberOut":
        """With phones and emails masked unless ``clear``."""
        fields = {name: getattr(one, name) for name in cls.model_fields}
        fields |= {name: _attribute(name, fields[name], clear) for name in ("phone", "email")}
        fields["identities"] = [KnownOut.of(known, clear) for known in one.identities]
        fields["follows"] = [
            CaseFollowOut.model_validate({**asdict(follow.state), "staff_name": follow.staff_name})
            for follow in one.follows
        ]
        return cls.model_validate(fields)


class SharedOut(_Output):
    """A value that joins members of a case."""

    kind: str
    value: str | None


class HeldOut(_Output):
    """Who has which value; null when it was erased."""

    customer_id: int
    value: str | None


class ContradictionOut(_Output):
    """An exclusive identity of which people of the case have different values."""

    kind: str
    scope: str
    values: list[HeldOut]


class DecidedOut(_Output):
    """Somebody whom a decision is about: their own name, and the customer they are now."""

    customer_id: int
    name: str | None


class DecisionOut(_Output):
    """A decision about who is who: `people` of each of `groups` (numbers of identities) say whom it is about."""

    decision_id: int
    verdict: Verdict
    groups: list[list[int]]
    people: list[list[DecidedOut]]
    case_id: int | None
    decided_at: datetime
    actor: str
    actor_name: str | None
    undone_at: datetime | None


class CaseOut(_Output):
    """A review case. `contradictions` and `kept_apart` say why its people did not become one by themselves."""

    case_id: int
    state: str
    opened_at: datetime
    closed_at: datetime | None
    members: list[MemberOut]
    shared: list[SharedOut]
    contradictions: list[ContradictionOut]
    kept_apart: list[DecisionOut]
    decision: DecisionOut | None

    @classmethod
    def of(cls, one: Case, clear: bool) -> "CaseOut":
        """With phones and emails masked unless ``clear``."""
        members = [MemberOut.of(member, clear) for member in one.members]
        shared = [SharedOut(kind=kind, value=_attribute(kind, value, clear)) for kind, value in one.shared]
        fields = {name: getattr(one, name) for name in cls.model_fields}
        return cls.model_validate({**fields, "members": members, "shared": shared})


class CasesOut(_Output):
    """A page of review cases."""

    items: list[CaseOut]
    next: str | None


class DecisionMade(_Output):
    """The decision that was written down."""

    decision_id: int


class DecisionsOut(_Output):
    """A page of decisions, the latest first."""

    items: list[DecisionOut]
    next: str | None
