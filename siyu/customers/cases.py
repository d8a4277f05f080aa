"""Private: what people see of merge review: cases with what is known of each side, and what was decided."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from siyu.customers.types import Arrival, FollowState, Known, Verdict


@dataclass(frozen=True, slots=True)
class Followed:
    """A follow relation with the name of its staff member; None for accounts and for people who left the directory."""

    state: FollowState
    staff_name: str | None


@dataclass(frozen=True, slots=True)
class Spent:
    """The sum of a customer's orders in one currency, in 分; refunded and cancelled ones left out."""

    currency: str
    amount: int


@dataclass(frozen=True, slots=True)
class CaseMember:
    """One side of a review case: a person as the system sees it without the case's links.

    Phone and email are clear here; bodies.py masks them. ``events`` and ``orders`` are counts.
    """

    customer_id: int
    name: str | None
    phone: str | None
    email: str | None
    identities: Sequence[Known]
    first_touch: Arrival | None
    latest_touch: Arrival | None
    created_at: datetime
    last_activity_at: datetime | None
    events: int
    orders: int
    spent: Sequence[Spent]
    follows: Sequence[Followed]


@dataclass(frozen=True, slots=True)
class Held:
    """Who of a case has which value."""

    customer_id: int
    value: str | None


@dataclass(frozen=True, slots=True)
class Contradiction:
    """An exclusive kind of which people of one case have different values."""

    kind: str
    scope: str
    values: Sequence[Held]


@dataclass(frozen=True, slots=True)
class Decided:
    """Somebody whom a decision is about: the name that their own facts tell, and the customer they are now."""

    customer_id: int
    name: str | None


@dataclass(frozen=True, slots=True)
class Decision:
    """A person's statement that these origins are one person, or that the groups are different people.

    ``people``: of each of ``groups`` whom it is about. ``actor_name``: of the staff member or API key, if known.
    """

    decision_id: int
    verdict: Verdict
    groups: Sequence[Sequence[int]]
    people: Sequence[Sequence[Decided]]
    case_id: int | None
    decided_at: datetime
    actor: str
    actor_name: str | None
    undone_at: datetime | None


@dataclass(frozen=True, slots=True)
class Case:
    """People that share a weak identity but contradict each other; ``shared`` are the values that join them.

    What contradicts: ``contradictions`` of facts, and ``kept_apart``, standing decisions that some of them differ.
    ``decision``: the standing one on the case itself.
    """

    case_id: int
    state: str
    opened_at: datetime
    closed_at: datetime | None
    members: Sequence[CaseMember]
    shared: Sequence[tuple[str, str]]
    contradictions: Sequence[Contradiction]
    kept_apart: Sequence[Decision]
    decision: Decision | None
