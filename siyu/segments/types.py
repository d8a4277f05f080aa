"""Door: conditions as data, what evaluating one answers, and the errors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field

from siyu.kernel.errors import Conflict, Invalid, NotFound


class BadCondition(Invalid):
    """A condition is malformed; ``field`` is the dotted path of the offending part."""

    code = "bad_condition"


class UnknownCondition(Invalid):
    """No room of this installation offers this kind of condition."""

    code = "unknown_condition"


class SegmentCycle(Invalid):
    """The condition would make a segment depend on itself; ``detail.path`` lists the segment ids."""

    code = "segment_cycle"


class UnknownSegment(NotFound):
    """There is no such segment."""

    code = "unknown_segment"


class SegmentNameTaken(Conflict):
    """Another segment has this name."""

    code = "segment_name_taken"


class SegmentChanged(Conflict):
    """Somebody else changed the segment since the given version; ``detail``: their version, changed_at, changed_by."""

    code = "segment_changed"


class SegmentInUse(Conflict):
    """Something depends on the segment; ``detail.used_by`` lists what."""

    code = "segment_in_use"


class Params(BaseModel):
    """Base of the parameters of a leaf kind: frozen, nothing unknown."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


Ref = Annotated[int, Field(strict=True, ge=1, le=2**31 - 1)]
"""The id of a row: what the column holds, and no truth value."""


@dataclass(frozen=True, slots=True)
class All:
    """True when every part is; without parts it is everybody."""

    of: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """True when at least one part is."""

    of: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The exact complement."""

    of: Condition


@dataclass(frozen=True, slots=True)
class Leaf:
    """A registered kind with its parameters, resolved (ids instead of names)."""

    kind: str
    params: Params


Condition = All | AnyOf | Not | Leaf


@dataclass(frozen=True, slots=True)
class Depends:
    """What can change a condition besides time. ``everything``: any event of the customer."""

    events: frozenset[str] = frozenset()
    attributes: frozenset[str] = frozenset()
    tags: frozenset[int] = frozenset()
    segments: frozenset[int] = frozenset()
    everything: bool = False

    def __or__(self, other: Depends) -> Depends:
        return Depends(
            self.events | other.events,
            self.attributes | other.attributes,
            self.tags | other.tags,
            self.segments | other.segments,
            self.everything or other.everything,
        )


@dataclass(frozen=True, slots=True)
class At:
    """When and where a condition is evaluated: ``now`` (UTC) and the company's zone."""

    now: datetime
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class Facts:
    """One customer in memory: what each leaf kind's ``load`` gathered, by the kind's name.

    ``since`` is when the person entered a journey, for leaves that say ``"since": "entered"``.
    """

    customer_id: int
    data: Mapping[str, object] = field(default_factory=dict)
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """What a leaf answered: its truth and the values that it looked at (JSON)."""

    result: bool
    values: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Why:
    """A condition with its truth for one customer, node by node.

    ``word`` is all, any, not or the name of a kind, whose phrase ``params`` and ``seen`` fill in. ``needs_archive``:
    chats that nobody sees could make the answer another one.
    """

    node: Literal["all", "any", "not", "leaf"]
    result: bool
    word: str
    params: Mapping[str, object]
    seen: Mapping[str, object]
    of: tuple[Why, ...] = ()
    needs_archive: bool = False


@dataclass(frozen=True, slots=True)
class Doubt:
    """What chats that nobody sees could do to a leaf or condition: make it true after all, or false after all."""

    gains: bool = False
    loses: bool = False

    def __or__(self, other: Doubt) -> Doubt:
        return Doubt(self.gains or other.gains, self.loses or other.loses)


@dataclass(frozen=True, slots=True)
class NeedsArchive:
    """A part of a condition that depends on chats between staff and customers, which only an archive would show.

    ``field`` is its dotted path. ``misses``: who wrote in a chat may be left out; ``silent``: who wrote in a chat may
    be taken for somebody who did not.
    """

    field: str
    misses: bool
    silent: bool


@dataclass(frozen=True, slots=True)
class Segment:
    """A saved segment. ``size`` is the number of members now; ``condition`` the resolved JSON form.

    ``changed_by`` is the actor of the present version, as the audit names actors (``staff:7``).
    """

    segment_id: int
    name: str
    version: int
    condition: Mapping[str, object]
    size: int
    created_at: datetime
    changed_at: datetime
    changed_by: str


@dataclass(frozen=True, slots=True)
class Estimate:
    """How many people match. ``exact`` or, from a hash sample, with the bounds of its 95 % interval."""

    count: int
    low: int
    high: int
    exact: bool
    population: int


@dataclass(frozen=True, slots=True)
class Total:
    """How many people a list has. ``exact`` or, from a hash sample, with the bounds of its 95 % interval."""

    count: int
    low: int
    high: int
    exact: bool


@dataclass(frozen=True, slots=True)
class PersonFollow:
    """One follow of a listed person: of an Official Account, or by a staff member (``staff`` is the userid)."""

    account_id: int
    staff: str | None
    staff_name: str | None
    followed_at: datetime | None
    lost_at: datetime | None
    following: bool


@dataclass(frozen=True, slots=True)
class Person:
    """A customer in a list of people; the phone is masked."""

    customer_id: int
    name: str | None
    phone: str | None
    company: str | None
    region: str | None
    owner_id: int | None
    source_kind: str | None
    source_code: str | None
    tags: tuple[int, ...]
    follows: tuple[PersonFollow, ...]
    opted_out: bool
    created_at: datetime
    last_activity_at: datetime | None


@dataclass(frozen=True, slots=True)
class Use:
    """Something that depends on a segment, shown when deleting is refused."""

    kind: str
    id: int
    name: str
