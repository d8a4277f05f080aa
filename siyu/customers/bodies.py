"""Private: what customers look like over HTTP. Phones and emails are masked here unless the reader may see them."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, StrictInt

from siyu.customers import normal
from siyu.customers.types import (
    AttributeType,
    Case,
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
# Files are full of full-width digits: \d takes them, the classes name them.
_PHONES = re.compile(r"(?<!\d)(?:[+＋]?[8８][6６])?([1１][3-9３-９]\d)\d{4}(\d{4})(?!\d)")


class _Output(BaseModel):
    model_config = ConfigDict(from_attributes=True)


def masked(value: Any) -> Any:
    """``value`` with every mobile number in its texts masked."""
    if isinstance(value, str):
        return _PHONES.sub(r"\1****\2", value)
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
        """With mobile numbers in its texts masked unless ``clear``."""
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


class MemberOut(_Output):
    """One side of a review case."""

    customer_id: int
    name: str | None
    identities: list[KnownOut]


class SharedOut(_Output):
    """A value that joins members of a case."""

    kind: str
    value: str | None


class CaseOut(_Output):
    """A review case."""

    case_id: int
    state: str
    opened_at: datetime
    closed_at: datetime | None
    members: list[MemberOut]
    shared: list[SharedOut]
    decision_id: int | None

    @classmethod
    def of(cls, one: Case, clear: bool) -> "CaseOut":
        """With phones and emails masked unless ``clear``."""
        members = [
            MemberOut(
                customer_id=member.customer_id,
                name=member.name,
                identities=[KnownOut.of(known, clear) for known in member.identities],
            )
            for member in one.members
        ]
        shared = [SharedOut(kind=kind, value=_attribute(kind, value, clear)) for kind, value in one.shared]
        plain = {name: getattr(one, name) for name in ("case_id", "state", "opened_at", "closed_at", "decision_id")}
        return cls(**plain, members=members, shared=shared)


class CasesOut(_Output):
    """A page of review cases."""

    items: list[CaseOut]
    next: str | None


class DecisionMade(_Output):
    """The decision that was written down."""

    decision_id: int


class DecisionOut(_Output):
    """A decision about who is who."""

    decision_id: int
    verdict: Verdict
    groups: list[list[int]]
    case_id: int | None
    decided_at: datetime
    actor: str
    undone_at: datetime | None


class DecisionsOut(_Output):
    """A page of decisions, the latest first."""

    items: list[DecisionOut]
    next: str | None
